"""Segment scores: one row an output, scorer and k; small to hold, and a table when somebody looks."""

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
class Column:
    """What one scorer said about every output at one k; entry i belongs to output i.

    Attributes:
        scorer: its label.
        k: asked at so many references.
        score: NaN where there is none.
        winner: the winning reference's place in the list as it was given, -1 where none wins; or None.
        reason: places in `REASONS`.
    """

    scorer: str
    k: int | None
    score: npt.NDArray[np.float64]
    winner: npt.NDArray[np.int32] | None
    reason: npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Computed:
    """Segment scores of a run, scorer by scorer, outputs in the order they were given in.

    Attributes:
        ids: of the items.
        systems: names.
        item, system: of every output, places in `ids` and `systems`.
        sample: of every output.
        blank: whether an output is empty.
        columns: one a scorer and k.
    """

    ids: Sequence[str]
    systems: Sequence[str]
    item: npt.NDArray[np.int64]
    system: npt.NDArray[np.int32]
    sample: npt.NDArray[np.int32]
    blank: npt.NDArray[np.bool_]
    columns: tuple[Column, ...]

    def tables(self) -> Iterator[pa.Table]:
        """As `Segments` says."""
        for column in self.columns:
            for start in range(0, len(self.item), _ROWS):
                yield self._table(column, slice(start, start + _ROWS))

    def _table(self, column: Column, rows: slice) -> pa.Table:
        import pyarrow as pa

        score, kinds = column.score[rows], schema()
        none = np.full(len(score), -1, np.int32)
        winner = none if column.winner is None else column.winner[rows]
        values = {
            "id": [self.ids[i] for i in self.item[rows].tolist()],
            "system": [self.systems[i] for i in self.system[rows].tolist()],
            "sample": self.sample[rows],
            "scorer": [column.scorer] * len(score),
            "k": [column.k] * len(score),
            "score": score,
            "winner": winner,
            "flag": ["empty_output" if blank else None for blank in self.blank[rows].tolist()],
            "reason": [REASONS[code] or None for code in column.reason[rows].tolist()],
        }
        masks = {"score": np.isnan(score), "winner": winner < 0}
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
