"""How often each of very many 64-bit numbers occurs, in bounded memory."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from typing import IO

import numpy as np
import numpy.typing as npt

from geneval_scorers._numbering import ascending
from geneval_scorers._ragged import Ints

Hashes = npt.NDArray[np.uint64]
_Run = tuple[Hashes, Ints]

_HELD = 2_000_000
"""How many distinct numbers are held before they go to a temporary file; as many are merged at a time."""

_BUCKETS = 256
"""Runs in the file can be read in so many parts, by the numbers' first byte."""


@dataclass
class Frequencies:
    """Adds up occurrences; what does not fit waits in a temporary file without a name."""

    _runs: list[_Run] = field(default_factory=list)
    _held: int = 0
    _file: IO[bytes] | None = None
    _places: list[tuple[int, Ints]] = field(default_factory=list)
    """Of every run in the file: where it begins, and where in it each bucket does."""

    def add(self, hashes: Hashes, counts: Ints) -> None:
        """Takes in numbers, in any order, and how often each occurs."""
        self._runs.append((hashes, counts))
        self._held += len(hashes)
        if self._held > _HELD:
            self._runs = [_merged(self._runs)]
            self._held = len(self._runs[0][0])
            # Runs that have much in common stay in memory.
            if self._held > _HELD // 2:
                self._put_aside()

    def repeated(self) -> _Run:
        """The numbers that occur more than once, ascending, and how often each does."""
        if self._file is None:
            return _repeated(_merged(self._runs))
        self._runs = [_merged(self._runs)]
        self._put_aside()
        sizes = np.sum([np.diff(bounds) for _, bounds in self._places], axis=0)
        parts = []
        for low, high in _parts(sizes):
            runs = [_read(self._file, start, bounds, low, high) for start, bounds in self._places]
            parts.append(_repeated(_merged(runs)))
        self._file.close()
        return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])

    def _put_aside(self) -> None:
        hashes, counts = self._runs[0]
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="geneval-")  # noqa: SIM115 - closed by `repeated`
        heads = np.arange(_BUCKETS, dtype=np.uint64) << np.uint64(56)
        bounds = np.append(np.searchsorted(hashes, heads), len(hashes)).astype(np.int64)
        start = self._file.seek(0, 2)
        self._places.append((start, bounds))
        self._file.write(hashes.data)
        self._file.write(counts.data)
        self._runs, self._held = [], 0


def _read(file: IO[bytes], start: int, bounds: Ints, low: int, high: int) -> _Run:
    """One run's numbers in the buckets from `low` up to `high`."""
    first, last, total = int(bounds[low]), int(bounds[high]), int(bounds[-1])
    file.seek(start + 8 * first)
    hashes = np.frombuffer(file.read(8 * (last - first)), np.uint64)
    file.seek(start + 8 * (total + first))
    return hashes, np.frombuffer(file.read(8 * (last - first)), np.int64)


def _merged(runs: list[_Run]) -> _Run:
    hashes = np.concatenate([np.zeros(0, np.uint64), *(run[0] for run in runs)])
    counts = np.concatenate([np.zeros(0, np.int64), *(run[1] for run in runs)])
    order = ascending(hashes)
    hashes, counts = hashes[order], counts[order]
    starts = np.flatnonzero(np.diff(hashes, prepend=~hashes[:1]))
    return hashes[starts], np.add.reduceat(counts, starts) if len(starts) else counts


def _repeated(run: _Run) -> _Run:
    kept = run[1] > 1
    return run[0][kept], run[1][kept]


def _parts(sizes: Ints) -> list[tuple[int, int]]:
    """Consecutive buckets that hold at most `_HELD` numbers together (one bucket at least)."""
    parts: list[tuple[int, int]] = []
    low = 0
    while low < len(sizes):
        fits = int(np.searchsorted(np.cumsum(sizes[low:]), _HELD, side="right"))
        high = low + max(fits, 1)
        parts.append((low, high))
        low = high
    return parts
