"""What the comparisons leave open is named, and never a number."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from geneval_references import UsageError
from geneval_scorers.preference import BradleyTerry, Comparisons, NotConvergedError
from geneval_scorers.preference._design import Design
from geneval_scorers.preference._existence import fitted, outcome_rows, perfect
from geneval_scorers.preference._kernels import Davidson, Halves, RaoKupper

KERNELS = {"davidson": Davidson(), "rao-kupper": RaoKupper(), "half": Halves()}


def votes_of(rows, **columns):
    """Comparisons from texts such as `A>B`, `A=B`, `A<B`."""
    outcome = {">": "a", "<": "b", "=": "tie"}
    a, b = [row[0] for row in rows], [row[2] for row in rows]
    return Comparisons.of(a, b, [outcome[row[1]] for row in rows], **columns)


def reaches(wins, start):
    """Systems that chains of wins lead to, one step after the other."""
    found = {start}
    while more := {int(j) for i in found for j in np.flatnonzero(wins[i] > 0)} - found:
        found |= more
    return found


def linked(wins):
    """Groups within which everyone reaches everyone, by walking all chains."""
    reach = [reaches(wins, i) for i in range(len(wins))]
    return {frozenset(j for j in reach[i] if i in reach[j]) for i in range(len(wins))}


def arena(seed):
    """6 systems, 60 votes, worths so far apart that many a system never loses."""
    rng = np.random.default_rng(seed)
    worth = rng.normal(0, 1.5, 6)
    a = rng.integers(6, size=60)
    b = (a + rng.integers(1, 6, size=60)) % 6
    won = rng.random(60) < 1 / (1 + np.exp(worth[b] - worth[a]))
    names = np.array(list("ABCDEF"))
    return Comparisons.of(names[a], names[b], np.where(won, "a", "b"), systems=names.tolist())


def slow_fit(votes, group):
    """Log-worths of one group by a general optimiser, mean 0."""
    wins = votes.wins[np.ix_(group, group)]

    def loss(x):
        x = np.append(x, -x.sum())
        return (wins * np.logaddexp(0, x[None, :] - x[:, None])).sum()

    found = optimize.minimize(loss, np.zeros(len(group) - 1), method="BFGS", options={"gtol": 1e-9})
    return np.append(found.x, -found.x.sum())


def test_of_200_arenas_none_collapses_in_silence():
    """Who has a worth is who is linked both ways with the largest group, and the worths are those of a slow fit."""
    incomplete = 0
    for seed in range(200):
        votes = arena(seed)
        groups = linked(votes.wins)
        largest = max(len(group) for group in groups)
        main = [group for group in groups if len(group) == largest]
        expected = sorted(main[0]) if len(main) == 1 and largest > 1 else []
        result = BradleyTerry(interval="none").fit(votes)
        identified = {row.system for row in result.worths if row.identified}
        assert identified == {"ABCDEF"[i] for i in expected}, seed
        for row in result.worths:
            alone = [row.worth, row.log_worth, row.low, row.high, row.rank_low, row.rank_high]
            assert row.identified == (row.reason is None)
            assert row.identified or alone == [None] * 6
            assert row.identified or any(row.system in warning for warning in result.warnings) or not expected
        assert bool(result.warnings) == (len(expected) < 6)
        incomplete += len(expected) < 6
        if expected:
            found = [result.worth("ABCDEF"[i]).log_worth for i in expected]
            assert found == pytest.approx(slow_fit(votes, expected), abs=1e-4)
            assert sum(row.worth for row in result.worths if row.identified) == pytest.approx(1)
    assert incomplete > 50, "the arenas are there to be incomplete"


def test_an_undefeated_system_is_named_and_the_others_are_ranked():
    result = BradleyTerry().fit(votes_of(["A>B", "A>C", "B>C", "C>D", "D>B"]))
    assert [row.system for row in result.worths if row.identified] == ["B", "C", "D"]
    assert result.worths[-1].reason == "it won all 2 of its comparisons: its worth has no upper bound"
    assert any("prior='firth'" in warning for warning in result.warnings)
    assert result.difference("A", "B").value is None
    assert result.difference("B", "C").value is not None
    with pytest.raises(UsageError, match="'A' and 'B' cannot be compared: A: it won all 2"):
        result.predict("A", "B")
    with pytest.raises(UsageError, match="has no worth to measure others by"):
        result.relative_to("A")


@pytest.mark.parametrize(
    ("rows", "reasons"),
    [
        (["A>B"] * 5, {"A": "won all 5", "B": "lost all 5"}),
        (["A>B", "B>A", "C>D", "D>C"], {"A": "its group (A, B) is linked with no other", "D": "its group (C, D)"}),
        (["A>B", "B>A", "C>D", "D>C", "A>C"], {"A": "never lost to C, D", "D": "never won against A, B"}),
        (["A>B", "B>C", "C>A", "D>E", "E>D"], {"D": "no chain of comparisons links it with A, B, C"}),
        (["A=B", "B=C"], {"A": "all comparisons are ties", "C": "all comparisons are ties"}),
        (["A>B", "A=B"], {"A": "parameter of ties has no finite estimate"}),
        (["A>B", "B>C", "C>A", "A=B", "D=A", "D>A"], {}),
        (["A>B", "B>C", "C>A", "A=B", "D>A", "D>B"], {"D": "won all 2"}),
    ],
)
def test_the_reason_says_what_is_missing(rows, reasons):
    result = BradleyTerry().fit(votes_of(rows))
    found = {row.system: row.reason for row in result.worths if not row.identified}
    assert set(reasons) <= set(found)
    assert bool(found) == bool(reasons)
    for system, reason in reasons.items():
        assert reason in found[system]


def test_a_system_without_comparisons_is_named():
    result = BradleyTerry().fit(votes_of(["A>B", "B>A"], systems=["A", "B", "C"]))
    assert result.worth("C").reason == "it was in no comparison"


@pytest.mark.parametrize("ties", ["davidson", "rao-kupper", "half"])
def test_all_ties_are_never_equal_worths_in_silence(ties):
    """With a parameter of ties nothing is identified; half wins are wins and losses, and make all equal."""
    result = BradleyTerry(ties=ties).fit(votes_of(["A=B", "B=C", "C=A"] * 5))
    if ties == "half":
        assert [row.log_worth for row in result.worths] == [0, 0, 0]
        assert result.warnings
    else:
        assert not any(row.identified for row in result.worths)
        assert "all comparisons are ties" in result.warnings[0]
        assert result.ties.value is None


@pytest.mark.parametrize("prior", ["none", "gaussian"])
def test_an_order_effect_that_explains_all_is_named(prior):
    """A wins if and only if it is shown on the left: strongly connected, and the order effect has no bound."""
    rows = ["A>B", "A<B", "B>C", "B<C", "A>C", "A<C"]
    left = ["a" if row[1] == ">" else "b" for row in rows]
    votes = votes_of(rows, shown_left=left)
    assert all(row.identified for row in BradleyTerry().fit(votes).worths)
    result = BradleyTerry(order=True, prior=prior, sigma=1 if prior == "gaussian" else None).fit(votes)
    assert not any(row.identified for row in result.worths)
    assert result.order.value is None
    assert any("order effect" in warning for warning in result.warnings)
    firth = BradleyTerry(order=True, prior="firth").fit(votes)
    assert firth.order.value > 1
    assert all(row.identified for row in firth.worths)


@pytest.mark.parametrize("weights", [(1e16, 1), (1, 1e-15)])
def test_what_numbers_cannot_hold_is_an_error_and_no_worth(weights):
    votes = Comparisons.of(["A", "B"], ["B", "A"], ["a", "a"], weight=weights)
    with pytest.raises(NotConvergedError, match="look at the weights"):
        BradleyTerry().fit(votes)


def test_a_covariate_that_is_the_system_is_named():
    rows = ["A>B", "A<B", "B>C", "B<C", "A>C", "A<C"]
    size = {"A": 3.0, "B": 1.0, "C": 0.5}
    votes = votes_of(rows, covariates={"size": [size[row[0]] - size[row[2]] for row in rows]})
    result = BradleyTerry(covariates=("size",)).fit(votes)
    assert not any(row.identified for row in result.worths)
    assert "the effect of size cannot be told apart from the worths" in result.warnings[0]
    assert result.covariates[0].value is None


@pytest.mark.parametrize("prior", ["firth", "gaussian"])
def test_a_prior_gives_an_undefeated_system_a_worth_and_says_so(prior):
    result = BradleyTerry(prior=prior).fit(votes_of(["A>B", "A>C", "B>C", "C>B", "A>B"]))
    assert all(row.identified for row in result.worths)
    assert result.worths[0].system == "A"
    assert all(row.low < row.log_worth < row.high for row in result.worths)
    assert f"prior:{prior}" in result.signature
    assert any("shrunken by the prior" in warning for warning in result.warnings)


@pytest.mark.parametrize("prior", ["none", "firth", "gaussian"])
def test_unconnected_groups_are_never_compared(prior):
    rows = ["A>B", "B>C", "C>A", "A>B", "D>E", "E>D", "D>E"]
    result = BradleyTerry(prior=prior).fit(votes_of(rows))
    assert sorted(row.system for row in result.worths if row.identified) == ["A", "B", "C"]
    gap = result.difference("A", "D")
    assert gap.value is gap.low is gap.high is gap.error is None
    assert "no chain of comparisons links it" in gap.reason
    assert result.difference("D", "E").value == pytest.approx(np.log(2) if prior == "none" else 0.3, abs=0.3)
    assert result.groups == (("A", "B", "C"), ("D", "E"))


OUTCOMES = st.lists(
    st.tuples(st.sampled_from(list(itertools.permutations("ABCD", 2))), st.sampled_from(">=<")), min_size=1, max_size=14
)


@settings(deadline=None, max_examples=100)
@given(OUTCOMES, st.sampled_from(sorted(KERNELS)), st.booleans(), st.randoms(use_true_random=False))
def test_the_search_and_the_linear_programme_agree(rows, ties, order, random):
    """Newton ends with a proof of a maximum exactly where no direction explains outcomes perfectly."""
    texts = [f"{a}{outcome}{b}" for (a, b), outcome in rows]
    votes = votes_of(texts, shown_left=[random.choice("ab") for _ in texts])
    kernel = KERNELS[ties] if (votes.outcome == 2).any() else Halves()
    design = Design.of(votes, kernel, order=order, covariates=())
    strict = perfect(outcome_rows(design)[0])
    found, solution = fitted(design)
    everything = len(found.main) == design.size and found.extra.all()
    if everything:
        assert not strict.any()
        assert solution is not None
    if solution is not None:
        gradient = design.only(found.cells).gradient(
            *(getattr(design.only(found.cells).terms(solution.theta), x) for x in "dt")
        )
        assert np.abs(gradient).max() < 1e-6
    assert everything or strict.any() or found.null.shape[1] > 1


def slow_perfect(rows):
    """A slack between 0 and 1 for every row, their sum maximised."""
    rows = rows.toarray()
    count, width = rows.shape
    found = optimize.linprog(
        np.concatenate([np.zeros(width), -np.ones(count)]),
        A_ub=np.hstack([-rows, np.eye(count)]),
        b_ub=np.zeros(count),
        bounds=[(None, None)] * width + [(0, 1)] * count,
    )
    return found.x[width:] > 0.5


@settings(deadline=None, max_examples=60)
@given(OUTCOMES, st.sampled_from(["davidson", "rao-kupper"]), st.randoms(use_true_random=False))
def test_rounds_find_every_row_that_can_be_strict(rows, ties, random):
    texts = [f"{a}{outcome}{b}" for (a, b), outcome in rows]
    effort = [random.choice([-2.0, -1.0, 0.0, 0.5, 1.0]) for _ in texts]
    votes = votes_of(texts, shown_left=[random.choice("ab") for _ in texts], covariates={"effort": effort})
    covariates = ("effort",) if random.random() < 0.5 else ()
    made = outcome_rows(Design.of(votes, KERNELS[ties], order=True, covariates=covariates))[0]
    assert perfect(made).tolist() == slow_perfect(made).tolist()


@settings(deadline=None, max_examples=60)
@given(OUTCOMES)
def test_chains_of_wins_and_the_linear_programme_agree(rows):
    """For the plain model strong connectivity is what the linear programme finds."""
    votes = votes_of([f"{a}{outcome}{b}" for (a, b), outcome in rows])
    design = Design.of(votes, Halves(), order=False, covariates=())
    found, _ = fitted(design)
    rows, cell = outcome_rows(design)
    strict = perfect(rows)
    assert set(np.flatnonzero(~found.cells)) == set(cell[strict])
    wins = votes.wins + votes.ties
    assert {frozenset(np.flatnonzero(found.group == g)) for g in set(found.group)} == linked(wins)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (["A>B", "A>B", "B>C", "C>B"], "settle it (next_pairs), or prior='firth' or 'gaussian' gives"),
        (["A>B", "B>A", "C>D", "D>C"], "settle it (next_pairs); a prior does not compare"),
        (["A>B", "C>D"], "settle it (next_pairs); a prior does not compare"),
        (["A>B", "B>A", "B>E", "C>D"], "prior='firth' or 'gaussian' gives"),
        (["A>B", "B>A", "B>E", "C>D"], "a prior does not compare what no chain"),
        (["A=B", "B=C"], "settle it (next_pairs), or prior='firth' gives"),
    ],
)
def test_a_prior_is_offered_where_it_helps(rows, told):
    """And only there: what is offered gives worths to all that it is offered for."""
    votes = votes_of(rows)
    warnings = BradleyTerry().fit(votes).warnings
    assert any(told in text for text in warnings), warnings
    offered = [name for name in ("firth", "gaussian") if any(f"'{name}'" in text for text in warnings)]
    for prior in offered:
        found = BradleyTerry(prior=prior).fit(votes)
        assert any(row.identified for row in found.worths)
    if not offered:
        assert not any(row.identified for row in BradleyTerry(prior="firth").fit(votes).worths)


def test_no_prior_is_offered_where_a_covariate_is_the_system():
    votes = Comparisons.of(["A", "B", "A"], ["B", "A", "B"], ["a", "b", "b"], covariates={"size": [1.0, -1.0, 1.0]})
    assert (
        "more comparisons settle it (next_pairs); no prior does"
        in BradleyTerry(covariates=("size",)).fit(votes).warnings
    )
    assert not any(r.identified for r in BradleyTerry(covariates=("size",), prior="firth").fit(votes).worths)
