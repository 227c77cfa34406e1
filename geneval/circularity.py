"""Does a scorer meet references that a model of its own family admitted? Then it scores them too well."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass

from geneval_references import ReferenceSet
from geneval_references.gate import NGRAM, family_of, shared
from geneval_scorers import Scorer

FAMILIES = "families"
"""In the evidence of a reference that a gate admitted: families of models, with commas."""

_COUNT_WORDS = ("geneval_scorers.ngram", "geneval_scorers.java.meteor")


def admitting(sets: Iterable[ReferenceSet]) -> set[str]:
    """Families of models that admitted references of these items."""
    found = {
        str(reference.evidence.get(FAMILIES, ""))
        for item in sets
        for reference in item.references
        if reference.tier == "inferred" and reference.evidence
    }
    return {family for families in found for family in families.split(", ") if family}


def families_of(scorer: object) -> set[str]:
    """Families that a scorer rests on: of its models, and `n-gram` where it counts words."""
    found = {NGRAM} if type(scorer).__module__.startswith(_COUNT_WORDS) else set()
    if isinstance(scorer, tuple):
        return set().union(*(families_of(part) for part in scorer)) if scorer else set()
    if not is_dataclass(scorer) or not isinstance(scorer, Scorer):
        return set()
    for one in fields(scorer):
        value = getattr(scorer, one.name, None)
        if isinstance(value, str) and "model" in one.name:
            found.add(family_of(value))
        elif isinstance(value, Scorer | tuple):
            found |= families_of(value)
    return found


def circularity(admitted: set[str], scorers: Sequence[Scorer]) -> list[str]:
    """A warning for every scorer of a family that admitted references it scores against."""
    told = []
    for scorer in scorers:
        both = shared(admitted, families_of(scorer))
        if both:
            told.append(
                f"{scorer.label} is of the family {' and '.join(both)}, which admitted inferred references that count here: "
                "its scores agree with its own choice. Leave them out (--tier original --tier verified), score with "
                f'another family, or admit them by another gate (geneval gate --without "{both[0]}")'
            )
    return told
