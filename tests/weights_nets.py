"""A small net with everything that a checkpoint can disagree about, and files that hold its tensors."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

import netdsl
from netdsl.cli import main

SPECS = Path(__file__).parent.parent / "specs"

#: Two columns, a block called twice, an auxiliary head, a fully connected layer on a map.
SMALL = """\
net small
input 3x8x8
style conv = _, bn, relu

block unit(c) {
  add { conv3-c, conv3-c +bn | if in.c != c { shortcut: [conv1-c +bn] } else { id } }
  relu
}

stem: conv3-4
table         thin    | wide    {
  body: unit(4)  ×2   | unit(8) ×2
}
middle: conv1-6 bias=false plain
maxpool
flatten
fc: FC-5

output aux train weight=0.3 { @body, gap, head: FC-5 }
"""

State = dict[str, Tensor]


class Ran:
    """One run of a command: its exit code and what it printed."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> Ran:
    capsys.readouterr()
    code = main([str(argument) for argument in arguments])
    printed = capsys.readouterr()
    return Ran(code, printed.out, printed.err)


def state(spec: Any = SMALL, **options: Any) -> State:
    """The tensors of a net, none of them a constant."""
    made: State = netdsl.load(spec, seed=1, **options).state_dict()
    generator = torch.Generator().manual_seed(2)
    for tensor in made.values():
        if tensor.is_floating_point() and tensor.dim() <= 1:
            tensor.uniform_(0.5, 1.5, generator=generator)
        elif not tensor.is_floating_point():
            tensor.fill_(7)
    return made


def same(one: State, other: State) -> bool:
    return list(one) == list(other) and all(torch.equal(one[key], other[key]) for key in one)


def save_checkpoints(folder: Path) -> None:
    """The files that the documentation is about: a net's, one for other classes, one under another library's names."""
    tensors = netdsl.load("zoo:resnet", variant="18", seed=0).state_dict()
    torch.save(tensors, folder / "resnet18.pth")
    torch.save({**tensors, "fc.weight": torch.zeros(37, 512), "fc.bias": torch.zeros(37)}, folder / "pets.pth")
    other = {}
    for key, tensor in netdsl.load("zoo:resnet_cifar", variant="20", seed=0).state_dict().items():
        stage = re.match(r"layer(\d)\.", key)
        name = (
            f"stages.{int(stage[1]) - 1}.blocks.{key[7:]}"
            if stage
            else f"stem.{key}"
            if "fc" not in key
            else f"head.{key}"
        )
        other[name.replace("bn", "norm")] = tensor
    save_file(other, folder / "other.safetensors")
