"""The mobile nets under their multipliers: what papers and authors print, and what other libraries make of them.

And what no figure and no logit shows: the constants of batch norm, the rates of dropout and of stochastic depth, and
the spread of each weight of a fresh net.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

import netdsl
from netdsl.ir.graph import Graph
from netdsl.runtime import load
from tests.zoo import SPECS, Absent, Net, timm, torchvision, zoo
from tests.zoo._parity import difference

ZOO = zoo()
MOBILE = {
    f"{stem}:{variant}".rstrip(":"): (stem, variant)
    for stem, variant in ZOO
    if stem in ("mobilenet_v1", "mobilenet_v2", "mobilenet_v3", "efficientnet")
}

#: Howard et al. 2017: width, resolution, million multiply-adds and million parameters of Table 6, then of Table 7.
MOBILENET_V1 = [
    (1.0, 224, 569, 4.2),
    (0.75, 224, 325, 2.6),
    (0.5, 224, 149, 1.3),
    (0.25, 224, 41, 0.5),
    (1.0, 192, 418, 4.2),
    (1.0, 160, 290, 4.2),
    (1.0, 128, 186, 4.2),
]

#: The authors' checkpoints (tensorflow/models, research/slim/nets/mobilenet): width, million parameters, and million
#: multiply-adds at each resolution.
MOBILENET_V2 = {
    1.4: (6.06, {224: 582}),
    1.3: (5.34, {224: 509}),
    1.0: (3.47, {224: 300, 192: 221, 160: 154, 128: 99, 96: 56}),
    0.75: (2.61, {224: 209, 192: 153, 160: 107, 128: 69, 96: 39}),
    0.5: (1.95, {224: 97, 192: 71, 160: 50, 128: 32, 96: 18}),
    0.35: (1.66, {224: 59, 192: 43, 160: 30, 128: 20, 96: 11}),
}


@pytest.mark.parametrize(("width", "resolution", "macs", "params"), MOBILENET_V1)
def test_mobilenet_v1_is_what_the_paper_s_tables_of_multipliers_print(
    width: float, resolution: int, macs: int, params: float
) -> None:
    totals = netdsl.stats(graph("mobilenet_v1", width=width, res=resolution)).totals
    assert macs in (totals.macs // 10**6, round(totals.macs / 1e6))  # some are rounded, and some cut off
    assert round(totals.params / 1e6, 1) == params


@pytest.mark.parametrize("width", MOBILENET_V2)
def test_mobilenet_v2_is_what_its_authors_published(width: float) -> None:
    params, macs = MOBILENET_V2[width]
    for resolution, millions in macs.items():
        found = graph("mobilenet_v2", width=width, res=resolution)
        assert netdsl.stats(found).totals.macs // 10**6 == millions
        scales = sum(node.shape[0] for node in found.nodes if node.op.keyword == "bn")
        weights = netdsl.stats(found).totals.params_no_bias - scales  # theirs count no batch norm
        assert round(weights / 1e6, 2) == params


@pytest.mark.parametrize(
    ("stem", "width", "make"),
    [
        pytest.param("mobilenet_v1", 1.25, timm("mobilenetv1_125"), id="v1-1.25"),
        *(
            pytest.param("mobilenet_v2", width, torchvision("mobilenet_v2", width_mult=width), id=f"v2-{width}")
            for width in (0.35, 0.5, 0.75, 1.3, 1.4)
        ),
    ],
)
def test_a_width_is_that_of_the_other_library(stem: str, width: float, make: Callable[[], nn.Module]) -> None:
    expected = other(make)
    net = Net(params=0, macs=0, depth=0, source="", make=make)
    module = load(SPECS / f"{stem}.net", set={"width": width}, logits=True)
    assert shapes(module) == shapes(expected)
    assert list(module.state_dict()) == list(expected.state_dict())
    assert difference(module, expected, net, (3, 32, 32)) == 0


@pytest.mark.parametrize("variant", ["b1", "b2", "b5"])
def test_efficientnet_scales_by_its_parameters(variant: str) -> None:
    scaled = graph("efficientnet", variant=variant)
    settings = {name: value for name, value in scaled.settings if name in ("width", "depth", "res")}
    again = netdsl.stats(graph("efficientnet", variant="b0", **settings)).totals
    expected = ZOO["efficientnet", variant]
    assert (again.params, again.macs, again.depth) == (expected.params, expected.macs, expected.depth)


@pytest.mark.parametrize("name", MOBILE)
def test_norms_and_rates_of_dropping_are_those_of_the_reference(name: str) -> None:
    stem, variant = MOBILE[name]
    make = ZOO[stem, variant].make
    assert make is not None
    expected = other(make)
    found = graph(stem, variant=variant)
    norms = {node.module: (node.op.eps, node.op.momentum) for node in found.nodes if node.op.keyword == "bn"}  # type: ignore[attr-defined]
    assert norms == {
        path: (layer.eps, layer.momentum)
        for path, layer in expected.named_modules()
        if isinstance(layer, nn.BatchNorm2d)
    }
    dropout = [node.op.p for node in found.nodes if node.op.keyword == "dropout"]  # type: ignore[attr-defined]
    assert dropout == [layer.p for layer in expected.modules() if isinstance(layer, nn.Dropout)]
    dropped = {
        (node.module or "").rpartition(".")[0]: node.op.p  # type: ignore[attr-defined]
        for node in found.nodes
        if node.op.keyword == "droppath"
    }
    theirs = {
        path: block.stochastic_depth.p
        for path, block in expected.named_modules()
        if getattr(block, "use_res_connect", False) and hasattr(block, "stochastic_depth")
    }
    assert dropped == pytest.approx(theirs, abs=1e-11)  # a ramp's values are rounded to twelve places
    assert bool(dropped) == (stem == "efficientnet")


@pytest.mark.parametrize("name", ["mobilenet_v1", "mobilenet_v2", "mobilenet_v3:small", "efficientnet:b0"])
def test_every_weight_of_a_fresh_net_spreads_as_the_reference_s(name: str) -> None:
    stem, variant = MOBILE[name]
    make = ZOO[stem, variant].make
    assert make is not None
    other(make)  # skips where the library is not there
    torch.manual_seed(0)
    theirs = dict(make().named_parameters())
    ours = dict(load(SPECS / f"{stem}.net", variant=variant or None).named_parameters())
    for key, weight in ours.items():
        if weight.numel() >= 500:  # so many that the spread of a sample is within some per cent
            assert float(weight.detach().std()) == pytest.approx(float(theirs[key].detach().std()), rel=0.25), key
        if key.endswith("bias") or weight.dim() == 1:
            assert torch.equal(weight, theirs[key]), key


def graph(stem: str, *, variant: str = "", **parameters: Any) -> Graph:
    return netdsl.compile(SPECS / f"{stem}.net", variant=variant or None, set=parameters)


def shapes(module: nn.Module) -> dict[str, tuple[int, ...]]:
    return {key: tuple(value.shape) for key, value in module.state_dict().items()}


def other(make: Callable[[], nn.Module]) -> nn.Module:
    """Another library's net on the meta device; skips where the library is not there."""
    try:
        with torch.device("meta"):
            return make()
    except Absent as absent:
        pytest.skip(str(absent))
