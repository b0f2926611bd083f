"""The pages of the zoo are those that the specs give now."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from netdsl import zoo

DOCS = Path(__file__).parent.parent / "docs"
PAGES = DOCS / "zoo"
#: Nets whose pictures are drawn again; those of the others change with the drawing or with their specs alone.
DRAWN = ("lenet5", "googlenet")

MAKE = "run `python docs/make_zoo.py`"


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    """The script that makes the pages."""
    spec = importlib.util.spec_from_file_location("make_zoo", DOCS / "make_zoo.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["make_zoo"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", zoo.names())
def test_a_page_is_what_its_spec_gives(maker: ModuleType, name: str) -> None:
    for path, data in maker.files(name, pictures=name in DRAWN):
        assert path.exists() and path.read_bytes() == data, MAKE


def test_the_index_leads_to_every_page(maker: ModuleType) -> None:
    text = maker.index()
    assert (PAGES / "index.md").read_text(encoding="utf-8") == text, MAKE
    assert sorted(re.findall(r"\((\w+)\.md\)", text)) == list(zoo.names())


def test_there_are_pages_and_pictures_of_the_shipped_specs_alone() -> None:
    assert sorted(path.stem for path in PAGES.glob("*.md")) == sorted(["index", *zoo.names()]), MAKE
    assert sorted(path.name for path in PAGES.glob("images/*")) == [f"{name}.svg" for name in zoo.names()], MAKE


def test_a_page_has_paper_text_numbers_and_picture() -> None:
    text = (PAGES / "resnet.md").read_text(encoding="utf-8")
    assert "\n# ResNet\n" in text
    assert "[arXiv 1512.03385](https://arxiv.org/abs/1512.03385)" in text
    assert (zoo.folder() / "resnet.net").read_text(encoding="utf-8").strip() in text
    assert "| 152 | 3×224×224 | 60,192,808 | 11,513,626,624 |" in text
    assert "| layer4.2 | bottleneck | 2048×7×7 |" in text
    assert "](images/resnet.svg)" in text
