"""``python -m tests.zoo SPEC [VARIANT …]``: the reference modules' figures, measured on the meta device."""

from __future__ import annotations

import argparse
from typing import Any

import torch
from torch import nn

from netdsl.elaborate import analyse
from tests.zoo import SPECS, Net, fingerprint, zoo

_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)


def measure(net: Net, shape: tuple[int, ...], *, train: bool = False) -> dict[str, Any]:
    """Parameters, MACs and keys of a net's reference at inputs of ``shape`` (channels, height, width)."""
    assert net.make is not None
    with torch.device("meta"):
        module = net.make().eval()
        image = torch.empty(1, *shape)
    module.training = train
    macs = 0

    def count(layer: Any, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        nonlocal macs
        if isinstance(layer, nn.Linear):
            macs += output.numel() * layer.in_features
        else:
            transposed = isinstance(layer, (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d))
            elements = inputs[0].numel() if transposed else output.numel()
            macs += elements * (layer.weight.numel() // layer.weight.shape[0])

    for layer in module.modules():
        if isinstance(layer, (nn.Linear, *_CONVOLUTIONS)):
            layer.register_forward_hook(count)
    with torch.no_grad():
        output = module(image)
    rename = net.rename or (lambda key: key)
    return {
        "params": sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad),
        "macs": macs,
        "output": tuple(output.shape[1:]) if isinstance(output, torch.Tensor) else [tuple(o.shape) for o in output],
        "keys": fingerprint((rename(key), tuple(value.shape)) for key, value in module.state_dict().items()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("spec")
    parser.add_argument("variants", nargs="*")
    parser.add_argument("--train", action="store_true", help="with the auxiliary heads")
    options = parser.parse_args()
    for (stem, variant), net in zoo().items():
        if stem != options.spec or (options.variants and variant not in options.variants) or net.make is None:
            continue
        shape = net.options.get("input")
        if shape is None:
            found = analyse(SPECS / f"{stem}.net", variant=variant or None)
            assert found.graph is not None, [d.message for d in found.diagnostics]
            shape = found.graph.nodes[0].shape
        print(variant, measure(net, shape, train=options.train))


if __name__ == "__main__":
    main()
