"""Selection of references by the strength of their evidence, by who wrote them, and by the task they answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from geneval_references._errors import UsageError
from geneval_references._model import TIERS, Reference, ReferenceSet


def select(
    sets: Iterable[ReferenceSet],
    *,
    tiers: Collection[str] | None = None,
    origins: Collection[str] | None = None,
    conditions: Collection[str] | None = None,
    without: Collection[str] | None = None,
) -> tuple[ReferenceSet, ...]:
    """The same items with only the references that fit every given filter.

    Items stay, in order, even where no reference is left: an item without references is a fact to report.

    Args:
        sets: the reference sets.
        tiers: tiers to keep.
        origins: origins to keep: one exactly (`human:refB`), all of a kind (`human` is `human` and `human:refB`), or
            a pattern with `*` (`paraphrase:*@v2`).
        conditions: conditions to keep; a reference without its own has its item's.
        without: origins to leave out, written as in `origins`; `output:<system>` leaves out what that system wrote.

    Returns:
        One set an item, each possibly empty.

    Raises:
        UsageError: a tier does not exist, or a filter is one string where a collection is due.
    """
    for name, given in (("tiers", tiers), ("origins", origins), ("conditions", conditions), ("without", without)):
        if isinstance(given, str):
            raise UsageError(f"{name}={given!r} is one string, a collection is due: {name}=[{given!r}]")
    for tier in tiers or ():
        if tier not in TIERS:
            raise UsageError(f"no tier {tier!r}; the tiers are {', '.join(TIERS)}")
    keep_origin = _matcher(origins) if origins is not None else None
    drop_origin = _matcher(without) if without is not None else None

    def kept(reference: Reference, item: ReferenceSet) -> bool:
        condition = item.condition if reference.condition is None else reference.condition
        return (
            (tiers is None or reference.tier in tiers)
            and (conditions is None or condition in conditions)
            and (keep_origin is None or keep_origin(reference.origin))
            and (drop_origin is None or not drop_origin(reference.origin))
        )

    return tuple(replace(item, references=tuple(r for r in item.references if kept(r, item))) for item in sets)


def counting(
    sets: Iterable[ReferenceSet],
    *,
    tiers: Collection[str] | None = None,
    origins: Collection[str] | None = None,
    conditions: Collection[str] | None = None,
) -> tuple[ReferenceSet, ...]:
    """The references that outputs are scored against.

    Empty ones never count: nothing to compare with is no answer. `unverified` ones are in no headline number, and
    count only where `tiers` names them.

    Args:
        sets: the reference sets.
        tiers: tiers that count; all but `unverified` by default.
        origins: as in `select`.
        conditions: as in `select`.
    """
    named = tuple(tier for tier in TIERS if tier != "unverified") if tiers is None else tiers
    selected = select(sets, tiers=named, origins=origins, conditions=conditions)
    return tuple(replace(item, references=tuple(r for r in item.references if r.text.strip())) for item in selected)


def unmatched(
    sets: Iterable[ReferenceSet],
    *,
    tiers: Collection[str] | None = None,
    origins: Collection[str] | None = None,
    conditions: Collection[str] | None = None,
) -> tuple[str, ...]:
    """Filters that fit no reference at all, a slip of the hand as like as not, as `tier 'preferred'`."""
    known = tuple(sets)
    asked = [("tier", "tiers", tier) for tier in tiers or ()]
    asked += [("origin", "origins", origin) for origin in origins or ()]
    asked += [("condition", "conditions", condition) for condition in conditions or ()]
    return tuple(
        f"{word} {value!r}"
        for word, option, value in asked
        if not any(item.references for item in select(known, **{option: (value,)}))
    )


def _matcher(patterns: Collection[str]) -> Callable[[str], bool]:
    """Whether an origin fits any pattern; only `*` is special, for names hold brackets and question marks."""
    # A bare kind stands for all of its kind; what names somebody names nobody else: `output:a` is not `output:a:b`.
    alternatives = [
        ".*".join(map(re.escape, pattern.split("*"))) + ("" if ":" in pattern else r"(?::.*)?") for pattern in patterns
    ]
    fits = re.compile("|".join(alternatives) if alternatives else r"(?!)", re.DOTALL).fullmatch
    return lambda origin: fits(origin) is not None
