"""ResNet: torchvision's nets; the same with the stride on the first 1×1; the same without shortcuts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.zoo import Net, torchvision

if TYPE_CHECKING:
    from torch import nn


def stride_first(block: Any) -> None:
    """Moves a bottleneck's stride from its 3×3 to its first 1×1."""
    if hasattr(block, "conv3"):
        block.conv1.stride, block.conv2.stride = block.conv2.stride, block.conv1.stride


def take_shortcut_off(block: Any) -> None:
    """Leaves nothing of a basic block but its two convolutions."""
    if hasattr(block, "conv2"):
        block.downsample = None
        block.forward = lambda x: block.relu(block.bn2(block.conv2(block.relu(block.bn1(block.conv1(x))))))


def _net(
    depth: int,
    params: int,
    macs: int,
    keys: tuple[int, int],
    *,
    change: Callable[[Any], None] | None = None,
    how: str = "",
    image: tuple[int, ...] | None = None,
) -> Net:
    """torchvision's ResNet of that depth, each of its blocks changed."""
    original = torchvision(f"resnet{depth}")

    def make() -> nn.Module:
        module = original()
        if change is not None:
            for block in module.modules():
                change(block)
        return module

    source = f"torchvision 0.28 resnet{depth}{how}"
    return Net(params=params, macs=macs, depth=depth, keys=keys, source=source, make=make, image=image)


def _v1(depth: int, macs: int, image: tuple[int, ...] | None = None) -> Net:
    of = _V15[f"{depth}"]
    assert of.keys is not None
    how = ", its strides on the first 1×1"
    return _net(depth, of.params, macs, of.keys, change=stride_first, how=how, image=image)


def _plain(depth: int, params: int, macs: int, keys: tuple[int, int], image: tuple[int, ...] | None = None) -> Net:
    return _net(depth, params, macs, keys, change=take_shortcut_off, how=" without its shortcuts", image=image)


_IMAGE = (3, 64, 64)
_V15 = {
    "18": _net(18, 11689512, 1814073344, (122, 3501249303), image=_IMAGE),
    "34": _net(34, 21797672, 3663761408, (218, 2960900726)),
    "50": _net(50, 25557032, 4089184256, (320, 3021298538), image=_IMAGE),
    "101": _net(101, 44549160, 7801405440, (626, 3407425115)),
    "152": _net(152, 60192808, 11513626624, (932, 3904138026)),
}
NETS = {
    **_V15,
    "50-v1": _v1(50, 3857973248, image=_IMAGE),
    "101-v1": _v1(101, 7570194432),
    "152-v1": _v1(152, 11282415616),
    "plain-18": _plain(18, 11515688, 1794805760, (104, 2301812819), image=_IMAGE),
    "plain-34": _plain(34, 21623848, 3644493824, (200, 1503965876)),
}
