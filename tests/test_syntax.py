"""The grammar, its tables, and the tree that is made of them."""

from __future__ import annotations

import logging
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lark
import pytest

from netdsl.diagnostics import Source, Span
from netdsl.syntax import build, generate, lalr, tree
from netdsl.syntax.node import Node
from netdsl.syntax.parse import expression_in, load, parse

ROOT = Path(__file__).parents[1]
TORTURE = Path(__file__).with_name("torture.net")
TEXTS = {path.stem: path.read_text(encoding="utf-8") for path in [*sorted((ROOT / "specs").glob("*.net")), TORTURE]}


@pytest.fixture(scope="module")
def reference() -> lark.Lark:
    return generate.lark_parser()


@pytest.fixture(scope="module")
def driver() -> lalr.Parser:
    return load(build.Builder(0, expression_in))


# -- the grammar -------------------------------------------------------------------------------------------------------


def logged(grammar: str | None) -> list[str]:
    """What Lark has to say while it makes a parser of a grammar (None: ours): conflicts, what is never used."""
    said: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    logger = lark.utils.logger
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        if grammar is None:
            generate.lark_parser(debug=True)
        else:
            lark.Lark(grammar, parser="lalr", lexer="contextual", debug=True)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
    return said


def test_the_grammar_has_no_conflict_and_nothing_unused() -> None:
    assert logged(None) == []


@pytest.mark.parametrize(
    ("grammar", "word"),
    [
        ('start: a\na: "x" a | a "x" | "x"', "conflict"),
        ('start: "x"\nlost: "y"', "Unused rule"),
        ('start: "x"\nLOST: "y"', "Unused terminals"),
    ],
)
def test_lark_would_have_said_so(grammar: str, word: str) -> None:
    assert any(word in line for line in logged(grammar))


def test_every_rule_is_reachable(reference: lark.Lark) -> None:
    used: dict[str, set[str]] = {}
    for rule in reference.rules:
        used.setdefault(str(rule.origin.name), set()).update(str(s.name) for s in rule.expansion if not s.is_term)
    reached, pending = {"start"}, ["start"]
    while pending:
        fresh = used[pending.pop()] - reached
        reached |= fresh
        pending += fresh
    written = set(re.findall(r"^\??([a-z_]+)(?:\.\d+)?:", lalr.GRAMMAR.read_text(encoding="utf-8"), re.MULTILINE))
    assert "layer" in written
    assert len(written) > 50
    assert written - reached == set()


def test_every_rule_has_a_method_and_every_method_a_rule(reference: lark.Lark) -> None:
    rules = {str(rule.origin.name) for rule in reference.rules}
    named = {name for name in rules if not name.startswith("_")}
    assert {name for name in named if not callable(getattr(build.Builder, name, None))} == set()
    helpers = {
        "at",
        "axes",
        "sizes",
        "excused",
        "over",
        "word",
        "expression",
        "expressions",
        "nodes",
        "words",
        "first",
        "chain",
        "prefix",
        "said",
        "template",
        "both",
    }
    methods = {name for name in dir(build.Builder) if not name.startswith("_")}
    assert methods - named - helpers == set()


def test_the_shipped_tables_are_those_of_the_grammar() -> None:
    shipped = lalr.TABLES.read_text(encoding="utf-8")
    assert shipped == generate.dump(), "grammar.json is not of this grammar: run `python -m netdsl.syntax.generate`"


def test_tables_of_another_grammar_are_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stale = tmp_path / "grammar.json"
    stale.write_text(lalr.TABLES.read_text(encoding="utf-8").replace('"grammar":', '"grammar":1', 1), encoding="utf-8")
    monkeypatch.setattr("netdsl.syntax.parse.TABLES", stale)
    parser = load(build.Builder(0, expression_in))
    assert len(parser.parse("net a\n")) == 1


# -- the driver against Lark -------------------------------------------------------------------------------------------


class Tracer:
    """A builder that keeps what it is given: each rule's name with its children, tokens as type and place."""

    def __getattr__(self, rule: str) -> Any:
        if rule.startswith("__"):
            raise AttributeError(rule)
        return lambda children: (rule, [child if isinstance(child, tuple) else token(child) for child in children])


def token(child: Any) -> tuple[str, int, int, str]:
    return (child.type, child.start_pos, child.end_pos, str(child))


def traced(node: Any) -> Any:
    """Lark's tree in the form of :class:`Tracer`."""
    if isinstance(node, lark.Tree):
        return (str(node.data), [traced(child) for child in node.children])
    return token(node)


def built(node: Any, builder: build.Builder) -> Any:
    """Lark's tree through our builder."""
    if isinstance(node, lark.Tree):
        return getattr(builder, str(node.data))([built(child, builder) for child in node.children])
    return node


@pytest.mark.parametrize("name", TEXTS)
def test_the_driver_reads_as_lark_does(name: str, reference: lark.Lark) -> None:
    text = TEXTS[name]
    ours = load(Tracer()).parse(text)
    assert ours == traced(reference.parse(text))


@pytest.mark.parametrize("name", TEXTS)
def test_the_tree_is_the_one_of_larks_parser(name: str, reference: lark.Lark, driver: lalr.Parser) -> None:
    text = TEXTS[name]
    builder = build.Builder(0, expression_in)
    builder.text = text
    wanted = built(reference.parse(text), builder)
    file, problems = parse(Source(name, text), 0)
    assert problems == []
    assert file is not None
    assert file.statements == wanted


def mutations(count: int, seed: int) -> Iterator[str]:
    """Specs with a few of their words taken out, moved or doubled: some still read, most do not."""
    chance = random.Random(seed)
    pieces = [re.findall(r'"[^"\n]*"|\w+|\n|[ \t]+|.', text) for text in TEXTS.values()]
    for _ in range(count):
        words = list(chance.choice(pieces))
        line = chance.choice([0, *(place + 1 for place, word in enumerate(words[:-1]) if word == "\n")])
        words = words[line : line + chance.randrange(1, 40)]
        for _ in range(chance.randrange(3)):
            place = chance.randrange(len(words))
            other = chance.choice(chance.choice(pieces))
            words[place : place + chance.randrange(2)] = [other]
        yield "".join(words)


def test_the_driver_refuses_what_lark_refuses(reference: lark.Lark) -> None:
    ours = load(Tracer())
    good = bad = 0
    for text in mutations(400, seed=2):
        try:
            wanted = traced(reference.parse(text))
        except lark.UnexpectedInput as error:
            with pytest.raises(lalr.Unexpected) as caught:
                ours.parse(text)
            place = len(text) if getattr(error.pos_in_stream, "__index__", None) is None else error.pos_in_stream
            if not isinstance(error, lark.UnexpectedToken) or error.token.type != "$END":
                assert caught.value.offset == place, text
            assert caught.value.expected, text
            bad += 1
        else:
            assert ours.parse(text) == wanted, text
            good += 1
    assert good > 20
    assert bad > 100


# -- spans -------------------------------------------------------------------------------------------------------------


def below(node: Any) -> Iterator[tuple[str, Any]]:
    """The named parts of a syntax node that have a place."""
    for name, part in zip(node._fields, node):
        parts = part if type(part) is tuple else (part,)
        for one in parts:
            if isinstance(one, Span):
                if name != "span":
                    yield name, one
            elif hasattr(one, "_fields"):
                yield name, one


def check_spans(node: Any, text: str) -> int:
    """Every span lies in the text and in the span around it; returns how many nodes there are."""
    span = node.span
    assert isinstance(span, Span)
    assert 0 <= span.start < span.end <= len(text)
    count = 1
    for name, part in below(node):
        inner = part if isinstance(part, Span) else part.span
        assert span.file == inner.file
        assert span.start <= inner.start < inner.end <= span.end, (name, part, node)
        if not isinstance(part, Span):
            count += check_spans(part, text)
    return count


@pytest.mark.parametrize("name", TEXTS)
def test_every_node_has_its_place_inside_its_parents(name: str) -> None:
    text = TEXTS[name]
    file, problems = parse(Source(name, text), 7)
    assert problems == []
    assert file is not None
    assert file.span == Span(7, 0, len(text))
    assert check_spans(file, text) > 50


def every(node: Any) -> Iterator[Any]:
    yield node
    for _, part in below(node):
        if not isinstance(part, Span):
            yield from every(part)


@pytest.mark.parametrize("name", TEXTS)
def test_a_span_holds_what_it_names(name: str) -> None:
    text = TEXTS[name]
    file, _ = parse(Source(name, text), 0)
    for node in every(file):
        if isinstance(node, tree.File):
            continue
        written = text[node.span.start : node.span.end]
        assert written == written.strip(), node
        if isinstance(node, tree.Name):
            assert written == node.text or (node.quoted and written.startswith('"') and written.endswith('"'))
        elif isinstance(node, tree.Comment):
            assert written == node.text
            assert written.startswith("#")
            assert "\n" not in written
        elif isinstance(node, tree.Binary):
            assert text[node.sign.start : node.sign.end] == node.operator


def test_torture_has_every_kind_of_node() -> None:
    file, _ = parse(Source("torture", TEXTS["torture"]), 0)
    seen = {type(node) for node in every(file)}
    kinds = {kind for kind in vars(tree).values() if isinstance(kind, type) and hasattr(kind, "_fields")}
    assert kinds - seen - {Span, Node} == {tree.Hole}


def test_comments_are_kept_with_their_places() -> None:
    text = '# first\nnet a "# no comment" # second\n\n  # third  \nrelu # fourth'
    file, _ = parse(Source("a", text), 0)
    assert file is not None
    assert [comment.text for comment in file.comments] == ["# first", "# second", "# third", "# fourth"]
    assert [text[c.span.start] for c in file.comments] == ["#"] * 4
