"""Files of references alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from geneval.data._columns import ColumnNames, Row
from geneval.data._evidence import parse_references
from geneval.data._fields import identifier, optional_text, required
from geneval.data._model import InputFile
from geneval.data._problems import Fault, Problems
from geneval.data._sources import Source, open_sources
from geneval.data._text import text_references
from geneval_references import Reference, ReferenceSet


def read_references(
    paths: Sequence[str],
    *,
    columns: Mapping[str, str] | None = None,
    format: str | None = None,  # noqa: A002 - the word users know
) -> tuple[tuple[ReferenceSet, ...], tuple[str, ...], tuple[InputFile, ...]]:
    """Read reference sets.

    Args:
        paths: files, `datasets` folders, Hub names or `-`; see docs/data-formats.md. Several are read as one.
        columns: which column to use, `{"references": "captions"}`.
        format: `jsonl`, `parquet`, `csv`, `tsv` or `text`, where the suffix does not tell; `text` takes one file a
            reference, `NAME=FILE` to name it.

    Returns:
        The sets in file order, notes for the user, and the files read.

    Raises:
        InputError: the data is malformed; the message names file, line, id, column and remedy, and shows the first
            five problems.
        UsageError: a column, a format or a split does not exist.
        MissingDependencyError: a data set of the Hub is not in the cache and cannot be fetched.
    """
    problems = Problems()
    names = ColumnNames(columns, ("references",))
    sets, notes, files = load_references(paths, format, names, problems)
    names.check()
    problems.check()
    return sets, (*notes, *names.notes()), files


def load_references(
    paths: Sequence[str], form: str | None, names: ColumnNames, problems: Problems
) -> tuple[tuple[ReferenceSet, ...], tuple[str, ...], tuple[InputFile, ...]]:
    """As `read_references`; problems are left to the caller."""
    sources = open_sources(paths, form, problems)
    if sources and all(source.form == "text" for source in sources):
        sets, text_notes, text_files = text_references([(s.label, s.path, s.name) for s in sources], problems)
        return sets, tuple(text_notes), tuple(text_files)
    reader = ReferenceRows(names, problems)
    notes: list[str] = []
    files: list[InputFile] = []
    for source in sources:
        reader.read(source)
        notes += source.notes
        files += [source.file] if source.file else []
    return tuple(reader.sets.values()), tuple(notes), tuple(files)


@dataclass(frozen=True, slots=True)
class _First:
    """Where an item was first met, and whether its id was a text there."""

    where: str
    source: Source
    kind: type
    grows: bool


class ReferenceRows:
    """Gathers reference sets over files, by id."""

    def __init__(self, names: ColumnNames, problems: Problems) -> None:
        self.sets: dict[str, ReferenceSet] = {}
        self._first: dict[str, _First] = {}
        self._names = names
        self._problems = problems

    def read(self, source: Source) -> None:
        rename = self._names.renamer("references", source.where)
        for number, raw in source.rows():
            row = rename(number, raw)
            try:
                self._add(row, raw, source, number)
            except Fault as fault:
                self._problems.add_fault(source.where(number), fault, row.get("id"))

    def _add(self, row: Row, raw: Row, source: Source, number: int) -> None:
        id_ = identifier(required(row, "id", raw), "id")
        value = required(row, "references", raw)
        references = parse_references(value)
        first = self._first.get(id_)
        if first is None:
            # A table without list columns may spread an item's references over rows.
            grows = source.untyped and (type(value) is str or value is None)
            self._first[id_] = _First(source.where(number), source, type(row["id"]), grows)
            self.sets[id_] = ReferenceSet(
                id_,
                references,
                optional_text(row.get("source"), "source"),
                optional_text(row.get("condition"), "condition"),
            )
        elif first.source is source and first.kind is not type(row["id"]):
            raise Fault(same_id_two_ways(row["id"], first.where), "id")
        elif first.grows and source is first.source:
            self._extend(id_, references, row, first)
        else:
            raise Fault(f"this item is already at {first.where}; give each item one row", "id")

    def _extend(self, id_: str, references: tuple[Reference, ...], row: Row, first: _First) -> None:
        known = self.sets[id_]
        for column, old in (("source", known.source), ("condition", known.condition)):
            if row.get(column) != old:
                raise Fault(f"differs from the same item at {first.where}; make them agree", column)
        self.sets[id_] = ReferenceSet(id_, known.references + references, known.source, known.condition)


def same_id_two_ways(value: object, where: str) -> str:
    """An id that is a number in one row and a text in another of the same file."""
    now, then = ("text", "number") if type(value) is str else ("number", "text")
    return f"this id is a {now} here and a {then} at {where}; write all ids of a file one way"
