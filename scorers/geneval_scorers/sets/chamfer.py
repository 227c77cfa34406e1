"""Chamfer and smooth-Chamfer similarity of two sets of texts.

As in DivE: Kim et al. 2023, "Improving Cross-Modal Retrieval with Set of Diverse Embeddings".
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from geneval_references import UsageError
from geneval_scorers._declared import OwnInfo
from geneval_scorers._ragged import Floats, group_max, group_sum
from geneval_scorers._registry import scorer
from geneval_scorers._scorer import Info
from geneval_scorers.sets._grid import Grid
from geneval_scorers.sets.coverage import SetToSet


@scorer("chamfer")
@dataclass(frozen=True, repr=False)
class Chamfer(SetToSet):
    """The mean of `coverage` and `precision`: every text is matched with the nearest one on the other side.

    It is in the range and direction of the scorer that `of` names; the corpus score is the mean over sets. The nearest of
    many is nearer than the nearest of few: compare at equal numbers of outputs and of references (`-k`).

    Attributes:
        of: the spec of a pair scorer, such as `'cosine'` or `"rouge(kind='L')"`.
    """

    info: ClassVar[Info] = OwnInfo(  # type: ignore[assignment] # options complete it
        Info(
            summary="mean of coverage and precision",
            scale=(None, None),
            direction="higher",
            kind="set",
            monotone=False,
            identical="that of the scorer in `of`",
            source="Chamfer similarity; Kim et al. 2023 (DivE)",
            needs="what the scorer in `of` needs",
            licence="that of the scorer in `of`",
        )
    )

    def met(self, pairs: Grid) -> Floats:
        """(1/2) [mean_i max_j s_ij + mean_j max_i s_ij]."""
        one, other = (side.mean_of_rows(group_max(side.values, side.rows)) for side in (pairs, pairs.turned()))
        return np.asarray(self.sign * 0.5 * (one + other))


@scorer("smooth_chamfer")
@dataclass(frozen=True, repr=False)
class SmoothChamfer(SetToSet):
    """Chamfer similarity with a smooth maximum, in a form that does not grow with the size of the sets.

    (1/2a) [ mean_i log mean_j exp(a s_ij) + mean_j log mean_i exp(a s_ij) ], a = `alpha`. With `raw`, sums stand for the
    inner means, as in DivE: such scores are higher by log(size)/a, and above the scorer's range. The corpus score is the
    mean over sets.

    Attributes:
        of: the spec of a pair scorer, such as `'cosine'` or `"rouge(kind='L')"`.
        alpha: how sharp the maximum is; towards 0 it becomes the mean, towards infinity the maximum.
        raw: DivE's own form, to be compared at equal sizes only.
    """

    info: ClassVar[Info] = OwnInfo(  # type: ignore[assignment] # options complete it
        Info(
            summary="Chamfer with a smooth maximum, neutral to the size of sets",
            scale=(None, None),
            direction="higher",
            kind="set",
            monotone=False,
            identical="that of the scorer in `of`",
            source="Kim et al. 2023 (DivE)",
            needs="what the scorer in `of` needs",
            licence="that of the scorer in `of`",
        )
    )

    alpha: float = 16.0
    raw: bool = False

    def __post_init__(self) -> None:
        """Checks the options."""
        super().__post_init__()
        if not 0 < self.alpha < math.inf:
            raise UsageError(f"smooth_chamfer: alpha={self.alpha} does not fit; allowed: above 0")

    def declared(self, info: Info) -> Info:
        """Raw scores leave the range of the inner scorer on the better side."""
        found = super().declared(info)
        if not self.raw:
            return found
        (low, high), grows = found.scale, "plus log(size of the sets) / alpha"
        scale = (low, None) if found.direction == "higher" else (None, high)
        return replace(found, scale=scale, identical=f"that of one text, {found.identical}, {grows}")

    def met(self, pairs: Grid) -> Floats:
        """As above, each side with its largest exponent taken out."""
        one, other = (side.mean_of_rows(self._smooth(side)) for side in (pairs, pairs.turned()))
        return np.asarray(self.sign * 0.5 * (one + other))

    def _smooth(self, side: Grid) -> Floats:
        rows = side.rows
        # From the lowest up, so that no order of texts shows in the last bit.
        values = side.values[np.lexsort((side.values, rows.rows))]
        top = group_max(values, rows)
        total = group_sum(np.exp(self.alpha * (values - top[rows.rows])), rows)
        return np.asarray(top + np.log(total if self.raw else total / rows.lengths) / self.alpha)
