"""The same weights give the same logits as torchvision's nets, under the same keys. Skipped without torchvision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from netdsl.runtime import load

SPECS = Path(__file__).parent.parent / "specs"

#: Operators that torchvision expects its own binary to have declared; none of these nets calls them.
_DECLARED = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "roi_align(Tensor input, Tensor rois, float spatial_scale, int pooled_height, int pooled_width, "
    "int sampling_ratio, bool aligned) -> Tensor",
)


@pytest.fixture(scope="module")
def models() -> Any:
    library = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    for declared in _DECLARED:
        try:
            library.define(declared)  # type: ignore[no-untyped-call]
        except RuntimeError:  # torchvision's own binary is there
            break
    try:
        from torchvision import models
    except (ImportError, RuntimeError) as error:
        pytest.skip(f"torchvision cannot be imported: {error}")
    return models


@pytest.mark.parametrize(
    ("name", "variant", "reference"),
    [
        ("resnet", "18", "resnet18"),
        ("resnet", "34", "resnet34"),
        ("resnet", "50", "resnet50"),
        ("resnet", "101", "resnet101"),
        ("resnet", "152", "resnet152"),
        ("vgg", "A", "vgg11"),
        ("vgg", "B", "vgg13"),
        ("vgg", "D", "vgg16"),
        ("vgg", "E", "vgg19"),
        ("vgg16", None, "vgg16"),
        ("vgg19", None, "vgg19"),
    ],
)
def test_keys_and_logits_are_those_of_torchvision(models: Any, name: str, variant: str | None, reference: str) -> None:
    # On the meta device nothing is drawn: the weights are the other's.
    with torch.device("meta"):
        expected = getattr(models, reference)()
    module = load(SPECS / f"{name}.net", variant=variant, logits=True).eval()
    assert list(module.state_dict()) == list(expected.state_dict())
    expected.load_state_dict(module.state_dict(), assign=True)
    image = torch.randn(1, 3, 224, 224)
    with torch.no_grad():
        assert torch.equal(module(image), expected.eval()(image))
