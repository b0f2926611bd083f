"""One block in detail, as papers draw theirs: every layer, and channel counts on the edges."""

from netdsl.backends.block.find import Drawable, drawable
from netdsl.backends.block.page import block_scene

__all__ = ["Drawable", "block_scene", "drawable"]
