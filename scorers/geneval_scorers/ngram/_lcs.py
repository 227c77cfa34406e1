"""Lengths of longest common subsequences, through rapidfuzz's bit-parallel search."""

from __future__ import annotations

import itertools

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import LCSseq

from geneval_scorers._corpus import Corpus
from geneval_scorers._ragged import Ints
from geneval_scorers.ngram._tokens import Tokens

_FIRST_SURROGATE, _SURROGATES = 0xD800, 0x800
_MOST = 0x110000 - _SURROGATES


def lcs_lengths(corpus: Corpus, tokens: Tokens, texts: Ints, references: Ints) -> Ints:
    """Length in tokens of the longest common subsequence of each `texts[i]` and `references[i]`."""
    words = corpus.derive(("tokens as characters", id(tokens)), lambda: _spelled(tokens))
    mine, theirs = texts.tolist(), references.tolist()
    lengths = process.cpdist(
        [words[i] for i in mine], [words[i] for i in theirs], scorer=LCSseq.similarity, dtype=np.int64
    )
    return np.asarray(lengths, np.int64)


def _spelled(tokens: Tokens) -> list[str] | list[list[int]]:
    """One character a token, where there are enough of them: rapidfuzz is fastest on strings."""
    ids, ends = tokens.ids.values, tokens.ids.offsets.tolist()
    if tokens.bound >= _MOST:
        return [ids[a:b].tolist() for a, b in itertools.pairwise(ends)]
    flat = np.where(ids < _FIRST_SURROGATE, ids, ids + _SURROGATES).astype("<u4").tobytes().decode("utf-32-le")
    return [flat[a:b] for a, b in itertools.pairwise(ends)]
