"""Warnings, each with the cases in which it is said and those in which it is not; and how they are allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from netdsl.diagnostics import CODES
from netdsl.elaborate import analyse
from tests.language import codes, made, said

ROOT = Path(__file__).parents[1]

#: For each warning a spec that earns it, the place of the caret, and a like spec that does not.
CASES: dict[str, list[tuple[str, str, str]]] = {
    "ND301": [
        ("maxpool3/2", "maxpool3/2", "maxpool3/2 ceil"),
        ("conv3-8/2 valid", "conv3-8/2 valid", "conv3-8/2"),
        ("avgpool3", "avgpool3", "avgpool3/2 pad=1"),
    ],
    "ND302": [
        ("conv3-8\nconv3-9", "conv3-9", "conv3-8, relu, conv3-9"),
        ("fc-8, fc-9", "fc-9", "fc-8, dropout 0.5, relu, fc-9"),
        ("conv3-8, conv1-9", "conv1-9", "conv3-8 +bn, conv1-9"),
        ("conv3-8, fc-9", "fc-9", "dwconv3, conv1-9"),
        ("linear-4\nlinear-5", "linear-5", "conv1-9, dwconv3"),
        ("upconv2-4/2\nconv3-8", "conv3-8", "sepconv3-8"),
        ("conv3-6\nconv1-8", "conv1-8", "conv3-6 groups=3, conv1-8"),
        ("conv3-8 as a, conv3-9\n@a, relu", "", "conv3-8, concat { conv1-8 | id }"),
    ],
    "ND303": [("block f { relu }\nrelu", "f", "block f { relu }\nf")],
    "ND304": [
        ("param n = 3\nrelu", "n", "param n = 3\nconv3-n"),
        ("block f(a) { relu }\nf(3)", "a", "block f(a) { conv3-a }\nf(3)"),
        ("block f(a, b=a) { relu }\nf(3)", "b", "block f(a, b=a) { conv3-b }\nf(3)"),
    ],
    "ND305": [
        ("relu as a", "a", "relu as a\n@a"),
        ("relu as a\ngelu as b\n@b", "a", "relu as a\nblock f(t) { @t }\nf(@a)"),
    ],
    "ND306": [
        ("a: relu, gelu", "a", "a: [relu, gelu]"),
        ("[convs.{i}: relu, gelu] ×2", "convs.{i}", "[convs.{i}: [relu, gelu]] ×2"),
        ("a: relu, gelu, silu", "a", "a: relu, b: gelu"),
        ("block f { relu }\na: f, relu", "a", "a: relu\ngelu"),
    ],
    "ND307": [
        ("conv3-8, bn", "conv3-8", "conv3-8 +bn"),
        ("conv3-8 bias=true +bn", "conv3-8 bias=true +bn", "conv3-8 bias=false, bn"),
        ("style conv = _ bias=true, bn\nconv3-8", "bias=true", "style conv = _, bn\nconv3-8"),
        ("dwconv3, bn", "dwconv3", "conv3-8, relu, bn"),
    ],
    "ND308": [
        ("fc-3, soft-max", "soft-max", "fc-3, soft-max eval"),
        ("relu\noutput a { fc-3, soft-max }", "soft-max", "soft-max, relu"),
        ("fc-3, soft-max\noutput a { fc-3 }", "soft-max", "relu\noutput a eval { fc-3, soft-max eval }"),
    ],
    "ND309": [
        ("relu as a\ngelu\n@a", "gelu", "relu as a\ngelu\nadd { @a | id }"),
        ("relu as a\ngelu, silu\n@a", "silu", "relu as a\ngelu, silu\noutput b { id }\n@a"),
        ("relu as a\nb: [gelu, silu]\n@a", "silu", "relu as a\nb: [gelu, silu]\nadd { @b | @a }"),
    ],
    "ND311": [
        ("conv3-3, droppath 0.1", "droppath 0.1", "add { conv3-3, droppath 0.1 | id }"),
        ("add { relu | id }, droppath 0.1", "droppath 0.1", "block f { relu, droppath 0.1 }\nadd { f | id }"),
        ("mul { relu | droppath 0.1 }", "droppath 0.1", "add { add { droppath 0.1 } | id }"),
        ("concat { relu | conv3-3 +droppath 0.1 }", "droppath 0.1", "add { concat { droppath 0.1 | id } | conv1-6 }"),
    ],
    "ND313": [
        ("conv3-8, relu ×3", "relu ×3", "[conv3-8, relu] ×3"),
        ("gelu, dropout 0.5 ×2", "dropout 0.5 ×2", "relu\ndropout 0.5 ×2"),
        ("conv3-8 bias=false, bn ×2", "bn ×2", "relu, maxpool ×2"),
        ("relu, gelu ×{1+1}", "gelu ×{1+1}", "relu ×2, gelu ×2"),
    ],
    "ND314": [
        ("conv64-3", "conv64-3", "conv3-64"),
        ("conv128-3/2", "conv128-3/2", "conv16-3/16"),
        ("conv32-1", "conv32-1", "upconv32-1/16"),
        ("block f(c) { conv{c}-3 }\nf(64)", "conv{c}-3", "conv64x1-3"),
    ],
    "ND310": [
        ("add { relu }", "add", "add { relu | id }"),
        ("concat { | relu }", "concat", "param f = false\nconcat { if f { gelu } | relu }"),
    ],
}  # fmt: skip
EACH = [(code, *case) for code, cases in CASES.items() for case in cases]


def test_every_warning_has_its_cases() -> None:
    assert sorted([*CASES, "ND312"]) == sorted(code for code in CODES if code.startswith("ND3"))


@pytest.mark.parametrize(
    ("sizes", "warned"),
    [
        ("224x224x3", True),
        ("64 × 48 x 3", True),
        ("28x28x1", True),
        ("3x224x224", False),
        ("28x14x1", False),
        ("4x4x3", False),
        ("3x3x3", False),
        ("128x3", False),
        ("16x112x112x3", False),
        ("{8*8}x64x3", False),
    ],
)
def test_channels_that_stand_last(sizes: str, warned: bool) -> None:
    """ND312 is of the input, which stands before each case above."""
    text = "\nconv3-8\n" if sizes.count("x") != 3 else "\nrelu\n"
    found = analyse(f"input {sizes}{text}").diagnostics
    assert [(said.code, len(said.edits)) for said in found] == ([("ND312", 1)] if warned else [])
    assert [d.code for d in analyse(f"allow ND312\ninput {sizes}{text}").diagnostics] == []


@pytest.mark.parametrize(("code", "text", "place", "other"), EACH)
def test_a_warning_stands_at_its_place(code: str, text: str, place: str, other: str) -> None:
    found = said(text)
    assert [pair for pair in found if pair[0] == code] == ([(code, place)] if place else [])
    assert code not in codes(other)


@pytest.mark.parametrize(("code", "text", "place", "other"), EACH)
def test_a_warning_is_no_error(code: str, text: str, place: str, other: str) -> None:
    assert made(text).graph is not None


@pytest.mark.parametrize(("code", "text", "place", "other"), EACH)
def test_a_warning_is_allowed_in_the_file(code: str, text: str, place: str, other: str) -> None:
    rest = [found for found in codes(text) if found != code]
    assert codes(f"allow {code}\n{text}") == rest
    assert codes(f"{text}\nallow ND301, ND302\nallow {code}, ND308") == [
        found for found in rest if found not in ("ND301", "ND302", "ND308")
    ]
    other_code = "ND301" if code != "ND301" else "ND302"
    assert code in codes(f"allow {other_code}\n{text}") or not place


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("maxpool3/2 allow ND301", []),
        ("maxpool3/2 -> 3x3 allow ND301", []),
        ("maxpool3/2 allow ND302", ["ND301"]),
        ("conv3-4, conv3-5 allow ND302", []),
        ("conv3-4 allow ND302\nconv3-5", ["ND302"]),
        ("conv3-4\nconv3-5 allow ND302 ND301", []),
        ("[maxpool3/2, relu] allow ND301", []),
        ("[maxpool3/2\nrelu] allow ND301\nupsample ×3, maxpool4/3", ["ND301"]),
        ("conv3-4 allow ND307, bn", []),
        ("conv3-4, bn allow ND307", []),
        ("conv3-4\nbn allow ND307", ["ND307"]),
        ("block f(c) { relu } allow ND303 ND304\nrelu", []),
        ("block f { maxpool3/2 } allow ND301\nf", []),
        ("block f { maxpool3/2 } allow ND303\nf", ["ND301"]),
        ("param a = 3 allow ND304\nrelu", []),
        ("param a = 3 allow ND303\nrelu", ["ND304"]),
        ("block f { maxpool3/2 allow ND301 }\nf", []),
        ("block f { maxpool3/2 }\nf allow ND301", []),
        ("block f { maxpool3/2 }\nf allow ND302", ["ND301"]),
        ("block f { maxpool3/2, upsample ×2 }\nf allow ND301\nf", ["ND301"]),
        ("block g { maxpool3/2 }\nblock f { g }\nf allow ND301", []),
        ("style conv = _, maxpool3/2 allow ND301\nconv3-4", []),
        ("relu as a allow ND305", []),
        ("a: relu allow ND306, gelu", []),
        ("fc-3, soft-max allow ND308", []),
    ],
)
def test_a_warning_is_allowed_on_a_line(text: str, found: list[str]) -> None:
    assert codes(text) == found


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("allow ND999\nrelu", [("ND233", "ND999")]),
        ("allow ND201\nrelu", [("ND233", "ND201")]),
        ("allow ND301, foo\nrelu", [("ND233", "foo")]),
        ("relu allow ND999", [("ND233", "ND999")]),
        ("relu allow ND301 ND999 nd302", [("ND233", "ND999"), ("ND233", "nd302")]),
        ("block f { relu allow ND211 }\nf ×3", [("ND233", "ND211")]),
        ("param a = 3 allow ND999\nconv3-a", [("ND233", "ND999")]),
        ("block f { relu } allow ND999\nf", [("ND233", "ND999")]),
    ],
)
def test_codes_that_cannot_be_allowed(text: str, wrong: list[tuple[str, str]]) -> None:
    assert said(text) == wrong


@pytest.mark.parametrize(
    "text",
    [
        "maxpool",  # tiles
        "conv7-64/2",  # padding alone is left over
        "conv1-8/2",  # a stride beyond the kernel leaves elements out on purpose
        "maxpool2/3",
        "upsample ×2, crop 9x9, maxpool3/2",
        "add { conv3-3 | id }, relu",
        "add { conv3-3 | conv1-3 }, conv3-4",  # a sum of two is no single one
        "concat { conv3-4 | conv3-4 }, conv1-4",
        "conv3-4, maxpool, conv3-5",
        "conv3-4, flatten, relu, fc-3",
        "block f(n) { if n > 0 { relu, f(n-1) } }\nf(2)",
        "block f { block_: relu }\nf",
        "block f(t) { add { @t | id } }\nrelu as a\ngelu, f(@a)",
        "block f(t) { conv1-{t.c} }\nrelu as a\nf(@a)",
        "param n = 3\ninput_: relu ×{n}",
        "param n = 3\nexpect params = n - 3\nrelu",
        "param n = 0.1\ninit conv = normal std=n\nconv3-4",
        "param n = 3\nvariant v: n = 4\nconv3-n",
        "param n = 3, m = n\nconv3-m",
        'param n = 3\nstage.{n}: relu',
        "param n = 3\nrelu -> n x 8 x 8",
        "param n = 0.3\nrelu\noutput a weight=n { gap }",
        "param n = true\nstyle conv = _, if n { relu }\nconv3-4",
        "a: relu\nreuse a",
        "relu as a\noutput b { @a, gap }",
        "a: relu\ngelu",  # a label that names a module needs no reference
        "a: relu ×2, gelu",
        "a: add { relu | id }, gelu",
        "fc-3, soft-max eval",
        "soft-max, fc-3",
        "log_softmax",
        "conv3-4 bias=false, bn",
        "fc-4, bn",
    ],
)  # fmt: skip
def test_what_is_meant_so_is_not_warned_of(text: str) -> None:
    assert codes(text) == []


def test_a_library_may_hold_blocks_that_nobody_calls(tmp_path: Path) -> None:
    (tmp_path / "lib.net").write_text("param n = 3\nblock f { relu }\nblock g { gelu }\n", encoding="utf-8")
    (tmp_path / "main.net").write_text('use "lib.net"\ninput 3x8x8\nf\n', encoding="utf-8")
    assert analyse(tmp_path / "main.net").diagnostics == ()
    (tmp_path / "main.net").write_text('use "lib.net" (f, g)\ninput 3x8x8\nf\n', encoding="utf-8")
    assert [found.message for found in analyse(tmp_path / "main.net").diagnostics] == [
        "`g` is taken from `lib.net` and never called"
    ]


def specs() -> list[tuple[Path, str | None]]:
    found: list[tuple[Path, str | None]] = []
    for path in sorted((ROOT / "specs").glob("*.net")):
        graph = analyse(path).graph
        found += [(path, variant) for variant in (graph.variants if graph is not None else ()) or (None,)]
    return found


@pytest.mark.parametrize(("path", "variant"), specs())
def test_every_spec_is_silent(path: Path, variant: str | None) -> None:
    found = analyse(path, variant=variant)
    assert found.diagnostics == ()
    assert found.notes == ()
