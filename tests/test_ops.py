"""Every operator against PyTorch: shapes, state, multiply-adds, receptive-field steps. Ranges over the registry."""

from __future__ import annotations

import re
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

from netdsl.diagnostics import CODES, render
from netdsl.elaborate import analyse
from netdsl.ir.op import Op, OpError, lookup, registry
from netdsl.ir.types import Shape
from tests.calls import build, feed, module_of
from tests.ops_cases import CASES, M2, V1, Case, make

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

    Max pooling and the like depend on one element of a window at a time, so that several inputs are tried.
    """
    found: list[int] = []
    for attempt in range(3):
        torch.manual_seed(attempt)
        image = torch.rand_like(tensor).add_(0.1).requires_grad_()
        result = module(image)
        result.select(axis + 2, output).square().sum().backward()
        assert image.grad is not None
        other = [d for d in range(image.ndim) if d != axis + 2]
        found += torch.nonzero(image.grad.abs().sum(dim=other)).flatten().tolist()
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
        uniform = step.upscale == 1 and n // step.stride >= m - 1 and case.values.get("to") is None
        for index in range(m):
            window = seen(module, image, index, axis)
            if window is None:
                # A border, or an output of a transposed convolution between its inputs.
                assert case.keyword in ("pad", "upconv")
                continue
            widest = max(widest, window[1] - window[0] + 1)
            if uniform:
                start = index * step.stride - step.pad
                assert window == (max(start, 0), min(start + step.size - 1, n - 1)), (axis, index)
        assert widest == min(step.size, n) if step.upscale == 1 else widest <= step.size


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
    try:
        got: Shape | None = make(kind, values, (2, n)).infer(((2, n),))
    except OpError as error:
        assert error.code == ("ND208" if kind != "lppool" and p > k // 2 else "ND205")
        got = None
    assert got == expected


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


# -- what PyTorch has no class for ------------------------------------------------------------------------------------


def test_connections_see_their_maps_alone() -> None:
    op = make("conv", {"kernel": 3, "channels": 3, "connect": "01 2 0,11"}, (12, 5, 5))
    inputs: tuple[Shape, ...] = ((12, 5, 5),)
    module = module_of(op, inputs)
    weight = dict(module.named_parameters())["weight"]
    bias = dict(module.named_parameters())["bias"]
    dense = torch.zeros(3, 12, 3, 3)
    for number, (row, column) in enumerate([(0, 0), (0, 1), (1, 2), (2, 0), (2, 11)]):
        dense[row, column] = weight[number]
    image = torch.randn(2, 12, 5, 5)
    assert torch.allclose(module(image), torch.nn.functional.conv2d(image, dense, bias, padding=1), atol=1e-6)
    assert op.macs(inputs, (3, 5, 5)) == 5 * 9 * 25
    assert weight.abs().max() <= 1 / 3 and (weight.abs() > 0).all()


def test_lenet5_of_1998() -> None:
    """Parameters and multiply-adds of the paper's table of layers, from this page's formulas alone."""
    table = "012 123 234 345 045 015 0123 1234 2345 0345 0145 0125 0134 1245 0235 012345"
    layers: list[tuple[str, dict[str, Any]]] = [
        ("conv", {"kernel": 5, "channels": 6, "pad": 0}),
        ("subsample", {}),
        ("conv", {"kernel": 5, "channels": 16, "pad": 0, "connect": table}),
        ("subsample", {}),
        ("conv", {"kernel": 5, "channels": 120, "pad": 0}),
        ("fc", {"features": 84}),
        ("rbf", {}),
    ]
    shape: Shape = (1, 32, 32)
    params, macs, buffers, depth = [], 0, 0, 0
    for keyword, values in layers:
        op = make(keyword, values, shape)
        tensors = op.tensors((shape,))
        params.append(sum(tensor.size for tensor in tensors if tensor.trainable))
        buffers += sum(tensor.size for tensor in tensors if tensor.buffer)
        output = op.infer((shape,))
        macs += op.macs((shape,), output)
        depth += op.weight_layer
        shape = output
    assert params == [156, 12, 1516, 32, 48120, 10164, 0]
    assert (sum(params), buffers, macs, depth, shape) == (60000, 840, 325680, 4, (10,))


@settings(max_examples=40, deadline=None)
@given(n=st.integers(1, 12), k=st.integers(1, 5), s=st.integers(1, 4), d=st.integers(1, 2))
def test_same_tf(n: int, k: int, s: int, d: int) -> None:
    """ceil(n/s) outputs, the odd element of padding at the end, also for an input of another size than compiled for."""
    op = make("conv", {"kernel": k, "channels": 1, "stride": s, "dilation": d, "same_tf": True}, (1, n))
    module = module_of(op, ((1, n),))
    weight, bias = (dict(module.named_parameters())[name] for name in ("weight", "bias"))
    for size in (n, n + 3):
        total = max((-(-size // s) - 1) * s + d * (k - 1) + 1 - size, 0)
        image = torch.randn(1, 1, size)
        padded = torch.nn.functional.pad(image, (total // 2, total - total // 2))
        expected = torch.nn.functional.conv1d(padded, weight, bias, s, 0, d)
        assert expected.shape[2] == -(-size // s)
        assert torch.allclose(module(image), expected, atol=1e-6)


def test_standardised_weights() -> None:
    op = make("conv", {"kernel": 3, "channels": 4, "ws": True}, M2)
    module = module_of(op, (M2,))
    state = module.state_dict()
    weight = state["weight"]
    flat = weight.flatten(1)
    standard = ((flat - flat.mean(1, keepdim=True)) / (flat.var(1, correction=0, keepdim=True) + 1e-6).sqrt()).view_as(
        weight
    )
    image = torch.randn(1, *M2)
    expected = torch.nn.functional.conv2d(image, standard, state["bias"], padding=1)
    assert torch.allclose(module(image), expected, atol=1e-5)


def test_subsample_starts_as_the_mean() -> None:
    image = torch.randn(2, *M2)
    module = module_of(make("subsample", {}, M2), (M2,))
    assert torch.allclose(module(image), torch.nn.functional.avg_pool2d(image, 2), atol=1e-6)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.fill_(2)
    assert torch.allclose(module(image), torch.nn.functional.avg_pool2d(image, 2) * 8 + 2, atol=1e-5)


def test_rbf_is_the_squared_distance_to_ten_different_codes() -> None:
    module = module_of(make("rbf", {}, (84,)), ((84,),))
    codes = module.state_dict()["codes"]
    assert set(codes.flatten().tolist()) == {1.0, -1.0}
    assert len({tuple(code.tolist()) for code in codes}) == 10
    distances = module(codes)
    assert torch.equal(distances, torch.cdist(codes, codes).square().round())
    assert (distances.argmin(1) == torch.arange(10)).all()


def test_scaled_tanh_and_gamma() -> None:
    x = torch.linspace(-3, 3, 12).reshape(1, 12)
    assert torch.allclose(module_of(make("tanh", {"scaled": True}, V1), (V1,))(x), 1.7159 * torch.tanh(2 / 3 * x))
    both = module_of(make("tanh", {"scaled": True, "gamma": 2.0}, V1), (V1,))
    assert torch.allclose(both(x), 2 * 1.7159 * torch.tanh(2 / 3 * x))
    assert torch.allclose(module_of(make("silu", {"gamma": 1.5}, V1), (V1,))(x), 1.5 * torch.nn.functional.silu(x))
    slope = {"slope": 0.3, "gamma": 2.0}
    expected = 2 * torch.nn.functional.leaky_relu(x, 0.3)
    assert torch.allclose(module_of(make("leaky_relu", slope, V1), (V1,))(x), expected)


def test_layer_norm_of_a_map_is_over_its_channels() -> None:
    image = torch.randn(2, *M2)
    result = module_of(make("ln", {}, M2), (M2,))(image)
    assert torch.allclose(result.mean(1), torch.zeros(2, 13, 10), atol=1e-5)
    assert torch.allclose(result.var(1, correction=0), torch.ones(2, 13, 10), atol=1e-3)


def test_drop_path_drops_whole_images() -> None:
    torch.manual_seed(0)
    module = module_of(make("droppath", {"p": 0.25}, M2), (M2,))
    image = torch.ones(400, *M2)
    result = module(image)
    each = result.flatten(1)
    assert ((each == each[:, :1]).all(1)).all()
    values = set(each[:, 0].tolist())
    assert len(values) == 2 and 0.0 in values and abs(max(values) - 4 / 3) < 1e-6
    assert 60 < (each[:, 0] == 0).sum() < 140
    assert torch.equal(module.eval()(image), image)


def test_space_to_depth_orders_as_pixel_unshuffle() -> None:
    image = torch.randn(2, 3, 6, 1)
    one = module_of(make("space_to_depth", {"size": 3}, (3, 6)), ((3, 6),))(image[..., 0])
    spread = torch.nn.functional.pixel_unshuffle(image.expand(2, 3, 6, 3), 3)
    # Each of the 3×3 blocks is three equal columns, so that every third channel is the 1-D block's.
    assert torch.equal(one, spread[:, ::3, :, 0])
    volume = torch.randn(1, 2, 4, 4, 4)
    cube = module_of(make("space_to_depth", {}, (2, 4, 4, 4)), ((2, 4, 4, 4),))(volume)
    assert torch.equal(cube[0, 8 + 5, 1, 0, 1], volume[0, 1, 3, 0, 3])


def test_expressions() -> None:
    image = torch.randn(2, *M2)

    def apply(keyword: str, values: dict[str, Any], *more: torch.Tensor) -> torch.Tensor:
        shapes = (M2, *(tuple(tensor.shape[1:]) for tensor in more))
        result = module_of(make(keyword, values, *shapes), shapes)(image, *more)
        assert isinstance(result, torch.Tensor)
        return result

    assert torch.equal(apply("take", {"start": 1, "stop": 4}), image[:, 1:4])
    assert torch.equal(apply("chunk", {"index": 2, "of": 3}), image[:, 4:])
    assert torch.equal(apply("crop", {"to": (4, 5)}), image[:, :, 4:8, 2:7])
    assert torch.equal(apply("permute", {"order": (2, 3, 1)}), image.permute(0, 2, 3, 1))
    assert torch.equal(apply("pad", {"size": (0, 1), "after": (2, 0)}), torch.nn.functional.pad(image, (1, 0, 0, 2)))
    other = torch.randn(2, *M2)
    assert torch.equal(apply("sub", {}, other, other), image - other - other)
    gate = torch.randn(2, 6)
    assert torch.equal(apply("mul", {}, gate), image * gate.reshape(2, 6, 1, 1))
    assert torch.equal(apply("scale", {"init": 0.5}), image * 0.5)


def test_a_flag_of_the_layer_takes_back_its_styles() -> None:
    """What a flag sets is all that decides the padding, so that the last one holds."""
    for keyword in ("conv", "dwconv", "sepconv", "maxpool", "avgpool"):
        flags = registry()[keyword].syntax.flags
        for style in ("valid", "same", "same_tf"):
            for own, pad in (("valid", (0, 0)), ("same", (1, 1))):
                if style in flags:
                    channels = {"channels": 6} if "conv" in keyword else {}
                    values = {**channels, "kernel": 3, "stride": 1, **flags[style], **flags[own]}
                    assert make(keyword, values, M2).model_dump()["pad"] == pad, (keyword, style, own)


# -- numbers and words by hand ----------------------------------------------------------------------------------------

WORK: list[tuple[str, dict[str, Any], tuple[Shape, ...], int]] = [
    ("conv", {"kernel": 3, "channels": 4}, (M2,), 0),
    ("fc", {"features": 10}, (M2,), 0),
    ("maxpool", {"kernel": 3, "stride": 2}, ((6, 13, 9),), 6 * 6 * 4 * 9),
    ("avgpool", {}, ((6, 12, 10),), 6 * 12 * 10),
    # Adaptive windows over 13 elements for 3 outputs: 0-5, 4-9, 8-13; over 10 for 4: 0-3, 2-5, 5-8, 7-10.
    ("avgpool", {"to": (3, 4)}, (M2,), 6 * (5 + 5 + 5) * (3 + 3 + 3 + 3)),
    ("gap", {}, (M2,), 780),
    ("lppool", {}, ((6, 12, 10),), 6 * 6 * 5 * 9),
    ("subsample", {}, ((6, 12, 10),), 6 * 6 * 5 * 5),
    ("bn", {}, (M2,), 2 * 780),
    ("ln", {}, (M2,), 7 * 780),
    ("gn", {"groups": 2, "affine": False}, (M2,), 5 * 780),
    ("lrn", {}, (M2,), 9 * 780),
    ("relu", {}, (M2,), 780),
    ("relu", {"gamma": 2.0}, (M2,), 2 * 780),
    ("silu", {}, (M2,), 5 * 780),
    ("softmax", {}, (V1,), 60),
    ("add", {}, (M2, M2, M2), 2 * 780),
    ("mul", {}, (M2, (6,)), 780),
    ("concat", {}, (M2, M2), 0),
    ("upsample", {"scale": 2}, (M2,), 0),
    ("upsample", {"scale": 2, "mode": "bilinear"}, (M2,), 7 * 4 * 780),
    ("dropout", {}, (M2,), 0),
    ("scale", {}, (M2,), 780),
    ("rbf", {}, ((84,),), 3 * 84 * 10),
]


@pytest.mark.parametrize(("keyword", "values", "inputs", "flops"), WORK)
def test_work(keyword: str, values: dict[str, Any], inputs: tuple[Shape, ...], flops: int) -> None:
    op = make(keyword, values, *inputs)
    assert op.work(inputs, op.infer(inputs)) == flops


CAPTIONS: list[tuple[str, dict[str, Any], tuple[Shape, ...], str]] = [
    ("conv", {"kernel": 3, "channels": 64, "stride": 2}, (M2,), "3×3 conv, 64, /2"),
    ("conv", {"kernel": 1, "channels": 64}, (M2,), "1×1, 64"),
    ("conv", {"kernel": (1, 7), "channels": 6, "groups": 2, "dilation": 2}, (M2,), "1×7 conv, 6, g=2, d=2"),
    ("dwconv", {"kernel": 3, "stride": (1, 2)}, (M2,), "3×3 dw, 6, /1×2"),
    ("upconv", {"kernel": 2, "channels": 4, "stride": 2}, (M2,), "2×2 upconv, 4, ×2"),
    ("maxpool", {"kernel": 3, "stride": 2}, (M2,), "max 3×3, /2"),
    ("avgpool", {"to": 7}, (M2,), "avg to 7×7"),
    ("gap", {}, (M2,), "global avg-pool"),
    ("fc", {"features": 1000}, (M2,), "fc 1000"),
    ("dropout", {"p": 0.5}, (M2,), "dropout 0.5"),
    ("mul", {}, (M2, M2), "×"),
    ("upsample", {"scale": 2, "mode": "bilinear"}, (M2,), "upsample ×2, bilinear"),
]


@pytest.mark.parametrize(("keyword", "values", "inputs", "words"), CAPTIONS)
def test_caption(keyword: str, values: dict[str, Any], inputs: tuple[Shape, ...], words: str) -> None:
    op = make(keyword, values, *inputs)
    assert op.caption(inputs, op.infer(inputs)) == words


def test_captions_use_characters_that_every_drawing_has() -> None:
    for case in CASES:
        op = case.op()
        caption = op.caption(case.inputs, op.infer(case.inputs))
        assert all(char.isascii() or char in "×·²→–≥Σα½—" for char in caption), caption


# -- errors -----------------------------------------------------------------------------------------------------------

ERRORS: list[tuple[str, dict[str, Any], tuple[Shape, ...], str, str]] = [
    ("conv", {"kernel": 3, "channels": 4}, ((10,),), "ND221", "`conv` needs a map with at least 1 spatial axis"),
    ("conv", {"kernel": 3, "channels": 4}, ((1, 2, 3, 4, 5),), "ND221", "takes up to 3 spatial axes"),
    ("conv", {"kernel": 7, "channels": 4, "pad": 0}, ((3, 5, 9),), "ND205", "the 7×7 window of `conv` is larger than"),
    ("conv", {"kernel": 9, "channels": 4, "pad": 1}, ((3, 5, 9),), "ND205", "input of 5×9, 7×11 with its padding"),
    ("conv", {"kernel": 3, "channels": 4, "groups": 4}, (M2,), "ND206", "6 input channels do not divide into 4 groups"),
    ("conv", {"kernel": 3, "channels": 4, "groups": 3}, (M2,), "ND206", "4 output channels do not divide into 3"),
    ("conv", {"kernel": 3, "channels": 4, "same": True, "pad": 1}, (M2,), "ND208", "`pad` is given too"),
    ("conv", {"kernel": 3, "channels": 4, "same_tf": True, "pad": 1}, (M2,), "ND208", "`pad` is given too"),
    ("conv", {"kernel": 3, "channels": 4, "same_tf": True, "same": True}, (M2,), "ND208", "two rules"),
    ("conv", {"kernel": 2, "channels": 4, "same": True, "stride": 3}, (M2,), "ND208", "`same` cannot pad an even"),
    ("conv", {"kernel": 3, "channels": 4, "same_tf": True, "pad_mode": "reflect"}, (M2,), "ND208", "zeros alone"),
    ("conv", {"kernel": 9, "channels": 4, "pad_mode": "reflect"}, ((3, 4, 4),), "ND205", "reflect padding of 4"),
    ("conv", {"kernel": 3, "channels": 2, "connect": "01"}, (M2,), "ND208", "1 words for 2 output maps"),
    ("conv", {"kernel": 3, "channels": 1, "connect": "0a"}, (M2,), "ND209", "words of digits and commas"),
    ("conv", {"kernel": 3, "channels": 1, "connect": "06"}, (M2,), "ND208", "the input map 6, and there are 0 to 5"),
    ("conv", {"kernel": 3, "channels": 1, "connect": "00"}, (M2,), "ND208", "see each of its maps once"),
    ("conv", {"kernel": 3, "channels": 1, "connect": "0", "groups": 2}, (M2,), "ND208", "`connect` and `groups`"),
    ("conv", {"kernel": 3, "channels": 1, "connect": "0", "pad_mode": "reflect"}, (M2,), "ND208", "zeros alone"),
    ("dwconv", {"kernel": 3, "channels": 8}, (M2,), "ND206", "gives a multiple of them, not 8"),
    ("upconv", {"kernel": 3, "channels": 4, "out_pad": 1}, (M2,), "ND208", "must be below the stride 1"),
    ("upconv", {"kernel": 3, "channels": 4, "pad": 9}, (M2,), "ND205", "leaves nothing of the output"),
    ("upconv", {"kernel": 3, "channels": 4, "groups": 4}, (M2,), "ND206", "6 input channels do not divide"),
    ("maxpool", {"kernel": 3}, (V1,), "ND221", "`maxpool` needs a map"),
    ("maxpool", {"kernel": 7}, ((3, 5, 5),), "ND205", "the 7×7 window of `maxpool` is larger than its input of 5×5"),
    ("maxpool", {"kernel": 3, "pad": 2}, (M2,), "ND208", "padding 2 of `maxpool` exceeds half"),
    ("maxpool", {"kernel": 2, "same": True}, (M2,), "ND208", "`same` cannot pad an even window of 2×2"),
    ("avgpool", {"kernel": 2, "to": 2}, (M2,), "ND208", "`to` decides the windows, and `kernel` is given too"),
    ("avgpool", {"to": 2}, (V1,), "ND221", "`avgpool` needs a map"),
    ("gap", {}, (V1,), "ND221", "`gap` needs a map"),
    ("lrn", {}, (V1,), "ND221", "`lrn` needs a map"),
    ("gn", {"groups": 4}, (M2,), "ND206", "6 channels do not divide into 4 groups"),
    ("in_norm", {}, ((6, 1, 1),), "ND221", "more than one position a channel"),
    ("softmax", {"axis": 4}, (M2,), "ND208", "has axes 1 to 3"),
    ("rbf", {}, ((85,),), "ND221", "compares 84 elements"),
    ("add", {}, (M2, M2, (8, 13, 10)), "ND204", "branch 1 is 6×13×10, and branch 3 is 8×13×10"),
    ("sub", {}, (M2, V1), "ND204", "branch 1 is 6×13×10, and branch 2 is 12"),
    ("mul", {}, ((6, 13, 1), M2), "ND204", "branch 2 is 6×13×10, and branch 1 is 6×13×1"),
    ("mul", {}, (M2, (12,)), "ND204", "or of 6 or 6×1×1: branch 1 is 6×13×10, and branch 2 is 12"),
    ("concat", {}, (M2, (6, 13, 11)), "ND204", "branch 1 is 6×13×10, and branch 2 is 6×13×11"),
    ("select", {}, (M2, V1), "ND226", "6×13×10 became 12"),
    ("reshape", {"to": (5, 5)}, (M2,), "ND221", "6×13×10 has 780 elements, and 5×5 has 25"),
    ("permute", {"order": (1, 2)}, (M2,), "ND208", "needs each of the axes 1 to 3 once"),
    ("pad", {"size": 13, "mode": "reflect"}, ((3, 13, 20),), "ND205", "reflect padding of 13"),
    ("pad", {"size": 1, "mode": "reflect", "value": 1.0}, (M2,), "ND208", "`value` is for a border of constants"),
    ("crop", {"to": 11}, (M2,), "ND205", "`crop` to 11×11 does not fit"),
    ("crop", {"to": 4, "offset": 8}, (M2,), "ND205", "from 8×8 on does not fit"),
    ("crop", {}, (M2,), "ND225", "`crop` needs a size"),
    ("crop", {"to": 4}, (M2, M2), "ND208", "given twice"),
    ("crop", {}, (M2, (6, 4)), "ND204", "has other spatial axes"),
    ("upsample", {"scale": 2, "to": 9}, (M2,), "ND208", "given twice"),
    ("upsample", {}, (M2,), "ND225", "`upsample` needs a size"),
    ("upsample", {"scale": 2, "align_corners": True}, (M2,), "ND208", "not for `nearest`"),
    ("chunk", {"index": 2}, (M2,), "ND208", "parts are 0 to 1"),
    ("chunk", {"index": 0, "of": 4}, (M2,), "ND206", "6 channels do not divide into 4 equal parts"),
    ("take", {"start": 2, "stop": 7}, (M2,), "ND208", "0 <= start < stop <= 6 must hold"),
    ("take", {"start": 2, "stop": 2}, (M2,), "ND208", "0 <= start < stop <= 6 must hold"),
    ("shuffle", {"groups": 4}, (M2,), "ND206", "6 channels do not divide into 4 groups"),
    ("shuffle", {}, (V1,), "ND221", "`shuffle` needs a map"),
    ("space_to_depth", {}, (M2,), "ND221", "does not divide into blocks of 2"),
    ("dropout2d", {}, (V1,), "ND221", "`dropout2d` needs a map"),
]


@pytest.mark.parametrize(("keyword", "values", "inputs", "code", "words"), ERRORS)
def test_errors(keyword: str, values: dict[str, Any], inputs: tuple[Shape, ...], code: str, words: str) -> None:
    with pytest.raises(OpError, match=re.escape(words)) as caught:
        make(keyword, values, *inputs).infer(inputs)
    assert caught.value.code == code and code in CODES
    assert caught.value.field is None or caught.value.field in registry()[keyword].attributes()


def test_an_operator_refuses_a_map_of_other_rank() -> None:
    """A module that is applied again may meet another tensor than it was made for."""
    for keyword in ("conv", "upconv", "maxpool", "subsample", "crop", "pad", "upsample"):
        values = {"crop": {"to": 3}, "pad": {"size": 1}, "upsample": {"scale": 2}}.get(keyword, {"kernel": 2})
        if "conv" in keyword:
            values = {**values, "channels": 3}
        op = make(keyword, values, M2)
        with pytest.raises(OpError, match="is made for 2 spatial axes, and enters 6×13"):
            op.infer(((6, 13),))
