"""MobileNet v3: torchvision's nets."""

from tests.zoo import Net, torchvision


def _net(size: str, params: int, macs: int, depth: int, keys: tuple[int, int]) -> Net:
    return Net(
        params=params,
        macs=macs,
        depth=depth,
        keys=keys,
        source=f"torchvision 0.28 mobilenet_v3_{size}",
        make=torchvision(f"mobilenet_v3_{size}"),
        image=(3, 64, 64),
    )


NETS = {
    "large": _net("large", 5483032, 216589760, 64, (312, 2217349819)),
    "small": _net("small", 2542856, 56510400, 54, (244, 1176667609)),
}
