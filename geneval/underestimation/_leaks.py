"""Outputs that equal one of their references more often than references equal each other: leaked copies."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from geneval.agreement._correlations import Floats
from geneval.underestimation._outputs import Outputs
from geneval_scorers import holm

LEAK = 0.01
"""Adjusted p-value from which on copies are no coincidence."""


@dataclass(frozen=True, slots=True)
class Copied:
    """How often a system's outputs equal one of their references.

    Attributes:
        system: its name.
        n: outputs that do.
        outputs: of how many that have references.
        rate: the share.
        reference_rate: the share of references that equal a sibling.
        p: of so many copies, if the output were one more reference: exact, adjusted by Holm over systems.
        leaked: whether that is no coincidence.
        items: ids of the items.
    """

    system: str
    n: int
    outputs: int
    rate: float
    reference_rate: float
    p: float
    leaked: bool
    items: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        """For JSON."""
        return asdict(self)


def copies_of(outputs: Outputs) -> list[Copied]:
    """The copies of each system, judged by exchanging outputs with references.

    Among an item's references and the output, those that equal another one are marked. If the output were one more
    reference, it would be as likely to be marked as any: the number of items where it is follows a sum of independent
    Bernoulli variables.
    """
    corpus, references = outputs.corpus, outputs.corpus.references
    found = []
    repeated = [_repeated(corpus.folded[references.row(i)]) for i in range(len(references))]
    rate = float(np.concatenate(repeated).mean()) if repeated else 0.0
    for number, system in enumerate(outputs.systems):
        chances, hits, asked = [], [], 0
        for item in np.flatnonzero(outputs.text[:, number] >= 0).tolist():
            own = corpus.folded[references.row(item)]
            if not len(own):
                continue
            asked += 1
            marked = _repeated(np.append(own, corpus.folded[outputs.text[item, number]]))
            if marked.any():
                chances.append(float(marked.mean()))
                if marked[-1]:
                    hits.append(corpus.ids[item])
        found.append((system, hits, asked, at_least(np.asarray(chances), len(hits))))
    adjusted = holm(np.asarray([p for *_, p in found])) if found else np.zeros(0)
    return [
        Copied(system, len(hits), asked, len(hits) / max(asked, 1), rate, float(p), bool(p <= LEAK), tuple(hits))
        for (system, hits, asked, _), p in zip(found, adjusted, strict=True)
    ]


def _repeated(texts: np.ndarray) -> np.ndarray:
    _, same, many = np.unique(texts, return_inverse=True, return_counts=True)
    return np.asarray(many[same] > 1)


def at_least(chances: Floats, count: int) -> float:
    """P(so many or more of independent events), by their chances."""
    law = np.ones(1)
    for chance in chances.tolist():
        law = np.convolve(law, [1.0 - chance, chance])
    return float(min(law[count:].sum(), 1.0)) if count else 1.0
