"""A word n-gram model with Witten-Bell smoothing, interpolated (Witten and Bell 1991; Chen and Goodman 1998, 2.6).

p(w | h) = (c(h w) + T(h) p(w | h')) / (c(h) + T(h)), where c(h) counts what follows the history h, T(h) how many
different things do, and h' is h without its oldest token. Below the single words, everything that was seen and one
unknown word are equally likely. The end of a text is a token that is predicted; before its first token stand as many
marks of a beginning as histories are long. It has no parameter to be estimated, so that it works on few texts, and the
model without one of its texts is exactly that of the other texts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geneval_scorers._corpus import Corpus
from geneval_scorers._queries import Queries
from geneval_scorers._ragged import Floats, Ints, Ragged, group_sum
from geneval_scorers._scorer import FitState
from geneval_scorers.ngram._known import ngram_hashes, token_hashes
from geneval_scorers.ngram._tokens import Tokens, tokens
from geneval_scorers.traits._left_out import left_out
from geneval_scorers.traits._tables import (
    TEXTS,
    Counting,
    Hashes,
    Table,
    first_of_each,
    joint,
    original_places,
    tables_of,
    text_marks,
    totals,
)

EVENTS = "events"
"""Table: how often each token came after each history."""
HISTORIES = "histories"
"""Table: how often anything came after a history, and how many different tokens did."""

_START, _END = (
    np.frombuffer(hashlib.blake2b(b"", digest_size=8, person=name).digest(), "<u8").astype(np.uint64)
    for name in (b"start", b"end")
)


@dataclass(frozen=True, slots=True, eq=False)
class Predicted:
    """What is predicted in every text: its tokens, and its end.

    Attributes:
        rows: text -> places.
        events: for histories of 0, 1, ... tokens, history and token at each place.
        histories: the histories alone.
    """

    rows: Ragged
    events: Sequence[Hashes]
    histories: Sequence[Hashes]


def predicted(corpus: Corpus, tokenizer: str, order: int) -> Predicted:
    """What is predicted in every text of a corpus; made once."""
    return corpus.derive(("predicted", tokenizer, order), lambda: _read(tokens(corpus, tokenizer), order))


def _read(words: Tokens, order: int) -> Predicted:
    rows = Ragged.from_lengths(
        words.ids.lengths + order, np.zeros(len(words.ids.values) + order * len(words.ids), np.int64)
    )
    inside = np.arange(len(rows.values)) - rows.offsets[:-1][rows.rows]
    stamps = np.concatenate([token_hashes(words), _START, _END])
    token = np.full(len(inside), words.bound, np.int64)
    token[rows.offsets[1:] - 1] = words.bound + 1
    place = np.flatnonzero(inside >= order - 1)
    token[place[token[place] == words.bound]] = words.ids.values
    events = [ngram_hashes(stamps, token, place - n, n + 1) for n in range(order)]
    histories = [ngram_hashes(stamps, token, place - n, n) for n in range(order)]
    return Predicted(Ragged.from_lengths(words.ids.lengths + 1, place), events, histories)


class Counts:
    """Learns a model, a corpus at a time."""

    def __init__(self, tokenizer: str, order: int) -> None:
        self._tokenizer, self._order = tokenizer, order
        self._events, self._texts = Counting(), Counting()

    def add(self, corpus: Corpus) -> None:
        """Learns from the original references of more items."""
        places = original_places(corpus)
        found = predicted(corpus, self._tokenizer, self._order)
        where = found.rows.positions(corpus.references.values[places]).values
        for events, histories in zip(found.events, found.histories, strict=True):
            self._events.add(events[where], np.ones(len(where), np.int64), companion=histories[where])
        self._texts.add(text_marks(corpus, places), np.ones(len(places), np.int64))

    def tables(self) -> dict[str, Table]:
        """What was learned."""
        keys, count, none, history = self._events.summed()
        histories = Counting()
        histories.add(history, count, np.ones(len(keys), np.int64))
        return {
            EVENTS: Table(keys, count, none),
            HISTORIES: Table(*histories.summed()[:3]),
            TEXTS: Table(*self._texts.summed()[:3]),
        }


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """What a model knows about some places, for histories of 0, 1, ... tokens."""

    events: list[Ints]
    after: list[Ints]
    types: list[Ints]

    def at(self, places: Ints) -> _Seen:
        return _Seen(*([column[places] for column in columns] for columns in (self.events, self.after, self.types)))

    def probabilities(self) -> Floats:
        """Of the token at each place; NaN where nothing was ever seen."""
        p = np.where(self.after[0] > 0, 1.0 / (self.types[0] + 1), np.nan)
        for count, after, types in zip(self.events, self.after, self.types, strict=True):
            with np.errstate(invalid="ignore"):
                p = np.where(after > 0, (count + types * p) / (after + types), p)
        return p


def log_probabilities(
    corpus: Corpus, queries: Queries, candidates: Ints, state: FitState, tokenizer: str
) -> tuple[Floats, Ints]:
    """The sum of the natural logarithms of the probabilities of each candidate's tokens, and how many these are.

    The end of the text is one of them. NaN where there is no other text to go by.
    """
    tables, order = tables_of(state), int(state.facts["order"])
    found = predicted(corpus, tokenizer, order)
    seen = corpus.derive(("seen", tokenizer, state), lambda: _look_up(tables, found))
    where = found.rows.positions(candidates)
    now = seen.at(where.values)
    gone = left_out(corpus, queries, tables[TEXTS])
    if len(gone):
        _leave_out(now, where, found, gone)
    return group_sum(np.log(now.probabilities()), where), where.lengths


def _look_up(tables: dict[str, Table], found: Predicted) -> _Seen:
    after = [tables[HISTORIES].of(histories) for histories in found.histories]
    events = [tables[EVENTS].of(keys)[0] for keys in found.events]
    return _Seen(events, [each[0] for each in after], [each[1] for each in after])


def _leave_out(now: _Seen, where: Ragged, found: Predicted, gone: Ints) -> None:
    """Takes from what is known of the places of these questions what their candidates brought themselves."""
    mine = where.positions(gone).values
    place, owner = where.values[mine], where.rows[mine]
    for n, (events, histories) in enumerate(zip(found.events, found.histories, strict=True)):
        event, history = joint(owner, events[place]), joint(owner, histories[place])
        own = totals(event)
        # A token is gone from a history where all that was counted of it is the text's own.
        gone_for_good = first_of_each(event) & (own == now.events[n][mine])
        now.events[n][mine] -= own
        now.after[n][mine] -= totals(history)
        now.types[n][mine] -= totals(history, gone_for_good)
