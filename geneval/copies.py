"""Outputs that equal one of their references: how many, beside how many references equal a sibling."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from geneval_scorers import Copies, Corpus, copied, full

NOTABLE = 0.01
"""Share of copies from which on, where it is above the references' own, a warning names the system."""


@dataclass(frozen=True, slots=True)
class CopyRates:
    """How many outputs equal one of their references, beside how many references equal a sibling.

    Attributes:
        policy: whether such an output keeps that reference (`keep`) or loses it (`drop`).
        n: outputs that equal one of their references after folding.
        outputs: of how many.
        reference_n: references that equal another reference of their item.
        references: of how many.
    """

    policy: Copies
    n: int
    outputs: int
    reference_n: int
    references: int

    @property
    def rate(self) -> float:
        """Share of outputs that equal one of their references."""
        return self.n / self.outputs if self.outputs else 0.0

    @property
    def reference_rate(self) -> float:
        """Share of references that equal a sibling."""
        return self.reference_n / self.references if self.references else 0.0

    def of_references(self) -> CopyRates:
        """The same for the references in the role of a system."""
        return CopyRates(self.policy, self.reference_n, self.references, self.reference_n, self.references)

    def to_dict(self) -> dict[str, object]:
        """Counts and rates."""
        return {**asdict(self), "rate": self.rate, "reference_rate": self.reference_rate}


def copy_counts(corpus: Corpus) -> dict[str, list[int]]:
    """Counts copies after folding, for each system, and "" for the references themselves: [equal ones, all]."""
    queries = full(corpus)
    mine = np.zeros(len(queries), bool)
    mine[queries.references.rows[copied(corpus, queries)]] = True
    references = corpus.references
    key = references.rows * (len(corpus.texts) + 1) + corpus.folded[references.values]
    _, same, many = np.unique(key, return_inverse=True, return_counts=True)
    out = {"": [int((many[same] > 1).sum()), len(key)]}
    for number, system in enumerate(corpus.systems):
        asked = corpus.output_system == number
        out[system] = [int(mine[asked].sum()), int(asked.sum())]
    return out


def copy_rates(
    counts: Iterable[Mapping[str, Sequence[int]]], policy: Copies, systems: Sequence[str]
) -> dict[str, CopyRates]:
    """Adds up what `copy_counts` found in parts of the data; one entry a system."""
    sums = {name: np.zeros(2, np.int64) for name in ("", *systems)}
    for part in counts:
        for name, found in part.items():
            sums[name] += np.asarray(found)
    (repeated, references), totals = sums[""].tolist(), {name: sums[name].tolist() for name in systems}
    return {name: CopyRates(policy, n, outputs, repeated, references) for name, (n, outputs) in totals.items()}


def notable_copies(copies: dict[str, CopyRates]) -> list[str]:
    """A warning for each system that copies more often than the references do."""
    return [
        f"{rates.n} of {system}'s {rates.outputs} outputs equal one of their references "
        f"({rates.rate:.1%}; references that equal a sibling: {rates.reference_rate:.1%}). Such an output "
        f"{'keeps' if rates.policy == 'keep' else 'loses'} that reference (copies: {rates.policy}); it may be a leak"
        for system, rates in copies.items()
        if rates.rate > max(rates.reference_rate, NOTABLE)
    ]
