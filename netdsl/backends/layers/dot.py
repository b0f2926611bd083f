"""Diagrams: a graph as Graphviz's DOT text, and that text as SVG or PNG, drawn by graphviz-pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate

import graphviz

from netdsl.backends.canvas.engine import MAX_DRAWN, check_drawn, render
from netdsl.backends.captions import LayerTint
from netdsl.backends.labels import cell, metric, plain, row, show, table
from netdsl.backends.layers.diagram import Box, Diagram, Frame, Link, diagram
from netdsl.ir.graph import Graph, Output
from netdsl.ir.types import View

# Paul Tol's "light" scheme, made for black text on it; the words in a box say the kind too.
_COLOURS: dict[LayerTint, str] = {
    "input": "#FFFFFF",
    "conv": "#77AADD",
    "pointwise": "#99DDFF",
    "grouped": "#44BB99",
    "pool": "#EE8866",
    "fc": "#BBCC33",
    "norm": "#DDDDDD",
    "activation": "#EEDD88",
    "merge": "#FFFFFF",
    "shape": "#F4F4F4",
    "regularise": "#F4F4F4",
}
_KINDS: dict[LayerTint, str] = {
    "conv": "k×k conv",
    "pointwise": "1×1 conv",
    "grouped": "depthwise or grouped conv",
    "pool": "pooling",
    "fc": "fully connected",
    "norm": "norm",
    "activation": "activation",
    "shape": "reshaping",
    "regularise": "regularising",
}
_INK, _GREY, _LINE, _RED = "#222222", "#666666", "#444444", "#CC3311"
_BANDS = ("#F6F6F6", "#ECECEC")
_GRAPH = {
    "fontname": "Helvetica",
    "fontsize": "10",
    "fontcolor": _INK,
    "rankdir": "TB",
    "nodesep": "0.16",
    "ranksep": "0.25",
    "labelloc": "b",
    "bgcolor": "white",
    "pad": "0.15",
}
_NODE = {
    "fontname": "Helvetica",
    "fontsize": "10",
    "fontcolor": _INK,
    "shape": "box",
    "style": "rounded,filled",
    "color": "#00000055",
    "penwidth": "0.8",
    "height": "0.25",
    "width": "1.05",
    "margin": "0.09,0.03",
}
_EDGE = {
    "fontname": "Helvetica",
    "fontsize": "8",
    "fontcolor": _GREY,
    "color": _LINE,
    "penwidth": "0.9",
    "arrowsize": "0.55",
}


def draw(graph: Graph, *, view: View = "train") -> str:
    """A diagram of ``graph`` as the text of an SVG. See :func:`dot_text`.

    Raises :class:`NetdslError` (ND008) where no Graphviz is found.
    """
    return render(dot_text(graph, view=view), "svg").decode()


def dot_text(graph: Graph, *, view: View = "train", most: int = MAX_DRAWN) -> str:
    """A diagram of ``graph`` as DOT text, for :func:`render` or any Graphviz. The same graph gives the same text.

    One box a layer, with the norm and activation that follow it; a frame for each call of a block; shapes
    ``channels×height×width`` on the arrows where they change. ``view`` says which face of the net is drawn; in the
    training one, what acts in training alone is dashed.

    Raises :class:`NetdslError` (ND218) for more than ``most`` boxes, or arrows that pass by so many others that they
    take as long to lay out.
    """
    shown = diagram(graph, view)
    check_drawn(_extent(shown), most, "a diagram of all layers", "`--as overview` folds repeats")
    return _Writer(graph, shown, view).text()


def _extent(shown: Diagram) -> int:
    """How much there is to lay out, in boxes.

    Graphviz orders what stands side by side, and arrows that pass by count among that: so many on each rank, squared.
    Twenty pairs take about as long as a box.
    """
    rank = [0] * len(shown.boxes)
    for link in sorted(shown.links, key=lambda link: link.target):
        rank[link.target] = max(rank[link.target], rank[link.source] + 1)
    change = [0] * (max(rank, default=0) + 2)
    for link in shown.links:
        change[rank[link.source] + 1] += 1
        change[rank[link.target]] -= 1
    return len(shown.boxes) + sum(passing * passing for passing in accumulate(change)) // 20


# -- DOT --------------------------------------------------------------------------------------------------------------


class _Inside:
    """What stands in each frame, by its index: boxes, forks, outputs and frames."""

    def __init__(self, shown: Diagram, forks: Mapping[tuple[int, int], str]) -> None:
        self.boxes: list[list[int]] = [[] for _ in shown.frames]
        self.forks: list[list[str]] = [[] for _ in shown.frames]
        self.outputs: list[list[int]] = [[] for _ in shown.frames]
        self.frames: list[list[int]] = [[] for _ in shown.frames]
        for place, box in enumerate(shown.boxes):
            self.boxes[box.frame].append(place)
        for (_, around), name in forks.items():
            self.forks[around].append(name)
        for place, (_, at) in enumerate(shown.outputs):
            self.outputs[shown.boxes[at].frame].append(place)
        for index, frame in enumerate(shown.frames):
            if frame.parent is not None:
                self.frames[frame.parent].append(index)


class _Writer:
    """Writes one diagram. Boxes are called ``n0``, ``n1``, … by their place."""

    def __init__(self, graph: Graph, shown: Diagram, view: View) -> None:
        self.graph = graph
        self.shown = shown
        self.view = view
        self.forks = self._number_forks()
        self.carrier = _carriers(shown.links)

    def text(self) -> str:
        dot = graphviz.Digraph(_escaped(self.graph.name), graph_attr=_GRAPH, node_attr=_NODE, edge_attr=_EDGE)
        dot.attr(label=self._legend())
        self._frame(dot, 0, _Inside(self.shown, self.forks), 0)
        for link in self._edges():
            dot.edge(*link[:2], **link[2])
        source: str = dot.source
        return source

    def _number_forks(self) -> dict[tuple[int, int], str]:
        forks: dict[tuple[int, int], str] = {}
        for link in self.shown.links:
            if link.forks is not None:
                forks.setdefault((link.source, link.forks), f"fork{len(forks)}")
        return forks

    # -- frames

    def _frame(self, dot: graphviz.Digraph, index: int, inside: _Inside, depth: int) -> None:
        """A frame and all in it, as a cluster."""
        frame = self.shown.frames[index]
        with dot.subgraph(name=f"cluster{index}") as cluster:
            cluster.attr(**self._frame_style(frame, depth))
            for place in inside.boxes[index]:
                cluster.node(f"n{place}", **self._box(self.shown.boxes[place]))
            for name in inside.forks[index]:
                cluster.node(name, shape="point", width="0.04", height="0.04", ordering="out", color=_LINE)
            for place in inside.outputs[index]:
                output, at = self.shown.outputs[place]
                cluster.node(f"out{place}", **self._output(output, self.shown.boxes[at]))
            for child in inside.frames[index]:
                self._frame(cluster, child, inside, depth + (1 if frame.band else 0))

    def _frame_style(self, frame: Frame, depth: int) -> dict[str, str]:
        if frame.parent is None:
            return {"label": self._title(), "labelloc": "t", "peripheries": "0", "margin": "4"}
        # Under one another, so that the arrow that enters in the middle crosses neither.
        rows = [row(cell(frame.name, bold=True, size=9), left=True)]
        rows += [row(cell(frame.detail, colour=_GREY, size=8), left=True)] if frame.detail else []
        style = {"label": table(rows), "labelloc": "t", "labeljust": "l", "margin": "10", "peripheries": "1"}
        if frame.mode == "train":
            style["labeljust"] = "r"
        if frame.band:
            return {**style, "style": "rounded,filled", "color": _BANDS[depth % 2], "fillcolor": _BANDS[depth % 2]}
        dashed = ",dashed" if frame.mode != "both" else ""
        return {
            **style,
            "style": f"rounded,filled{dashed}",
            "color": "#999999",
            "fillcolor": "white",
            "penwidth": "0.8",
        }

    def _title(self) -> str:
        graph, shown = self.graph, self.shown
        name = f"{graph.name} {graph.variant}" if graph.variant else graph.name
        numbers = f"{metric(shown.params)} params · {metric(shown.macs)} MACs"
        if self.view == "train" and any(box.mode == "train" for box in shown.boxes):
            numbers += " in training"
        rows = [row(cell(name, bold=True, size=14))]
        rows += [row(cell(graph.title, colour=_GREY))] if graph.title and graph.title.strip() else []
        rows += [row(cell(numbers, colour=_GREY))]
        return table(rows)

    def _legend(self) -> str:
        """Which colour is what, of those that occur, and what is drawn into the boxes."""
        found = {box.tint for box in self.shown.boxes}
        kinds = dict(_KINDS)
        if all("drop" in box.head.op.keyword for box in self.shown.boxes if box.tint == "regularise"):
            kinds["regularise"] = "dropout"
        swatches = [
            f'<TD BORDER="1" COLOR="#BBBBBB" BGCOLOR="{_COLOURS[kind]}"><FONT POINT-SIZE="8">{words}</FONT></TD>'
            for kind, words in kinds.items()
            if kind in found
        ]
        lines = [self._habits()] if any(before or after for before, after in self.shown.usual.values()) else []
        if any(box.mode == "train" for box in self.shown.boxes):
            lines.append("dashed: in training alone")
        rows = [row(cell(line, colour=_GREY, size=8)) for line in lines]
        if swatches:
            one = f'<TABLE BORDER="0" CELLSPACING="5" CELLPADDING="3"><TR>{"".join(swatches)}</TR></TABLE>'
            rows.insert(0, row(one))
        return table(rows) if rows else ""

    def _habits(self) -> str:
        """``conv and fc are followed by relu, unless a box says otherwise``."""
        kinds: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
        for keyword, habit in self.shown.usual.items():
            kinds.setdefault(habit, []).append(keyword)
        habits = []
        for (before, after), keywords in kinds.items():
            follow, are = ("follows", "is") if len(keywords) == 1 else ("follow", "are")
            words = [f"{follow} {', '.join(before)}"] if before else []
            words += [f"{are} followed by {', '.join(after)}"] if after else []
            habits += [f"{' and '.join(keywords)} {' and '.join(words)}"] if words else []
        unusual = any(
            (box.before, box.after) != self.shown.usual.get(box.head.op.keyword, ((), ())) and not box.circle
            for box in self.shown.boxes
        )
        return "; ".join(habits) + (", unless a box says otherwise" if unusual else "")

    # -- boxes

    def _box(self, box: Box) -> dict[str, str]:
        style = {"label": _escaped(self._words(box)), "id": _escaped(box.head.name), "tooltip": _escaped(_tip(box))}
        style["fillcolor"] = _COLOURS[box.tint]
        if box.circle:
            style |= {"label": _escaped(box.caption), "shape": "circle", "style": "filled", "fixedsize": "true"}
            style |= {"width": "0.25", "margin": "0", "color": _LINE, "fontsize": "12"}
        elif box.head.op.category == "merge":
            style |= {"color": _INK, "penwidth": "1.2"}
        if box.mode == "train":
            style["style"] = style.get("style", _NODE["style"]) + ",dashed"
            style["color"] = _LINE
        return style

    def _words(self, box: Box) -> str:
        """The text of a box: its caption, and what is drawn into it where that is not the usual."""
        if not box.nodes[0].inputs:
            return f"{box.head.label or 'input'} {show(box.last.shape)}"
        if box.head.op.category == "merge":
            return f"{box.caption} → {show(box.last.shape)}"
        words = [*box.before, box.caption, *box.after]
        usual = self.shown.usual.get(box.head.op.keyword)
        if usual == (box.before, box.after):
            words = [box.caption]
        elif usual is not None and len(words) == 1:
            words.append("linear")
        return " · ".join([*words, "shared"] if box.shared else words)

    def _output(self, output: Output, box: Box) -> dict[str, str]:
        several = len(self.shown.outputs) > 1
        words = f"{output.name if several else 'output'} {show(box.last.shape)}"
        if output.weight is not None:
            words += f" · loss ×{output.weight:g}"
        style = {"label": _escaped(words), "fillcolor": "white", "color": _LINE}
        return {**style, "style": "rounded,filled,dashed"} if output.mode == "train" else style

    # -- edges

    def _edges(self) -> Iterator[tuple[str, str, dict[str, str]]]:
        notes = self._notes()
        begun: set[str] = set()
        for link in self.shown.links:
            source, style = f"n{link.source}", _arrow(link)
            if link.forks is not None:
                fork = self.forks[link.source, link.forks]
                if fork not in begun:
                    begun.add(fork)
                    yield source, fork, {"arrowhead": "none", "weight": "20"} | notes.pop(link.source, {})
                source = fork
            elif self.carrier.get(link.source) == link.target:
                style |= notes.pop(link.source, {})
            yield source, f"n{link.target}", style
        for place, (output, at) in enumerate(self.shown.outputs):
            style = {"weight": "20"} | ({"style": "dashed"} if output.mode == "train" else {})
            yield f"n{at}", f"out{place}", style | notes.pop(at, {})

    def _notes(self) -> dict[int, dict[str, str]]:
        """What is written beside the arrow out of a box: what follows a sum, and the shape where it is news."""
        notes = {}
        for place, box in enumerate(self.shown.boxes):
            words = [*(box.after if box.circle else ()), *([show(box.last.shape)] if box.news else [])]
            if words:
                notes[place] = _beside(" · ".join(words))
        # A projection's shape is that of the branch beside it.
        for link in self.shown.links:
            if link.role == "projection" and self.shown.boxes[link.target].circle:
                notes.pop(link.source, None)
        return notes


def _carriers(links: Iterable[Link]) -> dict[int, int]:
    """For each box the target of the arrow that its note stands beside: that of the spine, else the first branch.

    None for a box whose arrow comes into a join from the side, where a note would lie across other things.
    """
    carrier: dict[int, Link] = {}
    enter: Counter[int] = Counter()
    for link in links:
        enter[link.target] += 1
        best = carrier.get(link.source)
        if best is None or (_rank(link) > _rank(best)):
            carrier[link.source] = link
    return {at: link.target for at, link in carrier.items() if link.spine or enter[link.target] == 1}


def _rank(link: Link) -> tuple[bool, bool]:
    return link.spine, link.role == "plain"


def _arrow(link: Link) -> dict[str, str]:
    style: dict[str, str] = {}
    if link.role == "projection":
        style |= {"color": _RED, "style": "dashed", "weight": "0"}
    elif link.role == "identity":
        style |= {"weight": "0"}
    elif link.spine:
        style |= {"weight": "20"}
    if link.mode == "train":
        style["style"] = "dashed"
    return style


def _beside(words: str) -> dict[str, str]:
    """A note to the right of where an arrow begins. (As the arrow's own label it would double all ranks.)"""
    across, down = 5 + 2.1 * len(words), 6
    angle = math.degrees(math.atan2(across, down))
    # Graphviz counts the distance in tens of points.
    return {
        "taillabel": _escaped(words),
        "labelangle": f"{angle:.1f}",
        "labeldistance": f"{math.hypot(across, down) / 10:.2f}",
    }


def _tip(box: Box) -> str:
    """What a browser shows for a box: its name, shape and costs."""
    numbers = [f"{box.params:,} params"] if box.params else []
    numbers += [f"{box.macs:,} MACs"] if box.macs else []
    return f"{box.head.name}: {', '.join(['×'.join(map(str, box.last.shape)), *numbers])}"


def _escaped(text: str) -> str:
    """Text that Graphviz prints as it is: no escape sequence, no character reference, and never markup."""
    escaped: str = graphviz.escape(plain(text).replace("&", "&amp;"))
    return escaped
