"""The eager forward pass of netdsl's ResNet-50 against torchvision's, with the same weights, in turn.

``python benchmarks/forward.py [--rounds 20] [--batches 1 8] [--device cpu|cuda]``

Both are in evaluation mode and without gradients, and their outputs are compared first. A round runs each once, the
first of them in turn; the ratio is the median of the rounds' ratios, torchvision's time over netdsl's.
"""

from __future__ import annotations

import argparse
import statistics
import time

from measure import machine, table
from rivals import SPECS, need, torchvision_models

import netdsl


def main() -> None:
    """Measures, and prints medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    need("torch", "torchvision")
    import torch

    device = torch.device(options.device)
    torch.manual_seed(0)
    theirs = torchvision_models().resnet50(weights=None).eval().to(device)
    ours = netdsl.load(SPECS / "resnet.net", variant="50", logits=True).eval().to(device)
    ours.load_state_dict(theirs.state_dict())

    def timed(net: torch.nn.Module, images: torch.Tensor) -> float:
        begin = time.perf_counter()
        net(images)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return time.perf_counter() - begin

    rows = []
    with torch.inference_mode():
        for batch in options.batches:
            images = torch.rand(batch, 3, 224, 224, device=device)
            torch.testing.assert_close(ours(images), theirs(images))
            times: list[tuple[float, float]] = []
            for number in range(options.rounds + 2):
                if number % 2:
                    own, other = timed(ours, images), timed(theirs, images)
                else:
                    other, own = timed(theirs, images), timed(ours, images)
                if number >= 2:
                    times.append((own, other))
            rows.append(
                [
                    str(batch),
                    f"{1000 * statistics.median(own for own, _ in times):.1f} ms",
                    f"{1000 * statistics.median(other for _, other in times):.1f} ms",
                    f"{statistics.median(other / own for own, other in times):.3f}",
                ]
            )
    print(f"eager forward of ResNet-50 on {device}, {options.rounds} interleaved rounds; {machine()}\n")
    print(table(["batch", "netdsl", "torchvision", "ratio"], rows))


if __name__ == "__main__":
    main()
