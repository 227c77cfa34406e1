"""Intervals hold what they say, and are refused where they cannot."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from published import citations, pudding

from geneval_references import UsageError
from geneval_scorers.preference import BradleyTerry, Comparisons, RefusedError

pytestmark = pytest.mark.once

NAMES = np.array(["A", "B", "C", "D"])
WORTH = np.array([-0.6, -0.2, 0.2, 0.6])


def tasted(seed, items, votes, spread, nu=0.7, annotators=None):
    """Votes on items, each of which has worths of its own around the overall ones."""
    rng = np.random.default_rng(seed)
    worth = WORTH + rng.normal(0, spread, (items, 4))
    item = np.repeat(np.arange(items), votes)
    a = rng.integers(4, size=len(item))
    b = (a + rng.integers(1, 4, size=len(item))) % 4
    lead = worth[item, a] - worth[item, b]
    odds = np.stack([np.exp(lead / 2), np.exp(-lead / 2), np.full(len(item), nu)])
    outcome = (rng.random(len(item)) * odds.sum(axis=0) > odds.cumsum(axis=0)[:2]).sum(axis=0)
    return Comparisons.of(
        NAMES[a],
        NAMES[b],
        np.array(["a", "b", "tie"])[outcome],
        item=item.astype(str),
        annotator=None if annotators is None else rng.integers(annotators, size=len(item)).astype(str),
        systems=NAMES.tolist(),
    )


def limit(spread, nu=0.7):
    """Differences of the worths that the fit of ever more items tends to."""
    rng = np.random.default_rng(0)
    worth = rng.normal(0, spread, (100_000, 4)) + WORTH
    rows = []
    for a, b in itertools.combinations(range(4), 2):
        lead = worth[:, a] - worth[:, b]
        odds = np.stack([np.exp(lead / 2), np.exp(-lead / 2), np.full(len(lead), nu)])
        rows += [
            (NAMES[a], NAMES[b], w, t)
            for w, t in zip(["a", "b", "tie"], (odds / odds.sum(axis=0)).mean(axis=1), strict=True)
        ]
    columns = list(zip(*rows, strict=True))
    result = BradleyTerry(interval="none").fit(Comparisons.of(*columns[:3], weight=columns[3], systems=NAMES.tolist()))
    return {row.system: row.log_worth for row in result.worths}


def coverage(model, truth, count, **world):
    """The share of the four worths' intervals that hold the truth."""
    held = [
        row.low <= truth[row.system] <= row.high
        for seed in range(count)
        for row in model.fit(tasted(seed, **world)).worths
    ]
    return np.mean(held)


@pytest.mark.parametrize(("items", "votes"), [(13, 40), (50, 20)])
def test_clustered_intervals_hold_and_independent_ones_do_not(items, votes):
    """A quick look at what benchmarks/coverage.py measures: seeded, so that it never fails by chance."""
    world = {"items": items, "votes": votes, "spread": 0.8}
    truth = limit(0.8)
    assert 0.92 <= coverage(BradleyTerry(resamples=399), truth, 150, **world) <= 0.98
    assert coverage(BradleyTerry(cluster=None), truth, 150, **world) < 0.9


def test_the_method_is_the_one_that_the_data_can_carry():
    """The signature says which."""
    rows = [
        (tasted(1, 13, 40, 0.5), "wild:999,CR3|cluster:item,13"),
        (tasted(1, 60, 20, 0.5), "sandwich,CR1,t:59|cluster:item,60"),
        (tasted(1, 400, 1, 0.5), "information|cluster:none"),
        (pudding(), "information|cluster:none"),
    ]
    for votes, method in rows:
        assert f"interval:95%,{method}" in BradleyTerry().fit(votes).signature


def test_few_clusters_are_said():
    warnings = BradleyTerry().fit(tasted(1, 13, 40, 0.5)).warnings
    assert any(
        "13 items are too few for a sandwich (fewer than 50): a wild score bootstrap" in text for text in warnings
    )


def test_as_many_clusters_as_parameters_are_refused():
    """Without a word from the user there are no intervals, with one there is an error; never a number."""
    votes = tasted(1, 4, 40, 0.5)
    result = BradleyTerry().fit(votes)
    assert all(row.identified and row.low is row.high is row.error is row.rank_low is None for row in result.worths)
    assert "4 items cannot show how uncertain 4 parameters are" in result.warnings[0]
    assert result.judgements_needed(0.5) is None
    assert result.difference("A", "B").value is not None
    assert result.difference("A", "B").low is None
    for model in (BradleyTerry(cluster="item"), BradleyTerry(interval="sandwich")):
        with pytest.raises(RefusedError, match="4 items cannot show"):
            model.fit(votes)


@pytest.mark.parametrize("items", [20, 80])
def test_a_system_that_one_item_has_alone_is_refused(items):
    """Its score over that item is 0 at the maximum, so that a sandwich would take it for certain."""
    votes = tasted(1, items, 30, 0.5)
    extra = [("E", "A", "a"), ("A", "E", "a"), ("E", "B", "tie")]
    columns = [
        [*NAMES[votes.a], *(row[0] for row in extra)],
        [*NAMES[votes.b], *(row[1] for row in extra)],
        [*np.array(["a", "b", "tie"])[votes.outcome], *(row[2] for row in extra)],
    ]
    together = Comparisons.of(*columns, item=[*map(str, votes.items.of), "0", "0", "0"])
    with pytest.raises(RefusedError, match=r"in one cluster only|without one of the 20 items"):
        BradleyTerry(cluster="item").fit(together)
    assert BradleyTerry(cluster=None).fit(together).worth("E").error > 0.5


def test_systems_in_few_clusters_are_named():
    votes = tasted(1, 80, 30, 0.5)
    rows = [("E", "A", "a", i) for i in range(3)] + [("A", "E", "a", i) for i in range(2, 6)]
    columns = [
        [*NAMES[votes.a], *(row[0] for row in rows)],
        [*NAMES[votes.b], *(row[1] for row in rows)],
        [*np.array(["a", "b", "tie"])[votes.outcome], *(row[2] for row in rows)],
    ]
    together = Comparisons.of(*columns, item=[*map(str, votes.items.of), *(str(row[3]) for row in rows)])
    warnings = BradleyTerry().fit(together).warnings
    assert any("1 systems were compared in fewer than 10 items (E)" in text for text in warnings)


def test_both_ways_needs_many_of_each():
    with pytest.raises(RefusedError, match="need 50 of each or more; there are 80 items and 20 annotators"):
        BradleyTerry(cluster="both").fit(tasted(1, 80, 30, 0.5, annotators=20))
    found = BradleyTerry(cluster="both").fit(tasted(1, 80, 30, 0.5, annotators=60))
    assert "cluster:both,80,60" in found.signature
    one = BradleyTerry(cluster="item").fit(tasted(1, 80, 30, 0.5, annotators=60))
    assert found.worth("A").error == pytest.approx(one.worth("A").error, rel=0.3)


def test_what_is_not_positive_definite_is_projected_and_said():
    """Where votes are independent, items + annotators - both at once may come out negative."""
    rng = np.random.default_rng(2)
    votes = tasted(2, 60, 4, 0.0)
    names = NAMES.tolist() + [f"x{i}" for i in range(16)]
    a, b = rng.permuted(np.tile(np.arange(20), (900, 1)), axis=1)[:, :2].T
    result = BradleyTerry(cluster="both").fit(
        Comparisons.of(
            np.array(names)[a],
            np.array(names)[b],
            rng.choice(["a", "b", "tie"], 900),
            item=rng.permutation(np.repeat(np.arange(60), 15)).astype(str),
            annotator=rng.permutation(np.repeat(np.arange(60), 15)).astype(str),
        )
    )
    assert len(votes) == 240
    assert any("negative eigenvalues" in text for text in result.warnings)
    assert all(row.error > 0 for row in result.worths)


def test_independent_methods_agree_where_the_model_holds():
    found = {
        method: BradleyTerry(cluster=None, interval=method, resamples=500).fit(pudding()).worth("6")
        for method in ("information", "sandwich", "bootstrap", "profile")
    }
    for row in found.values():
        assert (row.low, row.high) == pytest.approx((found["information"].low, found["information"].high), abs=0.04)


def test_a_profile_ends_where_the_likelihood_has_dropped():
    """Two systems: the binomial's own likelihood interval, on the scale of log-odds."""
    votes = Comparisons.of(["A", "A"], ["B", "B"], ["a", "b"], weight=[9, 2])
    gap = BradleyTerry(interval="profile").fit(votes).difference("A", "B")
    top = 9 * math.log(9 / 11) + 2 * math.log(2 / 11)
    for end in (gap.low, gap.high):
        height = -9 * np.logaddexp(0, -end) - 2 * np.logaddexp(0, end)
        assert 2 * (top - height) == pytest.approx(1.959964**2, rel=1e-3)
    assert gap.high - gap.value > gap.value - gap.low, "it is not symmetric"


def test_profiles_under_a_prior_stay_finite_for_an_undefeated_system():
    votes = Comparisons.of(["A"] * 8, ["B"] * 8, ["a"] * 8)
    gap = BradleyTerry(prior="firth").fit(votes).difference("A", "B")
    assert gap.value == pytest.approx(math.log(8.5 / 0.5), abs=1e-8)
    assert 0 < gap.low < gap.value < gap.high < 20


def test_a_bootstrap_counts_what_has_no_estimate_and_is_refused_when_that_is_much():
    a, b = ["A"] * 12 + ["B"] * 12 + ["A"] * 12, ["B"] * 12 + ["C"] * 12 + ["C"] * 12
    votes = Comparisons.of(a, b, (["a"] * 11 + ["b"]) * 3)
    with pytest.raises(RefusedError, match="of 99 resamples some system wins or loses everything"):
        BradleyTerry(interval="bootstrap", resamples=99).fit(votes)


def test_a_bootstrap_of_counts_is_that_of_rows():
    """Resampled votes are fitted as cells with other counts: as good as drawing rows and fitting them."""
    votes = tasted(3, 300, 1, 0.0)
    found = BradleyTerry(cluster=None, interval="bootstrap", resamples=200).fit(votes)
    rng = np.random.default_rng(9)
    model = BradleyTerry(cluster=None, interval="none")
    slow = [
        [model.fit(votes.take(rng.integers(len(votes), size=len(votes)))).worth(name).log_worth for name in NAMES]
        for _ in range(200)
    ]
    for name, draws in zip(NAMES, np.transpose(slow), strict=True):
        assert found.worth(name).error == pytest.approx(np.std(draws), rel=0.2)
        assert (found.worth(name).low, found.worth(name).high) == pytest.approx(
            np.quantile(draws, [0.025, 0.975]), abs=0.15
        )


@pytest.mark.parametrize("clusters", ["item", None])
def test_a_bootstrap_takes_whole_clusters_and_weights(clusters):
    votes = tasted(4, 30, 20, 1.0)
    weighted = Comparisons.of(
        NAMES[votes.a], NAMES[votes.b], np.array(["a", "b", "tie"])[votes.outcome],
        item=votes.items.of.astype(str), weight=np.where(np.arange(len(votes)) % 2, 1.0, 0.5),
    )  # fmt: skip
    found = BradleyTerry(cluster=clusters, interval="bootstrap", resamples=300).fit(weighted)
    width = found.worth("A").high - found.worth("A").low
    other = BradleyTerry(cluster=clusters).fit(weighted).worth("A")
    assert width == pytest.approx(other.high - other.low, rel=0.35)


def test_ranks_hold_all_at_once_and_arenas_do_not():
    """In a world of equal systems every rank interval must hold 1..n at once in about 95 % of the data sets."""
    rng = np.random.default_rng(1)
    pairs = np.array(list(itertools.combinations(range(8), 2)))
    simultaneous, arena = [], []
    for _ in range(200):
        won = rng.binomial(20, 0.5, len(pairs))
        names = np.array(list("ABCDEFGH"))
        a, b = (np.tile(names[pairs[:, side]], 2) for side in (0, 1))
        votes = Comparisons.of(a, b, ["a"] * 28 + ["b"] * 28, weight=[*won, *(20 - won)])
        result = BradleyTerry(cluster=None).fit(votes)
        simultaneous.append(all((row.rank_low, row.rank_high) == (1, 8) for row in result.worths))
        arena.append(set(result.arena_ranks().values()) == {1})
    assert 0.9 <= np.mean(simultaneous) <= 0.99
    assert np.mean(arena) != np.mean(simultaneous)


def test_arena_ranks_count_intervals_that_lie_above():
    result = BradleyTerry().fit(citations())
    rows = {row.system: row for row in result.worths}
    for name, rank in result.arena_ranks().items():
        assert rank == 1 + sum(other.low > rows[name].high for other in rows.values())
    assert [(row.rank_low, row.rank_high) for row in result.worths] == [(1, 1), (2, 2), (3, 3), (4, 4)]


def test_confidence_widens_and_no_interval_means_none():
    narrow, wide = (BradleyTerry(confidence=level).fit(pudding()).worth("6") for level in (0.8, 0.99))
    assert wide.low < narrow.low < narrow.high < wide.high
    row = BradleyTerry(interval="none").fit(pudding()).worth("6")
    assert row.low is row.high is row.error is row.rank_low is None
    assert row.log_worth is not None


def test_methods_that_take_votes_for_independent_say_so():
    votes = tasted(1, 60, 20, 0.5)
    for model in (BradleyTerry(interval="information"), BradleyTerry(prior="firth"), BradleyTerry(interval="profile")):
        result = model.fit(votes)
        assert any("these intervals take them for independent" in text for text in result.warnings)
        assert "cluster:none" in result.signature


@pytest.mark.parametrize("field", ["low", "high"])
def test_an_unknown_system_is_a_usage_error(field):
    with pytest.raises(UsageError, match="there is no system '7'; there are: 1, 2, 3, 4, 5, 6"):
        getattr(BradleyTerry().fit(pudding()).difference("7", "1"), field)


def test_clusters_that_never_differ_give_no_interval():
    """Each item has one vote for either: its resamples are all alike, and an interval of no width would be a lie."""
    votes = Comparisons.of(["A"] * 120, ["B"] * 120, ["a", "b"] * 60, item=[str(n // 2) for n in range(120)])
    with pytest.raises(RefusedError, match="the covariance tells of 0 of 1 parameters"):
        BradleyTerry(interval="bootstrap", cluster="item", resamples=99).fit(votes)
    assert BradleyTerry().fit(votes).worths[0].low is None


def test_signatures_name_all_votes():
    """A million is no 1e+06, and 99.99999 % no 100 %."""
    votes = Comparisons.of(["A", "B"], ["B", "A"], ["a", "a"], weight=[1e6, 234567.5])
    found = BradleyTerry(interval="none", confidence=0.9999999).fit(votes)
    assert "|comparisons:1234567.5|" in found.signature and "|interval:99.99999%" in found.signature
    whole = Comparisons.of(["A", "B"], ["B", "A"], ["a", "a"], weight=[1e6, 1])
    assert "|comparisons:1000001|" in BradleyTerry(interval="none").fit(whole).signature


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_a_seed_that_cannot_be_is_refused(seed):
    with pytest.raises(UsageError, match=f"seed={seed}; give a whole number from 0"):
        BradleyTerry(seed=seed)


@pytest.mark.parametrize(("interval", "items"), [("auto", 20), ("auto", 60), ("bootstrap", 60), ("profile", 60)])
def test_a_baseline_is_certain_by_every_method(interval, items):
    """Its own interval is 0 to 0, which no method is asked about: warnings are errors here."""
    rng = np.random.default_rng(1)
    names = np.array(["A", "B", "C"])
    a = rng.integers(3, size=300)
    b = (a + rng.integers(1, 3, size=300)) % 3
    columns = {"item": rng.integers(items, size=300).astype(str)}
    votes = Comparisons.of(names[a], names[b], rng.choice(["a", "b"], 300), **columns)
    found = BradleyTerry(interval=interval, resamples=99).fit(votes)
    rows = {row.system: row for row in found.relative_to("A")}
    assert (rows["A"].low, rows["A"].high, rows["A"].error) == (0, 0, 0)
    gap = found.difference("B", "A")
    assert (rows["B"].low, rows["B"].high) == pytest.approx((gap.low, gap.high), abs=1e-6)


def test_votes_of_one_judge_on_items_of_their_own_are_independent():
    votes = [(a, b, w) for a, b in ("AB", "BC", "CA") for w in "aaabb"]
    a, b, winner = zip(*votes, strict=True)
    items = [str(place) for place in range(len(votes))]
    found = BradleyTerry().fit(Comparisons.of(a, b, winner, item=items, annotator=["judge"] * len(votes)))
    plain = BradleyTerry().fit(Comparisons.of(a, b, winner, item=items))
    assert [(w.low, w.high) for w in found.worths] == [(w.low, w.high) for w in plain.worths]
    assert all(w.low < w.log_worth < w.high for w in found.worths)
