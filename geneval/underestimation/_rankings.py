"""Systems by people and by scorers: who is first and last, and which pairs change places, with probability."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from geneval.agreement._correlations import Floats, Ints
from geneval.underestimation._known import Known
from geneval.underestimation._outputs import Outputs
from geneval_scorers import Answers

LIKELY = 0.95
"""From this probability on, a flip is called one."""


def ranking_of(known: Known) -> dict[str, object]:
    """Ranks systems on the items that all of them have a grade and all scores for.

    Items are drawn with replacement, people's grades and scores together: people are as unsure as scorers.
    """
    outputs, evidence = known.outputs, known.evidence
    resamples, seed = known.plan.resamples, known.plan.seed
    systems = np.unique(evidence.system)
    if evidence.kind != "ratings" or len(systems) < 2:
        return {"reason": "systems are ranked by people where ratings say how good each output is"}
    counts = np.bincount(evidence.item, minlength=len(outputs.items))
    items = np.flatnonzero(counts == len(systems))
    if len(items) < 2:
        return {"reason": "fewer than two items have grades and scores for all systems"}
    rng = np.random.default_rng(seed)
    times = rng.multinomial(len(items), np.full(len(items), 1 / len(items)), size=resamples).astype(np.float64)
    times = np.concatenate([np.ones((1, len(items))), times])
    grade = np.full((len(outputs.items), len(outputs.systems)), np.nan)
    grade[evidence.item, evidence.system] = evidence.grade
    people = times @ grade[np.ix_(items, systems)] / len(items)
    names = [outputs.systems[s] for s in systems]
    found: dict[str, object] = {"items": len(items), "resamples": resamples, "people": _places(names, people)}
    rows = []
    for answers in outputs.answers:
        scores = corpus_scores(outputs, answers, items, systems, times)
        flips = _flips(names, people, scores)
        rows.append({"scorer": answers.scorer.label, "systems": _places(names, scores), "flips": flips})
    return found | {"scorers": rows}


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


def _places(names: list[str], scores: Floats) -> list[dict[str, object]]:
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


def _flips(names: list[str], people: Floats, scores: Floats) -> list[dict[str, object]]:
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
