"""The reference audit: all checks, on reference sets and, where there are any, on systems' outputs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from geneval_references._errors import InputError, UsageError
from geneval_references._model import TIERS, ReferenceSet
from geneval_references._protocols import Similarity
from geneval_references._select import select
from geneval_references.audit._alike import Alike
from geneval_references.audit._boilerplate import boilerplate
from geneval_references.audit._duplicates import duplicates, repeats
from geneval_references.audit._encoding import encoding
from geneval_references.audit._languages import languages
from geneval_references.audit._leaks import leaks
from geneval_references.audit._misplaced import misplaced
from geneval_references.audit._model import Answer, Cleaned, Finding, Level, Row, Untested
from geneval_references.audit._outliers import outliers
from geneval_references.audit._table import Table
from geneval_references.audit._truncation import truncation

ALPHA = 0.05
"""The chance that any test of an audit gives a false alarm, where its assumptions hold."""

KINDS: dict[str, Level] = {
    "leak": "fault",
    "shifted": "fault",
    "unrelated": "fault",
    "transposed": "fault",
    "outlier column": "fault",
    "duplicate": "fault",
    "repeated item": "fault",
    "script": "fault",
    "language": "fault",
    "mojibake": "fault",
    "lost characters": "fault",
    "truncated": "fault",
    "length limit": "fault",
    "list numbering": "fault",
    "html": "fault",
    "prompt echo": "fault",
    "refusal": "fault",
    "placeholder": "fault",
    "empty": "fault",
    "outlier": "note",
    "repeated text": "note",
    "copy of source": "note",
    "surrounding quotes": "note",
    "outer whitespace": "note",
}
"""What there is to find, in the order in which it is told."""

LEAKS = 0.5
"""The share of `alpha` that the test of leaks gets: they are few, and the hardest to see and the worst to miss."""
OTHERS = (1 - LEAKS) / 6
"""The share of each other test: outliers, outlier columns, shifts, transposition, language, length limit."""


@dataclass(frozen=True)
class Audit:
    """What an audit found.

    Attributes:
        findings: the most harmful kinds first.
        untested: what could not be looked for, and why.
        items, references, outputs: how many were looked at.
        tiers: of the references that were looked at.
        aside: how many references are of other tiers.
        systems: names.
        alpha: the chance that any of the tests gives a false alarm.
        similarity: what decided how alike texts are; None where no check asked.
        seed: of what was drawn.
        notes: what reading the data had to say.
    """

    findings: tuple[Finding, ...]
    untested: tuple[Untested, ...]
    items: int
    references: int
    outputs: int
    systems: tuple[str, ...]
    alpha: float
    similarity: str | None
    seed: int
    notes: tuple[str, ...] = ()
    sets: Sequence[ReferenceSet] = field(default=(), repr=False)
    answers: tuple[Answer, ...] = field(default=(), repr=False)
    tiers: tuple[str, ...] = TIERS
    aside: int = 0

    @property
    def faults(self) -> tuple[Finding, ...]:
        """The findings that make numbers wrong."""
        return tuple(found for found in self.findings if found.level == "fault")

    def of(self, kind: str) -> tuple[Finding, ...]:
        """The findings of one kind.

        Raises:
            UsageError: there is no such kind.
        """
        check_kinds([kind])
        return tuple(found for found in self.findings if found.kind == kind)

    def cleaned(self, *, leaks: bool = True, duplicates: bool = True) -> Cleaned:
        """The data without what was found; nothing else of it is changed.

        Args:
            leaks: leave out items in which a leaking system's output equals a reference: for all systems, so that they
                stay comparable.
            duplicates: leave out references that repeat an earlier one of their item.
        """
        leaked = {row.id for found in self.of("leak") for row in found.rows} if leaks else set()
        sets = [item for item in self.sets if item.id not in leaked]
        left_out = 0
        if duplicates:
            table = Table(sets, tiers=self.tiers)
            again = set(zip(table.item[(r := repeats(table))].tolist(), table.place[r].tolist(), strict=True))
            left_out = len(again)
            touched = {item for item, _ in again}
            for i in touched:
                kept = tuple(ref for place, ref in enumerate(sets[i].references) if (i, place) not in again)
                sets[i] = replace(sets[i], references=kept)
        outputs = tuple(answer for answer in self.answers if answer.id not in leaked)
        return Cleaned(tuple(sets), outputs, tuple(item.id for item in self.sets if item.id in leaked), left_out)

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts and lists, ready for JSON; `schema` is `geneval.audit/1`."""
        return {
            "schema": "geneval.audit/1",
            "items": self.items,
            "references": self.references,
            "tiers": list(self.tiers),
            "aside": self.aside,
            "outputs": self.outputs,
            "systems": list(self.systems),
            "alpha": self.alpha,
            "similarity": self.similarity,
            "seed": self.seed,
            "faults": len(self.faults),
            "findings": [found.to_dict() for found in self.findings],
            "untested": [{"kind": one.kind, "reason": one.reason} for one in self.untested],
            "notes": list(self.notes),
        }


def check_kinds(kinds: Iterable[str]) -> None:
    """Checks names of kinds.

    Raises:
        UsageError: one does not exist.
    """
    for kind in kinds:
        if kind not in KINDS:
            raise UsageError(f"no kind of finding {kind!r}; the kinds are {', '.join(KINDS)}")


def audit(
    sets: Sequence[ReferenceSet],
    outputs: Iterable[Answer] = (),
    *,
    similarity: Similarity | None = None,
    alpha: float = ALPHA,
    ignore: Iterable[str] = (),
    seed: int = 12345,
    notes: Iterable[str] = (),
    tiers: Collection[str] | None = None,
) -> Audit:
    """Looks for what makes reference sets mislead.

    Args:
        sets: reference sets, in the order of their files: shifts are looked for along it.
        outputs: systems' outputs for them.
        similarity: how alike texts are; without it outliers and misplaced columns are not looked for.
        alpha: the chance that any test gives a false alarm; the tests share it (`LEAKS`, `OTHERS`).
        ignore: kinds of findings to leave out.
        seed: of what is drawn.
        notes: to be kept with the result.
        tiers: of the references to look at; all that count, which is all but `unverified`, by default.

    Raises:
        InputError: there is no reference of these tiers, or an output belongs to no item, or two items have one id.
        UsageError: `alpha` is no probability, or a kind or tier does not exist.
    """
    if not 0 < alpha < 1:
        raise UsageError(f"alpha={alpha} does not fit; it is a probability above 0 and below 1")
    skipped = frozenset(ignore)
    check_kinds(skipped)
    if len({item.id for item in sets}) < len(sets):
        raise InputError("two items have one id; an id names one item")
    answers = tuple(outputs)
    named = tuple(tier for tier in TIERS if (tier != "unverified" if tiers is None else tier in tiers))
    select((), tiers=tiers)  # what is no tier is refused
    aside = sum(reference.tier not in named for item in sets for reference in item.references)
    table = Table(sets, answers, named)
    if not len(table.item):
        raise InputError(
            "there is no reference that is not blank: nothing to audit"
            + (f"; {aside} are of other tiers than {', '.join(named)}, and are looked at where named" if aside else "")
        )
    found = [one for one in _checks(table, similarity, alpha, seed) if one.kind not in skipped]
    order = {kind: n for n, kind in enumerate(KINDS)}
    findings = sorted((one for one in found if isinstance(one, Finding)), key=lambda one: order[one.kind])
    return Audit(
        findings=tuple(findings),
        untested=tuple(one for one in found if isinstance(one, Untested)),
        items=len(sets),
        references=sum(len(item.references) for item in sets) - aside,
        outputs=len(answers),
        systems=tuple(table.systems),
        alpha=alpha,
        similarity=None if similarity is None else similarity.name,
        seed=seed,
        notes=tuple(notes),
        sets=tuple(sets),
        answers=answers,
        tiers=named,
        aside=aside,
    )


def _checks(table: Table, similarity: Similarity | None, alpha: float, seed: int) -> Iterator[Finding | Untested]:
    yield from leaks(table, alpha * LEAKS)
    alpha *= OTHERS
    if similarity is None:
        yield from (Untested(kind, "no similarity was given") for kind in ("outlier", "outlier column", "shifted"))
    else:
        alike = Alike(table, similarity, seed)
        moved = list(misplaced(table, alike, alpha))
        yield from moved
        # A column that stands at the wrong items stands apart, too: one fault is told once.
        subjects = {one.subject for one in moved if isinstance(one, Finding)}
        for one in outliers(table, alike, alpha):
            if not (isinstance(one, Finding) and one.kind == "outlier column" and one.subject in subjects):
                yield one
    yield from duplicates(table)
    yield from languages(table, alpha)
    yield from encoding(table)
    yield from truncation(table, alpha)
    yield from boilerplate(table)
    yield from _empty(table)


def _empty(table: Table) -> Iterator[Finding]:
    rows = tuple(
        Row(item.id, reference.text, reference=place + 1)
        for item in table.sets
        for place, reference in enumerate(item.references)
        if not reference.text.strip() and reference.tier in table.tiers
    )
    if rows:
        yield Finding(
            kind="empty",
            level="fault",
            subject="references",
            message=f"{len(rows)} references hold no text",
            advice="leave them out; they never count in a score",
            rows=rows,
            count=len(rows),
            of=len(rows) + len(table.item),
        )
