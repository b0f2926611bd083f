"""Graphs and nets in a session of IPython, and the cell magic. Skipped without IPython."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("IPython")
interactiveshell: Any = importlib.import_module("IPython.core.interactiveshell")
capture_output: Any = importlib.import_module("IPython.utils.capture").capture_output


CELL = "%%netdsl {}\nnet tiny\ninput 1x8x8\nparam c = 4\nconv3-c, relu\nfc-10\n"


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    # IPython warns of an environment that is active and not its own.
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    interactiveshell.InteractiveShell.clear_instance()
    shell = interactiveshell.InteractiveShell.instance()
    shell.run_cell("%load_ext netdsl")
    yield shell
    interactiveshell.InteractiveShell.clear_instance()


def shown(shell: Any, value: object) -> dict[str, Any]:
    bundle, _ = shell.display_formatter.format(value)
    return dict(bundle)


def test_a_cell_is_compiled_and_shown(shell: Any) -> None:
    result = shell.run_cell(CELL.format("tiny --set c=8"))
    assert result.success
    assert result.result is shell.user_ns["tiny"]
    bundle = shown(shell, result.result)
    assert bundle["image/svg+xml"].startswith("<svg")
    assert "<b>tiny</b>: 5,210 parameters" in bundle["text/html"]
    assert bundle["text/html"].count("<svg") == 1
    assert bundle["text/plain"] == "<Graph tiny, 4 nodes>"


@pytest.mark.parametrize(
    ("line", "cell", "said"),
    [
        ("", "input 1x8x8\nrleu\n", "did you mean `relu`?"),
        ("--variant wide", "input 1x8x8\nrelu\n", "no variant called `wide`"),
        ("--nope", "input 1x8x8\nrelu\n", "unknown option `--nope`"),
        ("a.b", "input 1x8x8\nrelu\n", "cannot be the name of a variable"),
        ('"', "input 1x8x8\nrelu\n", "No closing quotation"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_raised(shell: Any, line: str, cell: str, said: str) -> None:
    with capture_output() as captured:
        result = shell.run_cell(f"%%netdsl {line}\n{cell}")
    assert result.success
    assert result.result is None
    assert said in captured.stderr


def test_a_net_shows_itself_until_it_is_changed(shell: Any) -> None:
    shell.run_cell(CELL.format("tiny"))
    shell.run_cell("import netdsl, torch\nnet = netdsl.load(tiny)")
    net = shell.user_ns["net"]
    bundle = shown(shell, net)
    assert "image/svg+xml" in bundle
    assert bundle["text/plain"] == repr(net)
    shell.run_cell("net.fc1 = torch.nn.Linear(256, 3)")
    assert "image/svg+xml" not in shown(shell, net)
    assert "image/svg+xml" not in shown(shell, shell.run_cell("torch.nn.Linear(2, 2)").result)


def test_names_are_escaped(shell: Any) -> None:
    shell.run_cell('%%netdsl evil\ninput 1x8x8\n"<b>&": [conv3-4, relu]\n')
    text = shown(shell, shell.user_ns["evil"])["text/html"]
    assert "<td>&lt;b&gt;&amp;" in text
    assert "<td><b>" not in text
