"""Systems by people and by scorers: who is first and last, and which pairs change places, with probability."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from geneval.agreement._correlations import Floats, Ints
from geneval.underestimation._findings import OfScorer
from geneval.underestimation._known import Known
from geneval.underestimation._outputs import Outputs
from geneval.underestimation._people import Evidence
from geneval.underestimation._plan import ReportPlan
from geneval_scorers import Answers

LIKELY = 0.95
"""From this probability on, a flip is called one."""


def ranking_of(known: Known) -> dict[str, object]:
    """Ranks systems on the items that all of them have a grade and all scores for.

    Items are drawn with replacement, people's grades and scores together: people are as unsure as scorers. A judge's
    verdicts are ranked by their mean, on the items where it judged all systems.
    """
    outputs, evidence = known.outputs, known.evidence
    if evidence.kind != "ratings" or len(np.unique(evidence.system)) < 2:
        return {"reason": "systems are ranked by people where ratings say how good each output is"}
    drawn = _drawn(evidence, outputs, known.plan)
    if drawn is None:
        return {"reason": "fewer than two items have grades and scores for all systems"}
    names = [outputs.systems[s] for s in drawn.systems]
    rows = []
    for answers in outputs.answers:
        scores = corpus_scores(outputs, answers, drawn.items, drawn.systems, drawn.times)
        flips = _flips(names, drawn.people, scores)
        rows.append({"scorer": answers.scorer.label, "systems": _places(names, scores), "flips": flips})
    return {
        "items": len(drawn.items),
        "resamples": known.plan.resamples,
        "people": _places(names, drawn.people),
        "scorers": [*rows, *(row for judge in known.judges for row in _of_judge(judge))],
    }


@dataclass(frozen=True, slots=True, eq=False)
class _Drawn:
    """Resamples of the items that all systems have grades for: how often each counts, and people's means."""

    items: Ints
    systems: Ints
    times: Floats
    people: Floats


def _drawn(evidence: Evidence, outputs: Outputs, plan: ReportPlan) -> _Drawn | None:
    systems = np.unique(evidence.system)
    counts = np.bincount(evidence.item, minlength=len(outputs.items))
    items = np.flatnonzero(counts == len(systems))
    if len(items) < 2:
        return None
    rng = np.random.default_rng(plan.seed)
    times = rng.multinomial(len(items), np.full(len(items), 1 / len(items)), size=plan.resamples).astype(np.float64)
    times = np.concatenate([np.ones((1, len(items))), times])
    grades = _table(evidence, outputs, evidence.grade)[np.ix_(items, systems)]
    return _Drawn(items, systems, times, times @ grades / len(items))


def _table(evidence: Evidence, outputs: Outputs, values: Floats) -> Floats:
    """Values of cells, [items, systems]; NaN where there is none."""
    table = np.full((len(outputs.items), len(outputs.systems)), np.nan)
    table[evidence.item, evidence.system] = values
    return table


def _of_judge(judge: OfScorer) -> list[dict[str, object]]:
    """The row of a judge; none where it judged all systems for fewer than two items."""
    drawn = _drawn(judge.evidence, judge.outputs, judge.plan)
    if drawn is None or len(drawn.systems) < 2:
        return []
    values = _table(judge.evidence, judge.outputs, judge.scores)[np.ix_(drawn.items, drawn.systems)]
    scores = drawn.times @ values / len(drawn.items)
    names = [judge.outputs.systems[s] for s in drawn.systems]
    row = {"scorer": judge.name, "items": len(drawn.items), "systems": _places(names, scores)}
    return [row | {"flips": _flips(names, drawn.people, scores)}]


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
