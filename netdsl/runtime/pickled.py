"""What a pickle would make, told before PyTorch reads it: how many objects, how deep in one another, by which calls.

``torch.load(weights_only=True)`` runs no code that a file brings. A few hundred bytes can still keep it busy for ever:
what is shared by reference doubles with each level, and is walked whole where it is hashed or printed. So the pickle
is followed here, nothing of it is made, and what is out of bounds is refused.
"""

from __future__ import annotations

from collections.abc import Iterable

#: How deep containers may stand in one another: those of training scripts stand some six deep.
DEEP = 100

#: For each tensor that is allowed: bytes of pickles, their operations, calls among these, and objects, where what is
#: shared counts wherever it stands. An ordinary tensor takes 110 bytes, 40 operations, 3 calls and 20 objects.
_BYTES, _OPERATIONS, _CALLS, _OBJECTS = 400, 60, 6, 60

#: The most keys that are no texts and no short numbers: such can be chosen so that a dictionary is slow to find them.
_ODD_KEYS = 1_000

#: Calls that PyTorch would make, and that take what time and memory the file says.
_COSTLY = {
    "builtins.bytearray",
    "__builtin__.bytearray",
    "torch._utils._rebuild_device_tensor_from_numpy",
    "torch._utils._rebuild_device_tensor_from_cpu_tensor",
    "torch._utils._rebuild_wrapper_subclass",
}

#: A text becomes bytes by it, in the encoding that its second argument names: some encodings are slow.
_ENCODE = "_codecs.encode"


class Beyond(Exception):
    """What of a pickle is out of bounds, in words that follow “its pickle”; ``call`` is one that must not be made.

    ``many`` is whether it may be all right, where more tensors are allowed.
    """

    def __init__(self, message: str = "", *, call: str | None = None, many: bool = False) -> None:
        super().__init__(message)
        self.call, self.many = call, many


def longest(tensors: int) -> int:
    """How many bytes the pickles of so many tensors may have."""
    return _BYTES * tensors


def look(data: bytes, pickles: int, tensors: int) -> bool:
    """Follows so many pickles that stand one after another at the beginning of ``data``; whether the last one ends.

    What breaks off or is no pickle is let through: PyTorch says what is wrong with it, and reads no more than was
    looked at. Raises :class:`Beyond` for what asks for more than ``tensors`` tensors may.
    """
    machine = _Machine(data, tensors)
    ended = True
    while pickles and ended:
        try:
            ended = machine.run()
        except (LookupError, ValueError):
            ended = False
        pickles -= 1
    _weigh(machine.boxes, _OBJECTS * tensors)
    return ended


class _Box(list[object]):
    """A container that may still be filled, or what a call returns: what it holds.

    All else is None, or a number: of so many objects, none of them a box.
    """


#: ``_codecs.encode`` on the stack, and the names of encodings that it may be given.
_ENCODER, _PLAIN = object(), object()

#: The operations by their bytes, the most frequent first.
_KEEP, _KEEP_LONG, _GET, _GET_LONG = b"qrhj"
_TEXT, _SHORT_TEXT, _LONG, _MARK = b"XU\x8a("
_TUPLE, _ITEMS, _LIST, _ITEM, _APPEND = b"tuesa"
_CALL, _NEW, _BUILD, _STORAGE, _GLOBAL, _PROTOCOL, _STOP = b"R\x81bQc\x80."
_NUMBERS = {b"J"[0]: 4, b"K"[0]: 1, b"M"[0]: 2, b"G"[0]: 8}
_CONSTANTS, _EMPTY, _TUPLES = b"N\x88\x89", b"]}\x8f", b")\x85\x86\x87"


class _Machine:
    """Pickles, operation by operation, as PyTorch's own reader takes them."""

    def __init__(self, data: bytes, tensors: int) -> None:
        self.data, self.at = data, 0
        self.operations, self.calls, self.odd = _OPERATIONS * tensors, _CALLS * tensors, _ODD_KEYS
        self.boxes: list[_Box] = []
        self.stack: list[object] = []
        self.encodes = False

    def run(self) -> bool:
        """Follows one pickle; whether it ends. Raises ``LookupError`` or ``ValueError`` where it breaks off."""
        stack = self.stack = []
        marks: list[list[object]] = []
        memo: dict[int, object] = {}
        data = self.data
        for _ in range(self.operations):
            self.operations -= 1
            sign = data[self.at]
            self.at += 1
            if sign == _KEEP:
                memo[data[self.at]] = stack[-1]
                self.at += 1
            elif sign == _KEEP_LONG:
                memo[self.number(4)] = stack[-1]
            elif sign == _GET:
                stack.append(memo[data[self.at]])
                self.at += 1
            elif sign == _GET_LONG:
                stack.append(memo[self.number(4)])
            elif sign == _TEXT:
                stack.append(self.text(self.number(4)))
            elif sign in _NUMBERS:
                self.at += _NUMBERS[sign]
                stack.append(None)
            elif sign == _MARK:
                marks.append(stack)
                stack = self.stack = []
            elif sign == _TUPLE:
                items, stack = stack, marks.pop()
                self.stack = stack
                stack.append(self.tuple(items))
            elif sign in _CONSTANTS:
                stack.append(None)
            elif sign in _TUPLES:
                start = len(stack) - _TUPLES.index(sign)
                items = stack[start:]
                del stack[start:]
                stack.append(self.tuple(items))
            elif sign in (_CALL, _NEW):
                arguments, what = stack.pop(), stack.pop()
                stack.append(self.called(what, arguments))
            elif sign == _STORAGE:
                stack[-1] = self.called(None, stack[-1])
            elif sign in _EMPTY:
                stack.append(self.box())
            elif sign in (_ITEMS, _LIST):
                items, stack = stack, marks.pop()
                self.stack = stack
                self.fill(stack[-1], items, sign == _ITEMS)
            elif sign in (_ITEM, _APPEND):
                start = len(stack) - (2 if sign == _ITEM else 1)
                items = stack[start:]
                del stack[start:]
                self.fill(stack[-1], items, sign == _ITEM)
            elif sign == _BUILD:
                state = stack.pop()
                self.fill(stack[-1], [self.called(None, state)], False)
            elif sign == _GLOBAL:
                stack.append(self.name())
            elif sign == _SHORT_TEXT:
                stack.append(self.text(self.number(1)))
            elif sign == _LONG:
                length = self.number(1)
                self.at += length
                stack.append(None)
                self.odd -= length > 7
            elif sign == _PROTOCOL:
                self.at += 1
            else:
                return sign == _STOP
        raise Beyond("has too many operations", many=True)

    def number(self, size: int) -> int:
        self.at += size
        return int.from_bytes(self.data[self.at - size : self.at], "little")

    def text(self, length: int) -> object:
        self.at += length
        if self.encodes and length < 9 and self.data[self.at - length : self.at] in (b"latin1", b"utf-8"):
            return _PLAIN
        return None

    def name(self) -> object:
        middle = self.data.index(b"\n", self.at)
        end = self.data.index(b"\n", middle + 1)
        name = self.data[self.at : end].decode().replace("\n", ".")
        self.at = end + 1
        if name in _COSTLY:
            raise Beyond(call=name)
        if name != _ENCODE:
            return None
        self.encodes = True
        return _ENCODER

    def box(self, items: Iterable[object] = ()) -> _Box:
        made = _Box(items)
        self.boxes.append(made)
        return made

    def tuple(self, items: list[object]) -> object:
        if items.count(None) == len(items):
            return len(items) + 1
        if _ENCODER in items:  # it is not seen what it would be called with
            raise Beyond(call=_ENCODE)
        return self.box(items)

    def fill(self, box: object, items: list[object], keys: bool) -> None:
        """Puts items into a container, every other one a key where there are ``keys``."""
        if keys:
            self.odd -= sum(key is not None and key is not _PLAIN for key in items[::2])
        if self.odd < 0:
            raise Beyond("has too many keys that are no texts")
        if self.encodes and _ENCODER in items:
            raise Beyond(call=_ENCODE)
        if isinstance(box, _Box):
            box += items

    def called(self, what: object, arguments: object) -> _Box:
        """What a call returns: it may hold all that it was given."""
        self.calls -= 1
        if self.calls < 0:
            raise Beyond("has too many tensors or other objects", many=True)
        if what is _ENCODER and not (isinstance(arguments, _Box) and arguments[1:] == [_PLAIN]):
            raise Beyond(call=_ENCODE)
        return self.box((arguments,))


def _weigh(boxes: list[_Box], most: int) -> None:
    """Raises :class:`Beyond` for a container that holds itself, more than ``most`` objects, or too deep."""
    found: dict[int, tuple[int, int]] = {}
    for box in boxes:
        if id(box) in found:
            continue
        around = {id(box)}
        # Each container with what of it is still to be looked at, its objects so far, and its deepest.
        todo = [(box, iter(box), [1, 0])]
        while todo:
            here, items, sums = todo[-1]
            for item in items:
                if type(item) is not _Box:
                    sums[0] += item if isinstance(item, int) else 1
                elif id(item) in found:
                    size, depth = found[id(item)]
                    sums[:] = sums[0] + size, max(sums[1], depth)
                elif id(item) in around:
                    raise Beyond("holds an object that is in itself")
                else:
                    around.add(id(item))
                    todo.append((item, iter(item), [1, 0]))
                    break
            else:
                todo.pop()
                around.discard(id(here))
                found[id(here)] = size, depth = sums[0], sums[1] + 1
                if size > most:
                    raise Beyond(f"holds over {most:,} objects, each counted wherever it stands")
                if depth > DEEP:
                    raise Beyond(f"holds objects over {DEEP} deep in one another")
                if todo:
                    above = todo[-1][2]
                    above[:] = above[0] + size, max(above[1], depth)
