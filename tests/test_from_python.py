"""Lines of PyTorch and Keras, and the layers of a spec that they are."""

from __future__ import annotations

import warnings

import pytest

from netdsl.elaborate import compile
from netdsl.syntax.helps.from_python import as_layer


@pytest.mark.parametrize(
    ("call", "layer"),
    [
        ("Conv2d(64, 3)", "conv3-64"),  # as people say it: neither tool has this
        ("nn.Conv2d(3, 64, 3)", "conv3-64 valid"),  # PyTorch pads nothing unless told
        ("nn.Conv2d(3, 64, 3, 1, 1, bias=False)", "conv3-64 bias=false"),
        ("torch.nn.Conv2d(3, 64, kernel_size=7, stride=2, padding=3)", "conv7-64/2"),
        ("nn.Conv2d(3, 64, 7, stride=2, padding=2)", "conv7-64/2 pad=2"),
        ("nn.Conv2d(3, 64, (1, 7), padding=(0, 3))", "conv1x7-64"),
        ("nn.Conv2d(3, 96, 4, stride=4)", "conv4-96/4"),
        ("nn.Conv2d(3, 96, 3, padding=2, dilation=2, groups=3)", "conv3-96 groups=3 dilation=2"),
        ("nn.Conv2d(in_ch, out_ch, k)", "conv{k}-out_ch valid"),
        ("nn.Conv2d(3, 64, 3, padding='same')", "conv3-64"),
        ("nn.Conv1d(1, 8, 5, padding=2)", "conv5-8"),
        ("nn.ConvTranspose2d(64, 32, 2, stride=2)", "upconv2-32/2"),
        ("nn.ConvTranspose2d(64, 32, 4, 2, 1)", "upconv4-32/2"),
        ("nn.ConvTranspose2d(64, 32, 3, 2)", "upconv3-32/2 pad=0"),
        ("nn.MaxPool2d(2)", "maxpool2"),
        ("nn.MaxPool2d(kernel_size=3, stride=2, padding=1)", "maxpool3/2 pad=1"),
        ("nn.AdaptiveAvgPool2d((1, 1))", "gap"),
        ("nn.AdaptiveAvgPool2d(7)", "avgpool to=7"),
        ("nn.Linear(512, 10)", "fc-10"),
        ("nn.Linear(in_features=512, out_features=10, bias=False)", "fc-10 bias=false"),
        ("nn.Linear(16 * 5 * 5, 10)", "fc-10"),  # what enters is not written
        ("nn.Linear(self.width // 2, 10)", "fc-10"),
        ("nn.BatchNorm2d(64)", "bn"),
        ("nn.BatchNorm2d(num_features=64)", "bn"),
        ("nn.Dropout(p=0.3)", "dropout 0.3"),
        ("nn.Dropout(rate)", "dropout {rate}"),
        ("nn.Softmax(dim=1)", "soft-max"),
        ("nn.Identity()", "id"),
        ("F.relu(x)", "relu"),
        ("F.max_pool2d(x, 2)", "maxpool2"),
        ("torch.flatten(x, 1)", "flatten"),
        ("Conv2D(64, (3, 3), activation='relu')", "conv3-64 valid, relu"),
        ("layers.Conv2D(filters=64, kernel_size=3, padding='same', use_bias=False)", "conv3-64 bias=false"),
        ("MaxPooling2D()", "maxpool2"),
        ("Dense(10, activation='softmax')", "fc-10, soft-max"),
        ("GlobalAveragePooling2D()", "gap"),
    ],
)
def test_calls_that_are_layers(call: str, layer: str) -> None:
    assert as_layer(call) == layer
    size = "3x33" if "1d" in call else "3x33x33"
    assert compile(f"input {size}\nparam k = 3, out_ch = 4, rate = 0.5\n{layer}\n").nodes


@pytest.mark.parametrize(
    "call",
    [
        "self.conv1(x)",
        "nn.Sequential(nn.ReLU())",
        "nn.Conv2d(3, 64, 3, padding_mode='reflect')",  # what is not read is not left out
        "nn.Conv2d(3, 64, 2 * k)",
        "nn.Conv2d(3, 64, True)",
        "nn.Conv2d(3, 64, 3, padding=-1)",
        "nn.Linear(64, 2 * n)",
        "nn.Softmax(2)",
        "nn.Dropout(-0.5)",
        "nn.Conv2d(3, 64, **options)",
        "nn.Conv2d(3, 64, 3, kernel_size=3)",
        "nn.BatchNorm2d(64, eps=1e-3)",
        "nn.ConvTranspose2d(64, 32, 3, 2, 1, output_padding=1)",
        "Conv2D(64, 3, strides=2, padding='same')",  # pads one side more
        "Dense(10, activation=mine)",
        "__import__('os').system('true')",
        "conv(3)",
        "Conv2d(",
        "(" * 200,
        "Conv2d(" + "3, " * 200 + "3)",
        "Conv2d(64, 3)\0",
    ],
)
def test_calls_that_are_not_understood(call: str) -> None:
    assert as_layer(call) is None


def test_python_says_nothing_of_its_own() -> None:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert as_layer("Dropout(1if x else 2)") is None
    assert not said
