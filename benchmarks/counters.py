"""What tools count of the same nets, for docs/numbers.md: ``python benchmarks/counters.py`` prints its table.

The modules are torchvision's, in evaluation, one image of 3×224×224. A tool that is not installed is left out; none of
them but torch's own and torchinfo is in the `bench` extra (`pip install fvcore ptflops thop`).
"""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Callable
from typing import Any

from rivals import missing, need, torchvision_models

#: torchvision's name, the shipped spec, torchvision's weights (whose table has a column "GFLOPS").
NETS = {
    "VGG-16": ("vgg16", "zoo:vgg16", "VGG16_Weights"),
    "ResNet-50": ("resnet50", "zoo:resnet:50", "ResNet50_Weights"),
    "MobileNet v2": ("mobilenet_v2", "zoo:mobilenet_v2", "MobileNet_V2_Weights"),
    "ConvNeXt-T": ("convnext_tiny", "zoo:convnext:tiny", "ConvNeXt_Tiny_Weights"),
}


def by_netdsl(model: Any, image: Any, spec: str) -> dict[str, int]:
    """MACs and FLOPs as docs/numbers.md has them."""
    import netdsl

    totals = netdsl.stats(netdsl.compile(spec)).totals
    return {"netdsl, MACs": totals.macs, "netdsl, FLOPs": totals.flops}


def by_torchinfo(model: Any, image: Any, spec: str) -> dict[str, int]:
    """torchinfo's `Total mult-adds`."""
    from torchinfo import summary

    return {"torchinfo, mult-adds": summary(model, input_data=image, verbose=0).total_mult_adds}


def by_torch(model: Any, image: Any, spec: str) -> dict[str, int]:
    """PyTorch's own counter."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        model(image)
    return {"torch FlopCounterMode, flops": counter.get_total_flops()}


def by_fvcore(model: Any, image: Any, spec: str) -> dict[str, int]:
    """fvcore's `flop`."""
    from fvcore.nn import FlopCountAnalysis

    counts = FlopCountAnalysis(model, image)
    counts.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    return {"fvcore, flop": int(counts.total())}


def by_thop(model: Any, image: Any, spec: str) -> dict[str, int]:
    """thop's first number, which its page calls MACs."""
    from thop import profile

    return {"thop, MACs": int(profile(model, (image,), verbose=False)[0])}


def by_ptflops(model: Any, image: Any, spec: str) -> dict[str, int]:
    """ptflops' MACs, by both of its ways."""
    from ptflops import get_model_complexity_info

    found = {}
    for backend in ("pytorch", "aten"):
        macs, _ = get_model_complexity_info(
            model, tuple(image.shape[1:]), as_strings=False, print_per_layer_stat=False, verbose=False, backend=backend
        )
        found[f"ptflops, MACs ({backend})"] = int(macs)
    return found


COUNTERS: dict[str, Callable[[Any, Any, str], dict[str, int]]] = {
    "netdsl": by_netdsl,
    "torch": by_torch,
    "torchinfo": by_torchinfo,
    "fvcore": by_fvcore,
    "ptflops": by_ptflops,
    "thop": by_thop,
}


def main() -> None:
    """Prints the table in Markdown, in millions."""
    need("torch", "torchvision")
    import torch

    warnings.filterwarnings("ignore")
    logging.disable(logging.CRITICAL)
    models = torchvision_models()
    rows: dict[str, list[str]] = {}
    for name, spec, weights in NETS.values():
        image = torch.zeros(1, 3, 224, 224)
        found = {"torchvision's table, GFLOPS": round(getattr(models, weights).DEFAULT.meta["_ops"] * 1e9)}
        for package, counter in COUNTERS.items():
            if missing(package):
                continue
            # thop leaves buffers in a module that it has seen: each tool has one of its own.
            model = getattr(models, name)().eval()
            with contextlib.redirect_stdout(io.StringIO()), torch.no_grad():
                found.update(counter(model, image, spec))
        for row, value in found.items():
            rows.setdefault(row, []).append(f"{value / 1e6:,.1f}")
    print("| tool and what it calls the number | " + " | ".join(NETS) + " |")
    print("|---|" + "---:|" * len(NETS))
    for row, values in rows.items():
        print(f"| {row} | {' | '.join(values)} |")


if __name__ == "__main__":
    main()
