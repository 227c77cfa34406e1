"""Grades as choices: of two systems that one person graded for one item, the better grade wins."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import combinations
from statistics import fmean

from geneval.data._model import Preference, Rating, Winner
from geneval_references import UsageError

_NOISE = 1e-9
"""Grades closer than this, relative to their size, are equal: averages are not exact."""


def choices_of(
    ratings: Iterable[Rating], *, lower: bool = False, tie_margin: float = 0.0
) -> tuple[tuple[Preference, ...], tuple[str, ...]]:
    """A choice for every two systems that were graded for an item by one annotator, under one criterion.

    Several grades of one system by the same annotator for the item are averaged. Grades without an annotator are taken
    for one person's, or one average.

    Args:
        ratings: of one criterion or several; choices are within each.
        lower: lower grades are better.
        tie_margin: grades that differ by no more than this tie.

    Returns:
        The choices in the order of the ratings, and what to say about them.

    Raises:
        UsageError: the margin is negative or not finite.
    """
    if not 0 <= tie_margin < math.inf:
        raise UsageError(f"tie_margin={tie_margin}; give a difference of grades, 0 or more")
    grades: dict[tuple[str, str | None, str | None], dict[str, list[float]]] = {}
    for rating in ratings:
        one = grades.setdefault((rating.id, rating.annotator, rating.criterion), {})
        one.setdefault(rating.system, []).append(-rating.value if lower else rating.value)
    found = tuple(
        Preference(item, a, b, _winner(fmean(first), fmean(second), tie_margin), annotator, criterion)
        for (item, annotator, criterion), one in grades.items()
        for (a, first), (b, second) in combinations(one.items(), 2)
    )
    return found, tuple(_notes(grades.values(), len(found)))


def _winner(a: float, b: float, margin: float) -> Winner:
    if abs(a - b) <= margin + _NOISE * max(1.0, abs(a), abs(b)):
        return "tie"
    return "a" if a > b else "b"


def _notes(graded: Iterable[dict[str, list[float]]], choices: int) -> list[str]:
    graded = list(graded)
    several = sum(len(values) > 1 for one in graded for values in one.values())
    alone = sum(len(one) == 1 for one in graded)
    told = [f"{sum(len(v) for one in graded for v in one.values())} grades make {choices} choices between two systems"]
    if several:
        told.append(f"{several} outputs have several grades by one annotator (or without any); these are averaged")
    if alone:
        told.append(f"{alone} grades stand alone: their annotator graded no other system for the item")
    return told
