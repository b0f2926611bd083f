"""Writes the zoo's pages from the specs: ``python docs/make_zoo.py [resnet …]`` writes ``docs/zoo``.

With ``--check`` nothing is written, and the exit code is 1 where a page or picture there is not what would be made now.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from netdsl import zoo
from netdsl.backends.canvas.options import Options
from netdsl.backends.catalogue.document import code
from netdsl.backends.catalogue.spec import Entry as Row
from netdsl.backends.catalogue.spec import Net, Spec, index_page, spec_page
from netdsl.backends.catalogue.write_markdown import write
from netdsl.backends.draw import draw
from netdsl.cli.zoo import entries
from netdsl.elaborate import compile as compile_net

PAGES = Path(__file__).parent / "zoo"

_MADE = "Made by docs/make_zoo.py from specs/{}.net: change that, not this."


def files(name: str, *, pictures: bool = True) -> Iterator[tuple[Path, bytes]]:
    """The page of one spec and its picture, each with its path; the page alone without ``pictures``."""
    found = entries(name)
    nets = tuple(Net(each.variant, each.default, compile_net(f"zoo:{each.target}")) for each in found)
    text = nets[0].graph.sources[0].text
    said = (
        code(f"netdsl zoo {name}"),
        " prints it; ",
        code(f"zoo:{name}"),
        " stands for it wherever a command takes a file.",
    )
    spec = Spec(name, f"zoo:{name}", text, found[0].paper, nets, said, _MADE.format(name))
    yield PAGES / f"{name}.md", write(spec_page(spec, f"images/{name}.svg")).encode()
    if pictures:
        yield PAGES / "images" / f"{name}.svg", draw(spec.usual.graph, options=Options(theme="auto")).encode()


def index() -> str:
    """The page that leads to the others, by the year of the paper."""
    found = entries()
    rows = []
    for each in found:
        if each.default:
            title = each.paper.net if each.paper else each.name
            variants = tuple((one.variant, one.default) for one in found if one.name == each.name and one.variant)
            rows.append(Row(each.name, title, each.title, each.paper, variants, each.params, each.macs, each.inputs))
    before = (
        "The specs that come with netdsl. Each has a page with its text, its numbers, and its diagram. The numbers "
        "here are those of the variant in bold, in inference; ",
        code("netdsl zoo"),
        " lists every variant.",
    )
    after = (
        code("zoo:resnet"),
        " and ",
        code("zoo:resnet:50"),
        " stand wherever a command takes a file, and in Python ",
        code('netdsl.load("zoo:resnet:50")'),
        " makes the module.",
    )
    return write(index_page(rows, "md", "The zoo", before, after, _MADE.format("*")))


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
