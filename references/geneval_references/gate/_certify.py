"""From scores and verdicts to a threshold above which precision is certified.

Thresholds lie on a grid of shares of the pool, which is set without verdicts; they are tested one after the other, the
strictest first, from where there are judgements enough, until one is not refuted (fixed sequence: Maurer, Hothorn and
Lehmacher 1995). So the last one that passes is certified at level alpha, however many were tested.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geneval_references.gate._bound import SLACK, Floats, Ints, Items, by_item, chance, lower_bound, needed
from geneval_references.gate._draw import LEARNING

SHARES = (0.01, 0.02, 0.03, 0.05, 0.075, *(round(n / 20, 2) for n in range(2, 21)))
"""Of the pool, above a threshold of the grid."""

LEAST = 0.5
"""No threshold lies below: what the model holds for more likely wrong is not admitted in the company of what is right."""

Reach = Callable[[float], float]
"""From a threshold to the largest weight of judged candidates above it that one item could have had."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Judged candidates, as rows of the pool.

    Attributes:
        row: place in the pool.
        valid: whether people judged it a right answer.
        weight: the inverse of the probability with which it was drawn.
    """

    row: Ints
    valid: npt.NDArray[np.bool_]
    weight: Floats

    def __len__(self) -> int:
        return len(self.row)

    def at(self, keep: npt.NDArray[np.bool_]) -> Judged:
        """Some of them."""
        return Judged(self.row[keep], self.valid[keep], self.weight[keep])


@dataclass(frozen=True, slots=True)
class Step:
    """One threshold.

    Attributes:
        share: of the pool, at or above the threshold.
        threshold: of the score.
        judged, items: how many judged candidates, of how many items, lie above it.
        precision: weighted share of valid ones among them; None where there is none.
        recall: share of all valid ones that lie above it, by the same weights; None where none is valid.
        chance: upper bound of the probability of these verdicts, were precision below the target; None where the
            sequence did not get here.
        effect: the design effect.
        passed: whether precision is certified here.
    """

    share: float
    threshold: float
    judged: int
    items: int
    precision: float | None
    recall: float | None
    chance: float | None
    effect: float
    passed: bool


@dataclass(frozen=True, slots=True)
class Certificate:
    """What was certified.

    Attributes:
        target: the precision that was asked for.
        alpha: the probability, at most, that true precision is below the target although it was certified.
        steps: the whole grid, strictest first; those that were not tested say what they are, without a promise.
        begins: judged candidates from which on a threshold is tested.
        low: the lower bound of precision at the threshold that was chosen, for that threshold alone; None without one.
    """

    target: float
    alpha: float
    steps: tuple[Step, ...]
    begins: int
    low: float | None

    @property
    def best(self) -> Step | None:
        """The loosest threshold that is certified; None where none is."""
        return next((step for step in reversed(self.steps) if step.passed), None)

    @property
    def more(self) -> tuple[tuple[float, int | None, int | None], ...]:
        """(true precision, candidates above the threshold, all judgements to draw for that) for 80 % power."""
        step = self.best or self._likeliest
        rows = []
        for true in (1 - (1 - self.target) * left for left in (0.7, 0.5, 0.3, 0.1)):
            above = needed(self.target, true, alpha=self.alpha, effect=1.0 if step is None else step.effect)
            drawn = None if above is None or step is None else math.ceil(above / step.share / (1 - LEARNING))
            rows.append((true, above, drawn))
        return tuple(rows)

    @property
    def _likeliest(self) -> Step | None:
        """The step that is nearest to being certified."""
        known = [step for step in self.steps if step.precision is not None]
        return max(known, key=lambda s: ((s.precision or 0.0) - self.target) * math.sqrt(s.judged), default=None)


def certify(
    scores: Floats,
    items: npt.NDArray[np.generic],
    judged: Judged,
    target: float,
    *,
    alpha: float,
    reach: Reach | None,
    single: bool = False,
) -> Certificate:
    """Find the loosest threshold of the grid above which precision is at least `target`.

    Args:
        scores: of every candidate of the pool, probabilities.
        items: of every candidate, its item.
        judged: those that were judged and that the scores have not learned from.
        target: precision to certify, in (0, 1).
        alpha: probability of a false certificate.
        reach: None where every candidate of the judged items is judged.
        single: no item could have more than one judged candidate.
    """
    begins = needed(target, 1 - 0.3 * (1 - target), alpha=alpha) or 1
    steps: list[Step] = []
    best: Items | None = None
    going = True
    for share in SHARES:
        threshold = float(np.quantile(scores, 1 - share, method="lower")) if share < 1 else float(scores.min())
        if steps and threshold == steps[-1].threshold:
            continue
        kept = judged.at(scores[judged.row] >= threshold)
        most = None if reach is None else reach(threshold)
        found = by_item(items[kept.row], kept.valid, kept.weight, reach=most, single=single)
        p = None
        if going and threshold >= LEAST and found.count >= (begins if found.exact else SLACK * begins):
            p = chance(found, target)
            going = p <= alpha
            best = found if going else best
        steps.append(_step(found, judged, share, threshold, p, passed=p is not None and going))
    return Certificate(target, alpha, tuple(steps), begins, None if best is None else lower_bound(best, alpha))


def _step(found: Items, judged: Judged, share: float, threshold: float, p: float | None, *, passed: bool) -> Step:
    right = float(judged.weight[judged.valid].sum())
    return Step(
        share=share,
        threshold=threshold,
        judged=found.count,
        items=len(found.weight),
        precision=found.precision,
        recall=float(found.valid.sum()) / right if right else None,
        chance=p,
        effect=found.design_effect,
        passed=passed,
    )
