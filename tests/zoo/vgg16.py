"""VGG-16 alone: column D of specs/vgg.net, written as a net of its own."""

from tests.zoo import Net
from tests.zoo.vgg import NETS as _FAMILY

NETS: dict[str, Net] = {"": _FAMILY["D"]}
