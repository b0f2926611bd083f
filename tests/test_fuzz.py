"""Random specs: what a file may never do, and what must hold of each that is right."""

from __future__ import annotations

import random
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import netdsl
from netdsl.backends.torch_source import torch_source
from netdsl.elaborate import LIMITS, analyse
from netdsl.ir.op import registry
from tests.fuzz.agree import holds
from tests.fuzz.edits import run
from tests.fuzz.holds import check
from tests.fuzz.inputs import WORDS, make
from tests.fuzz.slips import small
from tests.fuzz.source import complaints, names_torch_alone
from tests.fuzz.specs import make as right
from tests.hostile.cases import CASES, FILE

torch.set_num_threads(1)

SPECS = Path(__file__).parent.parent / "specs"
FOUND = sorted((Path(__file__).parent / "fuzz" / "cases").glob("*.net"))

#: What a slip may rarely lead to: many errors of one, or an edit after which there are as many.
RARE = ("cascades", "same")

#: Seconds of processor time for mutated specs, in each of two shares.
SECONDS = 15


# -- any input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.stem)
def test_what_broke_once(path: Path, tmp_path: Path) -> None:
    if check(path.read_bytes(), tmp_path / "x.net"):
        holds(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("share", [0, 1])
def test_changed_specs(share: int, tmp_path: Path) -> None:
    # The same inputs in the same order each time; a slow machine reaches fewer of them.
    end = time.process_time() + SECONDS
    tried = 0
    while time.process_time() < end and tried < 1000:
        data = make(random.Random(f"share {share} {tried}"))
        try:
            check(data, tmp_path / "x.net")
        except Exception as error:
            (tmp_path / "found.net").write_bytes(data)
            raise AssertionError(f"input {tried} of share {share}, {tmp_path}/found.net: {error!r}") from error
        tried += 1
    assert tried > 10


@given(st.lists(st.sampled_from([*WORDS, *("\n" * 8), *(" " * 12)]), max_size=40), st.binary(max_size=6))
@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_any_words(tmp_path_factory: pytest.TempPathFactory, words: list[str], end: bytes) -> None:
    data = b"input 4x6x6\n" + "".join(words).encode("utf-8", errors="replace") + end
    check(data, tmp_path_factory.getbasetemp() / "words.net")


# -- slips of the hand ------------------------------------------------------------------------------------------------


def test_slips_in_right_specs() -> None:
    """The same slips each time: `python -m tests.fuzz slips` makes others."""
    tried = run(range(220), 0, small())
    assert [str(complaint) for complaint in tried.complaints if complaint.rule not in RARE] == []
    assert tried.figures["edits"] > 60
    assert tried.share("fewer", "edits") > 0.88
    assert tried.share("single fewer", "single edits") > 0.95
    assert tried.share("cascades", "slips") < 0.02
    assert tried.share("restored", "single") > 0.9


# -- specs that are right ---------------------------------------------------------------------------------------------


def test_the_generator_reaches_every_operator_and_rank() -> None:
    words: set[str] = set()
    ranks: set[int] = set()
    for seed in range(len(registry())):
        text = right(seed)
        graph = netdsl.compile(text)
        words |= {node.op.keyword for node in graph.nodes} | set(re.findall(r"[a-z_]*[a-z]2?d?", text))
        ranks.add(len(graph.nodes[0].shape) - 1)
    assert {keyword for keyword in registry() if keyword not in words} == set()
    assert ranks == {0, 1, 2, 3}


@pytest.mark.parametrize("share", range(6))
def test_a_right_spec_its_text_its_json_and_its_module_agree(share: int, tmp_path: Path) -> None:
    for seed in range(10 * share, 10 * share + 10):
        text = right(seed)
        try:
            graphs = holds(text)
        except AssertionError as error:
            raise AssertionError(f"spec {seed}: {error}\n{text}") from error
        for at, graph in enumerate(graphs):
            (tmp_path / f"spec_{seed}_{at}.py").write_text(torch_source(graph), encoding="utf-8")
    assert complaints(tmp_path) == ""


# -- generated source -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(SPECS.glob("*.net")), ids=lambda path: path.stem)
def test_the_source_of_the_zoo_names_torch_alone(path: Path) -> None:
    names_torch_alone(torch_source(netdsl.compile(path)))


def test_no_name_and_no_title_is_code(tmp_path: Path) -> None:
    sources = []
    for case in CASES.values():
        if case.codes or not case.name.startswith(("a label", "a title", "labels", "blocks", "parameters", "outputs",
                                                   "a net called", "names of")):  # fmt: skip
            continue
        case.make(tmp_path)
        graph = analyse(tmp_path / FILE, limits=LIMITS).graph
        assert graph is not None, case.name
        source = torch_source(graph)
        names_torch_alone(source)
        sources.append(source)
        (tmp_path / f"made_{len(sources)}.py").write_text(source, encoding="utf-8")
    assert len(sources) > 30
    ruff = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--line-length", "600", str(tmp_path)]
    done = subprocess.run(ruff, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("source", ["import os", "x = open('f')", "def f(): return exec", "f = ().__class__"])
def test_what_is_no_torch_is_seen(source: str) -> None:
    with pytest.raises(AssertionError):
        names_torch_alone(source)
