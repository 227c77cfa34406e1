"""Files that expanders read: reference sets, and outputs, which are looked up by item."""

from __future__ import annotations

import hashlib
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from geneval.data import InputFile, Output, ReferenceStream
from geneval.data._bytes import suffix
from geneval.data._columns import ColumnNames
from geneval.data._problems import Problems
from geneval.data._rows import OutputRows
from geneval.data._sources import open_sources
from geneval.data._streams import Window
from geneval_references import InputError, ReferenceSet
from geneval_references.expanders import Written

_ROWS = 500
"""So many rows are read together."""


class ReferenceFile:
    """Reference sets of one file; one of plain text (`.txt`) has a text a line."""

    def __init__(self, path: str) -> None:
        self._stream = ReferenceStream([path], format="text" if suffix(path) == ".txt" else None)
        self.name, self.hash = _identity(self._stream.files)

    def __iter__(self) -> Iterator[ReferenceSet]:
        """Every item, in the order of the file."""
        return iter(self._stream)


class OutputFile:
    """What systems wrote, by item; kept in a temporary file, so that no more than ids are held.

    Raises:
        InputError: the rows are not what they should be; the message names them.
    """

    def __init__(self, path: str) -> None:
        _refuse_run(path)
        self._folder = tempfile.TemporaryDirectory(prefix="geneval-")
        self._database = sqlite3.connect(Path(self._folder.name, "outputs.sqlite3"), isolation_level=None)
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute("CREATE TABLE written (item TEXT NOT NULL, system TEXT NOT NULL, text TEXT NOT NULL)")
        try:
            self.name, self.hash = self._read(path)
        except BaseException:
            self.close()
            raise

    def _read(self, path: str) -> tuple[str, str]:
        problems, names = Problems(), ColumnNames(None, ("outputs", "references"))
        (source,) = open_sources([path], None, problems)
        OutputRows(names, problems, keep=False).read(source)
        problems.check()
        (again,) = open_sources([path], None, problems)
        rows = iter(again.rows())
        while taken := list(islice(rows, _ROWS)):
            self._keep(OutputRows(names, problems), Window.of(again, taken))
        if again.file != source.file or source.file is None or problems.count:
            raise InputError(f"{path}: changed while it was read; leave the file alone and start again")
        self._database.execute("CREATE INDEX by_item ON written (item)")
        return _identity((source.file,))

    def of(self, ids: Sequence[str]) -> list[list[Written]]:
        """For each item what was written for it, in the order of the file."""
        asked = "SELECT item, system, text FROM written WHERE item = ? ORDER BY rowid"
        return [[Written(*row) for row in self._database.execute(asked, [id_])] for id_ in ids]

    def close(self) -> None:
        """Deletes the temporary file."""
        self._database.close()
        self._folder.cleanup()

    def _keep(self, rows: OutputRows, window: Window) -> None:
        rows.read(window)
        self._database.execute("BEGIN")
        self._database.executemany("INSERT INTO written VALUES (?, ?, ?)", map(_row, rows.outputs))
        self._database.execute("COMMIT")


def _row(output: Output) -> tuple[str, str, str]:
    return output.id, output.system, output.text


def _identity(files: Sequence[InputFile]) -> tuple[str, str]:
    """The name and the hash of what was read."""
    if len(files) == 1:
        return files[0].name, files[0].sha256
    listed = "".join(f"{file.name} {file.sha256}\n" for file in files)
    return "+".join(file.name for file in files), hashlib.sha256(listed.encode()).hexdigest()


def _refuse_run(path: str) -> None:
    folder = Path(path)
    if (folder / "segments.parquet").is_file() and (folder / "manifest.json").is_file():
        raise InputError(
            f"{path} is a run directory: it holds scores, and no texts; name the file of outputs that was scored "
            f"({folder / 'manifest.json'} lists the inputs)"
        )
