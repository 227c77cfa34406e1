"""How many references are enough: agreement with people at k references, on disjoint parts of each item's references."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from geneval.agreement._correlations import Floats, Ints
from geneval.underestimation._known import Known
from geneval.underestimation._model import Estimate
from geneval.underestimation._reference_halves import DRAWS, Halves

FEW = 5
"""Draws for corpus scores."""

EPS = 0.01
"""A gain in agreement below this is none: one pair of outputs in a hundred."""


def agreement_at_k(known: Known, halves: Halves | None) -> list[dict[str, object]]:
    """For each scorer agreement with people at each k, and from which k on more references gain nothing to speak of."""
    if halves is None:
        reason = "most items have one reference; how agreement grows with them cannot be told"
        return [_told(one.name, [], None, 1, reason) for one in known.scorers]
    rng = np.random.default_rng(known.plan.seed)
    many = len(halves.items)
    times = rng.multinomial(many, np.full(many, 1 / many), size=known.plan.resamples).astype(np.float64)
    times = np.concatenate([np.ones((1, many)), times])
    order = known.evidence.pairs()
    return [_of_scorer(known, halves, place, times, order) for place in range(len(known.scorers))]


def _of_scorer(known: Known, halves: Halves, scorer: int, times: Floats, order: tuple[Ints, Ints]) -> dict[str, object]:
    right, pairs = _right(known, halves, scorer, order)
    name = known.scorers[scorer].name
    if not pairs.sum():
        return _told(name, [], None, halves.references, "people put no two outputs of an item in order")
    within = np.stack([times @ row / np.maximum(times @ pairs, 1.0) for row in right])
    systems = _systems(known, halves, scorer, times)
    pairs_of_systems = len(np.unique(halves.system)) * (len(np.unique(halves.system)) - 1) // 2
    points = [_point(known, within, systems, k, (int(pairs.sum()), pairs_of_systems)) for k in range(halves.most)]
    gains = [point["gain"] for point in points[:-1]]
    enough = next((k for k, gain in enumerate(gains, 1) if isinstance(gain, Estimate) and _below(gain)), None)
    return _told(name, points, enough, halves.references, _sentence(name, points, enough, halves))


def _below(gain: Estimate) -> bool:
    return gain.high is not None and gain.high < EPS


def _told(
    name: str, points: Sequence[dict[str, object]], enough: int | None, references: int, sentence: str
) -> dict[str, object]:
    at_least = None if enough else references
    return {"scorer": name, "points": list(points), "enough": enough, "at_least": at_least, "sentence": sentence}


def _point(known: Known, within: Floats, systems: Floats | str, k: int, pairs: tuple[int, int]) -> dict[str, object]:
    """Agreement at k + 1 references, and what the largest k gains over it."""
    estimator = f"mean over {DRAWS} draws of two disjoint parts; bootstrap over items"
    by_system = (
        Estimate.none(systems, "pairs of systems")
        if isinstance(systems, str)
        else _drawn(known, systems[k], pairs[1], "pairs of systems", estimator)
    )
    return {
        "k": k + 1,
        "agreement": _drawn(known, within[k], pairs[0], "pairs", f"share of pairs in people's order; {estimator}"),
        "gain": _drawn(known, within[-1] - within[k], pairs[0], "pairs", f"agreement at {len(within)} less at {k + 1}"),
        "systems": by_system,
    }


def _drawn(known: Known, values: Floats, n: int, unit: str, estimator: str) -> Estimate:
    tail = (1 - known.plan.confidence) / 2
    low, high = np.quantile(values[1:], [tail, 1 - tail])
    return Estimate(float(values[0]), float(low), float(high), n, unit, estimator)


def _right(known: Known, halves: Halves, scorer: int, pairs: tuple[Ints, Ints]) -> tuple[Floats, Floats]:
    """Pairs in people's order, mean over draws, [ks, items], and pairs, [items]; ties are half."""
    evidence, span = known.evidence, len(known.outputs.systems)
    key = halves.item * span + halves.system
    above, below = pairs
    mine = np.isin(evidence.item[above], halves.items)
    first, second = (
        np.searchsorted(key, evidence.item[side[mine]] * span + evidence.system[side[mine]]) for side in (above, below)
    )
    scores = halves.scores[scorer]
    order = (np.sign(scores[..., first] - scores[..., second]) + 1) / 2
    shares = order.mean(axis=(0, 1))
    whole = ~np.isnan(shares).any(axis=0)
    place = np.searchsorted(halves.items, halves.item[first[whole]])
    right = np.stack([np.bincount(place, row[whole], len(halves.items)) for row in shares]).astype(np.float64)
    return right, np.bincount(place, minlength=len(halves.items)).astype(np.float64)


def _systems(known: Known, halves: Halves, scorer: int, times: Floats) -> Floats | str:
    """Pairs of systems in people's order by the corpus score at each k, [ks, 1 + resamples]; a reason where there is none."""
    evidence = known.evidence
    systems = np.unique(halves.system)
    if evidence.kind != "ratings":
        return "preferences do not tell how good a system is by itself"
    there = np.zeros((len(halves.items), len(known.outputs.systems)), bool)
    place = np.searchsorted(halves.items, halves.item)
    there[place, halves.system] = ~np.isnan(halves.scores[scorer]).any(axis=(0, 1, 2))
    items = np.flatnonzero(there[:, systems].all(axis=1))
    if len(systems) < 2 or len(items) < 2:
        return "fewer than two items have grades and scores for all systems"
    output = np.full(there.shape, -1)
    output[place, halves.system] = np.arange(len(place))
    grade = np.full((len(known.outputs.items), len(known.outputs.systems)), np.nan)
    grade[evidence.item, evidence.system] = evidence.grade
    weights = times[:, items]
    people = _apart(weights @ grade[np.ix_(halves.items[items], systems)])
    agreed = np.zeros((halves.most, len(times)))
    mine = output[np.ix_(items, systems)]
    for k in range(halves.most):
        for questions in halves.question[:FEW, :, k].reshape(-1, len(place)):
            right = (_apart(_corpus(halves, scorer, questions[mine], weights)) * people + 1) / 2
            agreed[k] += np.where(people != 0, right, 0).sum(axis=1) / np.maximum((people != 0).sum(axis=1), 1)
    return np.asarray(agreed / (2 * FEW))


def _apart(values: Floats) -> Floats:
    """Which of each two systems is ahead, [times, pairs]."""
    one, other = np.triu_indices(values.shape[1], 1)
    return np.asarray(np.sign(np.round(values[:, one] - values[:, other], 12)))


def _corpus(halves: Halves, scorer: int, questions: Ints, times: Floats) -> Floats:
    """Corpus scores with items counted so many times, [times, systems]; higher is better."""
    answers = halves.answers[scorer]
    out = np.empty((len(times), questions.shape[1]))
    for system, mine in enumerate(questions.T):
        rows = next(answers.layers(mine))
        out[:, system] = answers.scorer.finish(times @ rows.astype(np.float64), times.sum(axis=1))
    return -out if answers.scorer.info.direction == "lower" else out


def _sentence(name: str, points: Sequence[dict[str, object]], enough: int | None, halves: Halves) -> str:
    most = halves.most
    if most < 2:
        return (
            f"{name}: {halves.references} references part into halves of one, so what more would gain cannot be told: at "
            f"least {halves.references}"
        )
    if enough:
        gain = points[enough - 1]["gain"]
        upper = gain.high if isinstance(gain, Estimate) and gain.high is not None else 0.0
        return (
            f"{name}: {enough} {'references are' if enough > 1 else 'reference is'} enough for an item to agree with people: {most} gain less "
            f"than {EPS:g} (at most {upper:+.3f})"
        )
    gain = points[-2]["gain"]
    shown = f"{gain.value:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]" if isinstance(gain, Estimate) else "?"
    return (
        f"{name}: at least {halves.references} references an item: from {most - 1} to {most}, agreement gains {shown}, which "
        f"is not shown to be below {EPS:g}"
    )
