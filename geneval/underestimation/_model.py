"""What a report holds: facts, frozen."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from geneval import __version__
from geneval.agreement._correlations import Floats, Ints

if TYPE_CHECKING:
    from geneval.underestimation._known import Known

SCHEMA = "geneval.underestimation/1"
FILE = "underestimation.json"
PAGE = "report.html"

Kind = Literal["penalised", "relative_misranking", "both", "no_evidence", "not_enough_evidence"]
"""Penalised against the human band; not penalised, but others rewarded above it; both; nothing there; cannot tell."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its interval.

    Attributes:
        value: None where there is none, for `reason`.
        low, high: its interval; None where there is none.
        n: what it was computed from: outputs, pairs or items, as `unit` says.
        estimator: how.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    unit: str = "outputs"
    estimator: str = ""
    reason: str | None = None

    @classmethod
    def none(cls, reason: str, unit: str = "outputs") -> Estimate:
        """No number, and why."""
        return cls(None, None, None, 0, unit, "", reason)


def of_clusters(
    values: Floats,
    cluster: Ints,
    confidence: float,
    *,
    unit: str,
    estimator: str,
    within: tuple[float, float] | None = None,
) -> Estimate:
    """A mean, with an interval over clusters: linearised ratio of sums, Student's t.

    Args:
        values: of which the mean is taken.
        cluster: of each value.
        confidence: of the interval.
        unit: of the values.
        estimator: how they came about.
        within: bounds of the values, for shares. The interval keeps to them; where all clusters say the same, it tells how
            many of others could say otherwise (Clopper and Pearson 1934).
    """
    if not len(values):
        return Estimate.none(f"no {unit}", unit)
    mean = float(values.mean())
    sums = np.bincount(cluster, weights=values - mean)[np.bincount(cluster) > 0]
    if len(sums) < 2:
        return Estimate(mean, None, None, len(values), unit, estimator, "one item gives no interval")
    se = math.sqrt(float((sums**2).sum()) * len(sums) / (len(sums) - 1)) / len(values)
    reach = quantile((1 + confidence) / 2, len(sums) - 1) * se
    low, high, told = mean - reach, mean + reach, f"{estimator}; sandwich over items, t"
    if within is None:
        return Estimate(mean, low, high, len(values), unit, told)
    if np.ptp(values) == 0:
        others = 1 - ((1 - confidence) / 2) ** (1 / len(sums))
        low, high = (mean + others * (bound - mean) for bound in within)
        told = f"{estimator}; all items say the same: Clopper-Pearson over items"
    return Estimate(mean, max(low, within[0]), min(high, within[1]), len(values), unit, told)


@cache
def quantile(share: float, freedom: float) -> float:
    """Of Student's t."""
    from scipy import stats

    return float(stats.t.ppf(share, freedom))


@dataclass(frozen=True, slots=True)
class Finding:
    """What a scorer does to one system.

    Attributes:
        system, scorer: names.
        evidence: what people's words are: `ratings` or `preferences`.
        verdict: one of `Kind`.
        direction: `down`, `up` or None: where the scorer puts the system at equal quality.
        matched_difference: the score that the system gets beyond what all systems get at equal quality, for the same
            item and length, in the scorer's units; the systems' differences add up to 0.
        as_given: the same as if people's grades held no noise.
        standardised: `matched_difference` over the score's standard deviation within items.
        p_down, p_up: one-sided; `p_adjusted` is two-sided, Holm over systems.
        equivalent: whether the difference is shown to be smaller than the margin (two one-sided tests).
        margin: in the scorer's units.
        needed: judged outputs (of all systems together) that would settle it; None where it is settled.
        exceeds_controls: whether the difference lies beyond those of random and unbiased, noisy scorers.
        gap: band less output, both against the same references: above 0, people's references score higher.
        gap_valid: the same of valid outputs, by kind of evidence.
        p_penalised, p_rewarded: of the exact permutation test, one-sided each.
        percentile: where outputs lie in the band, .5 where they are like references.
        false_negatives: by alpha.
        differential_fnr: share below the band's 25 % quantile beyond that of all systems at equal quality.
        differential_fnr_at: the same by alpha.
        contradiction: of pairs that people say the system wins, how often the scorer says it loses; ties half.
        contradiction_in_favour: of pairs that people say it loses, how often the scorer says it wins.
        checks: the difference in parts of the data: outputs of high quality, bins of length.
    """

    system: str
    scorer: str
    evidence: str
    verdict: Kind
    direction: Literal["down", "up"] | None
    matched_difference: Estimate
    as_given: Estimate
    standardised: float | None
    p_down: float | None
    p_up: float | None
    p_adjusted: float | None
    equivalent: bool | None
    margin: float | None
    needed: int | None
    exceeds_controls: bool | None
    gap: Estimate
    gap_valid: Mapping[str, Estimate]
    p_penalised: float | None
    p_rewarded: float | None
    percentile: Estimate
    false_negatives: Sequence[Mapping[str, object]]
    differential_fnr: Estimate
    differential_fnr_at: Mapping[str, Estimate]
    contradiction: Estimate
    contradiction_in_favour: Estimate
    checks: Sequence[Mapping[str, object]]


@dataclass(frozen=True)
class Underestimation:
    """A report.

    Attributes:
        finding: in a sentence.
        name: of the data set; None where it has none.
        audit: leaked copies, and what was left out for them.
        findings: one a scorer and system, on the cleaned data.
        raw: the same on the data as given; empty where nothing was left out.
        scorers: of each scorer its verdict, sentence, contrasts of two systems, agreement with people, signature.
        controls: of each scorer what controls get.
        validity: of each system, how many outputs are valid by which evidence.
        sections: what else there is to say, by its key in JSON; `ranking` is systems by people and by each scorer.
        people: what people's words are, and what was assumed of them.
        plan: options.
        warnings, notes: what a reader must know.
        known: what it was made from; not in the JSON.
    """

    finding: str
    audit: Mapping[str, object]
    findings: tuple[Finding, ...]
    raw: tuple[Finding, ...]
    scorers: Sequence[Mapping[str, object]]
    controls: Sequence[Mapping[str, object]]
    validity: Sequence[Mapping[str, object]]
    sections: Mapping[str, object]
    people: Mapping[str, object]
    plan: Mapping[str, object]
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    name: str | None = None
    known: Known | None = field(default=None, repr=False, compare=False)

    def of(self, system: str, scorer: str) -> Finding:
        """What a scorer does to a system, on the cleaned data.

        Raises:
            KeyError: there is no such system or scorer.
        """
        for row in self.findings:
            if (row.system, row.scorer) == (system, scorer):
                return row
        raise KeyError(f"{system} / {scorer}")

    def to_dict(self) -> dict[str, object]:
        """What `underestimation.json` holds."""
        return {
            "schema": SCHEMA,
            "geneval": __version__,
            "name": self.name,
            "finding": self.finding,
            "audit": self.audit,
            "scorers": list(self.scorers),
            "systems": [asdict(row) for row in self.findings],
            "raw": [asdict(row) for row in self.raw],
            "controls": list(self.controls),
            "validity": list(self.validity),
            **self.sections,
            "people": self.people,
            "plan": self.plan,
            "warnings": list(self.warnings),
        }

    def plain(self) -> dict[str, Any]:
        """The same in dicts, lists, texts and numbers, as JSON has it; None for numbers that are none."""
        found: dict[str, Any] = _plain(self.to_dict())
        return found

    def to_json(self) -> str:
        """The same as text; no NaN."""
        return json.dumps(self.plain(), indent=2, ensure_ascii=False, allow_nan=False)

    def save(self, directory: str | Path) -> Path:
        """Writes `underestimation.json`, `report.html` and `metrics.json` into a new directory; nothing is ever overwritten."""
        from geneval.report import page_of
        from geneval.run_directory import run_directory, writing
        from geneval.underestimation._metrics import METRICS, metrics_of

        text = self.to_json()
        with run_directory(directory) as folder, writing(Path(directory)):
            (folder / FILE).write_text(text + "\n", encoding="utf-8")
            (folder / PAGE).write_text(page_of(self), encoding="utf-8", newline="\n")
            metrics = json.dumps(metrics_of(self.plain()), indent=2, ensure_ascii=False)
            (folder / METRICS).write_text(metrics + "\n", encoding="utf-8")
        return Path(directory)


def _plain(value: object) -> Any:
    """What JSON knows: numbers that are none become null."""
    if isinstance(value, Estimate):
        return _plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
