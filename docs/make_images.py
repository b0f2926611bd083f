"""Draws the diagrams of the documentation: ``python docs/make_images.py`` writes ``docs/images``.

With ``--check`` nothing is written, and the exit code is 1 where a picture there is not what would be drawn now.
``page.png`` is made by a browser, whose fonts are the machine's: it is kept where there is none, and not compared.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import netdsl
from netdsl import cli
from netdsl.backends.draw import TAKES, Kind, draw
from netdsl.backends.overview import Options
from netdsl.ir.types import View

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs" / "images"

#: File → spec, variant, kind and view.
PICTURES: dict[str, tuple[str, str | None, Kind, View]] = {
    "densenet121.svg": ("densenet.net", "121", "overview", "infer"),
    "googlenet.svg": ("googlenet.net", "paper", "overview", "train"),
    "resnet152.svg": ("resnet.net", "152", "overview", "train"),
    "resnet50-heat.svg": ("resnet.net", "50", "overview", "train"),
    "resnet18.svg": ("resnet.net", "18", "layers", "infer"),
    "unet.svg": ("unet.net", None, "overview", "train"),
    "vgg19.svg": ("vgg19.net", None, "layers", "infer"),
}

#: Options of overviews beside the theme, which is the reader's.
OPTIONS = {"resnet50-heat.svg": Options(heat="macs", theme="auto")}

#: File → what `netdsl draw` is told, run in the repository's root.
COMMANDS = {
    "bottleneck.svg": "specs/resnet.net:50 --as block:bottleneck",
    "inception.svg": "specs/googlenet.net --as block:inception",
    "squeeze.svg": "specs/senet.net --as block:layer1.1",
    "dense.svg": "specs/densenet.net:121 --as block:dense",
    "alexnet.svg": "specs/alexnet.net --as volumes",
    "lenet5.svg": "specs/lenet5.net --as volumes",
    "unet-volumes.svg": "specs/unet.net --as volumes",
    "resnet50-down.svg": "specs/resnet.net:50 --view infer --direction down",
    "unet-column.svg": "specs/unet.net --page column",
    "googlenet-layers.svg": "specs/googlenet.net:paper --as layers",
    "table-resnet.svg": "specs/resnet.net --as table",
    "table-vgg.svg": "specs/vgg.net --as table",
    "figure3.svg": "specs/vgg19.net specs/resnet.net:plain-34 specs/resnet.net:34 --side-by-side",
    "inceptions.svg": "specs/googlenet.net:paper specs/inception_v3.net --side-by-side",
    "diff-resnet.svg": "specs/resnet.net:18 specs/resnet.net:34 --diff",
    "diff-resnext.svg": "specs/resnet.net:50 specs/resnext.net:50-32x4d --diff",
}


def picture(name: str) -> bytes:
    """The SVG of one of :data:`PICTURES`, or of :data:`COMMANDS`."""
    if name in COMMANDS:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            words = [*COMMANDS[name].split(), "--theme", "auto"]
            command = [ROOT / word if word.startswith("specs/") else word for word in words]
            if cli.main(["draw", *map(str, command), "-o", str(path)]) != 0:
                raise SystemExit(f"netdsl draw {COMMANDS[name]} failed")
            return path.read_bytes()
    spec, variant, kind, view = PICTURES[name]
    graph = netdsl.compile(ROOT / "specs" / spec, variant=variant)
    options = OPTIONS.get(name, Options(theme="auto")) if "theme" in TAKES[kind] else None
    return draw(graph, kind=kind, view=view, options=options).encode()


def page_picture(path: Path) -> bool:
    """Writes ``page.png``: the page of ResNet-152, the costliest row pointed at. False where there is no browser."""
    sys.path.insert(0, str(ROOT))
    from tests.browser import FOUND, Browser

    if FOUND is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "page.html"
        if cli.main(["draw", "zoo:resnet:152", "--heat", "macs", "-o", str(made)]) != 0:
            raise SystemExit("the page of ResNet-152 cannot be made")
        with Browser(Path(folder)) as browser:
            browser.window(1280, 800)
            browser.goto(made.as_uri())
            browser.mouse("move", *browser.middle(".heat6 > rect"))
            browser.wait("document.getElementById('numbers').innerText.includes('layer3.35.conv2')")
            browser.picture(path)
    return True


def main() -> int:
    """Writes or checks all pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with what is there, and write nothing")
    check = parser.parse_args().check
    stale = []
    for name in (*PICTURES, *COMMANDS):
        path, drawn = IMAGES / name, picture(name)
        if check:
            stale += [] if path.exists() and path.read_bytes() == drawn else [name]
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(drawn)
    if not check and not page_picture(IMAGES / "page.png"):
        print("docs/images/page.png is kept: no Chromium is found")
    for name in stale:
        print(f"docs/images/{name} is not what is drawn now: run `python docs/make_images.py`")
    return 1 if stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
