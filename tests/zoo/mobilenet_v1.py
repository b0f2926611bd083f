"""MobileNet v1: timm's net."""

from tests.zoo import Net, timm

NETS = {
    "": Net(
        params=4231976,
        macs=568740352,
        depth=28,
        keys=(164, 2536789419),
        source="timm 1.0.31 mobilenetv1_100",
        make=timm("mobilenetv1_100"),
        image=(3, 64, 64),
    )
}
