"""Numbers that others have printed or that were worked out by hand, to the digits stated."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from geneval.agreement import (
    Cells,
    accuracy_with_ties,
    calibrate,
    kendall,
    pairwise_accuracy,
    pearson,
    soft_pairwise_accuracy,
    spearman,
    tau_like,
    williams,
)
from geneval.agreement._cells import Draws
from geneval.agreement._segments import correlations
from geneval.agreement._ties import Pairs, folds_of

# Deutsch et al. 2023 and the tests of mt-metrics-eval: grades and scores of five outputs.
GRADES = np.asarray([1.0, 2, 2, 3, 4])
SCORES = np.asarray([2.0, 1, 1.5, 5, 3])


def test_tau_b_and_tau_c() -> None:
    found = kendall(GRADES, SCORES)
    assert found["kendall_b"][0] == pytest.approx(0.316227766, abs=1e-9)
    assert found["kendall_c"][0] == pytest.approx(0.32, abs=1e-12)


@pytest.mark.parametrize(
    ("epsilon", "accuracy"), [(0, 0.6), (0.5, 0.7), (1, 0.6), (1.5, 0.5), (2, 0.4), (3, 0.3), (4, 0.1)]
)
def test_accuracy_at_each_threshold(epsilon: float, accuracy: float) -> None:
    assert accuracy_with_ties(GRADES, SCORES, epsilon) == pytest.approx(accuracy)
    assert 2 * accuracy_with_ties(GRADES, SCORES) - 1 == pytest.approx(0.2)  # tau_eq


def test_the_best_threshold() -> None:
    assert calibrate(GRADES, SCORES) == (0.5, pytest.approx(0.7))


def test_ties_on_both_sides() -> None:
    """13 concordant, 2 discordant, 3 tied in one, 2 in the other, 1 in both, of 21 pairs."""
    x, y = np.asarray([1.0, 1, 1, 2, 2, 3, 4]), np.asarray([1.0, 1, 2, 2, 4, 3, 3])
    assert accuracy_with_ties(x, y) == pytest.approx(14 / 21)
    assert 2 * accuracy_with_ties(x, y) - 1 == pytest.approx(7 / 21)


# mt-metrics-eval: two systems, three items.
TWO = Cells(
    ["1", "2", "3"],
    ["s", "t"],
    np.asarray([0, 1, 2, 0, 1, 2]),
    np.asarray([0, 0, 0, 1, 1, 1]),
    np.arange(1.0, 7),
    np.asarray([[2.0, 1, 4, 3, 3, 7]]),
)


@pytest.mark.parametrize(
    ("grouping", "r", "tau_b", "tau_c"),
    [("none", 0.776, 0.552, 0.556), ("system", 0.760, 0.575, 0.611), ("item", 1.0, 1.0, 1.0)],
)
def test_groupings(grouping: str, r: float, tau_b: float, tau_c: float) -> None:
    found = correlations(TWO, TWO.score[0], grouping)
    assert [round(float(found[n].value[0]), 3) for n in ("pearson", "kendall_b", "kendall_c")] == [r, tau_b, tau_c]


# Thompson et al. 2024, worked out by hand: two systems, three segments.
GOLD = np.asarray([[1.0, 2, 3], [2, 3, 4]])
METRIC = np.asarray([[2.0, 2, 4], [1, 3, 5]])


@pytest.mark.parametrize(("mode", "listed", "swapped"), [("mid", 0.75, 0.75), ("at_least", 0.875, 0.625)])
def test_soft_pairwise_accuracy(mode: str, listed: float, swapped: float) -> None:
    """Mid-p does not depend on the order of the systems; what mt-metrics-eval does depends on it."""
    assert soft_pairwise_accuracy(GOLD, METRIC, mode=mode) == pytest.approx(listed)
    assert soft_pairwise_accuracy(GOLD[::-1], METRIC[::-1], mode=mode) == pytest.approx(swapped)


def test_soft_pairwise_accuracy_of_drawn_swaps() -> None:
    """With the thousand swaps that mt-metrics-eval draws from seed 4 it is what mt-metrics-eval prints."""
    drawn = np.rint(np.random.default_rng(4).random(size=(1000, 3), dtype=np.float32)) * 2.0 - 1
    found = soft_pairwise_accuracy(GOLD, METRIC, mode="at_least", flips=drawn.astype(np.float64))
    assert round(found, 3) == 0.872


def test_pairwise_accuracy_counts_pairs_of_systems() -> None:
    assert pairwise_accuracy(np.asarray([1.0, 2, 3]), np.asarray([1.0, 3, 2])) == pytest.approx(2 / 3)
    assert pairwise_accuracy(np.asarray([1.0, 2]), np.asarray([1.0, 1])) == 0
    assert pairwise_accuracy(np.asarray([1.0, 1]), np.asarray([2.0, 2])) == 1


def drawn(count: int) -> list[list[np.ndarray]]:
    """Three tables of 9 systems and 5 items in turn, as mt-metrics-eval's tests draw them."""
    np.random.seed(12)  # noqa: NPY002 - the numbers are those of this generator
    return [[np.random.random((9, 5)) for _ in range(3)] for _ in range(count)]  # noqa: NPY002


def test_williams_of_outputs() -> None:
    """The printed p-values are of correlations without their sign, with the third table as grades."""
    x, y, z = (table.ravel() for table in drawn(1)[0])
    r = [stats.pearsonr(*pair).statistic for pair in ((z, x), (z, y), (x, y))]
    found = williams(*r, 45, absolute=True)
    assert (round(found.p, 7), round(found.p_two_sided, 7)) == (0.2716978, 0.5433956)
    assert williams(*r, 45).p != pytest.approx(found.p, abs=0.1)


def test_williams_of_systems() -> None:
    """The printed p-values are of signed correlations, the second scorer's first."""
    x, y, z = (table.mean(axis=1) for table in drawn(2)[1])
    r = [stats.spearmanr(*pair).statistic for pair in ((z, y), (z, x), (x, y))]
    found = williams(*r, 9)
    assert (round(found.p, 7), round(found.p_two_sided, 7)) == (0.4658712, 0.9317423)


def test_tau_like_counts_ties_as_wrong() -> None:
    """Pairs 25 apart or more: one right, one tied, one wrong."""
    cells = Cells(
        ["1", "2", "3"],
        ["s", "t"],
        np.asarray([0, 0, 1, 1, 2, 2]),
        np.asarray([0, 1] * 3),
        np.asarray([0.0, 25, 0, 30, 0, 99]),
        np.zeros((1, 6)),
    )
    pairs = Pairs.of(cells, "item", folds_of(3, 0), 0)
    assert tau_like(cells, np.asarray([0.0, 1, 1, 1, 1, 0]), pairs, 25)[0] == pytest.approx(-1 / 3)
    assert tau_like(cells, np.asarray([0.0, 1, 1, 1, 1, 0]), pairs, 99)[0] == -1
    assert np.isnan(tau_like(cells, np.zeros(6), pairs, 100)[0])
    doubled = tau_like(cells, np.asarray([0.0, 1, 1, 1, 1, 0]), pairs, 25, Draws(items=np.asarray([[2.0, 1, 1]])))
    assert doubled[0] == 0


def test_constant_scores_have_no_correlation() -> None:
    for family in (pearson, spearman, kendall):
        assert all(np.isnan(value).all() for value in family(GRADES, np.ones(5)).values())
