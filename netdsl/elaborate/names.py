"""Names of modules and of tensors: the rules that make a spec's keys those of the published checkpoints."""

from __future__ import annotations

import keyword
import re

from netdsl.diagnostics import Span
from netdsl.diagnostics.nearest import did_you_mean
from netdsl.elaborate.values import Tensor, stop

#: What ``torch.nn.Module`` has for its own use, and its containers in private: no label may be called so. A test holds
#: this against torch.
MODULE_ATTRIBUTES = frozenset(
    [
        "T_destination",
        "_apply",
        "_backward_hooks",
        "_backward_pre_hooks",
        "_buffers",
        "_call_impl",
        "_compiled_call_impl",
        "_forward_hooks",
        "_forward_hooks_always_called",
        "_forward_hooks_with_kwargs",
        "_forward_pre_hooks",
        "_forward_pre_hooks_with_kwargs",
        "_get_abs_string_index",
        "_get_backward_hooks",
        "_get_backward_pre_hooks",
        "_get_item_by_idx",
        "_get_name",
        "_is_full_backward_hook",
        "_load_from_state_dict",
        "_load_state_dict_post_hooks",
        "_load_state_dict_pre_hooks",
        "_maybe_warn_non_full_backward_hook",
        "_modules",
        "_named_members",
        "_non_persistent_buffers_set",
        "_parameters",
        "_register_load_state_dict_pre_hook",
        "_register_state_dict_hook",
        "_replicate_for_data_parallel",
        "_save_to_state_dict",
        "_slow_forward",
        "_state_dict_hooks",
        "_state_dict_pre_hooks",
        "_version",
        "_wrapped_call_impl",
        "add_module",
        "apply",
        "bfloat16",
        "buffers",
        "call_super_init",
        "children",
        "compile",
        "cpu",
        "cuda",
        "double",
        "dump_patches",
        "eval",
        "extra_repr",
        "float",
        "forward",
        "get_buffer",
        "get_extra_state",
        "get_parameter",
        "get_submodule",
        "half",
        "ipu",
        "load_state_dict",
        "modules",
        "mtia",
        "named_buffers",
        "named_children",
        "named_modules",
        "named_parameters",
        "parameters",
        "register_backward_hook",
        "register_buffer",
        "register_forward_hook",
        "register_forward_pre_hook",
        "register_full_backward_hook",
        "register_full_backward_pre_hook",
        "register_load_state_dict_post_hook",
        "register_load_state_dict_pre_hook",
        "register_module",
        "register_parameter",
        "register_state_dict_post_hook",
        "register_state_dict_pre_hook",
        "requires_grad_",
        "set_extra_state",
        "set_submodule",
        "share_memory",
        "state_dict",
        "to",
        "to_empty",
        "train",
        "training",
        "type",
        "xpu",
        "zero_grad",
    ]
)

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*")


def check_label(name: str, quoted: bool, span: Span) -> None:
    """Raises :class:`Stop` where a label cannot be the name of a module."""
    if name in MODULE_ATTRIBUTES or (name.startswith("__") and name.endswith("__")):
        help = f"call it otherwise, as `{name.strip('_')[:_LONGEST]}_1`"
        raise stop("ND213", f"`{name}` is a name that `torch.nn.Module` uses itself", span, help=help)
    if keyword.iskeyword(name) and not quoted:
        help = f"call it otherwise, as `{name}_1`"
        raise stop("ND213", f"`{name}` is a word of Python, and no module can be called so", span, help=help)
    if not name or "." in name or not name.isprintable():
        message = f"a module cannot be called `{name}`"
        if not name:
            message = "a module cannot have an empty name"
        elif not name.isprintable():
            message = "a module's name cannot have such characters"
        help = f"without quotes a dot opens a scope: `{name}: …`"
        if not name:
            help = "write a name between the quotes, or leave the label out: the module is called by its keyword then"
        elif not name.isprintable():
            plain = "".join(char if char.isprintable() else "_" for char in name[:_LONGEST])
            help = f'letters, digits, blanks and signs can be in a name: `"{plain}"`'
        elif not _PLAIN.fullmatch(name):
            help = f'a dot opens a scope; within a name `_` does: `"{name.replace(".", "_")[:_LONGEST]}"`'
        raise stop("ND213", message, span, help=help)


#: How many names a help lists, and how many letters of one it repeats.
_LISTED = 6
_LONGEST = 60


class Frame:
    """The naming of one scope's members.

    ``scope`` is the scope's index and ``path`` its dotted path. ``replay`` marks a second pass over names that are
    already taken (``reuse``).
    """

    __slots__ = ("children", "counts", "label_at", "numbered", "path", "position", "replay", "scope", "taken")

    def __init__(self, scope: int, path: str, *, numbered: bool = False, replay: bool = False) -> None:
        self.scope = scope
        self.path = path
        self.numbered = numbered
        self.replay = replay
        self.counts: dict[str, int] = {}
        self.position = 0
        self.taken: dict[str, Span] = {}
        self.children: dict[str, Frame] = {}
        #: where the label of the item stands that is being elaborated
        self.label_at: Span | None = None

    def again(self) -> Frame:
        """A frame in the same state, whose names may be given a second time."""
        frame = Frame(self.scope, self.path, numbered=self.numbered, replay=True)
        frame.counts = dict(self.counts)
        frame.position = self.position
        return frame

    def restore(self, state: Frame) -> None:
        """Goes back to the counts of ``state``."""
        self.counts = state.counts
        self.position = state.position

    def join(self, name: str) -> str:
        """The dotted path of a member."""
        return f"{self.path}.{name}" if self.path else name

    def member(self, word: str | None, label: str | None, span: Span) -> str:
        """Names the next member that has modules: its label, else a number or its keyword and a count."""
        if word is not None:
            self.counts[word] = self.counts.get(word, 0) + 1
        position = self.position
        self.position += 1
        if label is not None:
            name = label
        elif self.numbered or word is None:
            name = str(position)
        else:
            name = counted(word, self.counts[word])
        if label is not None and self.label_at is not None:
            span, self.label_at = self.label_at, None
        self.take(name, label is not None, span, word)
        return name

    def take(self, name: str, labelled: bool, span: Span, word: str | None = None) -> None:
        """Marks a name as given. Raises :class:`Stop` where it was before."""
        if self.replay:
            return
        first = self.taken.get(name)
        if first is not None:
            from netdsl.diagnostics import Note

            where = f" in `{self.path}`" if self.path else ""
            if labelled:
                message = f"the label `{name}` stands twice{where}"
                help = f"each module needs a name of its own: `{self.free(name)}`"
            else:
                message = f"this would be called `{name}`{where}, and that name is taken"
                own = self.free(word if word is not None and name.isdecimal() else name)
                help = f"give it a label of its own: `{own}: {word or '…'}`"
            raise stop("ND212", message, span, help=help, notes=(Note(first, "first here"),))
        self.taken[name] = span

    def free(self, name: str) -> str:
        """A name like ``name`` that none of the members has so far."""
        plain = _PLAIN.fullmatch(name) is not None
        stem = name[:_LONGEST] if plain or re.fullmatch(r"[^\W\d][\w -]*", name) else "name"
        free = next(free for count in range(2, len(self.taken) + 3) if (free := f"{stem}_{count}") not in self.taken)
        return free if plain or stem == "name" else f'"{free}"'

    def functional(self, word: str) -> str:
        """The full name of a node that applies no module: for people, no key of a checkpoint."""
        key = f"{word} "  # apart from the counts of modules
        self.counts[key] = self.counts.get(key, 0) + 1
        return self.join(counted(word, self.counts[key]))


def counted(word: str, count: int) -> str:
    """``conv1``; after a final digit ``relu6_1``."""
    return f"{word}_{count}" if word[-1].isdigit() else f"{word}{count}"


class Labels:
    """The tensors that have names in one block's call, output or file, with those of labelled scopes below them."""

    __slots__ = ("inner", "outer", "tensors")

    def __init__(self, outer: Labels | None = None) -> None:
        self.outer = outer
        self.tensors: dict[str, Tensor] = {}
        self.inner: dict[str, Labels] = {}

    def scope(self, name: str) -> Labels:
        """The labels below ``name``, opened or opened again."""
        if name not in self.inner:
            self.inner[name] = Labels(self)
        return self.inner[name]

    def has(self, path: list[str]) -> bool:
        """Whether :meth:`find` would find a tensor."""
        here: Labels | None = self
        while here is not None:
            if here._descend(path) is not None:
                return True
            here = here.outer
        return False

    def scoped(self, name: str) -> bool:
        """Whether a label names a scope of modules here or around."""
        here: Labels | None = self
        while here is not None and name not in here.inner:
            here = here.outer
        return here is not None

    def find(self, path: list[str], span: Span, word: Span | None = None) -> Tensor:
        """The last tensor of that name, which stands at ``word`` where it is written plainly.

        Raises :class:`Stop` at ``span`` where there is none.
        """
        here: Labels | None = self
        while here is not None:
            found = here._descend(path)
            if found is not None:
                return found
            here = here.outer
        name = ".".join(path)
        known = self.visible()
        help = did_you_mean(name, [name for name in known if _PLAIN.fullmatch(name)], word)
        help = help or did_you_mean(name, known)
        if help is None and known:
            listed = ", ".join(f"`@{name}`" for name in known[:_LISTED])
            help = f"there {'is' if len(known) == 1 else 'are'} {listed}{' and others' if len(known) > _LISTED else ''}"
        plain = name if len(path) == 1 and _PLAIN.fullmatch(name) and len(name) <= _LONGEST else "name"
        help = help or f"`as {plain}` behind a layer names its tensor, and so does a label: `{plain}: conv3-64`"
        raise stop("ND215", f"no tensor before this is called `{name}`", span, help=help)

    def _descend(self, path: list[str]) -> Tensor | None:
        here = self
        for part in path[:-1]:
            if part not in here.inner:
                return None
            here = here.inner[part]
        return here.tensors.get(path[-1])

    def nodes(self) -> dict[str, int]:
        """The nodes of the tensors that :meth:`find` would find, by their names."""
        found: dict[str, int] = {}
        here: Labels | None = self
        while here is not None:
            named = {name: tensor.node for name, tensor in here.tensors.items() if tensor.node >= 0}
            found = {**named, **found}
            here = here.outer
        return found

    def visible(self) -> list[str]:
        """Names that :meth:`find` would find, for suggestions."""
        found: list[str] = []
        here: Labels | None = self
        while here is not None:
            found += here.tensors
            for name, inner in here.inner.items():
                found += [f"{name}.{below}" for below in inner.tensors]
            here = here.outer
        return found
