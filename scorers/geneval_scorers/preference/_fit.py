"""One fit of Bradley-Terry, step by step: worths, errors, ranks, and what to say about them."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from typing import TYPE_CHECKING

import numpy as np

from geneval_scorers._ragged import Floats
from geneval_scorers._spec import write_spec
from geneval_scorers.preference._checks import GoodnessOfFit, goodness
from geneval_scorers.preference._clusters import Fitted
from geneval_scorers.preference._comparisons import TIE, Comparisons, tally
from geneval_scorers.preference._design import ORDER, Design
from geneval_scorers.preference._empirical import empirical_width
from geneval_scorers.preference._existence import fitted
from geneval_scorers.preference._intervals import (
    Found,
    RefusedError,
    bootstrapped,
    clustered,
    clustering,
    halves,
    information,
    profile,
    robust,
)
from geneval_scorers.preference._kernels import sigmoid
from geneval_scorers.preference._raters import Crowd, CrowdFit, fit_raters
from geneval_scorers.preference._reasons import NO_LINK, reasons, way_out
from geneval_scorers.preference._result import Effect, Ranking, Rater, State, Worth, rank_ranges, worth_rows
from geneval_scorers.preference._solver import FLAT, Gaussian, Jeffreys, Prior, Problem
from geneval_scorers.preference._spread import Curved

if TYPE_CHECKING:
    from geneval_scorers.preference.bradley_terry import BradleyTerry

_PARAMETER = {"davidson": "nu", "rao-kupper": "theta"}


class Fit:
    """One fit, step by step."""

    def __init__(self, model: BradleyTerry, votes: Comparisons) -> None:
        self.model = model
        self.votes = votes
        self.notes: list[str] = []
        self.design = Design.of(votes, model.kernel(votes), order=model.order, covariates=model.covariates)
        self.prior, self.prior_name = self._prior()
        self.identified, solution = fitted(self.design, self.prior)
        self.reasons = reasons(votes, self.design, self.identified)
        cells = self.identified.cells
        self.fit = None
        if solution is not None:
            problem = Problem(self.design.only(cells), self.identified.null, self.prior)
            self.fit = Fitted(self.design, cells, problem, solution)
        self.crowd = self._crowd()
        self._name_missing()
        if (votes.outcome == TIE).all():
            self.notes.append(f"all {len(votes)} comparisons are ties: nothing tells the systems apart")

    def _prior(self) -> tuple[Prior, str]:
        model = self.model
        if model.prior == "none":
            return FLAT, "none"
        if model.prior == "firth":
            return Jeffreys(), "firth"
        if model.sigma is not None:
            return Gaussian(model.sigma), f"gaussian,sigma={model.sigma:.6g}"
        width = empirical_width(self.design)
        if width.note:
            self.notes.append(width.note)
        return Gaussian(width.sigma), f"gaussian,sigma={width.sigma:.6g},empirical-bayes"

    def _crowd(self) -> CrowdFit | None:
        if not self.model.raters or self.fit is None or not isinstance(self.prior, Gaussian):
            return None
        labels = self.votes.labels("annotator")
        found = fit_raters(Crowd(self.fit, self.prior, labels.of, len(labels.names)))
        self.fit = Fitted(self.fit.design, self.fit.cells, self.fit.problem, found.solution)
        return found

    def _name_missing(self) -> None:
        """One warning for each reason that systems have no worth."""
        systems = self.votes.systems
        by_reason: dict[str, list[str]] = {}
        for i, why in self.reasons.items():
            by_reason.setdefault(why, []).append(systems[i])
        for why, who in by_reason.items():
            everyone = "no system" if len(who) == len(systems) else None
            self.notes.append(f"{everyone} has a worth: {why}" if everyone else f"{', '.join(who)}: no worth: {why}")
        if self.reasons and self.model.prior == "none":
            self.notes += way_out(self.design, self.identified)
        elif self.reasons:
            held = (
                self.model.prior == "gaussian"
                and not len(self.identified.main)
                and self.design.width > self.design.size
            )
            after = "a Gaussian prior holds worths only; prior='firth' holds all that is fitted" if held else NO_LINK
            self.notes.append(after)
        if self.model.prior != "none":
            self.notes.append(f"worths are shrunken by the prior ({self.prior_name})")

    def ranking(self) -> Ranking:
        """All that is known of it."""
        model, votes = self.model, self.votes
        found, grouping = self._spread()
        spread = None if found is None else found.spread
        state = State(votes, self.design, self.fit, self.identified, spread, self.reasons)
        ranks = rank_ranges(state, model.confidence, model.seed)
        rows = worth_rows(state, model.confidence, self._rows(ranks))
        extra = self._effects(state)
        # Rounded, so that systems that are equal stay in their order on every machine.
        ranked = sorted(rows, key=lambda row: (row.log_worth is None, -round(row.log_worth or 0.0, 9)))
        return Ranking(
            worths=tuple(ranked),
            ties=self._tie_effect(state),
            order=extra.pop(ORDER, None),
            covariates=tuple(extra.values()),
            raters=self._raters(),
            goodness=self._goodness(),
            groups=self._groups(),
            comparisons=float(votes.weight.sum()),
            skipped=votes.skipped,
            confidence=model.confidence,
            warnings=tuple(self.notes),
            signature=self._signature(found, grouping),
            _state=state,
        )

    def _rows(self, ranks: dict[int, tuple[int, int]]) -> dict[str, Worth]:
        """Rows with counts and ranks, without worths."""
        wins, ties, bad = self.design.wins, self.design.ties, self.votes.bad
        return {
            name: Worth(
                system=name,
                rank_low=ranks.get(i, (None, None))[0],
                rank_high=ranks.get(i, (None, None))[1],
                wins=float(wins[i].sum()),
                losses=float(wins[:, i].sum()),
                ties=float(ties[i].sum()),
                both_bad=float(bad[i]),
                reason=self.reasons.get(i),
            )
            for i, name in enumerate(self.votes.systems)
        }

    def _spread(self) -> tuple[Found | None, str]:
        """The errors, and by what votes are clustered."""
        model = self.model
        if self.fit is None or model.interval == "none":
            return None, "none"
        groups = clustering(self.votes, model.cluster)
        grouping = (
            "none" if groups is None else ",".join([groups.name, *(str(len(part.names)) for part in groups.parts)])
        )
        careful = model.prior == "none" and model.interval in {"auto", "sandwich", "bootstrap"}
        if groups is not None and not careful:
            self.notes.append(
                f"votes come in clusters ({grouping}); these intervals take them for independent and are too narrow where they are not"
            )
            grouping = "none"
        try:
            found = self._method(self.fit, grouping)
        except RefusedError as error:
            if model.interval != "auto" or model.cluster != "auto":
                raise
            self.notes.append(f"no intervals and no ranks: {error}")
            return None, grouping
        self.notes.extend(found.notes)
        return found, grouping

    def _method(self, fit: Fitted, grouping: str) -> Found:
        model = self.model
        groups = None if grouping == "none" else clustering(self.votes, model.cluster)
        if self.crowd is not None:
            self.notes.append("intervals with raters=True come from the curvature, not from a profile")
            return Found(Curved(fit.solution.theta, fit.solution.inverse), "curvature")
        if model.interval == "profile" or model.prior != "none":
            return profile(fit)
        if model.interval == "bootstrap":
            return bootstrapped(fit, self.votes, groups, model.resamples, model.seed)
        if groups is not None:
            return clustered(fit, groups, self.votes.systems, model.resamples, model.seed)
        if model.interval == "sandwich":
            return robust(fit)
        half = model.interval == "auto" and (self.votes.outcome == TIE).any() and not fit.design.kernel.fits_ties
        return halves(fit) if half else information(fit)

    def _effects(self, state: State) -> dict[str, Effect]:
        """The order effect and the covariates, in their own units."""
        found = {}
        for number, name in enumerate(self.design.names):
            fine = self.fit is not None and bool(self.identified.extra[number]) and self.identified.tie
            place, unit = self.design.size + number, float(self.design.units[number])
            found[name] = self._effect(state, name, place, unit) if fine else Effect(name, None, None, None)
            if not fine:
                self.notes.append(f"the effect of {name} is not identified")
        return found

    def _effect(self, state: State, name: str, place: int, unit: float) -> Effect:
        assert self.fit is not None  # noqa: S101 - the caller has looked
        value = float(self.fit.solution.theta[place])
        low, high = self._ends(state, place)
        return Effect(name, value / unit, None if low is None else low / unit, None if high is None else high / unit)

    def _ends(self, state: State, place: int) -> tuple[float | None, float | None]:
        """The interval of one parameter."""
        if state.spread is None:
            return None, None
        contrast = np.zeros((1, self.design.width))
        contrast[0, place] = 1
        ends = (float(end[0]) for end in state.spread.interval(contrast, self.model.confidence))
        low, high = (end if math.isfinite(end) else None for end in ends)
        return low, high

    def _tie_effect(self, state: State) -> Effect | None:
        kernel = self.design.kernel
        if not kernel.fits_ties:
            has = self.model.ties in _PARAMETER
            return Effect(_PARAMETER[self.model.ties], _without_ties(self.model.ties), None, None) if has else None
        name = _PARAMETER[self.model.ties]
        if self.fit is None or not self.identified.tie:
            return Effect(name, None, None, None)
        ends = self._ends(state, self.design.width - 1)
        low, high = (None if end is None else kernel.shown(max(end, 0.0) if name == "theta" else end) for end in ends)
        return Effect(name, kernel.shown(self.design.tie(self.fit.solution.theta)), low, high)

    def _raters(self) -> tuple[Rater, ...]:
        labels = self.votes.annotators
        if labels is None or self.fit is None:
            return ()
        used = self.fit.votes & (labels.of >= 0)
        rater, design = labels.of[used], self.design
        cell, outcome, weight = design.cell[used], design.outcome[used], design.weight[used]
        lead = design.lead(self.fit.solution.theta)[cell]
        decided = outcome != TIE
        right = decided * np.where(lead == 0, 0.5, (lead > 0) == (outcome == 0))

        columns = (np.ones(len(rater)), 1.0 - decided, right, decided * sigmoid(np.abs(lead)))
        sums = np.stack([tally(rater, weight * column, len(labels.names)) for column in columns])
        return tuple(self._rater(number, name, sums[:, number]) for number, name in enumerate(labels.names))

    def _rater(self, number: int, name: str, sums: Floats) -> Rater:
        votes, ties, right, expected = map(float, sums)
        decided = votes - ties
        plain = Rater(name, votes, ties, *((right / decided, expected / decided) if decided else (None, None)))
        if self.crowd is None:
            return plain
        from scipy import stats

        logit, error = self.crowd.logits[number], math.sqrt(self.crowd.covariance[number, number])
        reach = float(stats.norm.ppf((1 + self.model.confidence) / 2)) * error
        middle, low, high = (float(value) for value in sigmoid(np.array([logit, logit - reach, logit + reach])))
        return replace(plain, reliability=middle, low=low, high=high)

    def _goodness(self) -> GoodnessOfFit | None:
        if self.fit is None or self.crowd is not None:
            return None
        free = self.fit.parameters if self.prior is FLAT else None
        return goodness(self.fit.problem.design, self.fit.solution.theta, free)

    def _groups(self) -> tuple[tuple[str, ...], ...]:
        group = self.identified.group
        found = [
            tuple(self.votes.systems[i] for i in np.flatnonzero(group == number)) for number in range(group.max() + 1)
        ]
        return tuple(sorted(found, key=len, reverse=True))

    def _signature(self, found: Found | None, grouping: str) -> str:
        model = self.model
        options = {item.name: getattr(model, item.name) for item in fields(model) if item.name in _SPELLED}
        method = "none" if found is None else found.method
        return "|".join(
            [
                write_spec("bradley_terry", options),
                f"prior:{self.prior_name}",
                f"interval:{model.confidence * 100:.10g}%,{method}",
                f"cluster:{grouping}",
                f"comparisons:{self.votes.weight.sum():.15g}",
                f"seed:{model.seed}",
            ]
        )


_SPELLED = ("ties", "order", "covariates", "raters")


def _without_ties(ties: str) -> float:
    """What nu or theta is where nobody tied."""
    return 0.0 if ties == "davidson" else 1.0
