"""RegNet-X and -Y: torchvision's nets."""

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import torch
from torch import nn

from tests.zoo import Net, library, torchvision


def _regnet(name: str) -> Callable[[], nn.Module]:
    """As :func:`torchvision`; its widths are computed with tensors, which on the meta device have no values."""

    def make() -> nn.Module:
        params = library("torchvision.models.regnet").BlockParams
        rule = params.from_init_params

        def on_cpu(**options: Any) -> Any:
            with torch.device("cpu"):
                return rule(**options)

        with patch.object(params, "from_init_params", on_cpu):
            return torchvision(name)()

    return make


def _net(variant: str, params: int, macs: int, depth: int, keys: tuple[int, int], *, image: bool = False) -> Net:
    name = f"regnet_{variant.replace('-', '_').replace('.', '_')}"
    return Net(
        params=params,
        macs=macs,
        depth=depth,
        keys=keys,
        source=f"torchvision 0.28 {name}",
        make=_regnet(name),
        image=(3, 32, 32) if image else None,
    )


NETS = {
    variant: _net(variant, params, macs, depth, keys, image=variant in ("x-400mf", "y-400mf"))
    for variant, params, macs, depth, keys in [
        ("x-400mf", 5495976, 413812608, 68, (428, 1923158061)),
        ("x-800mf", 7259656, 799699712, 50, (320, 1064039448)),
        ("x-1.6gf", 9190136, 1602849792, 56, (356, 2408952470)),
        ("x-3.2gf", 15296552, 3176621952, 77, (482, 1187055679)),
        ("x-8gf", 39572648, 7995132416, 71, (446, 1917608779)),
        ("x-16gf", 54278536, 15940755456, 68, (428, 3494130228)),
        ("x-32gf", 107811560, 31735929792, 71, (446, 664619412)),
        ("y-400mf", 4344144, 401842848, 82, (384, 4220571036)),
        ("y-800mf", 6432512, 833856256, 72, (340, 3544758432)),
        ("y-1.6gf", 11202430, 1612076160, 137, (626, 111522536)),
        ("y-3.2gf", 19436338, 3176482752, 107, (494, 852694602)),
        ("y-8gf", 39381472, 8473070592, 87, (406, 3732228771)),
        ("y-16gf", 83590140, 15911510272, 92, (428, 55506272)),
        ("y-32gf", 145046770, 32279552832, 102, (472, 4060975931)),
    ]
}
