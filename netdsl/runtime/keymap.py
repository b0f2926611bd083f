"""Key maps: what the tensors of a checkpoint are called in the spec.

A key map is a TOML file. Each table is a scheme, the way in which one library or one version names things, and each of
its lines says which keys of a checkpoint are which of the spec::

    ["torchvision before 2018"]
    "features.{block}.{layer}.norm.{n}.*" = "features.{block}.{layer}.norm{n}.*"
    "attn_mask" = false

A pattern is a whole key. ``*`` stands for one part of it (what is between dots, or a piece of that), ``**`` for any
number of parts, ``{word}`` for one part (or a piece of it) that the other side may use anywhere; ``{word+1}`` and
``{word-2}`` count. On the right the stars give back in order what those on the left stood for. The first line that
fits a key counts; ``false`` leaves the tensor out; a key that no line fits keeps its name. A backslash takes a sign's
meaning away.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from netdsl import zoo
from netdsl.diagnostics import Diagnostic, NetdslError, Source, Span, shortened
from netdsl.diagnostics.files import no_text, shown
from netdsl.elaborate import LIMITS
from netdsl.ir.graph import Graph
from netdsl.runtime.file_kinds import head_of
from netdsl.runtime.keymap_advice import NoRule, line, mended, no_part, no_word

#: What a key map is called that stands beside a spec: ``densenet.keys.toml`` beside ``densenet.net``.
ENDING = ".keys.toml"


class Rule(NamedTuple):
    """One line: keys that ``pattern`` fits are called ``target``, or are left out where that is None.

    All that it fits begins with ``begins``, and is that where ``power`` is 0; else trying a key of n letters takes some
    n to that power steps.
    """

    source: str
    pattern: re.Pattern[str]
    target: str | None
    begins: str
    power: int

    def fits(self, key: str) -> bool:
        """Whether the rule is about a key."""
        return self.pattern.fullmatch(key) is not None

    def apply(self, key: str) -> str | None:
        """What a key that it fits is called; None where it is left out."""
        found = self.pattern.fullmatch(key)
        assert found is not None
        return None if self.target is None else _fill(self.target, found)


class Scheme(NamedTuple):
    """One way of naming: its rules in order."""

    name: str
    rules: tuple[Rule, ...]

    def apply(self, keys: Iterable[str]) -> dict[str, str | None]:
        """What each key is called in the spec; None for one that is left out.

        Raises :class:`NetdslError` (ND410) where two keys would be one, and where it would take too long.
        """
        return self.follow(keys)[0]

    def follow(self, keys: Iterable[str]) -> tuple[dict[str, str | None], frozenset[str]]:
        """As :meth:`apply`, and for which of the keys one of the rules says it."""
        keys = [*keys]
        exact: dict[str, tuple[int, Rule]] = {}
        patterns: list[tuple[int, Rule]] = []
        for at, rule in enumerate(self.rules):
            if rule.power:
                patterns.append((at, rule))
            else:
                exact.setdefault(rule.begins, (at, rule))
        self._check_work(keys, [rule for _, rule in patterns])
        renamed: dict[str, str | None] = {}
        taken: dict[str, str] = {}
        decided: list[str] = []
        for key in keys:
            place, found = exact.get(key, (len(self.rules), None))
            tried = (rule for at, rule in patterns if at < place and key.startswith(rule.begins) and rule.fits(key))
            found = next(tried, found)
            new = key if found is None else found.apply(key)
            renamed[key] = new
            if found is not None:
                decided.append(key)
            if new is None:
                continue
            if new in taken:
                both = f"`{shortened(taken[new])}` and `{shortened(key)}`"
                message = f"the key map `{shortened(self.name)}` calls both {both} `{shortened(new)}`"
                help = f"a line {line(literal(key), None)} before the others leaves the second out"
                raise NetdslError([Diagnostic("ND410", message, None, help)])
            taken[new] = key
        return renamed, frozenset(decided)

    def _check_work(self, keys: Sequence[str], patterns: Sequence[Rule]) -> None:
        work = len(keys) * len(patterns) * _GLANCE
        if work < _WORK:
            for rule in patterns:
                work += sum(len(key) ** rule.power for key in keys if key.startswith(rule.begins))
        if work >= _WORK:
            message = f"the key map `{shortened(self.name)}` would take too long: {len(patterns):,} patterns for "
            help = "begin patterns with what their keys begin with, and write one `**` in each at most"
            raise NetdslError([Diagnostic("ND410", f"{message}{len(keys):,} keys", None, help)])


#: The most steps that trying patterns may take, and how many of them a glance at the beginning of a key is.
_WORK, _GLANCE = 200_000_000, 40


class KeyMap(NamedTuple):
    """The schemes of a file. ``name`` is the file's."""

    name: str
    schemes: tuple[Scheme, ...]


def beside(graph: Graph) -> KeyMap | None:
    """The key map that stands beside a graph's spec, if there is one. Raises :class:`NetdslError` as :func:`read`."""
    if not graph.sources:
        return None
    name = graph.sources[0].name
    if name.startswith(zoo.PREFIX) and not os.path.exists(name):
        name = str(zoo.find(name.removeprefix(zoo.PREFIX)) or "")
    if not name.endswith(".net"):
        return None
    path = name.removesuffix(".net") + ENDING
    return read(path) if os.path.isfile(path) else None


def read(path: str | os.PathLike[str]) -> KeyMap:
    """Reads a key map.

    Raises :class:`NetdslError`: ND001 where there is no such file, ND007 for one longer than a spec may be, ND410 at
    the line that is no map.
    """
    name = os.fspath(path)
    data, size = head_of(name, LIMITS.bytes + 1, (".toml",), "key map")
    if len(data) > LIMITS.bytes:
        message = f"`{shown(name)}` is too long: a key map may have {LIMITS.bytes:,} bytes, and it has {size:,}"
        raise NetdslError([Diagnostic("ND007", message, None, "a line with `*` or `{word}` says what many would say")])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise NetdslError([Diagnostic("ND002", f"`{shown(name)}` is no UTF-8 text", None, no_text(data))]) from None
    return parse(text.replace("\r\n", "\n"), name)


def parse(text: str, name: str) -> KeyMap:
    """The key map that a text is. Raises :class:`NetdslError` (ND410) at the line that is wrong."""
    import tomllib

    source = Source(name, text)
    dots = 0
    for number, each in enumerate(text.split("\n")):
        dots += _TEXTS.sub("", each).partition("#")[0].count(".")
        if dots > _DOTS:  # tables in tables, which the reader takes very long for
            start = _offset(text, number + 1, 1)
            message = f"the dots of a key map stand in quotes, and this has over {_DOTS:,} outside of them"
            problem = Diagnostic("ND410", message, Span(0, start, start + 1), mended(text, start))
            raise NetdslError([problem], [source])
    try:
        value = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        said = re.sub(r" \(at .*\)$", "", str(error))
        found = re.search(r"line (\d+), column (\d+)", str(error))
        start = _offset(text, int(found[1]), int(found[2])) if found else len(text)
        message = f"this is no TOML: {said[:1].lower()}{said[1:]}"
        problem = Diagnostic("ND410", message, Span(0, start, start + 1), mended(text, start))
        raise NetdslError([problem], [source]) from None
    loose = {key: item for key, item in value.items() if not isinstance(item, dict)}
    tables = {key: item for key, item in value.items() if isinstance(item, dict)}
    if len(tables) > _SCHEMES:
        message = f"a key map has at most {_SCHEMES} tables, each a scheme, and this has {len(tables):,}"
        help = "take the lines `[…]` away that begin one, or write several files: `--map A.toml --map B.toml`"
        raise NetdslError([Diagnostic("ND410", message, Span(0, 0, 0), help)], [source])
    problems: list[Diagnostic] = []
    stem = Path(name).name.removesuffix(ENDING).removesuffix(".toml")
    schemes = [_scheme(stem, loose, text, problems)] if loose else []
    schemes += [_scheme(key, item, text, problems) for key, item in tables.items()]
    if problems:
        raise NetdslError(problems, [source])
    return KeyMap(name, tuple(schemes))


#: What stands in quotes on one line, and how many dots of a file may stand outside of them.
_TEXTS = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'")
_DOTS = 1_000
#: The most tables of a file.
_SCHEMES = 100


def _offset(text: str, line: int, column: int) -> int:
    start = 0
    for _ in range(line - 1):
        start = text.find("\n", start) + 1
    return min(start + column - 1, len(text))


def _scheme(name: str, table: Mapping[str, object], text: str, problems: list[Diagnostic]) -> Scheme:
    rules = []
    for pattern, target in table.items():
        try:
            if target is not False and not isinstance(target, str):
                message = "a key is mapped to another in quotes, or to `false`, which leaves its tensor out"
                raise NoRule(message, f"{line(pattern, 'NEW')}, or {line(pattern, None)}")
            rules.append(rule(pattern, None if target is False else str(target)))
        except NoRule as error:
            at = max((text.find(mark + pattern + mark) for mark in "\"'"), default=-1)
            span = Span(0, at, at + len(pattern) + 2) if at >= 0 else Span(0, 0, 0)
            problems.append(Diagnostic("ND410", str(error), span, error.help))
    return Scheme(name, tuple(rules))


# -- patterns ---------------------------------------------------------------------------------------------------------

_SIGN = re.compile(r"\\(.)|\*\*|\*|\{(\w*)(?:([+-])(\d{1,18}))?\}|[{}]", re.DOTALL)


def rule(source: str, target: str | None) -> Rule:
    """A rule. Raises :class:`NoRule` with what is wrong with it."""
    _bounded(source)
    uses = Counter(found[2] for found in _SIGN.finditer(source) if found[2])
    words: set[str] = set()
    # One part after another, each with how many signs of it may stand for more or for less.
    parts: list[tuple[str, int]] = []
    pattern, begins, stars, loose, power, at = "", "", 0, 0, 0, 0

    def literally(text: str) -> None:
        nonlocal pattern, loose
        first, *others = text.split(".")
        pattern += re.escape(first)
        for other in others:
            parts.append((pattern, loose))
            pattern, loose = re.escape(other), 0

    for found in _SIGN.finditer(source):
        literally(source[at : found.start()])
        at = found.end()
        sign = found[0]
        if found[1]:
            literally(found[1])
            continue
        if not words and not stars:
            begins = re.sub(r"\\(.)", r"\1", source[: found.start()], flags=re.DOTALL)
        if sign == "**":
            pattern, stars, power = pattern + r"(.+)", stars + 1, power + 1
            loose += _FIXED
        elif sign == "*":
            pattern, stars, loose = pattern + r"([^.]+)", stars + 1, loose + 1
        elif not found[2] or not found[2].isidentifier() or found[3]:
            raise NoRule(f"`{shortened(sign)}` stands for no part of a key: `{{word}}` does", no_part(found))
        elif found[2] in words:
            pattern, loose = pattern + f"(?P={found[2]})", loose + _FIXED
        else:
            words.add(found[2])
            pattern += rf"(?P<{found[2]}>[^.]+)"
            loose += 1 if uses[found[2]] == 1 else 1 + _FIXED
    literally(source[at:])
    parts.append((pattern, loose))
    again = sum(loose > _FIXED + 1 and "(.+)" not in part for part, loose in parts)
    if again > 2:
        raise NoRule("a pattern has too many parts of which a word stands twice", "write out one of the words")
    power += again + any(1 < loose < _FIXED for _, loose in parts)
    # What a part of two signs is split into changes nothing after its dot: it is tried in one way alone.
    pattern = r"\.".join(rf"(?>{part}(?=\.|\Z))" if 1 < loose < _FIXED else part for part, loose in parts)
    if not stars and not words:
        begins = re.sub(r"\\(.)", r"\1", source, flags=re.DOTALL)
    if target is not None:
        given = 0
        for found in _SIGN.finditer(target):
            if found[0] in ("*", "**"):
                given += 1
            elif not found[1] and found[2] not in words:
                raise NoRule(f"`{shortened(found[0])}` stands for nothing on the left", no_word(found, words))
        if given > stars:
            message = f"the right has {given} star{'' if given == 1 else 's'}, and the left {stars or 'none'}"
            gives = "a star on the right gives back what one on the left stood for"
            raise NoRule(message, f"{gives}: write {given} on the left, or {stars or 'none'} here")
    power = max(power, 1) if stars or words else 0
    return Rule(source, re.compile(pattern), target, begins, power)


#: Added for a sign of which not one part alone hangs: ``**``, and a word that stands twice.
_FIXED = 100


def _bounded(source: str) -> None:
    """Refuses a pattern that could take for ever: what may be split in many ways is tried in all of them."""
    signs = [found for found in _SIGN.finditer(source) if not found[1]]
    if sum(found[0] == "**" for found in signs) > 2:
        raise NoRule("a pattern has at most two `**`", "write `*` for what is one part of a key: `a.*.b.**`")
    for first, third in zip(signs, signs[2:]):
        if "." not in source[first.end() : third.start()]:
            message = "a part of a pattern has at most two stars or words"
            raise NoRule(message, "write out what one of them stands for, in a line for each of its values")


def _fill(target: str, found: re.Match[str]) -> str:
    named = set(found.re.groupindex.values())
    stars = iter([found[index] for index in range(1, found.re.groups + 1) if index not in named])

    def one(sign: re.Match[str]) -> str:
        if sign[1]:
            return sign[1]
        if sign[2] is None:
            return next(stars)
        word = found[sign[2]]
        if sign[3] is None:
            return word
        if not word.isdecimal() or len(word) > 18:
            key = literal(found[0])
            message = (
                f"`{shortened(found[0])}` cannot be renamed: `{sign[0]}` counts, and `{shortened(word)}` is no number"
            )
            help = f"a line {line(key, 'NEW')} before the others names that key alone, and {line(key, None)}"
            raise NetdslError([Diagnostic("ND410", message, None, f"{help} leaves it out")])
        return str(int(word) + int(sign[3] + sign[4]))

    return _SIGN.sub(one, target)


def literal(key: str) -> str:
    """A key as a pattern that fits it alone."""
    return re.sub(r"([\\*{}])", r"\\\1", key)


# -- maps from pairs --------------------------------------------------------------------------------------------------


class Line(NamedTuple):
    """A line of a map that was found, and how many tensors it is of."""

    source: str
    target: str
    tensors: int


#: The most keys, each times the lines, that a map is tried on before it is shown; the most numbers that differ at once.
_TRIED, _DIFFERING = 1_000_000, 4


def summarise(pairs: Mapping[str, str]) -> list[Line]:
    """Few patterns that say the same as many pairs: ``a.0.x`` → ``b.1.x``, ``a.1.x`` → ``b.2.x`` is one line.

    Applied to the keys of ``pairs`` the lines give exactly their values; what keeps its name has no line.
    """
    changed = {source: target for source, target in pairs.items() if source != target}
    found = _patterns(_layers(changed))
    # The first line that fits counts: where the order of the keys does not do, the narrower lines come first.
    for lines in (found, sorted(found, key=lambda line: line.source.count("{"))):
        if len(lines) * len(pairs) > _TRIED:
            break
        try:
            made = Scheme("", tuple(rule(line.source, line.target) for line in lines))
            if made.apply(pairs) == dict(pairs):
                return [line._replace(tensors=sum(map(one.fits, pairs))) for line, one in zip(lines, made.rules)]
        except (NetdslError, NoRule):
            continue
    return [Line(literal(source), literal(target), 1) for source, target in changed.items()]


def write(pairs: Mapping[str, str], name: str, comment: str) -> str:
    """A key map with one scheme, as TOML."""
    import json

    lines = [f"# {comment}", f"[{json.dumps(name, ensure_ascii=False)}]"]
    for each in summarise(pairs):
        source, target = (json.dumps(text, ensure_ascii=False) for text in (each.source, each.target))
        lines.append(f"{source} = {target}")
    return "\n".join(lines) + "\n"


def _layers(pairs: Mapping[str, str]) -> dict[tuple[str, str], bool]:
    """Pairs of prefixes whose tensors keep their last part (True), and pairs of whole keys."""
    found: dict[tuple[str, str], bool] = {}
    for source, target in pairs.items():
        before, _, last = source.rpartition(".")
        after, _, other = target.rpartition(".")
        if last == other and before and after:
            found[before, after] = True
        else:
            found[source, target] = False
    return found


#: A number that can be counted with; more digits are letters.
_NUMBER = re.compile(r"(?<!\d)\d{1,18}(?!\d)")


def _patterns(layers: Mapping[tuple[str, str], bool]) -> list[Line]:
    groups: dict[tuple[str, str, bool], list[tuple[list[int], list[int]]]] = {}
    for (source, target), tail in layers.items():
        numbers = [[int(n) for n in _NUMBER.findall(text)] for text in (source, target)]
        shapes = [_NUMBER.sub("\0", literal(text)) for text in (source, target)]
        groups.setdefault((shapes[0], shapes[1], tail), []).append((numbers[0], numbers[1]))
    lines = []
    for (source, target, tail), members in groups.items():
        for left, right in _split(members):
            end = ".*" if tail else ""
            lines.append(Line(_put(source, left) + end, _put(target, right) + end, 0))
    return lines


def _put(shape: str, numbers: Sequence[str]) -> str:
    parts = shape.split("\0")
    return parts[0] + "".join(number + part for number, part in zip(numbers, parts[1:]))


def _split(members: list[tuple[list[int], list[int]]]) -> list[tuple[list[str], list[str]]]:
    """Numbers of one shape of keys as patterns: what is the same stands, what differs is a word that counts along."""
    left, right = (list(zip(*column)) for column in zip(*members))
    words = {at: "abcdefghijklmnopqrstuvwxyz"[at % 26] for at, column in enumerate(left) if len(set(column)) > 1}
    said = []
    used = set()
    for column in right:
        if len(set(column)) == 1:
            said.append(str(column[0]))
            continue
        for at, word in words.items():
            steps = {there - here for here, there in zip(left[at], column)}
            if len(steps) == 1:
                step = steps.pop()
                used.add(at)
                said.append(f"{{{word}{step:+d}}}" if step else f"{{{word}}}")
                break
        else:
            break
    if len(said) == len(right) and used == set(words):
        return [([f"{{{words[at]}}}" if at in words else str(column[0]) for at, column in enumerate(left)], said)]
    if len(words) > _DIFFERING:
        return [([str(number) for number in here], [str(number) for number in there]) for here, there in members]
    # No one rule says it: one for each value of the number that leaves the fewest.
    trials = []
    for at in words:
        parts: dict[int, list[tuple[list[int], list[int]]]] = {}
        for member in members:
            parts.setdefault(member[0][at], []).append(member)
        trials.append([pattern for part in parts.values() for pattern in _split(part)])
    return min(trials, key=len)
