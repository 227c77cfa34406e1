"""What is found of one scorer on one version of the data: a finding for each system, and how controls fare."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from geneval.agreement._correlations import Floats
from geneval.underestimation import _controls as controls
from geneval.underestimation._band import Band
from geneval.underestimation._controls import NoiseControls
from geneval.underestimation._false_negatives import Sides, Threshold, rates
from geneval.underestimation._matched import Design, Spread
from geneval.underestimation._model import Estimate, Finding, of_clusters, quantile
from geneval.underestimation._outputs import Outputs
from geneval.underestimation._people import Evidence
from geneval.underestimation._plan import ALPHAS, ReportPlan
from geneval.underestimation._validity import Validity
from geneval.underestimation._verdict import ALPHA, judged, of_scorer, sentence
from geneval.underestimation._version import Version
from geneval_scorers import holm

HEADLINE = 0.25
"""Alpha of the one differential false-negative rate that stands for all."""

_POWER = 1.2816
"""Quantile of the normal distribution for a power of 80 % where two tests must both succeed."""


@dataclass
class OfScorer:
    """One scorer on one version of the data."""

    version: Version
    number: int
    kinds: Sequence[Validity]

    texts: ClassVar[bool] = True
    """Whether it can score any text: a judge whose verdicts are read from a file cannot (`OfJudge`)."""

    @property
    def recipe(self) -> str:
        """The signature without what was learned from the data."""
        return self.outputs.asked[self.number].signature()

    @property
    def outputs(self) -> Outputs:
        """Of all scorers."""
        return self.version.outputs

    @property
    def evidence(self) -> Evidence:
        """Of all scorers."""
        return self.version.evidence

    @property
    def plan(self) -> ReportPlan:
        """Options."""
        return self.version.plan

    @property
    def items(self) -> Sequence[int]:
        """Places of those that count."""
        return self.version.items

    @property
    def name(self) -> str:
        """The scorer's spec."""
        return self.outputs.scores.columns[self.number].scorer

    @property
    def scores(self) -> Floats:
        """[cells]."""
        return np.asarray(self.evidence.scores[self.number])

    @property
    def design(self) -> Design:
        """Of the evidence."""
        return self.evidence.design

    @cached_property
    def spread(self) -> float:
        """Standard deviation of the score within groups, one degree of freedom a group taken off."""
        inner = self.design.within(self.scores)
        freedom = len(inner) - len(np.unique(self.design.group))
        return math.sqrt(float((inner**2).sum()) / freedom) if freedom > 0 else 0.0

    @cached_property
    def matched(self) -> Spread | None:
        """The differences, None where there are none."""
        return None if self.design.trouble else self.design.differences(self.scores)

    @cached_property
    def given(self) -> Spread | None:
        """The differences as if grades held no noise."""
        bare = self.design.without_noise()
        return None if bare.trouble else bare.differences(self.scores)

    @property
    def noise(self) -> NoiseControls | None:
        """Of controls."""
        return None if self.matched is None else self.version.noise[self.number]

    @property
    def sound(self) -> bool:
        """Whether controls come out at 0."""
        return self.noise is None or self.noise.sound()

    @property
    def bands(self) -> dict[int, Band]:
        """By system."""
        return self.version.bands[self.number]

    @cached_property
    def sides(self) -> dict[int, dict[Threshold, Sides]]:
        """Of each band, by threshold."""
        found: dict[int, dict[Threshold, Sides]] = {}
        kinds: tuple[Threshold, ...] = ("pooled", "item")
        for system, band in self.bands.items():
            found[system] = {kind: Sides.of(band, kind, [one[kind] for one in found.values()]) for kind in kinds}
        return found

    @cached_property
    def held_out(self) -> Estimate:
        """The gap of a reference in the system's place."""
        return controls.held_out(
            self.version.exchanged.whole[self.number], self.items, self.plan.seed, self.plan.confidence
        )

    def findings(self) -> list[Finding]:
        """One a system, with verdicts."""
        places = {int(s): i for i, s in enumerate(self.design.present)} if self.matched is not None else {}
        p = self._p()
        two_sided = np.minimum(2 * p.min(axis=0), 1.0)
        # Two systems are one test: their differences are the same but for the sign.
        adjusted = holm(two_sided) if len(two_sided) > 2 else two_sided
        return judged(
            [self._finding(s, places.get(s), p, adjusted) for s in range(len(self.outputs.systems))],
            self.sound,
            self.held_out,
        )

    def _p(self) -> Floats:
        """One-sided: P of a difference this low, and this high, [2, systems present]."""
        from scipy import stats

        if self.matched is None or not self.spread:
            return np.full((2, 0 if self.matched is None else len(self.matched.value)), 0.5)
        least, many = 1e-9 * self.spread, self.matched.clusters
        t = self.matched.value / np.maximum(self.matched.se, least)
        p = stats.t.cdf(np.stack([t, -t]), many - 1)
        # Items that all say the same are no surer than so many heads of a coin.
        return np.asarray(np.where(self.matched.se > least, p, np.maximum(p, 0.5**many)))

    def _finding(self, system: int, place: int | None, p: Floats, adjusted: Floats) -> Finding:
        band = self.bands[system]
        difference, margin = self._estimate(self.matched, place), self.plan.margin * self.spread
        equivalent, needed = self._settled(place, margin, adjusted)
        high, low = self.version.p(self.number, system) if len(band.item) else (None, None)
        valid = self._valid(system, band)
        differential, (lost, won) = self._differential(system), self._contradiction(system)
        return Finding(
            system=self.outputs.systems[system],
            scorer=self.name,
            evidence=self.evidence.kind,
            verdict="not_enough_evidence",
            direction=None,
            matched_difference=difference,
            as_given=self._estimate(self.given, self._place_given(system)),
            standardised=None if difference.value is None or not self.spread else difference.value / self.spread,
            p_down=None if place is None else float(p[0, place]),
            p_up=None if place is None else float(p[1, place]),
            p_adjusted=None if place is None else float(adjusted[place]),
            equivalent=equivalent,
            margin=None if place is None else margin,
            needed=needed,
            exceeds_controls=self._exceeds(place),
            gap=self._gap(band, np.ones(len(band.item), bool)),
            gap_valid={name: self._gap(band, mask) for name, mask in valid.items()},
            p_penalised=high,
            p_rewarded=low,
            percentile=self._percentile(system),
            false_negatives=rates(
                self.sides[system],
                band.item,
                self._asked(valid, band),
                self._invalid(system, band),
                self.plan.confidence,
            ),
            differential_fnr=differential[f"{HEADLINE:g}"],
            differential_fnr_at=differential,
            contradiction=lost,
            contradiction_in_favour=won,
            checks=self._checks(system),
        )

    def _place_given(self, system: int) -> int | None:
        at = np.flatnonzero(self.design.present == system)
        return int(at[0]) if self.given is not None and len(at) else None

    def _estimate(self, found: Spread | None, place: int | None, design: Design | None = None) -> Estimate:
        design = design or self.design
        if found is None:
            return Estimate.none(design.trouble or "systems cannot be compared")
        if place is None:
            return Estimate.none("the system has no rated output beside another system's for the same item")
        value, se = float(found.value[place]), float(found.se[place])
        reach = quantile((1 + self.plan.confidence) / 2, found.clusters - 1) * se
        estimator = "matched-quality difference; item effects, errors in variables, sandwich over items, t"
        return Estimate(value, value - reach, value + reach, design.outputs, "outputs", estimator)

    def _settled(self, place: int | None, margin: float, adjusted: Floats) -> tuple[bool | None, int | None]:
        """Whether the difference is shown to be below the margin; if it is neither that nor there, what would settle it.

        A difference is there where the adjusted p says so. What would settle it is told for the strictest of Holm's steps.
        """
        if self.matched is None or place is None:
            return None, None
        if not self.spread:
            return True, None
        value, se, clusters = float(self.matched.value[place]), float(self.matched.se[place]), self.matched.clusters
        reach = quantile(0.95, clusters - 1)
        if abs(value) + reach * se < margin:
            return True, None
        if adjusted[place] <= ALPHA:
            return False, None
        # A difference as large as this one, or none: whichever the data lean to.
        tests = len(adjusted) if len(adjusted) > 2 else 1
        there = quantile(1 - ALPHA / 2 / tests, math.inf) + 0.8416
        times = (se * there / value) ** 2 if abs(value) >= margin else (se * (1.645 + _POWER) / margin) ** 2
        return False, max(math.ceil(self.evidence.outputs * times), self.evidence.outputs + 1)

    def _exceeds(self, place: int | None) -> bool | None:
        if self.noise is None or self.matched is None or place is None:
            return None
        low, high = self.noise.range_of(place)
        value = float(self.matched.value[place])
        return value < low or value > high

    def _gap(self, band: Band, mask: np.ndarray) -> Estimate:
        if not len(band.item):
            return Estimate.none("no item has two references and a score for each of them")
        estimator = "what references score above the output, both against the same references"
        return of_clusters(band.gap[mask], band.item[mask], self.plan.confidence, unit="outputs", estimator=estimator)

    def _percentile(self, system: int) -> Estimate:
        sides, item = self.sides[system]["pooled"], self.bands[system].item
        if not len(item):
            return Estimate.none("no item has two references and a score for each of them")
        estimator, confidence = "place in the pooled band, ties half", self.plan.confidence
        return of_clusters(sides.percentiles(), item, confidence, unit="outputs", estimator=estimator, within=(0, 1))

    def _valid(self, system: int, band: Band) -> dict[str, np.ndarray]:
        """By kind of evidence, which of the band's items have a valid output."""
        mine = [kind for kind in self.kinds if kind.evidence != "unknown"]
        return {kind.evidence: kind.told[band.item, system] for kind in mine}

    @staticmethod
    def _asked(valid: Mapping[str, np.ndarray], band: Band) -> dict[str, np.ndarray]:
        return {"all outputs": np.ones(len(band.item), bool), **valid}

    def _invalid(self, system: int, band: Band) -> np.ndarray:
        """Outputs that some evidence calls invalid, and none valid."""
        wrong, right = np.zeros(len(band.item), bool), np.zeros(len(band.item), bool)
        for kind in self.kinds:
            if kind.evidence in {"judged", "verified", "rated"}:
                wrong |= (kind.known & ~kind.valid)[band.item, system]
                right |= (kind.known & kind.valid)[band.item, system]
        return wrong & ~right

    @cached_property
    def _below(self) -> dict[float, Floats]:
        """By alpha, how much of each cell's scores lies below the band; NaN where that cannot be told."""
        out = {}
        for alpha in ALPHAS:
            table = np.full(self.outputs.text.shape, np.nan)
            for system, band in self.bands.items():
                if len(band.item) and self.sides[system]["pooled"].pool.limits[alpha].tied <= alpha:
                    table[band.item, system] = self.sides[system]["pooled"].below(alpha)
            out[alpha] = table[self.evidence.item, self.evidence.system]
        return out

    @cached_property
    def _differentials(self) -> dict[float, tuple[Design, Spread] | str]:
        out: dict[float, tuple[Design, Spread] | str] = {}
        for alpha, below in self._below.items():
            kept = np.flatnonzero(~np.isnan(below))
            design = self.design.take(kept)
            none = None if len(kept) else "no output has a band whose ties let a threshold cut off this share"
            out[alpha] = none or design.trouble or (design, design.differences(below[kept]))
        return out

    def _differential(self, system: int) -> dict[str, Estimate]:
        """The share below the band beyond that of all systems at equal quality."""
        out = {}
        for alpha, found in self._differentials.items():
            if isinstance(found, str):
                out[f"{alpha:g}"] = Estimate.none(found)
                continue
            at = np.flatnonzero(found[0].present == system)
            out[f"{alpha:g}"] = self._estimate(found[1], int(at[0]) if len(at) else None, found[0])
        return out

    def _contradiction(self, system: int) -> tuple[Estimate, Estimate]:
        """Of pairs that people say the system wins, and of those that it loses."""
        above, below = self.evidence.pairs()
        wrong = (np.sign(self.scores[below] - self.scores[above]) + 1) / 2
        estimator = "share of pairs against people's order, ties half; chance: .5"

        def share(mask: np.ndarray) -> Estimate:
            cluster = self.design.cluster[above][mask]
            return of_clusters(
                wrong[mask], cluster, self.plan.confidence, unit="pairs", estimator=estimator, within=(0, 1)
            )

        mine = self.evidence.system
        return share(mine[above] == system), share(mine[below] == system)

    @cached_property
    def _parts(self) -> list[tuple[str, Design, Spread | None]]:
        return [
            (name, design, None if design.trouble else design.differences(self.scores[places]))
            for name, places, design in self.version.parts
        ]

    def _checks(self, system: int) -> list[dict[str, object]]:
        out = []
        for name, design, found in self._parts:
            at = np.flatnonzero(design.present == system)
            if found is None or not len(at):
                out.append({"part": name, "n": design.outputs, "difference": Estimate.none(design.trouble or "absent")})
                continue
            row = self._estimate(found, int(at[0]), design)
            out.append({"part": name, "n": design.outputs, "difference": row})
        return out

    def summary(self, findings: Sequence[Finding]) -> dict[str, object]:
        """The verdict on the scorer."""
        right = controls.accuracy(self.evidence, self.scores, self.plan.confidence)
        return {
            "scorer": self.name,
            "signature": self.outputs.scores.signatures[self.number],
            "verdict": of_scorer(findings),
            "sentence": sentence(self.name, findings, self.held_out),
            "down": [row.system for row in findings if row.direction == "down"],
            "up": [row.system for row in findings if row.direction == "up"],
            "accuracy": right,
            "sides_with_people": right.low is not None and right.low > 0.5,
            "ceiling": self.evidence.ceiling.value if self.evidence.ceiling else None,
            "pairs": self._contrasts(),
            "beaten_by": [row["control"] for row in self.control_rows() if row["beats"]],
            "not_better_than": [row["control"] for row in self.control_rows() if row["level"]],
        }

    def _contrasts(self) -> list[dict[str, object]]:
        """Each two systems: what the first gets above the second at equal quality."""
        if self.matched is None:
            return []
        out = []
        for one, other in _pairs(len(self.design.present)):
            take = np.zeros(len(self.matched.value))
            take[one], take[other] = 1.0, -1.0
            both = Spread(
                np.asarray([take @ self.matched.value]),
                np.asarray([[take @ self.matched.covariance @ take]]),
                self.matched.clusters,
            )
            names = [self.outputs.systems[int(self.design.present[i])] for i in (one, other)]
            out.append({"first": names[0], "second": names[1], "difference": self._estimate(both, 0)})
        return out

    def control_rows(self) -> list[dict[str, object]]:
        """What controls get; `beats`: the control does better than the scorer lets stand."""
        if "rows" not in self.__dict__:
            self.__dict__["rows"] = [*self._scorer_controls(), *self._text_controls()]
        rows: list[dict[str, object]] = self.__dict__["rows"]
        return rows

    def _scorer_controls(self) -> Iterator[dict[str, object]]:
        """Scorers in the scorer's place."""
        lengths = self.outputs.lengths[self.evidence.item, self.evidence.system]
        for name, values in (("constant", np.zeros(len(lengths))), ("length_only", lengths)):
            gain = controls.accuracy_gain(self.evidence, values, self.scores, self.plan.confidence)
            right = controls.accuracy(self.evidence, values, self.plan.confidence)
            found = None if self.matched is None else self.design.differences(values)
            row = {"control": name, "scorer": self.name, "kind": "scorer", "accuracy": right, "gain": gain}
            row |= {"matched_difference": self._by_system(found), "beats": gain.low is not None and gain.low > 0}
            yield row | {"level": not row["beats"] and gain.high is not None and gain.high >= 0}
        if self.noise is None:
            return
        for name, drawn in self.noise.drawn.items():
            low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
            differences = {
                self.outputs.systems[int(s)]: Estimate(
                    float(drawn[:, i].mean()), float(low[i]), float(high[i]), len(drawn), "draws"
                )
                for i, s in enumerate(self.design.present)
            }
            row = {"control": name, "scorer": self.name, "kind": "scorer", "matched_difference": differences}
            yield row | {
                "accuracy": Estimate(self.noise.accuracy[name], None, None, len(drawn), "draws"),
                "correlation": self.noise.correlation if name == "unbiased_noise" else 0.0,
                "beats": False,
                "level": False,
            }

    def _by_system(self, found: Spread | None) -> dict[str, Estimate]:
        if found is None:
            return {}
        return {self.outputs.systems[int(s)]: self._estimate(found, i) for i, s in enumerate(self.design.present)}

    def _text_controls(self) -> Iterator[dict[str, object]]:
        """Texts in the outputs' place: what answers nothing should score below every system."""
        table = self.outputs.scores.table[self.number]
        for control, every in zip(*self.version.texts, strict=True):
            scores = every[self.number]
            above = []
            for place, system in enumerate(self.outputs.systems):
                both = np.flatnonzero(~np.isnan(scores) & ~np.isnan(table[:, place]))
                gain = of_clusters(
                    scores[both] - table[both, place],
                    both,
                    self.plan.confidence,
                    unit="items",
                    estimator="mean difference",
                )
                if gain.low is not None and gain.low > 0:
                    above.append(system)
            there = np.flatnonzero(~np.isnan(scores))
            value = of_clusters(scores[there], there, self.plan.confidence, unit="items", estimator="mean score")
            yield {
                "control": control.name, "scorer": self.name, "kind": "text", "note": control.note,
                "score": value, "above": above, "beats": bool(above), "level": False,
            }  # fmt: skip
        row = {"control": "held_out_reference", "scorer": self.name, "kind": "text", "gap": self.held_out}
        yield row | {"beats": False, "level": False}


def _pairs(count: int) -> list[tuple[int, int]]:
    return [(i, j) for i in range(count) for j in range(i + 1, count)]
