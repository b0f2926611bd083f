"""Nets whose modules are called as those of published checkpoints: every key, every shape, and the same logits."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import pytest
import torch

from netdsl.elaborate import analyse
from netdsl.runtime import load
from tests import test_torchvision
from tests.language import keys, params

models = test_torchvision.models  # the fixture
FOLDER = Path(__file__).parent / "checkpoints"

#: Parameters, number of keys, and a checksum of the sorted lines ``key shape`` of torchvision's net of that name.
PUBLISHED = {
    "efficientnet_b0": (5288548, 360, 2321614264),
    "mobilenet_v2": (3504872, 314, 3563569232),
    "mobilenet_v3_large": (5483032, 312, 2217349819),
}


def test_every_net_is_compared() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.net")) == sorted(PUBLISHED)


@pytest.mark.parametrize("name", PUBLISHED)
def test_keys_are_those_of_the_checkpoint(name: str) -> None:
    found = analyse(FOLDER / f"{name}.net")
    assert found.diagnostics == ()
    assert found.graph is not None
    lines = sorted(f"{key} {shape}" for key, shape in keys(found.graph).items())
    assert (params(found.graph), len(lines), zlib.crc32("\n".join(lines).encode())) == PUBLISHED[name]


@pytest.mark.parametrize("name", PUBLISHED)
def test_logits_are_those_of_torchvision(models: Any, name: str) -> None:
    with torch.device("meta"):
        expected = getattr(models, name)().eval()
    module = load(FOLDER / f"{name}.net", logits=True).eval()
    for buffer in module.buffers():
        if buffer.dtype.is_floating_point:  # running means and variances that would not go unnoticed
            buffer.uniform_(0.5, 1.5)
    assert list(module.state_dict()) == list(expected.state_dict())
    expected.load_state_dict(module.state_dict(), assign=True)
    image = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(module(image), expected(image))
