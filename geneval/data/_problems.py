"""What is wrong with the data: gathered over all files, told together."""

from __future__ import annotations

from collections.abc import Iterable

from geneval_references import InputError

SHOWN = 5
"""How many problems, ids or lines a message lists before it only counts."""


class Fault(Exception):  # noqa: N818 - it never leaves this package
    """One row cannot be used; the reader adds the file, the line and the id."""

    def __init__(self, message: str, column: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.column = column


class Problems:
    """Counts problems and keeps the first few."""

    def __init__(self) -> None:
        self.count = 0
        self._first: list[str] = []

    def add(self, message: str) -> None:
        """Take note of one problem."""
        self.count += 1
        if len(self._first) < SHOWN:
            self._first.append(message)

    def add_fault(self, where: str, fault: Fault, id_: object = None) -> None:
        """Take note of a row that cannot be used."""
        place = [] if id_ is None else [f"id {id_!r}"]
        if fault.column is not None:
            place.append(f"column {fault.column!r}")
        self.add(": ".join([where, *([", ".join(place)] if place else []), fault.message]))

    def check(self) -> None:
        """Raise what was gathered.

        Raises:
            InputError: there was a problem; the message shows the first five and the count.
        """
        if not self.count:
            return
        if self.count > len(self._first):
            self._first.append(f"... and {self.count - len(self._first)} more ({self.count} problems)")
        raise InputError("\n".join(self._first))


def shown(value: object, limit: int = 60) -> str:
    """A value as a message shows it: its kind in JSON's words and its beginning."""
    kinds = {"NoneType": "null", "str": "the text", "bool": "the truth value", "int": "the number"}
    kinds |= {"float": "the number", "list": "a list", "tuple": "a list", "dict": "an object", "bytes": "bytes"}
    name = type(value).__name__
    kind = kinds.get(name, f"a value of type {name}")
    if name in {"NoneType", "list", "tuple", "dict"}:
        return kind
    text = repr(value)
    return f"{kind} {text if len(text) <= limit else text[:limit] + '...'}"


def listed(names: Iterable[str], limit: int = SHOWN) -> str:
    """The first few of some names, and how many there are."""
    every = [repr(name) for name in names]
    return ", ".join(every[:limit]) + (f", ... ({len(every)} in all)" if len(every) > limit else "")
