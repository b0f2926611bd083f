"""Reads a command line, and says in words what of it was not understood."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

from netdsl.cli.terminal import say
from netdsl.diagnostics import printable
from netdsl.diagnostics.nearest import did_you_mean
from netdsl.ops import load_operators

#: What argparse says, and what is said here. The names of options stand in backquotes.
_WORDS = (
    (r"argument (\S+): expected one argument", r"`\1` needs a value"),
    (r"argument (\S+): ignored explicit argument (.*)", r"`\1` takes no value, and \2 is given"),
    (r"argument (\S+): (.*)", r"`\1`: \2"),
)
_MISSING = "the following arguments are required: "
#: What stands for the first of the arguments that are missing.
_NEEDED = {
    "FILE": "a FILE is missing, such as my.net, zoo:resnet or - for the standard input",
    "CHECKPOINT": "a CHECKPOINT is missing: a safetensors file, or a .pth or .pt of torch.save",
    "-o/--output": "where to? `-o` names the output",
}
#: What a value is called that people write otherwise, such as a format by the ending of its file.
_ENDINGS = {
    "md": "markdown",
    "tex": "latex",
    "htm": "html",
    "txt": "text",
    "mermaid": "mmd",
    "gv": "dot",
    "gpu": "cuda",
}


class Parser(argparse.ArgumentParser):
    """An argument parser that knows the nearest option and the nearest value to a misspelt one.

    It takes no abbreviations, and no option of one value twice. ``never`` are options that others have and this command
    does not, with the reason.
    """

    def __init__(self, command: str, purpose: str, examples: str, never: Mapping[str, str] | None = None) -> None:
        lines = "".join(f"  {line}\n" for line in examples.strip().splitlines())
        super().__init__(
            prog=f"netdsl {command}",
            description=purpose,
            epilog=f"examples:\n{lines}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        self.never = never or {}
        self._words: Sequence[str] = ()

    def read(self, words: Sequence[str]) -> argparse.Namespace:
        """The options of a command line; exits with 2 where it is not understood, and with 0 after ``--help``.

        ``given`` of the result are the options that were written, as they are named in full.
        """
        self._words = words
        options, rest = self.parse_known_args(words)
        self._known(rest)
        if rest:
            self.error(f"one argument too many: `{rest[0]}`")
        file = getattr(options, "file", None)
        if "" in (file if isinstance(file, list) else [file]):
            self.missing()
        options.given = []
        for action in self._written(words):
            name = action.option_strings[-1]
            if isinstance(action, argparse._StoreAction) and getattr(options, action.dest) == "":
                self.error(f"`{name}` needs a value")
            if isinstance(action, argparse._StoreAction) and name in options.given:
                self.error(f"`{name}` is given twice")
            options.given.append(name)
        for name in getattr(options, "operators", ()):
            load_operators(name)
        return options

    def _known(self, words: Sequence[str]) -> None:
        """Exits with 2 where one of the words is an option that there is not."""
        for word in words:
            name = word.partition("=")[0]
            if word == "--":
                return
            if not word.startswith("-") or word == "-" or self._option(name) is not None:
                continue
            reason = self.never.get(name if name.startswith("--") else name[:2])
            if reason is not None:
                self.error(f"there is no `{name}` here: {reason}")
            help = did_you_mean(name, [option for option in self._option_string_actions if option.startswith("--")])
            self.error(f"unknown option `{name}`" + (f"; {help}" if help else ""))

    def _option(self, name: str) -> argparse.Action | None:
        """The option of a word without its value: `--format`, and `-ofile` too."""
        return self._option_string_actions.get(name if name.startswith("--") else name[:2])

    def _written(self, words: Sequence[str]) -> Iterator[argparse.Action]:
        """The options of a command line that was understood, in order."""
        for word in words:
            if word == "--":
                return
            action = self._option(word.partition("=")[0])
            if action is not None:
                yield action

    def refuse(self, options: argparse.Namespace, why: str, *besides: str) -> None:
        """Exits with 2 where another option than ``besides`` was written, with ``why`` that has no place here."""
        for name in options.given:
            if name not in besides:
                self.error(f"`{name}` does nothing here: {why}")

    def alone(self, options: argparse.Namespace, name: str, *besides: str) -> None:
        """Exits with 2 where ``name`` stands with a FILE or with another option than ``besides``."""
        if options.file:
            self.error(f"`{name}` takes no FILE")
        self.refuse(options, f"`{name}` stands alone", name, *besides)

    def print_help(self, file: Any = None) -> None:
        """Prints the help, all of it or an error."""
        say(self.format_help())

    def missing(self) -> NoReturn:
        """Exits with 2, since there is no FILE."""
        self.error(_NEEDED["FILE"])

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            *others, last = action.choices
            meant = _ENDINGS.get(str(value).lower().removeprefix("."))
            help = f"did you mean `{meant}`?" if meant in action.choices else did_you_mean(str(value), action.choices)
            message = f"`{value}` is none of {', '.join(others)} and {last}" + (f"; {help}" if help else "")
            raise argparse.ArgumentError(action, message)

    def error(self, message: str) -> NoReturn:
        """Says what was not understood, and exits with 2."""
        if message.startswith(_MISSING):
            self._known(self._words)
            first = message.removeprefix(_MISSING).split(", ")[0]
            message = _NEEDED.get(first.partition("[")[0], message)
        for theirs, ours in _WORDS:
            found = re.fullmatch(theirs, message, re.DOTALL)
            if found is not None:
                message = found.expand(ours)
                break
        self.exit(2, f"{self.prog}: {printable(message)}\nsee `{self.prog} --help`\n")
