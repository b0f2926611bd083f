"""An overview as the text of a Mermaid flowchart, which code hosts draw in a README.

Stages and blocks are subgraphs, repeats are folded as in a drawing of our own. Mermaid lays it out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from netdsl.analyses.cost import costs_by_node
from netdsl.analyses.structure import Layer, structure
from netdsl.analyses.titles import net_name
from netdsl.analyses.view import see
from netdsl.backends.canvas.engine import MAX_DRAWN, check_drawn
from netdsl.backends.canvas.options import Options
from netdsl.backends.canvas.palette import FILLS, INK, LINE, WHITE, colours
from netdsl.backends.costs import rounded, total
from netdsl.backends.labels import plain, show, times
from netdsl.backends.overview import heat
from netdsl.backends.overview.cards import Card, Chain, Columns, Part, Row, Skip, Times, rows
from netdsl.backends.overview.flow import Flow, Unit, flow, least_boxes
from netdsl.ir.graph import Graph
from netdsl.ir.types import View

#: Signs that may mean something to Mermaid, to Markdown or to HTML, and are written as references.
_STRANGE = re.compile(r"[^A-Za-z0-9 ,.:/=·×²³→–—-]|^[-=]|(?<=\d)\.(?= )")

#: Between two lines of a title, which Mermaid leaves no room for.
_LEADING = 20


def mermaid(graph: Graph, view: View = "train", options: Options | None = None, *, most: int = MAX_DRAWN) -> str:
    """The overview of a net as Mermaid text. The same graph gives the same text.

    Of ``options`` it takes the heat, the theme, the direction (``right`` is from left to right, the others from the top
    down) and the labels. ``ValueError`` for receptive fields, a page, and the theme ``auto``, which it cannot have.
    Raises :class:`netdsl.NetdslError` (ND218) for more than ``most`` boxes, counted as in a drawing of our own.
    """
    options = options or Options()
    if options.page is not None or options.theme == "auto" or "rf" in (options.labels or ()):
        raise ValueError("Mermaid text has no page, no theme `auto`, and no receptive fields")
    return _Writer(graph, view, options, most).text()


class _Writer:
    def __init__(self, graph: Graph, view: View, options: Options, most: int) -> None:
        self.graph = graph
        self.options = options
        self.labels = ("shapes", "params", "macs") if options.labels is None else options.labels
        seen = see(graph, view)
        self.flow: Flow = flow(graph, structure(graph, seen))
        check_drawn(least_boxes(self.flow), most, "this flowchart", "`netdsl stats` lists the layers")
        self.costs = costs_by_node(graph, seen)
        self.training = any(node.mode == "train" for node in seen.nodes)
        self.cards = self.flow.cards
        if options.heat:
            found = [row for card in self.cards for row in rows(card.parts)]
            heat.colour(options.heat, self.costs, found + [row for bow in self.flow.bows for row in bow.rows])
        #: ``right`` has the units beside one another and their rows below one another, the other the reverse.
        self.outer, self.inner = ("LR", "TB") if options.direction == "right" else ("TB", "LR")
        self.lines: list[str] = []
        self.depth = 1
        self.nodes = 0
        #: Nodes by their colours.
        self.styles: dict[tuple[str, str, str], list[str]] = {}

    def text(self) -> str:
        name = net_name(self.graph)
        cost = self._cost([layer for card in self.cards for layer in card.layers])
        trains = " in training" if self.training else ""
        title = plain(f"{name}: {cost}{trains}" if cost else name)
        units = [f"u{number}" for number in range(len(self.flow.units))]
        #: What an arrow from or to another stage begins and ends at: a stage of one unit is that unit.
        ends: list[str] = []
        for number, stage in enumerate(self.flow.stages):
            several = len(stage.units) > 1 or any(self.flow.units[unit].taps for unit in stage.units)
            ends.append(f"s{number}" if several else units[stage.units[0]])
            if several:
                self._open(ends[-1], stage.label)
                self._put(f"direction {self.outer}")
            for unit in stage.units:
                self._unit(units[unit], self.flow.units[unit].card)
                for place, side in enumerate(self.flow.units[unit].taps):
                    self._card(f"{units[unit]}h{place}", side.card)
            for before, after in pairwise(stage.units):
                self._link(units[before], units[after])
            if several:
                self._close()
        for number, (one, other) in enumerate(pairwise(ends)):
            self._link(one, other, self._shape(self.flow.units[self.flow.stages[number].units[-1]]))
        for bow in self.flow.bows:
            way = [units[bow.source], *(self._row(row) for row in bow.rows), units[bow.target]]
            for one, other in pairwise(way):
                self._link(one, other)
        for number, tapped in enumerate(self.flow.units):
            for place, side in enumerate(tapped.taps):
                self._link(units[number], f"{units[number]}h{place}", arrow="-.->" if side.training else "-->")
        most = max((line.count("<br/>") for line in self.lines if "subgraph" in line), default=0)
        head = [
            "---",
            # JSON is YAML.
            f"title: {json.dumps(title, ensure_ascii=False)}",
            "config:",
            "    flowchart:",
            "        subGraphTitleMargin:",
            f"            bottom: {_LEADING * most + 4}",
            "---",
            f"flowchart {self.outer}",
            f"    accTitle: {_spoken(name)}",
            f"    accDescr: {_spoken(self.flow.spoken)}",
        ]
        return "\n".join([*head, *self.lines, *self._classes(), ""])

    # -- what stands on it

    def _unit(self, name: str, card: Card) -> None:
        only = card.parts[0]
        if len(card.parts) == 1 and isinstance(only, Row) and not card.title:
            self._row(only, name)
        else:
            self._card(name, card)

    def _card(self, name: str, card: Card) -> None:
        """A card as a subgraph. What is small print on one of ours is in its title."""
        words = card.title + times(card.count)
        words += f" · {card.detail}" if card.detail and words else card.detail
        lines = [words, f"first: {'; '.join(card.first)}" if card.first else "", *card.notes, self._cost(card.layers)]
        title = "\n".join(filter(None, lines))
        if not card.parts:
            self._put(f'{name}["{_label(title)}"]')
            return
        self._open(name, title)
        self._put(f"direction {self.inner}")
        self._parts(card.parts)
        self._close()

    def _parts(self, parts: Sequence[Part], before: Iterable[str] = ()) -> list[str]:
        """Parts one after another, after the nodes ``before``; gives the nodes that they end in."""
        ends = list(before)
        for part in parts:
            ends = self._part(part, ends)
        return ends

    def _part(self, part: Part, before: list[str]) -> list[str]:
        if isinstance(part, Row):
            made = self._row(part)
            for end in before:
                self._link(end, made)
            return [made]
        if isinstance(part, Chain):
            return self._parts(part.row, before)
        if isinstance(part, Times):
            self._open(self._name(), f"×{part.count}")
            inside = self._nodes_of(part.parts)
            self._close()
            for end in before:
                self._link(end, inside[0])
            return [inside[1]]
        if isinstance(part, Skip):
            start = self._fork(before)
            (end,) = self._parts(part.parts, [start])
            join = self._row(part.join)
            self._link(end, join)
            self._link(start, join, arrow="-.->" if part.projection else "-->")
            return [join]
        # Nothing goes to what enters: such an arm begins by itself.
        fork = [] if all(map(_enters, part.arms)) else [self._fork(before)]
        ends = [self._parts(arm, [] if _enters(arm) else fork)[0] for arm in part.arms]
        join = self._row(part.join)
        for end in ends:
            self._link(end, join)
        return [join]

    def _nodes_of(self, parts: Sequence[Part]) -> tuple[str, str]:
        """Parts, as the names of the node that they begin with and of that they end with."""
        first = self.nodes
        end = self._parts(parts)
        return f"n{first}", end[0]

    def _fork(self, before: list[str]) -> str:
        """The node from which ways part: the one before, or a dot where a card begins."""
        if len(before) == 1:
            return before[0]
        dot = self._name()
        self._put(f'{dot}((" "))')
        self.styles.setdefault((WHITE, LINE, INK), []).append(dot)
        return dot

    def _row(self, row: Row, name: str | None = None) -> str:
        name = name or self._name()
        words = row.text + times(row.times)
        words += f" · {row.share}" if row.share else ""
        self._put(f'{name}["{_label(words)}"]')
        fill = row.fill or FILLS[row.tint]
        self.styles.setdefault((fill, INK if row.tint == "merge" else LINE, row.ink or INK), []).append(name)
        return name

    def _name(self) -> str:
        self.nodes += 1
        return f"n{self.nodes - 1}"

    # -- words

    def _cost(self, layers: Iterable[Layer]) -> str:
        every = [self.costs[node.index] for layer in layers for node in layer.nodes]
        return rounded(*total(every), self.labels)

    def _shape(self, before: Unit) -> str:
        """What is written between two stages."""
        entering = before.card.layers[0].head.op.category == "input"
        return show(before.shape) if "shapes" in self.labels and not entering else ""

    # -- lines

    def _put(self, words: str) -> None:
        self.lines.append("    " * self.depth + words)

    def _open(self, name: str, title: str) -> None:
        self._put(f'subgraph {name}["{_label(title) or " "}"]')
        self.depth += 1

    def _close(self) -> None:
        self.depth -= 1
        self._put("end")

    def _link(self, one: str, other: str, words: str = "", arrow: str = "-->") -> None:
        label = f'|"{_label(words)}"|' if words else ""
        self._put(f"{one} {arrow}{label} {other}")

    def _classes(self) -> list[str]:
        shown = colours(self.options.theme)
        lines = []
        for number, ((fill, stroke, ink), names) in enumerate(self.styles.items()):
            fill, stroke, ink = (shown.get(colour, colour) for colour in (fill, stroke, ink))
            lines.append(f"    classDef k{number} fill:{fill},stroke:{stroke},color:{ink}")
            lines.append(f"    class {','.join(names)} k{number}")
        return lines


def _enters(parts: Sequence[Part]) -> bool:
    """Whether parts begin with nothing but what enters the net."""
    first = parts[0] if parts else None
    if isinstance(first, Columns):
        return all(map(_enters, first.arms))
    if isinstance(first, Row):
        return first.tint == "input"
    return isinstance(first, Chain) and _enters(first.row)


def _label(words: str) -> str:
    """Text in quotes that Mermaid prints as it is; a new line is one."""
    return "<br/>".join(_STRANGE.sub(lambda found: f"#{ord(found[0])};", plain(line)) for line in words.split("\n"))


def _spoken(words: str) -> str:
    """Text of one line for those who listen, without the signs that would end it."""
    return plain(words).replace("#", " ").replace(";", ",").replace("%", " percent")
