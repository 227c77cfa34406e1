"""Reference sets as a table, a row a reference with all its evidence: for spreadsheets, and back.

An empty cell says nothing: no source, no parent, no votes. An item without references is a row without a tier. What is
more than a text (votes, proposers, evidence) stands in its cell as JSON.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from geneval.data._evidence import parse_references
from geneval.data._fields import identifier
from geneval.data._model import InputFile
from geneval.data._problems import Fault, Problems
from geneval.data._sources import open_sources
from geneval.data._write import new_file, reference_fields
from geneval_references import InputError, ReferenceSet, UsageError

_REFERENCE = ("text", "tier", "origin", "parent", "votes", "confidence", "proposers", "evidence")
COLUMNS = ("id", "source", "condition", *_REFERENCE, "reference_condition")
"""The columns, in their order."""
_JSON = ("votes", "proposers", "evidence")


def write_csv(sets: Iterable[ReferenceSet], path: Path) -> None:
    """Writes a table that `read_csv` gives back equal, but for sources and conditions that are empty texts.

    Raises:
        UsageError: a text holds a character that a table cannot.
    """
    with new_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        # Every cell in quotes: the writer leaves a bare carriage return without them, and readers end a row there.
        between = "\t" if _tabs(path.name) else ","
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n", quoting=csv.QUOTE_ALL, delimiter=between)
        writer.writeheader()
        for item in sets:
            head = {"id": item.id, "source": item.source, "condition": item.condition}
            rows = [head | _row(reference_fields(reference)) for reference in item.references] or [head]
            for row in rows:
                if any(isinstance(value, str) and "\0" in value for value in row.values()):
                    raise UsageError(f"item {item.id!r} holds the character NUL, which no table takes; write .jsonl")
                writer.writerow(row)


def read_csv(path: str) -> tuple[tuple[ReferenceSet, ...], InputFile]:
    """Reads such a table; rows of one item may stand anywhere, and stay in their order.

    Raises:
        InputError: it has other columns, or a row is malformed; the message names the first five.
    """
    problems = Problems()
    (source,) = open_sources([path], "tsv" if _tabs(path) else "csv", problems)
    items: dict[str, tuple[str | None, str | None, list[Any]]] = {}
    for number, row in source.rows():
        try:
            _add(items, row)
        except (Fault, InputError) as error:
            fault = error if isinstance(error, Fault) else Fault(str(error))
            problems.add_fault(source.where(number), fault, row.get("id"))
    problems.check()
    if source.file is None:
        raise InputError(f"{path}: cannot be read")
    sets = (ReferenceSet(id_, tuple(found), source, condition) for id_, (source, condition, found) in items.items())
    return tuple(sets), source.file


def _tabs(path: str) -> bool:
    return path.lower().endswith(".tsv")


def _row(fields: dict[str, Any]) -> dict[str, Any]:
    row = {name: fields[name] for name in _REFERENCE} | {"reference_condition": fields["condition"]}
    for name in _JSON:
        row[name] = msgspec.json.encode(row[name]).decode() if row[name] else None
    row["confidence"] = None if row["confidence"] is None else repr(row["confidence"])
    return row


def _add(items: dict[str, tuple[str | None, str | None, list[Any]]], row: dict[str, Any]) -> None:
    for name in ("id", "text", "tier"):
        if name not in row:
            raise Fault(
                f"no such column; the row has {', '.join(row)}. A table of references has {', '.join(COLUMNS)}", name
            )
    about = (row.get("source") or None, row.get("condition") or None)
    known = items.setdefault(identifier(row["id"], "id"), (*about, []))
    if known[:2] != about:
        raise Fault("its source or condition differs from that of an earlier row of this item; make them agree", "id")
    if not row["tier"]:
        if row["text"]:
            raise Fault(f"got an empty tier for {row['text']!r}; original, verified, ... is due", "tier")
        return
    entry: dict[str, Any] = {name: row[name] for name in _REFERENCE if row.get(name) or name == "text"}
    if row.get("reference_condition"):
        entry["condition"] = row["reference_condition"]
    known[2].extend(parse_references([_typed(entry)]))


def _typed(entry: dict[str, Any]) -> dict[str, Any]:
    for name in _JSON:
        if name in entry:
            try:
                entry[name] = msgspec.json.decode(entry[name])
            except msgspec.MsgspecError as error:
                raise Fault(f"got {entry[name]!r}, which is no JSON ({error})", name) from None
    if "confidence" in entry:
        try:
            entry["confidence"] = float(entry["confidence"])
        except ValueError:
            raise Fault(f"got {entry['confidence']!r}; a number in [0, 1] is due", "confidence") from None
    return entry
