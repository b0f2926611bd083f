"""What drawings are written as: PDF, Mermaid, PNG at a chosen size, and by which engine."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import netdsl
from netdsl.backends.canvas import engine as engine_module
from netdsl.backends.canvas import pdf as pdf_module
from netdsl.backends.canvas.metrics import width
from netdsl.backends.canvas.options import Options
from netdsl.backends.canvas.scene import Scene
from netdsl.backends.draw import Drawing, drawing
from netdsl.backends.mermaid import mermaid
from netdsl.cli import main
from netdsl.diagnostics import NetdslError
from netdsl.ir.graph import Graph

ROOT = Path(__file__).parent.parent
SPECS = ROOT / "specs"
LENET = str(SPECS / "lenet5.net")


def zoo(stem: str, variant: str | None = None) -> Graph:
    return netdsl.compile(SPECS / f"{stem}.net", variant=variant)


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


# -- PDF --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def resnet() -> bytes:
    pytest.importorskip("reportlab", reason="reportlab is not installed")
    return drawing(zoo("resnet", "50")).render("pdf", engine="pure")


def test_a_pdf_is_one_page_and_the_same_each_time(resnet: bytes) -> None:
    assert resnet.startswith(b"%PDF-") and len(re.findall(rb"/Type /Page\b", resnet)) == 1
    scene = drawing(zoo("resnet", "50")).scene
    assert scene is not None
    box = re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", resnet)
    assert box is not None
    assert [float(side) for side in box.groups()] == pytest.approx([scene.w + 14.4, scene.h + 14.4], abs=0.01)
    assert drawing(zoo("resnet", "50")).render("pdf", engine="pure") == resnet


def test_fonts_of_a_pdf_are_embedded(resnet: bytes) -> None:
    # Each has its letters in the file, and a table from its codes to characters.
    assert len(re.findall(rb"/FontFile2 ", resnet)) == 2
    assert len(re.findall(rb"/Type /Font\b", resnet)) == len(re.findall(rb"/ToUnicode ", resnet)) == 2


def test_text_of_a_pdf_is_found(resnet: bytes, tmp_path: Path) -> None:
    pdftotext, pdffonts = tool("pdftotext"), tool("pdffonts")
    path = tmp_path / "resnet.pdf"
    path.write_bytes(resnet)
    words = said(pdftotext, "-layout", str(path), "-")
    for line in ("25.6 M params · 4.09 G MACs", "7×7 conv, 64, /2", "256×56²", "first: 1×1, 256 shortcut"):
        assert line in words
    fonts = [line.split() for line in said(pdffonts, str(path)).splitlines()[2:]]
    assert [(font[0].partition("+")[2], font[-5]) for font in fonts] == [("Arimo-Bold", "yes"), ("Arimo", "yes")]


def test_letters_are_as_wide_as_boxes_were_made_for() -> None:
    pdfmetrics = pytest.importorskip("reportlab.pdfbase.pdfmetrics", reason="reportlab is not installed")
    pdf_module._load_fonts()
    for bold, font in pdf_module._FONTS.items():
        for words in ("3×3 conv, 64, /2", "global avg-pool", "1.22 M params · 1.03 G MACs", "256×56² → concat – α ½"):
            assert pdfmetrics.stringWidth(words, font, 10) == pytest.approx(width(words, 10, bold=bold), rel=0.01)


@pytest.mark.parametrize(
    ("kind", "stem", "variant", "theme"),
    [
        ("layers", "googlenet", None, "light"),
        ("overview", "unet", None, "dark"),
        ("overview", "densenet", "121", "print"),
    ],
)
def test_every_kind_of_drawing_is_a_pdf(kind: Any, stem: str, variant: str | None, theme: Any) -> None:
    pytest.importorskip("reportlab", reason="reportlab is not installed")
    options = Options(theme=theme) if kind == "overview" else None
    drawn = drawing(zoo(stem, variant), kind=kind, options=options).render("pdf", engine="pure")
    assert drawn.startswith(b"%PDF-") and drawn.rstrip().endswith(b"%%EOF")


def test_tables_are_pdfs(tmp_path: Path) -> None:
    pytest.importorskip("reportlab", reason="reportlab is not installed")
    path = tmp_path / "vgg.pdf"
    assert main(["table", str(SPECS / "vgg.net"), "--format", "pdf", "--engine", "pure", "-o", str(path)]) == 0
    assert path.read_bytes().startswith(b"%PDF-")


def test_what_no_drawing_has_is_no_pdf() -> None:
    pytest.importorskip("reportlab", reason="reportlab is not installed")

    def svg(inside: str) -> bytes:
        head = 'xmlns="http://www.w3.org/2000/svg" width="9pt" height="9pt" viewBox="0 0 9 9"'
        return f"<svg {head}>{inside}</svg>".encode()

    assert pdf_module.pdf(svg('<g><path d="M0,0L1 1"/></g>')).startswith(b"%PDF-")
    for inside in (
        "<image/>",
        '<path d="M0,0A1,1 0 0 0 2,2"/>',
        '<rect fill="url(#a)"/>',
    ):
        with pytest.raises(ValueError, match="a drawing"):
            pdf_module.pdf(svg(inside))


def test_without_reportlab_a_dot_of_the_system_writes_pdfs(monkeypatch: pytest.MonkeyPatch) -> None:
    tool("dot")
    monkeypatch.setattr(pdf_module, "available", lambda: False)
    assert drawing(zoo("lenet5")).render("pdf").startswith(b"%PDF-")


def test_where_nothing_writes_pdfs_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "reportlab.pdfgen.canvas", None)
    monkeypatch.setattr(pdf_module, "available", lambda: False)
    monkeypatch.setattr(engine_module, "system", lambda: None)
    assert main(["draw", LENET, "-o", str(tmp_path / "x.pdf")]) == 1
    message = capsys.readouterr().err
    assert "error[ND008]" in message and "pip install 'netdsl[pdf]'" in message
    assert not any(tmp_path.iterdir())


# -- engines ----------------------------------------------------------------------------------------------------------


def test_a_dot_of_the_system_draws_where_it_is_asked_for(tmp_path: Path) -> None:
    tool("dot")
    for form, begins in (("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF-")):
        path = tmp_path / f"x.{form}"
        assert main(["draw", LENET, "-o", str(path), "--engine", "dot"]) == 0
        assert path.read_bytes().startswith(begins)
    assert b"Generated by graphviz" in (tmp_path / "x.svg").read_bytes()


@pytest.mark.parametrize(("engine", "help"), [("dot", "apt install graphviz"), ("pure", "pip install graphviz-pure")])
def test_an_engine_that_is_not_there(
    engine: str, help: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(engine_module, "which", lambda name, **_: None)
    assert main(["draw", LENET, "-o", "-", "--format", "png", "--engine", engine]) == 1
    message = capsys.readouterr().err
    assert "error[ND008]" in message and help in message


def test_an_svg_of_ours_needs_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "which", lambda name, **_: None)
    assert netdsl.draw(zoo("lenet5")).startswith("<?xml")


# -- PNG --------------------------------------------------------------------------------------------------------------


def size(picture: bytes) -> tuple[int, int]:
    wide, high = struct.unpack(">II", picture[16:24])
    return wide, high


def test_a_png_has_as_many_pixels_as_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "x.png"

    def drawn(*options: str) -> tuple[int, int]:
        assert main(["draw", LENET, "-o", str(path), *options]) == 0
        return size(path.read_bytes())

    usual, fine = drawn(), drawn("--dpi", "288")
    assert fine == pytest.approx((2 * usual[0], 2 * usual[1]), abs=2)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(engine_module, "MAX_PIXELS", 50_000)
    few = drawn("--dpi", "288")
    assert 40_000 < few[0] * few[1] <= 50_000
    assert re.match(
        r"the picture has \d+ pixels to the inch instead of 288: it may have 50,000", capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--format", "svg", "--dpi", "300"], "--dpi is of a PNG"),
        (["--format", "png", "--dpi", "0"], "from 1 to 9600"),
        (["--format", "png", "--dpi", "1e3"], "from 1 to 9600"),
        (["--format", "mmd", "--engine", "dot"], "--engine draws"),
        (["--format", "dot", "--engine", "pure"], "--engine draws"),
        (["--format", "svg", "--engine", "dot", "--theme", "auto"], "--theme auto"),
        (["--format", "mmd", "--as", "layers"], "Mermaid draws an overview"),
        (["--format", "mmd", "--page", "a4"], "fits it to no page"),
        (["--format", "mmd", "--labels", "rf"], "no label rf"),
        (["--format", "mmd", "--theme", "auto"], "--theme auto is of an SVG"),
        ([], "which --format?"),
    ],
)
def test_options_that_go_together_with_no_other(
    options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["draw", LENET, "-o", "-", *options]) == 2
    assert said in capsys.readouterr().err


def test_tables_that_are_text_have_no_engine(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["table", LENET, "--engine", "pure"]) == 2
    assert "--engine draws" in capsys.readouterr().err


# -- Mermaid ----------------------------------------------------------------------------------------------------------


def test_mermaid(golden: Callable[[str, str], None]) -> None:
    golden("overview-resnet.mmd", mermaid(zoo("resnet", "50")))
    golden("overview-googlenet.mmd", mermaid(zoo("googlenet")))


def test_mermaid_of_an_hourglass_and_of_a_strip() -> None:
    text = mermaid(zoo("unet"), options=Options(direction="right", theme="print", labels=()))
    assert "flowchart LR" in text and "MACs" not in text and "#77AADD" not in text
    assert re.search(r'n\d+\["crop 56×56"\]', text)
    # From a stage to the row on the bow, and on to the stage that it enters.
    (row,) = re.findall(r'(n\d+)\["crop 56×56"\]', text)
    assert re.search(rf"u\d+ --> {row}\n", text) and re.search(rf"{row} --> u\d+\n", text)


def test_no_arrow_of_mermaid_goes_to_an_input() -> None:
    text = "net two\ninput left 1x8x8\ninput right 1x8x8\n@left\ntower: [conv3-2, fc-4]\n@right, reuse tower as b\n"
    drawn = mermaid(netdsl.compile(text + "sub { @tower | @b }\nfc-1\n"))
    entering = re.findall(r'(n\d+)\["(?:left|right) ', drawn)
    assert len(entering) == 2 and '((" "))' not in drawn
    assert not [name for name in entering if re.search(rf"> {name}\n", drawn)]
    assert all(re.search(rf" {name} --> n", drawn) for name in entering)


def test_mermaid_has_shares_where_there_is_heat() -> None:
    text = mermaid(zoo("resnet", "50"), "infer", Options(heat="macs"))
    assert '["3×3 conv, 256 · 17.0#37;"]' in text and "#8C2D04" in text


def test_mermaid_dots_what_acts_in_training_alone() -> None:
    graph = zoo("googlenet")
    assert re.search(r"u\d+ -\.-> u\d+h0", mermaid(graph)) and "in training" in mermaid(graph)
    assert "-.->" not in mermaid(graph, "infer") and "in training" not in mermaid(graph, "infer")


def test_mermaid_has_the_bound_of_other_drawings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec, out = tmp_path / "long.net", tmp_path / "long.mmd"
    spec.write_text("net long\ninput 8x16x16\n" + "".join(f"conv3-{8 + n % 90}, relu\n" for n in range(520)))
    assert main(["draw", str(spec), "-o", str(out), "--max-drawn", "500"]) == 1
    assert "this flowchart would be too large: it takes as long as 5" in capsys.readouterr().err and not out.exists()
    assert main(["draw", str(spec), "-o", str(out)]) == 0 and out.exists()
    # What code hosts do not draw is said.
    assert "note: Mermaid draws 50,000 letters and 500 arrows unless its page says more" in capsys.readouterr().err
    assert main(["draw", "zoo:resnet:50", "-o", str(out)]) == 0
    assert capsys.readouterr().err == ""
    with pytest.raises(NetdslError, match="this flowchart would be too large"):
        mermaid(zoo("resnet", "50"), most=20)


def test_words_are_no_mermaid() -> None:
    graph = zoo("resnet", "18")
    node = graph.nodes[0].model_copy(update={"label": '1. "a"] <b> `end` #35; |x_y|'})
    text = mermaid(graph.model_copy(update={"name": 'a: "b"\n%% ; #', "nodes": (node, *graph.nodes[1:])}))
    (line,) = (line for line in text.splitlines() if "224²" in line and "u0[" in line)
    label = line.strip().removeprefix('u0["').removesuffix('"]')
    assert not set(label) & set('"[]<>`|_')
    assert re.sub(r"#(\d+);", lambda found: chr(int(found[1])), label) == '1. "a"] <b> `end` #35; |x_y| 3×224²'
    assert text.splitlines()[1].startswith('title: "a: \\"b\\"')
    spoken = next(line for line in text.splitlines() if "accTitle" in line)
    assert spoken.count(":") == 2 and not set(spoken) & set("#;%")


def test_mermaid_itself_reads_it(tmp_path: Path) -> None:
    node = tool("node")
    if not all((ROOT / "node_modules" / package).exists() for package in ("mermaid", "jsdom")):
        pytest.skip("mermaid is not installed: npm install --no-save mermaid jsdom")
    for stem in ("resnet", "googlenet", "unet", "nfnet"):
        (tmp_path / f"{stem}.mmd").write_text(mermaid(zoo(stem)), encoding="utf-8")
    script = """
        import { JSDOM } from 'jsdom';
        import fs from 'fs';
        globalThis.window = new JSDOM('<body></body>').window;
        globalThis.document = window.document;
        const mermaid = (await import('mermaid')).default;
        for (const file of process.argv.slice(1)) {
          const found = await mermaid.parse(fs.readFileSync(file, 'utf8'));
          console.log(found.diagramType);
        }
    """
    files = sorted(map(str, tmp_path.glob("*.mmd")))
    done = subprocess.run(
        [node, "--input-type=module", "-e", script, "--", *files], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["flowchart-v2"] * len(files), done.stderr


def test_a_page_is_nothing_for_mermaid() -> None:
    with pytest.raises(ValueError, match="no page"):
        mermaid(zoo("lenet5"), options=Options(page=(100, 100)))


def test_an_engine_is_found_or_said_to_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def only(name: str) -> Callable[..., str | None]:
        return lambda asked, **_: f"/bin/{name}" if asked == name else None

    monkeypatch.setattr(engine_module, "which", only("dot"))
    assert (engine_module.find(), engine_module.find("dot")) == ("/bin/dot", "/bin/dot")
    with pytest.raises(NetdslError, match="graphviz-pure"):
        engine_module.find("pure")
    monkeypatch.setattr(engine_module, "which", only("graphviz-pure"))
    assert (engine_module.find(), engine_module.find("pure")) == ("/bin/graphviz-pure", "/bin/graphviz-pure")
    with pytest.raises(NetdslError, match="Graphviz's `dot` is not found"):
        engine_module.find("dot")


def test_words_at_an_edge_stand_there_in_a_png_too() -> None:
    """graphviz-pure takes signs beyond ASCII to be wider than they are, and moved such words over the edge."""
    starts = []
    for words in ("68.6 k params (7.0%)", "68.6 k params (–7.0%) – 1–2–3 · 28² · 14²"):
        scene = Scene("edge", "words")
        scene.text(0, 10, words, 14, ink="#222222")
        scene.w, scene.h = 400, 20
        drawn = engine_module._run(engine_module.find("pure"), Drawing(scene).dot, "-Tsvg").decode()
        (start,) = re.findall(r'<text [^>]*text-anchor="start" x="([-\d.]+)"', drawn)
        starts.append(float(start))
    assert starts == [pytest.approx(starts[0], abs=0.1)] * 2
