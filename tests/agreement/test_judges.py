"""Fast ways meet slow and obvious ones, on data with many ties."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from geneval.agreement import _correlations as fast
from geneval.agreement import acc_eq, kendall, pearson, permutation_p, spearman
from geneval.agreement._cells import GROUPINGS, Cells, Draws
from geneval.agreement._segments import correlations
from geneval.agreement._systems import Table, exact
from geneval.agreement._systems import drawn as drawn_systems
from geneval.agreement._tie_draws import acc_eq_of_items
from geneval.agreement._ties import Pairs, folds_of

pytestmark = pytest.mark.once


@st.composite
def samples(draw, most=12):
    size = draw(st.integers(3, most))
    values = st.lists(st.integers(0, 4), min_size=size, max_size=size)
    return tuple(np.asarray(draw(values), np.float64) for _ in range(3))


def nan_or(value, expected):
    return (np.isnan(value) and np.isnan(expected)) or value == pytest.approx(expected, abs=1e-9)


def by_scipy(x, y):
    """All four correlations; NaN where one side has one value."""
    if len(set(x)) < 2 or len(set(y)) < 2:
        return dict.fromkeys(("pearson", "spearman", "kendall_b", "kendall_c"), np.nan)
    return {
        "pearson": stats.pearsonr(x, y).statistic,
        "spearman": stats.spearmanr(x, y).statistic,
        "kendall_b": stats.kendalltau(x, y, variant="b").statistic,
        "kendall_c": stats.kendalltau(x, y, variant="c").statistic,
    }


def all_of(x, y, times=None):
    return pearson(x, y, times) | spearman(x, y, times) | kendall(x, y, times)


@given(samples())
def test_once_each_they_are_those_of_scipy(sample):
    x, y, _ = sample
    expected = by_scipy(x, y)
    for name, value in all_of(x, y).items():
        assert nan_or(value[0], expected[name]), name


@given(samples(), st.integers(0, 99))
def test_drawing_a_place_twice_is_having_it_twice(sample, seed):
    """But for tau_c, whose n is squared with no place against itself."""
    x, y, _ = sample
    times = np.random.default_rng(seed).multinomial(len(x), np.full(len(x), 1 / len(x)), size=5).astype(float)
    found = all_of(x, y, times)
    for n, row in enumerate(times.astype(int)):
        expected = by_scipy(np.repeat(x, row), np.repeat(y, row))
        for name in ("pearson", "spearman", "kendall_b"):
            assert nan_or(found[name][n], expected[name]), name
        total, own = row.sum(), (row**2).sum()
        share = (total**2 - own) * total / (total - 1) / total**2 if own < total**2 else np.nan
        assert nan_or(found["kendall_c"][n] * share, expected["kendall_c"])


@given(samples(), st.integers(0, 99))
def test_three_ways_to_count_pairs_agree(sample, seed):
    x, y, _ = sample
    times = np.random.default_rng(seed).multinomial(len(x), np.full(len(x), 1 / len(x)), size=3).astype(float)
    ways = [way(x, y, times) for way in (fast._few, fast._many, fast._squared)]
    for ahead, untied, square in ways[1:]:
        np.testing.assert_allclose(ahead, ways[0][0])
        np.testing.assert_allclose(untied, ways[0][1])
        np.testing.assert_allclose(square, ways[0][2])


@given(samples())
def test_many_versions_are_one_after_the_other(sample):
    x, y, z = sample
    both = all_of(x, np.stack([y, z]))
    for n, scores in enumerate((y, z)):
        for name, value in all_of(x, scores).items():
            assert nan_or(both[name][n], value[0]), name


@st.composite
def tables(draw, fewest=4):
    """Cells of a table with holes."""
    count, systems = draw(st.integers(fewest, 9)), draw(st.integers(2, 4))
    seed = draw(st.integers(0, 10_000))
    rng = np.random.default_rng(seed)
    places = np.flatnonzero(rng.random(count * systems) < 0.85)
    if len(places) < 4:
        places = np.arange(count * systems)
    item, system = places // systems, places % systems
    grade, score = rng.integers(0, 4, len(places)).astype(float), rng.integers(0, 5, len(places)).astype(float)
    names = [str(i) for i in range(count)], [f"s{i}" for i in range(systems)]
    return Cells(*names, item, system, grade, score[None, :]), seed


def slow_groups(cells, grouping):
    key = {"none": np.zeros(len(cells)), "item": cells.item, "system": cells.system}[grouping]
    groups = [np.flatnonzero(key == k) for k in np.unique(key)]
    return [g for g in groups if len(g) > 1]


@pytest.mark.parametrize("grouping", GROUPINGS)
@given(tables())
def test_groups_are_averaged(grouping, table):
    cells, _ = table
    expected = [by_scipy(cells.grade[g], cells.score[0][g]) for g in slow_groups(cells, grouping)]
    for name, found in correlations(cells, cells.score[0], grouping).items():
        values = np.asarray([row[name] for row in expected])
        assert found.undefined == np.isnan(values).sum() and found.groups == len(values)
        mean = np.nan if np.isnan(values).all() else np.nanmean(values)
        assert nan_or(found.value[0], mean), name


def slow_acc_eq(cells, grouping, fold, items):
    """Thresholds chosen on the other folds, judged on this one; every pair looked at one by one."""
    score = cells.score[0]
    pairs = []
    for number, group in enumerate(slow_groups(cells, grouping)):
        for a, b in combinations(group.tolist(), 2):
            same = cells.item[a]
            weight = items[same] if grouping == "item" else items[cells.item[a]] * items[cells.item[b]]
            order = np.sign(cells.grade[a] - cells.grade[b])
            pairs.append((number, a, b, weight, order, score[a] - score[b], fold[cells.item[a]], fold[cells.item[b]]))

    def right(pair, epsilon):
        tied = abs(pair[5]) <= epsilon
        return pair[4] == 0 if tied else (pair[4] != 0 and np.sign(pair[5]) == pair[4])

    def mean(chosen, correct):
        """Over groups; items count as often as they are drawn."""
        groups = {}
        for pair, one in zip(chosen, correct, strict=True):
            won, all_ = groups.get(pair[0], (0.0, 0.0))
            groups[pair[0]] = won + pair[3] * one, all_ + pair[3]
        shares = {g: (won / all_, all_) for g, (won, all_) in groups.items() if all_ > 0}
        if grouping != "item":
            return np.mean([share for share, _ in shares.values()]) if shares else np.nan
        times = {pair[0]: items[cells.item[pair[1]]] for pair in chosen}
        total = sum(times[g] for g in shares)
        return sum(share * times[g] for g, (share, _) in shares.items()) / total if total else np.nan

    judged, correct = [], []
    grid = sorted({0.0, *(abs(pair[5]) for pair in pairs)})
    for part in sorted(set(fold)):
        train = [p for p in pairs if part not in (p[6], p[7])]
        test = [p for p in pairs if (p[6], p[7]) == (part, part)]
        if train and test:
            scores = [round(mean(train, [right(p, e) for p in train]), 9) for e in grid]
            epsilon = grid[int(np.nanargmax(scores))] if not np.isnan(scores).all() else 0.0
            judged += test
            correct += [right(p, epsilon) for p in test]
    return mean(judged, correct) if judged else np.nan


@pytest.mark.parametrize("grouping", GROUPINGS)
@given(tables())
def test_cross_fitted_accuracy(grouping, table):
    cells, seed = table
    fold = folds_of(len(cells.items), seed)
    times = np.random.default_rng(seed).multinomial(
        len(cells.items), np.full(len(cells.items), 1 / len(cells.items)), 4
    )
    pairs = Pairs.of(cells, grouping, fold, seed)
    once = acc_eq(cells, cells.score[0], pairs, grouping)
    assert nan_or(once[0], slow_acc_eq(cells, grouping, fold, np.ones(len(cells.items))))
    found = acc_eq(cells, cells.score[0], pairs, grouping, Draws(items=times.astype(float)))
    assert [nan_or(a, slow_acc_eq(cells, grouping, fold, row)) for a, row in zip(found, times, strict=True)] == [
        True
    ] * 4


@pytest.mark.parametrize("grouping", ["none", "system"])
@given(tables(6))
def test_quadratic_forms_give_the_same_accuracy(grouping, table):
    """The grid holds every difference where there are few; all pairs of two folds are there."""
    cells, seed = table
    fold = folds_of(len(cells.items), seed)
    count = len(cells.items)
    times = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), 4).astype(float)
    found = acc_eq_of_items(cells, cells.score[0], grouping, fold, times)
    pairs = Pairs.of(cells, grouping, fold, seed)
    expected = acc_eq(cells, cells.score[0], pairs, grouping, Draws(items=times))
    for one, other in zip(found, expected, strict=True):
        assert nan_or(one, other)


@given(tables())
def test_several_versions_of_scores_are_one_after_the_other(table):
    cells, seed = table
    pairs = Pairs.of(cells, "item", folds_of(len(cells.items), seed), seed)
    other = np.random.default_rng(seed).integers(0, 3, len(cells)).astype(float)
    versions = np.stack([cells.score[0], other])
    both = acc_eq(cells, versions, pairs, "item")
    for n in range(2):
        assert nan_or(both[n], acc_eq(cells, versions[n], pairs, "item")[0])


@given(st.integers(0, 200))
def test_systems_in_draws_are_systems_of_drawn_items(seed):
    rng = np.random.default_rng(seed)
    grade, score = rng.normal(size=(4, 30)), rng.normal(size=(4, 30))
    table = Table(grade, score[None])
    times = rng.multinomial(30, np.full(30, 1 / 30), 2).astype(float)
    found = drawn_systems(table, score, Draws(items=times))
    for n, row in enumerate(times.astype(int)):
        again = Table(np.repeat(grade, row, axis=1), score[None])
        expected = exact(again, np.repeat(score, row, axis=1), seed)
        for name in ("pearson", "spearman", "kendall_b", "pairwise_accuracy"):
            assert nan_or(found[name][n], expected[name]), name


@given(st.integers(0, 200))
def test_soft_pairwise_accuracy_in_draws_is_near_that_of_permutations(seed):
    rng = np.random.default_rng(seed)
    grade = rng.normal(size=(4, 60)) + rng.normal(size=(4, 1)) / 5
    score = rng.normal(size=(4, 60)) + grade / 2
    table = Table(grade, score[None])
    one = exact(table, score, seed)["soft_pairwise_accuracy"]
    assert drawn_systems(table, score, Draws())["soft_pairwise_accuracy"][0] == pytest.approx(one, abs=0.02)


def test_permutations_keep_their_level_and_find_a_difference():
    """10,000 worlds of two equally good scorers: p <= .05 in no more than 5 % of them but for chance; and power."""
    rng = np.random.default_rng(1)
    items, systems = np.repeat(np.arange(10), 4), np.tile(np.arange(4), 10)

    def p(grade, one, other, seed):
        cells = Cells([str(i) for i in range(10)], list("abcd"), items, systems, grade, np.stack([one, other]))
        return permutation_p(
            cells, one, other, lambda m: pearson(grade, m)["pearson"], what="both", count=99, seed=seed
        )[1]

    def rate(worlds, weight):
        hits = 0
        for world in range(worlds):
            grade = rng.normal(size=40)
            one, other = grade + rng.normal(size=40), weight * grade + rng.normal(size=40)
            hits += p(grade, one, other, world) <= 0.05
        return hits / worlds

    worlds = 10_000
    assert rate(worlds, 1.0) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / worlds)
    assert rate(500, 0.2) > 0.7
