"""How many outputs fall below the human band, and where in it they lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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
class Sides:
    """An output and the references, against the same references, end to end over items.

    Attributes:
        row: the item's place in the band, for each entry.
        output, reference: scores.
        items: how many items there are.
    """

    row: Ints
    output: Floats
    reference: Floats
    items: int

    @classmethod
    def of(cls, band: Band, threshold: Threshold) -> Sides:
        """All items of a band; with `item` only those of three references or more."""
        kept = [i for i in range(len(band.item)) if threshold == "pooled" or len(band.level[i])]
        level = [band.level[i] if threshold == "item" else 0.0 for i in kept]
        output = [band.of_output[i] - base for i, base in zip(kept, level, strict=True)]
        reference = [band.of_reference[i] - base for i, base in zip(kept, level, strict=True)]
        rows = np.repeat(np.asarray(kept, np.int64), [len(one) for one in output])
        return cls(rows, _joined(output), _joined(reference), len(band.item))

    def quantiles(self, alpha: float) -> Floats:
        """For each item the score that a share alpha of the band of other items lies below, ties half, [items].

        Items are parted in ten; a part's threshold comes from the others, so that it owes nothing to the references that
        are compared with it. Each item has equal weight.
        """
        weight = 1.0 / np.bincount(self.row, minlength=self.items)[self.row]
        out = np.full(self.items, np.nan)
        parts = min(PARTS, len(np.unique(self.row)))
        for part in range(parts):
            others = self.row % parts != part if parts > 1 else np.ones(len(self.row), bool)
            scores, place = np.unique(self.reference[others], return_inverse=True)
            share = np.bincount(place, weights=weight[others]) / weight[others].sum()
            # The score whose ties, half of them below, come closest.
            nearest = int(np.abs(np.cumsum(share) - share / 2 - alpha).argmin())
            out[np.arange(self.items) % parts == part] = scores[nearest]
        return out

    def share(self, flags: Floats) -> Floats:
        """The mean of flags over each item's references, [items]; NaN where it has none."""
        counts = np.bincount(self.row, minlength=self.items)
        sums = np.bincount(self.row, weights=flags, minlength=self.items)
        return np.asarray(np.divide(sums, counts, out=np.full(self.items, np.nan), where=counts > 0))

    def below(self, side: Floats, thresholds: Floats) -> Floats:
        """How much of each item's scores lies below its threshold; ties are half below."""
        limit = thresholds[self.row]
        return self.share(np.asarray((side < limit) + 0.5 * (side == limit), np.float64))

    def percentiles(self) -> Floats:
        """Where outputs lie in the band, 0 to 1, [items]; ties are half below."""
        pool = np.sort(self.reference)
        left, right = np.searchsorted(pool, self.output, "left"), np.searchsorted(pool, self.output, "right")
        return self.share(np.asarray((left + right) / 2 / max(len(pool), 1), np.float64))


def _joined(parts: list[Floats]) -> Floats:
    return np.concatenate(parts) if parts else np.zeros(0)


def rates(
    band: Band, valid: Mapping[str, np.ndarray], invalid: np.ndarray, confidence: float
) -> list[dict[str, object]]:
    """Share of outputs below the band's alpha, less the share of the band itself, and what stands beside it.

    Args:
        band: of one system.
        valid: by kind of evidence, which items' outputs are valid, [items of the band].
        invalid: which are known to be invalid.
        confidence: of intervals.
    """
    found: list[dict[str, object]] = []
    for kind in ("pooled", "item"):
        sides = Sides.of(band, kind)
        if not len(sides.row):
            continue
        for alpha in ALPHAS:
            found += _at(sides, band, kind, alpha, valid=valid, invalid=invalid, confidence=confidence)
    return found


def _at(
    sides: Sides,
    band: Band,
    kind: Threshold,
    alpha: float,
    *,
    valid: Mapping[str, np.ndarray],
    invalid: np.ndarray,
    confidence: float,
) -> list[dict[str, object]]:
    limit = sides.quantiles(alpha)
    tied = sides.share((sides.reference == limit[sides.row]).astype(np.float64))
    achieved = float(np.nanmean(sides.share((sides.reference < limit[sides.row]).astype(np.float64))))
    refused = float(np.nanmean(tied)) > alpha
    own, theirs = sides.below(sides.output, limit), sides.below(sides.reference, limit)
    out = []
    for evidence, mask in valid.items():
        at = np.flatnonzero(mask & ~np.isnan(own))
        wrong = np.flatnonzero(invalid & ~np.isnan(own))
        reason = f"{float(np.nanmean(tied)):.0%} of the band have just this score: no threshold cuts off {alpha:.0%}"
        row: dict[str, object] = {"threshold": kind, "alpha": alpha, "achieved": achieved, "evidence": evidence}
        estimator = f"share below the band's {alpha:.0%} quantile less the band's own share"
        row |= {
            "band_fnr": float(np.nanmean(theirs)),
            "fnr": None if refused or not len(at) else float(own[at].mean()),
            "excess": Estimate.none(reason)
            if refused
            else of_clusters((own - theirs)[at], band.item[at], confidence, unit="outputs", estimator=estimator),
            "tnr": None if refused or not len(wrong) else float(own[wrong].mean()),
            "n_invalid": len(wrong),
            "auc": auc(sides.share(sides.output)[at], sides.share(sides.output)[wrong]),
        }
        out.append(row)
    return out


def auc(valid: Floats, invalid: Floats) -> float | None:
    """P(a valid output scores above an invalid one), ties half; None where one side is empty."""
    if not len(valid) or not len(invalid):
        return None
    pool = np.sort(invalid)
    below = np.searchsorted(pool, valid, "left") + np.searchsorted(pool, valid, "right")
    return float(below.mean() / 2 / len(pool))
