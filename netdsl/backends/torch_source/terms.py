"""What the numbers of a class are written in: the block's own parameters, and the channels that enter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from netdsl.backends.torch_source.members import ANY, exact

#: What a constant is for each instance of a class; ``ANY`` where an instance has no such part.
Vector = tuple[object, ...]


def agree(one: Sequence[object], other: Sequence[object]) -> bool:
    """Whether two vectors are equal wherever both say something."""
    return all(a is ANY or b is ANY or exact(a) == exact(b) for a, b in zip(one, other, strict=True))


class Terms:
    """``given`` are the parameters that differ among the instances, ``entering`` the channels, called ``channels``.

    ``used`` takes what has been written, by name.
    """

    def __init__(self, given: dict[str, Vector], channels: str, entering: tuple[int, ...]) -> None:
        self.given = given
        self.channels = channels
        self.entering = entering
        self.used: dict[str, Vector] = {}

    def _written(self, text: str, *names: str) -> str:
        self.used.update((name, self.entering if name == self.channels else self.given[name]) for name in names)
        return text

    def express(self, vector: Vector, names: Iterable[str], *, exactly: bool = False) -> str | None:
        """A vector in terms of the parameters ``names``, those before others, and of the entering channels.

        ``exactly`` asks for a parameter itself, and no multiple or part of one.
        """
        for name in names:
            if agree(vector, self.given[name]):
                return self._written(name, name)
        numbers = _whole(vector)
        if numbers is None or 0 in numbers or exactly:
            return None
        known = [at for at, value in enumerate(vector) if value is not ANY]
        entering = [self.entering[at] for at in known]
        bases: dict[str, list[int]] = {}
        for name in names:
            whole = _whole([self.given[name][at] for at in known])
            if whole is not None and 0 not in whole:
                bases[name] = whole
        for name, whole in bases.items():
            if (factor := _factor(numbers, whole)) is not None:
                return self._written(f"{factor} * {name}", name)
        if len(set(self.entering)) > 1:
            if numbers == entering:
                return self._written(self.channels, self.channels)
            for name, whole in bases.items():
                if numbers == [a * b for a, b in zip(whole, entering, strict=True)]:
                    return self._written(f"{name} * {self.channels}", name, self.channels)
            if (factor := _factor(numbers, entering)) is not None:
                return self._written(f"{factor} * {self.channels}", self.channels)
            bases[self.channels] = entering
        for name, whole in bases.items():
            for divisor in range(2, 65):
                evenly = divisor == 2 or all(value % divisor == 0 for value in whole)
                if evenly and numbers == [value // divisor for value in whole]:
                    return self._written(f"{name} // {divisor}", name)
        return None

    def condition(self, flags: tuple[bool, ...], leaving: tuple[int, ...], words: set[str]) -> str | None:
        """A condition that holds for just these instances, or None where none is simple.

        ``leaving`` are the channels that come out: that they are those that enter is what shortcuts ask for. ``words``
        are those of the spec's own condition, if it is known: a test of them goes before others.
        """
        found = list(self._conditions(flags, leaving))
        if not found:
            return None

        def strangeness(at: int) -> tuple[int, int, int]:
            names = found[at][1]
            return (len(set(names) - words) if words else 0, len(set(names) - self.used.keys()), at)

        text, names = found[min(range(len(found)), key=strangeness)]
        return self._written(text, *names)

    def _conditions(self, flags: tuple[bool, ...], leaving: tuple[int, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Every simple condition that holds for just these instances, and the names in it."""
        for name, values in self.given.items():
            if all(type(value) is bool for value in values) and values in (flags, _opposite(flags)):
                yield (name if values == flags else f"not {name}"), (name,)
        tests = list(self._tests(leaving))
        for test, opposite, values, names in tests:
            if values in (flags, _opposite(flags)):
                yield (test if values == flags else opposite), names
        for at, (test, opposite, values, names) in enumerate(tests):
            for other, other_opposite, more, others in tests[at + 1 :]:
                both = tuple(a and b for a, b in zip(values, more, strict=True))
                if both in (flags, _opposite(flags)):
                    text = f"{test} and {other}" if both == flags else f"{opposite} or {other_opposite}"
                    yield text, (*names, *others)

    def _tests(self, leaving: tuple[int, ...]) -> Iterator[tuple[str, str, tuple[bool, ...], tuple[str, ...]]]:
        """Simple conditions and their opposites, for each instance whether it holds, and the parameters in it."""
        if len(set(self.entering)) > 1:
            before = dict(self.used)
            text = self.express(leaving, sorted(self.given, key=lambda name: name not in before))
            names = tuple(name for name in self.used if text is not None and name in text.replace("*", " ").split())
            self.used.clear()
            self.used.update(before)
            if text is not None and text != self.channels:
                same = tuple(a == b for a, b in zip(self.entering, leaving, strict=True))
                pair = (f"{self.channels} == {text}", f"{self.channels} != {text}")
                yield *pair, same, (self.channels, *(name for name in names if name != self.channels))
        for name, values in self.given.items():
            whole = _whole(values)
            if whole is not None and 1 in whole:
                yield f"{name} == 1", f"{name} != 1", tuple(value == 1 for value in whole), (name,)
            if whole is not None and len(set(self.entering)) > 1 and whole != list(leaving):
                same = tuple(a == b for a, b in zip(self.entering, whole, strict=True))
                yield f"{name} == {self.channels}", f"{name} != {self.channels}", same, (name, self.channels)


def _whole(values: Sequence[object]) -> list[int] | None:
    """The values that are known, if they are whole numbers."""
    known = [value for value in values if value is not ANY]
    whole = [value for value in known if isinstance(value, int) and not isinstance(value, bool)]
    return whole if len(whole) == len(known) and whole else None


def _opposite(flags: tuple[bool, ...]) -> tuple[bool, ...]:
    return tuple(not flag for flag in flags)


def _factor(numbers: list[int], whole: list[int]) -> int | None:
    factor = numbers[0] // whole[0]
    return factor if factor > 1 and numbers == [factor * value for value in whole] else None
