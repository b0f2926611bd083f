"""Lark's reductions → syntax nodes. One method a rule of the grammar; every method gets all tokens, punctuation too."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from netdsl.diagnostics import Span
from netdsl.syntax import tree

#: How many letters a word or a text in quotes may have.
MAX_LETTERS = 500

#: Longest number that is read. Beyond any tensor, and short enough to be computed with at once.
MAX_DIGITS = 30

#: Most operands of one sum, product or chain of conditions.
MAX_TERMS = 100

#: What every token is; no node is one.
_TOKEN: Any = str

_NO_VALUE = "braces in a name hold a value, such as `{i}`; a brace of the name's own is written `\\{`"
#: Of a text in quotes: a value in braces, or what stands between two.
_PIECE = re.compile(r"\{([^{}]*)\}|(?:[^\\{]|\\.)+|\{")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def _unquote(text: str) -> str:
    escapes = {"n": "\n", "t": "\t"}
    return _ESCAPE.sub(lambda match: escapes.get(match[1], match[1]), text[1:-1])


class Builder:
    """The callbacks for one file: ``file`` is its number in the list of sources, ``text`` what is read."""

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
        if isinstance(child, _TOKEN):
            return Span(self.file, child.start_pos + self.shift, child.end_pos + self.shift)
        span: Span = child.span
        return span

    def over(self, children: list[Any]) -> Span:
        """The span from the first to the last, without newlines around them."""
        first, last = children[0], children[-1]
        place = 1
        while isinstance(first, _TOKEN):
            if first.type != "_NL":
                start = first.start_pos + self.shift
                break
            first = children[place]
            place += 1
        else:
            start = first.span[1]
        place = -2
        while isinstance(last, _TOKEN):
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

    # -- file and declarations

    def start(self, children: list[Any]) -> tuple[tree.Statement, ...]:
        return tuple(child for child in children if not hasattr(child, "type"))

    def net(self, children: list[Any]) -> tree.Net:
        title = self.said(children[2]) if len(children) > 2 else None
        return tree.Net(self.word(children[1]), title, self.over(children))

    def input(self, children: list[Any]) -> tree.Input:
        name = self.word(children[1]) if isinstance(children[1], _TOKEN) else None
        return tree.Input(name, self.first(children, tree.Sizes), self.over(children), self.excused(children))

    def param(self, children: list[Any]) -> tree.Param:
        return tree.Param(self.nodes(children, tree.Setting), self.over(children), self.excused(children))

    def variant(self, children: list[Any]) -> tree.Variant:
        names = self.words(children)
        base = names[1] if len(names) > 1 else None
        return tree.Variant(names[0], base, self.nodes(children, tree.Setting), self.over(children))

    def default(self, children: list[Any]) -> tree.Default:
        return tree.Default(self.word(children[1]), self.over(children))

    def setting(self, children: list[Any]) -> tree.Setting:
        return tree.Setting(self.word(children[0]), self.expression(children[2]), self.over(children))

    def style(self, children: list[Any]) -> tree.Style:
        return tree.Style(self.word(children[1]), children[3], self.over(children))

    def block(self, children: list[Any]) -> tree.Block:
        head = Span(self.file, children[0].start_pos, children[1].end_pos)
        body = self.first(children, tree.Body)
        parameters = children[2].items if type(children[2]) is _Parameters else ()
        return tree.Block(
            self.word(children[1]), parameters, body, head, head.to(children[-1].span), self.excused(children)
        )

    def parameters(self, children: list[Any]) -> Any:
        return _Parameters(self.nodes(children, tree.Parameter), self.over(children))

    def parameter(self, children: list[Any]) -> tree.Parameter:
        default = self.expression(children[2]) if len(children) > 2 else None
        return tree.Parameter(self.word(children[0]), default, self.over(children))

    def use(self, children: list[Any]) -> tree.Use:
        return tree.Use(self.word(children[1]), self.words(children[2:]), self.over(children))

    def expect(self, children: list[Any]) -> tree.Expect:
        variant = None
        if getattr(children[1], "type", None) == "EXPECT_VARIANT":
            variant = self.word(children[1])
        return tree.Expect(variant, self.nodes(children, tree.Condition), self.over(children))

    def condition(self, children: list[Any]) -> tree.Condition:
        arguments = children[1].items if type(children[1]) is _Arguments else ()
        return tree.Condition(self.word(children[0]), arguments, str(children[-2]), children[-1], self.over(children))

    def quantity(self, children: list[Any]) -> tree.Quantity:
        unit = None
        if len(children) > 1 and getattr(children[-1], "type", None) == "NAME":
            if getattr(children[-2], "type", None) != "KTIMES":
                unit = self.word(children[-1])
        sized = children[:-1] if unit else children
        sizes = tree.Sizes(self.expressions(sized), self.over(sized))
        return tree.Quantity(sizes, unit, self.over(children))

    def init(self, children: list[Any]) -> tree.InitRule:
        equals = next(i for i, c in enumerate(children) if getattr(c, "type", None) == "EQUAL")
        variant = self.word(children[1]) if getattr(children[1], "type", None) == "EXPECT_VARIANT" else None
        targets = self.nodes(children, tree.Path)
        arguments = self.nodes(children, tree.InitArgument)
        return tree.InitRule(variant, targets, self.word(children[equals + 1]), arguments, self.over(children))

    def init_argument(self, children: list[Any]) -> tree.InitArgument:
        span = self.over(children)
        if len(children) > 1:
            return tree.InitArgument(self.word(children[0]), children[-1], span)
        value = tree.Sizes((self.expression(children[0]),), span)
        return tree.InitArgument(None, value, span)

    def allow(self, children: list[Any]) -> tree.Allow:
        return tree.Allow(self.words(children), self.over(children))

    def output(self, children: list[Any]) -> tree.Output:
        modifiers = tuple(c for c in children[2:-1])
        return tree.Output(self.word(children[1]), modifiers, children[-1], self.over(children))

    # -- rows and items

    def row(self, children: list[Any]) -> tree.Row:
        return tree.Row(self.nodes(children, tree.Item), self.over(children))

    def body(self, children: list[Any]) -> tree.Body:
        lines = tuple(c for c in children if type(c) is tree.Row or type(c) is tree.Style)
        return tree.Body(lines, self.over(children))

    def item(self, children: list[Any]) -> tree.Item:
        label = core = repeat = alias = assertion = None
        words: tuple[tree.Name, ...] = ()
        allow: tuple[tree.Name, ...] = ()
        for child in children:
            kind = type(child)
            if kind is _Label:
                label = child.path
            elif kind is _Repeat:
                repeat = child.count if repeat is None else self.both(repeat, child.count)
            elif kind is tree.Flag:
                words += (child.name,)
            elif kind is _Alias:
                alias = child.name
            elif kind is _Assertion:
                assertion = child.sizes
            elif kind is tree.Allow:
                allow = child.codes
            elif kind is _Flagged:
                core, words = child.core, words + child.words
            elif kind is _Glued:
                core, repeat = child.layer, child.count
            elif kind is tree.Layer:
                core = child
            else:
                core = tree.Hole(self.at(child))
        assert core is not None
        return tree.Item(label, core, words, repeat, alias, assertion, allow, self.over(children))

    def both(self, first: tree.Expression, second: tree.Expression) -> tree.Expression:
        """``conv3-64×2 ×3`` is six of them."""
        span = first.span.to(second.span)
        return tree.Binary("*", first, second, span, Span(self.file, first.span.end, second.span.start))

    def label(self, children: list[Any]) -> Any:
        return _Label(self.path(children[:-1]), self.over(children))

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

    def repeat(self, children: list[Any]) -> Any:
        return _Repeat(self.expression(children[1]), self.over(children))

    def alias(self, children: list[Any]) -> Any:
        return _Alias(self.word(children[1]), self.over(children))

    def assertion(self, children: list[Any]) -> Any:
        return _Assertion(children[1], self.over(children))

    def excuse(self, children: list[Any]) -> tree.Allow:
        return tree.Allow(self.words(children), self.over(children))

    def flagged(self, children: list[Any]) -> Any:
        words = tuple(flag.name for flag in children[1:])
        return _Flagged(children[0], words, self.over(children))

    def layer(self, children: list[Any]) -> Any:
        word = children[0].word
        kernel, glued = children[0].kernel, children[0].glued
        channels = stride = count = None
        modifiers: list[tree.Modifier] = []
        suffixes: list[tree.Layer] = []
        head = self.at(children[0])
        for child in children[1:]:
            kind = type(child)
            if kind is _Channels:
                channels, head = child.value, head.to(child.span)
            elif kind is _GluedRepeat:
                channels, count, head = child.channels, child.count, head.to(child.channels.span)
            elif kind is _Stride:
                stride, head = child.sizes, head.to(child.span)
            elif kind is tree.Layer:
                suffixes.append(child)
            elif kind is _Glued:
                suffixes.append(child.layer)
                count = child.count
            else:
                modifiers.append(child)
        found = tree.Layer(
            word, kernel, glued, channels, stride, tuple(modifiers), tuple(suffixes), head, self.over(children)
        )
        return found if count is None else _Glued(found, count, found.span)

    def head(self, children: list[Any]) -> Any:
        kernel = children[1] if len(children) > 1 else None
        word = self.word(children[0])
        if kernel is None:
            return _Head(word, (), False, self.over(children))
        return _Head(word, kernel.parts, kernel.glued, self.over(children))

    def kernel(self, children: list[Any]) -> Any:
        glued = getattr(children[0], "type", None) == "KBRACE"
        parts = self.expressions(children)
        if glued:
            parts = (parts[0]._replace(span=self.over(children[:3])), *parts[1:])
        return _Kernel(parts, glued, self.over(children))

    def channels(self, children: list[Any]) -> Any:
        return _Channels(self.expression(children[1]), self.over(children))

    def glued(self, children: list[Any]) -> Any:
        return _GluedRepeat(self.expression(children[1]), self.expression(children[3]), self.over(children))

    def stride(self, children: list[Any]) -> Any:
        sizes = tree.Sizes(self.expressions(children), self.over(children[1:]))
        return _Stride(sizes, self.over(children))

    def suffix(self, children: list[Any]) -> Any:
        return self.layer(children[1:])

    def flag(self, children: list[Any]) -> tree.Flag:
        return tree.Flag(self.word(children[0]), self.at(children[0]))

    def attribute(self, children: list[Any]) -> tree.Attribute:
        return tree.Attribute(self.word(children[0]), children[2], self.over(children))

    def positional(self, children: list[Any]) -> tree.Positional:
        if type(children[0]) is tree.Reference:
            return tree.Positional(children[0], children[0].span)
        value = self.value(children)
        return tree.Positional(value, value.span)

    def value(self, children: list[Any]) -> tree.Value:
        span = self.over(children)
        sign = next((c for c in children if getattr(c, "type", None) == "RANGE"), None)
        if sign is not None:
            values = self.expressions(children)
            return tree.Range(values[0], values[-1], sign == "..<", span)
        return tree.Sizes(self.expressions(children), span)

    def negative(self, children: list[Any]) -> tree.Expression:
        return tree.Unary("-", self.expression(children[1]), self.over(children))

    def call(self, children: list[Any]) -> tree.Call:
        return tree.Call(self.word(children[0]), self.nodes(children, tree.Argument), self.over(children))

    def arguments(self, children: list[Any]) -> Any:
        return _Arguments(self.nodes(children, tree.Argument), self.over(children))

    def argument(self, children: list[Any]) -> tree.Argument:
        name = self.word(children[0]) if len(children) > 1 else None
        value = children[-1]
        if type(value) is not tree.Reference:
            value = self.expression(value)
        return tree.Argument(name, value, self.over(children))

    def group(self, children: list[Any]) -> tree.Group:
        return tree.Group(self.nodes(children, tree.Row), self.over(children))

    def join(self, children: list[Any]) -> tree.Join:
        return tree.Join(self.word(children[0]), self.nodes(children, tree.Branch), self.over(children))

    def branch(self, children: list[Any]) -> tree.Branch:
        return tree.Branch(self.nodes(children, tree.Row), self.over(children))

    def table(self, children: list[Any]) -> tree.Table:
        brace = next(i for i, c in enumerate(children) if getattr(c, "type", None) == "LBRACE")
        columns = self.words(children[1:brace])
        return tree.Table(columns, self.nodes(children, tree.TableRow), self.over(children))

    def table_row(self, children: list[Any]) -> tree.TableRow:
        cells: list[tree.Row | None] = [None]
        breaks: list[int] = []
        end = self.at(children[0]).start
        label = children[0].path if type(children[0]) is _Label else None
        for child in children if label is None else children[1:]:
            span = self.at(child)
            if type(child) is tree.Row:
                cells[-1] = child
            else:
                if "\n" in self.text[end : span.start]:
                    breaks.append(len(cells))
                cells.append(None)
            end = span.end
        return tree.TableRow(label, tuple(cells), tuple(breaks), self.over(children))

    def ref(self, children: list[Any]) -> tree.Reference:
        return tree.Reference(self.path(children[1:]), self.over(children))

    def reuse(self, children: list[Any]) -> tree.Reuse:
        return tree.Reuse(self.path(children[1:]), self.over(children))

    # -- sizes and expressions

    def dims(self, children: list[Any]) -> tree.Sizes:
        return tree.Sizes(self.expressions(children), self.over(children))

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


# rules whose names are Python's keywords
setattr(Builder, "or", Builder.chain)
setattr(Builder, "and", Builder.chain)
setattr(Builder, "not", Builder.prefix)


def _if(self: Builder, children: list[Any]) -> tree.If:
    otherwise = children[4] if len(children) > 4 else None
    return tree.If(self.expression(children[1]), children[2], otherwise, self.over(children))


setattr(Builder, "if", _if)

#: Types of children that are values: a node has none and passes as a NAME.
_VALUES = frozenset({"NAME", "INT", "FLOAT", "STRING", "TRUE", "FALSE"})


# -- parts that exist while building alone ----------------------------------------------------------------------------


def _part(name: str, *fields: str) -> Any:
    """A kind of node of these fields and a span."""
    kind: Any = type(tree.Node)
    return kind(name, (tree.Node,), {"__annotations__": dict.fromkeys((*fields, "span"), "Any")})


_Parameters = _part("_Parameters", "items")
_Arguments = _part("_Arguments", "items")
_Label = _part("_Label", "path")
_Repeat = _part("_Repeat", "count")
_Alias = _part("_Alias", "name")
_Assertion = _part("_Assertion", "sizes")
_Flagged = _part("_Flagged", "core", "words")
_Glued = _part("_Glued", "layer", "count")
_GluedRepeat = _part("_GluedRepeat", "channels", "count")
_Head = _part("_Head", "word", "kernel", "glued")
_Kernel = _part("_Kernel", "parts", "glued")
_Channels = _part("_Channels", "value")
_Stride = _part("_Stride", "sizes")
