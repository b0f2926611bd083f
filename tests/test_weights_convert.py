"""Checkpoints under other names: key maps, and what is paired by shape, order and name."""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

import netdsl
from netdsl.diagnostics import NetdslError
from netdsl.elaborate import analyse
from netdsl.ir.types import Shape
from netdsl.runtime import keymap, load
from netdsl.runtime.checkpoint import of_mapping, open_checkpoint
from netdsl.runtime.convert import convert, converted
from netdsl.runtime.correspond import Correspondence, correspond
from netdsl.runtime.slots import slots
from netdsl.runtime.weights import compare
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


# -- key maps ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "target", "key", "expected"),
    [
        ("a.weight", "b.weight", "a.weight", "b.weight"),
        ("a.weight", "b.weight", "a.weights", None),
        ("a.weight", "b.weight", "axweight", None),
        ("a.*", "b.*", "a.bias", "b.bias"),
        ("a.*", "b.*", "a.b.bias", None),
        ("a.**", "b.**", "a.b.bias", "b.b.bias"),
        ("norm.*.*", "norm*.*", "norm.1.bias", "norm1.bias"),
        ("layer*.**", "l.*.**", "layer3.x.y", "l.3.x.y"),
        ("{stage}.{block}.w", "{block}.{stage}.w", "a.b.w", "b.a.w"),
        ("s{n}.w", "layer{n+1}.w", "s0.w", "layer1.w"),
        ("s{n}.w", "layer{n-2}.w", "s12.w", "layer10.w"),
        ("{a}.{a}.w", "{a}.w", "x.x.w", "x.w"),
        ("{a}.{a}.w", "{a}.w", "x.y.w", None),
        (r"a\*.w", r"b\{.w", "a*.w", "b{.w"),
        ("a.w", None, "a.w", ""),
    ],
)
def test_patterns(source: str, target: str | None, key: str, expected: str | None) -> None:
    rule = keymap.rule(source, target)
    assert rule.fits(key) == (expected is not None)
    if expected is not None:
        assert rule.apply(key) == (expected or None)


def test_the_first_line_that_fits_counts_and_the_rest_keep_their_names() -> None:
    (scheme,) = keymap.parse('[x]\n"a.weight" = "first"\n"a.*" = "b.*"\n"c" = false\n', "x.keys.toml").schemes
    assert scheme.apply(["a.weight", "a.bias", "c", "d"]) == {
        "a.weight": "first",
        "a.bias": "b.bias",
        "c": None,
        "d": "d",
    }


def test_two_keys_of_one_name_are_refused() -> None:
    (scheme,) = keymap.parse('"*.w" = "w"\n', "x.keys.toml").schemes
    with pytest.raises(NetdslError, match=r"ND410.*calls both `a.w` and `b.w` `w`"):
        scheme.apply(["a.w", "b.w"])


@pytest.mark.parametrize(
    ("text", "said", "place"),
    [
        ('[x]\n"a" = "{b}"\n', "`{b}` stands for nothing on the left", 2),
        ('[x]\n"{block}" = "{blck}"\n', "did you mean `block`?", 2),
        ('[x]\n"a.*" = "*.*"\n', "the right has 2 stars, and the left 1", 2),
        ('[x]\n"a" = "*"\n', "the right has 1 star, and the left none", 2),
        ('[x]\n"a" = 3\n', "or to `false`", 2),
        ('[x]\n"a{" = "b"\n', "`{` stands for no part of a key", 2),
        ('[x]\n"a{1}" = "b"\n', "`{1}` stands for no part of a key", 2),
        ('[x]\n"**.a.**.b.**" = "b"\n', "at most two `**`", 2),
        ('[x]\n"a.*b*c{d}.e" = "b"\n', "at most two stars or words", 2),
        ('[x]\n"a" = "b"\n"a" = "c"\n', "this is no TOML", 3),
        ('[x]\na" = "b"\n', "this is no TOML", 2),
    ],
)
def test_a_map_that_is_wrong_is_said_at_its_line(text: str, said: str, place: int) -> None:
    with pytest.raises(NetdslError) as caught:
        keymap.parse(text, "x.keys.toml")
    assert "ND410" in str(caught.value) and said in str(caught.value)
    assert f"x.keys.toml:{place}:" in str(caught.value)


def test_maps_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(NetdslError, match="ND001"):
        keymap.read(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(NetdslError, match="ND002"):
        keymap.read(tmp_path / "bad.toml")


def test_many_pairs_become_few_lines_that_say_the_same() -> None:
    pairs = {
        f"stages.{stage}.{block}.{layer}{n}.{name}": f"layer{stage + 1}.{block}.{other}{n}.{name}"
        for stage in range(4)
        for block in range(3)
        for layer, other in (("conv", "c"), ("norm", "bn"))
        for n in (1, 2)
        for name in ("weight", "bias")
    }
    lines = keymap.summarise(pairs)
    assert [(line.source, line.target, line.tensors) for line in lines] == [
        ("stages.{a}.{b}.conv{c}.*", "layer{a+1}.{b}.c{c}.*", 48),
        ("stages.{a}.{b}.norm{c}.*", "layer{a+1}.{b}.bn{c}.*", 48),
    ]


@pytest.mark.parametrize("seed", range(40))
def test_a_written_map_gives_the_same_names(seed: int) -> None:
    choose = random.Random(seed)
    parts = ["a", "b1", "conv", "norm.1", "x*", "y{z}", "0", "12"]
    keys = sorted({".".join(choose.choices(parts, k=choose.randint(1, 4))) + ".weight" for _ in range(30)})
    others = [re.sub(r"\d+", lambda n: str(int(n[0]) + choose.randint(0, 1)), key).replace("conv", "c") for key in keys]
    pairs = {
        key: f"{other}{'' if others.count(other) == 1 else f'.{n}'}" for n, (key, other) in enumerate(zip(keys, others))
    }
    if len(set(pairs.values())) < len(pairs):
        pairs = {key: f"{n}.{value}" for n, (key, value) in enumerate(pairs.items())}
    (scheme,) = keymap.parse(keymap.write(pairs, "of a test", "A test's."), "x.toml").schemes or (
        keymap.Scheme("", ()),
    )
    assert scheme.name == "of a test"
    assert scheme.apply(pairs) == pairs


def test_the_map_beside_a_spec_is_used(spec: Path, tmp_path: Path) -> None:
    tensors = {key.replace("body.", "trunk.").replace("conv", "c"): tensor for key, tensor in state().items()}
    tensors["mask"] = torch.zeros(2)
    with pytest.raises(NetdslError):
        load(spec, weights=tensors)
    (tmp_path / "small.keys.toml").write_text(
        '[elsewhere]\n"stem.*" = "nowhere.*"\n'
        '[ours]\n"trunk.{n}.c{m}.*" = "body.{n}.conv{m}.*"\n"trunk.**" = "body.**"\n"mask" = false\n'
    )
    assert same(load(spec, weights=tensors).state_dict(), state())
    assert same(load(netdsl.compile(spec), weights=tensors).state_dict(), state())
    (note,) = compare(netdsl.compile(spec), of_mapping(tensors)).notes
    assert note == f"25 of its keys were renamed by `ours` of `{tmp_path / 'small.keys.toml'}`"
    # What has the net's own names needs no map, and one that would spoil it is not used.
    assert compare(netdsl.compile(spec), of_mapping(state())).notes == ()
    # `module.` before the names of another library.
    wrapped = {f"module.{key}": tensor for key, tensor in tensors.items()}
    assert same(load(spec, weights=wrapped).state_dict(), state())


def test_a_map_that_is_asked_for(spec: Path, tmp_path: Path, netdsl_: Callable[..., Ran]) -> None:
    tensors = {key.replace("body.", "trunk."): tensor for key, tensor in state().items()}
    torch.save(tensors, tmp_path / "a.pth")
    (tmp_path / "m.toml").write_text('"trunk.**" = "body.**"\n')
    shown = netdsl_("weights", "check", spec, tmp_path / "a.pth", "--map", tmp_path / "m.toml")
    assert shown.code == 0 and "24 of its keys were renamed by `m`" in shown.out
    (tmp_path / "m.toml").write_text('"trunk.**" = "body"\n')
    shown = netdsl_("weights", "check", spec, tmp_path / "a.pth", "--map", tmp_path / "m.toml")
    assert shown.code == 1 and "error[ND410]" in shown.err


@pytest.mark.parametrize("path", sorted(SPECS.glob("*.keys.toml")), ids=lambda path: path.name)
def test_a_shipped_map_belongs_to_a_spec(path: Path) -> None:
    assert keymap.read(path).schemes
    found = analyse(path.with_name(path.name.removesuffix(keymap.ENDING) + ".net")).graph
    assert found is not None and keymap.beside(found) is not None


# -- pairs ------------------------------------------------------------------------------------------------------------


def pairs_of(found: Correspondence) -> dict[str, str]:
    return {pair.source: pair.target for pair in found.pairs}


def test_order_decides_where_shapes_do_not() -> None:
    source = {"x.weight": (4, 4), "y.weight": (4, 4), "z.weight": (2, 4)}
    target = {"one.weight": (4, 4), "two.weight": (4, 4), "three.weight": (2, 4)}
    found = correspond(source, target)
    assert pairs_of(found) == {"x.weight": "one.weight", "y.weight": "two.weight", "z.weight": "three.weight"}
    assert [pair.reason for pair in found.pairs] == ["order", "order", "shape"]
    (doubt,) = found.doubts
    assert (doubt.sources, doubt.targets, doubt.reason) == (("x", "y"), ("one", "two"), "order")
    # In a file whose keys are sorted there is no order, and nothing else tells.
    assert {pair.reason for pair in correspond(source, target, ordered=False).pairs} == {"guess", "shape"}


def test_equal_names_count_before_the_order() -> None:
    source = {"down.weight": (4, 4), "conv.weight": (4, 4)}
    target = {"conv.weight": (4, 4), "down.weight": (4, 4)}
    found = correspond(source, target)
    assert pairs_of(found) == {"conv.weight": "conv.weight", "down.weight": "down.weight"}
    assert found.doubts == ()


def test_names_that_mean_the_same_count_before_the_order() -> None:
    source = {"b.shortcut.weight": (4, 4), "b.conv.weight": (4, 4)}
    target = {"c.conv.weight": (4, 4), "c.downsample.weight": (4, 4)}
    assert pairs_of(correspond(source, target)) == {
        "b.conv.weight": "c.conv.weight",
        "b.shortcut.weight": "c.downsample.weight",
    }


def test_numbers_and_an_order_that_disagree_are_a_conflict() -> None:
    source = {f"s{n}.weight": (4, 4) for n in (3, 1, 2)}
    target = {f"t{n}.weight": (4, 4) for n in (1, 2, 3)}
    found = correspond(source, target)
    assert {pair.reason for pair in found.pairs} == {"conflict"}
    # Without an order the numbers decide.
    found = correspond(source, target, ordered=False)
    assert pairs_of(found) == {f"s{n}.weight": f"t{n}.weight" for n in (1, 2, 3)}
    assert {pair.reason for pair in found.pairs} == {"name"}


def test_what_one_block_shows_holds_in_the_next() -> None:
    """In the first block shapes tell its layers apart, in the second names must, and there they say nothing."""
    source = {"1.p.weight": (4, 8), "1.q.weight": (4, 4), "2.q.weight": (4, 4), "2.p.weight": (4, 4)}
    target = {"a.left.weight": (4, 8), "a.right.weight": (4, 4), "b.left.weight": (4, 4), "b.right.weight": (4, 4)}
    found = correspond(source, target, ordered=False)
    assert pairs_of(found) == {
        "1.p.weight": "a.left.weight",
        "1.q.weight": "a.right.weight",
        "2.p.weight": "b.left.weight",
        "2.q.weight": "b.right.weight",
    }
    assert found.doubts == ()


def test_axes_of_length_one_and_matrices_for_kernels() -> None:
    source = {"gamma": (8,), "fc.weight": (10, 8, 1, 1), "head.weight": (5, 36), "head.bias": (5,)}
    target = {"scale": (8, 1, 1), "fc.weight": (10, 8), "conv.weight": (5, 4, 3, 3), "conv.bias": (5,)}
    found = correspond(source, target)
    assert pairs_of(found) == dict(zip(source, target))
    assert [pair.reshaped for pair in found.pairs] == [True, True, True, False]


def test_a_wide_kernel_is_no_tall_one() -> None:
    source = {"a.weight": (4, 4, 1, 7), "b.weight": (4, 4, 7, 1)}
    target = {"x.weight": (4, 4, 7, 1), "y.weight": (4, 4, 1, 7)}
    assert pairs_of(correspond(source, target)) == {"a.weight": "y.weight", "b.weight": "x.weight"}
    assert correspond({"a.weight": (4, 4, 1, 7)}, {"x.weight": (4, 4, 7, 1)}).left != ()


def test_a_norm_in_other_words() -> None:
    names = ("gamma", "beta", "moving_mean", "moving_variance")
    source = {f"n.{name}": (4,) for name in names}
    target: dict[str, Shape] = {f"bn.{name}": (4,) for name in ("weight", "bias", "running_mean", "running_var")}
    target["bn.num_batches_tracked"] = ()
    assert pairs_of(correspond(source, target)) == dict(zip(source, target))


def test_what_is_not_one_to_one_is_left() -> None:
    source = {"a.weight": (4, 4), "b.weight": (4, 4), "c.weight": (3, 3), "same.weight": (1, 9)}
    target = {"x.weight": (4, 4), "y.weight": (2, 2), "same.weight": (1, 9)}
    found = correspond(source, target)
    assert [(left.sources, left.targets) for left in found.left] == [(("a", "b"), ("x",)), (("c",), ()), ((), ("y",))]
    assert pairs_of(found) == {"same.weight": "same.weight"}


def shipped() -> Iterator[Any]:
    for name in (
        "resnet",
        "densenet",
        "inception_v3",
        "mobilenet_v3",
        "regnet",
        "convnext",
        "googlenet",
        "unet",
        "vgg",
    ):
        graph = analyse(SPECS / f"{name}.net").graph
        assert graph is not None
        yield pytest.param({key: slot.shape for key, slot in slots(graph).items()}, id=name)


#: Ways to name the parts of keys otherwise: in one of them no name says anything.
RENAMINGS: dict[str, Callable[[str, str], str]] = {
    "numbers from one": lambda part, path: re.sub(r"\d+", lambda n: str(int(n[0]) + 1), part),
    "words backwards": lambda part, path: re.sub(r"[A-Za-z_]+", lambda w: f"x{w[0][::-1]}", part),
    "a word for each part": lambda part, path: "".join(random.Random(part).choices("ghijklmnop", k=9)),
    "a word for each path": lambda part, path: "".join(random.Random(path).choices("ghijklmnop", k=9)),
}


@pytest.mark.parametrize("ordered", [True, False], ids=["ordered", "sorted"])
@pytest.mark.parametrize("how", RENAMINGS)
@pytest.mark.parametrize("target", list(shipped()))
def test_no_wrong_pair_is_written(target: dict[str, Shape], how: str, ordered: bool) -> None:
    """With its order a net is found again under any names; without it, what is not found again is called a guess."""
    renamed = {}
    for key in target:
        *parts, last = key.split(".")
        paths = [".".join(parts[: at + 1]) for at in range(len(parts))]
        renamed[".".join([*map(RENAMINGS[how], parts, paths), last])] = key
    assert len(renamed) == len(target)
    keys = list(renamed) if ordered else sorted(renamed)
    found = correspond({key: target[renamed[key]] for key in keys}, target, ordered=ordered)
    assert not found.left and [pair.target for pair in found.pairs if renamed[pair.source] != pair.target] == [
        pair.target
        for pair in found.pairs
        if renamed[pair.source] != pair.target and pair.reason == "guess" and not ordered
    ]
    assert len(found.pairs) == len(target)


# -- conversion -------------------------------------------------------------------------------------------------------


def library(make: Callable[[], nn.Module]) -> nn.Module:
    try:
        module = make()
    except Absent as absent:
        pytest.skip(str(absent))
    generator = torch.Generator().manual_seed(1)
    for key, tensor in module.state_dict().items():
        if key.endswith("running_var"):
            tensor.uniform_(0.5, 1.5, generator=generator)
        elif tensor.is_floating_point() and tensor.dim() <= 1:
            tensor.normal_(0.1, 0.3, generator=generator)
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.eps = 1e-5  # libraries differ in it, and it is no tensor
    return module.eval()


def old_densenet(tensors: State) -> State:
    """torchvision's DenseNet under the names of its published files, which have no counts of batches."""
    layer = r"(denselayer\d+\.(?:norm|conv))(\d\.)"
    return {re.sub(layer, r"\1.\2", key): t for key, t in tensors.items() if not key.endswith("num_batches_tracked")}


#: A spec, its variant, another library's module, and what stands between.
OTHERS = [
    pytest.param("mobilenet_v2", None, timm("mobilenetv2_100"), None, id="mobilenet_v2"),
    pytest.param("mobilenet_v3", "small", timm("mobilenetv3_small_100"), None, id="mobilenet_v3"),
    pytest.param("regnet", "y-400mf", timm("regnety_004"), None, id="regnet"),
    pytest.param("convnext", "tiny", timm("convnext_tiny"), None, id="convnext"),
    pytest.param("densenet", "121", torchvision("densenet121"), old_densenet, id="densenet"),
]


@pytest.mark.parametrize("form", ["torch.save", "safetensors"])
@pytest.mark.parametrize(("name", "variant", "make", "rename"), OTHERS)
def test_other_libraries_weights_give_their_logits(
    name: str,
    variant: str | None,
    make: Callable[[], nn.Module],
    rename: Callable[[State], State] | None,
    form: str,
    tmp_path: Path,
) -> None:
    reference = library(make)
    tensors = (rename or dict)(reference.state_dict())
    path = tmp_path / "a.pth"
    if form == "safetensors":
        save_file({key: tensor.contiguous() for key, tensor in tensors.items()}, path)
    else:
        torch.save(tensors, path)
    graph = netdsl.compile(SPECS / f"{name}.net", variant=variant)
    found = convert(compare(graph, open_checkpoint(path), maps=()))
    assert found.doubts == ()
    module = load(graph, weights=converted(found), logits=True).eval()
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.eps = 1e-5
    image = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(module(image), reference(image))


def test_the_published_densenets_load_by_the_map_beside_their_spec(tmp_path: Path) -> None:
    with torch.device("meta"):
        tensors = old_densenet(library(torchvision("densenet121")).state_dict())
    found = compare(netdsl.compile("zoo:densenet", variant="121"), of_mapping(tensors))
    assert found.fits and found.counts == {"matched": 606, "counter": 121}


def test_vgg_16_is_below_fcn_s_scores() -> None:
    with torch.device("meta"):
        tensors = library(torchvision("vgg16")).state_dict()
    found = compare(netdsl.compile("zoo:fcn"), of_mapping(tensors))
    assert {row.key.partition(".")[0] for row in found.problems} == {
        *("score_fr", "score_pool4", "score_pool3"),
        *("upscore2", "upscore_pool4", "upscore8"),
    }
    order = [key.partition(".")[0] for key in slots(found.graph) if not key.startswith(("score", "up"))]
    assert [row.source for row in found.matched] == [key for key in tensors if not key.startswith("classifier.6")]
    assert [row.key.partition(".")[0] for row in found.matched] == order


def test_vgg_s_matrices_are_fcn_s_kernels_where_a_map_says_so(tmp_path: Path) -> None:
    graph = netdsl.compile("net n\ninput 2x8x8\nfeatures: conv3-4\nfc6: conv8-5 valid\n")
    tensors = {**state("net n\ninput 2x8x8\nfeatures: conv3-4\nfc: fc-5\n")}
    (tmp_path / "m.toml").write_text('"fc.*" = "fc6.*"\n')
    found = compare(graph, of_mapping(tensors), maps=[keymap.read(tmp_path / "m.toml")])
    assert found.fits
    weight = converted(convert(found))["fc6.weight"]
    assert weight.shape == (5, 4, 8, 8) and torch.equal(weight.flatten(1), tensors["fc.weight"])


def test_convert_shows_the_map_and_writes_safetensors(spec: Path, tmp_path: Path, netdsl_: Callable[..., Ran]) -> None:
    tensors = {key.replace("body.", "trunk.").replace("conv", "c"): tensor for key, tensor in state().items()}
    tensors = {key: tensor for key, tensor in tensors.items() if not key.endswith("num_batches_tracked")}
    torch.save({"state_dict": tensors}, tmp_path / "a.pth")
    out = tmp_path / "out.safetensors"
    shown = netdsl_("weights", "convert", spec, tmp_path / "a.pth", "-o", out, "--save-map", tmp_path / "m.toml")
    assert (shown.code, shown.err) == (0, "")
    assert "trunk.{a}.c{b}.* → body.{a}.conv{b}.*  (4 tensors)" in shown.out
    assert f"written     {out}" in shown.out and "5 counts of batches" in shown.out
    expected = {key: torch.zeros_like(t) if key.endswith("num_batches_tracked") else t for key, t in state().items()}
    found = load_file(out)
    assert same({key: found[key] for key in expected}, expected)
    assert netdsl_("weights", "check", spec, out).code == 0
    # The map that was found does the same by itself.
    again = tmp_path / "again.safetensors"
    shown = netdsl_("weights", "convert", spec, tmp_path / "a.pth", "--map", tmp_path / "m.toml", "-o", again)
    assert shown.code == 0 and "the names say it, nothing was guessed" in shown.out
    assert again.read_bytes() == out.read_bytes()


def test_convert_without_a_place_writes_nothing(spec: Path, tmp_path: Path, netdsl_: Callable[..., Ran]) -> None:
    torch.save(state(), tmp_path / "a.pth")
    shown = netdsl_("weights", "convert", spec, tmp_path / "a.pth")
    assert shown.code == 0
    assert "all 35 keys are the net's already" in shown.out and "nothing: `-o` says where to" in shown.out
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a.pth", "small.net"]


PAIR = "net pair\ninput 4x8x8\nleft: conv3-4\nright: conv3-4\nfc: fc-2\n"


def test_what_only_the_order_decides_is_in_doubt(tmp_path: Path, netdsl_: Callable[..., Ran]) -> None:
    (tmp_path / "pair.net").write_text(PAIR)
    tensors = {key.replace("left", "p").replace("right", "q"): tensor for key, tensor in state(PAIR).items()}
    torch.save(tensors, tmp_path / "a.pth")
    shown = netdsl_("weights", "convert", tmp_path / "pair.net", tmp_path / "a.pth")
    assert shown.code == 0
    assert "4 by order alone: several have their shape" in shown.out
    assert "in doubt    p, q → left, right: `--map` decides otherwise" in shown.out
    value = json.loads(netdsl_("weights", "convert", tmp_path / "pair.net", tmp_path / "a.pth", "--format", "json").out)
    assert value["doubts"] == [{"sources": ["p", "q"], "targets": ["left", "right"], "reason": "order"}]
    assert {pair["source"]: pair["target"] for pair in value["pairs"]}["q.weight"] == "right.weight"
    # A map that says otherwise has its way.
    (tmp_path / "m.toml").write_text('"p.*" = "right.*"\n')
    shown = netdsl_(
        "weights", "convert", tmp_path / "pair.net", tmp_path / "a.pth", "--map", tmp_path / "m.toml", "--all"
    )
    assert "p.weight → right.weight" in shown.out and "q.weight → left.weight" in shown.out


def test_what_nothing_decides_is_refused(tmp_path: Path, netdsl_: Callable[..., Ran]) -> None:
    (tmp_path / "pair.net").write_text(PAIR)
    tensors = {key.replace("left", "p").replace("right", "q"): tensor for key, tensor in state(PAIR).items()}
    save_file(tensors, tmp_path / "a.safetensors")
    out = tmp_path / "out.safetensors"
    shown = netdsl_("weights", "convert", tmp_path / "pair.net", tmp_path / "a.safetensors", "-o", out)
    assert shown.code == 1 and not out.exists()
    assert "error[ND411]: `p`, `q` of the checkpoint could each be any of `left`, `right`" in shown.err
    assert 'a key map decides: `"p.**" = "left.**"`' in shown.err
    (tmp_path / "m.toml").write_text('"p.**" = "left.**"\n')
    words = ("convert", tmp_path / "pair.net", tmp_path / "a.safetensors", "-o", out, "--map", tmp_path / "m.toml")
    assert netdsl_("weights", *words).code == 0
    assert same({key: load_file(out)[key] for key in state(PAIR)}, state(PAIR))


def test_what_is_not_one_to_one_is_refused(spec: Path, tmp_path: Path, netdsl_: Callable[..., Ran]) -> None:
    tensors = {f"x{key}": tensor for key, tensor in state().items() if not key.startswith("fc.")}
    tensors.update({"xfc.weight": torch.zeros(7, 96), "xfc.bias": torch.zeros(7)})
    torch.save(tensors, tmp_path / "a.pth")
    out = tmp_path / "out.safetensors"
    shown = netdsl_("weights", "convert", spec, tmp_path / "a.pth", "-o", out)
    assert shown.code == 1 and not out.exists()
    assert "the net has no layer of weight 7×96, bias 7, for `xfc` of the checkpoint" in shown.err
    assert "the checkpoint has no layer of weight 5×96, bias 5, for `fc` of the net" in shown.err
    assert f"{spec}:17:5" in shown.err
    shown = netdsl_("weights", "convert", spec, tmp_path / "a.pth", "-o", out, "--partial")
    assert shown.code == 0
    assert "left        the checkpoint's xfc (weight 7×96, bias 7)" in shown.out
    assert set(load_file(out)) == {key for key in state() if not key.startswith("fc.")}
    # A map may leave out what is too much, and then what is missing is missing still.
    (tmp_path / "m.toml").write_text('"xfc.*" = false\n')
    shown = netdsl_("weights", "convert", spec, tmp_path / "a.pth", "-o", out, "--map", tmp_path / "m.toml")
    assert shown.code == 1 and "7×96" not in shown.err and "5×96" in shown.err


def test_names_pair_what_an_edit_left_uneven(spec: Path, tmp_path: Path, netdsl_: Callable[..., Ran]) -> None:
    """A scope has a new name, and a layer more of a shape that others have: names say which of them is the new one."""
    weights = state(variant="wide")
    torch.save(weights, tmp_path / "old.pth")
    spec.write_text(SMALL.replace("body", "trunk").replace("maxpool\n", "conv3-6 plain\nmaxpool\n", 1))
    spec.write_text(spec.read_text().replace("stem: conv3-4", "stem: conv3-4\nmore: conv3-4"))
    out = tmp_path / "new.safetensors"
    shown = netdsl_("weights", "convert", f"{spec}:wide", tmp_path / "old.pth", "--partial", "-o", out)
    assert shown.code == 0
    written = load_file(out)
    moved = {key.replace("body", "trunk"): value for key, value in weights.items()}
    assert same(dict(sorted(written.items())), dict(sorted(moved.items())))
    assert "the net's bn2 (" in shown.out and "num_batches_tracked" not in shown.out
    if os.name == "posix":
        assert out.stat().st_mode & 0o777 == 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_one_key_that_keeps_its_name(spec: Path, tmp_path: Path, netdsl_: Callable[..., Ran]) -> None:
    weights = {key if key == "middle.weight" else f"x{key}": value for key, value in state().items()}
    save_file(weights, tmp_path / "a.safetensors")
    assert "1 key keeps its name\n" in netdsl_("weights", "convert", spec, tmp_path / "a.safetensors").out


def test_all_keys_are_shown_where_none_changes(spec: Path, tmp_path: Path, netdsl_: Callable[..., Ran]) -> None:
    save_file(state(), tmp_path / "a.safetensors")
    assert "all 35 keys are the net's already" in netdsl_("weights", "convert", spec, tmp_path / "a.safetensors").out
    shown = netdsl_("weights", "convert", spec, tmp_path / "a.safetensors", "--all").out
    assert shown.count(" → ") == 35 and "fc.bias → fc.bias" in shown
