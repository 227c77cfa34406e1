"""All n-grams of a corpus, numbered: in how many documents they are, and how often a text repeats one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geneval_scorers._corpus import Corpus
from geneval_scorers._ragged import Ints, Ragged
from geneval_scorers._numbering import firsts, numbered
from geneval_scorers.ngram._shared import Index
from geneval_scorers.ngram._tokens import Tokens, tokens

Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """The n-grams of one order.

    Attributes:
        valid: places in `Tokens.ids.values` where an n-gram begins, ascending.
        owner: the text of each of them.
        codes: for every place in `Tokens.ids.values` the number of the n-gram that begins there (0 where none does).
        hashes: for every n-gram 64 bits, the same in every corpus.
        repeated: of n-grams that a text has several times: one place for each such text, and how often.
    """

    valid: Ints
    owner: Ints
    codes: npt.NDArray[np.int32]
    hashes: Hashes
    repeated: tuple[Ints, Ints]


@dataclass(frozen=True, slots=True, eq=False)
class Ngrams:
    """The n-grams of every text of a corpus, orders 1 and up."""

    tokens: Tokens
    orders: list[Order]

    def in_documents(self, documents: Ragged) -> tuple[Hashes, Ints]:
        """Hashes of the n-grams of these documents (rows of texts), and in how many of them each is."""
        where = self.tokens.ids.positions(documents.values)
        owner = np.repeat(documents.rows, where.lengths)
        token = self.tokens.ids.values[where.values]
        left = np.repeat(where.offsets[1:], where.lengths) - np.arange(len(token))
        repeats = _repeats(owner, token, left, self.tokens.bound, len(self.orders))
        hashes, counts = [], []
        for n, (order, (place, count)) in enumerate(zip(self.orders, repeats, strict=True), 1):
            code = order.codes[where.values]
            every = np.bincount(code[left >= n], minlength=len(order.hashes))
            np.subtract.at(every, code[place], count - 1)
            there = np.flatnonzero(every)
            hashes.append(order.hashes[there])
            counts.append(every[there])
        return np.concatenate(hashes), np.concatenate(counts)


def known_ngrams(corpus: Corpus, tokenizer: str, orders: int) -> Ngrams:
    """The corpus's n-grams of orders 1 to `orders`; made once."""
    words = tokens(corpus, tokenizer)
    return corpus.derive(("ngrams", tokenizer, orders), lambda: Ngrams(words, list(_orders(words, orders))))


def _orders(words: Tokens, orders: int) -> Iterator[Order]:
    ids = words.ids
    owner = ids.rows
    left = ids.offsets[1:][owner] - np.arange(len(ids.values))
    stamps = _token_hashes(words)
    codes, count = ids.values.astype(np.int32), words.bound
    for n, repeated in enumerate(_repeats(owner, ids.values, left, words.bound, orders), 1):
        valid = np.flatnonzero(left >= n)
        if n > 1:
            key = codes[valid] * np.int64(words.bound) + ids.values[valid + (n - 1)]
            codes = np.zeros(len(ids.values), np.int32)
            codes[valid], count = numbered(key, count * words.bound)
        place = np.empty(count, np.int64)
        place[codes[valid]] = valid
        yield Order(valid, owner[valid], codes, _ngram_hashes(stamps, ids.values, place, n), repeated)


def _repeats(owner: Ints, token: Ints, left: Ints, bound: int, orders: int) -> Iterator[tuple[Ints, Ints]]:
    """For each order the n-grams that one owner has several times: a place of each, and how often."""
    place = np.arange(len(token))
    key = owner * bound + token
    for n in range(1, orders + 1):
        number, many = numbered(key)
        counts = np.bincount(number, minlength=many)
        first = firsts(number, many)
        several = first[counts[number[first]] > 1]
        yield place[several], counts[number[several]]
        # A longer n-gram can be there twice only if both shorter ones in it are.
        again = np.flatnonzero(counts[number] > 1)
        place, number = place[again], number[again]
        both = np.flatnonzero((place[1:] == place[:-1] + 1) & (left[place[:-1]] > n))
        key = number[both] * np.int64(bound) + token[place[both] + n]
        place = place[both]


def _token_hashes(words: Tokens) -> Hashes:
    """64 bits of BLAKE2b of every token."""
    marks = b"".join(hashlib.blake2b(token.encode(), digest_size=8).digest() for token in words.vocabulary)
    return np.frombuffer(marks, "<u8").astype(np.uint64)


def _ngram_hashes(stamps: Hashes, token: Index, place: Ints, n: int) -> Hashes:
    """64 bits for the n-gram at each place, the same in every corpus (splitmix64 over the tokens' hashes).

    Ten million distinct n-grams make two of them share a number with probability 3e-6.
    """
    mark = np.full(len(place), n, np.uint64)
    for i in range(n):
        mark = mark * np.uint64(0x9E3779B97F4A7C15) + stamps[token[place + i]]
        mark = (mark ^ (mark >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mark = (mark ^ (mark >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mark ^= mark >> np.uint64(31)
    return mark
