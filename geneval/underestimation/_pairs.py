"""Preference contradictions of each ordered pair of systems, beside chance and how far people agree themselves."""

from __future__ import annotations

import numpy as np

from geneval.underestimation._known import Known
from geneval.underestimation._model import Estimate, of_clusters

_ESTIMATOR = "share of pairs that the scorer orders against people, ties half; chance: .5"


def pairs_of(known: Known) -> dict[str, object]:
    """Of pairs of outputs that people say one system wins over another, how often the scorer says it loses."""
    evidence, names = known.evidence, known.outputs.systems
    above, below = evidence.pairs()
    if not len(above):
        return {"reason": "people put no output above another one for the same item"}
    kinds = evidence.system[above] * len(names) + evidence.system[below]
    rows = []
    for scorer in known.scorers:
        wrong = (np.sign(scorer.scores[below] - scorer.scores[above]) + 1) / 2
        found = []
        for kind in np.unique(kinds).tolist():
            at = np.flatnonzero(kinds == kind)
            cluster = evidence.design.cluster[above[at]]
            rate = of_clusters(
                wrong[at], cluster, known.plan.confidence, unit="pairs", estimator=_ESTIMATOR, within=(0, 1)
            )
            winner, loser = divmod(kind, len(names))
            found.append({"preferred": names[winner], "other": names[loser], "contradiction": rate, **_beside(rate)})
        rows.append({"scorer": scorer.name, "pairs": found})
    return {"rule": _ESTIMATOR, "scorers": rows, "ceiling": _ceiling(known)}


def _beside(rate: Estimate) -> dict[str, object]:
    """Whether the scorer is more often, or less often, against people than a coin is; None: cannot tell."""
    if rate.low is None or rate.high is None or rate.low <= 0.5 <= rate.high:
        return {"worse_than_chance": None}
    return {"worse_than_chance": rate.low > 0.5}


def _ceiling(known: Known) -> Estimate | None:
    """How often one person is of the others' opinion: who contradicts people less often does better than a person."""
    found = known.evidence.ceiling
    if found is None or found.value is None:
        return None
    return Estimate(found.value, None, None, found.n, "choices", "one person's choices against what the others chose")
