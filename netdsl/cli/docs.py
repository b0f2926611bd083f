"""``netdsl docs``: a page for each spec of a folder, and an index."""

from __future__ import annotations

import argparse
import hashlib
import os
import shlex
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from netdsl import zoo
from netdsl.backends.canvas.options import Options
from netdsl.backends.catalogue import write_html, write_markdown
from netdsl.backends.catalogue.document import code
from netdsl.backends.catalogue.spec import Net, Spec, entry, index_page, spec_page
from netdsl.backends.draw import draw
from netdsl.cli.options import add_limits, add_operators, add_uses, whole
from netdsl.cli.parser import Parser
from netdsl.cli.terminal import check_name, report, say
from netdsl.diagnostics import Diagnostic, NetdslError, Source, printable
from netdsl.diagnostics.files import shown, unwritten
from netdsl.elaborate import Limits, analyse
from netdsl.ir.types import plural

_EXAMPLES = """
netdsl docs specs -o pages
netdsl docs nets/*.net -o docs/nets --format markdown --title "Our nets"
"""

_ENDINGS = {"html": "html", "markdown": "md"}
#: What was written, and a hash of each file: only what is still that is overwritten or removed.
_MANIFEST = ".netdsl-docs.json"
_MADE = "Made by `netdsl docs` from {}: change that, not this."


def parser() -> Parser:
    """The options of ``netdsl docs``."""
    options = Parser(
        "docs",
        "Writes a page for each spec, with its text, the numbers of all variants, its layers and its diagram, and an\n"
        "index that leads to them. Nothing is written where a spec has errors.",
        _EXAMPLES,
    )
    options.add_argument(
        "files", metavar="FILE", nargs="+", help="a spec, zoo:NAME, or a folder with all .net files in and below it"
    )
    options.add_argument("-o", "--output", metavar="DIR", required=True, help="the folder to write; made if need be")
    options.add_argument("--format", choices=tuple(_ENDINGS), default="html", help="of the pages (html unless said)")
    options.add_argument("--title", metavar="WORDS", default="Nets", help="what the index is called")
    options.add_argument(
        "--force", action="store_true", help="overwrite files that are not of an earlier run, or were changed since"
    )
    add_operators(options)
    add_limits(options)
    add_uses(options)
    options.add_argument("--strict", action="store_true", help="take every warning as an error")
    return options


def run(options: argparse.Namespace) -> int:
    """Writes all pages, or none."""
    specs = []
    wrong = False
    for file, name in _named(_files(options.files)):
        try:
            made = _spec(file, name, options)
        except NetdslError as error:
            report(error.diagnostics, error.sources)
            wrong = True
            continue
        specs += [made] if made is not None else []
    if wrong:
        return 1
    if not specs:
        raise NetdslError([_none(options.files)])
    pages = _pages(specs, options.format, options.title)
    changed, removed = _write(Path(options.output), pages, force=options.force)
    nets = sum(len(spec.nets) for spec in specs)
    gone = f", {_number(removed, 'file')} of specs that are gone removed" if removed else ""
    say(f"{_number(len(specs), 'spec')}, {_number(nets, 'net')}: {_number(changed, 'file')} written{gone}\n")
    return 0


def _none(given: Sequence[str]) -> Diagnostic:
    """What is said where no file has a net: the files of a folder that have blocks alone, or there are none."""
    found = [path for path, _, _ in _files(given)]
    if found:
        help = f"`{shown(found[0])}` has blocks alone: a net begins with its `input`, such as `input 3x224x224`"
    else:
        help = f"`{shown(given[0])}` has no file that ends in .net; `zoo:resnet` is a spec that is shipped"
    return Diagnostic("ND001", "there is no spec of a net among these files", None, help)


def _number(count: int, word: str) -> str:
    return f"{count} {plural(count, word)}"


# -- specs ------------------------------------------------------------------------------------------------------------


def _files(given: Iterable[str]) -> Iterable[tuple[str, str, bool]]:
    """Each file with the name of its page, and whether it was found in a folder."""
    for name in given:
        spec = whole(name)
        if spec is not None:
            parser().error(f"a page has all variants of its spec: `netdsl docs {spec}`")
        if not os.path.isdir(name):
            yield name, Path(name).name.removeprefix(zoo.PREFIX).removesuffix(".net") or name, False
            continue
        for path in sorted(Path(name).rglob("*.net")):
            inside = path.relative_to(name)
            check_name(str(path))
            if path.is_file() and not any(part.startswith(".") for part in inside.parts):
                yield str(path), "-".join(inside.with_suffix("").parts), True


def _named(found: Iterable[tuple[str, str, bool]]) -> Iterable[tuple[tuple[str, bool], str]]:
    """Files with names of pages that no other has, not even where large and small letters are one."""
    taken = {"index"}
    seen: set[str] = set()
    for path, name, inside in found:
        if path in seen:
            continue
        seen.add(path)
        free, count = name, 1
        while free.casefold() in taken:
            count += 1
            free = f"{name}-{count}"
        taken.add(free.casefold())
        yield (path, inside), free


def _spec(file: tuple[str, bool], name: str, options: argparse.Namespace) -> Spec | None:
    """A spec, all variants compiled; None for a file of a folder that has blocks alone, for others to use."""
    path, inside = file
    limits = Limits(*(getattr(options, f"max_{field}") for field in Limits._fields))
    diagnostics: list[Diagnostic] = []
    sources: tuple[Source, ...] = ()
    work = 0

    def compiled(variant: str | None) -> tuple[Net | None, tuple[str, ...], str | None]:
        nonlocal sources, work
        made = analyse(Path(path), variant=variant, limits=limits, allow_use=options.allow_use)
        sources = made.sources
        work += made.work
        said = [each._replace(strict=True) for each in made.diagnostics] if options.strict else list(made.diagnostics)
        diagnostics.extend(each for each in said if each not in diagnostics)
        graph = None if options.strict and said else made.graph
        return (Net(made.variant, variant is None, graph) if graph is not None else None), made.variants, made.variant

    usual, variants, default = compiled(None)
    if inside and [each.code for each in diagnostics] == ["ND227"]:
        return None
    nets = []
    for variant in variants:
        if work > limits.steps:
            message = f"{path}: its {len(variants):,} variants take over {limits.steps:,} steps together"
            raise NetdslError([Diagnostic("ND218", message, None, "`--max-nodes` raises the bound")])
        nets.append(usual if variant == default else compiled(variant)[0])
    nets = nets or [usual]
    if default is None and variants:
        nets.insert(0, usual)
    whole = [net for net in nets if net is not None]
    if len(whole) < len(nets):
        raise NetdslError(diagnostics, sources)
    report(diagnostics, sources)
    text = whole[0].graph.sources[0].text
    said = ("From ", code(path), ".")
    return Spec(name, shlex.quote(path), text, zoo.paper(text), tuple(whole), said, _MADE.format(path))


def _pages(specs: list[Spec], form: str, title: str) -> dict[str, bytes]:
    """Every file of the folder, by its path from there."""
    write = write_html.write if form == "html" else write_markdown.write
    ending = _ENDINGS[form]
    # First what may be refused.
    drawn = [draw(spec.usual.graph, options=Options(theme="auto")).encode() for spec in specs]
    nets = sum(len(spec.nets) for spec in specs)
    before = f"{_number(len(specs), 'spec')} of {_number(nets, 'net')}. "
    before += "The numbers are those of inference, and of the variant in bold where there are several."
    index = index_page([entry(spec) for spec in specs], ending, title, (before,), made=_MADE.format("specs"))
    made = {f"index.{ending}": write(index).encode()}
    for spec, image in zip(specs, drawn, strict=True):
        page = spec_page(spec, f"images/{spec.name}.svg", f"index.{ending}")
        made[f"{spec.name}.{ending}"] = write(page).encode()
        made[f"images/{spec.name}.svg"] = image
    return made


# -- files ------------------------------------------------------------------------------------------------------------


def _write(folder: Path, made: Mapping[str, bytes], *, force: bool) -> tuple[int, int]:
    """Puts the files into the folder, and takes away those of an earlier run that are no more; counts both.

    Everything is written beside its place first. Raises :class:`NetdslError` (ND006) where a file is in the way, or
    where the folder cannot be written.
    """
    if os.path.lexists(folder) and not folder.is_dir():
        message = f"`{shown(str(folder))}` cannot be written: it is no folder"
        raise NetdslError([Diagnostic("ND006", message, None, f"name a folder: `-o {shown(folder.stem)}-pages`")])
    try:
        known = _known(folder)
        there = {name: _hash(folder / name) for name in {*made, *known}}
        new = {name: hashlib.sha256(data).hexdigest() for name, data in made.items()}
        foreign = [name for name in made if there[name] not in (None, new[name], known.get(name))]
        if foreign and not force:
            raise _in_the_way(folder, foreign)
        changed = [name for name in made if there[name] != new[name]]
        stage = folder / f".netdsl-{os.getpid()}.tmp"
        try:
            for name in changed:
                (stage / name).parent.mkdir(parents=True, exist_ok=True)
                (stage / name).write_bytes(made[name])
            stage.mkdir(parents=True, exist_ok=True)
            (stage / _MANIFEST).write_bytes(_manifest(new))
            for name in (*changed, _MANIFEST):
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                os.replace(stage / name, folder / name)
        finally:
            shutil.rmtree(stage, ignore_errors=True)
        removed = 0
        for name in known.keys() - made.keys():
            if there[name] == known[name]:
                (folder / name).unlink(missing_ok=True)
                removed += there[name] is not None
            elif there[name] is not None:
                said = printable(f"note: `{folder / name}` is of no spec any more, and was changed: it stays")
                print(said, file=sys.stderr)
    except OSError as error:
        message = f"`{shown(str(folder))}` cannot be written: {(error.strerror or str(error)).lower()}"
        raise NetdslError([Diagnostic("ND006", message, None, _unwritten(folder, error))]) from None
    return len(changed), removed


def _unwritten(folder: Path, error: OSError) -> str:
    """What helps where a file of the folder, or the folder itself, could not be written."""
    above = folder
    while not above.exists() and above.parent != above:
        above = above.parent
    if not above.is_dir():
        return f"`{shown(str(above))}` is a file: name another folder with `-o`"
    return unwritten(str(above / f"{folder.name}-pages"), error)


def _in_the_way(folder: Path, names: list[str]) -> NetdslError:
    shown = ", ".join(f"`{folder / name}`" for name in names[:3]) + (" …" if len(names) > 3 else "")
    what = "is a file" if len(names) == 1 else f"are {len(names)} files"
    message = f"{shown} {what} that `netdsl docs` has not written, or that changed since"
    return NetdslError([Diagnostic("ND006", message, None, "write into another folder, or overwrite with --force")])


def _known(folder: Path) -> dict[str, str]:
    """The files of an earlier run, with their hashes."""
    import json

    try:
        found = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))["files"]
        pairs = {str(name): str(hash) for name, hash in found.items()}
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (ValueError, KeyError, TypeError, AttributeError):
        # Not of ours: then no file is known.
        return {}
    # A name that leads out of the folder is none of ours.
    return {
        name: hash
        for name, hash in pairs.items()
        if not PurePosixPath(name).is_absolute() and ".." not in PurePosixPath(name).parts and "\\" not in name
    }


def _manifest(hashes: Mapping[str, str]) -> bytes:
    import json

    return (json.dumps({"files": dict(sorted(hashes.items()))}, indent=1, ensure_ascii=False) + "\n").encode()


def _hash(path: Path) -> str | None:
    """Of what a file holds; None where there is none."""
    if not os.path.lexists(path):
        return None
    return hashlib.sha256(path.read_bytes()).hexdigest()
