"""`geneval.metric_cards`: what reports on several data sets found of each scorer, as one card."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from geneval import __version__
from geneval.underestimation import Underestimation
from geneval.underestimation._model import FILE
from geneval.underestimation._model import SCHEMA as REPORT
from geneval_references import InputError, UsageError

SCHEMA = "geneval.card/1"


class _Number(msgspec.Struct):
    """An estimate."""

    value: float | None
    low: float | None
    high: float | None
    n: int = 0


class _System(msgspec.Struct):
    """What a scorer does to a system."""

    system: str
    scorer: str
    verdict: str
    direction: str | None
    matched_difference: _Number
    p_adjusted: float | None
    margin: float | None


class _Scorer(msgspec.Struct):
    """What a scorer does."""

    scorer: str
    signature: str
    verdict: str
    sentence: str
    accuracy: _Number
    sides_with_people: bool
    ceiling: float | None
    beaten_by: list[str]
    not_better_than: list[str]
    recipe: str | None = None


class _Fault(msgspec.Struct):
    """Of the audit."""

    kind: str
    message: str


class _Audit(msgspec.Struct):
    """Of the references."""

    left_out: list[str]
    findings: list[_Fault]


class _People(msgspec.Struct):
    """What people said."""

    evidence: str
    outputs: int
    items: int
    reliability_is: str
    criterion: str | None = None


class _Plan(msgspec.Struct):
    """Options that decide the numbers of a card."""

    margin: float
    confidence: float
    reliability: float


class _Rated(msgspec.Struct):
    """A reference that people rated."""

    reference: str
    defective: bool
    sentence: str


class _References(msgspec.Struct):
    """Of references that people rated."""

    references: list[_Rated] = []


class _Report(msgspec.Struct):
    """What a card needs of `underestimation.json`."""

    finding: str
    audit: _Audit
    scorers: list[_Scorer]
    systems: list[_System]
    people: _People
    plan: _Plan
    geneval: str
    name: str | None = None
    references: _References = msgspec.field(default_factory=_References)


class _Head(msgspec.Struct):
    schema: str


@dataclass(frozen=True)
class Cards:
    """Cards, one a scorer and recipe.

    Attributes:
        cards: each with `scorer`, `signature`, `data_sets` and `summary`.
        warnings: what a reader must know.
    """

    cards: Sequence[Mapping[str, Any]]
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        """What `geneval card --format json` prints."""
        return {"schema": SCHEMA, "geneval": __version__, "cards": list(self.cards), "warnings": list(self.warnings)}

    def to_json(self) -> str:
        """The same as text."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)


Source = str | Path | Mapping[str, Any] | Underestimation
"""A report's folder or its `underestimation.json`, what that file holds, or the report itself."""


def metric_cards(reports: Sequence[Source], *, scorers: Sequence[str] | None = None) -> Cards:
    """Joins reports on several data sets to a card for each scorer.

    Scorers are told apart by their recipe: the signature without what was learned from the references of one data set.

    Args:
        reports: one a data set; each needs a name of its own (`geneval report --name`).
        scorers: which scorers, as reports name them; by default all.

    Raises:
        InputError: a report cannot be read, or two are of data sets of one name.
        UsageError: no report has a scorer that was asked for, or no report is given.
    """
    if not reports:
        raise UsageError("no report is given; make one with geneval report ... -o DIR")
    read = [_read(source) for source in reports]
    _check_names(read)
    have = list(dict.fromkeys(row.scorer for _, report in read for row in report.scorers))
    for name in scorers or ():
        if name not in have:
            raise UsageError(f"no report has the scorer {name!r}; they have: {', '.join(have)}")
    kept = have if scorers is None else list(dict.fromkeys(scorers))
    cards = [card for scorer in kept for card in _of_scorer(scorer, read)]
    return Cards(cards, tuple(_warnings(cards, read)))


def _read(source: Source) -> tuple[str, _Report]:
    """A report with the name of its data set."""
    if isinstance(source, Underestimation):
        return _decoded(source.to_json().encode(), "a report", None)
    if isinstance(source, Mapping):
        return _decoded(msgspec.json.encode(source), "a report", None)
    place = Path(source)
    file = place / FILE if place.is_dir() else place
    try:
        return _decoded(file.read_bytes(), str(file), file.resolve().parent.name)
    except OSError as error:
        told = f"{file} cannot be read ({error.strerror}); name folders that geneval report -o has written"
        raise InputError(told) from error


def _decoded(data: bytes, where: str, folder: str | None) -> tuple[str, _Report]:
    try:
        schema = msgspec.json.decode(data, type=_Head).schema
        if schema != REPORT:
            raise InputError(f"{where}: schema {schema!r}; this geneval makes cards of {REPORT!r}")
        report = msgspec.json.decode(data, type=_Report)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InputError(f"{where} is no report of geneval report (underestimation.json): {error}") from error
    name = report.name or folder
    if not name:
        raise InputError(f"{where} does not say which data set it is of; make it with a name (--name, name=)")
    return name, report


def _check_names(read: Sequence[tuple[str, _Report]]) -> None:
    names = [name for name, _ in read]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(
            f"several reports are called {', '.join(twice)}; a card has one report a data set: give each a name "
            "of its own (geneval report --name NAME)"
        )


def _of_scorer(scorer: str, read: Sequence[tuple[str, _Report]]) -> Iterator[dict[str, Any]]:
    """A card for each recipe under which the scorer ran."""
    found: dict[str, list[tuple[str, _Report, _Scorer]]] = {}
    for name, report in read:
        for row in report.scorers:
            if row.scorer == scorer:
                found.setdefault(row.recipe or row.signature, []).append((name, report, row))
    for recipe, rows in found.items():
        data_sets = [_data_set(name, report, row) for name, report, row in rows]
        yield {"scorer": scorer, "signature": recipe, "data_sets": data_sets, "summary": _summary(scorer, data_sets)}


def _data_set(name: str, report: _Report, row: _Scorer) -> dict[str, Any]:
    mine = [system for system in report.systems if system.scorer == row.scorer]
    people = report.people
    return {
        "name": name,
        "signature": row.signature,
        "geneval": report.geneval,
        "items": people.items,
        "outputs": people.outputs,
        "systems": len(mine),
        "evidence": people.evidence,
        "criterion": people.criterion,
        "reliability": people.reliability_is,
        "verdict": row.verdict,
        "sentence": row.sentence,
        "down": [_marked(system, report.plan) for system in mine if system.direction == "down"],
        "up": [_marked(system, report.plan) for system in mine if system.direction == "up"],
        "accuracy": msgspec.to_builtins(row.accuracy),
        "sides_with_people": row.sides_with_people,
        "ceiling": row.ceiling,
        "beaten_by": row.beaten_by,
        "not_better_than": row.not_better_than,
        "audit": {
            "left_out": len(report.audit.left_out),
            "faults": msgspec.to_builtins(report.audit.findings),
            "defective_references": [
                {"reference": one.reference, "sentence": one.sentence}
                for one in report.references.references
                if one.defective
            ],
        },
    }


def _marked(row: _System, plan: _Plan) -> dict[str, Any]:
    """A system that is marked down or up, in standard deviations of the score within items."""
    found, spread = row.matched_difference, (row.margin or 0.0) / plan.margin
    scaled = [None if one is None or not spread else one / spread for one in (found.value, found.low, found.high)]
    return {"system": row.system, "verdict": row.verdict, "p_adjusted": row.p_adjusted} | dict(
        zip(("value", "low", "high"), scaled, strict=True)
    )


_WORDS = {
    "both": "penalised against the human band, others rewarded above it",
    "penalised": "penalised against the human band",
    "relative_misranking": "relative misranking",
    "no_evidence": "no system marked down or up, within the margin",
    "not_enough_evidence": "not enough evidence",
}


def _summary(scorer: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """What the data sets say together; nothing is averaged over them."""
    parts = [
        f"{words} on {_named(found)}"
        for kind, words in _WORDS.items()
        if (found := [r for r in rows if r["verdict"] == kind])
    ]
    sided = [row for row in rows if row["sides_with_people"]]
    parts.append(
        f"orders pairs as people do more often than not on {_named(sided)}"
        if sided
        else "shown to side with people on none"
    )
    beaten = [row for row in rows if row["beaten_by"]]
    if beaten:
        parts.append("beaten by a control on " + _named(beaten))
    blamed = [row for row in rows if row["audit"]["defective_references"]]
    if blamed:
        parts.append("a reference is to blame on " + _named(blamed))
    return f"{scorer}, {len(rows)} data set{'s' * (len(rows) != 1)}: {'; '.join(parts)}."


def _named(rows: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(row["name"] for row in rows)


def _warnings(cards: Sequence[Mapping[str, Any]], read: Sequence[tuple[str, _Report]]) -> Iterator[str]:
    recipes = [card["scorer"] for card in cards]
    for scorer in dict.fromkeys(recipes):
        if recipes.count(scorer) > 1:
            yield f"{scorer} ran under {recipes.count(scorer)} recipes; each has a card of its own: compare their signatures"
    for what, values in (
        ("versions of geneval", {report.geneval for _, report in read}),
        ("margins", {f"{report.plan.margin:g}" for _, report in read}),
        ("confidences", {f"{report.plan.confidence:g}" for _, report in read}),
    ):
        if len(values) > 1:
            yield f"the reports are of several {what}: {', '.join(sorted(values))}"
