"""What a report is asked for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from geneval_references import UsageError
from geneval_scorers import SEED

ALPHAS = (0.05, 0.10, 0.25, 0.50)
"""Shares of the human band below which an output counts as marked down."""


@dataclass(frozen=True, slots=True)
class ReportPlan:
    """Options of a report.

    Attributes:
        valid: from which grade on an output is valid, by criterion; `""` is the criterion that counts.
        components: criteria that systems are matched on, beside or in place of the one that counts; None: all others.
        reliability: of one person's single grade, assumed where nobody graded anything twice; above 0, at most 1.
        margin: a matched-quality difference below this many standard deviations of the score within items is none.
        confidence: of intervals.
        permutations: of the exchangeability test.
        draws: of random and noisy control scorers.
        resamples: of items, for flips.
        seed: of all draws.
    """

    valid: Mapping[str, float] = field(default_factory=dict)
    components: tuple[str, ...] | None = None
    reliability: float = 0.8
    margin: float = 0.2
    confidence: float = 0.95
    permutations: int = 9999
    draws: int = 400
    resamples: int = 1000
    seed: int = SEED

    def __post_init__(self) -> None:
        """Checks ranges."""
        for name, grade in self.valid.items():
            if not math.isfinite(grade):
                raise UsageError(
                    f"valid={grade!r} {f'for {name!r} ' if name else ''}does not fit; allowed: a finite grade"
                )
        shares = (("reliability", self.reliability, 1.0), ("margin", self.margin, 10.0))
        for name, value, most in (*shares, ("confidence", self.confidence, 0.9999)):
            if not isinstance(value, float | int) or isinstance(value, bool) or not 0 < value <= most:
                raise UsageError(f"{name}={value!r} does not fit; allowed: above 0, at most {most:g}")
        for name, least in (("permutations", 99), ("draws", 100), ("resamples", 100), ("seed", 0)):
            number = getattr(self, name)
            if not isinstance(number, int) or isinstance(number, bool) or not least <= number <= 2**31:
                raise UsageError(f"{name}={number!r} does not fit; allowed: a whole number from {least} on")
