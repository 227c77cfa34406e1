"""Vectors on disk: found by what they were made of, safe under several processes, each with a checksum.

SQLite does the keeping: what was committed is there, what was not is not, whenever a process is killed.
"""

import hashlib
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from geneval_references import GenevalError

_FILE = "vectors.sqlite3"
_VERSION = 1
_SECONDS = 60.0
"""How long one process waits for another one's transaction, which takes milliseconds."""
_AT_ONCE = 900
"""SQLite takes 999 parameters at least."""
_SCHEMA = """
CREATE TABLE models (id INTEGER PRIMARY KEY, identity TEXT NOT NULL UNIQUE, name TEXT NOT NULL, setup TEXT NOT NULL,
    sum INTEGER NOT NULL);
CREATE TABLE vectors (id INTEGER PRIMARY KEY, model INTEGER NOT NULL, key BLOB NOT NULL UNIQUE, added INTEGER NOT NULL,
    cut INTEGER NOT NULL, sum INTEGER NOT NULL, vector BLOB NOT NULL);
"""


class Entry(NamedTuple):
    """A vector as it is kept."""

    vector: bytes
    """float32, lowest byte first."""
    cut: bool
    """Whether the model read only the beginning of the text."""


@dataclass(frozen=True)
class Held:
    """What is kept of one model."""

    name: str
    vectors: int
    bytes: int


class VectorStore:
    """A folder with vectors, for as many processes as there are.

    A vector is found by the identity of its model, which is a hash of all that decides its vectors, and by the text.
    The texts themselves are not kept.
    """

    def __init__(self, folder: Path) -> None:
        self.file = folder / _FILE

    @contextmanager
    def opened(self) -> Iterator["Connection"]:
        """Open it, and make it where it is not there.

        Raises:
            sqlite3.Error, OSError: the folder cannot be written to, or what is there is no such store.
        """
        self.file.parent.mkdir(parents=True, exist_ok=True)
        # Each statement is its own transaction, unless it stands in one of ours.
        with closing(sqlite3.connect(self.file, timeout=_SECONDS, isolation_level=None)) as database:
            if _version(database) != _VERSION:
                self._make(database)
            # A crash of the machine may cost what came last, never what is there.
            database.execute("PRAGMA synchronous = NORMAL")
            yield Connection(database)

    def _make(self, database: sqlite3.Connection) -> None:
        from filelock import FileLock

        with FileLock(self.file.with_suffix(".lock")):
            found = _version(database)
            if found not in {0, _VERSION}:
                raise sqlite3.DatabaseError(f"it is of another version of geneval ({found}, not {_VERSION})")
            if found == 0:
                database.execute("PRAGMA auto_vacuum = INCREMENTAL")
                database.execute("PRAGMA journal_mode = WAL")
                database.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {_VERSION}; COMMIT;")

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(file.stat().st_size for file in self._files() if file.exists())

    def clear(self) -> int:
        """Empty it, for all who use it; what is no store is deleted.

        Returns:
            How many entries there were, as far as that can be told.

        Raises:
            GenevalError: that is not possible.
        """
        try:
            try:
                with self.opened() as store:
                    return store.empty()
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise
                for file in self._files():
                    file.unlink(missing_ok=True)
                return 0
        except (sqlite3.Error, OSError) as error:
            raise GenevalError(f"the cache {self.file} cannot be cleared: {error}") from error

    def _files(self) -> list[Path]:
        return [self.file.with_name(_FILE + end) for end in ("", "-wal", "-shm")]


class Connection:
    """An open store."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def setup(self, identity: str) -> str | None:
        """What a model has said about itself when it was loaded; None where it is not known or damaged."""
        found = self._database.execute("SELECT name, setup, sum FROM models WHERE identity = ?", [identity]).fetchone()
        return found[1] if found and found[2] == _sum_of_text(identity, found[0], found[1]) else None

    def read(self, keys: Sequence[bytes]) -> dict[bytes, Entry]:
        """The entries of these keys, as far as there are any; damaged ones are deleted."""
        found: dict[bytes, Entry] = {}
        damaged: list[bytes] = []
        for start in range(0, len(keys), _AT_ONCE):
            part = keys[start : start + _AT_ONCE]
            asked = f"SELECT key, cut, sum, vector FROM vectors WHERE key IN ({', '.join('?' * len(part))})"  # noqa: S608
            for key, cut, total, vector in self._database.execute(asked, part):
                if total == _sum(key, cut, vector):
                    found[key] = Entry(vector, bool(cut))
                else:
                    damaged.append(key)
        self._delete("key", damaged)
        return found

    def write(self, identity: str, name: str, setup: str, entries: Mapping[bytes, Entry]) -> None:
        """Keep entries of a model, and what it says of itself: all of it or, where the process is killed, nothing."""
        now = int(time.time())
        rows = [(key, now, cut, _sum(key, cut, vector), vector) for key, (vector, cut) in entries.items()]
        with self._transaction():
            said = (identity, name, setup, _sum_of_text(identity, name, setup))
            self._database.execute(
                "INSERT INTO models (identity, name, setup, sum) VALUES (?, ?, ?, ?) ON CONFLICT (identity) DO UPDATE SET "
                "name = excluded.name, setup = excluded.setup, sum = excluded.sum",
                said,
            )
            (model,) = self._database.execute("SELECT id FROM models WHERE identity = ?", [identity]).fetchone()
            # What another process has kept meanwhile stays, so that a number once made stays the same.
            self._database.executemany(
                f"INSERT OR IGNORE INTO vectors (model, key, added, cut, sum, vector) VALUES ({model}, ?, ?, ?, ?, ?)",  # noqa: S608
                rows,
            )

    def held(self) -> list[Held]:
        """What is kept of each model, the largest part first."""
        asked = """SELECT models.name, COUNT(*), SUM(LENGTH(vector)) FROM vectors JOIN models ON models.id = vectors.model
            GROUP BY models.id ORDER BY 3 DESC"""
        return [Held(*row) for row in self._database.execute(asked)]

    def verify(self) -> tuple[int, int]:
        """Look at every entry; damaged ones are deleted.

        Returns:
            How many entries there are, and how many were damaged.

        Raises:
            sqlite3.DatabaseError: the file itself is damaged.
        """
        said = self._database.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if said != "ok":
            raise sqlite3.DatabaseError(said)
        count, damaged = 0, []
        for id_, key, cut, total, vector in self._database.execute("SELECT id, key, cut, sum, vector FROM vectors"):
            count += 1
            if total != _sum(key, cut, vector):
                damaged.append(id_)
        self._delete("id", damaged)
        return count - len(damaged), len(damaged)

    def prune(self, before: float | None = None, most: int | None = None) -> int:
        """Delete what was kept before a time, and then the oldest until the file is no larger than `most` bytes.

        Returns:
            How many entries were deleted.
        """
        gone = 0
        if before is not None:
            gone += self._changed("DELETE FROM vectors WHERE added < ?", before)
            self._shrink()
        while most is not None and (over := self.bytes - most) > 0 and (count := self.count):
            least = max(1, round(count * over / self.bytes))
            oldest = "SELECT id FROM vectors ORDER BY added, id LIMIT ?"
            gone += self._changed(f"DELETE FROM vectors WHERE id IN ({oldest})", least)  # noqa: S608
            self._shrink()
        return gone

    def empty(self) -> int:
        """Delete everything, and tell how many entries there were."""
        with self._transaction():
            gone = self._changed("DELETE FROM vectors")
            self._changed("DELETE FROM models")
        self._shrink()
        return gone

    @property
    def count(self) -> int:
        """How many entries there are."""
        return int(self._database.execute("SELECT COUNT(*) FROM vectors").fetchone()[0])

    @property
    def bytes(self) -> int:
        """How large the file is, once what was written is in it."""
        pages, size = (self._database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
        return int(pages * size)

    def _changed(self, statement: str, *values: object) -> int:
        return self._database.execute(statement, values).rowcount

    def _shrink(self) -> None:
        # As a script: `execute` would free one page and stop.
        self._database.executescript("PRAGMA incremental_vacuum")
        self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _delete(self, column: str, values: Iterable[object]) -> None:
        self._database.executemany(f"DELETE FROM vectors WHERE {column} = ?", [(value,) for value in values])  # noqa: S608

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")


def key_of(identity: str, text: bytes) -> bytes:
    """Where the vector of a text is found."""
    return hashlib.sha256(identity.encode() + b"\0" + text).digest()


def _version(database: sqlite3.Connection) -> int:
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def _sum(key: bytes, cut: bool, vector: bytes) -> int:
    return crc32(vector, crc32(key, int(cut)))


def _sum_of_text(*texts: str) -> int:
    return crc32("\0".join(texts).encode())
