"""ShuffleNet v2: torchvision's nets."""

from tests.zoo import Net, torchvision


def _net(width: str, params: int, macs: int, keys: tuple[int, int], image: tuple[int, ...] | None = None) -> Net:
    return Net(
        params=params,
        macs=macs,
        depth=51,
        keys=keys,
        source=f"torchvision 0.28 shufflenet_v2_{width}",
        make=torchvision(f"shufflenet_v2_{width}"),
        image=image,
    )


NETS = {
    "x0.5": _net("x0_5", 1366792, 40476448, (338, 3140512045), (3, 64, 64)),
    "x1.0": _net("x1_0", 2278604, 144907992, (338, 2924427526)),
    "x1.5": _net("x1_5", 3503624, 295759392, (338, 2897819699)),
    "x2.0": _net("x2_0", 7393996, 583253464, (338, 2991323990)),
}
