"""Inception-v3: torchvision's, without its transformation of the input."""

from typing import Any

import torch

from tests.zoo import Net, torchvision


def _outputs(found: Any) -> tuple[torch.Tensor, ...]:
    return found.logits, found.aux_logits


NETS = {
    "": Net(
        params=23834568,
        macs=5713216096,
        depth=48,
        train=(27161264, 5718899296),
        keys=(580, 2268398414),
        source="torchvision 0.28 inception_v3",
        make=torchvision("inception_v3", transform_input=False, init_weights=True),
        image=(3, 299, 299),  # the auxiliary classifier's 5×5 fits no smaller one
        train_outputs=_outputs,
    )
}
