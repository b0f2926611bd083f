"""What stands in an ``__init__``: constructs as expressions, and where none will do, as statements."""

from __future__ import annotations

from itertools import groupby

from netdsl.backends.torch_source.access import by_name
from netdsl.backends.torch_source.classes import Definition
from netdsl.backends.torch_source.members import Group, Leaf, Own, Slot, exact, expressible, holder, rank
from netdsl.backends.torch_source.steps import pieces
from netdsl.backends.torch_source.text import (
    Atom,
    Bracket,
    Doc,
    Keyword,
    Repeat,
    call,
    constant,
    literal,
    plain,
    positions,
    quoted,
    unique,
)


class Writer:
    """Writes the constructs of one class; numbers that differ among its instances are written as arguments."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.written = definition.written
        self.keywords: dict[Slot, list[str]] = {}
        for slot in definition.written:
            if slot[-2] == "kw":
                self.keywords.setdefault(slot[:-2], []).append(str(slot[-1]))

    def members(self) -> list[str]:
        """The body of ``__init__`` after the first line, or of a container's ``super().__init__``."""
        definition = self.definition
        constructs = definition.first.constructs
        lines = []
        if definition.base == "Module" or (definition.base == "Sequential" and not positions(list(constructs))):
            lines.append("        super().__init__()")
            for name, construct in constructs.items():
                condition = definition.conditions.get((name,))
                if condition is not None:
                    lines += self.optional(name, construct, condition)
                elif isinstance(construct, Group) and any(
                    (name, at) in definition.conditions for at in self._at(construct)
                ):
                    lines += self.listed(name, construct)
                else:
                    lines += self.member("self", name, construct, (name,))
        else:
            items = list(constructs.items())
            documents = [self.document(construct, (name,)) for name, construct in items]
            inside = container(definition.base, [name for name, _ in items], documents)
            lines += call("super().__init__", inside, tall=len(items) > 2).lines(8, "", "")
        for text, name in definition.stored.items():
            lines.append(f"        self.{name} = {text}")
        return lines

    @staticmethod
    def _at(construct: Group) -> range:
        return range(len(construct.runs))

    def optional(self, name: str, construct: Leaf | Own | Group, condition: str) -> list[str]:
        """Statements for a member that some calls leave out: those pass on what comes, in a chain by having none."""
        document = self.document(construct, (name,))
        if self.definition.base == "Sequential":
            return [f"        if {condition}:", *document.lines(12, f"self.{name} = ", "")]
        whole = document.lines(8, f"self.{name} = ", f" if {condition} else nn.Identity()")
        if len(whole) == 1:
            return whole
        otherwise = f"            self.{name} = nn.Identity()"
        return [f"        if {condition}:", *document.lines(12, f"self.{name} = ", ""), "        else:", otherwise]

    def listed(self, name: str, construct: Group) -> list[str]:
        """Statements for an ``nn.Sequential`` some members of which some calls leave out."""
        layers = unique("layers", {argument.name for argument in self.definition.arguments})
        lines: list[str] = []
        sections = groupby(self._at(construct), key=lambda at: self.definition.conditions.get((name, at)))
        for condition, places in sections:
            indent = 8 if condition is None else 12
            if condition is not None:
                if not lines:
                    lines.append(f"        {layers}: list[nn.Module] = []")
                lines.append(f"        if {condition}:")
            documents: list[Doc] = []
            for at in places:
                documents += self.run(construct, at, (name, at))
            if len(documents) == 1 and lines and not isinstance(documents[0], Repeat):
                lines += call(f"{layers}.append", documents).lines(indent, "", "")
            else:
                sign = " += " if lines else ": list[nn.Module] = "
                lines += Bracket("[", documents, "]", tall=len(documents) > 2).lines(indent, layers + sign, "")
        return [*lines, f"        self.{name} = nn.Sequential(*{layers})"]

    def member(self, owner: str, name: str, construct: Leaf | Own | Group, at: Slot) -> list[str]:
        """Statements that register a member of ``owner``."""
        if isinstance(construct, Leaf) and construct.call.kind == "parameter":
            parameter = call("nn.Parameter", [Atom(self.initial(construct, at))])
            if plain(name):
                return parameter.lines(8, f"{owner}.{name} = ", "")
            return call(f"{owner}.register_parameter", [Atom(quoted(name)), parameter]).lines(8, "", "")
        if expressible([construct]):
            document = self.document(construct, at)
            if plain(name):
                return document.lines(8, f"{owner}.{name} = ", "")
            return call(f"{owner}.add_module", [Atom(quoted(name)), document]).lines(8, "", "")
        assert isinstance(construct, Group)
        if plain(name):
            inner = f"{owner}.{name}"
            lines = [f"        {inner} = nn.Module()"]
        else:
            inner = by_name(owner, name)
            lines = [f"        {owner}.add_module({quoted(name)}, nn.Module())"]
        for child, below, _ in construct.runs:
            lines += self.member(inner, child, below, (*at, child))
        return lines

    def document(self, construct: Leaf | Own | Group, at: Slot) -> Doc:
        """A construct as one expression."""
        if isinstance(construct, Leaf):
            return self.leaf(construct, at)
        if isinstance(construct, Own):
            return self.instance(construct, at)
        kind = holder(construct)
        documents: list[Doc] = []
        numbered = positions(construct.names) and construct.kind == "sequential"
        for place, (name, _, _) in enumerate(construct.runs):
            documents += self.run(construct, place, (*at, place if numbered else name))
        return call(f"nn.{kind}", container(kind, construct.names, documents), tall=len(documents) > 2)

    def run(self, construct: Group, place: int, at: Slot) -> list[Doc]:
        """The members of a group that are equal, from one place on."""
        _, inner, count = construct.runs[place]
        document = self.document(inner, at)
        times = self.written.get((*at, "count"))
        if times is not None or count > (1 if len(construct.runs) > 1 and not isinstance(inner, Leaf) else 2):
            return [Repeat(document, times if times is not None else str(count))]
        return [document] * count

    def instance(self, construct: Own, at: Slot) -> Doc:
        """The constructor call of a generated class."""
        documents: list[Doc] = []
        named = False
        values = construct.slots.values()
        for place, (argument, value) in enumerate(zip(construct.definition.arguments, values, strict=True)):
            slot = (*at, "own", place)
            if slot not in self.written and argument.optional and exact(value) == exact(argument.default):
                continue
            # Numbers stand in their order, as in the spec; anything else says what it is, and all that follow it.
            named = named or argument.optional or type(value) not in (int, tuple)
            document = self.value(slot, value)
            documents.append(Keyword(argument.name, document) if named else document)
        return call(construct.definition.name, documents)

    def leaf(self, construct: Leaf, at: Slot) -> Doc:
        """A module's constructor call."""
        target = construct.call.target
        target = target.removeprefix("torch.") if target.startswith("torch.nn.") else target
        target = self.written.get((*at, "kw", "class"), target)
        documents = [self.value((*at, "arg", place), value) for place, value in enumerate(construct.call.args)]
        given = dict(construct.call.kwargs)
        names = dict.fromkeys([*given, *(name for name in self.keywords.get(at, ()) if name != "class")])
        for name in sorted(names, key=rank):
            documents.append(Keyword(name, self.value((*at, "kw", name), given.get(name))))
        if construct.inplace and self.definition.first.slots.get((*at, "kw", "inplace")):
            documents.append(Keyword("inplace", Atom("True")))
        return call(target, documents)

    def value(self, slot: Slot, value: object) -> Doc:
        """A constant, or the argument that stands for it."""
        written = self.written.get(slot)
        return constant(value) if written is None else Atom(written)

    def initial(self, construct: Leaf, at: Slot) -> str:
        """The initial value of a parameter."""
        parts = []
        for place, (kind, content) in enumerate(pieces(str(construct.call.args[0]))):
            if kind == "constant":
                parts.append(self.written.get((*at, "piece", place)) or literal(content))
            else:
                parts.append(str(content))
        return "".join(parts)


def container(kind: str, names: list[str], documents: list[Doc]) -> list[Doc]:
    """What a container of ``torch.nn`` is constructed with."""
    tall = len(documents) > 2
    if kind == "ModuleList":
        return [Bracket("[", documents, "]", tall=tall)]
    if kind == "Sequential":
        return documents
    keyed: list[Doc] = [Keyword(quoted(name), item, ": ") for name, item in zip(names, documents, strict=True)]
    return [Bracket("{", keyed, "}", tall=tall)]
