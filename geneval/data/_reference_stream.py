"""Reference sets that stay in their files: checked once, then read again, a few items at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from geneval.data._columns import ColumnNames
from geneval.data._model import InputFile
from geneval.data._problems import Problems
from geneval.data._reference_files import ReferenceRows, load_references
from geneval.data._sources import Source, open_sources
from geneval.data._streams import Window
from geneval_references import InputError, ReferenceSet
from geneval_scorers import Watch

_FORMS = {"jsonl", "parquet"}
_ROWS = 500
"""So many rows are read together."""


class ReferenceStream:
    """Reference sets that can be gone through several times, in the order of the file.

    Of .jsonl (.gz, .zst) and .parquet no more than ids and hashes are held; other forms are held whole.

    Attributes:
        count: how many items there are.
        notes: what there is to tell about the files.
        files: what was read.

    Raises:
        InputError, UsageError, MissingDependencyError: as `read_references`.
    """

    def __init__(
        self,
        paths: Sequence[str],
        *,
        columns: Mapping[str, str] | None = None,
        format: str | None = None,  # noqa: A002 - the word users know
        watch: Watch | None = None,
    ) -> None:
        self._paths, self._columns, self._format = tuple(paths), columns, format
        self._held: tuple[ReferenceSet, ...] | None = None
        problems, names = Problems(watch=watch), ColumnNames(columns, ("references",))
        sources = open_sources(self._paths, format, Problems())
        streamed = all(source.form in _FORMS and source.path != "-" for source in sources)
        found = load_references(self._paths, format, names, problems, keep=not streamed)
        names.check()
        problems.check()
        if not streamed:
            self._held = found.sets()
        self.count = len(found.items)
        self.notes = (*found.notes, *names.notes())
        self.files: tuple[InputFile, ...] = tuple(found.files)

    def __iter__(self) -> Iterator[ReferenceSet]:
        """Every item.

        Raises:
            InputError: a file is not what it was when it was checked.
        """
        if self._held is not None:
            yield from self._held
            return
        problems, names = Problems(), ColumnNames(self._columns, ("references",))
        sources = open_sources(self._paths, self._format, problems)
        for source in sources:
            yield from _items(source, names, problems)
        if problems.count or tuple(source.file for source in sources) != self.files:
            listed = ", ".join(file.name for file in self.files)
            raise InputError(f"{listed}: changed while it was read; leave the files alone and start again")


def _items(source: Source, names: ColumnNames, problems: Problems) -> Iterator[ReferenceSet]:
    rows = source.rows()
    while taken := list(islice(rows, _ROWS)):
        window = ReferenceRows(names, problems)
        window.read(Window.of(source, taken))
        yield from window.sets()
