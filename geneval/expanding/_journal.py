"""What has been proposed so far, on disk: kept by what it was proposed for, never by where that stood.

SQLite does the keeping: what was committed is there, what was not is not, whenever the process is killed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from hashlib import blake2b
from pathlib import Path

import msgspec

from geneval_references import ReferenceSet
from geneval_references.expanders import Candidate

FILE = "candidates.sqlite3"
_AT_ONCE = 900
"""SQLite takes 999 parameters at least."""


def key_of(item: ReferenceSet, signature: str, seed: int) -> bytes:
    """A hash of all that decides what is proposed for an item: its content, who proposes, and the seed."""
    references = [(r.text, r.tier, r.origin, r.parent, r.condition) for r in item.references]
    content = repr((signature, seed, item.id, item.source, item.condition, references))
    return blake2b(content.encode("utf-8", "surrogatepass"), digest_size=16).digest()


class Journal:
    """Candidates by key, in a file."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._encode = msgspec.json.Encoder().encode
        self._decode = msgspec.json.Decoder(list[Candidate]).decode

    @classmethod
    @contextmanager
    def opened(cls, folder: Path) -> Iterator[Journal]:
        """Opens the journal of a folder, and makes it where it is not there.

        Raises:
            sqlite3.Error: what is there is no such file, or cannot be written to.
        """
        # Each statement is its own transaction, unless it stands in one of ours.
        with closing(sqlite3.connect(folder / FILE, isolation_level=None)) as database:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            database.execute(
                "CREATE TABLE IF NOT EXISTS proposed (key BLOB PRIMARY KEY, candidates BLOB NOT NULL) WITHOUT ROWID"
            )
            yield cls(database)

    @property
    def count(self) -> int:
        """Of how many items and expanders something is kept."""
        return int(self._database.execute("SELECT COUNT(*) FROM proposed").fetchone()[0])

    def holds(self, keys: Sequence[bytes]) -> set[bytes]:
        """Which of these keys are there."""
        return {key for key, _ in self._rows("key, NULL", keys)}

    def read(self, keys: Sequence[bytes]) -> dict[bytes, list[Candidate]]:
        """What was proposed under these keys, as far as there is anything."""
        return {key: self._decode(content) for key, content in self._rows("key, candidates", keys)}

    def write(self, proposed: Mapping[bytes, Sequence[Candidate]]) -> None:
        """Keeps candidates: all of these or, where the process is killed, none."""
        rows = [(key, self._encode(list(candidates))) for key, candidates in proposed.items()]
        self._database.execute("BEGIN IMMEDIATE")
        self._database.executemany("INSERT OR REPLACE INTO proposed VALUES (?, ?)", rows)
        self._database.execute("COMMIT")

    def _rows(self, columns: str, keys: Sequence[bytes]) -> Iterator[tuple[bytes, bytes]]:
        for start in range(0, len(keys), _AT_ONCE):
            part = keys[start : start + _AT_ONCE]
            marks = ", ".join("?" * len(part))
            yield from self._database.execute(f"SELECT {columns} FROM proposed WHERE key IN ({marks})", part)  # noqa: S608
