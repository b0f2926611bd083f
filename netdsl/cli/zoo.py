"""``netdsl zoo``: the specs that are shipped."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, NamedTuple

from netdsl import zoo
from netdsl.cli import table
from netdsl.cli.parser import Parser
from netdsl.cli.terminal import say
from netdsl.diagnostics import Diagnostic, NetdslError
from netdsl.diagnostics.nearest import did_you_mean
from netdsl.elaborate import compile as compile_net
from netdsl.elaborate.outline import Column, outline
from netdsl.elaborate.sources import shipped
from netdsl.elaborate.values import Stop
from netdsl.ir.types import Shape, show_shape

_EXAMPLES = """
netdsl zoo
netdsl zoo vgg19
netdsl zoo resnet --format markdown
netdsl zoo resnet:50 --format json
netdsl stats zoo:resnet:50
"""


class Entry(NamedTuple):
    """One variant of a shipped spec at its own input, in the inference view.

    ``name`` is the spec's; ``default`` says whether the name alone means this variant. ``title`` is the net's, and
    ``paper`` what the spec's comment names, None where it names none.
    """

    name: str
    variant: str | None
    default: bool
    params: int
    macs: int
    inputs: tuple[Shape, ...]
    title: str | None
    paper: zoo.Paper | None

    @property
    def target(self) -> str:
        """The name with its variant, which stands for a file after ``zoo:``."""
        return self.name if self.variant is None else f"{self.name}:{self.variant}"


def parser() -> Parser:
    """The options of ``netdsl zoo``."""
    options = Parser(
        "zoo",
        "Lists the specs that are shipped with netdsl, a row a variant, or prints the text of one. Where another\n"
        "command takes a FILE, zoo:NAME or zoo:NAME:VARIANT is one of these.",
        _EXAMPLES,
    )
    options.add_argument("name", metavar="NAME[:VARIANT]", nargs="?", help="print this spec; with --format its row")
    options.add_argument(
        "--format", choices=("text", "json", "csv", "markdown"), help="text, unless a NAME is given to be printed"
    )
    return options


def run(options: argparse.Namespace) -> int:
    """Prints the list, a part of it, or a spec."""
    if options.name is None:
        found = entries()
    else:
        name, _, variant = options.name.removeprefix(zoo.PREFIX).partition(":")
        path = _file(name)
        found = entries(name)
        if variant:
            known = [entry.variant for entry in found if entry.variant is not None]
            found = [entry for entry in found if entry.variant == variant]
            if not found:
                message = f"`{zoo.PREFIX}{name}` has no variant `{variant}`"
                help = did_you_mean(variant, known) or _listed(known)
                raise NetdslError([Diagnostic("ND003", message, None, help)])
        if options.format is None:
            say(path.read_text(encoding="utf-8"))
            return 0
    _print(found, options.format or "text", whole=options.name is None)
    return 0


def _listed(names: list[str]) -> str:
    return "there are " + ", ".join(f"`{name}`" for name in names) if names else "it has none: leave the colon out"


def entries(name: str | None = None) -> list[Entry]:
    """Every variant of every shipped spec, or of one, by name and then in the order of its file.

    The numbers are those that a spec's ``expect`` states, which hold whenever it is compiled; what states none is
    compiled. Raises :class:`NetdslError` for a name that no shipped spec has.
    """
    found = []
    for each in zoo.names() if name is None else (name,):
        path = _file(each)
        spec = outline(path)
        paper = zoo.paper(spec.text)
        for column in spec.columns:
            params, macs = _numbers(path, column)
            found.append(Entry(each, column.variant, column.default, params, macs, column.inputs, spec.title, paper))
    return found


def _file(name: str) -> Path:
    try:
        return shipped(name)
    except Stop as problem:
        raise NetdslError([problem.diagnostic] if problem.diagnostic else []) from None


def _numbers(path: Path, column: Column) -> tuple[int, int]:
    params, macs = column.expected.get("params"), column.expected.get("macs")
    if params is None or macs is None:
        from netdsl.analyses.stats import stats

        totals = stats(compile_net(path, variant=column.variant)).totals
        params, macs = totals.params, totals.macs
    return params, macs


def _print(found: list[Entry], form: str, *, whole: bool) -> None:
    if form == "json":
        import json

        rows = ",\n".join(f"  {json.dumps(plain(entry), ensure_ascii=False)}" for entry in found)
        say(f'{{\n "nets": [\n{rows}\n ]\n}}\n')
    elif form == "csv":
        import csv
        import io

        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        values = [plain(entry) for entry in found]
        writer.writerow(values[0])
        for value in values:
            shapes = " ".join("x".join(map(str, shape)) for shape in value["inputs"])
            writer.writerow({**value, "inputs": shapes}.values())
        say(text.getvalue())
    elif form == "markdown":
        say(table.markdown(rows_of(found)))
    else:
        foot = f"\n{_foot(found)}\n" if whole else ""
        if sys.stdout.isatty():
            table.show(rows_of(found))
            say(foot)
        else:
            say(table.plain(rows_of(found)) + foot)


def plain(entry: Entry) -> dict[str, Any]:
    """An entry as plain values, one level deep but for the list of its inputs."""
    paper = entry.paper
    return {
        "name": entry.name,
        "variant": entry.variant,
        "default": entry.default,
        "params": entry.params,
        "macs": entry.macs,
        "inputs": [list(shape) for shape in entry.inputs],
        "title": entry.title,
        "authors": paper.authors if paper else None,
        "paper": paper.title if paper else None,
        "year": paper.year if paper else None,
        "arxiv": paper.arxiv if paper else None,
    }


def rows_of(found: list[Entry]) -> table.Table:
    """Entries as a table. A star marks the variant that the name alone means, where there are several."""
    columns = [table.Column("name"), *(table.Column(title, True) for title in ("params", "MACs", "input"))]
    columns += [table.Column("paper"), table.Column("arXiv")]
    several = {entry.name for entry in found if not entry.default}
    rows = []
    for entry in found:
        star = " *" if entry.default and entry.name in several else ""
        shapes = ", ".join(show_shape(shape) for shape in entry.inputs)
        arxiv = (entry.paper.arxiv if entry.paper else None) or "–"
        cells = (entry.target + star, f"{entry.params:,}", f"{entry.macs:,}", shapes, _paper(entry), arxiv)
        rows.append(cells)
    return table.Table(tuple(columns), rows)


def _foot(found: list[Entry]) -> str:
    specs = len({entry.name for entry in found})
    return (
        f"{specs} specs, {len(found)} nets; * is what the name alone means. `netdsl zoo NAME` prints a spec;\n"
        "`zoo:NAME` and `zoo:NAME:VARIANT` stand wherever a FILE does. params and MACs are of inference at this input."
    )


def _paper(entry: Entry) -> str:
    """What the title says of the paper; that some columns are only after its own is said where they are shown."""
    return (entry.title or "–").removeprefix("after ")
