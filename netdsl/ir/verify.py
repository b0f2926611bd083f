"""What holds of every graph. Run after elaboration and after every rewrite, so it is one pass over nodes and scopes."""

from __future__ import annotations

from collections.abc import Sequence

from netdsl.ir.graph import Graph, Node, Output, Scope
from netdsl.ir.op import OpError
from netdsl.ir.types import Shape, show_shape

#: So many problems are listed; a broken rewrite tends to break every node after the first.
_LIMIT = 20


class InvalidGraph(ValueError):
    """A graph that does not hold together: an error of the compiler or of a rewrite, never of a spec.

    ``problems`` says, one sentence each, what does not hold.
    """

    def __init__(self, graph: Graph, problems: list[str]) -> None:
        self.problems = tuple(problems)
        rest = f"\n  … and {len(problems) - _LIMIT} more" if len(problems) > _LIMIT else ""
        lines = "".join(f"\n  {problem}" for problem in problems[:_LIMIT])
        super().__init__(f"the graph {graph.name!r} does not hold together:{lines}{rest}")


def verify(graph: Graph) -> None:
    """Raises :class:`InvalidGraph` unless all of this holds. Time is linear in nodes and scopes.

    - Nodes and scopes stand at their index; a node's inputs stand before it; input nodes, and they alone, have no
      inputs, and the graph lists them; heads and labels name nodes.
    - Names of nodes are unique; a module lies under its node's scope unless it was applied before; a path is a
      module's or a scope's and never both; what has parameters or buffers has a module.
    - A scope's path continues its parent's; entering and resulting nodes exist.
    - Shapes are those that operators infer; nodes that share a module have equal operators and tensors.
    - A node limited to one mode keeps its first input's shape wherever the other mode sees it.
    - Outputs exist, their names are unique and ``main`` comes first. Spans lie inside their sources.
    """
    problems = _scopes(graph)
    structure = _structure(graph)
    problems += structure
    # Shapes and modes follow indices, which must hold first.
    if not structure:
        problems += _shapes(graph)
        problems += _modules(graph)
        problems += _modes(graph)
    problems += _outputs(graph)
    problems += _spans(graph)
    if problems:
        raise InvalidGraph(graph, problems)


def _says(node: Node) -> str:
    return f"node %{node.index} ({node.name})"


def _scopes(graph: Graph) -> list[str]:
    scopes = graph.scopes
    if not scopes:
        return ["there is no scope 0"]
    problems: list[str] = []
    count = len(graph.nodes)
    net = scopes[0]
    if (net.index, net.parent, net.kind, net.path) != (0, None, "net", ""):
        problems.append("scope 0 is not the net, with an empty path and no parent")
    paths: set[str] = set()
    for index, scope in enumerate(scopes):
        if scope.index != index:
            problems.append(f"scope {index} says that its index is {scope.index}")
        if index:
            problem = _parent(scope, scopes, paths, index)
            if problem:
                problems.append(f"scope {index} ({scope.path}) {problem}")
        for what, node in (("entered from", scope.enters), ("results in", scope.result)):
            if node is not None and not 0 <= node < count:
                problems.append(f"scope {index} ({scope.path}) {what} node %{node}, which does not exist")
        if (scope.block is None) != (scope.kind != "block"):
            problems.append(f"scope {index} ({scope.path}) of kind {scope.kind} has block {scope.block!r}")
        paths.add(scope.path)
    return problems


def _parent(scope: Scope, scopes: tuple[Scope, ...], paths: set[str], index: int) -> str | None:
    if scope.kind == "net":
        return "is a second net"
    if scope.parent is None or not 0 <= scope.parent < index:
        return f"has parent {scope.parent}, which does not stand before it"
    if scope.reuses:
        return None if scope.path in paths else "reuses a path that no earlier scope has"
    above = scopes[scope.parent].path
    if scope.path == above:
        return None
    below = scope.path[len(above) + 1 :] if above else scope.path
    if not scope.path.startswith(f"{above}." if above else "") or not below:
        return f"does not continue its parent's path {above!r}"
    if below != scope.name and not below.endswith(f".{scope.name}"):
        return f"is called {scope.name!r}, which is not the end of its path"
    return None


def _structure(graph: Graph) -> list[str]:
    problems: list[str] = []
    nodes = graph.nodes
    count, scopes = len(nodes), len(graph.scopes)
    entering: list[int] = []
    names: set[str] = set()
    for index, node in enumerate(nodes):
        if node.index != index:
            problems.append(f"{_says(node)} stands at place {index}")
        inputs = node.inputs
        if not inputs:
            entering.append(index)
        for at in inputs:
            if not 0 <= at < index:
                problems.append(f"{_says(node)} takes the tensor of %{at}, which does not stand before it")
        if (not inputs) != (node.op.category == "input"):
            problems.append(f"{_says(node)} is a `{node.op.keyword}` with {len(inputs)} inputs")
        if not node.name or node.name in names:
            problems.append(f"{_says(node)} has a name that is empty or taken")
        names.add(node.name)
        if not 0 <= node.scope < scopes:
            problems.append(f"{_says(node)} is in scope {node.scope}, which does not exist")
        if not 0 <= node.head < count or nodes[node.head].head != node.head:
            problems.append(f"{_says(node)} has head %{node.head}, which is no head")
    if sorted(graph.inputs) != entering:
        problems.append(f"the inputs are said to be {list(graph.inputs)} and are {entering}")
    return problems


def _shapes(graph: Graph) -> list[str]:
    problems: list[str] = []
    nodes = graph.nodes
    shapes: list[Shape] = [node.shape for node in nodes]
    for node in nodes:
        inputs = node.inputs
        if not inputs:
            taken: tuple[Shape, ...] = ()
        elif len(inputs) == 1:
            taken = (shapes[inputs[0]],)
        else:
            taken = tuple([shapes[at] for at in inputs])
        try:
            shape = node.op.infer(taken)
        except OpError as error:
            problems.append(f"{_says(node)} cannot take its inputs: {error.message}")
            continue
        if shape != node.shape:
            problems.append(f"{_says(node)} is said to be {show_shape(node.shape)} and is {show_shape(shape)}")
    return problems


def _modules(graph: Graph) -> list[str]:
    problems: list[str] = []
    scopes = graph.scopes
    prefixes = [f"{scope.path}." if scope.path else "" for scope in scopes]
    paths = {scope.path for scope in scopes}
    first: dict[str, Node] = {}
    for node in graph.nodes:
        module = node.module
        if module is None:
            if node.op.tensors(graph.input_shapes(node)):
                problems.append(f"{_says(node)} has parameters or buffers and no module")
            continue
        earlier = first.setdefault(module, node)
        if earlier is node:
            if 0 <= node.scope < len(scopes) and not module.startswith(prefixes[node.scope]):
                problems.append(f"{_says(node)} has module {module!r} outside its scope {scopes[node.scope].path!r}")
            if module in paths:
                problems.append(f"{_says(node)} has module {module!r}, which is the path of a scope")
        elif earlier.op != node.op:
            problems.append(f"{_says(node)} shares module {module!r} with %{earlier.index}, another operator")
        elif earlier.op.tensors(graph.input_shapes(earlier)) != node.op.tensors(graph.input_shapes(node)):
            problems.append(f"{_says(node)} shares module {module!r} with %{earlier.index}, of other tensors")
    return problems


def _modes(graph: Graph) -> list[str]:
    nodes = graph.nodes
    # A node that is limited to a mode and changes the shape may be seen in that mode alone.
    changing = {
        node.index: node.mode
        for node in nodes
        if node.mode != "both" and (not node.inputs or nodes[node.inputs[0]].shape != node.shape)
    }
    if not changing:
        return []
    problems = [
        f"{_says(node)} sees %{at} in a mode in which that is left out, and its shape differs from its input's"
        for node in nodes
        for at in node.inputs
        if at in changing and changing[at] != node.mode
    ]
    problems += [
        f"the output {output.name!r} sees %{output.node} in a mode in which that is left out"
        for output in graph.outputs
        if output.node in changing and changing[output.node] != output.mode
    ]
    return problems


def _outputs(graph: Graph) -> list[str]:
    problems: list[str] = []
    count = len(graph.nodes)
    names = [output.name for output in graph.outputs]
    if not names or names[0] != "main":
        problems.append("the first output is not `main`")
    if len(set(names)) < len(names):
        problems.append(f"an output's name is taken twice: {', '.join(names)}")
    for output in graph.outputs:
        if not 0 <= output.node < count:
            problems.append(f"the output {output.name!r} is node %{output.node}, which does not exist")
    for init in graph.inits:
        if not init.target:
            problems.append("an initialisation has no target")
    return problems


def _spans(graph: Graph) -> list[str]:
    if not graph.sources:
        return []
    ends = [len(source.text) for source in graph.sources]
    files = len(ends)
    problems: list[str] = []
    placed: tuple[tuple[str, Sequence[Node | Scope | Output]], ...] = (
        ("node", graph.nodes),
        ("scope", graph.scopes),
        ("output", graph.outputs),
    )
    for kind, items in placed:
        for place, item in enumerate(items):
            file, start, end = item.span
            if not (0 <= file < files and 0 <= start <= end <= ends[file]):
                problems.append(f"{kind} {place} has the span {tuple(item.span)}, which lies in no source")
    return problems
