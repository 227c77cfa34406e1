"""Encoders whose vectors are kept: a text that a model has seen is not encoded again, in this run or the next."""

import logging
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property, lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geneval_scorers.embedding._batches import Progress
from geneval_scorers.embedding._protocols import Model, Vectors
from geneval_scorers.embedding._store import Connection, Entry, VectorStore, key_of

_LOG = logging.getLogger(__name__)

_AT_ONCE = 1024
"""So many texts are encoded before their vectors are kept: what a killed run loses at most."""


class Encoded(NamedTuple):
    """Texts as vectors."""

    vectors: Vectors
    """[texts, dimensions], rows of length 1."""
    cut: NDArray[np.bool_]
    """Of which texts the model read only the beginning."""


class KeptEncoder:
    """An encoder over a store of vectors.

    The model is loaded when a text comes that it has not seen. Where the store cannot be used, that is said once, and
    nothing is kept.
    """

    def __init__(self, model: Model, folder: Path | None) -> None:
        self._model = model
        self._identity = (model.identity if folder else None) or ""
        self._store = VectorStore(folder) if folder and self._identity else None

    @cached_property
    def signature(self) -> str:
        """What decides the vectors, as the model's own signature tells it."""
        setup = None
        with self._opened() as store, self._forgiving():
            setup = store.setup(self._identity) if store else None
        return f"{self._model.name}|{setup or self._model.setup}"

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Vectors:
        """One row of length 1 a text."""
        return self.encoded(texts, progress).vectors

    def cut(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """Of which texts the model reads only the beginning."""
        return self.encoded(texts).cut

    def encoded(self, texts: Sequence[str], progress: Progress | None = None, known: Progress | None = None) -> Encoded:
        """Vectors of texts, and which texts were cut.

        Args:
            texts: any, "" too; equal ones are encoded once.
            progress: hears how many texts each batch of the model held.
            known: hears, before that, how many texts were kept; nothing where no store is in use.
        """
        if not texts:
            return Encoded(self._model.encode([]), np.zeros(0, bool))
        # A lone surrogate is no text that a tokeniser of a model accepts.
        clean = [text.encode("utf-8", "replace") for text in texts]
        keys = [key_of(self._identity, text) for text in clean]
        with self._opened() as store:
            found = self._read(store, keys)
            missing = {key: text.decode() for key, text in zip(keys, clean, strict=True) if key not in found}
            if known is not None and self._store is not None:
                known(len(texts) - len(missing))
            for entries in self._made(missing, progress):
                found |= entries
                self._write(store, entries)
        return _joined([found[key] for key in keys])

    def _made(self, missing: dict[bytes, str], progress: Progress | None) -> Iterator[dict[bytes, Entry]]:
        """Encodes some at a time, the longest first, so that texts of one length meet in a batch."""
        order = sorted(missing, key=lambda key: -len(missing[key]))
        for start in range(0, len(order), _AT_ONCE):
            part = order[start : start + _AT_ONCE]
            texts = [missing[key] for key in part]
            vectors, cut = self._model.encode(texts, progress=progress).astype("<f4"), self._model.cut(texts)
            yield {key: Entry(row.tobytes(), bool(c)) for key, row, c in zip(part, vectors, cut, strict=True)}

    # --- the store, which may fail ---

    @contextmanager
    def _opened(self) -> Iterator[Connection | None]:
        with ExitStack() as stack:
            opened = None
            with self._forgiving():
                opened = stack.enter_context(self._store.opened()) if self._store else None
            yield opened

    def _read(self, store: Connection | None, keys: list[bytes]) -> dict[bytes, Entry]:
        with self._forgiving():
            return store.read(keys) if store else {}
        return {}

    def _write(self, store: Connection | None, entries: dict[bytes, Entry]) -> None:
        # After the first failure it is None: each further one might wait for a lock that nobody gives back.
        if store is not None and self._store is not None:
            with self._forgiving():
                store.write(self._identity, self._model.name, self._model.setup, entries)

    @contextmanager
    def _forgiving(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            if self._store is not None:
                _say_once(self._store.file, str(error), _spoilt(error))
            self._store = None


def _spoilt(error: Exception) -> bool:
    """Whether it is the file itself; SQLite calls what the machine refuses operational."""
    return isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError)


@lru_cache
def _say_once(file: Path, why: str, spoilt: bool) -> None:
    remedy = "`geneval cache clear` removes it" if spoilt else "GENEVAL_CACHE names another folder, or is `off`"
    _LOG.warning("vectors are not kept: %s cannot be used (%s); %s", file, why, remedy)


def _joined(entries: list[Entry]) -> Encoded:
    cut = np.asarray([entry.cut for entry in entries], bool)
    vectors = np.frombuffer(bytearray().join(entry.vector for entry in entries), "<f4").reshape(len(entries), -1)
    return Encoded(vectors.astype(np.float32, copy=False), cut)
