"""Rated outputs as arrays: a cell is an item and a system, with a grade and a score by every scorer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from geneval.agreement._correlations import Floats, Ints

Grouping = Literal["none", "item", "system"]
"""Whose outputs are compared with each other: all, those for one item, or those of one system."""
GROUPINGS: tuple[Grouping, ...] = get_args(Grouping)


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Outputs that have a grade and a score by every scorer; place i of each array belongs to cell i.

    Attributes:
        items, systems: names.
        item, system: places in these lists.
        grade: what people said; higher is better.
        score: [scorers, cells]; higher is better.
    """

    items: Sequence[str]
    systems: Sequence[str]
    item: Ints
    system: Ints
    grade: Floats
    score: Floats

    def __len__(self) -> int:
        """How many cells."""
        return len(self.item)

    def take(self, places: Ints) -> Cells:
        """Some of the cells, with only their items and systems."""
        items, item = np.unique(self.item[places], return_inverse=True)
        systems, system = np.unique(self.system[places], return_inverse=True)
        return replace(
            self,
            items=[self.items[i] for i in items],
            systems=[self.systems[i] for i in systems],
            item=item.astype(np.int64),
            system=system.astype(np.int64),
            grade=self.grade[places],
            score=self.score[:, places],
        )

    def without(self, systems: Sequence[str]) -> Cells:
        """The cells of the other systems."""
        left_out = np.asarray([name in systems for name in self.systems], bool)
        return self.take(np.flatnonzero(~left_out[self.system]))

    def complete(self) -> Cells:
        """The cells of items that every system has a cell for, item by item, systems in order."""
        counts = np.bincount(self.item, minlength=len(self.items))
        whole = np.flatnonzero(counts[self.item] == len(self.systems))
        return self.take(whole[np.lexsort((self.system[whole], self.item[whole]))])

    def groups(self, grouping: Grouping) -> list[Ints]:
        """Cells that are compared with each other: places of each group of two or more."""
        if grouping == "none":
            return [np.arange(len(self))] if len(self) > 1 else []
        key = self.item if grouping == "item" else self.system
        order = np.argsort(key, kind="stable")
        starts = np.flatnonzero(np.diff(key[order], prepend=-1))
        return [group for group in np.split(order, starts[1:]) if len(group) > 1] if len(order) else []


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """How often each item and each system is drawn; None: each once, always.

    Attributes:
        items: [draws, items].
        systems: [draws, systems].
    """

    items: Floats | None = None
    systems: Floats | None = None

    @classmethod
    def drawn(cls, items: int, systems: int, count: int, unit: str, seed: int) -> Draws:
        """Resamples with replacement of items, of systems, or of both."""
        rng = np.random.default_rng(seed)
        one = _resampled(rng, items, count) if unit in {"items", "both"} else None
        other = _resampled(rng, systems, count) if unit in {"systems", "both"} else None
        return cls(one, other)

    @property
    def count(self) -> int:
        """How many draws; 1 where nothing is drawn."""
        return max(len(part) if part is not None else 1 for part in (self.items, self.systems))

    def blocks(self, rows: int) -> Iterator[Draws]:
        """Some draws at a time."""
        for start in range(0, self.count, max(rows, 1)):
            part = slice(start, start + max(rows, 1))
            yield Draws(*(times if times is None else times[part] for times in (self.items, self.systems)))

    def of_cells(self, cells: Cells, places: Ints, grouping: Grouping) -> Floats | None:
        """How often cells are drawn within their group, [draws, places].

        An item that is drawn twice is two groups, where items are groups; and so it is with systems.
        """
        parts = []
        if self.items is not None and grouping != "item":
            parts.append(self.items[:, cells.item[places]])
        if self.systems is not None and grouping != "system":
            parts.append(self.systems[:, cells.system[places]])
        return None if not parts else parts[0] if len(parts) == 1 else parts[0] * parts[1]

    def of_groups(self, cells: Cells, first: Ints, grouping: Grouping) -> Floats:
        """How often groups are drawn, [draws or 1, groups].

        Args:
            cells: the cells.
            first: a cell of each group.
            grouping: what the groups are.
        """
        if grouping == "item" and self.items is not None:
            return self.items[:, cells.item[first]]
        if grouping == "system" and self.systems is not None:
            return self.systems[:, cells.system[first]]
        return np.ones((1, len(first)))


def _resampled(rng: np.random.Generator, size: int, count: int) -> Floats:
    return rng.multinomial(size, np.full(size, 1.0 / size), size=count).astype(np.float64)
