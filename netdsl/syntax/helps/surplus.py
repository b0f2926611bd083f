"""What stands at a place and should not, by what could have come there."""

from __future__ import annotations

import re
from collections.abc import Callable

from netdsl.diagnostics.nearest import nearest
from netdsl.syntax.helps.lacking import CHANNELS, VALUES
from netdsl.syntax.helps.mistake import KEYWORDS
from netdsl.syntax.helps.mistake import STATEMENTS as WORDS
from netdsl.syntax.helps.places import NEAR, QUANTITIES, Place

#: Signs that belong to what stands right behind them.
BINDING = frozenset("-/=×*+.:@−–—")
#: Signs that stand in pairs.
PAIRED = frozenset("()[]{}")
#: A line is shown in a help up to this length.
SHOWN = 60


def _unknown(place: Place) -> str | None:
    """A row whose first word is no layer: nothing that could follow it would help."""
    mistake = place.mistake
    if not {"PLUS", "STRING"} <= place.names or mistake.is_layer("") or not mistake.is_layer("conv"):
        return None
    if place.mistake.word == "." and ":" in place.after:
        return None
    item = mistake.item()
    if mistake.offset - item > NEAR or re.search(r"[\w=/-][{(]\Z", mistake.text[max(0, item - 2) : item]):
        return None
    text = mistake.text[item : mistake.offset]
    found = re.match(r"(?:[^,]*,)*[ \t]*([A-Za-z_]\w{0,39})(?!\w)", text)
    if found is None or mistake.is_layer(found[1]) or found[1] == "_" or re.search(r"^[ \t]*use\b", mistake.text, re.M):
        return None
    if found[1] in WORDS:
        return (
            f"`{found[1]}` begins a statement, which stands outside of blocks, joins and groups"
            if place.opener >= 0
            else None
        )
    if text.endswith(found[1]) and re.match(r"\w", place.after) and place.word not in BINDING:
        return f"names have letters, digits and `_` alone: leave the sign behind `{found[1]}` out"
    if re.match(r"(?:[A-Za-z]+[ \t]+){3}", mistake.text[item : item + NEAR]) and place.opener < 0:
        return f"no layer is called `{found[1]}`; if this line is a remark, it begins with `#`"
    near = nearest(found[1], sorted(WORDS)) if re.match(r"[ \t]*\Z", text[: found.start(1)]) else None
    if near is not None and len(found[1]) > 3:
        return f"no layer is called `{found[1]}`: did you mean `{near}`?"
    return f"no layer is called `{found[1]}`: a row begins with one, such as `conv3-64` or `maxpool3/2`"


def _left_out(place: Place) -> str | None:
    """A word, or several, without which the line is read."""
    mistake = place.mistake
    if place.ends or not place.word or mistake.end - mistake.begin > 1000:
        return None
    text, start = mistake.text, mistake.offset
    code = mistake.code_end()
    if place.head == "expect" and mistake.word == "=":
        # `macs = 3 use_bias=False`: the word before the sign goes with it.
        named = re.search(r"\d([ \t]+[A-Za-z_]\w{0,20}[ \t]*)\Z", text[mistake.begin : start])
        value = re.match(r"=[ \t]*[\w.]{1,20}", text[start:code])
        if named is None or value is None:
            return None
        edit = mistake.edit("", mistake.begin + named.start(1), start + value.end())
        stretch = text[edit.span.start : edit.span.end].strip()
        return f"leave `{stretch}` out" if mistake.reads(edit) == 1 else None
    closer = mistake.pairs.get(start, -1)
    run = re.compile(r"[^\s,|\[\](){}#\"`]+").match(text, start, code)
    rest = re.compile(r"[^,|\[\](){}#\"`]+").match(text, start, code)
    ends = [mistake.span.end, closer + 1 if closer > start else 0, *(found.end() for found in (run, rest) if found)]
    operand = r"[ \t]*[\d{(\"]" if "SOFTMAX" in place.names else r"[ \t]*[\w{(\"]"
    binds = mistake.word == "@" or (mistake.word in BINDING and place.names & {"AS", "SOFTMAX"})
    alone = not (binds and re.match(operand, text[mistake.span.end : code])) and mistake.word not in PAIRED
    for end in dict.fromkeys(ends if alone else ends[1:]):
        stretch = text[start:end].strip()
        if (
            end <= start
            or end > code
            or not stretch
            or len(stretch) > 25
            or "`" in stretch
            or not stretch.isprintable()
            or (stretch[0] in PAIRED and re.search(r"\w\w|[|@]", stretch))
        ):
            continue
        if re.match(r"\w\w", text[end - 1 : end + 1]) and not mistake.is_layer(_word(text, end)):
            continue
        parted = re.search(r"[\w\"\])}]\Z", text[start - 1 : start]) and re.match(r"[\w\"]", text[end : end + 1])
        apart = " " if parted else ""
        blank = re.compile(r"[ \t]*").match(text, end)
        follows = blank.end() if blank is not None and not text[start - 1 : start].strip() else end
        first = mistake.begin + len(mistake.before) if follows >= code and mistake.before else start
        edit = mistake.edit(apart, first, follows)
        after = _word(text, blank.end() if blank is not None else end)
        if mistake.is_layer(after) and "COMMA" in place.names:
            edit = mistake.edit(", ", mistake.begin + len(mistake.before), text.index(after, end))
            if mistake.reads(edit) == 1:
                return f"leave `{stretch}` out, and put a comma before `{after}`"
            continue
        if mistake.reads(edit) != 1:
            continue
        line = (text[mistake.begin : edit.span.start] + apart + text[follows:code]).strip()
        if not re.search(r"\w", line) or re.search(r":\Z|,[ \t]*(?:[\])}|]|[x×]\d|\Z)", line):
            continue
        whole = all(line.count(opener) == line.count(closer) for opener, closer in ("()", "[]", "{}"))
        shown = f": `{line}`" if whole and len(line) <= SHOWN and "`" not in line and line.isprintable() else ""
        return f"leave `{stretch}` out{shown}"
    return None


def _word(text: str, at: int) -> str:
    """The word that begins at a place, or nothing."""
    found = re.compile(r"[A-Za-z_]\w*").match(text, at)
    return found.group() if found is not None else ""


def _begins(place: Place) -> str | None:
    """A row or an item that begins with a number or a sign."""
    if not {"SOFTMAX", "JOIN", "LSQB"} <= place.names:
        return None
    mistake, word = place.mistake, place.word
    text = mistake.text[mistake.offset : mistake.end][:NEAR]
    label = re.search(r"([A-Za-z_][\w.]{0,39}):\Z", place.before)
    if place.ends and label is not None:
        return f"an item stands behind a label: `{label[1]}: conv3-64`, or several in brackets, `{label[1]}: [ … ]`"
    if place.ends and place.before.endswith("="):
        kind = re.search(r"([A-Za-z_]\w{0,39})[ \t]*=\Z", place.before)
        name = kind[1] if kind is not None else "conv"
        return f"what stands around each `{name}` follows, and `_` is that layer: `style {name} = _, bn, relu`"
    if (place.ends or word in (")", "]", "}")) and place.before.endswith((",", "|")):
        sign = place.before[-1]
        item = "relu" if sign == "," else "id"
        return f"an item stands behind the `{sign}`, such as `{item}`; or leave the `{sign}` out"
    head = re.match(
        r"[ \t]*(?:\d{1,2}[ \t]*\|[ \t]*)?([A-Za-z]\w{0,39})(?!\w)", mistake.text[mistake.begin : mistake.end]
    )
    behind = mistake.text[mistake.begin + head.end() : mistake.end] if head is not None else ""
    if word.isdigit() and head is not None and not mistake.is_layer(head[1]) and behind[:1] != ":":
        if head[1] not in WORDS and (place.before.endswith((",", "|")) or not place.before):
            declares = f"`block {head[1]}(c) {{ … }}` declares a block, `{head[1]}({word})` calls it"
            return f"no layer is called `{head[1]}`: {declares}"
    remark = re.match(r"\d+[ \t]+([A-Za-z]+)[ \t]", text)
    if word.isdigit() and remark is not None and not mistake.is_layer(remark[1]):
        return "a line begins with a layer, a label or a statement; one that is a remark begins with `#`"
    times = re.match(r"(\d{1,3})[ \t]*[x×][ \t]*([A-Za-z]\w{0,39})(?!\w)", text)
    if times is not None:
        return f"the number of a repeat comes after: `{times[2]} ×{times[1]}`"
    sizes = re.match(r"\d+(?:[ \t]*[x×][ \t]*\d+){2,3}(?![\w.])", text)
    if sizes is not None:
        shown = re.sub(r"[ \t]*[x×][ \t]*", "x", sizes.group())
        return f"sizes stand behind a word, `input {shown}`, or at the end of an item, `-> {shown}`"
    window = re.match(r"(\d+)[ \t]*(?:[x×][ \t]*(\d{1,2}))?[ \t]*(-[ \t]*\d+)?[ \t]*(/[ \t]*\d+)?(?![\w.])", text)
    if window is not None and (window[2] or window[3] or window[4]):
        kernel, channels = (window[1], window[3] or "-64") if window[2] or window[3] else ("3", f"-{window[1]}")
        kernel = f"{kernel}x{window[2]}" if window[2] and window[2] != kernel else kernel
        return f"a layer begins with its word: `{re.sub(r'[ ]+', '', f'conv{kernel}{channels}{window[4] or str()}')}`"
    if word.isdigit():
        shown = word if re.fullmatch(r"[1-9]\d{0,3}", word) else "64"
        return f"a layer begins with its word, and its numbers follow: `conv3-{shown}`"
    if word[:1].isdigit():
        return f"an item begins with the word of a layer, such as `times {word}`"
    if word == ":":
        return "a label stands before its colon: `stem: conv3-64`"
    if word in ("-", "/"):
        return "a layer begins with its word: channels and stride follow it, `conv3-64/2`"
    if word == "=":
        return "an attribute stands behind its layer, `conv3-64 groups=2`; `param width = 2` declares a parameter"
    if word in ("×", "+"):
        return "`×2` repeats the item that it stands behind, and `+bn` belongs to one: `conv3-64 +bn ×2`"
    if word == ")" or word == "}" or word == "]":
        return f"an item stands before the `{word}`: `id` passes the tensor on"
    if "STYLE" in place.names:
        return "a line begins with a layer, a label or a statement; one that is a remark begins with `#`"
    return "an item begins with a layer such as `conv3-64`, with `[`, or with `@name`, the tensor to go on from"


def valueless(before: str) -> str | None:
    """``groups= pad``, before an `=`: an attribute without its value, before another."""
    lacking = re.search(r"([A-Za-z_]\w*)=[ \t]+([A-Za-z_]\w*)\Z", before)
    if lacking is None:
        return None
    value = VALUES.get(lacking[1], "2")
    return f"a value stands behind the first `=`: `{lacking[1]}={value} {lacking[2]}=…`"


def _layer_sign(place: Place) -> str | None:
    """A sign behind a layer, with what belongs to it."""
    if not {"PLUS", "STRING", "AS"} <= place.names or place.mistake.word not in BINDING:
        return None
    word = place.mistake.word
    ramp = re.search(r"([A-Za-z]\w*)\Z", place.before)
    if word == "." and re.match(r"\.<?[\d{]", place.after) and ramp is not None:
        return f"a ramp has two ends: `{ramp[1] if ramp[1].startswith('drop') else 'droppath'} 0..0.5`"
    if word == "=":
        glued = re.search(r"([A-Za-z]\w*)-[ \t]*([A-Za-z_]\w*)\Z", place.before)
        if glued is not None:
            return f"channels, a blank and an attribute: `{glued[1]}-64 {glued[2]}=…`"
        if (help := valueless(place.before)) is not None:
            return help
        return "the name of an attribute stands right before its `=`: `conv3-64 groups=2`"
    if word in ("-", "−", "–", "—"):
        return "a layer has its channels once, right behind its kernel: `conv3-64`"
    if word == "." and re.search(r"\d\Z", place.before) and place.after[:1].isdigit():
        return "kernel, channels and stride are whole numbers: `conv3-64/2`"
    if word == ".":
        return "a path of names stands before a colon, `a.b: relu`, or behind `@`; a value of the input is `{in.c}`"
    if word == "/":
        return "a layer has its stride once, right behind its channels: `conv3-64/2`"
    if word == "*":
        return "values are computed in braces: `conv3-{4*c}`; a repeat is written `×2`"
    return None


def _item(place: Place) -> str | None:
    """Something behind a call, a group or a join, or behind the ends of an item."""
    others = place.names & {"COMMA", "RBRACE", "RSQB", "VBAR"}
    if "ALLOW" not in place.names or not others or place.names & {"AND", "PLUS"}:
        return None
    word, before = place.mistake.word, place.before
    called = re.search(r"([A-Za-z_]\w{0,39})(\([^()]*\))\Z", before)
    if word == "." and called is not None:
        return f"a label opens what is inside: `a: {called[1]}{called[2]}`, and `@a.conv1` takes up its `conv1`"
    if word == "{" and called is not None:
        return f"a block is declared with its word, `block {called[1]}{called[2]} {{ … }}`, and called without a body"
    if word in ("-", "/") and called is not None:
        return f"the channels and stride of a block are arguments: `{called[1]}(64, s=2)`, if it has such parameters"
    count = re.search(r"([A-Za-z][\w/{}-]*)[ \t]+[×x][ \t]*[\w{}]+(?:[ \t]+\w+)?\Z", before)
    if word == "=" and count is not None and count[1] == "upsample":
        return "`upsample` has a factor, `×2`, or a size, `to=32x32`: leave one of them out"
    if word == "=":
        return "attributes are of layers; a block's values stand in parentheses: `unit(64, s=2)`"
    if word == "{":
        return "braces stand behind `block unit(c)`, `if c > 8`, `else`, `output aux`, and joins such as `add`"
    if "TIMES" in place.names and word in ("+", "-", "/"):
        return f"`{word}` belongs to a layer, `conv3-64/2 +bn`; what follows here stands behind a comma"
    return None


def _values(place: Place) -> str | None:
    """Two values without a sign between them."""
    named = re.fullmatch(r"[ \t]*([A-Za-z_]\w{0,39})[ \t]*\{", place.owner)
    if named is not None and place.names & {"AND", "NOT"}:
        if re.search(rf"^[ \t]*block[ \t]+{named[1]}\b", place.mistake.text, re.MULTILINE):
            return f"the arguments of a block stand in parentheses: `{named[1]}(8, s=2)`, as many as it has parameters"
        if named[1].lower() in CHANNELS:
            return f"braces right behind a word hold its kernel, and channels follow: `{named[1]}{{k}}-64`"
        if not place.mistake.is_layer(named[1]) and re.match(r"[^{}]*\|[^{}]*\}", place.mistake.rest):
            start = place.mistake.begin + place.mistake.before.rindex(named[1])
            place.mistake.instead(f"there is no join called `{named[1]}`", start, start + len(named[1]))
            return "branches are joined by `add`, `sub`, `mul` or `concat`"
        if not place.mistake.is_layer(named[1]):
            return f"braces behind a name alone hold a kernel; a block is declared by `block {named[1]} {{ … }}`"
    if place.mistake.word == "@" and "AND" in place.names:
        return "a value is no tensor: `in.c` is the number of channels that enter, `in.h` and `in.w` their size"
    if place.head == "expect" and {"STAR", "KTIMES"} <= place.names and place.mistake.word[:1].isdigit():
        return "a quantity is one number, with a unit if it has one: `params = 3.4 M`; a comma parts two of them"
    related = re.search(r"([a-z_]{1,30})[ \t]*([<>=!]{1,2})[ \t]*([a-z_]{1,30})\Z", place.before)
    if place.head == "expect" and related is not None and place.mistake.word in ("=", "<", ">"):
        value = QUANTITIES.get(related[1], "1.2 M")
        return f"a number stands behind the first `{related[2]}`: `{related[1]} {related[2]} {value}, {related[3]} = …`"
    left = re.search(r"(?<![\w.])([\w.]{1,20})\Z", place.before)
    if "AND" not in place.names or left is None or re.fullmatch(r"[A-Za-z_]\w*|\d+(?:\.\d+)?", place.word) is None:
        return None
    if place.word in KEYWORDS or place.word in ("x", "_", "plain", "train", "eval", "valid", "same", "ceil"):
        return None
    sign = " == " if re.search(r"(?<!\w)if\b[^{}]*\Z", place.before) and "LBRACE" in place.names else "*"
    return f"a sign stands between two values: such as `{left[1]}{sign}{place.word}`"


def _computed(place: Place) -> str | None:
    """Something inside an expression that is no operator."""
    names = place.names
    if not names & {"AND", "NOT"} and not {"STAR", "KTIMES"} <= names:
        return None
    if re.search(r"(?<!\w)if\b[^{}]*\Z", place.before) and "LBRACE" in names:
        return "a condition compares, and the braces follow: `if s != 1 { … }`"
    if re.search(r"[A-Za-z_]\w*\([^()]*\Z", place.before):
        return "arguments are values with commas between them: `unit(4*c, s=2)`"
    return "an expression has the signs `+ - * / // % **`, comparisons, and `and`, `or`, `not`: `(2*c + 1)//2`"


def _listed(place: Place) -> str | None:
    """What is in parentheses, or between the ends of an expression."""
    names = place.names
    if not names & {"RPAR", "RBRACE", "RSQB"} or names & {"STYLE", "SOFTMAX"}:
        return None
    closer = next((sign for name, sign in (("RPAR", ")"), ("RBRACE", "}"), ("RSQB", "]")) if name in names), ")")
    if "block" in place.owner and closer == ")":
        return "parameters are names with commas between them, with a default if they have one: `(c, s = 1)`"
    if "use" in place.owner and closer == ")":
        return "the names of blocks have commas between them: `(unit, stem)`"
    if closer == ")":
        return "arguments are values or tensors with commas between them: `unit(64, s=2)`, `fuse(@a, @b)`"
    if closer == "}":
        return "braces hold one value, such as `{4*c}`"
    return None


def _ends(place: Place) -> str | None:
    """Something behind the end of an item, a line or the columns of a table."""
    if place.names == {"LBRACE", "VBAR"}:
        return "columns have `|` between them, and braces around the rows: `table A | B { … }`"
    if not place.names & {"_NL", "$END"} or place.names & {"PLUS", "SOFTMAX"}:
        return None
    if place.head not in ("", "block", "output", "style"):
        return None
    if "COMMA" in place.names:
        return "an item ends there: what follows stands behind a comma, or on a line of its own"
    return "a line ends there: what follows stands on a line of its own"


RULES: tuple[Callable[[Place], str | None], ...] = (
    _unknown, _item, _layer_sign, _values, _left_out, _begins, _computed, _listed,
)  # fmt: skip
#: Behind all that is missing too.
LAST: tuple[Callable[[Place], str | None], ...] = (_ends,)
