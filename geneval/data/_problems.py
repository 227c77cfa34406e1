"""What is wrong with the data: gathered over all files, told together."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from geneval_references import InputError
from geneval_scorers import Watch

SHOWN = 5
"""How many problems, ids or lines a message lists before it only counts."""


class Fault(Exception):  # noqa: N818 - it never leaves this package
    """One row cannot be used; the reader adds the file, the line and the id."""

    def __init__(self, message: str, column: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.column = column


class Place(NamedTuple):
    """A line or row of a file."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and where."""

    message: str
    file: str | None = None
    line: int | None = None
    """Counted from 1; the row's number in files without lines."""
    id: str | int | float | None = None
    column: str | None = None

    def __str__(self) -> str:
        """`a.jsonl:3: id '7', column 'output': got null; ...`."""
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        what = [] if self.id is None else [f"id {self.id!r}"]
        what += [] if self.column is None else [f"column {self.column!r}"]
        return ": ".join(part for part in (where, ", ".join(what), self.message) if part)


class Problems:
    """Counts problems, keeps the first few, and tells each to who wants to know, and how far the reading is to `watch`."""

    def __init__(self, told: Callable[[Problem], None] | None = None, watch: Watch | None = None) -> None:
        self.count = self.of_files = 0
        self.watch = watch
        self._first: list[str] = []
        self._told = told

    def add(self, message: str, where: Place | str | None = None, *, id_: object = None) -> None:
        """Take note of one problem: of a row, of a file as a whole, or of no file."""
        self.add_fault(where, Fault(message), id_)

    def add_fault(self, where: Place | str | None, fault: Fault, id_: object = None) -> None:
        """Take note of a row that cannot be used."""
        file, line = where if isinstance(where, Place) else (where, None)
        named = id_ if isinstance(id_, str | int | float) else None
        if isinstance(named, float) and not math.isfinite(named):
            named = None  # it has no place in JSON; the message shows it
        problem = Problem(fault.message, file, line, named, fault.column)
        self.count += 1
        self.of_files += line is None
        if len(self._first) < SHOWN:
            self._first.append(str(problem))
        if self._told is not None:
            self._told(problem)

    def add_faults(self, where: Place, first: Exception, others: Iterable[Fault], id_: object) -> None:
        """Take note of every fault of a row: the one that stopped it, and those of its other fields."""
        found = list(others)
        stopped = first if isinstance(first, Fault) else Fault(str(first))
        if (stopped.column, stopped.message) not in [(fault.column, fault.message) for fault in found]:
            found.insert(0, stopped)
        for fault in {(fault.column, fault.message): fault for fault in found}.values():
            self.add_fault(where, fault, id_)

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


def none_counts(have: Mapping[str, int], asked: str = "left") -> str:
    """Why nothing can be scored.

    Args:
        have: how many references there are of each "tier, origin".
        asked: what those that count would have to be.
    """
    kinds = "; ".join(f"{kind}: {count}" for kind, count in Counter(have).most_common(SHOWN)) or "none"
    unverified = any(kind.startswith("unverified,") for kind in have)
    remedy = ". Unverified ones count only where --tier names them" if unverified else ""
    return f"no reference that counts is {asked}; there are (tier, origin): {kinds}{remedy}"


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
