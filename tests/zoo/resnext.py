"""ResNeXt: torchvision's nets."""

from tests.zoo import Net, torchvision

NETS = {
    "50-32x4d": Net(
        params=25028904,
        macs=4230479872,
        depth=50,
        keys=(320, 4147141815),
        source="torchvision 0.28 resnext50_32x4d",
        make=torchvision("resnext50_32x4d"),
        image=(3, 64, 64),
    ),
    "101-64x4d": Net(
        params=83455272,
        macs=15460270080,
        depth=101,
        keys=(626, 2018132189),
        source="torchvision 0.28 resnext101_64x4d",
        make=torchvision("resnext101_64x4d"),
    ),
}
