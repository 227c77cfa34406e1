"""The bound of precision: what is published, what a slow version says, and that it holds where verdicts come in clusters."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest

from geneval_references import UsageError
from geneval_references.gate import Judged, by_item, certify, chance, lower_bound, needed
from geneval_references.gate._betting import worst_products

pytestmark = pytest.mark.once


def singles(right, wrong):
    """Items of one judged candidate each."""
    valid = np.arange(right + wrong) < right
    return by_item(np.arange(right + wrong), valid, np.ones(right + wrong))


# One-sided 95 % bounds by Clopper and Pearson: .05 ** (1 / n) where all n are right.
@pytest.mark.parametrize(("right", "bound"), [(50, 0.9418), (29, 0.9019), (28, 0.8985)])
def test_single_candidates_give_the_exact_bound(right, bound):
    assert lower_bound(singles(right, 0)) == pytest.approx(bound, abs=3e-4)


# Accepted candidates for 80 % power at .90, by enumeration of the binomial distribution.
@pytest.mark.parametrize(("true", "count"), [(0.95, 179), (0.97, 76), (0.93, 549), (0.9, None), (0.85, None)])
def test_power_says_how_many_judgements_it_takes(true, count):
    assert needed(0.9, true) == count


def test_the_design_effect_multiplies_what_is_needed():
    assert needed(0.9, 0.95, effect=2.0) == 358


def test_clusters_are_worth_less_than_independent_candidates():
    """The same verdicts, alone or five an item: the bound is lower in clusters."""
    valid = np.arange(300) % 20 > 0
    apart = lower_bound(by_item(np.arange(300), valid, np.ones(300)))
    together = lower_bound(by_item(np.arange(300) // 5, valid, np.ones(300)))
    assert 0.5 < together < apart < 0.95


def test_weights_count_as_so_many_candidates():
    found = by_item(np.asarray([1, 1, 2]), np.asarray([True, False, True]), np.asarray([1.0, 2.0, 3.0]))
    assert found.precision == pytest.approx(4 / 6)
    assert found.weight.tolist() == [3.0, 3.0]


def test_no_bets_grow_where_means_are_zero_or_less():
    """The largest product of 1 + bet mu under means that sum to 0: no better one on a fine grid."""
    bets, size, many = np.asarray([[0.5, 0.2]]), np.asarray([1.0, 3.0]), np.asarray([2, 1])
    found = float(worst_products(bets, size, many, 0.9)[0])
    grid = np.linspace(-0.9 * 3, 0.1 * 3, 4001)
    light = np.clip(-grid / 2, -0.9, 0.1)
    best = max(
        2 * math.log1p(0.5 * a) + math.log1p(0.2 * b) for a, b in zip(light, grid, strict=True) if 2 * a + b <= 1e-9
    )
    assert found == pytest.approx(best, abs=1e-3)
    assert float(worst_products(np.asarray([[0.3, 0.3]]), size, many, 0.9)[0]) == pytest.approx(0, abs=1e-6)


def test_false_certificates_are_rare_by_enumeration():
    """Three items of two candidates that are right or wrong together, precision .9 in truth: all outcomes, exactly."""
    false = 0.0
    for outcome in product([True, False], repeat=3):
        probability = math.prod(0.9 if right else 0.1 for right in outcome)
        valid = np.repeat(np.asarray(outcome), 2)
        if chance(by_item(np.arange(6) // 2, valid, np.ones(6)), 0.9) <= 0.05:
            false += probability
    assert false <= 0.05


def test_a_weight_beyond_the_reach_is_refused():
    with pytest.raises(UsageError, match="more than the 1 it can reach"):
        by_item(np.asarray([1, 1]), np.asarray([True, True]), np.ones(2), reach=1.0)


def test_a_weight_of_no_probability_is_refused():
    with pytest.raises(UsageError, match="inverse of a probability"):
        by_item(np.asarray([1]), np.asarray([True]), np.asarray([np.inf]))


def world(rng, icc):
    """300 items of 1 to 6 candidates with scores; of one item they are decided by one number with probability icc."""
    item = np.repeat(np.arange(300), rng.integers(1, 7, size=300))
    score = 0.5 + rng.random(len(item)) / 2
    together = rng.random(300)[item]
    decided = np.where(rng.random(len(item)) < math.sqrt(icc), together, rng.random(len(item)))
    # Precision is at most .9 at the top and falls from there: every certificate is false.
    return item, score, decided < 0.9 - (1 - score) / 5


@pytest.mark.parametrize("icc", [0.0, 0.5])
def test_a_precision_that_is_not_there_is_seldom_certified(icc):
    """At most 5 % and 3 standard errors of 200 pools; benchmarks/gate.py has 2,000, and other worlds."""
    rng, false = np.random.default_rng(5), 0
    for _ in range(200):
        item, score, valid = world(rng, icc)
        judged = Judged(np.arange(len(item)), valid, np.ones(len(item)))
        false += certify(score, item, judged, 0.9, alpha=0.05, reach=None).best is not None
    assert false / 200 <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 200)


def test_the_sequence_stops_at_the_first_threshold_that_fails():
    rng = np.random.default_rng(3)
    score = 0.5 + rng.random(4000) / 2
    valid = rng.random(4000) < np.where(score > 0.75, 0.98, 0.5)
    judged = Judged(np.arange(4000), valid, np.ones(4000))
    found = certify(score, np.arange(4000), judged, 0.9, alpha=0.05, reach=None)
    tested = [step for step in found.steps if step.chance is not None]
    assert [step.passed for step in tested] == [True] * (len(tested) - 1) + [False]
    assert found.best == tested[-2]
    assert found.best.judged >= found.begins
    assert 0.9 < found.low < found.best.precision


def test_what_the_model_holds_for_wrong_is_never_admitted():
    score = np.where(np.arange(2000) < 1900, 0.9, 0.1) + np.arange(2000) / 1e6
    judged = Judged(np.arange(2000), np.ones(2000, bool), np.ones(2000))
    found = certify(score, np.arange(2000), judged, 0.9, alpha=0.05, reach=None)
    assert found.best.threshold > 0.5
