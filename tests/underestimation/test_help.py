"""What would help most: where errors come from, and how many references are enough."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import geneval
from geneval.data import Preference, Rating, inputs_from_lists
from geneval.underestimation import ReportPlan, find_underestimation
from geneval.underestimation._components import extrapolated, liking, reference_noise
from geneval.underestimation._reference_halves import halves_of

PLAN = ReportPlan(permutations=99, draws=100, resamples=100)
WORDS = [f"w{n}" for n in range(30)]


def written(items=60, references=4, seed=0, raters="pq"):
    rng = np.random.default_rng(seed)
    said = [[" ".join(rng.choice(WORDS, 6, replace=False)) for _ in range(references)] for _ in range(items)]
    predictions = {name: [" ".join(rng.choice(WORDS, 6, replace=False)) for _ in range(items)] for name in "abc"}
    ratings = [
        Rating(str(n + 1), name, grade + 0.4 * rng.normal(), None, who)
        for n in range(items)
        for name in predictions
        for grade in [rng.integers(1, 6)]
        for who in raters
    ]
    return inputs_from_lists(predictions=predictions, references=said), ratings


@pytest.fixture(scope="module")
def report():
    inputs, ratings = written()
    return find_underestimation(inputs, ratings=ratings, scorers=["token_f1", "bleu", "cider"], plan=PLAN)


@pytest.fixture(scope="module")
def helped(report):
    return report.sections["help"]


def test_halves_are_disjoint_and_scored_like_anything_else(report):
    halves = halves_of(report.known)
    corpus, place = report.known.outputs.corpus, 7
    assert (halves.references, halves.most) == (4, 2)
    for draw in range(3):
        one, other = (
            halves.answers[0].queries.references.row(int(halves.question[draw, half, 1, place])) for half in (0, 1)
        )
        assert not set(one.tolist()) & set(other.tolist())
        assert set(one.tolist()) | set(other.tolist()) == set(corpus.references.row(int(halves.item[place])).tolist())
        text = corpus.texts[report.known.outputs.text[halves.item[place], halves.system[place]]]
        for number, scorer in enumerate(["token_f1", "bleu"]):
            given = [corpus.texts[t] for t in one]
            slow = geneval.score(predictions=[text], references=[given], scorers=[scorer], resamples=0)
            assert halves.scores[number, draw, 0, 1, place] == pytest.approx(slow.columns["score"][0], abs=1e-9)


def test_components_name_their_source_and_what_cannot_be_told(helped):
    for row in helped["scorers"]:
        found = {one["source"]: one for one in row["components"]}
        assert set(found) == {"items", "references", "grades", "raters"}
        assert all(one["variance"] is None or one["variance"] >= 0 for one in found.values())
        assert found["raters"]["variance"] is not None and not found["raters"]["in_interval"]


def test_standard_errors_are_those_of_the_findings(report, helped):
    for row in helped["scorers"]:
        one = next(one for one in report.known.scorers if one.name == row["scorer"])
        now = math.sqrt(float((one.matched.se**2).mean()))
        options = {option["option"]: option for option in row["options"]}
        assert all(option["se_now"] == pytest.approx(now) for option in options.values())
        assert options["twice the items"]["se_then"] == pytest.approx(now / math.sqrt(2))
        new = options["150 grades of outputs of new items"]
        # New outputs get two grades each, as the 180 have: 150 grades are 75 outputs.
        assert new["se_then"] == pytest.approx(now * math.sqrt(180 / 255)) and new["adds"] == {"judgements": 150}
        assert options["2 more references an item"]["adds"] == {"references": 120}
        # 150 of 180 outputs with three grades in place of two.
        again = options["150 more grades of outputs that have some"]["se_then"]
        parts = {part["source"]: part["variance"] for part in row["components"]}
        grades = parts["grades"] * min(now**2 / (parts["grades"] + parts["references"]), 1.0)
        assert again == pytest.approx(math.sqrt(now**2 - grades * 150 / 180 / 3), rel=1e-6)
        assert "would help most" in row["sentence"] and f"{now:.3g}" in row["sentence"]


def test_what_would_settle_it_is_what_findings_say(report, helped):
    for row in helped["scorers"]:
        needed = max((f.needed for f in report.findings if f.scorer == row["scorer"] and f.needed), default=None)
        told = [option for option in row["options"] if "would settle" in option["option"]]
        assert bool(told) == bool(needed)
        if needed:
            assert f"about {needed:,} judged outputs" in row["sentence"]
            assert told[0]["adds"] == {"judged_outputs": needed - 180}


def test_a_scorer_that_gives_everybody_the_same_cannot_be_helped():
    inputs, ratings = written(40)
    found = find_underestimation(inputs, ratings=ratings, scorers=["exact"], plan=PLAN).sections["help"]["scorers"][0]
    assert "nothing would help" in found["sentence"] and {option["se_now"] for option in found["options"]} == {0.0}


def test_one_reference_tells_nothing_of_more():
    inputs, ratings = written(references=1, raters="p")
    found = find_underestimation(inputs, ratings=ratings, scorers=["token_f1"], plan=PLAN).sections["help"]
    row = found["references"][0]
    assert (row["enough"], row["at_least"], row["points"]) == (None, 1, [])
    parts = {one["source"]: one for one in found["scorers"][0]["components"]}
    assert parts["references"]["variance"] is None and parts["raters"]["variance"] is None
    assert (
        found["scorers"][0]["options"][0]["se_then"] is None
        and "of new items would help" in found["scorers"][0]["sentence"]
    )


def test_preferences_are_helped_too():
    inputs, _ = written()
    rng = np.random.default_rng(1)
    choices = [
        Preference(str(n + 1), "a", "b", "ab"[int(rng.random() < 0.1) ^ (n % 2)], who)
        for n in range(60)
        for who in ("x", "y", "z")
    ]
    found = find_underestimation(inputs, preferences=choices, scorers=["token_f1"], plan=PLAN).sections["help"]
    options = {option["option"]: option for option in found["scorers"][0]["options"]}
    again = options["150 choices between outputs of new items"]
    assert again["se_then"] == pytest.approx(again["se_now"] * math.sqrt(180 / 330))
    assert all(point["systems"].value is None for point in found["references"][0]["points"])


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6))
def test_noise_of_references_by_explicit_loops(seed):
    rng = np.random.default_rng(seed)
    item, weights = np.repeat(np.arange(4), 3), rng.normal(size=(2, 12))
    scores = rng.normal(size=(5, 2, 2, 12))
    for k in range(2):
        slow = []
        for mine in weights:
            for draw in scores:
                apart = [
                    sum(mine[c] * (draw[0, k, c] - draw[1, k, c]) for c in range(12) if item[c] == i) for i in range(4)
                ]
                slow.append(sum(one**2 for one in apart) / 2)
        assert reference_noise(weights, item, scores)[k] == pytest.approx(np.mean(slow))


def test_noise_of_a_mean_over_references_halves_from_one_to_two():
    """All splits of four references: the mean of half squared differences is s^2 at one reference, s^2 / 2 at two."""
    rng = np.random.default_rng(2)
    pairs = rng.normal(size=(4, 50))
    splits = [[*two, *(set(range(4)) - set(two))] for two in combinations(range(4), 2)]
    scores = np.asarray([[[pairs[o[2 * h : 2 * h + k]].mean(axis=0) for k in (1, 2)] for h in (0, 1)] for o in splits])
    noise = reference_noise(np.ones((1, 50)), np.arange(50), scores)
    assert noise[1] == pytest.approx(pairs.var(axis=0, ddof=1).sum() / 2)
    found = extrapolated(np.asarray([1.0, 0.5]), 4)
    assert (found.variance, found.power, found.at(4)) == pytest.approx((0.25, 1.0, 0.125))
    assert extrapolated(np.asarray([1.0]), 2).assumed


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6))
def test_likings_by_explicit_pairs_of_grades(seed):
    """Each two rests by one rater, of different cells, with what they are worth in variances."""
    rng = np.random.default_rng(seed)
    rows = [(c, r, c % 2, rng.normal()) for c in range(8) for r in rng.choice(4, rng.integers(2, 4), replace=False)]
    people = {c: {r for cell, r, _, _ in rows if cell == c} for c in range(8)}
    mean = {c: np.mean([v for cell, _, _, v in rows if cell == c]) for c in range(8)}
    sums = {True: [0.0, 0.0], False: [0.0, 0.0]}
    for cell, rater, system, value in rows:
        for other, second, its, more in rows:
            if other == cell or second != rater:
                continue
            one, two = people[cell], people[other]
            worth = 1 - 1 / len(one) - 1 / len(two) + len(one & two) / len(one) / len(two)
            sums[system == its][0] += (value - mean[cell]) * (more - mean[other])
            sums[system == its][1] += worth
    found = liking(
        *(np.asarray([row[place] for row in rows]) for place in (0, 1, 2)), np.asarray([row[3] for row in rows])
    )
    if found is None:
        assert min(total for _, total in sums.values()) < 1
    else:
        assert found == pytest.approx(sums[True][0] / sums[True][1] - sums[False][0] / sums[False][1], abs=1e-8)
