"""What stands around layers in other tools: heads of classes and functions, imports, ``return x``.

Rules of the same form as those of ``signs.py``; ``advice.py`` tries them all.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from netdsl import zoo
from netdsl.diagnostics import Advice
from netdsl.syntax.helps.forward import COMMON, tensor
from netdsl.syntax.helps.mistake import Mistake

#: How many lines a run of heads may have.
_MOST_LINES = 40
_CLASS = re.compile(r"class[ \t]+(?P<name>[A-Za-z_]\w*)[ \t]*(?:\([^()]*\))?[ \t]*:")
_DEF = re.compile(r"(?:async[ \t]+)?def[ \t]+(?P<name>[A-Za-z_]\w*)[ \t]*\((?P<given>.*)\)[ \t]*(?:->[^:]*)?:")
_SUPER = re.compile(r"(?:super[ \t]*\([^()]*\)|(?:\w+\.)*Module)\.__init__\(.*\)")
_IMPORT = re.compile(r"import[ \t]+[\w.]+(?:[ \t]+as[ \t]+\w+)?|from[ \t]+[\w.]+[ \t]+import[ \t]+[\w.,()* \t]+")
_FORWARD = ("forward", "call", "__call__")


#: What programs take in that make nets; a spec needs none of it.
_LIBRARIES = frozenset(
    [
        "torch", "torchvision", "timm", "tensorflow", "keras", "tf", "numpy", "np", "math", "typing", "os", "sys",
        "jax", "functools", "collections", "einops", "flax", "mxnet", "paddle", "caffe", "onnx", "dataclasses",
        "__future__", "itertools", "fvcore", "lightning", "pytorch_lightning", "torchinfo", "torchsummary", "nn",
    ]
)  # fmt: skip
_TAKEN = re.compile(
    r"(?:from[ \t]+(?P<of>[\w.]+)[ \t]+import[ \t]+(?P<names>[\w,()* \t]+)|import[ \t]+(?P<file>[\w.]+))"
    r"(?:[ \t]+as[ \t]+\w+)?"
)


def _used(mistake: Mistake) -> str | None:
    """``from zoo import resnet``, ``from blocks import se, bottleneck``: blocks of another file."""
    end = mistake.code_end()
    line = mistake.text[mistake.begin : end].strip()
    found = _TAKEN.fullmatch(line)
    module = (found["of"] or found["file"]).strip(".") if found is not None else ""
    if found is None or not module or module.split(".")[0] in _LIBRARIES:
        return None
    names = [name for name in re.findall(r"\w+", found["names"] or "") if name != "as"]
    begin = mistake.begin + len(mistake.text[mistake.begin : end]) - len(mistake.text[mistake.begin : end].lstrip())
    mistake.instead(f"a spec has no `{line.split()[0]}`", begin, begin + len(line))
    last, specs = module.split(".")[-1], zoo.names()
    if last in specs:
        use = f'use "{zoo.PREFIX}{last}"' + (f" ({', '.join(names)})" if names else "")
    elif names and set(names) <= {*specs}:
        use = "\n".join(f'use "{zoo.PREFIX}{name}"' for name in names)
    else:
        use = f'use "{module.replace(".", "/")[:40]}.net"' + (f" ({', '.join(names)[:40]})" if names else "")
        return f"`{use}` takes blocks of a file beside this one"
    shown = use.partition("\n")[0]
    return Advice(f"blocks of another file are taken by `{shown}`", mistake.edit(use, begin, end))


def _given(text: str) -> list[str]:
    """The names that a function of Python's takes, but for ``self``."""
    flat = re.sub(r"\[[^\[\]]*\]", "", text)
    names = [re.split("[:=]", part)[0].strip() for part in flat.split(",")]
    return [name for name in names if re.fullmatch(r"[A-Za-z_]\w*", name) and name not in ("self", "cls")]


def _head(mistake: Mistake) -> str | None:
    """``import torch``"""
    return _heads(mistake, most=1)


def _of_a_file(line: str) -> bool:
    """Whether a line takes in what is no library's."""
    found = _TAKEN.fullmatch(line)
    return found is not None and (found["of"] or found["file"]).strip(".").split(".")[0] not in _LIBRARIES


def _heads(mistake: Mistake, most: int = _MOST_LINES) -> str | None:
    """``class Net(nn.Module):``, ``def __init__(self):``, ``super().__init__()``: all that stand below one another."""
    text, source = mistake.text, mistake.source
    begin, at, end = mistake.begin, mistake.begin, mistake.begin
    classes, constructed, functions, forward, imports = [], [], [], [], False
    for _ in range(most):
        stop = text.find("\n", at)
        stop = len(text) if stop < 0 else stop
        line = text[at:stop].partition("#")[0].strip()
        if (found := _CLASS.fullmatch(line)) is not None:
            classes.append(found["name"])
        elif (found := _DEF.fullmatch(line)) is not None:
            if found["name"] == "__init__":
                constructed += _given(found["given"])
            elif found["name"] in _FORWARD:
                forward.append(_given(found["given"]))
            else:
                functions.append((found["name"], _given(found["given"])))
        elif _IMPORT.fullmatch(line) is not None and (begin == at or not _of_a_file(line)):
            imports = True
        elif line and _SUPER.fullmatch(line) is None:
            break
        if line:
            end = stop
        at = stop + 1
        if at >= len(text):
            break
    if end == begin:
        return None
    last = text.rfind("\n", 0, end) + 1
    mistake.below = last if last > begin else None
    first = begin + len(text[begin:end]) - len(text[begin:end].lstrip())
    shown = re.match(r"[^\n#]*", text[first:end])
    assert shown is not None
    word = re.match(r"\w+", text[first:])[0]  # type: ignore[index]
    mistake.instead(f"a spec has no `{word}`", first, first + len(shown.group().rstrip()))
    others = re.findall(r"^[ \t]*class[ \t]+(\w+)", source, re.MULTILINE)
    if functions or constructed or (classes and classes[-1] != others[-1]):
        name, given = functions[0] if functions else (classes[-1] if classes else "name", constructed)
        given = [one for one in given if one not in COMMON]
        parameters = f"({', '.join(given[:5])})" if given else ""
        return f"what is used again is a block: `block {name[:40]}{parameters} {{ … }}`, its layers between the braces"
    several = next((given for given in forward if len(given) > 1), None)
    if several is not None:
        inputs = f"`input {several[0][:30]} 3x32x32`, `input {several[1][:30]} 3x32x32`"
        return f"each tensor that enters is declared: {inputs}"
    behind = min(end + 1, len(text))
    named = re.search(r"^[ \t]*net[ \t]+\w", source, re.MULTILINE) is not None
    above = re.search(r"^[ \t]*[^\s#]", source[:begin], re.MULTILINE) is not None
    remark = "#" in text[begin:end]
    if classes and not named:
        line = f"net {classes[0]}"
        help = f"a net has its name in a line, `{line[:44]}`, and its layers below"
        plain = not above and not remark
        return Advice(help, mistake.edit(line + "\n", begin, behind)) if plain else help
    lines = "the line" if mistake.below is None else "these lines"
    if classes or not forward:
        help = f"a file is a net, and a line a layer: leave {lines} out"
        help = f"the layers are known without it: leave {lines} out" if imports and not classes else help
    else:
        help = f"a spec has no `forward`: layers act in the order of their lines; leave {lines} out"
    return help if remark else Advice(help, mistake.edit("", begin, behind))


def _returned(mistake: Mistake) -> str | None:
    """``return x``, ``return a, b``"""
    end = mistake.code_end()
    code = mistake.text[mistake.begin : end]
    found = re.fullmatch(r"[ \t]*return\b[ \t]*\(?((?:[ \t]*+@?[A-Za-z_]\w*+[ \t]*+,?)*+)\)?[ \t]*;?", code)
    if found is None:
        return None
    begin = mistake.begin + len(code) - len(code.lstrip())
    mistake.instead("nothing is returned: the last row gives the net's output", begin, begin + 6)
    names = re.findall(r"\w+", found[1])
    if len(names) > 1:
        further = f"`output {names[1][:30]} {{ @{names[1][:30]} }}` a further one"
        return f"a last row `@{names[0][:30]}` makes the main output, and {further}"
    branch = tensor(mistake, names[0]) if names else "id"
    if branch == "id" or (branch is None and names[0] in COMMON):
        inside = (
            re.search(r"^[ \t]*(?:block|output)\b", mistake.source[: mistake.begin], re.MULTILINE) and code[0] in " \t"
        )
        what = "what stands last is given out" if inside else "the last row is the output"
        behind = min(mistake.end + 1, len(mistake.text))
        edit = mistake.edit("", mistake.begin, behind) if end == mistake.end else mistake.edit("", begin, end)
        return Advice(f"{what} without a word: leave the line out", edit)
    if branch is None:
        name = names[0][:30]
        return f"`{name}:` before the layer that makes it gives it a name, and a last row `@{name}` makes it the output"
    return Advice(f"a last row `{branch[:60]}` makes that tensor the output", mistake.edit(branch, begin, end))


#: Of rows that can be read, too.
ROWS: tuple[Callable[[Mistake], str | None], ...] = (_used, _head, _returned)
#: Before all that looks at the parts of a line.
RULES: tuple[Callable[[Mistake], str | None], ...] = (_used, _heads, _returned)
