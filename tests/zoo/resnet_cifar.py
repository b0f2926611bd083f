"""ResNet for CIFAR-10: the nets of the paper's section 4.2, built here a second time in PyTorch's words."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.zoo import Net

if TYPE_CHECKING:
    from torch import nn


def _net(params: int, macs: int, depth: int, keys: tuple[int, int], image: tuple[int, ...] | None = None) -> Net:
    return Net(
        params=params,
        macs=macs,
        depth=depth,
        output=(10,),
        keys=keys,
        source="He et al. 2015, section 4.2",
        make=section_4_2(depth),
        image=image,
    )


def section_4_2(depth: int) -> Callable[[], nn.Module]:
    """What makes the net of 6n + 2 layers with option A: strided slices, and channels of zeros appended."""

    def make() -> nn.Module:
        import torch
        from torch import nn
        from torch.nn import functional

        class Block(nn.Module):
            def __init__(self, before: int, after: int) -> None:
                super().__init__()
                self.grown, self.step = after - before, 1 if before == after else 2
                self.conv1 = nn.Conv2d(before, after, 3, self.step, 1, bias=False)
                self.bn1 = nn.BatchNorm2d(after)
                self.conv2 = nn.Conv2d(after, after, 3, 1, 1, bias=False)
                self.bn2 = nn.BatchNorm2d(after)

            def forward(self, x: torch.Tensor) -> torch.Tensor:
                y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
                shortcut = functional.pad(x[:, :, :: self.step, :: self.step], (0, 0, 0, 0, 0, self.grown))
                return torch.relu(y + shortcut)

        layers = OrderedDict[str, nn.Module](
            conv1=nn.Conv2d(3, 16, 3, padding=1, bias=False), bn1=nn.BatchNorm2d(16), relu=nn.ReLU()
        )
        for stage, (before, after) in enumerate(((16, 16), (16, 32), (32, 64)), 1):
            rest = (Block(after, after) for _ in range((depth - 2) // 6 - 1))
            layers[f"layer{stage}"] = nn.Sequential(Block(before, after), *rest)
        layers |= {"pool": nn.AdaptiveAvgPool2d(1), "flat": nn.Flatten(), "fc": nn.Linear(64, 10)}
        net = nn.Sequential(layers)
        for module in net.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                nn.init.normal_(module.weight, std=(2 / module.weight[0].numel()) ** 0.5)
        nn.init.zeros_(layers["fc"].bias)  # type: ignore[arg-type]
        return net

    return make


NETS = {
    "20": _net(269722, 40551040, 20, (116, 4044616325), image=(3, 32, 32)),
    "56": _net(853018, 125485696, 56, (332, 1362230814)),
    "110": _net(1727962, 252887680, 110, (656, 2761004896)),
}
