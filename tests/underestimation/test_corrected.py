"""Corrected means: the fast computation equals a slow one, intervals hold, and what cannot be is said."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geneval.data import Rating, inputs_from_lists
from geneval.underestimation import ReportPlan, find_underestimation
from geneval.underestimation._corrected import _apart
from geneval.underestimation._powered import FOLDS, LEAST, folds_of, of_people, order_of, powered

WORDS = ["red", "blue", "old", "new", "cat", "dog", "bird", "sits", "runs", "here", "there", "now"]


def slope_without(grade, score, fold, k):
    """Least squares with a column for each system."""
    rows = [
        (i, s) for i in range(len(grade)) for s in range(grade.shape[1]) if fold[i] != k and not np.isnan(grade[i, s])
    ]
    x = np.asarray([[float(s == t) for t in range(grade.shape[1])] + [score[i, s]] for i, s in rows])
    return np.linalg.lstsq(x, np.asarray([grade[i, s] for i, s in rows]), rcond=None)[0][-1]


def slow(grade, score, fold):
    """One output after the other: values, weights, and covariance from each item's part in the errors."""
    items, systems = grade.shape
    slopes = [slope_without(grade, score, fold, k) for k in range(FOLDS)]
    values, weights, parts = [], [], np.zeros((items, systems))
    for s in range(systems):
        judged = [i for i in range(items) if not np.isnan(grade[i, s])]
        others = [i for i in range(items) if np.isnan(grade[i, s]) and not np.isnan(score[i, s])]
        centre = np.mean([score[i, s] for i in judged + others])
        own = {i: slopes[fold[i]] * (score[i, s] - centre) for i in judged}
        line = np.mean([slopes[fold[i]] for i in judged])
        rest = {i: line * (score[i, s] - centre) for i in others}
        n, more, w = len(judged), len(others), 0.0
        if n >= LEAST and more:
            y, f = [grade[i, s] for i in judged], [own[i] for i in judged]
            shared = np.mean((np.asarray(y) - np.mean(y)) * (np.asarray(f) - np.mean(f)))
            w = shared / ((1 + n / more) * np.var([*own.values(), *rest.values()], ddof=1))
            w = min(max(w, 0.0), 1.0)
        mean = np.mean([grade[i, s] - w * own[i] for i in judged])
        beyond = np.mean([rest[i] for i in others]) if others else 0.0
        values.append(mean + w * beyond)
        weights.append(w)
        for i in judged:
            parts[i, s] += (grade[i, s] - w * own[i] - mean) / math.sqrt(n * (n - 1 - 2 * (w > 0)))
        for i in others:
            parts[i, s] += w * (rest[i] - beyond) / math.sqrt(max(more * (more - 1), 1))
    return np.asarray(values), np.asarray(weights), parts.T @ parts


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 4), st.floats(-1, 2))
def test_fast_equals_slow(seed, systems, follows):
    """Ragged: outputs missing, each system's judged items its own."""
    rng = np.random.default_rng(seed)
    quality = rng.normal(size=(90, systems))
    score = np.where(rng.random(quality.shape) < 0.9, 5 + follows * quality + rng.normal(size=quality.shape), np.nan)
    grade = np.where((rng.random(quality.shape) < 0.5) & ~np.isnan(score), quality, np.nan)
    fold = folds_of(grade, seed)
    found, (values, weights, covariance) = powered(grade, score, fold), slow(grade, score, fold)
    assert found.spread.value == pytest.approx(values, abs=1e-9)
    assert found.weight == pytest.approx(weights, abs=1e-9)
    assert found.spread.covariance == pytest.approx(covariance, abs=1e-12)


def test_no_item_has_a_part_in_its_own_prediction():
    rng = np.random.default_rng(0)
    grade = np.where(np.arange(60)[:, None] < 40, rng.normal(size=(60, 3)), np.nan)
    fold = folds_of(grade, 1)
    assert (fold[:40] >= 0).all() and (fold[40:] == -1).all()
    assert set(np.bincount(fold[:40])) == {4}


def test_a_perfect_scorer_makes_few_judgements_worth_all():
    rng = np.random.default_rng(0)
    quality = rng.normal(size=(400, 2))
    grade = np.where(np.arange(400)[:, None] < 40, quality, np.nan)
    found = powered(grade, quality * 7 + 3, folds_of(grade, 0))
    assert found.spread.value == pytest.approx(quality.mean(axis=0), abs=0.02)
    assert (of_people(grade).spread.se / found.spread.se > 2.5).all()


def test_where_all_are_judged_means_are_peoples():
    grade = np.random.default_rng(0).normal(size=(50, 3))
    found, people = powered(grade, grade + 1, folds_of(grade, 0)), of_people(grade)
    assert (found.weight == 0).all()
    assert found.spread.value == pytest.approx(grade.mean(axis=0)) == people.spread.value
    assert people.spread.se == pytest.approx(grade.std(axis=0, ddof=1) / math.sqrt(50))


@pytest.mark.parametrize("noise", [0.0, 1e-15])
def test_scores_that_are_equal_add_nothing_and_warn_of_nothing(noise):
    """Equal up to rounding, too."""
    rng = np.random.default_rng(0)
    grade = np.where(np.arange(100)[:, None] < 50, rng.normal(size=(100, 2)), np.nan)
    score = 0.3 + noise * rng.normal(size=(100, 2))
    found = powered(grade, score, folds_of(grade, 0))
    assert (found.weight == 0).all()
    assert found.spread.value == pytest.approx(of_people(grade).spread.value, abs=1e-12)
    assert _apart(score[:, 0], np.arange(100) < 50) is None


def test_ranks_and_probabilities_of_systems_far_apart_and_alike():
    rng = np.random.default_rng(0)
    grade = rng.normal(size=(200, 3)) + np.asarray([0.0, 0.0, 5.0])
    order = order_of(of_people(grade), 0.95, 1)
    assert order.first.tolist() == [0, 0, 1] and order.last[2] == 0 and sum(order.last) == pytest.approx(1)
    assert order.rank_low.tolist() == [2, 2, 1] and order.rank_high.tolist() == [3, 3, 1]
    assert (np.diag(order.p) == 1).all() and (order.p == order.p.T).all()


def drawn(judged, items=90, seed=0):
    """Texts whose shared words with the reference make the grade; some of them judged."""
    rng = np.random.default_rng(seed)
    references = [" ".join(rng.choice(WORDS, 6, replace=False)) for _ in range(items)]
    predictions = {name: [] for name in ("one", "two")}
    ratings = []
    for n, reference in enumerate(references):
        for name, texts in predictions.items():
            kept = rng.integers(1, 6)
            texts.append(" ".join([*reference.split()[:kept], *["wrong"] * (6 - kept)]))
            if judged(n, kept):
                ratings.append(Rating(str(n + 1), name, kept + rng.normal() / 2))
    return inputs_from_lists(predictions=predictions, references=references), ratings


def section(judged, **given):
    inputs, ratings = drawn(judged, **given)
    plan = ReportPlan(permutations=99, draws=100, resamples=100)
    return find_underestimation(inputs, ratings=ratings, scorers=["token_f1"], plan=plan).sections["corrected"]


def test_a_report_corrects_by_the_scorer():
    found = section(lambda n, _: n < 45)
    assert "90 of 180 outputs are judged" in found["sentence"] and not found["warnings"]
    assert "random sample" in found["assumption"]
    for row in found["systems"]:
        (corrected,) = row["corrected"]
        assert (row["judged"], row["outputs"]) == (45, 90) and corrected["gain"] > 1.3
        people, best = row["people_only"], corrected["estimate"]
        assert best.high - best.low < people.high - people.low
    assert found["order"]["scorer"] == "token_f1" and len(found["orders"]) == 2
    assert found["order"]["differences"][0]["difference"].low is not None


def test_judged_outputs_that_score_otherwise_are_warned_of():
    found = section(lambda _, kept: kept > 3, items=150)
    assert len(found["warnings"]) == 2 and "no random sample" in found["warnings"][0]


def test_all_judged_and_too_few_judged_are_said():
    everything = section(lambda *_: True, items=40)
    assert everything["nothing_to_gain"] and "nothing to gain" in everything["sentence"]
    row = everything["systems"][0]
    assert row["corrected"][0]["estimate"].value == row["people_only"].value
    few = section(lambda n, _: n < 12)
    estimate = few["systems"][0]["corrected"][0]["estimate"]
    assert estimate.value is None and f"needs {LEAST}" in estimate.reason and "reason" in few["order"]
