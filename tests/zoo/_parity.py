"""How far a net's outputs are from its reference's, under the same weights."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from tests.zoo import Net


def difference(module: nn.Module, reference: nn.Module, net: Net, shape: tuple[int, ...], *, batch: int = 2) -> float:
    """The largest difference of any output, relative to the reference's largest magnitude; 0.0 where bits are equal.

    ``shape`` is ``(channels, height, width)``. Eval mode is compared, and where the net has outputs for training, those
    too: with the flag of the whole net alone set, so that nothing is drawn or estimated from the batch. What starts as
    constants (norms, biases, layer scales, statistics) is given other values first, so that it cannot go unnoticed.
    """
    generator = torch.Generator().manual_seed(0)
    state = module.state_dict()
    for tensor in state.values():
        if tensor.is_floating_point() and bool((tensor == tensor.flatten()[0]).all()):
            if float(tensor.flatten()[0]) >= 0.5:
                tensor.uniform_(0.5, 1.5, generator=generator)
            else:
                tensor.normal_(0.0, 0.1, generator=generator)
    rename = net.rename or (lambda key: key)
    theirs = {key: state[rename(key)] for key in reference.state_dict()}
    reference.load_state_dict(theirs, assign=True)
    image = torch.randn(batch, *shape, generator=generator)
    far = 0.0
    for training in (False, True) if net.train_outputs is not None else (False,):
        module.eval()
        reference.eval()
        module.training = reference.training = training
        with torch.no_grad():
            found: Any = module(image)
            expected: Any = reference(image)
        if training:
            assert net.train_outputs is not None
            pairs = list(zip(found, net.train_outputs(expected), strict=True))
        else:
            pairs = [(found, expected)]
        for ours, other in pairs:
            assert ours.shape == other.shape
            if not torch.equal(ours, other):
                far = max(far, float((ours - other).abs().max() / other.abs().max()))
    return far


def spread(module: nn.Module, image: torch.Tensor) -> float:
    """The standard deviation of the main output's elements in eval mode."""
    module.eval()
    with torch.no_grad():
        output: torch.Tensor = module(image)
    return float(output.std())


def drawn_alike(ours: torch.Tensor, theirs: torch.Tensor) -> bool:
    """Whether two fresh parameters are of one distribution, by mean and deviation; constants are the same."""
    ours, theirs = ours.detach(), theirs.detach()
    if bool((theirs == theirs.flatten()[0]).all()):
        return torch.equal(ours, theirs)
    error = 6 * (theirs.square().mean() / theirs.numel()).sqrt()
    return bool((ours.mean() - theirs.mean()).abs() <= error) and bool((ours.std() - theirs.std()).abs() <= error)
