"""References that people rated below the systems that are scored against them: then scores say little."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from geneval.agreement._correlations import Floats
from geneval.agreement._people import Criterion
from geneval.agreement._scores import known as placed
from geneval.data import Rating
from geneval.underestimation._known import Known
from geneval.underestimation._model import Estimate, of_clusters

RULE = (
    "below a system: the mean of grade less the system's grade, over items where both have one, lies below 0, intervals "
    "over items, Bonferroni over systems; defective: below more than half of the systems"
)


def references_of(known: Known) -> dict[str, object]:
    """Grades of named references (`references: {name: text}`) beside those of systems, on the cleaned data."""
    criterion = known.said.of_ratings
    if criterion is None or known.evidence.kind != "ratings":
        return {"reason": "references are compared with systems where ratings say how good both are"}
    graded = _graded(known, criterion)
    if not graded:
        return {"reason": "no reference that counts has a name and is rated"}
    return {"rule": RULE, "references": [_against(known, name, row, criterion) for name, row in graded.items()]}


def blamed(section: object) -> list[str]:
    """What a finding says of defective references, a sentence each."""
    rows = section.get("references", []) if isinstance(section, dict) else []
    return [f"{row['sentence'][0].upper()}{row['sentence'][1:]}." for row in rows if row["defective"]]


def _graded(known: Known, criterion: Criterion) -> dict[str, Floats]:
    """Mean grade of each named reference that counts, [items], as people gave it; NaN where there is none."""
    items, kept = placed(known.outputs.corpus.ids), set(known.items)
    named = {
        (r.origin.removeprefix("human:"), i)
        for i in kept
        for r in known.outputs.items[i].references
        if r.origin.startswith("human:")
    }
    grades: dict[tuple[str, int], list[float]] = defaultdict(list)
    for row in _ratings(known):
        place = items.get(row.id, -1)
        if row.criterion == criterion.name and (row.system, place) in named:
            grades[row.system, place].append(row.value)
    found: dict[str, Floats] = {}
    for (name, item), values in grades.items():
        found.setdefault(name, np.full(len(items), np.nan))[item] = np.mean(values)
    return found


def _ratings(known: Known) -> list[Rating]:
    """Ratings of what is no system: of the inputs, unless others were given in their place."""
    mine = known.said.ratings
    own = known.inputs.reference_ratings if mine == known.inputs.ratings else ()
    systems = set(known.outputs.systems)
    return [*own, *(row for row in mine if row.system not in systems)]


def _against(known: Known, name: str, own: Floats, criterion: Criterion) -> dict[str, object]:
    """One reference against each system."""
    sign = -1.0 if criterion.lower else 1.0
    table = np.full(known.outputs.text.shape, np.nan)
    table[known.evidence.item, known.evidence.system] = sign * known.evidence.grade
    rows = [_beside(known, own, table, place, sign) for place in np.unique(known.evidence.system).tolist()]
    there = np.flatnonzero(~np.isnan(own))
    grade = of_clusters(own[there], there, known.plan.confidence, unit="items", estimator="mean grade")
    below, above = (sum(bool(row[way]) for row in rows) for way in ("below", "above"))
    systems = [row["grade"].value for row in rows if isinstance(row["grade"], Estimate)]
    theirs = float(np.mean([value for value in systems if value is not None])) if systems else float("nan")
    return {
        "reference": f"human:{name}",
        "grade": grade,
        "systems": rows,
        "below": below,
        "above": above,
        "of": len(rows),
        "defective": 2 * below > len(rows),
        "sentence": f"reference human:{name} is rated below {below} of {len(rows)} systems (mean {grade.value:.3g} "
        f"against {theirs:.3g}): scores against it say little, and the reference is to blame before a scorer",
    }


def _beside(known: Known, own: Floats, table: Floats, place: int, sign: float) -> dict[str, object]:
    both = np.flatnonzero(~np.isnan(own) & ~np.isnan(table[:, place]))
    systems, confidence = len(np.unique(known.evidence.system)), known.plan.confidence
    found = of_clusters(
        own[both] - table[both, place],
        both,
        1 - (1 - confidence) / systems,
        unit="items",
        estimator="reference's grade less the system's; Bonferroni over systems",
    )
    low, high = (
        (found.low, found.high) if sign > 0 or found.low is None or found.high is None else (-found.high, -found.low)
    )
    return {
        "system": known.outputs.systems[place],
        "grade": of_clusters(table[both, place], both, confidence, unit="items", estimator="mean grade"),
        "difference": found,
        "below": high is not None and high < 0,
        "above": low is not None and low > 0,
    }
