"""Blocks: parameters, defaults, tensors as arguments, recursion, and blocks of other files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from netdsl.elaborate import analyse, compile
from tests.language import codes, graph, made, modules, nodes, said, shape, words


def channels(text: str, **options: Any) -> list[int]:
    found: list[Any] = [node.op for node in nodes(text, **options) if node.op.keyword == "conv"]
    return [op.channels for op in found]


# -- calls -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "found"),
    [
        ("f(3)", [3, 6]),
        ("f(3, 4)", [3, 4]),
        ("f(a=3)", [3, 6]),
        ("f(3, b=4)", [3, 4]),
        ("f(b=4, a=3)", [3, 4]),
        ("f(a = 3 * 2, b = n)", [6, 5]),
        ("f(n)", [5, 10]),
        ("f(\n  1,\n  2\n)", [1, 2]),
        ("f(2) ×2", [2, 4, 2, 4]),
        ("add { f(4, 3) | id }", [4, 3]),
    ],
)
def test_arguments_by_place_and_by_name(call: str, found: list[int]) -> None:
    assert channels(f"param n = 5\nblock f(a, b = 2*a) {{ conv3-a, conv3-b }}\n{call}") == found


@pytest.mark.parametrize("call", ["f", "f()", "f ×1", "x: f", "[f]"])
def test_a_block_without_arguments_needs_no_parentheses(call: str) -> None:
    assert words(f"block f {{ relu }}\n{call}") == ["relu"]
    assert words(f"block f() {{ relu }}\n{call}") == ["relu"]
    assert channels(f"block f(a=4) {{ conv3-a }}\n{call}") == [4]


def test_a_block_may_stand_after_its_calls() -> None:
    assert channels("f(3)\nblock g(n) { conv1-n }\nblock f(n) { g(n), g(n+1) }") == [3, 4]


def test_defaults_see_in_and_the_parameters_before_them() -> None:
    text = "block f(a = in.c, b = 2*a, c = a + b) { conv1-a, conv1-b, conv1-c }\nf, f(1), f(1, c=7)"
    assert channels(text) == [3, 6, 9, 1, 2, 3, 1, 2, 7]
    assert said("block f(a = b, b = 2) { conv1-a, conv1-b }\nf") == [("ND203", "b")]


def test_defaults_and_bodies_see_the_files_parameters() -> None:
    text = "param w = 2\nblock f(a = 4*w) { conv1-a, conv1-{w} }\nf"
    assert channels(text) == [8, 2]
    assert channels(text, set={"w": 3}) == [12, 3]


def test_a_parameter_hides_the_files() -> None:
    assert channels("param c = 2\nblock f(c) { conv1-c }\nf(5)\nconv1-c") == [5, 2]


def test_arguments_see_what_enters() -> None:
    assert channels("block f(n) { conv1-n }\n[f(2*in.c)] ×2") == [6, 12]
    assert said("block f(n) { conv1-n }\nf(2*in.c)") == [("ND220", "in")]
    assert channels("block f(n) { conv1-{in.c}, conv1-{n} }\nblock g { conv1-9\nf(in.c) }\ng") == [9, 9, 3]


def test_every_kind_of_value_may_be_an_argument() -> None:
    text = """\
block f(n, p, flag, mode) {
  conv3-n pad_mode={mode}
  if flag { dropout {p} }
}
f(4, 0.25, true, "reflect")
f(5, 0.5, 1 > 2, mode="zeros")"""
    conv, drop, last = (n.op for n in nodes(text))
    seen: list[Any] = [conv, drop, last]
    assert (seen[0].pad_mode, seen[1].p, seen[2].pad_mode) == ("reflect", 0.25, "zeros")


@pytest.mark.parametrize(
    ("call", "wrong"),
    [
        ("f", ("ND216", "f")),
        ("f()", ("ND216", "f()")),
        ("f(1, 2, 3)", ("ND216", "3")),
        ("f(c=3)", ("ND216", "c")),
        ("f(b=2)", ("ND216", "f(b=2)")),
        ("f(a=1, 2)", ("ND216", "2")),
        ("f(1, a=1)", ("ND216", "a=1")),
        ("f(a=1, a=1)", ("ND216", "a=1")),
        ("f-3", ("ND216", "f-3")),
        ("f 3", ("ND216", "f 3")),
        ("f groups=2", ("ND216", "f groups=2")),
        ("f(nope)", ("ND203", "nope")),
        ("f(1 + true)", ("ND209", "true")),
        ("f(@nope)", ("ND215", "@nope")),
        ("g(1)", ("ND201", "g")),
        ("conv(1)", ("ND201", "conv")),
        ("f(1, flag)", ("ND203", "flag")),
        ("f(8.5)", ("ND207", "a")),
        ('f("x")', ("ND209", "a")),
    ],
)
def test_calls_that_cannot_be(call: str, wrong: tuple[str, str]) -> None:
    assert said(f"block f(a, b=2) {{ conv3-a/b }}\nrelu\n{call}") == [wrong]


def test_a_mistake_in_a_block_names_its_calls() -> None:
    found = made("block g(n) { conv3-{n} }\nblock f(n) { relu\ng(n/2) }\nrelu\nf(9), f(3)")
    assert [d.code for d in found.diagnostics] == ["ND207"]
    (problem,) = found.diagnostics
    assert [note.message for note in problem.trace] == ["in `g(4.5)`", "in `f(9)`"]
    text = found.sources[0].text
    assert [text[note.span.start : note.span.end] for note in problem.trace] == ["g(n/2)", "f(9)"]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("block f(a, a) { conv1-a }\nf(1)", ("ND223", "a")),
        ("block f { relu }\nblock f { gelu }\nf", ("ND223", "f")),
        ("block in { relu }\nrelu", ("ND223", "in")),
        ("block x { relu }\nrelu", ("ND223", "x")),
        ("block f(i) { relu }\nf(1)", ("ND223", "i")),
        ("block f(in) { relu }\nf(1)", ("ND223", "in")),
    ],
)
def test_blocks_that_cannot_be_declared(text: str, wrong: tuple[str, str]) -> None:
    assert [pair for pair in said(text) if pair[0] != "ND304"] == [wrong]


# -- tensors as arguments ----------------------------------------------------------------------------------------------


def test_a_parameter_may_be_a_tensor() -> None:
    text = "block fuse(a, b) { concat { @a | @b, conv1-{a.c} | id } }\nconv3-4 as p\nconv3-5 as q\nrelu\nfuse(@p, b=@q)"
    found = nodes(text)
    assert found[-1].inputs == (1, 4, 3)
    assert found[-1].shape == (4 + 4 + 5, 8, 8)
    assert found[-2].inputs == (2,)


def test_a_tensors_sizes() -> None:
    text = "block f(t) { conv1-{t.c + t.h * t.w}\nupsample @t, crop @t }\nconv3-4/2 as t1\nf(@t1)"
    assert shape(text) == (20, 4, 4)


def test_a_tensor_goes_through_blocks() -> None:
    text = "block g(t) { add { @t | id } }\nblock f(t) { relu, g(@t) }\nrelu as a\ngelu\nf(@a)"
    assert nodes(text)[-1].inputs == (1, 3)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("block f(t) { conv1-{t} }\nrelu as a\nf(@a)", ("ND209", "{t}")),
        ("block f(t) { conv1-{t.x} }\nrelu as a\nf(@a)", ("ND203", "x")),
        ("block f(t) { conv1-{t.c} }\nf(3)", ("ND209", "t")),
        ("block f(t) { @t }\nf(3)", ("ND215", "@t")),
        ("block f(t) { relu, @s }\nrelu as a\nf(@a)", ("ND215", "@s")),
    ],
)
def test_tensors_and_values_are_not_mixed_up(text: str, wrong: tuple[str, str]) -> None:
    assert [pair for pair in said(text) if pair[0] != "ND304"] == [wrong]


# -- recursion ---------------------------------------------------------------------------------------------------------


UNET = """\
block level(c, depth) {
  conv3-c, relu as skip
  if depth > 0 {
    maxpool
    level(2*c, depth - 1)
    upconv2-c/2
    concat { id | @skip }
    conv3-c, relu
  }
}
level(4, 2)"""


def test_a_block_may_call_itself() -> None:
    found = graph(UNET)
    assert found.nodes[-1].shape == (4, 8, 8)
    assert max(node.shape[0] for node in found.nodes) == 16
    assert modules(UNET)[4] == "level1.level1.relu1"


def test_blocks_may_call_one_another_in_turn() -> None:
    text = "block even(n) { if n > 0 { relu, odd(n-1) } }\nblock odd(n) { if n > 0 { gelu, even(n-1) } }\neven(5)"
    assert words(text) == ["relu", "gelu", "relu", "gelu", "relu"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("block f { f }\nf", "ND217"),
        ("block f { relu, f, f }\nf", "ND217"),
        ("block f(n) { g(n) }\nblock g(n) { f(n) }\nf(1)", "ND217"),
        ("block f(n) { if n > 0 { f(n-1), f(n-1) } else { relu } }\nf(40)", "ND218"),
        ("block f(n) { if n > 0 { f(n-1), f(n-1) } }\nf(40)", "ND218"),
        ("block f { [relu ×500] ×500 }\nf", "ND218"),
        ("block f { [[[] ×19999] ×19999] ×19999 }\nf", "ND218"),
    ],
)
def test_expansion_is_bounded(text: str, code: str) -> None:
    found = made(text, max_nodes=2000) if "19999" not in text else made(text)
    assert [d.code for d in found.diagnostics] == [code]


def test_deep_recursion_that_ends_is_read() -> None:
    assert len(nodes("block f(n) { if n > 0 { relu, f(n-1) } }\nf(150)")) == 150


# -- other files -------------------------------------------------------------------------------------------------------


COMMON = """\
param ratio = 2
style conv = _, bn, relu
block se(r=ratio) { mul { id | gap, conv1-{in.c//r} plain, relu, conv1-{in.c} plain, sigmoid } }
block unit(c) { conv3-c, se }
block unused { conv1-2 nonsense }
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "common.net").write_text(COMMON, encoding="utf-8")
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "more.net").write_text("block twice { relu, relu }\n", encoding="utf-8")
    return tmp_path


def used(folder: Path, text: str) -> Any:
    path = folder / "main.net"
    path.write_text(text, encoding="utf-8")
    return analyse(path)


def test_use_takes_blocks_from_another_file(folder: Path) -> None:
    text = 'use "common.net" (unit)\ninput 3x8x8\nstyle conv = _, gelu\nunit(4)\nconv3-4\n'
    found = used(folder, text).graph
    assert [node.op.keyword for node in found.nodes] == [
        "input", "conv", "bn", "relu", "gap", "conv", "relu", "conv", "sigmoid", "mul", "conv", "gelu",
    ]  # fmt: skip
    assert found.nodes[5].shape == (2, 1, 1)
    assert [source.name for source in found.sources] == [str(folder / "main.net"), str(folder / "common.net")]
    assert found.nodes[1].span.file == 1
    assert found.nodes[10].span.file == 0


def test_use_without_names_takes_all(folder: Path) -> None:
    found = used(folder, 'use "common.net"\nuse "below/more.net"\ninput 4x8x8\nse, unit(4), twice\n')
    assert found.diagnostics == ()


def test_a_used_file_may_use_another(folder: Path) -> None:
    (folder / "middle.net").write_text('use "common.net" (se)\nblock both { se, se }\n', encoding="utf-8")
    found = used(folder, 'use "middle.net" (both)\ninput 4x8x8\nboth\n')
    assert found.diagnostics == ()
    assert len(found.sources) == 3


def test_the_same_file_is_read_once(folder: Path) -> None:
    (folder / "middle.net").write_text('use "common.net" (se)\nblock both { se, se }\n', encoding="utf-8")
    found = used(folder, 'use "common.net" (unit)\nuse "middle.net" (both)\ninput 4x8x8\nunit(4), both\n')
    assert len(found.sources) == 3


def test_a_text_uses_files_beside_the_working_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert len(compile('use "common.net" (se)\ninput 4x8x8\nse\n').nodes) == 7


@pytest.mark.parametrize(
    ("use", "code", "place"),
    [
        ('use "nope.net" (se)', "ND224", '"nope.net"'),
        ('use "below" (se)', "ND224", '"below"'),
        ('use "../main.net" (se)', "ND224", '"../main.net"'),
        ('use "below/../common.net" (se)', "ND224", '"below/../common.net"'),
        ('use "/etc/hosts" (se)', "ND224", '"/etc/hosts"'),
        ('use "" (se)', "ND224", '""'),
        ('use "common.net" (es)', "ND224", "es"),
        ('use "common.net" (se, se)', "ND223", "se"),
        ('use "main.net" (se)', "ND224", '"main.net"'),
        ('use "common.net" (se)\nblock se { relu }', "ND223", "se"),
    ],
)
def test_files_that_cannot_be_used(folder: Path, use: str, code: str, place: str) -> None:
    found = used(folder, f"{use}\ninput 4x8x8\n{'es' if '(es)' in use else 'se'}\n")
    assert [d.code for d in found.errors] == [code]
    span = found.errors[0].span
    assert found.sources[span.file].text[span.start : span.end] == place


def test_a_link_out_of_the_folder_is_refused(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "secret.net"
    outside.write_text("block se { relu }\n", encoding="utf-8")
    (folder / "link.net").symlink_to(outside)
    found = used(folder, 'use "link.net" (se)\ninput 4x8x8\nse\n')
    assert [d.code for d in found.errors] == ["ND224"]


def test_files_that_use_one_another_in_a_circle(folder: Path) -> None:
    (folder / "a.net").write_text('use "b.net" (g)\nblock f { g }\n', encoding="utf-8")
    (folder / "b.net").write_text('use "a.net" (f)\nblock g { f }\n', encoding="utf-8")
    found = used(folder, 'use "a.net" (f)\ninput 4x8x8\nf\n')
    assert [d.code for d in found.errors] == ["ND224"]
    assert "circle" in found.errors[0].message


def test_mistakes_in_a_used_file_stand_there(folder: Path) -> None:
    (folder / "bad.net").write_text("block f {\nconv3-\nrelu }\nblock g(n) { conv3-{n/2} }\n", encoding="utf-8")
    found = used(folder, 'use "bad.net" (f, g)\ninput 4x8x8\nf\ng(3)\n')
    assert [(d.code, d.span.file) for d in found.errors] == [("ND101", 1), ("ND207", 1)]
    assert [note.span.file for note in found.errors[1].trace] == [0]


def test_a_block_that_cannot_be_read_is_one_mistake(folder: Path) -> None:
    (folder / "bad.net").write_text("block f { conv3-\nrelu }\n", encoding="utf-8")
    assert [d.code for d in used(folder, 'use "bad.net" (f)\ninput 4x8x8\nf\n').errors] == ["ND101"]


def test_only_what_is_called_of_a_used_file_is_elaborated(folder: Path) -> None:
    assert used(folder, 'use "common.net" (se, unused)\ninput 4x8x8\nse\n').errors == ()
    assert [d.code for d in used(folder, 'use "common.net" (unused)\ninput 4x8x8\nunused\n').errors] == ["ND202"]


def test_a_file_of_blocks_alone_is_no_net(folder: Path) -> None:
    found = analyse(folder / "common.net")
    assert [d.code for d in found.errors] == ["ND227", "ND202"]  # its blocks are looked at all the same
    assert codes("relu", before=None) == ["ND227"]
