"""``netdsl docs``: pages for a folder of specs, and what it does with files that are there already."""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from netdsl.backends.catalogue import write_html, write_markdown
from netdsl.backends.catalogue.document import Grid, Heading, Items, Listing, Page, Paragraph, code, em, link, strong
from netdsl.cli import main

ONE = """\
# One, A. Author & B. Author, "A title with *stars*", 2020 (arXiv 2001.00001), figure 1.
net one "Author & Author 2020"
param c = 4
variant small
variant large: c = 8
default large
input 3x8x8
conv3-{c}, relu
conv3-{c}, relu
"""
TWO = 'net two "a <b> & `c` | d"\nuse "library.net"\ninput 3x8x8\npair(4)\npair(8)\ngap, fc-10\n'
LIBRARY = "block pair(c) {\n  conv3-c, relu\n  conv3-c, relu\n}\n"


@pytest.fixture
def nets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of specs, in the folder where the command runs."""
    folder = tmp_path / "nets"
    (folder / "more").mkdir(parents=True)
    (folder / "one.net").write_text(ONE, encoding="utf-8")
    (folder / "library.net").write_text(LIBRARY, encoding="utf-8")
    (folder / "two.net").write_text(TWO, encoding="utf-8")
    (folder / "more" / "index.net").write_text("net three\ninput 3x8x8\nconv3-4\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(("form", "ending"), [("html", "html"), ("markdown", "md")])
def test_a_page_for_each_spec(
    nets: Path, tmp_path: Path, form: str, ending: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out" / "pages"
    assert main(["docs", "nets", "-o", str(out), "--format", form, "--title", "Our nets"]) == 0
    assert capsys.readouterr().out == "3 specs, 4 nets: 7 files written\n"
    made = files(out)
    names = ["more-index", "one", "two"]
    pages = [f"{name}.{ending}" for name in names]
    assert sorted(made) == sorted(
        [".netdsl-docs.json", f"index.{ending}", *pages, *(f"images/{name}.svg" for name in names)]
    )
    index = made[f"index.{ending}"].decode()
    assert index.index("three") < index.index("two") < index.index("One") and "Our nets" in index
    one = made[f"one.{ending}"].decode()
    assert "arXiv 2001.00001" in one and "netdsl stats nets/one.net:large" in one and "3×8×8" in one
    # 3·9·4 + 4 and 4·9·4 + 4 parameters, and the same for 8.
    assert "260" in one and f"{3 * 9 * 8 + 8 + 8 * 9 * 8 + 8:,}" in one
    for name in (f"index.{ending}", *pages):
        links = re.findall(r'(?:href|src)="([^"#]+)"|\]\(([^)]+)\)', made[name].decode())
        assert links
        for target in (one or other for one, other in links):
            assert target in made or target.startswith("https://arxiv.org/"), (name, target)
    again = dict(made)
    assert main(["docs", "nets", "-o", str(out), "--format", form, "--title", "Our nets"]) == 0
    assert capsys.readouterr().out == "3 specs, 4 nets: 0 files written\n"
    assert files(out) == again


def test_what_specs_say_is_no_markup(nets: Path, tmp_path: Path) -> None:
    assert main(["docs", "nets", "-o", "out"]) == 0
    page = (tmp_path / "out" / "two.html").read_text(encoding="utf-8")
    assert "<p>a &lt;b&gt; &amp; `c` | d</p>" in page
    ElementTree.fromstring(
        re.sub(r"<!DOCTYPE html>|<meta[^>]*>|(<img[^>]*)>", lambda m: f"{m[1]}/>" if m[1] else "", page)
    )
    assert main(["docs", "nets", "-o", "md", "--format", "markdown"]) == 0
    page = (tmp_path / "md" / "two.md").read_text(encoding="utf-8")
    assert "\na &lt;b> &amp; \\`c\\` | d\n" in page
    assert "a &lt;b> &amp; \\`c\\` \\| d |" in (tmp_path / "md" / "index.md").read_text(encoding="utf-8")


def test_one_wrong_spec_and_nothing_is_written(nets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (nets / "bad.net").write_text("net bad\ninput 3x8x8\nmaxpol\n", encoding="utf-8")
    (nets / "worse.net").write_text("net worse\nvariant a\nvariant b: c = 1\ninput 3x8x8\nconv3-4\n", encoding="utf-8")
    assert main(["docs", "nets", "-o", "out"]) == 1
    said = capsys.readouterr().err
    assert "nets/bad.net:3:1" in said and "nets/worse.net:3" in said
    assert not (tmp_path / "out").exists()
    assert main(["docs", "nets/library.net", "-o", "out"]) == 1
    assert "ND227" in capsys.readouterr().err
    (tmp_path / "empty").mkdir()
    assert main(["docs", "empty", "-o", "out"]) == 1
    assert "there is no spec" in capsys.readouterr().err
    (nets / "bad.net").write_text("net warned\ninput 3x8x8\nconv3-4 bias=true, bn\n", encoding="utf-8")
    assert main(["docs", "nets/bad.net", "-o", "out", "--strict"]) == 1
    assert not (tmp_path / "out").exists()
    assert main(["docs", "nets/bad.net", "-o", "out"]) == 0


def test_files_of_others_are_left_alone(nets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "index.html").write_text("mine", encoding="utf-8")
    (out / "notes.txt").write_text("mine too", encoding="utf-8")
    before = files(out)
    assert main(["docs", "nets", "-o", "out"]) == 1
    said = capsys.readouterr().err
    assert "error[ND006]: `out/index.html` is a file that `netdsl docs` has not written" in said and "--force" in said
    assert files(out) == before
    assert main(["docs", "nets", "-o", "out", "--force"]) == 0
    assert (out / "index.html").read_bytes() != b"mine" and (out / "notes.txt").read_bytes() == b"mine too"
    # What was changed by hand since is kept too.
    (out / "two.html").write_text("changed", encoding="utf-8")
    (nets / "one.net").write_text(ONE.replace("conv3-{c}, relu\n", "conv5-{c}, relu\n"), encoding="utf-8")
    before = files(out)
    assert main(["docs", "nets", "-o", "out"]) == 1
    assert files(out) == before


def test_pages_of_specs_that_are_gone_go(nets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert main(["docs", "nets", "-o", "out"]) == 0
    (out / "two.html").write_text("changed", encoding="utf-8")
    (nets / "one.net").unlink()
    (nets / "two.net").unlink()
    assert main(["docs", "nets", "-o", "out"]) == 0
    said = capsys.readouterr()
    assert "note: `out/two.html` is of no spec any more, and was changed: it stays" in said.err
    assert "1 file written, 3 files of specs that are gone removed\n" in said.out
    assert sorted(files(out)) == [
        ".netdsl-docs.json",
        "images/more-index.svg",
        "index.html",
        "more-index.html",
        "two.html",
    ]


def test_a_list_of_files_that_lies_does_no_harm(nets: Path, tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("kept", encoding="utf-8")
    out = tmp_path / "out"
    out.mkdir()
    kept = tmp_path / "kept.txt"
    # That of the file as it is: what is no more of a spec, and was not changed, would be taken away.
    hash = hashlib.sha256(b"kept").hexdigest()
    lies = ("../kept.txt", str(kept), "images/../../kept.txt")
    for text in (*(json.dumps({"files": {lie: hash}}) for lie in lies), "[]", "{", '{"files": 3}'):
        (out / ".netdsl-docs.json").write_text(text, encoding="utf-8")
        assert main(["docs", "nets/one.net", "-o", "out", "--force"]) == 0
    assert kept.read_text(encoding="utf-8") == "kept"


def test_names_of_pages_are_apart(nets: Path, tmp_path: Path) -> None:
    (nets / "index.net").write_text("net i\ninput 3x8x8\nconv3-4\n", encoding="utf-8")
    (nets / "more" / "one.net").write_text("net o\ninput 3x8x8\nconv3-4\n", encoding="utf-8")
    assert main(["docs", "nets/index.net", "nets/one.net", "nets/more/one.net", "nets/one.net", "-o", "out"]) == 0
    assert sorted(path.name for path in (tmp_path / "out").glob("*.html")) == [
        "index-2.html",
        "index.html",
        "one-2.html",
        "one.html",
    ]
    # Where large and small letters are one, so are files.
    (nets / "more" / "One.net").write_text("net o\ninput 3x8x8\nconv3-4\n", encoding="utf-8")
    assert main(["docs", "nets/one.net", "nets/more/One.net", "-o", "other"]) == 0
    assert sorted(path.name for path in Path("other").glob("*.html")) == ["One-2.html", "index.html", "one.html"]


def test_a_folder_that_cannot_be_written(nets: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("file").write_text("x", encoding="utf-8")
    assert main(["docs", "nets/one.net", "-o", "file"]) == 1
    assert "error[ND006]" in capsys.readouterr().err


PAGE = Page(
    "t & <u>",
    (
        Heading(1, ("1. a_b _c_ # d",)),
        Paragraph(("- x ", code("a`b"), strong("s*"), em("e"), link("l]", "a b(1).md"))),
        Items((("one",), ("two",))),
        Listing("net x\n```\n"),
        Grid((("a", False), ("b", True)), ((("x|y",), ("1",)),)),
    ),
    "made -- so",
)


def test_a_page_as_markdown() -> None:
    assert write_markdown.write(PAGE) == (
        "<!-- made - - so -->\n\n# 1\\. a_b \\_c\\_ # d\n\n"
        "\\- x `` a`b ``**s\\***" + "*e*[l\\]](a%20b%281%29.md)\n\n- one\n- two\n\n"
        "````net\nnet x\n```\n````\n\n| a | b |\n|---|---:|\n| x\\|y | 1 |\n"
    )


def test_a_page_as_html() -> None:
    text = write_html.write(PAGE)
    assert "<title>t &amp; &lt;u&gt;</title>" in text and "<!-- made - - so -->" in text
    assert '<p>- x <code>a`b</code><strong>s*</strong><em>e</em><a href="a%20b%281%29.md">l]</a></p>' in text
    assert '<td>x|y</td><td class="number">1</td>' in text and "http" not in text


@pytest.mark.parametrize("form", ["html", "markdown"])
@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_names_of_files_are_paths_in_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    monkeypatch.chdir(tmp_path)
    names = ["javascript:alert(1)", "#a", "b?c=1", "%2e", '"><b>', "[d](e)"]
    for name in names:
        Path(f"{name}.net").write_text("net n\ninput 3x4x4\nconv3-2\n", encoding="utf-8")
    assert main(["docs", *(f"{name}.net" for name in names), "-o", "out", "--format", form]) == 0
    ending = {"html": "html", "markdown": "md"}[form]
    index = Path(f"out/index.{ending}").read_text(encoding="utf-8")
    found = re.findall(r'href="([^"]*)"' if form == "html" else r"\]\(([^)]*)\)", index)
    assert sorted(map(unquote, found)) == sorted(f"{name}.{ending}" for name in names)
    for target in found:
        assert not set(target) & set(':#?()<>"'), target
        assert Path("out", unquote(target)).is_file()
