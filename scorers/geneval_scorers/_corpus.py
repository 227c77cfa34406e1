"""The corpus: every distinct text once, and who stands where."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from copy import copy
from functools import cached_property
from typing import TypeVar, cast

import numpy as np

from geneval_references import InputError, ReferenceSet, fold
from geneval_scorers._ragged import Bools, Ints, Ragged

T = TypeVar("T")

Watch = Callable[[str, int, int], None]
"""Told what is going on (after a comma, more about it), how much of it is done, and how much there is."""


def _unwatched(what: str, done: int, total: int) -> None:
    """Nobody wants to know."""


class Corpus:
    """Items with their references and outputs, all texts interned.

    What a scorer derives from texts (tokens, counts, vectors) is kept here through `derive`, so that no text is
    tokenised or encoded twice however many scorers, systems and questions there are.

    Attributes:
        texts: the distinct texts.
        ids: the items' ids, in the order given.
        sources: the items' inputs, None where there is none.
        references: item -> indices into `texts`, as given, copies included.
        systems: names, in order of appearance.
        output_item, output_system, output_sample, output_text: one entry an output.
    """

    def __init__(
        self,
        items: Sequence[ReferenceSet],
        outputs: Iterable[tuple[str, str, str, int]] = (),
        *,
        extra: Iterable[str] = (),
        watch: Watch | None = None,
    ) -> None:
        """Interns all texts.

        Args:
            items: reference sets, one an item; an item may have none.
            outputs: (id, system, text, sample) of every output.
            extra: further texts that will be asked about (candidates that no system wrote).
            watch: told about the progress of long work.

        Raises:
            InputError: two items with one id, or an output of an item that is not there.
        """
        self.watch = watch or _unwatched
        self._index: dict[str, int] = {}
        self._derived: dict[Hashable, object] = {}
        self.items = tuple(items)
        self.ids = [item.id for item in items]
        self.sources = [item.source for item in items]
        self._item_index = {id_: i for i, id_ in enumerate(self.ids)}
        if len(self._item_index) != len(self.ids):
            twice = next(id_ for i, id_ in enumerate(self.ids) if self._item_index[id_] != i)
            raise InputError(f"two items have the id {twice!r}; an id names one item")
        self.references = Ragged.of([[self._intern(r.text) for r in item.references] for item in items])
        self._read_outputs(outputs)
        self._read_origins()
        for text in extra:
            self._intern(text)
        self.texts: Sequence[str] = tuple(self._index)

    def _intern(self, text: str) -> int:
        return self._index.setdefault(text, len(self._index))

    def _read_outputs(self, outputs: Iterable[tuple[str, str, str, int]]) -> None:
        systems: dict[str, int] = {}
        rows: list[tuple[int, int, int, int]] = []
        for id_, system, text, sample in outputs:
            item = self._item_index.get(id_)
            if item is None:
                raise InputError(f"system {system!r} has an output for the item {id_!r}, which has no reference set")
            rows.append((item, systems.setdefault(system, len(systems)), sample, self._intern(text)))
        self.systems = list(systems)
        columns = np.asarray(rows, np.int64).reshape(-1, 4).T
        self.output_item, self.output_system, self.output_sample, self.output_text = columns

    def _read_origins(self) -> None:
        systems = {name: i for i, name in enumerate(self.systems)}
        flat = [reference for item in self.items for reference in item.references]
        self.reference_system: Ints = np.asarray(
            [systems.get(r.origin.removeprefix("output:"), -1) if r.origin.startswith("output:") else -1 for r in flat],
            np.int64,
        )
        """For every reference, the system whose output it is, else -1."""
        self.reference_original: Bools = np.asarray([r.tier == "original" for r in flat], bool)
        """For every reference, whether it was collected with the data."""

    def learned_from(self, references: Ragged, original: Bools) -> Corpus:
        """The same texts, and what was derived from them, with other references: to fit a scorer on.

        Args:
            references: item -> indices into `texts`.
            original: for each of them, whether it counts as collected with the data.
        """
        other = copy(self)
        other.references, other.reference_original = references, original
        other.reference_system = np.full(len(references.values), -1, np.int64)
        return other

    def index(self, text: str) -> int:
        """Where a text stands in `texts`.

        Raises:
            InputError: the corpus does not hold it; hand it in as `extra`.
        """
        try:
            return self._index[text]
        except KeyError:
            raise InputError(f"the corpus does not hold the text {text!r}; build it with extra=[...]") from None

    def item(self, id_: str) -> int:
        """Where an item stands in `ids`."""
        try:
            return self._item_index[id_]
        except KeyError:
            raise InputError(f"the corpus has no item {id_!r}") from None

    @cached_property
    def folded(self) -> Ints:
        """For every text a number that it shares with all texts equal to it after folding (`geneval_references.fold`)."""
        classes: dict[str, int] = {}
        return np.asarray([classes.setdefault(fold(text), len(classes)) for text in self.texts], np.int64)

    @cached_property
    def lengths(self) -> Ints:
        """Characters of every text, one at least."""
        return np.asarray([len(text) or 1 for text in self.texts], np.int64)

    @cached_property
    def rank(self) -> Ints:
        """For every text its place among all texts in alphabetical order: an order that no shuffling changes."""
        rank = np.empty(len(self.texts), np.int64)
        rank[np.asarray(sorted(range(len(self.texts)), key=self.texts.__getitem__), np.int64)] = np.arange(len(rank))
        return rank

    def derive(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` gives, made once for this corpus and this key."""
        if key not in self._derived:
            self._derived[key] = make()
        return cast("T", self._derived[key])
