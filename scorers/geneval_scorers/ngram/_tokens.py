"""Texts as arrays of token numbers."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from geneval_scorers._corpus import Corpus
from geneval_scorers._ragged import Ints, Ragged
from geneval_scorers._numbering import firsts, numbered
from geneval_scorers.tokenizers import get_tokenizer

_SPACE = re.compile(r"(?!\n)\s")
_NEWLINE = ord("\n")
_NO_SPACE = np.asarray([point > 127 or not chr(point).isspace() for point in range(256)], np.int8)
_WORD = 8
_MASKS = np.asarray([(1 << (8 * n)) - 1 for n in range(_WORD + 1)], np.uint64)


@dataclass(frozen=True, slots=True, eq=False)
class Tokens:
    """Tokens of every text of a corpus, as numbers into a vocabulary.

    Attributes:
        ids: text -> token numbers.
        vocabulary: the distinct tokens.
    """

    ids: Ragged
    vocabulary: Sequence[str]

    @property
    def bound(self) -> int:
        """One more than the largest token number."""
        return len(self.vocabulary)


class Tokenizing:
    """A scorer with an option `tokenizer`: it is found before any work, and its version is in the signature."""

    tokenizer: str

    def prepare(self) -> None:
        """Finds the tokeniser.

        Raises:
            UsageError: there is none of that name.
            MissingDependencyError: what it needs is not installed.
        """
        get_tokenizer(self.tokenizer)

    def recipe(self) -> dict[str, str]:
        """The tokeniser's version."""
        return {"tok": get_tokenizer(self.tokenizer).signature}


def intern(texts: Iterable[Sequence[str]]) -> Tokens:
    """Numbers the tokens of every text."""
    numbers: dict[str, int] = {}
    flat: list[int] = []
    lengths: list[int] = []
    for tokens in texts:
        lengths.append(len(tokens))
        flat += [numbers.setdefault(token, len(numbers)) for token in tokens]
    return Tokens(Ragged.from_lengths(np.asarray(lengths, np.int64), np.asarray(flat, np.int64)), tuple(numbers))


def intern_words(texts: Sequence[str]) -> Tokens:
    """Numbers the words of every text, `str.split` its judge: all texts at once, as bytes."""
    whole = "\n".join(texts)
    if whole.count("\n") != len(texts) - 1:
        return intern(map(str.split, texts))
    # Beyond ASCII there are spaces of several bytes.
    whole = whole if whole.isascii() else _SPACE.sub(" ", whole)
    data = whole.encode("utf-8", "surrogatepass")
    points = np.frombuffer(data, np.uint8)
    inside = np.zeros(len(points) + 2, np.int8)
    inside[1:-1] = _NO_SPACE[points]
    edges = np.diff(inside)
    starts, stops = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    ends = np.append(np.flatnonzero(points == _NEWLINE), len(points))
    offsets = np.concatenate([[0], np.searchsorted(starts, ends)]) if texts else np.zeros(1, np.int64)
    ids, vocabulary = _number_words(data, starts, stops - starts)
    return Tokens(Ragged(offsets, ids), vocabulary)


def _number_words(data: bytes, starts: Ints, lengths: Ints) -> tuple[Ints, tuple[str, ...]]:
    """A word of up to eight bytes is one whole number; longer ones, which are few, go into a dictionary."""
    padded = np.frombuffer(data + bytes(_WORD), np.uint8)
    windows = np.lib.stride_tricks.as_strided(padded[:_WORD].view("<u8"), (len(data) + 1,), (1,))
    short = lengths <= _WORD
    keys = windows[starts] & _MASKS[np.minimum(lengths, _WORD)]
    longer: dict[bytes, int] = {}
    at = np.flatnonzero(~short)
    spans = zip(starts[at].tolist(), (starts[at] + lengths[at]).tolist(), strict=True)
    numbers = [longer.setdefault(data[a:b], len(longer)) for a, b in spans]
    ids = np.empty(len(starts), np.int64)
    small = np.flatnonzero(short)
    found, count = numbered(keys[small].view(np.int64))
    ids[small] = found
    ids[at] = np.asarray(numbers, np.int64) + count
    first = small[firsts(found, count)]
    words = [""] * count
    for i, a, n in zip(ids[first].tolist(), starts[first].tolist(), lengths[first].tolist(), strict=True):
        words[i] = data[a : a + n].decode("utf-8", "surrogatepass")
    return ids, (*words, *(word.decode("utf-8", "surrogatepass") for word in longer))


def intern_characters(texts: Sequence[str], *, whitespace: bool) -> Tokens:
    """Numbers the code points of every text, those of white space left out where it does not count."""
    points = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32)
    seen = np.zeros(sys.maxunicode + 1, bool)
    seen[points] = True
    known = np.flatnonzero(seen)
    if not whitespace:
        seen[known[[chr(point).isspace() for point in known.tolist()]]] = False
        known = np.flatnonzero(seen)
    number = np.cumsum(seen, dtype=np.int32) - np.int32(1)
    ends = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)))
    kept = seen[points]
    if not whitespace:
        ends = np.concatenate([[0], np.cumsum(kept)])[ends]
        points = points[kept]
    return Tokens(Ragged(np.concatenate([[0], ends]), number[points]), tuple(map(chr, known.tolist())))


def strings(corpus: Corpus, tokenizer: str, *, lowercase: bool = False) -> list[str]:
    """Every text of the corpus as its tokens joined by spaces; made once."""

    def make() -> list[str]:
        texts = [text.lower() for text in corpus.texts] if lowercase else list(corpus.texts)
        corpus.watch(f"tokenizing ({tokenizer})", 0, len(texts))
        done = get_tokenizer(tokenizer)(texts)
        corpus.watch(f"tokenizing ({tokenizer})", len(texts), len(texts))
        return done

    return corpus.derive(("strings", tokenizer, lowercase), make)


def tokens(corpus: Corpus, tokenizer: str, *, lowercase: bool = False, single_spaces: bool = False) -> Tokens:
    """Every text of the corpus as token numbers; made once.

    Args:
        corpus: the texts.
        tokenizer: its name.
        lowercase: lower-case before tokenising.
        single_spaces: cut at every single space, so that a double space makes an empty token, as pycocoevalcap's
            ROUGE-L does; all other judges split at white space.
    """

    def make() -> Tokens:
        found = strings(corpus, tokenizer, lowercase=lowercase)
        return intern(text.split(" ") for text in found) if single_spaces else intern_words(found)

    if single_spaces:
        even = ("evenly spaced", tokenizer, lowercase)
        texts = strings(corpus, tokenizer, lowercase=lowercase)
        single_spaces = not corpus.derive(even, lambda: _evenly_spaced(texts))
    return corpus.derive(("tokens", tokenizer, lowercase, single_spaces), make)


def _evenly_spaced(texts: Sequence[str]) -> bool:
    """Whether cutting at white space and at every space gives the same."""
    return all(text != "" and " ".join(text.split()) == text for text in texts)
