"""Xception: timm's port of the Keras net."""

from tests.zoo import Net, timm

NETS = {
    "": Net(
        params=22855952,
        macs=8357403496,
        depth=71,
        keys=(276, 1349776901),
        source="timm 1.0.31 legacy_xception",
        make=timm("legacy_xception"),
        image=(3, 64, 64),
    )
}
