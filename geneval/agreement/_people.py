"""What people said, joined to the scores of a run: which outputs count, and which are left out and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from geneval.agreement._cells import Cells
from geneval.agreement._correlations import Ints, rounded
from geneval.agreement._scores import Scores, known
from geneval.agreement._ties import Pairs, folds_of
from geneval.agreement._votes import Votes
from geneval.data import Preference, Rating
from geneval.data._problems import listed
from geneval_references import InputError, ItemsFailedError, UsageError

Texts = Mapping[tuple[str, str], Sequence[str]]
"""The outputs of a system for an item."""


class Criterion(NamedTuple):
    """What people were asked about, and which way is better."""

    name: str | None
    lower: bool = False

    @classmethod
    def parse(cls, text: str) -> Criterion:
        """Reads `NAME`, `NAME:higher` or `NAME:lower`."""
        name, _, direction = text.rpartition(":")
        return cls(name, direction == "lower") if name and direction in {"higher", "lower"} else cls(text)


def criteria_of(
    rows: Sequence[Rating] | Sequence[Preference], asked: Sequence[str], what: str
) -> tuple[Criterion, ...]:
    """Which criteria count: those asked for, or the only one there is.

    Raises:
        UsageError: there are several and none was asked for, or there is none of that name.
    """
    counts = Counter(row.criterion for row in rows)
    names = ", ".join(f"{name or 'without a name'} ({count})" for name, count in counts.most_common())
    if not asked:
        if len(counts) > 1:
            raise UsageError(
                f"the {what} are of several criteria: {names}; pick with --criterion NAME (criterion=...), "
                "or NAME:lower where lower is better"
            )
        return tuple(Criterion(name) for name in counts)
    found = tuple(map(Criterion.parse, asked))
    for criterion in found:
        if criterion.name not in counts:
            raise UsageError(f"no {what} are of criterion {criterion.name!r}; there are: {names}")
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """Cells, and what to tell of those that do not count."""

    cells: Cells
    warnings: tuple[str, ...]


def rated(scores: Scores, ratings: Sequence[Rating], criterion: Criterion) -> Joined:
    """Outputs that were rated and that every scorer has a score for; several grades of an output are averaged.

    Raises:
        InputError: none is left, fewer than three are, or all grades are equal.
        ItemsFailedError: a scorer has no score for any of them.
    """
    mine = [rating for rating in ratings if rating.criterion == criterion.name]
    items, systems = known(scores.items), known(scores.systems)
    at = [rating for rating in mine if rating.system in systems and rating.id in items]
    told = _left_aside(scores, [(rating.id, rating.system) for rating in mine], "ratings")
    if not at:
        raise InputError(_none_fits(scores, mine, [r.system for r in mine], "ratings"))
    place = np.asarray([items[r.id] * len(systems) + systems[r.system] for r in at], np.int64)
    cells, of_cell = np.unique(place, return_inverse=True)
    grades = np.bincount(of_cell, weights=[r.value for r in at]) / np.bincount(of_cell)
    sign = -1.0 if criterion.lower else 1.0
    item, system = cells // len(systems), cells % len(systems)
    found = Cells(scores.items, scores.systems, item, system, rounded(sign * grades), scores.table[:, item, system])
    kept, failed = _scored(scores, found, "rated outputs")
    _check_grades(kept, len(at))
    unrated = int(scores.there.sum() - scores.there[item, system].sum())
    if unrated:
        told.append(f"{unrated} of {int(scores.there.sum())} outputs of the run have no rating and do not count")
    return Joined(kept, (*told, *failed, *_about_raters(at)))


def voted(
    scores: Scores, preferences: Sequence[Preference], criterion: Criterion, seed: int, texts: Texts | None = None
) -> tuple[Votes, tuple[str, ...]]:
    """Pairs of outputs that people chose between and that every scorer has a score for.

    Raises:
        InputError: none is left, people call every pair a tie, a pair is of one system, or texts differ.
        ItemsFailedError: a scorer has no score for any of them.
    """
    mine = [row for row in preferences if row.criterion == criterion.name]
    items, systems = known(scores.items), known(scores.systems)
    _check_pairs(mine, texts)
    skipped = sum(row.winner == "skip" for row in mine)
    mine = [row for row in mine if row.winner != "skip"]
    sides = [(row.id, name) for row in mine for name in (row.a, row.b)]
    told = _left_aside(scores, sides, "sides of preferences")
    at = [row for row in mine if row.id in items and row.a in systems and row.b in systems]
    if not at:
        raise InputError(_none_fits(scores, mine, [name for _, name in sides], "preferences"))
    if skipped:
        told.append(f"{skipped} preferences were skipped by people and do not count")
    choices, again = _choices(at)
    if again:
        told.append(
            f"{again} of {len(at)} preferences are by an annotator who judged the same two outputs before: they have one voice "
            "there, what they said more often, or a tie"
        )
    kept, failed = _pairs(scores, choices, seed)
    if not len(kept.clear()):
        raise InputError(
            f"people call every pair a tie, or are divided equally ({len(kept.pairs)} pairs): there is no order that a "
            "scorer could agree with"
        )
    return kept, (*told, *failed)


def _choices(rows: Sequence[Preference]) -> tuple[dict[tuple[str, str, str], list[int]], int]:
    """Votes by pair, one an annotator, whichever side stood first: 1 where they are for the first of the key.

    Returns:
        These, and how many rows are by an annotator who judged the same two outputs before.
    """
    found: dict[tuple[str, str, str], dict[object, int]] = {}
    value = {"a": 1, "b": -1}
    for number, row in enumerate(rows):
        turned = (row.id, row.b, row.a) in found
        key = (row.id, row.b, row.a) if turned else (row.id, row.a, row.b)
        # who is not named is somebody else each time; of several outputs of a system each pair is its own
        who = number if row.annotator is None else (row.annotator, frozenset((row.output_a, row.output_b)))
        votes, vote = found.setdefault(key, {}), value.get(row.winner, 0)
        votes[who] = votes.get(who, 0) + (-vote if turned else vote)
    again = len(rows) - sum(map(len, found.values()))
    return {key: [(vote > 0) - (vote < 0) for vote in votes.values()] for key, votes in found.items()}, again


def _pairs(scores: Scores, choices: Mapping[tuple[str, str, str], list[int]], seed: int) -> tuple[Votes, list[str]]:
    items, systems = known(scores.items), known(scores.systems)
    span = len(systems)
    keys = [(items[i] * span + systems[a], items[i] * span + systems[b]) for i, a, b in choices]
    cells, places = np.unique(np.asarray(keys, np.int64), return_inverse=True)
    item, system = cells // span, cells % span
    table = scores.table[:, item, system]
    all_cells = Cells(scores.items, scores.systems, item, system, np.zeros(len(cells)), table)
    failed = _none_left(scores, all_cells, "compared outputs")
    places = places.reshape(-1, 2)
    whole = np.asarray(~np.isnan(table).any(axis=0))[places]
    keep = np.flatnonzero(whole.all(axis=1))
    if len(keep) < len(places):
        failed.append(f"{len(places) - len(keep)} of {len(places)} pairs are left out for all scorers alike")
    if not len(keep):
        raise ItemsFailedError("no pair of outputs has scores by all scorers for both sides")
    used, new = np.unique(places[keep], return_inverse=True)
    taken = all_cells.take(used)
    new = new.reshape(-1, 2)
    votes = [list(choice) for choice in choices.values()]
    mine = [votes[i] for i in keep]
    fold = folds_of(len(taken.items), seed)[taken.item[new[:, 0]]]
    order = np.sign([sum(choice) for choice in mine]).astype(np.int64)
    zero: Ints = np.zeros(len(keep), np.int64)
    return Votes(taken, Pairs(new[:, 0], new[:, 1], order, zero, (fold, fold)), mine), failed


def _check_pairs(rows: Sequence[Preference], texts: Texts | None) -> None:
    alone = [row for row in rows if row.a == row.b]
    if alone:
        raise InputError(
            f"{len(alone)} preferences are between a system and itself, the first for item {alone[0].id!r} "
            f"({alone[0].a!r}); name the two systems in a and b"
        )
    if texts is None:
        return
    for row in rows:
        for name, text in ((row.a, row.output_a), (row.b, row.output_b)):
            have = texts.get((row.id, name))
            if text is not None and have and text not in have:
                raise InputError(
                    f"a preference for item {row.id!r} shows another text for {name!r} than the outputs have: "
                    f"{text!r}, not {have[0]!r}; give the outputs that people saw, under that system's name"
                )


def _scored(scores: Scores, cells: Cells, what: str) -> tuple[Cells, list[str]]:
    told = _none_left(scores, cells, what)
    whole = np.flatnonzero(~np.isnan(cells.score).any(axis=0))
    if len(whole) < len(cells):
        told.append(f"{len(cells) - len(whole)} of {len(cells)} {what} are left out for all scorers alike")
    return cells.take(whole), told


def _none_left(scores: Scores, cells: Cells, what: str) -> list[str]:
    """How many cells each scorer has no score for.

    Raises:
        ItemsFailedError: all of them, or none is left that all have one for.
    """
    lacking = np.isnan(cells.score).sum(axis=1)
    told = []
    for column, count in zip(scores.columns, lacking.tolist(), strict=True):
        if count == len(cells):
            raise ItemsFailedError(
                f"{column} has no score for any of the {count} {what}; leave it out by naming the others (--scorer), "
                "or ask for a smaller k"
            )
        if count:
            told.append(f"{column} has no score for {count} of {len(cells)} {what}")
    if np.isnan(cells.score).any(axis=0).all():
        raise ItemsFailedError(f"no {what} have scores by all scorers; name fewer of them (--scorer)")
    return told


def _check_grades(cells: Cells, ratings: int) -> None:
    if len(cells) < 3:
        raise InputError(
            f"{len(cells)} rated outputs (of {ratings} ratings) are too few: agreement needs three or more"
        )
    if (cells.grade == cells.grade[0]).all():
        raise InputError(
            f"all {len(cells)} rated outputs have the same grade ({abs(cells.grade[0]):g}): there is no order that a "
            "scorer could agree with"
        )


def _left_aside(scores: Scores, rows: Sequence[tuple[str, str]], what: str) -> list[str]:
    """Rows of systems or items that the run does not have."""
    items, systems = set(scores.items), set(scores.systems)
    strangers = Counter(system for _, system in rows if system not in systems)
    lost = {id_ for id_, system in rows if system in systems and id_ not in items}
    told = []
    if strangers:
        named = ", ".join(f"{name!r} ({count})" for name, count in strangers.most_common(5))
        more = f", ... ({len(strangers)} systems in all)" if len(strangers) > 5 else ""
        told.append(
            f"{sum(strangers.values())} {what} are of systems that the run does not have and do not count: {named}"
            f"{more}; it has {listed(scores.systems)}"
        )
    if lost:
        told.append(f"{what} of {len(lost)} items that the run does not have do not count: {listed(sorted(lost))}")
    return told


def _none_fits(scores: Scores, rows: Sequence[Rating] | Sequence[Preference], systems: list[str], what: str) -> str:
    if not rows:
        return f"there are 0 {what}: nothing to agree with"
    return (
        f"none of the {len(rows)} {what} is about an output of this run: they are of systems "
        f"{listed(dict.fromkeys(systems))} and items {listed(dict.fromkeys(r.id for r in rows))}; the run has systems "
        f"{listed(scores.systems)} and items {listed(scores.items)}"
    )


def _about_raters(rows: Sequence[Rating]) -> list[str]:
    raters = {row.annotator for row in rows if row.annotator is not None}
    if len(raters) == 1:
        return [f"all ratings are one person's ({next(iter(raters))!r}): how far people agree cannot be told"]
    return []
