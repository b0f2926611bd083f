"""How weights start: a spec's ``init`` lines as calls of ``torch.nn.init`` at the end of the net's ``__init__``."""

from __future__ import annotations

from itertools import groupby

from netdsl.backends.torch_source.access import access
from netdsl.backends.torch_source.classes import Definition
from netdsl.backends.torch_source.plan import Plan
from netdsl.backends.torch_source.text import Atom, Bracket, call, literal, quoted
from netdsl.ir.graph import Graph, Init, Node
from netdsl.ir.op import registry

#: For each scheme the function of ``torch.nn.init`` and the arguments that it takes, with defaults where PyTorch has
#: others or none.
_SCHEMES: dict[str, tuple[str, dict[str, object]]] = {
    "normal": ("nn.init.normal_", {"mean": None, "std": None}),
    "uniform": ("nn.init.uniform_", {"a": None, "b": None}),
    "trunc_normal": ("nn.init.trunc_normal_", {"mean": None, "std": None, "a": None, "b": None}),
    "xavier_normal": ("nn.init.xavier_normal_", {"gain": None}),
    "xavier_uniform": ("nn.init.xavier_uniform_", {"gain": None}),
    "kaiming_normal": ("nn.init.kaiming_normal_", {"a": None, "mode": None, "nonlinearity": "relu"}),
    "kaiming_uniform": ("nn.init.kaiming_uniform_", {"a": None, "mode": None, "nonlinearity": "relu"}),
    "orthogonal": ("nn.init.orthogonal_", {"gain": None}),
    "constant": ("nn.init.constant_", {"value": 0.0}),
    "zeros": ("nn.init.zeros_", {}),
    "ones": ("nn.init.ones_", {}),
    "bilinear": ("bilinear_", {}),
}

#: What torch has no function for.
_BILINEAR = '''\
def bilinear_(weight: Tensor) -> None:
    """Fills a transposed convolution's weight so that each channel is enlarged on its own, by linear interpolation."""
    kernel = torch.ones(())
    for size in weight.shape[2:]:
        factor = (size + 1) // 2
        centre = factor - 1 if size % 2 else factor - 0.5
        line = 1 - (torch.arange(size) - centre).abs() / factor
        kernel = kernel.unsqueeze(-1) * line
    filled = torch.zeros(weight.shape)
    channels = torch.arange(weight.shape[0])
    filled[channels, channels % weight.shape[1]] = kernel
    with torch.no_grad():
        weight.copy_(filled)
'''


def helpers(graph: Graph) -> list[str]:
    """The functions that the file must have for its initialisation, as texts."""
    return [_BILINEAR] if any(init.scheme == "bilinear" for init in graph.inits) else []


def initialisation(graph: Graph, plan: Plan, net: Definition) -> list[str]:
    """Statements at the end of the net's ``__init__``: kinds of operators first, then what a path names."""
    firsts = _modules(graph)
    kinds = [(init, _of_kind(graph, init, firsts)) for init in graph.inits if not init.by_label]
    lines = _by_kind(graph, plan, net, [(init, nodes) for init, nodes in kinds if nodes], firsts)
    by_path = [init for init in graph.inits if init.by_label]
    by_path.sort(key=lambda init: init.target.count("."))
    for _, rules in groupby(by_path, key=lambda init: (init.scheme, init.arguments)):
        named: list[Node] = []
        for init in rules:
            looped, chosen = _by_path(graph, plan, net, init, firsts)
            lines += looped
            named += chosen
        lines += _listed(graph, net, init, named)
    return lines


def _modules(graph: Graph) -> dict[str, Node]:
    """The node that first applies each module, by path."""
    found: dict[str, Node] = {}
    for node in graph.nodes:
        if node.module is not None:
            found.setdefault(node.module, node)
    return found


# -- by kind ----------------------------------------------------------------------------------------------------------


def _of_kind(graph: Graph, init: Init, firsts: dict[str, Node]) -> list[Node]:
    """The modules of a kind, those that take its style among them unless an initialisation names their own kind."""
    own = {other.target for other in graph.inits if not other.by_label}
    kinds = {init.target} | {
        keyword for keyword, op in registry().items() if op.style_of == init.target and keyword not in own
    }
    return [node for node in firsts.values() if node.op.keyword in kinds and _tensors(graph, node)]


def _by_kind(
    graph: Graph, plan: Plan, net: Definition, rules: list[tuple[Init, list[Node]]], firsts: dict[str, Node]
) -> list[str]:
    """One loop over all modules, whose conditions tell the kinds apart; kinds that start alike share one."""
    tested: list[tuple[str, list[str]]] = []
    named: list[str] = []
    sorts: dict[tuple[object, ...], tuple[Init, list[Node]]] = {}
    for init, nodes in rules:
        for node in nodes:
            sort = (init.scheme, init.arguments, plan.call(node).kind, plan.call(node).target)
            sorts.setdefault(sort, (init, []))[1].append(node)
    for init, nodes in _united(plan, sorts, list(firsts.values())):
        test = _test(plan, nodes, list(firsts.values()))
        if test is None:
            named += _listed(graph, net, init, nodes)
        elif body := _calls(graph, init, "module", nodes, 16):
            tested.append((test, body))
    lines: list[str] = []
    merged: dict[str, list[str]] = {}
    plain = [(test, body) for test, body in tested if _class(test) is not None]
    for test, body in plain:
        merged.setdefault("\n".join(body), []).append(test)
    done: set[str] = set()
    for test, body in tested:
        if test in done:
            continue
        alike = merged.get("\n".join(body), []) if _class(test) is not None else [test]
        done.update(alike)
        if len(alike) > 1:
            classes = dict.fromkeys(_class(other) for other in alike)
            test = f"isinstance(module, ({', '.join(str(name) for name in classes)}))"
        lines += [f"            {'el' if lines else ''}if {test}:", *body]
    return [*(["        for module in self.modules():", *lines] if lines else []), *named]


def _united(
    plan: Plan, sorts: dict[tuple[object, ...], tuple[Init, list[Node]]], among: list[Node]
) -> list[tuple[Init, list[Node]]]:
    """Sorts of modules and their initialisations, those of a subclass with those of its class if both start alike."""
    united = dict(sorts)
    for sort in sorts:
        under = [one for one in united if one[:3] == sort[:3] and str(one[3]) in _subclasses(plan, str(sort[3]))]
        if sort in united and under:
            nodes = [node for one in (sort, *under) for node in united[one][1]]
            if _test(plan, nodes, among) is not None:
                united[sort] = (united[sort][0], nodes)
                for one in under:
                    del united[one]
    return list(united.values())


def _subclasses(plan: Plan, target: str) -> set[str]:
    """The classes that operators bring and that derive from a class of ``torch.nn``."""
    shown = target.removeprefix("torch.")
    return {call.target for call in plan.calls if call is not None and call.source and f"({shown})" in call.source}


def _class(test: str) -> str | None:
    """The class that a condition asks for, where it asks for nothing else."""
    name = test.removeprefix("isinstance(module, ").removesuffix(")")
    return name if test == f"isinstance(module, {name})" and name.replace(".", "").isidentifier() else None


# -- by path ----------------------------------------------------------------------------------------------------------


def _by_path(
    graph: Graph, plan: Plan, net: Definition, init: Init, firsts: dict[str, Node]
) -> tuple[list[str], list[Node]]:
    """The loop for a scope or for all whose paths end alike, or else the modules that must be named."""
    ending = f".{init.target}"
    if init.target in firsts:
        return [], [firsts[init.target]]
    inside = [node for path, node in firsts.items() if path.startswith(f"{init.target}.")]
    test: str | None
    if inside:
        chosen = [node for node in inside if node.op.weight_layer]
        test = _test(plan, chosen, inside)
        if test is None or len(chosen) == 1:
            return [], chosen
        body = _calls(graph, init, "module", chosen, 16)
        loop = f"        for module in {access(net, init.target)}.modules():"
        return [loop, f"            if {test}:", *body] if body else [], []
    chosen = [node for path, node in firsts.items() if path.endswith(ending)]
    below = [node for path, node in firsts.items() if f"{ending}." in path]
    layers = [node for node in below if node.op.weight_layer]
    test = None
    if len(chosen) > 1 and _alike(graph, chosen) and not layers:
        test = f"name.endswith({quoted(ending)})"
    elif len(layers) > 1 and _alike(graph, layers) and not chosen:
        test = _test(plan, layers, below)
        test = None if test is None else f"{quoted(ending + '.')} in name and {test}"
    if test is None:
        return [], chosen + layers
    body = _calls(graph, init, "module", chosen + layers, 16)
    loop = "        for name, module in self.named_modules():"
    return [loop, f"            if {test}:", *body] if body else [], []


def _listed(graph: Graph, net: Definition, init: Init, chosen: list[Node]) -> list[str]:
    """The statements for modules that only their names tell from others."""
    chosen = [node for node in chosen if _tensors(graph, node)]
    modules = [access(net, node.module or "") for node in chosen]
    if len(chosen) > 1 and _alike(graph, chosen):
        body = _calls(graph, init, "module", chosen, 12)
        if len(chosen) * len(body) > 1 + len(body):
            return [*Bracket("(", [Atom(name) for name in modules], ")").lines(8, "for module in ", ":"), *body]
    lines = []
    for node, module in zip(chosen, modules, strict=True):
        lines += _calls(graph, init, module, [node], 8)
    return lines


def _alike(graph: Graph, nodes: list[Node]) -> bool:
    """Whether the modules have the same parameters, as attributes."""
    names = {_tensors(graph, node) for node in nodes}
    return len(names) == 1 and all(name for name, _ in next(iter(names)))


# -- one module -------------------------------------------------------------------------------------------------------


def _test(plan: Plan, chosen: list[Node], among: list[Node]) -> str | None:
    """A condition on ``module`` that holds for just these of the nodes' modules, or None where none is simple."""
    targets = {plan.call(node).target for node in chosen}
    # `isinstance` chooses subclasses too.
    base = next((one for one in sorted(targets) if targets <= {one} | _subclasses(plan, one)), None)
    if base is None or any(plan.call(node).kind != "module" for node in chosen):
        return None
    all_of_it = {base} | _subclasses(plan, base)
    paths = {node.module for node in chosen}
    others = [node for node in among if plan.call(node).target in all_of_it and node.module not in paths]
    test = f"isinstance(module, {base.removeprefix('torch.')})"
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


def _calls(graph: Graph, init: Init, module: str, nodes: list[Node], indent: int) -> list[str]:
    """The calls for the weight of a module, and for its bias where one is asked for."""
    arguments = dict(init.arguments)
    bias = arguments.pop("bias", None)
    function, known = _SCHEMES[init.scheme]
    given = {name: arguments.get(name, default) for name, default in known.items()}
    if unknown := set(arguments) - set(known):
        raise ValueError(f"`{init.scheme}` takes no {', '.join(sorted(unknown))}")
    words = [
        Atom(literal(value) if name == "value" else f"{name}={literal(value)}")
        for name, value in given.items()
        if value is not None
    ]
    lines = []
    weights = {next((name for name, additive in _tensors(graph, node) if not additive), None) for node in nodes}
    for weight in sorted(name for name in weights if name is not None):
        target = Atom(f"{module}.{weight}" if weight else module)
        lines += call(function, [target, *words]).lines(indent, "", "")
    if bias is not None:
        with_bias = [any(name == "bias" for name, _ in _tensors(graph, node)) for node in nodes]
        if any(with_bias):
            if not all(with_bias):
                lines.append(f"{' ' * indent}if {module}.bias is not None:")
                indent += 4
            fill = {0.0: "zeros_", 1.0: "ones_"}.get(float(bias))
            values = [Atom(literal(bias))] if fill is None else []
            lines += call(f"nn.init.{fill or 'constant_'}", [Atom(f"{module}.bias"), *values]).lines(indent, "", "")
    return lines
