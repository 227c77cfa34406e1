"""Segment scores of a run as tables, higher always better."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from geneval.agreement._correlations import Floats, Ints, rounded
from geneval_references import InputError, UsageError

if TYPE_CHECKING:
    from geneval.results import Result


class Column(NamedTuple):
    """A scorer and the number of references that it was asked at."""

    scorer: str
    k: int | None

    def __str__(self) -> str:
        """As tables name it."""
        return self.scorer if self.k is None else f"{self.scorer} @{self.k}"


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """What a run says about outputs.

    Attributes:
        items, systems: names.
        columns: scorers.
        table: [columns, items, systems], the mean over a system's outputs for an item; NaN where one has no score.
        there: [items, systems], whether there is an output.
        corpus: [columns, systems], corpus scores; NaN where there is none.
        signatures: one a column.
        lower: one a column, whether lower was better: its scores are turned around.
        several: systems with several outputs for an item.
    """

    items: Sequence[str]
    systems: Sequence[str]
    columns: tuple[Column, ...]
    table: Floats
    there: np.ndarray
    corpus: Floats
    signatures: tuple[str, ...]
    lower: tuple[bool, ...]
    several: tuple[str, ...]


def scores_of(run: Result, scorers: Sequence[str] | None = None) -> Scores:
    """The segment scores of a run, by the columns of its scores.

    Raises:
        InputError: the run has no segment scores.
        UsageError: no scorer of the run is called so.
    """
    about = {Column(score.scorer, score.k): score for score in run.scores}
    columns = _chosen(tuple(about), scorers)
    names = _Names()
    found = [_Rows(names) for _ in columns]
    place = {column: i for i, column in enumerate(columns)}
    for table in run.segments.tables():
        read = [table.column(name).to_pylist() for name in ("scorer", "k", "id", "system", "score")]
        for scorer, k, id_, system, score in zip(*read, strict=True):
            number = place.get(Column(scorer, k))
            if number is not None:
                found[number].add(id_, system, score)
    if not names.items:
        raise InputError("the run has no segment scores, which agreement is computed from")
    lower = tuple(about[column].direction == "lower" for column in columns)
    tables = [rows.table() for rows in found]
    sign = np.where(lower, -1.0, 1.0)
    corpus = {(Column(s.scorer, s.k), s.system): s.score for s in run.scores}
    each = [[corpus.get((column, system)) for system in names.systems] for column in columns]
    counts = found[0].counts()
    return Scores(
        items=list(names.items),
        systems=list(names.systems),
        columns=columns,
        table=np.stack([rounded(s * t) for s, t in zip(sign, tables, strict=True)]),
        there=counts > 0,
        corpus=sign[:, None] * np.asarray([[np.nan if v is None else v for v in row] for row in each], np.float64),
        signatures=tuple(about[column].signature for column in columns),
        lower=lower,
        several=tuple(system for system, many in zip(names.systems, counts.max(axis=0) > 1, strict=True) if many),
    )


def _chosen(columns: tuple[Column, ...], scorers: Sequence[str] | None) -> tuple[Column, ...]:
    if not columns:
        raise InputError("the run has no scores")
    known = dict.fromkeys(column.scorer for column in columns)
    for name in scorers or ():
        if name not in known:
            raise UsageError(f"the run has no scorer {name!r}; it has: {', '.join(known)}")
    return columns if scorers is None else tuple(column for column in columns if column.scorer in scorers)


class _Names:
    """Items and systems in order of appearance."""

    def __init__(self) -> None:
        self.items: dict[str, int] = {}
        self.systems: dict[str, int] = {}


class _Rows:
    """Segment scores of one column."""

    def __init__(self, names: _Names) -> None:
        self._names = names
        self._item: list[int] = []
        self._system: list[int] = []
        self._score: list[float] = []

    def add(self, id_: str, system: str, score: float | None) -> None:
        items, systems = self._names.items, self._names.systems
        self._item.append(items.setdefault(id_, len(items)))
        self._system.append(systems.setdefault(system, len(systems)))
        self._score.append(np.nan if score is None else score)

    def counts(self) -> Ints:
        """How many outputs each system has for each item."""
        return np.bincount(self._places(), minlength=self._size).reshape(self._shape)

    def table(self) -> Floats:
        sums = np.bincount(self._places(), weights=self._score, minlength=self._size).reshape(self._shape)
        counts = self.counts()
        return np.asarray(np.divide(sums, counts, out=np.full(self._shape, np.nan), where=counts > 0))

    @property
    def _shape(self) -> tuple[int, int]:
        return len(self._names.items), len(self._names.systems)

    @property
    def _size(self) -> int:
        return self._shape[0] * self._shape[1]

    def _places(self) -> Ints:
        return np.asarray(self._item, np.int64) * self._shape[1] + np.asarray(self._system, np.int64)


def known(names: Iterable[str]) -> dict[str, int]:
    """The place of each name."""
    return {name: i for i, name in enumerate(names)}
