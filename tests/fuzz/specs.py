"""Random specs that are right: any operator, joins, blocks, repeats, references, modes and styles, in ranks 0 to 3.

A spec grows row by row: a row is made up without regard to shapes, and stays where the net compiles with it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import netdsl
from netdsl.elaborate import analyse
from netdsl.ir.graph import Graph
from netdsl.ir.op import registry
from tests.nets import spec as without_rank

#: Small tensors, so that a net runs in milliseconds.
LIMITS = netdsl.Limits(nodes=150, elements=20_000)

#: What may be written of an operator, beside its example. Words in capitals are filled in.
_LINES: dict[str, Sequence[str]] = {
    "conv": ("convK-C", "convK-C/S", "convK-C +bn", "convK-C plain", "convK-C groups=2", "convK-C dilation=2",
             "convK-C valid", "conv{K}-{2*in.c}", "convK-C bias=false", "convK-C pad=1 pad_mode=reflect"),
    "dwconv": ("dwconvK", "dwconvK/S", "dwconv3 dilation=2"),
    "sepconv": ("sepconvK-C", "sepconvK-C/S +bn"),
    "upconv": ("upconv2-C/2", "upconv3-C/2", "upconv4-C/2 pad=1"),
    "fc": ("fc-C", "fc-C, relu"),
    "linear": ("linear-C",),
    "maxpool": ("maxpool", "maxpool3/2", "maxpool3/1 same", "maxpool3/2 pad=1 ceil"),
    "avgpool": ("avgpool", "avgpool3/1 same", "avgpool to=2", "avgpool to=1"),
    "lppool": ("lppool2/2 p=2",),
    "subsample": ("subsample2/2",),
    "gn": ("gn 2", "gn 4"),
    "lrn": ("lrn 3", "lrn 5"),
    "upsample": ("upsample ×2", "upsample ×2 mode=nearest", "upsample nearest ×3"),
    "pad": ("pad 1", "pad 2"),
    "crop": ("crop 3", "crop 2"),
    "reshape": ("reshape 4x4", "reshape 2x4", "reshape 8x2x4", "reshape 12x4", "reshape 8x8x3", "reshape 16x8"),
    "permute": ("permute 2x1", "permute 1x3x2", "permute 1x3x2x4"),
    "take": ("take 0 2", "take 0"),
    "chunk": ("chunk 0 of=2", "chunk 1 of=2"),
    "shuffle": ("shuffle 2",),
    "scale": ("scale", "scale scalar", "scale init=0.5"),
    "dropout": ("dropout 0.2",),
    "dropout2d": ("dropout2d 0.2",),
    "droppath": ("add { convK-{in.c}, droppath 0.1 | id }", "add { relu, droppath 0..0.2 | id } ×2"),
    "softmax": ("softmax", "soft-max eval"),
    "add": ("add { convK-{in.c} | id }", "add { relu | id | sigmoid }"),
    "sub": ("sub { convK-{in.c} | id }",),
    "mul": ("mul { id | gap, conv1-{in.c}, sigmoid }", "mul { id | sigmoid }"),
    "concat": ("concat { convK-C | id }", "concat { relu | id | tanh }", "concat { convK-C, bn | conv1-C }"),
    "select": ("[convK-{in.c}, bn, relu] train", "[relu, conv1-{in.c}] eval", "bn train", "tanh eval"),
    "rbf": ("flatten, fc-84, rbf-C", "fc-84 plain, rbf-10"),
    "space_to_depth": ("space_to_depth 2",),
}  # fmt: skip

_INPUTS = ("8", "16", "4x6", "4x12", "8x8", "4x6x6", "3x8x8", "4x5x7", "8x4x4", "2x4x6x6", "4x4x4x4", "3x2x5x4")
_STYLES = ("", "", "style conv = _, relu", "style conv = _, bn, relu", "style conv = [conv: _, bn: bn, relu]",
           "style conv = bn, relu, _", "style fc = _, relu\nstyle bn = _ eps=0.001")  # fmt: skip
_BLOCKS = """\
block plain(k, c=in.c) { conv{k}-c, relu }
block residual(k, flag=false) { add { conv{k}-{in.c}, bn | if flag { down: conv1-{in.c} } else { id } }, relu }
block down(n) { if n > 0 { conv3-{in.c}, down(n-1) } else { relu } }
block pair(t) { add { id | @t } }
"""


class Grown:
    """A spec in the making."""

    def __init__(self, choose: random.Random) -> None:
        self.choose = choose
        self.rows: list[str] = []
        self.labels: list[str] = []
        self.head = f"net random\ninput {choose.choice(_INPUTS)}\n{choose.choice(_STYLES)}\n{_BLOCKS}\n"
        self.graph: Graph | None = None

    def line(self, keyword: str) -> str:
        """A line of an operator."""
        op = registry()[keyword]
        text = self.choose.choice([*_LINES.get(keyword, ()), op.example.line if op.writable else "relu train"])
        for word, values in {"K": "1133", "C": "24486", "S": "122"}.items():
            for mark in (f"conv{word}", f"-{word}", f"/{word}", f"{{{word}}}", f" {word}"):
                text = text.replace(mark, mark.replace(word, self.choose.choice(values)))
        return text

    def item(self, depth: int, keyword: str | None = None) -> str:
        """An item that holds a line of an operator."""
        inner = self.line(keyword or self.choose.choice([*registry()]))
        pick = self.choose.random() if depth else 1.0
        if pick < 0.12:
            return f"[{self.item(depth - 1)}, {inner}] ×2"
        if pick < 0.24:
            return f"add {{ {inner}, {self.item(depth - 1)} | id }}"
        if pick < 0.34:
            return f"concat {{ {inner} | {self.item(depth - 1)} }}"
        if pick < 0.42:
            return f"if in.c > 3 {{ {inner} }} else {{ {self.item(depth - 1)} }}"
        if pick < 0.5:
            return f"[{inner}, {self.item(depth - 1)}] {self.choose.choice(['train', 'eval'])}"
        if pick < 0.56:
            return self.choose.choice(["plain(3)", "plain(1, 4)", "residual(3)", "residual(1, flag=true)", "down(2)"])
        return inner

    def row(self, keyword: str | None) -> tuple[str, str | None]:
        """A row, and the label that it has."""
        pick = self.choose.random()
        if self.labels and pick < 0.1:
            name = self.choose.choice(self.labels)
            rows = (f"pair(@{name})", f"reuse {name}", f"add {{ id | @{name} }}", f"concat {{ @{name} | id }}")
            return self.choose.choice(rows), None
        item = self.item(2, keyword)
        name = f"l{len(self.rows)}"
        if pick < 0.3:
            return f"{name}: [{item}]", name
        if pick < 0.4:
            return f"p.{name}: {item}", None
        if pick < 0.5:
            return f"{item} as {name}", name
        return item, None

    def all(self, *more: str) -> str:
        """The text so far."""
        return self.head + "".join(f"{row}\n" for row in (*self.rows, *more))

    def grow(self, keyword: str | None) -> bool:
        """Tries a row."""
        row, label = self.row(keyword)
        made = analyse(self.all(row), limits=LIMITS)
        if made.graph is None or len(made.graph.nodes) > 100:
            return False
        self.rows.append(row)
        self.labels += [] if label is None else [label]
        self.graph = made.graph
        return True

    def text(self) -> str:
        """The spec."""
        ends = ["gap", "fc-5", "relu"]
        if self.labels and self.choose.random() < 0.5:
            mode = self.choose.choice(["train ", "eval ", ""])
            ends.insert(0, f"output aux {mode}{{ @{self.choose.choice(self.labels)}, relu }}")
        for end in ends:
            made = analyse(self.all(end), limits=LIMITS)
            if made.graph is not None:
                self.rows.append(end)
                self.graph = made.graph
        return self.all()


def make(seed: int) -> str:
    """The spec of a number: each in turn begins with another operator, so that none is left out."""
    choose = random.Random(f"spec {seed}")
    if seed >= len(registry()) and choose.random() < 0.2:
        return without_rank(choose)
    keywords = list(registry())
    for _ in range(50):
        grown = Grown(choose)
        if grown.grow(keywords[seed % len(keywords)]):
            for _ in range(choose.randint(2, 14)):
                grown.grow(None)
            return grown.text()
    return without_rank(choose)
