"""``netdsl draw``: a net as a diagram."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import TypeVar

from netdsl.backends.canvas.engine import DPI, FORMATS, MAX_PIXELS
from netdsl.backends.canvas.options import DIRECTIONS, HEATS, LEAST, THEMES, Options, Theme, labels, page
from netdsl.backends.draw import KINDS, TAKES, Drawing, Kind, drawing, table_drawing, usual_view
from netdsl.backends.mermaid import mermaid
from netdsl.cli.compare import add_compare, compared, compares
from netdsl.cli.drawpage import write_page
from netdsl.cli.options import add_engine, add_file, check_engine, compiled, keep, own_settings, target
from netdsl.cli.parser import Parser
from netdsl.cli.tabled import add_drawn, add_table, tables
from netdsl.cli.terminal import write
from netdsl.diagnostics.nearest import did_you_mean
from netdsl.elaborate import split_variant

_EXAMPLES = """
netdsl draw specs/googlenet.net -o googlenet.svg
netdsl draw specs/resnet.net:152 -o resnet152.svg --heat macs --theme auto
netdsl draw specs/mobilenet_v2.net -o mobilenet.png --page slide --labels shapes,macs,rf
netdsl draw specs/resnet.net:18 -o resnet18.png --as layers --view infer
netdsl draw specs/resnet.net:50 -o bottleneck.svg --as block:bottleneck
netdsl draw specs/vgg.net -o vgg.svg --as table --theme auto
netdsl draw specs/alexnet.net -o alexnet.svg --as volumes
netdsl draw specs/resnet.net:50 -o resnet50.html
netdsl draw specs/vgg19.net -o vgg19.pdf --page a4
netdsl draw specs/unet.net -o unet.mmd
netdsl draw specs/vgg19.net specs/resnet.net:plain-34 specs/resnet.net:34 --side-by-side -o figure3.svg
"""

_FORMATS = (*FORMATS, "mmd", "html")
_Read = TypeVar("_Read")


#: Its `maxTextSize` and `maxEdges`, which a page may set, and pages of code hosts leave as they are.
_MERMAID_LETTERS, _MERMAID_LINKS = 50_000, 500


def parser() -> Parser:
    """The options of ``netdsl draw``."""
    options = Parser("draw", "Draws a net: on one page, or layer by layer; or several, to compare.", _EXAMPLES)
    # The picture of a paper has the auxiliary heads.
    add_file(options, many=True, view="train", settings=True)
    # A table is of inference, as `netdsl table` prints it.
    options.set_defaults(view=None)
    options.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        required=True,
        help="where to, .svg, .png, .pdf, .dot, .mmd (Mermaid) or .html (a page that opens blocks); "
        "- is the standard output",
    )
    options.add_argument(
        "--as",
        dest="kind",
        type=_kind,
        metavar="KIND",
        help="overview: stages and blocks, repeats folded (as without it); layers: every layer, blocks as frames; "
        "block:NAME: one block, or the scope of a path, in detail; table: as netdsl table prints it; "
        "volumes: feature maps as boxes, to scale",
    )
    add_table(options.add_argument_group("of a table, which takes --theme and --page too"))
    add_compare(options)
    options.add_argument("--format", choices=_FORMATS, help="what to write, where the ending does not say it")
    add_engine(options)
    options.add_argument(
        "--dpi",
        metavar="N",
        type=_dpi,
        help=f"pixels to the inch of a PNG ({DPI} unless said), as far as its {MAX_PIXELS // 10**6} million pixels go",
    )
    add_drawn(options)
    overview = options.add_argument_group(
        "of an overview and of all layers; blocks and volumes take --heat, --theme and --page too"
    )
    overview.add_argument("--heat", choices=HEATS, help="colour the rows by their share of what the net costs")
    overview.add_argument(
        "--labels",
        metavar="WORDS",
        type=_read(labels),
        help="what stands beside the layers: some of shapes, params, macs and rf (the receptive field), or none; "
        "unless named shapes,params,macs, and of all layers shapes",
    )
    overview.add_argument("--theme", choices=THEMES, help="light unless named, and an HTML page auto: as the screen is")
    overview.add_argument(
        "--direction", choices=DIRECTIONS, default="auto", help="right: one line; rows; down: one column; columns"
    )
    overview.add_argument(
        "--page",
        metavar="PAGE",
        type=_read(page),
        help="fit into slide, column, a4, or WxH points, and draw less where text would be too small",
    )
    return options


def _kind(words: str) -> tuple[Kind, str | None]:
    """``layers``, or ``block:bottleneck``: the kind, and the block's name."""
    word, colon, name = words.partition(":")
    kind = next((kind for kind in KINDS if kind == word), None)
    if kind is None:
        kinds = ", ".join("block:NAME" if kind == "block" else kind for kind in KINDS)
        help = did_you_mean(word, KINDS)
        raise argparse.ArgumentTypeError(f"`{words}` is none of {kinds}" + (f"; {help}" if help else ""))
    if kind == "block" and not name:
        raise argparse.ArgumentTypeError("which block? --as block:NAME")
    if colon and kind != "block":
        raise argparse.ArgumentTypeError(f"`{kind}` takes no name")
    return kind, name or None


def _read(reader: Callable[[str], _Read]) -> Callable[[str], _Read]:
    """A reader of an option's value whose words for what is wrong are shown."""

    def read(words: str) -> _Read:
        try:
            return reader(words)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read


def run(options: argparse.Namespace) -> int:
    """Writes the diagram."""
    form = options.format or options.output.rpartition(".")[2].lower()
    if form not in _FORMATS:
        parser().error(
            f"`{options.output}` ends in none of .{', .'.join(_FORMATS[:-1])} and .{_FORMATS[-1]}: which --format?"
        )
    keep(parser(), options.output, *(split_variant(own_settings(file)[0])[0] for file in options.file))
    theme: Theme = options.theme or "light"
    chosen = Options(options.heat, options.labels, theme, options.direction, options.page)
    named: tuple[Kind, str | None] | None = options.kind
    kind, block = named or ("overview", None)
    several = compares(parser(), options)
    if form == "html":
        return write_page(parser(), options, chosen, several=several)
    for name, given, usual in zip(Options._fields, chosen, Options()):
        if given != usual and name not in TAKES[kind] and not several:
            kinds = ", ".join(f"--as {each}" for each in KINDS if name in TAKES[each])
            parser().error(f"--as {kind} takes no --{name}, which is of {kinds}")
    if theme == "auto" and form != "svg":
        parser().error("--theme auto is of an SVG: a picture cannot tell what screen it is on")
    if options.theme == "auto" and options.engine == "dot":
        parser().error("--theme auto is of the SVG that netdsl writes, without --engine dot")
    if options.dpi is not None and form != "png":
        parser().error("--dpi is of a PNG: the others have no pixels")
    check_engine(parser(), options.engine, form)
    if form == "mmd" and several:
        parser().error("Mermaid draws one net: several are of the other formats")
    if form == "mmd" and (kind != "overview" or options.page is not None or "rf" in (options.labels or ())):
        parser().error("Mermaid draws an overview, fits it to no page, and has no label rf")
    if form == "mmd" and options.direction in ("rows", "columns"):
        parser().error(f"Mermaid goes right or down, and takes no --direction {options.direction}")
    if kind != "table" and (options.variants or options.style):
        parser().error(f"--{'variants' if options.variants else 'style'} is of --as table")
    if not options.diff:
        options.view = options.view or usual_view(kind)
    if form == "mmd":
        return _mermaid(options, chosen)
    if several:
        drawn = compared(parser(), options, chosen)
    else:
        drawn = _table(options, chosen) if kind == "table" else _drawn(options, kind, block, chosen)
    if drawn is None:
        return 1
    write(options.output, drawn.render(form, engine=options.engine, dpi=options.dpi or DPI, say=_say))
    _warn(drawn)
    return 0


def _drawn(options: argparse.Namespace, kind: Kind, block: str | None, chosen: Options) -> Drawing | None:
    """The drawing of one net; None where it has errors, which are reported."""
    graph = compiled(*target(parser(), options.file, options), options)
    if graph is None:
        return None
    return drawing(graph, kind=kind, view=options.view, options=chosen, block=block, most=options.max_drawn)


def _table(options: argparse.Namespace, chosen: Options) -> Drawing | None:
    """The same of a table, which has a column for each variant where its style does."""
    made = tables(parser(), options.file if isinstance(options.file, list) else [options.file], options)
    if made is None:
        return None
    sheets, style = made
    if len(sheets) > 1:
        parser().error(f"a drawing has one table, and --style {style} makes {len(sheets)}")
    return table_drawing(sheets[0], chosen, most=options.max_drawn)


def _mermaid(options: argparse.Namespace, chosen: Options) -> int:
    graph = compiled(*target(parser(), options.file, options), options)
    if graph is None:
        return 1
    text = mermaid(graph, options.view, chosen, most=options.max_drawn)
    write(options.output, text.encode())
    links = sum("-->" in line or "-.->" in line for line in text.splitlines())
    if len(text) > _MERMAID_LETTERS or links > _MERMAID_LINKS:
        _say(
            f"note: Mermaid draws {_MERMAID_LETTERS:,} letters and {_MERMAID_LINKS:,} arrows unless its page says more:"
        )
        _say(f"here are {len(text):,} and {links:,}")
    return 0


def _dpi(words: str) -> int:
    if not words.isdecimal() or not 1 <= int(words) <= 9600:
        raise argparse.ArgumentTypeError(f"`{words}` is not a whole number from 1 to 9600")
    return int(words)


def _say(words: str) -> None:
    print(words, file=sys.stderr)


def _warn(drawn: Drawing) -> None:
    if drawn.scene.scale < 1 and drawn.scene.smallest < LEAST:
        size = f"{drawn.scene.smallest:.1f}"
        _say(f"the smallest text has {size} points: the net is too large for this page")
        _say("a larger page (`--page WxH`), or `--as table`, has more room")
