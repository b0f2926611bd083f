"""AlexNet: the paper's two nets, counted by hand from its layers, and torchvision's."""

from tests.zoo import Net, torchvision

NETS = {
    "two-gpu": Net(
        params=60965224,
        macs=724406816,
        depth=8,
        source="Krizhevsky et al. 2012, figure 2; the count of Caffe's bvlc_alexnet too",
    ),
    "one-gpu": Net(
        params=62378344,
        macs=1135256096,
        depth=8,
        source="the same layers with conv2, conv4 and conv5 in one group",
    ),
    "torchvision": Net(
        params=61100840,
        macs=714188480,
        depth=8,
        keys=(16, 3622251255),
        source="torchvision 0.28 alexnet",
        make=torchvision("alexnet"),
        image=(3, 63, 63),
    ),
}
