"""From what a user names (a path, NAME=FILE, `-`, a folder, a Hub name) to rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from geneval.data._bytes import Lines, check_exists, stem, suffix
from geneval.data._columns import Row
from geneval.data._hub import HubRows, is_dataset
from geneval.data._jsonl import json_rows, jsonl_rows
from geneval.data._model import InputFile, Reading, Spec
from geneval.data._problems import Fault, Place, Problems, shown
from geneval.data._tables import ParquetRows, csv_rows
from geneval.data._text import text_rows
from geneval_references import InputError, UsageError

FORMATS = ("jsonl", "json", "parquet", "csv", "tsv", "text")
"""What `format` may say; without it the file's suffix tells."""

_EVERY = 10_000
"""Rows after which progress is told."""
_SUFFIXES = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".parquet": "parquet",
    ".csv": "csv",
    ".tsv": "tsv",
}


@dataclass(slots=True)
class Source:
    """One file, folder or data set: its rows, and, once they are read, what to say about it."""

    path: str
    name: str
    """For manifests: the file's name without directories."""
    shown: str
    """For messages: the name, or the path as given where two files have one name."""
    label: str | None
    """The NAME of NAME=FILE."""
    form: str
    """One of `FORMATS`, or `dataset`."""
    problems: Problems
    notes: list[str] = field(default_factory=list)
    file: InputFile | None = None

    @property
    def system(self) -> str:
        """Name of the system where the rows carry none."""
        return self.label or ("stdin" if self.path == "-" else stem(self.name))

    @property
    def untyped(self) -> bool:
        """Whether every cell is a text."""
        return self.form in {"csv", "tsv"}

    def where(self, number: int) -> Place:
        """A row, as messages name it."""
        return Place(self.shown, number)

    def rows(self) -> Iterator[tuple[int, Row]]:
        """The rows with their numbers; afterwards `file` and `notes` are filled in."""
        count = 0
        before = self.problems.count
        try:
            rows, about = self._open()
            for number, row in rows:
                count += 1
                if count % _EVERY == 0:
                    self._tell(about)
                yield number, row
        except Fault as fault:
            self.problems.add_fault(self.shown, fault)
            return
        except InputError as error:
            self.problems.add(str(error))
            return
        self.notes += about.notes
        if count == 0 and self.problems.count == before:
            self.problems.add("0 items; the file holds no rows", self.shown)
        self.file = InputFile(self.name, about.sha256, count)

    def _tell(self, about: Lines | HubRows | ParquetRows) -> None:
        if self.problems.watch is not None and isinstance(about, Lines):
            self.problems.watch(f"reading {self.shown}", about.read, about.size)

    def _open(self) -> tuple[Iterator[tuple[int, Row]], Lines | HubRows | ParquetRows]:
        if self.form == "dataset":
            hub = HubRows(self.path, self.problems)
            self.name = self.shown = hub.name
            return iter(hub), hub
        check_path(self)
        if self.form == "parquet":
            table = ParquetRows(self.path)
            return iter(table), table
        lines = Lines(self.path, self.shown, self.problems)
        if self.form in {"csv", "tsv"}:
            return csv_rows(lines, self.shown, "\t" if self.form == "tsv" else ",", self.problems), lines
        read = {"text": text_rows, "json": json_rows}.get(self.form, jsonl_rows)
        return read(lines, self.shown, self.problems), lines


def check_path(source: Source) -> None:
    """Refuses what is no readable file.

    Raises:
        Fault: there is no such file, or it cannot be read.
    """
    if source.path != "-":
        try:
            check_exists(source.path)
        except Fault:
            source.shown = _as_text(source.path)  # of a file that is not there its whole path is of interest
            raise


@dataclass(slots=True)
class HeldRows(Source):
    """Rows that are in memory."""

    held: Iterable[Mapping[str, Any]] = ()

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, Any]], problems: Problems) -> HeldRows:
        """Rows under the name that messages give them."""
        return cls("rows", "rows", "rows", None, "rows", problems, held=rows)

    def rows(self) -> Iterator[tuple[int, Row]]:
        """The rows, numbered from 1."""
        number = 0
        for number, row in enumerate(self.held, 1):
            if isinstance(row, Mapping):
                yield number, dict(row)
            else:
                self.problems.add(f"got {shown(row)}; each row is a mapping, {{column: value}}", self.where(number))
        if not number:
            self.problems.add("0 items; there are no rows", self.shown)


def open_sources(specs: Sequence[str], form: str | None, problems: Problems) -> list[Source]:
    """What each spec names; nothing is read yet.

    Raises:
        UsageError: the format does not exist, or a file's suffix does not tell it, or stdin is named twice.
    """
    if isinstance(specs, str | bytes):
        raise UsageError(f"got one string, a list of files is due: [{specs!r}]")
    if form is not None and form not in FORMATS:
        raise UsageError(f"no format {form!r}; the formats are {', '.join(FORMATS)}")
    sources = [_source(str(spec), form, problems) for spec in specs]
    paths = [source.path for source in sources]
    if paths.count("-") > 1:
        raise UsageError("stdin (-) can be read only once")
    names = [source.name for source in sources]
    for source in sources:
        if names.count(source.name) > 1:
            source.shown = _as_text(source.path)
    return sources


def reading_of(
    outputs: Sequence[str],
    references: Sequence[str],
    columns: Mapping[str, str] | None,
    form: str | None,
    allow_missing: bool,
) -> Reading:
    """How files are read, for a manifest."""
    specs = [tuple(Spec(*split_label(str(spec))) for spec in side) for side in (outputs, references)]
    return Reading(specs[0], specs[1], dict(columns or {}), form, allow_missing)


def _source(spec: str, form: str | None, problems: Problems) -> Source:
    label, path = split_label(spec)
    if is_dataset(path):
        return Source(path, path, path, label, "dataset", problems)
    known = _SUFFIXES.get(suffix(path))
    if form == "text" and known not in {None, "text"}:
        raise UsageError(f"{path} is a {known} file, not plain text; leave out --format text, or name text files only")
    name = _as_text(Path(path).name)
    return Source(path, name, name, label and _as_text(label), form or _format_of(path), problems)


def _as_text(name: str) -> str:
    """A name with escapes for what is no text: file systems allow any bytes."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def split_label(spec: str) -> tuple[str | None, str]:
    """NAME and FILE of NAME=FILE; a file that has `=` in its own name is found as it is."""
    label, equals, path = spec.partition("=")
    if not equals or spec.startswith("hf://") or _exists(spec):
        return None, spec
    # A model's name has a slash, and so has a folder's: what stands behind the sign tells them apart.
    if any(mark in label for mark in "/\\") and not (path == "-" or path.startswith("hf://") or _exists(path)):
        return None, spec
    if not label or not path:
        raise UsageError(f"{spec!r} is no NAME=FILE: {'the name' if path else 'the file'} is missing")
    return label, path


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except OSError:  # a name that is too long is none
        return False


def _format_of(path: str) -> str:
    if path == "-":
        return "jsonl"
    kind = suffix(path)
    if kind in _SUFFIXES:
        return _SUFFIXES[kind]
    if not kind and not path.startswith("hf://") and not _exists(path):
        raise InputError(f"{path}: no such file")
    hint = " A file with one text a line is read with format text (--format text)." if kind in {".txt", ""} else ""
    raise UsageError(
        f"{path}: the suffix {kind!r} does not tell the format.{hint} Known are .jsonl (.gz, .zst), .json, .parquet, .csv, "
        ".tsv, a `datasets` folder, hf://owner/name, and - for stdin"
    )
