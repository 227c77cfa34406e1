"""Systems by people and by scorers: who is first and last, and which pairs change places, with probability."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from geneval.agreement._correlations import Floats, Ints
from geneval.underestimation._known import Known
from geneval.underestimation._outputs import Outputs
from geneval.underestimation._worths import Worths, worths_of
from geneval_scorers import Answers

LIKELY = 0.95
"""From this probability on, a flip is called one."""


def ranking_of(known: Known) -> dict[str, object]:
    """Ranks systems by people and by each scorer.

    Items are drawn with replacement, people's words and scores together: people are as unsure as scorers.
    """
    worths = worths_of(known)
    found = _by_grades(known) if known.evidence.kind == "ratings" else _by_choices(known, worths)
    fitted = {"reason": worths} if isinstance(worths, str) else worths.to_dict()
    return found | {"bradley_terry": fitted}


def _by_grades(known: Known) -> dict[str, object]:
    """By mean grade and corpus score, on the items that all systems have a grade and all scores for."""
    outputs, evidence = known.outputs, known.evidence
    systems = np.unique(evidence.system)
    if len(systems) < 2:
        return {"reason": "fewer than two systems have grades"}
    counts = np.bincount(evidence.item, minlength=len(outputs.items))
    items = np.flatnonzero(counts == len(systems))
    if len(items) < 2:
        return {"reason": "fewer than two items have grades and scores for all systems"}
    times = times_of(len(items), known.plan.resamples, known.plan.seed)
    grade = np.full((len(outputs.items), len(outputs.systems)), np.nan)
    grade[evidence.item, evidence.system] = evidence.grade
    people = times @ grade[np.ix_(items, systems)] / len(items)
    names = [outputs.systems[s] for s in systems]
    rows = [
        (answers.scorer.label, corpus_scores(outputs, answers, items, systems, times)) for answers in outputs.answers
    ]
    return _compared(known, names, people, rows) | {"items": len(items), "by": ["mean grade", "corpus score"]}


def _by_choices(known: Known, worths: Worths | str) -> dict[str, object]:
    """By Bradley-Terry worths, and by scorers' means over the outputs that were compared."""
    if isinstance(worths, str):
        return {"reason": worths}
    names, evidence, outputs = worths.identified, known.evidence, known.outputs
    if len(names) < 2:
        return {"reason": "people's choices give no two systems a worth that can be compared"}
    items = np.unique(evidence.item)
    times = times_of(len(items), known.plan.resamples, known.plan.seed)
    people = worths.drawn(times, [outputs.corpus.ids[i] for i in items.tolist()])
    compared = np.zeros(outputs.text.shape, bool)
    compared[evidence.item, evidence.system] = True
    where = np.ix_(items, np.asarray([outputs.systems.index(name) for name in names], np.int64))
    mask = compared[where]
    rows = []
    for number, scorer in enumerate(known.scorers):
        table = outputs.scores.table[number][where]
        rows.append((scorer.name, means(np.where(mask, table, 0.0), mask, times)))
    by = ["log-worth (Bradley-Terry), resampled by one Newton step", "mean score of the outputs that were compared"]
    return _compared(known, names, people, rows) | {"items": len(items), "by": by}


def times_of(items: int, resamples: int, seed: int) -> Floats:
    """How often each item counts: all once, then in draws with replacement, [1 + resamples, items]."""
    rng = np.random.default_rng(seed)
    times = rng.multinomial(items, np.full(items, 1 / items), size=resamples).astype(np.float64)
    return np.concatenate([np.ones((1, items)), times])


def means(values: Floats, mask: np.ndarray, times: Floats) -> Floats:
    """Means over items where `mask`, [draws, systems]; a system that a draw leaves out keeps its own."""
    many = times @ mask.astype(np.float64)
    sums = times @ values
    return np.asarray(np.where(many > 0, sums, sums[0]) / np.where(many > 0, many, np.maximum(many[0], 1.0)))


def _compared(known: Known, names: list[str], people: Floats, rows: list[tuple[str, Floats]]) -> dict[str, object]:
    return {
        "resamples": known.plan.resamples,
        "people": places(names, people),
        "scorers": [
            {"scorer": label, "systems": places(names, scores), "flips": flips(names, people, scores)}
            for label, scores in rows
        ],
    }


def corpus_scores(outputs: Outputs, answers: Answers, items: Ints, systems: Ints, times: Floats) -> Floats:
    """Corpus scores with items counted so many times, [times, systems]; higher is better."""
    number = np.full(outputs.text.shape, -1, np.int64)
    number[outputs.corpus.output_item, outputs.corpus.output_system] = np.arange(len(outputs.corpus.output_item))
    out = np.empty((len(times), len(systems)))
    for place, system in enumerate(systems.tolist()):
        layers = list(answers.layers(number[items, system]))
        sums = [times @ rows.astype(np.float64) for rows in layers]
        out[:, place] = np.mean([answers.scorer.finish(total, times.sum(axis=1)) for total in sums], axis=0)
    return -out if answers.scorer.info.direction == "lower" else out


def places(names: list[str], scores: Floats) -> list[dict[str, object]]:
    """Best first; `first` and `last` are shares of resamples."""
    drawn = scores[1:]
    first = np.bincount(drawn.argmax(axis=1), minlength=len(names)) / len(drawn)
    last = np.bincount(drawn.argmin(axis=1), minlength=len(names)) / len(drawn)
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    return [
        {"system": names[i], "value": float(scores[0, i]), "low": float(low[i]), "high": float(high[i])}
        | {"first": float(first[i]), "last": float(last[i])}
        for i in np.argsort(-scores[0], kind="stable").tolist()
    ]


def flips(names: list[str], people: Floats, scores: Floats) -> list[dict[str, object]]:
    """Pairs of systems that scorer and people order differently, and in what share of resamples they do."""
    found = []
    for one, other in combinations(range(len(names)), 2):
        apart = np.sign(people[:, one] - people[:, other]) * np.sign(scores[:, one] - scores[:, other]) < 0
        if not apart[0]:
            continue
        above, below = (one, other) if people[0, one] > people[0, other] else (other, one)
        chance = float(apart[1:].mean())
        found.append(
            {"people_prefer": names[above], "scorer_prefers": names[below], "probability": chance}
            | {"clear": chance >= LIKELY}
        )
    return found
