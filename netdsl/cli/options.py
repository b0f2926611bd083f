"""The options that all commands share, and the compilation that they ask for."""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import sys
from pathlib import Path
from typing import TypedDict

from netdsl.cli.terminal import report
from netdsl.diagnostics import Diagnostic, NetdslError, printable
from netdsl.elaborate import LIMITS, Compilation, Limits, analyse, split_variant
from netdsl.ir.graph import Graph
from netdsl.ir.types import Shape, View
from netdsl.zoo import PREFIX
from netdsl.zoo import find as find_shipped


def add_file(
    parser: argparse.ArgumentParser,
    *,
    many: bool = False,
    optional: bool = False,
    view: View | None = "infer",
    views: bool = True,
    settings: bool = False,
) -> None:
    """``FILE[:VARIANT]`` (or ``FILES``) and the options that say which net of the file is meant.

    ``view`` is the default of ``--view``; None where a command treats both unless one is asked for, and without
    ``views`` there is no such option. With ``settings``
    each FILE may have its own, as :func:`compiled_all` reads them.
    """
    what = "the spec, or several" if many else "the spec"
    nargs = ("*" if optional else "+") if many else "?" if optional else None
    parser.add_argument(
        "file",
        metavar="FILE[:VARIANT]",
        nargs=nargs,
        help=f"{what}; zoo:NAME is a shipped one, - the standard input; a variant may follow a colon"
        + (", then `,NAME=VALUE` for a parameter of this one alone" if settings else ""),
    )
    parser.add_argument("--variant", metavar="NAME", help="the variant or column; the file's default without it")
    parser.add_argument(
        "--set",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        type=_setting,
        help="give a parameter of the file another value (repeatable)",
    )
    parser.add_argument(
        "--input",
        metavar="3x256x256",
        action="append",
        default=[],
        type=_shape,
        help="another input shape, channels first; NAME=1x28x28, repeatable, for one of several inputs",
    )
    add_operators(parser)
    add_limits(parser)
    add_uses(parser)
    parser.add_argument("--strict", action="store_true", help="take every warning as an error")
    if not views:
        return
    parser.add_argument(
        "--view",
        choices=("infer", "train"),
        default=view,
        help="infer leaves out what only training has, train what only inference has; "
        + ("both, unless one is named" if view is None else f"{view} unless named"),
    )


def add_limits(parser: argparse.ArgumentParser, *fields: str) -> None:
    """``--max-nodes N`` and the other bounds; those of ``fields`` alone, where some are named."""
    for field in fields or _LIMITS:
        parser.add_argument(
            f"--max-{field}",
            metavar="N",
            type=bound,
            default=getattr(LIMITS, field),
            help=f"{_LIMITS[field]} ({getattr(LIMITS, field):,} unless said)",
        )


def add_uses(parser: argparse.ArgumentParser) -> None:
    """``--allow-use DIR``."""
    parser.add_argument(
        "--allow-use",
        metavar="DIR",
        action="append",
        default=[],
        type=_folder,
        help="let the spec use files of this folder and those below it, besides its own (repeatable)",
    )


#: The bounds that can be set, by the names of :class:`Limits`, and what each is.
_LIMITS = {
    "nodes": "the most nodes that a net may have",
    "calls": "how deep blocks may call one another",
    "bytes": "how long a spec may be, with all that it uses",
    "elements": "the most elements that a tensor of one image may have",
}


def bound(text: str) -> int:
    """A bound as a command line says it: a whole number above zero, ``20,000`` too."""
    digits = text.replace(",", "").replace("_", "")
    if not digits.isdecimal() or len(digits) > 18 or int(digits) < 1:
        raise argparse.ArgumentTypeError(f"`{text}` is not a whole number above zero, of at most 18 digits")
    return int(digits)


def add_operators(parser: argparse.ArgumentParser) -> None:
    """``--operators NAME``, which runs the code of an installed package, and nothing else does."""
    parser.add_argument(
        "--operators",
        metavar="NAME",
        action="append",
        default=[],
        help="load the operators that an installed package offers under this name (repeatable)",
    )


def add_engine(parser: argparse.ArgumentParser) -> None:
    """``--engine``: who draws."""
    parser.add_argument(
        "--engine",
        choices=("pure", "dot"),
        help="pure: netdsl itself and graphviz-pure; dot: the Graphviz of the system. Without it pure, if it is there",
    )


def check_engine(parser: argparse.ArgumentParser, engine: str | None, form: str) -> None:
    """Exits with 2 where an engine is asked for and nothing is drawn."""
    if engine is not None and form not in ("svg", "png", "pdf"):
        parser.error(f"--engine draws .svg, .png and .pdf, and nothing of a .{form}")


def keep(parser: argparse.ArgumentParser, output: str, *files: str) -> None:
    """Exits with 2 where writing an output would take away a file that is read, or a spec that one may use."""
    if output != "-" and output.endswith(".net"):
        parser.error(f"`{output}` has the name of a spec, and no command writes one there: name another output")
    for file in files:
        with contextlib.suppress(OSError):
            if output != "-" and os.path.samefile(output, file):
                parser.error(f"`{output}` is what is read: name another output")


def _folder(text: str) -> Path:
    if not os.path.isdir(text):
        raise argparse.ArgumentTypeError(f"there is no folder `{text}`")
    return Path(text)


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise argparse.ArgumentTypeError(f"`{text}` is not NAME=VALUE")
    return name.strip(), value.strip()


def _shape(text: str) -> tuple[str | None, Shape]:
    name, equals, sizes = text.rpartition("=")
    try:
        shape = tuple(int(length) for length in sizes.lower().replace("×", "x").split("x"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"`{text}` is not a shape such as 3x256x256") from None
    if not all(length > 0 for length in shape):
        raise argparse.ArgumentTypeError(f"`{text}` has a length that is not above zero")
    return (name if equals else None), shape


def target(parser: argparse.ArgumentParser, file: str, options: argparse.Namespace) -> tuple[str, str | None]:
    """The file and the variant that the command line asks for; exits with 2 where it names two, or sets one twice."""
    twice(parser, options.set)
    path, variant = split_variant(file)
    if variant == "":
        parser.error(f"no variant stands after the colon of `{file}`")
    if variant is not None and options.variant is not None and variant != options.variant:
        parser.error(f"two variants are asked for: `{variant}` and `{options.variant}`")
    return path, options.variant if variant is None else variant


def twice(parser: argparse.ArgumentParser, settings: list[tuple[str, str]]) -> None:
    """Exits with 2 where a parameter is given two values."""
    names = [name for name, _ in settings]
    for name in names:
        if names.count(name) > 1:
            values = " and ".join(value for each, value in settings if each == name)
            parser.error(f"the parameter `{name}` is set twice: {values}")


class Choice(TypedDict):
    """Which net of a file is meant, as :func:`netdsl.elaborate.analyse` takes it."""

    variant: str | None
    set: dict[str, str]
    input: Shape | dict[str, Shape] | None
    limits: Limits
    allow_use: list[Path]


def choice(variant: str | None, options: argparse.Namespace) -> Choice:
    """The net that the shared options ask for. Raises :class:`NetdslError` (ND005) for an input with two shapes."""
    shapes: list[tuple[str | None, Shape]] = options.input
    given: Shape | dict[str, Shape] | None = None
    if len(shapes) == 1 and shapes[0][0] is None:
        given = shapes[0][1]
    elif shapes:
        named = {name: shape for name, shape in shapes if name is not None}
        if len(named) < len(shapes):
            help = "give each input one shape: `--input left=1x28x28 --input right=1x28x28`"
            raise NetdslError([Diagnostic("ND005", "`--input` is given twice for one input", None, help)])
        given = named
    return {
        "variant": variant,
        "set": dict(options.set),
        "input": given,
        "limits": Limits(*(getattr(options, f"max_{field}") for field in Limits._fields)),
        "allow_use": options.allow_use,
    }


def analysed(path: str, variant: str | None, options: argparse.Namespace) -> Compilation:
    """What the net that is asked for comes to. Nothing is printed."""
    return strictly(analyse(Path(path), **choice(variant, options)), options)


def strictly(made: Compilation, options: argparse.Namespace) -> Compilation:
    """What came of a net, with ``--strict`` where that is said: then a warning leaves no graph."""
    if not options.strict or not made.diagnostics:
        return made
    return made._replace(graph=None, diagnostics=tuple(said._replace(strict=True) for said in made.diagnostics))


def compilation(path: str, variant: str | None, options: argparse.Namespace) -> Compilation:
    """What the net that is asked for comes to; errors, warnings and notes go to the error stream."""
    result = analysed(path, variant, options)
    said = result.diagnostics
    if sum(diagnostic.code == "ND211" for diagnostic in said) > 1:
        from netdsl.cli.findings import gathered

        said = tuple(gathered(said))
    report(said, result.sources)
    for note in result.notes:
        print(f"note: {printable(note)}", file=sys.stderr)
    return result


#: ``FILE:VARIANT,width=1.4,depth=2``: what follows the first comma that a name and an equals sign follow.
_OWN = re.compile(r"(?:,[A-Za-z_]\w*=[^,]*)+\Z")


def own_settings(file: str) -> tuple[str, list[tuple[str, str]]]:
    """A FILE without the settings after its name, and these. A file of the whole name has none."""
    own = None if Path(file).exists() else _OWN.search(file)
    if own is None:
        return file, []
    pairs = (setting.partition("=") for setting in own[0][1:].split(","))
    return file[: own.start()], [(name, value) for name, _, value in pairs]


def compiled_all(parser: argparse.ArgumentParser, options: argparse.Namespace) -> list[Graph] | None:
    """The graphs of all FILEs, each with ``--set`` and then its own settings; None where one of them has errors."""
    if sum(split_variant(file)[0] == "-" for file in options.file) > 1:
        parser.error("the standard input is one FILE, and `-` is given twice")
    graphs = []
    for file in options.file:
        name, own = own_settings(file)
        twice(parser, own)
        chosen = argparse.Namespace(**{**vars(options), "set": [*options.set, *own]})
        graphs.append(compiled(*target(parser, name, options), chosen))
        together = sum(len(graph.nodes) for graph in graphs if graph is not None)
        if len(graphs) > 1 and together > options.max_nodes:
            message = f"these nets have over {options.max_nodes:,} nodes together"
            raise NetdslError([Diagnostic("ND218", message, None, "`--max-nodes` raises the bound")])
    found = [graph for graph in graphs if graph is not None]
    return found if len(found) == len(graphs) else None


def compiled(path: str, variant: str | None, options: argparse.Namespace) -> Graph | None:
    """The graph that is asked for; None where there are errors, which go to the error stream."""
    return compilation(path, variant, options).graph


def whole(file: str) -> str | None:
    """What a file is called without the variant that stands after it; None where none does."""
    path, variant = split_variant(file)
    if variant is None or Path(file).exists():
        return None
    shipped = path.startswith(PREFIX) and find_shipped(path.removeprefix(PREFIX)) is not None
    return path if shipped or Path(path).exists() else None
