"""Slices of outputs that a scorer marks down or up at equal human quality: found in one half of the items, confirmed in the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from geneval.agreement._correlations import Floats, Ints
from geneval.underestimation._controls import unbiased
from geneval.underestimation._features import FEWEST, Feature, features_of
from geneval.underestimation._known import Known
from geneval.underestimation._matched import Design
from geneval.underestimation._model import Estimate, quantile
from geneval.underestimation._slice_effects import FLIPS, Effects, effects, flips_of

FALSE = 0.10
"""Share of false discoveries among a scorer's slices in the discovery half."""

CONFIRMED = 0.05
"""Two-sided p on the held-out half, where the sign must be the same."""

TOGETHER = 25
"""Slices looked at together, which bounds memory."""

DRAWS = 10
"""Control scorers of each kind."""

RULE = (
    "difference: what the scorer gives a slice beyond the item's other outputs at equal system, quality and length, less the "
    "columns that the slice is made of; for a slice of items: what it gives a system beyond the others there, less the same "
    f"elsewhere. p: {FLIPS} permutations of signs, items whole; found: Benjamini-Hochberg at {FALSE:.0%} over a scorer's slices "
    f"on a random half of the items, and p <= {CONFIRMED:g} with the same sign on the other half; {FEWEST} outputs at least"
)

ESTIMATOR = "slice's effect in the matched model; errors in variables, sandwich over items, t"


@dataclass(frozen=True, eq=False)
class Slice:
    """Outputs of one slice against others.

    Attributes:
        by, name: of what, and which.
        system: whose outputs, where the slice is one of items.
        level: `output`, `system` or `item`: what the slice is a property of.
        column: [cells] 1 in the slice.
        n, items: outputs in the slice that can be compared, and their items.
    """

    by: str
    name: str
    system: str | None
    level: str
    column: np.ndarray
    n: int
    items: int


def slices_of(known: Known) -> dict[str, object]:
    """Looks for slices under every scorer."""
    design = known.evidence.design
    if design.trouble:
        return {"reason": design.trouble}
    if design.clusters < 2 * FEWEST:
        return {
            "reason": f"{design.clusters} items are too few to look for slices in one half and confirm them in the other"
        }
    halves = halves_of_items(design, known.plan.seed)
    flips = flips_of(len(known.outputs.items), FLIPS, known.plan.seed)
    cuts = [cut for feature in features_of(known) if (cut := Cut.of(known, feature)).parts]
    drawn = _controls(known, cuts)
    scores = np.concatenate([known.evidence.scores, *drawn.values()])
    found = [part for cut in cuts for part in tested_in_halves(cut, scores, halves, flips)]
    if not found:
        return {"reason": f"no slice has {FEWEST} outputs, and as many to compare them with"}
    rows = [
        {"scorer": one.name, "slices": rows_of(found, place, known.plan.confidence)}
        for place, one in enumerate(known.scorers)
    ]
    counts = [len(np.unique(design.cluster[half])) for half in halves]
    told: dict[str, object] = {"rule": RULE, "items": {"discovery": counts[0], "held_out": counts[1]}, "scorers": rows}
    told["columns_without"] = sorted(set(known.columns) - {one.slice.by for one in found})
    return told | {"controls": _of_controls(found, drawn, len(rows), known.plan.confidence)}


def _controls(known: Known, cuts: Sequence[Cut]) -> dict[str, Floats]:
    """Scorers that know nothing, or quality and nothing else, by name; [draws, cells]."""
    evidence, rng = known.evidence, np.random.default_rng(known.plan.seed)
    # True quality is drawn given the grades; what slices differ in must not be shrunken with their noise.
    columns = [part.column[:, None] for cut in cuts for part in cut.whole(len(evidence.item))]
    exact = np.concatenate([evidence.design.exact, *columns], axis=1)
    told = replace(evidence, design=replace(evidence.design, exact=exact))
    drawn = rng.standard_normal((2, DRAWS, evidence.outputs))[..., evidence.output]
    median = np.argsort([abs(_correlation(row, evidence.grade)) for row in evidence.scores])[len(evidence.scores) // 2]
    noisy = unbiased(told, evidence.scores[median], 1.0)
    return {"random": drawn[0], "unbiased_noise": noisy.quality + noisy.noise * drawn[1]}


def _correlation(scores: Floats, grade: Floats) -> float:
    return float(np.corrcoef(scores, grade)[0, 1]) if scores.std() and grade.std() else 0.0


def _of_controls(
    found: Sequence[_Tested], drawn: Mapping[str, Floats], first: int, confidence: float
) -> list[dict[str, object]]:
    """How many slices are found under scorers that favour none."""
    out = []
    for name, draws in drawn.items():
        rows = [row for place in range(first, first + len(draws)) for row in rows_of(found, place, confidence)]
        out.append(
            {"control": name, "draws": len(draws), "slices": len(rows), "found": sum(bool(r["found"]) for r in rows)}
        )
        first += len(draws)
    return out


def halves_of_items(design: Design, seed: int) -> tuple[Ints, Ints]:
    """Cells of a random half of the items, and of the other."""
    items = np.unique(design.cluster)
    chosen = np.random.default_rng(seed).permutation(items)[: len(items) // 2]
    first = np.isin(design.cluster, chosen)
    return np.flatnonzero(first), np.flatnonzero(~first)


@dataclass(frozen=True, eq=False)
class _Tested:
    """A slice in both halves, under every scorer."""

    slice: Slice
    place: int
    discovery: Effects
    held_out: Effects


@dataclass(frozen=True, eq=False)
class Cut:
    """A feature's slices.

    Attributes:
        cells: places of the outputs that it is known of.
        design: of these.
        parts: the slices that have enough outputs.
        left_out: columns that they are made of, and are not matched on.
    """

    cells: Ints
    design: Design
    parts: Sequence[Slice]
    left_out: Sequence[str]

    @classmethod
    def of(cls, known: Known, feature: Feature) -> Cut:
        cells = np.flatnonzero(feature.known)
        design = known.evidence.design.take(cells)
        parts = list(parts_of(design, feature, known.evidence.item[cells]))
        made_of = ["system"] if parts and parts[0].level == "system" else ["length"] if feature.by == "length" else []
        return cls(cells, design, parts, made_of)

    def whole(self, many: int) -> Iterator[Slice]:
        """The slices over all cells."""
        for part in self.parts:
            column = np.zeros(many)
            column[self.cells] = part.column
            yield replace(part, column=column)


def tested_in_halves(cut: Cut, scores: Floats, halves: Sequence[Ints], flips: np.ndarray) -> Iterator[_Tested]:
    """The slices of a feature; none where a half cannot be matched on its own."""
    at = [np.flatnonzero(np.isin(cut.cells, half)) for half in halves]
    designs = [cut.design.take(mine) for mine in at]
    if any(design.trouble for design in designs):
        return
    for start in range(0, len(cut.parts), TOGETHER):
        parts = cut.parts[start : start + TOGETHER]
        member = np.stack([part.column for part in parts])
        first, then = (
            effects(design, cut.left_out, member[:, mine], scores[:, cut.cells[mine]], flips)
            for design, mine in zip(designs, at, strict=True)
        )
        yield from (_Tested(part, place, first, then) for place, part in enumerate(parts))


def parts_of(design: Design, feature: Feature, item: Ints) -> Iterator[Slice]:
    """The slices of a feature that have enough outputs.

    A slice of items has no effect of its own that could be told from the items': it is looked at system by system.
    """
    member = feature.member[:, feature.known]
    level = _level(design, member)
    for name, column in zip(feature.slices, member, strict=True):
        if level != "item":
            yield from _enough(Slice(feature.by, name, None, level, column, 0, 0), design, item)
            continue
        for system in design.present.tolist():
            own = design.system == system
            title = f"{design.systems[system]} on {name}"
            told = Slice(feature.by, title, design.systems[system], level, column & own, 0, 0)
            yield from _enough(told, design, item, own)


def _level(design: Design, member: np.ndarray) -> str:
    if not np.abs(design.within(member.T.astype(np.float64))).max(initial=0.0) > 0:
        return "item"
    by_system = [{tuple(row) for row in member[:, design.system == s].T.tolist()} for s in design.present.tolist()]
    return "system" if all(len(rows) == 1 for rows in by_system) else "output"


def _enough(part: Slice, design: Design, item: Ints, among: np.ndarray | None = None) -> Iterator[Slice]:
    """The slice with its counts, where it and what it is compared with have enough outputs."""
    there = np.abs(design.within(part.column.astype(np.float64))) > 0 if among is None else among
    output = item * len(design.systems) + design.system
    inside, outside = (np.unique(output[there & side]) for side in (part.column, ~part.column))
    if min(len(inside), len(outside)) >= FEWEST:
        items = len(np.unique(inside // len(design.systems)))
        yield Slice(part.by, part.name, part.system, part.level, part.column, len(inside), items)


def rows_of(found: Sequence[_Tested], scorer: int, confidence: float) -> list[dict[str, object]]:
    """One scorer's slices, what was found first, then by p."""
    from scipy import stats

    told = [one for one in found if np.isfinite(one.discovery.value[one.place, scorer])]
    if not told:
        return []
    value, se, p = (
        np.asarray([getattr(one.discovery, name)[one.place, scorer] for one in told]) for name in ("value", "se", "p")
    )
    adjusted, shrunken = stats.false_discovery_control(p), shrink(value, se)
    rows = [_row(one, scorer, confidence) for one in told]
    for row, more, corrected in zip(rows, shrunken.tolist(), adjusted.tolist(), strict=True):
        row["shrunken"], row["p_adjusted"] = more, corrected
        row["found"] = corrected <= FALSE and row.pop("again")
    missed = np.asarray([not row["found"] for row in rows])
    order = np.lexsort((-np.abs(value) / np.maximum(se, 1e-300), p, missed))
    return [rows[n] for n in order.tolist()]


def _row(one: _Tested, scorer: int, confidence: float) -> dict[str, object]:
    """A slice without what only all of a scorer's slices together tell; `again`: whether the held-out half confirms it."""
    first, then, at = one.discovery, one.held_out, (one.place, scorer)
    sure = float(then.p[at])
    return {
        "by": one.slice.by,
        "slice": one.slice.name,
        "system": one.slice.system,
        "level": one.slice.level,
        "n": one.slice.n,
        "items": one.slice.items,
        "difference": _estimate(first, one.place, scorer, confidence),
        "shrunken": None,
        "p": float(first.p[at]),
        "p_adjusted": None,
        "confirmed": _estimate(then, one.place, scorer, confidence),
        "p_confirmed": None if np.isnan(sure) else sure,
        "again": bool(sure <= CONFIRMED and first.value[at] * then.value[at] > 0),
    }


def _estimate(found: Effects, place: int, scorer: int, confidence: float) -> Estimate:
    value, se = float(found.value[place, scorer]), float(found.se[place, scorer])
    if np.isnan(value):
        return Estimate.none("what outputs are matched on tells the slice in this half", "items")
    reach = quantile((1 + confidence) / 2, float(found.freedom[place])) * se
    return Estimate(value, value - reach, value + reach, found.clusters, "items", ESTIMATOR)


def shrink(value: Floats, se: Floats) -> Floats:
    """Empirical Bayes: effects drawn from a normal distribution around 0, its variance from their own spread.

    The variance t solves sum of value^2 / (t + se^2) = their number (Paule and Mandel 1982, the mean being 0); it is 0 where
    effects spread no wider than their errors.
    """
    from scipy import optimize

    squares = np.maximum(se**2, 1e-300)

    def apart(t: float) -> float:
        return float((value**2 / (t + squares)).sum()) - len(value)

    if apart(0.0) <= 0:
        return np.zeros_like(value)
    most = float((value**2).sum())
    t = optimize.brentq(apart, 0.0, most) if apart(most) < 0 else most
    return np.asarray(value * t / (t + squares))
