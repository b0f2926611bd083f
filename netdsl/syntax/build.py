"""Lark's reductions → syntax nodes. One method a rule of the grammar; every method gets all tokens, punctuation too.

Here are those of the file and its declarations; what stands in these is built in ``build_items.py``, and of values in
``build_values.py``.
"""

from __future__ import annotations

from typing import Any

from netdsl.diagnostics import Span
from netdsl.syntax import tree
from netdsl.syntax.build_items import Arguments, Items
from netdsl.syntax.build_values import TOKEN, part

_Parameters = part("_Parameters", "items")


class Builder(Items):
    """The callbacks for one file."""

    def start(self, children: list[Any]) -> tuple[tree.Statement, ...]:
        return tuple(child for child in children if not hasattr(child, "type"))

    def net(self, children: list[Any]) -> tree.Net:
        title = self.said(children[2]) if len(children) > 2 else None
        return tree.Net(self.word(children[1]), title, self.over(children))

    def input(self, children: list[Any]) -> tree.Input:
        name = self.word(children[1]) if isinstance(children[1], TOKEN) else None
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
        arguments = children[1].items if type(children[1]) is Arguments else ()
        return tree.Condition(self.word(children[0]), arguments, str(children[-2]), children[-1], self.over(children))

    def quantity(self, children: list[Any]) -> tree.Quantity:
        unit = None
        if len(children) > 1 and getattr(children[-1], "type", None) == "NAME":
            if getattr(children[-2], "type", None) != "KTIMES":
                unit = self.word(children[-1])
        sized = children[:-1] if unit else children
        return tree.Quantity(self.sizes(sized, self.over(sized)), unit, self.over(children))

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


# rules whose names are Python's keywords
setattr(Builder, "or", Builder.chain)
setattr(Builder, "and", Builder.chain)
setattr(Builder, "not", Builder.prefix)


def _if(self: Builder, children: list[Any]) -> tree.If:
    otherwise = children[4] if len(children) > 4 else None
    return tree.If(self.expression(children[1]), children[2], otherwise, self.over(children))


setattr(Builder, "if", _if)
