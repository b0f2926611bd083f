"""Module text of the convolutions that ``torch.nn`` has no class for."""


def variant_source(rank: int, *, same_tf: bool, ws: bool, gain: bool, frozen: bool) -> tuple[str, str]:
    """Name and text of a subclass of ``nn.Conv<rank>d`` with at least one peculiarity; ``gain`` needs ``ws``."""
    name = f"{'Frozen' * frozen}{'Scaled' * gain}{'WS' * ws}{'Same' * same_tf}Conv{rank}d"
    parts = [
        "with weights that are not trained" * frozen,
        "with standardised weights (Qiao et al. 2019)" * (ws and not gain),
        "with standardised, scaled weights (Brock et al. 2021)" * gain,
        'padded by TensorFlow\'s rule "SAME"' * same_tf,
    ]
    lines = [
        f"class {name}(nn.Conv{rank}d):",
        f'    """A convolution {", ".join(filter(None, parts))}."""',
        "",
    ]
    if frozen or ws:
        lines += [
            f"    def __init__(self, *args, {'eps: float = 1e-6, ' * ws}**kwargs) -> None:",
            "        super().__init__(*args, **kwargs)",
        ]
    if ws:
        lines += ["        self.eps = eps"]
    if gain:
        lines += [f"        self.gain = nn.Parameter(torch.ones(self.out_channels{', 1' * (rank + 1)}))"]
    if frozen:
        lines += ["        self.requires_grad_(False)"]
    if ws or same_tf:
        lines += [""] * (frozen or ws) + ["    def forward(self, x: torch.Tensor) -> torch.Tensor:"]
        lines += _PAD * same_tf + (_SCALE if gain else _STANDARDISE) * ws
        weight = "weight.view_as(self.weight)" if ws else "self.weight"
        lines += [f"        return self._conv_forward(x, {weight}, self.bias)"]
    return name, "\n".join(lines) + "\n"


def frozen_source(base: str) -> tuple[str, str]:
    """Name and text of a subclass of the class ``base`` of ``torch.nn`` whose weights are not trained."""
    name = f"Frozen{base}"
    head = [f"class {name}(nn.{base}):", f'    """nn.{base} with weights that are not trained."""', ""]
    return name, "\n".join([*head, *_FREEZE]) + "\n"


def connected_source(rank: int) -> tuple[str, str]:
    """Name and text of a convolution whose output maps each see some of the input maps."""
    name = f"ConnectedConv{rank}d"
    return name, _CONNECTED.format(name=name, rank=rank)


_FREEZE = [
    "    def __init__(self, *args, **kwargs) -> None:",
    "        super().__init__(*args, **kwargs)",
    "        self.requires_grad_(False)",
]

_PAD = [
    "        pad: list[int] = []",
    "        for size, k, s, d in zip(x.shape[2:], self.kernel_size, self.stride, self.dilation):",
    "            total = max((-(-size // s) - 1) * s + d * (k - 1) + 1 - size, 0)",
    "            pad = [total // 2, total - total // 2, *pad]",
    "        x = F.pad(x, pad)",
]

# Batch norm of the weights as one image whose channels they are: each output channel's to zero mean and unit variance.
_STANDARDISE = [
    "        weight = F.batch_norm(self.weight.flatten(1)[None], None, None, training=True, eps=self.eps)",
]

_SCALE = [
    "        scale = self.gain.flatten() * self.weight[0].numel() ** -0.5",
    "        weight = F.batch_norm(self.weight.flatten(1)[None], None, None, scale, training=True, eps=self.eps)",
]

_CONNECTED = '''\
class {name}(nn.Module):
    """A convolution whose output maps each see some of the input maps, as the third layer of LeNet-5.

    `connect` has a word for each output map with the numbers of its input maps ("012 123"; with commas where a
    number has two digits). `weight` holds the connected kernels alone, one after another: (connections, *kernel).
    """

    def __init__(
        self,
        in_channels: int,
        connect: str,
        kernel_size: tuple[int, ...],
        stride: int | tuple[int, ...] = 1,
        padding: int | tuple[int, ...] = 0,
        dilation: int | tuple[int, ...] = 1,
        bias: bool = True,
    ) -> None:
        super().__init__()
        maps = [[int(i) for i in (word.split(",") if "," in word else word) if i] for word in connect.split()]
        self.size = (len(maps), in_channels, *kernel_size)
        self.stride, self.padding, self.dilation = stride, padding, dilation
        outputs = [number for number, inputs in enumerate(maps) for _ in inputs]
        self.register_buffer("outputs", torch.tensor(outputs), persistent=False)
        self.register_buffer("inputs", torch.tensor([i for row in maps for i in row]), persistent=False)
        self.weight = nn.Parameter(torch.empty(len(outputs), *kernel_size))
        self.bias = nn.Parameter(torch.empty(len(maps))) if bias else None
        area = self.weight[0].numel()
        with torch.no_grad():
            bounds = torch.tensor([(len(row) * area) ** -0.5 for row in maps])
            each = bounds[outputs].reshape(-1, *[1] * len(kernel_size))
            self.weight.uniform_(-1, 1).mul_(each)
            if self.bias is not None:
                self.bias.uniform_(-1, 1).mul_(bounds)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        weight = self.weight.new_zeros(self.size).index_put((self.outputs, self.inputs), self.weight)
        return F.conv{rank}d(x, weight, self.bias, self.stride, self.padding, self.dilation)
'''
