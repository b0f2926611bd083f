"""What docs/numbers.md says of other tools and of papers, as far as netdsl's own numbers go into it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import netdsl
from netdsl.analyses.stats import Totals

PAGE = (Path(__file__).parent.parent / "docs" / "numbers.md").read_text(encoding="utf-8")
NETS = {
    "VGG-16": "zoo:vgg16",
    "ResNet-50": "zoo:resnet:50",
    "MobileNet v2": "zoo:mobilenet_v2",
    "ConvNeXt-T": "zoo:convnext:tiny",
}


@pytest.fixture(scope="module")
def totals() -> dict[str, Totals]:
    return {name: netdsl.stats(netdsl.compile(spec)).totals for name, spec in NETS.items()}


def row(title: str) -> list[str]:
    found = re.search(rf"^\| {re.escape(title)} \|(.*)\|$", PAGE, re.MULTILINE)
    assert found is not None, title
    return [cell.strip() for cell in found[1].split("|")]


def millions(*counts: int) -> list[str]:
    return [f"{count / 1e6:,.1f}" for count in counts]


def test_the_table_has_the_numbers_of_today(totals: dict[str, Totals]) -> None:
    assert row("tool and what it calls the number") == list(NETS)
    assert row("netdsl, MACs") == millions(*(each.macs for each in totals.values()))
    assert row("netdsl, FLOPs") == millions(*(each.flops for each in totals.values()))
    assert row("torch FlopCounterMode, flops") == millions(*(2 * each.macs for each in totals.values()))


def test_the_differences_are_those_that_are_explained(totals: dict[str, Totals]) -> None:
    vgg, resnet = totals["VGG-16"], totals["ResNet-50"]
    biases = vgg.activations_conv_fc
    assert f"{biases:,} for VGG-16" in PAGE
    assert row("torchinfo, mult-adds")[0] == row("ptflops, MACs (aten)")[0] == millions(vgg.macs + biases)[0]
    norms = dict(resnet.flops_parts)["norm"]
    assert f"{norms:,} and 100,352" in PAGE.replace("\n  ", " ")
    assert row("fvcore, flop")[1] == millions(resnet.macs + norms + 2048 * 7 * 7)[0]
    assert row("thop, MACs")[1] == millions(resnet.macs + 2 * norms + 2048 * 7 * 7 + 2048)[0]
    assert f"{2 * 4 * biases / 1e6:.1f} MB for" in PAGE and f"{vgg.activation_bytes / 1e6:.1f} MB." in PAGE
    assert f"{totals['ConvNeXt-T'].params:,}: layer scales" in PAGE


def test_googlenet_has_two_views() -> None:
    graph = netdsl.compile("zoo:googlenet:torchvision")
    for view, said in (("train", "has 13,004,888 parameters"), ("infer", "thop says 6,624,904")):
        assert f"{netdsl.stats(graph, view=view).totals.params:,}" in said and said in PAGE  # type: ignore[arg-type]


def test_the_papers_print_multiply_adds() -> None:
    papers = {
        "GoogLeNet": ("zoo:googlenet:paper", 1.5e9),
        "ResNet-50, Table 1": ("zoo:resnet:50-v1", 3.8e9),
        "MobileNet v2, Table 4": ("zoo:mobilenet_v2", 300e6),
        "EfficientNet-B0": ("zoo:efficientnet:b0", 0.39e9),
        "ConvNeXt-T": ("zoo:convnext:tiny", 4.5e9),
    }
    for paper, (spec, printed) in papers.items():
        macs = netdsl.stats(netdsl.compile(spec)).totals.macs
        cells = [line for line in PAGE.splitlines() if line.startswith(f"| {paper} |")][-1]
        assert cells.endswith(f"| {macs:,} |")
        assert abs(macs / printed - 1) < 0.06


def test_torch_counts_two_for_each_multiply_add() -> None:
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    graph = netdsl.compile("net n\ninput 3x16x16\nstyle conv = _, bn, relu\nconv3-8, dwconv3/2, conv1-16\ngap, fc-10\n")
    module = netdsl.load(graph).eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        module(torch.zeros(1, 3, 16, 16))
    assert counter.get_total_flops() == 2 * netdsl.stats(graph).totals.macs
