"""One version of the data, as given or cleaned, and what all scorers share on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np

from geneval.agreement._correlations import Floats, Ints
from geneval.underestimation._band import Band, Bands, permuted
from geneval.underestimation._controls import NoiseControls, TextControl, noise_controls, text_controls, text_scores
from geneval.underestimation._matched import Design
from geneval.underestimation._outputs import Outputs
from geneval.underestimation._people import Evidence, exact_columns
from geneval.underestimation._plan import ReportPlan


@dataclass(frozen=True, eq=False)
class Version:
    """What is asked once for all scorers.

    Attributes:
        outputs: all.
        whole: by the scorer's place, bands that hold these items.
        evidence: what people said of the items that count.
        items: places of these items.
        plan: options.
    """

    outputs: Outputs
    whole: Mapping[int, Bands]
    evidence: Evidence
    items: Sequence[int]
    plan: ReportPlan

    @cached_property
    def bands(self) -> list[dict[int, Band]]:
        """Of each scorer, by system."""
        whole = [self.whole[number].by_system for number in range(len(self.whole))]
        return [{s: band.keep(self.items) for s, band in one.items()} for one in whole]

    @cached_property
    def exchanged(self) -> list[dict[int, tuple[float, float]]]:
        """p-values of the permutation test, high and low, of each scorer, by system, where there is a band."""
        at = [(n, s) for n, bands in enumerate(self.bands) for s, band in bands.items() if len(band.item)]
        found = permuted([self.bands[n][s] for n, s in at], self.plan.permutations, self.plan.seed)
        out: list[dict[int, tuple[float, float]]] = [{} for _ in self.bands]
        for (n, s), pair in zip(at, found, strict=True):
            out[n][s] = pair
        return out

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
            values = design.quality[:, kind]
            limit = plan.valid.get(name, float(np.quantile(values, 0.5, method="higher")))
            masks.append((f"{name} {limit:g} or better", values >= limit - 1e-9))
    edges = np.unique(np.quantile(lengths, [0, 1 / 3, 2 / 3, 1], method="nearest"))
    for low, high in pairwise(edges.tolist()):
        inside = (lengths > low) | ((low == edges[0]) & (lengths == low))
        masks.append((f"{low + (low != edges[0]):g} to {high:g} words", inside & (lengths <= high)))
    for name, mask in masks:
        places = np.flatnonzero(mask)
        part = replace(design.take(places), exact=exact_columns(lengths[places]))
        yield name, places, part
