"""Lines of a ``forward``: ``x = relu(x)``, ``x = x + skip``, ``torch.cat([a, b], 1)``, and the rows that they come to.

A program names each tensor; in a spec a layer takes what the one before it gives, and only what is taken up elsewhere
has a name. Rules of the same form as those of ``signs.py``; ``advice.py`` tries them all.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from netdsl.diagnostics import Advice
from netdsl.syntax.helps.mistake import KEYWORDS, Mistake

#: What a tensor is called that every line makes anew.
COMMON = frozenset(["x", "y", "z", "h", "out", "net", "output", "hidden", "feat", "feature", "tensor", "inputs"])
#: How much of the text around a line is looked at.
_NEAR = 4000
#: How deep calls are followed: `relu(bn(conv3-64(x)))`.
_DEEPEST = 8
_ASSIGNED = re.compile(r"(?P<name>[A-Za-z_]\w*)[ \t]*(?P<sign>[-+*]?=)(?!=)[ \t]*(?P<made>\S.*)")
_HEAD = r"[A-Za-z_]\w*(?:-(?:\w+|\{[^{}]*\}))?(?:/(?:\w+|\{[^{}]*\}))?"
_LAYER = re.compile(rf"{_HEAD}(?:[ \t]+\w+(?:=\w+)?)*")
_CALL = re.compile(rf"(?P<of>(?:self\.|F\.|nn\.functional\.|torch\.|tf\.nn\.)?{_HEAD})[ \t]*\((?P<inside>.*)\)")
_NAME = re.compile(r"@?[A-Za-z_]\w*")
#: A join of tensors that stand in a list, or as arguments.
_LISTED = re.compile(
    r"(?:[A-Za-z_]\w*\.)*(?P<word>[A-Za-z]+)[ \t]*(?:\([^()]*\)[ \t]*(?=\())?\([ \t]*(?:[\[(](?P<list>[^()\[\]]*)[\])]|"
    r"(?P<plain>[^()\[\]=]*?))[ \t]*(?:,[ \t]*(?:(?:dim|axis)[ \t]*=[ \t]*)?(?P<axis>-?\d+)[ \t]*)?\)"
)
_BARE = re.compile(r"(?P<word>add|concat|mul|sub)[ \t]*\[(?P<list>[^()\[\]|{}]*)\]", re.IGNORECASE)
_JOINS = {
    "cat": "concat", "concat": "concat", "concatenate": "concat", "add": "add", "sum": "add", "mul": "mul",
    "multiply": "mul", "sub": "sub", "subtract": "sub",
}  # fmt: skip
_SIGNS = {"+": "add", "-": "sub", "*": "mul"}
#: Layers that need nothing said, which a module called so is.
_PLAIN = re.compile(r"(relu6?|gelu|silu|sigmoid|tanh|elu|selu|mish|bn|flatten|gap)_?\d*")
_DEF = re.compile(r"^[ \t]*def\b.*$", re.MULTILINE)
_FLAT = re.compile(
    r"(?P<of>[A-Za-z_]\w*)\.(?:flatten\([ \t]*(?:start_dim[ \t]*=[ \t]*)?1[ \t]*\)|"
    r"(?:view|reshape)\((?:(?P=of)\.(?:size\(0\)|shape\[0\])|-1)[ \t]*,[ \t]*(?:-1|\d+)[ \t]*\)|view\(-1\)|flatten\(\))"
)
_MEAN = re.compile(
    r"(?P<of>[A-Za-z_]\w*)\.mean\((?:(?:dim|axis)[ \t]*=[ \t]*)?[\[(][ \t]*(?:2,[ \t]*3|-2,[ \t]*-1)[ \t]*[\])]\)"
)


#: An input without a name.
_ENTERS = re.compile(r"^[ \t]*input[ \t]+(\d[\dx]*)[ \t\r]*(?:#.*)?$", re.MULTILINE)
_OPERAND = re.compile(r"(?<![\w.@])[A-Za-z_]\w*(?![\w(.])")


class _Unclear(Exception):
    """A line of which no row can be made for sure; its text is the help, where one is known."""


class _Line:
    """One line of a program, and the names of tensors that are known where it stands."""

    def __init__(self, mistake: Mistake) -> None:
        self.mistake = mistake
        text = mistake.text
        self.end = mistake.code_end()
        line = text[mistake.begin : self.end]
        self.begin = mistake.begin + len(line) - len(line.lstrip())
        self.code = line.strip().rstrip("; \t")
        #: what stands before the tensor that a function returns
        self.returned = re.match(r"return[ \t]+(?=\S)|", self.code)[0]  # type: ignore[index]
        self.modules = mistake.source[max(0, mistake.begin - _NEAR) : mistake.begin]
        above = _DEF.split(self.modules)[-1]  # a function sees no tensors of another
        self.above = above
        #: the names of the tensor that the line above makes
        self.last: set[str] = set()
        for line in reversed([line.partition("#")[0].strip() for line in above.split("\n")]):
            other = re.fullmatch(r"([A-Za-z_]\w*)[ \t]*=[ \t]*([A-Za-z_]\w*)", line)
            if other is not None and not mistake.is_layer(other[2]):
                self.last |= {other[1], other[2]}  # another name for the same tensor
            elif line:
                named = re.match(r"([A-Za-z_]\w*)[ \t]*(?:[-+*]?=(?!=)|:[ \t])", line)
                named = named or re.search(r"\bas[ \t]+(\w+)\Z", line)
                self.last |= {named[1]} if named is not None else set()
                break
        #: modules of the program whose layers are not known here
        self.missing: list[str] = []

    def known(self, name: str) -> bool:
        """Whether a tensor is called so above."""
        assigned = rf"(?<![\w.]){name}[ \t]*(?::|[-+*]?=(?!=|[ \t]*(?:\w+\.)*Input\())"
        pattern = rf"{assigned}|\bas[ \t]+{name}\b|^[ \t]*input[ \t]+{name}\b"
        return re.search(pattern, self.above, re.MULTILINE) is not None

    def branch(self, name: str) -> str:
        """A tensor by its name: ``id`` where it is what the line above makes, else ``@name``."""
        if name.startswith("@"):
            return name
        if re.search(rf"(?<![\w.]){name}[ \t]*:", self.above):
            return f"@{name}"
        if name in self.last or (not self.last and not self.known(name)):
            return "id"
        if not self.known(name):
            enters = _ENTERS.search(self.mistake.source)
            if enters is not None and name in COMMON and len(enters[1]) < 30:
                raise _Unclear(f"what enters is named where it is declared: `input {name} {enters[1]}`, and `@{name}`")
            raise _Unclear(f"a tensor that is taken up later is named where it is made: `conv3-64 as {name}`")
        return f"@{name}"

    def kept(self, name: str) -> bool:
        """Whether a line below takes a tensor up by its name which the line right before it does not make."""
        text, last = self.mistake.source, name
        for line in text[self.mistake.end + 1 :][:_NEAR].split("\n"):
            code = line.partition("#")[0].strip()
            if not code:
                continue
            if re.match(r"(?:def|class)\b", code):
                return False
            found = _ASSIGNED.fullmatch(code)
            if re.search(rf"@{name}\b", code):
                return True
            if re.search(rf"[(\[,][ \t]*{name}[ \t]*[,)\]]", code if found is None else ""):
                return True
            if code.startswith("return") and ("," in code or last != name) and re.search(rf"\b{name}\b", code[6:]):
                return True
            if found is None:
                last = ""
                continue
            used = re.search(rf"(?<![\w.]){name}(?![\w(])", found["made"]) is not None
            if (used or (found["name"] == name and found["sign"] != "=")) and last != name:
                return True
            if used and not all(
                other == name or self.known(other) or self.mistake.is_layer(other)
                for other in _OPERAND.findall(found["made"][:300])
            ):
                return True  # the line cannot be read as a row, and needs the name as it is
            if found["name"] == name:
                return False
            if found["made"] != last:
                last = found["name"]
        return False

    # -- what a program writes → a row

    def row(self, text: str, depth: int = 0) -> list[str]:
        """The items that an expression of a program comes to, the first of which takes what the line above makes."""
        text = text.strip()
        if depth > _DEEPEST:
            raise _Unclear
        if _NAME.fullmatch(text):
            branch = "id" if text in self.last else self.branch(text)
            return [] if branch == "id" else [branch]
        if depth and "-" in text and _LAYER.fullmatch(text) and self.mistake.is_layer(re.split("[-/ \t]", text)[0]):
            return [text]  # of the tensor that is there
        for pattern, word in ((_FLAT, "flatten"), (_MEAN, "gap")):
            if (found := pattern.fullmatch(text)) is not None:
                return [*self.row(found["of"], depth + 1), word]
        if (joined := self.joined(text, depth)) is not None:
            return [joined]
        if (made := self.called(text)) is not None:
            return [*self.row(made[0], depth + 1), made[1]]
        found = _CALL.fullmatch(text)
        if found is None or not _even(found["inside"]):
            raise _Unclear
        layer = self.layer(found["of"])
        return [*self.row(found["inside"], depth + 1), layer]

    def called(self, text: str) -> tuple[str, str] | None:
        """``Conv2D(64, 3)(x)``, ``F.max_pool2d(x, 2)`` → the tensor that it is given, and the layer."""
        from netdsl.syntax.helps.from_python import as_layer

        layered = re.fullmatch(r"((?:\w+\.)*[A-Z]\w*\(.*\))\(([^()]*)\)", text)
        if layered is not None and _even(layered[1]):
            layer = as_layer(layered[1])
            return (layered[2], layer) if layer is not None else None
        call = re.fullmatch(r"((?:F|nn\.functional|torch)\.\w+)\((.*)\)", text)
        first = _split(call[2], ",") if call is not None else []
        if call is None or len(first) < 2 or not _even(call[2]):
            return None
        layer = as_layer(f"{call[1]}(x,{','.join(first[1:])})")
        return (first[0], layer) if layer is not None else None

    def joined(self, text: str, depth: int = 0) -> str | None:
        """The join that a sum, or a call with a list of tensors, comes to."""
        found = _LISTED.fullmatch(text) or _BARE.fullmatch(text)
        word = _JOINS.get(found["word"].lower()) if found is not None else None
        if found is not None and word is not None:
            plain = found.groupdict().get("plain")
            parts = [part for part in re.split(r"[ \t]*,[ \t]*", (found["list"] or plain or "").strip(" \t,")) if part]
            axis = found.groupdict().get("axis")
            if not parts or not all(_NAME.fullmatch(part) for part in parts) or axis not in (None, "1", "-1", "3"):
                raise _Unclear
            branches = [self.branch(part) for part in parts]
            if len(branches) == 1:
                branches = ["id", *branches]
            if "id" in branches and branches.count("id") > 1:
                raise _Unclear
            return f"{word} {{ {' | '.join(branches)} }}"
        for sign, word in _SIGNS.items():
            parts = _split(text, sign)
            if len(parts) < 2:
                continue
            branches = [", ".join(self.row(part, depth + 1)) or "id" for part in parts]
            return f"{word} {{ {' | '.join(branches)} }}"
        return None

    def layer(self, word: str) -> str:
        """The layer that a called word is."""
        module = re.fullmatch(r"(?:self|F|nn\.functional|torch|tf\.nn)\.(\w+)", word)
        if module is None:
            if not self.mistake.is_layer(re.split("[-/]", word)[0]) or word in KEYWORDS:
                raise _Unclear
            return word
        name = module[1]
        plain = _PLAIN.fullmatch(name.lower())
        if plain is not None:
            return plain[1]
        if name.lower() in ("softmax", "soft_max"):
            return "soft-max"
        if not word.startswith("self."):
            raise _Unclear
        if self.known(name) or re.search(rf"\bself\.{name}[ \t]*=|(?<![\w.]){name}[ \t]*:", self.modules):
            raise _Unclear(f"each layer takes what the one before it gives: `{name}` stands above, and needs no call")
        example = "fc-10" if re.match(r"fc|linear|head|classifier|dense", name.lower()) else "conv3-64"
        example = "maxpool" if "pool" in name.lower() else "dropout 0.5" if "drop" in name.lower() else example
        self.missing.append(name)
        return example


def _even(text: str) -> bool:
    """Whether each bracket of a text is closed in it."""
    depth = 0
    for char in text:
        depth += (char in "([{") - (char in ")]}")
        if depth < 0:
            return False
    return depth == 0


def _split(text: str, sign: str) -> list[str]:
    """The operands of a sum; a `-` is one between blanks alone."""
    parts, depth, last = [], 0, 0
    for place, char in enumerate(text):
        depth += (char in "([{") - (char in ")]}")
        apart = sign != "-" or text[place - 1 : place + 2] == " - "
        if char == sign and depth == 0 and apart and place:
            parts.append(text[last:place])
            last = place + 1
    return [*parts, text[last:]]


def _tensors(mistake: Mistake) -> str | None:
    """``x = relu(x)``, ``out = conv3-64(x)``, ``y = x + y``, ``x += y``, ``torch.cat([a, b], 1)``"""
    line = _Line(mistake)
    code = line.code[len(line.returned) :]
    if len(code) > 300 or not _even(code):
        return None
    found = _ASSIGNED.fullmatch(code)
    if found is not None and found["name"] in KEYWORDS:
        return None
    target = found["name"] if found is not None else None
    made = found["made"] if found is not None else code
    if found is not None and found["sign"] != "=":
        made = f"{target} {found['sign'][0]} {made}"
    items: list[str] | None
    try:
        if line.returned:
            if found is not None or _NAME.fullmatch(code) or mistake.is_layer(re.split(r"[-/ \t,]", code)[0]):
                return None
            items = line.row(code)
        elif found is None:
            items = _unassigned(line, code)
        elif _LAYER.fullmatch(made.split(",")[0].strip()) and mistake.is_layer(re.split(r"[-/ \t]", made)[0]):
            if target not in COMMON:
                return None
            items = [made]
        else:
            items = line.row(made)
    except _Unclear as unclear:
        help = str(unclear)
        if help and found is not None:
            _say(line, found)
        return help or None
    if items is None:
        return None
    if line.missing:
        if found is not None:
            _say(line, found)
        text = f"{line.missing[0]}: {items[0]}" if len(items) == 1 else ", ".join(items)
        one, more = "the layer itself stands where it acts", "layers stand in the order in which they act"
        what = one if len(items) == 1 else more
        return f"{what}: `{text}`" if len(text) <= 70 else what
    alias = f" as {target}" if target is not None and line.kept(target) else ""
    if not items and not alias:
        return None
    text = (", ".join(items) or "id") + alias
    if line.returned:
        line.mistake.instead("nothing is returned: the last row gives the net's output", line.begin, line.begin + 6)
    edit = mistake.edit(text, line.begin, line.end)
    if mistake.reads(edit) != 1:
        return None
    if found is not None:
        _say(line, found)
    join = items[-1].split(" ")[0] if items and "{" in items[-1] else ""
    verb = {"add": "added", "concat": "joined", "mul": "multiplied", "sub": "subtracted"}.get(join)
    if len(text) > 70:
        return Advice("each layer takes what the one before it gives, and `@name` a tensor by its name", edit)
    if verb is not None and len(items) == 1:
        return Advice(f"tensors are {verb} by `{text}`", edit)
    if alias or text.startswith("@") or verb is not None:
        return Advice(f"it is written `{text}`", edit)
    return Advice(f"`{text}` alone: each layer takes what the one before it gives", edit)


def tensor(mistake: Mistake, name: str) -> str | None:
    """How a tensor is taken up that a line of a program names: ``id``, ``@name``, or None where none is called so."""
    try:
        return _Line(mistake).branch(name)
    except _Unclear:
        return None


def _unassigned(line: _Line, code: str) -> list[str] | None:
    """The items of a line that names no tensor: a join as a call, or a layer that is given its tensor."""
    if (joined := line.joined(code) if re.match(r"[\w.]+[ \t]*[(\[]", code) else None) is not None:
        return [joined]
    if re.fullmatch(rf"{_HEAD}\([ \t]*@?[A-Za-z_]\w*[ \t]*\)", code) is None or not re.match(r"\w+[-/]", code):
        return None
    return line.row(code)


def _say(line: _Line, found: re.Match[str]) -> None:
    """What cannot stand there is the name with its sign, and not the sign alone."""
    shown = f"{found['name'][:60]} {found['sign']}"
    line.mistake.instead(f"`{shown}` cannot stand before a layer", line.begin, line.begin + found.end("sign"))


RULES: tuple[Callable[[Mistake], str | None], ...] = (_tensors,)
