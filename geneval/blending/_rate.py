"""Preference rate: how often a blend expects people to prefer a system's outputs to a baseline's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from geneval.agreement._given import opened
from geneval.agreement._scores import Column, Scores, scores_of
from geneval.blending._bootstrap import Estimate, Items, check_draws
from geneval.scoring import FEW_ITEMS
from geneval_references import InputError, UsageError
from geneval_scorers import SEED, Scorer
from geneval_scorers.preference._kernels import sigmoid

if TYPE_CHECKING:
    from geneval.results import Result


@dataclass(frozen=True, slots=True)
class PreferenceRate:
    """The mean probability, given no tie, that a system's output is preferred to the baseline's for the same item."""

    system: str
    baseline: str
    blend: str
    k: int | None
    value: float
    low: float | None
    high: float | None
    n: int
    """Items that both have a score for."""
    signature: str

    def to_dict(self) -> dict[str, object]:
        """The row of the printed JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


def preference_rate(
    run: Result | str | Path,
    blend: Scorer | str | None = None,
    baseline: str | None = None,
    *,
    k: int | None = None,
    resamples: int = 1000,
    confidence: float = 0.95,
    seed: int = SEED,
) -> tuple[PreferenceRate, ...]:
    """How often people would prefer each system to a baseline, as a blend has it.

    It is no statement of people: the blend has learned from other preferences, and inherits what its parts are blind to.

    Args:
        run: a result of `geneval.score`, or a run directory, scored with a blend.
        blend: which of the run's scorers; the blend in it by default.
        baseline: a system; the first one by default.
        k: at which number of references, where the run has several.
        resamples: bootstrap draws of items; 0 for no intervals.
        confidence: of intervals.
        seed: of the draws.

    Returns:
        One a system other than the baseline. The mean of a system's outputs for an item stands for them.

    Raises:
        UsageError: no such blend or system, one system alone, or an option out of range.
        InputError: no item has a score for both systems.
    """
    check_draws(resamples, confidence, seed)
    scores = scores_of(opened(run))
    column = _column(scores, blend, k)
    first = baseline if baseline is not None else scores.systems[0]
    if first not in scores.systems:
        raise UsageError(f"no system is named {first!r}; the run has: {', '.join(scores.systems)}")
    others = [name for name in scores.systems if name != first]
    if not others:
        raise UsageError(f"the run has {first!r} alone; a preference rate needs a second system")
    place = scores.columns.index(column)
    table, base = scores.table[place], scores.systems.index(first)
    out = []
    for name in others:
        lead = table[:, scores.systems.index(name)] - table[:, base]
        rate = _rate(lead, resamples, confidence, seed)
        if rate.value is None:
            raise InputError(f"no item has a score by {column} for both {name!r} and {first!r}")
        signature = f"{scores.signatures[place]}|preference_rate|baseline:{first}|interval:{100 * confidence:.10g}%,bootstrap:{resamples}|seed:{seed}"
        out.append(
            PreferenceRate(name, first, column.scorer, column.k, rate.value, rate.low, rate.high, rate.n, signature)
        )
    return tuple(out)


def _rate(lead: np.ndarray, resamples: int, confidence: float, seed: int) -> Estimate:
    kept = lead[~np.isnan(lead)]
    if not len(kept):
        return Estimate(None)
    group = np.arange(len(kept), dtype=np.int64)
    draws = resamples if len(kept) > 1 else 0  # of one item there is no other draw
    return Items.drawn(len(kept), draws, confidence, seed).mean(sigmoid(kept), group)


def _column(scores: Scores, blend: Scorer | str | None, k: int | None) -> Column:
    name = blend.label if isinstance(blend, Scorer) else blend
    blends = [column for column in scores.columns if column.scorer.startswith("blend(")]
    found = [one for one in blends if name in (None, one.scorer) and (k is None or one.k == k)]
    if len(found) == 1:
        return found[0]
    have: Sequence[str] = [str(column) for column in blends]
    if not have:
        raise UsageError("the run has no blend; score with -s \"blend(name='captions')\" or a blend of your own")
    what = "several blends" if found else "no blend" + (f" {name}" if name else "") + (f" at k={k}" if k else "")
    raise UsageError(f"the run has {what}; it has: {', '.join(have)}; name one of them, and k")


def few_items(rates: Sequence[PreferenceRate]) -> str | None:
    """What to say of too few of them."""
    fewest = min(rate.n for rate in rates)
    return f"only {fewest} items: intervals from fewer than {FEW_ITEMS} say little" if fewest < FEW_ITEMS else None
