"""Reductions → syntax nodes: tokens, names, sizes and expressions."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from netdsl.diagnostics import Span
from netdsl.syntax import tree
from netdsl.syntax.node import Node

#: How many letters a word or a text in quotes may have.
MAX_LETTERS = 500

#: Longest number that is read. Beyond any tensor, and short enough to be computed with at once.
MAX_DIGITS = 30

#: Most operands of one sum, product or chain of conditions.
MAX_TERMS = 100

#: Most sizes in a row: one for each axis of a tensor.
MAX_AXES = 16

#: What every token is; no node is one.
TOKEN: Any = str

#: Types of children that are values: a node has none and passes as a NAME.
_VALUES = frozenset({"NAME", "INT", "FLOAT", "STRING", "TRUE", "FALSE"})

_NO_VALUE = "braces in a name hold a value, such as `{i}`; a brace of the name's own is written `\\{`"
#: Of a text in quotes: a value in braces, or what stands between two.
_PIECE = re.compile(r"\{([^{}]*)\}|(?:[^\\{]|\\.)+|\{")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def _unquote(text: str) -> str:
    escapes = {"n": "\n", "t": "\t"}
    return _ESCAPE.sub(lambda match: escapes.get(match[1], match[1]), text[1:-1])


class Values:
    """The callbacks for what has a value: ``file`` is its number in the list of sources, ``text`` what is read."""

    def __init__(self, file: int, expression_in: Callable[[str, int], tree.Expression | None] | None = None) -> None:
        self.file = file
        self.text = ""
        #: how far what is read stands behind its place in the file
        self.shift = 0
        #: where words and texts stand that are too long
        self.long: list[Span] = []
        #: reads a text that stands at an offset of the file as an expression; None where it is none
        self.expression_in = expression_in or (lambda text, offset: None)

    # -- spans and tokens

    def at(self, child: Any) -> Span:
        if isinstance(child, TOKEN):
            return Span(self.file, child.start_pos + self.shift, child.end_pos + self.shift)
        span: Span = child.span
        return span

    def over(self, children: list[Any]) -> Span:
        """The span from the first to the last, without newlines around them."""
        first, last = children[0], children[-1]
        place = 1
        while isinstance(first, TOKEN):
            if first.type != "_NL":
                start = first.start_pos + self.shift
                break
            first = children[place]
            place += 1
        else:
            start = first.span[1]
        place = -2
        while isinstance(last, TOKEN):
            if last.type != "_NL":
                return Span(self.file, start, last.end_pos + self.shift)
            last = children[place]
            place -= 1
        return Span(self.file, start, last.span[2])

    def said(self, token: Any) -> str:
        """What a word or a text in quotes says."""
        if len(token) > MAX_LETTERS:
            self.long.append(self.at(token))
        return _unquote(token) if token.type == "STRING" else str(token)

    def word(self, token: Any) -> tree.Name:
        return tree.Name(self.said(token), self.at(token), token.type == "STRING")

    def expression(self, child: Any) -> tree.Expression:
        """A token or node where an expression is wanted."""
        kind = getattr(child, "type", None)
        if kind is None:
            return child  # type: ignore[no-any-return]
        span = self.at(child)
        if kind == "INT":
            if len(child) > MAX_DIGITS:
                return tree.Literal(0, span, f"a number of {len(child)} digits is beyond any tensor")
            return tree.Literal(int(child), span)
        if kind == "FLOAT":
            value = float(child)
            if value in (float("inf"), float("-inf")):
                return tree.Literal(0.0, span, "this number is too large")
            return tree.Literal(value, span)
        if kind == "STRING":
            return tree.Literal(self.said(child), span)
        if kind == "TRUE" or kind == "FALSE":
            return tree.Literal(kind == "TRUE", span)
        return tree.Variable(self.said(child), span)

    def expressions(self, children: list[Any]) -> tuple[tree.Expression, ...]:
        """Every child that is a value: what is no sign and no newline."""
        return tuple(self.expression(c) for c in children if getattr(c, "type", "NAME") in _VALUES)

    def nodes(self, children: list[Any], kind: Any) -> Any:
        return tuple(child for child in children if type(child) is kind)

    def words(self, children: list[Any]) -> tuple[tree.Name, ...]:
        return tuple(self.word(c) for c in children if getattr(c, "type", None) in ("NAME", "VNAME"))

    def first(self, children: list[Any], kind: Any) -> Any:
        for child in children:
            if type(child) is kind:
                return child
        return None

    def excused(self, children: list[Any]) -> tuple[tree.Name, ...]:
        """The warnings that are allowed at the end of a statement."""
        last = children[-1]
        return last.codes if type(last) is tree.Allow else ()

    # -- names

    def path(self, children: list[Any]) -> tree.Path:
        parts: list[tree.Name | tree.Expression] = []
        for child in children:
            kind = getattr(child, "type", None)
            if kind is None:
                parts.append(child)
            elif kind == "STRING" and "{" in child:
                parts.append(self.template(child))
            elif kind != "DOT":
                parts.append(self.word(child))
        return tree.Path(tuple(parts), self.over(children))

    def template(self, token: Any) -> tree.Template | tree.Name:
        """A text in quotes with values in braces; `\\{` is a brace."""
        if len(token) > MAX_LETTERS:
            return self.word(token)
        parts: list[tree.Name | tree.Expression] = []
        start = token.start_pos
        for piece in _PIECE.finditer(token, 1, len(token) - 1):
            span = Span(self.file, start + piece.start(), start + piece.end())
            if piece[0] == "{":
                parts.append(tree.Literal(0, span, _NO_VALUE))
            elif piece[1] is None:
                parts.append(tree.Name(_unquote(f'"{piece[0]}"'), span, True))
            else:
                value = self.expression_in(piece[1], span.start + 1)
                parts.append(value._replace(span=span) if value is not None else tree.Literal(0, span, _NO_VALUE))
        if all(isinstance(part, tree.Name) for part in parts):
            return self.word(token)
        return tree.Template(tuple(parts), self.at(token))

    # -- sizes and expressions

    def sizes(self, children: list[Any], span: Span) -> tree.Sizes:
        return tree.Sizes(self.axes(children), span)

    def axes(self, children: list[Any]) -> tuple[tree.Expression, ...]:
        """One value for each axis; one alone, which says so, where they are too many."""
        parts = self.expressions(children)
        if len(parts) > MAX_AXES:
            bad = f"{len(parts):,} sizes are more than the {MAX_AXES} axes that a tensor can have"
            return (tree.Literal(0, self.over(children), bad),)
        return parts

    def dims(self, children: list[Any]) -> tree.Sizes:
        return self.sizes(children, self.over(children))

    def braced(self, children: list[Any]) -> tree.Expression:
        inner = self.expression(children[1])
        return inner._replace(span=self.over(children))

    def chain(self, children: list[Any]) -> tree.Expression:
        if len(children) > 2 * MAX_TERMS:
            return tree.Literal(0, self.over(children), f"an expression of over {MAX_TERMS} terms is too long")
        left = self.expression(children[0])
        for sign, right in zip(children[1::2], children[2::2], strict=True):
            operand = self.expression(right)
            left = tree.Binary(str(sign), left, operand, left.span.to(operand.span), self.at(sign))
        return left

    comparison = sum = product = power = chain

    def prefix(self, children: list[Any]) -> tree.Expression:
        return tree.Unary(str(children[0]), self.expression(children[1]), self.over(children))

    unary = prefix

    def name(self, children: list[Any]) -> tree.Expression:
        return tree.Variable(self.said(children[0]), self.at(children[0]))

    def member(self, children: list[Any]) -> tree.Expression:
        return tree.Member(self.word(children[0]), self.word(children[2]), self.over(children))

    def function(self, children: list[Any]) -> tree.Expression:
        return tree.Function(self.word(children[0]), self.expressions(children[1:]), self.over(children))

    def parenthesis(self, children: list[Any]) -> tree.Expression:
        inner = next(c for c in children[1:] if getattr(c, "type", None) != "_NL")
        return self.expression(inner)._replace(span=self.over(children))


def part(name: str, *fields: str) -> Any:
    """A kind of node of these fields and a span."""
    kind: Any = type(Node)
    return kind(name, (Node,), {"__annotations__": dict.fromkeys((*fields, "span"), "Any")})
