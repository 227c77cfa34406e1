"""Judges: choix and evalica of worths, statsmodels of standard errors, and a slow Crowd-BT of raters."""

from __future__ import annotations

import itertools

import choix
import evalica
import numpy as np
import pytest
import statsmodels.api as sm
from published import baseball, pudding
from scipy import optimize

from geneval_scorers.preference import BradleyTerry, Comparisons, annotator_agreement

NAMES = [f"s{i}" for i in range(7)]


def simulated(seed, count=400, ties=0.0, items=40, systems=7):
    """Votes on items that have tastes of their own; sides, a covariate with an effect, annotators."""
    rng = np.random.default_rng(seed)
    worth = rng.normal(0, 1, systems)
    a = rng.integers(systems, size=count)
    b = (a + rng.integers(1, systems, size=count)) % systems
    item = rng.integers(items, size=count)
    taste = rng.normal(0, 0.5, (items, systems))
    length = rng.normal(0, 2, count)
    left = rng.random(count) < 0.5
    lead = worth[a] - worth[b] + taste[item, a] - taste[item, b] + 0.2 * length + np.where(left, 0.3, -0.3)
    odds = np.stack([np.exp(lead / 2), np.exp(-lead / 2), np.full(count, ties)])
    outcome = (rng.random(count) * odds.sum(axis=0) > odds.cumsum(axis=0)[:2]).sum(axis=0)
    names = np.array(NAMES)
    return Comparisons.of(
        names[a],
        names[b],
        np.array(["a", "b", "tie"])[outcome],
        shown_left=np.where(left, "a", "b"),
        covariates={"length": length},
        item=item.astype(str),
        annotator=rng.integers(60, size=count).astype(str),
        systems=NAMES[:systems],
    )


def logistic(votes, *, order=False, length=False):
    """The design that statsmodels takes: the first system is the baseline."""
    rows = np.arange(len(votes))
    design = np.zeros((len(votes), len(votes.systems)))
    design[rows, votes.a] += 1
    design[rows, votes.b] -= 1
    extra = [votes.side] * order + [votes.covariates["length"]] * length
    return np.column_stack([design[:, 1:], *extra]), (votes.outcome == 0).astype(float)


def against_first(result):
    found = {row.system: row for row in result.relative_to(NAMES[0])}
    rows = [found[name] for name in NAMES[1:]]
    return [row.log_worth for row in rows], [row.error for row in rows]


@pytest.mark.parametrize("seed", range(3))
def test_choix_finds_the_same_worths(seed):
    votes = simulated(seed)
    won = np.where(votes.outcome == 0, votes.a, votes.b)
    lost = np.where(votes.outcome == 0, votes.b, votes.a)
    expected = choix.opt_pairwise(7, list(zip(won.tolist(), lost.tolist(), strict=True)), tol=1e-10)
    result = BradleyTerry(interval="none").fit(votes)
    assert [result.worth(name).log_worth for name in NAMES] == pytest.approx(expected.tolist(), abs=1e-5)


@pytest.mark.parametrize("alpha", [0.1, 1.0, 5.0])
def test_choix_finds_the_same_shrunken_worths(alpha):
    """Its alpha |x|^2 is a Gaussian prior of variance 1 / (2 alpha)."""
    votes = simulated(5, count=60)
    won = np.where(votes.outcome == 0, votes.a, votes.b)
    lost = np.where(votes.outcome == 0, votes.b, votes.a)
    pairs = list(zip(won.tolist(), lost.tolist(), strict=True))
    expected = choix.opt_pairwise(7, pairs, alpha=alpha, tol=1e-10)
    result = BradleyTerry(prior="gaussian", sigma=(2 * alpha) ** -0.5, interval="none").fit(votes)
    assert [result.worth(name).log_worth for name in NAMES] == pytest.approx(expected.tolist(), abs=1e-5)


@pytest.mark.parametrize("solver", ["naive", "pyo3"])
def test_evalica_finds_the_same_worths_with_half_wins(solver):
    votes = simulated(1, ties=0.8)
    winner = [evalica.Winner([1, 2, 0][outcome]) for outcome in votes.outcome]
    names = np.array(NAMES)
    found = evalica.bradley_terry(
        names[votes.a].tolist(), names[votes.b].tolist(), winner, solver=solver, tolerance=1e-12, limit=10_000
    )
    result = BradleyTerry(ties="half", interval="none").fit(votes)
    expected = found.scores / found.scores.sum()
    assert [result.worth(name).worth for name in NAMES] == pytest.approx(expected[NAMES].tolist(), abs=1e-9)


def test_evalica_finds_the_same_worths_with_davidsons_ties():
    """Newman's fixed point is Davidson's maximum, with half its nu."""
    votes = simulated(1, ties=0.8)
    winner = [evalica.Winner([1, 2, 0][outcome]) for outcome in votes.outcome]
    names = np.array(NAMES)
    found = evalica.newman(names[votes.a].tolist(), names[votes.b].tolist(), winner, tolerance=1e-12, limit=10_000)
    result = BradleyTerry(interval="none").fit(votes)
    expected = found.scores / found.scores.sum()
    assert [result.worth(name).worth for name in NAMES] == pytest.approx(expected[NAMES].tolist(), abs=1e-8)
    assert result.ties.value == pytest.approx(2 * found.v, abs=1e-7)


@pytest.mark.parametrize("order", [False, True])
@pytest.mark.parametrize("length", [False, True])
def test_statsmodels_finds_the_same_errors(order, length):
    votes = simulated(2)
    design, outcome = logistic(votes, order=order, length=length)
    judge = sm.GLM(outcome, design, family=sm.families.Binomial()).fit(tol=1e-12)
    covariates = ("length",) if length else ()
    result = BradleyTerry(order=order, covariates=covariates, interval="information").fit(votes)
    worths, errors = against_first(result)
    assert worths == pytest.approx(judge.params[:6].tolist(), abs=1e-7)
    assert errors == pytest.approx(judge.bse[:6].tolist(), rel=1e-6)
    effects = [effect for effect in (result.order, *result.covariates) if effect is not None]
    assert [effect.value for effect in effects] == pytest.approx(judge.params[6:].tolist(), abs=1e-7)
    reach = [(effect.high - effect.low) / 2 for effect in effects]
    assert reach == pytest.approx((1.959964 * judge.bse[6:]).tolist(), rel=1e-5)
    assert result.goodness.log_likelihood == pytest.approx(judge.llf, abs=1e-6)


@pytest.mark.parametrize("seed", range(2))
def test_statsmodels_finds_the_same_clustered_errors(seed):
    """Its sandwich, times G / (G - 1)."""
    votes = simulated(seed, count=900, items=70)
    design, outcome = logistic(votes)
    model = sm.GLM(outcome, design, family=sm.families.Binomial())
    for name in ("item", "annotator"):
        groups = votes.labels(name).of
        judge = model.fit(tol=1e-12, cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False})
        count = len(set(groups.tolist()))
        result = BradleyTerry(cluster=name).fit(votes)
        expected = judge.bse[:6] * np.sqrt(count / (count - 1))
        assert against_first(result)[1] == pytest.approx(expected.tolist(), rel=1e-5)
        assert f"sandwich,CR1,t:{count - 1}|cluster:{name},{count}" in result.signature


def test_statsmodels_finds_the_same_errors_clustered_both_ways():
    """Items + annotators - both at once."""
    votes = simulated(3, count=1500, items=70)
    design, outcome = logistic(votes)
    model = sm.GLM(outcome, design, family=sm.families.Binomial())
    item, annotator = votes.items.of, votes.annotators.of
    total = np.zeros((6, 6))
    for groups, sign in ((item, 1), (annotator, 1), (item * 1000 + annotator, -1)):
        fit = model.fit(tol=1e-12, cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False})
        count = len(set(groups.tolist()))
        total += sign * fit.cov_params() * count / (count - 1)
    result = BradleyTerry(cluster="both").fit(votes)
    assert against_first(result)[1] == pytest.approx(np.sqrt(np.diag(total)).tolist(), rel=1e-5)


def test_statsmodels_finds_the_same_sandwich_of_independent_votes():
    votes = simulated(4)
    design, outcome = logistic(votes)
    judge = sm.GLM(outcome, design, family=sm.families.Binomial()).fit(tol=1e-12, cov_type="HC0")
    result = BradleyTerry(cluster=None, interval="sandwich").fit(votes)
    expected = judge.bse * np.sqrt(400 / (400 - 6))
    assert against_first(result)[1] == pytest.approx(expected.tolist(), rel=1e-5)


def test_davidson_is_a_log_linear_model():
    """As Poisson counts with a free total for each pair (Critchlow and Fligner 1991), errors and all."""
    votes = pudding()
    rows, counts = [], []
    for pair, (i, j) in enumerate(itertools.combinations(range(6), 2)):
        total = np.eye(15)[pair]
        counts += [votes.wins[i, j], votes.wins[j, i], votes.ties[i, j]]
        for lead, tie in ((0.5, 0), (-0.5, 0), (0, 1)):
            worth = np.zeros(6)
            worth[i], worth[j] = lead, -lead
            rows.append([*worth[1:], tie, *total])
    judge = sm.GLM(counts, np.array(rows), family=sm.families.Poisson()).fit(tol=1e-12)
    result = BradleyTerry().fit(votes)
    found = {row.system: row for row in result.relative_to("1")}
    assert [found[name].log_worth for name in "23456"] == pytest.approx(judge.params[:5].tolist(), abs=1e-7)
    assert [found[name].error for name in "23456"] == pytest.approx(judge.bse[:5].tolist(), rel=1e-6)
    assert np.log([result.ties.value, result.ties.low, result.ties.high]) == pytest.approx(
        judge.params[5] + judge.bse[5] * np.array([0, -1.959964, 1.959964]), abs=1e-5
    )
    assert result.goodness.deviance == pytest.approx(judge.deviance, abs=1e-6)
    assert result.goodness.freedom == judge.df_resid


def test_firth_maximises_the_penalised_likelihood():
    """Of the baseball games with home effect, by an optimiser that knows no derivative."""
    votes = baseball()
    result = BradleyTerry(order=True, prior="firth", interval="none").fit(votes)
    rows = np.arange(len(votes))
    design = np.zeros((len(votes), 8))
    design[rows, votes.a] += 1
    design[rows, votes.b] -= 1
    design[:, 7] = votes.side
    design, won = design[:, 1:], votes.outcome == 0

    def loss(x):
        lead = design @ x
        p = 1 / (1 + np.exp(-lead))
        information = design.T @ (design * (votes.weight * p * (1 - p))[:, None])
        likelihood = -(votes.weight * np.logaddexp(0, np.where(won, -lead, lead))).sum()
        return -likelihood - np.linalg.slogdet(information)[1] / 2

    found = optimize.minimize(loss, np.zeros(7), method="BFGS", options={"gtol": 1e-7}).x
    rows = {row.system: row.log_worth for row in result.relative_to("Baltimore")}
    assert [rows[name] for name in votes.systems[1:]] == pytest.approx(found[:6].tolist(), abs=1e-4)
    assert result.order.value == pytest.approx(found[6], abs=1e-4)


@pytest.mark.parametrize("ties", ["davidson", "rao-kupper"])
def test_firth_with_ties_maximises_the_penalised_likelihood(ties):
    """Against the determinant of an information made of numerical derivatives of the probabilities."""
    votes = pudding()
    result = BradleyTerry(ties=ties, prior="firth", interval="none").fit(votes)
    pairs = list(itertools.combinations(range(6), 2))
    counts = np.array([[votes.wins[i, j], votes.wins[j, i], votes.ties[i, j]] for i, j in pairs])

    def chances(x):
        worth = np.exp(np.concatenate([[0], x[:5]]))
        one, other = worth[[i for i, _ in pairs]], worth[[j for _, j in pairs]]
        tie = np.exp(x[5])
        if ties == "davidson":
            each = np.stack([one, other, tie * np.sqrt(one * other)], axis=1)
            return each / each.sum(axis=1, keepdims=True)
        won, lost = one / (one + tie * other), other / (other + tie * one)
        return np.stack([won, lost, 1 - won - lost], axis=1)

    def loss(x):
        p, step = chances(x), 1e-5
        slopes = [(chances(x + step * e) - chances(x - step * e)) / (2 * step) for e in np.eye(6)]
        information = np.array([[(counts.sum(axis=1)[:, None] * s * t / p).sum() for t in slopes] for s in slopes])
        return -(counts * np.log(p)).sum() - np.linalg.slogdet(information)[1] / 2

    found = optimize.minimize(
        loss,
        [0, 0, 0, 0, 0, 0.5],
        method="Nelder-Mead",
        options={"xatol": 1e-7, "fatol": 1e-9, "maxiter": 20_000, "maxfev": 20_000, "adaptive": True},
    ).x
    rows = {row.system: row.log_worth for row in result.relative_to("1")}
    assert [rows[name] for name in "23456"] == pytest.approx(found[:5].tolist(), abs=2e-4)
    assert np.log(result.ties.value) == pytest.approx(found[5], abs=2e-4)


def test_empirical_bayes_integrates_the_worths_out():
    """The width is where the integral over a grid of two systems' difference is largest."""
    votes = Comparisons.of(["A", "A"], ["B", "B"], ["a", "b"], weight=[30, 10])
    result = BradleyTerry(prior="gaussian", interval="none").fit(votes)
    gap = np.linspace(-12, 12, 40_001)

    def loss(sigma):
        prior = np.exp(-(gap**2) / (4 * sigma**2)) / sigma  # the difference of two worths has variance 2 sigma^2
        return -np.log((prior * np.exp(-30 * np.logaddexp(0, -gap) - 10 * np.logaddexp(0, gap) + 23)).sum())

    best = optimize.minimize_scalar(loss, bounds=(0.05, 5), method="bounded").x
    sigma = float(result.signature.split("sigma=")[1].split(",")[0])
    assert sigma == pytest.approx(best, rel=0.05)


def test_alpha_knows_nothing_of_who_judged():
    """Votes in rows by annotator, as evalica wants them, give the alpha that ours gives."""
    pd = pytest.importorskip("pandas")
    votes = simulated(6, count=600, items=8, systems=4, ties=0.5)
    table = {}
    for row in range(len(votes)):
        turned = votes.a[row] > votes.b[row]
        value = [1, -1, 0][votes.outcome[row]] * (-1 if turned else 1)
        unit = (votes.items.of[row], *sorted((votes.a[row], votes.b[row])))
        table.setdefault(votes.annotators.of[row], {}).setdefault(unit, value)
    frame = pd.DataFrame.from_dict(table, orient="index")
    # an annotator who met the same pair twice counts once here: keep the votes that the frame kept
    kept = []
    seen = set()
    for row in range(len(votes)):
        unit = (votes.items.of[row], *sorted((votes.a[row], votes.b[row])))
        key = (votes.annotators.of[row], unit)
        kept.append(key not in seen)
        seen.add(key)
    found = annotator_agreement(votes.take(np.array(kept)), distance="ordinal", resamples=200)
    assert found.alpha == pytest.approx(evalica.alpha(frame, "ordinal").alpha, abs=1e-9)
    assert found.low < found.alpha < found.high
