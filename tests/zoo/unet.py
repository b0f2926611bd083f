"""U-Net: no library has the paper's net, so the reference is written here from figure 1, level by level."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.zoo import Net

if TYPE_CHECKING:
    from torch import nn

_DEPTH = 4


def _unet() -> nn.Module:
    import torch
    from torch import Tensor, nn

    def convolutions(before: int, after: int) -> nn.Sequential:
        return nn.Sequential(
            nn.Conv2d(before, after, 3),
            nn.ReLU(),
            nn.Conv2d(after, after, 3),
            nn.ReLU(),
        )

    class UNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            channels = [64 * 2**level for level in range(_DEPTH + 1)]
            self.down = nn.ModuleList(map(convolutions, [1, *channels], channels))
            self.up, self.join = nn.ModuleList(), nn.ModuleList()
            for c in channels[:-1]:
                self.up.append(nn.ConvTranspose2d(2 * c, c, 2, stride=2))
                self.join.append(convolutions(2 * c, c))
            self.score = nn.Conv2d(64, 2, 1)
            for module in self.modules():
                if isinstance(module, nn.Conv2d):
                    entering = module.in_channels * module.kernel_size[0] * module.kernel_size[1]
                    nn.init.normal_(module.weight, std=(2 / entering) ** 0.5)
                    nn.init.zeros_(module.bias)  # type: ignore[arg-type]
                elif isinstance(module, nn.ConvTranspose2d):
                    nn.init.normal_(module.weight, std=module.in_channels**-0.5)
                    nn.init.zeros_(module.bias)  # type: ignore[arg-type]

        def forward(self, x: Tensor) -> Tensor:
            across = []
            for level, convolve in enumerate(self.down):
                x = convolve(x if level == 0 else nn.functional.max_pool2d(x, 2))
                if level >= _DEPTH - 1:
                    x = nn.functional.dropout(x, 0.5, self.training)
                across.append(x)
            for level in reversed(range(_DEPTH)):
                x = self.up[level](x)
                margin = (across[level].shape[-1] - x.shape[-1]) // 2
                x = torch.cat([nn.functional.pad(across[level], [-margin] * 4), x], 1)
                x = self.join[level](x)
            score: Tensor = self.score(x)
            return score

    return UNet()


def _rename(key: str) -> str:
    """`up.2.weight` of the reference is `level.below.below.up.weight` in the recursion."""
    kind, *rest = key.split(".")
    if kind == "score":
        return key
    scope = "level" + ".below" * int(rest[0])
    if kind == "up":
        return f"{scope}.up.{rest[1]}"
    number = int(rest[1]) // 2 + (1 if kind == "down" else 3)
    return f"{scope}.conv{number}.{rest[2]}"


NETS = {
    "": Net(
        params=31030658,
        macs=150428424448,
        depth=23,
        output=(2, 388, 388),
        keys=(46, 1710906661),
        source="figure 1 of arXiv 1505.04597, written out in tests/zoo/unet.py",
        make=_unet,
        rename=_rename,
        options={"logits": True, "input": (1, 188, 188)},
        image=(1, 188, 188),
        ordered=False,
    )
}
