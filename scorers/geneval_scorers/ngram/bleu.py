"""BLEU as sacrebleu defines it (Papineni et al. 2002; Post 2018, "A Call for Clarity in Reporting BLEU Scores")."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from geneval_references import UsageError
from geneval_scorers._corpus import Corpus
from geneval_scorers._queries import Queries
from geneval_scorers._ragged import Floats
from geneval_scorers._registry import scorer
from geneval_scorers._scorer import Info, Rows, Scorer, Statistics
from geneval_scorers._subsets import Subsets
from geneval_scorers.ngram._clipping import Matches
from geneval_scorers.ngram._tokens import Tokenizing, tokens

_SMOOTH_DEFAULTS = {"floor": 0.1, "add-k": 1.0}
_LOG_OF_ZERO = -9999999999.0


@scorer("bleu")
@dataclass(frozen=True, repr=False)
class Bleu(Tokenizing, Scorer):
    """sacrebleu's BLEU, 0 to 100: clipped n-gram precision times the brevity penalty; corpus BLEU is no mean.

    Attributes:
        lowercase: lower-case everything.
        tokenizer: one of sacrebleu's (`13a`, `intl`, `zh`, `char`, `none`, ...) or of ours.
        smooth: what to do with orders that have no match (Chen and Cherry 2014).
        smooth_value: for `floor` (0.1) and `add-k` (1).
        max_order: the longest n-grams.
        effective_order: for segment scores, leave out orders for which the text is too short; corpus scores, as in
            sacrebleu's own default, never do.
    """

    info: ClassVar[Info] = Info(
        summary="clipped n-gram precision with brevity penalty",
        scale=(0, 100),
        direction="higher",
        kind="pool",
        monotone=False,
        identical="100",
        source="Papineni et al. 2002; Post 2018 (sacrebleu)",
        mean=False,
    )

    lowercase: bool = False
    tokenizer: str = "13a"
    smooth: Literal["exp", "floor", "add-k", "none"] = "exp"
    smooth_value: float | None = None
    max_order: int = 4
    effective_order: bool = True

    def __post_init__(self) -> None:
        """Checks the options."""
        if self.max_order < 1:
            raise UsageError(f"bleu: max_order={self.max_order} does not fit; allowed: 1 or more")
        if self.smooth_value is not None and not 0 <= self.smooth_value < math.inf:
            raise UsageError(f"bleu: smooth_value={self.smooth_value} does not fit; allowed: 0 or more")
        if self.smooth_value is not None and self.smooth not in _SMOOTH_DEFAULTS:
            raise UsageError(f"bleu: smooth_value belongs to smooth='floor' or 'add-k', not to {self.smooth!r}")

    def statistics(self, corpus: Corpus, queries: Queries) -> Statistics:
        """[length, closest reference length, matches at 1..max_order, n-grams at 1..max_order]."""
        return Statistics(self._matches(corpus, queries).all())

    def at_subsets(self, corpus: Corpus, queries: Queries, subsets: Subsets) -> Rows:
        """The same for subsets of the references, looked up in what all of them have."""
        return self._matches(corpus, queries).among(subsets)

    def _matches(self, corpus: Corpus, queries: Queries) -> Matches:
        words = tokens(corpus, self.tokenizer, lowercase=self.lowercase)
        return Matches(words, queries.single_candidates(self.name), queries, self.max_order)

    def segment(self, rows: Rows) -> Floats:
        """Sentence BLEU."""
        return self._bleu(np.asarray(rows, np.float64), effective=self.effective_order)

    def finish(self, sums: Floats, weight: Floats) -> Floats:
        """Corpus BLEU of summed statistics."""
        flat = self._bleu(sums.reshape(-1, sums.shape[-1]), effective=False).reshape(weight.shape)
        return np.where(weight > 0, flat, np.nan)

    def _bleu(self, rows: Floats, *, effective: bool) -> Floats:
        """Formula and smoothing in the order of sacrebleu's `compute_bleu`, one row a score."""
        length, closest = rows[:, 0], rows[:, 1]
        correct, total = rows[:, 2 : 2 + self.max_order], rows[:, 2 + self.max_order :]
        amount = self.smooth_value if self.smooth_value is not None else _SMOOTH_DEFAULTS.get(self.smooth, 0.0)
        logs = np.zeros(len(rows))
        used = np.full(len(rows), 0 if effective else self.max_order)
        mteval = np.ones(len(rows))
        alive = np.ones(len(rows), bool)
        with np.errstate(divide="ignore", invalid="ignore"):
            penalty = np.where(length > 0, np.exp(np.minimum(0.0, 1.0 - closest / length)), 0.0)
            penalty[length >= closest] = 1.0
            for n in range(self.max_order):
                add = amount if self.smooth == "add-k" and n > 0 else 0.0
                matches, grams = correct[:, n] + add, total[:, n] + add
                alive &= grams > 0
                precision = 100.0 * matches / grams
                none = alive & (matches == 0)
                if self.smooth == "exp":
                    mteval = np.where(none, mteval * 2, mteval)
                    precision = np.where(none, 100.0 / (mteval * grams), precision)
                elif self.smooth == "floor":
                    precision = np.where(none, 100.0 * amount / grams, precision)
                logs += np.where(alive & (precision > 0), np.log(precision), 0.0 if effective else _LOG_OF_ZERO)
                if effective:
                    logs += np.where(alive & (precision <= 0), _LOG_OF_ZERO, 0.0)
                    used = np.where(alive, n + 1, used)
            score = penalty * np.exp(logs / np.maximum(used, 1))
        return np.where(correct.any(axis=1), score, 0.0)
