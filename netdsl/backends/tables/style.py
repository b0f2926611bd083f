"""Which style a net's table has, and the table in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

from netdsl.analyses.structure import Item, Layer, Mesh, Split, layers
from netdsl.backends.tables.columns import bracketed, configurations
from netdsl.backends.tables.model import Sheet
from netdsl.backends.tables.nets import Net, composite, is_map, joins
from netdsl.backends.tables.single import every_layer, inceptions

#: ``vgg`` and ``resnet`` have a column for each net, ``googlenet`` and ``layers`` are of one net.
Style = Literal["vgg", "resnet", "googlenet", "layers"]
STYLES: tuple[Style, ...] = get_args(Style)
#: Styles whose tables take several nets.
SEVERAL: frozenset[Style] = frozenset({"vgg", "resnet"})


def suited(net: Net) -> Style:
    """The style that suits a net.

    ``googlenet`` where at least half of the weight layers stand between concatenations of three branches or more,
    ``resnet`` where there are other branches that do not span most of the net, or blocks that are repeated, ``vgg`` for
    a chain of layers with convolutions on maps, else ``layers``: so for branches that begin at inputs of their own.
    """
    every = _weights(net.items)
    wide = [split for split in joins(net, "concat") if len(split.arms) > 2 and all(split.arms)]
    if wide and 2 * sum(_weights([split]) for split in wide) >= every:
        return "googlenet"
    branched = [item for item in net.items if composite(item)]
    if branched:
        if any(layer.head.op.category == "input" for layer in layers(branched)):
            return "layers"
        meshed = any(isinstance(item, Mesh) for item in net.items)
        spanning = every > 8 and any(5 * _weights([item]) >= 3 * every for item in branched)
        return "layers" if meshed or spanning else "resnet"
    if any(not isinstance(each.pattern, Layer) and len(each.items) > 1 for each in net.folds):
        return "resnet"
    convolutions = [layer for layer in layers(net.items) if layer.head.op.weight_layer and is_map(layer.shape)]
    return "vgg" if len(convolutions) > 1 else "layers"


def _weights(items: Sequence[Item] | list[Split]) -> int:
    return sum(1 for layer in layers(items) if layer.head.op.weight_layer)


def sheet(nets: Sequence[Net], style: Style, caption: str) -> Sheet:
    """The table of ``nets`` in a style. Raises ``ValueError`` for several nets where the style is of one."""
    if style == "vgg":
        return configurations(nets, caption)
    if style == "resnet":
        return bracketed(nets, caption)
    if len(nets) != 1:
        raise ValueError(f"a table of the style {style} is of one net, and {len(nets)} are given")
    return inceptions(nets[0], caption) if style == "googlenet" else every_layer(nets[0], caption)
