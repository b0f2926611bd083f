"""Command lines whose messages are kept whole in tests/golden/messages, and what lies in their folder."""

from __future__ import annotations

import json
import os
from pathlib import Path

from tests.messages import checkpoints, harmful

#: What stands on the standard input of a command line that has a `-`.
STDIN = {"check - --max-bytes 20": b"input 3x8x8\nconv3-4\n# comment", "check -": b"input 3x8x8\n\xff\n"}

SPECS = {
    "small": "net small\ninput 3x8x8\nstyle conv = _, relu\nconv3-4\ngap, fc-10\n",
    "twins": "net twins\ninput left 3x8x8\ninput right 3x8x8\nadd { @left | @right }\n",
    "family": "net family\ninput 3x8x8\nparam n = 4\nvariant a: n = 8\nvariant b\nconv3-n, gap, fc-10\n",
    "broken": "net broken\ninput 3x8x8\ncnov3-8\n",
    "unlike": "net unlike\ninput 3x8x8\nconv3-8\nexpect params = 1, macs = 2\n",
    "layers": "net layers\ninput 3x8x8\nconv3-8, relu\n",
    "blocks": (
        "net blocks\ninput 3x8x8\nblock unit(c) { conv3-c, bn }\nblock late(c) { conv3-c }\n"
        "stage: [unit(4), unit(8)]\nother: [unit(8)]\n"
        "output aux train { late(4), gap, fc-10 }\nhead: gap, fc-10\nsoft-max eval\n"
    ),
    "alone": "block unit { conv3-8 }\n",
    "spare": "net spare\ninput 3x8x8\nconv3-4 as kept\nspare: conv3-8\n@kept, gap, fc-10\n",
    "side": "net n\ninput 3x8x8\nconv3-4 as kept\nside: conv3-8\noutput aux train { gap, fc-10 }\n@kept, gap, fc-10\n",
    "drawn": "net drawn\ninput 3x8x8\n" + "conv3-4, relu\n" * 30,
    "uses": 'use "../outside.net" (unit)\nuse "/etc/blocks.net" (unit)\nuse "linked.net" (unit)\ninput 3x8x8\nunit\n',
}

#: The words of command lines, by the golden that keeps what they say.
CASES: dict[str, tuple[str, ...]] = {
    "commands": (
        "",
        "stast small.net",
        "small.net",
        "--halp",
        "stats",
        "stats small.net --colums params",
        "stats small.net more.net",
        "stats small.net --set width",
        "stats small.net --set =3",
        "stats small.net --input 3xAx8",
        "stats small.net --input 3x0x8",
        "stats small.net --max-nodes many",
        "stats family.net:a --variant b",
        "stats twins.net --input left=3x8x8 --input left=3x4x4",
        "diff - -",
        "stats small.net --operators nobody.knows",
        "stats small.net --view infer --view train",
        "stats small.net --view training",
        "stats family.net:",
        "draw small.net -o ''",
        "stats family.net --set n=1 --set n=2",
        "stats small.net --batch",
        "check small.net --allow-use nowhere",
        "expand small.net --view train",
        "expand small.net -o full.net",
        "ir small.net -o small.json",
        "stats small.net -o small.csv",
    ),
    "files": (
        "check missing.net",
        "check smal.net",
        "check folder/smal.net",
        "check folder",
        "check parts",
        "check half",
        "check half/small.net",
        "check empty",
        "check pipe.net",
        "check binary.net",
        "check wide16.net",
        "check nul.net",
        "check small.net --max-bytes 20",
        "check uses.net",
        "check many.net",
        "check -",
        "check - --max-bytes 20",
        "check zoo:resnt",
        "check zoo:unheard",
        "check zoo:resnet:18:34",
        "check resnet",
        "check resnet:18",
        "check zoo:resnet:17",
        "zoo unheard",
        "zoo resnet:17",
        "zoo lenet5:huge",
        "zoo vgg19:D",
        "stats zoo:vgg:17",
        "check family.net:c",
        "check small.net:c",
    ),
    "check": (
        "check",
        "check --schema small.net",
        "check --schema --strict",
        "check - -",
        "check graph.json",
        "check small.net --dry-run",
        "check small.net --expect",
        "check --fix -",
        "check --fix zoo:resnet",
        "check unlike.net",
        "check broken.net twins.net small.net:d --strict",
        "check wide.net --max-nodes 20",
    ),
    "stats": (
        "stats small.net --batch 0",
        "stats small.net --columns params,weights",
        "stats small.net --columns params,prams",
        "stats small.net --columns params,params",
        "stats small.net --columns output",
        "stats small.net --columns params --format json",
        "stats alone.net",
    ),
    "draw": (
        "draw small.net",
        "draw small.net -o new.net",
        "draw small.net -o 'new\udcff.svg'",
        "draw small.net -o small.mmd --direction columns",
        "draw small.net -o small.mmd --max-drawn 3",
        "draw small.net -o small.bmp",
        "draw small.net -o small.svg --as graph",
        "draw small.net -o small.svg --as block",
        "draw small.net -o small.svg --as layers:conv",
        "draw small.net -o small.svg --as volumes --direction down",
        "draw small.net -o small.svg --page a3",
        "draw small.net -o small.svg --labels shapes,names",
        "draw small.net -o small.png --dpi 0",
        "draw small.net -o small.svg --dpi 300",
        "draw small.net -o small.png --theme auto",
        "draw small.net -o small.svg --theme auto --engine dot",
        "draw small.net -o small.mmd --engine pure",
        "draw small.net -o small.mmd --page a4",
        "draw small.net -o small.mmd --as layers",
        "draw small.net twins.net -o small.mmd --side-by-side",
        "draw small.net -o small.svg --style vgg",
        "draw small.net -o small.svg --variants a,b",
        "draw small.net twins.net -o small.svg",
        "draw small.net twins.net -o small.svg --side-by-side --diff",
        "draw small.net twins.net -o small.svg --side-by-side --as volumes",
        "draw small.net twins.net -o small.svg --side-by-side --direction down",
        "draw small.net -o small.svg --diff",
        "draw small.net twins.net -o small.svg --diff --as layers",
        "draw small.net twins.net -o small.svg --diff --heat macs",
        "draw small.net twins.net -o small.svg --diff --direction down",
        "draw small.net twins.net -o small.svg --diff --labels params,shapes",
        "draw small.net twins.net -o small.svg --as table --style layers",
        "draw small.net twins.net -o small.html --side-by-side",
        "draw small.net -o small.html --as layers",
        "draw small.net -o small.html --style vgg",
        "draw small.net -o small.html --variants a,b",
        "draw small.net -o small.html --page a4",
        "draw small.net -o small.html --dpi 300",
        "draw small.net -o small.html --theme print",
        "draw blocks.net -o small.svg --as block:nuit",
        "draw blocks.net -o small.svg --as block:late --view infer",
        "draw layers.net -o small.svg --as block:unit",
        "draw zoo:regnet -o small.svg --as block:xyz",
        "draw drawn.net -o small.svg --as layers --max-drawn 20",
        "draw drawn.net -o small.svg --max-drawn 2",
        "draw drawn.net -o small.html --max-drawn 2",
        "draw drawn.net -o small.svg --as volumes --max-drawn 2",
        "draw drawn.net -o small.svg --as table --max-drawn 2",
        "draw drawn.net -o small.svg --as layers --page 100x100",
    ),
    "table": (
        "table small.net --format tex",
        "table small.net -o small.bmp",
        "table small.net --max-drawn 3",
        "table family.net --variants a,,b",
        "table family.net --variants a,a",
        "table family.net:a --variants a,b",
        "table family.net small.net --variants a,b",
        "table small.net --standalone",
        "table small.net twins.net --style layers --format latex --standalone",
        "table small.net twins.net --style layers --format svg -o small.svg",
        "table small.net --engine dot",
        "table wide.net --max-nodes 20",
    ),
    "diff": (
        "diff small.net",
        "diff small.net broken.net",
        "diff wide.net wide.net:v1 --max-nodes 20",
    ),
    "docs": (
        "docs alone.net -o pages",
        "docs parts -o pages",
        "docs small.net -o half",
        "docs wide.net -o pages --max-nodes 20",
        "docs small.net -o taken",
        "docs small.net twins.net family.net -o taken",
        "docs small.net -o small.net",
        "docs small.net -o small.net/pages",
        "docs empty -o pages",
        "docs zoo:resnet:50 -o pages",
    ),
    "explain": (
        "explain resnet",
        "explain small",
        "explain ND204 small.net",
        "explain ND299",
        "explain ND2O4",
        "explain whatever",
        "explain conv",
        "explain blocks.net conv",
        "explain blocks.net conv1",
        "explain blocks.net unit",
        "explain blocks.net stage.0.conv1.scale",
        "explain blocks.net stage.0.conv2",
        "explain blocks.net covn1",
        "explain blocks.net nothing.like.it",
        "explain blocks.net aux --view infer",
        "explain blocks.net softmax1 --view train",
        "explain side.net side --view infer",
    ),
    "ir": (
        "ir",
        "ir graph.json --set n=3",
        "ir graph.json --variant a",
        "ir small.net --json --format text",
        "ir graph.json --max-nodes 3",
        "ir long.json --max-nodes 1",
        "ir no.json",
        "ir list.json",
        "ir unversioned.json",
        "ir later.json",
        "ir misread.json",
        "ir operator.json",
        "ir nameless.json",
        "ir rank.json",
        "ir select.json",
        "ir twice.json",
    ),
    "ops": (
        "ops BatchNorm2d",
        "ops channel_shuffle",
        "ops cnov",
        "ops whatever",
    ),
    "fmt": (
        "fmt missing.net",
        "fmt - -",
        "fmt family.net:a",
        "fmt broken.net unread.net --check",
    ),
    "build": (
        "build small.net --no-run --device cpu",
        "build small.net --no-run -o own.py",
        "build small.net --no-run -o new.net",
        "build small.net --no-run -o edited.py",
        "build small.net --no-run -o missing/small.py",
        "build small.net --no-run -o folder",
    ),
    "weights": (
        "weights",
        *harmful.COMMANDS,
        "weights chekc small.net small.pth",
        "weights fit small.net small.pth",
        "weights convert small.net whole.safetensors -o whole.safetensors",
        "weights check small.net",
        "weights convert small.net seven.pth --format json --all",
        *checkpoints.LINES,
    ),
    "watch": (
        "watch small.net --port 70000",
        "watch -",
        "watch small.net --port {port}",
        "watch small.net --host 192.0.2.1 --port 8321",
    ),
}

#: What a command line says where it lacks what it needs: modules that cannot be imported.
LACKING: dict[str, tuple[str, ...]] = {
    "draw small.net -o small.pdf": ("reportlab",),
    "weights check small.net whole.safetensors": ("safetensors",),
    "build small.net -o small.py": ("torch",),
    "build small.net -o small.py --device cuda": (),
}

#: Programs that are found in the place of others: what they print to the error stream, and then leave with 3.
FAILING = {"draw small.net -o small.svg --engine dot": "", "draw small.net -o new.svg --engine dot": "no memory"}

#: What says what it found, too.
SHOWN = (
    "weights check weighty.net inside.pth",
    "weights check weighty.net ema.pth",
    "weights check weighty.net beside.pth",
    "weights check weighty.net parallel.pth",
    "weights check weighty.net data-parallel.pth",
    "weights check weighty.net old.pth",
    "weights check weighty.net prefixed.safetensors --prefix net.",
    "weights check weighty.net prefixed.safetensors --map net.toml",
    "weights check weighty.net prefixed.safetensors --prefix foo.",
    "weights check weighty.net whole.pth --map none.toml",
    "weights check weighty.net whole.pth --key ema",
    "weights check weighty.net label.pth",
    "weights check weighty.net labels.pth",
    "weights check weighty.net whole.safetensors --map other.toml",
)

#: What is done without root's rights.
UNPRIVILEGED = (
    "check closed.net",
    "draw small.net -o closed.svg",
    "draw small.net -o closed/small.svg",
    "fmt closed/small.net",
    "check --fix closed/broken.net",
    "docs small.net -o closed",
    "weights convert weighty.net renamed.pth -o closed.safetensors",
    "weights check weighty.net closed.pth",
    "weights check weighty.net whole.pth --map closed.toml",
)

#: What prints where the standard output is full.
FULL = ("stats small.net", "draw small.net --format dot -o -")

#: Calls that no command makes as they are here, and the attributes that hold what is said.
CALLS = (
    "compile('')",
    "compile('input 3x8x8\\n\\0\\n')",
    "compile('#' * 500_001 + '\\n')",
    "compile('a\\0b.net')",
    "compile('family.net:a', variant='b')",
    "compile(Path('small.net'), input='big')",
    "analyse('input 3x8x8\\n' + 'conv3-8 -\\n' * 21).notes",
    "analyse('input 3x8x8\\n' + 'cnov3-8\\n' * 101).notes",
    "analyse('input 3x8x8\\n' + 'conv3-8\\n' * 102).notes",
    "analyse('input 3x8x8\\n' + 'conv3-8\\n' * 104).notes",
    "compile(Path('-'))",
    "load_operators('failing')",
    "save([Mended('small.net', Path('small.net'), 'as it was', 'as it will be', 1)])",
    "save([Mended('gone.net', Path('gone.net'), 'as it was', 'as it will be', 1)])",
    "build('raise RuntimeError(\"no luck. And more.\")', small, device('cpu'))",
    "build('raise RuntimeError(\"no luck. And more.\")', small, device('cuda'))",
    "build('raise RuntimeError(\"no luck. And more.\")', foreign, device('cpu'))",
    "build('raise RuntimeError(\"out of memory\")', small, device('cuda'))",
    "build('raise MemoryError', small, device('cpu'))",
    "forward(Failing(), small, 'infer', device('cpu'))",
    "format(Source('odd.net', 'input   3x8x8\\n'))",
    "type('Odd', (Op,), {'__module__': 'builtins', '__annotations__': {'size': 'complex'}}).attributes()",
    "register(type('Conv', (Op,), {'keyword': 'conv'}))",
    "stats(small, view='both')",
    "stats(small, batch=0)",
    "draw(small, kind='graph')",
    "draw(small, kind='block')",
    "draw(small, kind='layers', block='unit')",
    "drawing(small, kind='volumes', options=Options(direction='down'))",
    "render('', 'bmp')",
    "find('pure')",
    "find('dot')",
    "find()",
    "load(small, partial=True)",
    "load(small, seed=1.5)",
    "load(small, variant='a')",
    "load('small.net', weights='a\\0b.pth')",
    "load('small.net', weights={'a.weight': zeros(2)})",
    "words('as=layers stats=')",
    "words('stats stats')",
    "words('= 3')",
    "asked({'colour': 'red'})",
    "asked({'captoin': 'x'})",
    "asked({'as': 'graph'})",
    "asked({'as': 'volumes', 'direction': 'down'})",
    "asked({'heat': 'work'})",
    "asked({'source': 'maybe'})",
    "asked({'set': 'width'})",
    "asked({'labels': 'shapes,names'})",
    "asked({'page': 'a3'})",
    "figure('', asked({}), place)",
    "figure('input 3x8x8', asked({'file': 'small.net'}), place)",
    "figure('', asked({'file': 'family.net:a', 'variant': 'b'}), place)",
    "figure('input 3x8x8\\nrelu', asked({'fails': 'ND201'}), place)",
    "figure('input 3x8x8\\ncnov3-8', asked({}), place)",
    "figure('input 3x8x8\\ncnov3-8', asked({'fails': 'ND204'}), place)",
)


def folder(here: Path) -> None:
    """Makes the folder that the command lines run in."""
    for name, text in SPECS.items():
        (here / f"{name}.net").write_text(text, encoding="utf-8")
    (here / "folder").mkdir()
    (here / "folder" / "small.net").write_text(SPECS["small"], encoding="utf-8")
    os.mkfifo(here / "pipe.net")
    (here / "linked.net").symlink_to("/etc/hostname")
    (here / "binary.net").write_bytes(b"input 3x8x8\n\xff\n")
    (here / "wide16.net").write_bytes("input 3x8x8\n".encode("utf-16"))
    (here / "nul.net").write_bytes(b"input 3x8x8\n\0\n")
    (here / "unread.net").write_text("input 3x8x8\nconv3-8 -\n", encoding="utf-8")
    for number in range(100):
        (here / "folder" / f"b{number}.net").write_text(f"block b{number} {{ relu }}\n", encoding="utf-8")
    uses = "".join(f'use "folder/b{number}.net"\n' for number in range(100))
    (here / "many.net").write_text(f"{uses}input 3x8x8\nb7\n", encoding="utf-8")
    variants = "".join(f"variant v{number}\n" for number in range(12))
    (here / "wide.net").write_text(f"net wide\ninput 3x8x8\n{variants}" + "conv3-4, relu\n" * 8, encoding="utf-8")
    (here / "own.py").write_text("print('mine')\n", encoding="utf-8")
    (here / "parts").mkdir()
    (here / "parts" / "alone.net").write_text(SPECS["alone"], encoding="utf-8")
    (here / "half").mkdir()
    (here / "half" / "small.html").write_text("mine\n", encoding="utf-8")
    closed = here / "closed"
    closed.mkdir()
    (closed / "small.net").write_text(SPECS["small"].replace("gap, fc", "gap,   fc"), encoding="utf-8")
    (closed / "broken.net").write_text(SPECS["broken"], encoding="utf-8")
    closed.chmod(0o555)
    for name in ("closed.net", "closed.pth", "closed.toml"):
        (here / name).touch(mode=0)
    for name in ("closed.svg", "closed.safetensors"):
        (here / name).touch(mode=0o444)
    here.chmod(0o777)
    taken = here / "taken"
    taken.mkdir()
    for name in ("index", "small", "twins", "family"):
        (taken / f"{name}.html").write_text("mine\n", encoding="utf-8")


def later(here: Path) -> None:
    """The files that netdsl makes itself: graphs in JSON, a written module that was edited, and checkpoints."""
    from netdsl import compile
    from netdsl.cli import main
    from netdsl.ir.print import to_json

    assert main(["build", "small.net", "--no-run", "-o", "edited.py"]) == 0
    (here / "edited.py").write_text((here / "edited.py").read_text(encoding="utf-8") + "# mine\n", encoding="utf-8")
    graph = to_json(compile("small.net"))
    made = json.loads(graph)
    first, second, *rest = made["nodes"]
    changed: dict[str, dict[str, object]] = {
        "later": {"version": 99},
        "misread": {"nodes": [first, {**second, "shape": "big"}, *rest]},
        "operator": {"nodes": [first, {**second, "op": {**second["op"], "op": "cnov"}}, *rest]},
        "nameless": {"nodes": [first, {**second, "op": "conv"}, *rest]},
        "rank": {"nodes": [{**first, "op": {**first["op"], "shape": [3, 8]}, "shape": [3, 8]}, second, *rest]},
        "twice": {"nodes": [first, {**second, "name": "", "head": 99}, *rest]},
    }
    for name, update in changed.items():
        (here / f"{name}.json").write_text(json.dumps({**made, **update}), encoding="utf-8")
    (here / "graph.json").write_text(graph, encoding="utf-8")
    (here / "long.json").write_text(graph + " " * 1_000, encoding="utf-8")
    (here / "no.json").write_text("{nodes", encoding="utf-8")
    (here / "list.json").write_text("[]", encoding="utf-8")
    unversioned = {name: value for name, value in made.items() if name != "version"}
    (here / "unversioned.json").write_text(json.dumps(unversioned), encoding="utf-8")
    mode = json.loads(to_json(compile("input 3x8x8\n[relu, dropout 0.5] train\ngap\n")))
    at = next(at for at, node in enumerate(mode["nodes"]) if node["op"]["op"] == "select")
    mode["nodes"][at - 1] = {**mode["nodes"][at - 1], "op": {"op": "gap"}, "shape": [3, 1, 1]}
    (here / "select.json").write_text(json.dumps(mode), encoding="utf-8")
    checkpoints.write(here)
