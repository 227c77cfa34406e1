"""`geneval.find_underestimation`: from outputs, references and people's words to a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from geneval.agreement._given import rows_of
from geneval.auditing import audit_inputs
from geneval.copies import copy_counts
from geneval.data import (
    Inputs,
    Judgement,
    Preference,
    Rating,
    preferences_of,
    ratings_of,
    read_judgements,
    read_preferences,
    read_ratings,
)
from geneval.underestimation._findings import OfScorer
from geneval.underestimation._known import Known, Said
from geneval.underestimation._model import Finding, Underestimation
from geneval.underestimation._outputs import Outputs, outputs_of
from geneval.underestimation._people import Evidence
from geneval.underestimation._plan import ReportPlan
from geneval.underestimation._sections import SECTIONS
from geneval.underestimation._validity import Validity, kinds_of
from geneval.underestimation._version import Exchanged, Version
from geneval_references import InputError
from geneval_scorers import FitState, Scorer, Watch

if TYPE_CHECKING:
    from geneval.settings import Settings
    from geneval_references.audit import Audit

FEW = 30
"""Below so many items, sandwich intervals are too narrow."""


def find_underestimation(
    inputs: Inputs,
    *,
    ratings: Any = None,
    preferences: Any = None,
    judgements: Any = None,
    criterion: str | None = None,
    scorers: Sequence[Scorer | str] | str | None = None,
    fitted: Sequence[FitState] = (),
    settings: Settings | None = None,
    plan: ReportPlan | None = None,
    lower: Sequence[str] = (),
    watch: Watch | None = None,
) -> Underestimation:
    """Tells which systems each scorer marks down or up relative to people.

    Args:
        inputs: outputs and reference sets, as `geneval.data.read_inputs` gives them.
        ratings: grades of outputs, rows or files; by default those in the inputs.
        preferences: choices between two outputs; they decide only where there are no ratings.
        judgements: whether texts are valid.
        criterion: which grades or choices count; `"errors:lower"` where lower is better.
        scorers: as in `geneval.score`.
        fitted: what scorers learned in an earlier run.
        settings: which references count (`tiers`, `origins`, `conditions`).
        plan: options.
        lower: components of ratings of which lower is better.
        watch: told about progress.

    Raises:
        InputError: there is nothing that people said, or it does not fit the outputs.
        UsageError: a scorer, criterion or component that does not exist, or one that does not score single outputs.
    """
    from geneval.defaults import default_scorers
    from geneval.evaluation import Settings, prepared

    chosen = plan or ReportPlan()
    specs, left_out = default_scorers() if scorers is None else (scorers, None)
    ready = prepared([specs] if isinstance(specs, str | Scorer) else list(specs))
    grades, noted = rows_of(inputs.ratings if ratings is None else ratings, Rating, read_ratings, ratings_of)
    choices, more = rows_of(preferences, Preference, read_preferences, preferences_of)
    verdicts = _judgements(judgements)
    if not grades and not choices:
        raise InputError(
            "a report needs what people said of the outputs: give ratings (--ratings) or preferences (--preferences); "
            "the outputs hold no ratings"
        )
    outputs = outputs_of(inputs, ready, fitted, settings or Settings(), watch)
    notes = (*inputs.notes, *noted, *more, *((left_out,) if left_out else ()))
    people = Said(tuple(grades or ()), tuple(choices or ()), verdicts, criterion, tuple(lower))
    audited = audit_inputs(replace(inputs, items=outputs.items), seed=chosen.seed)
    report = _Reporting(inputs, outputs, people, chosen, audited, watch).report(notes)
    return replace(report, warnings=(*_otherwise(settings), *report.warnings))


def _otherwise(settings: Settings | None) -> list[str]:
    """What was asked of scores and does not hold here."""
    if settings is None or (not settings.k and settings.copies == "keep"):
        return []
    told = (
        "a report scores outputs against their whole reference sets, equal references kept: what the run was scored with "
        "(-k, --copies) does not count here"
    )
    return [told]


def _judgements(given: Any) -> tuple[Judgement, ...]:
    if given is None:
        return ()
    if isinstance(given, list | tuple) and all(isinstance(one, Judgement) for one in given):
        return tuple(given)
    rows, _, _ = read_judgements([str(given)] if isinstance(given, str | Path) else [str(one) for one in given])
    return tuple(rows)


@dataclass
class _Reporting:
    """One report."""

    inputs: Inputs
    outputs: Outputs
    people: Said
    plan: ReportPlan
    audited: Audit
    watch: Watch | None

    def report(self, notes: tuple[str, ...]) -> Underestimation:
        self.warnings: list[str] = []
        leaked = {row.id for found in self.audited.of("leak") for row in found.rows}
        whole = self.people.evidence(self.outputs, self.plan)
        clean = self._cleaned(whole, leaked)
        items = [i for i, name in enumerate(self.outputs.corpus.ids) if name not in leaked]
        self._exchanged = Exchanged(self.outputs, items, self.plan)
        validity = self._validity()
        kinds = [kind for kind in validity if kind.valid.any()]
        ones = self._each(clean, items, kinds)
        findings, said, rows = self._of_all(ones)
        raw = self._of_all(self._each(whole, list(range(len(self.outputs.items))), kinds))[0] if leaked else []
        known = Known(
            self.inputs, self.outputs, self.people, clean, items, validity, ones, findings, self.plan, self.watch
        )
        self._warn_about(clean)
        return Underestimation(
            finding=self._finding(said, findings, clean),
            audit={
                "copies": self._copies(),
                "left_out": sorted(leaked),
                "rule": "items where a leaked output equals one of its references are left out for all systems",
                "findings": [found.to_dict() for found in self.audited.faults],
            },
            findings=tuple(findings),
            raw=tuple(raw),
            scorers=said,
            controls=rows,
            validity=self._counts(validity, items),
            sections={name: section(known) for name, section in SECTIONS.items()},
            people=self._about_people(clean),
            plan=asdict(self.plan),
            warnings=(*dict.fromkeys((*clean.warnings, *self.warnings)),),
            notes=notes,
            known=known,
        )

    def _copies(self) -> list[dict[str, object]]:
        """How often outputs equal a reference of their item, beside how often references equal a sibling."""
        counts = copy_counts(self.outputs.corpus)
        repeated, references = counts.pop("")
        leaks = {found.subject: found for found in self.audited.of("leak")}
        return [
            {
                "system": system,
                "n": n,
                "outputs": outputs,
                "rate": n / max(outputs, 1),
                "reference_rate": repeated / max(references, 1),
                "p": leaks[system].p if system in leaks else None,
                "leaked": system in leaks,
            }
            for system, (n, outputs) in counts.items()
        ]

    def _cleaned(self, whole: Evidence, leaked: set[str]) -> Evidence:
        names = np.asarray([name in leaked for name in self.outputs.corpus.ids], bool)
        clean = whole.keep(~names[whole.item])
        if not len(clean.item):
            raise InputError(f"nothing is left to report on: all {len(leaked)} items hold leaked copies of references")
        return clean

    def _validity(self) -> list[Validity]:
        people = self.people
        return kinds_of(
            self.outputs,
            ratings=people.ratings,
            preferences=people.preferences,
            judgements=people.judgements,
            criterion=people.of_ratings,
            valid_from=self.plan.valid,
            lower=people.lower,
        )

    def _each(self, evidence: Evidence, items: list[int], kinds: Sequence[Validity]) -> list[OfScorer]:
        version = Version(self.outputs, self._exchanged, evidence, items, self.plan)
        return [OfScorer(version, number, kinds) for number in range(len(self.outputs.scores.columns))]

    def _of_all(
        self, ones: Sequence[OfScorer]
    ) -> tuple[list[Finding], list[dict[str, object]], list[dict[str, object]]]:
        findings: list[Finding] = []
        said: list[dict[str, object]] = []
        rows: list[dict[str, object]] = []
        for number, one in enumerate(ones):
            mine = one.findings()
            findings += mine
            said.append(one.summary(mine))
            rows += one.control_rows()
            if not one.sound:
                self.warnings.append(
                    f"{one.name}: controls that favour no system do not come out at 0, so no finding is made"
                )
            if self.watch:
                self.watch("reporting", number + 1, len(ones))
        return findings, said, rows

    def _finding(self, said: Sequence[Mapping[str, object]], findings: Sequence[Finding], evidence: Evidence) -> str:
        order = ("both", "penalised", "relative_misranking", "not_enough_evidence", "no_evidence")
        by_kind = {kind: [row for row in said if row["verdict"] == kind] for kind in order}
        parts = []
        for kind in order[:3]:
            rows = by_kind[kind]
            if rows:
                parts.append(_together(kind, rows, findings))
        if not parts:
            if by_kind["not_enough_evidence"]:
                names = ", ".join(str(row["scorer"]) for row in by_kind["not_enough_evidence"])
                parts.append(
                    f"Not enough evidence that {names} mark{_s(by_kind['not_enough_evidence'])} any system down or up at equal human quality"
                )
            else:
                parts.append(
                    "No evidence of underestimation: at equal human quality all systems get the same scores, within the margin"
                )
        parts[0] += f", on {len(evidence.item):,} outputs that people gave {evidence.kind}"
        sided = [row for row in said if row.get("sides_with_people")]
        if sided and len(sided) * 2 >= len(said):
            parts.append(f"{len(sided)} of {len(said)} scorers order pairs of outputs as people do more often than not")
        return ". ".join(parts) + "."

    def _counts(self, validity: Sequence[Validity], items: Sequence[int]) -> list[dict[str, object]]:
        out = []
        for kind in validity:
            for place, system in enumerate(self.outputs.systems):
                known, valid = int(kind.known[items, place].sum()), int((kind.valid & kind.known)[items, place].sum())
                row = {"system": system, "evidence": kind.evidence, "rule": kind.rule, "n": known}
                out.append(row | {"valid": None if kind.evidence == "unknown" else valid})
        return out

    def _about_people(self, evidence: Evidence) -> dict[str, object]:
        criterion = self.people.of_ratings
        return {
            "evidence": evidence.kind,
            "criterion": criterion.name if criterion and evidence.kind == "ratings" else self.people.criterion,
            "matched_on": list(evidence.names),
            "reliability": dict(evidence.reliability),
            "reliability_is": "assumed" if evidence.assumed else "estimated from several people's words",
            "signal_within_items": None if evidence.design.trouble else evidence.design.signal,
            "ceiling": evidence.ceiling.to_dict() if evidence.ceiling else None,
            "outputs": len(evidence.item),
            "items": evidence.design.clusters,
        }

    def _warn_about(self, evidence: Evidence) -> None:
        for found in self.audited.faults:
            done = "leaked: these items are left out" if found.kind == "leak" else f"{found.kind}: {found.advice}"
            self.warnings.append(f"{found.message}; {done}")
        if evidence.assumed:
            self.warnings.append(
                "nobody graded an output twice, or too few did: how reliable grades are cannot be told, and is assumed to "
                f"be {self.plan.reliability:g} for one grade (--reliability); `as_given` holds the numbers without it"
            )
        if evidence.design.clusters < FEW:
            self.warnings.append(
                f"{evidence.design.clusters} items are few: intervals are too narrow below about {FEW}"
            )
        if self.outputs.left_aside:
            self.warnings.append(f"{self.outputs.left_aside} outputs beyond a system's first for an item do not count")
        self.warnings.append("one data set says nothing of others: a scorer may do otherwise on other items or systems")


def _s(rows: Sequence[object]) -> str:
    return "s" if len(rows) == 1 else ""


def _together(kind: str, rows: Sequence[Mapping[str, Any]], findings: Sequence[Finding]) -> str:
    """One clause for all scorers of one verdict: whom they mark down and up, by how much, how sure."""
    names = [str(row["scorer"]) for row in rows]
    mine = [row for row in findings if row.scorer in names]
    said = " and ".join(part for way in ("down", "up") if (part := _marked(mine, way)))
    verdict = {
        "both": "penalised against the human band, while others are rewarded above it",
        "penalised": "penalised against the human band",
        "relative_misranking": "relative misranking",
    }[kind]
    return f"{', '.join(names)} mark{_s(rows)} {said} at equal human quality: {verdict}"


def _marked(findings: Sequence[Finding], way: str) -> str:
    rows = [row for row in findings if row.direction == way and row.standardised is not None]
    if not rows:
        return ""
    sizes = sorted((row.standardised for row in rows if row.standardised is not None), key=abs)
    spread = f"{sizes[0]:+.2f}" if len(sizes) == 1 else f"{sizes[0]:+.2f} to {sizes[-1]:+.2f}"
    p = max(row.p_adjusted or 0.0 for row in rows)
    sure = "p < .001" if p < 0.001 else f"p <= {p:.3f}"
    return f"{', '.join(dict.fromkeys(row.system for row in rows))} {way} ({spread} sd, {sure})"
