"""What is allowed and seldom meant. Each warning has a code that `allow` silences, on a line or in the file."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from netdsl.analyses.recent import recent
from netdsl.analyses.view import carried, dead_ends
from netdsl.diagnostics import Advice, Diagnostic, Edit, Note, Source, Span
from netdsl.elaborate.expressions import show
from netdsl.elaborate.helps import warned
from netdsl.elaborate.program import Program
from netdsl.elaborate.unused import Written, unused, written_in
from netdsl.ir.graph import Graph, Node
from netdsl.ir.op import Op, lookup
from netdsl.syntax import tree

#: How many calls a warning names.
_CALLS = 8


def warnings(
    program: Program, graph: Graph, found_before: Sequence[Diagnostic] = (), used: Sequence[Program] = ()
) -> list[Diagnostic]:
    """Every warning about a net, each place once, those that a spec allows left out.

    ``used`` are the files that it uses. What one of them allows in all of it is silent where it stands in that file,
    and what is allowed in the line of a block's call is silent in the block.
    """
    nodes = written_in(program)
    everywhere_written = [nodes, *(written_in(other) for other in used)]
    found = [
        *_windows(graph),
        *_kernels(graph),
        *_linear(graph),
        *_biases(graph, everywhere_written),
        *_probabilities(graph),
        *_nowhere(graph),
        *_dropped(program, nodes),
        *unused(program, nodes, graph.sources[0].text if graph.sources else ""),
        *_lone_branches(nodes),
        *_lone_repeats(nodes, graph.sources),
        *channels_last(program.inputs),
        *found_before,
    ]
    everywhere = {code.text for code in program.allowed}
    in_files = {(code.text, code.span.file) for other in used for code in other.allowed}
    # at the end of a line it is of the whole line
    lines = [
        (code.text, row.span)
        for written in everywhere_written
        for row in written.of(tree.Row)
        for code in row.items[-1].allow
    ]
    for written in everywhere_written:
        declared: list[tree.Item | tree.Block | tree.Param | tree.Input] = [*written.of(tree.Item)]
        declared += [*written.of(tree.Block), *written.of(tree.Param), *written.of(tree.Input)]
        lines += [(code.text, node.span) for node in declared if node.allow for code in node.allow]

    def allowed(warning: Diagnostic) -> bool:
        if warning.code in everywhere or (warning.span and (warning.code, warning.span.file) in in_files):
            return True
        places = (warning.span, *(note.span for note in warning.trace))
        return any(code == warning.code and any(_inside(at, span) for at in places) for code, span in lines)

    said: dict[tuple[str, Span | None], Diagnostic] = {}
    for warning in found:
        if not allowed(warning):
            said.setdefault((warning.code, warning.span), warning)
    return list(said.values())


def _trace(graph: Graph, node: Node) -> tuple[Note, ...]:
    """The calls of blocks around a node, innermost first, as errors name them."""
    known = _traces(graph)
    inner: list[int] = []
    for index in graph.ancestors(node.scope):
        if index in known:
            break
        inner.append(index)
    for index in reversed(inner):
        scope = graph.scopes[index]
        around = known[scope.parent] if scope.parent is not None else ()
        if scope.kind == "block" and scope.block is not None:
            given = ", ".join(f"{name}={show(value)}" for name, value in scope.arguments)
            around = (Note(scope.span, f"in `{scope.block}({given})`"), *around)[:_CALLS]
        known[index] = around
    return known[node.scope]


@recent(1)
def _traces(graph: Graph) -> dict[int, tuple[Note, ...]]:
    """The calls around what stands in each scope, as far as they have been asked for."""
    return {}


def _inside(inner: Span | None, outer: Span) -> bool:
    return inner is not None and inner.file == outer.file and outer.start <= inner.start and inner.end <= outer.end


def _windows(graph: Graph) -> list[Diagnostic]:
    found = []
    for node in graph.nodes:
        if node.op.category not in ("conv", "pool"):
            continue
        arithmetic = node.op.dropped(graph.input_shapes(node))
        if arithmetic is not None:
            message = f"the window does not tile its input, so that elements at its end are dropped: {arithmetic}"
            help = warned.tiling(graph, node)
            found.append(Diagnostic("ND301", message, node.span, help, trace=_trace(graph, node)))
    return found


#: Sides of kernels that are usual.
_SIDES = (1, 2, 3, 4, 5, 7, 9, 11)


def _kernels(graph: Graph) -> list[Diagnostic]:
    """Convolutions of maps with the channels for a kernel and a kernel for the channels: ``conv64-3``.

    A kernel that is the stride cuts a map into patches, and is meant; so is a large one of a transposed convolution.
    """
    found = []
    for node in graph.nodes:
        if node.op.keyword != "conv":
            continue
        kernel, stride, channels = (getattr(node.op, name) for name in ("kernel", "stride", "channels"))
        side = kernel[0]
        if len(kernel) < 2 or len({*kernel}) > 1 or kernel == stride or channels not in _SIDES:
            continue
        if side >= 16 and side % 8 == 0:
            window = "×".join(map(str, kernel))
            message = f"this `conv` has a window of {window} and {channels} channel{'s' * (channels > 1)}"
            step = "x".join(map(str, stride if len({*stride}) > 1 else stride[:1]))
            meant = f"conv{channels}-{side}" + (f"/{step}" if step != "1" else "")
            smaller = "×".join([str(channels)] * len(kernel))
            help = f"the kernel comes before the channels: `{meant}` has a window of {smaller}"
            found.append(Diagnostic("ND314", message, node.span, help, trace=_trace(graph, node)))
    return found


def _linear(graph: Graph) -> list[Diagnostic]:
    """Two linear layers in a row, but for a grouped convolution beside its pointwise one."""
    found = []
    users = graph.users()
    for node in graph.nodes:
        if not node.op.linear or not node.inputs:
            continue
        before = graph.nodes[node.inputs[0]]
        if not before.op.linear or len(users[before.index]) > 1 or _factored(before, node):
            continue
        note = Note(before.span, "after this")
        message = f"`{node.op.keyword}` stands right after `{before.op.keyword}`: two linear layers do what one can"
        help = warned.parted(graph, before, node)
        found.append(Diagnostic("ND302", message, node.span, help, (note,), _trace(graph, node)))
    return found


def _factored(first: Node, second: Node) -> bool:
    """A depthwise or grouped convolution and a 1×1 one, in either order, are one factored convolution."""
    grouped = [getattr(node.op, "groups", 1) != 1 or node.op.keyword == "dwconv" for node in (first, second)]
    same_layer = first.head == second.head
    return same_layer or any(grouped)


def _biases(graph: Graph, written: Sequence[Written]) -> list[Diagnostic]:
    found = []
    layers: dict[Span, tree.Layer] = {}
    styled: dict[type[Op] | None, list[tree.Modifier]] = {}
    for style in (style for nodes in written for style in nodes.of(tree.Style)):
        core = style.row.items[0].core
        given = _bias_of(core) if isinstance(core, tree.Layer) and core.word.text == "_" else None
        if given is not None:
            styled.setdefault(lookup(style.word.text), []).append(given)
    for node in graph.nodes:
        if node.op.keyword != "bn" or not node.inputs:
            continue
        before = graph.nodes[node.inputs[0]]
        if before.op.bias_unless_norm and getattr(before.op, "bias", False):
            note = Note(node.span, "and this takes the mean away again") if node.span != before.span else None
            message = f"`{before.op.keyword}` has a bias right before batch norm"
            notes = () if note is None else (note,)
            layers = layers or {layer.span: layer for nodes in written for layer in nodes.of(tree.Layer)}
            layer, span = layers.get(before.span), before.span
            by_style = styled.get(type(before.op), ()) if layer is None or _bias_of(layer) is None else ()
            if len(by_style) == 1:
                (given,) = by_style
                message = f"this style gives each `{before.op.keyword}` a bias right before batch norm"
                edit = Edit(given.span._replace(start=given.span.start - 1), "")
                help: str = Advice("leave it out: the mean that a bias moves is taken away again", edit)
                found.append(Diagnostic("ND307", message, given.span, help, notes))
                continue
            help = _without_bias(layer)
            found.append(Diagnostic("ND307", message, span, help, notes, _trace(graph, before)))
    return found


def _bias_of(layer: tree.Layer) -> tree.Modifier | None:
    """What a layer says of its bias."""
    for modifier in layer.modifiers:
        if isinstance(modifier, (tree.Attribute, tree.Flag)) and modifier.name.text == "bias":
            return modifier
    return None


def _without_bias(layer: tree.Layer | None) -> str:
    """A help for a layer whose bias is to go; where the spec's own text gives it one, that is changed."""
    text = "`bias=false`, or let `+bn` or a style add the batch norm"
    if layer is None:
        return text
    given = _bias_of(layer)
    if isinstance(given, tree.Attribute):
        return Advice(text, Edit(given.value.span, "false"))
    if given is not None:
        return Advice(text, Edit(given.span, "bias=false"))
    end = max(layer.head.end, *(modifier.span.end for modifier in layer.modifiers), layer.head.end)
    return Advice(text, Edit(Span(layer.span.file, end, end), " bias=false"))


def _probabilities(graph: Graph) -> list[Diagnostic]:
    found = []
    for output in graph.outputs:
        node = graph.nodes[output.node]
        if node.op.keyword == "softmax" and node.mode != "eval":
            message = f"a loss on `{output.name}` would see probabilities, where it wants logits"
            help = warned.logits(graph, node)
            found.append(Diagnostic("ND308", message, node.span, help, trace=_trace(graph, node)))
    return found


def _nowhere(graph: Graph) -> list[Diagnostic]:
    """Layers whose output neither a layer nor an output of the net takes up: the last of each such chain."""
    taken = {at for node in graph.nodes for at in carried(node, node.inputs)}
    sized = {node.inputs[1]: node for node in graph.nodes if node.op.syntax.reference and len(node.inputs) > 1}
    found = []
    names = warned.Names(graph)
    somewhere = taken.union(sized, (output.node for output in graph.outputs))
    for node in graph.nodes:
        if node.op.keyword == "input" and node.index not in somewhere:
            message = f"nothing takes up the input `{node.name}`"
            found.append(Diagnostic("ND309", message, node.span, f"`@{node.name}` takes it up, or leave it out"))
    for index in dead_ends(graph):
        node = graph.nodes[index]
        if index not in taken:
            written = graph.nodes[node.inputs[1]] if node.op.keyword == "select" else node
            what, user = f"what `{written.op.keyword}` gives here", sized.get(index)
            message = f"nothing takes up {what}{' but its size' if user is not None else ''}, so it is never computed"
            notes = (Note(user.span, "its size is taken here"),) if user is not None else ()
            help = warned.unused(graph, node, names)
            found.append(Diagnostic("ND309", message, node.span, help, notes, _trace(graph, node)))
    return found


def _dropped(program: Program, nodes: Written) -> list[Diagnostic]:
    """A tensor that is taken up and let go at once, since another one stands next."""
    if len(nodes.of(tree.Reference)) < 2:
        return []
    found = []
    for sequence in nodes.sequences(program):
        items = [item for row in sequence if isinstance(row, tree.Row) for item in row.items]
        for first, second in itertools.pairwise(items):
            if not (isinstance(first.core, tree.Reference) and isinstance(second.core, tree.Reference)):
                continue
            if first.alias is None and first.label is None and first.assertion is None:
                names = [f"@{tree.show_path(core.path)}" for core in (first.core, second.core)]
                message = f"`{names[0]}` goes nowhere: `{names[1]}` after it begins anew"
                help = "`reuse name` applies the modules of a label to it; `add { @a | @b }` joins two tensors"
                found.append(Diagnostic("ND309", message, first.core.span, help))
    return found


def _lone_branches(nodes: Written) -> list[Diagnostic]:
    """Joins that are written with one branch: a `|` that was forgotten."""
    found = []
    for join in nodes.of(tree.Join):
        if len(join.branches) == 1:
            message = f"`{join.word.text}` has one branch, and nothing to join it with"
            found.append(Diagnostic("ND310", message, join.word.span, "`|` parts branches; `| id` is a skip"))
    return found


def _lone_repeats(nodes: Written, sources: Sequence[Source]) -> list[Diagnostic]:
    """Lines whose last item alone repeats, where once and three times are the same: brackets that were forgotten."""
    found = []
    for row in nodes.of(tree.Row):
        if len(row.items) < 2:
            continue
        last, others = row.items[-1], row.items[:-1]
        op = lookup(last.core.word.text) if isinstance(last.core, tree.Layer) else None
        if last.repeat is None or op is None or op.category not in ("activation", "norm", "regularise"):
            continue
        if any(item.repeat is not None or item.alias is not None or item.assertion is not None for item in others):
            continue
        message = f"the repeat is of `{op.keyword}` alone, the last item of its line"
        file, first, end = row.span.file, row.items[0].core.span.start, last.core.span.end
        text = sources[file].text if file < len(sources) else ""
        shown = f"[{text[first:end]}]{text[end : last.span.end]}"
        shown = shown if text and len(shown) < 60 and shown.isprintable() and "`" not in shown else "[…, …] ×n"
        help = f"brackets repeat the whole line: `{shown}`"
        if all(item.label is None for item in row.items):
            help = Advice(help, Edit(Span(file, first, first), "["), Edit(Span(file, end, end), "]"))
        found.append(Diagnostic("ND313", message, last.span, help))
    return found


#: Sides of images that are usual.
_IMAGES = (28, 32, 48, 96, 112, 128, 160, 192, 224, 227, 240, 256, 299, 300, 320, 384, 416, 448, 512, 572, 640)


def channels_last(inputs: Sequence[tree.Input]) -> list[Diagnostic]:
    """Inputs of images whose channels stand last, as other tools have them: ``224x224x3``."""
    found = []
    for declared in inputs:
        parts = declared.sizes.parts
        sizes = [part.value for part in parts if isinstance(part, tree.Literal) and type(part.value) is int]
        if len(sizes) == len(parts) == 4 and looks_batched(sizes):
            text = "x".join(map(str, sizes[1:]))
            message = f"this input has 1 channel of {sizes[1]}×{sizes[2]}×{sizes[3]}: a batch is no part of its shape"
            help = Advice(f"without the batch it is `{text}`", Edit(declared.sizes.span, text))
            found.append(Diagnostic("ND312", message, declared.sizes.span, help))
            continue
        if len(sizes) == len(parts) == 2 and sizes[0] == sizes[1] in _IMAGES:
            text = f"{sizes[0]}x{sizes[1]}"
            message = f"this input has {sizes[0]} channels of length {sizes[1]}: an image has channels before its size"
            images = f"an image of one channel is `1x{text}`, one of three `3x{text}`"
            found.append(Diagnostic("ND312", message, declared.sizes.span, images))
            continue
        if len(sizes) < len(parts) or not looks_channels_last(sizes):
            continue
        text = "x".join(map(str, (sizes[-1], *sizes[:-1])))
        message = f"this input has {sizes[0]} channels of {sizes[1]}×{sizes[2]}: channels come first"
        help = Advice(f"with its channels first it is `{text}`", Edit(declared.sizes.span, text))
        found.append(Diagnostic("ND312", message, declared.sizes.span, help))
    return found


def looks_batched(sizes: Sequence[int]) -> bool:
    """Whether four sizes are those of an image with a batch of one before them."""
    return sizes[0] == 1 and sizes[1] in (1, 3) and sizes[2] == sizes[3] >= 28


def looks_channels_last(sizes: Sequence[int]) -> bool:
    """Whether three sizes are those of an image, its channels last: few of them behind a map of some size."""
    return len(sizes) == 3 and min(sizes[:2]) >= 8 and (sizes[2] == 3 or (sizes[2] == 1 and sizes[0] == sizes[1]))


def behind_an_input(said: Diagnostic, inputs: Sequence[Diagnostic]) -> Diagnostic:
    """A shape that is asserted and does not hold, where an input is said to be turned: that comes first."""
    if said.code != "ND210" or not any(isinstance(one.help, Advice) for one in inputs):
        return said
    return said._replace(help="it depends on the input, which is to be turned first")
