"""Tails, intervals and corrections agree with slow or other people's versions."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geneval_references.audit import _chance as chance

RATES = st.lists(st.sampled_from([0.0, 0.1, 0.4, 2 / 3, 1.0]), min_size=1, max_size=7)


def enumerated(total: int, rates: list[float]) -> float:
    """P(at least total) over all outcomes."""
    outcomes = itertools.product([0, 1], repeat=len(rates))
    return sum(
        float(np.prod([p if hit else 1 - p for p, hit in zip(rates, each, strict=True)]))
        for each in outcomes
        if sum(each) >= total
    )


@settings(max_examples=40, deadline=None)
@given(RATES, st.integers(0, 8))
def test_trials_tail_is_that_of_all_outcomes(rates, total):
    assert chance.trials_tail(total, np.asarray(rates)) == pytest.approx(enumerated(total, rates), abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(RATES, st.integers(1, 7))
def test_the_bound_is_never_below_the_tail(rates, total):
    open_ = np.asarray([rate for rate in rates if 0 < rate < 1])
    if 0 < total <= len(open_):
        assert chance._chernoff(total, open_) >= enumerated(total, open_.tolist()) - 1e-12


def test_many_trials_take_the_bound():
    """4,000 trials of .1 of which 600 succeed: the bound is small, and no less than the exact binomial tail."""
    bound = chance.trials_tail(600, np.full(4000, 0.1))
    assert chance.binomial_tail(600, 4000, 0.1) <= bound < 1e-15


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_corrections_are_those_of_statsmodels(p):
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    assert chance.holm(p) == pytest.approx(multitest.multipletests(p, method="holm")[1])
    assert chance.false_discoveries(np.asarray(p)) == pytest.approx(multitest.multipletests(p, method="fdr_bh")[1])


@pytest.mark.parametrize(("count", "of"), [(0, 10), (3, 10), (10, 10), (39, 500)])
def test_interval_ends_where_either_tail_has_a_fortieth(count, of):
    low, high = chance.interval(count, of)
    if count:
        assert chance.binomial_tail(count, of, low) == pytest.approx(0.025)
    if count < of:
        assert 1 - chance.binomial_tail(count + 1, of, high) == pytest.approx(0.025)
    assert (low == 0) == (count == 0) and (high == 1) == (count == of)
