"""What the modules compute whose text operators bring along, and the expressions, against formulas of their papers."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from netdsl.ir.op import registry
from netdsl.ir.types import Shape
from tests.calls import module_of
from tests.ops_cases import M2, V1, make


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


@pytest.mark.parametrize("groups", [1, 2])
def test_a_gain_on_standardised_weights(groups: int) -> None:
    """gain · (W - mean) / √(variance · fan-in), the gain starting at 1 (Brock et al. 2021)."""
    op = make("conv", {"kernel": 3, "channels": 4, "groups": groups, "ws": True, "gain": True, "ws_eps": 1e-5}, M2)
    module = module_of(op, (M2,))
    state = module.state_dict()
    assert list(state) == ["weight", "bias", "gain"]
    assert state["gain"].shape == (4, 1, 1, 1)
    assert (state["gain"] == 1).all()
    state["gain"].copy_(torch.tensor([1.0, 2.0, 0.0, -0.5]).reshape(4, 1, 1, 1))
    weight = state["weight"]
    fan_in = M2[0] // groups * 9
    mean = weight.mean((1, 2, 3), keepdim=True)
    variance = weight.var((1, 2, 3), correction=0, keepdim=True)
    scaled = state["gain"] * (weight - mean) / ((variance + 1e-5) * fan_in).sqrt()
    image = torch.randn(1, *M2)
    expected = torch.nn.functional.conv2d(image, scaled, state["bias"], padding=1, groups=groups)
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
