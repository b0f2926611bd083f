"""``netdsl explain``: the codes and their examples; the arithmetic of layers, held against the analyses' numbers."""

from __future__ import annotations

import importlib.util
import json
import math
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from netdsl.analyses.explain import Layer, group, layer
from netdsl.analyses.names import find
from netdsl.analyses.stats import Row, stats
from netdsl.cli import codes, main
from netdsl.diagnostics import CODES
from netdsl.elaborate import analyse, compile
from netdsl.ir.graph import Graph, Node, Scope
from netdsl.ir.op import registry
from netdsl.ir.types import View
from tests.ops_cases import CASES, Case

ROOT = Path(__file__).parent.parent

#: Codes that no text of a spec brings about: they say how they come about, and have no example.
WITHOUT_EXAMPLE = {
    "ND001",  # a missing file
    "ND002",  # bytes that are no text
    "ND006",  # a place that cannot be written
    "ND007",  # two million bytes
    "ND008",  # no PyTorch
    "ND009",  # a graph in JSON
    "ND010",  # operators of a package
    "ND011",  # a name on the command line
    "ND012",  # a port that is taken
    "ND104",  # a mistake of the formatter
    "ND401",  # a module, against its graph
    *(f"ND{number}" for number in range(402, 413)),  # checkpoints
}


class Ran:
    """One run of a command: its exit code and what it printed."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs ``netdsl explain`` in this process."""

    def run(*arguments: object) -> Ran:
        code = main(["explain", *map(str, arguments)])
        printed = capsys.readouterr()
        return Ran(code, printed.out, printed.err)

    return run


# -- the codes ---------------------------------------------------------------------------------------------------------


def test_every_code_has_its_text_and_every_text_a_code() -> None:
    assert sorted(path.stem for path in codes.FOLDER.iterdir()) == sorted(CODES)


@pytest.mark.parametrize("code", sorted(CODES))
def test_an_explanation_has_its_parts(code: str) -> None:
    text = (codes.FOLDER / f"{code}.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {code}: {CODES[code]}\n\n")
    parts = ["How it comes about"] if code in WITHOUT_EXAMPLE else ["Fails", "Mended"]
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Why", "Mend", *parts]
    found = codes.read(code)
    assert re.fullmatch(r"[A-Z`][^\n]*[^.\n]\.", found.sentence)
    assert ". " not in found.sentence
    assert len(found.sentence) <= 115
    for paragraph in (*found.meaning, *found.why, *found.mend, *found.arises):
        assert paragraph.endswith(".")
        assert paragraph.count("`") % 2 == 0
        assert "\n" not in paragraph


@pytest.mark.parametrize("code", sorted(CODES))
def test_an_example_fails_with_its_code_alone_and_its_mended_form_is_clean(code: str) -> None:
    found = codes.read(code)
    if code in WITHOUT_EXAMPLE:
        assert found.fails is None and found.mended is None and found.arises
        return
    assert found.fails is not None and found.mended is not None and not found.arises
    assert {problem.code for problem in codes.diagnosed(found.fails)} == {code}
    assert codes.diagnosed(found.mended) == ()
    assert len(found.fails.text.splitlines()) <= 7


@pytest.mark.parametrize("code", sorted(CODES))
def test_the_long_form_is_read_at_a_terminal_and_on_a_page(code: str, run: Run) -> None:
    shown = run(code)
    assert (shown.code, shown.err) == (0, "")
    found = codes.read(code)
    assert shown.out.startswith(f"{found.severity} {code}: {CODES[code]}\n\n{found.sentence}"[:80])
    assert "```" not in shown.out
    assert run(code.lower()).out == shown.out == run(code.removeprefix("ND")).out
    page = run(code, "--format", "markdown").out
    assert page.startswith(f"# {code}: {CODES[code]}\n\n{found.sentence}\n")
    value = json.loads(run(code, "--format", "json").out)
    assert value["sentence"] == found.sentence
    assert value["severity"] == ("warning" if code.startswith("ND3") else "error")
    if found.fails is not None:
        assert f"[{code}]" in shown.out
        assert f"[{code}]" in page
        assert value["fails"]["spec"] in page


def test_the_list_has_every_code_with_a_sentence(run: Run) -> None:
    shown = run().out
    for code in CODES:
        assert f"\n  {code}  {codes.read(code).sentence}\n" in shown
    assert run("--format", "markdown").out.count("\n| ND") == len(CODES)
    assert [each["code"] for each in json.loads(run("--format", "json").out)["codes"]] == sorted(CODES)


def test_the_page_of_all_codes_is_up_to_date(golden: Callable[[str, str], None]) -> None:
    spec = importlib.util.spec_from_file_location("make_codes", ROOT / "docs" / "make_codes.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    golden("../../docs/codes.md", module.page())


@pytest.mark.parametrize(
    ("word", "near"),
    [("ND2O4", "ND204"), ("nd2o5", "ND205"), ("N301", "ND301"), ("E310", "ND310")],
)
def test_a_misspelt_code_gets_the_nearest(word: str, near: str, run: Run) -> None:
    shown = run(word)
    assert shown.code == 2
    assert shown.err.splitlines()[0].endswith(f"there is no code `{word}`; did you mean `{near}`?")
    assert shown.out == ""


def test_what_is_neither_a_code_nor_a_file(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("shapes").err == (
        "netdsl explain: `shapes` is neither a code nor a file; `netdsl explain` lists the codes\n"
        "see `netdsl explain --help`\n"
    )
    shown = run("ND204", "conv1")
    assert (shown.code, shown.err.splitlines()[0]) == (2, "netdsl explain: `ND204` is a code, and takes no LABEL")
    shown = run("missing.net")
    assert (shown.code, shown.err.startswith("error[ND001]")) == (1, True)
    (tmp_path / "ND2").write_text("input 3x8x8\nrelu\n", encoding="utf-8")
    assert run("ND2").out.startswith("ND2: the whole net, 2 layers\n")


# -- formulas ----------------------------------------------------------------------------------------------------------


def value_of(numbers: str) -> Fraction:
    """What arithmetic comes to, exactly."""
    text = re.sub(r"\d[\d,]*", lambda number: f"F({number[0].replace(',', '')})", numbers)
    assert not set(re.sub(r"F|floor|ceil", "", text)) - set("0123456789+−·/() ")
    result = eval(text.replace("·", "*").replace("−", "-"), {"F": Fraction, "floor": math.floor, "ceil": math.ceil})
    return Fraction(result)


MORE = [
    # a last window that would begin in the padding, and one that hangs over the edge
    Case("maxpool", {"kernel": 2, "stride": 3, "pad": 1, "ceil": True}, ((6, 5, 4),)),
    Case("avgpool", {"kernel": 3, "stride": 2, "ceil": True}, ((6, 112, 111),)),
    Case("upsample", {"scale": 3, "mode": "linear"}, ((6, 5, 4),)),
    Case("conv", {"channels": 128, "kernel": 3, "stride": 2}, ((64, 56, 56),)),
]


@pytest.mark.parametrize("case", [*CASES, *MORE], ids=str)
def test_formulas_come_to_the_numbers_of_their_operator(case: Case) -> None:
    op = case.op()
    output = op.infer(case.inputs)
    formulas = list(op.formulas(case.inputs, output))
    found = [(formula.of, formula.axis) for formula in formulas]
    assert len(set(found)) == len(found)
    for formula in formulas:
        wanted = {
            "shape": output[formula.axis],
            "params": sum(tensor.size for tensor in op.tensors(case.inputs) if not tensor.buffer),
            "macs": op.macs(case.inputs, output),
            "work": op.work(case.inputs, output),
        }[formula.of]
        assert value_of(formula.numbers) == wanted, formula
        assert formula.rule or formula.says
        assert not re.search(r"\d\d", formula.rule.replace("84", "")), "a rule is in letters"
    if op.weight_layer and not op.members(case.inputs):
        assert {"shape", "params", "macs"} <= {formula.of for formula in formulas}


#: Letters that no attribute has, by what they stand for along an axis of a layer.
def letters(case: Case, axis: int) -> dict[str, str]:
    op, (first, *_) = case.op(), case.inputs
    values = {"C": first[0], "N": math.prod(first) if op.flattens else first[-1]}
    if axis or len(set(first[1:])) == 1:
        values["n"] = first[axis or 1]
    for name, letter in op.letters.items():
        value = getattr(op, name, None)
        if isinstance(value, tuple):
            value = value[axis - 1] if axis and value else value[0] if len(set(value)) == 1 else None
        if isinstance(value, int):
            values[letter] = value
    names = ("t", "h", "w")[4 - len(op.infer(case.inputs)) :]
    values.update(zip(names, op.infer(case.inputs)[1:]))
    return {letter: f"{value:,}" for letter, value in values.items()}


@pytest.mark.parametrize("case", [*CASES, *MORE], ids=str)
def test_numbers_are_the_rule_with_its_letters_filled_in(case: Case) -> None:
    op = case.op()
    for formula in [each for each in op.formulas(case.inputs, op.infer(case.inputs)) if each.rule]:
        known = letters(case, formula.axis)
        words = set(re.findall(r"[A-Za-z_]+", formula.rule)) - {"floor", "ceil"}
        if not words <= set(known) or "′" in formula.rule:
            continue
        filled = "".join(known.get(word, word) for word in re.split(r"([A-Za-z_]+)", formula.rule))
        assert value_of(filled) == value_of(formula.numbers), formula
        if formula.of == "shape":
            assert filled == formula.numbers or formula.numbers.isdecimal()


def test_most_rules_are_filled_in_by_the_test_above() -> None:
    """So that it cannot pass by leaving rules out."""
    skipped: set[str] = set()
    read = every = 0
    for case in CASES:
        op = case.op()
        for formula in op.formulas(case.inputs, op.infer(case.inputs)):
            words = set(re.findall(r"[A-Za-z_]+", formula.rule)) - {"floor", "ceil"} - set(letters(case, formula.axis))
            skipped |= words
            every += 1
            read += not words
    assert read > 0.8 * every
    # one number for both ends, a sum over windows, axes that differ, the tensors of a join, an attribute's own name
    assert skipped <= {
        *("P", "sum", "taps", "pairs", "places", "before", "after", "B", "n", "n_t", "n_h", "n_w", "k", "k_h", "k_w"),
        *("of", "start", "stop", "to", "size"),
    }


# -- layers ------------------------------------------------------------------------------------------------------------


def held(one: Layer, row: Row) -> None:
    """Every statement of a layer is the number of the analyses, and its arithmetic comes to it."""
    by = {statement.quantity: statement for statement in one.statements}
    assert len(by) == len(one.statements)
    assert tuple(statement.value for statement in one.statements[: len(row.shape)]) == row.shape
    owned = sum(key.kind != "buffer" for key in one.keys)
    assert ("params" in by) == bool(owned)
    if owned and (row.params or row.frozen):
        assert by["params"].value == row.params + row.frozen
    assert ("macs" in by and by["macs"].value) == row.macs
    assert (by["flops"].value if "flops" in by else 0) == row.flops
    assert by["activations"].value == row.activations
    for quantity, values in (
        ("receptive_field", row.receptive_field),
        ("jump", row.jump),
        ("offset", row.offset),
    ):
        assert tuple(statement.value for statement in one.of(quantity)) == (values or ())
    for statement in one.statements:
        if statement.numbers:
            assert value_of(statement.numbers) == statement.value, statement


def layers(graph: Graph, view: View = "infer") -> Iterator[tuple[Layer, Row]]:
    for row in stats(graph, view=view).layers:
        (node,) = [node for node in graph.nodes if node.name == row.name]
        one = layer(graph, node, view)
        assert one is not None
        yield one, row


@pytest.mark.parametrize("keyword", sorted(op.keyword for op in registry().values() if op.writable))
def test_what_is_said_of_every_operator_is_what_the_analyses_say(keyword: str) -> None:
    example = registry()[keyword].example
    graph = compile(f"input {example.input}\nid as before\n{example.line}\n")
    for one, row in layers(graph):
        held(one, row)


@pytest.mark.parametrize(
    ("net", "view"),
    [
        ("zoo:resnet:18", "infer"),
        ("zoo:googlenet", "train"),
        ("zoo:mobilenet_v3", "infer"),
        ("zoo:shufflenet_v2", "infer"),
        ("zoo:unet", "infer"),
        ("zoo:lenet5:classic", "infer"),
        ("zoo:fcn", "infer"),
        ("zoo:convnext", "train"),
    ],
)
def test_what_is_said_of_a_net_is_what_the_analyses_say(net: str, view: View) -> None:
    graph = compile(net)
    rows = {row.name: row for row in stats(graph, view=view).layers}
    for one, row in layers(graph, view):
        held(one, row)
    for scope in graph.scopes:
        several = group(graph, scope, view)
        if several is None:
            continue
        inside = [node for node in graph.nodes if scope.index in graph.ancestors(node.scope) and node.name in rows]
        assert several.total.layers == len(inside) == sum(member.layers for member in several.members)
        for quantity in ("params", "macs", "flops", "activations"):
            parts = [getattr(member, quantity) for member in several.members]
            assert getattr(several.total, quantity) == sum(parts)
            assert sum(parts) == sum(getattr(rows[node.name], quantity) for node in inside)
        for member in several.members:
            assert find(graph, member.name).found is not None
    whole = group(graph, graph.scopes[0], view)
    totals = stats(graph, view=view).totals
    assert whole is not None
    assert (whole.total.params, whole.total.macs, whole.total.flops) == (totals.params, totals.macs, totals.flops)


def test_windows_are_explained_by_the_recurrence_wherever_it_holds() -> None:
    graph = compile("zoo:vgg19")
    for one, row in layers(graph):
        if row.receptive_field and one.node.op.keyword in ("conv", "maxpool"):
            assert all(statement.rule for statement in one.of("receptive_field", "jump", "offset"))


def statement(spec: str, label: str, quantity: str, **options: Any) -> tuple[str, str, object]:
    made = analyse(spec, **options)
    assert made.graph is not None
    found = find(made.graph, label).found
    assert isinstance(found, Node)
    one = layer(made.graph, found)
    assert one is not None
    (each,) = [each for each in one.statements if each.quantity == quantity]
    return each.rule, each.numbers, each.value


def test_the_arithmetic_of_a_convolution() -> None:
    spec = "input 64x56x56\nlast: conv3-128/2\n"
    assert statement(spec, "last", "height") == (
        "floor((n + 2·p − d·(k − 1) − 1)/s) + 1",
        "floor((56 + 2·1 − 1·(3 − 1) − 1)/2) + 1",
        28,
    )
    assert statement(spec, "last", "params") == ("M·C·k·k + M", "128·64·3·3 + 128", 73_856)
    assert statement(spec, "last", "macs") == ("(M·h·w)·(C·k·k)", "(128·28·28)·(64·3·3)", 57_802_752)
    spec = "input 64x56x56\nlast: conv3x1-128/2x1 groups=32 dilation=3 bias=false\n"
    assert statement(spec, "last", "params") == ("M·C/g·k_h·k_w", "128·64/32·3·1", 768)
    assert statement(spec, "last", "receptive_field height") == ("r′ + d·(k − 1)·j′", "1 + 3·(3 − 1)·1", 7)
    assert statement(spec, "last", "jump height") == ("j′·s", "1·2", 2)


def test_padding_by_tensorflow_s_rule_is_one_number_for_both_ends() -> None:
    spec = "input 3x224x224\nfirst: conv3-32/2 same_tf\n"
    rule, numbers, value = statement(spec, "first", "height")
    assert (rule, numbers, value) == (
        "floor((n + P − d·(k − 1) − 1)/s) + 1",
        "floor((224 + 1 − 1·(3 − 1) − 1)/2) + 1",
        112,
    )


def test_a_fully_connected_layer_shows_the_map_that_it_flattens() -> None:
    spec = "input 16x5x5\nfc-120\n"
    assert statement(spec, "fc1", "params") == ("M·N + M", "120·(16·5·5) + 120", 48_120)
    assert statement(spec, "fc1", "macs") == ("M·N", "120·(16·5·5)", 48_000)


def test_a_join_takes_the_branch_that_sees_most() -> None:
    spec = "input 8x32x32\nadd { conv3-8, relu, conv3-8 | id }\n"
    made = compile(spec)
    found = find(made, "add1").found
    assert isinstance(found, Node)
    one = layer(made, found)
    assert one is not None
    (field, _) = one.of("receptive_field")
    assert (field.value, field.says) == (5, "of the branch that sees most: 5, 1")


def test_a_gate_is_no_branch_of_the_receptive_field() -> None:
    made = compile("input 8x32x32\nconv3-8, relu\nmul { id | gap, conv1-8, sigmoid }\n")
    found = find(made, "mul1").found
    assert isinstance(found, Node)
    one = layer(made, found)
    assert one is not None
    assert {(each.value, each.says) for each in one.of("receptive_field")} == {
        (3, "each element sees what the one in its place sees")
    }


def test_a_shared_module_has_its_parameters_once() -> None:
    made = compile("input left 3x8x8\ninput right 3x8x8\n@left, tower: conv3-4\nconcat { id | @right, reuse tower }\n")
    first, second = (node for node in made.nodes if node.module == "tower")
    one, two = layer(made, first), layer(made, second)
    assert one is not None and two is not None
    assert (one.row.params, two.row.params) == (112, 0)
    assert (one.shared, two.shared) == ((second.name,), (first.name,))
    assert one.of("params") == two.of("params")


def test_frozen_weights_are_said_to_be_apart() -> None:
    made = compile("input 3x8x8\nconv3-4 frozen\n")
    one = layer(made, made.nodes[1])
    assert one is not None
    (params,) = one.of("params")
    assert (params.value, one.row.params, one.row.frozen) == (112, 0, 112)
    assert params.says.endswith("frozen: not trained, and not in the sum of the parameters")


# -- names -------------------------------------------------------------------------------------------------------------

NAMED = """\
input image 3x32x32
block unit(c) {
  add { conv3-c +bn, relu, last: conv3-c +bn | id as before }
  relu
}
stem: conv3-16, relu as start
stage: [unit(16), unit(16)]
output aux train { @start, gap, fc-10 }
"""


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("stem", "stem"),
        ("stem.weight", "stem"),
        ("start", "relu1"),
        ("@start", "relu1"),
        ("stage.0.conv1", "stage.0.conv1"),
        ("stage.0.conv1.weight", "stage.0.conv1"),
        ("stage.1.add1", "stage.1.add1"),
        ("0.conv1", "stage.0.conv1"),
        ("image", "image"),
        ("main", "stage.1.relu2"),
    ],
)
def test_names_of_layers_and_tensors(label: str, name: str) -> None:
    graph = compile(NAMED)
    found = find(graph, label).found
    assert isinstance(found, Node)
    expected = find(graph, name).found
    assert found is expected


def test_names_of_scopes_and_of_several_things() -> None:
    graph = compile(NAMED)
    found = find(graph, "stage.1").found
    assert isinstance(found, Scope)
    assert found.path == "stage.1"
    several = find(graph, "conv1")
    assert several.found is None
    assert set(several.like) == {"stage.0.conv1", "stage.1.conv1"}
    assert find(graph, "nothing") == (None, ())


def test_an_unknown_label_gets_the_nearest_name(run: Run) -> None:
    shown = run("zoo:resnet:50", "layer2.0.conv22")
    assert (shown.code, shown.out) == (1, "")
    assert shown.err == (
        "error[ND011]: the net has no layer, scope or tensor `layer2.0.conv22`\n"
        "  = help: did you mean `layer2.0.conv2`?\n"
    )
    shown = run("zoo:resnet:50", "conv2")
    assert shown.err == (
        "error[ND011]: 16 names of the net end in `conv2`\n"
        "  = help: ask for one of them: `layer1.0.conv2`, `layer1.1.conv2`, `layer1.2.conv2` …\n"
    )
    assert "`netdsl stats zoo:resnet:50` lists the layers" in run("zoo:resnet:50", "xyzzy").err


def test_a_block_stands_for_its_call(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "net.net"
    path.write_text(NAMED.replace("stage:", "block top() { fc-9 }\nstage:") + "top()\n", encoding="utf-8")
    assert run(path, "top").out.startswith("top1: `top` of 1 layer, ")
    shown = run(path, "unit")
    assert (shown.code, shown.out) == (1, "")
    assert shown.err.endswith(
        "error[ND011]: `unit` is a block, and is called 2 times\n"
        "  = help: ask for one of its calls: `stage.0`, `stage.1`\n"
    )


def test_a_tensor_that_a_layer_lacks(run: Run) -> None:
    shown = run("zoo:resnet:18", "bn1.runing_mean")
    assert shown.code == 1
    assert shown.err.startswith(
        "error[ND011]: the net has no tensor `bn1.runing_mean`\n  = help: `bn1` has `bn1.weight`, "
    )


def test_what_the_view_leaves_out_is_in_the_other(run: Run) -> None:
    shown = run("zoo:resnet:18", "softmax1", "--view", "train")
    assert (shown.code, shown.err) == (
        1,
        "error[ND011]: `softmax1` acts in evaluation alone, and the training view leaves it out\n"
        "  = help: `--view infer` has it\n",
    )
    assert "`aux1` acts in training alone" in run("zoo:googlenet", "aux1").err
    assert run("zoo:googlenet", "aux1", "--view", "train").out.startswith("aux1: `output` of ")


# -- what is printed ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("explain-conv", ["zoo:resnet:50", "layer2.0.conv2"]),
        ("explain-bn", ["zoo:resnet:50", "layer2.0.bn2"]),
        ("explain-block", ["zoo:resnet:50", "layer2.0"]),
        ("explain-net", ["zoo:lenet5"]),
        ("explain-pool", ["zoo:googlenet", "maxpool1"]),
        ("explain-upconv", ["zoo:unet", "level.up"]),
        ("explain-add", ["zoo:resnet:50", "layer2.0.add1", "--format", "markdown"]),
    ],
)
def test_what_is_printed(name: str, words: list[str], run: Run, golden: Callable[[str, str], None]) -> None:
    shown = run(*words)
    assert (shown.code, shown.err) == (0, "")
    golden(f"{name}.{'md' if 'markdown' in words else 'txt'}", shown.out)


def test_json_of_a_layer(run: Run) -> None:
    value = json.loads(run("zoo:resnet:50", "layer2.0.bn2", "--format", "json").out)
    assert (value["net"], value["variant"], value["view"], value["kind"]) == ("resnet", "50", "infer", "layer")
    assert (value["name"], value["op"], value["module"]) == ("layer2.0.bn2", "bn", "layer2.0.bn2")
    assert value["made_by"] == "nn.BatchNorm2d(128)"
    assert value["written"]["text"] == "bn"
    assert value["added_to"]["name"] == "layer2.0.conv2"
    assert [(call["block"], call["arguments"], call["scope"]) for call in value["calls"]] == [
        ("bottleneck", {"c": 128, "s": 2}, "layer2.0")
    ]
    assert value["inputs"] == [{"name": "layer2.0.conv2", "shape": [128, 28, 28]}]
    arithmetic = {each["quantity"]: each for each in value["arithmetic"]}
    assert (arithmetic["params"]["rule"], arithmetic["params"]["numbers"], arithmetic["params"]["value"]) == (
        "2·C",
        "2·128",
        256,
    )
    assert {key["key"]: key["kind"] for key in value["keys"]}["layer2.0.bn2.running_mean"] == "buffer"


def test_json_of_a_scope(run: Run) -> None:
    value = json.loads(run("zoo:resnet:50", "layer2", "--format", "json").out)
    assert (value["kind"], value["name"], value["what"]) == ("scope", "layer2", "repeat")
    assert [part["name"] for part in value["parts"]] == ["layer2.0", "layer2.1", "layer2.2", "layer2.3"]
    assert sum(part["params"] for part in value["parts"]) == value["total"]["params"]
    assert value["enters"]["name"] == "layer1.2.relu3"
    assert value["leaves"]["shape"] == [512, 28, 28]


def test_the_shared_options_say_which_net_is_meant(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "net.net"
    path.write_text(
        "param width = 8\nvariant wide: width = 16\ninput 3x16x16\nconv3-{width}, relu, fc-10\n", encoding="utf-8"
    )

    def macs(*words: str) -> int:
        value = json.loads(run(*words, "--format", "json").out)
        return int(next(each["value"] for each in value["arithmetic"] if each["quantity"] == "macs"))

    one = macs(str(path), "conv1")
    assert macs(f"{path}:wide", "conv1") == 2 * one == macs(str(path), "conv1", "--variant", "wide")
    assert macs(str(path), "conv1", "--set", "width=24") == 3 * one
    assert macs(str(path), "conv1", "--input", "3x32x32") == 4 * one


def test_what_it_says_to_ask_next_can_be_asked(run: Run) -> None:
    for words in (["zoo:resnet", "layer2", "--variant", "18"], ["zoo:googlenet", "aux1", "--view", "train"]):
        shown = run(*words).out
        (command,) = re.findall(r"`netdsl explain (.*)` says more of one", shown)
        assert run(*shlex.split(command)).code == 0


@pytest.mark.parametrize("label", ["", "@", ".", "..", "a.", "@@x", "×", "x" * 9999, "\n", "stem.", "-1", "0"])
def test_no_label_is_too_strange(label: str, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "net.net"
    path.write_text('input 3x16x16\nstem: [conv3-8, "a-b": relu]\n"0x": fc-10\n', encoding="utf-8")
    shown = run(path, "--", label)
    assert (shown.code, shown.out) in ((1, ""), (0, shown.out))
    assert shown.code == 0 or "error[ND011]" in shown.err


def test_a_spec_with_an_error_is_not_explained(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "net.net"
    path.write_text("input 3x16x16\ncnov3-8\n", encoding="utf-8")
    shown = run(path, "conv1")
    assert (shown.code, shown.out) == (1, "")
    assert "error[ND201]" in shown.err


def test_where_a_layer_was_written(run: Run, tmp_path: Path) -> None:
    (tmp_path / "parts.net").write_text("block inner(c) { conv3-c }\nblock outer(c) { inner(c), relu }\n", "utf-8")
    path = tmp_path / "net.net"
    path.write_text('use "parts.net"\ninput 3x16x16\nouter(8)\n', encoding="utf-8")
    shown = run(path, "outer1.inner1.conv1").out
    assert f"  line 1 of {tmp_path / 'parts.net'}: `conv3-c`\n" in shown
    assert f"  in `inner(c=8)`, called at line 2 of {tmp_path / 'parts.net'}: `inner(c)`\n" in shown
    assert "  in `outer(c=8)`, called at line 3: `outer(8)`\n" in shown


def test_a_layer_that_leads_nowhere_says_so(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "net.net"
    path.write_text("allow ND309\ninput 3x16x16\na: relu\nconv3-8\n@a\n", encoding="utf-8")
    assert "nothing takes up its output" in run(path, "conv1").out


@pytest.mark.parametrize("words", [["ND204"], ["zoo:lenet5", "C3"]])
def test_nothing_heavy_is_imported(words: list[str]) -> None:
    heavy = ["torch", "pydantic", "lark", "graphviz", "rich", "numpy"]
    code = (
        "import sys; from netdsl.cli import main; status = main(sys.argv[1:]); "
        f"print([name for name in {heavy} if name in sys.modules], file=sys.stderr); sys.exit(status)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "explain", *words], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert (done.returncode, done.stderr) == (0, "[]\n")


def test_other_commands_do_not_read_the_explanations() -> None:
    code = (
        "import sys; from netdsl.cli import main; main(['stats', 'zoo:lenet5']); "
        "print([n for n in sys.modules if n in ('netdsl.cli.codes', 'netdsl.analyses.explain')], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stderr == "[]\n"


# -- operators of which more is to be said -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "quantity", "rule", "numbers"),
    [
        ("input 8x30x40\navgpool to=7", "height", "to", "7"),
        ("input 8x30x40\navgpool to=7", "receptive_field width", "r′ + (q − 1)·j′", "1 + (7 − 1)·1"),
        ("input 8x30x40\navgpool to=7", "jump height", "j′·n/m", "1·30/7"),
        ("input 8x16x16\nmaxpool2, gap", "receptive_field height", "r′ + (n − 1)·j′", "2 + (8 − 1)·2"),
        ("input 8x16x16\nmaxpool2, gap", "jump height", "j′·n/m", "2·8/1"),
        ("input 8x4x4\nupconv3-4/2 pad=1 out_pad=1", "jump width", "j′/s", "1/2"),
        ("input 8x4x4\nupconv4-4/2 pad=1", "receptive_field width", "r′ + (q − 1)·j′", "1 + (2 − 1)·1"),
        ("input 8x4x4\nupsample bilinear ×2", "jump width", "j′·n/m", "1·4/8"),
        ("input 8x4x4\nupsample bilinear to=8 align_corners", "jump width", "j′·(n − 1)/(m − 1)", "1·(4 − 1)/(8 − 1)"),
        ("input 8x4x4\nupsample to=8", "height", "to", "8"),
        ("input 8x4x4\ncrop 2x2", "height", "to", "2"),
        ("input 64x49\nlinear-32", "macs", "P·M·N", "64·32·49"),
        ("input 10\nsoftmax eval", "flops", "5·C", "5·10"),
        ("input 8x4x4\nprelu", "params", "1", "1"),
        ("input 8x4x4\nprelu per_channel", "params", "C", "8"),
        ("input 8x4x4\nscale", "params", "C", "8"),
        ("input 6x28x28\nsubsample2/2", "params", "2·C", "2·6"),
    ],
)
def test_what_is_not_a_convolution_has_its_rule_too(spec: str, quantity: str, rule: str, numbers: str) -> None:
    graph = compile(f"allow ND308, ND301\n{spec}\n")
    one = layer(graph, graph.nodes[-1])
    assert one is not None
    (said,) = [each for each in one.statements if each.quantity == quantity]
    assert (said.rule, said.numbers) == (rule, numbers)


def test_a_flag_is_shown_without_what_it_sets_beside(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "net.net"
    for flag, shown in (("same", ""), ("same_tf", "     true     same_tf, as written\n"), ("valid", "")):
        path.write_text(f"input 3x224x224\nconv3-8 {flag}\n", encoding="utf-8")
        out = run(path, "conv1").out
        assert "false" not in out
        assert shown in out


def test_the_second_layer_of_one_that_is_written(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "net.net"
    path.write_text("input 8x16x16\nsepconv3-32/2\nscale\n", encoding="utf-8")
    assert "  line 2: `sepconv3-32/2`, of which `sepconv1.depthwise` is the first layer\n" in run(path, "pointwise").out
    assert "\nmodule\n  scale1  32×1×1\n" in run(path, "scale1").out


def test_nothing_says_that_an_input_has_its_shape_by_default(run: Run) -> None:
    said = run("zoo:lenet5", "input").out
    assert "1×32×32  shape\n" in said and "by default" not in said
