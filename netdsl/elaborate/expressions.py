"""Computes expressions. A closed list of operators and functions; Python's own ``eval`` has no part in it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from netdsl.diagnostics import Advice, Edit, Span
from netdsl.diagnostics.nearest import did_you_mean
from netdsl.elaborate.helps.bounds import QUOTED, example_of, of_least, of_number, rounded
from netdsl.elaborate.values import UNKNOWN, Env, Stop, Tensor, stop
from netdsl.ir.op import lookup
from netdsl.ir.types import Scalar, Shape, show_shape
from netdsl.syntax import tree

#: No value of a spec may be larger: beyond any tensor, and still quick to compute with.
LARGEST = 10**18
#: How deep an expression may nest.
MAX_DEPTH = 150

FUNCTIONS = ("min", "max", "round", "floor", "ceil", "int", "abs", "divisible")
_FIELDS = {"c": 0, "d": -3, "h": -2, "w": -1}
#: What others call the sizes of a tensor.
_SIZES = {"channels": "c", "depth": "d", "height": "h", "width": "w"}
#: What others call the truth values.
_TRUTHS = {"true": "true", "yes": "true", "on": "true", "false": "false", "no": "false", "off": "false"}
#: Numbers in words.
_WORDS = {"zero": "0", "zeros": "0", "one": "1", "ones": "1", "half": "0.5"}
#: What others have as functions.
_ELSEWHERE = {
    "pow": "a power is written `x ** y`",
    "sqrt": "a root is written `x ** 0.5`",
    "divmod": "a quotient is `x // y`, a remainder `x % y`",
    "floordiv": "a whole quotient is `x // y`",
    "make_divisible": "here it is `divisible(x, 8)`",
}
#: What makes a result smaller.
_SMALLER = {"**": "a smaller power", "*": "a smaller factor", "/": "a larger divisor"}
#: Helps for `i` and `in` where there is none of them; who knows the place says more.
NO_PASS = "brackets that repeat count from 0: `[conv3-{16*(i+1)}] ×3`"
NOTHING_ENTERS = "in a block it is what enters the call: `block half { conv1-{in.c//2} }`, and then `half`"
#: How many letters of a name or a value a help repeats.
_SHOWN = 40


def axes(shape: Shape) -> dict[str, int]:
    """The places of a shape's sizes by their letters, in order: ``c``, then of ``d``, ``h`` and ``w`` what it has."""
    return {"c": 0, **{letter: place for place, letter in enumerate("dhw"[4 - len(shape) :], 1)}}


def kind_of(value: object) -> str:
    """What a value is, in words."""
    if isinstance(value, bool):
        return "a truth value"
    if isinstance(value, int):
        return "a whole number"
    return "a number" if isinstance(value, float) else "a text"


def show(value: Scalar) -> str:
    """A value as a spec would write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return f"{value:.1f}"
    return repr(value)


def evaluate(expression: tree.Expression, env: Env, depth: int = 0) -> Scalar:
    """The value of an expression. Raises :class:`Stop` with a diagnostic at the smallest part that is to blame."""
    kind = type(expression)
    if kind is tree.Literal:
        assert isinstance(expression, tree.Literal)
        if expression.bad is not None:
            raise stop("ND219", expression.bad, expression.span, help=_unusable(expression.bad))
        return expression.value
    if depth > MAX_DEPTH:
        help = "a part of it may have a name, `param part = 4*8`, and stand here as `part`"
        raise stop("ND219", f"this expression nests over {MAX_DEPTH} deep", expression.span, help=help)
    if isinstance(expression, tree.Variable):
        return _variable(expression, env)
    if isinstance(expression, tree.Member):
        return _member(expression, env)
    if isinstance(expression, tree.Binary):
        return _binary(expression, env, depth)
    if isinstance(expression, tree.Unary):
        return _unary(expression, env, depth)
    if isinstance(expression, tree.Template):
        return "".join(_filled(part, env, depth) for part in expression.parts)
    assert isinstance(expression, tree.Function)
    return _function(expression, env, depth)


def _unusable(bad: str) -> str:
    """A help for a literal that cannot be used."""
    if "sizes" in bad:
        return "a map has up to 3 sizes, as `3x224x224` two; of a kernel or a stride one number stands for all"
    if "terms" in bad:
        return "a part of it may have a name, `param part = 4*8`, and stand here as `part`"
    if "braces" in bad:
        return "write `{i}` for the number of the pass, or `\\{` for a brace"
    return "no value of a spec is beyond 10¹⁸: leave digits out"


def truth(expression: tree.Expression, env: Env) -> bool:
    """The value of a condition."""
    value = evaluate(expression, env)
    if not isinstance(value, bool):
        message = f"a condition is true or false, and this is {kind_of(value)}"
        raise stop("ND209", message, expression.span, help=_compared(value, expression))
    return value


def named(expression: tree.Expression, other: str = "x") -> str:
    """A name or a size as it is written, ``other`` for any other expression."""
    text = other
    if isinstance(expression, tree.Variable):
        text = expression.name
    elif isinstance(expression, tree.Member):
        text = f"{expression.owner.text}.{expression.field.text}"
    return text if len(text) <= _SHOWN else other


def _compared(value: Scalar, expression: tree.Expression, least: str = "> 0") -> str:
    """A help for a number or a text where a condition is meant."""
    name = named(expression)
    if isinstance(value, str):
        text = show(value) if len(value) <= _SHOWN else '"name"'
        return f"compare it: `{name} == {text}`"
    return f"compare it: `{name} {least}`, `{name} != 0`"


def whole(expression: tree.Expression, env: Env, what: str, *, least: int = 0) -> int:
    """The value of an expression that must be a whole number (``64.0`` is one); ``what`` names it in messages."""
    value = evaluate(expression, env)
    if isinstance(value, float) and isinstance(expression, tree.Literal) and value != int(value):
        message = f"{what} must be whole, and this is {value:g}"
        raise stop("ND207", message, expression.span, help=rounded(value, what, literal=True))
    return to_whole(value, expression.span, what, least=least)


def to_whole(value: object, span: Span, what: str, *, least: int = 0, example: str | None = None) -> int:
    """``value`` as an int; see :func:`whole`. ``example`` is what would do."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        help = of_number(value, example or example_of(what))
        raise stop("ND209", f"{what} is a whole number, and this is {kind_of(value)}", span, help=help)
    if value != int(value):
        raise stop("ND207", f"{what} must be whole, and this is {value:g}", span, help=rounded(value, what))
    if value < least:
        message = f"{what} must be at least {least}, and this is {int(value)}"
        raise stop("ND208", message, span, help=of_least(what))
    return int(value)


def _variable(expression: tree.Variable, env: Env) -> Scalar:
    name, span = expression.name, expression.span
    if name == "in":
        raise stop("ND220", "`in` is a tensor: take one of its sizes", span, help="`in.c`, `in.h` or `in.w`")
    if name == "i":
        count = env.count()
        if count is None:
            raise stop("ND220", "`i` counts the passes of a repeat, and there is none around this", span, help=NO_PASS)
        return count
    if name in ("true", "false"):
        return name == "true"  # written where a bare word is read as a name
    value = env.lookup(name)
    if value is None:
        inner = within(span, name)
        help = did_you_mean(name, env.visible(), inner) or _known(name, env)
        if name.lower() in _TRUTHS:
            help = Advice("truth values are `true` and `false`", Edit(inner, _TRUTHS[name.lower()]))
        elif name.lower() in _WORDS:
            help = Advice(f"a number stands there: `{_WORDS[name.lower()]}`", Edit(inner, _WORDS[name.lower()]))
        elif name in ("same", "valid"):
            help = f"`{name}` is a flag: it stands alone after the layer"
        raise stop("ND203", f"there is no value called `{name}` here", span, help=help)
    if value is UNKNOWN:
        raise Stop
    if isinstance(value, Tensor):
        raise stop("ND209", f"`{name}` is a tensor, and a value is wanted", span, help=sizes_of(name, value))
    assert isinstance(value, (int, float, bool, str))
    return value


def within(span: Span, name: str) -> Span:
    """Where a name stands that may have braces around it, which belong to the span of its expression."""
    return span if span.end - span.start == len(name) else Span(span.file, span.start + 1, span.end - 1)


def sizes_of(name: str, tensor: Tensor) -> str:
    """A help for a tensor where a value is wanted."""
    letters = axes(tensor.shape) if tensor.shape is not None else "chw"
    name = name if len(name) <= _SHOWN else "t"
    return "the sizes of a tensor are values: " + ", ".join(f"`{name}.{letter}`" for letter in letters)


def _known(name: str, env: Env) -> str:
    """A help for a name that is none and resembles none."""
    if lookup(name) is not None:
        return f'a value is no layer: `"{name}"` is a text, and `if … {{ {name} }} else {{ … }}` chooses layers'
    known = [f"`{known}`" for known in env.visible()]
    if not known:
        return f"`param {name} = 1` declares it"
    listed = ", ".join(known[:8]) + (" and others" if len(known) > 8 else "")
    return f"there {'is' if len(known) == 1 else 'are'} {listed}"


def _member(expression: tree.Member, env: Env) -> Scalar:
    owner, field = expression.owner.text, expression.field.text
    help: str | None
    tensor: object = env.tensor() if owner == "in" else env.lookup(owner)
    if owner == "in" and tensor is None:
        message = "`in` is what enters a block, a branch or a pass of a repeat, and there is none around this"
        raise stop("ND220", message, expression.owner.span, help=NOTHING_ENTERS)
    if tensor is None:
        help = did_you_mean(owner, ["in", *env.visible()], expression.owner.span)
        if owner in ("input", "x", "self") and help is None and env.tensor() is not None:
            help = Advice("what enters is called `in`", Edit(expression.owner.span, "in"))
        help = help or f"`in.{field if field in _FIELDS else 'c'}` is of what enters a block, a branch or a repeat"
        raise stop("ND203", f"there is no value called `{owner}` here", expression.owner.span, help=help)
    if not isinstance(tensor, Tensor):
        if tensor is UNKNOWN:
            raise Stop
        shown = owner if len(owner) <= _SHOWN else "n"
        help = f"the value itself is `{shown}`; a tensor comes in by its name, `block(@name)`"
        raise stop("ND209", f"`{owner}` is no tensor and has no sizes", expression.owner.span, help=help)
    if field not in _FIELDS:
        message = f"a tensor has no `{field}`"
        help = "its sizes are `.c`, `.d`, `.h` and `.w`"
        ours = _SIZES.get(field.lower())
        if ours is not None:
            help = Advice(f"here it is called `{ours}`", Edit(expression.field.span, ours))
        raise stop("ND203", message, expression.field.span, help=help)
    shape = tensor.shape
    if shape is None:
        raise Stop
    place = _FIELDS[field]
    if field != "c" and len(shape) < 1 - place:
        message = f"`{owner}` has the shape {show_shape(shape)} and no `{field}`"
        help = "it has " + ", ".join(f"`{letter}`" for letter in axes(shape))
        raise stop("ND220", message, expression.field.span, help=help)
    return shape[place]


def _number(value: Scalar, operand: tree.Expression, sign: str) -> int | float:
    if isinstance(value, (bool, str)):
        help = "`int` around it makes 1 or 0"
        if isinstance(value, str):
            help = f"a number has no quotes: `{named(operand, 'n')} = 8`"
            if isinstance(operand, tree.Literal):
                help = _unquoted(value, operand.span) or "a number has no quotes: `8`"
        raise stop("ND209", f"`{sign}` computes with numbers, and this is {kind_of(value)}", operand.span, help=help)
    return value


def _unquoted(value: Scalar, span: Span) -> str | None:
    """A help for a text that is a number in quotes, which stands at ``span``."""
    number = QUOTED.fullmatch(value) if isinstance(value, str) else None
    return None if number is None else Advice(f"a number has no quotes: `{number[1]}`", Edit(span, number[1]))


def _bounded(value: Scalar, span: Span, sign: str) -> Scalar:
    if isinstance(value, float) and not math.isfinite(value):
        raise stop("ND219", "this is not a finite number", span, help=_smaller(sign))
    if isinstance(value, (int, float)) and abs(value) > LARGEST:
        raise stop("ND219", "this number is beyond any tensor", span, help=_smaller(sign))
    return value


def _smaller(sign: str) -> str:
    return f"no value of a spec is beyond 10¹⁸: take {_SMALLER.get(sign, 'smaller numbers')}"


def _unary(expression: tree.Unary, env: Env, depth: int) -> Scalar:
    value = evaluate(expression.operand, env, depth + 1)
    if expression.operator == "not":
        if not isinstance(value, bool):
            message = f"`not` wants true or false, and this is {kind_of(value)}"
            name = named(expression.operand)
            help = _compared(value, expression.operand)
            if isinstance(value, (int, float)):
                help = f"compare it, without `not`: `{name} == 0`"
            raise stop("ND209", message, expression.operand.span, help=help)
        return not value
    number = _number(value, expression.operand, expression.operator)
    return -number if expression.operator == "-" else number


def _binary(expression: tree.Binary, env: Env, depth: int) -> Scalar:
    sign = expression.operator
    left = evaluate(expression.left, env, depth + 1)
    if sign in ("and", "or"):
        for value, operand in ((left, expression.left), (None, expression.right)):
            value = evaluate(operand, env, depth + 1) if value is None else value
            if not isinstance(value, bool):
                message = f"`{sign}` joins conditions, and this is {kind_of(value)}"
                raise stop("ND209", message, operand.span, help=_compared(value, operand))
            if value == (sign == "or"):
                return value
        return sign == "and"
    right = evaluate(expression.right, env, depth + 1)
    if sign in ("==", "!="):
        if kind_of(left) != kind_of(right) and not (_is_number(left) and _is_number(right)):
            message = f"{kind_of(left)} and {kind_of(right)} cannot be compared"
            raise stop("ND209", message, expression.span, help=_alike(expression, left, right))
        return (left == right) == (sign == "==")
    a, b = _number(left, expression.left, sign), _number(right, expression.right, sign)
    if sign == "<":
        return a < b
    if sign == "<=":
        return a <= b
    if sign == ">":
        return a > b
    if sign == ">=":
        return a >= b
    if b == 0 and sign in ("/", "//", "%"):
        help = "`max` of 1 and what divides is never 0"
        if isinstance(expression.right, tree.Literal):
            dividend = f"{a:g}" if isinstance(expression.left, tree.Literal) else named(expression.left, "8")
            help = f"`{dividend} {sign} 2` divides by 2"
        raise stop("ND219", "this divides by zero", expression.right.span, help=help)
    try:
        if sign == "**":
            return _bounded(_power(a, b, expression), expression.span, sign)
        return _bounded(_arithmetic(sign, a, b), expression.span, sign)
    except OverflowError:
        raise stop("ND219", "this number is beyond any tensor", expression.span, help=_smaller(sign)) from None


def _alike(expression: tree.Binary, left: Scalar, right: Scalar) -> str:
    """A help for two values of different kinds that are compared."""
    sign = expression.operator
    sides = ((expression.left, left, right), (expression.right, right, left))
    for side, value, other in sides:
        if isinstance(side, tree.Literal) and _is_number(other) and (help := _unquoted(value, side.span)) is not None:
            return help
        if isinstance(other, bool) and isinstance(side, tree.Literal) and value in (0, 1) and _is_number(value):
            name = named(expression.left if side is expression.right else expression.right)
            return f"a truth value stands alone: `{name if (value == 1) == (sign == '==') else f'not {name}'}`"
    shown = [
        f"`{named(side)} {sign} {show(value)}`"
        for side, value, _ in sides
        if named(side, "") and len(str(value)) <= _SHOWN
    ]
    if not shown:
        return "write both as numbers, or both in quotes"
    return f"{' and '.join(shown)} compare{'s' * (len(shown) == 1)} what is alike"


def _is_number(value: Scalar) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _filled(part: tree.Name | tree.Expression, env: Env, depth: int) -> str:
    if isinstance(part, tree.Name):
        return part.text
    value = evaluate(part, env, depth + 1)
    if isinstance(value, (bool, float)):
        help = "`int` around it makes a whole number"
        what = "a fraction" if isinstance(value, float) else kind_of(value)
        raise stop("ND213", f"{what} cannot be part of a name", part.span, help=help)
    return str(value)


def _power(a: int | float, b: int | float, expression: tree.Binary) -> int | float:
    """``a ** b``: whole for whole numbers and a power from 0."""
    base = named(expression.left)
    if a == 0 and b < 0:
        help = f"`max(1, {base})` is never 0"
        raise stop("ND219", "this divides by zero: zero has no negative power", expression.span, help=help)
    if a < 0 and b != int(b):
        message = f"a negative number has no power of {b:g} among the real ones"
        raise stop("ND219", message, expression.span, help=f"`abs({base}) ** {b:g}` takes the sign off")
    if isinstance(a, int) and isinstance(b, int) and b > 0 and abs(a) > 1 and b * math.log2(abs(a)) > 64:
        raise OverflowError
    made: int | float = a**b
    return made


def _arithmetic(sign: str, a: int | float, b: int | float) -> int | float:
    if sign == "+":
        return a + b
    if sign == "-":
        return a - b
    if sign == "*":
        return a * b
    if sign == "/":
        return a / b
    if sign == "//":
        return a // b
    return a % b


def divisible(value: int | float, divisor: int) -> int:
    """``value`` rounded to a multiple of ``divisor``, at least one of them and never under 90 % of ``value``.

    The rule of MobileNet and EfficientNet for scaled channel counts (Howard et al. 2017; Tan & Le 2019).
    """
    rounded = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * value else rounded


def _taking(name: str, arguments: Sequence[tree.Expression]) -> str:
    """A help for a function that takes another number of values."""
    x = "c"
    if arguments:
        x = named(arguments[0], "c")
        if isinstance(arguments[0], tree.Literal) and _is_number(arguments[0].value):
            x = show(arguments[0].value)
    return {
        "min": "`min(a, b)` is the smaller of two, and of more",
        "max": "`max(a, b)` is the larger of two, and of more",
        "round": f"`round({x})` is the nearest whole number, `divisible({x}, 8)` the nearest multiple of 8",
        "floor": f"`floor({x})` rounds down; a whole quotient is `{x} // 2`",
        "ceil": f"`ceil({x})` rounds up",
        "int": f"`int({x})` cuts what is behind the point",
        "abs": f"`abs({x})` takes the sign off",
        "divisible": f"`divisible({x}, 8)` rounds to a multiple of 8",
    }[name]


def _function(expression: tree.Function, env: Env, depth: int) -> Scalar:
    name = expression.name.text
    if name not in FUNCTIONS:
        help = _ELSEWHERE.get(name.strip("_")) or did_you_mean(name, FUNCTIONS, expression.name.span)
        help = help or "there are " + ", ".join(f"`{f}`" for f in FUNCTIONS)
        raise stop("ND203", f"there is no function called `{name}`", expression.name.span, help=help)
    values = [evaluate(argument, env, depth + 1) for argument in expression.arguments]
    wanted = {"divisible": 2, "min": 0, "max": 0}.get(name, 1)
    if not values or (wanted and len(values) != wanted):
        count = {0: "at least one value", 1: "one value", 2: "two values"}[wanted]
        message = f"`{name}` takes {count}, and {len(values)} stand{'s' * (len(values) == 1)} here"
        raise stop("ND219", message, expression.span, help=_taking(name, expression.arguments))
    if name == "int" and isinstance(values[0], bool):
        return int(values[0])
    numbers = [_number(v, e, name) for v, e in zip(values, expression.arguments, strict=True)]
    first = numbers[0]
    if name == "divisible":
        divisor = to_whole(numbers[1], expression.arguments[1].span, "a divisor", least=1)
        return divisible(first, divisor)
    if name in ("min", "max"):
        return min(numbers) if name == "min" else max(numbers)
    if name == "abs":
        return abs(first)
    if name == "round":
        return round(first)
    if name == "floor":
        return math.floor(first)
    return math.ceil(first) if name == "ceil" else int(first)
