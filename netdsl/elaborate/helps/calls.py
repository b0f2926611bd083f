"""What was meant by a call of what is no block: a layer with parentheses, another tool's function, another name."""

from __future__ import annotations

import re
from collections.abc import Callable

from netdsl.diagnostics import Advice, Edit, Span
from netdsl.diagnostics.nearest import did_you_mean
from netdsl.elaborate.context import Context
from netdsl.elaborate.expressions import show
from netdsl.elaborate.helps.attributes import show_syntax
from netdsl.elaborate.helps.meant import elsewhere, partly, undeclared
from netdsl.elaborate.names import Labels
from netdsl.elaborate.program import Block
from netdsl.elaborate.words import like_layer
from netdsl.ir.op import Op, lookup, names
from netdsl.syntax import tree

#: The text of the source at a span.
TextOf = Callable[[Span], str]
#: The longest text that a help repeats, and beyond the end of any text.
_LONGEST, _WHOLE = 60, 2**60


def of_layer(call: tree.Call, op: type[Op], labels: Labels, text_of: TextOf) -> str:
    """A help for a layer that is called like a block."""
    parts = [text_of(argument.span) for argument in call.arguments]
    if op.variadic:
        parts = [_branch(part, labels) for part in parts]
    ours = _as_layer(call, op, parts)
    lacking = [part[1:] for part in parts if part[:1] == "@" and not labels.has(part[1:].split("."))]
    if op.variadic and lacking and isinstance(ours, Advice):
        ours = f"{ours}, where `{lacking[0][:30]}:` stands before the layer that makes that tensor"
    return ours if isinstance(ours, Advice) else _of_python(call, text_of) or ours


def of_no_block(call: tree.Call, context: Context, text_of: TextOf) -> str:
    """A help for a call of what is neither a block nor a layer."""
    name = call.name
    if (written := _of_python(call, text_of)) is not None:
        return written
    given = [text_of(argument.span) for argument in call.arguments]
    if name.text == "reuse" and len(given) == 1:
        text = f"reuse {given[0].lstrip('@')}"
        return Advice(f"it is written `{text}`", Edit(call.span, text))
    if (other := _otherwise(call, context, text_of)) is not None:
        return other
    layer = elsewhere(name)
    ours = layer.edits[0].text if isinstance(layer, Advice) else ""
    op = lookup(ours)
    plain = op is not None and not op.syntax.required and not given
    if layer is not None and (plain or (ours in ("gap", "gmp") and given == ["1"])):
        return Advice(layer, Edit(call.span, ours))
    tensor = given[0].removeprefix("@") if len(given) == 1 else ""
    if (ours == "id" or name.text == "residual") and context.labels.has([tensor]):
        text = f"add {{ id | @{tensor} }}"
        return Advice(f"a tensor is added by `{text}`", Edit(call.span, text))
    if op is not None and op.syntax.kernel is not None:
        return f"here it is called `{ours}`, and written as in {show_syntax(op)}"
    blocks = context.program.blocks
    help = str(layer) if layer is not None else did_you_mean(name.text, blocks, name.span)
    help = help or partly(name.text, [*blocks], name.span)
    help = _declared_otherwise(name, help, context, text_of) or help
    if help is None:
        from netdsl.elaborate.helps.unheard_of import shipped

        help = shipped(name.text) or did_you_mean(name.text, names())
    return help or undeclared(call, blocks)


def _of_python(call: tree.Call, text_of: TextOf) -> Advice | None:
    """A help for a call that makes a layer in PyTorch or Keras."""
    from netdsl.syntax.helps.from_python import as_layer

    written = as_layer(text_of(call.span))
    return Advice(f"it is written `{written}`", Edit(call.span, written)) if written is not None else None


def _declared_otherwise(name: tree.Name, help: str | None, context: Context, text_of: TextOf) -> str | None:
    """A help for calls that all have another name than the one block which is meant: its declaration is wrong."""
    near = help.edits[0].text if isinstance(help, Advice) and help.startswith("did you mean") else ""
    block = context.program.blocks.get(near)
    if block is None or block.syntax.name.span.file != name.span.file:
        return None
    code = re.sub(r"#[^\n]*", "", text_of(Span(name.span.file, 0, _WHOLE)))
    declared, called = (len(re.findall(rf"(?<![\w.@]){re.escape(word)}(?!\w)", code)) for word in (near, name.text))
    if declared != 1 or called < 2:
        return None
    text = f"all calls say `{name.text}`, and the block is declared as `{near}`: `block {name.text}`"
    return Advice(text, Edit(block.syntax.name.span, name.text))


def _otherwise(call: tree.Call, context: Context, text_of: TextOf) -> str | None:
    """A help for a call of a value, ``kind(8)``, and of a block with its number, ``fire3 (16, 64)``."""
    name = call.name.text
    if name in context.env.visible():
        one = next(iter(context.program.blocks), "unit")[:_LONGEST]
        return f"`{name}` is a value, and no block: `if {name} == 1 {{ {one}(…) }}` chooses one by it"
    numbered = re.fullmatch(r"([A-Za-z_]\w*?)_?\d+[a-z]?", name)
    if numbered is None or numbered[1] not in context.program.blocks:
        return None
    shown = f"{name}: {numbered[1]}{text_of(call.span)[len(name) :].strip()}"
    before = text_of(Span(call.span.file, max(0, call.span.start - 2), call.span.start)).strip()
    if before == ":" or len(shown) > _LONGEST:
        return None
    return Advice(f"a label stands before what it names: `{shown}`", Edit(call.span, shown))


def _branch(part: str, labels: Labels) -> str:
    """A join's argument as a branch: a tensor by its name, what enters, or a layer."""
    from netdsl.syntax.helps.sums import ENTERING

    if "." in part and all(name.isidentifier() for name in part.split(".")) and labels.has(part.split(".")):
        return f"@{part}"
    if not part.isidentifier() or (like_layer(part) and not labels.has([part])):
        return part
    return "id" if part in ENTERING and not labels.has([part]) else f"@{part}"


def _as_layer(call: tree.Call, op: type[Op], parts: list[str]) -> str:
    """A help for a layer that is called like a block: as it would be written, where that is plain.

    ``parts`` are the texts of its arguments.
    """
    word = call.name.text
    if op.variadic and len(parts) == 1 and parts[0][:1] == "@":
        parts = [*parts, "id"] if op.keyword == "concat" else ["id", *parts]
    if op.variadic and len(parts) > 1 and all(argument.name is None for argument in call.arguments):
        text = f"{op.keyword} {{ {' | '.join(parts)} }}"
        if len(text) >= _LONGEST:
            return f"branches stand in braces: `{op.keyword} {{ … | … }}`"
        return Advice(f"it is written `{text}`", Edit(call.span, text))
    plain = [int(part) for part in parts if part.isdecimal() and len(part) < 6]
    if op.syntax.kernel is not None and op.syntax.channels is not None and len(plain) == len(parts) == 2:
        text = f"{op.keyword}{min(plain)}-{max(plain)}"
        return Advice(f"it is written `{text}`", Edit(call.span, text))
    if op.syntax.kernel is not None and op.syntax.channels is not None and len(plain) == len(parts) == 1:
        return f"the kernel stands at the word, and the channels behind a hyphen: `{op.keyword}3-{plain[0]}`"
    if op.syntax.kernel is None and op.syntax.channels is not None and len(plain) == len(parts) in (1, 2):
        text = f"{op.keyword}-{plain[-1]}"
        return Advice(f"it is written `{text}`", Edit(call.span, text))
    pools = op.syntax.kernel is not None and op.syntax.channels is None and op.syntax.stride is not None
    if pools and len(plain) == len(parts) in (1, 2):
        text = f"{op.keyword}{'/'.join(map(str, plain))}"
        return Advice(f"it is written `{text}`", Edit(call.span, text))
    first = op.attributes().get(op.syntax.positional[0]) if op.syntax.positional else None
    if first is not None and first.kind == "axes" and parts and len(plain) == len(parts):
        text = f"{op.keyword} {'x'.join(map(str, plain))}"
        return Advice(f"it is written `{text}`", Edit(call.span, text))
    values = [a.value.value for a in call.arguments if a.name is None and isinstance(a.value, tree.Literal)]
    rest = Span(call.span.file, call.name.span.end, call.span.end)
    if len(values) < len(call.arguments) or len(values) > len(op.syntax.positional):
        values = []
    elif not values and not op.syntax.required:
        own = "soft-max" if op.keyword == "softmax" else op.keyword
        own = word if word == word.lower() and (op.syntax.kernel is not None or word == op.keyword) else own
        return Advice(f"it is written `{own}`", Edit(call.span, own))
    if values and not any(isinstance(value, str) or value < 0 for value in values):
        text = "".join(f" {show(value)}" for value in values)
        return Advice(f"it is written `{word}{text}`", Edit(rest, text))
    return f"it is written `{op.example.line}`"


def signature(block: Block) -> str:
    """A block as its calls are written, with its parameters."""
    shown = [
        parameter.name.text + (f"={_default(parameter.default)}" if parameter.default is not None else "")
        for parameter in block.syntax.parameters
    ]
    return f"`{block.syntax.name.text}({', '.join(shown)})`"


def _default(expression: tree.Expression) -> str:
    """A default as a signature shows it: a plain value itself, else a sign that there is one."""
    if isinstance(expression, tree.Literal) and expression.bad is None:
        return show(expression.value)
    return "…"
