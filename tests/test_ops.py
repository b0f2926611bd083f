"""Every operator against PyTorch: shapes, state, multiply-adds, receptive-field steps. Ranges over the registry."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

from netdsl.diagnostics.printing import render
from netdsl.elaborate import analyse
from netdsl.ir.op import Op, OpError, lookup, registry
from netdsl.ir.types import Shape, Step
from tests.calls import build, feed, module_of
from tests.ops_cases import CASES, Case, make

#: Written as one layer and built of several: what follows a Call does not apply to them.
BUILT = [case for case in CASES if not case.op().members(case.inputs)]


def test_every_operator_has_a_case() -> None:
    assert {case.keyword for case in CASES} | {"input"} == set(registry())


@pytest.mark.parametrize("cls", registry().values(), ids=registry())
def test_declaration(cls: type[Op]) -> None:
    assert cls.keyword == cls.keyword.lower() and lookup(cls.keyword.upper()) is cls
    assert cls.__doc__
    assert cls.example.line and cls.example.input
    syntax = cls.syntax
    attributes = cls.attributes()
    spoken = {syntax.kernel, syntax.channels, syntax.stride, *syntax.positional, *syntax.required} - {None}
    assert spoken <= set(attributes)
    for flag in syntax.flags.values():
        assert set(flag) <= set(attributes)
    for attribute in attributes.values():
        assert attribute.doc, attribute.name
        if attribute.kind == "bool" and attribute.default is False:
            assert any(flag.get(attribute.name) is True for flag in syntax.flags.values()), attribute.name
    cls.model_json_schema()


def test_aliases() -> None:
    assert lookup("swish") is lookup("SiLU") is registry()["silu"]
    assert lookup("soft-max") is registry()["softmax"]


@pytest.mark.parametrize("case", BUILT, ids=str)
def test_what_an_operator_says_of_itself_makes_it_again(case: Case) -> None:
    """``expand`` writes every attribute that has a value; nothing of that may contradict the rest."""
    op = case.op()
    said = {name: getattr(op, name) for name in op.attributes()}
    written = {name: value for name, value in said.items() if value is not None and value != ()}
    assert type(op).model_construct(**type(op).resolve(written, case.inputs)) == op


def same_state(op: Op, inputs: tuple[Shape, ...], module: torch.nn.Module) -> None:
    """The module's state is exactly what the operator predicts, names, order and kind included."""
    predicted = op.tensors(inputs)
    if predicted and predicted[0].name == "":
        assert [(tensor.shape,) for tensor in predicted] == [(tuple(p.shape),) for p in module.parameters()]
        return
    assert [(tensor.name, tensor.shape) for tensor in predicted] == [
        (name, tuple(value.shape)) for name, value in module.state_dict().items()
    ]
    parameters = dict(module.named_parameters())
    assert {tensor.name for tensor in predicted if not tensor.buffer} == set(parameters)
    for tensor in predicted:
        if tensor.buffer:
            assert not tensor.trainable
        else:
            assert parameters[tensor.name].requires_grad == tensor.trainable
            assert tensor.size == parameters[tensor.name].numel()


def agree(op: Op, inputs: tuple[Shape, ...]) -> None:
    """In both modes the module gives the predicted shape for any batch, and has the predicted state."""
    output = op.infer(inputs)
    call = op.call(inputs, output)
    assert call.kind == op.lowers_to
    module = build(call)
    same_state(op, inputs, module)
    for training in (True, False):
        module.train(training)
        for batch in (2, 3):
            assert tuple(module(*feed(op, inputs, batch)).shape) == (batch, *output)
    if call.inplace:
        torch.manual_seed(0)
        (tensor,) = feed(op, inputs)
        expected = module(tensor.clone())
        result = build(call, inplace=True).eval()(tensor)
        assert torch.equal(result, expected)
    assert op.caption(inputs, output)
    assert op.work(inputs, output) >= 0


@pytest.mark.parametrize("case", BUILT, ids=str)
def test_against_pytorch(case: Case) -> None:
    agree(case.op(), case.inputs)


WRITABLE = {keyword: cls for keyword, cls in registry().items() if cls.writable}


@pytest.mark.parametrize("cls", WRITABLE.values(), ids=WRITABLE)
def test_example(cls: type[Op]) -> None:
    """The line compiles without a word from the compiler, and each of its nodes agrees with PyTorch."""
    found = analyse(f"net example\ninput {cls.example.input}\n{cls.example.line}\n")
    assert not found.diagnostics, render(found.diagnostics, found.sources)
    assert found.graph is not None
    # `id` adds no node; `sepconv` adds those that it is built of.
    expected = {"id": {"input"}, "sepconv": {"dwconv", "conv"}}.get(cls.keyword, {cls.keyword})
    assert expected <= {node.op.keyword for node in found.graph.nodes}
    for node in found.graph.nodes[1:]:
        shapes = found.graph.input_shapes(node)
        agree(node.op, shapes)
        assert node.shape == node.op.infer(shapes)


def _one_of_each_source() -> list[Case]:
    chosen: dict[str, Case] = {}
    for case in BUILT:
        op = case.op()
        call = op.call(case.inputs, op.infer(case.inputs))
        if call.source is not None or call.target == "torch.nn.ChannelShuffle":
            chosen.setdefault(call.target, case)
    return list(chosen.values())


@pytest.mark.parametrize("case", _one_of_each_source(), ids=str)
def test_compilers_take_our_module_text(case: Case) -> None:
    """torch.compile without a graph break, and torch.export for any batch, give what eager mode gives."""
    op, inputs = case.op(), case.inputs
    module = module_of(op, inputs).eval()
    tensors = feed(op, inputs)
    expected = module(*tensors)
    torch._dynamo.reset()
    assert torch.allclose(torch.compile(module, fullgraph=True, backend="eager")(*tensors), expected)
    dynamic = tuple({0: torch.export.Dim("batch")} for _ in tensors)
    exported = torch.export.export(module, tensors, dynamic_shapes=dynamic).module()
    assert tuple(exported(*feed(op, inputs, 3)).shape[1:]) == tuple(expected.shape[1:])


@pytest.mark.parametrize("case", CASES, ids=str)
def test_json(case: Case) -> None:
    """What an operator's limits say holds of every case, and JSON reads back to an equal one."""
    op = case.op()
    assert type(op).model_validate_json(op.model_dump_json()) == op


COUNTED = [case for case in BUILT if registry()[case.keyword].weight_layer and case.values.get("connect") is None]


@pytest.mark.parametrize("case", COUNTED, ids=str)
def test_macs(case: Case) -> None:
    op, inputs = case.op(), case.inputs
    module = module_of(op, inputs)
    with FlopCounterMode(display=False) as counter:
        module(*feed(op, inputs, 1))
    assert 2 * op.macs(inputs, op.infer(inputs)) == counter.get_total_flops()


@pytest.mark.parametrize("case", [case for case in CASES if case.op().members(case.inputs)], ids=str)
def test_members(case: Case) -> None:
    """A layer that is built of several has their state, multiply-adds and shape."""
    op, inputs = case.op(), case.inputs
    shape, macs, state = inputs, 0, []
    for name, member in op.members(inputs):
        output = member.infer(shape)
        module = module_of(member, shape)
        same_state(member, shape, module)
        state += [(f"{name}.{key}", tuple(value.shape)) for key, value in module.state_dict().items()]
        macs += member.macs(shape, output)
        assert member.keyword in ("dwconv", "conv")
        shape = (output,)
    assert shape[0] == op.infer(inputs)
    assert macs == op.macs(inputs, shape[0])
    assert state == [(tensor.name, tensor.shape) for tensor in op.tensors(inputs)]


def test_only_weight_layers_have_macs() -> None:
    for case in CASES:
        op = case.op()
        assert (op.macs(case.inputs, op.infer(case.inputs)) > 0) == op.weight_layer, case


def seen(module: torch.nn.Module, tensor: torch.Tensor, output: int, axis: int) -> tuple[int, int] | None:
    """First and last input element along an axis that output element number ``output`` of that axis depends on.

    Max pooling and the like depend on one element of a window at a time, so that several inputs are tried. Where an
    interpolated place meets an element, its neighbour has a weight of nothing but rounding.
    """
    found: list[int] = []
    for attempt in range(3):
        torch.manual_seed(attempt)
        image = torch.rand_like(tensor).add_(0.1).requires_grad_()
        result = module(image)
        result.select(axis + 2, output).square().sum().backward()
        assert image.grad is not None
        other = [d for d in range(image.ndim) if d != axis + 2]
        strength = image.grad.abs().sum(dim=other)
        found += torch.nonzero(strength > 1e-5 * strength.max()).flatten().tolist()
    return (min(found), max(found)) if found else None


STEPPED = [
    case
    for case in BUILT
    if len(case.inputs[0]) in (2, 3)
    and case.op().steps(case.inputs) is not None
    and len(case.op().infer(case.inputs)) == len(case.inputs[0])
    and case.values.get("pad_mode", "zeros") == "zeros"
    and case.values.get("mode", "zeros") not in ("reflect", "replicate", "circular")
]


@pytest.mark.parametrize("case", STEPPED, ids=str)
def test_steps(case: Case) -> None:
    """Each output depends on the window that the step says and on nothing else, cut off at the input's edges."""
    op, inputs = case.op(), case.inputs
    output = op.infer(inputs)
    module = module_of(op, inputs).eval()
    (image,) = feed(op, inputs, 4)
    steps = op.steps(inputs)
    assert steps is not None and len(steps) == len(inputs[0]) - 1
    for axis, step in enumerate(steps):
        n, m = inputs[0][axis + 1], output[axis + 1]
        if max(inputs[0][1:]) > 20:
            continue
        widest = 0
        for index in range(m):
            window = seen(module, image, index, axis)
            assert window == told(step, index, n), (axis, index)
            widest = max(widest, window[1] - window[0] + 1 if window else 0)
        assert widest == min(step.size, n) if step.upscale == 1 else widest <= step.size


def told(step: Step, index: int, n: int) -> tuple[int, int] | None:
    """The first and the last of ``n`` input elements that an output sees by a step."""
    if step.whole:
        return 0, n - 1
    if step.windows:
        base = step.windows[index % step.upscale]
        if base is None:
            return None
        first, last = (end + index // step.upscale * step.stride for end in base)
    else:
        before, after = step.ends or (-step.pad, step.size - 1 - step.pad)
        first, last = (index * step.stride + before) // step.upscale, (index * step.stride + after) // step.upscale
    places = [place for place in range(first, last + 1, step.spacing) if 0 <= place < n]
    return (places[0], places[-1]) if places else None


# -- pools, exactly PyTorch's -----------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(
    n=st.integers(1, 14),
    k=st.integers(1, 6),
    s=st.integers(1, 5),
    p=st.integers(0, 3),
    d=st.integers(1, 3),
    ceil=st.booleans(),
    kind=st.sampled_from(["maxpool", "avgpool", "lppool"]),
)
def test_pool_sizes(n: int, k: int, s: int, p: int, d: int, ceil: bool, kind: str) -> None:
    values: dict[str, Any] = {"kernel": k, "stride": s, "ceil": ceil}
    args: dict[str, Any] = {"kernel_size": k, "stride": s, "ceil_mode": ceil}
    if kind != "lppool":
        values["pad"] = args["padding"] = p
    if kind == "maxpool":
        values["dilation"] = args["dilation"] = d
    made = {"maxpool": torch.nn.MaxPool1d, "avgpool": torch.nn.AvgPool1d, "lppool": torch.nn.LPPool1d}[kind]
    module = made(norm_type=2, **args) if kind == "lppool" else made(**args)
    expected: Shape | None
    try:
        expected = tuple(module(torch.zeros(1, 2, n)).shape[1:])
    except RuntimeError:
        expected = None
    code: str | None = None
    got: Shape | None = None
    try:
        got = make(kind, values, (2, n)).infer(((2, n),))
    except OpError as error:
        code = error.code
    assert got == expected
    refused = "ND208" if kind != "lppool" and p > k // 2 else "ND205"
    assert code == (None if got is not None else refused)


@settings(max_examples=100, deadline=None)
@given(n=st.integers(1, 40), k=st.integers(1, 7), s=st.integers(1, 7), p=st.integers(0, 3), conv=st.booleans())
def test_dropped(n: int, k: int, s: int, p: int, conv: bool) -> None:
    """Elements are named as lost exactly where no window sees them, strides beyond the kernel apart."""
    if p > k // 2 or n + 2 * p < k:
        return
    values = {"kernel": k, "stride": s, "pad": p, **({"channels": 1} if conv else {})}
    op = make("conv" if conv else "avgpool", values, (1, n))
    size = op.infer(((1, n),))[1]
    covered = {index * s + offset - p for index in range(size) for offset in range(k)}
    lost = not set(range(n)) <= covered
    text = op.dropped(((1, n),))
    assert (text is not None) == (lost and k >= s)
    if text is not None:
        left, _, right = text.partition(" = ")
        value = eval(left.replace("·", "*").replace("−", "-"))
        assert value != int(value) and abs(value - float(right)) < 0.006


def test_dropped_text() -> None:
    assert make("maxpool", {"kernel": 3}, (8, 7, 7)).dropped(((8, 7, 7),)) == "(7−3)/3+1 = 2.33"
    valid = make("conv", {"kernel": 11, "stride": 4, "pad": 0, "channels": 96}, (3, 224, 227))
    assert valid.dropped(((3, 224, 227),)) == "(224−11)/4+1 = 54.25"
    padded = make("conv", {"kernel": 7, "stride": 4, "pad": 1, "channels": 8}, (3, 32, 35))
    assert padded.dropped(((3, 32, 35),)) == "(32+2·1−7)/4+1 = 7.75 and (35+2·1−7)/4+1 = 8.5"
    assert make("maxpool", {"kernel": 3, "ceil": True}, (8, 7, 7)).dropped(((8, 7, 7),)) is None


def test_adaptive_windows_are_counted_as_if_each_were_looked_at() -> None:
    op = lookup("avgpool")
    assert op is not None
    for n in range(1, 30):
        for m in range(1, 30):
            lengths = [-(-(i + 1) * n // m) - i * n // m for i in range(m)]
            made = op.model_construct(**op.resolve({"to": (m,)}, ((1, n),)))
            assert made.work(((1, n),), (1, m)) == sum(lengths)
