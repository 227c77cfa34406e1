"""Verdicts of a judge, read from a file, as one more scorer: it scores outputs, and no text beside them."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from geneval.agreement._correlations import Floats, rounded
from geneval.agreement._people import Criterion
from geneval.agreement._scores import Column, Scores
from geneval.agreement._scores import known as placed
from geneval.data import Preference, Rating, holds_choices, preferences_of, ratings_of, read_preferences, read_ratings
from geneval.data._bytes import stem
from geneval.data._problems import listed
from geneval.data._sources import split_label
from geneval.underestimation._band import Band, Jagged
from geneval.underestimation._findings import OfScorer
from geneval.underestimation._model import Estimate
from geneval.underestimation._outputs import Outputs
from geneval.underestimation._plan import ALPHAS
from geneval_references import InputError, ItemsFailedError, UsageError

ABSENT = "verdicts are read from a file: a judge scores no other text, neither references nor controls"
_NONE = Jagged.of([])
_EMPTY = Band(np.zeros(0, np.int64), _NONE, _NONE, _NONE, _NONE)

Verdicts = tuple[Rating, ...] | tuple[Preference, ...]


@dataclass(frozen=True, slots=True)
class Judge:
    """What one judge said of outputs, for one criterion.

    Attributes:
        name: as reports name the column.
        signature: the name, and a hash of what was read.
        values: by (item, system); higher is better.
        facts: for the report: how many verdicts there are, and of which kind.
    """

    name: str
    signature: str
    values: Mapping[tuple[str, str], float]
    facts: Mapping[str, object]


class OfJudge(OfScorer):
    """A judge on one version of the data: all that needs no scoring of texts."""

    texts = False

    @property
    def recipe(self) -> str:
        """The signature without the file."""
        return self.outputs.scores.signatures[self.number].partition("|file:")[0]

    @cached_property
    def bands(self) -> dict[int, Band]:
        """None of any system."""
        return dict.fromkeys(range(len(self.outputs.systems)), _EMPTY)

    @cached_property
    def held_out(self) -> Estimate:
        """None."""
        return Estimate.none(ABSENT, "items")

    def _gap(self, band: Band, mask: np.ndarray) -> Estimate:
        del band, mask
        return Estimate.none(ABSENT)

    def _percentile(self, system: int) -> Estimate:
        del system
        return Estimate.none(ABSENT)

    @cached_property
    def _differentials(self) -> dict[float, Any]:
        return dict.fromkeys(ALPHAS, ABSENT)

    def _text_controls(self) -> Iterator[dict[str, object]]:
        return iter(())


def judges_of(given: Any) -> tuple[Judge, ...]:
    """Reads judges: files (`FILE`, `NAME=FILE`), or rows by name; `NAME:lower` where lower is better.

    Args:
        given: a file, several, or a mapping of names to files or rows; None for none.

    Raises:
        InputError: verdicts are malformed, or pairs are not complete.
        UsageError: two judges have one name.
    """
    if given is None:
        return ()
    found = [judge for name, rows, digest in _each(given) for judge in _judges(name, rows, digest)]
    names = [judge.name for judge in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"several judges are called {', '.join(twice)}; name them: --judge NAME=FILE")
    return tuple(found)


def _each(given: Any) -> Iterator[tuple[str, Verdicts, str]]:
    """Name, verdicts and hash of each judge."""
    if isinstance(given, Mapping):
        for name, rows in given.items():
            if isinstance(rows, str | Path):
                yield name, *_read(str(rows))
            else:
                verdicts = _of_rows(list(rows))
                text = msgspec.json.encode([asdict(row) for row in verdicts])
                yield name, verdicts, hashlib.sha256(text).hexdigest()
        return
    for spec in [given] if isinstance(given, str | Path) else given:
        label, path = split_label(str(spec))
        yield label or stem(Path(path).name), *_read(path)


def _read(path: str) -> tuple[Verdicts, str]:
    if path == "-":
        raise UsageError("a judge's verdicts are read from a file, not from standard input")
    try:
        if holds_choices(path):
            choices, _, files = read_preferences([path])
            return choices, files[0].sha256
        grades, _, files = read_ratings([path])
        return grades, files[0].sha256
    except InputError as error:
        # --column is about outputs and references
        told = re.sub(r" Name the one to use: --column \S+", "", str(error))
        raise InputError(
            f"{told}\nA judge's rows are id, system, value, or id, a, b, winner; rename other columns"
        ) from error


def _of_rows(rows: list[Any]) -> Verdicts:
    if rows and all(isinstance(row, Rating) for row in rows):
        return tuple(rows)
    if rows and all(isinstance(row, Preference) for row in rows):
        return tuple(rows)
    if any(isinstance(row, Mapping) and "winner" in row for row in rows):
        return preferences_of(rows)[0]
    return ratings_of(rows)[0]


def _judges(name: str, rows: Verdicts, digest: str) -> Iterator[Judge]:
    """One for each criterion."""
    if not rows:
        raise InputError(f"judge {name!r} has 0 verdicts")
    named = Criterion.parse(name)
    criteria = list(dict.fromkeys(row.criterion for row in rows))
    for criterion in criteria:
        mine = [row for row in rows if row.criterion == criterion]
        label = f"judge:{named.name}" + ("" if len(criteria) == 1 else f":{criterion}")
        grades = [row for row in mine if isinstance(row, Rating)]
        values = _means(grades) if grades else shares([row for row in mine if isinstance(row, Preference)], label)
        if named.lower:
            values = {key: -value for key, value in values.items()}
        kind = "grades" if grades else "pairwise verdicts"
        facts = {"verdicts": len(mine), "kind": kind, "criterion": criterion, "lower": named.lower, "sha256": digest}
        way = "lower" if named.lower else "higher"
        yield Judge(label, f"{label}|{kind}|better:{way}|file:{digest[:12]}|verdicts:{len(mine)}", values, facts)


def _means(rows: Iterable[Rating]) -> dict[tuple[str, str], float]:
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row in rows:
        found[row.id, row.system].append(row.value)
    return {key: float(np.mean(values)) for key, values in found.items()}


def shares(rows: Sequence[Preference], judge: str) -> dict[tuple[str, str], float]:
    """The score of an output among those of its item: the mean, over the others, of its share of wins; ties half.

    Shares against different opponents are no one scale, so every item must have every pair of the judge's systems.

    Raises:
        InputError: an item lacks a pair.
    """
    won: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for row in rows:
        if row.winner != "skip":
            share = {"a": 1.0, "b": 0.0}.get(row.winner, 0.5)
            won[row.id, row.a, row.b].append(share)
            won[row.id, row.b, row.a].append(1.0 - share)
    systems = sorted({one for _, one, _ in won})
    items = list(dict.fromkeys(item for item, _, _ in won))
    lacking = [(item, *pair) for item in items for pair in combinations(systems, 2) if (item, *pair) not in won]
    if len(systems) < 2 or lacking:
        first = f", the first {lacking[0][1]} and {lacking[0][2]} for item {lacking[0][0]!r}" if lacking else ""
        raise InputError(
            f"{judge}: {len(lacking)} pairs of outputs have no verdict{first}; a share of wins is one scale only where all "
            "outputs of an item meet each other: add these pairs, leave a system or items out, or give grades (id, system, value)"
        )
    return {
        (item, one): float(np.mean([np.mean(won[item, one, other]) for other in systems if other != one]))
        for item in items
        for one in systems
    }


@contextmanager
def about(judge: Judge) -> Iterator[None]:
    """Errors inside are about this judge."""
    try:
        yield
    except (InputError, ItemsFailedError) as error:
        raise type(error)(f"{judge.name}: {error}") from error


def with_judge(outputs: Outputs, judge: Judge) -> tuple[Outputs, str | None]:
    """The outputs with the judge's scores in place of scorers', and what to tell of verdicts that fit none.

    Raises:
        InputError: no verdict is about an output.
    """
    items, systems = placed(outputs.corpus.ids), placed(outputs.systems)
    table: Floats = np.full(outputs.text.shape, np.nan)
    aside = 0
    for (item, system), value in judge.values.items():
        place = items.get(item, -1), systems.get(system, -1)
        if min(place) < 0 or outputs.text[place] < 0:
            aside += 1
        else:
            table[place] = value
    if np.isnan(table).all():
        raise InputError(
            f"none of the verdicts is about an output; there are the systems {listed(outputs.systems)} and items "
            f"{listed(outputs.corpus.ids)}"
        )
    scores = Scores(
        items=outputs.scores.items,
        systems=outputs.scores.systems,
        columns=(Column(judge.name, None),),
        table=rounded(table)[None],
        there=outputs.scores.there,
        corpus=np.full((1, table.shape[1]), np.nan),
        signatures=(judge.signature,),
        lower=(False,),
        several=(),
    )
    told = f"{judge.name}: verdicts on {aside} outputs that are not there do not count" if aside else None
    return replace(outputs, scores=scores, asked=(), scorers=(), answers=()), told
