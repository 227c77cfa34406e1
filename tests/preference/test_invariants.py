"""What never changes an answer, on data from hypothesis; what must change it, and how."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from published import citations, pudding

from geneval_scorers.preference import BradleyTerry, Comparisons, NotConvergedError

SYSTEMS = "ABCDE"
MODELS = st.sampled_from(
    [
        BradleyTerry(interval="none"),
        BradleyTerry(ties="rao-kupper", interval="none"),
        BradleyTerry(ties="half", interval="none"),
        BradleyTerry(order=True, interval="none"),
        BradleyTerry(prior="gaussian", sigma=1.0, interval="none"),
        BradleyTerry(prior="firth", interval="none"),
    ]
)
ROWS = st.lists(
    st.tuples(
        st.sampled_from(list(itertools.permutations(SYSTEMS, 2))),
        st.sampled_from(["a", "b", "b", "a", "tie"]),
        st.sampled_from("ab"),
        st.integers(1, 3),
    ),
    min_size=4,
    max_size=40,
)
FEW = settings(deadline=None, max_examples=40)


def votes_of(rows, systems=SYSTEMS):
    return Comparisons.of(
        [pair[0] for pair, *_ in rows],
        [pair[1] for pair, *_ in rows],
        [winner for _, winner, _, _ in rows],
        shown_left=[side for _, _, side, _ in rows],
        weight=[times for *_, times in rows],
        systems=list(systems),
    )


def fit(model, votes):
    """None where Firth's prior and fitted ties put some system ahead by more than e^30 to 1, which is an error."""
    try:
        return model.fit(votes)
    except NotConvergedError as error:
        if (model.prior, model.ties) != ("firth", "davidson") or "ahead by more than e^30" not in str(error):
            raise
        return None


def answer(result):
    """Log-worths by system, and the parameters beside them; nothing of what is None."""
    if result is None:
        return {}, [None, None]
    worths = {row.system: row.log_worth for row in result.worths}
    return worths, [None if part is None else part.value for part in (result.ties, result.order)]


def same(first, second):
    """Equal to rounding, None being None."""
    assert first[0].keys() == second[0].keys()
    pairs = [(first[0][name], second[0][name]) for name in first[0]] + list(zip(first[1], second[1], strict=True))
    for one, other in pairs:
        assert (one is None) == (other is None)
        assert one is None or one == pytest.approx(other, abs=2e-6, rel=1e-6)


# The approximate steps of Firth's prior creep here, for more than 200 of them.
CREEPING = [(("A", "B"), "b", "a", 5), (("A", "C"), "tie", "a", 1)]


def penalised(theta):
    """Davidson's log-likelihood of these votes and half the log-determinant of the expected information, written out."""
    lead, tie = (theta[1] - theta[0], theta[0] - theta[2]), theta[3]
    weights = [np.asarray([np.exp(x / 2), np.exp(-x / 2), np.exp(tie)]) for x in lead]
    chances = [w / w.sum() for w in weights]
    value = 5 * np.log(chances[0][0]) + np.log(chances[1][2])
    information = np.zeros((4, 4))
    for chance, times, (up, down) in zip(chances, (5, 1), ((1, 0), (0, 2)), strict=True):
        ways = np.zeros((3, 4))
        ways[0, up], ways[0, down], ways[1, up], ways[1, down], ways[2, 3] = 0.5, -0.5, -0.5, 0.5, 1.0
        information += times * (ways.T * chance @ ways - np.outer(chance @ ways, chance @ ways))
    information[:3, :3] += 1.0
    return value + 0.5 * np.linalg.slogdet(information)[1]


def test_firth_does_not_creep():
    from scipy import optimize

    options = {"xatol": 1e-9, "fatol": 1e-13, "maxiter": 20_000, "maxfev": 20_000}
    found = optimize.minimize(lambda t: -penalised(t), np.zeros(4), method="Nelder-Mead", options=options)
    worths = {
        row.system: row.log_worth for row in BradleyTerry(prior="firth", interval="none").fit(votes_of(CREEPING)).worths
    }
    for one, other in (("B", "A"), ("A", "C")):
        places = "ABC".index(one), "ABC".index(other)
        assert worths[one] - worths[other] == pytest.approx(found.x[places[0]] - found.x[places[1]], abs=1e-4)


@FEW
@given(ROWS, MODELS, st.permutations(SYSTEMS))
def test_names_do_not_matter(rows, model, names):
    new = dict(zip(SYSTEMS, names, strict=True))
    renamed = [((new[a], new[b]), *rest) for (a, b), *rest in rows]
    worths, others = answer(fit(model, votes_of(rows)))
    same(({new[name]: worth for name, worth in worths.items()}, others), answer(fit(model, votes_of(renamed, names))))


@FEW
@given(ROWS, MODELS, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows, model, random):
    shuffled = random.sample(rows, len(rows))
    same(answer(fit(model, votes_of(rows))), answer(fit(model, votes_of(shuffled))))


@FEW
@given(ROWS, MODELS)
def test_a_and_b_may_be_exchanged(rows, model):
    other = {"a": "b", "b": "a", "tie": "tie"}
    turned = [((b, a), other[winner], other[side], times) for (a, b), winner, side, times in rows]
    same(answer(fit(model, votes_of(rows))), answer(fit(model, votes_of(turned))))


@FEW
@given(ROWS, MODELS)
def test_when_all_winners_are_losers_the_ranking_is_reversed(rows, model):
    """The order effect, too, turns: what was left won, now right does."""
    other = {"a": "b", "b": "a", "tie": "tie"}
    flipped = [(pair, other[winner], side, times) for pair, winner, side, times in rows]
    worths, (tie, order) = answer(fit(model, votes_of(rows)))
    negative = {name: None if worth is None else -worth for name, worth in worths.items()}
    same((negative, [tie, None if order is None else -order]), answer(fit(model, votes_of(flipped))))


@FEW
@given(ROWS, MODELS)
def test_a_weight_is_a_repetition(rows, model):
    repeated = [(pair, winner, side, 1) for pair, winner, side, times in rows for _ in range(times)]
    same(answer(fit(model, votes_of(rows))), answer(fit(model, votes_of(repeated))))


@FEW
@given(ROWS, st.sampled_from(["davidson", "rao-kupper", "half"]))
def test_errors_of_weights_are_those_of_repetitions(rows, ties):
    repeated = [(pair, winner, side, 1) for pair, winner, side, times in rows for _ in range(times)]
    first, second = (BradleyTerry(ties=ties, cluster=None).fit(votes_of(table)) for table in (rows, repeated))
    for row in first.worths:
        assert (row.error is None) == (second.worth(row.system).error is None)
        assert row.error is None or row.error == pytest.approx(second.worth(row.system).error, rel=1e-5)


@FEW
@given(ROWS)
def test_left_and_right_exchanged_turns_the_order_effect_alone(rows):
    model = BradleyTerry(order=True, interval="none")
    other = {"a": "b", "b": "a"}
    mirrored = [(pair, winner, other[side], times) for pair, winner, side, times in rows]
    worths, (tie, order) = answer(model.fit(votes_of(rows)))
    same((worths, [tie, None if order is None else -order]), answer(model.fit(votes_of(mirrored))))


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_two_systems_have_a_closed_form(won, lost):
    votes = Comparisons.of(["A", "A"], ["B", "B"], ["a", "b"], weight=[won, lost])
    gap = BradleyTerry(interval="information").fit(votes).difference("A", "B")
    assert gap.value == pytest.approx(math.log(won / lost), abs=1e-9)
    assert gap.error == pytest.approx(math.sqrt(1 / won + 1 / lost), rel=1e-6)


@given(st.integers(1, 50), st.integers(1, 50), st.integers(1, 50))
def test_two_systems_with_ties_have_a_closed_form(won, lost, tied):
    """Davidson: the odds of the wins, and nu = ties / sqrt(wins x losses)."""
    votes = Comparisons.of(["A"] * 3, ["B"] * 3, ["a", "b", "tie"], weight=[won, lost, tied])
    result = BradleyTerry(interval="none").fit(votes)
    assert result.difference("A", "B").value == pytest.approx(math.log(won / lost), abs=1e-8)
    assert result.ties.value == pytest.approx(tied / math.sqrt(won * lost), rel=1e-8)


def test_when_everyone_beats_everyone_once_all_are_equal():
    pairs = list(itertools.permutations(SYSTEMS, 2))
    result = BradleyTerry().fit(Comparisons.of(*zip(*pairs, strict=True), ["a"] * len(pairs)))
    assert [row.log_worth for row in result.worths] == pytest.approx([0] * 5, abs=1e-12)
    assert [row.worth for row in result.worths] == pytest.approx([0.2] * 5)
    assert {(row.rank_low, row.rank_high) for row in result.worths} == {(1, 5)}


def test_a_perfect_order_is_refused_without_a_prior():
    pairs = list(itertools.combinations(SYSTEMS, 2))
    votes = Comparisons.of(*zip(*pairs, strict=True), ["a"] * len(pairs))
    assert not any(row.identified for row in BradleyTerry().fit(votes).worths)
    firth = BradleyTerry(prior="firth").fit(votes)
    assert [row.system for row in firth.worths] == list(SYSTEMS)


@pytest.mark.parametrize("votes", [citations(), pudding()])
def test_expected_wins_are_the_wins(votes):
    """At the maximum of the likelihood every system's expected score is its own."""
    result = BradleyTerry(interval="none").fit(votes)
    played = votes.wins + votes.wins.T + votes.ties
    for i, name in enumerate(votes.systems):
        guesses = [result.predict(name, other) for other in votes.systems if other != name]
        games = np.delete(played[i], i)
        expected = sum(n * (guess.a + guess.tie / 2) for n, guess in zip(games, guesses, strict=True))
        assert expected == pytest.approx(votes.wins[i].sum() + votes.ties[i].sum() / 2, rel=1e-9)


def test_predictions_add_up_and_turn_round():
    result = BradleyTerry(ties="rao-kupper").fit(pudding())
    there, back = result.predict("1", "6"), result.predict("6", "1")
    assert sum(there) == pytest.approx(1)
    assert (there.a, there.tie, there.b) == pytest.approx((back.b, back.tie, back.a))
    davidson = BradleyTerry().fit(pudding())
    gap = davidson.difference("1", "6").value
    assert davidson.predict("1", "6").decided == pytest.approx(1 / (1 + math.exp(-gap)))


def test_a_baseline_moves_all_and_changes_no_difference():
    result = BradleyTerry().fit(pudding())
    rows = {row.system: row for row in result.relative_to("3")}
    assert (rows["3"].log_worth, rows["3"].low, rows["3"].high, rows["3"].error) == (0, 0, 0, 0)
    for name, row in rows.items():
        gap = result.difference(name, "3")
        if name != "3":
            assert (row.log_worth, row.low, row.high) == pytest.approx((gap.value, gap.low, gap.high))
        assert row.worth == pytest.approx(result.worth(name).worth)
        assert row.rank_low == result.worth(name).rank_low


def test_all_differences_come_in_the_order_of_the_worths():
    result = BradleyTerry().fit(pudding())
    order = [row.system for row in result.worths]
    found = result.differences()
    assert [(gap.a, gap.b) for gap in found] == list(itertools.combinations(order, 2))
    assert all(gap.value >= 0 for gap in found)
    assert found[3] == result.difference(found[3].a, found[3].b)


def test_fitting_changes_nothing_in_the_model_and_is_repeated_exactly():
    model, votes = BradleyTerry(interval="bootstrap", resamples=99), pudding()
    assert repr(model.fit(votes).worths) == repr(model.fit(votes).worths)
    assert model == BradleyTerry(interval="bootstrap", resamples=99)
