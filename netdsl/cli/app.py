"""The command ``netdsl``: finds the command that is asked for, imports that one alone, and runs it."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from netdsl.cli.terminal import check_name, report, say
from netdsl.diagnostics import NetdslError, printable
from netdsl.diagnostics.nearest import did_you_mean

#: Each command's one line of help; the command is the module of that name beside this one, or the one in ``_MODULES``.
COMMANDS: dict[str, str] = {
    "build": "write a net as a PyTorch module, and run it",
    "stats": "parameters, MACs, FLOPs, activations and receptive fields, layer by layer",
    "check": "report what is wrong with specs, in every variant",
    "diff": "say how two nets differ",
    "docs": "write a page for each spec of a folder, with an index",
    "draw": "draw a net as SVG, PNG or an HTML page",
    "expand": "show a spec with every style, default and expression resolved",
    "explain": "say what a code means, or how the numbers of a layer come about",
    "fmt": "give specs their canonical layout",
    "ir": "show the graph that a spec compiles to, as text or JSON",
    "ops": "list the layers of the language, or one with its attributes",
    "table": "print nets as the tables of their papers, as text, Markdown, HTML, LaTeX or CSV",
    "watch": "show a net in the browser, anew whenever its file is saved",
    "weights": "hold a checkpoint against a net, or convert its names",
    "zoo": "list the specs that are shipped, or print one",
}

_MODULES = {"table": "papertable"}

_EXAMPLES = """\
examples:
  netdsl build specs/vgg19.net
  netdsl stats zoo:resnet:50 --by block
  netdsl check specs/*.net
  netdsl draw specs/googlenet.net -o googlenet.svg
  netdsl COMMAND --help

exit codes: 0 all went well, 1 a diagnostic was reported, 2 the command was not understood
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code: 0, 1 (diagnostics) or 2 (usage). Never raises for bad input."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if sys.stderr is None:  # closed before the program began
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if sys.stdout is None:
        print("netdsl: the standard output is closed", file=sys.stderr)
        return 1
    for stream in (sys.stdout, sys.stderr):
        # A terminal that has no `×` shows `?` rather than a traceback.
        if (encoding := getattr(stream, "encoding", None)) and not encoding.lower().startswith("utf"):
            getattr(stream, "reconfigure", lambda **_: None)(errors="replace")
    # A command lives for a fraction of a second, and imports and graphs leave nothing to collect before its end.
    collects = gc.isenabled()
    gc.disable()
    try:
        for word in given:
            check_name(word)
        status = _command(given)
        say("")  # what is still held back
        return status
    except NetdslError as error:
        report(error.diagnostics, error.sources)
        return 1
    except SystemExit as stop:
        return int(stop.code or 0)
    except BrokenPipeError:
        _silence()
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        if collects:
            gc.enable()


def run() -> NoReturn:
    """The program ``netdsl``. It leaves without taking a thousand modules down one by one: nothing is left to do."""
    status = main()
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            status = status or 1
    os._exit(status)


def _command(given: list[str]) -> int:
    if not given:
        print(_help(), end="", file=sys.stderr)
        return 2
    name, rest = given[0], given[1:]
    if name in ("-h", "--help", "help"):
        if name == "help" and rest and rest[0] in COMMANDS:
            return _command([rest[0], "--help"])
        say(_help())
        return 0
    if name in ("-V", "--version"):
        from netdsl import __version__

        say(f"netdsl {__version__}\n")
        return 0
    if name not in COMMANDS:
        return _unknown(name)
    import importlib

    command = importlib.import_module(f"netdsl.cli.{_MODULES.get(name, name)}")
    status: int = command.run(command.parser().read(rest))
    return status


def _help() -> str:
    width = max(map(len, COMMANDS))
    rows = "\n".join(f"  {name:<{width}}  {line}" for name, line in COMMANDS.items())
    return (
        "usage: netdsl COMMAND …\n\n"
        "Neural architectures as text: exact numbers, drawings and readable PyTorch.\n\n"
        f"commands:\n{rows}\n\noptions:\n  -h, --help     show this\n  -V, --version  show the version\n\n{_EXAMPLES}"
    )


def _elsewhere(name: str) -> str | None:
    """Our command for what other programs call so."""
    theirs = {
        "stats": "summary info describe profile params parameters flops macs count size complexity numbers",
        "draw": "show plot view visualize visualise graph render picture diagram image dot",
        "build": "export compile run generate gen codegen torch pytorch emit module make onnx",
        "check": "lint validate verify test typecheck",
        "fmt": "format formatter pretty",
        "ir": "print dump json ast tree parse",
        "zoo": "list ls models nets specs",
        "ops": "layers operators kinds",
        "watch": "serve live preview",
        "diff": "compare cmp",
        "weights": "load checkpoint weight convert keys",
        "table": "latex markdown",
        "expand": "preprocess resolve inline",
        "explain": "why error code",
    }
    return next((ours for ours, words in theirs.items() if name in words.split()), None)


def _unknown(name: str) -> int:
    from netdsl.zoo import PREFIX, find

    if name.startswith("-"):
        what, help = "option", did_you_mean(name, ("--help", "--version"))
    elif name.partition(":")[0].endswith(".net") or name.startswith(PREFIX):
        what, help = "command", f"a command comes before the file: `netdsl stats {name}`"
    elif find(name) is not None:
        what, help = "command", f"a command comes before a shipped spec: `netdsl stats {PREFIX}{name}`"
    else:
        ours = _elsewhere(name.lower())
        what = "command"
        help = f"here it is `netdsl {ours}`: {COMMANDS[ours]}" if ours is not None else did_you_mean(name, COMMANDS)
    print(printable(f"netdsl: unknown {what} `{name}`" + (f"; {help}" if help else "")), file=sys.stderr)
    print(f"commands: {', '.join(COMMANDS)}; `netdsl --help` says more", file=sys.stderr)
    return 2


def _silence() -> None:
    """Whoever read the output has stopped reading; nothing more can be said, also not at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            os.dup2(nowhere, stream.fileno())
        except ValueError:
            pass
    os.close(nowhere)
