"""What commands write, where that cannot be written, and what they read, where there is nothing to read."""

from __future__ import annotations

import ast
import csv
import importlib.util
import io
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

import netdsl
from netdsl.backends.canvas.engine import render
from netdsl.backends.draw import KINDS, Kind, drawing
from netdsl.cli import main
from netdsl.cli.app import COMMANDS
from tests.unprivileged import unprivileged

SPEC = "net small\ninput 3x8x8\nstyle conv = _, relu\nconv3-4\ngap, fc-10\n"

#: What writes a file: the words before the place, and the ending of its name.
WRITES: dict[str, tuple[tuple[str, ...], str]] = {
    "build": (("build", "small.net", "--no-run", "--force", "-o"), "py"),
    "draw svg": (("draw", "small.net", "-o"), "svg"),
    "draw png": (("draw", "small.net", "-o"), "png"),
    "draw dot": (("draw", "small.net", "-o"), "dot"),
    "draw mermaid": (("draw", "small.net", "-o"), "mmd"),
    "draw html": (("draw", "small.net", "-o"), "html"),
    "draw layers": (("draw", "small.net", "--as", "layers", "-o"), "svg"),
    "draw diff": (("draw", "small.net", "small.net", "--diff", "-o"), "svg"),
    "table": (("table", "small.net", "-o"), "txt"),
    "table svg": (("table", "small.net", "--format", "svg", "-o"), "svg"),
    "docs": (("docs", "small.net", "--force", "-o"), "pages"),
    "weights convert": (("weights", "convert", "small.net", "small.pth", "-o"), "safetensors"),
    "key map": (("weights", "convert", "small.net", "small.pth", "--save-map"), "toml"),
}
if importlib.util.find_spec("reportlab"):
    WRITES["draw pdf"] = (("draw", "small.net", "-o"), "pdf")

LIMITED = hasattr(signal, "SIGXFSZ")


@contextmanager
def full_disk(most: int) -> Iterator[None]:
    """No file grows beyond so many bytes: a disk that fills up while it is written to."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    # Python would write compiled modules short, and read them so ever after.
    compiles, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
        sys.dont_write_bytecode = compiles


@pytest.fixture(scope="module")
def checkpoint() -> bytes:
    import torch

    data = io.BytesIO()
    torch.save(netdsl.load(SPEC).state_dict(), data)
    return data.getvalue()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checkpoint: bytes) -> Path:
    """A folder with a spec and a checkpoint, which is the working directory."""
    return furnished(tmp_path, monkeypatch, checkpoint)


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch, checkpoint: bytes) -> Iterator[Path]:
    """As ``here``, and any user may enter it and write there."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o777)
        with monkeypatch.context() as patch:
            yield furnished(Path(place), patch, checkpoint)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of 256 kB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def furnished(folder: Path, monkeypatch: pytest.MonkeyPatch, checkpoint: bytes) -> Path:
    (folder / "small.net").write_text(SPEC)
    (folder / "small.pth").write_bytes(checkpoint)
    monkeypatch.chdir(folder)
    return folder


def contents(folder: Path) -> dict[str, bytes | None]:
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def refused(capsys: pytest.CaptureFixture[str], *words: str, code: str = "ND006") -> str:
    """Runs a command that says one error; its words."""
    capsys.readouterr()
    assert main(words) == 1, words
    said = capsys.readouterr()
    assert said.err.count("error[") == 1 and f"error[{code}]" in said.err, said.err
    assert "Traceback" not in said.err and said.out == ""
    return said.err


# -- places -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", WRITES)
def test_what_cannot_be_written_leaves_all_as_it_was(name: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words, ending = WRITES[name]
    folder = name == "docs"
    (here / "file").write_text("kept")
    (here / f"folder.{ending}").mkdir()
    old = here / f"old.{ending}"
    if folder:
        assert main([*words, old.name]) == 0
        (here / "small.net").write_text(SPEC.replace("fc-10", "fc-11"))
    else:
        old.write_text("old")
    capsys.readouterr()
    before = contents(here)
    places = [f"file/x.{ending}"] + ([f"missing/x.{ending}", f"folder.{ending}"] if not folder else ["file"])
    for place in places:
        assert place.split("/")[0] in refused(capsys, *words, place)
        assert contents(here) == before, place
    if LIMITED:
        with full_disk(20):
            assert "file too large" in refused(capsys, *words, old.name)
        assert contents(here) == before
        if not folder:
            with full_disk(20):
                refused(capsys, *words, f"new.{ending}")
            assert contents(here) == before
    if os.path.exists("/dev/full") and not folder:
        (here / f"full.{ending}").symlink_to("/dev/full")
        said = refused(capsys, *words, f"full.{ending}")
        assert "no space left on device" in said or "no regular file" in said
        assert os.path.exists("/dev/full") and not os.path.isfile("/dev/full")
        os.unlink(here / f"full.{ending}")
        assert contents(here) == before


@pytest.mark.skipif(not LIMITED, reason="files are not bounded here")
def test_a_spec_that_is_mended_or_formatted_on_a_full_disk_is_as_it_was(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "net small\ninput   3x8x8\n" + "conv3-4\n" * 20 + "maxpol\n"
    (here / "small.net").write_text(text)
    before = contents(here)
    with full_disk(20):
        assert main(["fmt", "small.net"]) == 1
        assert "error[ND006]: `small.net` cannot be written: file too large" in capsys.readouterr().err
        assert main(["check", "--fix", "small.net"]) == 1
        assert "error[ND006]: `small.net` cannot be written: file too large" in capsys.readouterr().err
    assert contents(here) == before


def fill(disk: Path) -> None:
    """Takes all the room that is left."""
    with suppress(OSError), open(disk / "filler", "ab", buffering=0) as filler:
        while filler.write(bytes(4096)):
            pass
    assert shutil.disk_usage(disk).free == 0


def test_a_disk_that_is_full_keeps_the_old_files(
    here: Path, small_disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, (words, ending) in WRITES.items():
        old = small_disk / f"old.{ending}"
        if name == "docs":
            assert main([*words, str(old)]) == 0
            (here / "small.net").write_text(SPEC.replace("fc-10", "fc-11"))
        else:
            old.write_text("old")
        fill(small_disk)
        before = contents(small_disk)
        assert "cannot be written: no space left on device" in refused(capsys, *words, str(old)), name
        if name != "docs":
            assert "no space left on device" in refused(capsys, *words, str(small_disk / f"new.{ending}")), name
        assert contents(small_disk) == before, name
        (small_disk / "filler").unlink()
        (here / "small.net").write_text(SPEC)
    spec = small_disk / "small.net"
    spec.write_text("net small\ninput   3x8x8\n" + "conv3-4\n" * 600 + "maxpol\n")
    fill(small_disk)
    before = contents(small_disk)
    for words in (("fmt", str(spec)), ("check", "--fix", str(spec))):
        assert main(words) == 1
        assert "no space left on device" in capsys.readouterr().err
    assert contents(small_disk) == before


@pytest.mark.parametrize("name", WRITES)
def test_a_folder_that_is_read_only(name: str, shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words, ending = WRITES[name]
    assert main([*words, f"first.{ending}"]) == 0  # all that it needs is imported
    (shared / "closed").mkdir()
    (shared / "closed" / f"old.{ending}").write_text("old")
    (shared / f"old.{ending}").write_text("old")
    for place in ("closed", f"closed/old.{ending}", f"old.{ending}"):
        (shared / place).chmod(0o555 if place == "closed" else 0o444)
    before = contents(shared)
    said = unprivileged(lambda: [refused(capsys, *words, f"closed/{name}.{ending}") for name in ("new", "old")])
    assert "permission denied" in said[0]
    if name != "docs":
        assert "it is read-only" in said[1]
        assert "it is read-only" in unprivileged(lambda: refused(capsys, *words, f"old.{ending}"))
    assert contents(shared) == before


def test_specs_that_are_read_only(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shared / "small.net").write_text("net small\ninput   3x8x8\nmaxpol\n")
    (shared / "small.net").chmod(0o444)
    before = contents(shared)

    def said() -> list[str]:
        found = []
        for words in (("fmt", "small.net"), ("check", "--fix", "small.net")):
            assert main(words) == 1
            found.append(capsys.readouterr().err)
        return found

    problem = "error[ND006]: `small.net` cannot be written: it is read-only\n"
    problem += "  = help: `chmod u+w small.net` lets it be written, or name another file\n"
    assert unprivileged(said) == [problem, problem]
    assert contents(shared) == before


#: What prints to the standard output.
PRINTS: dict[str, tuple[str, ...]] = {
    "build": ("small.net", "--no-run", "-o", "-"),
    "check": ("small.net",),
    "diff": ("small.net", "small.net"),
    "docs": ("small.net", "-o", "pages"),
    "draw": ("small.net", "--format", "svg", "-o", "-"),
    "expand": ("small.net",),
    "explain": ("small.net",),
    "fmt": ("small.net", "--diff"),
    "ir": ("small.net",),
    "ops": (),
    "stats": ("small.net",),
    "table": ("small.net",),
    "weights": ("check", "small.net", "small.pth"),
    "zoo": ("lenet5",),
    "--help": (),
    "--version": (),
}


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_an_output_that_is_full_is_said(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert {*PRINTS, "watch"} == {*COMMANDS, "--help", "--version"}
    (here / "small.net").write_text(SPEC.replace("conv3-4", "conv3-4  ×1"))
    for name, words in PRINTS.items():
        with monkeypatch.context() as patch:
            # unbuffered at the end, so that what is held back is not written again when it is closed
            full = io.TextIOWrapper(io.BufferedWriter(io.FileIO("/dev/full", "w")), encoding="utf-8")
            patch.setattr(sys, "stdout", full)
            code = main([name, *words])
            said = capsys.readouterr().err
        assert code == 1, name
        assert "error[ND006]: the standard output cannot be written: no space left on device" in said, name
        with suppress(OSError):
            full.close()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_pipes_to_write_to(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(here / "pipe.svg")
    assert "`pipe.svg` cannot be written" in refused(capsys, "draw", "small.net", "-o", "pipe.svg")
    reader = os.open(here / "pipe.svg", os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert main(["draw", "small.net", "-o", "pipe.svg"]) == 0
        assert b"<svg" in os.read(reader, 10_000)
    finally:
        os.close(reader)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_what_is_no_file_is_not_read(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(shared / "pipe.net")
    (shared / "folder.net").mkdir()
    (shared / "endless.net").symlink_to("/dev/zero")
    (shared / "loop.net").symlink_to("loop.net")
    (shared / "closed.net").write_text(SPEC)
    (shared / "closed.net").chmod(0)
    names = [path.name for path in shared.glob("*.net") if path.name not in ("small.net", "closed.net")]
    before = sorted(shared.rglob("*"))

    def refuses(name: str) -> None:
        for command, words in PRINTS.items():
            if command in ("ops", "zoo", "--help", "--version") or (command, name) == ("docs", "folder.net"):
                continue
            given = [name if word == "small.net" else word for word in words]
            capsys.readouterr()
            assert main([command, *given]) == 1, (command, name)
            said = capsys.readouterr()
            assert "error[ND001]" in said.err and said.out == "", (command, name)

    for name in names:
        refuses(name)
    unprivileged(lambda: refuses("closed.net"))
    assert sorted(shared.rglob("*")) == before


# -- titles -----------------------------------------------------------------------------------------------------------

#: All that ends or begins something in some format.
TITLE = (
    "a\"b'c \\d \\N{x} \"\"\" ''' </script></title>--> %s 50% $x$ ${y} & < > &amp; | `q` #1 _a_ ~ ^ {0} *b* [l](u)"
    "\nimport os\n\\input{x} 网 🙂"
)
#: As it is shown, where it is on one line.
SHOWN = " ".join(TITLE.split())


@pytest.fixture
def titled(here: Path) -> Path:
    quoted = TITLE.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    (here / "small.net").write_text(SPEC.replace("net small", f'net small "{quoted}"'))
    return here


class Page(HTMLParser):
    """The text of a page, without that of its scripts, and its tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data if not self.tags or self.tags[-1] != "script" else ""


def output(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    assert main(words) == 0
    return capsys.readouterr().out


def test_a_title_is_no_code(titled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = output(capsys, "build", "small.net", "--no-run", "-o", "-")
    tree = ast.parse(source)
    assert SHOWN in " ".join((ast.get_docstring(tree) or "").split())
    assert {type(statement) for statement in tree.body} <= {ast.Expr, ast.Import, ast.ImportFrom, ast.ClassDef}
    assert "os" not in {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}


@pytest.mark.parametrize("words", [(), ("--as", "layers"), ("--as", "table"), ("--as", "volumes")])
def test_a_title_in_a_drawing(titled: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]) -> None:
    svg = output(capsys, "draw", "small.net", *words, "--format", "svg", "-o", "-")
    texts = " ".join(text for element in ElementTree.fromstring(svg).iter() for text in [element.text] if text)
    assert SHOWN in " ".join(texts.split())
    dot = output(capsys, "draw", "small.net", *words, "--format", "dot", "-o", "-")
    drawn = ElementTree.fromstring(render(dot, "svg"))
    texts = "".join(element.text or "" for element in drawn.iter() if element.tag.endswith("text"))
    assert SHOWN.replace(" ", "") in texts.replace(" ", "").replace("\xa0", "")


#: A label in quotes may be anything that a module may be called.
LABEL = "</title><script>alert(1)</script> <img src=x onerror=alert(2)> &lt; ]]> --> \\ ' \" `q` %s _a_ | #35;"


@pytest.mark.parametrize("kind", KINDS)
def test_a_label_in_a_drawing(kind: Kind) -> None:
    label = LABEL.replace("\\", "\\\\").replace('"', '\\"')
    block = f'block b {{\n  "{label}": conv3-4\n  relu\n  conv1-4\n}}\n'
    graph = netdsl.compile(f'net l\ninput 3x8x8\n{block}"{label}": [b ×2\nrelu\nconv3-4]\ngap, fc-2\n')
    drawn = drawing(graph, kind=kind, block="b" if kind == "block" else None)
    root = ElementTree.fromstring(drawn.render("svg"))
    assert {element.tag.rpartition("}")[2] for element in root.iter()} <= {
        *("svg", "title", "desc", "rect", "g", "text", "polygon", "path", "ellipse")
    }
    assert not any(name.startswith("on") for element in root.iter() for name in element.attrib)
    said = [words for element in root.iter() for words in (*element.attrib.values(), element.text or "")]
    assert any(LABEL in words for words in said) or kind == "table"
    by_graphviz = ElementTree.fromstring(render(drawn.dot, "svg"))
    assert not {"script", "img"} & {element.tag.rpartition("}")[2] for element in by_graphviz.iter()}


def test_a_title_in_a_pdf(titled: Path) -> None:
    pytest.importorskip("reportlab")
    assert main(["draw", "small.net", "-o", "small.pdf"]) == 0
    data = (titled / "small.pdf").read_bytes()
    assert data.startswith(b"%PDF") and data.rstrip().endswith(b"%%EOF")
    reader = pytest.importorskip("pypdf").PdfReader
    text = "".join(page.extract_text() for page in reader(titled / "small.pdf").pages)
    # the fonts of a PDF have no Chinese and no emoji
    assert SHOWN.removesuffix(" 网 🙂").replace(" ", "") in text.replace(" ", "").replace("\n", "")


def test_a_title_in_a_page(titled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = Page(output(capsys, "draw", "small.net", "--format", "html", "-o", "-"))
    assert SHOWN in " ".join(page.text.split())
    table = Page(output(capsys, "table", "small.net", "--format", "html", "--standalone"))
    assert SHOWN in " ".join(table.text.split())
    assert main(["docs", "small.net", "-o", "pages"]) == 0
    pages = [Page((titled / "pages" / name).read_text(encoding="utf-8")) for name in ("index.html", "small.html")]
    assert all(SHOWN in " ".join(each.text.split()) for each in pages)
    (titled / "small.net").write_text(SPEC.replace("net small", 'net small "plain"'))
    plain = Page(output(capsys, "draw", "small.net", "--format", "html", "-o", "-"))
    assert plain.tags == page.tags


def test_a_title_in_text_that_is_read(titled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """LaTeX and Markdown have the characters, and none of them acts; CSV and Mermaid have no title and are as ever."""
    latex = output(capsys, "table", "small.net", "--format", "latex", "--standalone")
    lines = [line for line in latex.splitlines() if "import os" in line or "input{x}" in line]
    assert [line[:2] for line in lines] == ["% "] and SHOWN in lines[0]
    markdown = pytest.importorskip("markdown_it").MarkdownIt("commonmark").enable("table").render
    page = Page(markdown(output(capsys, "table", "small.net", "--format", "markdown").split("\n\n")[0]))
    assert page.text.strip() == f"small: {SHOWN}" and set(page.tags) <= {"p", "strong"}
    assert main(["docs", "small.net", "-o", "pages", "--format", "markdown"]) == 0
    pages = [(titled / "pages" / name).read_text(encoding="utf-8") for name in ("index.md", "small.md")]
    for text in pages:
        page = Page(markdown(text))
        assert SHOWN in " ".join(page.text.split())
        assert "script" not in page.tags and "title" not in page.tags
    rows = list(csv.reader(io.StringIO(output(capsys, "table", "small.net", "--format", "csv"))))
    assert len({len(row) for row in rows}) == 1 and len(rows) > 4
    mermaid = output(capsys, "draw", "small.net", "--format", "mmd", "-o", "-")
    assert "import os" not in mermaid and "flowchart" in mermaid
