"""References that stand apart: single ones in their item, and whole columns of them.

A single reference. Its closeness is the mean of its similarities to its siblings; what the siblings have among
themselves is taken off, so that hard items are no outliers. Over all references this is compared with the normal law
that has the median and the lower spread (the median distance of those below it) of the bulk, which outliers cannot move
(Davies and Gather 1993): a reference is an outlier where clean data of this size would hold one beyond it with
probability alpha at most. It must also be no closer to its siblings than a reference of another item typically is. It
is no fault: a right answer in other words stands apart as well.

A column (the references of one name, or of one place where all items have equally many). In each item: how often is
another column closer than this one, ties half? The mean over items is the probability of superiority (Vargha and
Delaney 2000), 1/2 where columns are exchangeable. A column is an outlier where the mean is significantly above .71,
their bound of a large effect: in large data any difference of style is significant, and few are large. Closeness is
that to the other columns. With two columns it is the same for both, and the outputs of three systems or more have to tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import erfc, sqrt

import numpy as np

from geneval_references.audit._alike import Alike
from geneval_references.audit._chance import Floats, Ints, interval
from geneval_references.audit._model import Finding, Untested
from geneval_references.audit._table import Column, Table

LARGE = 0.71
"""Vargha and Delaney's bound of a large effect."""

_FEW = 30
"""References (or items) below which no spread is estimated."""
_STRANGERS = 2000
_JUDGES = 3
"""Systems that it takes to tell between two columns, so that no single one's style does."""
_ITEMS = 10_000
"""Of more items a regular sample tells whether a column stands apart."""


def outliers(table: Table, alike: Alike, alpha: float) -> Iterator[Finding | Untested]:
    """Findings of kinds `outlier` and `outlier column`.

    Args:
        table: the data.
        alike: similarities.
        alpha: the chance of any false alarm, for either kind.
    """
    yield from _single(table, alike, alpha)
    yield from _columns(table, alike, alpha)


def _single(table: Table, alike: Alike, alpha: float) -> Iterator[Finding | Untested]:
    one, other = alike.sibling_pairs()
    several = table.per_item[table.item[one]] > 2
    one, other = one[several], other[several]
    if len(np.unique(one)) < _FEW:
        yield Untested("outlier", f"fewer than {_FEW} references have two siblings or more")
        return
    closeness, apart = _closeness(table, one, other, alike.of(table.text[one], table.text[other]))
    known = np.flatnonzero(np.isfinite(apart))
    middle = np.median(apart[known])
    below = middle - apart[known][apart[known] < middle]
    spread = 1.4826 * float(np.median(below)) if len(below) else 0.0
    if not spread > 0:
        yield Untested(
            "outlier", "the similarity does not tell references apart: most are equally close to their siblings"
        )
        return
    p = np.asarray([0.5 * erfc(z / sqrt(2)) for z in ((middle - apart[known]) / spread).tolist()]) * len(known)
    stranger = _stranger(table, alike)
    found = known[(p <= alpha) & (closeness[known] <= stranger)]
    if len(found):
        worst = float(p[np.isin(known, found)].max())
        yield _outlier(table, found, closeness, stranger, of=len(known), p=worst)


def _closeness(table: Table, one: Ints, other: Ints, alike: Floats) -> tuple[Floats, Floats]:
    """For every reference its mean similarity to its siblings, and that less the siblings' own mean."""
    told = np.isfinite(alike)
    one, other, alike = one[told], other[told], alike[told]
    n = len(table.item)
    sums = np.bincount(one, alike, n) + np.bincount(other, alike, n)
    counts = np.bincount(one, minlength=n) + np.bincount(other, minlength=n)
    item_sum = np.bincount(table.item[one], alike, len(table.ids))[table.item]
    item_count = np.bincount(table.item[one], minlength=len(table.ids))[table.item]
    with np.errstate(invalid="ignore", divide="ignore"):
        closeness = sums / counts
        return closeness, closeness - (item_sum - sums) / (item_count - counts)


def _stranger(table: Table, alike: Alike) -> float:
    """How alike references of different items typically are: the median over drawn pairs."""
    draw = alike.generator()
    one, other = draw.integers(0, len(table.item), (2, _STRANGERS))
    apart = table.item[one] != table.item[other]
    return float(np.nanmedian(alike.of(table.text[one[apart]], table.text[other[apart]])))


def _outlier(table: Table, found: Ints, closeness: Floats, stranger: float, *, of: int, p: float) -> Finding:
    rows = tuple(table.row(n, f"similarity to its siblings {closeness[n]:.3g}") for n in found.tolist())
    return Finding(
        kind="outlier",
        level="note",
        subject="references",
        message=f"{len(found)} references are no closer to their siblings ({closeness[found].max():.3g} at most) than "
        f"references of other items are ({stranger:.3g}), far below what the others have",
        advice="read them: is it an answer to this item? A right answer in other words can stand apart, too; keep it then",
        rows=rows,
        count=len(found),
        of=of,
        p=p,
    )


def _columns(table: Table, alike: Alike, alpha: float) -> Iterator[Finding | Untested]:
    columns = table.reference_columns
    if not all(column.named for column in columns) and len(np.unique(table.per_item)) > 1:
        yield Untested("outlier column", "references have no names, and items do not have equally many")
        return
    # Two columns are equally close to each other: the outputs have to tell.
    judges = columns if len(columns) > 2 else table.system_columns
    if len(columns) < 2 or (judges is not columns and len(judges) < _JUDGES):
        yield Untested("outlier column", f"it takes three columns of references, or two and {_JUDGES} systems")
        return
    closer = _superiority(columns, judges, alike)
    for column, shares in zip(columns, closer, strict=True):
        found = _column(table, column, shares, alpha, len(columns), by_outputs=judges is not columns)
        if found is not None:
            yield found


def _superiority(columns: Sequence[Column], judges: Sequence[Column], alike: Alike) -> list[Floats]:
    """For each column and item the share of other columns that are closer to the judges than it is, ties half."""
    n = len(columns[0].text)
    items = np.unique(np.linspace(0, n - 1, min(n, _ITEMS)).astype(np.int64))
    closeness = np.full((len(columns), n), np.nan)
    for number, column in enumerate(columns):
        closeness[number, items] = _mean_to(column, judges, alike, items)
    out = []
    for number in range(len(columns)):
        others = np.delete(closeness, number, axis=0)
        with np.errstate(invalid="ignore"):
            wins = np.where(others > closeness[number], 1.0, np.where(others == closeness[number], 0.5, 0.0))
        wins[np.isnan(others) | np.isnan(closeness[number])] = np.nan
        known = np.isfinite(wins).sum(axis=0)
        out.append(np.where(known > 0, np.nansum(wins, axis=0) / np.maximum(known, 1), np.nan))
    return out


def _mean_to(column: Column, judges: Sequence[Column], alike: Alike, items: Ints) -> Floats:
    """Mean similarity to the judges, [items]."""
    rows = np.stack([alike.of(column.text[items], judge.text[items]) for judge in judges if judge is not column])
    known = np.isfinite(rows).sum(axis=0)
    return np.where(known > 0, np.nansum(rows, axis=0) / np.maximum(known, 1), np.nan)


def _column(
    table: Table, column: Column, shares: Floats, alpha: float, corrected: int, *, by_outputs: bool
) -> Finding | None:
    known = np.flatnonzero(np.isfinite(shares))
    n = len(known)
    if n < _FEW:
        return None
    mean = float(shares[known].mean())
    # A share in [0, 1] varies no more than a yes or no of the same mean, so that this is on the safe side.
    p = 0.5 * erfc((mean - LARGE) / sqrt(LARGE * (1 - LARGE) / n) / sqrt(2))
    if p * corrected > alpha:
        return None
    low, high = interval(round(mean * n), n)
    worst = known[np.argsort(-shares[known], kind="stable")]
    rows = table.rows(column.number[worst[shares[worst] > 0.5]])
    judges = "the systems' outputs" if by_outputs else "the other references"
    return Finding(
        kind="outlier column",
        level="fault",
        subject=column.label,
        message=f"{column.label} stands apart: another reference of its item is closer to {judges} than it is in "
        f"{mean:.0%} of the comparisons (50% where they are alike)",
        advice="read some, or have people judge them; score with and without it (--origin), and see whether the ranking "
        "of systems depends on it. Closeness is no quality: it may also be the one that says it differently",
        rows=rows,
        count=round(mean * n),
        of=n,
        low=low,
        high=high,
        baseline=LARGE,
        p=min(1.0, p * corrected),
    )
