"""What the sections of a report are made from: outputs, people's words, and what was found on the cleaned data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from geneval.agreement._people import Criterion, criteria_of
from geneval.data import Inputs, Judgement, Preference, Rating
from geneval.underestimation._findings import OfScorer
from geneval.underestimation._model import Finding
from geneval.underestimation._outputs import Outputs
from geneval.underestimation._people import Evidence, of_preferences, of_ratings
from geneval.underestimation._plan import ReportPlan
from geneval.underestimation._validity import Validity
from geneval_references._protocols import Entailment
from geneval_scorers import Watch


@dataclass(frozen=True)
class Said:
    """What people said, as it was given.

    Attributes:
        ratings, preferences, judgements: rows.
        criterion: which grades or choices count; None: the only one.
        lower: criteria of which lower is better.
    """

    ratings: tuple[Rating, ...]
    preferences: tuple[Preference, ...]
    judgements: tuple[Judgement, ...]
    criterion: str | None
    lower: tuple[str, ...]

    @cached_property
    def of_ratings(self) -> Criterion | None:
        """The criterion of ratings that counts."""
        if not self.ratings:
            return None
        asked = (self.criterion,) if self.criterion else ()
        found = criteria_of(self.ratings, asked, "ratings")[0]
        return found._replace(lower=found.lower or found.name in self.lower)

    def evidence(self, outputs: Outputs, plan: ReportPlan) -> Evidence:
        """Ratings where there are any, else preferences."""
        if self.of_ratings is not None:
            return of_ratings(outputs, self.ratings, self.of_ratings, plan, self.lower)
        asked = (self.criterion,) if self.criterion else ()
        return of_preferences(outputs, self.preferences, criteria_of(self.preferences, asked, "preferences")[0], plan)


@dataclass(frozen=True, eq=False)
class Known:
    """The cleaned data of a report, with what was found on it.

    Attributes:
        inputs: as given: reference sets of all tiers.
        outputs: scored against the references that count, `outputs.items`.
        said: people's words as given.
        evidence: the same, as quality of outputs; cleaned.
        items: places among `outputs.items` of those that are left.
        kinds: which outputs are valid, by kind of evidence.
        scorers: what each scorer does, with its bands.
        findings: one a scorer and system.
        plan: options.
        watch: told about progress.
        entailment: tells which additions are supported and which outputs contradict their references; None: rules do.
        columns: of a user's own: column -> (id, system, or None for all of the item's) -> value.
        judges: verdicts read from files, each as a scorer on data of its own; their `texts` is False.
    """

    inputs: Inputs
    outputs: Outputs
    said: Said
    evidence: Evidence
    items: Sequence[int]
    kinds: Sequence[Validity]
    scorers: Sequence[OfScorer]
    findings: Sequence[Finding]
    plan: ReportPlan
    watch: Watch | None
    entailment: Entailment | None = None
    columns: Mapping[str, Mapping[tuple[str, str | None], str | float]] = field(default_factory=dict)
    judges: Sequence[OfScorer] = ()
