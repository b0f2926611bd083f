"""What each shipped net must be: exact figures, checkpoint keys, and the module of another library that it equals.

One file a spec (``tests/zoo/resnet.py`` for ``specs/resnet.net``) with ``NETS``: a :class:`Net` for each variant, under
its name (``""`` where the spec has one net alone). The figures stand here so that they are tested everywhere; the other
library is asked where it is installed.

``python -m tests.zoo resnet [18 …]`` prints what the other library's modules are, ready to be written into such a file.
"""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

ROOT = Path(__file__).resolve().parents[2]
SPECS = ROOT / "specs"


@dataclass(frozen=True, kw_only=True)
class Net:
    """One variant of a spec, at its own input, in the inference view unless said.

    ``params`` are trainable parameters, ``macs`` multiply-adds of convolutions and fully connected layers without bias
    adds, ``depth`` the longest path in such layers; ``train`` holds ``(params, macs)`` of the training view where
    auxiliary heads make it another. ``keys`` are the number of keys of the reference's checkpoint and a checksum
    (:func:`fingerprint`) of its keys and shapes.

    ``make`` builds the reference, on whatever device is the default, and ``options`` go to ``netdsl.load`` to get the
    same function. ``image`` is an input shape ``(channels, height, width)``, as small as both can take, on which tests
    compare the outputs; without one only the benchmark does. ``rename`` turns a key of the reference into the spec's.
    ``train_outputs`` picks, of what the reference returns in training mode, the outputs in this net's order. ``exact``
    is False where float32 sums are taken in another order, so that outputs agree within 1e-5 alone; ``ordered`` is
    False where the keys are the same in another order.
    """

    params: int
    macs: int
    depth: int
    output: tuple[int, ...] = (1000,)
    train: tuple[int, int] | None = None
    keys: tuple[int, int] | None = None
    source: str
    make: Callable[[], nn.Module] | None = None
    options: Mapping[str, Any] = field(default_factory=lambda: {"logits": True})
    image: tuple[int, ...] | None = None
    rename: Callable[[str], str] | None = None
    train_outputs: Callable[[Any], tuple[Any, ...]] | None = None
    exact: bool = True
    ordered: bool = True


def fingerprint(tensors: Iterable[tuple[str, tuple[int, ...]]]) -> tuple[int, int]:
    """The number of keys, and a checksum of the sorted lines ``key shape``."""
    lines = sorted(f"{key} {tuple(shape)}" for key, shape in tensors)
    return len(lines), zlib.crc32("\n".join(lines).encode())


def zoo() -> dict[tuple[str, str], Net]:
    """Every net of this folder by spec and variant, in the order of file names."""
    found = {}
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if not path.stem.startswith("_"):
            nets: dict[str, Net] = importlib.import_module(f"tests.zoo.{path.stem}").NETS
            found.update({(path.stem, variant): net for variant, net in nets.items()})
    return found


# -- other libraries ---------------------------------------------------------------------------------------------------

#: Operators that torchvision's import looks for. Its binary declares them; none of its classifiers calls one.
_OPERATORS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "roi_align(Tensor input, Tensor rois, float spatial_scale, int pooled_height, int pooled_width, "
    "int sampling_ratio, bool aligned) -> Tensor",
)
_libraries: list[object] = []


class Absent(Exception):
    """Another library cannot be imported: the message says which and why."""


def library(name: str) -> Any:
    """A module of another library, such as ``torchvision.models``. Raises :class:`Absent` where there is none."""
    _declare()
    try:
        return importlib.import_module(name)
    except (ImportError, RuntimeError) as error:
        raise Absent(f"{name} cannot be imported: {error}") from error


def torchvision(name: str, **options: Any) -> Callable[[], nn.Module]:
    """What makes ``torchvision.models.<name>``. Raises :class:`Absent` when called without the library."""

    def make() -> nn.Module:
        module: nn.Module = getattr(library("torchvision.models"), name)(weights=None, **options)
        return module

    return make


def timm(name: str, **options: Any) -> Callable[[], nn.Module]:
    """What makes timm's model of that name. Raises :class:`Absent` when called without the library."""

    def make() -> nn.Module:
        module: nn.Module = library("timm").create_model(name, pretrained=False, **options)
        return module

    return make


def _declare() -> None:
    import torch

    if _libraries:
        return
    library = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    _libraries.append(library)
    for operator in _OPERATORS:
        try:
            library.define(operator)  # type: ignore[no-untyped-call]
        except RuntimeError:  # torchvision's own binary is there
            return
