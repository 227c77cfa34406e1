"""Lengths of longest common subsequences, through rapidfuzz's bit-parallel search."""

from __future__ import annotations

import itertools

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import LCSseq

from geneval_scorers._ragged import Ints
from geneval_scorers.ngram._tokens import Tokens

_FIRST_SURROGATE, _SURROGATES = 0xD800, 0x800
_MOST = 0x110000 - _SURROGATES


def lcs_lengths(tokens: Tokens, texts: Ints, references: Ints) -> Ints:
    """Length in tokens of the longest common subsequence of each `texts[i]` and `references[i]`."""
    distinct, slot = np.unique(np.concatenate([texts, references]), return_inverse=True)
    rows = tokens.ids.take(distinct)
    known, numbers = np.unique(rows.values, return_inverse=True)
    if len(known) < _MOST:
        # One character a token: rapidfuzz is fastest on strings.
        points = np.where(numbers < _FIRST_SURROGATE, numbers, numbers + _SURROGATES).astype("<u4")
        flat = points.tobytes().decode("utf-32-le")
        words: list[str] | list[list[int]] = [flat[a:b] for a, b in _spans(rows.offsets)]
    else:
        words = [rows.values[a:b].tolist() for a, b in _spans(rows.offsets)]
    mine, theirs = slot[: len(texts)].tolist(), slot[len(texts) :].tolist()
    lengths = process.cpdist(
        [words[i] for i in mine], [words[i] for i in theirs], scorer=LCSseq.similarity, dtype=np.int64
    )
    return np.asarray(lengths, np.int64)


def _spans(offsets: Ints) -> list[tuple[int, int]]:
    ends = offsets.tolist()
    return list(itertools.pairwise(ends))
