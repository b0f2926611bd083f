"""VGG: torchvision's nets, and the two of the paper's Table 1 that it has not."""

from tests.zoo import Net, torchvision


def _net(params: int, macs: int, depth: int, keys: tuple[int, int], bn: bool, image: bool = False) -> Net:
    name = f"vgg{depth}{'_bn' if bn else ''}"
    return Net(
        params=params,
        macs=macs,
        depth=depth,
        keys=keys,
        source=f"torchvision 0.28 {name}",
        make=torchvision(name),
        image=(3, 224, 224) if image else None,
    )


NETS = {
    "A": _net(132863336, 7609090048, 11, (22, 1256024256), False),
    "A-LRN": Net(
        params=132863336, macs=7609090048, depth=11, source="column A, since LRN has no parameters and no multiply-adds"
    ),
    "B": _net(133047848, 11308466176, 13, (26, 618988860), False),
    "C": Net(
        params=133638952,
        macs=11770888192,
        depth=16,
        source="Simonyan & Zisserman 2014, column C: B, and a 1×1 of 256 and two of 512 channels; 134 M in Table 2",
    ),
    "D": _net(138357544, 15470264320, 16, (32, 627474769), False),
    "E": _net(143667240, 19632062464, 19, (38, 2626214127), False),
    "A-BN": _net(132868840, 7609090048, 11, (62, 4027454019), True, image=True),
    "B-BN": _net(133053736, 11308466176, 13, (76, 3126360406), True),
    "D-BN": _net(138365992, 15470264320, 16, (97, 3169581159), True),
    "E-BN": _net(143678248, 19632062464, 19, (118, 3908174562), True),
}
