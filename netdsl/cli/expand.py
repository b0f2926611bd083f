"""``netdsl expand``: a spec with everything resolved."""

from __future__ import annotations

import argparse

from netdsl.cli.options import add_file, compilation, target
from netdsl.cli.parser import Parser
from netdsl.cli.terminal import say
from netdsl.elaborate.expand import expanded

_EXAMPLES = """
netdsl expand specs/vgg19.net
netdsl expand specs/resnet.net:50
netdsl expand specs/resnet.net --variant 18 --input 3x64x64
"""


def parser() -> Parser:
    """The options of ``netdsl expand``."""
    options = Parser(
        "expand",
        "Prints the net with every style, default, repeat and expression resolved, each value with where it came\n"
        "from. What one view alone has is marked there, so that the text is the same for both.",
        _EXAMPLES,
        {
            "--view": "the text is the same for both views, and marks what one of them alone has",
            "-o": "the text is printed, and `netdsl expand my.net > full.net` keeps it",
        },
    )
    add_file(options, views=False)
    return options


def run(options: argparse.Namespace) -> int:
    """Prints the resolved text."""
    path, variant = target(parser(), options.file, options)
    made = compilation(path, variant, options)
    if made.graph is None:
        return 1
    say(expanded(made, made.graph))
    return 0
