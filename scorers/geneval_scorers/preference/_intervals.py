"""Which method the intervals of a fit come from, and when none can be trusted."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from geneval_references import InputError
from geneval_scorers._ragged import Floats, Ints
from geneval_scorers.preference._clusters import Fitted, dense
from geneval_scorers.preference._comparisons import ClusterName, Comparisons, Labels
from geneval_scorers.preference._existence import strong_groups
from geneval_scorers.preference._solver import Problem, maximise, proven
from geneval_scorers.preference._spread import Curved, Profile, Refitted, Spread, Wild, signs_of

Interval = Literal["auto", "information", "sandwich", "bootstrap", "profile", "none"]
Cluster = Literal["auto", "item", "annotator", "both"]

MANY = 50
"""From so many clusters on the sandwich is used as it is."""

FEW = 10
"""A system that was compared in fewer clusters than these is named."""

FEWEST = 6
"""Signs of fewer clusters have so few patterns that no interval of 95 % can be made of them (2 / 2^5 > .05)."""

_RUNAWAY = 30.0
"""A log-worth that moves so far when a cluster is left out is not identified without it."""

_LOST = 0.01
"""The share of resamples without an estimate from which on a bootstrap is refused."""


class RefusedError(InputError):
    """Intervals that cannot be trusted; the message says why, and what can be asked for instead."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Errors of the estimates.

    Attributes:
        spread: them.
        method: how it is called in a signature.
        notes: what a reader should know.
    """

    spread: Spread
    method: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Clustering:
    """What votes are grouped by.

    Attributes:
        name: `item`, `annotator` or `both`.
        parts: clusters of each grouping.
    """

    name: str
    parts: tuple[Labels, ...]


def clustering(votes: Comparisons, cluster: Cluster | None) -> Clustering | None:
    """The groups of votes that may be alike; None where votes are taken for independent.

    `auto` takes items where they are given for all votes and some item has several, else annotators in the same way. Of
    one annotator alone, votes on items of their own are independent: what comes out is about that annotator.

    Raises:
        InputError: items or annotators are asked for and not there.
    """
    if cluster is None:
        return None
    if cluster == "both":
        return Clustering("both", (votes.labels("item"), votes.labels("annotator")))
    if cluster != "auto":
        return Clustering(cluster, (votes.labels(cluster),))
    names: tuple[ClusterName, ...] = ("item", "annotator")
    for name in names:
        found = votes.items if name == "item" else votes.annotators
        if found is None or (found.of < 0).any():
            continue
        groups = len(np.unique(found.of))
        if groups < len(votes) and (name, groups) != ("annotator", 1):
            return Clustering(name, (found,))
    return None


def information(fit: Fitted) -> Found:
    """From the curvature of the log-likelihood: votes are independent and the model holds."""
    return Found(Curved(fit.solution.theta, fit.solution.inverse), "information")


def robust(fit: Fitted) -> Found:
    """The sandwich of independent votes: the model need not hold. Its small-sample correction is n / (n - parameters).

    Raises:
        RefusedError: comparisons repeat each other so much that some difference would have no error.
    """
    inverse, votes = fit.solution.inverse, float(fit.problem.design.total.sum())
    covariance = inverse @ fit.meat() @ inverse * votes / max(votes - fit.parameters, 1.0)
    _check_rank(fit, covariance)
    return Found(Curved(fit.solution.theta, covariance), "sandwich")


def halves(fit: Fitted) -> Found:
    """Of ties as half wins: the sandwich, since the model does not hold; where it fails, the information."""
    try:
        return robust(fit)
    except RefusedError:
        note = "too few comparisons for a sandwich: intervals come from the information, which is too careful with half wins"
        return replace(information(fit), notes=(note,))


def profile(fit: Fitted) -> Found:
    """From the likelihood, times the prior, itself."""
    return Found(Profile(fit.problem, fit.solution, fit.solution.inverse), "profile")


def clustered(fit: Fitted, groups: Clustering, systems: tuple[str, ...], resamples: int, seed: int) -> Found:
    """The cluster sandwich, or the wild bootstrap where clusters are few.

    Raises:
        RefusedError: there are too few for the parameters, or some system is in one of them only.
    """
    parts = [_numbered(fit, labels) for labels in groups.parts]
    names = ["items", "annotators"] if groups.name == "both" else [f"{groups.name}s"]
    for (_, count), name in zip(parts, names, strict=True):
        if count <= fit.parameters:
            raise RefusedError(
                f"{count} {name} cannot show how uncertain {fit.parameters} parameters are: their sandwich has rank "
                f"{count - 1} at most. Take another cluster, or cluster=None, which takes all votes for independent"
            )
    if groups.name == "both":
        found = _two_way(fit, parts)
    elif parts[0][1] < FEWEST:
        raise RefusedError(
            f"{parts[0][1]} {names[0]} are too few for intervals ({FEWEST} are needed). Take another cluster, or "
            "cluster=None, which takes all votes for independent"
        )
    elif parts[0][1] < MANY:
        found = _wild(fit, *parts[0], names[0], (resamples, seed))
    else:
        found = _sandwich(fit, *parts[0])
    return replace(found, notes=(*found.notes, *_thin(fit, parts, names, systems)))


def _numbered(fit: Fitted, labels: Labels) -> tuple[Ints, int]:
    """Clusters of the comparisons that count, from 0 on, and how many there are."""
    used = np.flatnonzero(np.bincount(labels.of[fit.votes]))
    place = np.full(len(labels.names) + 1, -1)
    place[used] = np.arange(len(used))
    return place[labels.of], len(used)


def _thin(fit: Fitted, parts: list[tuple[Ints, int]], names: list[str], systems: tuple[str, ...]) -> tuple[str, ...]:
    """A note on systems that few clusters tell of."""
    from scipy import sparse

    notes = []
    votes, design = fit.votes, fit.design
    for (cluster, count), name in zip(parts, names, strict=True):
        ends = np.concatenate([end[design.cell[votes]] for end in (design.a, design.b)])
        met = sparse.coo_array((np.ones(len(ends)), (ends, np.tile(cluster[votes], 2))), shape=(design.size, count))
        seen = np.diff(met.tocsr().indptr)
        few = [systems[i] for i in np.flatnonzero((seen > 0) & (seen < FEW))]
        if few:
            notes.append(
                f"{len(few)} systems were compared in fewer than {FEW} {name} ({', '.join(few[:5])}"
                f"{', ...' if len(few) > 5 else ''}): their intervals rest on few {name} and may be too narrow"
            )
    return tuple(notes)


def _sandwich(fit: Fitted, cluster: Ints, count: int) -> Found:
    covariance = _one_way(fit, cluster, count)
    return Found(Curved(fit.solution.theta, covariance, count - 1), f"sandwich,CR1,t:{count - 1}")


def _one_way(fit: Fitted, cluster: Ints, count: int) -> Floats:
    scores = fit.scores(cluster, count)
    meat = dense(scores.T @ scores) * (count / (count - 1))
    covariance = np.asarray(fit.solution.inverse @ meat @ fit.solution.inverse)
    _check_rank(fit, covariance)
    return covariance


def _check_rank(fit: Fitted, covariance: Floats, most: float = math.inf) -> None:
    """A contrast that clusters say nothing of would have a variance of 0; a covariance of few draws has their rank at `most`.

    Raises:
        RefusedError: there is one.
    """
    scale = np.sqrt(np.maximum(np.diag(fit.solution.inverse), np.finfo(float).tiny))
    values = np.linalg.eigvalsh(covariance / np.outer(scale, scale))
    rank = int((values > 1e-9 * values[-1]).sum())
    if rank < min(fit.parameters, most):
        raise RefusedError(
            f"the covariance tells of {rank} of {fit.parameters} parameters: some system was compared in one cluster only, or "
            "all its comparisons ended alike. Take another cluster, or interval='information' with cluster=None"
        )


def _two_way(fit: Fitted, parts: list[tuple[Ints, int]]) -> Found:
    """Items + annotators - both at once (Cameron, Gelbach and Miller 2011)."""
    fewest = min(count for _, count in parts)
    if fewest < MANY:
        raise RefusedError(
            f"clusters by item and annotator at once need {MANY} of each or more; there are "
            f"{parts[0][1]} items and {parts[1][1]} annotators. Take the one of which there are fewer"
        )
    (items, _), (annotators, count) = parts
    _, both = np.unique(items * count + annotators, return_inverse=True)
    covariance = sum(_one_way(fit, *part) for part in parts) - _one_way(fit, both, int(both.max()) + 1)
    values, vectors = np.linalg.eigh(covariance)
    negative = int((values < -1e-9 * values[-1]).sum())
    note = (
        f"the covariance by item and annotator has {negative} negative eigenvalues (the largest is "
        f"{-values[0] / values[-1]:.1e} of the greatest); they were set to 0"
    )
    if negative:
        covariance = (vectors * np.maximum(values, 0.0)) @ vectors.T
    spread = Curved(fit.solution.theta, covariance, fewest - 1)
    return Found(spread, f"sandwich,CR1,t:{fewest - 1}", (note,) if negative else ())


def _wild(fit: Fitted, cluster: Ints, count: int, name: str, draws: tuple[int, int]) -> Found:
    alone = RefusedError(
        f"without one of the {count} {name} some worth is not identified: the {name} cannot show how uncertain it "
        "is. Take another cluster, or cluster=None, which takes all votes for independent"
    )
    try:
        steps, shares = fit.jackknife(cluster, count)
    except np.linalg.LinAlgError:
        raise alone from None
    if not np.abs(steps).max() < _RUNAWAY:
        raise alone
    steps = steps * np.sqrt((count - 1) / count)
    resamples, seed = draws
    spread = Wild(fit.solution.theta, steps.T @ steps, signs_of(resamples, count, seed), steps, shares)
    _check_rank(fit, spread.covariance)
    note = f"{count} {name} are too few for a sandwich (fewer than {MANY}): a wild score bootstrap of {name} gives the intervals"
    return Found(spread, f"wild:{resamples},CR3", (note,))


def bootstrapped(fit: Fitted, votes: Comparisons, groups: Clustering | None, resamples: int, seed: int) -> Found:
    """Percentiles over resamples of clusters, or of votes: counts are weighted anew, and the fit starts where it ended.

    Raises:
        RefusedError: too many resamples have no estimate, or there are two ways to cluster.
    """
    if groups is not None and groups.name == "both":
        raise RefusedError("a bootstrap takes one cluster: item or annotator")
    draws, lost = [], 0
    for counts in _resampled(fit, votes, groups, resamples, seed):
        theta = _refit(fit, counts)
        lost += theta is None
        if theta is not None:
            draws.append(theta)
    if lost > _LOST * resamples:
        raise RefusedError(
            f"in {lost} of {resamples} resamples some system wins or loses everything, so that they have no estimate. "
            "Take interval='information' or 'sandwich', or a prior"
        )
    notes = (f"{lost} of {resamples} resamples have no estimate and were left out",) if lost else ()
    found = np.stack(draws)
    covariance = np.cov(found.T, ddof=1)
    _check_rank(fit, covariance, len(found) - 1)
    return Found(Refitted(fit.solution.theta, found, covariance), f"bootstrap:{resamples}", notes)


def _resampled(
    fit: Fitted, votes: Comparisons, groups: Clustering | None, resamples: int, seed: int
) -> Iterator[Floats]:
    """Counts of the cells that count, [3, cells], in each resample."""
    rng = np.random.default_rng(seed)
    design = fit.problem.design
    each = 1.0 if (votes.weight == np.rint(votes.weight)).all() else float(votes.weight[0])
    if groups is None and (each == 1.0 or np.ptp(votes.weight) == 0):
        total = design.counts.sum()
        shares = design.counts.ravel() / total
        for _ in range(resamples):
            yield np.asarray(rng.multinomial(round(total / each), shares).reshape(3, -1) * each, np.float64)
        return
    cluster, count = (
        (np.cumsum(fit.votes) - 1, int(fit.votes.sum())) if groups is None else _numbered(fit, groups.parts[0])
    )
    table = _cluster_counts(fit, cluster, count)
    for _ in range(resamples):
        times = rng.multinomial(count, np.full(count, 1 / count))
        yield np.asarray(table.T @ times.astype(np.float64)).reshape(3, -1)


def _cluster_counts(fit: Fitted, cluster: Ints, count: int) -> Any:
    """What each cluster holds of each outcome in each cell that counts, sparse [clusters, 3 x cells]."""
    from scipy import sparse

    rows = np.flatnonzero(fit.votes)
    place = np.cumsum(fit.cells) - 1
    width = int(fit.cells.sum())
    column = fit.design.outcome[rows] * width + place[fit.design.cell[rows]]
    return sparse.coo_array((fit.design.weight[rows], (cluster[rows], column)), shape=(count, 3 * width)).tocsr()


def _refit(fit: Fitted, counts: Floats) -> Floats | None:
    """The estimates from other counts of the same cells; None where there are none."""
    design = fit.problem.design.reweighted(counts)
    if not design.kernel.fits_ties and not design.names:
        group = strong_groups(design.size, design.a, design.b, counts)
        if (group[design.a] != group[design.b]).any():
            return None
    elif design.kernel.fits_ties and not counts[2].any():
        return None
    problem = Problem(design, fit.problem.null, fit.problem.prior)
    found = maximise(problem, fit.solution.theta)
    return found.theta if found is not None and proven(problem, found) else None
