"""Files that hold more than reference sets: items with labels, and texts that people have judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from geneval_references._model import ReferenceSet
from geneval_references.expanders._expander import Candidate


class Labelled(Protocol):
    """Items of a file with their labels, and what makes labels where the file has none."""

    @property
    def name(self) -> str:
        """The file's name, without its folders."""

    @property
    def hash(self) -> str:
        """The sha256 of its content."""

    @property
    def signature(self) -> str:
        """What makes labels of texts, with its version; the column's name where labels are given."""

    def __iter__(self) -> Iterator[tuple[ReferenceSet, frozenset[str]]]:
        """Every item with its labels; none where no column was named."""

    def labels_of(self, texts: Sequence[str]) -> list[frozenset[str]]:
        """The labels of each text."""


class Judged(Protocol):
    """Texts that people have judged, by item."""

    @property
    def hash(self) -> str:
        """The sha256 of what was read."""

    def of(self, ids: Sequence[str]) -> list[list[Candidate]]:
        """For each item the texts that were judged, with their votes, in the order of the file.

        One without votes is listed as a positive by its protocol, or has a grade that is high enough.
        """
