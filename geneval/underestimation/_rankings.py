"""Systems by people and by scorers: who is first and last, and which pairs change places, with probability."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from geneval.agreement._correlations import Floats, Ints, rounded
from geneval.underestimation._findings import OfScorer
from geneval.underestimation._known import Known
from geneval.underestimation._outputs import Outputs
from geneval.underestimation._people import Evidence
from geneval.underestimation._plan import ReportPlan
from geneval.underestimation._worths import Worths, worths_of
from geneval_scorers import Answers

LIKELY = 0.95
"""From this probability on, a flip is called one."""


@dataclass(frozen=True, eq=False)
class People:
    """People's order of systems, with items drawn again and again.

    Attributes:
        systems: places of those that they order.
        items: places of the items that count.
        mask: [items, systems] whose outputs people spoke about.
        times: [1 + resamples, items] how often each item counts; the first row counts all once.
        value: [1 + resamples, systems]; higher is better.
        names: of the systems.
        made: how.
    """

    systems: Ints
    items: Ints
    mask: np.ndarray
    times: Floats
    value: Floats
    names: list[str]
    made: str


def ranking_of(known: Known) -> dict[str, object]:
    """Ranks systems by people and by each scorer.

    Items are drawn with replacement, people's words and scores together: people are as unsure as scorers.
    """
    worths = worths_of(known)
    fitted = {"reason": worths} if isinstance(worths, str) else worths.to_dict()
    found = people_of(known, worths)
    body = {"reason": found} if isinstance(found, str) else _ranked(known, found)
    return {**body, "bradley_terry": fitted}


def people_of(known: Known, worths: Worths | str) -> People | str:
    """By mean grade on the items that have all grades and scores, or by worths; a sentence where there is no order."""
    graded = known.evidence.kind == "ratings"
    return _by_grades(known.outputs, known.evidence, known.plan) if graded else _by_choices(known, worths)


def _by_grades(outputs: Outputs, evidence: Evidence, plan: ReportPlan) -> People | str:
    systems = np.unique(evidence.system)
    if len(systems) < 2:
        return "fewer than two systems have grades"
    counts = np.bincount(evidence.item, minlength=len(outputs.items))
    items = np.flatnonzero(counts == len(systems))
    if len(items) < 2:
        return "fewer than two items have grades and scores for all systems"
    times = times_of(len(items), plan.resamples, plan.seed)
    value = times @ _table(outputs, evidence, evidence.grade)[np.ix_(items, systems)] / len(items)
    mask, names = np.ones((len(items), len(systems)), bool), [outputs.systems[s] for s in systems]
    return People(systems, items, mask, times, value, names, "mean grade")


def _table(outputs: Outputs, evidence: Evidence, values: Floats) -> Floats:
    """Values of cells, [items, systems]; NaN where there is none."""
    table = np.full((len(outputs.items), len(outputs.systems)), np.nan)
    table[evidence.item, evidence.system] = values
    return table


def _by_choices(known: Known, worths: Worths | str) -> People | str:
    if isinstance(worths, str):
        return worths
    names, evidence, outputs = worths.identified, known.evidence, known.outputs
    if len(names) < 2:
        return "people's choices give no two systems a worth that can be compared"
    items = np.unique(evidence.item)
    systems = np.asarray([outputs.systems.index(name) for name in names], np.int64)
    times = times_of(len(items), known.plan.resamples, known.plan.seed)
    value = worths.drawn(times, [outputs.corpus.ids[i] for i in items.tolist()])
    compared = np.zeros(outputs.text.shape, bool)
    compared[evidence.item, evidence.system] = True
    made = "log-worth (Bradley-Terry); resampled by one Newton step from the fit"
    return People(systems, items, compared[np.ix_(items, systems)], times, value, names, made)


def _ranked(known: Known, people: People) -> dict[str, object]:
    """By corpus score beside mean grades, by the mean of what was compared beside worths."""
    graded, rows = known.evidence.kind == "ratings", []
    for number, answers in enumerate(known.outputs.answers):
        if graded:
            scores = corpus_scores(known.outputs, answers, people.items, people.systems, people.times)
        else:
            table = known.outputs.scores.table[number][np.ix_(people.items, people.systems)]
            scores = means(np.where(people.mask, table, 0.0), people.mask, people.times)
        rows.append(
            {"scorer": answers.scorer.label, "systems": places(people.names, scores)}
            | {"flips": flips(people.names, people.value, scores)}
        )
    return {
        "items": len(people.items),
        "resamples": known.plan.resamples,
        "by": [
            people.made,
            "corpus score" if graded else "mean score of the outputs that were compared",
            *_turned(known),
        ],
        "people": places(people.names, people.value),
        "scorers": [*rows, *(row for judge in known.judges for row in _of_judge(judge))],
    }


def _turned(known: Known) -> list[str]:
    """What is to be said where lower is better: all numbers stand turned round, the higher the better."""
    criterion = known.said.of_ratings if known.evidence.kind == "ratings" else None
    names = [str(criterion.name or "grade")] if criterion and criterion.lower else []
    names += [one.scorer.label for one in known.outputs.answers if one.scorer.info.direction == "lower"]
    return [f"{', '.join(names)} turned round, for lower is better"] if names else []


def _of_judge(judge: OfScorer) -> list[dict[str, object]]:
    """By the mean of a judge's verdicts, on the items where it judged all systems; nothing where there are too few."""
    people = _by_grades(judge.outputs, judge.evidence, judge.plan) if judge.evidence.kind == "ratings" else ""
    if isinstance(people, str):
        return []
    values = _table(judge.outputs, judge.evidence, judge.scores)[np.ix_(people.items, people.systems)]
    scores = people.times @ values / len(people.items)
    row = {"scorer": judge.name, "items": len(people.items), "systems": places(people.names, scores)}
    return [row | {"flips": flips(people.names, people.value, scores)}]


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
    """Best first; `first` and `last` are shares of resamples, shared by systems that tie."""
    scores = rounded(scores)
    drawn = scores[1:]
    first, last = (
        _shared(drawn == best) for best in (drawn.max(axis=1, keepdims=True), drawn.min(axis=1, keepdims=True))
    )
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    return [
        {"system": names[i], "value": float(scores[0, i]), "low": float(low[i]), "high": float(high[i])}
        | {"first": float(first[i]), "last": float(last[i])}
        for i in np.argsort(-scores[0], kind="stable").tolist()
    ]


def _shared(there: np.ndarray) -> Floats:
    """[systems] the share of draws, a draw being shared by the systems that are there."""
    return np.asarray((there / there.sum(axis=1, keepdims=True)).mean(axis=0))


def flips(
    names: list[str], people: Floats, scores: Floats, preferred: str = "people_prefer"
) -> list[dict[str, object]]:
    """Pairs of systems that scorer and people order differently, and in what share of resamples they do."""
    found, people, scores = [], rounded(people), rounded(scores)
    for one, other in combinations(range(len(names)), 2):
        apart = np.sign(people[:, one] - people[:, other]) * np.sign(scores[:, one] - scores[:, other]) < 0
        if not apart[0]:
            continue
        above, below = (one, other) if people[0, one] > people[0, other] else (other, one)
        chance = float(apart[1:].mean())
        found.append(
            {preferred: names[above], "scorer_prefers": names[below], "probability": chance}
            | {"clear": chance >= LIKELY}
        )
    return found
