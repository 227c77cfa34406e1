"""Columns whose texts belong to other items: shifted by some lines, transposed, or in no order at all.

Texts that stand at one place of their items (a file, a named writer, a system) make a column. For each item, column and
shift s: is the text of item i + s more alike the item's other texts than the column's own text is? Where the column is
where it belongs, mostly not; where nothing tells, in half of the items. So a run of items in which the shifted text
wins is tested against fair coins: its binomial tail, times the number of runs that the data has, times the number of
columns and shifts. Own and other texts are compared with the same anchors, so that neither length nor style decides.

A column in no order at all is one whose own texts are no closer to the anchors than texts of items drawn at random: the
upper end of the interval of the share that is closer lies below 2/3 (1/2: chance).

Reference sets are transposed where references that stand at one place of *different* items are more alike than those of
one item: a sign test over places, which takes seven places or more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geneval_references.audit._alike import Alike
from geneval_references.audit._chance import Floats, Ints, binomial_tail, interval
from geneval_references.audit._model import Finding, Row, Untested
from geneval_references.audit._table import Column, Table

SHIFTS = (-3, -2, -1, 1, 2, 3)
"""Lines by which a column may be off."""

_ANCHORS = 4
_PAIRS = 1_500_000
"""So many pairs are asked about at most; of more items, a regular sample is looked at."""
_FEW = 30
_BELONGS = 2 / 3
"""The least share of random texts that a text should beat at its own place."""


@dataclass(frozen=True, slots=True)
class _Run:
    """Items in a row in which a shifted text fits better.

    Attributes:
        column, shift: which.
        start, stop: of the run, items.
        wins, tries: items in which it fits better, and in which it can be told.
        p: corrected.
    """

    column: int
    shift: int
    start: int
    stop: int
    wins: int
    tries: int
    p: float


def misplaced(table: Table, alike: Alike, alpha: float) -> Iterator[Finding | Untested]:
    """Findings of kinds `shifted`, `unrelated` and `transposed`.

    Args:
        table: the data.
        alike: similarities.
        alpha: the chance of any false alarm, over all columns and shifts; for transposed sets, the same again.
    """
    columns = [*table.reference_columns, *table.system_columns]
    if len(columns) < 2:
        yield Untested("shifted", "it takes two columns: references that at least half of the items have, or outputs")
    elif len(table.ids) < _FEW:
        yield Untested("shifted", f"there are fewer than {_FEW} items")
    else:
        yield from _Order(table, columns, alike).findings(alpha)
    yield from _transposed(table, alike, alpha)


class _Order:
    """Whether the texts of each column are those of their items."""

    def __init__(self, table: Table, columns: Sequence[Column], alike: Alike) -> None:
        self._table, self._columns, self._alike = table, columns, alike
        self._texts = np.stack([column.text for column in columns])
        each = len(columns) * min(_ANCHORS, len(columns) - 1) * (len(SHIFTS) + 2)
        n = self._texts.shape[1]
        self._items = np.unique(np.linspace(0, n - 1, min(n, max(_PAIRS // each, 1000))).astype(np.int64))
        self._other = (
            self._items
            + alike.generator().integers(len(SHIFTS), max(n - len(SHIFTS), len(SHIFTS) + 1), len(self._items))
        ) % n

    def findings(self, alpha: float) -> Iterator[Finding]:
        """Shifted runs, the surest first; each is put aside before the others are looked at again."""
        texts = self._texts.copy()
        told: list[int] = []
        for _ in range(2 * len(self._columns)):
            runs = [run for c in range(len(self._columns)) for run in self._runs(texts, c) if run.p <= alpha]
            if not runs:
                break
            worst = min(runs, key=lambda run: (run.p, -run.wins, self._columns[run.column].system))
            yield self._shifted(worst, self._rivals(worst, runs))
            texts[worst.column, worst.start : worst.stop] = -1
            told.append(worst.column)
        for number, column in enumerate(self._columns):
            if number not in told:
                yield from self._unrelated(texts, number, column, alpha)

    def _rivals(self, worst: _Run, runs: list[_Run]) -> list[_Run]:
        """Of two columns, the other one, which then seems to be shifted the other way round."""
        if len(self._columns) > 2:
            return []
        return [run for run in runs if run.column != worst.column and run.shift == -worst.shift]

    def _anchors(self, texts: Ints, column: int) -> Ints:
        """The next columns of each looked-at item, [anchors, items]."""
        count = min(_ANCHORS, len(texts) - 1)
        return np.stack([texts[(column + 1 + k) % len(texts)][self._items] for k in range(count)])

    def _gain(self, texts: Ints, column: int, anchors: Ints, other: Ints, own: Floats) -> npt.NDArray[np.int64]:
        """1 where the text of the other item is more alike the anchors than the own one, -1 where it is less."""
        theirs = np.where((other >= 0) & (other < texts.shape[1]), texts[column][other % texts.shape[1]], -1)
        difference = self._alike.of(theirs[None, :], anchors) - own
        known = np.isfinite(difference).any(axis=0)
        mean = np.where(known, np.nansum(difference, axis=0), 0.0)
        return np.sign(np.where(texts[column][self._items] >= 0, mean, 0.0)).astype(np.int64)

    def _runs(self, texts: Ints, column: int) -> Iterator[_Run]:
        anchors = self._anchors(texts, column)
        own = self._alike.of(texts[column][self._items][None, :], anchors)
        for shift in SHIFTS:
            signs = self._gain(texts, column, anchors, self._items + shift, own)
            start, stop = best_run(signs)
            wins, tries = int((signs[start:stop] > 0).sum()), int((signs[start:stop] != 0).sum())
            if not wins:
                continue
            n = int((signs != 0).sum())
            looked = n * (n + 1) / 2 * len(SHIFTS) * len(texts)
            ends = self._items[start], (int(self._items[stop - 1]) + 1 if stop < len(self._items) else texts.shape[1])
            yield _Run(
                column, shift, int(ends[0]), int(ends[1]), wins, tries, min(1.0, binomial_tail(wins, tries) * looked)
            )

    def _shifted(self, run: _Run, rivals: list[_Run]) -> Finding:
        column, ids = self._columns[run.column], self._table.ids
        lines = f"{abs(run.shift)} item{'s' if abs(run.shift) > 1 else ''} {'later' if run.shift > 0 else 'earlier'}"
        others = " or ".join(dict.fromkeys(self._columns[rival.column].label for rival in rivals))
        doubt = f" (or it is {others}, the other way round: two columns cannot tell)" if rivals else ""
        return Finding(
            kind="shifted",
            level="fault",
            subject=column.label,
            message=f"{column.label} is shifted from item {ids[run.start]} to {ids[run.stop - 1]}{doubt}: in {run.wins} of "
            f"{run.tries} items looked at, the text that stands {lines} fits better than its own",
            advice="look for a line that is missing or doubled where the run begins and ends, put the column right, and "
            "score again: all numbers of these items compare texts of different items",
            rows=self._rows(column, run.start, run.stop, f"fits the text {lines}"),
            count=run.wins,
            of=run.tries,
            baseline=0.5,
            p=run.p,
        )

    def _rows(self, column: Column, start: int, stop: int, note: str) -> tuple[Row, ...]:
        numbers = column.number[start:stop]
        make = self._table.output_row if column.system else self._table.row
        return tuple(make(number, note) for number in numbers[numbers >= 0].tolist())

    def _unrelated(self, texts: Ints, number: int, column: Column, alpha: float) -> Iterator[Finding]:
        anchors = self._anchors(texts, number)
        own = self._alike.of(texts[number][self._items][None, :], anchors)
        signs = self._gain(texts, number, anchors, self._other, own)
        own_wins, tries = int((signs < 0).sum()), int((signs != 0).sum())
        if tries < _FEW:
            return
        low, high = interval(own_wins, tries, 1 - 2 * alpha / len(texts))
        if high >= _BELONGS:
            return
        yield Finding(
            kind="unrelated",
            level="fault",
            subject=column.label,
            message=f"{column.label} fits its own items hardly better than items drawn at random: in {own_wins} of {tries}",
            advice="check that its lines are in the order of the others, and that the file is the one meant. Where answers "
            "differ this much by nature, a similarity of meaning (--with cosine) tells more",
            rows=self._rows(column, 0, len(column.number), ""),
            count=own_wins,
            of=tries,
            low=low,
            high=high,
            baseline=0.5,
        )


def best_run(signs: npt.NDArray[np.int64]) -> tuple[int, int]:
    """Where the stretch with the largest sum begins and ends (Kadane's algorithm); it is empty where none is positive.

    >>> best_run(np.array([-1, 1, 1, -1, 1, -1, -1]))
    (1, 3)
    """
    sums = np.concatenate([[0], np.cumsum(signs)])
    lowest = np.minimum.accumulate(sums)
    stop = int(np.argmax(sums - lowest))
    return int(np.argmin(sums[: stop + 1])), stop


def _transposed(table: Table, alike: Alike, alpha: float) -> Iterator[Finding]:
    columns = table.reference_columns
    if len(table.ids) < 2 or binomial_tail(len(columns), len(columns)) > alpha:
        return  # so few places could not tell
    texts = np.stack([column.text for column in columns])
    wins = across_wins(texts, alike)
    across, told = int((wins > 0).sum()), int((wins != 0).sum())
    p = binomial_tail(across, told) if told else 1.0
    if p <= alpha:
        yield Finding(
            kind="transposed",
            level="fault",
            subject="references",
            message=f"references at the same place of different items are more alike than those of one item, at {across} "
            f"of {told} places: rows and columns are exchanged",
            advice="references[i] are the references of item i; turn it with list(zip(*references))",
            rows=(),
            count=across,
            of=told,
            baseline=0.5,
            p=p,
        )


def across_wins(texts: Ints, alike: Alike, draws: int = 60) -> Floats:
    """For each place, 1 where texts at it are more alike across items than within them, -1 where less, else 0.

    Args:
        texts: [places, items].
        alike: similarities.
        draws: pairs of each kind that are looked at for a place.
    """
    places, items = texts.shape
    draw = alike.generator()
    here = np.arange(places)[:, None]
    one = draw.integers(0, items, (places, draws))
    other = (one + draw.integers(1, items, (places, draws))) % items
    beside = (here + draw.integers(1, places, (places, draws))) % places
    mine = texts[here, one]
    across, within = alike.of(mine, texts[here, other]), alike.of(mine, texts[beside, one])
    both = np.isfinite(across) & np.isfinite(within)
    difference = np.where(both, across - within, 0.0).sum(axis=1)
    signs: Floats = np.sign(difference)
    return signs
