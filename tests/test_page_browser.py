"""The HTML page in a real browser: what a click, a key, a search and a save do, and that nothing goes wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import netdsl
from netdsl.backends.canvas.palette import DARK
from netdsl.backends.page import page
from tests.browser import FOUND, Browser
from tests.test_page import HOSTILE
from tests.test_watch import GOOD, Watched

pytestmark = pytest.mark.skipif(FOUND is None, reason="no Chromium is installed")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    for name in ("resnet:152", "googlenet:paper", "unet"):
        graph = netdsl.compile(f"zoo:{name}")
        (folder / f"{name.partition(':')[0]}.html").write_text(page(graph), encoding="utf-8")
    (folder / "hostile.html").write_text(page(netdsl.compile(HOSTILE)), encoding="utf-8")
    sound = netdsl.compile("net sound\ninput 1x16000\nconv80-8/4, relu, conv3-16 ×3, gap, fc-10\n")
    (folder / "sound.html").write_text(page(sound), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("browser")) as browser:
        yield browser


@pytest.fixture
def browser(running: Browser) -> Iterator[Browser]:
    running.said.clear()
    running.window(1280, 800)
    yield running
    assert running.said == []


def at(pages: Path, name: str, where: str = "") -> str:
    return f"{(pages / name).as_uri()}.html{where}"


def numbers(browser: Browser) -> str:
    """The text of the panel of numbers, in one line."""
    return " ".join(str(browser.evaluate("document.getElementById('numbers').innerText")).split())


def names(browser: Browser) -> list[str]:
    """The names of what can be pointed at."""
    found: list[str] = browser.evaluate(
        "mentions.map((one) => decodeURIComponent(one.hit.getAttribute('href').slice(2)))"
    )
    return found


def hit(browser: Browser, name: str) -> str:
    """A selector of what stands for a name."""
    target: str = browser.evaluate(f"encodeURIComponent({json.dumps(name)})")
    return f'.hit[href="#/{target}"]'


def test_a_block_opens_and_closes(browser: Browser, pages: Path) -> None:
    browser.goto(at(pages, "resnet"))
    assert browser.evaluate("document.title") == "resnet 152"
    assert "60,192,808" in numbers(browser) and "layer3 bottleneck ×36 69.6 %" in numbers(browser)
    card = f"{hit(browser, 'layer3.1')}.card"
    x, y = browser.evaluate(
        f"(({{x, y}}) => [x + 15, y + 12])(document.querySelector('{card}').getBoundingClientRect())"
    )
    browser.mouse("move", x, y)
    assert numbers(browser).startswith("362 layers layer3 bottleneck ×36 layer3.0.conv1 … layer3.35.relu3")
    browser.mouse("down", x, y)
    browser.mouse("up", x, y)
    assert browser.evaluate("location.hash") == "#/layer3.1"
    way = browser.evaluate("document.getElementById('way').innerText").split()
    assert way == ["‹resnet", "152", "layer3.1", "bottleneck(c=256,", "s=1)"]
    assert {"layer3.1.conv1", "layer3.1.conv2", "layer3.1.conv3"} <= set(names(browser))
    assert browser.evaluate("document.querySelectorAll('#repeats .many button').length") == 36
    browser.evaluate("history.back()")
    browser.wait("opened === -1")
    browser.evaluate("history.forward()")
    browser.wait("opened >= 0 && model.parts[opened].name === 'layer3.1'")
    browser.key("Escape")
    assert browser.evaluate("opened") == -1 and browser.evaluate("location.hash") == "#/"
    # The focus is on what was open.
    assert browser.evaluate("document.activeElement.getAttribute('href')") == "#/layer3.1"


def test_it_works_by_keys_alone(browser: Browser, pages: Path) -> None:
    browser.goto(at(pages, "resnet"))
    browser.evaluate(f"document.querySelector({json.dumps(hit(browser, 'conv1'))}).focus()")
    assert "118,013,952" in numbers(browser) and "7×7 conv, 64, /2" in numbers(browser)
    browser.key("Enter", "\r")
    assert browser.evaluate("document.activeElement.getAttribute('aria-pressed')") == "true"
    assert browser.evaluate("location.hash") == "#/conv1"
    browser.key("Escape")
    assert browser.evaluate("held") is None
    browser.evaluate(f"document.querySelector({json.dumps(hit(browser, 'layer2.1') + '.card')}).focus()")
    browser.key("Enter", "\r")
    assert browser.evaluate("model.parts[opened].name") == "layer2.1"
    assert browser.evaluate("document.activeElement.classList.contains('hit')")
    browser.key("]", "]")
    assert browser.evaluate("model.parts[opened].name") == "layer2.2"
    browser.key("[", "[")
    browser.key("[", "[")
    browser.key("[", "[")
    assert browser.evaluate("model.parts[opened].name") == "layer2.0"
    assert "layer2.0.downsample.0" in names(browser)
    before = browser.evaluate("[view.x, view.y, view.k]")
    browser.evaluate("document.getElementById('stage').focus()")
    browser.key("ArrowRight")
    browser.key("ArrowDown")
    browser.key("+", "+")
    moved = browser.evaluate("[view.x, view.y, view.k]")
    assert moved[2] == pytest.approx(before[2] * 1.25) and moved[0] != before[0]
    browser.key("0", "0")
    assert browser.evaluate("view.k === view.fitted")


def test_numbers_are_those_of_stats(browser: Browser, pages: Path) -> None:
    graph = netdsl.compile("zoo:googlenet:paper")
    rows = {row.name: row for row in netdsl.stats(graph, view="train").layers}
    browser.goto(at(pages, "googlenet", "#/inception4c.branch3.1.conv"))
    row = rows["inception4c.branch3.1.conv"]
    text = numbers(browser)
    assert "5×5 conv, 64" in text and "64×14×14" in text
    assert (
        f"MACs {row.macs:,}" in text
        and f"receptive field {row.receptive_field[0] if row.receptive_field else 0}" in text
    )
    assert "inception(c1=128, r3=128, c3=256, r5=24, c5=64, proj=64)" in text
    assert f"zoo:googlenet:{row.line}" in text and f"zoo:googlenet, line {row.line}" not in text
    assert browser.evaluate("document.querySelector('#numbers .members').rows.length") == 3


def test_search_goes_there(browser: Browser, pages: Path) -> None:
    browser.goto(at(pages, "resnet"))
    browser.key("/", "/")
    assert browser.evaluate("document.activeElement.id") == "search"
    browser.write("layer3.17 conv2")
    listed = browser.evaluate("[...document.querySelectorAll('#found li .name')].map((one) => one.textContent)")
    assert listed == ["layer3.17.conv2"]
    assert browser.evaluate("document.getElementById('search').getAttribute('aria-expanded')") == "true"
    browser.key("Enter", "\r")
    assert browser.evaluate("[model.parts[opened].name, location.hash]") == ["layer3.17", "#/layer3.17.conv2"]
    assert browser.evaluate("held.hit === document.activeElement && held.hit.classList.contains('found')")
    browser.key("/", "/")
    browser.write("pooling")
    kinds = browser.evaluate("[...document.querySelectorAll('#found li .name')].map((one) => one.textContent)")
    assert set(kinds) == {"maxpool1", "gap1"}
    browser.key("Escape")
    browser.key("/", "/")
    browser.write("no such layer")
    assert browser.evaluate("document.getElementById('found').innerText") == "Nothing is called so."
    browser.key("Escape")
    assert browser.evaluate("document.getElementById('found').hidden")


def test_heat_and_legend(browser: Browser, pages: Path) -> None:
    browser.goto(at(pages, "resnet"))
    assert "k×k conv" in browser.evaluate("document.getElementById('legend').innerText")
    assert "are drawn into the layer beside them" in browser.evaluate("document.getElementById('legend').innerText")
    browser.click("#heat label:nth-of-type(2)")
    assert "36.1 % of the net’s MACs" in browser.evaluate("document.getElementById('legend').innerText")
    shares = browser.evaluate("mentions.filter((one) => !one.card).map((one) => [...one.element.classList].join(' '))")
    assert sum("heat6" in words for words in shares) == 1 and any("cold" in words for words in shares)
    fill = browser.evaluate("getComputedStyle(document.querySelector('.heat6 > rect')).fill")
    assert fill == "rgb(140, 45, 4)"
    browser.key("h", "h")
    assert browser.evaluate("heat") == "params"
    browser.evaluate("setHeat('kind')")
    assert browser.evaluate("document.querySelectorAll('.heated, .cold, text.share').length") == 0


def test_light_and_dark(browser: Browser, pages: Path) -> None:
    browser.goto(at(pages, "unet"))
    paper = "getComputedStyle(document.body).backgroundColor"
    row = "getComputedStyle(document.querySelector('.drawing [fill=\"#77aadd\"]')).fill"
    assert browser.evaluate(f"[{paper}, {row}]") == ["rgb(247, 248, 250)", "rgb(119, 170, 221)"]
    browser.window(1280, 800, dark=True)
    dark = DARK["#77AADD"]
    red, green, blue = (int(dark[start : start + 2], 16) for start in (1, 3, 5))
    assert browser.evaluate(f"[{paper}, {row}]") == ["rgb(26, 29, 33)", f"rgb({red}, {green}, {blue})"]
    browser.click("#theme")
    assert browser.evaluate(f"[document.documentElement.dataset.theme, {paper}]") == ["light", "rgb(247, 248, 250)"]
    browser.click("#theme")
    browser.window(1280, 800)
    assert browser.evaluate(f"[document.documentElement.dataset.theme, {paper}]") == ["dark", "rgb(26, 29, 33)"]
    browser.evaluate("localStorage.clear()")


def test_wheel_drag_and_pinch(browser: Browser, pages: Path) -> None:
    browser.goto(at(pages, "googlenet"))
    x, y = browser.middle("#stage")
    before = browser.evaluate("[view.x, view.y, view.k]")
    browser.mouse("wheel", x, y, deltaX=0, deltaY=-240)
    browser.wait(f"view.k > {before[2]} * 1.2")
    name = browser.evaluate("document.elementFromPoint(400, 300).closest('.hit')?.getAttribute('href')")
    start = browser.evaluate("view.x")
    browser.mouse("move", 400, 300)
    browser.mouse("down", 400, 300)
    for step in range(1, 6):
        browser.mouse("move", 400 + 12 * step, 300, buttons=1, button="left")
    browser.mouse("up", 460, 300)
    assert browser.evaluate("view.x") == pytest.approx(start + 60)
    # What a drag began on is not opened.
    assert browser.evaluate("opened") == -1, name
    touch = [{"x": x - 50, "y": y, "id": 0}, {"x": x + 50, "y": y, "id": 1}]
    scale = browser.evaluate("view.k")
    browser.send("Input.dispatchTouchEvent", type="touchStart", touchPoints=touch)
    for step in (20, 40, 60):
        points = [{**touch[0], "x": x - 50 - step}, {**touch[1], "x": x + 50 + step}]
        browser.send("Input.dispatchTouchEvent", type="touchMove", touchPoints=points)
    browser.send("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
    browser.wait(f"view.k > {scale} * 1.5")


def test_what_moves_comes_to_rest(browser: Browser, pages: Path) -> None:
    browser.window(1280, 800, calm=False)
    browser.goto(at(pages, "resnet"))
    scale = browser.evaluate("view.k")
    browser.key("+", "+")
    browser.key("+", "+")
    browser.wait("view.goal === null")
    assert browser.evaluate("view.k") == pytest.approx(scale * 1.25**2)
    browser.evaluate("open(0)")
    assert browser.evaluate("document.getElementById('drawing').getAnimations({subtree: true}).length") > 0
    browser.window(1280, 800)
    assert browser.evaluate("getComputedStyle(document.querySelector('#drawing > svg')).animationName") == "none"


def test_the_table_sorts_and_leads_to_layers(browser: Browser, pages: Path) -> None:
    browser.goto(at(pages, "resnet"))
    browser.key("t", "t")
    assert browser.evaluate("document.querySelectorAll('#rows tbody tr').length") == 515
    browser.evaluate(
        "[...document.querySelectorAll('#rows th button')].find((b) => b.textContent === 'parameters').click()"
    )
    assert browser.evaluate("document.querySelector('#rows th[aria-sort=descending]').innerText").startswith(
        "parameters"
    )
    first = browser.evaluate("document.querySelector('#rows tbody tr').innerText").split("\t")
    assert "2,359,296" in " ".join(first)
    browser.evaluate("document.querySelector('#rows tbody a').click()")
    assert browser.evaluate("opened >= 0 && held !== null")


def test_labels_and_roles(browser: Browser, pages: Path) -> None:
    browser.goto(at(pages, "resnet"))
    tree = browser.send("Accessibility.getFullAXTree")["nodes"]
    found = {(node["role"]["value"], node.get("name", {}).get("value", "")) for node in tree if not node["ignored"]}
    roles = {role for role, _ in found}
    assert {"banner", "main", "navigation", "search", "complementary", "combobox", "radio", "link", "button"} <= roles
    assert any(role == "link" and name.startswith("layer3 bottleneck ×36, layer3.") for role, name in found)
    for role, name in found:
        if role in ("link", "button", "radio", "combobox", "toolbar", "group", "region"):
            assert name, role


def test_paper_has_the_drawing_and_every_layer(browser: Browser, pages: Path, tmp_path: Path) -> None:
    browser.goto(at(pages, "unet"))
    browser.paper(tmp_path / "page.pdf")
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")
    assert browser.evaluate("document.querySelectorAll('#rows tbody tr').length") == browser.evaluate(
        "model.layers.length"
    )


@pytest.mark.parametrize("name", ["hostile", "sound", "unet"])
@pytest.mark.parametrize("size", [(1280, 800), (390, 780)])
def test_every_part_of_other_nets_opens(browser: Browser, pages: Path, name: str, size: tuple[int, int]) -> None:
    browser.window(*size)
    browser.goto(at(pages, name))
    assert browser.evaluate("mentions.every((one) => one.hit && one.hit.getBoundingClientRect().width > 2)")
    drawn = browser.evaluate(
        "model.parts.map((part, at) => (open(at), mentions.length > 0 && mentions.every((one) => one.hit)))"
    )
    assert drawn and all(drawn)
    # Each layer has an address.
    found = browser.evaluate(
        "model.layers.map((layer) => { history.replaceState(null, '', '#/' + encodeURIComponent(layer[0])); follow();"
        " return held !== null && held.layers.some((at) => model.layers[at] === layer); })"
    )
    assert all(found)
    assert browser.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert browser.evaluate("document.querySelectorAll('script').length") == 2


def test_what_is_saved_comes_in_and_the_reader_stays(browser: Browser, tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    try:
        browser.goto(watched.server.address)
        browser.wait("model && document.querySelector('h1').innerText === 'small'")
        part = browser.evaluate("model.parts.findIndex((part) => part.layers.length > 2)")
        browser.evaluate(f"open({part}); view.zoom(1.3, 100, 100, false); setHeat('params'); unfold(true)")
        before = browser.evaluate("[opened, view.x, view.y, view.k, location.hash]")
        watched.file.write_text(GOOD.replace("net small", "net other"))
        browser.wait("document.querySelector('h1').innerText === 'other'")
        assert browser.evaluate("[opened, view.x, view.y, view.k, location.hash]") == before
        assert browser.evaluate("heat === 'params' && !document.getElementById('rows').hidden")
        watched.file.write_text(GOOD.replace("gap,", "gapp,"))
        browser.wait("!document.getElementById('trouble').hidden")
        said = browser.evaluate("document.getElementById('trouble').innerText")
        assert "1 error" in said and "there is no layer or block called gapp" in said
        assert "6 | gapp, fc-10\n  | ^^^^" in said and "did you mean gap?" in said
        assert browser.evaluate("document.querySelector('h1').innerText") == "other"
        watched.file.write_text(GOOD)
        browser.wait("document.getElementById('trouble').hidden && document.querySelector('h1').innerText === 'small'")
        browser.send("Page.navigate", url="about:blank")
    finally:
        watched.close()
