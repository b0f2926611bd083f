"""Inception with batch norm, which neither torchvision nor timm has: its figures are those of the paper's table."""

from tests.zoo import Net

NETS = {
    "": Net(
        params=11194984,
        macs=2018851840,
        depth=34,
        source="Ioffe & Szegedy 2015, figure 5: convolutions without bias, batch norm, a plain 7×7 stem",
    )
}
