"""Feature maps as volumes, as the figures of AlexNet and LeNet-5 have them."""

from netdsl.backends.volumes.page import volumes

__all__ = ["volumes"]
