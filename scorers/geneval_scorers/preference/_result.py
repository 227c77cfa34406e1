"""What a fit says: facts, and answers that need its errors."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from geneval_references import UsageError
from geneval_scorers._ragged import Floats, Ints
from geneval_scorers._spec import nearest
from geneval_scorers._subsets import SEED
from geneval_scorers.preference._checks import GoodnessOfFit
from geneval_scorers.preference._clusters import Fitted
from geneval_scorers.preference._comparisons import Comparisons
from geneval_scorers.preference._design import Design
from geneval_scorers.preference._existence import Identified, fitted
from geneval_scorers.preference._planning import WEAK, NextPair, information_of, pairs_by_gain, wanted_error
from geneval_scorers.preference._solver import Gaussian, Problem
from geneval_scorers.preference._spread import Spread, errors, pair_errors


@dataclass(frozen=True, slots=True)
class Worth:
    """One system's strength; what is not identified is None, and `reason` says why.

    Attributes:
        system: its name.
        worth: its share of the worths of all identified systems, which add up to 1.
        log_worth: the logarithm of the worth less the mean of these over the identified systems, or less the baseline's;
            a difference of two is the log-odds that one is preferred to the other, ties aside.
        low, high: the interval of log_worth; None where there is none.
        error: the standard error of log_worth.
        rank_low, rank_high: the ranks it may have, 1 is best; of all systems at once, with the interval's confidence.
        wins, losses, ties: weights of its comparisons.
        both_bad: the weight of those ties in which both outputs were called bad.
        identified: whether it has a worth.
        reason: why it has none.
    """

    system: str
    worth: float | None = None
    log_worth: float | None = None
    low: float | None = None
    high: float | None = None
    error: float | None = None
    rank_low: int | None = None
    rank_high: int | None = None
    wins: float = 0.0
    losses: float = 0.0
    ties: float = 0.0
    both_bad: float = 0.0
    identified: bool = False
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Effect:
    """An estimate beside the worths.

    Attributes:
        name: `order`, a covariate, or `nu` or `theta` of the model of ties.
        value: `order`: log-odds gained by being shown on the left; a covariate: log-odds a unit of it; None where it is
            not identified.
        low, high: its interval.
    """

    name: str
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Rater:
    """One annotator, beside the others.

    Attributes:
        name: the annotator.
        votes, ties: weights of the comparisons that count.
        agreement: the share of decided comparisons won by the side that the fit favours; None where there is none.
        expected: what this share would be if every choice were drawn from the fit.
        reliability: the probability that a choice follows the fit and is not turned round; only with `raters=True`.
        low, high: its interval.
    """

    name: str
    votes: float
    ties: float
    agreement: float | None
    expected: float | None
    reliability: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """How much more one system is worth than another, in log-odds; None where the two cannot be compared.

    Attributes:
        a, b: the systems.
        value: log-worth of a less that of b.
        low, high: its interval.
        error: its standard error.
        reason: why there is none.
    """

    a: str
    b: str
    value: float | None
    low: float | None = None
    high: float | None = None
    error: float | None = None
    reason: str | None = None


class Prediction(NamedTuple):
    """Probabilities of the outcomes of one comparison; they add up to 1."""

    a: float
    """The first is preferred."""
    tie: float
    b: float
    """The second is preferred."""

    @property
    def decided(self) -> float:
        """The probability that the first is preferred, given that it is no tie."""
        return self.a / (self.a + self.b)


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """What answers are made of: the comparisons, the fit, what is identified, the errors, and the reasons."""

    votes: Comparisons
    design: Design
    fit: Fitted | None
    identified: Identified
    spread: Spread | None
    reasons: dict[int, str]


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """A fit of Bradley-Terry.

    Attributes:
        worths: best first; systems without a worth come last, in the order of the comparisons.
        ties: the parameter of ties, or None where there is none.
        order: the order effect, if it was fitted.
        covariates: the effects of covariates, if any were fitted.
        raters: one an annotator, if comparisons have annotators.
        goodness: the fit's deviance; None where nothing was fitted.
        groups: systems that can be compared with each other, the largest group first.
        comparisons: the weight of those that counted.
        skipped: how many rows were skips or had weight 0.
        confidence: of all intervals.
        warnings: what a reader of the numbers must know.
        signature: the recipe.
    """

    worths: tuple[Worth, ...]
    ties: Effect | None
    order: Effect | None
    covariates: tuple[Effect, ...]
    raters: tuple[Rater, ...]
    goodness: GoodnessOfFit | None
    groups: tuple[tuple[str, ...], ...]
    comparisons: float
    skipped: int
    confidence: float
    warnings: tuple[str, ...]
    signature: str
    _state: State = field(repr=False)

    def worth(self, system: str) -> Worth:
        """One system's row.

        Raises:
            UsageError: no such system.
        """
        return next(row for row in self.worths if row.system == self._state.votes.systems[self._place(system)])

    def relative_to(self, baseline: str) -> tuple[Worth, ...]:
        """The same rows with log-worths, errors and intervals less the baseline's, whose own is 0 and certain.

        Raises:
            UsageError: no such system, or it has no worth.
        """
        place = self._place(baseline)
        if not self.worth(baseline).identified:
            raise UsageError(f"{baseline!r} has no worth to measure others by: {self.worth(baseline).reason}")
        return worth_rows(self._state, self.confidence, {row.system: row for row in self.worths}, place)

    def difference(self, a: str, b: str) -> Difference:
        """How much more `a` is worth than `b`; None where no chain of wins and losses compares them.

        Raises:
            UsageError: no such system.
        """
        return self._differences(np.array([self._place(a)]), np.array([self._place(b)]))[0]

    def differences(self) -> tuple[Difference, ...]:
        """Of all pairs, in the order of `worths`; intervals are each pair's own, not those of all pairs at once."""
        order = [self._place(row.system) for row in self.worths]
        first, second = np.triu_indices(len(order), 1)
        return self._differences(np.array(order)[first], np.array(order)[second])

    def predict(self, a: str, b: str) -> Prediction:
        """What the next comparison of two systems would be, neither being shown on the left, covariates being equal.

        Raises:
            UsageError: no such system, or the two cannot be compared.
        """
        gap = self.difference(a, b)
        fit = self._state.fit
        if gap.value is None or fit is None:
            raise UsageError(f"{a!r} and {b!r} cannot be compared: {gap.reason}")
        kernel, tie = fit.design.kernel, fit.design.tie(fit.solution.theta)
        won, lost, tied = np.exp(kernel.log_probabilities(np.array([gap.value]), tie))[:, 0]
        return Prediction(float(won), float(tied), float(lost))

    def arena_ranks(self) -> dict[str, int]:
        """Chatbot Arena's rank: 1 and one for each system whose interval lies above this one's.

        Each interval holds with its own confidence, so that the ranks hold together with less. `rank_low` and
        `rank_high` are simultaneous.
        """
        rows = [row for row in self.worths if row.low is not None and row.high is not None]
        return {row.system: 1 + sum(o.low > row.high for o in rows if o is not row) for row in rows}  # type: ignore[operator]

    def judgements_needed(
        self, difference: float, a: str | None = None, b: str | None = None, *, power: float = 0.8
    ) -> int | None:
        """How many more judgements find a difference of log-worths that size; None where the errors are not known.

        With two systems: of these two only. Without: spread as those so far, until every pair of identified systems
        that differs so much is told apart with that probability.

        Args:
            difference: of log-worths; 0.4 is 60 % preferred, ties aside.
            a: one system.
            b: the other.
            power: the probability to find it.

        Raises:
            UsageError: no such system, or a difference or a power out of range.
        """
        wanted = wanted_error(difference, power, self.confidence) ** 2
        if (a is None) != (b is None):
            raise UsageError("give both systems, or neither")
        state = self._state
        if state.spread is None or state.fit is None:
            return None
        if a is None or b is None:
            first, second = np.triu_indices(len(state.identified.main), 1)
            main = state.identified.main
            if not len(main):
                return None
            worst = float((pair_errors(state.spread.covariance, main[first], main[second]) ** 2).max())
            return max(0, math.ceil(float(state.fit.problem.design.total.sum()) * (worst / wanted - 1)))
        gap = self.difference(a, b)
        if gap.error is None:
            return None
        design = state.fit.design
        each = information_of(design.kernel, difference, design.tie(state.fit.solution.theta))
        naive = float(pair_errors(state.fit.solution.inverse, *np.array([[self._place(a)], [self._place(b)]]))[0])
        effect = max(1.0, (gap.error / naive) ** 2)
        return max(0, math.ceil((1 / wanted - 1 / gap.error**2) * effect / each))

    def next_pairs(self, count: int, *, seed: int = SEED) -> tuple[NextPair, ...]:
        """The pairs whose judgement tells most, one after the other, each as if those before it had been judged.

        The volume of the worths' confidence region is what shrinks (D-optimality), under a weak prior, so that systems
        without a worth are among them: they come first.

        Args:
            count: how many.
            seed: of the order among equals; other seeds give other lists to other annotators.

        Raises:
            UsageError: count is below 1.
        """
        if count < 1:
            raise UsageError(f"next_pairs({count}): ask for one pair or more")
        state, design = self._state, self._state.design
        prior = Gaussian(WEAK)
        identified, solution = fitted(design, prior)
        theta = Problem(design, identified.null, prior).start() if solution is None else solution.theta
        covariance = np.eye(design.width) * WEAK**2 if solution is None else solution.inverse
        names = state.votes.systems
        chosen = pairs_by_gain(design, theta, covariance, count, seed)
        return tuple(NextPair(names[i], names[j], gain, judged) for i, j, gain, judged in chosen)

    def _place(self, system: str) -> int:
        names = self._state.votes.systems
        if system not in names:
            raise UsageError(f"there is no system {system!r}; there are: {', '.join(names)}{nearest(system, names)}")
        return names.index(system)

    def _differences(self, first: Ints, second: Ints) -> tuple[Difference, ...]:
        state = self._state
        names = state.votes.systems
        group, tie = state.identified.group, state.identified.tie
        fine = (group[first] == group[second]) & tie & (state.fit is not None)
        values, low, high, error = (np.full(len(first), np.nan) for _ in range(4))
        if state.fit is not None:
            values = state.fit.solution.theta[first] - state.fit.solution.theta[second]
            if state.spread is not None and fine.any():
                contrasts = _pair_contrasts(first[fine], second[fine], len(state.fit.solution.theta))
                low[fine], high[fine] = state.spread.interval(contrasts, self.confidence)
                error[fine] = errors(state.spread, contrasts)
        return tuple(
            Difference(names[i], names[j], float(values[row]), _real(low[row]), _real(high[row]), _real(error[row]))
            if fine[row]
            else Difference(names[i], names[j], None, reason=self._why(int(i), int(j)))
            for row, (i, j) in enumerate(zip(first, second, strict=True))
        )

    def _why(self, i: int, j: int) -> str:
        names = self._state.votes.systems
        found = [f"{names[k]}: {self._state.reasons[k]}" for k in (i, j) if k in self._state.reasons]
        return "; ".join(found) or "they are in different groups"


def worth_rows(state: State, level: float, rows: dict[str, Worth], baseline: int | None = None) -> tuple[Worth, ...]:
    """The rows with log-worths, errors and intervals in one of two identifications.

    Args:
        state: the fit.
        level: of the intervals.
        rows: one a system, whose other fields stay, in the order that stays.
        baseline: whose log-worth is 0; None: their mean is.
    """
    main = state.identified.main
    if state.fit is None or not len(main):
        return tuple(rows.values())
    theta = state.fit.solution.theta
    contrasts = np.zeros((len(main), len(theta)))
    contrasts[np.arange(len(main)), main] = 1
    if baseline is None:
        contrasts[:, main] -= 1 / len(main)
    else:
        contrasts[:, baseline] -= 1
    middle = contrasts @ theta
    low, high, error = (np.full(len(main), np.nan) for _ in range(3))
    if state.spread is not None:
        low[main == baseline] = high[main == baseline] = error[main == baseline] = 0.0
        others = np.flatnonzero(main != baseline)
        low[others], high[others] = state.spread.interval(contrasts[others], level)
        error[others] = errors(state.spread, contrasts[others])
    share = np.exp(middle - middle.max())
    share /= share.sum()
    found = {}
    for place, i in enumerate(main):
        found[state.votes.systems[i]] = replace(
            rows[state.votes.systems[i]],
            worth=float(share[place]),
            log_worth=float(middle[place]),
            low=_real(low[place]),
            high=_real(high[place]),
            error=_real(error[place]),
            identified=True,
        )
    return tuple(found.get(name, row) for name, row in rows.items())


def rank_ranges(state: State, level: float, seed: int) -> dict[int, tuple[int, int]]:
    """For each identified system the ranks it may have: those that differences significant all at once leave open.

    The largest studentised difference has the critical value (Mogstad, Romano, Shaikh and Wilhelm 2024).
    """
    main = state.identified.main
    if state.fit is None or state.spread is None or len(main) < 2:
        return {}
    first, second = np.triu_indices(len(main), 1)
    critical = state.spread.largest(main, level, seed)
    theta = state.fit.solution.theta
    ratio = (theta[main[first]] - theta[main[second]]) / pair_errors(state.spread.covariance, main[first], main[second])
    better = np.zeros((len(main), len(main)), bool)
    better[first, second] = ratio > critical
    better[second, first] = ratio < -critical
    return {
        int(i): (1 + int(better[:, place].sum()), len(main) - int(better[place].sum())) for place, i in enumerate(main)
    }


def _pair_contrasts(first: Ints, second: Ints, width: int) -> Floats:
    found = np.zeros((len(first), width))
    found[np.arange(len(first)), first] += 1
    found[np.arange(len(first)), second] -= 1
    return found


def _real(value: float) -> float | None:
    """A number, or None for one that does not exist."""
    return float(value) if math.isfinite(value) else None
