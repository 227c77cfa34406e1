"""What was counted in a reference corpus, under 64-bit keys that are the same in every corpus."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from geneval_references import InputError
from geneval_scorers._corpus import Corpus
from geneval_scorers._numbering import ascending
from geneval_scorers._ragged import Bools, Ints
from geneval_scorers._scorer import FitState

Hashes = npt.NDArray[np.uint64]

TEXTS = "texts"
"""The table of the references that were learned from: how often each item has each."""

_HELD = 4_000_000
"""So many keys are held before equal ones are added up."""


@dataclass
class Counting:
    """One table as it grows: two counts for each key, and a third number that goes with the key."""

    _runs: list[tuple[Hashes, Ints, Ints, Hashes]] = field(default_factory=list)
    _held: int = 0
    _kept: int = 0

    def add(self, keys: Hashes, first: Ints, second: Ints | None = None, companion: Hashes | None = None) -> None:
        """Takes in keys, in any order, with their counts."""
        more = np.zeros(len(keys), np.int64) if second is None else second
        self._runs.append((keys, first, more, keys if companion is None else companion))
        self._held += len(keys)
        if self._held > 2 * self._kept + _HELD:
            self.summed()

    def summed(self) -> tuple[Hashes, Ints, Ints, Hashes]:
        """Every key once, ascending, its counts added up."""
        unsorted = np.concatenate([np.zeros(0, np.uint64), *(run[0] for run in self._runs)])
        order = ascending(unsorted)
        keys = unsorted[order]
        first, second = (
            np.concatenate([np.zeros(0, np.int64), *counts])[order]
            for counts in ([run[1] for run in self._runs], [run[2] for run in self._runs])
        )
        companion = np.concatenate([np.zeros(0, np.uint64), *(run[3] for run in self._runs)])[order]
        starts = np.flatnonzero(np.diff(keys, prepend=~keys[:1]))
        if len(starts):
            first, second = np.add.reduceat(first, starts), np.add.reduceat(second, starts)
        run = keys[starts], first, second, companion[starts]
        self._runs, self._held, self._kept = [run], len(starts), len(starts)
        return run


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Two counts for each key; none where a key is not known."""

    keys: Hashes
    first: Ints
    second: Ints

    def of(self, keys: Hashes) -> tuple[Ints, Ints]:
        """Both counts of every key."""
        if not len(self.keys):
            return np.zeros(len(keys), np.int64), np.zeros(len(keys), np.int64)
        once, where = np.unique(keys, return_inverse=True)
        at = np.minimum(np.searchsorted(self.keys, once), len(self.keys) - 1)
        known = self.keys[at] == once
        return np.where(known, self.first[at], 0)[where], np.where(known, self.second[at], 0)[where]


def state_of(kind: str, facts: Mapping[str, int | str], tables: Mapping[str, Table]) -> FitState:
    """Tables end to end, as arrays of one length: what a file of fitted state can hold."""
    names = sorted(tables)
    arrays: dict[str, npt.NDArray[np.generic]] = {
        "table": np.repeat(np.arange(len(names), dtype=np.int8), [len(tables[name].keys) for name in names]),
        "key": np.concatenate([tables[name].keys for name in names]),
        "first": np.concatenate([tables[name].first for name in names]),
        "second": np.concatenate([tables[name].second for name in names]),
    }
    return FitState(kind, dict(facts) | {"tables": ",".join(names)}, arrays)


def tables_of(state: FitState) -> dict[str, Table]:
    """The tables that `state_of` put together.

    Raises:
        InputError: the state does not hold them.
    """
    names = str(state.facts.get("tables", "")).split(",")
    try:
        place, key, first, second = (np.asarray(state.arrays[name]) for name in ("table", "key", "first", "second"))
    except KeyError as error:
        raise InputError(f"the fitted state of {state.kind} lacks the column {error}; fit it anew") from error
    ends = np.searchsorted(place, np.arange(len(names) + 1))
    parts = [slice(a, b) for a, b in pairwise(ends.tolist())]
    keys = key.astype(np.uint64, copy=False)
    return {name: Table(keys[part], first[part], second[part]) for name, part in zip(names, parts, strict=True)}


def original_places(corpus: Corpus) -> Ints:
    """Where in `corpus.references.values` the original references stand, which are what is learned from."""
    return np.flatnonzero(corpus.reference_original)


def text_marks(corpus: Corpus, places: Ints) -> Hashes:
    """64 bits for (item, text) of the references at these places, the same in every corpus."""
    items, texts = corpus.references.rows[places].tolist(), corpus.references.values[places].tolist()
    spelled = (f"{corpus.ids[i]}\0{corpus.texts[t]}" for i, t in zip(items, texts, strict=True))
    marks = (hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest() for text in spelled)
    return np.frombuffer(b"".join(marks), "<u8").astype(np.uint64)


def totals(keys: Ints, weights: Bools | None = None) -> Ints:
    """For each key how often it is there, or the sum of the weights that stand beside it."""
    once, where = np.unique(keys, return_inverse=True)
    return np.bincount(where, weights=weights, minlength=len(once)).astype(np.int64)[where]


def joint(owners: Ints, keys: Hashes) -> Ints:
    """One number for each (owner, key), equal where both are."""
    once, number = np.unique(keys, return_inverse=True)
    return owners * max(len(once), 1) + number.astype(np.int64)


def first_of_each(keys: Ints) -> Bools:
    """Marks every key where it stands first."""
    out = np.zeros(len(keys), bool)
    out[np.unique(keys, return_index=True)[1]] = True
    return out
