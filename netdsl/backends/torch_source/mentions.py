"""Which of a block's parameters the spec itself names where a module's number comes from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from netdsl.backends.torch_source.members import Group, Leaf, Own, Slot
from netdsl.backends.torch_source.plan import Plan
from netdsl.diagnostics import Source, Span
from netdsl.syntax import tree
from netdsl.syntax.parse import parse
from netdsl.syntax.walk import walk

if TYPE_CHECKING:
    from netdsl.backends.torch_source.instances import Instance

#: How far back from a module its channels are traced.
_FAR = 32


class Mentions:
    """Reads the text of the spec for one call of a block; where there is none, it finds nothing."""

    def __init__(self, plan: Plan, instance: Instance) -> None:
        self.plan = plan
        self.instance = instance
        self.prefix = f"{instance.scope.path}." if instance.scope.path else ""

    def order(self, slots: Iterable[Slot], names: Sequence[str]) -> dict[Slot, list[str]]:
        """The names for each slot: those mentioned nearest to its number, those mentioned at all, the others."""
        nearest = {slot: self.nearest(slot, names) for slot in slots}
        anywhere = {name for found in nearest.values() for name in found}
        return {
            slot: sorted(names, key=lambda name: (name not in found, name not in anywhere))
            for slot, found in nearest.items()
        }

    def conditions(self, part: Slot) -> set[str]:
        """The names in the spec's conditions under which a part is there, or a join has another branch."""
        if part[0] == "step":
            node = self.instance.body.steps[int(str(part[1]))].node
            return set() if node is None else self._asked(node.span, within=True)
        member = self.plan.member(self._place((*part, "", ""))[0])
        while member.unit is None and member.node is None:
            member = next(iter(member.children.values()))
        if member.unit is not None:
            return self._asked(self.plan.graph.scopes[member.unit].span)
        return set() if member.node is None else self._asked(member.node.span)

    def nearest(self, slot: Slot, names: Iterable[str]) -> set[str]:
        """Those of the names that stand nearest to a slot's number."""
        for words in self._words(slot):
            if found := words.intersection(names):
                return found
        return set()

    def _words(self, slot: Slot) -> Iterator[set[str]]:
        """The words of the layer that has the number, and of those before it if it is of what they give."""
        if slot[0] == "step":
            node = self.instance.body.steps[int(str(slot[1]))].node
            if node is not None:
                yield self._said(node.span)
            return
        path, construct = self._place(slot)
        member = self.plan.member(path)
        if isinstance(construct, Own):
            if member.unit is not None:
                yield self._said(self.plan.graph.scopes[member.unit].span)
            return
        if not isinstance(construct, Leaf) or member.node is None:
            return
        node = member.node
        entering = slot[-2:] == ("arg", 0) or slot[-1] == "groups"
        if not entering or node.op.category == "regularise":
            yield self._said(node.span)
        start = self.plan.extents[self.instance.scope.index].start
        for _ in range(_FAR):
            if len(node.inputs) != 1 or node.inputs[0] < start:
                return
            node = self.plan.nodes[node.inputs[0]]
            yield self._said(node.span)

    def _place(self, slot: Slot) -> tuple[str, Leaf | Own | Group | None]:
        """The path of a slot's module, and what it is made from."""
        names = []
        construct: Leaf | Own | Group | None = None
        for part in slot[:-2]:
            if construct is None:
                construct = self.instance.constructs[str(part)]
                names.append(str(part))
            elif isinstance(construct, Group):
                runs = construct.runs
                at = part if isinstance(part, int) else next(at for at, run in enumerate(runs) if run[0] == part)
                names.append(runs[at][0])
                construct = runs[at][1]
        return self.prefix + ".".join(names), construct

    def _said(self, span: Span) -> set[str]:
        return _words(self._text(span))

    def _asked(self, span: Span, *, within: bool = False) -> set[str]:
        """The names in the conditions of the ``if`` around a stretch of the spec, or of those within it."""
        sources = self.plan.graph.sources
        if not 0 <= span.file < len(sources):
            return set()
        words: set[str] = set()
        for begin, end, names in _choices(sources[span.file].text):
            if span.start <= begin and end <= span.end if within else begin <= span.start and span.end <= end:
                words |= names
        return words

    def _text(self, span: Span) -> str:
        sources = self.plan.graph.sources
        return sources[span.file].text[span.start : span.end] if 0 <= span.file < len(sources) else ""


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))


@lru_cache(maxsize=8)
def _choices(text: str) -> tuple[tuple[int, int, set[str]], ...]:
    """Every ``if`` of a spec: where it begins and ends, and the names that its condition asks for."""
    file, _ = parse(Source("", text), 0)
    found = []
    for node in walk(file):
        if isinstance(node, tree.If):
            inside = walk(node.condition)
            names = {one.name for one in inside if isinstance(one, tree.Variable)}
            names |= {one.owner.text for one in inside if isinstance(one, tree.Member)}
            found.append((node.span.start, node.span.end, names))
    return tuple(found)
