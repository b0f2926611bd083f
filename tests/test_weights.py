"""Checkpoints held against nets: what fits, what does not and where that is written, and files that mean harm."""

from __future__ import annotations

import argparse
import json
import os
import pickle
import random
import re
import subprocess
import sys
import warnings
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

import netdsl
from netdsl.diagnostics import NetdslError
from netdsl.runtime import WeightsWarning, load
from netdsl.runtime import load as load_module
from netdsl.runtime.checkpoint import of_mapping, open_checkpoint, write_safetensors
from netdsl.runtime.explain import explain
from netdsl.runtime.moved import prefixes
from netdsl.runtime.slots import axes, slots
from netdsl.runtime.weights import Comparison, compare
from tests.weights_nets import SMALL, SPECS, Ran, State, run, same, state
from tests.zoo import Absent, timm, torchvision


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    file = tmp_path / "small.net"
    file.write_text(SMALL)
    return file


@pytest.fixture
def netdsl_(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    return lambda *words: run(capsys, *words)


def held(weights: Any, spec: Any = SMALL, **options: Any) -> Comparison:
    """A checkpoint held against a net."""
    return compare(netdsl.compile(spec), of_mapping(weights), **options)


def codes(weights: Any, spec: Any = SMALL) -> list[str]:
    return [problem.code for problem in explain(held(weights, spec))]


def refused(weights: Any, spec: Any = SMALL, **options: Any) -> str:
    with pytest.raises(NetdslError) as caught:
        load(spec, weights=weights, **options)
    return str(caught.value)


# -- what a net has ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "variant"), [("googlenet", "torchvision"), ("lenet5", "classic"), ("convnext", "tiny"), ("unet", None)]
)
def test_the_slots_are_the_module_s_own_tensors(name: str, variant: str | None) -> None:
    graph = netdsl.compile(SPECS / f"{name}.net", variant=variant)
    with torch.device("meta"):
        module = load(graph).state_dict()
    assert {key: slot.shape for key, slot in slots(graph).items()} == {k: tuple(v.shape) for k, v in module.items()}


def test_what_training_alone_needs() -> None:
    alone = {key for key, slot in slots(netdsl.compile(SMALL)).items() if slot.training_alone}
    assert alone == {"aux.head.weight", "aux.head.bias"}


def test_axes_have_names() -> None:
    graph = netdsl.compile("net n\ninput 4x8x8\nconv3-8 groups=2 as a\nbn\nupconv2-3/2\nprelu\nfc-2\n")
    named = {key: axes(slot) for key, slot in slots(graph).items()}
    assert named["conv1.weight"] == ("out", "in per group", "height", "width")
    assert named["upconv1.weight"] == ("in", "out", "height", "width")
    assert (named["conv1.bias"], named["bn1.running_var"], named["fc1.weight"]) == (
        ("out",),
        ("channels",),
        ("out", "in"),
    )
    assert named["bn1.num_batches_tracked"] == ()


# -- files and what is around the tensors -----------------------------------------------------------------------------


def saved(path: Path, tensors: Any, form: str) -> Path:
    if form == "safetensors":
        save_file({key: tensor.contiguous() for key, tensor in tensors.items()}, path)
    else:
        torch.save(tensors, path, _use_new_zipfile_serialization=form == "zip")
    return path


@pytest.mark.parametrize("form", ["safetensors", "zip", "legacy"])
def test_a_checkpoint_is_loaded_whole(tmp_path: Path, form: str) -> None:
    tensors = state()
    path = saved(tmp_path / "a.anything", tensors, form)
    assert same(load(SMALL, weights=path).state_dict(), tensors)
    assert same(load(SMALL, weights=str(path)).state_dict(), tensors)
    assert open_checkpoint(path).form == {"zip": "PyTorch", "safetensors": "safetensors"}.get(
        form, "PyTorch (the form before 1.6)"
    )


def test_a_state_dict_in_hand_is_copied() -> None:
    tensors = state()
    module = load(SMALL, weights=tensors)
    assert same(module.state_dict(), tensors)
    tensors["fc.bias"].zero_()
    assert module.get_parameter("fc.bias").abs().sum() > 0


def prefixed(prefix: str, tensors: State) -> State:
    return {prefix + key: tensor for key, tensor in tensors.items()}


@pytest.mark.parametrize(
    ("wrap", "said"),
    [
        (lambda t: {"state_dict": t, "epoch": 3}, "under `state_dict`"),
        (lambda t: {"model": t, "optimizer": {"state": {0: {"step": torch.zeros(())}}}}, "under `model`"),
        (lambda t: {"model": t, "model_ema": t}, "under `model_ema` too"),
        (lambda t: {"x": {"state_dict": t}}, "under `x.state_dict`"),
        (lambda t: {"loss": torch.zeros(()), "state_dict": t}, "under `state_dict`"),
        (lambda t: prefixed("module.", t), "`module.` was taken off every key (DataParallel)"),
        (lambda t: prefixed("_orig_mod.", t), "(torch.compile)"),
        (lambda t: prefixed("module._orig_mod.", t), "`module._orig_mod.` was taken off every key"),
        (lambda t: {"state_dict": prefixed("model.net.", t)}, "`model.net.` was taken off every key"),
        (
            lambda t: {k.replace("body.", "body.module."): v for k, v in t.items()},
            "`module.` was taken out of its keys",
        ),
        (lambda t: {**t, "epoch": 3}, "`epoch` beside them is no tensor"),
    ],
)
def test_wrappers_are_looked_through_and_that_is_said(tmp_path: Path, wrap: Callable[[State], Any], said: str) -> None:
    tensors = state()
    path = saved(tmp_path / "a.pth", wrap(tensors), "zip")
    assert same(load(SMALL, weights=path).state_dict(), tensors)
    assert said in "; ".join(compare(netdsl.compile(SMALL), open_checkpoint(path)).notes)


def test_several_dictionaries_are_asked_about(tmp_path: Path, spec: Path, netdsl_: Callable[..., Ran]) -> None:
    tensors = state()
    path = saved(tmp_path / "gan.pth", {"generator": tensors, "critic": {"a.weight": torch.zeros(1)}}, "zip")
    shown = netdsl_("weights", "check", spec, path)
    assert shown.code == 1
    assert "holds tensors under `generator` and `critic`" in shown.err and "`--key generator`" in shown.err
    assert netdsl_("weights", "check", spec, path, "--key", "generator").code == 0
    wrong = netdsl_("weights", "check", spec, path, "--key", "generatr")
    assert wrong.code == 1 and "did you mean `generator`?" in wrong.err


def test_a_part_of_the_keys(spec: Path, tmp_path: Path, netdsl_: Callable[..., Ran]) -> None:
    tensors = {**prefixed("student.", state()), "teacher.a": torch.zeros(1)}
    path = saved(tmp_path / "a.pth", tensors, "zip")
    assert netdsl_("weights", "check", spec, path).code == 1
    shown = netdsl_("weights", "check", spec, path, "--prefix", "student.")
    assert shown.code == 0 and "begin with `student.` were taken, and 1 were not" in shown.out


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_floating_point_numbers_become_the_net_s(dtype: torch.dtype) -> None:
    tensors = {key: t.to(dtype) if t.is_floating_point() else t for key, t in state().items()}
    module = load(SMALL, weights=tensors)
    assert module.get_parameter("fc.weight").dtype == torch.float32
    assert torch.equal(module.get_parameter("fc.weight"), tensors["fc.weight"].float())


def test_numbers_that_are_no_weights() -> None:
    tensors = state()
    tensors["fc.weight"] = torch.zeros(5, 96, dtype=torch.int8)
    assert "error[ND408]: `fc.weight` is int8 in the checkpoint" in refused(tensors)
    tensors["fc.weight"] = torch.zeros(5, 96).to_sparse()
    assert "no plain array of float32" in refused(tensors)


def test_old_files_lack_counts_of_batches(spec: Path, tmp_path: Path, netdsl_: Callable[..., Ran]) -> None:
    old = {key: tensor for key, tensor in state().items() if not key.endswith("num_batches_tracked")}
    module = load(SMALL, weights=old)
    assert int(module.state_dict()["bn1.num_batches_tracked"]) == 0
    assert same({key: tensor for key, tensor in module.state_dict().items() if key in old}, old)
    shown = netdsl_("weights", "check", spec, saved(tmp_path / "a.pth", old, "zip"))
    assert shown.code == 0
    assert "5 counts of batches (`num_batches_tracked`) are not in it" in shown.out
    # A norm that is missing whole has no excuse.
    missing = {key: tensor for key, tensor in old.items() if not key.startswith("bn1.")}
    assert {row.key for row in held(missing).problems} == {
        f"bn1.{name}" for name in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    }


def test_a_count_of_the_time_before_single_numbers() -> None:
    tensors = {**state(), "bn1.num_batches_tracked": torch.tensor([9])}
    assert int(load(SMALL, weights=tensors).state_dict()["bn1.num_batches_tracked"]) == 9


# -- the same verdict as torch's --------------------------------------------------------------------------------------


def spoilt(tensors: State, choose: random.Random) -> State:
    """A checkpoint with a few mistakes of every kind."""
    made: State = {}
    for key, tensor in tensors.items():
        pick = choose.random()
        if pick < 0.05:
            continue
        if pick < 0.1:
            made[key.replace("weight", "gain").replace("bias", "offset") + "_"] = tensor
        elif pick < 0.15 and tensor.dim():
            made[key] = torch.zeros(tensor.shape[0] + 1, *tensor.shape[1:])
        else:
            made[key] = tensor
    return made


@pytest.mark.parametrize("seed", range(20))
def test_the_verdict_is_that_of_load_state_dict(seed: int) -> None:
    tensors = spoilt(state(), random.Random(seed))
    comparison = held(tensors)
    module = load(SMALL)
    by_status: dict[str, set[str]] = {}
    for row in comparison.rows:
        by_status.setdefault(row.status, set()).add(row.key)
    wrong = by_status.get("shape", set())
    fitting = {key: tensor for key, tensor in tensors.items() if key not in wrong}
    found = module.load_state_dict(fitting, strict=False)
    assert set(found.unexpected_keys) == by_status.get("unexpected", set())
    lacking = {key for key in by_status.get("missing", set()) if not key.endswith("num_batches_tracked")}
    assert {key for key in found.missing_keys if key not in wrong} == lacking
    if wrong:
        with pytest.raises(RuntimeError) as caught:
            module.load_state_dict(tensors)
        assert set(re.findall(r"size mismatch for (\S+):", str(caught.value))) == wrong
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", WeightsWarning)
        ours = load(SMALL, weights=tensors, partial=True).state_dict()
    assert all(torch.equal(ours[key], tensors[key]) for key in by_status["matched"])


# -- what is said -----------------------------------------------------------------------------------------------------


def test_a_changed_classifier_is_said_in_full(spec: Path, tmp_path: Path, netdsl_: Callable[..., Ran]) -> None:
    tensors = {**state(), "fc.weight": torch.zeros(7, 96), "fc.bias": torch.zeros(7)}
    shown = netdsl_("weights", "check", spec, saved(tmp_path / "seven.pth", tensors, "zip"))
    assert shown.code == 1
    assert shown.err == (
        "error[ND407]: `fc.weight` is 7×96 in the checkpoint and 5×96 in the net, `fc.bias` 7 and 5\n"
        f"  --> {spec}:17:5\n"
        "   |\n"
        "17 | fc: FC-5\n"
        "   |     ^^^^\n"
        "   |     ---- out 7 in the checkpoint, 5 here (in 96 in both)\n"
        "   = help: the checkpoint's net has 7 classes: `FC-7` has so many too\n"
    )
    assert shown.out.splitlines()[-2:] == [
        "result      33 match, 2 are of another shape: does not fit",
        "            `--partial` takes the 33 that match",
    ]


def test_an_image_with_other_channels() -> None:
    said = refused({**state(), "stem.weight": torch.zeros(4, 1, 3, 3)})
    assert "in 1 in the checkpoint, 3 here (out 4, height 3, width 3 in both)" in said
    assert "the checkpoint's images have 1 channel: `--input 1x8x8`" in said


def test_another_size_of_the_image() -> None:
    said = refused({**state(), "fc.weight": torch.zeros(5, 6 * 7 * 7)})
    assert "294 is a map of 6×7×7, and 6×4×4 enters here: another `--input`?" in said
    # What global pooling gives does not hang on the image.
    pooled = "net n\ninput 3x8x8\nconv3-4\ngap\nfc-2\n"
    assert "another `--input`" not in refused({**state(pooled), "fc1.weight": torch.zeros(2, 16)}, pooled)


def test_a_bias_too_many_and_one_too_few() -> None:
    said = refused({**state(), "middle.bias": torch.zeros(6)})
    assert "error[ND406]: the checkpoint has `middle.bias` (6), and the net has not" in said
    assert "help: `bias=true` gives this `conv` one" in said
    lacking = {key: tensor for key, tensor in state().items() if key != "fc.bias"}
    said = refused(lacking)
    assert "error[ND405]: the checkpoint has no `fc.bias` (5)" in said
    assert "`bias=false` here takes it off" in said


def test_missing_layers_are_one_error_a_line() -> None:
    lacking = {key: tensor for key, tensor in state().items() if ".conv2" not in key and ".bn2" not in key}
    (problem,) = explain(held(lacking))
    assert problem.message == (
        "the checkpoint has no `body.0.conv2`, `body.0.bn2`, `body.1.conv2` and `body.1.bn2`: "
        "12 tensors of the net are missing"
    )
    assert SMALL[problem.span.start : problem.span.end] == "conv3-c +bn"  # type: ignore[union-attr]


def test_a_missing_block_is_one_error_at_its_call() -> None:
    (problem,) = explain(held({key: tensor for key, tensor in state().items() if not key.startswith("body.1.")}))
    assert problem.message.startswith("the checkpoint has no `body.1`: 12 tensors")
    assert problem.span is not None and SMALL[problem.span.start : problem.span.end] == "unit(4)"


def test_unexpected_tensors_name_what_they_would_be_in() -> None:
    (problem,) = explain(held({**state(), "body.2.conv1.weight": torch.zeros(4, 4, 3, 3)}))
    help = '`body` has `0` and `1`; a line `"body.2.**" = false` of a key map leaves it out'
    assert (problem.code, problem.help) == ("ND406", help)
    assert problem.span is not None and SMALL[problem.span.start : problem.span.end].startswith("body: unit(4)")


def test_a_call_is_traced() -> None:
    (problem,) = explain(held({**state(), "body.1.conv1.weight": torch.zeros(4, 4, 1, 1)}))
    assert [note.message for note in problem.trace] == ["in `unit(4)`"]
    assert "height 1 in the checkpoint, 3 here" in problem.notes[0].message


def test_every_problem_has_a_place_and_is_a_sentence() -> None:
    for seed in range(30):
        for problem in explain(held(spoilt(state(), random.Random(seed)))):
            assert problem.span is not None
            said = [problem.message, problem.help or "x", *(note.message for note in problem.notes)]
            for text in said:
                assert text.count("`") % 2 == 0 and not text.endswith(".") and "\n" not in text and "None" not in text


def test_a_label_that_was_changed_is_one_error_and_its_map_line_loads(
    spec: Path, tmp_path: Path, netdsl_: Callable[..., Ran]
) -> None:
    save_file(state(), tmp_path / "old.safetensors")
    spec.write_text(SMALL.replace("body", "trunk").replace("fc: FC-5", "fc: FC-7"))
    shown = netdsl_("weights", "check", spec, tmp_path / "old.safetensors")
    assert "error[ND412]: `trunk` is called `body` in the checkpoint, by the names and shapes in it: 24" in shown.err
    assert "error[ND407]: `fc.weight` is" in shown.err and "2 errors" in shown.err
    (line,) = re.findall(r"a line `(.*)` of a key map", shown.err)
    (tmp_path / "small.keys.toml").write_text(f"['edit']\n{line}\n")
    again = netdsl_("weights", "check", spec, tmp_path / "old.safetensors")
    assert "ND412" not in again.err and "error[ND407]" in again.err
    assert "24 of its keys were renamed" in again.out


def test_a_name_that_could_be_two_is_no_changed_one() -> None:
    before = "net a\ninput 3x8x8\nconv3-3\np: conv3-3\nq: conv3-3\n"
    after = before.replace("p:", "r:").replace("q:", "s:")
    assert codes(state(before), after) == ["ND406", "ND405", "ND405"]
    one = before.replace("p:", "r:")
    assert codes(state(before), one) == ["ND412"]


def test_a_prefix_that_no_key_has_and_a_map_that_leaves_nothing(
    spec: Path, tmp_path: Path, netdsl_: Callable[..., Ran]
) -> None:
    save_file(state(), tmp_path / "a.safetensors")
    for action in ("check", "convert"):
        shown = netdsl_("weights", action, spec, tmp_path / "a.safetensors", "--prefix", "foo.")
        assert shown.code == 1 and "ND403" in shown.err and "begins with `foo.`" in shown.err
        assert "they begin with `aux`, `bn1`, `body` …" in shown.err
    (tmp_path / "none.toml").write_text('["x"]\n"**" = false\n')
    shown = netdsl_("weights", "check", spec, tmp_path / "a.safetensors", "--map", tmp_path / "none.toml")
    assert shown.code == 1 and "leaves out every key" in shown.err


def test_a_key_where_nothing_is_nested(spec: Path, tmp_path: Path, netdsl_: Callable[..., Ran]) -> None:
    torch.save(state(), tmp_path / "a.pth")
    shown = netdsl_("weights", "check", spec, tmp_path / "a.pth", "--key", "ema")
    assert shown.code == 1 and "it is read without `--key`" in shown.err


def test_no_variant_fits_better_by_a_few_tensors_of_many(
    spec: Path, tmp_path: Path, netdsl_: Callable[..., Ran]
) -> None:
    save_file({"fc.weight": state()["fc.weight"]}, tmp_path / "a.safetensors")
    for variant in ("thin", "wide"):
        shown = netdsl_("weights", "check", f"{spec}:{variant}", tmp_path / "a.safetensors", "--partial")
        assert shown.code == 0 and "fits better" not in shown.out


def test_no_key_that_is_known() -> None:
    said = refused({"a.weight": torch.zeros(3), "b.weight": torch.zeros(2)})
    assert said.startswith(
        "error[ND405]: no key of the checkpoint is one of the net's: it has `a.weight` and `b.weight`"
    )
    with pytest.raises(NetdslError, match="ND405"):
        load(SMALL, weights={"a.weight": torch.zeros(3)}, partial=True)


def test_another_variant_is_named(spec: Path, tmp_path: Path, netdsl_: Callable[..., Ran]) -> None:
    wide = state(variant="wide")
    shown = netdsl_("weights", "check", spec, saved(tmp_path / "wide.pth", wide, "zip"))
    assert shown.code == 1 and shown.err.count("error[") == 1
    assert "error[ND409]: this checkpoint is of another variant: its 41 tensors all fit `wide`, and `thin`" in shown.err
    assert f"help: `{spec}:wide`" in shown.err
    assert "all fit `wide`" in refused(wide, spec) and "all fit `wide`" in refused(wide)
    # A graph in hand has no other variants: the places are said.
    assert "ND407" in refused(wide, netdsl.compile(SMALL))
    shown = netdsl_("weights", "check", spec, tmp_path / "wide.pth", "--all")
    assert shown.err.count("error[") > 1


def test_other_names_are_recognised() -> None:
    renamed = {key.replace("conv", "c_").replace("bn", "n_"): tensor for key, tensor in state().items()}
    said = refused(renamed)
    assert said.startswith("error[ND412]: this checkpoint has other names: each of its 35 tensors is one of the net's")
    assert "`netdsl weights convert" in said


# -- in part ----------------------------------------------------------------------------------------------------------


def test_partial_takes_what_fits_and_leaves_the_rest_as_it_started() -> None:
    tensors = {**state(), "fc.weight": torch.zeros(7, 96), "fc.bias": torch.zeros(7)}
    said = r"33 of 35 tensors match \(94 %\) and were loaded; these were not: fc.weight, fc.bias$"
    with pytest.warns(WeightsWarning, match=said):
        found = load(SMALL, weights=tensors, partial=True, seed=3).state_dict()
    fresh = load(SMALL, seed=3).state_dict()
    for key, tensor in found.items():
        assert torch.equal(tensor, fresh[key] if key.startswith("fc.") else tensors[key])


def test_partial_on_the_command_line(spec: Path, tmp_path: Path, netdsl_: Callable[..., Ran]) -> None:
    tensors = {**state(), "fc.weight": torch.zeros(7, 96), "fc.bias": torch.zeros(7), "extra": torch.zeros(1)}
    shown = netdsl_("weights", "check", spec, saved(tmp_path / "a.pth", tensors, "zip"), "--partial")
    assert (shown.code, shown.err) == (0, "")
    lines = shown.out.splitlines()
    assert "taken in part" in lines[2]
    assert lines[3].startswith(f"left        {spec}:1:1: the checkpoint has `extra` (1)")
    assert lines[4].startswith(f"            {spec}:17:5: `fc.weight` is 7×96")


def test_partial_names_a_variant_that_fits_better(spec: Path, tmp_path: Path, netdsl_: Callable[..., Ran]) -> None:
    wide = {**state(variant="wide"), "fc.weight": torch.zeros(7, 9), "fc.bias": torch.zeros(7)}
    shown = netdsl_("weights", "check", spec, saved(tmp_path / "a.pth", wide, "zip"), "--partial")
    better = f"`{spec}:wide` fits better: 39 of 41 tensors match (95 %)"
    assert shown.code == 0 and f"            {better}\n" in shown.out
    with pytest.warns(WeightsWarning, match=re.escape(f"; {better}")):
        load(spec, weights=wide, partial=True)
    near = {**state(), "fc.weight": torch.zeros(7, 96), "fc.bias": torch.zeros(7)}
    assert (
        "fits better" not in netdsl_("weights", "check", spec, saved(tmp_path / "b.pth", near, "zip"), "--partial").out
    )


def test_nothing_is_made_where_something_does_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> nn.Module:
        raise AssertionError("a module was made")

    monkeypatch.setattr(sys.modules[load_module.__module__], "instantiate", never)
    assert "ND407" in refused({**state_of_small, "fc.bias": torch.zeros(9)})


state_of_small = state()


def test_options_that_do_not_go_together() -> None:
    with pytest.raises(TypeError, match="goes with `weights`"):
        load(SMALL, partial=True)
    for seed in (True, 1.5, "0"):
        with pytest.raises(TypeError, match="whole number"):
            load(SMALL, seed=seed)  # type: ignore[arg-type]


# -- training alone ---------------------------------------------------------------------------------------------------


def test_inference_does_without_the_auxiliary_head(spec: Path, tmp_path: Path, netdsl_: Callable[..., Ran]) -> None:
    lacking = {key: tensor for key, tensor in state().items() if not key.startswith("aux.")}
    path = saved(tmp_path / "a.safetensors", lacking, "safetensors")
    shown = netdsl_("weights", "check", spec, path)
    assert shown.code == 1
    assert "the checkpoint has no `aux`" in shown.err and "training alone needs it: `--view infer` does" in shown.err
    shown = netdsl_("weights", "check", spec, path, "--view", "infer")
    assert shown.code == 0 and "2 tensors that training alone needs are not in it" in shown.out
    assert netdsl_("weights", "check", spec, path, "--view", "train").code == 1


def library(make: Callable[[], nn.Module]) -> nn.Module:
    try:
        return make()
    except Absent as absent:
        pytest.skip(str(absent))


def test_torchvision_s_googlenet_with_its_heads_and_without() -> None:
    options = {"init_weights": False, "num_classes": 1000}
    with torch.device("meta"):
        whole = library(torchvision("googlenet", aux_logits=True, **options)).state_dict()
        bare = library(torchvision("googlenet", aux_logits=False, **options)).state_dict()
    graph = netdsl.compile(SPECS / "googlenet.net", variant="torchvision")
    assert compare(graph, of_mapping(whole)).fits
    assert compare(graph, of_mapping(bare), inference=True).fits
    assert {row.key.partition(".")[0] for row in compare(graph, of_mapping(bare)).problems} == {"aux1", "aux2"}


@pytest.mark.parametrize("make", [torchvision("resnet18"), timm("resnet18")])
def test_other_libraries_weights_give_their_logits(make: Callable[[], nn.Module], tmp_path: Path) -> None:
    reference = library(make).eval()
    torch.save({"state_dict": prefixed("module.", dict(reference.state_dict()))}, tmp_path / "a.pth")
    module = load(SPECS / "resnet.net", variant="18", weights=tmp_path / "a.pth", logits=True).eval()
    image = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(module(image), reference(image))


# -- seeds ------------------------------------------------------------------------------------------------------------

STARTS = "net n\ninput 3x9x9\nconv3-64\nrelu\nfc-70\n{}"
SCHEMES = ["", "init conv = orthogonal\ninit fc = trunc_normal 0.02\n", "init conv = kaiming_normal fan_out\n"]


@pytest.mark.parametrize("init", SCHEMES)
def test_a_seed_gives_the_same_weights_on_any_number_of_threads(init: str) -> None:
    text = STARTS.format(init)
    threads = torch.get_num_threads()
    first = load(text, seed=5).state_dict()
    try:
        for count in (1, 2, 5):
            torch.set_num_threads(count)
            torch.rand(count)
            assert same(load(text, seed=5).state_dict(), first)
            assert torch.get_num_threads() == count
    finally:
        torch.set_num_threads(threads)
    assert not same(load(text, seed=6).state_dict(), first)


def test_a_seed_leaves_what_is_drawn_afterwards_as_it_was() -> None:
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    load(SMALL, seed=5)
    assert torch.equal(torch.rand(4), expected)
    torch.manual_seed(3)
    with pytest.raises(NetdslError):
        load("net n\ninput 3x8x8\nconvv\n", seed=5)
    assert torch.equal(torch.rand(4), expected)


def test_without_a_seed_the_state_of_torch_counts() -> None:
    torch.manual_seed(5)
    first = load(SMALL).state_dict()
    assert not same(load(SMALL).state_dict(), first)
    torch.manual_seed(5)
    assert same(load(SMALL).state_dict(), first)


def test_a_seed_on_another_device() -> None:
    with torch.device("meta"):
        assert next(load(SMALL, seed=0).parameters()).is_meta


# -- files that are no checkpoint, and files that mean harm -----------------------------------------------------------


class Harm:
    """Unpickled, it leaves a file behind."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("form", ["zip", "legacy", "pickle"])
def test_code_in_a_file_never_runs(form: str, tmp_path: Path, spec: Path, netdsl_: Callable[..., Ran]) -> None:
    mark, file = tmp_path / "harmed", tmp_path / "a.pth"
    value = {"fc.bias": torch.zeros(5), "x": Harm(mark)}
    if form == "pickle":
        file.write_bytes(pickle.dumps({"x": Harm(mark)}))
    else:
        saved(file, value, form)
    shown = netdsl_("weights", "check", spec, file)
    assert shown.code == 1 and shown.out == ""
    assert shown.err.startswith("error[ND404]") and "it was not read" in shown.err
    assert form == "pickle" or "system`" in shown.err
    for partial in (False, True):
        with pytest.raises(NetdslError, match="ND404"):
            load(SMALL, weights=file, partial=partial)
    assert not mark.exists()


def test_what_is_more_than_tensors_is_named(tmp_path: Path) -> None:
    cases: list[tuple[Any, str]] = [
        ({"state_dict": {}, "args": argparse.Namespace(a=1)}, "`argparse.Namespace`"),
        (nn.Linear(2, 2), "a whole pickled module (`torch.nn.modules.linear.Linear`)"),
        (load(SMALL), "a whole pickled module (`netdsl_generated_"),
        ({"best": np.float64(1)}, "scalar`"),
    ]
    for value, said in cases:
        torch.save(value, tmp_path / "a.pth")
        with pytest.raises(NetdslError) as caught:
            open_checkpoint(tmp_path / "a.pth")
        assert caught.value.diagnostics[0].code == "ND404" and said in str(caught.value)


def _zip(path: Path, names: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in names.items():
            archive.writestr(name, data)


STRANGE: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "empty": (lambda p: p.write_bytes(b""), "ND402", "is empty"),
    "zeros": (lambda p: p.write_bytes(bytes(9000)), "ND402", "begins with 4,096 zero bytes"),
    "page": (lambda p: p.write_bytes(b"<!DOCTYPE html>"), "ND403", "a web page"),
    "lfs": (lambda p: p.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid"), "ND403", "`git lfs pull`"),
    "hdf5": (lambda p: p.write_bytes(b"\x89HDF\r\n\x1a\n"), "ND403", "HDF5"),
    "gzip": (lambda p: p.write_bytes(b"\x1f\x8b\x08"), "ND403", "unpack it first"),
    "text": (lambda p: p.write_bytes(b"weights\nare here\n"), "ND403", "it is text"),
    "json": (lambda p: p.write_bytes(b'{"weight_map": {}}'), "ND403", "in several files"),
    "bytes": (lambda p: p.write_bytes(b"\x01\x02\xff\xfe" * 9), "ND403", "begins with 01 02 ff fe"),
    "tar": (lambda p: p.write_bytes(b"a" * 257 + b"ustar"), "ND403", "tar archive"),
    "npz": (lambda p: _zip(p, {"a.npy": b"\x93NUMPY"}), "ND403", "holds arrays of NumPy"),
    "zip": (lambda p: _zip(p, {"a/b": b"x"}), "ND403", "holds no tensors"),
    "squeezed": (lambda p: _zip(p, {"a/data.pkl": b"x" * 99}, zipfile.ZIP_DEFLATED), "ND403", "compressed"),
    "script": (lambda p: _zip(p, {"a/data.pkl": b"x", "a/constants.pkl": b"x"}), "ND404", "TorchScript"),
    "tensor": (lambda p: torch.save(torch.zeros(2), p), "ND403", "it holds a tensor without a name"),
    "list": (lambda p: torch.save([1], p), "ND403", "`list`"),
    "numbers": (lambda p: torch.save({"epoch": 3}, p), "ND403", "it holds no tensors, but `epoch`"),
    "nothing": (lambda p: torch.save({}, p), "ND403", "it holds nothing"),
    "bare": (lambda p: save_file({}, p), "ND403", "without a tensor"),
    "folder": (lambda p: p.mkdir(), "ND001", "is a folder"),
    "missing": (lambda p: None, "ND001", "there is no file"),
}


@pytest.mark.parametrize("name", STRANGE)
def test_what_is_no_checkpoint_is_said(name: str, tmp_path: Path, spec: Path, netdsl_: Callable[..., Ran]) -> None:
    make, code, said = STRANGE[name]
    path = tmp_path / "a.pth"
    make(path)
    shown = netdsl_("weights", "check", spec, path)
    assert (shown.code, shown.out) == (1, "")
    assert f"error[{code}]" in shown.err and said in shown.err
    assert "Traceback" not in shown.err
    as_json = netdsl_("weights", "check", spec, path, "--format", "json")
    assert as_json.code == 1
    (problem,) = json.loads(as_json.out)["diagnostics"]
    assert problem["code"] == code


def test_a_spec_for_a_checkpoint_and_a_name_that_is_near(spec: Path, netdsl_: Callable[..., Ran]) -> None:
    assert "the spec comes first" in netdsl_("weights", "check", spec, spec).err
    saved(spec.with_name("weights-final.pth"), state(), "zip")
    shown = netdsl_("weights", "check", spec, spec.with_name("weight-final.pth"))
    assert "did you mean" in shown.err and "weights-final.pth`?" in shown.err
    assert "weights-final.pth`" in netdsl_("weights", "check", spec, spec.parent).err


@pytest.mark.parametrize("form", ["safetensors", "zip", "legacy"])
@pytest.mark.parametrize("kept", [0.999, 0.9, 0.5, 0.1, 0.01])
def test_a_truncated_file_is_damaged(form: str, kept: float, tmp_path: Path) -> None:
    path = saved(tmp_path / "a.pth", state(), form)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(NetdslError) as caught:
        open_checkpoint(path)
    assert caught.value.diagnostics[0].code == "ND402"
    assert "is damaged" in str(caught.value)


def test_a_single_bit_is_noticed_where_there_are_checksums(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.pth", state(), "zip")
    data = bytearray(path.read_bytes())
    at = data.index(state()["fc.weight"].numpy().tobytes())
    data[at + 100] ^= 1
    path.write_bytes(data)
    with pytest.raises(NetdslError, match=r"ND402.*is not what its checksum says"):
        open_checkpoint(path)


def test_a_file_without_checksums_is_read(tmp_path: Path) -> None:
    before = torch.serialization.get_crc32_options()
    try:
        torch.serialization.set_crc32_options(False)
        saved(tmp_path / "a.pth", state(), "zip")
    finally:
        torch.serialization.set_crc32_options(before)
    assert same(load(SMALL, weights=tmp_path / "a.pth").state_dict(), state())


@pytest.mark.parametrize("form", ["safetensors", "zip", "legacy"])
def test_bytes_changed_at_random_never_break_out(form: str, tmp_path: Path) -> None:
    """A damaged file is a diagnostic, or a checkpoint: no other exception, whatever was changed."""
    path = saved(tmp_path / "a.pth", {"fc.weight": torch.ones(5, 4), "fc.bias": torch.ones(5)}, form)
    whole = path.read_bytes()
    choose = random.Random(0)
    outcomes = set()
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(choose.randint(1, 4)):
            # Half of the changes fall in the first bytes, where the structure is.
            data[choose.randrange(min(len(data), 400) if choose.random() < 0.5 else len(data))] = choose.randrange(256)
        path.write_bytes(data)
        try:
            found = open_checkpoint(path)
            found.tensors(found.stored)
            outcomes.add("read")
        except NetdslError as error:
            outcomes.add(error.diagnostics[0].code)
    assert "ND402" in outcomes and outcomes <= {"read", "ND402", "ND403", "ND404"}


# -- the command ------------------------------------------------------------------------------------------------------


def test_every_key_with_the_line_that_owns_it(spec: Path, tmp_path: Path, netdsl_: Callable[..., Ran]) -> None:
    tensors = prefixed("module.", {**state(), "fc.bias": torch.zeros(7), "extra": torch.zeros(1)})
    path = saved(tmp_path / "a.pth", tensors, "zip")
    value = json.loads(netdsl_("weights", "check", spec, path, "--format", "json").out)
    rows = {row["key"]: row for row in value["keys"]}
    assert set(rows) == {*slots(netdsl.compile(SMALL)), "extra"}
    assert value["counts"] == {"matched": 34, "shape": 1, "unexpected": 1}
    assert (value["fits"], value["loads"]) == (False, False)
    bias = rows["fc.bias"]
    assert (bias["status"], bias["shape"], bias["expected"], bias["source"]) == ("shape", [7], [5], "module.fc.bias")
    assert (bias["file"], bias["line"], bias["column"]) == (str(spec), 17, 5)
    lines = SMALL.splitlines()
    assert lines[rows["body.1.bn2.weight"]["line"] - 1].lstrip().startswith("add { conv3-c, conv3-c +bn")
    assert lines[rows["aux.head.bias"]["line"] - 1].startswith("output aux") and rows["aux.head.bias"]["training_alone"]
    assert (rows["extra"]["status"], rows["extra"]["line"]) == ("unexpected", None)
    table = netdsl_("weights", "check", spec, path, "--all").out.splitlines()
    (line,) = (line for line in table if line.startswith("fc.bias "))
    assert line.split() == ["fc.bias", "other", "shape", "5", "7", "module.fc.bias", "small.net:17"]
    assert sum(" matches " in line for line in table) == 34


def test_many_problems_are_cut_and_that_is_said(tmp_path: Path, netdsl_: Callable[..., Ran]) -> None:
    rows = "".join(f"c{n}: conv3-4\n" for n in range(12))
    spec = tmp_path / "many.net"
    spec.write_text(f"net many\ninput 4x8x8\n{rows}relu\n")
    tensors = {key: torch.zeros(5, *tensor.shape[1:]) for key, tensor in state(spec).items()}
    tensors["c0.weight"] = torch.zeros(4, 4, 3, 3)
    path = saved(tmp_path / "a.pth", tensors, "zip")
    shown = netdsl_("weights", "check", spec, path)
    assert shown.err.count("error[") == 8 and shown.err.endswith("and 4 more: `--all` shows them\n")
    assert netdsl_("weights", "check", spec, path, "--all").err.count("error[") == 12


def test_the_shared_options_pick_the_net(spec: Path, tmp_path: Path, netdsl_: Callable[..., Ran]) -> None:
    wide = saved(tmp_path / "wide.safetensors", state(variant="wide"), "safetensors")
    assert netdsl_("weights", "check", f"{spec}:wide", wide).code == 0
    assert netdsl_("weights", "check", spec, wide, "--variant", "wide").code == 0
    large = saved(tmp_path / "large.safetensors", state(input="3x16x16"), "safetensors")
    assert netdsl_("weights", "check", spec, large).code == 1
    assert netdsl_("weights", "check", spec, large, "--input", "3x16x16").code == 0
    assert netdsl_("weights", "check", spec, large, "--max-nodes", "3").code == 1
    for action in ("check", "convert"):
        shown = netdsl_("weights", action, "--help").out
        for word in ("FILE[:VARIANT]", "--variant", "--set", "--input", "--view", "--operators", "--max-nodes"):
            assert word in shown


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "`check` or `convert`?"),
        (("chek",), "did you mean `check`?"),
        (("check", "a.net"), "a CHECKPOINT is missing"),
        (("check", "a.net", "b.pth", "c.pth"), "one argument too many"),
        (("check", "a.net:x", "b.pth", "--variant", "y"), "two variants are asked for"),
        (("convert", "SPEC", "b.pth", "-o", "x.pth"), "does not end in .safetensors"),
    ],
)
def test_what_is_not_understood(words: tuple[str, ...], message: str, spec: Path, netdsl_: Callable[..., Ran]) -> None:
    shown = netdsl_("weights", *(str(spec) if word == "SPEC" else word for word in words))
    assert shown.code == 2 and message in shown.err


def test_help(netdsl_: Callable[..., Ran]) -> None:
    shown = netdsl_("weights", "--help")
    assert shown.code == 0
    assert "check" in shown.out and "convert" in shown.out and "No code in a file is ever run" in shown.out


def test_a_broken_spec_is_said_first(tmp_path: Path, netdsl_: Callable[..., Ran]) -> None:
    (tmp_path / "bad.net").write_text("net bad\ninput 3x8x8\nconvv3-4\n")
    shown = netdsl_("weights", "check", tmp_path / "bad.net", tmp_path / "none.pth")
    assert shown.code == 1 and "ND201" in shown.err


def test_safetensors_are_checked_without_torch(spec: Path, tmp_path: Path) -> None:
    path = saved(tmp_path / "a.safetensors", state(), "safetensors")
    code = "import sys; sys.modules['torch'] = None; from netdsl.cli import main; sys.exit(main(sys.argv[1:]))"
    words = [sys.executable, "-c", code, "weights", "check", str(spec)]
    done = subprocess.run([*words, str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "all 35 tensors match: fits" in done.stdout
    done = subprocess.run(
        [*words, str(saved(tmp_path / "a.pth", state(), "zip"))], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1 and "error[ND008]" in done.stderr


# -- writing ----------------------------------------------------------------------------------------------------------


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out.safetensors"
    write_safetensors(path, {"a": torch.ones(2)})
    path.chmod(0o640)
    shared = torch.arange(6.0)
    write_safetensors(path, {"a": shared[:3], "b": shared[2:], "c": shared.reshape(2, 3).T})
    assert path.stat().st_mode & 0o777 == 0o640
    found = open_checkpoint(path)
    assert torch.equal(found.tensors(["c"])["c"], shared.reshape(2, 3).T)
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(NetdslError, match=r"ND006.*no space left on device"):
        write_safetensors(path, {"a": torch.ones(2)})
    assert path.read_bytes() == before and [entry.name for entry in tmp_path.iterdir()] == ["out.safetensors"]


@pytest.mark.parametrize(("place", "said"), [("none/x.safetensors", "there is no folder"), (".", "it is a folder")])
def test_places_that_cannot_be_written(tmp_path: Path, place: str, said: str) -> None:
    with pytest.raises(NetdslError, match="ND006") as caught:
        write_safetensors(tmp_path / place, {"a": torch.ones(2)})
    assert said in str(caught.value)


def test_an_ordered_dictionary_is_one_too() -> None:
    assert held(OrderedDict(state())).fits


def test_keys_cannot_speak_to_the_terminal(spec: Path, tmp_path: Path, netdsl_: Callable[..., Ran]) -> None:
    red = "\x1b[31m"
    cases = [
        {f"{red}{key}": tensor for key, tensor in state().items()},
        {**state(), f"body.{red}.weight": torch.zeros(2)},
        {"state_dict": state(), f"{red}": {f"{red}.weight": torch.zeros(2)}},
        {f"{red}a": {"x": torch.zeros(2)}, f"{red}b": {"x": torch.zeros(2)}},
    ]
    for number, case in enumerate(cases):
        path = saved(tmp_path / f"{number}.pth", case, "zip")
        for words in (("check", spec, path), ("check", spec, path, "--all"), ("check", spec, path, "--partial")):
            shown = netdsl_("weights", *words)
            assert "\x1b" not in shown.out + shown.err
        shown = netdsl_("weights", "convert", spec, path)
        assert "\x1b" not in shown.out + shown.err


def test_a_path_is_taken_apart_only_as_far_as_is_asked() -> None:
    assert list(prefixes("a.b.c")) == ["a", "a.b", "a.b.c"]
    assert next(prefixes("a." * 10_000_000)) == "a"


def test_keys_of_thousands_of_letters_are_shown_without_their_middles() -> None:
    long = "x" * 5_000
    known = state()
    tensors: dict[str, State] = {
        "none": {f"{long}.weight": torch.zeros(3)},
        "strange": {**known, f"{long}.a": torch.zeros(3), f"body.0.{long}": torch.zeros(2)},
        "moved": {key.replace("body", long): tensor for key, tensor in known.items() if key != "fc.bias"},
        "names": {f"{long}.{key}": tensor for key, tensor in known.items() if "stem" not in key},
    }
    for name, given in tensors.items():
        found = explain(held(given))
        assert found, name
        for problem in found:
            assert len(problem.message) < 900 and len(problem.help or "") < 500, name
            assert problem.help and problem.help.count("`") % 2 == 0
    for said in refused_all(long):
        assert len(said) < 900


def refused_all(long: str) -> list[str]:
    """What is said of two keys of a map that are one, and of a tensor that has no partner."""
    from netdsl.runtime.keymap import parse

    (scheme,) = parse(f'"*.w" = "{long}"\n', "x.keys.toml").schemes
    with pytest.raises(NetdslError) as caught:
        scheme.apply([f"a{long}.w", f"b{long}.w"])
    return [problem.message + (problem.help or "") for problem in caught.value.diagnostics]
