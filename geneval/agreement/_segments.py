"""How scores of outputs agree with grades: correlations over all outputs, or over groups of them, averaged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geneval.agreement._cells import Cells, Draws, Grouping
from geneval.agreement._correlations import CORRELATIONS, FAMILIES, Floats

_BLOCK = 2_000_000
"""So many (draw, cell) are looked at together."""


@dataclass(frozen=True, slots=True, eq=False)
class Grouped:
    """A statistic in every draw, with the groups that it is the mean of.

    Attributes:
        value: [draws]; NaN where no group has one.
        groups: how many groups there are.
        undefined: groups of those without a value, since all grades or all scores are equal; of what is not drawn.
    """

    value: Floats
    groups: int
    undefined: int


def correlations(
    cells: Cells,
    scores: Floats,
    grouping: Grouping,
    wanted: Sequence[str] = tuple(CORRELATIONS),
    draws: Draws | None = None,
) -> dict[str, Grouped]:
    """Each wanted correlation of scores with grades; the mean over groups that have one.

    Args:
        cells: whose grades.
        scores: [cells], or [versions, cells] where nothing is drawn.
        grouping: whose outputs are compared with each other.
        wanted: names of `CORRELATIONS`.
        draws: how often items and systems count.
    """
    found: dict[str, Grouped] = {}
    for family in dict.fromkeys(CORRELATIONS[name] for name in wanted):
        found |= _family(family, cells, scores, grouping, draws or Draws())
    return {name: found[name] for name in wanted}


def _family(family: str, cells: Cells, scores: Floats, grouping: Grouping, draws: Draws) -> dict[str, Grouped]:
    groups = cells.groups(grouping)
    names = [name for name, of in CORRELATIONS.items() if of == family]
    if not groups:
        return {name: Grouped(np.full(draws.count, np.nan), 0, 0) for name in names}
    first = np.asarray([group[0] for group in groups])
    rows = max(1, _BLOCK // max(len(group) for group in groups))
    parts: dict[str, list[Floats]] = {name: [] for name in names}
    lacking = dict.fromkeys(names, 0)
    for block in draws.blocks(rows):
        weights = block.of_groups(cells, first, grouping)
        values = [FAMILIES[family](cells.grade[g], scores[..., g], block.of_cells(cells, g, grouping)) for g in groups]
        for name in names:
            table = np.stack(np.broadcast_arrays(*(value[name] for value in values)), axis=1)
            parts[name].append(_mean(table, weights))
            lacking[name] = int(np.isnan(table[0]).sum())
    return {name: Grouped(np.concatenate(parts[name]), len(groups), lacking[name]) for name in names}


def _mean(values: Floats, weights: Floats) -> Floats:
    """Mean over groups, those without a value left out."""
    there = ~np.isnan(values)
    total = (weights * there).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((weights * np.where(there, values, 0.0)).sum(axis=1) / total)
