"""SqueezeNet: torchvision's nets."""

from tests.zoo import Net, torchvision


def _net(version: str, params: int, macs: int, keys: tuple[int, int]) -> Net:
    return Net(
        params=params,
        macs=macs,
        depth=18,
        keys=keys,
        source=f"torchvision 0.28 squeezenet{version}",
        make=torchvision(f"squeezenet{version}"),
        image=(3, 64, 64),
    )


NETS = {
    "1.0": _net("1_0", 1248424, 818924576, (52, 883381814)),
    "1.1": _net("1_1", 1235496, 349151936, (52, 1339112328)),
}
