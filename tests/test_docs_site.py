"""What makes the site: the pages that scripts write, the colours of specs, and the build itself."""

from __future__ import annotations

import contextlib
import functools
import http.server
import importlib.util
import re
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from pygments.token import Comment, Keyword, Name, Number, Operator, Text

import netdsl
from netdsl import highlight
from netdsl.ir.op import registry
from tests import browser
from tests.documents import DOCS, ROOT


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["make_ops", "make_api"])
def test_a_page_that_a_script_writes_is_what_it_would_write_now(name: str) -> None:
    module = script(name)
    assert module.PAGE.read_text(encoding="utf-8") == module.page(), f"run `python docs/{name}.py`"


def test_the_page_of_operators_has_all_of_them_with_all_that_they_have() -> None:
    page = (DOCS / "operators.md").read_text(encoding="utf-8")
    parts = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", page, re.MULTILINE | re.DOTALL))
    ops = {op.keyword: op for op in registry().values() if op.writable and op.__module__.startswith("netdsl.ops.")}
    assert parts.keys() == ops.keys()
    for keyword, op in ops.items():
        part = parts[keyword]
        assert f"`{op.example.line}`" in part
        for attribute in op.attributes():
            assert f"| `{attribute}` |" in part
        if keyword != "id":
            assert "PyTorch: `" in part


def test_the_page_of_python_has_every_public_name() -> None:
    page = (DOCS / "python.md").read_text(encoding="utf-8")
    for name in netdsl.__all__:
        assert f"### netdsl.{name}\n" in page or (name.startswith("__") and f"`netdsl.{name}`" in page)


# -- colours ----------------------------------------------------------------------------------------------------------


def tokens(text: str) -> list[tuple[object, str]]:
    return [(kind, value) for kind, value in highlight.SpecLexer().get_tokens(text) if value.strip()]


def test_the_lexer_is_offered_to_pygments() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (target,) = project["entry-points"]["pygments.lexers"].values()
    module, _, cls = target.partition(":")
    assert getattr(sys.modules[module], cls) is highlight.SpecLexer
    assert {"net", "netdsl"} <= set(highlight.SpecLexer.aliases)


def test_its_words_are_those_of_the_language() -> None:
    assert {"net", "input", "block", "variant", "expect", "if", "else", "as", "and", "reuse"} <= highlight.keywords()
    assert {"conv", "fc", "softmax", "concat", "id", "swish"} <= highlight.operators()
    assert {"valid", "plain", "train"} <= highlight.flags()


def test_a_spec_in_colours() -> None:
    text = "net a-1  # comment\nstem: Conv3-64/2 valid ×3, soft-max\n@stem as y, se(in.c) -> 1x2\n"
    found = tokens(f"{text}if n == 2 {{ bn eps=0.1 }}\n")
    assert found[:3] == [(Keyword, "net"), (Name.Class, "a-1"), (Comment.Single, "# comment")]
    for token in (
        (Name.Label, "stem"),
        (Name.Builtin, "Conv"),
        (Number.Integer, "64"),
        (Name.Decorator, "valid"),
        (Operator, "×"),
        (Name.Builtin, "soft-max"),
        (Name.Variable, "@stem"),
        (Keyword, "as"),
        (Name.Function, "se"),
        (Operator, "->"),
        (Keyword, "if"),
        (Operator, "=="),
        (Name.Attribute, "eps"),
        (Number.Float, "0.1"),
    ):
        assert token in found


@pytest.mark.parametrize(
    "path", [ROOT / "tests" / "torture.net", *sorted((ROOT / "specs").glob("*.net"))], ids=lambda p: p.stem
)
def test_no_part_of_a_spec_is_unknown_to_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    found = list(highlight.SpecLexer(stripnl=False, ensurenl=False).get_tokens(text))
    assert "".join(value for _, value in found) == text
    assert not [value for kind, value in found if kind is Text]


# -- the build --------------------------------------------------------------------------------------------------------


def test_the_site(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    for package in ("mkdocs", "material"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed: it comes with the extra `docs`")
    # Not --quiet, with which warnings are not counted.
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for page in tmp_path.rglob("*.html"):
        nothing_is_fetched(page)
        if page.name != "404.html":
            leads_somewhere(page)
    guide = (tmp_path / "guide.html").read_text(encoding="utf-8")
    assert guide.count('<p class="netdsl-numbers">') > 15
    assert "<p>```" not in "".join(page.read_text(encoding="utf-8") for page in tmp_path.rglob("*.html"))
    assert guide.count("<figure>") > 12 and "61,706 params" in guide
    if browser.FOUND is not None:
        with served(tmp_path) as address, browser.Browser(tmp_path_factory.mktemp("profile")) as chromium:
            in_a_browser(chromium, address)


def nothing_is_fetched(page: Path) -> None:
    """A page asks no other host for anything; it may link to one."""
    text = page.read_text(encoding="utf-8")
    found = re.findall(r"""<(?:script|img|iframe|link)\b[^>]*\b(?:src|href)=["']?(https?:[^"' >]+)""", text)
    assert not found, f"{page.name} fetches {found}"


def leads_somewhere(page: Path) -> None:
    for link in re.findall(r"""\b(?:src|href)=["']?([^"' >#?]+)""", page.read_text(encoding="utf-8")):
        if not re.match(r"https?:|mailto:|data:", link):
            assert (page.parent / link).exists(), f"{page.name} leads to {link}"


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address at which a folder is served on this machine, as long as the context lasts."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def in_a_browser(chromium: browser.Browser, address: str) -> None:
    """Search finds, pictures follow the page's scheme, no page is wider than a narrow screen, and no request fails."""
    chromium.window(1400, 900)
    chromium.goto(f"{address}/index.html?q=droppath")
    chromium.wait("document.querySelectorAll('.md-search-result__link').length > 0")
    assert "droppath" in chromium.evaluate("document.querySelector('.md-search-result__list').textContent")
    for dark, scheme in ((False, "light"), (True, "dark")):
        chromium.window(400, 900, dark=dark)
        for page in ("index", "guide", "operators", "numbers", "cookbook/unet", "zoo/index", "zoo/resnet"):
            chromium.goto(f"{address}/{page}.html")
            assert chromium.evaluate("document.documentElement.scrollWidth") <= 400, page
            schemes = "[...document.querySelectorAll('article img')].map(each => getComputedStyle(each).colorScheme)"
            assert set(chromium.evaluate(schemes)) <= {scheme}, page
    assert not chromium.said
