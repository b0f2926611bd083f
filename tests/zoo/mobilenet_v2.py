"""MobileNet v2: torchvision's net."""

from tests.zoo import Net, torchvision

NETS = {
    "": Net(
        params=3504872,
        macs=300774272,
        depth=53,
        keys=(314, 3563569232),
        source="torchvision 0.28 mobilenet_v2",
        make=torchvision("mobilenet_v2"),
        image=(3, 64, 64),
    )
}
