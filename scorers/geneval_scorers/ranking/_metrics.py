"""Metrics of ranked lists under several right answers, as specs: `recall(k=5)`, `map_at_r`.

R is how many positives a query has, listed or not. Places that a short list does not have are misses. A query without
positives has no number. Sources stand with each metric.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from geneval_references import UsageError
from geneval_scorers._ragged import Floats, Ints, Ragged, group_sum
from geneval_scorers._scorer import Info, Scorer
from geneval_scorers.ranking._lists import Placed

_MOST = 2**31 - 1

_EPSILON = 1e-5
"""What inferred AP adds to its counts, as trec_eval does."""


@dataclass(frozen=True, repr=False)
class Metric(Scorer):
    """Base of all metrics of ranked lists: one number a query, of a system their mean."""


METRICS: dict[str, type[Metric]] = {}
"""All metrics by name."""

M = TypeVar("M", bound=Metric)


def metric(name: str, summary: str, source: str, low: float | None = 0) -> Callable[[type[M]], type[M]]:
    """Names a metric, and tells what it is and where its range begins."""

    def named(cls: type[M]) -> type[M]:
        cls.name = name
        cls.info = Info(summary, (low, 1), "higher", kind="pool", monotone=False, identical="1", source=source)
        METRICS[name] = cls
        return cls

    return named


@dataclass(frozen=True, repr=False)
class RankMetric(Metric):
    """A metric of judged positives: where they stand is all that it looks at."""

    def values(self, placed: Placed) -> Floats:
        """One number a query, [Q], 0 to 1; NaN where the query has no positive."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(placed.positives > 0, self._values(placed), np.nan)

    def _values(self, placed: Placed) -> Floats:
        raise NotImplementedError


@dataclass(frozen=True, repr=False)
class _AtK(RankMetric):
    """Looks at the first k places.

    Attributes:
        k: how many.
    """

    k: int

    def __post_init__(self) -> None:
        if not 1 <= self.k <= _MOST:
            raise UsageError(f"{self.name}: k={self.k} does not fit; allowed: a whole number from 1 to {_MOST}")


@metric("recall", "whether any right item is among the first k", "VSE++ (Faghri et al. 2018); cross-modal convention")
@dataclass(frozen=True, repr=False)
class Recall(_AtK):
    """1 where any positive is among the first k, else 0: R@K of cross-modal retrieval, a hit rate and no recall."""

    def _values(self, placed: Placed) -> Floats:
        return (_first(placed.hits) <= self.k).astype(np.float64)


@metric("ir_recall", "share of the right items among the first k", "trec_eval: recall")
@dataclass(frozen=True, repr=False)
class IrRecall(_AtK):
    """How many of the R positives are among the first k, over R: recall of information retrieval."""

    def _values(self, placed: Placed) -> Floats:
        hits = placed.hits
        return group_sum((hits.values <= self.k).astype(np.float64), hits) / placed.positives


@metric("r_precision", "share of right items among the first R", "Musgrave et al. 2020; trec_eval: Rprec")
@dataclass(frozen=True, repr=False)
class RPrecision(RankMetric):
    """How many of the first R places hold positives, over R; missing places are misses."""

    def _values(self, placed: Placed) -> Floats:
        hits = placed.hits
        return group_sum((hits.values <= placed.positives[hits.rows]).astype(np.float64), hits) / placed.positives


@metric("map_at_r", "mean over the first R of precision where the item is right", "Musgrave et al. 2020")
@dataclass(frozen=True, repr=False)
class MapAtR(RankMetric):
    """mAP@R: (1/R) sum over i <= R of rel_i * (hits among the first i) / i, R being the number of positives."""

    def _values(self, placed: Placed) -> Floats:
        hits = placed.hits
        counted = hits.values <= placed.positives[hits.rows]
        return group_sum(counted * ordinals(hits) / hits.values, hits) / placed.positives


@metric("map", "precision at each right item, over all right items", "trec_eval: map")
@dataclass(frozen=True, repr=False)
class Map(RankMetric):
    """Average precision over the whole list: precision at each listed positive, summed, over R."""

    def _values(self, placed: Placed) -> Floats:
        hits = placed.hits
        return group_sum(ordinals(hits) / hits.values, hits) / placed.positives


@metric("mrr", "one over the place of the first right item", "trec_eval: recip_rank")
@dataclass(frozen=True, repr=False)
class Mrr(RankMetric):
    """Reciprocal rank of the first positive; 0 where none is listed."""

    def _values(self, placed: Placed) -> Floats:
        return 1.0 / _first(placed.hits)


@metric("ndcg", "grades among the first k, discounted by place, over the best there could be", "trec_eval: ndcg_cut")
@dataclass(frozen=True, repr=False)
class Ndcg(_AtK):
    """nDCG: sum over i <= k of grade_i / log2(i + 1), over that of the best order of all positives (linear gains)."""

    def _values(self, placed: Placed) -> Floats:
        rows, grade, rank = placed.judged.rows, placed.grade, placed.rank
        listed = (grade > 0) & (rank > 0) & (rank <= self.k)
        got = np.bincount(rows[listed], grade[listed] / np.log2(rank[listed] + 1.0), len(placed.judged))
        return got / self._best(placed)

    def _best(self, placed: Placed) -> Floats:
        right = placed.grade > 0
        rows, grade = placed.judged.rows[right], placed.grade[right]
        order = np.lexsort((-grade, rows))
        best = Ragged.from_lengths(placed.positives, order)
        place = ordinals(best)
        gains = np.where(place <= self.k, grade[order] / np.log2(place + 1.0), 0.0)
        return group_sum(gains, best)


@metric("bpref", "how seldom judged wrong items stand above right ones", "Buckley and Voorhees 2004; trec_eval: bpref")
@dataclass(frozen=True, repr=False)
class Bpref(RankMetric):
    """Binary preference: of items that nobody judged nothing is assumed; needs items that were judged wrong.

    (1/R) sum over listed positives of 1 - min(wrong ones above, R) / min(wrong ones, R).
    """

    def _values(self, placed: Placed) -> Floats:
        wrong = np.bincount(placed.judged.rows[placed.grade == 0], minlength=len(placed.judged))
        hits, above = placed.hits, _above(placed, placed.grade == 0)
        most = placed.positives[hits.rows]
        cost = np.where(above > 0, np.minimum(above, most) / np.minimum(wrong[hits.rows], most), 0.0)
        return group_sum(1.0 - cost, hits) / placed.positives


@metric("judged", "share of the first k places that hold judged items", "ir_measures: Judged")
@dataclass(frozen=True, repr=False)
class JudgedAtK(_AtK):
    """How many of the first k items (of a shorter list: of all) were judged, right or wrong; 0 for an empty list."""

    def _values(self, placed: Placed) -> Floats:
        ranks = placed.ranks(~np.isnan(placed.grade))
        known = group_sum((ranks.values <= self.k).astype(np.float64), ranks)
        return known / np.maximum(np.minimum(placed.length, self.k), 1)


@metric(
    "inf_ap", "average precision estimated where a sample of the pool was judged", "Yilmaz and Aslam 2006; trec_eval"
)
@dataclass(frozen=True, repr=False)
class InfAp(RankMetric):
    """Inferred AP: what was in the pool and not judged (grade null) is right as often as what was judged.

    For a positive at rank i: 1/i + (i-1)/i * (in the pool above)/(i-1) * (right above + e)/(judged above + 2e), summed,
    over R; e = 0.00001. What was not in the pool is wrong.
    """

    def _values(self, placed: Placed) -> Floats:
        hits = placed.hits
        right, wrong = ordinals(hits) - 1, _above(placed, placed.grade == 0)
        pooled = _above(placed, np.isnan(placed.grade))
        chance = (right + _EPSILON) / (right + wrong + 2 * _EPSILON)
        return group_sum((1.0 + (right + wrong + pooled) * chance) / hits.values, hits) / placed.positives


def ordinals(ranks: Ragged) -> Ints:
    """For each value how many stand in its row up to it, from 1 on."""
    return np.asarray(np.arange(len(ranks.values)) - ranks.offsets[:-1][ranks.rows] + 1, np.int64)


def _first(ranks: Ragged) -> Floats:
    """The first rank of each row, infinity where it is empty."""
    out = np.full(len(ranks), np.inf)
    full = ranks.lengths > 0
    out[full] = ranks.values[ranks.offsets[:-1][full]]
    return out


def _above(placed: Placed, which: np.ndarray) -> Ints:
    """For each of `placed.hits` how many listed items of some kind stand above it."""
    hits, others = placed.hits, placed.ranks(which)
    width = int(placed.rank.max(initial=0)) + 1
    found = np.searchsorted(others.rows * width + others.values, hits.rows * width + hits.values)
    return np.asarray(found - others.offsets[:-1][hits.rows], np.int64)
