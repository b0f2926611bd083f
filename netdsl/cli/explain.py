"""``netdsl explain``: what a code means, or how the numbers of a layer come about."""

from __future__ import annotations

import argparse
import os
import re
import sys

from netdsl.cli.options import add_file, compilation, target
from netdsl.cli.parser import Parser
from netdsl.cli.terminal import coloured, say
from netdsl.diagnostics import escaped
from netdsl.ir.op import lookup
from netdsl.zoo import PREFIX
from netdsl.zoo import find as find_shipped

_EXAMPLES = """
netdsl explain
netdsl explain ND204
netdsl explain specs/vgg19.net features.0
netdsl explain zoo:resnet:50 layer2.0.conv2
netdsl explain zoo:resnet:50 layer2.0
netdsl explain zoo:unet
netdsl explain zoo:googlenet aux1.conv.conv --view train --format json
"""

#: What looks like a code that is misspelt, and like no file.
_CODE = re.compile(r"(?:n?d?|e)[\doilsb]{2,5}", re.IGNORECASE)

_VIEWS = {"infer": "inference", "train": "training"}
_MODES = {"train": "training", "eval": "evaluation"}


def parser() -> Parser:
    """The options of ``netdsl explain``."""
    options = Parser(
        "explain",
        "Says what the code of a diagnostic means, why, and how it is mended; all codes without one.\n"
        "Of FILE and LABEL it shows how the layer's shape, parameters, multiply-adds and receptive field come about.\n"
        "LABEL is a layer, a scope, a tensor (@name), an output or a checkpoint's key; without it, the whole net.",
        _EXAMPLES,
    )
    add_file(options, optional=True)
    options.usage = "netdsl explain [CODE]\n       netdsl explain FILE[:VARIANT] [LABEL] [options]"
    options.add_argument(
        "label", metavar="LABEL", nargs="?", help="a layer, scope or tensor; the end of its name will do"
    )
    options.add_argument("--format", choices=("text", "json", "markdown"), default="text")
    return options


def run(options: argparse.Namespace) -> int:
    """Prints the list of codes, one of them, or a part of a net."""
    from netdsl.cli import codes

    word = options.file
    if word is None:
        parser().refuse(options, "without a FILE it lists the codes", "--format")
        say(_listing(options.format))
        return 0
    code = codes.find(word)
    if code is not None:
        if options.label is not None:
            parser().error(f"`{word}` is a code, and takes no LABEL")
        parser().refuse(options, f"`{word}` is a code, and no net", "--format")
        say(_code(code, options.format))
        return 0
    if options.label is None and _no_file(word):
        near = codes.near(word) if _CODE.fullmatch(word) else None
        what = f"there is no code `{word}`" if _CODE.fullmatch(word) else f"`{word}` is neither a code nor a file"
        help = f"did you mean `{near}`?" if near is not None else "`netdsl explain` lists the codes"
        if near is None and find_shipped(word) is not None:
            help = f"`{PREFIX}{word}` is a shipped spec"
        elif near is None and lookup(word.lower()) is not None:
            help = f"`netdsl ops {word}` says all about the layer"
        elif near is None and os.path.exists(f"{word}.net"):
            help = f"did you mean `{word}.net`?"
        parser().error(f"{what}; {help}")
    made = compilation(*target(parser(), word, options), options)
    if made.graph is None:
        return 1
    from netdsl.cli.explain_net import Asked

    said = Asked(made, made.graph, word, options).sections(options.label)
    say(said.json() if options.format == "json" else said.text(markdown=options.format == "markdown"))
    return 0


def _no_file(word: str) -> bool:
    return word != "-" and not set(word) & set(".:/\\") and not os.path.exists(word)


def _listing(form: str) -> str:
    from netdsl.cli import codes
    from netdsl.diagnostics import CODES

    if form == "json":
        return _json({"codes": [codes.plain(code) for code in sorted(CODES)]})
    return codes.markdown_listing() if form == "markdown" else codes.listing()


def _code(code: str, form: str) -> str:
    from netdsl.cli import codes

    if form == "json":
        return _json(codes.plain(code))
    return codes.markdown(code) if form == "markdown" else codes.text(code, colour=coloured(sys.stdout))


def _json(value: object) -> str:
    import json

    return escaped(json.dumps(value, indent=1, ensure_ascii=False)) + "\n"
