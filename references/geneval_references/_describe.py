"""What is in a reference set: how many right answers, on what evidence, and what looks wrong with them.

The multiplicity degree |r| is that of Chun (arXiv 2505.19614, section 4): how many right answers an input has, here
counted over its distinct, non-empty references. It is a lower bound, since nobody has written them all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from statistics import fmean, median
from typing import Any

from geneval_references._fold import fold
from geneval_references._model import TIERS, ReferenceSet
from geneval_references._scripts import scripts
from geneval_references._suspicious import SUSPICIONS, suspicions

_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Spread:
    """How many references items have. The moments are `None` when there is no item."""

    counts: Mapping[int, int]
    """Number of items by number of references."""
    minimum: int | None
    mean: float | None
    median: float | None
    maximum: int | None


@dataclass(frozen=True, slots=True)
class Multiplicity:
    """The multiplicity degree |r| over the items that have any (non-empty) reference of the tier."""

    items: int
    mean: float | None
    median: float | None
    share_above_one: float | None
    """Share of these items, in [0, 1], that have more than one distinct right answer."""
    counts: Mapping[int, int]
    """Number of items by |r|."""


@dataclass(frozen=True, slots=True)
class Example:
    """One reference, shown."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Suspicion:
    """References that share one mark of damage: how many, and the first five."""

    kind: str
    count: int
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Description:
    """Facts about reference sets; see `describe`."""

    items: int
    references: int
    items_without_references: int
    per_item: Spread
    tiers: Mapping[str, int]
    """References by tier, strongest first; only tiers that occur."""
    origins: Mapping[str, int]
    """References by origin, most frequent first."""
    conditions: Mapping[str, int]
    """References by condition, their item's where they have none; those without one are not counted."""
    items_with_duplicates: int
    """Items of which two references are equal after `fold`."""
    duplicate_references: int
    """References that repeat an earlier one of their item."""
    duplicate_rate: float | None
    """Duplicate references among all references, in [0, 1]."""
    multiplicity: Multiplicity
    multiplicity_by_tier: Mapping[str, Multiplicity]
    scripts: Mapping[str, int]
    """References that use a Unicode script, most frequent first; a reference may use several, or none."""
    empty: Suspicion
    """References without any text."""
    suspicious: tuple[Suspicion, ...]
    """Marks that occur: list numbering, quotes around the text, outer whitespace, control characters, HTML, U+FFFD."""

    def to_dict(self) -> dict[str, Any]:
        """The same facts as plain dicts and lists, ready for JSON."""
        facts = asdict(self)
        facts["suspicious"] = list(facts["suspicious"])
        return facts


@dataclass(slots=True)
class _Marks:
    """Counts of one kind of suspicion, with its first examples."""

    count: int = 0
    examples: list[Example] = field(default_factory=list)

    def add(self, item: str, text: str) -> None:
        self.count += 1
        if len(self.examples) < _EXAMPLES:
            self.examples.append(Example(item, text))


def describe(sets: Iterable[ReferenceSet]) -> Description:
    """Count what reference sets hold, in one pass.

    Args:
        sets: the reference sets; no items are fine, and give counts of 0 and means of `None`.
    """
    sizes: list[int] = []
    sizes_distinct: list[int] = []
    tier_degrees: dict[str, list[int]] = {tier: [] for tier in TIERS}
    tiers, origins, conditions, used = (Counter[str]() for _ in range(4))
    repeated = items_with_duplicates = 0
    empty = _Marks()
    marks = {kind: _Marks() for kind in SUSPICIONS}
    for item in sets:
        sizes.append(len(item.references))
        folded = [fold(reference.text) for reference in item.references]
        duplicates = len(folded) - len(set(folded))
        repeated += duplicates
        items_with_duplicates += duplicates > 0
        by_tier: dict[str, set[str]] = {}
        for reference, key in zip(item.references, folded, strict=True):
            tiers[reference.tier] += 1
            origins[reference.origin] += 1
            condition = item.condition if reference.condition is None else reference.condition
            if condition is not None:
                conditions[condition] += 1
            if not key:
                empty.add(item.id, reference.text)
                continue
            by_tier.setdefault(reference.tier, set()).add(key)
            used.update(scripts(reference.text))
            for kind in suspicions(reference.text):
                marks[kind].add(item.id, reference.text)
        sizes_distinct.append(len(set().union(*by_tier.values())))
        for tier, keys in by_tier.items():
            tier_degrees[tier].append(len(keys))
    total = sum(sizes)
    return Description(
        items=len(sizes),
        references=total,
        items_without_references=sizes.count(0),
        per_item=_spread(sizes),
        tiers={tier: tiers[tier] for tier in TIERS if tier in tiers},
        origins=_frequent_first(origins),
        conditions=_frequent_first(conditions),
        items_with_duplicates=items_with_duplicates,
        duplicate_references=repeated,
        duplicate_rate=repeated / total if total else None,
        multiplicity=_multiplicity(sizes_distinct),
        multiplicity_by_tier={tier: _multiplicity(found) for tier, found in tier_degrees.items() if found},
        scripts=_frequent_first(used),
        empty=Suspicion("empty", empty.count, tuple(empty.examples)),
        suspicious=tuple(Suspicion(kind, m.count, tuple(m.examples)) for kind, m in marks.items() if m.count),
    )


def _spread(sizes: list[int]) -> Spread:
    counts = dict(sorted(Counter(sizes).items()))
    if not sizes:
        return Spread(counts, None, None, None, None)
    return Spread(counts, min(sizes), fmean(sizes), float(median(sizes)), max(sizes))


def degrees(sets: Iterable[ReferenceSet]) -> Multiplicity:
    """The multiplicity degree of reference sets: distinct references that are not blank, item by item."""
    return _multiplicity([len({key for r in item.references if (key := fold(r.text))}) for item in sets])


def _multiplicity(found: list[int]) -> Multiplicity:
    present = [degree for degree in found if degree]
    counts = dict(sorted(Counter(present).items()))
    if not present:
        return Multiplicity(0, None, None, None, counts)
    above = sum(degree > 1 for degree in present) / len(present)
    return Multiplicity(len(present), fmean(present), float(median(present)), above, counts)


def _frequent_first(counts: Counter[str]) -> dict[str, int]:
    """Most frequent first, ties by name, so that the order does not depend on the order of items."""
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
