"""How many more judgements, of which pairs; and what the judgements look like."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from published import baseball, citations, counted, pudding

from geneval_references import InputError, UsageError
from geneval_scorers.preference import (
    BradleyTerry,
    Comparisons,
    annotator_agreement,
    detection_power,
    intransitive_triples,
    left_win_rate,
)

pytestmark = pytest.mark.once


def test_power_is_what_simulated_studies_find():
    """So many more judgements of a pair find a difference with the probability that was asked for."""
    rng = np.random.default_rng(3)
    small = Comparisons.of(["A"] * 12, ["B"] * 12, ["a"] * 4 + ["b"] * 4 + ["tie"] * 4)
    more = BradleyTerry().fit(small).judgements_needed(0.4, "A", "B", power=0.8)
    nu = 1.0
    odds = np.array([math.exp(0.2), math.exp(-0.2), nu])
    found = 0
    for _ in range(400):
        won, lost, tied = rng.multinomial(12 + more, odds / odds.sum())
        votes = Comparisons.of(["A"] * 3, ["B"] * 3, ["a", "b", "tie"], weight=[won, lost, tied])
        gap = BradleyTerry(interval="information").fit(votes).difference("A", "B")
        found += gap.low > 0 or gap.high < 0
    assert found / 400 == pytest.approx(0.8, abs=0.05)


def test_judgements_needed_fall_with_the_difference_and_end_at_none():
    result = BradleyTerry().fit(pudding())
    needed = [result.judgements_needed(gap, "1", "6") for gap in (0.1, 0.3, 0.6, 5)]
    assert needed == sorted(needed, reverse=True)
    assert needed[-1] == 0
    assert result.judgements_needed(0.3) > result.judgements_needed(0.3, "1", "6"), "all pairs are more than one"
    assert result.judgements_needed(0.3, power=0.95) > result.judgements_needed(0.3, power=0.8)


def test_alike_votes_need_more_judgements():
    """Copies of votes, each an item: the design effect is the number of copies."""
    rng = np.random.default_rng(1)
    a, b = rng.permutation(np.repeat(np.array(list(itertools.permutations("ABC", 2))), 40, axis=0)).T
    winner, item = rng.choice(["a", "b"], 240), np.arange(240).astype(str)
    columns = [np.repeat(column, 5) for column in (a, b, winner)]
    alone = BradleyTerry(cluster=None).fit(Comparisons.of(*columns)).judgements_needed(0.2, "A", "B")
    alike = BradleyTerry().fit(Comparisons.of(*columns, item=np.repeat(item, 5))).judgements_needed(0.2, "A", "B")
    assert alike > 3 * alone


def test_detection_power():
    assert detection_power(1.959964, 1.0) == pytest.approx(0.5, abs=1e-4)
    assert detection_power(2.8, 1.0) == pytest.approx(0.8, abs=1e-3)
    assert detection_power(0.0, 1.0) == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((0,), {}, "give a difference of log-worths other than 0"),
        ((math.nan,), {}, "difference is nan"),
        ((0.5,), {"power": 1}, "power is 1"),
        ((0.5,), {"power": 0.01}, "power above 1 - confidence"),
        ((0.5, "1"), {}, "give both systems, or neither"),
        ((0.5, "1", "7"), {}, "there is no system '7'"),
    ],
)
def test_plans_that_make_no_sense_are_refused(arguments, options, message):
    with pytest.raises(UsageError, match=message):
        BradleyTerry().fit(pudding()).judgements_needed(*arguments, **options)


def greedy(result, count):
    """The slow way: of all pairs the one whose judgement makes the determinant largest, one after the other."""
    state = result._state
    names = state.votes.systems
    precision = np.zeros((len(names), len(names)))
    wins = state.votes.wins
    shrunk = BradleyTerry(prior="gaussian", sigma=2.0, interval="none").fit(state.votes)

    def information(i, j):
        p = shrunk.predict(names[i], names[j]).a
        contrast = np.zeros(len(names))
        contrast[i], contrast[j] = 1, -1
        return p * (1 - p) * np.outer(contrast, contrast)

    for i, j in itertools.combinations(range(len(names)), 2):
        precision += (wins[i, j] + wins[j, i]) * information(i, j)
    precision += np.eye(len(names)) / 4
    found = []
    for _ in range(count):
        best = max(
            itertools.combinations(range(len(names)), 2),
            key=lambda pair: np.linalg.slogdet(precision + information(*pair))[1],
        )
        precision += information(*best)
        found.append((names[best[0]], names[best[1]]))
    return found


def test_next_pairs_make_the_determinant_largest():
    result = BradleyTerry().fit(baseball())
    found = result.next_pairs(6)
    assert [(pair.a, pair.b) for pair in found] == greedy(result, 6)
    assert all(pair.gain > 0 for pair in found)


def test_next_pairs_link_what_is_not_linked_first():
    votes = counted([("A", "B", "a", 9), ("A", "B", "b", 7), ("C", "D", "a", 9), ("C", "D", "b", 7)], list("ABCD"))
    result = BradleyTerry().fit(votes)
    assert not any(row.identified for row in result.worths)
    first = result.next_pairs(1)[0]
    assert {first.a, first.b} & set("AB")
    assert {first.a, first.b} & set("CD")
    assert first.judged == 0


@pytest.mark.parametrize("winner", ["a", "tie"])
def test_next_pairs_exist_where_no_worth_does(winner):
    result = BradleyTerry().fit(Comparisons.of(["A", "A"], ["B", "C"], [winner] * 2))
    found = result.next_pairs(3)
    assert len(found) == 3
    assert all(math.isfinite(pair.gain) for pair in found)


def test_next_pairs_repeat_with_a_seed_and_differ_with_another():
    votes = Comparisons.of(*zip(*itertools.permutations("ABCDEF", 2), strict=True), ["a"] * 30)
    result = BradleyTerry().fit(votes)
    assert result.next_pairs(15) == result.next_pairs(15)
    assert len({(pair.a, pair.b) for seed in range(9) for pair in result.next_pairs(1, seed=seed)}) > 1
    pairs = [(pair.a, pair.b) for pair in result.next_pairs(15)]
    assert len(set(pairs)) == 15, "among equals each pair has its turn"
    with pytest.raises(UsageError, match="ask for one pair or more"):
        result.next_pairs(0)


# Wilson 1927; figures of statsmodels.stats.proportion.proportion_confint(62, 100, method="wilson").
def test_left_win_rate():
    votes = Comparisons.of(
        ["A"] * 110, ["B"] * 110, ["a"] * 62 + ["b"] * 38 + ["tie"] * 10, shown_left=["a"] * 105 + [None] * 5
    )
    found = left_win_rate(votes)
    assert (found.value, found.n) == (0.62, 100)
    assert (found.low, found.high) == pytest.approx((0.5221, 0.7090), abs=1e-4)
    mirrored = Comparisons.of(["B"] * 100, ["A"] * 100, ["b"] * 62 + ["a"] * 38, shown_left=["b"] * 100)
    assert left_win_rate(mirrored).value == 0.62
    alike = Comparisons.of(
        ["A"] * 100,
        ["B"] * 100,
        ["a"] * 62 + ["b"] * 38,
        shown_left=["a"] * 100,
        item=[str(i // 10) for i in range(100)],
    )
    assert left_win_rate(alike).low < found.low - 0.1
    assert left_win_rate(alike, cluster=None).low == pytest.approx(found.low)
    unknown = Comparisons.of(["A"], ["B"], ["a"])
    assert left_win_rate(unknown).value is None


def test_intransitive_triples():
    rows = [
        ("A", "B", "a", 9),
        ("B", "C", "a", 8),
        ("C", "A", "a", 7),
        ("A", "C", "a", 1),
        ("D", "A", "a", 3),
        ("D", "B", "a", 3),
    ]
    found = intransitive_triples(counted(rows, list("ABCD")))
    assert found.triples == 2, "C and D never met"
    assert [circle.systems for circle in found.found] == [("A", "B", "C")]
    assert found.found[0].z == pytest.approx((7 - 1) / math.sqrt(8))
    assert intransitive_triples(citations()).found == ()
    assert intransitive_triples(citations()).triples == 4


def test_intransitive_triples_are_all_found():
    rng = np.random.default_rng(1)
    pairs = list(itertools.permutations("ABCDEFGH", 2))
    votes = Comparisons.of(*zip(*pairs, strict=True), ["a"] * len(pairs), weight=rng.integers(1, 9, len(pairs)))
    above = votes.wins > votes.wins.T
    slow = {
        frozenset((i, j, k))
        for i, j, k in itertools.permutations(range(8), 3)
        if above[i, j] and above[j, k] and above[k, i]
    }
    names = {
        frozenset(votes.systems.index(name) for name in circle.systems) for circle in intransitive_triples(votes).found
    }
    assert names == slow
    assert len(names) == len(intransitive_triples(votes).found)


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"item": ["1", "1"], "annotator": ["p", "p"]}, "there is one annotator"),
        ({"item": ["1", "2"], "annotator": ["p", "q"]}, "no pair of outputs was judged twice"),
    ],
)
def test_alpha_says_why_there_is_none(columns, reason):
    found = annotator_agreement(Comparisons.of(["A", "B"], ["B", "A"], ["a", "a"], **columns))
    assert found.alpha is None
    assert found.reason == reason


def test_alpha_needs_items_and_is_1_for_those_who_agree():
    with pytest.raises(InputError, match="have no item"):
        annotator_agreement(Comparisons.of(["A"], ["B"], ["a"], annotator=["p"]))
    votes = Comparisons.of(
        ["A", "B", "A", "B"], ["B", "A", "B", "A"], ["a", "b", "b", "a"], item=list("1122"), annotator=list("pqpq")
    )
    assert annotator_agreement(votes, resamples=100).alpha == 1


def crowd(seed, reliabilities, votes=60):
    rng = np.random.default_rng(seed)
    worth = np.linspace(-1.5, 1.5, 6)
    rows = []
    for name, reliability in reliabilities.items():
        a = rng.integers(6, size=votes)
        b = (a + rng.integers(1, 6, size=votes)) % 6
        right = rng.random(votes) < 1 / (1 + np.exp(worth[b] - worth[a]))
        follows = rng.random(votes) < reliability
        rows += [
            ("ABCDEF"[i], "ABCDEF"[j], "a" if w == f else "b", name)
            for i, j, w, f in zip(a, b, right, follows, strict=True)
        ]
    a, b, winner, annotator = zip(*rows, strict=True)
    return Comparisons.of(a, b, winner, annotator=annotator, systems=list("ABCDEF")), worth


def test_unreliable_raters_are_found_and_do_less_harm():
    reliabilities = {"good 1": 1.0, "good 2": 1.0, "good 3": 0.95, "guesses": 0.5, "turns round": 0.1}
    votes, worth = crowd(1, reliabilities, votes=150)
    plain = BradleyTerry(prior="gaussian", sigma=1.5, interval="none").fit(votes)
    result = BradleyTerry(prior="gaussian", sigma=1.5, raters=True).fit(votes)
    found = {rater.name: rater for rater in result.raters}
    for name, reliability in reliabilities.items():
        rater = found[name]
        assert rater.low < rater.reliability < rater.high
        assert rater.reliability == pytest.approx(reliability, abs=0.2)
        assert rater.votes == 150
    assert found["turns round"].high < 0.5 < found["good 1"].low
    assert found["turns round"].agreement < 0.4
    assert found["good 1"].agreement > 0.7
    errors = [
        np.abs([fit.worth(name).log_worth - w for name, w in zip("ABCDEF", worth, strict=True)]).max()
        for fit in (plain, result)
    ]
    assert errors[1] < errors[0]
    assert any("from the curvature" in text for text in result.warnings)
    assert "raters=True" in result.signature
    assert result.goodness is None


def test_raters_are_reported_without_reliability_by_default():
    votes, _ = crowd(2, {"p": 1.0, "q": 0.5})
    result = BradleyTerry().fit(votes)
    p, q = result.raters
    assert p.reliability is q.reliability is None
    assert p.agreement > q.agreement
    assert p.expected == pytest.approx(q.expected, abs=0.1)


def test_the_posterior_of_raters_has_the_gradient_that_it_says():
    """Numerical derivatives of the value are the judge; ties and an order effect among the parameters."""
    from geneval_scorers.preference._raters import Crowd
    from geneval_scorers.preference._solver import Gaussian

    rng = np.random.default_rng(4)
    a = rng.choice(list("ABC"), 40)
    b = np.array([{"A": "B", "B": "C", "C": "A"}[name] for name in a])
    votes = Comparisons.of(
        a,
        b,
        rng.choice(["a", "b", "tie"], 40),
        annotator=rng.choice(["p", "q"], 40),
        shown_left=rng.choice(["a", "b"], 40),
    )
    for ties in ("davidson", "rao-kupper"):
        model = BradleyTerry(ties=ties, order=True, prior="gaussian", sigma=1.0)
        fit = model.fit(votes)._state.fit
        posterior = Crowd(fit, Gaussian(1.0), votes.annotators.of, 2)
        x = posterior.start() + rng.normal(0, 0.1, len(posterior.start()))
        step = 1e-6
        slopes = [
            (posterior.value(x + step * e)[0] - posterior.value(x - step * e)[0]) / (2 * step) for e in np.eye(len(x))
        ]
        assert posterior.value(x)[1] == pytest.approx(slopes, abs=1e-5)


def test_goodness_says_why_it_has_no_p_value():
    reasons = {
        "more than a fifth": BradleyTerry().fit(Comparisons.of(list("ABC"), list("BCA"), ["a"] * 3)),
        "no known law": BradleyTerry(ties="half").fit(pudding()),
        "shrunken by a prior": BradleyTerry(prior="firth").fit(pudding()),
        "a parameter for every cell": BradleyTerry().fit(Comparisons.of(["A"] * 20, ["B"] * 20, ["a", "b"] * 10)),
    }
    for reason, result in reasons.items():
        assert result.goodness.p_value is None
        assert reason in result.goodness.reason
    assert BradleyTerry().fit(pudding()).goodness.p_value > 0.05


def test_goodness_is_lost_with_covariates():
    rng = np.random.default_rng(1)
    votes = Comparisons.of(
        ["A", "B"] * 20, ["B", "A"] * 20, rng.choice(["a", "b"], 40), covariates={"z": rng.normal(size=40)}
    )
    found = BradleyTerry(covariates=("z",)).fit(votes).goodness
    assert (found.deviance, found.p_value) == (None, None)
    assert "covariates" in found.reason


def test_alpha_takes_an_annotator_once_a_pair():
    """Who says the same again agrees with nobody; who takes it back says a tie."""
    columns = {"item": list("112233"), "annotator": list("pqpqpq")}
    once = Comparisons.of(["A"] * 6, ["B"] * 6, list("ababab"), **columns)
    again = once.take(np.array([0, 0, 0, 1, 2, 3, 4, 5]))
    assert annotator_agreement(again) == annotator_agreement(once)
    back = Comparisons.of(["A"] * 4, ["B", "B", "B", "B"], list("abab"), item=list("1111"), annotator=list("ppqq"))
    assert annotator_agreement(back).reason == "all who judged the same pair of outputs as others said the same"
    alone = Comparisons.of(["A"] * 3, ["B"] * 3, list("aba"), item=list("112"), annotator=list("ppq"))
    assert annotator_agreement(alone).reason == "no pair of outputs was judged twice"


@pytest.mark.parametrize("options", [{"confidence": 2.0}, {"resamples": 0}, {"seed": -1}])
def test_alpha_refuses_options_that_cannot_be(options):
    votes = Comparisons.of(["A", "A"], ["B", "B"], ["a", "b"], item=["1", "1"], annotator=["p", "q"])
    with pytest.raises(UsageError, match="a confidence lies between 0 and 1"):
        annotator_agreement(votes, **options)
