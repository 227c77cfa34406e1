"""METEOR's table of paraphrases as pycocoevalcap ships it, indexed once."""

from __future__ import annotations

import gzip
import hashlib
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import msgspec
from filelock import FileLock

from geneval_references import GenevalError, UsageError
from geneval_scorers import Watch
from geneval_scorers.embedding import machine
from geneval_scorers.java._packaged import find_packaged

TABLE = Path("meteor", "data", "paraphrase-en.gz")
_VERSION = 1
MOST = 20
"""So many paraphrases of a phrase are kept, the most probable ones."""
_AT_ONCE = 900
_TELL = 20_000
_PHRASES = 430_639
"""Of the table of METEOR 1.5; how far the work is, is told by it."""


class MeteorPhrases:
    """The table, looked up on disk; the index is built when it is first asked.

    Raises:
        UsageError: another table is asked for.
        MissingDependencyError: pycocoevalcap is not there.
    """

    def __init__(self, table: str, needed_by: str, watch: Watch | None = None) -> None:
        if table != "meteor":
            raise UsageError(f"{needed_by}: table={table!r} does not fit; allowed: 'meteor'")
        self._file = find_packaged(TABLE, needed_by)
        self._watch = watch
        self._database: sqlite3.Connection | None = None
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        with self._file.open("rb") as stream:
            self._hash = hashlib.file_digest(stream, "sha256").hexdigest()
        self.name = "meteor-1.5-en"
        self.signature = f"{self.name}|sha256:{self._hash}|most:{MOST}|index:{_VERSION}"

    def paraphrases(self, phrases: Sequence[str]) -> list[list[tuple[str, float]]]:
        """For each phrase others, with their probabilities, the most probable first."""
        database, found = self._opened(), {}
        for start in range(0, len(phrases), _AT_ONCE):
            part = phrases[start : start + _AT_ONCE]
            asked = f"SELECT phrase, others FROM phrases WHERE phrase IN ({', '.join('?' * len(part))})"  # noqa: S608
            for phrase, others in database.execute(asked, part):
                found[phrase] = msgspec.json.decode(others, type=list[tuple[str, float]])
        return [found.get(phrase, []) for phrase in phrases]

    def close(self) -> None:
        """Lets go of the index."""
        if self._database is not None:
            self._database.close()
            self._database = None
        if self._temporary is not None:
            self._temporary.cleanup()
            self._temporary = None

    def _opened(self) -> sqlite3.Connection:
        if self._database is None:
            place = self._folder() / f"phrases-{self._hash[:16]}-{_VERSION}.sqlite3"
            # Several processes may want it at once; the one that comes first builds it.
            with FileLock(place.with_suffix(".lock")):
                if not place.exists():
                    self._build(place)
            self._database = sqlite3.connect(f"file:{place.as_posix()}?mode=ro&immutable=1", uri=True)
        return self._database

    def _folder(self) -> Path:
        kept = machine().cache
        if kept is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="geneval-")
            return Path(self._temporary.name)
        try:
            kept.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise GenevalError(
                f"the cache {kept} cannot be written to: {error.strerror}; GENEVAL_CACHE names another folder, "
                "GENEVAL_CACHE=off and --no-cache go without"
            ) from error
        return kept

    def _build(self, place: Path) -> None:
        """Beside its place, and renamed when it is whole: whoever is killed leaves nothing that passes for an index."""
        half = place.with_suffix(".partial")
        half.unlink(missing_ok=True)
        database = sqlite3.connect(half, isolation_level=None)
        try:
            database.execute("PRAGMA journal_mode = OFF")
            database.execute("CREATE TABLE phrases (phrase TEXT PRIMARY KEY, others BLOB NOT NULL) WITHOUT ROWID")
            database.execute("BEGIN")
            database.executemany("INSERT INTO phrases VALUES (?, ?)", self._rows())
            database.execute("COMMIT")
        except (sqlite3.Error, OSError, ValueError) as error:
            raise GenevalError(f"{self._file} cannot be indexed at {place}: {error}") from error
        finally:
            database.close()
        half.replace(place)

    def _rows(self) -> Iterator[tuple[str, bytes]]:
        for number, (phrase, group) in enumerate(groupby(_entries(self._file), key=lambda entry: entry[0])):
            if self._watch is not None and number % _TELL == 0:
                self._watch("indexing the table of phrases, once", number, _PHRASES)
            others = sorted(((other, p) for _, other, p in group), key=lambda pair: (-pair[1], pair[0]))[:MOST]
            if others:
                yield phrase, msgspec.json.encode(others)


def _entries(file: Path) -> Iterator[tuple[str, str, float]]:
    """(phrase, paraphrase, probability); a few hundred entries have a "probability" above 1, and are left out."""
    with gzip.open(file, "rt", encoding="utf-8") as stream:
        lines = (line.rstrip("\n") for line in stream)
        for probability, phrase, other in zip(lines, lines, lines, strict=True):
            p = float(probability)
            if 0 < p <= 1:
                yield phrase, other, p
