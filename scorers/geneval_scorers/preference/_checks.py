"""What the comparisons look like, apart from any worth: sides, circles, agreement, fit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from geneval_references import UsageError
from geneval_scorers._ragged import Floats, Ints
from geneval_scorers._subsets import SEED
from geneval_scorers.preference._comparisons import TIE, Comparisons
from geneval_scorers.preference._design import Design
from geneval_scorers.preference._intervals import Cluster, clustering

_EXPECTED = 5.0
"""Below so many expected comparisons of an outcome the chi-squared law of the deviance is no guide (Cochran 1954)."""


@dataclass(frozen=True, slots=True)
class GoodnessOfFit:
    """How far the counts are from what the model expects.

    Attributes:
        log_likelihood: of the comparisons that count, at the estimates, without the prior.
        deviance: twice what a model with a parameter for every cell would gain; None with covariates, where no cell
            repeats.
        freedom: its degrees of freedom.
        p_value: of the deviance, for independent votes; None where there is none, see `reason`.
        null_deviance, null_freedom: the same for systems that are all equal.
        reason: why there is no p-value.
    """

    log_likelihood: float
    deviance: float | None
    freedom: int | None
    p_value: float | None
    null_deviance: float | None
    null_freedom: int | None
    reason: str | None = None


def goodness(design: Design, theta: Floats, parameters: int | None) -> GoodnessOfFit:
    """Compares counts with expectations, in cells of the same two systems in the same order.

    Args:
        design: the cells that count.
        theta: the estimates.
        parameters: how many were free; None where a prior held them.
    """
    from scipy import special, stats

    likelihood = float(design.terms(theta).value.sum())
    if any(name != "order" for name in design.names):
        return GoodnessOfFit(likelihood, None, None, None, None, None, "with covariates no two comparisons are alike")
    halves = not design.kernel.fits_ties
    counts = (
        np.stack([design.counts[0] + design.counts[2] / 2, design.counts[1] + design.counts[2] / 2])
        if halves
        else design.counts
    )
    full = float((special.xlogy(counts, counts) - special.xlogy(counts, design.total)).sum())
    equal = np.zeros(design.width)
    if not halves:
        equal[-1] = design.kernel.start(design.counts)
    cells = len(design.a) * (1 if halves else 2)
    deviance, freedom = 2 * (full - likelihood), None if parameters is None else cells - parameters
    expected = np.exp(design.kernel.log_probabilities(design.lead(theta), design.tie(theta))) * design.total
    reason = None
    if freedom is None:
        reason = "worths are shrunken by a prior"
    elif halves and design.counts[2].any():
        reason = "with ties as half wins the deviance has no known law"
    elif freedom < 1:
        reason = "there is a parameter for every cell"
    elif (expected[: 2 if halves else 3] < _EXPECTED).mean() > 0.2:
        reason = f"more than a fifth of the outcomes are expected fewer than {_EXPECTED:g} times"
    return GoodnessOfFit(
        log_likelihood=likelihood,
        deviance=max(deviance, 0.0),
        freedom=freedom,
        p_value=float(stats.chi2.sf(deviance, freedom)) if reason is None and freedom is not None else None,
        null_deviance=2 * (full - float(design.terms(equal).value.sum())),
        null_freedom=cells - int(design.kernel.fits_ties),
        reason=reason,
    )


@dataclass(frozen=True, slots=True)
class Share:
    """A share of comparisons, 0 to 1, with its interval.

    Attributes:
        value: None where there is none to take a share of.
        low, high: Wilson's interval, at the effective number of votes where they come in clusters.
        n: of how many comparisons.
    """

    value: float | None
    low: float | None
    high: float | None
    n: float


def left_win_rate(votes: Comparisons, *, cluster: Cluster | None = "auto", confidence: float = 0.95) -> Share:
    """The share of decided comparisons that the system shown on the left won.

    Args:
        votes: comparisons; those that do not tell what was on the left do not count.
        cluster: what may be alike; `both` is taken as items here.
        confidence: of the interval.
    """
    rows = np.flatnonzero((votes.side != 0) & (votes.outcome != TIE))
    left = (votes.outcome[rows] == 0) == (votes.side[rows] == 1)
    groups = clustering(votes, "item" if cluster == "both" else cluster)
    return _share(left, votes.weight[rows], None if groups is None else groups.parts[0].of[rows], confidence)


def _share(hit: Ints | Floats, weight: Floats, cluster: Ints | None, confidence: float) -> Share:
    """Wilson 1927, with votes divided by the design effect of the clusters."""
    from scipy import stats

    total = float(weight.sum())
    if not total:
        return Share(None, None, None, 0.0)
    value = float((weight * hit).sum() / total)
    alone = value * (1 - value) * total
    effect = 1.0
    if cluster is not None and alone > 0:
        _, place = np.unique(cluster, return_inverse=True)
        sums = np.bincount(place, weight * (hit - value))
        effect = max(1.0, float((sums**2).sum()) / alone * len(sums) / max(len(sums) - 1, 1))
    n, z = total / effect, float(stats.norm.ppf((1 + confidence) / 2))
    middle = (value + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z / (1 + z**2 / n) * math.sqrt(value * (1 - value) / n + z**2 / (4 * n**2))
    return Share(value, max(0.0, middle - reach), min(1.0, middle + reach), total)


@dataclass(frozen=True, slots=True)
class Circle:
    """Three systems of which each was preferred to the next, and the last to the first.

    Attributes:
        systems: in that order.
        z: of the weakest of the three majorities, without ties; about 2 is what chance rarely gives.
    """

    systems: tuple[str, str, str]
    z: float


@dataclass(frozen=True, slots=True)
class Circles:
    """Intransitive triples.

    Attributes:
        found: the clearest first.
        triples: of how many in which each pair has a majority.
    """

    found: tuple[Circle, ...]
    triples: int


def intransitive_triples(votes: Comparisons) -> Circles:
    """Triples whose majorities go in a circle; chance alone makes some where systems are close."""
    wins = votes.wins
    above = wins > wins.T
    decided = (above | above.T).astype(np.float64)
    total = wins + wins.T
    z = np.where(above, (wins - wins.T) / np.sqrt(np.maximum(total, 1e-300)), 0.0)
    found = []
    for i in range(len(wins)):
        # i is the least of the three, so that each circle is met once
        for j in np.flatnonzero(above[i, i + 1 :]) + i + 1:
            for k in np.flatnonzero(above[j, i + 1 :] & above[i + 1 :, i]) + i + 1:
                names = (votes.systems[i], votes.systems[j], votes.systems[k])
                found.append(Circle(names, float(min(z[i, j], z[j, k], z[k, i]))))
    triples = round(float(np.trace(decided @ decided @ decided)) / 6)
    return Circles(tuple(sorted(found, key=lambda circle: (-circle.z, circle.systems))), triples)


@dataclass(frozen=True, slots=True)
class Agreement:
    """Krippendorff's alpha of annotators who saw the same pair of outputs: 1 full agreement, 0 chance.

    Attributes:
        alpha: None where no pair was judged twice; see `reason`.
        low, high: its bootstrap interval.
        units: item and pair of systems, judged by two or more.
        judgements: of these.
        reason: why there is none.
    """

    alpha: float | None
    low: float | None
    high: float | None
    units: int
    judgements: int
    reason: str | None = None


def annotator_agreement(
    votes: Comparisons,
    *,
    distance: Literal["nominal", "ordinal"] = "nominal",
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = SEED,
) -> Agreement:
    """How far annotators agree on who wins, by evalica.

    What one annotator said of a pair more than once counts once, as what they said more often, or a tie.

    Args:
        votes: with items; weights do not count.
        distance: `nominal`: a tie differs from a win as much as a loss does; `ordinal`: it lies between.
        confidence: of the interval.
        resamples: of the bootstrap.
        seed: of the bootstrap.

    Raises:
        InputError: there are no items.
        UsageError: a confidence, a number of resamples or a seed that cannot be.
    """
    import evalica
    import pandas as pd

    if not 0 < confidence < 1 or resamples < 1 or not 0 <= seed < 2**63:
        raise UsageError(
            f"confidence={confidence}, resamples={resamples}, seed={seed}; a confidence lies between 0 and 1, the others are "
            "whole numbers from 1 and from 0"
        )
    item = votes.labels("item").of
    if votes.annotators is not None and len(np.unique(votes.annotators.of)) < 2:
        return Agreement(None, None, None, 0, 0, "there is one annotator")
    size = len(votes.systems)
    turned = votes.a > votes.b
    value = np.choose(votes.outcome, [1.0, -1.0, 0.0]) * np.where(turned, -1.0, 1.0)
    unit = (item * size + np.minimum(votes.a, votes.b)) * size + np.maximum(votes.a, votes.b)
    if votes.annotators is not None:
        unit, value = _once(unit, votes.annotators.of, value)
    _, unit, many = np.unique(unit, return_inverse=True, return_counts=True)
    rows = np.flatnonzero(many[unit] > 1)
    if not len(rows):
        return Agreement(None, None, None, 0, 0, "no pair of outputs was judged twice")
    if np.ptp(value[rows]) == 0:  # chance would agree always, too
        return Agreement(None, None, None, 0, 0, "all who judged the same pair of outputs as others said the same")
    # alpha knows nothing of who judged, so that a unit's values may stand in any row
    order = rows[np.argsort(unit[rows], kind="stable")]
    _, start, place = np.unique(unit[order], return_index=True, return_inverse=True)
    table = np.full((int(many.max()), len(start)), np.nan)
    table[np.arange(len(order)) - start[place], place] = value[order]
    found = evalica.alpha_bootstrap(
        pd.DataFrame(table), distance, n_resamples=resamples, confidence_level=confidence, random_state=seed
    )
    return Agreement(float(found.alpha), float(found.low), float(found.high), len(start), len(order))


def _once(unit: Ints, annotator: Ints, value: Floats) -> tuple[Ints, Floats]:
    """Units and values with one value an annotator in each unit; who is not named is somebody else each time."""
    who = np.where(annotator < 0, annotator.max() + 1 + np.arange(len(annotator)), annotator)
    found, place = np.unique(np.stack([unit, who]), axis=1, return_inverse=True)
    return found[0], np.sign(np.bincount(place.reshape(-1), value))
