"""Texts as arrays of token numbers."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geneval_scorers._corpus import Corpus
from geneval_scorers._numbering import numbered, places_of
from geneval_scorers._ragged import Index, Ints, Ragged
from geneval_scorers.tokenizers import get_tokenizer

_SPACE = re.compile(r"(?!\n)\s")
_NO_SPACE = bytes(byte > 127 or not chr(byte).isspace() for byte in range(256))
_LONGEST = 8
_MASKS = np.asarray([(1 << (8 * n)) - 1 for n in range(_LONGEST + 1)], np.uint64)


@dataclass(frozen=True, slots=True, eq=False)
class Tokens:
    """Tokens of every text of a corpus, as numbers.

    Attributes:
        ids: text -> token numbers.
        bound: one more than the largest number.
        spell: gives the token of every number, in UTF-8.
    """

    ids: Ragged
    bound: int
    spell: Callable[[], Sequence[bytes]]


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
    """Numbers the tokens of every text, in alphabetical order.

    Sums over n-grams go by these numbers: their order, and so the last bit, must not depend on the other texts.
    """
    numbers: dict[str, int] = {}
    flat: list[int] = []
    lengths: list[int] = []
    for tokens in texts:
        lengths.append(len(tokens))
        flat += [numbers.setdefault(token, len(numbers)) for token in tokens]
    ids = Ragged.from_lengths(np.asarray(lengths, np.int64), np.asarray(flat, np.int64))
    return Tokens(ids, len(numbers), lambda: [_utf8(token) for token in numbers])


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def intern_words(texts: Sequence[str]) -> Tokens:
    """Numbers the words of every text, `str.split` its judge: all texts at once, as bytes."""
    whole = "\n".join(texts)
    # A line feed within a text would part it, and a word that ends with NUL looks like the word without.
    if whole.count("\n") != len(texts) - 1 or "\0" in whole:
        return intern(map(str.split, texts))
    # Beyond ASCII there are spaces of several bytes.
    data = b"\n%b\n" % _utf8(whole if whole.isascii() else _SPACE.sub(" ", whole))
    word = np.frombuffer(data.translate(_NO_SPACE), bool)
    starts, stops = np.flatnonzero(word[1:] & ~word[:-1]) + 1, np.flatnonzero(word[:-1] & ~word[1:]) + 1
    lines = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n"))
    ids, firsts = _number_words(data, starts, stops - starts)
    offsets = np.searchsorted(starts, lines)
    return Tokens(Ragged(offsets, ids), len(firsts), lambda: [data[starts[i] : stops[i]] for i in firsts.tolist()])


def _number_words(data: bytes, starts: Ints, lengths: Ints) -> tuple[Ints, Index]:
    """Numbers words, and tells where each number stands first.

    A word of up to eight bytes is one whole number; longer ones, which are few, go into a dictionary.
    """
    ids = np.empty(len(starts), np.int64)
    small, large = np.flatnonzero(lengths <= _LONGEST), np.flatnonzero(lengths > _LONGEST)
    ids[small], count = numbered(_eight_bytes(data, starts[small], lengths[small]).view(np.int64), few=True)
    longer: dict[bytes, int] = {}
    spans = zip(starts[large].tolist(), (starts[large] + lengths[large]).tolist(), strict=True)
    numbers = [longer.setdefault(data[a:b], len(longer)) for a, b in spans]
    ids[large] = np.asarray(numbers, np.int64) + count
    return ids, places_of(ids, count + len(longer))


def _eight_bytes(data: bytes, starts: Ints, lengths: Ints) -> npt.NDArray[np.uint64]:
    """Words as whole numbers, the first byte lowest."""
    one = np.frombuffer(data + bytes(_LONGEST), np.uint8)
    two = one[:-1] | one[1:].astype(np.uint16) << np.uint16(8)
    four = two[:-2] | two[2:].astype(np.uint32) << np.uint32(16)
    eight = four[starts] | four[starts + 4].astype(np.uint64) << np.uint64(32)
    return np.asarray(eight & _MASKS[lengths], np.uint64)


def intern_characters(texts: Sequence[str], *, whitespace: bool) -> Tokens:
    """Numbers the code points of every text, those of white space left out where it does not count."""
    points = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32)
    seen = np.zeros(sys.maxunicode + 1, bool)
    seen[points] = True
    known = np.flatnonzero(seen)
    if not whitespace:
        seen[known[[chr(point).isspace() for point in known.tolist()]]] = False
        known = np.flatnonzero(seen)
    number = np.cumsum(seen[: int(known.max(initial=0)) + 1], dtype=np.int32) - np.int32(1)
    ends = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)))
    if not whitespace:
        kept = seen[points]
        ends = np.concatenate([[0], np.cumsum(kept)])[ends]
        points = points[np.flatnonzero(kept)]
    ids = Ragged(np.concatenate([[0], ends]), number[points])
    return Tokens(ids, len(known), lambda: [_utf8(chr(point)) for point in known.tolist()])


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
