"""Three ways to look at agreement: outputs, systems, choices. Each gives its statistics once and for many draws."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np

from geneval.agreement._cells import Cells, Draws, Grouping
from geneval.agreement._correlations import CORRELATIONS, Floats
from geneval.agreement._model import Level
from geneval.agreement._plan import SEGMENT
from geneval.agreement._segments import correlations
from geneval.agreement._systems import OF_SYSTEMS, Table, drawn, exact
from geneval.agreement._tie_draws import acc_eq_of_items, fits
from geneval.agreement._ties import Pairs, acc_eq, folds_of, tau_like
from geneval.agreement._votes import OF_PAIRS, Votes, of_pairs

DRAWN_PAIRS = 30_000
"""In each draw so many pairs at most are looked at for `acc_eq`."""


@dataclass(frozen=True, slots=True)
class Value:
    """A statistic, with the groups that it is the mean of."""

    value: float
    groups: int | None = None
    undefined: int | None = None


class View(Protocol):
    """What scores are judged by."""

    @property
    def level(self) -> Level:
        """Of what the statistics are."""

    @property
    def grouping(self) -> str:
        """What is compared with what."""

    @property
    def cells(self) -> Cells:
        """The outputs that count; scores are given for these."""

    @property
    def n(self) -> int:
        """How many things are judged."""

    @property
    def statistics(self) -> Sequence[str]:
        """Their names."""

    def once(self, scores: Floats) -> Mapping[str, Value]:
        """Every statistic of one scorer's scores, [cells]."""

    def many(self, scores: Floats, wanted: Sequence[str], draws: Draws | None = None) -> Mapping[str, Floats]:
        """Some statistics in many draws, or of many versions of scores, [versions, cells]."""


@dataclass(frozen=True)
class OfOutputs:
    """Outputs against each other: all of them, those for an item, or those of a system."""

    cells: Cells
    grouping: Grouping
    seed: int
    gap: float | None = None
    level: Level = field(default="segment", init=False)

    @property
    def n(self) -> int:
        """How many outputs."""
        return len(self.cells)

    @property
    def statistics(self) -> Sequence[str]:
        """As `View` says."""
        return (*SEGMENT, "tau_like") if self.gap is not None and self.grouping == "item" else SEGMENT

    def once(self, scores: Floats) -> Mapping[str, Value]:
        """As `View` says."""
        found = correlations(self.cells, scores, self.grouping)
        values = {name: Value(float(g.value[0]), g.groups, g.undefined) for name, g in found.items()}
        groups = next(iter(found.values())).groups
        accuracy = float(acc_eq(self.cells, scores, self._all_pairs, self.grouping)[0])
        values |= {"acc_eq": Value(accuracy, groups, 0), "tau_eq": Value(2 * accuracy - 1, groups, 0)}
        if "tau_like" in self.statistics and self.gap is not None:
            values["tau_like"] = Value(float(tau_like(self.cells, scores, self._all_pairs, self.gap)[0]))
        return values

    def many(self, scores: Floats, wanted: Sequence[str], draws: Draws | None = None) -> Mapping[str, Floats]:
        """As `View` says."""
        names = [name for name in wanted if name in CORRELATIONS]
        found = {
            name: grouped.value
            for name, grouped in correlations(self.cells, scores, self.grouping, names, draws).items()
        }
        if {"acc_eq", "tau_eq"} & set(wanted):
            found["acc_eq"] = self._acc_eq(scores, draws)
            found["tau_eq"] = 2 * found["acc_eq"] - 1
        if "tau_like" in wanted and self.gap is not None:
            found["tau_like"] = tau_like(self.cells, scores, self._all_pairs, self.gap, draws)
        return found

    def _acc_eq(self, scores: Floats, draws: Draws | None) -> Floats:
        of_items = draws is not None and draws.systems is None and self.grouping != "item"
        if of_items and draws is not None and draws.items is not None and fits(self.cells, self.grouping):
            return acc_eq_of_items(self.cells, scores, self.grouping, self._folds, draws.items)
        if scores.ndim == 1 and draws is None and self.grouping != "item" and fits(self.cells, self.grouping):
            once = np.ones((1, len(self.cells.items)))
            return acc_eq_of_items(self.cells, scores, self.grouping, self._folds, once)
        return acc_eq(self.cells, scores, self._some_pairs, self.grouping, draws)

    @cached_property
    def _all_pairs(self) -> Pairs:
        return Pairs.of(self.cells, self.grouping, self._folds, self.seed)

    @cached_property
    def _some_pairs(self) -> Pairs:
        return Pairs.of(self.cells, self.grouping, self._folds, self.seed, DRAWN_PAIRS)

    @property
    def _folds(self) -> np.ndarray:
        return folds_of(len(self.cells.items), self.seed)


@dataclass(frozen=True)
class OfSystems:
    """Systems against each other, by the mean over the items that all of them are rated on."""

    cells: Cells
    """Of these items alone."""
    seed: int
    level: Level = field(default="system", init=False)
    grouping: str = field(default="none", init=False)
    statistics: Sequence[str] = field(default=OF_SYSTEMS, init=False)

    @property
    def n(self) -> int:
        """How many systems."""
        return len(self.cells.systems)

    def once(self, scores: Floats) -> Mapping[str, Value]:
        """As `View` says."""
        return {name: Value(value) for name, value in exact(self.table, self._shaped(scores), self.seed).items()}

    def many(self, scores: Floats, wanted: Sequence[str], draws: Draws | None = None) -> Mapping[str, Floats]:
        """As `View` says."""
        del wanted  # they cost next to nothing
        return drawn(self.table, self._shaped(scores), draws or Draws())

    @cached_property
    def table(self) -> Table:
        """Grades as a table."""
        return Table.of(self.cells)

    def _shaped(self, scores: Floats) -> Floats:
        shape = (*scores.shape[:-1], len(self.cells.items), len(self.cells.systems))
        return np.ascontiguousarray(np.swapaxes(scores.reshape(shape), -1, -2))


@dataclass(frozen=True)
class OfChoices:
    """Two outputs against each other, as people were asked."""

    votes: Votes
    level: Level = field(default="preference", init=False)
    grouping: str = field(default="pair", init=False)
    statistics: Sequence[str] = field(default=OF_PAIRS, init=False)

    @property
    def cells(self) -> Cells:
        """As `View` says."""
        return self.votes.cells

    @property
    def n(self) -> int:
        """How many pairs."""
        return len(self.votes.pairs)

    def once(self, scores: Floats) -> Mapping[str, Value]:
        """As `View` says."""
        return {name: Value(float(value[0])) for name, value in of_pairs(self.votes, scores).items()}

    def many(self, scores: Floats, wanted: Sequence[str], draws: Draws | None = None) -> Mapping[str, Floats]:
        """As `View` says."""
        del wanted
        return of_pairs(self.votes, scores, draws)


class Case(NamedTuple):
    """A view of what people said about one thing, of all systems or without some."""

    view: View
    criterion: str | None
    without: tuple[str, ...]


def number(value: float) -> float | None:
    """None where there is no value."""
    return value if math.isfinite(value) else None
