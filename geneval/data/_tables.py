"""Tables: Parquet through Arrow, CSV and TSV through the standard library."""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from geneval.data._bytes import Lines, utf8_fault
from geneval.data._columns import ALIASES, Row
from geneval.data._problems import Fault, Place, Problems

_BATCH = 2048
_NESTED = ("references", *ALIASES["references"], "outputs", "ratings")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|[\r\n])|[^\r\n]+")


class ParquetRows:
    """The rows of a Parquet file, numbered from 1, read batch by batch."""

    def __init__(self, path: str, raw: BinaryIO | None = None) -> None:
        self.notes: list[str] = []
        self.sha256 = ""
        """Of the file whose rows were read, whatever has its name by then; asked when all were."""
        self._path, self._raw = path, raw

    def __iter__(self) -> Iterator[tuple[int, Row]]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            with self._raw or Path(self._path).open("rb") as raw:
                with pq.ParquetFile(raw) as file:
                    columns = file.schema_arrow.names
                    if twice := {column for column in columns if columns.count(column) > 1}:
                        raise Fault(f"two columns are called {min(twice)!r}; rename one of them")
                    yield from arrow_rows(file.iter_batches(batch_size=_BATCH))
                raw.seek(0)
                digest = hashlib.sha256()
                while piece := raw.read(1 << 20):
                    digest.update(piece)
                self.sha256 = digest.hexdigest()
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise Fault(f"no Parquet file, or a damaged one: {error}") from error


def arrow_rows(batches: Iterable[Any]) -> Iterator[tuple[int, Row]]:
    """The rows of Arrow batches, numbered from 1.

    Arrow gives each object every key of its column, null where it was not written; those are left out again.
    """
    number = 0
    for batch in batches:
        for row in batch.to_pylist():
            number += 1
            yield number, {key: _without_nulls(value) for key, value in row.items()}


def _without_nulls(value: Any) -> Any:
    if type(value) is dict:
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    if type(value) is list and value and type(value[0]) is tuple:
        # A map column comes as pairs.
        return {key: _without_nulls(inner) for key, inner in value if inner is not None}
    if type(value) is list and value and type(value[0]) is not str:
        return [_without_nulls(inner) for inner in value]
    return value


def csv_rows(lines: Lines, name: str, delimiter: str, problems: Problems) -> Iterator[tuple[int, Row]]:
    """The rows of a CSV or TSV file with their line numbers.

    Columns `references.0`, `references.1`, ... become a list without its empty cells; `references.NAME`,
    `outputs.SYSTEM` and `ratings.SYSTEM` become objects. An empty cell is an empty output, but no reference or rating.
    """
    rows = csv.reader(_text_lines(lines, name, problems), delimiter=delimiter, strict=True)
    limit = csv.field_size_limit(2**31 - 1)
    try:
        header = next(rows, None)
        if header is None:
            return
        if len(set(header)) < len(header):
            repeated = next(column for column in header if header.count(column) > 1)
            problems.add(f"the column {repeated!r} is there twice; keep one", Place(name, 1))
            return
        start = rows.line_num + 1
        for cells in rows:
            where = Place(name, start)
            if len(cells) == len(header):
                try:
                    yield start, _nest(dict(zip(header, cells, strict=True)))
                except Fault as fault:
                    problems.add_fault(where, fault)
            elif cells:
                problems.add(f"{len(cells)} cells, but the header has {len(header)}; quote texts", where)
            start = rows.line_num + 1
    except csv.Error as error:
        kind = "TSV" if delimiter == "\t" else "CSV"
        problems.add(f"no {kind}: {error}; quote texts", Place(name, rows.line_num))
    finally:
        csv.field_size_limit(limit)


def _text_lines(lines: Lines, name: str, problems: Problems) -> Iterator[str]:
    """Lines with their ends, as the standard library's reader wants them; a carriage return ends one too."""
    for number, line in lines.whole():
        if fault := utf8_fault(line, lines.start):
            problems.add(fault, Place(name, number))
        text = line.decode("utf-8", "replace")
        yield from _LINE.findall(text) if "\r" in text else (text,)


def _nest(cells: dict[str, str]) -> Row:
    row: Row = {}
    for column, cell in cells.items():
        head, dot, tail = column.partition(".")
        if dot and head in _NESTED:
            entries = row.setdefault(head, {})
            if type(entries) is not dict:
                raise Fault(f"both {head!r} and {column!r} are there; keep one form", head)
            if cell or head == "outputs":
                entries[tail] = _grade(cell, column) if head == "ratings" else cell
        elif column in _NESTED and column != "outputs":
            _refuse_packed_list(cell, column)
            row[column] = cell or None
        else:
            row[column] = None if column == "source" and not cell else cell
    for head in _NESTED:
        entries = row.get(head)
        if type(entries) is dict and entries and all(key.isdecimal() for key in entries) and head[0] in "rt":
            row[head] = [entries[key] for key in sorted(entries, key=int)]
    return row


def _grade(cell: str, column: str) -> float:
    try:
        return float(cell)
    except ValueError:
        raise Fault(f"got the text {cell!r}; a number is due", column) from None


def _refuse_packed_list(cell: str, column: str) -> None:
    if cell.startswith(('["', "['")) and cell.endswith("]"):
        raise Fault(f"looks like a list put into one cell; give it columns {column}.0, {column}.1, ...", column)
