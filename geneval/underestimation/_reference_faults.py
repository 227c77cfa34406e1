"""Faults of references that cost an output its score: they answer another condition, stand apart, or are rated low."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from geneval.agreement._correlations import Floats, Ints
from geneval.underestimation._findings import OfScorer
from geneval.underestimation._known import Known

FAULTS = ("condition", "reference_defect")

OUTLIER = 0.05
"""Share of references that lie furthest below what their siblings score; they stand apart."""


@dataclass
class Faults:
    """Of the references of a report."""

    known: Known

    def __post_init__(self) -> None:
        """Nothing is known yet of how far references stand apart."""
        self._limits: dict[tuple[int, int], float] = {}

    def of(self, one: OfScorer, systems: Ints, places: Ints) -> tuple[Floats, np.ndarray]:
        """[outputs, faults] what outputs gain by sound references in place of faulty ones, and whether there are any.

        At an equal number of references: what an output scores without a faulty one less what it scores without a sound
        one, means over each.

        Args:
            one: the scorer.
            systems: of each output.
            places: of each output in its system's band.
        """
        gains, there = np.zeros((len(places), 2)), np.zeros((len(places), 2), bool)
        for row, (system, place) in enumerate(zip(systems.tolist(), places.tolist(), strict=True)):
            left_out = one.bands[system].of_output[place]
            for fault, faulty in enumerate(self._faulty(one, system, place)):
                there[row, fault] = faulty.any()
                if faulty.any() and not faulty.all():
                    gains[row, fault] = left_out[faulty].mean() - left_out[~faulty].mean()
        return gains, there

    def reason(self, one: OfScorer, fault: str) -> str | None:
        """Why a fault cannot be told; None where it can."""
        if fault == "condition" and not self._conditions:
            return "no item has a condition that its references tell"
        if fault == "reference_defect" and not self._low and not self._siblings(one):
            return (
                "no item has three references, and references have no ratings with a grade from which on they are valid"
            )
        return None

    def _faulty(self, one: OfScorer, system: int, place: int) -> tuple[np.ndarray, np.ndarray]:
        band = one.bands[system]
        item = self.known.outputs.items[int(band.item[place])]
        condition = [bool(item.condition and r.condition and r.condition != item.condition) for r in item.references]
        low = np.asarray([(item.id, r.origin) in self._low for r in item.references], bool)
        if len(band.level[place]):
            low |= band.of_reference[place] - band.level[place] < self._limit(one, system)
        return np.asarray(condition, bool), low

    def _limit(self, one: OfScorer, system: int) -> float:
        key = (one.number, system)
        if key not in self._limits:
            apart = one.sides[system]["item"].pool.scores
            self._limits[key] = float(np.quantile(apart, OUTLIER)) if len(apart) else -np.inf
        return self._limits[key]

    @staticmethod
    def _siblings(one: OfScorer) -> bool:
        return any(len(sides["item"].pool.scores) for sides in one.sides.values())

    @cached_property
    def _conditions(self) -> bool:
        return any(item.condition and any(r.condition for r in item.references) for item in self.known.outputs.items)

    @cached_property
    def _low(self) -> frozenset[tuple[str, str]]:
        """(item, origin) of named references that people rate below the grade from which on outputs are valid."""
        criterion, limit = self.known.said.of_ratings, self.known.plan.valid.get("")
        if criterion is None or limit is None:
            return frozenset()
        sums: dict[tuple[str, str], list[float]] = {}
        for row in self.known.inputs.reference_ratings:
            if row.criterion == criterion.name:
                sums.setdefault((row.id, f"human:{row.system}"), []).append(row.value)
        turn = -1.0 if criterion.lower else 1.0
        return frozenset(key for key, values in sums.items() if turn * float(np.mean(values)) < turn * limit)
