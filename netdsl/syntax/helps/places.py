"""A place where something else was expected, and what of its surroundings the helps look at."""

from __future__ import annotations

import re
from functools import cached_property

from netdsl.syntax.helps.mistake import STATEMENTS as WORDS
from netdsl.syntax.helps.mistake import Mistake

#: So many letters before and behind a place are looked at.
NEAR = 200
#: A value of each quantity, as it is expected.
QUANTITIES = {
    "params": "1.2 M", "params_no_bias": "1.2 M", "macs": "4.1 G", "flops": "8.2 G", "activations": "11.1 M",
    "activations_conv_fc": "11.1 M", "depth": "19", "downsampling": "32", "receptive_field": "212",
}  # fmt: skip
#: Each statement as it is written.
STATEMENTS = {
    "net": 'a net has a name, and a title in quotes if it has one: `net vgg19 "Simonyan 2014"`',
    "input": "an input is its sizes, the channels first: `input 3x224x224`, or by a name `input image 3x224x224`",
    "param": "a parameter is a name and its value: `param width = 1.0`",
    "variant": "a variant gives parameters other values: `variant b1: width = 1.1`",
    "default": "`default` has the name of one variant: `default b1`",
    "style": "a style is of one kind of layer, and `_` is that layer: `style conv = _, bn, relu`",
    "block": "a block has a name, parameters if it has them, and a body: `block unit(c) { conv3-c }`",
    "use": '`use` has a file in quotes, and blocks of it in parentheses: `use "blocks.net" (unit)`',
    "expect": "`expect` has a quantity, a relation and a number: `expect params = 1.2 M, depth = 19`",
    "init": "`init` has a kind or a label, and how its weights start: `init conv = kaiming_normal fan_out`",
    "allow": "`allow` has the codes of warnings: `allow ND301`",
    "output": "an output has a name, and a body in braces: `output aux { @mid, gap, fc-10 }`",
}


class Place:
    """A mistake, and what of its surroundings is looked at."""

    def __init__(self, mistake: Mistake) -> None:
        self.mistake = mistake
        self.names = mistake.names
        begin = mistake.begin if mistake.before or mistake.word not in (")", "]", "}") else 0
        start = max(begin, mistake.offset - NEAR)
        self.before = mistake.text[start : mistake.offset].rstrip()
        self.after = mistake.text[mistake.span.end : mistake.end][:NEAR]
        self.ends = not mistake.word.strip() or mistake.word == "#"
        self.word = mistake.word if len(mistake.word) <= 30 and "`" not in mistake.word else ""

    @cached_property
    def opener(self) -> int:
        """The innermost bracket around the place, -1 where there is none."""
        offset = self.mistake.offset
        return max((at for at, to in self.mistake.pairs.items() if at < offset <= to), default=-1)

    @cached_property
    def owner(self) -> str:
        """What stands before the innermost bracket, in its line, with the bracket."""
        text, at = self.mistake.text, self.opener
        begin = max(text.rfind("\n", 0, at) + 1, at - NEAR) if at >= 0 else 0
        return text[begin : at + 1]

    @cached_property
    def head(self) -> str:
        """The word of the statement that the place is in: of its line, or behind a bracket that opens in it."""
        begin = max(self.mistake.begin, self.opener + 1)
        if self.mistake.text[self.opener : self.opener + 1] == "(" and self.opener > self.mistake.begin:
            begin = self.mistake.begin
        found = re.match(r"[ \t]*([a-z]+)(?![\w.]|[ \t]*:)", self.mistake.text[begin : self.mistake.offset + 20])
        return found[1] if found is not None and found[1] in WORDS else ""

    def named(self, statement: str) -> str:
        """The name that stands right behind the word of the statement."""
        begin = max(self.mistake.begin, 0)
        line = self.mistake.text[begin : begin + NEAR]
        found = re.match(rf"[ \t]*{statement}[ \t]+([A-Za-z_][\w.-]{{0,39}})", line)
        return found[1] if found is not None and begin + found.end() <= self.mistake.offset else ""
