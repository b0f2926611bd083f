"""What every operator is: one frozen class that says how it is written, what it computes and how PyTorch is called.

Adding an operator is adding one class to a file of ``netdsl/ops``; whatever ranges over :func:`registry` then has it.
"""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal, NamedTuple

from netdsl.ir.record import FieldInfo, Record
from netdsl.ir.types import Call, Category, Rearrangement, Shape, Step, Tensor, plural, show_shape


class OpError(Exception):
    """An operator that cannot be: the message is one sentence in the field's words.

    ``help`` says what to write instead, and with that the layer is taken. ``field`` names the attribute to blame, so
    that the caret stands below it and not below the whole layer. ``needless`` is true where that attribute says
    nothing here, so that ``netdsl check --fix`` may leave it out.
    """

    def __init__(self, code: str, message: str, *, help: str, field: str | None = None, needless: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.help = help
        self.field = field
        self.needless = needless


class Syntax(NamedTuple):
    """How a layer of this kind is written: which attribute each part of ``conv3-64/2`` fills.

    ``kernel`` is the attribute of the number in the head (``conv3``), ``channels`` that after ``-``, ``stride`` that
    after ``/``; ``positional`` those of bare values in order (``dropout 0.5``); ``flags`` maps a word to the attributes
    that it sets (``valid`` → ``pad=0``); ``reference`` is true where the layer takes ``@name`` as a second input, whose
    shape alone matters (``crop @t``); ``required`` are attributes that must be given in the spec;
    ``times`` is the attribute of a ``×`` that is no repeat (``upsample ×2``).
    """

    kernel: str | None = None
    channels: str | None = None
    stride: str | None = None
    positional: tuple[str, ...] = ()
    flags: Mapping[str, Mapping[str, object]] = types.MappingProxyType({})
    reference: bool = False
    required: tuple[str, ...] = ()
    times: str | None = None


class Example(NamedTuple):
    """A line of spec that compiles, and the input that it takes (``3x32x32``)."""

    line: str
    input: str = "8x16x16"


class Formula(NamedTuple):
    """One number of a layer as arithmetic: the rule in letters, and the same with the layer's numbers in their places.

    ``of`` is what it gives: ``shape`` (the output's ``axis``, 0 the channels), ``params`` (the elements of all
    parameters, trained or not), ``macs`` or ``work``, for one image. ``rule`` uses ``Op.letters``, ``C`` and ``n`` for
    the channels and the size that enter, ``t``, ``h`` and ``w`` for the size that leaves; it is empty where ``says``
    has all. ``numbers`` has ``+ − · /``, brackets, ``floor`` and ``ceil``, and comes to exactly that number. ``says``
    is a remark, or empty.
    """

    of: Literal["shape", "params", "macs", "work"]
    rule: str
    numbers: str
    says: str = ""
    axis: int = 0


class Attribute(NamedTuple):
    """One attribute of an operator, as its class declares it."""

    name: str
    kind: Literal["int", "float", "bool", "word", "text", "axes"]
    optional: bool
    required: bool
    default: object
    words: tuple[str, ...]
    minimum: float | None
    above: float | None
    maximum: float | None
    below: float | None
    doc: str
    #: Of an ``axes`` attribute: it has as many numbers as are written, not one for each spatial axis.
    any_length: bool = False

    @property
    def ramps(self) -> bool:
        """Whether ``a..b`` may be given: a fraction that grows over the layers of a net."""
        return self.kind == "float"


class Op(Record):
    """An operator with its attributes resolved: tuples for axes, numbers for numbers, nothing left to a default.

    Subclasses declare the attributes as fields and override what differs from an elementwise operator without
    parameters. ``inputs`` are shapes ``(channels, *spatial)`` without the batch axis.
    """

    keyword: ClassVar[str]
    aliases: ClassVar[tuple[str, ...]] = ()
    category: ClassVar[Category]
    syntax: ClassVar[Syntax] = Syntax()
    example: ClassVar[Example]
    #: A convolution or fully connected layer: counts in the depth and in the activations of conv and fc.
    weight_layer: ClassVar[bool] = False
    #: Its output can take its input's place in memory (an activation, batch norm, dropout).
    in_place: ClassVar[bool] = False
    #: Its output is a view of its input: no data moves (flatten, reshape, chunk, crop, take), and no activation counts.
    is_view: ClassVar[bool] = False
    #: Takes any number of inputs (a join) instead of one.
    variadic: ClassVar[bool] = False
    #: Whether a bias is left out when batch norm stands in the layer's own style or suffix.
    bias_unless_norm: ClassVar[bool] = False
    #: A layer whose style this one takes when it has none of its own (``dwconv`` takes ``conv``'s).
    style_of: ClassVar[str | None] = None
    #: Linear in its input, so that two in a row with nothing between are one (a warning).
    linear: ClassVar[bool] = False
    #: A soft-max or the like, which ``--logits`` takes off the end of a net.
    probabilities: ClassVar[bool] = False
    #: Drops all of a tensor in training: makes sense only where another path goes round it to an ``add``.
    beside_a_path: ClassVar[bool] = False
    #: May stand in a spec. False for what the compiler alone makes (a net's input).
    writable: ClassVar[bool] = True
    #: Takes a vector: the back-end flattens a map before it.
    flattens: ClassVar[bool] = False
    #: The letters by which formulas call attributes: ``kernel`` is ``k``.
    letters: ClassVar[Mapping[str, str]] = types.MappingProxyType({})
    #: The kind of every :class:`Call` of this operator: whether it has a module, a parameter of its own, or neither.
    lowers_to: ClassVar[Literal["module", "expression", "parameter"]] = "module"
    _attributes_cache: ClassVar[dict[str, Attribute]]

    @property
    def pools_all(self) -> bool:
        """Turns a map into one value a channel: the receptive field is reported before it."""
        return False

    @classmethod
    def resolve(cls, values: dict[str, Any], inputs: tuple[Shape, ...]) -> dict[str, Any]:
        """Fills in what the spec left out, where a default depends on other values or on the input.

        ``values`` holds what the spec gave, each already of its attribute's kind (an ``axes`` value has one number for
        each spatial axis of ``inputs[0]``); the result goes to the fields, whose own defaults still fill gaps.
        Raises :class:`OpError` where the values contradict one another or the input.
        """
        return values

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        """The output's shape. Raises :class:`OpError` where the operator cannot take these inputs."""
        return inputs[0]

    def tensors(self, inputs: tuple[Shape, ...]) -> tuple[Tensor, ...]:
        """Parameters and buffers, in the order of PyTorch's ``state_dict``."""
        return ()

    def macs(self, inputs: tuple[Shape, ...], output: Shape) -> int:
        """Multiply-adds of one image, without bias adds: zero for all but convolutions and fully connected layers."""
        return 0

    def work(self, inputs: tuple[Shape, ...], output: Shape) -> int:
        """FLOPs of one image beside the multiply-adds: elementwise, norm and pooling arithmetic."""
        return 0

    def formulas(self, inputs: tuple[Shape, ...], output: Shape) -> Iterator[Formula]:
        """The arithmetic behind :meth:`infer`, :meth:`tensors`, :meth:`macs` and :meth:`work`, for people to follow.

        What is left out is said in general terms: a shape that stays, parameters by the shapes of their tensors, work
        by each element of the output.
        """
        return iter(())

    def steps(self, inputs: tuple[Shape, ...]) -> tuple[Step, ...] | None:
        """One step of the receptive field for each spatial axis; None where each output element sees its own alone.

        What a norm's statistics gather over positions is no window, and no step.
        """
        return None

    def across(self, inputs: tuple[Shape, ...]) -> Step | None:
        """The step along the channels; None where each output channel sees its own alone.

        It matters only where the first axis has come to hold places of the image, by ``permute`` or ``reshape``.
        """
        return None

    def rearranges(self, inputs: tuple[Shape, ...]) -> Rearrangement | None:
        """How the layer moves elements from one axis to another, if that is all that it does; else None.

        A layer that does has neither :meth:`steps` nor :meth:`across`.
        """
        return None

    def call(self, inputs: tuple[Shape, ...], output: Shape) -> Call:
        """How PyTorch computes it."""
        raise NotImplementedError

    def members(self, inputs: tuple[Shape, ...]) -> tuple[tuple[str, Op], ...]:
        """For a layer that is written as one and built as several: their names and operators, in order; else empty.

        ``sepconv`` is a scope of ``depthwise`` and ``pointwise``. Such an operator never stands in a graph itself.
        """
        return ()

    def dropped(self, inputs: tuple[Shape, ...]) -> str | None:
        """Where the window does not tile the input and real elements are lost: the arithmetic to show, else None."""
        return None

    def caption(self, inputs: tuple[Shape, ...], output: Shape) -> str:
        """A few words for a box in a diagram: ``3×3 conv, 64, /2``."""
        return self.keyword

    @classmethod
    def attributes(cls) -> dict[str, Attribute]:
        """The attributes by name, read off the fields."""
        cached: dict[str, Attribute] | None = cls.__dict__.get("_attributes_cache")
        if cached is None:
            cached = {name: _attribute(cls, name, annotation) for name, annotation in cls.types().items()}
            cls._attributes_cache = cached
        return cached


def _attribute(cls: type[Op], name: str, annotation: Any) -> Attribute:
    info = cls.model_fields[name]
    optional = False
    words: tuple[str, ...] = ()
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        rest = [arm for arm in typing.get_args(annotation) if arm is not type(None)]
        optional = len(rest) < len(typing.get_args(annotation))
        annotation = rest[0]
    origin = typing.get_origin(annotation)
    limits = dict(info.limits)
    kind: Literal["int", "float", "bool", "word", "text", "axes"]
    if origin is Literal:
        kind, words = "word", typing.get_args(annotation)
    elif origin is tuple:
        kind = "axes"
        # The limits of the elements: tuple[Annotated[int, field(ge=1)], ...].
        for mark in getattr(typing.get_args(annotation)[0], "__metadata__", ()):
            if isinstance(mark, FieldInfo):
                limits.update(mark.limits)
    elif annotation is bool:
        kind = "bool"
    elif annotation is int:
        kind = "int"
    elif annotation is float:
        kind = "float"
    elif annotation is str:
        kind = "text"
    else:
        raise TypeError(f"{cls.__name__}.{name}: an attribute cannot be of type {annotation!r}")
    return Attribute(
        name,
        kind,
        optional,
        name in cls.syntax.required,
        None if info.is_required() else info.default,
        words,
        limits.get("ge"),
        limits.get("gt"),
        limits.get("le"),
        limits.get("lt"),
        info.description,
        any_length=info.any_length,
    )


# -- registry ---------------------------------------------------------------------------------------------------------

_REGISTRY: dict[str, type[Op]] = {}
_NAMES: dict[str, type[Op]] = {}


def register(cls: type[Op]) -> type[Op]:
    """Class decorator: makes an operator known under its keyword and aliases (all lower case)."""
    for name in (cls.keyword, *cls.aliases):
        if _NAMES.setdefault(name, cls) is not cls:
            raise ValueError(f"two operators are called {name!r}")
    _REGISTRY[cls.keyword] = cls
    return cls


def registry() -> Mapping[str, type[Op]]:
    """Every registered operator by keyword. Import :mod:`netdsl.ops` first."""
    return types.MappingProxyType(_REGISTRY)


def names() -> Iterator[str]:
    """Every keyword and alias."""
    return iter(_NAMES)


def lookup(word: str) -> type[Op] | None:
    """The operator of a keyword or alias, in any case (``FC``, ``soft-max``)."""
    return _NAMES.get(word) or _NAMES.get(word.lower().replace("-", ""))


# -- helps that several families share --------------------------------------------------------------------------------


def need_map(keyword: str, shape: Shape, *, least: int = 1) -> int:
    """The number of spatial axes, or an :class:`OpError` where there are too few for ``keyword`` (or over three)."""
    rank = len(shape) - 1
    if rank < least:
        raise OpError(
            "ND221",
            f"`{keyword}` needs a map with at least {least} spatial ax{'is' if least == 1 else 'es'}, "
            f"and {show_shape(shape)} has {rank if rank else 'none'}",
            help=_as_map(keyword, shape),
        )
    if rank > 3:
        raise OpError(
            "ND221",
            f"`{keyword}` takes up to 3 spatial axes, and {show_shape(shape)} has {rank}",
            help=reshaped((*shape[:3], elements(shape[3:]))),
        )
    return rank


def _as_map(keyword: str, shape: Shape) -> str:
    """What a vector goes through, or what makes a map of it."""
    count = elements(shape)
    side = math.isqrt(count)
    op = lookup(keyword)
    instead = "a vector goes through `fc`, and " if op is not None and op.weight_layer else ""
    return instead + reshaped((1, side, side) if side > 1 and side * side == count else (1, count))


def reshaped(shape: Shape) -> str:
    """A help: what gives a tensor a shape of as many elements before a layer that needs it."""
    count = elements(shape)
    sizes = "x".join(map(str, shape))
    return f"`reshape {sizes}` before it makes a map of the {count} {plural(count, 'number')}"


def elements(shape: Shape) -> int:
    """Number of elements of a tensor for one image."""
    count = 1
    for length in shape:
        count *= length
    return count
