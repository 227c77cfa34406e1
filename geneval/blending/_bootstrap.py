"""Shares and means over pairs, with intervals in which whole items are drawn again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geneval_references import UsageError
from geneval_scorers import percentile_interval
from geneval_scorers._ragged import Floats, Ints


def check_draws(resamples: int, confidence: float, seed: int) -> None:
    """Checks what draws are asked for.

    Raises:
        UsageError: a number out of range.
    """
    for name, value, most in (("resamples", resamples, 100_000), ("seed", seed, 2**63 - 1)):
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
            raise UsageError(f"{name}={value!r} does not fit; allowed: a whole number from 0 to {most}")
    if not 0 < confidence < 1:
        raise UsageError(f"confidence={confidence!r} does not fit; allowed: above 0 and below 1")


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its interval; None where there is none."""

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0

    def to_dict(self) -> dict[str, object]:
        """The object in the printed JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True, eq=False)
class Items:
    """How often each group of items is drawn, [draws, groups]."""

    often: Floats
    confidence: float

    @classmethod
    def drawn(cls, groups: int, draws: int, confidence: float, seed: int) -> Items:
        """As many groups as there are, with replacement."""
        rng = np.random.default_rng(seed)
        often = rng.multinomial(groups, np.full(groups, 1 / groups), size=draws) if draws else np.zeros((0, groups))
        return cls(often.astype(np.float64), confidence)

    def mean(self, values: Floats, group: Ints, weights: Floats | None = None) -> Estimate:
        """The weighted mean of values that are not NaN."""
        kept = ~np.isnan(values)
        weight = np.where(kept, 1.0 if weights is None else weights, 0.0)
        if not weight.sum() > 0:
            return Estimate(None)
        size = self.often.shape[1]
        sums = np.bincount(group, np.where(kept, values, 0.0) * weight, minlength=size)
        totals = np.bincount(group, weight, minlength=size)
        low, high = self.interval(_ratio(self.often @ sums, self.often @ totals))
        return Estimate(float(sums.sum() / totals.sum()), low, high, int(np.count_nonzero(weight)))

    def interval(self, draws: Floats) -> tuple[float | None, float | None]:
        """Percentiles; None where there are no draws."""
        kept = draws[~np.isnan(draws)]
        return percentile_interval(kept, self.confidence) if len(kept) > 1 else (None, None)


def _ratio(sums: Floats, totals: Floats) -> Floats:
    return np.asarray(np.divide(sums, totals, out=np.full(len(sums), np.nan), where=totals > 0))
