"""GoogLeNet: the paper's net, and torchvision's."""

from typing import Any

from tests.zoo import Net, torchvision


def _in_order(outputs: Any) -> tuple[Any, ...]:
    """torchvision gives the logits, then those of the second auxiliary head, then those of the first."""
    return outputs.logits, outputs.aux_logits1, outputs.aux_logits2


NETS = {
    "paper": Net(
        params=6998552,
        macs=1582671872,
        depth=22,
        train=(13378280, 1591044096),
        source="Szegedy et al. 2014, Table 1 and section 5, with biases; the count of Caffe's bvlc_googlenet too",
    ),
    "torchvision": Net(
        params=6624904,
        macs=1498376192,
        depth=22,
        train=(13004888, 1506748416),
        keys=(364, 2852377860),
        source="torchvision 0.28 googlenet",
        make=torchvision("googlenet", init_weights=True),
        image=(3, 64, 64),
        train_outputs=_in_order,
    ),
}
