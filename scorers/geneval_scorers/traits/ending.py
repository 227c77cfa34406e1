"""Ending: whether a text may end with its last word, learned from how references end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Generic, Self, TypeVar

import numpy as np

from geneval_references import UsageError
from geneval_scorers._corpus import Corpus
from geneval_scorers._queries import Queries
from geneval_scorers._ragged import Floats, Ints, Ragged
from geneval_scorers._registry import scorer
from geneval_scorers._scorer import Info, Rows
from geneval_scorers.ngram._known import token_hashes
from geneval_scorers.ngram._tokens import Tokens, tokens
from geneval_scorers.tokenizers import get_tokenizer
from geneval_scorers.traits._left_out import left_out
from geneval_scorers.traits._tables import (
    TEXTS,
    Counting,
    Hashes,
    Table,
    original_places,
    tables_of,
    text_marks,
)
from geneval_scorers.traits._trait import Learned, column, learned_state

_Fitted = TypeVar("_Fitted", bound="Ending")

_WORDS = "words"
_BEGINNING = np.uint64(0)
"""The key of the beginning of a text, which is where a text without words ends."""


@scorer("ending")
@dataclass(frozen=True, repr=False)
class Ending(Learned):
    """How much more often references end with the output's last word than they end after any word, in log-odds.

    Above 0: they end with it more often than with others; 0: it is not known; far below 0: it dangles (`a`, `of`,
    `with`). The corpus score is the mean. What follows the last token with a letter or digit does not count.

    Attributes:
        smoothing: so many imagined occurrences of every word, which end a text as often as the average word.
        tokenizer: `unicode` lower-cases, splits scripts without spaces into characters and keeps punctuation.
    """

    info: ClassVar[Info] = Info(
        summary="log-odds that a text of the references' kind ends with the output's last word",
        scale=(None, None),
        direction="higher",
        kind="pool",
        monotone=True,
        identical="what its last word gets",
        source="geneval (smoothed log-odds)",
        role="trait",
    )

    smoothing: float = 1.0
    tokenizer: str = "unicode"

    def __post_init__(self) -> None:
        """Checks the options."""
        if not 0 < self.smoothing < np.inf:
            raise UsageError(f"{self!r} does not fit; smoothing is above 0")

    def about(self) -> dict[str, int | str]:
        """The tokeniser."""
        return {"tokenizer": get_tokenizer(self.tokenizer).signature}

    def learner(self) -> _Endings[Self]:
        """Counts words, and how often each ends a reference."""
        return _Endings(self)

    def measure(self, corpus: Corpus, queries: Queries) -> Rows:
        """[log-odds]."""
        tables = tables_of(self.learned)
        candidates = queries.single_candidates(self.name)
        words, known = _words(corpus, self.tokenizer), tables[_WORDS]
        seen, ends = corpus.derive(("ending", self.tokenizer, self.learned), lambda: known.of(words.last))
        everything = [np.full(len(queries), int(each.sum())) for each in (known.first, known.second)]
        counts = np.stack([seen[candidates], ends[candidates], *everything])
        gone = left_out(corpus, queries, tables[TEXTS])
        counts[:, gone] -= _taken(words, candidates[gone])
        return column(_log_odds(counts, self.smoothing))


@dataclass(frozen=True, slots=True, eq=False)
class _Words:
    """The words of every text: its tokens with a letter or digit, after a mark for its beginning.

    Attributes:
        rows: text -> places.
        hashes: what stands at each place.
        last: what stands last in each text.
    """

    rows: Ragged
    hashes: Hashes
    last: Hashes


def _words(corpus: Corpus, tokenizer: str) -> _Words:
    return corpus.derive(("words", tokenizer), lambda: _read(tokens(corpus, tokenizer)))


def _read(found: Tokens) -> _Words:
    spelled = [token.decode("utf-8", "surrogatepass") for token in found.spell()]
    is_word = np.asarray([any(map(str.isalnum, token)) for token in spelled], bool)
    kept = found.ids.keep(is_word[found.ids.values])
    rows = Ragged.from_lengths(kept.lengths + 1, np.zeros(len(kept.values) + len(kept), np.int64))
    hashes = np.full(len(rows.values), _BEGINNING, np.uint64)
    inner = np.ones(len(hashes), bool)
    inner[rows.offsets[:-1]] = False
    hashes[inner] = token_hashes(found)[kept.values]
    return _Words(rows, hashes, hashes[rows.offsets[1:] - 1])


def _taken(words: _Words, texts: Ints) -> Ints:
    """What each text had counted when it was learned from: its last word, one ending in it, all words, one ending."""
    where = words.rows.positions(texts)
    same = words.hashes[where.values] == words.last[texts][where.rows]
    one = np.ones(len(texts), np.int64)
    return np.stack([np.bincount(where.rows[same], minlength=len(texts)), one, where.lengths, one])


def _log_odds(counts: Ints, smoothing: float) -> Floats:
    """Log-odds of an ending after the word, less those after any word; NaN where no text is left to go by."""
    seen, ends, all_seen, all_ends = counts.astype(np.float64)
    # Two words more, one of them an ending: where every word ends a text, the odds are finite.
    base = (all_ends + 1) / (all_seen + 2)
    share = (ends + smoothing * base) / (seen + smoothing)
    return np.where(all_ends > 0, np.log(share / (1 - share)) - np.log(base / (1 - base)), np.nan)


class _Endings(Generic[_Fitted]):
    """Counts a corpus at a time."""

    def __init__(self, scorer: _Fitted) -> None:
        self._scorer = scorer
        self._words, self._texts = Counting(), Counting()

    def add(self, corpus: Corpus) -> None:
        places = original_places(corpus)
        words = _words(corpus, self._scorer.tokenizer)
        texts = corpus.references.values[places]
        where = words.rows.positions(texts)
        ends = np.zeros(len(where.values), np.int64)
        ends[where.offsets[1:] - 1] = 1
        self._words.add(words.hashes[where.values], np.ones(len(ends), np.int64), ends)
        self._texts.add(text_marks(corpus, places), np.ones(len(places), np.int64))

    def done(self) -> _Fitted:
        """The scorer with what it learned.

        Raises:
            InputError: there was no original reference.
        """
        tables = {_WORDS: Table(*self._words.summed()[:3]), TEXTS: Table(*self._texts.summed()[:3])}
        return self._scorer.with_state(learned_state(self._scorer, tables))
