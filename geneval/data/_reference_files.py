"""Files of references alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from geneval.data._columns import ColumnNames, Row
from geneval.data._evidence import parse_references, reference_faults
from geneval.data._fields import identifier, optional_text, required, tried
from geneval.data._items import Items
from geneval.data._model import InputFile
from geneval.data._problems import Fault, Problems
from geneval.data._sources import Source, open_sources
from geneval.data._text import text_references
from geneval_references import InputError, ReferenceSet


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
    found = load_references(paths, format, names, problems)
    names.check()
    problems.check()
    return found.sets(), (*found.notes, *names.notes()), tuple(found.files)


def load_references(
    paths: Sequence[str], form: str | None, names: ColumnNames, problems: Problems, *, keep: bool = True
) -> ReferenceRows:
    """As `read_references`; problems are left to the caller."""
    rows = ReferenceRows(names, problems, keep=keep)
    before, files = problems.count, problems.of_files
    sources = open_sources(paths, form, problems)
    if sources and all(source.form == "text" for source in sources):
        rows.read_text(sources)
    else:
        for source in sources:
            rows.read(source)
    rows.cut = problems.of_files > files or (problems.count > before and not rows.items)
    return rows


class ReferenceRows:
    """Gathers reference sets over files, by id.

    Attributes:
        items: what was said about each item.
        notes, files: of the files read.
        lost: items of which a row could not be used.
        cut: a file could not be read, or none of its rows.
    """

    def __init__(self, names: ColumnNames, problems: Problems, *, keep: bool = True) -> None:
        self.items = Items(keep=keep)
        self.notes: list[str] = []
        self.files: list[InputFile] = []
        self.lost: set[str] = set()
        self.cut = False
        self._names = names
        self._problems = problems

    def sets(self) -> tuple[ReferenceSet, ...]:
        """The reference sets, in file order."""
        said = self.items.said
        columns = (said["references"], said["source"], said["condition"])
        return tuple(
            ReferenceSet(id_, references or (), source, condition)
            for id_, references, source, condition in zip(self.items.index, *columns, strict=True)
        )

    def read(self, source: Source) -> None:
        """Take in one file."""
        for number, raw, row in self._names.renamed("references", source):
            try:
                self._add(row, raw, source, number)
            except (Fault, InputError) as error:
                self._problems.add_faults(source.where(number), error, _faults(row, raw), row.get("id"))
                self.lost.add(str(row.get("id")))
        self.notes += source.notes
        self.files += [source.file] if source.file else []

    def read_text(self, sources: Sequence[Source]) -> None:
        """Take in files of one reference a line: line n of each is of item n."""
        for number, references in text_references(sources, self._problems):
            item = self.items.add(str(number), self.items.at(sources[0], number), str)
            self.items.say(item, "references", references)
        for source in sources:
            self.notes += source.notes
            self.files += [source.file] if source.file else []

    def _add(self, row: Row, raw: Row, source: Source, line: int) -> None:
        id_ = identifier(required(row, "id", raw), "id")
        value = required(row, "references", raw)
        items, item = self.items, self.items.index.get(id_)
        if item is None:
            # A table without list columns may spread an item's references over rows.
            grows = source.untyped and (type(value) is str or value is None)
            item = items.add(id_, items.at(source, line), type(row["id"]), grows=grows)
            items.say(item, "references", parse_references(value))
            for column in ("source", "condition"):
                if (said := optional_text(row.get(column), column)) is not None:
                    items.say(item, column, said)
            return
        items.check_kind(item, row["id"], source)
        first = items.place(item)
        if not (items.grows(item) and items.is_of(item, source)):
            raise Fault(f"this item is already at {first}; give each item one row", "id")
        for column in ("source", "condition"):
            now = row.get(column)
            if (now is not None) != items.says(item, column) or not (now is None or items.agrees(item, column, now)):
                raise Fault(f"differs from the same item at {first}; make them agree", column)
        items.more(item, parse_references(value))


def _faults(row: Row, raw: Row) -> Iterator[Fault]:
    """What is wrong with the fields of a row, each looked at by itself."""
    yield from tried(lambda: identifier(required(row, "id", raw), "id"))
    yield from tried(lambda: optional_text(row.get("source"), "source"))
    yield from tried(lambda: optional_text(row.get("condition"), "condition"))
    yield from reference_faults(row.get("references"))
