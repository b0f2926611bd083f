"""What netdsl is measured against: torchvision's nets and torchinfo's tables. Says which of them is not there."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent
SPECS = ROOT / "specs"

#: Operators that torchvision's own binary declares. Its nets need none of them, but its import looks for them, and the
#: binary is missing where torchvision was installed beside a build of torch that it was not made for.
_OPERATORS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "roi_align(Tensor input, Tensor rois, float spatial_scale, int pooled_height, int pooled_width, "
    "int sampling_ratio, bool aligned) -> Tensor",
)

_libraries: list[object] = []


def missing(*names: str) -> list[str]:
    """Those of the packages that are not installed."""
    return [name for name in names if importlib.util.find_spec(name) is None]


def need(*names: str) -> None:
    """Ends the program with a sentence where a package is not installed."""
    absent = missing(*names)
    if absent:
        print(f"not measured: {', '.join(absent)} is not installed (pip install -c constraints.txt -e '.[bench]')")
        sys.exit(3)


def torchvision_models() -> ModuleType:
    """``torchvision.models``, whether or not torchvision's binary fits this torch. :func:`need` it first."""
    import torch

    if "torchvision" not in sys.modules and not _declares():
        library = torch.library.Library("torchvision", "DEF")
        for operator in _OPERATORS:
            library.define(operator)
        _libraries.append(library)
    return importlib.import_module("torchvision.models")


def _declares() -> bool:
    """Whether torchvision's binary is there and fits, so that it declares its operators itself."""
    import torch

    spec = importlib.util.find_spec("torchvision")
    if spec is None or spec.origin is None:
        return False
    for binary in Path(spec.origin).parent.glob("_C*"):
        try:
            torch.ops.load_library(str(binary))
        except OSError:
            return False
        return hasattr(torch.ops.torchvision, "nms")
    return False
