"""The data in blocks of consecutive items: what is read, scored and kept together."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from geneval.data import InputFile, Output, Reading
from geneval_references import ReferenceSet

BLOCK = 2_000_000
"""So many characters of texts make a block. It decides how much memory is needed, and changes no number."""

KEEP = 16_000_000
"""Blocks of data in memory that has so many characters at most are tokenised once for fitting and scoring."""

Outputs = Sequence[tuple[int, Output]]
"""Outputs with their numbers: the order they were given in."""


class Readable(Protocol):
    """Checked inputs that can be gone through several times, item by item."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What reading them had to say."""

    @property
    def files(self) -> tuple[InputFile, ...]:
        """What was read."""

    @property
    def reading(self) -> Reading | None:
        """How; None where there were no files."""

    @property
    def systems(self) -> tuple[str, ...]:
        """Names, in order of appearance."""

    @property
    def missing_outputs(self) -> tuple[tuple[str, str], ...]:
        """(system, id) without an output."""

    @property
    def count(self) -> int:
        """How many items there are."""

    @property
    def in_memory(self) -> bool:
        """Whether the texts are held."""

    def each(self) -> Iterator[tuple[ReferenceSet, Outputs]]:
        """Every item with its outputs, in the same order every time."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Some items in a row, with their outputs.

    Attributes:
        number: 0, 1, ...
        first: the first item's number.
        items: with all references that were given.
        outputs: in the order they were given.
        characters: of all texts.
    """

    number: int
    first: int
    items: tuple[ReferenceSet, ...]
    outputs: Outputs
    characters: int

    def digest(self) -> str:
        """A hash of all that decides its statistics."""
        items = [
            (i.id, i.source, i.condition, [(r.text, str(r.tier), r.origin, r.condition) for r in i.references])
            for i in self.items
        ]
        outputs = [(number, o.id, o.system, o.sample, o.text) for number, o in self.outputs]
        content = repr((self.first, items, outputs)).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(content, digest_size=16).hexdigest()


def blocks(each: Iterable[tuple[ReferenceSet, Outputs]]) -> Iterator[Block]:
    """Cuts items into blocks of `BLOCK` characters (one item at least): the same ones for the same items."""
    items: list[ReferenceSet] = []
    outputs: list[tuple[int, Output]] = []
    number = first = size = 0
    for item, own in each:
        items.append(item)
        outputs += own
        size += sum(len(r.text) for r in item.references) + sum(len(output.text) for _, output in own)
        if size >= BLOCK:
            yield _block(number, first, items, outputs, size)
            number, first = number + 1, first + len(items)
            items, outputs, size = [], [], 0
    if items:
        yield _block(number, first, items, outputs, size)


def _block(number: int, first: int, items: list[ReferenceSet], outputs: list[tuple[int, Output]], size: int) -> Block:
    return Block(number, first, tuple(items), sorted(outputs, key=lambda entry: entry[0]), size)
