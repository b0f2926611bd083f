"""What was found, for programs: JSON, SARIF 2.1.0, and the annotations of GitHub's workflows."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from netdsl.cli.findings import Finding, Findings
from netdsl.cli.mend import Mended
from netdsl.diagnostics import CODES, Edit, Note, Source, Span, escaped, printable, traced
from netdsl.zoo import PREFIX, find

#: Version of the JSON form.
VERSION = 1
_SARIF = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def schema_path() -> Path:
    """Where the JSON Schema of :func:`as_json` is."""
    return Path(__file__).with_name("check.schema.json")


# -- JSON -------------------------------------------------------------------------------------------------------------


def as_json(found: Findings, mended: Sequence[Mended] | None) -> str:
    """All that was found, and what was mended where that was asked for."""
    value = {
        "version": VERSION,
        "files": found.files,
        "nets": found.nets,
        "errors": found.number("error"),
        "warnings": found.number("warning"),
        "diagnostics": [_item(finding, found) for finding in found.findings],
        "notes": list(found.notes),
        "mended": None if mended is None else [{"file": one.name, "fixes": one.fixes} for one in mended],
    }
    return escaped(json.dumps(value, indent=1, ensure_ascii=False)) + "\n"


def _item(finding: Finding, found: Findings) -> dict[str, Any]:
    diagnostic = finding.diagnostic
    place = _place(diagnostic.span, found.sources)
    return {
        "code": diagnostic.code,
        "title": CODES[diagnostic.code],
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        "help": str(diagnostic.help),
        **(place if diagnostic.span is not None else {**place, "file": finding.file}),
        "variants": list(finding.variants),
        "notes": [_noted(note, found.sources) for note in diagnostic.notes],
        "trace": [_noted(note, found.sources) for note in diagnostic.trace],
        "fix": [{**_place(edit.span, found.sources), "text": edit.text} for edit in diagnostic.edits] or None,
    }


def _noted(note: Note, sources: Sequence[Source]) -> dict[str, Any]:
    return {"message": note.message, **_place(note.span, sources)}


def _place(span: Span | None, sources: Sequence[Source]) -> dict[str, Any]:
    """File, and line and column of both ends, from 1; the end is the first character that no longer belongs."""
    if span is None:
        return {"file": None, "line": None, "column": None, "end_line": None, "end_column": None}
    source = sources[span.file]
    line, column = source.position(span.start)
    end_line, end_column = source.position(span.end)
    return {"file": source.name, "line": line, "column": column, "end_line": end_line, "end_column": end_column}


# -- SARIF ------------------------------------------------------------------------------------------------------------


def as_sarif(found: Findings) -> str:
    """A log of SARIF 2.1.0 with one run: the codes that occur as rules, each finding as a result."""
    from netdsl import __version__

    codes = list(dict.fromkeys(finding.diagnostic.code for finding in found.findings))
    used = [source for source in found.sources if source.name not in ("<stdin>", "<text>")]
    invocation: dict[str, Any] = {"executionSuccessful": True}
    if found.notes:
        invocation["toolExecutionNotifications"] = [
            {"message": {"text": note}, "level": "note"} for note in found.notes
        ]
    driver = {"name": "netdsl", "version": __version__, "rules": [_rule(code) for code in codes]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [invocation],
        "artifacts": [{"location": _artifact(name)} for name in dict.fromkeys(source.name for source in used)],
        "results": [_result(finding, found, codes) for finding in found.findings],
    }
    log = {"$schema": _SARIF, "version": "2.1.0", "runs": [run]}
    return escaped(json.dumps(log, indent=1, ensure_ascii=False)) + "\n"


def _rule(code: str) -> dict[str, Any]:
    from netdsl.cli.codes import FOLDER, read
    from netdsl.diagnostics import Diagnostic

    long = read(code)
    text = "\n\n".join((long.sentence, *long.meaning, *long.why, *long.mend))
    markdown = (FOLDER / f"{code}.md").read_text(encoding="utf-8")
    return {
        "id": code,
        "name": code,
        "shortDescription": {"text": CODES[code]},
        "fullDescription": {"text": long.sentence},
        "help": {"text": text, "markdown": markdown},
        "defaultConfiguration": {"level": Diagnostic(code, "", None, "").severity},
    }


def _result(finding: Finding, found: Findings, codes: list[str]) -> dict[str, Any]:
    diagnostic = finding.diagnostic
    text = finding.message + f"\nhelp: {diagnostic.help}"
    place: dict[str, Any] = {"artifactLocation": _artifact(found.name(finding))}
    if diagnostic.span is not None:
        place["region"] = _region(diagnostic.span, found.sources, text=True)
    result: dict[str, Any] = {
        "ruleId": diagnostic.code,
        "ruleIndex": codes.index(diagnostic.code),
        "level": diagnostic.severity,
        "message": {"text": text},
        "locations": [{"physicalLocation": place}],
    }
    steps = [Note(note.span, f"{traced(note)} here") for note in diagnostic.trace]
    related = [
        {
            "id": number,
            "message": {"text": note.message},
            "physicalLocation": {
                "artifactLocation": _artifact(found.sources[note.span.file].name),
                "region": _region(note.span, found.sources),
            },
        }
        for number, note in enumerate([*diagnostic.notes, *steps])
    ]
    if related:
        result["relatedLocations"] = related
    if diagnostic.edits:
        files = dict.fromkeys(edit.span.file for edit in diagnostic.edits)
        changes = [_change(file, diagnostic.edits, found.sources) for file in files]
        result["fixes"] = [{"description": {"text": str(diagnostic.help)}, "artifactChanges": changes}]
    return result


def _change(file: int, edits: Sequence[Edit], sources: Sequence[Source]) -> dict[str, Any]:
    return {
        "artifactLocation": _artifact(sources[file].name),
        "replacements": [
            {"deletedRegion": _region(edit.span, sources), "insertedContent": {"text": edit.text}}
            for edit in edits
            if edit.span.file == file
        ],
    }


def _artifact(name: str) -> dict[str, str]:
    """A file as a URI: relative to where the command runs, if it is below. A shipped spec is where it is shipped."""
    if name in ("-", "<stdin>"):
        return {"uri": "stdin"}
    if name.startswith(PREFIX) and not os.path.exists(name) and (shipped := find(name.removeprefix(PREFIX))):
        return {"uri": shipped.as_uri()}
    path = Path(_relative(name))
    return {"uri": path.as_uri() if path.is_absolute() else quote(path.as_posix())}


def _region(span: Span, sources: Sequence[Source], *, text: bool = False) -> dict[str, Any]:
    source = sources[span.file]
    line, column = source.position(span.start)
    end_line, end_column = source.position(span.end)
    region: dict[str, Any] = {
        "startLine": line,
        "startColumn": column,
        "endLine": end_line,
        "endColumn": end_column,
    }
    if text and span.end > span.start:
        region["snippet"] = {"text": source.text[span.start : span.end]}
    return region


# -- GitHub -----------------------------------------------------------------------------------------------------------


def as_github(found: Findings) -> str:
    """A line for each finding that a workflow of GitHub's shows beside the file."""
    lines = []
    for finding in found.findings:
        diagnostic = finding.diagnostic
        properties = {"file": _relative(found.name(finding))}
        if diagnostic.span is not None:
            place = _place(diagnostic.span, found.sources)
            properties["line"] = str(place["line"])
            properties["endLine"] = str(place["end_line"])
            properties["col"] = str(place["column"])
            if place["line"] == place["end_line"]:
                properties["endColumn"] = str(max(place["column"], place["end_column"] - 1))
        properties["title"] = f"{diagnostic.code}: {CODES[diagnostic.code]}"
        message = [finding.message]
        for note in diagnostic.notes:
            message.append(f"{found.sources[note.span.file].place(note.span.start)}: {note.message}")
        for note in diagnostic.trace:
            message.append(f"{traced(note)} at {found.sources[note.span.file].place(note.span.start)}")
        message.append(f"help: {diagnostic.help}")
        lines.append(_command(diagnostic.severity, properties, "\n".join(message)))
    lines += [_command("notice", {}, note) for note in found.notes]
    return "".join(f"{line}\n" for line in lines)


def _relative(name: str) -> str:
    """A file's path from where the command runs, if it is below, and without `..`."""
    path = Path(name)
    if ".." in path.parts:
        straight = Path(os.path.abspath(name))
        # Behind a symbolic link `..` leads elsewhere.
        path = straight if straight.exists() and path.exists() and straight.samefile(path) else path
    if path.is_absolute() and path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())
    return path.as_posix()


def _command(word: str, properties: dict[str, str], message: str) -> str:
    """A command of a workflow; what could end a part of it is escaped."""

    def coded(text: str, more: str = "") -> str:
        for char in "%\r\n" + more:
            text = text.replace(char, f"%{ord(char):02X}")
        return printable(text)

    given = ",".join(f"{name}={coded(value, ':,')}" for name, value in properties.items())
    return f"::{word}{' ' if given else ''}{given}::{coded(message)}"
