"""DenseNet: torchvision's nets, and timm's with the blocks of the paper's fourth column."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.zoo import Net, timm, torchvision

if TYPE_CHECKING:
    from torch import nn


def _net(
    params: int,
    macs: int,
    depth: int,
    keys: tuple[int, int],
    *,
    source: str,
    make: Callable[[], "nn.Module"],
    image: tuple[int, ...] | None = None,
) -> Net:
    return Net(params=params, macs=macs, depth=depth, keys=keys, source=source, make=make, image=image)


NETS = {
    "121": _net(
        7978856,
        2834161664,
        121,
        (727, 3344429108),
        source="torchvision 0.28 densenet121",
        make=torchvision("densenet121"),
        image=(3, 32, 32),
    ),
    "169": _net(
        14149480,
        3359843328,
        169,
        (1015, 631997698),
        source="torchvision 0.28 densenet169",
        make=torchvision("densenet169"),
    ),
    "201": _net(
        20013928,
        4291365888,
        201,
        (1207, 3389597456),
        source="torchvision 0.28 densenet201",
        make=torchvision("densenet201"),
    ),
    "264": _net(
        33337704,
        5751653376,
        265,
        (1591, 2323489806),
        source="timm 1.0 densenet121 with block_config=(6, 12, 64, 48)",
        make=timm("densenet121", block_config=(6, 12, 64, 48)),
    ),
}
