"""Where shapes come from, and why the branches of a join do not fit: which layer made the difference."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from netdsl.diagnostics import Diagnostic, Note, Span
from netdsl.elaborate.context import Draft
from netdsl.elaborate.helps.arms import Arm
from netdsl.elaborate.helps.mending import Mender
from netdsl.ir.types import show_shape
from netdsl.syntax import tree

#: Of more branches than this, those alone are shown that were compared.
_MOST_SHOWN = 8
_BRANCH = re.compile(r"branch (\d+)")


def arm(number: int, branch: tree.Branch, first: int, end: int, drafts: Sequence[Draft], last: Span) -> Arm:
    """The arm whose nodes are those from ``first`` on and whose result is the node ``end``, made at ``last``."""
    nodes: list[int] = []
    at = end
    while at >= first:
        nodes.append(at)
        if not drafts[at].inputs:
            break
        at = drafts[at].inputs[0]
    return Arm(number, branch, tuple(reversed(nodes)), at, drafts[at].shape, drafts[end].shape, last)


def origin(at: int, part: slice, drafts: Sequence[Draft], since: int = 0) -> Note | None:
    """The place of the last draft, on the way to ``at``, that made a part of the shape what it is.

    None where that is before ``since``.
    """
    while at >= since:
        draft = drafts[at]
        if not draft.inputs:
            return Note(draft.span, f"the input is {show_shape(draft.shape)}")
        before = drafts[draft.inputs[0]].shape
        if before[part] != draft.shape[part]:
            if draft.op.keyword == "concat" and part.stop == 1:
                parts = [drafts[index].shape[0] for index in draft.inputs]
                return Note(draft.span, f"joins {' + '.join(map(str, parts))} = {draft.shape[0]} channels")
            return Note(draft.span, f"makes {show_shape(draft.shape)} of {show_shape(before)}")
        at = draft.inputs[0]
    return None


def origin_node(at: int, part: slice, drafts: Sequence[Draft]) -> int | None:
    """The last draft, on the way to ``at``, that made a part of the shape what it is; None where that is an input."""
    while drafts[at].inputs:
        before = drafts[at].inputs[0]
        if drafts[before].shape[part] != drafts[at].shape[part]:
            return at
        at = before
    return None


def explain(said: Diagnostic, mender: Mender) -> Diagnostic:
    """What a join's operator says of its branches, with each one's shape, what made it so, and what would mend it."""
    arms, drafts = mender.arms, mender.drafts
    pair = [int(number) - 1 for number in _BRANCH.findall(said.message)]
    if len(pair) != 2:
        return said

    def numbered(found: re.Match[str]) -> str:
        return f"branch {arms[int(found[1]) - 1].number}"

    message = _BRANCH.sub(numbered, said.message)
    if (odd := _odd(mender)) is not None:
        message += f"; branch {odd.number} alone is not as the others"
    sizes = arms[pair[0]].shape[1:] != arms[pair[1]].shape[1:]
    if mender.keyword == "mul":
        sizes = any(length != 1 for length in arms[pair[1]].shape[1:]) and sizes
    shown = arms if len(arms) <= _MOST_SHOWN else [arms[index] for index in pair]
    notes = [note for one in shown for note in _notes(one, drafts, sizes)]
    if sizes and mender.still:
        before = [origin(arms[index].start, slice(1, None), drafts) for index in pair]
        notes += [note for note in dict.fromkeys(before) if note is not None]
    if not sizes:
        # Of tensors that are taken up by their names the layers that set their channels are further off.
        for index in pair:
            if not arms[index].nodes and isinstance(arms[index].branch.rows[0].items[0].core, tree.Reference):
                made = origin(arms[index].start, slice(0, 1), drafts)
                notes += [made] if made is not None and made not in notes else []
    if sizes:
        notes += _dropped(arms, drafts)
    help = (mender.sizes() if sizes else mender.channels(*pair)) or _BRANCH.sub(numbered, said.help or "")
    return said._replace(message=message, notes=tuple(notes), help=help)


def _odd(mender: Mender) -> Arm | None:
    """The one arm of several that differs from all others, which are alike; a ``concat`` joins any channels."""
    first = 1 if mender.keyword == "concat" else 0
    if len(mender.arms) < 3 or mender.keyword == "mul":
        return None
    shapes = Counter((len(one.shape), *one.shape[first:]) for one in mender.arms)
    if sorted(shapes.values()) != [1, len(mender.arms) - 1]:
        return None
    return next(one for one in mender.arms if shapes[(len(one.shape), *one.shape[first:])] == 1)


def _notes(one: Arm, drafts: Sequence[Draft], sizes: bool) -> list[Note]:
    """Where an arm ends, with its shape, and the layer in it that made its size or its channels what they are."""
    end = one.last
    part = slice(1, None) if sizes else slice(0, 1)
    made = origin(one.nodes[-1], part, drafts, one.nodes[0]) if one.nodes else None
    given = Note(end, f"gives {show_shape(one.shape)}")
    if made is None or made.span != end:
        return [given] if made is None else [given, made]
    return [made]


def _dropped(arms: Sequence[Arm], drafts: Sequence[Draft]) -> list[Note]:
    """The first layer on the way to the arms whose window leaves out the end of its input: a usual cause."""
    seen: set[int] = set()
    for one in arms:
        at = one.nodes[-1] if one.nodes else one.start
        while at not in seen and drafts[at].inputs:
            seen.add(at)
            draft = drafts[at]
            if draft.op.category in ("conv", "pool"):
                arithmetic = draft.op.dropped(tuple(drafts[index].shape for index in draft.inputs))
                if arithmetic is not None:
                    return [Note(draft.span, f"leaves out the end of its input: {arithmetic}")]
            at = draft.inputs[0]
    return []
