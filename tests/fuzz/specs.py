"""Random specs that are right: any operator, with any attribute, and any construct in any other, in ranks 0 to 3.

A spec grows row by row: a row is made up without regard to shapes, and stays where the net compiles with it in all its
variants.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cache

import netdsl
from netdsl.elaborate import analyse
from netdsl.ir.graph import Graph
from netdsl.ir.op import registry
from netdsl.ir.types import show_shape
from tests.fuzz.lines import line
from tests.nets import spec as without_rank

#: Small tensors, so that a net runs in milliseconds.
LIMITS = netdsl.Limits(nodes=150, elements=20_000)

_INPUTS = ("8", "16", "4x6", "4x12", "8x8", "4x6x6", "3x8x8", "4x5x7", "8x4x4", "2x4x6x6", "4x4x4x4", "3x2x5x4")
_STYLES = (
    *("", ""),
    "style conv = _, relu",
    "style conv = _, bn, relu",
    "style conv = [conv: _, bn: bn, relu]",
    "style conv = bn, relu, _",
    "style fc = _, relu\nstyle bn = _ eps=0.001",
    "style conv = _, if on { bn }, relu",
    "style conv = _ bias=false\nstyle upconv = _, bn",
    "style conv = _, relu\nstyle dwconv = _, bn\nstyle relu = _ gamma=2",
)
_PARAMETERS = 'param w = 4, n = 2, k = 3\nparam on = true, word = "a"\n'
_VARIANTS = (
    *[("", ())] * 4,
    ("variant thin: w = 2\nvariant thin-b = thin: on = false\n", ()),
    ('variant 1.0: n = 1, word = "b"\nvariant b: k = 1\nvariant c: w = 6, on = false\ndefault b\n', ()),
    ("variant A: w = 2\n", ("A", "B")),
    ("default C\nvariant C: on = false\n", ("A", "B-2", "C")),
)
#: Blocks, and calls of each.
_BLOCKS = {
    "block plain(k, c=in.c) { conv{k}-c, relu }": ("plain(3)", "plain(1, 4)", "plain(k, c=w)"),
    """\
block residual(k, flag=false) { add { conv{k}-{in.c}, bn | if flag { down: conv1-{in.c} } else { id } }, relu }""": (
        "residual(3)", "residual(1, flag=true)", "residual(1, flag=on)"),
    "block down(n) { if n > 0 { conv3-{in.c}, down(n-1) } else { relu } }": ("down(2)", "down(n)"),
    "block styled(c) {\n  style conv = _, gn 1, silu\n  a: conv1-c, conv1-{in.c} plain\n}": ("styled(w)",),
    """\
block deep(n, word="a") {
  a: [add { [conv1-{in.c}] ×n | if word == "a" { sigmoid } | id } ×2], if word != "b" { out: conv1-{in.c} }
}""": ("deep(2)", "deep(n, word)"),
    "block drops(n) { add { conv1-{in.c}, droppath 0..0.4 | id } ×{n} }": ("drops(2)",),
    """\
block labelled { q: conv1-{in.c} as inner, r.{1 + 1}: relu, add { id | @q, tanh | @inner, "a b": conv1-{in.c} } }""": (
        "labelled",),
    "block limited { [conv1-{in.c}, bn] train, tanh eval }": ("limited",),
    "block gate(r) { mul { id | gap, fc-{max(1, in.c // r)}, relu, fc-{in.c}, sigmoid } }": ("gate(2)",),
    "block keep { if in.c % 2 == 0 { [chunk 0 of=2, conv1-{in.c}] } else { id } }": ("keep",),
    "block around { up: [inside(n=2)] ×2 }\nblock inside(n) { concat { conv1-n | id }, conv1-{in.c} }": ("around",),
    'use "zoo:resnet" (bottleneck)': ("bottleneck(2)",),
    'use "zoo:squeezenet" (fire)': ("fire(2, w, 4)",),
}  # fmt: skip
#: These take a tensor.
_JOINING = """\
block pair(t) { add { id | @t } }
block several(t, c=in.c // 2) { concat { one: conv1-c | @t, two: [conv1-c, relu] | id }, conv1-{in.c} }
"""
_CONDITIONS = ("in.c > 3", "on", "not on", 'word == "b"', "n > 1 and in.c % 2 == 0", "i == 0", "false", "true")
_INITS = ("init conv = kaiming_normal fan_out bias=0", "init conv, fc = normal 0.02", "init bn = constant 0.5 bias=0.1",
          "init fc = xavier_uniform", "init L = trunc_normal 0.02", "init L = zeros", "init conv1 = orthogonal",
          "init upconv = bilinear", "init linear = uniform -0.1 0.1 bias=1", "init scale = ones")  # fmt: skip
_EXPECTED = ("params", "params(train)", "macs", "macs(batch=2)", "depth", "activations", "params_no_bias")


class Grown:
    """A spec in the making."""

    def __init__(self, choose: random.Random) -> None:
        self.choose = choose
        self.rows: list[str] = []
        #: Tensors that may be referred to, and modules that may be applied again.
        self.labels: list[str] = []
        self.modules: list[str] = []
        self.outputs = 0
        variants, self.columns = choose.choice(_VARIANTS)
        shape = choose.choice(_INPUTS)
        inputs = f"input {shape}"
        if choose.random() < 0.2:
            inputs = f"input one {shape}\ninput two {choose.choice([shape, choose.choice(_INPUTS)])}"
            self.rows.append("@one")
            self.labels += ["one", "two"]
        blocks = choose.sample([*_BLOCKS], 3)
        self.calls = [call for block in blocks for call in _BLOCKS[block]]
        style = choose.choice(_STYLES)
        first = "\n".join(["net random", *sorted(blocks, key=lambda block: not block.startswith("use")), _JOINING])
        self.head = f"{first}{_PARAMETERS}{variants}{inputs}\n{style}\n\n"
        self.graph: Graph | None = None

    # -- items --------------------------------------------------------------------------------------------------------

    def line(self, keyword: str | None = None) -> str:
        """A line of an operator."""
        return line(self.choose, keyword or self.choose.choice([*registry()]), self.labels)

    def several(self, depth: int, keyword: str | None = None) -> str:
        """One item or two, the first of which holds a line of an operator."""
        more = f", {self.item(depth)}" if self.choose.random() < 0.3 else ""
        return self.item(depth, keyword) + more

    def item(self, depth: int, keyword: str | None = None) -> str:
        """An item that holds a line of an operator."""
        choose = self.choose
        pick = choose.random() if depth > 0 else 1.0
        if pick > 0.7:
            return self.line(keyword)
        inner = self.several(depth - 1, keyword)
        if pick < 0.08:
            return f"[{inner}, {self.item(depth - 1)}] ×{choose.choice(['2', '{n}', 'n', '1', '0'])}"
        if pick < 0.16:
            return f"add {{ {inner}, {self.item(depth - 1)} | {choose.choice(['id', 'relu', 'if on { id }'])} }}"
        if pick < 0.22:
            return f"concat {{ {inner} | {choose.choice(['', 'c: ', 'c.d: '])}{self.item(depth - 1)} }}"
        if pick < 0.26:
            return f"{choose.choice(['mul', 'sub'])} {{ {inner} | {choose.choice(['id', self.item(depth - 1)])} }}"
        if pick < 0.34:
            condition = choose.choice(_CONDITIONS)
            ways = ("", f" else {{ {self.item(depth - 1)} }}", f" else if on {{ {self.line()} }} else {{ id }}")
            return f"if {condition} {{ {inner} }}{choose.choice(ways)}"
        if pick < 0.4:
            return f"[{inner}, {self.item(depth - 1)}] {choose.choice(['train', 'eval'])}"
        if pick < 0.48:
            name = choose.choice(["a", "b", "p.a", '"a b"', '"x{w}"', "c.{n}"])
            more = choose.choice(["", " ×2", " ×{n}"])
            return f"{name}: [{inner}]{more}"
        if pick < 0.51:
            name = choose.choice(["a.{i}", '"a{i}"', "d.a{i}"])
            return f"[{name}: {self.line(keyword)}, {self.item(depth - 1)}] ×{choose.choice(['2', 'n'])}"
        if pick < 0.54:
            return f"a: {choose.choice(['add', 'concat'])} {{ {inner} | id | b: {self.line()} }}"
        if pick < 0.62:
            return f"{inner}, {choose.choice(self.calls)}"
        if self.labels and pick < 0.66:
            name = choose.choice(self.labels)
            return f"{inner}, {choose.choice([f'pair(@{name})', f'several(@{name})', f'add {{ id | @{name} }}'])}"
        if self.modules:
            return f"{inner}, reuse {choose.choice(self.modules)}{choose.choice(['', '', ' train'])}"
        return inner

    # -- rows ---------------------------------------------------------------------------------------------------------

    def table(self, keyword: str | None) -> str:
        """A table of the columns that the spec has."""
        rows = [" | ".join(self.columns) + " {"]
        for at in range(self.choose.randint(1, 3)):
            cells = [self.choose.choice([self.item(1), self.line(), ""]) for _ in self.columns]
            cells[0] = self.item(1, keyword if not at else None)
            rows.append(cells[0] if self.choose.random() < 0.3 else " | ".join(cells).rstrip())
        return "table\n  " + "\n  ".join(rows) + "\n}"

    def row(self, keyword: str | None) -> tuple[str, Sequence[str], Sequence[str]]:
        """A row, and the labels of tensors and of modules that it has."""
        choose = self.choose
        pick = choose.random()
        name = f"l{len(self.rows)}"
        if self.labels and pick < 0.1:
            other = choose.choice(self.labels)
            rows = [f"pair(@{other})", f"add {{ id | @{other} }}", f"concat {{ @{other} | id }}", f"@{other}, relu",
                    f"several(@{other}) as {name}"]  # fmt: skip
            return choose.choice([*rows, *(f"reuse {other}" for other in self.modules[-4:])]), [], []
        if self.columns and "table" not in "".join(self.rows) and pick < 0.6:
            label = choose.choice(["", f"{name}: "])
            return label + self.table(keyword), [name] if label else [], []
        if pick < 0.22 and self.outputs < 3:
            mode = choose.choice(["", " train", " eval"])
            weight = choose.choice(["", "", " weight=0.3"])
            start = choose.choice(["", f"@{choose.choice(self.labels)}, "]) if self.labels else ""
            self.outputs += 1
            return f"output out{len(self.rows)}{mode}{weight} {{ {start}{self.several(2, keyword)} }}", [], []
        item = self.item(3, keyword)
        if pick < 0.32:
            inner = self.line()
            return f"{name}: [{item}, a: {inner}, relu]", [name, f"{name}.a"], [name, f"{name}.a"]
        if pick < 0.42:
            return f"{name}: [{item}]", [name], [name]
        if pick < 0.46:
            return f"{name}: {choose.choice(self.calls)}", [name], [name]
        if pick < 0.5:
            return f"{name}: [{self.line(keyword)}] ×2", [name], [name]
        if pick < 0.56:
            return f"p.{name}: {item}", [f"p.{name}"], [f"p.{name}"]
        if pick < 0.6:
            return f'"{name} b": {self.line(keyword)}', [f'"{name} b"'], [f'"{name} b"']
        if pick < 0.7:
            return f"{item} as {name}", [name], []
        return item, [], []

    def all(self, *more: str) -> str:
        """The text so far."""
        return self.head + "".join(f"{row}\n" for row in (*self.rows, *more))

    def graph_of(self, *more: str) -> Graph | None:
        """The net with more rows, where it compiles in all its variants and is no larger than it should be."""
        text = self.all(*more)
        made = analyse(text, limits=LIMITS)
        if made.graph is None or len(made.graph.nodes) > 100:
            return None
        others = (analyse(text, variant=variant, limits=LIMITS).graph for variant in made.variants)
        return made.graph if all(graph is not None and len(graph.nodes) <= 100 for graph in others) else None

    def keep(self, row: str) -> bool:
        """Takes a row, where the net compiles with it."""
        graph = self.graph_of(row)
        if graph is None:
            return False
        self.rows.append(row)
        self.graph = graph
        return True

    def grow(self, keyword: str | None) -> bool:
        """Tries a row."""
        row, labels, modules = self.row(keyword)
        if not self.keep(row):
            return False
        self.labels += labels
        self.modules += modules
        return True

    def text(self) -> str:
        """The spec, with an end, and with what it says of itself."""
        choose = self.choose
        for end in ("gap", "fc-5", "relu", "soft-max eval"):
            if end != "soft-max eval" or choose.random() < 0.2:
                self.keep(end)
        assert self.graph is not None
        shape = show_shape(self.graph.nodes[self.graph.outputs[0].node].shape)
        self.keep(f"tanh -> {shape}")
        if self.labels and choose.random() < 0.5:
            mode = choose.choice(["train ", "eval ", ""])
            self.keep(f"output aux {mode}{{ @{choose.choice(self.labels)}, relu }}")
        for init in choose.sample(_INITS, choose.choice((0, 0, 1, 3))):
            self.keep(init.replace("L", choose.choice(self.modules or ["fc1"])))
        if choose.random() < 0.2:
            self.keep("allow ND302, ND309")
        if choose.random() < 0.3:
            quantity = choose.choice(_EXPECTED)
            self.keep(f"expect {quantity} = {_number(self.graph, quantity)}")
        return self.all()


def _number(graph: Graph, quantity: str) -> int:
    name, _, options = quantity.partition("(")
    view, batch = "train" if "train" in options else "infer", 2 if "2" in options else 1
    number = getattr(netdsl.stats(graph, view=view, batch=batch).totals, name)  # type: ignore[arg-type]
    assert isinstance(number, int)
    return number


@cache
def make(seed: int) -> str:
    """The spec of a number: each in turn begins with another operator, so that none is left out."""
    choose = random.Random(f"spec {seed}")
    if seed >= len(registry()) and choose.random() < 0.1:
        return without_rank(choose)
    keywords = list(registry())
    for _ in range(50):
        grown = Grown(choose)
        if grown.grow(keywords[seed % len(keywords)]):
            for _ in range(choose.randint(2, 10)):
                grown.grow(None)
            return grown.text()
    return without_rank(choose)
