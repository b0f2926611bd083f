"""Modules from specs, and what the check says of one that contradicts its graph."""

from __future__ import annotations

import copy
import inspect
import pickle
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
import torch
from torch import nn

import netdsl
from netdsl.backends.torch_source import torch_source
from netdsl.diagnostics import NetdslError
from netdsl.runtime import load
from netdsl.runtime.check import contradictions
from netdsl.runtime.module import instantiate

SPECS = Path(__file__).parent.parent / "specs"
SMALL = "net small\ninput 3x8x8\nparam c = 4\nbody: [conv3-c +bn, relu]\ngap\nfc-5\nsoft-max eval\n"


# -- load -------------------------------------------------------------------------------------------------------------


def test_load_a_file_a_text_and_a_graph() -> None:
    assert load(SPECS / "lenet5.net", variant="classic")(torch.zeros(1, 1, 32, 32)).shape == (1, 10)
    assert load(str(SPECS / "lenet5.net"))(torch.zeros(1, 1, 32, 32)).shape == (1, 10)
    assert load(SMALL)(torch.zeros(1, 3, 8, 8)).shape == (1, 5)
    assert load(netdsl.compile(SMALL))(torch.zeros(1, 3, 8, 8)).shape == (1, 5)
    assert netdsl.load is load


def test_load_sets_parameters_and_the_input() -> None:
    module = load(SMALL, set={"c": 7}, input="2x16x16")
    assert module.get_parameter("body.0.weight").shape == (7, 2, 3, 3)


def test_load_logits() -> None:
    image = torch.randn(3, 3, 8, 8)
    module, logits = load(SMALL).eval(), load(SMALL, logits=True).eval()
    logits.load_state_dict(module.state_dict())
    torch.testing.assert_close(module(image), logits(image).softmax(1))


def test_a_graph_takes_no_options() -> None:
    with pytest.raises(TypeError, match="compiled already"):
        load(netdsl.compile(SMALL), variant="a")


def test_load_says_what_is_wrong_with_a_spec() -> None:
    with pytest.raises(NetdslError, match="ND201"):
        load("net n\ninput 3x8x8\nconvv3-4\n")


def test_load_without_torch_says_so() -> None:
    code = "import sys; sys.modules['torch'] = None\nimport netdsl\nnetdsl.compile('net n\\ninput 8\\nfc-2\\n')\n"
    code += "try:\n    netdsl.load('net n\\ninput 8\\nfc-2\\n')\nexcept netdsl.NetdslError as error:\n    print(error)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("error[ND008]: PyTorch cannot be imported")
    assert "pip install torch" in done.stdout


# -- what is executed is the text -------------------------------------------------------------------------------------


def test_a_traceback_shows_the_generated_line() -> None:
    module = load(SMALL)
    with pytest.raises(RuntimeError) as caught:
        module(torch.zeros(1, 9, 8, 8))
    shown = "".join(traceback.format_exception(caught.value))
    assert "x = self.body(x)" in shown
    assert "netdsl_generated_small" in shown


def test_the_source_of_a_module_can_be_asked_for() -> None:
    text = torch_source(netdsl.compile(SMALL))
    module = instantiate(text, "small")
    assert inspect.getsource(type(module)) in text
    assert type(instantiate(text, "small")) is type(module)


def test_a_module_can_be_pickled_and_copied() -> None:
    module = load(SMALL).eval()
    image = torch.randn(1, 3, 8, 8)
    for other in (pickle.loads(pickle.dumps(module)), copy.deepcopy(module)):
        torch.testing.assert_close(other(image), module(image))


# -- the check --------------------------------------------------------------------------------------------------------


def problems(module: nn.Module) -> list[str]:
    found = contradictions(module, netdsl.compile(SMALL))
    assert all(diagnostic.code == "ND401" and diagnostic.span is not None for diagnostic in found)
    return [diagnostic.message for diagnostic in found]


def test_a_module_that_is_right() -> None:
    module = load(SMALL)
    state = {key: tensor.clone() for key, tensor in module.state_dict().items()}
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    module.get_submodule("body").eval()
    assert problems(module) == []
    assert torch.equal(torch.rand(3), expected)
    assert all(torch.equal(state[key], tensor) for key, tensor in module.state_dict().items())
    assert module.training and not module.get_submodule("body").training
    assert not any(layer._forward_hooks or layer._forward_pre_hooks for layer in module.modules())


def test_a_layer_with_other_weights() -> None:
    module = load(SMALL)
    module.fc1 = nn.Linear(4, 6)
    assert problems(module) == [
        "`fc1.weight` is 6×4, and the graph says 5×4",
        "`fc1.bias` is 6, and the graph says 5",
        "in evaluation `fc1` gives 1×6, and the graph says 1×5",
        "in evaluation `softmax1` gives 1×6, and the graph says 1×5",
        "in evaluation the output `main` is 1×6, and the graph says 1×5",
        "in training `fc1` gives 2×6, and the graph says 2×5",
        "in training the output `main` is 2×6, and the graph says 2×5",
    ]


def test_a_key_too_few_and_a_key_too_many() -> None:
    module = load(SMALL)
    module.fc1 = nn.Linear(4, 5, bias=False)
    module.extra = nn.Parameter(torch.zeros(2))
    assert problems(module) == [
        "the module has no `fc1.bias`",
        "the module has `extra`, of which the graph knows nothing",
    ]


def test_weights_that_are_not_trained() -> None:
    module = load(SMALL)
    module.get_parameter("fc1.weight").requires_grad_(False)
    assert problems(module) == ["`fc1.weight` is not trained, and the graph says that it is"]


def test_a_layer_that_is_not_called_and_one_that_fails() -> None:
    module = load(SMALL)
    module.softmax1.forward = lambda x: x[:, :3]  # type: ignore[union-attr]
    assert "in evaluation `softmax1` gives 1×3, and the graph says 1×5" in problems(module)
    module = load(SMALL)
    module.forward = lambda x: torch.zeros(len(x), 5)
    assert "in training `fc1` is called 0 times, and the graph says 1" in problems(module)
    module = load(SMALL)
    body = module.get_submodule("body")
    assert isinstance(body, nn.Sequential)
    body[1] = nn.BatchNorm2d(9)
    assert any("the forward pass fails in `body.1`" in problem for problem in problems(module))


def test_the_zoo_contradicts_nothing() -> None:
    for name, variant in (("lenet5", "classic"), ("lenet5", "modern"), ("resnet", "18")):
        graph = netdsl.compile(SPECS / f"{name}.net", variant=variant)
        assert contradictions(load(graph), graph) == []
