"""The operators, one file a family. Importing this package fills :func:`netdsl.ir.op.registry`."""

from netdsl.diagnostics import Diagnostic, NetdslError
from netdsl.diagnostics.nearest import did_you_mean
from netdsl.ops import activation, conv, internal, linear, merge, norm, pool, regularise, resize, shape, upconv

#: The group of entry points under which a package offers operators of its own.
GROUP = "netdsl.operators"


def load_operators(name: str) -> None:
    """Registers the operators that an installed package offers as ``name`` in the entry points :data:`GROUP`.

    The entry point names a module whose import registers its classes (:func:`netdsl.ir.op.register`). That runs the
    package's code, so it is done only when somebody asks for it by name; a spec cannot.
    Raises :class:`NetdslError` (ND010) where no package offers it, or where it cannot be imported.
    """
    from importlib.metadata import entry_points

    offered = {point.name: point for point in entry_points(group=GROUP)}
    if name not in offered:
        message = f"no installed package offers operators called `{name}`"
        help = did_you_mean(name, offered) or f"a package offers them as an entry point of the group `{GROUP}`"
        raise NetdslError([Diagnostic("ND010", message, None, help)])
    try:
        offered[name].load()
    except Exception as error:
        message = f"the operators `{name}` cannot be loaded: {type(error).__name__}: {error}"
        help = f'`python -c "import {offered[name].module}"` shows where that comes from'
        raise NetdslError([Diagnostic("ND010", message, None, help)]) from error


__all__ = [
    "GROUP",
    "activation",
    "conv",
    "internal",
    "linear",
    "load_operators",
    "merge",
    "norm",
    "pool",
    "regularise",
    "resize",
    "shape",
    "upconv",
]
