"""EfficientNet: torchvision's nets, each at its own input."""

from tests.zoo import Net, torchvision


def _net(name: str, params: int, macs: int, depth: int, keys: tuple[int, int], *, image: bool = False) -> Net:
    return Net(
        params=params,
        macs=macs,
        depth=depth,
        keys=keys,
        source=f"torchvision 0.28 efficientnet_{name}",
        make=torchvision(f"efficientnet_{name}"),
        image=(3, 64, 64) if image else None,
    )


NETS = {
    "b0": _net("b0", 5288548, 385814752, 82, (360, 2321614264), image=True),
    "b1": _net("b1", 7794184, 686802832, 116, (508, 3885684996)),
    "b2": _net("b2", 9109994, 993561872, 116, (508, 824379620)),
    "b3": _net("b3", 12233232, 1827141392, 131, (574, 2671401330)),
    "b4": _net("b4", 19341616, 4393771024, 161, (706, 4178952261)),
    "b5": _net("b5", 30389784, 10266384752, 195, (854, 898246656), image=True),
    "b6": _net("b6", 43040704, 19067593536, 225, (986, 1742873473)),
    "b7": _net("b7", 66347960, 37745884192, 274, (1200, 2192373048)),
}
