"""`geneval.find_underestimation`: from outputs, references and people's words to a report."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
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
    read_item_columns,
    read_judgements,
    read_preferences,
    read_ratings,
)
from geneval.data._bytes import stem
from geneval.underestimation._features import Labels, check_columns
from geneval.underestimation._findings import OfScorer
from geneval.underestimation._headline import headline
from geneval.underestimation._judges import ABSENT, Judge, OfJudge, about, judges_of, with_judge
from geneval.underestimation._known import Known, Said
from geneval.underestimation._model import Finding, Underestimation
from geneval.underestimation._outputs import Outputs, outputs_of
from geneval.underestimation._people import Evidence
from geneval.underestimation._plan import ReportPlan
from geneval.underestimation._references import blamed
from geneval.underestimation._sections import SECTIONS
from geneval.underestimation._validity import Validity, kinds_of
from geneval.underestimation._version import Exchanged, Version
from geneval_references import TIERS, InputError, ReferenceSet, UsageError, select
from geneval_references._protocols import Entailment
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
    entailment: Entailment | None = None,
    slices: Sequence[str | Path] = (),
    judges: Any = None,
    name: str | None = None,
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
        entailment: a model that tells whether one text follows from another, for the causes of penalties.
        slices: files with columns to slice by; those of outputs or references may be named again.
        judges: verdicts of judges (LLMs, say), each audited as one more scorer: files (`NAME=FILE`), or a mapping of names
            to files or rows. Rows are ratings, or preferences between all outputs of an item; `NAME:lower` where lower is
            better.
        name: of the data set; by default that of the first file.
        watch: told about progress.

    Raises:
        InputError: there is nothing that people said, or it does not fit the outputs.
        UsageError: a scorer, criterion or component that does not exist, or one that does not score single outputs.
    """
    from geneval.defaults import default_scorers
    from geneval.evaluation import Settings, prepared

    chosen = plan or ReportPlan()
    if name is not None and not name.strip():
        raise UsageError(f"the name {name!r} does not fit; a data set is called by a letter at least (--name)")
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
    columns, about = _columns(slices, outputs)
    notes = (*inputs.notes, *noted, *more, *about, *((left_out,) if left_out else ()))
    people = Said(tuple(grades or ()), tuple(choices or ()), verdicts, criterion, tuple(lower))
    audited = audit_inputs(replace(inputs, items=outputs.items), seed=chosen.seed)
    judged = judges_of(judges)
    every = replace(inputs, items=_of_all_tiers(inputs.items, settings or Settings()))
    report = _Reporting(every, outputs, people, chosen, audited, watch, columns, entailment, judged).report(notes)
    return replace(report, name=name or _name(inputs), warnings=(*_otherwise(settings), *report.warnings))


def _name(inputs: Inputs) -> str | None:
    """The first file's name without its suffixes; stdin has none."""
    first = inputs.files[0].name if inputs.files else "-"
    return None if first == "-" else stem(first)


def _of_all_tiers(items: tuple[ReferenceSet, ...], settings: Settings) -> tuple[ReferenceSet, ...]:
    """References of the origins and conditions asked for, whichever tiers count."""
    if not settings.origins and not settings.conditions:
        return items
    return select(items, tiers=TIERS, origins=settings.origins, conditions=settings.conditions)


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


def _columns(files: Sequence[str | Path], outputs: Outputs) -> tuple[Labels, tuple[str, ...]]:
    if not files:
        return {}, ()
    found, notes, _ = read_item_columns([str(path) for path in files])
    check_columns(found, outputs)
    return found, notes


@dataclass
class _Reporting:
    """One report."""

    inputs: Inputs
    outputs: Outputs
    people: Said
    plan: ReportPlan
    audited: Audit
    watch: Watch | None
    columns: Labels
    entailment: Entailment | None
    judges: Sequence[Judge] = ()

    def report(self, notes: tuple[str, ...]) -> Underestimation:
        self.warnings: list[str] = []
        leaked = {row.id for found in self.audited.of("leak") for row in found.rows}
        whole = self.people.evidence(self.outputs, self.plan)
        clean = self._cleaned(whole, leaked)
        items = [i for i, name in enumerate(self.outputs.corpus.ids) if name not in leaked]
        self._exchanged = Exchanged(self.outputs, items, self.plan)
        validity = self._validity()
        self.warnings += [
            f"of {kind.known.sum():,} rated outputs none is valid ({kind.rule}, --valid): is that grade on the raters' scale?"
            for kind in validity
            if kind.evidence.startswith("rated") and not kind.valid.any()
        ]
        kinds = [kind for kind in validity if kind.valid.any()]
        ones = self._each(clean, items, kinds)
        findings, said, rows = self._of_all(ones)
        of_judges = self._of_judges(leaked, items, kinds)
        more, judged, controls = self._of_all(of_judges)
        judged = [row | {"judge": dict(j.facts), "absent": ABSENT} for row, j in zip(judged, self.judges, strict=True)]
        every = list(range(len(self.outputs.items)))
        raw = (
            self._of_all([*self._each(whole, every, kinds), *self._of_judges(set(), every, kinds)])[0] if leaked else []
        )
        known = Known(
            self.inputs,
            self.outputs,
            self.people,
            clean,
            items,
            validity,
            ones,
            findings,
            self.plan,
            self.watch,
            columns=self.columns,
            entailment=self.entailment,
            judges=of_judges,
        )
        findings, said, rows = findings + more, said + judged, rows + controls
        sections = {name: section(known) for name, section in SECTIONS.items()}
        self._warn_about(clean)
        return Underestimation(
            finding=" ".join([headline(said, findings, sections["ranking"], clean), *blamed(sections["references"])]),
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
            sections=sections,
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
            references=self.inputs.items,
        )

    def _each(self, evidence: Evidence, items: list[int], kinds: Sequence[Validity]) -> list[OfScorer]:
        version = Version(self.outputs, self._exchanged, evidence, items, self.plan)
        return [OfScorer(version, number, kinds) for number in range(len(self.outputs.scores.columns))]

    def _of_judges(self, leaked: set[str], items: list[int], kinds: Sequence[Validity]) -> list[OfScorer]:
        """Judges, each on the outputs that it judged: what it leaves out counts for scorers."""
        found: list[OfScorer] = []
        for judge in self.judges:
            with about(judge):
                outputs, told = with_judge(self.outputs, judge)
                evidence = self._cleaned(self.people.evidence(outputs, self.plan), leaked)
            self.warnings += [*((told,) if told else ()), *self._copied(judge), *evidence.warnings]
            found.append(OfJudge(Version(outputs, self._exchanged, evidence, items, self.plan), 0, kinds))
        return found

    def _copied(self, judge: Judge) -> list[str]:
        """Whether a judge's verdicts are people's own grades: the same file, perhaps."""
        criterion, grades = self.people.of_ratings, defaultdict[tuple[str, str], list[float]](list)
        for row in self.people.ratings:
            if criterion is not None and row.criterion == criterion.name and (row.id, row.system) in judge.values:
                grades[row.id, row.system].append(row.value)
        if len(grades) < FEW or any(float(np.mean(given)) != judge.values[cell] for cell, given in grades.items()):
            return []
        return [
            (
                f"{judge.name}: its verdicts are just what people gave, on all {len(grades)} outputs of both: if they are "
                "people's grades, what is said of this judge says nothing"
            )
        ]

    def _of_all(
        self, ones: Sequence[OfScorer]
    ) -> tuple[list[Finding], list[dict[str, object]], list[dict[str, object]]]:
        findings: list[Finding] = []
        said: list[dict[str, object]] = []
        rows: list[dict[str, object]] = []
        for number, one in enumerate(ones):
            mine = one.findings()
            findings += mine
            said.append(one.summary(mine) | {"recipe": one.recipe})
            rows += one.control_rows()
            if not one.sound:
                self.warnings.append(
                    f"{one.name}: controls that favour no system do not come out at 0, so no finding is made"
                )
            if self.watch:
                self.watch("reporting", number + 1, len(ones))
        return findings, said, rows

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
            "outputs": evidence.outputs,
            "items": len(np.unique(evidence.item)),
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
        compared, alone = evidence.design.clusters, evidence.outputs - evidence.design.outputs
        if alone:
            self.warnings.append(
                f"{alone} of {evidence.outputs} outputs are the only rated one of their item, and no system is compared by "
                f"them: differences at equal quality are of {compared} items"
            )
        if compared < FEW:
            self.warnings.append(f"{compared} items are few: intervals are too narrow below about {FEW}")
        if self.outputs.left_aside:
            self.warnings.append(f"{self.outputs.left_aside} outputs beyond a system's first for an item do not count")
        self.warnings.append("one data set says nothing of others: a scorer may do otherwise on other items or systems")
