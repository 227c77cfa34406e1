"""Bradley-Terry with features: against plain Bradley-Terry, scikit-learn, and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geneval_references import InputError, UsageError
from geneval_scorers.preference import BradleyTerry, Comparisons
from geneval_scorers.preference.features import Duels, chances, fit_features

SYSTEMS = ["a", "b", "c", "d"]


def votes(seed, ties=True):
    """Enough votes between all pairs of systems, that a maximum is there."""
    rng = np.random.default_rng(seed)
    pairs = [(i, j) for i in range(4) for j in range(4) if i < j]
    counts = rng.integers(2, 40, size=(len(pairs), 3))
    return pairs, counts if ties else counts * [1, 1, 0]


def duels_of(pairs, counts):
    one_hot = np.eye(4)
    features = np.asarray([one_hot[i] - one_hot[j] for i, j in pairs])
    return Duels(features, *np.asarray(counts, np.float64).T)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_with_one_feature_a_system_it_is_bradley_terry(seed, ties):
    """Unpenalised and free, with Davidson's ties and without."""
    pairs, counts = votes(seed, ties)
    rows = [
        (SYSTEMS[i], SYSTEMS[j], what, n)
        for (i, j), row in zip(pairs, counts.tolist(), strict=True)
        for what, n in zip(("a", "b", "tie"), row, strict=True)
        if n
    ]
    a, b, winner, weight = zip(*rows, strict=True)
    plain = BradleyTerry(interval="none").fit(Comparisons.of(a, b, winner, weight=weight, systems=SYSTEMS))
    found = fit_features(duels_of(pairs, counts), free=np.ones(4, bool), l2=0.0)
    worths = {worth.system: worth.log_worth for worth in plain.worths}
    expected = np.asarray([worths[name] for name in SYSTEMS])
    assert found.weights - found.weights.mean() == pytest.approx(expected - expected.mean(), abs=1e-6)


def test_without_ties_it_is_logistic_regression_without_an_intercept():
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(4)
    features = rng.normal(size=(300, 3))
    first = rng.random(300) < 1 / (1 + np.exp(-features @ [1.0, 0.5, -0.7]))
    found = fit_features(Duels(features, first * 1.0, ~first * 1.0, np.zeros(300)), free=np.ones(3, bool), l2=1.0)
    judge = LogisticRegression(fit_intercept=False, C=1.0, tol=1e-10, max_iter=1000).fit(features, first)
    assert found.weights == pytest.approx(judge.coef_[0], abs=1e-5) and found.nu == 0


def test_a_weight_that_people_vote_against_is_zero_unless_it_is_free():
    features = np.asarray([[1.0, -1.0], [1.0, 1.0], [-1.0, 2.0]])
    duels = Duels(features, np.asarray([9.0, 6.0, 1.0]), np.asarray([1.0, 4.0, 9.0]), np.zeros(3))
    bound, free = fit_features(duels), fit_features(duels, free=np.asarray([False, True]))
    assert bound.weights[1] == 0 < bound.weights[0] and free.weights[1] < 0
    alone = fit_features(duels.seen_by(features[:, :1]))
    assert bound.weights[0] == pytest.approx(alone.weights[0], abs=1e-7)


def test_nu_without_a_lead_is_twice_the_odds_of_a_tie():
    duels = Duels(np.zeros((1, 1)), np.asarray([20.0]), np.asarray([20.0]), np.asarray([10.0]))
    found = fit_features(duels)
    assert found.nu == pytest.approx(2 * 10 / 40, abs=1e-6)
    assert [float(c[0]) for c in chances(np.zeros(1), found.nu)] == pytest.approx([0.4, 0.4, 0.2], abs=1e-6)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(-3, 3), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=12
    )
)
def test_which_side_stands_first_changes_nothing(rows):
    table = np.asarray(rows, np.float64)
    if not table[:, 1:].any():
        table[0, 1] = 1.0
    duels = Duels(table[:, :1], *table[:, 1:].T)
    turned = Duels(-table[:, :1], duels.losses, duels.wins, duels.ties)
    one, other = (fit_features(d, free=np.ones(1, bool)) for d in (duels, turned))
    assert one.weights == pytest.approx(other.weights, abs=1e-5) and one.nu == pytest.approx(
        other.nu, rel=1e-3, abs=1e-6
    )


def test_votes_that_features_predict_without_an_exception_need_a_penalty():
    duels = Duels(np.asarray([[1.0], [2.0]]), np.ones(2), np.zeros(2), np.zeros(2))
    with pytest.raises(InputError, match=r"run away.*penalty"):
        fit_features(duels, l2=0.0)
    assert 0 < fit_features(duels, l2=1.0).weights[0] < 2


@pytest.mark.parametrize("l2", [-1.0, float("nan"), float("inf")])
def test_a_penalty_is_a_number_from_0_on(l2):
    with pytest.raises(UsageError, match="l2="):
        fit_features(Duels(np.ones((1, 1)), np.ones(1), np.ones(1), np.zeros(1)), l2=l2)


def test_no_vote_is_nothing_to_learn_from():
    with pytest.raises(InputError, match="no vote"):
        fit_features(Duels(np.ones((1, 1)), np.zeros(1), np.zeros(1), np.zeros(1)))


def test_chances_are_davidsons():
    """P(first) : P(second) : P(tie) = e^d : 1 : nu e^(d/2)."""
    first, second, tie = chances(np.asarray([0.7]), 0.4)
    odds = np.asarray([np.exp(0.7), 1.0, 0.4 * np.exp(0.35)])
    assert np.concatenate([first, second, tie]) == pytest.approx(odds / odds.sum())
