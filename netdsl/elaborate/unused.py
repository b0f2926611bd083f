"""Names that nothing takes up: blocks, parameters, tensors. Read off the text, each name where it holds."""

from __future__ import annotations

import bisect
import itertools
import re
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from netdsl.diagnostics import Advice, Diagnostic, Edit, Note
from netdsl.elaborate.helps.declarations import whole_line
from netdsl.elaborate.program import Program
from netdsl.syntax import tree
from netdsl.syntax.node import Node
from netdsl.syntax.walk import walk

#: How many callers are named of a block that is never called.
_LISTED = 3
#: What stands between an item and its name, and how far before the name it is looked for.
_AS, _NEAR = re.compile(r"[ \t]+as[ \t]+\Z"), 50

_Kind = TypeVar("_Kind", bound=Node)


class Written:
    """Every syntax node of a file, by its kind, each kind in the order of the text."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        self.kinds: dict[type[Node], list[Any]] = {}
        kinds = self.kinds
        for node in nodes:
            kind = type(node)
            if kind in kinds:
                kinds[kind].append(node)
            else:
                kinds[kind] = [node]

    def of(self, kind: type[_Kind]) -> list[_Kind]:
        """The nodes of one kind."""
        return self.kinds.get(kind, [])

    def sequences(self, program: Program) -> list[Sequence[Node]]:
        """What stands one after another: rows of the net, of each bracket and branch, and lines of each body."""
        return [
            program.rows,
            *(group.rows for group in self.of(tree.Group)),
            *(branch.rows for branch in self.of(tree.Branch)),
            *(body.lines for body in self.of(tree.Body)),
        ]


def written_in(program: Program) -> Written:
    """Every syntax node of the net's own file."""
    roots = (
        *program.rows, *program.styles.values(), *program.inputs, *program.declared, *program.variants.values(),
        *program.expects, *program.inits,
        *(block.syntax for block in program.blocks.values() if block.program is program),
    )  # fmt: skip
    return Written(walk(*roots))


def unused(program: Program, nodes: Written, text: str) -> list[Diagnostic]:
    """What is declared in a file and not used there. In a file of blocks alone these are for others to use.

    ``text`` is the file's.
    """
    found: list[Diagnostic] = []
    names = _Names(program, nodes)
    if program.rows:
        found += _blocks(program, names)
        found += _taken(program, names, text)
        for setting in program.params.values():
            if not names.uses_parameter(setting.name.text):
                message = f"the parameter `{setting.name.text}` is never used"
                help = f"take it out, or write `{{{setting.name.text}}}` where it is meant"
                found.append(Diagnostic("ND304", message, setting.name.span, help))
    for block in names.blocks:
        found += _parameters(block, names)
    aliases = [item.alias for item in nodes.of(tree.Item) if item.alias is not None]
    for alias in aliases:
        if not names.takes_up(alias):
            help = f"`add {{ id | @{alias.text} }}` takes it up; without that it needs no name"
            found.append(Diagnostic("ND305", f"`@{alias.text}` is never taken up", alias.span, help))
    if len(aliases) > 1:
        found += _given_again(program, nodes, names, text)
    return [*found, *_lone_labels(nodes)]


def beside_errors(program: Program, errors: Sequence[Diagnostic]) -> list[Diagnostic]:
    """The parameters that nothing uses of blocks in which errors are: what is wrong may come of it."""
    calls = {found[1] for said in errors for note in said.trace if (found := re.match(r"in `(\w+)\(", note.message))}
    if not calls or program.holes or any(said.code in ("ND201", "ND203", "ND215", "ND216") for said in errors):
        return []
    blocks = [block.syntax for name, block in program.blocks.items() if name in calls and block.program is program]
    if any(code.text == "ND304" for code in (*program.allowed, *(code for block in blocks for code in block.allow))):
        return []
    names = _Names(program, Written(walk(*blocks)))
    return [said for block in blocks for said in _parameters(block, names)]


def _parameters(block: tree.Block, names: _Names) -> list[Diagnostic]:
    """The parameters of a block that it never uses."""
    return [
        Diagnostic(
            "ND304",
            f"`{block.name.text}` never uses its parameter `{name.text}`",
            name.span,
            f"take it out here and in the calls, or write `{{{name.text}}}` where it is meant",
        )
        for name in (parameter.name for parameter in block.parameters)
        if not names.within(name.text, block)
    ]


class _Names:
    """Where in a file names stand, by what they may mean there."""

    def __init__(self, program: Program, nodes: Written) -> None:
        self.blocks = [block.syntax for block in program.blocks.values() if block.program is program]
        self.blocks.sort(key=lambda block: block.span.start)
        self.starts = [block.span.start for block in self.blocks]
        self.own: dict[int, dict[str, tree.Parameter]] = {}
        self.homes: dict[str, set[int]] = {}
        #: the offsets of each name where a value may stand
        self.values: dict[str, list[int]] = {}
        for variable in nodes.of(tree.Variable):
            self.values.setdefault(variable.name, []).append(variable.span.start)
        for member in nodes.of(tree.Member):
            self.values.setdefault(member.owner.text, []).append(member.owner.span.start)
        #: and where a layer or a block may
        self.calls: dict[str, list[int]] = {}
        for layer in nodes.of(tree.Layer):
            self.calls.setdefault(layer.word.text, []).append(layer.span.start)
        for call in nodes.of(tree.Call):
            self.calls.setdefault(call.name.text, []).append(call.span.start)
        #: and where a tensor may: at the head of a path, and further on
        self.heads: dict[str, list[int]] = {}
        self.below: set[str] = set()
        #: where a tensor is named by an expression, which may come to any name
        self.computed: list[int] = []
        paths = [reference.path for reference in nodes.of(tree.Reference)]
        paths += [reuse.path for reuse in nodes.of(tree.Reuse)]
        for path in paths:
            for place, part in enumerate(path.parts):
                if not isinstance(part, tree.Name):
                    self.computed.append(path.span.start)
                elif place:
                    self.below.add(part.text)
                else:
                    self.heads.setdefault(part.text, []).append(path.span.start)
        for places in (*self.values.values(), *self.calls.values(), *self.heads.values(), self.computed):
            places.sort()
        #: for each block that names a tensor by an expression its start, for the file -1
        self.computing = {self.home(place) for place in self.computed}

    def home(self, offset: int) -> int:
        """The start of the block that a place lies in, -1 for the file."""
        block = self.around(offset)
        return -1 if block is None else block.span.start

    def between(self, name: str, start: int, end: int, *, values: bool = True) -> bool:
        """Whether a name is taken up from one offset to another: as a tensor, or (with ``values``) as a value."""
        of_values = self.values.get(name, ()) if values else ()
        for places in (of_values, self.heads.get(name, ()), self.computed):
            at = bisect.bisect_left(places, start)
            if at < len(places) and places[at] < end:
                return True
        return False

    def around(self, offset: int) -> tree.Block | None:
        """The block that a place lies in."""
        place = bisect.bisect_right(self.starts, offset) - 1
        return self.blocks[place] if place >= 0 and offset < self.blocks[place].span.end else None

    def within(self, name: str, block: tree.Block) -> bool:
        """Whether a block takes up a name, as a value or as a tensor."""
        return self.between(name, block.span.start, block.span.end)

    def uses_parameter(self, name: str) -> bool:
        """Whether a parameter of the file is used where no block's parameter of that name hides it."""
        for place in self.values.get(name, ()):
            block = self.around(place)
            own = None if block is None else self.parameters(block).get(name)
            if own is None or place < own.span.end:
                return True
        return False

    def parameters(self, block: tree.Block) -> dict[str, tree.Parameter]:
        """A block's parameters by name."""
        if block.span.start not in self.own:
            self.own[block.span.start] = {parameter.name.text: parameter for parameter in block.parameters}
        return self.own[block.span.start]

    def takes_up(self, alias: tree.Name) -> bool:
        """Whether a tensor's name is taken up in the block, or the file, that gives it; or as a part of a path."""
        here = self.home(alias.span.start)
        if alias.text in self.below or here in self.computing:
            return True
        if alias.text not in self.homes:
            self.homes[alias.text] = {self.home(place) for place in self.heads.get(alias.text, ())}
        return here in self.homes[alias.text]


def _blocks(program: Program, names: _Names) -> list[Diagnostic]:
    """Blocks that nothing calls, or none but those that nothing calls."""
    callers = {
        block.name.text: [names.around(place) for place in names.calls.get(block.name.text, ())]
        for block in names.blocks
    }
    calls: dict[str | None, list[str]] = {}
    for name, places in callers.items():
        for caller in places:
            calls.setdefault(None if caller is None else caller.name.text, []).append(name)
    called: set[str] = set()
    pending = calls.pop(None, [])
    while pending:
        name = pending.pop()
        called.add(name)
        pending += calls.pop(name, [])
    found = []
    for block in names.blocks:
        name = block.name.text
        if name in called:
            continue
        others = list(dict.fromkeys(at.name.text for at in callers[name] if at is not None))
        message = f"the block `{name}` is never called"
        if others == [name]:
            message = f"the block `{name}` is called by itself alone"
        elif others:
            by = " and ".join([*(f"`{other}`" for other in others[:_LISTED]), *["others"] * (len(others) > _LISTED)])
            message = f"the block `{name}` is called by {by} alone, which nothing else calls"
        help = f"`{name}({', '.join(p.name.text for p in block.parameters)})` calls it; else take it out"
        found.append(Diagnostic("ND303", message, block.name.span, help))
    return found


def _taken(program: Program, names: _Names, text: str) -> list[Diagnostic]:
    """Blocks that are taken from another file by name, and never called."""
    found = []
    for use in (line for line in program.statements if isinstance(line, tree.Use)):
        spare = [
            place
            for place, name in enumerate(use.names)
            if name.text in program.blocks and name.text not in names.calls
        ]
        kept = next((place for place, spared in enumerate([*spare, -1]) if place != spared), 0)
        for place in spare:
            name = use.names[place]
            message = f"`{name.text}` is taken from `{use.file.text}` and never called"
            help: str = Advice(
                "nothing is taken from that file: leave the line out", Edit(whole_line(use.span, text), "")
            )
            if len(spare) < len(use.names):
                help = _without(place, use, kept, text)
            found.append(Diagnostic("ND303", message, name.span, help))
    return found


def _without(place: int, use: tree.Use, kept: int, text: str) -> str:
    """A help for a name that a ``use`` lists in vain: it is left out, with the comma that parts it from others.

    ``kept`` is the first place of a name that is not.
    """
    span = use.names[place].span
    if place < kept:
        cut = span._replace(end=use.names[place + 1].span.start)
        gap = cut._replace(start=span.end)
    else:
        cut = span._replace(start=use.names[place - 1].span.end)
        gap = cut._replace(end=span.start)
    help = f"leave `{use.names[place].text}` out of the parentheses"
    return Advice(help, Edit(cut, "")) if text[gap.start : gap.end].strip() == "," else help


def _given_again(program: Program, nodes: Written, names: _Names, text: str) -> list[Diagnostic]:
    """Names of tensors that are given to another one, further on in the same sequence, before they are taken up."""
    found = []
    for sequence in nodes.sequences(program):
        given: dict[str, list[tree.Name]] = {}
        for row in sequence:
            for item in row.items if isinstance(row, tree.Row) else ():
                if item.alias is not None:
                    given.setdefault(item.alias.text, []).append(item.alias)
        for name, places in given.items():
            for first, second in itertools.pairwise(places):
                if name in names.below or names.between(name, first.span.end, second.span.start, values=False):
                    continue
                message = f"`@{name}` is not taken up before another tensor has its name"
                note = Note(second.span, "given again here")
                help = f"leave `as {name}` out here: `@{name}` is the other one"
                before = _AS.search(text[max(0, first.span.start - _NEAR) : first.span.start])
                if before is not None:
                    start = first.span.start - len(before.group())
                    help = Advice(help, Edit(first.span._replace(start=start), ""))
                found.append(Diagnostic("ND305", message, first.span, help, (note,)))
    return found


def _lone_labels(nodes: Written) -> list[Diagnostic]:
    """Labels at the head of a row of several items, which name its first alone."""
    # the label of a row of several cells is that of each cell whole
    styled = {
        cell.span for row in nodes.of(tree.TableRow) if len(row.cells) > 1 for cell in row.cells if cell is not None
    }
    for style in nodes.of(tree.Style):
        # what stands in a style's brackets is labelled member by member
        styled.add(style.row.span)
        styled.update(
            row.span for item in style.row.items if isinstance(item.core, tree.Group) for row in item.core.rows
        )
    found = []
    for row in nodes.of(tree.Row):
        if len(row.items) > 1 and row.span not in styled:
            found += _lone_label(row)
    return found


def _lone_label(row: tree.Row) -> list[Diagnostic]:
    """What is said of one row of several items."""
    first = row.items[0]
    if first.label is None:
        return []
    # A label of a tensor that was there before is hardly meant, whatever has labels after it.
    if not isinstance(first.core, tree.Reference) and any(item.label is not None for item in row.items[1:]):
        return []
    if not isinstance(first.core, (tree.Layer, tree.Call, tree.Reference)) or first.repeat is not None:
        return []
    name = tree.show_path(first.label)
    message = f"the label `{name}` names the first item of this line alone"
    help = f"`{name}: [ … ]` names them all; on a line of its own the first item stands clear"
    return [Diagnostic("ND306", message, first.label.span, help)]
