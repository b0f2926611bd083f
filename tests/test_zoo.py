"""Every shipped spec and variant: exact figures, published keys, a module that runs, and the reference's own logits."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch

from netdsl.analyses.stats import stats
from netdsl.elaborate import analyse
from netdsl.ir.graph import Graph
from netdsl.runtime import load
from tests.language import keys
from tests.zoo import SPECS, Absent, Net, fingerprint, zoo
from tests.zoo._parity import difference, drawn_alike, spread

ZOO = zoo()
EVERY = [pytest.param(stem, variant, net, id=f"{stem}:{variant}".rstrip(":")) for (stem, variant), net in ZOO.items()]
REFERENCES = [case for case in EVERY if case.values[2].make is not None]  # type: ignore[union-attr]
COMPARED = [case for case in REFERENCES if case.values[2].image is not None]  # type: ignore[union-attr]


def test_every_shipped_net_is_held() -> None:
    shipped = [(path.stem, variant) for path in SPECS.glob("*.net") for variant in variants(path) or ("",)]
    assert sorted(shipped) == sorted(ZOO)


@pytest.mark.parametrize("path", sorted(SPECS.glob("*.net")), ids=lambda path: path.stem)
def test_a_spec_is_short_names_its_paper_and_checks_itself(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    header = text[: text.index("\nnet ")]
    assert all(line.startswith("#") for line in header.splitlines()), "a comment stands before `net`"
    assert re.search(r"\b(19|20)\d\d\b", header), "the comment names the paper's year"
    assert len(text.splitlines()) <= 80
    said = re.findall(r"^expect ([\w.-]+):", text, re.MULTILINE)
    assert set(said) == set(variants(path)) if said else len(variants(path)) < 2 and "\nexpect " in text
    assert "\ninit " in text or "PyTorch's own initialisation" in header


@pytest.mark.parametrize(("stem", "variant", "net"), EVERY)
def test_figures_are_exact(stem: str, variant: str, net: Net) -> None:
    found = graph(stem, variant)
    totals = stats(found).totals
    assert (totals.params, totals.macs, totals.depth) == (net.params, net.macs, net.depth)
    assert found.nodes[found.outputs[0].node].shape == net.output
    trained = stats(found, view="train").totals
    assert (trained.params, trained.macs) == (net.train or (net.params, net.macs))
    if net.keys is not None:
        assert fingerprint(keys(found).items()) == net.keys


@pytest.mark.parametrize(("stem", "variant", "net"), EVERY)
def test_the_module_is_what_was_counted(stem: str, variant: str, net: Net) -> None:
    found = graph(stem, variant)
    with torch.device("meta"):
        module = load(found).eval()
        images = [torch.empty(2, *node.shape) for node in found.nodes if node.op.keyword == "input"]
        output = module(*images)
    trained = sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)
    assert trained == (net.train or (net.params, 0))[0]
    assert output.shape == (2, *net.output)


@pytest.mark.parametrize(("stem", "variant", "net"), REFERENCES)
def test_keys_are_those_of_the_reference(stem: str, variant: str, net: Net) -> None:
    expected = reference(net).state_dict()
    with torch.device("meta"):
        module = load(SPECS / f"{stem}.net", variant=variant or None).state_dict()
    rename = net.rename or (lambda key: key)
    theirs = {rename(key): tuple(value.shape) for key, value in expected.items()}
    ours = {key: tuple(value.shape) for key, value in module.items()}
    assert ours == theirs
    assert net.keys == fingerprint(theirs.items())
    if net.ordered:
        assert list(ours) == list(theirs)


@pytest.mark.parametrize(("stem", "variant", "net"), COMPARED)
def test_logits_are_those_of_the_reference(stem: str, variant: str, net: Net) -> None:
    assert net.image is not None
    far = difference(
        load(SPECS / f"{stem}.net", variant=variant or None, **net.options), reference(net), net, net.image
    )
    assert far == 0 if net.exact else far <= 1e-5


@pytest.mark.parametrize(("stem", "variant", "net"), COMPARED)
def test_a_fresh_net_starts_as_the_reference_does(stem: str, variant: str, net: Net) -> None:
    reference(net)  # skips where the library is not there
    assert net.make is not None and net.image is not None
    torch.manual_seed(0)
    ours = load(SPECS / f"{stem}.net", variant=variant or None, **net.options)
    torch.manual_seed(0)  # most layers draw the same numbers, so that the schemes differ and not the luck
    theirs = net.make()
    rename = net.rename or (lambda key: key)
    started = {rename(key): value for key, value in theirs.named_parameters()}
    assert all(torch.equal(ours.get_parameter(key), value) for key, value in started.items() if not value.requires_grad)
    assert [key for key, value in started.items() if not drawn_alike(ours.get_parameter(key), value)] == []
    image = torch.randn(2, *net.image)
    found, expected = spread(ours, image), spread(theirs, image)
    assert expected / 3 <= found <= expected * 3


def variants(path: Path) -> tuple[str, ...]:
    found = analyse(path).graph
    assert found is not None
    return found.variants


def graph(stem: str, variant: str) -> Graph:
    found = analyse(SPECS / f"{stem}.net", variant=variant or None)
    assert found.diagnostics == ()
    assert found.graph is not None
    return found.graph


def reference(net: Net) -> Any:
    assert net.make is not None
    try:
        with torch.device("meta"):
            return net.make()
    except Absent as absent:
        pytest.skip(str(absent))
