"""Where scored blocks wait: in memory, or in a folder, a file a block, from which an interrupted run goes on."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from geneval.answering import Part
from geneval.fitted import read_fitted, write_fitted
from geneval_references import GenevalError
from geneval_scorers import FitState

Array = npt.NDArray[Any]


DIGEST = "digest"
"""Name of what tells the content of a block."""


class Parts(Protocol):
    """Keeps what was found out about each block."""

    def has(self, number: int, digest: str) -> bool:
        """Whether a block of just this content is here."""

    def end(self, count: int) -> None:
        """Says that there are no more than so many blocks: others, of a file that was another one then, are dropped."""

    def put(self, number: int, part: Part) -> None:
        """Keeps a block."""

    def get(self, name: str) -> Iterator[Array]:
        """One array of every block, in order; none where no block has it."""


class InMemory:
    """Parts of small data."""

    def __init__(self) -> None:
        self._parts: dict[int, Part] = {}

    def has(self, number: int, digest: str) -> bool:
        """As `Parts` says."""
        return number in self._parts

    def end(self, count: int) -> None:
        """As `Parts` says."""

    def put(self, number: int, part: Part) -> None:
        """As `Parts` says."""
        self._parts[number] = part

    def get(self, name: str) -> Iterator[Array]:
        """As `Parts` says."""
        return (part[name] for _, part in sorted(self._parts.items()) if name in part)


class InFolder:
    """Parts in files, each whole or not there; and what scorers learned, beside them.

    Args:
        folder: is made where it is not there. Files in it that are not whole are taken away.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        for path in folder.rglob("*.tmp"):
            path.unlink()
        for path in self._files():
            if not _whole(path):
                path.unlink()
        self._done = {int(path.stem) for path in self._files()}

    @property
    def count(self) -> int:
        """How many blocks are here."""
        return len(self._done)

    def has(self, number: int, digest: str) -> bool:
        """As `Parts` says."""
        if number not in self._done:
            return False
        with np.load(self._place(number), allow_pickle=False) as part:
            return DIGEST in part and bool(part[DIGEST].tobytes().decode() == digest)

    def end(self, count: int) -> None:
        """As `Parts` says."""
        for number in [number for number in self._done if number >= count]:
            self._place(number).unlink()
            self._done.remove(number)

    def put(self, number: int, part: Part) -> None:
        """As `Parts` says.

        Raises:
            GenevalError: the disk is full, or the folder cannot be written to.
        """
        place = self._place(number)
        half = place.with_suffix(".tmp")
        try:
            with half.open("wb") as file:
                np.savez(file, **part)  # type: ignore[arg-type] # names of arrays, not options
                file.flush()
                os.fsync(file.fileno())
            half.rename(place)
        except OSError as error:
            raise GenevalError(f"writing {place} failed: {error}") from error
        self._done.add(number)

    def states(self) -> tuple[FitState, ...]:
        """What scorers learned before the run was interrupted."""
        return read_fitted(self._folder) if any(self._folder.glob("fitted/*.parquet")) else ()

    def keep_state(self, state: FitState) -> None:
        """Keeps what a scorer learned.

        Raises:
            GenevalError: the disk is full, or the folder cannot be written to.
        """
        try:
            write_fitted(state, self._folder / "fitted")
        except OSError as error:
            raise GenevalError(f"writing {self._folder / 'fitted'} failed: {error}") from error

    def get(self, name: str) -> Iterator[Array]:
        """As `Parts` says."""
        for path in self._files():
            with np.load(path, allow_pickle=False) as part:
                if name in part:
                    yield part[name]

    def _place(self, number: int) -> Path:
        return self._folder / f"{number:06}.npz"

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("*.npz"))


def _whole(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except (zipfile.BadZipFile, OSError):
        return False
