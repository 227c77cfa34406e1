"""Which items there are, where each was first met, and what its rows said, in arrays: a million are no burden."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from geneval.data._problems import Fault, Place
from geneval_references import Reference

if TYPE_CHECKING:
    from geneval.data._sources import Source

ONCE = ("source", "condition", "references")
"""What the rows of an item say together: where two say it, they agree."""

_LINE = (1 << 48) - 1


class Items:
    """Items by id, in order of appearance.

    Attributes:
        keep: hold what the rows said; else only hashes of it, which is all that checking needs.
        said: for each of `ONCE` what was said, by item; None (0 for hashes) where nothing was.
        counting: references that are not blank, by item; only of hashes.
        total: references, by item.
        evidence: how many references there are of each (tier, origin); only of hashes.
        usable: how many of them count unless tiers are asked for.
    """

    def __init__(self, *, keep: bool) -> None:
        self.keep = keep
        self.index: dict[str, int] = {}
        self.said: dict[str, Any] = {column: [] if keep else array("q") for column in ONCE}
        self.counting = array("l")
        self.total = array("l")
        self.evidence: Counter[tuple[str, str]] = Counter()
        self.usable = 0
        self._files: list[Source] = []
        self._places = array("Q")
        self._numbers = bytearray()
        self._grows = bytearray()

    def __len__(self) -> int:
        return len(self.index)

    def add(self, id_: str, place: int, kind: type, *, grows: bool = False) -> int:
        """Take in an item that is new; `grows`: further rows of its file add references."""
        number = self.index[id_] = len(self.index)
        nothing = None if self.keep else 0
        for column in self.said.values():
            column.append(nothing)
        self.counting.append(0)
        self.total.append(0)
        self._places.append(place)
        self._numbers.append(kind is int)
        self._grows.append(grows)
        return number

    def at(self, source: Source, line: int) -> int:
        """A line of a file as one number."""
        if not self._files or self._files[-1] is not source:
            self._files.append(source)
        return (len(self._files) - 1) << 48 | line

    def place(self, number: int) -> Place:
        """Where an item was first met."""
        return self.where(self._places[number])

    def where(self, place: int) -> Place:
        """What `at` was given."""
        return self._files[place >> 48].where(place & _LINE)

    def is_of(self, number: int, source: Source) -> bool:
        """Whether an item was first met in this file."""
        return self._files[self._places[number] >> 48] is source

    def grows(self, number: int) -> bool:
        """Whether further rows add references to an item."""
        return bool(self._grows[number])

    def kinds(self) -> set[tuple[bool, bool]]:
        """(is a number, of a file without types) of the ids as they were written."""
        typeless = [source.untyped for source in self._files]
        return {(bool(n), typeless[place >> 48]) for n, place in zip(self._numbers, self._places, strict=True)}

    def check_kind(self, number: int, value: object, source: Source) -> None:
        """Refuse an id that is a number in one row of a file and a text in another."""
        if self.is_of(number, source) and bool(self._numbers[number]) is not (type(value) is int):
            now, then = ("text", "number") if type(value) is str else ("number", "text")
            where = self.place(number)
            raise Fault(f"this id is a {now} here and a {then} at {where}; write all ids of a file one way", "id")

    def says(self, number: int, column: str) -> bool:
        """Whether an item has this column already."""
        return bool(self.said[column][number] is not None if self.keep else self.said[column][number])

    def agrees(self, number: int, column: str, value: Any) -> bool:
        """Whether a value is what was said before."""
        return bool(self.said[column][number] == (value if self.keep else _mark(value)))

    def say(self, number: int, column: str, value: Any) -> None:
        """Take note of a text, or of references."""
        self.said[column][number] = value if self.keep else _mark(value)
        if column == "references":
            self.total[number] = len(value)
            if not self.keep:
                tiers = [reference.tier for reference in value if reference.text.strip()]
                self.counting[number] = len(tiers)
                self.usable += len(tiers) - tiers.count("unverified")
                self.evidence.update((reference.tier, reference.origin) for reference in value)

    def more(self, number: int, references: tuple[Reference, ...]) -> None:
        """Add references to an item."""
        before, total, counting = self.said["references"][number], self.total[number], self.counting[number]
        self.say(number, "references", references)
        self.total[number] += total
        self.counting[number] += counting
        self.said["references"][number] = before + references if self.keep else _mark(references, before)

    def ids(self) -> Iterator[tuple[str, int]]:
        """Ids and numbers, in order of appearance."""
        return iter(self.index.items())


def _mark(value: str | tuple[Reference, ...], begin: int = 1) -> int:
    """A number that equal values share, never 0; of references, one after the other."""
    if isinstance(value, str):
        return hash(value) or 1
    mark = begin
    for reference in value:
        try:
            mark = hash((mark, reference))
        except TypeError:  # votes and evidence are dicts, which are equal to those with their keys in another order
            dicts = [frozenset((found or {}).items()) for found in (reference.votes, reference.evidence)]
            mark = hash((mark, *dicts, replace(reference, votes=None, evidence=None)))
    return mark or 1
