"""The corrected ranking: mean grades of all outputs, judged or not, from people's grades and each scorer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from geneval.agreement._correlations import Floats, Ints
from geneval.underestimation._known import Known
from geneval.underestimation._model import Estimate, quantile
from geneval.underestimation._powered import LEAST, ROUNDING, Order, Powered, folds_of, of_people, order_of, powered
from geneval_scorers import holm

_ALIKE = 0.05
"""Below this p, judged outputs are taken to differ from the others."""

_SOME = 1.005
"""From this gain on, a scorer adds something."""

ASSUMPTION = "judged outputs are a random sample of each system's outputs, drawn without a look at scores or quality"
_POWERED = "prediction-powered mean, power-tuned, cross-fitted by item; influence over items, t"
_PEOPLE = "mean grade of judged outputs; influence over items, t"


def corrected_of(known: Known) -> dict[str, object]:
    """Combines the scorer on all outputs with the grades of those that people judged."""
    if known.evidence.kind != "ratings":
        return {"reason": "corrected means need grades: choices between outputs say which is better, not how good"}
    return _Corrected(known).section()


@dataclass(frozen=True)
class _Corrected:
    known: Known

    @cached_property
    def items(self) -> Ints:
        return np.asarray(self.known.items, np.int64)

    @cached_property
    def scores(self) -> Floats:
        """[scorers, items, systems]; NaN where an output is missing or some scorer has no score."""
        table = self.known.outputs.scores.table[:, self.items]
        return np.where(np.isnan(table).any(axis=0), np.nan, table)

    @cached_property
    def grade(self) -> Floats:
        """[items, systems]; NaN where nobody judged."""
        evidence, outputs = self.known.evidence, self.known.outputs
        table = np.full((len(outputs.items), len(outputs.systems)), np.nan)
        table[evidence.item, evidence.system] = evidence.grade
        return table[self.items]

    @cached_property
    def fold(self) -> Ints:
        return folds_of(self.grade, self.known.plan.seed)

    @cached_property
    def people(self) -> Powered:
        return of_people(self.grade)

    @cached_property
    def by_scorer(self) -> list[Powered]:
        return [powered(self.grade, scores, self.fold) for scores in self.scores]

    @cached_property
    def outputs(self) -> Ints:
        """[systems] how many have scores."""
        return np.asarray((~np.isnan(self.scores[0])).sum(axis=0))

    @property
    def unjudged(self) -> Ints:
        """[systems]."""
        return np.asarray(self.outputs - self.people.judged)

    def section(self) -> dict[str, object]:
        gain = not (self.unjudged > 0).any()
        return {
            "estimand": self._estimand(),
            "assumption": ASSUMPTION,
            "nothing_to_gain": gain,
            "sentence": self._sentence(),
            "warnings": self._warnings(),
            "systems": [self._system(place) for place in range(len(self.outputs))],
            **self._orders(),
        }

    def _estimand(self) -> str:
        criterion = self.known.said.of_ratings
        turned = "; grades are turned round, for lower is better" if criterion and criterion.lower else ""
        return f"each system's mean grade over items like these, its outputs judged or not{turned}"

    def _sentence(self) -> str:
        judged, outputs = int(self.people.judged.sum()), int(self.outputs.sum())
        if not (self.unjudged > 0).any():
            return f"all {outputs:,} outputs are judged: corrected means are people's, and there is nothing to gain"
        told = f"{judged:,} of {outputs:,} outputs are judged"
        place = self._best()
        if not self._usable.any():
            return f"{told}: too few of each system to use a scorer on the others"
        if place is None:
            return f"{told}; no scorer follows people well enough for the others to add anything"
        return f"{told}; with {self._name(place)} on the others they are worth {self._median_gain(place):.2f} times as many"

    def _name(self, place: int) -> str:
        return self.known.scorers[place].name

    def _gain(self, place: int) -> Floats:
        """[systems] how many times as many judged outputs would give people alone such an interval."""
        mine, theirs = np.diag(self.by_scorer[place].spread.covariance), np.diag(self.people.spread.covariance)
        return np.asarray(np.divide(theirs, mine, out=np.ones(len(mine)), where=mine > 0))

    def _median_gain(self, place: int) -> float:
        return float(np.median(self._gain(place)[self._usable]))

    @property
    def _usable(self) -> np.ndarray:
        return np.asarray((self.people.judged >= LEAST) & (self.unjudged > 0))

    def _best(self) -> int | None:
        """The scorer that adds most; None where none adds anything."""
        if not self._usable.any():
            return None
        gains = [self._median_gain(place) for place in range(len(self.by_scorer))]
        return int(np.argmax(gains)) if max(gains) >= _SOME else None

    def _system(self, place: int) -> dict[str, object]:
        return {
            "system": self.known.outputs.systems[place],
            "judged": int(self.people.judged[place]),
            "outputs": int(self.outputs[place]),
            "people_only": self._estimate(self.people, place, _PEOPLE),
            "corrected": [
                {
                    "scorer": self._name(number),
                    "estimate": self._corrected(found, place),
                    "gain": float(self._gain(number)[place]) if self._told(place) is None else None,
                    "weight": float(found.weight[place]),
                }
                for number, found in enumerate(self.by_scorer)
            ],
        }

    def _told(self, place: int) -> str | None:
        """Why there is no corrected mean."""
        if self.unjudged[place] and self.people.judged[place] < LEAST:
            return f"{self.people.judged[place]} judged outputs are too few to correct a scorer by: it needs {LEAST}"
        return None

    def _corrected(self, found: Powered, place: int) -> Estimate:
        reason = self._told(place)
        estimator = _POWERED if self.unjudged[place] else f"all outputs are judged: {_PEOPLE}"
        return Estimate.none(reason) if reason else self._estimate(found, place, estimator)

    def _estimate(self, found: Powered, place: int, estimator: str) -> Estimate:
        if not found.judged[place]:
            return Estimate.none("no output of the system is judged")
        return self._with_interval(
            float(found.spread.value[place]), float(found.spread.se[place]), int(found.judged[place]), estimator
        )

    def _with_interval(self, value: float, se: float, judged: int, estimator: str) -> Estimate:
        if judged < 2:
            return Estimate(value, None, None, judged, "outputs", estimator, "one judged output gives no interval")
        reach = quantile((1 + self.known.plan.confidence) / 2, judged - 1) * se
        return Estimate(value, value - reach, value + reach, judged, "outputs", estimator)

    def _orders(self) -> dict[str, object]:
        least = np.where(self.unjudged > 0, LEAST, 2)
        systems = np.flatnonzero(self.people.judged >= least)
        if len(systems) < 2:
            return {"order": {"reason": "fewer than two systems have judged outputs enough"}, "orders": []}
        rows = [self._order(self._name(n), found, systems) for n, found in enumerate(self.by_scorer)]
        place = self._best()
        people = self._order(None, self.people, systems)
        rule = "people alone" if place is None else "with the scorer that adds most"
        return {"order": {"rule": rule, **(people if place is None else rows[place])}, "orders": [people, *rows]}

    def _order(self, scorer: str | None, found: Powered, systems: Ints) -> dict[str, object]:
        part = _taken(found, systems)
        names = [self.known.outputs.systems[s] for s in systems]
        order = order_of(part, self.known.plan.confidence, self.known.plan.seed)
        rows = [
            {"system": names[i], "value": float(part.spread.value[i])}
            | {"first": float(order.first[i]), "last": float(order.last[i])}
            | {"rank_low": int(order.rank_low[i]), "rank_high": int(order.rank_high[i])}
            for i in np.argsort(-part.spread.value, kind="stable").tolist()
        ]
        return {"scorer": scorer, "systems": rows, "differences": self._differences(names, part, order)}

    def _differences(self, names: Sequence[str], found: Powered, order: Order) -> list[dict[str, object]]:
        value = found.spread.value
        return [
            {
                "first": names[i],
                "second": names[j],
                "difference": self._with_interval(
                    float(value[i] - value[j]),
                    float(order.se[i, j]),
                    int(min(found.judged[i], found.judged[j])),
                    "difference of corrected means; influence over items, t",
                ),
                "p_adjusted": float(order.p[i, j]),
            }
            for i, j in zip(*(rows.tolist() for rows in np.triu_indices(len(names), 1)), strict=True)
        ]

    def _warnings(self) -> list[str]:
        """Where judged outputs score otherwise than the others: then they are no random sample."""
        found = [
            (number, place, *apart)
            for number in range(len(self.scores))
            for place in np.flatnonzero(self._usable).tolist()
            if (apart := _apart(self.scores[number][:, place], ~np.isnan(self.grade[:, place]))) is not None
        ]
        if not found:
            return []
        adjusted = holm(np.asarray([row[3] for row in found]))
        return [
            f"judged outputs of {self.known.outputs.systems[place]} score {'higher' if gap > 0 else 'lower'} by "
            f"{self._name(number)} than the others ({gap:+.3g}, p = {p:.2g}): they are no random sample, and corrected "
            "means do not hold for all outputs"
            for (number, place, gap, _), p in zip(found, adjusted.tolist(), strict=True)
            if p <= _ALIKE
        ]


def _taken(found: Powered, systems: Ints) -> Powered:
    from geneval.underestimation._matched import Spread

    spread = found.spread
    part = Spread(spread.value[systems], spread.covariance[np.ix_(systems, systems)], spread.clusters)
    return Powered(part, found.weight[systems], found.judged[systems])


def _apart(scores: Floats, judged: np.ndarray) -> tuple[float, float] | None:
    """Mean of judged outputs less mean of the others, and p of no difference (Welch); None where nothing differs."""
    from scipy import stats

    there = ~np.isnan(scores)
    one, other = scores[judged & there], scores[~judged & there]
    if min(len(one), len(other)) < 2 or np.ptp(scores[there]) <= ROUNDING * np.abs(scores[there]).max():
        return None
    return float(one.mean() - other.mean()), float(stats.ttest_ind(one, other, equal_var=False).pvalue)
