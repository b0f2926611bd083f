"""Blocks ``netdsl`` in the pages of MkDocs and Sphinx."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import netdsl.embed.figure as figure_module
from netdsl.elaborate import Compilation, analyse
from netdsl.embed.asked import asked, words
from netdsl.embed.fences import fences, replaced
from netdsl.embed.figure import Figure, Place, Problem, figure
from tests.documents import DOCS, ROOT, blocks

SMALL = "net small\ninput 3x32x32\nconv3-16, relu\ngap, fc-10\n"


# -- fences -----------------------------------------------------------------------------------------------------------

PAGE = """\
# Page

```netdsl as="layers"
net a
```

- item

    ~~~~ { .netdsl stats }
    net b
      indented
    ```
    ~~~~

````markdown
```netdsl
shown
```
````

```python
x = "```netdsl"
```

```netdsl
never closed
"""


def test_blocks_are_found_where_they_stand() -> None:
    found = list(fences(PAGE))
    assert [(fence.head, fence.text, fence.indent, fence.first) for fence in found] == [
        ('as="layers"', "net a\n", "", 2),
        ("stats", "net b\n  indented\n```\n", "    ", 8),
    ]
    assert all(fence.whole in PAGE for fence in found)


def test_a_fence_that_stands_further_in_closes_no_block() -> None:
    page = "  ```netdsl\n  a\n      ```\n  b\n     ```\n"
    assert [(fence.first, fence.last, fence.text) for fence in fences(page)] == [(0, 4, "a\n    ```\nb\n")]


def test_blocks_of_the_same_text_have_lines_of_their_own() -> None:
    line = pytest.importorskip("netdsl.embed.mkdocs", reason="MkDocs is not installed")._line
    block = "```netdsl\nnet a\n```\n"
    raw = f"---\nfront: matter\n---\n{block}\n{block}"
    seen: Counter[str] = Counter()
    assert [line(raw, fence, seen) for fence in fences(f"{block}\n{block}")] == [4, 8]
    # What another plugin has written is in no file: its line is that of the page as it came.
    assert [line("nothing", fence, seen) for fence in fences(f"\n{block}")] == [2]


def test_other_lines_stay_as_they_are() -> None:
    lines = replaced(PAGE, lambda fence: ["", f"<{fence.head}>"]).split("\n")
    assert lines[:5] == ["# Page", "", "", '<as="layers">', ""]
    assert "    <stats>" in lines and "shown" in lines and lines[-2:] == ["never closed", ""]
    assert replaced("no block\n\n", lambda _: []) == "no block\n\n"


# -- options ----------------------------------------------------------------------------------------------------------


def test_options_are_read() -> None:
    assert words("""as="a b" stats x='1 "2"' y=3 """) == {"as": "a b", "stats": "", "x": '1 "2"', "y": "3"}
    found = asked(
        {"as": "block:basic", "stats": "", "set": "a=1 b=2", "input": "l=1x2x3"}, {"numbers": "", "heat": "macs"}
    )
    assert (found.kind, found.block, found.stats, found.numbers, found.source) == (
        "block",
        "basic",
        "layer",
        True,
        False,
    )
    assert (found.set, found.input) == ({"a": "1", "b": "2"}, {"l": "1x2x3"})
    assert (found.drawn.theme, found.drawn.heat) == ("auto", "macs")
    # What the site asks for and a kind does not take is left out; a block can say no.
    assert asked({"as": "none", "numbers": "no", "stats": "no"}, {"heat": "macs", "numbers": ""}).numbers is False


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ('as="map"', "`as` is overview"),
        ("as=block", "`as` is overview"),
        ("as=block:", "`as` is overview"),
        ("captoin=x", "did you mean `caption`"),
        ("as=none heat=macs", "`heat` is not of a diagram that is drawn as none"),
        ("heat=flops", "`heat` is macs"),
        ("page=a9", "a page is"),
        ("labels=x", "labels are"),
        ("view=both", "`view` is"),
        ("stats=node", "`stats` is layer, block or stage"),
        ("numbers=maybe", "`numbers` is yes or no"),
        ("set=width", "`set` is NAME=VALUE"),
        ("as=none as=layers", "given twice"),
        ("as = none", "is not NAME"),
    ],
)
def test_options_that_cannot_be(head: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        asked(words(head))


# -- figures ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def show(tmp_path: Path) -> Callable[..., Figure]:
    page = tmp_path / "page.md"
    page.write_text("# A page\n", encoding="utf-8")

    def shown(head: str, text: str = SMALL, line: int = 7, cache: Path | None = None) -> Figure:
        return figure(text, asked(words(head)), Place(page, "page.md", line), cache)

    return shown


def test_a_block_is_drawn_and_counted(show: Callable[..., Figure]) -> None:
    found = show('caption="words" numbers stats')
    assert "prefers-color-scheme" in found.svg and found.stem.startswith("small-")
    assert found.alt == "Diagram of small: words" and 300 < found.width < 500
    assert found.numbers == "618 params · 442,528 MACs · depth 2 · receptive field 3 · output 10"
    assert found.rows[0] == ["name", "layer", "output", "params", "MACs"]
    assert found.rows[2] == ["conv1", "conv", "16×32×32", "448", "442,368"]
    assert (found.said, found.warned, found.files, found.spec) == ("", "", {}, SMALL)
    assert show("as=none").svg == "" and show("as=layers").svg != found.svg


def test_a_drawing_has_a_file_of_its_own(show: Callable[..., Figure]) -> None:
    one, same, other = show(""), show("caption=words"), show("heat=macs")
    assert one.stem == same.stem != other.stem and one.name == other.name
    assert re.fullmatch(r"small-[0-9a-f]{12}", one.stem)


def test_a_file_in_place_of_a_block(show: Callable[..., Figure], tmp_path: Path) -> None:
    (tmp_path / "own.net").write_text("net own\ninput 3x8x8\nvariant a\nvariant b\nconv3-4\n", encoding="utf-8")
    found = show("file=own.net:b", "")
    assert found.name == "own b" and list(found.files) == [str(tmp_path / "own.net")]
    assert show("file=zoo:resnet:18 as=none numbers", "").numbers.startswith("11,689,512 params")
    with pytest.raises(Problem, match="two variants"):
        show("file=own.net:b variant=a", "")
    with pytest.raises(Problem, match="a block with a `file` is empty"):
        show("file=own.net")
    with pytest.raises(Problem, match=r"page.md:7: error\[ND001\]"):
        show("file=none.net", "")
    with pytest.raises(Problem, match="no spec, and no `file`"):
        show("", "\n")


def test_a_message_has_the_line_of_the_page(show: Callable[..., Figure]) -> None:
    with pytest.raises(Problem) as raised:
        show("", "net wrong\ninput 3x8x8\nmaxpol\n", line=41)
    assert str(raised.value).startswith("page.md:41: error[ND201]")
    assert "--> page.md:43:1" in str(raised.value) and "43 | maxpol" in str(raised.value)


def test_errors_and_warnings_that_are_announced(show: Callable[..., Figure]) -> None:
    wrong = "net wrong\ninput 3x8x8\nmaxpol\n"
    found = show("fails=ND201", wrong)
    assert found.svg == "" and "error[ND201]" in found.said
    with pytest.raises(Problem, match="should have ND204"):
        show("fails=ND204", SMALL)
    with pytest.raises(Problem, match="ND201"):
        show("fails=ND204", wrong)
    warned = "net warned\ninput 3x8x8\nconv3-4 bias=true, bn\n"
    assert "warning[" in show("", warned).warned and show("", warned).said == ""
    code = show("", warned).warned.partition("[")[2].partition("]")[0]
    assert show(f"warns={code}", warned).warned == "" and code in show(f"warns={code}", warned).said
    with pytest.raises(Problem, match="has no block or scope"):
        show("as=block:nothing")


def test_what_has_not_changed_is_not_made_again(
    show: Callable[..., Figure], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []

    def counted(*given: Any, **more: Any) -> Compilation:
        made.append(1)
        return analyse(*given, **more)

    monkeypatch.setattr(figure_module, "analyse", counted)
    spec, cache = tmp_path / "own.net", tmp_path / "cache"
    spec.write_text("net own\ninput 3x8x8\nconv3-4\n", encoding="utf-8")
    first = show("file=own.net", "", cache=cache)
    assert show("file=own.net", "", 9, cache=cache) == first and len(made) == 1
    spec.write_text("net own\ninput 3x8x8\nconv3-8\n", encoding="utf-8")
    assert show("file=own.net", "", cache=cache) != first and len(made) == 2
    show("file=own.net as=layers", "", cache=cache)
    assert len(made) == 3
    for path in cache.iterdir():
        path.write_text("{", encoding="utf-8")
    show("file=own.net", "", cache=cache)
    assert len(made) == 4


def test_blocks_alike_of_two_folders_use_files_of_their_own(tmp_path: Path) -> None:
    text = 'use "common.net"\nnet a\ninput 3x8x8\npart\n'
    drawn = []
    for name, channels in (("one", 4), ("two", 8)):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "common.net").write_text(f"block part {{ conv3-{channels} }}\n", encoding="utf-8")
        (folder / "page.md").write_text("# A page\n", encoding="utf-8")
        drawn.append(figure(text, asked({}), Place(folder / "page.md", "page.md", 7), tmp_path / "cache"))
    assert "3×3 conv, 4" in drawn[0].svg and "3×3 conv, 8" in drawn[1].svg


# -- sites ------------------------------------------------------------------------------------------------------------


def snippets(kind: str) -> list[str]:
    """The blocks of a kind on the page of the documentation, as they stand there."""
    return [block.text for block in blocks((DOCS / "embedding.md").read_text(encoding="utf-8")) if block.kind == kind]


@pytest.fixture
def build(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a builder in ``tmp_path / "pages"``, with the entry points of this package, installed or not."""
    info = tmp_path / "installed" / "netdsl-0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: netdsl\nVersion: 0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(
        "[mkdocs.plugins]\nnetdsl = netdsl.embed.mkdocs:NetdslPlugin\n", encoding="utf-8"
    )
    (tmp_path / "pages").mkdir()
    (tmp_path / "specs").symlink_to(ROOT / "specs", target_is_directory=True)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(info.parent), str(ROOT)])}

    def run(module: str, *options: str) -> subprocess.CompletedProcess[str]:
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed")
        command = [sys.executable, "-m", module, *options]
        return subprocess.run(
            command, cwd=tmp_path / "pages", env=environment, capture_output=True, text=True, check=False
        )

    return run


def test_mkdocs(build: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path) -> None:
    pages = tmp_path / "pages"
    docs = pages / "docs"
    docs.mkdir()
    (tmp_path / "pages" / "specs").symlink_to(ROOT / "specs", target_is_directory=True)
    (pages / "mkdocs.yml").write_text("site_name: small\nmarkdown_extensions: [admonition]\n" + snippets("yaml")[1])
    (page,) = snippets("markdown")
    nested = '!!! note\n\n    ```netdsl as="none" source="no"\n    net nested\n    input 3x8x8\n    conv3-4\n    ```\n'
    (docs / "index.md").write_text(f"---\ntitle: x\n---\n# Page\n\n{page}\n{nested}", encoding="utf-8")
    done = build("mkdocs", "build", "--strict")
    assert done.returncode == 0, done.stderr
    html = (pages / "site" / "index.html").read_text(encoding="utf-8")
    svgs = sorted(path.name for path in (pages / "site" / "assets" / "netdsl").iterdir())
    assert [name.rpartition("-")[0] for name in svgs] == ["resnet-18", "small"]
    assert all(f'<img src="assets/netdsl/{name}" alt="Diagram of' in html for name in svgs)
    assert "<figcaption>A small net</figcaption>" in html and "618 params · 442,528 MACs" in html
    assert "<td>layer4.1</td><td>basic</td>" in html and "netdsl-mark" not in html
    assert html.count('<code class="language-net">') == 2
    note = html[html.index('class="admonition') :]
    assert '<div class="netdsl">\n<p class="netdsl-numbers">112 params' in note
    assert len(list((pages / ".cache" / "netdsl").iterdir())) == 3

    wrong = "# Wrong\n\n```netdsl\nnet wrong\ninput 3x8x8\nmaxpol\n```\n\n```netdsl aas=none\n```\n"
    (docs / "wrong.md").write_text(f"---\ntitle: x\n---\n{wrong}", encoding="utf-8")
    done = build("mkdocs", "build")
    assert done.returncode != 0
    for line in (
        "docs/wrong.md:7: error[ND201]",
        "--> docs/wrong.md:9:1",
        "docs/wrong.md:12: there is no option `aas`",
    ):
        assert line in done.stderr


def test_sphinx(build: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path) -> None:
    if importlib.util.find_spec("myst_parser") is None:
        pytest.skip("myst_parser is not installed")
    pages = tmp_path / "pages"
    (pages / "conf.py").write_text(f'project = "small"\n{snippets("python")[0]}', encoding="utf-8")
    (page,) = snippets("markdown")
    (rst,) = snippets("rst")
    (pages / "index.rst").write_text(f"Page\n====\n\n.. toctree::\n\n   other\n\n{rst}", encoding="utf-8")
    (pages / "other.md").write_text(f"# Other\n\n{page}", encoding="utf-8")
    done = build("sphinx", "-q", "-W", "-b", "html", ".", "built")
    assert done.returncode == 0, done.stderr
    html = (pages / "built" / "index.html").read_text(encoding="utf-8")
    svgs = sorted(path.name.rpartition("-")[0] for path in (pages / "built" / "_images").glob("*.svg"))
    assert svgs == ["resnet-18", "small"]
    assert 'alt="Diagram of small: A small net"' in html and "618 params · 442,528 MACs" in html
    other = (pages / "built" / "other.html").read_text(encoding="utf-8")
    assert "layer4.1" in other and "A small net" in other

    wrong = "net wrong\ninput 3x8x8\nmaxpol\n"
    (pages / "other.md").write_text(f"# Wrong\n\n```netdsl\n{wrong}```\n", encoding="utf-8")
    indented = "".join(f"   {line}\n" for line in wrong.splitlines())
    (pages / "index.rst").write_text(
        f"Page\n====\n\n.. toctree::\n\n   other\n\n.. netdsl:: as=map\n\n.. netdsl::\n   :source:\n\n{indented}"
    )
    for _ in range(2):  # the second time nothing has changed, and the errors are still there
        done = build("sphinx", "-q", "-b", "html", ".", "built")
        assert done.returncode == 1
        for line in ("index.rst:8: ERROR: `as` is", "--> index.rst:15:1", "other.md:4: ERROR", "--> other.md:6:1"):
            assert line in done.stderr
