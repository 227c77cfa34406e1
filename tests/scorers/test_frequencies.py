"""Counting very many numbers, in memory and beyond."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from geneval_scorers.ngram import _frequencies
from geneval_scorers.ngram._frequencies import Frequencies


@pytest.mark.parametrize("held", [10, 300, 10**6])
@pytest.mark.parametrize("spread", [2**64 - 1, 2**58, 40])
def test_what_does_not_fit_is_counted_all_the_same(monkeypatch, held, spread):
    """Numbers all over the range, in its lowest buckets, and a few ones over and over."""
    monkeypatch.setattr(_frequencies, "_HELD", held)
    rng = np.random.default_rng(5)
    frequencies, judge = Frequencies(), Counter()
    pool = rng.integers(0, spread, 500, np.uint64, endpoint=True)
    for size in (0, 1, 400, 700, 3, 900):
        found = np.concatenate([rng.choice(pool, size), rng.integers(0, spread, size, np.uint64, endpoint=True)])
        frequencies.add(found, np.ones(len(found), np.int64))
        judge.update(found.tolist())
    hashes, counts = frequencies.repeated()
    expected = sorted((number, count) for number, count in judge.items() if count > 1)
    assert list(zip(hashes.tolist(), counts.tolist(), strict=True)) == expected
    assert (hashes.dtype, counts.dtype) == (np.uint64, np.int64)


def test_nothing_is_no_number():
    hashes, counts = Frequencies().repeated()
    assert len(hashes) == len(counts) == 0
