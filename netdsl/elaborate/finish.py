"""What was drafted → the graph: ramps shared out, names told apart, nodes and scopes made."""

from __future__ import annotations

from collections.abc import Sequence

from netdsl.diagnostics import Source
from netdsl.elaborate.context import Draft, DraftScope
from netdsl.elaborate.maker import Maker
from netdsl.elaborate.program import Program
from netdsl.ir.graph import Graph, Init, Node, Output, Scope


def ramp(drafts: Maker) -> None:
    """Gives every layer of a ramp its share, evenly from the first to the last, in the order of the net."""
    groups: dict[tuple[str, str, float, float, bool], list[int | None]] = {}
    for index, keyword, field, given in drafts.ramps:
        if index is not None and drafts.drafts[index].name != drafts.drafts[index].module:
            continue  # applied again: it has its share already
        key = (keyword, field, given.first, given.last, given.open)
        groups.setdefault(key, []).append(index)
    shares: dict[str, dict[str, float]] = {}
    for (_, field, first, last, half), members in groups.items():
        steps = max(1, len(members) - (0 if half else 1))
        for place, index in enumerate(members):
            if index is None:
                continue
            module = drafts.drafts[index].name
            shares.setdefault(module, {})[field] = round(first + (last - first) * place / steps, 12)
    for draft in drafts.drafts:
        share = shares.get(draft.name) or (shares.get(draft.module) if draft.module else None)
        if share:
            draft.op = draft.op.model_copy(update=share)


def make_graph(
    program: Program,
    variant: str | None,
    drafts: Maker,
    outputs: list[Output],
    inputs: list[int],
    inits: tuple[Init, ...],
    sources: Sequence[Source],
) -> Graph:
    """The finished graph."""
    path = program.path
    tell_apart(drafts.drafts)
    name = program.net.name.text if program.net is not None else path.stem if path is not None else "net"
    return Graph.model_construct(
        name=name,
        title=program.net.title if program.net is not None else None,
        variant=variant,
        variants=program.variant_names(),
        settings=tuple((k, v) for k, v in program.env.names.items() if isinstance(v, (bool, int, float, str))),
        nodes=tuple(_node(index, draft) for index, draft in enumerate(drafts.drafts)),
        scopes=tuple(_scope(index, draft) for index, draft in enumerate(drafts.scopes)),
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        inits=inits,
        sources=tuple(sources),
    )


def tell_apart(drafts: Sequence[Draft]) -> None:
    """Gives what has no module another name where a label has taken its own: modules' names are a contract."""
    taken = {draft.name for draft in drafts if draft.module == draft.name}
    for draft in drafts:
        if draft.module != draft.name:
            name, count = draft.name, 1
            while draft.name in taken:
                count += 1
                draft.name = f"{name}.{count}"
            taken.add(draft.name)


def _node(index: int, draft: Draft) -> Node:
    return Node.trusted(
        index=index,
        name=draft.name,
        op=draft.op,
        inputs=draft.inputs,
        shape=draft.shape,
        module=draft.module,
        scope=draft.scope,
        mode=draft.mode,
        head=draft.head,
        label=draft.label,
        span=draft.span,
    )


def _scope(index: int, draft: DraftScope) -> Scope:
    return Scope.trusted(
        index=index,
        parent=draft.parent,
        name=draft.name,
        path=draft.path,
        kind=draft.kind,
        numbered=draft.numbered,
        block=draft.block,
        arguments=draft.arguments,
        enters=draft.enters,
        result=draft.result,
        reuses=draft.reuses,
        mode=draft.mode,
        span=draft.span,
    )
