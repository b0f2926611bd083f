"""Reductions → syntax nodes: rows, and all that stands in them."""

from __future__ import annotations

from typing import Any

from netdsl.diagnostics import Span
from netdsl.syntax import tree
from netdsl.syntax.build_values import Values, part

# What exists while building alone.
Arguments = part("Arguments", "items")
_Label = part("_Label", "path")
_Repeat = part("_Repeat", "count")
_Alias = part("_Alias", "name")
_Assertion = part("_Assertion", "sizes")
_Flagged = part("_Flagged", "core", "words")
_Glued = part("_Glued", "layer", "count")
_GluedRepeat = part("_GluedRepeat", "channels", "count")
_Head = part("_Head", "word", "kernel", "glued")
_Kernel = part("_Kernel", "parts", "glued")
_Channels = part("_Channels", "value")
_Stride = part("_Stride", "sizes")


class Items(Values):
    """The callbacks for rows and items."""

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
        parts = self.axes(children)
        if glued:
            parts = (parts[0]._replace(span=self.over(children[:3])), *parts[1:])
        return _Kernel(parts, glued, self.over(children))

    def channels(self, children: list[Any]) -> Any:
        return _Channels(self.expression(children[1]), self.over(children))

    def glued(self, children: list[Any]) -> Any:
        return _GluedRepeat(self.expression(children[1]), self.expression(children[3]), self.over(children))

    def stride(self, children: list[Any]) -> Any:
        return _Stride(self.sizes(children, self.over(children[1:])), self.over(children))

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
        return self.sizes(children, span)

    def negative(self, children: list[Any]) -> tree.Expression:
        return tree.Unary("-", self.expression(children[1]), self.over(children))

    def call(self, children: list[Any]) -> tree.Call:
        return tree.Call(self.word(children[0]), self.nodes(children, tree.Argument), self.over(children))

    def arguments(self, children: list[Any]) -> Any:
        return Arguments(self.nodes(children, tree.Argument), self.over(children))

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
