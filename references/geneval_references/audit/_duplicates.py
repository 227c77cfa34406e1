"""References that are equal: within an item, across items, and to the item's source."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from geneval_references.audit._chance import Ints
from geneval_references.audit._model import Finding
from geneval_references.audit._table import Table


def duplicates(table: Table) -> Iterator[Finding]:
    """Findings of kinds `duplicate`, `repeated item`, `repeated text` and `copy of source`: plain facts, no tests."""
    yield from _within(table)
    yield from _items(table)
    yield from _across(table)
    yield from _of_source(table)


def repeats(table: Table) -> Ints:
    """Numbers of the references that repeat an earlier one of their item.

    A system's output is away when that system is scored: only another one of its own repeats it.
    """
    key = table.item * (table.classes + 1) + table.folded[table.text]
    seen: dict[int, set[str]] = {}
    again = []
    for n, text in enumerate(key.tolist()):
        origin = table.reference(n).origin
        owner = origin if origin.startswith("output:") else ""
        owners = seen.setdefault(text, set())
        if "" in owners or owner in owners:
            again.append(n)
        owners.add(owner)
    return np.asarray(again, np.int64)


def _within(table: Table) -> Iterator[Finding]:
    again = repeats(table)
    if not len(again):
        return
    items = len(np.unique(table.item[again]))
    yield Finding(
        kind="duplicate",
        level="fault",
        subject="references",
        message=f"{len(again)} references of {items} items repeat another one of their item",
        advice="count each once (audit.cleaned() does; an expected score at k does so anyway): a repeated answer weighs "
        "double in every mean over references, and makes a set look larger than it is",
        rows=table.rows(again),
        count=len(again),
        of=len(table.item),
    )


def _items(table: Table) -> Iterator[Finding]:
    """Items with the same set of references: one item under two ids."""
    seen: dict[tuple[int, ...], int] = {}
    twins: list[tuple[int, int]] = []
    folded = table.folded[table.text]
    for item in np.flatnonzero(table.per_item > 1).tolist():
        key = tuple(sorted(folded[table.first[item] : table.first[item + 1]].tolist()))
        if len(set(key)) > 1 and seen.setdefault(key, item) != item:
            twins.append((item, seen[key]))
    if twins:
        rows = [table.row(int(table.first[item]), f"as item {table.ids[other]}") for item, other in twins]
        yield Finding(
            kind="repeated item",
            level="fault",
            subject="references",
            message=f"{len(twins)} items have exactly the references of an earlier item",
            advice="leave the repeated items out: they count double in every score, and intervals come out too narrow",
            rows=tuple(rows),
            count=len(twins),
            of=len(table.ids),
        )


def _across(table: Table) -> Iterator[Finding]:
    kind = table.folded[table.text]
    key = np.unique(table.item * (table.classes + 1) + kind)
    homes = np.bincount(key % (table.classes + 1), minlength=table.classes)
    shared = np.flatnonzero(homes[kind] > 1)
    if not len(shared):
        return
    order = shared[np.argsort(-homes[kind[shared]], kind="stable")]
    yield Finding(
        kind="repeated text",
        level="note",
        subject="references",
        message=f"{len(shared)} references are references of another item, too "
        f"({len(np.unique(kind[shared]))} texts, the most frequent in {homes.max()} items)",
        advice="a text that answers many items says little about any; `geneval references describe --multiplicity` ranks "
        "them",
        rows=tuple(table.row(n, f"in {homes[kind[n]]} items") for n in order.tolist()),
        count=len(shared),
        of=len(table.item),
    )


def _of_source(table: Table) -> Iterator[Finding]:
    same = np.flatnonzero(table.folded[table.text] == table.source[table.item])
    if len(same):
        yield Finding(
            kind="copy of source",
            level="note",
            subject="references",
            message=f"{len(same)} references equal their item's source",
            advice="right where an answer may leave the source as it is; a system that copies its input is right there, "
            "too, and a translation that was forgotten is none",
            rows=table.rows(same),
            count=len(same),
            of=len(table.item),
        )
