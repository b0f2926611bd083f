"""``netdsl check``: what is wrong with specs, in every variant of each."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from netdsl.cli.findings import Checker, Findings
from netdsl.cli.options import add_file, target
from netdsl.cli.parser import Parser
from netdsl.cli.terminal import difference, report, say
from netdsl.diagnostics import printable
from netdsl.ir.types import plural
from netdsl.zoo import PREFIX

if TYPE_CHECKING:
    from netdsl.cli.mend import Mended

_EXAMPLES = """
netdsl check specs/*.net
netdsl check specs/vgg.net:D --input 3x64x64
netdsl check --fix --dry-run my.net
netdsl check --strict --format github specs/*.net
netdsl check --format sarif specs/*.net > netdsl.sarif
"""


def parser() -> Parser:
    """The options of ``netdsl check``."""
    options = Parser(
        "check",
        "Reports all errors and warnings of specs. Every variant is compiled, or the one that is named.\n"
        "The exit code is 1 where there is an error. Both views are always checked.",
        _EXAMPLES,
        {"--view": "both views are always checked"},
    )
    add_file(options, many=True, optional=True, views=False)
    options.add_argument(
        "--format",
        choices=("text", "json", "sarif", "github"),
        default="text",
        help="json, SARIF 2.1.0 and GitHub's annotations go to the standard output",
    )
    options.add_argument("--fix", action="store_true", help="carry out the helps that say all of what is to be done")
    options.add_argument("--dry-run", action="store_true", help="with --fix: write nothing, print what would change")
    options.add_argument(
        "--expect",
        action="store_true",
        help="with --fix: write what the nets come to into each `expect` and `->` that does not hold",
    )
    options.add_argument("--schema", action="store_true", help="print the JSON Schema of --format json")
    return options


def run(options: argparse.Namespace) -> int:
    """Compiles each file, prints the diagnostics, and returns 1 where there are errors."""
    if options.schema:
        parser().alone(options, "--schema")
        from netdsl.cli.reports import schema_path

        say(schema_path().read_text(encoding="utf-8"))
        return 0
    if not options.file:
        parser().missing()
    if options.dry_run and not options.fix:
        parser().error("--dry-run shows what --fix would do: say --fix too")
    if options.expect and not options.fix:
        parser().error("--expect says what --fix may change: say --fix too")
    if sum(file == "-" for file in options.file) > 1:
        parser().error("the standard input is one FILE, and `-` is given twice")
    targets = [target(parser(), file, options) for file in options.file]
    for path, _ in targets:
        if options.fix and (path == "-" or (path.startswith(PREFIX) and not os.path.exists(path))):
            parser().error(f"--fix writes files, and `{path}` is none")
    checker = Checker(targets, options)
    if not options.fix:
        return _report(checker.check(), options)
    from netdsl.cli.mend import mend, save

    found, mended = mend(checker, [path for path, _ in targets])
    if not options.dry_run:
        save(mended)
    elif options.format == "text":
        say("".join(difference(one.old, one.new, *[printable(one.name)] * 2) for one in mended))
    fixes = sum(one.fixes for one in mended)
    if fixes:
        verb = "would mend" if options.dry_run else "mended"
        files = f"{len(mended)} {plural(len(mended), 'file')}"
        print(f"{verb} {fixes} {plural(fixes, 'problem')} in {files}", file=sys.stderr)
    return _report(found, options, mended)


def _report(found: Findings, options: argparse.Namespace, mended: tuple[Mended, ...] | None = None) -> int:
    if options.format == "text":
        files = _number(found.files, "file")
        for note in found.notes:
            print(f"note: {printable(note)}", file=sys.stderr)
        if found.findings:
            from netdsl.diagnostics.printing import count

            report(found.diagnostics, found.sources, f"{count(found.diagnostics)} in {files}")
        elif options.dry_run:
            print(f"{files}, {_number(found.nets, 'net')}: nothing to report", file=sys.stderr)
        else:
            say(f"{files}, {_number(found.nets, 'net')}: nothing to report\n")
    else:
        from netdsl.cli import reports

        if options.format == "json":
            say(reports.as_json(found, mended))
        else:
            say(reports.as_sarif(found) if options.format == "sarif" else reports.as_github(found))
    return 1 if found.number("error") else 0


def _number(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's' if number else ''}"
