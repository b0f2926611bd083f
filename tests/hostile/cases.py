"""The specs. Each is a name, what makes it in a folder, and the codes of the errors that it is to have."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from netdsl.elaborate import LIMITS

HEAD = "input 3x8x8\n"

#: How many nodes a net may have; one of them is the input.
NODES = LIMITS.nodes

#: What commands read; other files that a case makes lie beside it.
FILE = "case.net"


class Case(NamedTuple):
    """One spec: ``make`` writes it into a folder. Without ``codes`` it compiles; ``options`` are for every command.

    ``many`` is whether it has more variants than are compiled together, ``either`` whether it may be right or wrong.
    """

    name: str
    make: Callable[[Path], None]
    codes: frozenset[str] = frozenset()
    options: tuple[str, ...] = ()
    many: bool = False
    either: bool = False

    @property
    def raised(self) -> bool:
        """Whether a bound is raised: it is then not the defaults that keep the time."""
        return any(option.startswith("--max-") and int(option.partition("=")[2]) > 1000 for option in self.options)


CASES: dict[str, Case] = {}


def text(name: str, content: str | bytes, *codes: str, options: Iterable[str] = (), many: bool = False) -> None:
    """Adds a case that is one file."""
    data = content.encode() if isinstance(content, str) else content
    made(name, lambda folder: _write(folder / FILE, data), *codes, options=options, many=many)


def either(name: str, content: str) -> None:
    """Adds a case of one file that may be right or wrong, if that is said soon."""
    text(name, content)
    CASES[name] = CASES[name]._replace(either=True)


def made(name: str, make: Callable[[Path], None], *codes: str, options: Iterable[str] = (), many: bool = False) -> None:
    """Adds a case of several files, or of what is no file."""
    assert name not in CASES
    CASES[name] = Case(name, make, frozenset(codes), tuple(options), many)


def files(**contents: str) -> Callable[[Path], None]:
    """What makes files: ``case=`` is the one that is read, ``below_other=`` is ``below/other.net``."""

    def make(folder: Path) -> None:
        for name, content in contents.items():
            path = folder / f"{name.replace('_', '/')}.net"
            path.parent.mkdir(exist_ok=True)
            _write(path, content.encode())

    return make


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def numbered(piece: str, count: int) -> str:
    """``piece`` again and again, ``%d`` in it counted."""
    return "".join(piece.replace("%d", str(number)) for number in range(count))


# -- brackets

for _sign, _name in (("[", "square"), ("(", "round"), ("{", "curly")):
    text(f"ten megabytes of {_name} brackets", _sign * 10_000_000, "ND007")
    text(f"nested {_name} brackets", HEAD + _sign * 200_000 + "\n", "ND218")
text("ten megabytes of brackets, allowed", "[" * 10_000_000, "ND218", options=["--max-bytes=20000000"])
text("nested brackets, closed", HEAD + "[" * 99 + "relu" + "]" * 99 + "\n")
text("many nested brackets, closed", HEAD + ("[" * 99 + "relu" + "]" * 99 + "\n") * (LIMITS.tokens // 201))
text("brackets within, closed", HEAD + "[" * 200_000 + "]" * 200_000 + "\n", "ND218")
text("closing brackets", HEAD + "]" * 400_000, "ND102")
text("brackets of the wrong kind", HEAD + "[ relu }\n" * 40_000, "ND102")
text("blanks in a bracket that is not closed", HEAD + "add { relu |" + " " * 400_000 + "relu\n", "ND102")
text("a long line in a bracket that is not closed", HEAD + "add { relu |" + "[tanh], " * 20_000 + "\n", "ND102")
text(
    "branches of five hundred sizes",
    HEAD + "add { " + " | ".join(f"conv3-8 pad={pad}" for pad in range(500)) + " }\n",
    "ND204",
)
text("joins in joins", HEAD + "add { id | " * 90 + "relu" + " }" * 90 + "\n")
text("parentheses in an expression", "param a = " + "(" * 95 + "1" + ")" * 95 + f"\n{HEAD}conv1-{{a}}\n")

# -- repeats

text("a thousand million convolutions", HEAD + "conv3-64 ×1000000000\n", "ND218")
text("10**18 passes", HEAD + "relu ×{10**18}\n", "ND218")
text("repeats ten deep", HEAD + "[" * 10 + "relu" + "] ×10" * 10 + "\n", "ND218")
text("labelled repeats ten deep", HEAD + "".join(f"a{n}: [" for n in range(10)) + "relu" + "] ×10" * 10 + "\n", "ND218")
text("repeats of nothing ten deep", HEAD + "[" * 10 + "] ×10" * 10 + "\n", "ND218")
text("repeats of what is absent", HEAD + "[" * 10 + "if false { relu }" + "] ×10" * 10 + "\n", "ND218")
text("a repeat that is no number", HEAD + "relu ×{-1}\n", "ND208")
text("a repeat that is not whole", HEAD + "relu ×{1/3}\n", "ND207")
text("as many nodes as are allowed", HEAD + f"conv3-4 ×{NODES - 1}\n")
text("as many nodes as are allowed, styled", f"style conv = _, bn, relu\n{HEAD}conv3-4 ×{(NODES - 1) // 3}\n")
text(
    "as many nodes as are allowed, in blocks",
    "style conv = _, bn\nblock f(c) { add { conv3-c, relu, conv3-c | id }\nrelu }\n"
    f"{HEAD}conv1-4\nf(4) ×{(NODES - 3) // 7}\n",
)
text("as many nodes as are allowed, dense", f"block d {{ concat {{ id | conv3-1 }} }}\n{HEAD}d ×{(NODES - 1) // 2}\n")
text("one node too many", HEAD + f"relu ×{NODES}\n", "ND218")
text("a bound of ten nodes", HEAD + "relu ×10\n", "ND218", options=["--max-nodes=10"])

text("no two layers alike", HEAD + "".join(f"conv1-{n}\n" for n in range(1, min(NODES, LIMITS.tokens // 6))))
text("no two layers alike, as many as are allowed", HEAD + "[" + ", ".join(["relu", "gelu"] * (NODES // 2 - 1)) + "]\n")
text(
    "skips within skips",
    HEAD
    + "conv1-4\n"
    + "".join(f"a{n}: conv3-4\nrelu\n" for n in range(NODES // 4 - 1))
    + "".join(f"add {{ id | @a{n} }}\nrelu\n" for n in reversed(range(NODES // 4 - 1))),
)
text(
    "skips that cross",
    HEAD
    + "conv1-4\n"
    + "".join(f"a{n}: conv3-4\nrelu\n" for n in range(NODES // 4 - 1))
    + "".join(f"add {{ id | @a{n} }}\nconv3-4\n" for n in range(NODES // 4 - 1)),
)
text(
    "each joined to all before",
    HEAD
    + "conv1-1 as t0\nconv1-1 as t1\n"
    + "".join(
        "concat { " + " | ".join(f"@t{n}" for n in range(count)) + f" }}\nconv1-1 as t{count}\n"
        for count in range(2, 170)
    ),
)
text("thousands of branches", HEAD + "concat { " + " | ".join(["conv1-1, relu"] * (NODES // 2 - 1)) + " }\n")
text("thousands of outputs", HEAD + "relu\n" + numbered("output o%d { gap }\n", 3000))
text(
    "outputs of nothing but a tensor",
    HEAD + "relu as t\ntanh as u\n" + numbered("output o%d { @t }\n", 300) + "@u, gelu\n",
)
text(
    "thousands of layers that nothing takes up",
    HEAD + "conv1-4 as t\n" + "conv3-4, maxpool\n@t\n" * (NODES // 2 - 2) + "relu\n",
)
text(
    "branches of adaptive pools",
    HEAD + "avgpool to=5\nadd { avgpool to=3, avgpool to=2 | id, avgpool to=2 }\n" * 300,
)
text(
    "scales that are all joined to one another",
    "input 4x64x64\nconv1-4 as a0\nmaxpool as b0\nmaxpool as c0\n"
    + "".join(
        f"add {{ @a{n} | @b{n}, upsample ×2 | @c{n}, upsample ×4 }} as a{n + 1}\n"
        f"add {{ @a{n}, maxpool2 | @b{n} | @c{n}, upsample ×2 }} as b{n + 1}\n"
        f"add {{ @a{n}, maxpool4 | @b{n}, maxpool2 | @c{n} }} as c{n + 1}\n"
        for n in range(500)
    ),
)
text(
    "blocks in blocks to the leaves, of which no two are alike",
    "block f(n, d) { if d > 0 { f(n*2, d-1), f(n*2+1, d-1) } else { conv1-{1+n} } }\n" + f"{HEAD}f(1, 11)\n",
)
text("hundreds of inputs", numbered("input i%d 3x8x8\n", 500) + "@i0, relu\n")
text("thousands of styles", numbered("style conv = _, relu\n", 4000) + HEAD + "conv3-4\n", "ND223")
text("a style of thousands", "style conv = _" + ", relu" * 2000 + f"\n{HEAD}conv3-4, conv3-4\n")
text(
    "thousands of inits",
    HEAD + "conv3-4 ×3000\n" + numbered("init conv%d = zeros\n", 3000).replace("conv0 ", "conv3000 "),
)
text("thousands of expectations", HEAD + "conv3-4 ×500\n" + "expect params > 0, macs > 0\n" * 2500)
text("thousands of expectations, all wrong", HEAD + "conv3-4 ×500\n" + "expect receptive_field = 1\n" * 4000, "ND211")
text("a droppath in thousands of blocks", f"block f {{ add {{ id | relu, droppath 0..0.2 }} }}\n{HEAD}f ×1600\n")

# -- blocks

text("a block that calls itself", f"block f {{ f }}\n{HEAD}f\n", "ND217")
text("a block that calls itself with a layer", f"block f {{ relu\nf }}\n{HEAD}f\n", "ND217")
text("a block that calls itself twice", f"block f {{ f, f }}\n{HEAD}f\n", "ND217")
text("two blocks that call each other", f"block f(n) {{ g(n+1) }}\nblock g(n) {{ f(n+1) }}\n{HEAD}f(0)\n", "ND217")
text("a block that counts down too far", f"block f(n) {{ if n > 0 {{ f(n-1), f(n-1) }} }}\n{HEAD}f(60)\n", "ND218")
text("a block in its own style", f"style conv = _, f\nblock f {{ conv3-8 }}\n{HEAD}conv3-8\n", "ND229")
text("calls as deep as allowed", f"block f(n) {{ if n > 1 {{ relu\nf(n-1) }} }}\n{HEAD}f(200)\n")
text(
    "calls that are allowed to be deeper",
    f"block f(n) {{ if n > 1 {{ relu\nf(n-1) }} }}\n{HEAD}f(1000)\n",
    options=["--max-calls=2000"],
)
text(
    "a block of a thousand parameters",
    "block f(" + numbered("a%d=1, ", 1000) + f"z=1) {{ relu }}\n{HEAD}" + "f\n" * 5000,
    "ND218",
)
text("thousands of blocks", numbered("block b%d { relu }\n", 7000) + HEAD + numbered("b%d\n", 1000))

text(
    "a chain of blocks that nothing comes to",
    "block b { relu }\n"
    + "".join(f"block b{n} {{ b{n + 1} }}\n" for n in range(4500))
    + f"block b4500 {{ b }}\n{HEAD}if false {{ b0 }}\nrelu\n",
)
text(
    "names that nothing takes up, and names that are computed",
    "block f {\n" + numbered("relu as a%d\n", 4000) + f"}}\n{HEAD}a0: relu\n" + '@"a{1-1}"\nrelu\n' * 2400,
)

# -- numbers

text(
    "growth by *",
    "param a0 = 10\n" + numbered("param b%d = 1\n", 3) + HEAD + "conv1-{10*10*10*10*10*10*10*10*10*10*10*10}\n",
    "ND218",
)
text(
    "growth by * of parameters",
    "param a0 = 9\n" + "".join(f"param a{n + 1} = a{n}*a{n}\n" for n in range(60)) + HEAD + "relu\n",
    "ND219",
)
text("growth by **", f"param a = 2**2**2**2**2**2\n{HEAD}relu\n", "ND219")
text("a large power", f"param a = 7**99999999999999\n{HEAD}relu\n", "ND219")
text("powers in a row", "param a = 1" + "**1" * 90 + f"\n{HEAD}conv1-{{a}}\n")
text("many powers in a row", "param a = 1" + "**1" * 20_000 + f"\n{HEAD}relu\n", "ND219")
text("many minus signs", HEAD + "dropout {" + "-" * 40_000 + "1}\n", "ND219")
text("many nots", "param a = " + "not " * 40_000 + f"true\n{HEAD}relu\n", "ND219")
text("a long sum", "param a = 1" + "+1" * 20_000 + f"\n{HEAD}relu\n", "ND219")
text("integers of 10,000 digits", HEAD + "conv3-" + "9" * 10_000 + "\n", "ND219")
text("an input of 10,000 digits", "input 3x" + "9" * 10_000 + "x8\nrelu\n", "ND219")
text("a repeat of 10,000 digits", HEAD + "relu ×" + "9" * 10_000 + "\n", "ND219")
text("a parameter of 10,000 digits", "param a = " + "9" * 10_000 + f"\n{HEAD}relu\n", "ND219")
text("a float of 10,000 digits", HEAD + "dropout 0." + "1" * 10_000 + "\n")
text("an exponent of 10,000 digits", HEAD + "dropout 1e" + "9" * 10_000 + "\n", "ND219")
text("an expectation of 10,000 digits", HEAD + "relu\nexpect params = " + "9" * 10_000 + "\n", "ND219")
text("division by zero", f"param a = 1/0\nparam b = 1//0\nparam c = 1%0\n{HEAD}relu\n", "ND219")
text("division by what comes to zero", HEAD + "conv3-{64 // (in.c - in.c)} ×1\n", "ND219")
text("zero to a negative power", f"param a = 0**-1\n{HEAD}relu\n", "ND219")
text("infinity", f"param a = 1e999\nparam b = inf\n{HEAD}dropout {{1e308*10}}\n", "ND203", "ND219")
text("no number", f"param a = nan\nparam b = (1e300*1e300)-(1e300*1e300)\n{HEAD}relu\n", "ND203", "ND219")
text("a parameter set to infinity", f"param p = 0.5\n{HEAD}dropout {{p}}\n", "ND004", options=["--set=p=inf"])
text("a parameter set to no number", f"param p = 0.5\n{HEAD}dropout {{p}}\n", "ND004", options=["--set=p=nan"])
text(
    "a parameter set to 10,000 digits",
    f"param p = 1\n{HEAD}conv1-{{p}}\n",
    "ND004",
    options=["--set=p=" + "9" * 10_000],
)
text("a huge tensor", "input 3x1000000x1000000x1000000\nrelu\n", "ND218")
text("a huge tensor in between", "input 1x1x1\nconv1-1000000000000000\n", "ND218")
text("a tensor that doubles", HEAD + "concat { id | id } ×60\n", "ND218")
text("huge weights", "input 1000000000000\nfc-1000000000000\nfc-10\n")
text("strides that multiply", HEAD + f"conv1-3/2 ×{NODES - 1}\n")
text("strides that multiply, back and forth", HEAD + f"[upsample ×2, maxpool] ×{NODES // 2 - 1}\n")
text("windows that grow", HEAD + f"conv3-3 dilation=1000000 pad=1000000 ×{NODES - 1}\n")
text("texts that are added", 'param a = "a" + "a"\n' + HEAD + "relu\n", "ND209")
text("unknown functions", f"param a = __import__(1)\nparam b = exec(1)\n{HEAD}relu\n", "ND203")

text("a crop that no stride makes", "input 1x1000000000000\nadd { crop 999999999998 | id }\n", "ND204")
text("paddings of an enormous window", "input 3x1000000\nadd { maxpool999983 | id }\n", "ND204")
text("adaptive windows without number", "input 3x1000000\navgpool to=999999999989\n")
text("a transposed convolution of an enormous stride", "input 3x1000000\nupconv3-2/999983 dilation=1000000\n")
text("groups without number, moved", "input 1000000000x4\nconv1-1000000000 groups=1000, permute 2x1, conv3-3\n")

_FIRST, _SECOND = "999983", "999999999989"  # primes, which nothing divides
for _line in (
    "conv{a}-3/{b}", "conv3-3 dilation={b} pad={b} /{a}", "conv3-{b}", "dwconv{b}", "sepconv{a}-4/{b}", "maxpool{a}",
    "maxpool{a}/1 pad=0", "maxpool{b} ceil", "avgpool{a}/7 pad=1", "avgpool to={a}", "maxpool to={b}", "lppool{a}/{b}",
    "subsample{a}", "upconv{a}-2/{b}", "upconv{b}-2/7", "upconv7-2/{a} dilation=3", "upconv3-2/7 dilation={b}",
    "upsample ×{a}", "upsample bilinear ×{b}", "upsample to={b}", "pad {b}", "pad {a} mode=reflect", "crop {a}",
    "lrn {b}", "gn {a}", "shuffle {b}", "space_to_depth {a}", "depth_to_space {a}", "reshape {a}x1", "flatten, fc-{b}",
    "rbf-{b}", "chunk 0 of={b}", "take 0 {b}", "linear-{b}", "upsample ×{a}, maxpool{b}/7",
    "avgpool3/2, avgpool to=7, avgpool to={b}",
    "upsample to={a}, conv3-4, upsample to={b}, conv3-4", "add {{ conv{a}-3/1 pad=0 | id }}",
    "add {{ upsample ×{a} | id }}", "add {{ crop {a} | conv3-3/2 }}", "concat {{ avgpool{a}/{b} | id }}",
    "concat {{ upconv{a}-2/{a} | maxpool{b}/{a} }}", "permute 2x1, avgpool to={a}, permute 2x1, conv3-3/{b}",
    "conv3-3/{a} ×3, upconv{a}-3/{b} ×2",
):  # fmt: skip
    for _shape in ("3x1000000", "12x999999999989", "1x1000000x1000000"):
        _rows = _line.format(a=_FIRST, b=_SECOND)
        either(f"{_shape}, {_rows}", f"input {_shape}\n{_rows}\n")

# -- tables

text("a ragged table", HEAD + "table A | B | C {\n relu | gelu\n relu | gelu | silu | relu\n | relu\n}\n", "ND222")
text("a table of bars", HEAD + "table A | B {\n" + "|" * 40_000 + "\n}\n", "ND222")
text("a table of lines of bars", HEAD + "table A | B {\n" + "|\n" * 40_000 + "}\n")
text("a table of a thousand columns", HEAD + "table " + numbered("c%d | ", 1000) + "z {\n relu\n}\n", many=True)
text("a table of one column, named often", HEAD + "table c" + " | c" * 20_000 + " {\n relu\n}\n", "ND223")
text("a thousand tables", HEAD + "table A | B {\n relu | gelu\n}\n" * 1000)
text("a thousand variants", "param p = 1\n" + numbered("variant v%d: p = 2\n", 1000) + HEAD + "relu\n", many=True)
text(
    "a thousand variants of many nodes",
    "param p = 1\n" + numbered("variant v%d: p = 2\n", 1000) + HEAD + f"relu ×{NODES // 2}\n",
    many=True,
)
text(
    "variants built on one another",
    "param p = 1\n"
    + "variant v0: p = 1\n"
    + "".join(f"variant v{n + 1} = v{n}: p = 1\n" for n in range(3000))
    + f"default v3000\n{HEAD}relu\n",
    many=True,
)

# -- text and bytes

text("nothing", b"", "ND227")
text("blanks", b" \t \n \n\t", "ND227")
text("comments", "# " * 100 + "\n" + "# a\n" * 100_000, "ND227")
text("a long comment", "# " + "a" * 400_000 + f"\n{HEAD}relu\n")
text("blank lines", "\n" * 200_000 + HEAD + "\n" * 200_000 + "relu\n")
text("no newline at the end", HEAD + "relu")
text("a byte order mark", b"\xef\xbb\xbf" + HEAD.encode() + b"relu\n")
text("two byte order marks", b"\xef\xbb\xbf\xef\xbb\xbf" + HEAD.encode() + b"relu\n", "ND103")
text("Windows' line ends", (HEAD + "add {\n relu\n | id\n}\n").replace("\n", "\r\n"))
text("old line ends", (HEAD + "relu\n").replace("\n", "\r"), "ND101")
text("UTF-16", (HEAD + "relu\n").encode("utf-16"), "ND002")
text("UTF-16 without a mark", (HEAD + "relu\n").encode("utf-16-le"), "ND002")
text("UTF-32", (HEAD + "relu\n").encode("utf-32"), "ND002")
text("Latin-1", (HEAD + "relu # für\n").encode("latin-1"), "ND002")
text("bytes", bytes(range(256)) * 100, "ND002")
text("a picture", b"\x89PNG\r\n\x1a\n" + bytes(1000), "ND002")
text("NUL bytes", HEAD.encode() + b"re\0lu\n", "ND002")
text("a megabyte of NUL bytes", bytes(450_000), "ND002")
text("control characters", HEAD + "re\x1b[31mlu\x07\n", "ND102", "ND103")
text("characters for private use", HEAD + "relu \ue000\n", "ND103")
text("a letter of no plane", HEAD.encode() + b"\xed\xa0\x80\n", "ND002")
text("letters that turn the line", HEAD + "relu \u202e gelu\n", "ND103", "ND202")
text("wide blanks", HEAD + "relu\u3000\n", "ND103")
text("a wrong word of 400,000 letters", HEAD + "a" * 400_000 + "\n", "ND103")
text("a word of 400,000 digits", HEAD + "conv" + "1" * 400_000 + "\n", "ND103")
text("two words of 400 letters", f"param {'a' * 400} = 1\n{HEAD}conv1-{{{'a' * 399}b}}\n", "ND203")
text("quotation marks", HEAD + '"' * 400_000 + "\n", "ND101")
text("a text that never ends", HEAD + '"' + '\\"' * 200_000 + "\n", "ND101")
text("a text of braces", HEAD + '"' + "{1}" * 100_000 + '": relu\n', "ND103")
text("commas", HEAD + "relu" + "," * 200_000 + "\n", "ND101")
text("dots", HEAD + "a" + "." * 200_000 + ": relu\n", "ND101")
text("a label of 100,000 parts", HEAD + "a" + ".a" * 100_000 + ": relu\n", "ND007")
text("lines", HEAD + "relu\n" * 80_000, "ND007")
text("as many lines as are read", HEAD + "relu\n" * (NODES - 1))
text("words", HEAD + "relu" + " a" * 200_000 + "\n", "ND007")
text("errors", HEAD + "rlu\n" * 20_000, "ND201")
text("errors, no two alike", HEAD + numbered("rlu%dx\n", 20_000), "ND201")
text(
    "errors that have much to choose from",
    numbered("param a%d = 1\n", 4000) + HEAD + numbered("conv1-{b%d}\n", 3000),
    "ND203",
)
text(
    "errors that look for divisors",
    "input 999983x1x1\nconcat { " + " | ".join(f"conv1-999983 groups={n}" for n in range(500_000, 500_150)) + " }\n",
    "ND206",
)
text(
    "a permutation of very many axes",
    "input 3x3x3x2\nreshape 2x3x3x3x1x1x1x1x1x1x1x1x1\n"
    "add { permute 2x1x3x4x5x6x7x8x9x10x11x12x13 | reshape 1x1x1x1x1x1x54x1x1x1x1x1x1 }\n",
    "ND204",
)
text(
    "a tensor of thousands of axes",
    "input 3x3x3x2\nreshape 54"
    + "x1" * 9000
    + "\nadd { permute 2x1x"
    + "x".join(map(str, range(3, 9002)))
    + " | id }\n",
    "ND219",
)
text(
    "thousands of tensors of many axes",
    "input 3x3x3x2\nreshape 54" + "x1" * 15 + "\n[relu, permute " + "x".join(map(str, range(16, 0, -1))) + "] ×2400\n",
)
text(
    "a scope of thousands of labelled paths",
    "input 3x8x8\n" + "".join(f"a.b{n % 50}.c{n}: conv3-4\n" for n in range(4000)),
)
text("thousands of pasted lines", HEAD + "Conv2d(3, 64, 3)\n" * 3000, "ND201")
text("thousands of slips", HEAD + numbered("conv3_%d\n", 3000), "ND201")
text("thousands of unknown attributes", HEAD + "conv3-4 " + numbered("pda%d=3 ", 3000) + "\n", "ND202")
text("syntax errors", HEAD + "relu |\n" * 30_000, "ND101")
text("syntax errors in one bracket", HEAD + "[\n" + ("relu\n" * 1000 + "relu |\n") * 19 + "]\n", "ND101")
text("an unclosed bracket at the top", "[\n" + HEAD + "relu\n" * (NODES - 1), "ND102")
text("a bound of ten bytes", HEAD + "relu\n", "ND007", options=["--max-bytes=10"])

# -- names: words of Python's, of torch's, of ours

for _word in ("__class__", "__init__", "__dict__", "forward", "lambda", "training", "class", "import", "None"):
    text(f"a label {_word}", HEAD + f"{_word}: conv3-4\n", "ND213")
for _word in (
    "self",
    "super",
    "nn",
    "torch",
    "F",
    "x",
    "print",
    "Net",
    "math",
    "functools",
    "init",
    "_",
    "main",
    "__x",
):
    text(f"a label {_word}", HEAD + f"{_word}: conv3-4, relu\n{_word}2: [conv3-4, relu]\n")
text("a label that is code", HEAD + '"x; import os": conv3-4\nrelu\n')
text("a label that is code, in braces", HEAD + '"{__import__(1)}": conv3-4\nrelu\n', "ND203")
text("a label that ends a text", HEAD + """"a'b\\"c\\\\d": conv3-4\nrelu\n""")
text("a label of a newline", HEAD + '"a\\nb": conv3-4\n', "ND213")
text("a label of nothing", HEAD + '"": conv3-4\n', "ND213")
text("a label of blanks", HEAD + '" ": conv3-4\n"  ": [conv3-4, relu]\n')
text("a label in another script", HEAD + '"слой": conv3-4\n"层": [conv3-4, relu]\n')
text(
    "labels of marks",
    HEAD + '"<b>": conv3-4\n"&amp;|": [conv3-4, relu]\n"%s{0}\\{x": relu\n',
)
text(
    "blocks called like Python's",
    f"block self(c) {{ conv3-c, relu }}\nblock forward {{ relu }}\n{HEAD}self(4), forward\n",
)
text(
    "parameters called like Python's",
    "block f(self, torch, nn, in_channels) { conv3-{self}, conv1-{torch+nn+in_channels} }\n"
    f"{HEAD}f(1, 2, 3, 4), f(4, 3, 2, 1)\n",
)
text(
    "outputs called like Python's",
    HEAD + "relu\noutput class { gap }\noutput forward { gap }\noutput self { gap }\n",
    "ND213",
)
text(
    "outputs called like a tuple's",
    HEAD + "relu\noutput count { gap }\noutput index { gap }\noutput _fields { gap }\noutput _asdict { gap }\n",
)
text("names of 500 letters", HEAD + "a" * 500 + ": [" + "b" * 500 + ": conv3-4, relu]\n")
text(
    "names that are long together",
    HEAD + "".join(f"{'a' * 400}{n}: [" for n in range(90)) + f"relu ×{NODES - 1}" + "]" * 90 + "\n",
    "ND218",
)

# -- the title, and the net's name

for _name, _title in {
    "quotes": "it's \\\"quoted\\\", it's",
    "triple quotes": '\\"\\"\\"; import os; \\"\\"\\"',
    "three apostrophes": "'''".replace("\\", ""),
    "backslashes": "\\\\ \\\\\\\\ \\x41 \\u0041 \\N{DIGIT ONE}",
    "a backslash at the end": "ends in \\\\",
    "newlines": "one\\ntwo\\n\\nimport os\\n",
    "tabs": "a\\tb",
    "marks of HTML": "</title><script>alert(1)</script>&amp;<!-- -->",
    "marks of a table": "a | b || c \\\\| `d` **e** _f_ [g](h)",
    "marks of LaTeX": "\\\\input{/etc/passwd} $x$ 50% #1 a_b ~ ^ &",
    "marks of formats": "%s {0} {x} ${HOME} $(id) `id`",
    "other scripts": "网络 сеть 🙂",
}.items():
    text(f"a title with {_name}", f'net a "{_title}"\n{HEAD}a: conv3-4, relu\ngap, fc-10\n')
text("a net called like Python's", f"net class\n{HEAD}relu\n")
text("a net called by a number", f"net 18\n{HEAD}relu\n")
text("a net called by a path", f"net .._.._etc_passwd\n{HEAD}relu\n", "ND101")
text("a net of 500 letters", f"net {'a' * 500}\n{HEAD}relu\n")

# -- other files

made("use of itself", files(case=f'use "case.net"\n{HEAD}relu\n'), "ND224")
made(
    "use in a circle",
    files(
        case=f'use "a.net" (f)\n{HEAD}f\n',
        a='use "b.net" (g)\nblock f { g }\n',
        b='use "c.net" (h)\nblock g { h }\n',
        c='use "a.net" (f)\nblock h { f }\n',
    ),
    "ND224",
)
made("use of a missing file", files(case=f'use "nowhere.net"\n{HEAD}relu\n'), "ND224")
made("use of a folder", files(case=f'use "below"\n{HEAD}relu\n', below_other="block f { relu }\n"), "ND224")
made("use of /etc/passwd by dots", files(case=f'use "../../../../../../etc/passwd"\n{HEAD}relu\n'), "ND224")
made("use of /etc/passwd", files(case=f'use "/etc/passwd"\n{HEAD}relu\n'), "ND224")
made("use of another folder by dots", files(case=f'use "below/../../other.net"\n{HEAD}relu\n'), "ND224")
made("use of a home", files(case=f'use "~/x.net"\n{HEAD}relu\n'), "ND224")
made("use of a name with a line in it", files(case=f'use "a\\nb.net"\n{HEAD}relu\n'), "ND224")
made("use of a file that is none", files(case=f'use "a.net"\n{HEAD}relu\n', a="\x00\x01"), "ND224")
made("use of a file of errors", files(case=f'use "a.net"\n{HEAD}relu\n', a="relu |\n" * 40_000), "ND101")
made("use of a long file", files(case=f'use "a.net"\n{HEAD}relu\n', a="# a\n" * 200_000), "ND224")
made(
    "use of files in a row",
    lambda folder: files(case=f'use "f0.net"\n{HEAD}relu\n', **{f"f{n}": f'use "f{n + 1}.net"\n' for n in range(500)})(
        folder
    ),
    "ND007",
)
made(
    "use of many long files",
    lambda folder: files(
        case=numbered('use "f%d.net"\n', 50) + HEAD + "relu\n",
        **{f"f{n}": numbered(f"block b{n}_%d {{ relu }}\n", 2000) for n in range(50)},
    )(folder),
    "ND007",
    "ND224",
)


def _link(to: str) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        files(case=f'use "link.net"\n{HEAD}relu\n')(folder)
        (folder / "link.net").symlink_to(to)

    return make


made("use of a link out of the folder", _link("/etc/passwd"), "ND224")
made("use of a link to itself", _link("link.net"), "ND224")
made("use of a link to nowhere", _link("nowhere.net"), "ND224")
made("use of a device", _link("/dev/zero"), "ND224")

# -- what the rules that say what was meant look at

_PRIME = 9_999_999_999_971  # as many elements as a tensor may have

text("blanks in a row of a paper", HEAD + ("3x3" + " " * 900 + "!\n") * 20, "ND101")
text("blanks in a loop", HEAD + ("for" + " " * 450 + "a" + " " * 450 + "!\n") * 20, "ND101")
text("blanks before a sign", HEAD + ("a " * 250 + " " * 480 + "- \n") * 20, "ND101")
text("blanks in a title", ("net a" + " " * 478 + "1;" * 238 + "'1\n") * 20 + HEAD, "ND101", "ND106")
text("blanks above columns", HEAD + " " * 3000 + "# x\na | b {\n}\n", "ND101")
text("a long word above columns", HEAD + "a" * 100_000 + "-3\na | b {\n}\n", "ND101", "ND103")
text("blanks in a head of a function", HEAD + "def a" + " " * 4000 + "x\n}\n", "ND102", "ND201")
text("blanks before what closes nothing", HEAD + "block f" + " " * 100_000 + "{ relu }\n}\n", "ND102", "ND227")
text("a style of kinds with and between", HEAD + "style a" + " and b" * 200 + "\n", "ND101")
text("words with a line of underscores", HEAD + ("a:" + " def" * 119 + " a" + "_" * 478 + "|\n") * 20, "ND101")
text("choices on one line that close nothing", HEAD + "if a " * 60_000 + "\n}\n", "ND101", "ND102")
text("arrows to words", HEAD + numbered("block b%d { relu }\n", 8000) + ("a" + " -> zz" * 140 + "\n") * 20, "ND101")
text("slips in a long group", HEAD + "[\n" + "relu\n" * 1000 + "relu conv3-8 conv3-8\n" * 20 + "]\n", "ND101")
text("quotes that do not close", HEAD + "\x01\n" + '\\"' * 100_000 + "\n", "ND101", "ND103")
text("a class that goes on", "import a\nclass " + "a" * 30_000 + "\n!\n", "ND101", "ND103")
text("uses that cannot be read", HEAD + "use " + "use " * 6000 + "|\n" + "ua\nub\nuc\n" * 300, "ND101", "ND201")
text("a sign at the beginning, and the other at the end", ">\n<", "ND101", "ND227")
text("signs around a line", "> relu <", "ND101", "ND227")
text("thousands of rows that declare", HEAD + "let n\n" * 12_000, "ND201")
text("a long line that denies again and again", HEAD + ("a " * 400 + "-bn " * 20 + "!\n") * 20, "ND101")
text("long lines below one another, taken out", HEAD + ("param a = " + "'" * 980 + ",\n") * 25, "ND101")
text("brackets of one kind in a list of another", HEAD + ("cat([" + "{a}" * 325 + ")\n") * 25, "ND102")
text("closed brackets in one that is not", HEAD + "x = cat([" + "[1]" * 160_000 + " { relu }\n", "ND007")
text("thousands of strays of several kinds", HEAD + "relu\u3000\u2003\u200b\n" * 20_000, "ND103", "ND218")
text("a long word that is returned", HEAD + ("return " + "a" * 400 + " !\n") * 20, "ND101")
text("columns of counts with blanks between", HEAD + ("11 layers" + " | 13    layers    " * 40 + "!\n") * 20, "ND101")
text("digits at a word, and an arrow", HEAD + ("conv" + "1" * 980 + " ->\n") * 25, "ND101")
text("tabs before a sign", HEAD + ("dropout " + "\t" * 980 + "!\n") * 25, "ND101")
text("groups of one value", f"input {_PRIME}x1x1\nb: relu\n" + f"@b, gn {_PRIME}\n" * 100, "ND221")
text("groups that do not divide", f"input {_PRIME}x1x1\nb: relu\n" + f"@b, shuffle {10**9}\n" * 100, "ND206")
text("inits of what is not there", HEAD + numbered("a%d: conv1-1\n", 3000) + "init zz = zeros\n" * 100, "ND231")
text(
    "variants built on what is not there",
    "param w = 1\n" + numbered("variant v%d: w = 1\n", 4000) + numbered("variant u%d = q%d: w = 1\n", 100) + HEAD,
    "ND003",
    "ND218",
    "ND227",
    many=True,
)

# -- what is no file

made("a folder", lambda folder: (folder / FILE).mkdir(), "ND001")
made("a named pipe", lambda folder: os.mkfifo(folder / FILE), "ND001")
made("a device without an end", lambda folder: (folder / FILE).symlink_to("/dev/zero"), "ND001")
made("a link to itself", lambda folder: (folder / FILE).symlink_to(FILE), "ND001")
made("no file", lambda folder: None, "ND001")
made("a file without an end", lambda folder: (folder / FILE).symlink_to("/proc/self/mem"), "ND001", "ND002", "ND007")
