"""A net as one HTML file that needs nothing else: its overview, its blocks one by one, and every number."""

from netdsl.backends.page.document import Theme, page

__all__ = ["Theme", "page"]
