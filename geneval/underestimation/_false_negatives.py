"""How many outputs fall below the human band, and where in it they lie."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from geneval.agreement._correlations import Floats, Ints
from geneval.underestimation._band import Band
from geneval.underestimation._model import Estimate, of_clusters
from geneval.underestimation._plan import ALPHAS

PARTS = 10
"""Parts of the items, each judged by thresholds from the others."""

Threshold = str
"""`pooled`: one for all items; `item`: scores are taken relative to what an item's other references score."""


@dataclass(frozen=True, eq=False)
class Limit:
    """A score that cuts off a share of the band.

    Attributes:
        at: [items] the score; a part of the items has one of its own, from the others.
        below: [items] how much of each item's references lies below, ties half.
        achieved: the share that lies below, ties left out.
        tied: the share that has just this score.
    """

    at: Floats
    below: Floats
    achieved: float
    tied: float


@dataclass(frozen=True, eq=False)
class Pool:
    """What references get, end to end over items.

    Attributes:
        row: the item's place in the band, for each entry.
        scores: of the references.
        items: how many items there are.
    """

    row: Ints
    scores: Floats
    items: int

    @cached_property
    def counts(self) -> Ints:
        """Entries of each item."""
        return np.bincount(self.row, minlength=self.items)

    @cached_property
    def _ladders(self) -> tuple[Floats, list[Floats]]:
        """The scores, each once, and for each part of the items how much of the others lies below each.

        Items are parted in ten; a part's threshold comes from the others, so that it owes nothing to the references that
        are compared with it. Each item has equal weight. Ties are half below; infinite where the others have no such score.
        """
        scores, place = np.unique(self.scores, return_inverse=True)
        weight = (1.0 / np.maximum(self.counts, 1))[self.row]
        parts = min(PARTS, int((self.counts > 0).sum()))
        below = []
        for part in range(parts):
            others = self.row % parts != part if parts > 1 else np.ones(len(self.row), bool)
            share = np.bincount(place[others], weights=weight[others], minlength=len(scores)) / weight[others].sum()
            below.append(np.where(share > 0, np.cumsum(share) - share / 2, np.inf))
        return scores, below

    @cached_property
    def limits(self) -> dict[float, Limit]:
        """By alpha, the score whose ties, half of them below, come closest to cutting off this share."""
        return {alpha: self._limit(alpha) for alpha in ALPHAS}

    def _limit(self, alpha: float) -> Limit:
        scores, below = self._ladders
        at = np.full(self.items, np.nan)
        for part, shares in enumerate(below):
            at[part :: len(below)] = scores[int(np.abs(shares - alpha).argmin())]
        whole, half = self.scores < at[self.row], self.scores == at[self.row]
        achieved, tied = (float(np.nanmean(self.share(flags))) for flags in (whole, half))
        return Limit(at, self.share(whole + 0.5 * half), achieved, tied)

    def share(self, flags: np.ndarray) -> Floats:
        """The mean of flags over each item's references, [items]; NaN where it has none."""
        sums = np.bincount(self.row, weights=flags, minlength=self.items)
        return np.asarray(np.divide(sums, self.counts, out=np.full(self.items, np.nan), where=self.counts > 0))

    def like(self, other: Pool) -> bool:
        """Whether both hold the same, as those of two systems with outputs for the same items do."""
        return np.array_equal(self.row, other.row) and np.array_equal(self.scores, other.scores)


@dataclass(frozen=True, eq=False)
class Sides:
    """An output and the references, against the same references.

    Attributes:
        pool: what the references get.
        output: what the output gets in the place of each.
    """

    pool: Pool
    output: Floats

    @classmethod
    def of(cls, band: Band, threshold: Threshold, like: Iterable[Sides] = ()) -> Sides:
        """All items of a band; with `item` only those of three references or more.

        Args:
            band: of a system.
            threshold: a kind.
            like: those of other systems, whose thresholds are taken where references get the same.
        """
        row, output, scores = band.of_output.rows, band.of_output.values, band.of_reference.values
        if threshold == "item":
            kept = (band.level.lengths > 0)[row]
            level = band.level.values
            row, output, scores = row[kept], output[kept] - level, scores[kept] - level
        pool = Pool(row, scores, len(band.item))
        return cls(next((other.pool for other in like if pool.like(other.pool)), pool), output)

    def below(self, alpha: float) -> Floats:
        """How much of each item's outputs lies below the band's alpha, [items]; ties are half below."""
        limit = self.pool.limits[alpha].at[self.pool.row]
        return self.pool.share((self.output < limit) + 0.5 * (self.output == limit))

    def percentiles(self) -> Floats:
        """Where outputs lie in the band, 0 to 1, [items]; ties are half below."""
        pool = np.sort(self.pool.scores)
        left, right = np.searchsorted(pool, self.output, "left"), np.searchsorted(pool, self.output, "right")
        return self.pool.share((left + right) / 2 / max(len(pool), 1))


def rates(
    sides: Mapping[Threshold, Sides],
    item: Ints,
    valid: Mapping[str, np.ndarray],
    invalid: np.ndarray,
    confidence: float,
) -> list[dict[str, object]]:
    """Share of outputs below the band's alpha, less the share of the band itself, and what stands beside it.

    Args:
        sides: of one system, by threshold.
        item: places of the band's items.
        valid: by kind of evidence, which items' outputs are valid, [items of the band].
        invalid: which are known to be invalid.
        confidence: of intervals.
    """
    found: list[dict[str, object]] = []
    for kind, one in sides.items():
        if not len(one.output):
            continue
        score = one.pool.share(one.output)
        there = ~np.isnan(score)
        kept = {evidence: np.flatnonzero(mask & there) for evidence, mask in valid.items()}
        wrong = np.flatnonzero(invalid & there)
        areas = {evidence: auc(score[at], score[wrong]) for evidence, at in kept.items()}
        for alpha in ALPHAS:
            rows = _at(one, item, alpha, valid=kept, invalid=wrong, confidence=confidence)
            found += [{"threshold": kind, **row, "auc": areas[str(row["evidence"])]} for row in rows]
    return found


def _at(
    sides: Sides,
    item: Ints,
    alpha: float,
    *,
    valid: Mapping[str, Ints],
    invalid: Ints,
    confidence: float,
) -> Iterator[dict[str, object]]:
    limit, own = sides.pool.limits[alpha], sides.below(alpha)
    refused = limit.tied > alpha
    reason = f"{limit.tied:.0%} of the band have just this score: no threshold cuts off {alpha:.0%}"
    estimator = f"share below the band's {alpha:.0%} quantile less the band's own share"
    for evidence, at in valid.items():
        excess = of_clusters(
            (own - limit.below)[at], item[at], confidence, unit="outputs", estimator=estimator, within=(-1, 1)
        )
        yield {
            "alpha": alpha,
            "achieved": limit.achieved,
            "evidence": evidence,
            "band_fnr": float(np.nanmean(limit.below)),
            "fnr": None if refused or not len(at) else float(own[at].mean()),
            "excess": Estimate.none(reason) if refused else excess,
            "tnr": None if refused or not len(invalid) else float(own[invalid].mean()),
            "n_invalid": len(invalid),
        }


def auc(valid: Floats, invalid: Floats) -> float | None:
    """P(a valid output scores above an invalid one), ties half; None where one side is empty."""
    if not len(valid) or not len(invalid):
        return None
    pool = np.sort(invalid)
    below = np.searchsorted(pool, valid, "left") + np.searchsorted(pool, valid, "right")
    return float(below.mean() / 2 / len(pool))
