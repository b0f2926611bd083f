"""ResNet: torchvision's nets, which have the stride on the 3×3."""

from tests.zoo import Net, torchvision

_IMAGE = (3, 64, 64)


def _net(params: int, macs: int, depth: int, keys: tuple[int, int]) -> Net:
    return Net(
        params=params,
        macs=macs,
        depth=depth,
        keys=keys,
        source=f"torchvision 0.28 resnet{depth}",
        make=torchvision(f"resnet{depth}"),
        image=_IMAGE,
    )


NETS = {
    "18": _net(11689512, 1814073344, 18, (122, 3501249303)),
    "34": _net(21797672, 3663761408, 34, (218, 2960900726)),
    "50": _net(25557032, 4089184256, 50, (320, 3021298538)),
    "101": _net(44549160, 7801405440, 101, (626, 3407425115)),
    "152": _net(60192808, 11513626624, 152, (932, 3904138026)),
}
