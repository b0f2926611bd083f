"""Small frozen values that operators and graphs are described with."""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd
from typing import Literal, NamedTuple, Protocol

#: A tensor's shape without its batch axis: ``(channels, *spatial)``, so rank 0 is ``(features,)``.
Shape = tuple[int, ...]

#: In which of a module's two modes something acts.
Mode = Literal["both", "train", "eval"]

#: Which of a net's two faces a report describes: ``infer`` leaves out what only training has.
View = Literal["infer", "train"]

#: How operators are coloured and grouped in diagrams and totals.
Category = Literal["input", "conv", "fc", "pool", "norm", "activation", "merge", "shape", "regularise"]

#: A value of an expression, an argument or an attribute.
Scalar = int | float | bool | str


def show_shape(shape: Sequence[int]) -> str:
    """``64×56×56``, as papers print a shape."""
    return "×".join(map(str, shape))


def plural(count: int, what: str) -> str:
    """``layer`` for one of them, ``layers`` for any other number."""
    return what if count == 1 else f"{what}s"


def show_axes(values: Sequence[object]) -> str:
    """A number for each axis: ``7`` where all have the same, else ``7×3``."""
    return str(values[0]) if len(set(values)) == 1 else "×".join(map(str, values))


class Tensor(NamedTuple):
    """One parameter or buffer of a module: its key below the module's own, and its shape as PyTorch has it.

    ``additive`` marks biases (batch norm's beta too), ``trainable`` is false for buffers and frozen weights,
    ``buffer`` is true for what is no ``nn.Parameter``. An empty ``name`` means: the module's own key.
    """

    name: str
    shape: tuple[int, ...]
    additive: bool = False
    trainable: bool = True
    buffer: bool = False

    @property
    def size(self) -> int:
        """Number of elements."""
        size = 1
        for length in self.shape:
            size *= length
        return size


class Windows(Protocol):
    """The first and the last element of each window, or None where it sees nothing."""

    def __len__(self) -> int: ...

    def __getitem__(self, place: int, /) -> tuple[int, int] | None: ...


class Step(NamedTuple):
    """What a layer does to the receptive field along one axis: which elements of its input each output element sees.

    ``size`` is the largest extent of a window in input elements (``dilation*(kernel-1)+1``), and ``spacing`` the
    distance between those that it sees (``dilation``). One of three holds:

    - Windows are even: output ``o`` sees the one from ``o*stride - pad`` on.
    - The input is enlarged or resized, by ``upscale`` to ``stride``. Output ``o`` sees the elements from
      ``(o*stride + before) // upscale`` to ``(o*stride + after) // upscale``, or none where they are none; ``ends`` is
      ``(before, after)``. Or ``windows`` has the first and last element, or None, of each of ``upscale`` outputs, and
      the next ``upscale`` see what lies ``stride`` elements further on.
    - With ``whole`` each output sees the whole axis, ``size`` elements.
    """

    size: int
    stride: int
    pad: int
    upscale: int = 1
    spacing: int = 1
    ends: tuple[int, int] | None = None
    windows: Windows = ()
    whole: bool = False


def whole_axis(length: int, outputs: int = 1) -> Step:
    """The step of a layer each of whose ``outputs`` elements sees all of an axis."""
    return Step(length, length, 0, outputs, whole=True)


def resized(stride: int, upscale: int, before: int, after: int) -> Step:
    """The step of a layer whose windows have these ``ends``; an even one where they are alike."""
    if stride % upscale == 0:
        first, last = before // upscale, after // upscale
        return Step(last - first + 1, stride // upscale, -first)
    common = gcd(stride, upscale)
    # The remainder with which a window begins leaves the most room for its end where it is the largest.
    largest = upscale - common + before % common
    return Step((largest + after - before) // upscale + 1, stride, 0, upscale, ends=(before, after))


class Rearrangement(NamedTuple):
    """How a layer moves elements without computing: read as ``split``, their axes in ``order``, read as the output.

    ``split`` is a shape (without the batch axis) of as many elements as the input; ``order`` names, for each axis of
    what comes out of it, the axis of ``split``, from 0.
    """

    split: Shape
    order: tuple[int, ...]


class Call(NamedTuple):
    """How PyTorch is called, said as data: nothing is imported for it.

    ``module``: ``target`` is the qualified name of a class (``torch.nn.Conv2d``) that is constructed with ``args`` and
    ``kwargs`` and applied to the inputs. Where torch has no such class, ``source`` is the text of one that the
    generated file includes (it may use ``torch``, ``nn`` and ``F``), and ``target`` is its bare name.

    ``expression``: ``target`` is an expression over the inputs ``{0}``, ``{1}``, … (``torch.flatten({0}, 1)``).

    ``parameter``: the net owns an ``nn.Parameter`` whose initial value is the expression ``args[0]``;
    ``target`` is an expression over the inputs and ``{parameter}``.

    ``inplace``: the module takes ``inplace=True``, which the back-end adds where it is safe.
    """

    kind: Literal["module", "expression", "parameter"]
    target: str
    args: tuple[object, ...] = ()
    kwargs: tuple[tuple[str, object], ...] = ()
    source: str | None = None
    inplace: bool = False
