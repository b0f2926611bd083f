"""NFNet: timm's nets that take DeepMind's weights.

All figures and keys were measured on timm's modules; tests make the two smallest again, since the others take long.
"""

from tests.zoo import Net, timm


def _net(name: str, params: int, macs: int, depth: int, keys: tuple[int, int]) -> Net:
    return Net(
        params=params,
        macs=macs,
        depth=depth,
        keys=keys,
        source=f"timm 1.0.31 dm_nfnet_{name}",
        make=timm(f"dm_nfnet_{name}") if name in ("f0", "f1") else None,
        image=(3, 64, 64) if name == "f0" else None,
    )


NETS = {
    name: _net(name, params, macs, depth, keys)
    for name, params, macs, depth, keys in [
        ("f0", 71489284, 12384198656, 78, (233, 3164764837)),
        ("f1", 132634256, 35538968576, 150, (437, 2875899808)),
        ("f2", 193779228, 62592978944, 222, (641, 933271654)),
        ("f3", 254924200, 114763501568, 294, (845, 64328867)),
        ("f4", 316069172, 215241187328, 366, (1049, 3731524839)),
        ("f5", 377214144, 289757106176, 438, (1253, 252895822)),
        ("f6", 438359116, 377280307200, 510, (1457, 3689495886)),
    ]
}
