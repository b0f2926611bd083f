"""OverFeat: counted from the paper's Tables 1 and 3. No library has either."""

from tests.zoo import Net

NETS = {
    "fast": Net(
        params=145920872,
        macs=2801403904,
        depth=8,
        source="Sermanet et al. 2013, Table 1, with biases; the paper's Table 4 has 145 M and 2810 M",
    ),
    "accurate": Net(
        params=144656488,
        macs=5355446784,
        depth=9,
        source="Sermanet et al. 2013, Table 3, with biases; the paper's Table 4 has 144 M and 5369 M",
    ),
}
