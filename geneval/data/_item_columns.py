"""Columns of a user's own, about items or outputs: what a report may slice by."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from geneval.data._columns import ColumnNames, Row
from geneval.data._fields import identifier, required
from geneval.data._model import InputFile
from geneval.data._problems import Fault, Place, Problems
from geneval.data._sources import Source, open_sources
from geneval_references import UsageError

Value = str | float
Key = tuple[str, str | None]
"""(id, system); None: of the item, whatever the system."""


def read_item_columns(
    paths: Sequence[str], *, columns: Mapping[str, str] | None = None
) -> tuple[dict[str, dict[Key, Value]], tuple[str, ...], tuple[InputFile, ...]]:
    """Read what rows say beyond geneval's own columns: `{"id", "system"?, ...}`, or a file of outputs or references.

    Texts, numbers and truth values are read; null is nothing said. Of a system's several outputs the first counts.

    Returns:
        Column -> (id, system) -> value, notes for the user, and the files read.

    Raises:
        InputError: the data is malformed, two rows disagree, or no row says anything more.
        UsageError: a column or a format does not exist.
    """
    problems = Problems()
    names = ColumnNames(columns, ("outputs",))
    found: dict[str, dict[Key, Value]] = {}
    places: dict[tuple[str, Key], Place] = {}
    nested: dict[str, None] = {}
    sources = open_sources(paths, None, problems)
    for source in sources:
        for line, raw, row in names.renamed("outputs", source):
            where = source.where(line)
            try:
                key = (identifier(required(row, "id", raw), "id"), _system(row, source))
                if row.get("sample") in {None, 0, "0"}:
                    for name, value in _values(raw, names.aside, nested):
                        _put(found.setdefault(name, {}), places, (name, key), value, where)
            except Fault as fault:
                problems.add_fault(where, fault, row.get("id"))
        if source.untyped:
            _typed(found)
    names.check()
    problems.check()
    if not found:
        raise UsageError(
            f"{', '.join(paths)}: no column to slice by; rows of id, system (where it differs by system) and columns with "
            "texts, numbers or truth values are due"
        )
    told = [f"columns to slice by: {', '.join(found)}", *(f"no texts or numbers to slice by in: {n}" for n in nested)]
    notes = (*(note for source in sources for note in source.notes), *told)
    return found, notes, tuple(source.file for source in sources if source.file is not None)


def _system(row: Row, source: Source) -> str | None:
    """The row's system; None where it speaks of an item."""
    if row.get("system") is not None:
        return identifier(row["system"], "system")
    return source.system if source.label is not None or "output" in row else None


def _values(raw: Row, aside: Sequence[str], nested: dict[str, None]) -> Iterator[tuple[str, Value]]:
    for name in aside:
        value = raw.get(name)
        if type(value) is bool:
            yield name, str(value).lower()
        elif type(value) in {int, float}:
            yield name, float(value)  # type: ignore[arg-type]
        elif type(value) is str and value:
            yield name, value
        elif type(value) in {list, dict}:
            nested[name] = None


def _put(
    column: dict[Key, Value], places: dict[tuple[str, Key], Place], at: tuple[str, Key], value: Value, where: Place
) -> None:
    first = places.setdefault(at, where)
    if column.setdefault(at[1], value) != value:
        raise Fault(f"says {value!r} and {first} says {column[at[1]]!r}; give one row an output or item", at[0])


def _typed(found: dict[str, dict[Key, Any]]) -> None:
    """Numbers of files without types: columns of which every cell is a finite one."""
    for column in found.values():
        try:
            numbers = {key: float(value) for key, value in column.items()}
        except ValueError:
            continue
        if all(map(math.isfinite, numbers.values())):
            column.update(numbers)
