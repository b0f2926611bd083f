"""What docs/questions.md says beside the outputs, which tests/test_docs.py compares: its table, and its prose."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

import netdsl
from netdsl.analyses.stats import Row, Stats

PAGE = (Path(__file__).parent.parent / "docs" / "questions.md").read_text(encoding="utf-8")


def numbers(target: str) -> Stats:
    return netdsl.stats(netdsl.compile(target))


def answer(question: str) -> str:
    """The prose below a question, its lines joined."""
    found = re.search(rf"^## [^\n]*{re.escape(question)}[^\n]*\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None
    return " ".join(re.sub(r"```.*?```", "", found[1], flags=re.DOTALL).split())


def spec(name: str) -> str:
    """A net that the page writes to a file."""
    found = re.search(rf"^\$ cat {re.escape(name)}\n(.*?)^(?:\$|```)", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def rows(target: str) -> dict[str, Row]:
    return {row.name: row for row in numbers(target).by("block")}


def test_what_the_paper_prints_of_googlenet_and_what_its_layers_give() -> None:
    found = rows("zoo:googlenet:paper")
    lines = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if line.startswith("| `")]
    named = [name for line in lines for name in re.findall(r"`(\w+)`", line[0])]
    assert named == [row.name for row in found.values() if row.macs]
    for names, params, weights, ops, macs in lines:
        mine = [found[name] for name in re.findall(r"`(\w+)`", names)]
        thousands = sum(row.params_no_bias for row in mine) / 1024
        millions = sum(row.macs for row in mine) / 1e6
        assert (weights, macs) == (f"{thousands:,.1f}", f"{millions:,.1f}")
        for printed, real in ((params, thousands), (ops, millions)):
            value = float(printed.strip("*KM"))
            wrong = abs(value - real) > 0.02 * real and abs(value - real) > 1
            assert printed.startswith("**") == wrong
            assert wrong or printed.endswith("K") or abs(value - real) <= max(0.01 * real, 0.5)
    said = answer("GoogLeNet")
    whole = numbers("zoo:googlenet:paper").totals.params
    assert f"{whole - found['fc'].params:,}" in said


@pytest.mark.parametrize(
    ("question", "figures"),
    [
        ("64 to 128", ("73,856", "128·(576 + 1)")),
        ("AlexNet", ("(227−11)/4 + 1 = 55", "34,848", "34,944")),
        ("VGG-16", ("102,760,448 of 138,344,128", "15,237,608 values, 61 MB")),
    ],
)
def test_figures_in_the_prose(question: str, figures: tuple[str, ...]) -> None:
    said = answer(question)
    for figure in figures:
        assert figure in said


def test_those_figures_are_right() -> None:
    layer = netdsl.stats(netdsl.compile(spec("layer.net"))).totals
    assert layer.params == 73_856 == 128 * (576 + 1)
    first = rows("zoo:alexnet:one-gpu")["conv1"]
    assert (first.shape, first.params_no_bias, first.params) == ((96, 55, 55), 34_848, 34_944)
    vgg = numbers("zoo:vgg16")
    widest = max(vgg.layers, key=lambda row: row.params_no_bias)
    assert (widest.name, widest.params_no_bias) == ("classifier.0", 102_760_448)
    assert vgg.totals.params_no_bias == 138_344_128
    assert vgg.totals.activations == 15_237_608 and round(vgg.totals.activation_bytes / 1e6) == 61


def test_the_34_and_the_32() -> None:
    found = list(rows("zoo:resnet:34").values())
    blocks = [row.name.split(".")[0] for row in found if row.op == "basic"]
    assert [blocks.count(f"layer{stage}") for stage in (1, 2, 3, 4)] == [3, 4, 6, 3]
    steps = [after.depth - before.depth for before, after in itertools.pairwise(found) if after.op == "basic"]
    assert steps == [2] * 16 and found[-1].depth == 34 == 1 + 2 * (3 + 4 + 6 + 3) + 1
    last = rows("zoo:resnet:50")["layer4.2"]
    assert (last.shape[1:], last.jump) == ((7, 7), (32, 32)) and 224 / 7 == 32 == 2**5


def test_what_small_windows_see_and_save() -> None:
    totals = {
        (name, variant): netdsl.stats(netdsl.compile(spec(f"{name}.net"), variant=variant)).totals
        for name, variant in (("fields", "two"), ("fields", "one"), ("thirds", "whole"), ("thirds", "split"))
    }
    assert totals["fields", "two"].receptive_field == totals["fields", "one"].receptive_field == (5, 5)
    assert (totals["fields", "two"].params, totals["fields", "one"].params) == (18, 25)
    assert totals["thirds", "whole"].receptive_field == totals["thirds", "split"].receptive_field == (3, 3)
    assert (totals["thirds", "whole"].params, totals["thirds", "split"].params) == (9, 6)


def test_the_row_of_multiply_adds() -> None:
    said = answer("FLOPs row")
    printed = re.findall(r"\d+\.\d", said)[:5]
    nets = ("18", "plain-34", "50-v1", "101-v1", "152-v1")
    real = [numbers(f"zoo:resnet:{net}").totals.macs / 1e9 for net in nets]
    # 3.86 is cut, and the others are rounded.
    assert [f"{value:.1f}" for value in real] == [*printed[:2], "3.9", *printed[3:]]
    assert printed[2] == f"{int(real[2] * 10) / 10}" and f"{real[2]:.2f}" == "3.86"
    assert f"{numbers('zoo:resnet:34').totals.macs / 1e9:.1f}" == "3.7" and "they would be 3.7" in said
