"""n-gram counts of many texts at once, and what candidates and references have in common.

Every n-gram becomes one whole number together with the text it stands in, so that counting is sorting, and looking
an n-gram of a candidate up in a reference is a search among sorted numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from geneval_scorers._ragged import Ints, Ragged
from geneval_scorers.ngram._tokens import Tokens

_BITS = 63


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """Distinct n-grams of one order in each of some texts ("slots").

    Attributes:
        keys: slot -> slot * bound + code of the n-gram, ascending. Equal codes are equal n-grams.
        counts: how often each of them occurs, aligned with `keys.values`.
        bound: larger than every code.
        spelled: the key of every n-gram as it stands in the texts, and where that is in the flat array of tokens.
        last: what was looked up last, for the next scorer that asks about the same pairs.
    """

    keys: Ragged
    counts: Ints
    bound: int
    spelled: tuple[Ints, Ints]
    last: dict[str, tuple[Ints, Ints, Ragged, Ints]] = field(default_factory=dict, repr=False)

    def somewhere(self) -> Ints:
        """For each distinct n-gram of each slot, a place in the flat array of tokens where it stands."""
        keys, where = self.spelled
        place = np.empty(len(self.counts), np.int64)
        place[np.searchsorted(self.keys.values, keys)] = where
        return place

    def totals(self) -> Ints:
        """How many n-grams each slot has, repeats included."""
        return _row_sums(self.counts, self.keys)

    def found(self, texts: Ints, references: Ints) -> tuple[Ragged, Ints]:
        """Looks every n-gram of `texts[i]` up in `references[i]`.

        Returns:
            pair -> places of the text's n-grams in `keys.values`; and aligned with these places, where the same
            n-gram of the reference stands in `keys.values`, -1 where it has none.
        """
        kept = self.last.get("found")
        if kept is not None and np.array_equal(kept[0], texts) and np.array_equal(kept[1], references):
            return kept[2], kept[3]
        mine = self.keys.positions(texts)
        keys = self.keys.values
        wanted = keys[mine.values] + np.repeat((references - texts) * self.bound, mine.lengths)
        place = np.searchsorted(keys, wanted)
        hit = place < len(keys)
        hit[hit] = keys[place[hit]] == wanted[hit]
        place[~hit] = -1
        self.last["found"] = (texts, references, mine, place)
        return mine, place

    def clipped(self, texts: Ints, references: Ints) -> tuple[Ragged, Ints]:
        """For every n-gram of `texts[i]`, min(its count, its count in `references[i]`); aligned as in `found`."""
        mine, place = self.found(texts, references)
        theirs = np.where(place >= 0, self.counts[place], 0) if len(self.counts) else place
        return mine, np.minimum(self.counts[mine.values], theirs)

    def overlap(self, texts: Ints, references: Ints) -> Ints:
        """How many n-grams each text shares with its reference, each counted as often as both have it."""
        mine, both = self.clipped(texts, references)
        return _row_sums(both, mine)


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """Some texts of a corpus, each once, with their n-grams counted.

    Attributes:
        rows: slot -> token numbers.
        orders: counts of n-grams of orders 1, 2, ...
    """

    rows: Ragged
    orders: list[Counts]


def count_texts(tokens: Tokens, texts: Ints, orders: int) -> tuple[Counted, Ints]:
    """Counts the n-grams of orders 1 to `orders` at least of the distinct ones among `texts`.

    What was counted last is kept with the tokens: several scorers ask about the same texts one after the other.

    Returns:
        The counts, and for each of `texts` its slot among them.
    """
    distinct, slot = np.unique(texts, return_inverse=True)
    kept = tokens.last.get("counted")
    if kept is None or len(kept[1].orders) < orders or not np.array_equal(kept[0], distinct):
        rows = tokens.ids.take(distinct)
        kept = (distinct, Counted(rows, count_ngrams(rows, tokens.bound, orders)))
        tokens.last["counted"] = kept
    return kept[1], slot.astype(np.int64)


def count_ngrams(tokens: Ragged, bound: int, orders: int) -> list[Counts]:
    """Counts n-grams of orders 1 to `orders` in each row of `tokens` (numbers below `bound`)."""
    bits = _BITS - len(tokens).bit_length()
    size = len(tokens.values)
    rows = tokens.rows
    left = tokens.offsets[1:][rows] - np.arange(size)
    codes = [(tokens.values, max(bound, 1))]
    out: list[Counts] = []
    for n in range(1, orders + 1):
        if n > 1:
            # An n-gram is two shorter ones that stand side by side.
            head, tail = n // 2, n - n // 2
            codes.append(_paired(codes[head - 1], codes[tail - 1], head, bits))
        code, top = codes[n - 1]
        whole = np.flatnonzero(left >= n)
        out.append(_counted(rows[whole], code[whole], whole, len(tokens), top))
    return out


def _paired(head: tuple[Ints, int], tail: tuple[Ints, int], shift: int, bits: int) -> tuple[Ints, int]:
    """One number for `head[i]` and `tail[i + shift]`, renumbered where it would not fit beside a slot's number."""
    if _too_wide(head, tail, bits):
        same = head is tail
        head = _renumbered(head[0])
        tail = head if same else _renumbered(tail[0])
    code = head[0] * tail[1]
    code[: max(len(code) - shift, 0)] += tail[0][shift:]
    return _renumbered(code) if _too_wide(head, tail, bits) else (code, head[1] * tail[1])


def _too_wide(head: tuple[Ints, int], tail: tuple[Ints, int], bits: int) -> bool:
    return head[1].bit_length() + tail[1].bit_length() > bits


def _renumbered(codes: Ints) -> tuple[Ints, int]:
    known, dense = np.unique(codes, return_inverse=True)
    return dense.astype(np.int64), max(len(known), 1)


def _counted(rows: Ints, codes: Ints, where: Ints, slots: int, bound: int) -> Counts:
    spelled = rows * bound + codes
    # Texts stand one after the other, so that a sort that makes use of order it finds has little left to do.
    ordered = np.sort(spelled, kind="stable")
    starts = np.flatnonzero(np.diff(ordered, prepend=-1))
    keys = ordered[starts]
    lengths = np.bincount(keys // bound, minlength=slots).astype(np.int64)
    return Counts(Ragged.from_lengths(lengths, keys), np.diff(starts, append=len(ordered)), bound, (spelled, where))


def _row_sums(values: Ints, rows: Ragged) -> Ints:
    ends = np.zeros(len(values) + 1, np.int64)
    np.cumsum(values, out=ends[1:])
    return ends[rows.offsets[1:]] - ends[rows.offsets[:-1]]
