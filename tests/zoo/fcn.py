"""FCN-8s: no library has the paper's net, so the reference is written here after the authors' Caffe net voc-fcn8s."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.zoo import Net

if TYPE_CHECKING:
    import torch
    from torch import nn

_CLASSES = 21


def _bilinear(size: int) -> torch.Tensor:
    """Weights that enlarge each class by itself, by ``size // 2``: the tents of bilinear interpolation."""
    import torch

    factor = size // 2
    tent = torch.tensor([1 - abs(at + 0.5 - factor) / factor for at in range(size)])
    return torch.einsum("oi,y,x->oiyx", torch.eye(_CLASSES), tent, tent)


def _fcn8s() -> nn.Module:
    from torch import Tensor, nn
    from torch.nn.functional import dropout, max_pool2d, relu

    class FCN8s(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            before = 3
            for stage, (count, channels) in enumerate([(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)], 1):
                for number in range(1, count + 1):
                    padding = 100 if stage == number == 1 else 1
                    self.add_module(f"conv{stage}_{number}", nn.Conv2d(before, channels, 3, padding=padding))
                    before = channels
            self.fc6 = nn.Conv2d(512, 4096, 7)
            self.fc7 = nn.Conv2d(4096, 4096, 1)
            self.score_fr = nn.Conv2d(4096, _CLASSES, 1)
            self.upscore2 = nn.ConvTranspose2d(_CLASSES, _CLASSES, 4, stride=2, bias=False)
            self.score_pool4 = nn.Conv2d(512, _CLASSES, 1)
            self.upscore_pool4 = nn.ConvTranspose2d(_CLASSES, _CLASSES, 4, stride=2, bias=False)
            self.score_pool3 = nn.Conv2d(256, _CLASSES, 1)
            self.upscore8 = nn.ConvTranspose2d(_CLASSES, _CLASSES, 16, stride=8, bias=False)
            for enlarge in (self.upscore2, self.upscore_pool4, self.upscore8):
                enlarge.weight = nn.Parameter(_bilinear(enlarge.kernel_size[0]), requires_grad=False)
            for score in (self.score_fr, self.score_pool4, self.score_pool3):
                for parameter in score.parameters():
                    nn.init.zeros_(parameter)

        def forward(self, image: Tensor) -> Tensor:
            x, pools = image, []
            for stage, count in enumerate((2, 2, 3, 3, 3), 1):
                for number in range(1, count + 1):
                    x = relu(self.get_submodule(f"conv{stage}_{number}")(x))
                x = max_pool2d(x, 2, ceil_mode=True)
                pools.append(x)
            x = dropout(relu(self.fc6(x)), 0.5, self.training)
            x = dropout(relu(self.fc7(x)), 0.5, self.training)
            x = self.upscore2(self.score_fr(x))
            x = self.upscore_pool4(x + _crop(self.score_pool4(pools[3]), x, 5))
            x = self.upscore8(x + _crop(self.score_pool3(pools[2]), x, 9))
            return _crop(x, image, 31)

    def _crop(x: Tensor, like: Tensor, offset: int) -> Tensor:
        height, width = like.shape[2:]
        return x[:, :, offset : offset + height, offset : offset + width]

    return FCN8s()


NETS = {
    "": Net(
        params=134362751,
        macs=181529034048,
        depth=19,
        output=(_CLASSES, 500, 500),
        keys=(39, 2877880587),
        source="the authors' voc-fcn8s/deploy.prototxt (fcn.berkeleyvision.org), written out in tests/zoo/fcn.py",
        make=_fcn8s,
        options={"logits": True, "input": (3, 32, 32)},
        image=(3, 32, 32),
    )
}
