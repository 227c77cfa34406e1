"""One version of the data, as given or cleaned, and what all scorers share on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np

from geneval.agreement._correlations import Floats, Ints
from geneval.underestimation._band import Band, Bands, bands_of, permuted
from geneval.underestimation._controls import NoiseControls, TextControl, noise_controls, text_controls, text_scores
from geneval.underestimation._matched import Design
from geneval.underestimation._outputs import Outputs
from geneval.underestimation._people import Evidence, exact_columns
from geneval.underestimation._plan import ReportPlan

P = tuple[float, float]
"""One-sided p-values of the permutation test: the gap is this high, this low."""


@dataclass(frozen=True, eq=False)
class Exchanged:
    """Outputs exchanged with references, on the data as cleaned and as given.

    Attributes:
        outputs: all.
        clean: places of the items that cleaning leaves.
        plan: options.
    """

    outputs: Outputs
    clean: Sequence[int]
    plan: ReportPlan

    @cached_property
    def whole(self) -> list[Bands]:
        """Of each scorer, all items."""
        return bands_of(self.outputs)

    @cached_property
    def p(self) -> list[dict[int, tuple[P, ...]]]:
        """Of each scorer and system, on the cleaned data and, where that is less, on all."""
        rest = np.setdiff1d(np.arange(len(self.outputs.items)), np.asarray(self.clean, np.int64)).tolist()
        at = [(n, s) for n, one in enumerate(self.whole) for s in one.by_system]
        bands = [self.whole[n].by_system[s] for n, s in at]
        parts = [[band.keep(items) for band in bands] for items in (self.clean, rest) if len(items)]
        out: list[dict[int, tuple[P, ...]]] = [{} for _ in self.whole]
        for (n, s), found in zip(at, permuted(parts, self.plan.permutations, self.plan.seed), strict=True):
            out[n][s] = tuple(found)
        return out


@dataclass(frozen=True, eq=False)
class Version:
    """What is asked once for all scorers.

    Attributes:
        outputs: all.
        exchanged: outputs with references.
        evidence: what people said of the items that count.
        items: places of these items: all, or those that cleaning leaves.
        plan: options.
    """

    outputs: Outputs
    exchanged: Exchanged
    evidence: Evidence
    items: Sequence[int]
    plan: ReportPlan

    @cached_property
    def bands(self) -> list[dict[int, Band]]:
        """Of each scorer, by system."""
        return [{s: band.keep(self.items) for s, band in one.by_system.items()} for one in self.exchanged.whole]

    def p(self, number: int, system: int) -> P:
        """Of a scorer and a system that has a band."""
        return self.exchanged.p[number][system][0 if len(self.items) == len(self.exchanged.clean) else -1]

    @cached_property
    def noise(self) -> list[NoiseControls]:
        """Of each scorer, where systems can be compared."""
        return noise_controls(self.evidence, self.plan.draws, self.plan.seed)

    @cached_property
    def texts(self) -> tuple[list[TextControl], Floats]:
        """Controls, and their scores, [controls, scorers, items]."""
        given = text_controls(self.outputs, self.items, self.plan.seed)
        return given, text_scores(self.outputs, given)

    @cached_property
    def parts(self) -> list[tuple[str, Ints, Design]]:
        """See `parts_of`."""
        return list(parts_of(self.evidence, self.outputs, self.plan))


def parts_of(evidence: Evidence, outputs: Outputs, plan: ReportPlan) -> Iterator[tuple[str, Ints, Design]]:
    """Parts of the data, grades as given: the best grades of each kind of quality, and bins of length.

    To take noise out of grades needs all of them; within a part that was chosen by them it would be taken out twice.
    """
    lengths = outputs.lengths[evidence.item, evidence.system]
    design = evidence.design.without_noise()
    masks = []
    if evidence.kind == "ratings":
        for kind, name in enumerate(evidence.names):
            values, sign = design.quality[:, kind], -1.0 if evidence.lower[kind] else 1.0
            given = plan.valid.get(name, plan.valid.get("") if evidence.overall else None)
            limit = float(np.quantile(values, 0.5, method="higher")) if given is None else sign * given
            masks.append((f"{name} {sign * limit:g} or better", values >= limit - 1e-9))
    edges = np.unique(np.quantile(lengths, [0, 1 / 3, 2 / 3, 1], method="nearest"))
    for low, high in pairwise(edges.tolist()):
        inside = (lengths > low) | ((low == edges[0]) & (lengths == low))
        masks.append((f"{low + (low != edges[0]):g} to {high:g} words", inside & (lengths <= high)))
    for name, mask in masks:
        places = np.flatnonzero(mask)
        part = replace(design.take(places), exact=exact_columns(lengths[places]))
        yield name, places, part
