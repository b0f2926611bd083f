"""``netdsl ops``: the layers of the language."""

from __future__ import annotations

import argparse
import textwrap

import netdsl.ops  # noqa: F401  (fills the registry)
from netdsl.cli.options import add_operators
from netdsl.cli.parser import Parser
from netdsl.cli.terminal import report, say
from netdsl.diagnostics import Diagnostic
from netdsl.diagnostics.nearest import did_you_mean
from netdsl.elaborate.helps.meant import called_elsewhere
from netdsl.ir.op import Attribute, Op, lookup, names, registry
from netdsl.ir.print import show_value

_EXAMPLES = """
netdsl ops
netdsl ops conv
netdsl ops soft-max
"""

_WIDTH = 100

#: What the categories of operators are called, in the order in which they are listed.
FAMILIES = {
    "conv": "convolution",
    "fc": "fully connected",
    "pool": "pooling",
    "norm": "normalisation",
    "activation": "activation",
    "merge": "joining",
    "shape": "shape",
    "regularise": "regularising",
}


def parser() -> Parser:
    """The options of ``netdsl ops``."""
    options = Parser("ops", "Lists the layers of the language, or says all about one.", _EXAMPLES)
    options.add_argument("name", metavar="NAME", nargs="?", help="a layer's word, in any case")
    add_operators(options)
    return options


def run(options: argparse.Namespace) -> int:
    """Prints the list, or one layer; 1 where there is no such layer."""
    if options.name is None:
        say(_list())
        return 0
    op = lookup(options.name)
    if op is None or not op.writable:
        known = [name for name in names() if _writable(name)]
        theirs = called_elsewhere(options.name)
        help = f"here it is called `{theirs}`" if theirs in known else did_you_mean(options.name, known)
        help = help or "`netdsl ops` lists them"
        report([Diagnostic("ND201", f"there is no layer `{options.name}`", None, help)])
        return 1
    say(_one(op))
    return 0


def _writable(name: str) -> bool:
    op = lookup(name)
    return op is not None and op.writable


def _list() -> str:
    ops = [op for op in registry().values() if op.writable]
    widest = max(len(words(op)) for op in ops)
    lines = []
    for category, family in FAMILIES.items():
        members = sorted((op for op in ops if op.category == category), key=lambda op: op.keyword)
        if not members:
            continue
        lines += ["", family]
        lines += [f"  {words(op):<{widest}}  {op.example.line}" for op in members]
    return "\n".join(lines[1:]) + "\n\n`netdsl ops NAME` shows a layer's attributes.\n"


def words(op: type[Op]) -> str:
    """The keyword and second names."""
    return ", ".join((op.keyword, *op.aliases))


def _one(op: type[Op]) -> str:
    doc = " ".join((op.__doc__ or "").split("\n\n")[0].replace("``", "`").split())
    lines = [f"{words(op)} ({FAMILIES.get(op.category, op.category)})", *_wrapped(doc, "  ", "  ")]
    lines += ["", f"  {written(op)}"]
    attributes = op.attributes().values()
    if attributes:
        lines += ["", "attributes"]
        widest = max(len(attribute.name) for attribute in attributes)
        for attribute in attributes:
            said = _kind(attribute) + (f": {attribute.doc}" if attribute.doc else "")
            lines += _wrapped(said, f"  {attribute.name:<{widest}}  ", " " * (widest + 4))
    if op.syntax.flags:
        lines += ["", "flags"]
        widest = max(map(len, op.syntax.flags))
        for flag, sets in op.syntax.flags.items():
            values = ", ".join(f"{name}={show_value(value)}" for name, value in sets.items())
            lines.append(f"  {flag:<{widest}}  {values}")
    lines += ["", f"example, on an input of {op.example.input}", f"  {op.example.line}"]
    return "\n".join(lines) + "\n"


def _wrapped(text: str, first: str, rest: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=False)


def written(op: type[Op]) -> str:
    """How it is written: ``conv<kernel>-<channels>/<stride>``."""
    syntax = op.syntax
    text = op.keyword
    optional = {name for name, attribute in op.attributes().items() if not attribute.required}
    for sign, name in (("", syntax.kernel), ("-", syntax.channels), ("/", syntax.stride)):
        if name is not None:
            part = f"{sign}<{name}>"
            text += f"[{part}]" if name in optional else part
    for name in syntax.positional:
        text += f" [<{name}>]" if name in optional else f" <{name}>"
    if syntax.times is not None:
        text += f" [×<{syntax.times}>]"
    return "written " + text + (" [@tensor]" if syntax.reference else "")


def takes(attribute: Attribute) -> str:
    """What an attribute may be: ``whole number, at least 1``."""
    kind = {
        "int": "whole number",
        "float": "number",
        "bool": "true or false",
        "word": " | ".join(map(str, attribute.words)),
        "text": "text",
        "axes": "a whole number, or one for each axis",
    }[attribute.kind]
    limits = (
        (attribute.minimum, "at least"),
        (attribute.above, "above"),
        (attribute.maximum, "at most"),
        (attribute.below, "below"),
    )
    return ", ".join([kind, *(f"{word} {limit:g}" for limit, word in limits if limit is not None)])


def default(attribute: Attribute) -> str:
    """``required``, or what stands where nothing is given; empty where another rule decides."""
    if attribute.required:
        return "required"
    if attribute.default is None or attribute.default == ():
        return ""
    return f"default {show_value(attribute.default)}"


def _kind(attribute: Attribute) -> str:
    return ", ".join(filter(None, (takes(attribute), default(attribute))))
