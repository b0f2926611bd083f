"""Writes the zoo's pages from the specs: ``python docs/make_zoo.py [resnet …]`` writes ``docs/zoo``.

With ``--check`` nothing is written, and the exit code is 1 where a page or picture there is not what would be made now.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from netdsl import zoo
from netdsl.analyses.stats import Stats, stats
from netdsl.backends.canvas.options import Options
from netdsl.backends.draw import draw
from netdsl.cli.table import Column, Table, markdown
from netdsl.cli.zoo import Entry, entries
from netdsl.elaborate import compile as compile_net
from netdsl.ir.graph import Graph
from netdsl.ir.types import show_shape

PAGES = Path(__file__).parent / "zoo"

_MADE = "<!-- Made by docs/make_zoo.py from specs/{}.net: change that, not this. -->\n"


def files(name: str, *, pictures: bool = True) -> Iterator[tuple[Path, bytes]]:
    """The page of one spec and its picture, each with its path; the page alone without ``pictures``."""
    nets = entries(name)
    graphs = {entry.variant: compile_net(f"zoo:{entry.target}") for entry in nets}
    usual = next(entry for entry in nets if entry.default)
    yield PAGES / f"{name}.md", page(nets, usual, graphs).encode()
    if pictures:
        yield PAGES / "images" / f"{name}.svg", draw(graphs[usual.variant], options=Options(theme="auto")).encode()


def page(nets: list[Entry], usual: Entry, graphs: dict[str | None, Graph]) -> str:
    """The page of one spec: its paper, its text, the numbers of its variants, its layers, and its picture."""
    graph = graphs[usual.variant]
    # A net of no blocks, or of one that holds nearly all of it, as U-Net's does, says more layer by layer.
    several_blocks = sum(scope.kind == "block" for scope in graph.scopes) > 1 and len(stats(graph).by("block")) >= 8
    by = "block" if several_blocks else "layer"
    several = f":{usual.variant}" if len(nets) > 1 else ""
    target = f"zoo:{usual.name}{several}"
    of = f", variant {usual.variant}" if several else ""
    rolled = f" --by {by}" if by != "layer" else ""
    return "\n".join(
        [
            _MADE.format(usual.name),
            f"# {usual.paper.net if usual.paper else usual.name}\n",
            f"{_citation(usual.paper)}\n",
            "## The spec\n",
            f"`netdsl zoo {usual.name}` prints it; `zoo:{usual.name}` stands for it wherever a command takes a file.\n",
            f"```net\n{graph.sources[0].text.rstrip()}\n```\n",
            "## The numbers\n",
            _numbers(nets, graphs),
            f"## Its {by}s{of}\n",
            f"`netdsl stats {target}{rolled}` prints more. The depth is that of the longest path up to there.\n",
            _layers(stats(graph), by),
            f"## The diagram{of}\n",
            f"`netdsl draw {target} -o {usual.name}.svg`, which shows the net in training.\n",
            f"![Diagram of {usual.target}](images/{usual.name}.svg)",
            "",
        ]
    )


def index() -> str:
    """The page that leads to the others, by the year of the paper."""
    found = entries()
    usual = [entry for entry in found if entry.default]
    columns = [Column("net"), Column("paper"), Column("year", True), Column("variants"), Column("params", True)]
    rows = []
    for entry in sorted(usual, key=lambda entry: (entry.paper.year if entry.paper else 0, entry.name)):
        paper = entry.paper
        variants = [other.variant for other in found if other.name == entry.name]
        named = [f"**{v}**" if v == entry.variant else v for v in variants if v is not None]
        link = f"[{paper.net if paper else entry.name}]({entry.name}.md)"
        about = f"{_escaped(paper.authors)}, *{_escaped(paper.title)}*" if paper else "–"
        shapes = ", ".join(show_shape(shape) for shape in entry.inputs)
        year = str(paper.year) if paper else "–"
        rows.append((link, about, year, ", ".join(named), f"{entry.params:,}", f"{entry.macs:,}", shapes))
    table = markdown(Table((*columns, Column("MACs", True), Column("input", True)), rows))
    return (
        f"{_MADE.format('*')}\n# The zoo\n\n"
        "The specs that come with netdsl. Each has a page with its text, its numbers, and its diagram. The numbers\n"
        "here are those of the variant in bold, in inference; `netdsl zoo` lists every variant.\n\n"
        f"{table}\n"
        "`zoo:resnet` and `zoo:resnet:50` stand wherever a command takes a file, and in Python\n"
        '`netdsl.load("zoo:resnet:50")` makes the module.\n'
    )


def _citation(paper: zoo.Paper | None) -> str:
    if paper is None:
        return "Without a paper."
    link = f", [arXiv {paper.arxiv}](https://arxiv.org/abs/{paper.arxiv})" if paper.arxiv else ""
    return f"{_escaped(paper.authors)}, *{_escaped(paper.title)}*, {paper.year}{link}."


def _escaped(text: str) -> str:
    """Text without signs that mean something in Markdown."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("*", "\\*").replace("_", "\\_")


def _numbers(nets: list[Entry], graphs: dict[str | None, Graph]) -> str:
    titles = ("params", "MACs", "FLOPs", "activations", "depth", "receptive field", "downsampling")
    columns = [Column("variant"), Column("input", True), *(Column(title, True) for title in titles)]
    rows, trained = [], []
    for entry in nets:
        graph = graphs[entry.variant]
        total = stats(graph).totals
        shapes = ", ".join(show_shape(shape) for shape in entry.inputs)
        name = entry.variant or ("default" if len(nets) > 1 else entry.name)
        counts = (total.params, total.macs, total.flops, total.activations, total.depth)
        steps = (_axes(total.receptive_field), _axes(total.downsampling))
        rows.append((name, shapes, *(f"{count:,}" for count in counts), *steps))
        other = stats(graph, view="train").totals
        if (other.params, other.macs) != (total.params, total.macs):
            trained.append(f"- In training {name} has {other.params:,} params and {other.macs:,} MACs.\n")
    text = markdown(Table(tuple(columns), rows))
    return text + ("\n" + "".join(trained) if trained else "")


def _layers(numbers: Stats, by: str) -> str:
    second = "block" if by == "block" else "op"
    titles = ("output", "params", "MACs", "activations", "depth", "receptive field")
    columns = [Column("name"), Column(second), *(Column(title, True) for title in titles)]
    rows = []
    for row in numbers.by("block" if by == "block" else "layer"):
        counts = (row.params, row.macs, row.activations, row.depth)
        cells = (f"{count:,}" if count else "–" for count in counts)
        rows.append((row.name, row.op, show_shape(row.shape), *cells, _axes(row.receptive_field)))
    return markdown(Table(tuple(columns), rows))


def _axes(values: tuple[object, ...] | None) -> str:
    if not values:
        return "–"
    return str(values[0]) if len(set(values)) == 1 else "×".join(map(str, values))


def main() -> int:
    """Writes or checks the pages of the specs that are named, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", metavar="NAME", nargs="*", help="these specs alone")
    parser.add_argument("--check", action="store_true", help="compare with what is there, and write nothing")
    options = parser.parse_args()
    for name in options.names:
        if name not in zoo.names():
            parser.error(f"there is no shipped spec `{name}`")
    made = [(PAGES / "index.md", index().encode())]
    for name in options.names or zoo.names():
        made += files(name)
    stale = [path for path, data in made if not path.exists() or path.read_bytes() != data]
    if not options.names:
        kept = {path for path, _ in made}
        old = [path for path in (*PAGES.glob("*.md"), *PAGES.glob("images/*")) if path not in kept]
    else:
        old = []
    for path, data in made:
        if not options.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    for path in old:
        if not options.check:
            path.unlink()
    if options.check:
        for path in (*stale, *old):
            print(f"docs/zoo/{path.relative_to(PAGES)} is not what is made now: run `python docs/make_zoo.py`")
    return 1 if options.check and (stale or old) else 0


if __name__ == "__main__":
    raise SystemExit(main())
