"""Several specs at once, specs that use others, graphs in JSON, and names of files that mean harm."""

from __future__ import annotations

import copy
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import netdsl
from netdsl.ir.print import to_json
from tests.hostile import checkpoints  # noqa: F401 - its lines are run with those of this file
from tests.hostile.lines import folder_of, line, main

HEAD = "net n\ninput 3x8x8\n"
SOUND = f"{HEAD}conv3-4, relu\n"

# -- pairs: each as dear as a pair may be, since both together have as many nodes as one net may have

_MANY = 2400


def _tree(layer: str) -> str:
    return f"block f(n, d) {{ if d > 0 {{ f(n*2, d-1), f(n*2+1, d-1) }} else {{ {layer} }} }}\n{HEAD}f(1, 10)\n"


def _groups(kernel: int, shift: int) -> str:
    rows = "\n".join(f"conv{kernel}-{{n+{at}}}" for at in range(49))
    return f"block f(n) {{ {rows} }}\n{HEAD}" + "".join(f"f({60 * n + shift})\n" for n in range(49))


def _joined(order: Callable[[range], Any], kernel: int) -> str:
    rows = (
        f"concat {{ {' | '.join(f'@t{n}' for n in order(range(count)))} }}\nconv{kernel}-1 as t{count}\n"
        for count in range(2, 120)
    )
    return f"{HEAD}conv1-1 as t0\nconv1-1 as t1\n" + "".join(rows)


PAIRS: dict[str, tuple[str, str]] = {
    "no layer alike, in another order": (
        HEAD + "".join(f"conv1-{n}\n" for n in range(1, _MANY)),
        HEAD + "".join(f"conv1-{n * 7 % _MANY + 1}\n" for n in range(1, _MANY)),
    ),
    "no layer alike, backwards": (
        HEAD + "".join(f"conv1-{n}\n" for n in range(1, _MANY)),
        HEAD + "".join(f"conv1-{n}\n" for n in reversed(range(1, _MANY))),
    ),
    "trees of blocks, no leaf alike": (_tree("conv1-{1+n}"), _tree("conv1-{3000-n}")),
    "blocks of layers, none alike": (_groups(1, 1), _groups(3, 31)),
    "joins of all before": (_joined(list, 1), _joined(reversed, 3)),
    "branches, none alike": (
        HEAD + "concat { " + " | ".join(f"conv1-{n}, relu" for n in range(1, 1200)) + " }\n",
        HEAD + "concat { " + " | ".join(f"conv1-{n}, relu" for n in reversed(range(1, 1200))) + " }\n",
    ),
    "outputs, none alike": (
        HEAD + "relu\n" + "".join(f"output o{n} {{ conv1-{n + 1} }}\n" for n in range(1200)),
        HEAD + "relu\n" + "".join(f"output p{n} {{ conv1-{1200 - n} }}\n" for n in range(1200)),
    ),
    "names of hundreds of letters": (
        HEAD + "".join(f"{'x' * 300}{n}: conv1-{n + 1}\n" for n in range(1200)),
        HEAD + "".join(f"{'x' * 300}{1200 - n}: conv1-{n + 2}\n" for n in range(1200)),
    ),
    "an empty net": ("net n\n", HEAD + "".join(f"conv1-{n}\n" for n in range(1, 2 * _MANY))),
}

#: What is wrong with a pair that is not too many boxes to be drawn.
_OTHERS: dict[str, tuple[str, ...]] = {"joins of all before": (), "an empty net": ("ND227",)}

for _name, (_one, _other) in PAIRS.items():
    _codes = _OTHERS.get(_name, ("ND218",))
    _both = folder_of({"a.net": _one, "b.net": _other})
    line(f"a difference: {_name}", "diff a.net b.net", _both, *set(_codes) - {"ND218"}, ends=1)
    if _name in ("trees of blocks, no leaf alike", "blocks of layers, none alike", "joins of all before"):
        line(f"a difference in JSON: {_name}", "diff a.net b.net --format json", _both, ends=1)
    _drawn = () if _name == "names of hundreds of letters" else _codes
    line(f"a drawing of a difference: {_name}", "draw a.net b.net --diff -o o.svg", _both, *_drawn)
    line(f"side by side: {_name}", "draw a.net b.net --side-by-side -o o.svg", _both, *_codes)

# -- many files

line(
    "a thousand files",
    "check " + " ".join(f"{n}.net" for n in range(1000)),
    folder_of({f"{n}.net": SOUND for n in range(1000)}),
)
line(
    "one wrong file of many",
    "check a.net b.net c.net",
    folder_of({"a.net": SOUND, "b.net": "net n\n", "c.net": SOUND}),
    "ND227",
)
line("a file twice", "check a.net a.net ./a.net", folder_of({"a.net": "net n\n"}), "ND227")
line("a folder among files", "check a.net b", folder_of({"a.net": SOUND, "b/c.net": SOUND}), "ND001")
line("the standard input twice", "check - -", folder_of({}), ends=2)

# -- specs that use others


def used(name: str, content: str, *codes: str, others: dict[str, str] | None = None, b: str | None = None) -> None:
    """Adds a spec that uses files: ``b`` is ``b.net``."""
    files: dict[str, str | bytes] = {f"{other}.net": text for other, text in (others or {}).items()}
    if b is not None:
        files["b.net"] = b
    line(name, "check a.net", folder_of({**files, "a.net": content}), *codes)


_CHAIN = {f"f{n}": f'use "f{n + 1}.net"\n' if n < 110 else "block b { relu }\n" for n in range(111)}
_DIAMOND = {f"d{n}{side}": f'use "d{n + 1}l.net"\nuse "d{n + 1}r.net"\n' for n in range(20) for side in "lr"}

used("a chain of a hundred files", f'use "f0.net"\n{HEAD}relu\n', "ND007", others=_CHAIN)
used("a file used a thousand times", 'use "b.net"\n' * 1000 + f"{HEAD}b\n", b="block b { relu }\n")
used(
    "diamonds of twenty files",
    f'use "d0l.net"\nuse "d0r.net"\n{HEAD}b\n',
    others={**_DIAMOND, "d20l": "block b { relu }\n", "d20r": "block c { relu }\n"},
)
used("files that use each other", f'use "b.net"\n{HEAD}relu\n', "ND224", b='use "a.net"\n')
used(
    "a used file that is wrong",
    f'use "b.net"\n{HEAD}b\n',
    "ND102",
    "ND202",
    b="block b { relu relu }\nblock c {\n",
)
for _place in (
    "../b.net",
    "below/../../b.net",
    "/etc/passwd",
    "//b.net",
    "%2e%2e/b.net",
    "~/b.net",
    "file:///etc/passwd",
    "zoo:../../b",
    "zoo:",
    "..\\b.net",
    "C:\\b.net",
    "\\\\server\\b.net",
    "x" * 480,
    "/dev/zero",
    "/proc/self/mem",
):
    used(f"a use of {_place[:20]}", f'use "{_place}"\n{HEAD}relu\n', "ND224", "ND001", "ND003", "ND103", "ND101")
used("a use by a long way", f'use "./././//b.net"\n{HEAD}b\n', b="block b { relu }\n")


def _linked(folder: Path) -> None:
    (folder / "in").mkdir()
    (folder / "b.net").write_text("block b { relu }\n")
    (folder / "in" / "c.net").symlink_to("../b.net")
    (folder / "in" / "a.net").write_text(f'use "c.net"\n{HEAD}b\n')


line("a use through a link out of the folder", "check in/a.net", _linked, "ND224")

# -- graphs in JSON

_GRAPH: dict[str, Any] = json.loads(
    to_json(netdsl.compile("block f(c) { conv3-c, relu }\nnet n\ninput 3x8x8\nf(4)\nadd { id | conv1-4 }\n"))
)


def graph(name: str, content: str | Callable[[dict[str, Any]], object], *codes: str) -> None:
    """Adds a graph that ``ir`` reads: a text, or what changes a sound one."""
    if isinstance(content, str):
        text = content
    else:
        value = copy.deepcopy(_GRAPH)
        content(value)
        text = json.dumps(value)
    line(name, "ir g.json", folder_of({"g.json": text}), *codes)


def _node(**values: object) -> Callable[[dict[str, Any]], object]:
    return lambda value: value["nodes"][1].update(values)


graph("a sound graph", lambda value: None)
graph("lists in lists of a graph", '{"nodes":' + "[" * 100_000 + "]" * 100_000 + "}", "ND009")
graph("a graph of numbers", '{"version":1,"nodes":[' + "1," * 2_200_000 + "1]}", "ND218")
graph("a graph of empty nodes", '{"version":1,"nodes":[' + "{}," * 400_000 + "{}]}", "ND218")
graph("a graph of wrong values", lambda value: value["nodes"][1].update(inputs=["x"] * 400_000), "ND009")
graph("a graph of ten megabytes", '{"version":1,"nodes":[' + "1," * 5_000_000 + "1]}", "ND007")
graph("a graph with a long number", '{"version":1,"nodes":' + "9" * 5_000 + "}", "ND009")
graph("a graph of a version with signs of a terminal", '{"version":["\\u001b[31m"],"nodes":[]}', "ND009")
graph("a graph without nodes", lambda value: value.update(nodes=[]), "ND009")
graph("a graph without scopes", lambda value: value.update(scopes=[]), "ND009")
graph("a node that takes its own tensor", _node(inputs=[1]), "ND009")
graph("a node that takes a later tensor", _node(inputs=[2]), "ND009")
graph("a node that takes no tensor", _node(inputs=[-(10**30)]), "ND009")
graph("a node with the number of another", _node(index=2), "ND009")
graph("a node in no scope", _node(scope=-1), "ND009")
graph("a node of another shape", _node(shape=[10**30, -1, 0]), "ND009")
graph("a node whose head is none", _node(head=-1), "ND009")
graph("a node with signs of a terminal", _node(name="\x1b[31m\nx", module="\x1b[32m"), "ND009")
graph("a node outside of the text", _node(span=[0, 10**30, -5]), "ND009")
graph("a scope in itself", lambda value: value["scopes"][1].update(parent=1), "ND009")
graph("an output that is not there", lambda value: value["outputs"][0].update(node=99), "ND009")
graph("a net with signs of a terminal", lambda value: value.update(name="\x1b[31m\nerror[ND999]: x"))

# -- names of files

_NAMES = {
    "signs of a terminal": "\x1b[31mred\x07\x08.net",
    "a line that looks like an error": "a\nerror[ND999]: x\n.net",
    "quotes": "a'\"`$(touch x).net",
    "signs of addresses": "a%2F%0A%s?#.net",
    "an override of the direction": "a\u202eten.net",
    "a separator of lines": "a\u2028b\x9b.net",
    "blanks": "  a  b .net",
    "no text": os.fsdecode(b"a\xff.net"),
}
_COMMANDS = ("check", "check --format json", "check --format sarif", "check --format github", "check --fix --dry-run")


def _called(name: str, content: str) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(content)

    return make


def _named() -> None:
    from tests.hostile.lines import LINES, Line

    for what, name in _NAMES.items():
        text = what == "no text"
        for command in (*_COMMANDS, "ir", "explain", "stats --format csv", "fmt --diff", "build --no-run -o o.py"):
            wrong = command.startswith("check")
            codes = {"ND001"} if text else {"ND201"} if wrong and command == "check" else set()
            ends = 1 if text or (wrong and "fix" not in command) else 0
            content = SOUND.replace("conv", "convv") if wrong else SOUND
            title = f"a file called by {what}: {command}"
            first, *rest = command.split()
            LINES[title] = Line(title, (first, f"./{name}", *rest), _called(name, content), frozenset(codes), ends)


_named()

if __name__ == "__main__":
    sys.exit(main())
