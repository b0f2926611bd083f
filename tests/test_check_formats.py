"""``netdsl check`` for programs: JSON under its schema, SARIF under OASIS's, and GitHub's annotations."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema
import pytest

from netdsl.cli import main
from netdsl.diagnostics import CODES, Edit, Span, edited

FOLDER = Path(__file__).parent / "diagnostics"
SPECS = Path(__file__).parents[1] / "specs"
SARIF = Path(__file__).parent / "sarif" / "sarif-schema-2.1.0.json"

#: Every kind of finding: in a used file, with a trace, with second places, with edits, with warnings, wide letters.
FILES = [
    "use-and-a-mistake-there.net",
    "branches-of-other-sizes.net",
    "unknown-layer.net",
    "pasted-from-a-paper.net",
    "warning-bias.net",
    "tabs-and-wide-letters.net",
    "bracket-wrong.net",
]

Run = Callable[..., str]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs ``netdsl check`` in the folder of the goldens and returns what it prints."""
    monkeypatch.chdir(FOLDER)

    def run(*words: str, code: int = 1) -> str:
        assert main(["check", *words]) == code
        return capsys.readouterr().out

    return run


def all_of_the_goldens() -> list[str]:
    return sorted(path.name for path in FOLDER.glob("*.net"))


# -- JSON -------------------------------------------------------------------------------------------------------------


def test_json_is_as_its_schema_says(run: Run) -> None:
    schema = json.loads(run("--schema", code=0))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for words in (FILES, all_of_the_goldens(), ["missing.net"], [*FILES, "--fix", "--dry-run"], [*FILES, "--strict"]):
        value = json.loads(run("--format", "json", *words))
        validator.validate(value)
        assert value["errors"] + value["warnings"] == len(value["diagnostics"])


def test_the_schema_describes_every_field_and_refuses_others(run: Run) -> None:
    schema = json.loads(run("--schema", code=0))
    validator = jsonschema.Draft202012Validator(schema)
    value = json.loads(run("--format", "json", *FILES))
    for field in list(value):
        with pytest.raises(jsonschema.ValidationError):
            validator.validate({name: one for name, one in value.items() if name != field})
    for field in value["diagnostics"][0]:
        first = {name: one for name, one in value["diagnostics"][0].items() if name != field}
        with pytest.raises(jsonschema.ValidationError):
            validator.validate({**value, "diagnostics": [first]})
    with pytest.raises(jsonschema.ValidationError):
        validator.validate({**value, "more": 1})


def test_json_says_where_to_the_character(run: Run) -> None:
    (item,) = json.loads(run("--format", "json", "tabs-and-wide-letters.net"))["diagnostics"]
    assert (item["line"], item["column"], item["end_line"], item["end_column"]) == (2, 23, 2, 26)
    (item,) = json.loads(run("--format", "json", "use-and-a-mistake-there.net"))["diagnostics"]
    assert item["file"] == "blocks.net"
    assert item["trace"] == [
        {
            "message": "in `level(3)`",
            "file": "use-and-a-mistake-there.net",
            "line": 3,
            "column": 11,
            "end_line": 3,
            "end_column": 19,
        }
    ]


def test_json_says_what_would_mend(run: Run) -> None:
    items = json.loads(run("--format", "json", "unknown-layer.net"))["diagnostics"]
    assert [item["fix"] for item in items][-1] is None
    assert items[0]["help"] == "did you mean `conv3`?"
    assert items[0]["fix"] == [
        {"file": "unknown-layer.net", "line": 2, "column": 1, "end_line": 2, "end_column": 5, "text": "conv"}
    ]


def test_what_has_no_place_has_its_file(run: Run) -> None:
    (item,) = json.loads(run("--format", "json", "unknown-layer.net:big", "--fix", "--dry-run"))["diagnostics"]
    assert (item["code"], item["file"], item["line"]) == ("ND003", "unknown-layer.net", None)


# -- SARIF ------------------------------------------------------------------------------------------------------------


def sarif(text: str) -> dict[str, Any]:
    """The one run of a log that is as OASIS's schema says."""
    log = json.loads(text)
    schema = json.loads(SARIF.read_text(encoding="utf-8"))
    validator = jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker())
    assert [error.message for error in validator.iter_errors(log)] == []
    assert log["$schema"] == schema["id"]
    (only,) = log["runs"]
    return only  # type: ignore[no-any-return]


def test_sarif_is_as_its_schema_says(run: Run) -> None:
    for words in (FILES, all_of_the_goldens(), ["missing.net"], [*FILES, "--strict"]):
        found = sarif(run("--format", "sarif", *words))
        rules = found["tool"]["driver"]["rules"]
        assert [rules[result["ruleIndex"]]["id"] for result in found["results"]] == [
            result["ruleId"] for result in found["results"]
        ]
        assert len({rule["id"] for rule in rules}) == len(rules)


def test_the_schema_would_find_a_mistake(run: Run) -> None:
    log = json.loads(run("--format", "sarif", *FILES))
    log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] = 0
    with pytest.raises(AssertionError, match="less than the minimum"):
        sarif(json.dumps(log))


def test_sarif_says_what_the_text_says(run: Run) -> None:
    items = json.loads(run("--format", "json", *FILES))["diagnostics"]
    found = sarif(run("--format", "sarif", *FILES))
    assert found["columnKind"] == "unicodeCodePoints"
    for item, result in zip(items, found["results"], strict=True):
        assert (result["ruleId"], result["level"]) == (item["code"], item["severity"])
        assert result["message"]["text"].startswith(item["message"])
        assert (item["help"] or "") in result["message"]["text"]
        (place,) = result["locations"]
        region = place["physicalLocation"]["region"]
        file = unquote(place["physicalLocation"]["artifactLocation"]["uri"])
        assert file == item["file"]
        line = (FOLDER / file).read_text(encoding="utf-8").split("\n")[region["startLine"] - 1]
        if region["startLine"] == region["endLine"] and "snippet" in region:
            assert line[region["startColumn"] - 1 : region["endColumn"] - 1] == region["snippet"]["text"]
        related = [one["message"]["text"] for one in result.get("relatedLocations", [])]
        assert related == [
            *(note["message"] for note in item["notes"]),
            *(f"{note['message']}, called here" for note in item["trace"]),
        ]
        assert ("fixes" in result) == (item["fix"] is not None)


def test_sarif_explains_each_rule(run: Run) -> None:
    found = sarif(run("--format", "sarif", *FILES))
    for rule in found["tool"]["driver"]["rules"]:
        assert rule["shortDescription"]["text"] == CODES[rule["id"]]
        assert rule["fullDescription"]["text"] in rule["help"]["text"]
        assert rule["help"]["markdown"].startswith(f"# {rule['id']}: {CODES[rule['id']]}\n")
        assert rule["defaultConfiguration"]["level"] == ("warning" if rule["id"].startswith("ND3") else "error")


def test_fixes_of_sarif_mend_what_they_are_for(run: Run) -> None:
    found = sarif(run("--format", "sarif", "unknown-layer.net"))
    text = (FOLDER / "unknown-layer.net").read_text(encoding="utf-8")
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    edits = []
    for result in found["results"]:
        for change in result.get("fixes", [{"artifactChanges": []}])[0]["artifactChanges"]:
            for one in change["replacements"]:
                region = one["deletedRegion"]
                begin = starts[region["startLine"] - 1] + region["startColumn"] - 1
                end = starts[region["endLine"] - 1] + region["endColumn"] - 1
                edits.append(Edit(Span(0, begin, end), one["insertedContent"]["text"]))
    assert edited(text, edits) == "input 3x32x32\nconv3-8\nrelu, maxpool2\nsoftmax\nwholly_linked-10\n"


def test_places_of_files_are_uris(run: Run, tmp_path: Path) -> None:
    odd = tmp_path / "a b#c%.net"
    odd.write_text("input 3x8x8\nrleu\n", encoding="utf-8")
    (result,) = sarif(run("--format", "sarif", str(odd)))["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri.startswith("file:///")
    assert uri.endswith("/a%20b%23c%25.net")
    (result,) = sarif(run("--format", "sarif", str(FOLDER / "bracket-wrong.net")))["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "bracket-wrong.net"


def test_places_are_without_detours(run: Run) -> None:
    for name in (f"../{FOLDER.name}/bracket-wrong.net", f"{FOLDER}/../{FOLDER.name}/bracket-wrong.net"):
        (result,) = sarif(run("--format", "sarif", name))["results"]
        assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "bracket-wrong.net"
        assert "file=bracket-wrong.net,line=" in run("--format", "github", name)


def test_a_shipped_spec_is_where_it_is_shipped(run: Run) -> None:
    found = sarif(run("--format", "sarif", "zoo:alexnet", "--input", "3x225x225", "--strict"))
    uris = {each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for each in found["results"]}
    assert uris == {(SPECS / "alexnet.net").as_uri()}


def test_a_log_of_nothing_is_a_log(run: Run, tmp_path: Path) -> None:
    good = tmp_path / "good.net"
    good.write_text("input 1x8x8\nconv3-4 -> 4x8x8\n", encoding="utf-8")
    assert sarif(run("--format", "sarif", str(good), code=0))["results"] == []
    found = sarif(run("--format", "sarif", str(good), "--input", "1x9x9", code=0))
    (note,) = found["invocations"][0]["toolExecutionNotifications"]
    assert "were not checked" in note["message"]["text"]


# -- GitHub -----------------------------------------------------------------------------------------------------------


def test_annotations(run: Run) -> None:
    lines = run("--format", "github", "branches-of-other-sizes.net", "use-and-a-mistake-there.net").splitlines()
    assert lines == [
        "::error file=branches-of-other-sizes.net,line=2,endLine=2,col=1,endColumn=6,title=ND204%3A shapes that do not "
        "join::`concat` needs branches of equal size: branch 1 is 8×32×32, and branch 2 is 3×15×15"
        "%0Abranches-of-other-sizes.net:2:10: gives 8×32×32"
        "%0Abranches-of-other-sizes.net:2:20: makes 3×15×15 of 3×32×32"
        "%0Abranches-of-other-sizes.net:2:33: makes 8×16×16 of 3×32×32"
        "%0Abranches-of-other-sizes.net:2:20: leaves out the end of its input: (32−3)/2+1 = 15.5"
        "%0Ahelp: `conv3-8/2` in place of `conv3-8` and `maxpool3/2 pad=1` in place of `maxpool3/2` make the sizes "
        "equal",
        "::error file=blocks.net,line=4,endLine=4,col=9,endColumn=13,title=ND207%3A a number that must be whole::"
        "`channels` must be whole, and this is 2.66667"
        "%0Ain `level(3)`, called at use-and-a-mistake-there.net:3:11"
        "%0Ahelp: `8//n` makes 2 of it, `ceil(8/n)` 3",
    ]


def test_annotations_of_warnings_and_of_the_whole_file(run: Run) -> None:
    assert run("--format", "github", "warning-window.net", code=0).startswith(
        "::warning file=warning-window.net,line=2"
    )
    assert run("--format", "github", "warning-window.net", "--strict").startswith("::error file=warning-window.net")
    assert run("--format", "github", "missing.net").startswith("::error file=missing.net,title=ND001%3A ")
    # GitHub knows files by their paths from the checkout.
    below = run("--format", "github", str(FOLDER.resolve() / "warning-window.net"), code=0)
    assert below.startswith("::warning file=warning-window.net,line=2")


def test_what_would_end_an_annotation_is_escaped(run: Run, tmp_path: Path) -> None:
    odd = tmp_path / "a,b%::c.net"
    odd.write_text('input 3x8x8\nrelu ×{5 % 0}\n"100%": rleu\n', encoding="utf-8")
    lines = run("--format", "github", str(odd)).splitlines()
    assert len(lines) == 2
    for line in lines:
        head, _, rest = line[2:].partition("::")
        assert head.startswith(f"error file={str(tmp_path).replace('%', '%25')}/a%2Cb%25%3A%3Ac.net,line=")
        assert re.sub(r"%(0A|0D|25)", "", rest).find("%") < 0
