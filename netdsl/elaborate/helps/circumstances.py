"""What an error depends on, said with it: the argument of a value, the pass of a repeat, what is named later.

All of this is looked for when there is an error, and never before.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from netdsl.diagnostics import Advice, Diagnostic, Edit, Expected, Note, Source, Span
from netdsl.elaborate.context import Context
from netdsl.elaborate.expressions import NO_PASS, NOTHING_ENTERS, axes, show, sizes_of, within
from netdsl.elaborate.helps.bounds import QUOTED, to_be, with_example
from netdsl.elaborate.program import Program
from netdsl.elaborate.values import Tensor, Value
from netdsl.elaborate.words import split_word
from netdsl.ir.op import lookup
from netdsl.syntax import tree
from netdsl.syntax.walk import walk_items

#: Codes of values that cannot be taken, each of which one argument may bring about at many places.
_OF_VALUES = frozenset({"ND207", "ND208", "ND209", "ND219"})
_OF_COMPUTED = frozenset({"ND207", "ND209", "ND213", "ND219"})
#: Codes of expressions: of two that overlap the second follows from the first.
_OF_EXPRESSIONS = _OF_VALUES | {"ND203", "ND220"}
_WORD = re.compile(r"[A-Za-z_]\w*")
#: A number in quotes.
_QUOTED = re.compile(rf'"{QUOTED.pattern}"')
#: How many letters of an expression or a call a help repeats.
_SHORT = 40
#: How many letters of a line are looked at behind or before a place.
_NEAR = 200


class Binding(NamedTuple):
    """A call that is being elaborated: its text, its block, and what its parameters are."""

    call: tree.Call
    syntax: tree.Block
    values: Mapping[str, Value]


def text_of(span: Span, sources: Sequence[Source]) -> str:
    """The text of a stretch of a source."""
    return sources[span.file].text[span.start : span.end] if sources else ""


def behind_item(word: str, span: Span, known: bool, more: bool, sources: Sequence[Source]) -> str:
    """What was meant by a word behind an item, where a mode could stand.

    ``known`` are words of layers and blocks; ``more`` words stand behind this one or before it.
    """
    if (count := re.fullmatch(r"[xX](\d+)", word)) is not None:
        return Advice(f"a repeat is written `×{count[1]}`", Edit(span, f"×{count[1]}"))
    joins = word.lower() in ("and", "then")
    if not known and not (joins and more):
        text = sources[span.file].text if sources else ""
        repeated = re.search(
            r"([A-Za-z][\w/{}.-]*)([ \t]*[×x][ \t]*(?:\d+|\{[^{}\n]*\}))[ \t]*\Z",
            text[max(0, span.start - 60) : span.start],
        )
        op = lookup(split_word(re.match(r"\w+", repeated[1])[0])[0]) if repeated is not None else None  # type: ignore[index]
        if repeated is not None and not more and op is not None and word in {*op.syntax.flags, *op.attributes()}:
            shown = f"{repeated[1]} {word}{repeated[2]}"
            start = max(0, span.start - 60) + repeated.start()
            return Advice(
                f"a layer's own flags stand before its repeat: `{shown}`", Edit(Span(span.file, start, span.end), shown)
            )
        return "only `train` and `eval` stand there; write a layer's own flags before the repeat"
    from netdsl.syntax.helps.omitted import parted, parting

    before = text_of(Span(span.file, max(0, span.start - 300), span.start), sources).rpartition("\n")[2]
    after = text_of(Span(span.file, span.end, span.end + 300), sources).partition("\n")[0]
    sign = parting(before, after)
    place = Span(span.file, span.start - before.endswith(" "), span.end)
    if joins:
        return Advice(parted(sign), Edit(place, sign))
    if word == "id" and sign == ",":
        return "`|` parts the branches of a join: `| id`"
    return Advice(f"{parted(sign)}: `{sign.strip()} {word}`", Edit(place, f"{sign} {word}"))


def overlaps(said: Diagnostic, earlier: Iterable[Diagnostic]) -> bool:
    """Whether an expression was found wrong before, in another part of it or in another pass."""
    if said.code not in _OF_EXPRESSIONS or said.span is None:
        return False
    start, end = said.span.start, said.span.end
    return any(
        other.code in _OF_EXPRESSIONS
        and other.span is not None
        and other.span.file == said.span.file
        and other.span != said.span
        and other.span.start < end
        and start < other.span.end
        for other in earlier
    )


def to_blame(said: Diagnostic, binding: Binding, sources: Sequence[Source]) -> dict[str, Note]:
    """The parameters of a call whose values a diagnostic in its block comes of, each with where its value is given."""
    if said.code not in _OF_VALUES or said.span is None:
        return {}
    text = text_of(said.span, sources)
    found = {}
    for name in dict.fromkeys(_WORD.findall(text)):
        if name not in binding.values:
            continue
        value = binding.values[name]
        if _is_wrong(said.code, value, text.strip("{} ") == name):
            shown = "a tensor" if isinstance(value, Tensor) else show(value)  # type: ignore[arg-type]
            place, how = _given(name, binding)
            found[name] = Note(place, f"`{name}` is {shown} {how}")
    return found


def from_nought(said: Diagnostic, context: Context, sources: Sequence[Source]) -> Diagnostic:
    """A diagnostic of a value that is 0 because the first pass of a repeat has the number 0."""
    if said.code != "ND208" or said.span is None or context.env.count() != 0:
        return said
    text = text_of(said.span, sources).strip("{} ")
    if not said.message.endswith("this is 0") or re.search(r"(?<![\w.])i(?![\w.(])", text) is None:
        return said
    more = re.sub(r"(?<![\w.])i(?![\w.(])", "(i+1)", text)
    return said._replace(help=f"`i` counts the passes from 0: `{{{more}}}` counts them from 1")


def _of_file(said: Diagnostic, text: str, context: Context, sources: Sequence[Source]) -> Diagnostic:
    """A diagnostic with the parameters of the file that bring it about, and what the one that it is of is to be."""
    if said.code not in _OF_VALUES or len(text) > _NEAR:
        return said
    program = context.program
    for name in dict.fromkeys(_WORD.findall(text)):
        place, value = program.given_at.get(name), program.env.names.get(name)
        if place is None or value is None or not _is_wrong(said.code, value, text == name):
            continue
        if said.span == place or context.env.holder(name) is not program.env:
            continue
        shown = show(value)  # type: ignore[arg-type]
        note = Note(place, f"`{name}` is {shown if _short(shown) else 'this'} here")
        said = said._replace(notes=(*said.notes, note))
        other = to_be(said) if text == name else None
        number = _QUOTED.fullmatch(text_of(place, sources))
        if number is not None:
            said = said._replace(help=Advice(f"a number has no quotes: `{number[1]}`", Edit(place, number[1])))
        elif other is not None and said.code == "ND208":
            said = with_example(said, f"{name} = {other}")
        elif other is not None and said.code == "ND209":
            said = said._replace(help=f"`{name} = {other}` would do")
    return said


def _out_of_range(said: Diagnostic, context: Context, sources: Sequence[Source], text: str) -> Diagnostic:
    """A diagnostic of a value out of its range, with what would do in the place of ``text``, its expression."""
    found = from_nought(said, context, sources)
    if found is not said or said.span is None:
        return found
    least = re.search(r" must be at least (\d+), ", said.message)
    if _computed(text) and least is not None:
        return said._replace(help=f"`{{max({least[1]}, {text})}}` is never below {least[1]}")
    other = to_be(said) if re.fullmatch(r"-?[\d.]+|\d+(?:[x×]\d+)+", text) else None
    if other is not None and re.search("[x×]", text):
        parts = [part if int(part) else other for part in re.split("[x×]", text)]
        other = "x".join(parts if len({*parts}) > 1 else parts[:1])
    written = None if other is None else _in_place(said.span, other, sources)
    return said if written is None else with_example(said, written)


def _in_place(span: Span, other: str, sources: Sequence[Source]) -> str | None:
    """The layer's word, or the part of it, that holds ``span``, with ``other`` there; None for what is no such word."""
    text = sources[span.file].text
    before = re.search(r"(?:[\w-]+ )?[\w×./=-]*\Z", text[max(0, span.start - _NEAR) : span.start])
    behind = re.match(r"[\w×./-]*", text[span.end : span.end + _NEAR])
    assert before is not None and behind is not None
    head = before[0] if before[0].endswith(" ") else before[0].rpartition(" ")[2]
    if (
        re.fullmatch(r"(?:up|sep)?conv-", head, re.IGNORECASE)
        and "kernel" not in text[span.end :][:_NEAR].partition("\n")[0]
    ):
        head = f"{head[:-1]}3-"  # without a kernel it would still be none
    whole = f"{head}{other}{behind[0]}"
    return whole if _short(whole) and whole[0].isalpha() and ".." not in whole else None


_AROUND = re.compile("`(floor|round|int)` around it makes |`max` of 1 and what divides is ")


def filled(said: Diagnostic, sources: Sequence[Source]) -> Diagnostic:
    """A diagnostic of a value that is computed whose help has the expression in it, where that is short."""
    help = said.help
    if said.code not in _OF_COMPUTED or said.span is None or isinstance(help, Advice):
        return said
    text = text_of(said.span, sources).strip("{} ")
    if not _short(text) or _AROUND.search(help or "") is None:
        return said
    assert help is not None
    if re.fullmatch(r"-?\d+\.\d+", text):
        low = math.floor(float(text))
        return said._replace(help=f"write `{low}` or `{low + 1}`")
    help = re.sub("`int` around it makes 1 or 0(?= of )", "`int(…)` makes 1 or 0", help)
    help = re.sub("`(floor|round|int)` around it makes (1 or 0|[a-z ]+|[-,0-9]*[0-9])", r"`\1(…)` makes \2 of it", help)
    help = help.replace("`ceil` ", "`ceil(…)` ").replace(
        ", and `divisible`, to a multiple of 8, ", ", `divisible(…, 8)` "
    )
    help = help.replace("`max` of 1 and what divides is", "`max(1, …)` is")
    if re.fullmatch(r"[\w.]+\s*/\s*[\w.]+", text):
        help = help.replace("`floor(…)`", f"`{text.replace('/', '//')}`")
    while text.startswith("(") and text.endswith(")") and ")" not in text[1:-1]:
        text = text[1:-1].strip()
    return said._replace(help=help.replace("…", text))


def _short(text: str) -> bool:
    """Whether a help can repeat a text."""
    return 0 < len(text) <= _SHORT and "\n" not in text and "`" not in text


def _computed(text: str) -> bool:
    """Whether a text is an expression that is no bare name and no number, and short."""
    return _short(text) and re.fullmatch(r"-?[\w.]+|.*[{}].*", text) is None


def helped_by(said: Diagnostic, blame: Mapping[str, Note], binding: Binding, sources: Sequence[Source]) -> Diagnostic:
    """A diagnostic with its arguments to blame, and what would mend the one of them that is plainly of another kind."""
    said = said._replace(notes=(*said.notes, *blame.values()))
    for name, note in blame.items():
        written = _QUOTED.fullmatch(text_of(note.span, sources))
        value = binding.values[name]
        if isinstance(value, Tensor):
            return said._replace(help=sizes_of(name, value))
        if written is not None:
            return said._replace(help=Advice(f"a number has no quotes: `{written[1]}`", Edit(note.span, written[1])))
    if len(blame) == 1 and said.span is not None:
        ((name, note),) = blame.items()
        given = text_of(note.span, sources)
        if said.code == "ND209" and "no sizes" in said.message:
            called = _called(binding.call, note.span, "@name", sources)
            help = f"the value itself is `{name}`; `{called}` brings in a tensor"
            return said if called is None else said._replace(help=help)
        if said.code == "ND207" and re.fullmatch(r"\d+\.\d+", given):
            low = math.floor(float(given))
            calls = [_called(binding.call, note.span, str(size), sources) for size in (low, low + 1)]
            return said if None in calls else said._replace(help=f"write `{calls[0]}` or `{calls[1]}`")
        alone = text_of(said.span, sources).strip("{} ") == name
        other = to_be(said) if alone else None
        if other is not None and (shown := _called(binding.call, note.span, other, sources)) is not None:
            return with_example(said, shown) if said.code == "ND208" else said._replace(help=f"`{shown}` would do")
    return said


def _called(call: tree.Call, place: Span, value: str, sources: Sequence[Source]) -> str | None:
    """A short call with another value at ``place``, one of its arguments; None where it has none there."""
    if place.file != call.span.file or not call.span.start <= place.start <= place.end <= call.span.end:
        return None
    text = text_of(call.span, sources)
    text = text[: place.start - call.span.start] + value + text[place.end - call.span.start :]
    return text if _short(text) else None


def _is_wrong(code: str, value: Value, alone: bool) -> bool:
    """Whether a value is one that brings a code about; ``alone`` where it is the whole of the expression."""
    if code == "ND209":
        return alone or isinstance(value, (str, bool, Tensor))
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    if code == "ND207":
        return value != int(value)
    return alone or value <= 0


def _given(name: str, binding: Binding) -> tuple[Span, str]:
    """Where a parameter has its value from: the argument of the call, or its default."""
    order = [parameter.name.text for parameter in binding.syntax.parameters]
    for place, argument in enumerate(binding.call.arguments):
        given = argument.name.text if argument.name is not None else order[place] if place < len(order) else ""
        if given == name:
            return argument.value.span, "here"
    parameter = binding.syntax.parameters[order.index(name)]
    return parameter.default.span if parameter.default is not None else parameter.name.span, "by default"


def helped(
    said: Diagnostic, context: Context, flow: Tensor | None, main: Program, sources: Sequence[Source], inside: bool
) -> Diagnostic:
    """A diagnostic of a name or of ``in``, with the help that its place allows, ``inside`` a block or not."""
    span = said.span
    if span is None or not sources:
        return said
    name = text_of(span, sources).strip("{} ")
    said = _of_file(said, name, context, sources)
    if said.code == "ND208":
        return _out_of_range(said, context, sources, name)
    if said.code in ("ND207", "ND219"):
        return said
    if said.help == NO_PASS:
        return said._replace(help=_counting(inside))
    if said.help == NOTHING_ENTERS:
        return said._replace(help=_entering(span, flow, sources))
    if said.code == "ND209" and (number := _QUOTED.fullmatch(name)) is not None:
        return said._replace(help=Advice(f"a number has no quotes: `{number[1]}`", Edit(within(span, name), number[1])))
    if said.code != "ND203" or not _WORD.fullmatch(name) or "function" in said.message:
        return said
    if isinstance(said.help, Advice):
        return said
    if context.program is not main and name in main.params:
        help = f"a used file sees no parameter of the one that uses it: `{name}` comes in as an argument of the block"
        return said._replace(help=help)
    if f'"{name}"' in sources[span.file].text:
        return said._replace(help=Advice(f'a text stands in quotes: `"{name}"`', Edit(within(span, name), f'"{name}"')))
    return said


def of_argument(said: Diagnostic, argument: tree.Expression, context: Context) -> Diagnostic:
    """A diagnostic of a call's argument; the name of a tensor needs an ``@``."""
    if said.code != "ND203" or not isinstance(argument, tree.Variable):
        return said
    name = argument.name
    if not context.labels.has([name]) and (name in context.program.blocks or lookup(split_word(name)[0]) is not None):
        what = "block" if name in context.program.blocks else "layer"
        help = f"a {what} is no value: a number or a text chooses, `if kind == 1 {{ … }} else {{ … }}`"
        return said._replace(help=help)
    if not context.labels.has([name]):
        return said
    place = within(argument.span, argument.name)
    tensor = f"@{argument.name}"
    return said._replace(help=Advice(f"the tensor of that label is `{tensor}`", Edit(place, tensor)))


def _entering(span: Span, flow: Tensor | None, sources: Sequence[Source]) -> str:
    """A help for ``in`` where no block, branch or repeat is around: the number that it would be."""
    found = re.match(r"in\s*\.\s*([cdhw])\b", sources[span.file].text[span.start : span.start + _NEAR])
    shape = flow.shape if flow is not None else None
    help = NOTHING_ENTERS
    if found is None or shape is None or found[1] not in axes(shape):
        return help
    return f"what enters here has `{found[0]}` = {shape[axes(shape)[found[1]]]}; {help}"


def _counting(inside: bool) -> str:
    if inside:
        return "a block sees no repeat of its caller's: `block name(n) { … }` takes the number, `name(i) ×3` gives it"
    return NO_PASS


def named_later(path: Sequence[str], reference: Span, context: Context, blocks: Iterable[tree.Block]) -> Span | None:
    """Where a tensor that is not there yet gets its name, further on in the same block or file."""
    around = [b for b in blocks if b.span.file == reference.file and b.span.start <= reference.start < b.span.end]
    givers, key = context.program.givers, around[0].span if around else None
    if key not in givers:
        givers[key] = _givers(around or context.program.rows)
    places = givers[key].get(path[0], ())
    return next((p for p in places if p.file == reference.file and p.start > reference.start), None)


def _givers(roots: Sequence[object]) -> dict[str, list[Span]]:
    """Where tensors get their names, by the names, in the order of the text."""
    found: dict[str, list[Span]] = {}
    for item in walk_items(*roots):
        labels = [item.alias] if item.alias is not None else []
        if item.label is not None and isinstance(item.label.parts[0], tree.Name):
            labels.append(item.label.parts[0])
        for label in labels:
            found.setdefault(label.text, []).append(label.span)
    return found


def in_pass(said: Diagnostic, outer: int, index: int, count: int, span: Span) -> Diagnostic:
    """A diagnostic that only the pass ``index`` of a repeat brought about; ``outer`` calls are around the repeat."""
    place = max(0, len(said.trace) - outer)
    note = Note(span, f"in pass {index + 1} of {count} (`i` is {index})")
    return said._replace(trace=(*said.trace[:place], note, *said.trace[place:]))


#: Of assertions that do not hold since one before them does not, so many are shown.
_FOLLOWERS = 3


def with_followers(own: Sequence[Diagnostic], all: Sequence[Diagnostic]) -> list[Diagnostic]:
    """``own`` with each assertion that does not hold (ND210) beside the one before it from which that follows.

    ``all`` are those that do not hold for the shapes that there are, in the order of the net.
    """
    roots = {(said.code, said.span) for said in own}
    following: dict[tuple[str, Span | None], list[Diagnostic]] = {}
    last: list[Diagnostic] = []
    for said in all:
        if said.code == "ND210" and (said.code, said.span) in roots:
            last = following.setdefault((said.code, said.span), [])
        elif said.code == "ND210":
            last.append(said)
    return [_followed(said, following.get((said.code, said.span), ())) for said in own]


def _followed(said: Diagnostic, others: Sequence[Diagnostic]) -> Diagnostic:
    if not others:
        return said
    notes = []
    for other in others[:_FOLLOWERS]:
        shape = other.message.removeprefix("the output here is ").partition(",")[0]
        notes.append(Note(other.span or Span(0, 0, 0), f"so it is {shape} here"))
    more = len(others) - len(notes)
    if more:
        text = f"{notes[-1].message}, and {more} more below {'does' if more == 1 else 'do'} not hold"
        notes[-1] = notes[-1]._replace(message=text)
    help = said.help
    if isinstance(help, Expected):
        edits = [edit for other in others if isinstance(other.help, Expected) for edit in other.edits]
        help = Expected(f"{help}, with the shapes below changed too", *help.edits, *edits) if edits else help
    return said._replace(notes=(*said.notes, *notes), help=help)
