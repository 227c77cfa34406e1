"""A figure of the page: a picture or table, how it was computed, and the rows behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from geneval.report._words import Json

Row = Mapping[str, object]


@dataclass(frozen=True, eq=False)
class Table:
    """Cells as text; the first of each row is its name.

    Attributes:
        head: of each column.
        rows: as text, as many as there are columns.
        looks: by (row, column) the class of a cell.
        small: by (row, column) a second line.
        numeric: columns that are numbers start here.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    looks: Mapping[tuple[int, int], str]
    small: Mapping[tuple[int, int], str]
    numeric: int = 1


@dataclass(frozen=True, eq=False)
class Figure:
    """What one question is answered with.

    Attributes:
        key: names it within the page and its downloads.
        title: the question, or what is seen.
        lead: how to read it, in a sentence or two.
        charts: as SVG.
        more: charts that are shown on request.
        table: beside or in place of charts.
        folded: whether the table is shown on request.
        notes: sentences below.
        how: how it was computed.
        signatures: of the scorers that it is about.
        rows: what can be downloaded.
        reason: why there is nothing to see.
    """

    key: str
    title: str
    lead: str = ""
    charts: Sequence[Markup] = ()
    more: Sequence[Markup] = ()
    legend: Sequence[tuple[str, str]] = ()
    table: Table | None = None
    folded: bool = False
    notes: Sequence[str] = ()
    how: str = ""
    signatures: Sequence[str] = ()
    rows: Sequence[Row] = ()
    reason: str | None = None


def flat(row: Json, **more: object) -> dict[str, object]:
    """A row of plain cells: estimates and other objects spread over columns, lists of objects left out."""
    out: dict[str, object] = dict(more)
    for name, value in row.items():
        out.update(_spread(name, value))
    return out


def _spread(name: str, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for part, inner in value.items():
            yield from _spread(f"{name}.{part}", inner)
    elif isinstance(value, list):
        if not any(isinstance(one, Mapping | list) for one in value):
            yield name, ", ".join(str(one) for one in value)
    else:
        yield name, value


def columns(rows: Sequence[Row]) -> list[str]:
    """All columns of rows, in order of appearance."""
    return list(dict.fromkeys(name for row in rows for name in row))
