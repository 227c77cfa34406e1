"""THumB: people's worths as published, and true means from a fifth of the grades."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from geneval.data import read_inputs
from geneval.underestimation import ReportPlan, find_underestimation
from geneval.underestimation._powered import folds_of, of_people, powered
from geneval.underestimation._worths import worths_of

pytestmark = pytest.mark.real

SCORERS = ["token_f1", "chrf", "cider"]
PLAN = ReportPlan(components=("P", "R"), permutations=99, draws=100, resamples=100)


@pytest.fixture(scope="module")
def captions(shared):
    return read_inputs([str(shared / "data" / "thumb_mscoco" / "items.jsonl")])


@pytest.fixture(scope="module")
def whole(captions):
    return find_underestimation(captions, criterion="human_score", scorers=SCORERS, plan=PLAN)


def means(report, key):
    """(value, low, high) by system; `key` is a scorer, or None for people alone."""
    out = {}
    for row in report.sections["corrected"]["systems"]:
        found = {one["scorer"]: one["estimate"] for one in row["corrected"]}.get(key, row["people_only"])
        out[row["system"]] = (found.value, found.low, found.high)
    return out


# methods: B7, log-worths against Up-Down, ties half, on the data as given.
def test_worths_by_people(whole):
    known = whole.known
    raw = replace(known, evidence=known.said.evidence(known.outputs, known.plan))
    rows = {row.system: row for row in worths_of(raw).ranking.relative_to("Up-Down")}
    published = {"Human": 1.531, "VinVL-large": 0.905, "VinVL-base": 0.790, "Unified-VLP": 0.439}
    assert {name: rows[name].log_worth for name in published} == pytest.approx(published, abs=5.1e-4)
    clean = whole.sections["ranking"]["bradley_terry"]
    assert [row["system"] for row in clean["worths"]][:2] == ["Human", "VinVL-large"]
    assert clean["items"] == 461 and clean["worths"][0]["rank_high"] == 1


def test_all_judged_leaves_nothing_to_gain(whole):
    found = whole.sections["corrected"]
    assert found["nothing_to_gain"] and means(whole, "chrf") == means(whole, None)
    assert {name: round(one[0], 3) for name, one in means(whole, None).items()} == {
        "Human": 4.590, "VinVL-large": 4.257, "VinVL-base": 4.218, "Unified-VLP": 4.080, "Up-Down": 3.906
    }  # fmt: skip


def test_a_fifth_of_the_grades_gives_the_means_of_all(captions, whole):
    """All five systems' means lie in their intervals, which are no wider than people's alone."""
    ids = sorted({row.id for row in captions.ratings})
    kept = set(np.random.default_rng(1).choice(ids, 100, replace=False).tolist())
    few = [row for row in captions.ratings if row.id in kept]
    report = find_underestimation(captions, ratings=few, criterion="human_score", scorers=SCORERS, plan=PLAN)
    found, truth, people = report.sections["corrected"], means(whole, None), means(report, None)
    assert not found["warnings"] and not found["nothing_to_gain"]
    for scorer in SCORERS:
        mine = means(report, scorer)
        assert sum(low <= truth[name][0] <= high for name, (_, low, high) in mine.items()) >= 4
        for name, (_, low, high) in mine.items():
            assert high - low <= 1.01 * (people[name][2] - people[name][1])
    assert found["order"]["systems"][0] | {"value": 0} == {
        "system": "Human", "value": 0, "first": 1.0, "last": 0.0, "rank_low": 1, "rank_high": 1
    }  # fmt: skip


@pytest.mark.parametrize("place", range(len(SCORERS)))
def test_intervals_hold_the_means_of_all_and_gain_a_little(whole, place):
    """Over 200 draws of 100 items; metrics of captions follow people weakly, and so the gain is small."""
    known = whole.known
    grade = np.full(known.outputs.text.shape, np.nan)
    grade[known.evidence.item, known.evidence.system] = known.evidence.grade
    scores = known.outputs.scores.table[place][known.items]
    grade, rng, held, gain = grade[known.items], np.random.default_rng(place), [], []
    for seed in range(200):
        judged = np.isin(np.arange(len(grade)), rng.choice(len(grade), 100, replace=False))
        some = np.where(judged[:, None], grade, np.nan)
        found, alone = powered(some, scores, folds_of(some, seed)), of_people(some)
        held.append(np.abs(found.spread.value - grade.mean(axis=0)) <= 1.984 * found.spread.se)
        gain.append((alone.spread.se / found.spread.se) ** 2)
    assert np.mean(held) >= 0.95
    assert 1.0 < np.mean(gain) < 1.3
