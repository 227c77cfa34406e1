"""Segment scores: one row an output (or set of outputs), scorer and k; small to hold, and a table when somebody looks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from geneval.answering import REASONS

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = 20_000
"""So many rows make a table at a time."""


class Segments(Protocol):
    """Where segment scores come from."""

    def tables(self) -> Iterator[pa.Table]:
        """The rows, some at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """Who was asked about, outputs or sets of them, in the order they were given in; one entry each.

    Attributes:
        item, system: places among the ids and the systems of a run.
        sample: -1 of a set.
        size: how many outputs.
        blank: whether an output is empty.
    """

    item: npt.NDArray[np.int64]
    system: npt.NDArray[np.int32]
    sample: npt.NDArray[np.int32]
    size: npt.NDArray[np.int32]
    blank: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """What one scorer said at one k about every output, or set of outputs; entry i belongs to entry i of `asked`.

    Attributes:
        scorer: its label.
        k: asked at so many references.
        asked: who was asked about.
        score: NaN where there is none.
        winner: the winning reference's place in the list as it was given, -1 where none wins; or None.
        reason: places in `REASONS`.
    """

    scorer: str
    k: int | None
    asked: Asked
    score: npt.NDArray[np.float64]
    winner: npt.NDArray[np.int32] | None
    reason: npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Computed:
    """Segment scores of a run, scorer by scorer.

    Attributes:
        ids: of the items.
        systems: names.
        columns: one a scorer and k.
    """

    ids: Sequence[str]
    systems: Sequence[str]
    columns: tuple[Column, ...]

    def tables(self) -> Iterator[pa.Table]:
        """As `Segments` says."""
        for column in self.columns:
            for start in range(0, len(column.score), _ROWS):
                yield self._table(column, slice(start, start + _ROWS))

    def _table(self, column: Column, rows: slice) -> pa.Table:
        import pyarrow as pa

        score, kinds, asked = column.score[rows], schema(), column.asked
        none = np.full(len(score), -1, np.int32)
        winner = none if column.winner is None else column.winner[rows]
        values = {
            "id": [self.ids[i] for i in asked.item[rows].tolist()],
            "system": [self.systems[i] for i in asked.system[rows].tolist()],
            "sample": asked.sample[rows],
            "scorer": [column.scorer] * len(score),
            "k": [column.k] * len(score),
            "score": score,
            "winner": winner,
            "flag": ["empty_output" if blank else None for blank in asked.blank[rows].tolist()],
            "reason": [REASONS[code] or None for code in column.reason[rows].tolist()],
        }
        masks = {"score": np.isnan(score), "winner": winner < 0, "sample": asked.sample[rows] < 0}
        arrays = [pa.array(values[field.name], field.type, mask=masks.get(field.name)) for field in kinds]
        return pa.table(arrays, schema=kinds)


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """Segment scores in a run directory, read when they are asked for."""

    path: Path

    def tables(self) -> Iterator[pa.Table]:
        """As `Segments` says."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        with pq.ParquetFile(self.path) as file:
            for batch in file.iter_batches(_ROWS):
                yield pa.Table.from_batches([batch])


class Nothing:
    """No segment scores."""

    def tables(self) -> Iterator[pa.Table]:
        """As `Segments` says."""
        return iter(())


def schema() -> pa.Schema:
    """Names and kinds of the columns."""
    import pyarrow as pa

    text = pa.string()
    kinds: dict[str, Any] = {"id": text, "system": text, "sample": pa.int64(), "scorer": text, "k": pa.int64()}
    return pa.schema(kinds | {"score": pa.float64(), "winner": pa.int64(), "flag": text, "reason": text})


def write(segments: Segments, path: Path) -> None:
    """Writes the rows as Parquet, some at a time."""
    import pyarrow.parquet as pq

    with pq.ParquetWriter(path, schema()) as file:
        for table in segments.tables():
            file.write_table(table)
