"""LeNet-5: counted from the paper's tables, and as it is built today. No library has either."""

from tests.zoo import Net

NETS = {
    "modern": Net(
        params=61706,
        macs=416520,
        depth=5,
        output=(10,),
        source="156 + 2,416 + 48,120 + 10,164 + 850: each layer's inputs × outputs × 5×5, and biases",
    ),
    "classic": Net(
        params=60000,
        macs=325680,
        depth=4,
        output=(10,),
        source="LeCun et al. 1998, section II.B: 156 + 12 + 1,516 + 32 + 48,120 + 10,164; the bitmaps are not trained",
    ),
}
