"""How weights start: a spec's ``init`` lines as calls of ``torch.nn.init`` at the end of the net's ``__init__``."""

from __future__ import annotations

from netdsl.backends.torch_source.access import access
from netdsl.backends.torch_source.classes import Definition
from netdsl.backends.torch_source.plan import Plan
from netdsl.backends.torch_source.text import Atom, Bracket, literal, quoted
from netdsl.ir.graph import Graph, Init, Node

#: For each scheme the function of ``torch.nn.init`` and the arguments that it takes, with defaults where PyTorch has
#: others or none.
_SCHEMES: dict[str, tuple[str, dict[str, object]]] = {
    "normal": ("normal_", {"mean": None, "std": None}),
    "uniform": ("uniform_", {"a": None, "b": None}),
    "trunc_normal": ("trunc_normal_", {"mean": None, "std": None, "a": None, "b": None}),
    "xavier_normal": ("xavier_normal_", {"gain": None}),
    "xavier_uniform": ("xavier_uniform_", {"gain": None}),
    "kaiming_normal": ("kaiming_normal_", {"a": None, "mode": None, "nonlinearity": "relu"}),
    "kaiming_uniform": ("kaiming_uniform_", {"a": None, "mode": None, "nonlinearity": "relu"}),
    "orthogonal": ("orthogonal_", {"gain": None}),
    "constant": ("constant_", {"value": 0.0}),
    "zeros": ("zeros_", {}),
    "ones": ("ones_", {}),
}


def initialisation(graph: Graph, plan: Plan, net: Definition) -> list[str]:
    """Statements at the end of the net's ``__init__``: kinds of operators first, then what a label names."""
    lines: list[str] = []
    for init in sorted(graph.inits, key=lambda init: init.by_label):
        added = _one(graph, plan, net, init)
        # Loops over all modules that choose by class are one loop.
        at = max((at for at, line in enumerate(lines) if not line.startswith(" " * 12)), default=-1)
        if at >= 0 and len(added) > 1 and lines[at] == added[0] and added[1].lstrip().startswith("if isinstance"):
            asked = {line.strip().removeprefix("el") for line in lines[at:] if "if isinstance" in line}
            if added[1].strip() not in asked:
                added = [added[1].replace("if", "elif", 1), *added[2:]]
        lines += added
    return lines


def _one(graph: Graph, plan: Plan, net: Definition, init: Init) -> list[str]:
    firsts = _modules(graph)
    inside = [node for path, node in firsts.items() if path.startswith(f"{init.target}.")]
    if init.by_label:
        chosen = [firsts[init.target]] if init.target in firsts else [node for node in inside if node.op.weight_layer]
    else:
        chosen = [node for node in firsts.values() if node.op.keyword == init.target]
    chosen = [node for node in chosen if node.op.tensors(graph.input_shapes(node))]
    if not chosen:
        return []
    whole = init.by_label and init.target not in firsts
    among = inside if whole else list(firsts.values())
    test = _test(plan, chosen, among)
    if test is not None and (whole or not init.by_label) and (len(chosen) > 1 or not whole):
        body = _calls(graph, init, "module", chosen, 16)
        root = access(net, init.target) if whole else "self"
        return [f"        for module in {root}.modules():", f"            if {test}:", *body] if body else []
    if len(chosen) > 2 and len({_tensors(graph, node) for node in chosen}) == 1 and "" not in _names(graph, chosen[0]):
        names = [Atom(quoted(node.module or "")) for node in chosen]
        lines = Bracket("(", names, ")", tall=True).lines(8, "for name in ", ":")
        lines.append("            module = self.get_submodule(name)")
        return [*lines, *_calls(graph, init, "module", chosen, 12)]
    lines = []
    for node in chosen:
        lines += _calls(graph, init, access(net, node.module or ""), [node], 8)
    return lines


def _modules(graph: Graph) -> dict[str, Node]:
    """The node that first applies each module, by path."""
    found: dict[str, Node] = {}
    for node in graph.nodes:
        if node.module is not None:
            found.setdefault(node.module, node)
    return found


def _test(plan: Plan, chosen: list[Node], among: list[Node]) -> str | None:
    """A condition on ``module`` that holds for just these of the nodes' modules, or None where none is simple."""
    calls = {(plan.call(node).kind, plan.call(node).target) for node in chosen}
    if len(calls) > 1:
        return None
    kind, target = calls.pop()
    shown = target.removeprefix("torch.") if target.startswith("torch.nn.") else target
    # A class that an operator brings may be a subclass, which ``isinstance`` would choose too.
    brought = [call.source for call in plan.calls if call is not None and call.source and call.target != target]
    if kind != "module" or any(f"({shown})" in source for source in brought):
        return None
    paths = {node.module for node in chosen}
    others = [node for node in among if plan.call(node).target == target and node.module not in paths]
    test = f"isinstance(module, {shown})"
    if not others:
        return test
    groups = {node.module: dict(plan.call(node).kwargs).get("groups", 1) for node in [*chosen, *others]}
    if all((groups[node.module] == 1) == (node.module in paths) for node in [*chosen, *others]):
        return f"{test} and module.groups == 1"
    if all((groups[node.module] != 1) == (node.module in paths) for node in [*chosen, *others]):
        return f"{test} and module.groups > 1"
    return None


def _tensors(graph: Graph, node: Node) -> tuple[tuple[str, bool], ...]:
    tensors = node.op.tensors(graph.input_shapes(node))
    return tuple((tensor.name, tensor.additive) for tensor in tensors if not tensor.buffer)


def _names(graph: Graph, node: Node) -> list[str]:
    return [name for name, _ in _tensors(graph, node)]


def _calls(graph: Graph, init: Init, module: str, nodes: list[Node], indent: int) -> list[str]:
    """The calls for the weight of a module, and for its bias where one is asked for."""
    arguments = dict(init.arguments)
    bias = arguments.pop("bias", None)
    function, known = _SCHEMES[init.scheme]
    given = {name: arguments.get(name, default) for name, default in known.items()}
    if unknown := set(arguments) - set(known):
        raise ValueError(f"`{init.scheme}` takes no {', '.join(sorted(unknown))}")
    words = "".join(
        f", {literal(value) if name == 'value' else f'{name}={literal(value)}'}"
        for name, value in given.items()
        if value is not None
    )
    pad = " " * indent
    lines = []
    weights = {next((name for name, additive in _tensors(graph, node) if not additive), None) for node in nodes}
    for weight in sorted(name for name in weights if name is not None):
        lines.append(f"{pad}nn.init.{function}({f'{module}.{weight}' if weight else module}{words})")
    if bias is not None:
        with_bias = [any(name == "bias" for name, _ in _tensors(graph, node)) for node in nodes]
        if any(with_bias):
            if not all(with_bias):
                lines.append(f"{pad}if {module}.bias is not None:")
                pad += "    "
            lines.append(f"{pad}nn.init.constant_({module}.bias, {literal(bias)})")
    return lines
