"""What a diagram shows of a graph: boxes, the frames around them, and the arrows between. No drawing yet.

A layer and what follows it in the same place (its norm, its activation) are one box. A call of a block is a frame, a
named group of the net's own file is a band, and so is a run of blocks of one spatial size.
"""

from __future__ import annotations

from collections import Counter
from typing import Literal, NamedTuple

from netdsl.analyses.cost import Cost, costs_of
from netdsl.analyses.view import see
from netdsl.backends.captions import LayerTint, caption, tint
from netdsl.ir.graph import Graph, Node, Output
from netdsl.ir.types import Mode, Shape, View

#: What an arrow is to a sum: a branch, the tensor itself beside a branch, or that through a lone 1×1 convolution.
Role = Literal["plain", "identity", "projection"]


class Box(NamedTuple):
    """One box: the nodes ``nodes`` of the graph, of which ``head`` gives its text, ``caption``.

    ``frame`` is the innermost frame around it. ``before`` and ``after`` are the captions of what was drawn into it.
    ``shared`` is whether a box before it has the same weights.
    ``news`` is whether the shape that leaves it is worth telling: another size, or other channels outside of blocks.
    """

    head: Node
    caption: str
    nodes: tuple[Node, ...]
    frame: int
    tint: LayerTint
    before: tuple[str, ...]
    after: tuple[str, ...]
    params: int
    macs: int
    shared: bool = False
    news: bool = False

    @property
    def last(self) -> Node:
        """The node whose tensor leaves the box."""
        return self.nodes[-1]

    @property
    def circle(self) -> bool:
        """Whether it is drawn as a circle with its sign: sums, differences and products."""
        return _is_circle(self.head, self.caption)

    @property
    def mode(self) -> Mode:
        """In which mode the box acts."""
        return self.head.mode


class Frame(NamedTuple):
    """Something drawn around boxes. Frame 0 is the whole net.

    ``name`` is bold in the drawing, ``detail`` grey beside it. A ``band`` is a stage or a group, else it is a block.
    """

    parent: int | None
    name: str
    detail: str
    band: bool
    mode: Mode


class Link(NamedTuple):
    """An arrow from the tensor of a box to another box, both by their place in ``Diagram.boxes``.

    ``forks`` is the frame in which several arrows from one tensor part, None where this one goes its own way.
    ``spine`` marks the longest path to the main output, ``role`` what a branch of a sum is beside it.
    """

    source: int
    target: int
    forks: int | None
    spine: bool
    role: Role
    mode: Mode


class Diagram(NamedTuple):
    """All of it. ``outputs`` are the outputs of the view, each with the box whose tensor it is.

    ``usual`` has for each operator's keyword what most of its boxes have before and after it, which is said once.
    """

    boxes: list[Box]
    frames: list[Frame]
    links: list[Link]
    outputs: list[tuple[Output, int]]
    usual: dict[str, tuple[tuple[str, ...], tuple[str, ...]]]
    params: int
    macs: int


def diagram(graph: Graph, view: View) -> Diagram:
    """What there is to draw of ``graph`` in ``view``. Linear in nodes and scopes, but for the depth of scopes."""
    seen = see(graph, view)
    costs = dict(zip((node.index for node in seen.nodes), costs_of(graph, seen, 1)))
    users: Counter[int] = Counter(at for node in seen.nodes for at in seen.inputs[node.index])
    users.update(at for _, at in seen.outputs)

    chains = _chains(graph, seen.nodes, seen.inputs, users)
    frames, frame_of = _frames(graph, chains)
    boxes = [_box(graph, chain, frame_of, costs) for chain in chains]
    shared = _shared(graph, boxes)
    boxes = [
        box._replace(news=_changes(graph, box, frames, seen.inputs), shared=index in shared)
        for index, box in enumerate(boxes)
    ]
    _stages(boxes, frames)
    place = {node.index: index for index, box in enumerate(boxes) for node in box.nodes}
    outputs = [(output, place[at]) for output, at in seen.outputs]
    links = _links(boxes, frames, seen.inputs, place, outputs[0][1])
    total = [costs[node.index] for node in seen.nodes]
    return Diagram(
        boxes, frames, links, outputs, _usual(boxes), sum(cost.params for cost in total), sum(c.macs for c in total)
    )


# -- boxes ------------------------------------------------------------------------------------------------------------


def _chains(
    graph: Graph, nodes: tuple[Node, ...], inputs: list[tuple[int, ...]], users: Counter[int]
) -> list[list[Node]]:
    """The nodes of each box. What is tapped or joined in between begins a box of its own."""
    chains: list[list[Node]] = []
    ends: dict[int, list[Node]] = {}
    for node in nodes:
        taken = inputs[node.index]
        chain = ends.get(taken[0]) if len(taken) == 1 and users[taken[0]] == 1 else None
        if (
            chain is not None
            and (chain[-1].head == node.head or _absorbs(graph, chain, node))
            and chain[0].mode == node.mode
        ):
            chain.append(node)
        else:
            chain = [node]
            chains.append(chain)
        ends[node.index] = chain
    return chains


def _absorbs(graph: Graph, chain: list[Node], node: Node) -> bool:
    """Whether a layer that the spec writes itself is drawn into the box before it: ``conv3-64, bn, relu``."""
    follower = node.op.in_place and node.op.category in ("activation", "norm") and not node.op.probabilities
    joins = len(chain) == 1 and _is_circle(chain[0], caption(graph, chain[0]))
    weighs = any(member.op.weight_layer for member in chain)
    alone = node.head == node.index
    return follower and alone and chain[-1].scope == node.scope and (joins or weighs)


def _is_circle(node: Node, words: str) -> bool:
    return node.op.category == "merge" and len(words) == 1


def _box(graph: Graph, chain: list[Node], frame_of: list[int], costs: dict[int, Cost]) -> Box:
    at = next((index for index, node in enumerate(chain) if node.head == node.index), 0)
    captions = [caption(graph, node) for node in chain]
    own = [costs[node.index] for node in chain]
    return Box(
        chain[at],
        captions[at],
        tuple(chain),
        frame_of[chain[at].scope],
        tint(chain[at]),
        tuple(captions[:at]),
        tuple(captions[at + 1 :]),
        sum(cost.params for cost in own),
        sum(cost.macs for cost in own),
    )


def _shared(graph: Graph, boxes: list[Box]) -> set[int]:
    """Boxes whose weights an earlier box has too."""
    applied: set[str] = set()
    shared: set[int] = set()
    for index, box in enumerate(boxes):
        module = box.head.module
        if module in applied:
            shared.add(index)
        elif module is not None and box.head.op.tensors(graph.input_shapes(box.head)):
            applied.add(module)
    return shared


def _changes(graph: Graph, box: Box, frames: list[Frame], inputs: list[tuple[int, ...]]) -> bool:
    taken = inputs[box.nodes[0].index]
    if not taken or (box.head.op.category == "merge" and not box.circle):
        return False
    before, after = graph.nodes[taken[0]].shape, box.last.shape
    outside = box.frame == 0 or frames[box.frame].band
    return before[1:] != after[1:] or (outside and before != after)


def _usual(boxes: list[Box]) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """What stands before and after most boxes of a kind; of two that are about as frequent, the longer."""
    counts: dict[str, Counter[tuple[tuple[str, ...], tuple[str, ...]]]] = {}
    for box in boxes:
        if box.head.op.weight_layer:
            counts.setdefault(box.head.op.keyword, Counter())[box.before, box.after] += 1
    usual = {}
    for keyword, found in counts.items():
        most = max(found.values())
        frequent = [pair for pair, count in found.items() if 2 * count >= most]
        usual[keyword] = max(frequent, key=lambda pair: len(pair[0]) + len(pair[1]))
    return usual


# -- frames -----------------------------------------------------------------------------------------------------------

#: Kinds of scopes that are drawn as bands, where the spec names them outside of blocks.
_BANDS = frozenset({"group", "table", "repeat", "path", "join"})


def _frames(graph: Graph, chains: list[list[Node]]) -> tuple[list[Frame], list[int]]:
    """The frames, and for each scope the innermost frame that it stands in."""
    count = [0] * len(graph.scopes)
    sizes: list[set[str]] = [set() for _ in graph.scopes]
    for chain in chains:
        shown = True
        for scope in graph.ancestors(chain[0].scope):
            count[scope] += 1
            if shown:
                sizes[scope].add(spatial(chain[-1].shape))
            shown = shown and graph.scopes[scope].kind != "block"
    for block in graph.scopes[1:]:
        if block.kind == "block" and block.parent is not None and block.result is not None:
            # Around it, what happens in a block does not show.
            for scope in graph.ancestors(block.parent):
                sizes[scope].add(spatial(graph.nodes[block.result].shape))
                if graph.scopes[scope].kind == "block":
                    break
    frames = [Frame(None, graph.name, "", False, "both")]
    counts, prefixes = [0], [""]
    inside = [0] * len(graph.scopes)
    for each in graph.scopes[1:]:
        assert each.parent is not None
        around = inside[each.parent]
        named = each.path != graph.scopes[each.parent].path
        framed = each.kind in ("block", "output")
        outer = around == 0 or frames[around].band
        band = each.kind in _BANDS and named and outer and count[each.index] > 1
        inside[each.index] = around
        if not count[each.index] or not (framed or band):
            continue
        detail = sizes[each.index].pop() if band and len(sizes[each.index]) == 1 else ""
        if each.block is not None and not each.name.startswith(each.block):
            detail = each.block
        if counts[around] == count[each.index]:  # one frame is enough around one thing
            frames[around] = frames[around]._replace(band=False, detail="")
            continue
        inside[each.index] = len(frames)
        name = each.path if named else each.name
        if not frames[around].band and prefixes[around]:
            name = name.removeprefix(prefixes[around] + ".")
        frames.append(Frame(around, name, detail, band, each.mode))
        counts.append(count[each.index])
        prefixes.append(each.path)
    return frames, inside


def _stages(boxes: list[Box], frames: list[Frame]) -> None:
    """Adds a band around each run of two or more blocks of the net's own level with results of one spatial size."""

    def outermost(frame: int) -> int:
        while frames[frame].parent:
            frame = frames[frame].parent or 0
        return frame

    sizes: dict[int, str] = {}
    order: list[int] = []
    for box in boxes:
        frame = outermost(box.frame)
        if not order or order[-1] != frame:
            order.append(frame)
        sizes[frame] = spatial(box.last.shape)
    visits = Counter(order)
    runs: list[list[int]] = [[]]
    for frame in order:
        stands = frame != 0 and not frames[frame].band and frames[frame].mode == "both" and visits[frame] == 1
        if not stands or not sizes[frame]:
            runs.append([])
        elif runs[-1] and sizes[runs[-1][-1]] != sizes[frame]:
            runs.append([frame])
        else:
            runs[-1].append(frame)
    for run in runs:
        if len(run) > 1:
            for frame in run:
                frames[frame] = frames[frame]._replace(parent=len(frames))
            frames.append(Frame(0, sizes[run[0]], "", True, "both"))


def spatial(shape: Shape) -> str:
    """``28×28``; empty for a vector, or for a map of one element."""
    return "×".join(map(str, shape[1:])) if any(length != 1 for length in shape[1:]) else ""


# -- links ------------------------------------------------------------------------------------------------------------


def _links(
    boxes: list[Box],
    frames: list[Frame],
    inputs: list[tuple[int, ...]],
    place: dict[int, int],
    main: int,
) -> list[Link]:
    sources = [[place[at] for at in inputs[box.nodes[0].index]] for box in boxes]
    paths = [_path(frames, box.frame) for box in boxes]
    spine = _spine(sources, main)
    forks = _forks(sources, paths)
    roles = _roles(boxes, sources)
    links = []
    for target, taken in enumerate(sources):
        for source in taken:
            mode = boxes[target].mode if boxes[target].mode != "both" else boxes[source].mode
            role = roles.get((source, target), "plain")
            on_spine = spine.get(target) == source
            links.append(Link(source, target, forks.get((source, target)), on_spine, role, mode))
    return links


def _path(frames: list[Frame], frame: int) -> tuple[int, ...]:
    """The frames around a frame and itself, from the outermost on."""
    path = [frame]
    while (parent := frames[path[-1]].parent) is not None:
        path.append(parent)
    return tuple(reversed(path))


def _spine(sources: list[list[int]], main: int) -> dict[int, int]:
    """For each box of the longest path to ``main`` the box before it."""
    length = [0] * len(sources)
    before: list[int | None] = [None] * len(sources)
    for box, taken in enumerate(sources):
        for source in taken:
            if before[box] is None or length[source] + 1 > length[box]:
                length[box], before[box] = length[source] + 1, source
    spine: dict[int, int] = {}
    at = main
    while (earlier := before[at]) is not None:
        spine[at] = earlier
        at = earlier
    return spine


def _forks(sources: list[list[int]], paths: list[tuple[int, ...]]) -> dict[tuple[int, int], int]:
    """For each arrow that enters a frame beside others of its source the frame in which they part."""
    entering: dict[tuple[int, int], list[int]] = {}
    for target, taken in enumerate(sources):
        for source in dict.fromkeys(taken):
            around = next((frame for frame in paths[target] if frame not in paths[source]), None)
            if around is not None:
                entering.setdefault((source, around), []).append(target)
    forks: dict[tuple[int, int], int] = {}
    for (source, _), targets in entering.items():
        if len(targets) > 1:
            shared = paths[targets[0]]
            for target in targets[1:]:
                shared = tuple(a for a, b in zip(shared, paths[target]) if a == b)
            forks.update({(source, target): shared[-1] for target in targets})
    return forks


def _roles(boxes: list[Box], sources: list[list[int]]) -> dict[tuple[int, int], Role]:
    """The arrows of shortcuts: into a sum the tensor itself, beside what was made of it, or a lone 1×1 convolution."""
    roles: dict[tuple[int, int], Role] = {}
    for target, taken in enumerate(sources):
        if not boxes[target].circle:
            continue
        for source in taken:
            others = [other for other in taken if other != source]
            if any(_reaches(sources, other, source) for other in others):
                roles[source, target] = "identity"
            elif boxes[source].tint == "pointwise" and len(sources[source]) == 1:
                before = sources[source][0]
                if any(sources[other] != [before] and _reaches(sources, other, before) for other in others):
                    roles[before, source] = roles[source, target] = "projection"
    return roles


def _reaches(sources: list[list[int]], box: int, goal: int) -> bool:
    """Whether ``box`` is made of the tensor of ``goal``. Looks at no box before it."""
    stack, met = [box], {box}
    while stack:
        at = stack.pop()
        if at == goal:
            return True
        fresh = [source for source in sources[at] if source >= goal and source not in met]
        met.update(fresh)
        stack += fresh
    return False
