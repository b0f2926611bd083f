"""SE-ResNet and SE-ResNeXt: timm's nets."""

from tests.zoo import Net, timm

NETS = {
    "se-resnet-50": Net(
        params=28088024,
        macs=4091699200,
        depth=82,
        keys=(384, 3997398097),
        source="timm 1.0.31 seresnet50",
        make=timm("seresnet50"),
        image=(3, 64, 64),
    ),
    "se-resnext-50-32x4d": Net(
        params=27559896,
        macs=4232994816,
        depth=82,
        keys=(384, 2395327880),
        source="timm 1.0.31 seresnext50_32x4d",
        make=timm("seresnext50_32x4d"),
        image=(3, 64, 64),
    ),
}
