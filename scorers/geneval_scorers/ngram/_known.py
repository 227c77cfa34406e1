"""All n-grams of a corpus, numbered: in how many documents they are, and how often a text repeats one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geneval_scorers._corpus import Corpus
from geneval_scorers._numbering import numbered, places_of
from geneval_scorers._ragged import Index, Ints, Ragged
from geneval_scorers.ngram._tokens import Tokens, tokens

Hashes = npt.NDArray[np.uint64]
Repeated = tuple[Index, Index, Ints]
"""n-grams that one owner has several times: the owner, a place, and how often."""


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """The n-grams of one order.

    Attributes:
        valid: places in `Tokens.ids.values` where an n-gram begins, ascending.
        owner: the text of each of them.
        codes: for every place in `Tokens.ids.values` the number of the n-gram that begins there (0 where none does).
        hashes: for every n-gram 64 bits, the same in every corpus.
        repeated: of n-grams that a text has several times: the text, a place, and how often.
    """

    valid: Ints
    owner: Index
    codes: npt.NDArray[np.int32]
    hashes: Hashes
    repeated: Repeated


@dataclass(frozen=True, slots=True, eq=False)
class Ngrams:
    """The n-grams of every text of a corpus, orders 1 and up."""

    tokens: Tokens
    orders: list[Order]

    def in_documents(self, documents: Ragged) -> tuple[Hashes, Ints]:
        """Hashes of the n-grams of these documents (rows of texts), and in how many of them each is."""
        where = self.tokens.ids.positions(documents.values)
        owner = np.repeat(documents.rows.astype(np.int32), where.lengths)
        token, left = self.tokens.ids.values[where.values], left_in_row(where)
        repeated = repeats(owner, token, left, self.tokens.bound, len(self.orders))
        hashes, counts = [], []
        for n, (order, (_, place, count)) in enumerate(zip(self.orders, repeated, strict=True), 1):
            code = order.codes[where.values]
            every = np.bincount(code[left >= n], minlength=len(order.hashes))
            every -= np.bincount(code[place], weights=count - 1, minlength=len(every)).astype(np.int64)
            there = np.flatnonzero(every)
            hashes.append(order.hashes[there])
            counts.append(every[there])
        return np.concatenate(hashes), np.concatenate(counts)


def known_ngrams(corpus: Corpus, tokenizer: str, orders: int) -> Ngrams:
    """The corpus's n-grams of orders 1 to `orders`; made once."""
    words = tokens(corpus, tokenizer)
    return corpus.derive(("ngrams", tokenizer, orders), lambda: Ngrams(words, list(_orders(words, orders))))


def _orders(words: Tokens, orders: int) -> Iterator[Order]:
    token, ids = words.ids.values.astype(np.int32), words.ids
    owner = np.repeat(np.arange(len(ids), dtype=np.int32), ids.lengths)
    left = left_in_row(ids)
    stamps = token_hashes(words)
    codes, count = token, words.bound
    for n, repeated in enumerate(repeats(owner, token, left, words.bound, orders), 1):
        valid = np.flatnonzero(left >= n)
        if n > 1:
            key = codes[valid] * np.int64(words.bound) + token[valid + (n - 1)]
            codes = np.zeros(len(token), np.int32)
            codes[valid], count = numbered(key, count * words.bound)
        place = valid[places_of(codes[valid], count)]
        yield Order(valid, owner[valid], codes, ngram_hashes(stamps, token, place, n), repeated)


def left_in_row(rows: Ragged) -> Index:
    """How many values of its row stand from each value on."""
    ends = np.repeat(rows.offsets[1:].astype(np.int32), rows.lengths)
    return np.asarray(ends - np.arange(len(rows.values), dtype=np.int32), np.int32)


def repeats(owner: Index, token: Index, left: Index, bound: int, orders: int) -> Iterator[Repeated]:
    """For each order the n-grams that one owner has several times."""
    place = np.arange(len(token), dtype=np.int32)
    key = owner * np.int64(bound) + token
    for n in range(1, orders + 1):
        number, many = numbered(key)
        counts = np.bincount(number, minlength=many)
        # A longer n-gram can be there twice only if both shorter ones in it are.
        again = np.flatnonzero(counts[number] > 1)
        place, number = place[again], number[again]
        some = np.full(many, -1, np.int32)
        some[number] = place
        some, counts = some[some >= 0], counts[some >= 0]
        yield owner[some], some, counts
        both = np.flatnonzero((place[1:] == place[:-1] + 1) & (left[place[:-1]] > n))
        key = number[both] * np.int64(bound) + token[place[both] + n]
        place = place[both]


def token_hashes(words: Tokens) -> Hashes:
    """64 bits of BLAKE2b of every token."""
    marks = b"".join(hashlib.blake2b(token, digest_size=8).digest() for token in words.spell())
    return np.frombuffer(marks, "<u8").astype(np.uint64)


def ngram_hashes(stamps: Hashes, token: Index, place: Index, n: int) -> Hashes:
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
