"""ConvNeXt: torchvision's nets."""

from tests.zoo import Net, torchvision


def _net(name: str, params: int, macs: int, depth: int, keys: tuple[int, int], *, image: bool = False) -> Net:
    return Net(
        params=params,
        macs=macs,
        depth=depth,
        keys=keys,
        source=f"torchvision 0.28 convnext_{name}",
        make=torchvision(f"convnext_{name}"),
        image=(3, 32, 32) if image else None,
    )


NETS = {
    "tiny": _net("tiny", 28589128, 4455531264, 59, (182, 4289081892), image=True),
    "small": _net("small", 50223688, 8683712256, 113, (344, 1096418556)),
    "base": _net("base", 88591464, 15354729472, 113, (344, 888721807)),
}
