"""Tables of numbers, one a question: a row an output and a column a reference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from geneval_scorers._ragged import Floats, Ints, Ragged, group_sum
from geneval_scorers._subsets import Subsets


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Tables end to end, each row by row.

    Attributes:
        heights: rows of every table.
        widths: columns of every table.
        values: [cells].
    """

    heights: Ints
    widths: Ints
    values: Floats

    @property
    def sizes(self) -> Ints:
        """Cells of every table."""
        return self.heights * self.widths

    @property
    def rows(self) -> Ragged:
        """Row (of whichever table) -> places in `values`."""
        lengths = np.repeat(self.widths, self.heights)
        return Ragged.from_lengths(lengths, np.arange(len(self.values), dtype=np.int64))

    def turned(self) -> Grid:
        """The same with rows for columns."""
        table, local = _cells(self.sizes)
        row, column = local // self.heights[table], local % self.heights[table]
        places = _starts(self.sizes)[table] + column * self.widths[table] + row
        return Grid(self.widths, self.heights, self.values[places])

    def among(self, subsets: Subsets) -> Grid:
        """For each subset of references the table of its question, with its columns only."""
        heights = self.heights[subsets.parents]
        table, local = _cells(heights * subsets.k)
        parent, row = subsets.parents[table], local // subsets.k
        # Columns stand as references do, one question after the other.
        chosen = subsets.references.values[table * subsets.k + local % subsets.k] - _starts(self.widths)[parent]
        places = _starts(self.sizes)[parent] + row * self.widths[parent] + chosen
        return Grid(heights, np.full(len(heights), subsets.k, np.int64), self.values[places])

    def mean_of_rows(self, values: Floats) -> Floats:
        """The mean over the rows of each table, of one number a row."""
        return mean_of(values, Ragged.from_lengths(self.heights, np.arange(len(values), dtype=np.int64)))


def mean_of(values: Floats, groups: Ragged) -> Floats:
    """The mean in each group, added from the lowest up, so that no order shows in the last bit."""
    ordered = values[np.lexsort((values, groups.rows))]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(group_sum(ordered, groups) / groups.lengths)


def of_squares(sizes: Ints, values: Floats, number: Callable[[Floats], Floats]) -> Floats:
    """One number a square table, made of all tables of one size together.

    Args:
        sizes: rows, and columns, of every table.
        values: the tables end to end.
        number: makes [tables] of [tables, size, size].
    """
    starts = _starts(sizes**2)
    out = np.empty(len(sizes))
    for size in np.unique(sizes).tolist():
        mine = np.flatnonzero(sizes == size)
        tables = values[starts[mine][:, None] + np.arange(size**2)].reshape(-1, size, size)
        out[mine] = number(tables)
    return out


def _starts(sizes: Ints) -> Ints:
    return np.asarray(np.cumsum(sizes) - sizes, np.int64)


def _cells(sizes: Ints) -> tuple[Ints, Ints]:
    """For every cell its table, and its place in there."""
    table = np.repeat(np.arange(len(sizes), dtype=np.int64), sizes)
    return table, np.arange(len(table), dtype=np.int64) - _starts(sizes)[table]
