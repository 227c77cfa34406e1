"""Why valid outputs are penalised: by counterfactual repair, and by what penalised ones have more often than others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from geneval.agreement._correlations import Floats, Ints
from geneval.underestimation._counterfactuals import Cases
from geneval.underestimation._extractor import extractor_accuracy
from geneval.underestimation._findings import HEADLINE, OfScorer
from geneval.underestimation._known import Known
from geneval.underestimation._model import Estimate, of_clusters, quantile
from geneval.underestimation._reference_faults import FAULTS, Faults
from geneval.underestimation._repairs import REPAIRS
from geneval.underestimation._shapley import shapley
from geneval.underestimation._verdict import ALPHA
from geneval_scorers import holm

CAUSES = (*REPAIRS, *FAULTS)
"""Repairs of the output's text, and two faults of its references."""

EXAMINED = 500
"""So many penalised outputs of a scorer are looked at, and as many others."""

_NOBODY = (
    "no output is known to be valid: say from which grade on one is (--valid 4.5), or give judgements (--judgements) or "
    "preferences against references (--preferences)"
)
_RULE = (
    "a valid output is penalised where it lies below the band's 25 % quantile against more than half of the reference sets "
    "that leave one reference out"
)
_SENT_BACK = (
    "outputs that contradict their references in a number, a denial, a name, an opposite or in roles are not called valid "
    "but sent back to verification; unpenalised ones are examined in the same way, as many of them"
)


def attribution_of(known: Known) -> dict[str, object]:
    """Causes of each scorer's penalised valid outputs, and how often they are there in unpenalised ones."""
    valid = valid_by(known)
    if not (valid >= 0).any():
        return {"reason": _NOBODY}
    rank = np.random.default_rng(known.plan.seed).permutation(valid.size).reshape(valid.shape)
    picked = [picked_of(one, valid, rank) for one in known.scorers]
    cells = {cell for one in picked if not isinstance(one, str) for cell in one[0].cells}
    cases = Cases.of(known, sorted(cells), valid >= 0)
    faults = Faults(known)
    rows = [
        {"scorer": one.name, "rule": _RULE, "reason": mine}
        if isinstance(mine, str)
        else _Attributed(known, one, *mine, cases, faults).row(valid)
        for one, mine in zip(known.scorers, picked, strict=True)
    ]
    return {
        "extractor": extractor_accuracy(),
        "reader": cases.reader,
        "entailment": None if known.entailment is None else known.entailment.signature,
        "supported": cases.rule,
        "test": "Holm over the causes of a scorer",
        "scorers": rows,
    }


def valid_by(known: Known) -> Ints:
    """[items, systems]: the place among `known.kinds` of the evidence that calls an output valid; -1 where none does.

    The first kind that speaks of an output decides.
    """
    out = np.full(known.outputs.text.shape, -1, np.int64)
    spoken = np.zeros(out.shape, bool)
    for place, kind in enumerate(known.kinds):
        if kind.evidence == "unknown":
            continue
        out[kind.known & kind.valid & ~spoken] = place
        spoken |= kind.known
    kept = np.zeros(len(out), bool)
    kept[list(known.items)] = True
    out[~kept] = -1
    return out


@dataclass(frozen=True, eq=False)
class Picked:
    """Valid outputs of one scorer that are looked at; the penalised ones first. Entry i of an array is output i.

    Attributes:
        item, system: places.
        place: in the system's band.
        penalised: which of them are.
        score, low, median, high: the output's and the band's (25, 50, 75 % quantiles), higher is better.
    """

    item: Ints
    system: Ints
    place: Ints
    penalised: np.ndarray
    score: Floats
    low: Floats
    median: Floats
    high: Floats

    @property
    def cells(self) -> list[tuple[int, int]]:
        """(item, system)."""
        return list(zip(self.item.tolist(), self.system.tolist(), strict=True))

    def take(self, places: np.ndarray) -> Picked:
        """Some of the outputs."""
        return Picked(*(getattr(self, name)[places] for name in _ARRAYS))


_ARRAYS = ("item", "system", "place", "penalised", "score", "low", "median", "high")


def picked_of(one: OfScorer, valid: Ints, rank: Ints) -> tuple[Picked, tuple[int, int]] | str:
    """Draws penalised and unpenalised valid outputs by rank, the same for all scorers, and counts all there are.

    A sentence where there are none.
    """
    parts = [_placed(one, system, valid) for system in range(len(one.outputs.systems))]
    there = [part for part in parts if not isinstance(part, str)]
    if not there:
        said = [part for part in parts if isinstance(part, str) and part]
        return said[0] if said else "no valid output has a band: two references an item are due"
    arrays: list[np.ndarray] = [np.concatenate([getattr(part, name) for part in there]) for name in _ARRAYS]
    whole = Picked(*arrays)
    whole = whole.take(np.argsort(rank[whole.item, whole.system], kind="stable"))
    penalised, others = np.flatnonzero(whole.penalised), np.flatnonzero(~whole.penalised)
    many = min(len(penalised), EXAMINED)
    chosen = whole.take(np.concatenate([penalised[:many], others[:many]]))
    return chosen, (len(penalised), len(others))


def _placed(one: OfScorer, system: int, valid: Ints) -> Picked | str:
    """One system's valid outputs in its band."""
    band = one.bands[system]
    mine = np.flatnonzero(valid[band.item, system] >= 0) if len(band.item) else np.zeros(0, np.int64)
    if not len(mine):
        return ""
    sides = one.sides[system]["pooled"]
    limit = sides.pool.limits[HEADLINE]
    if limit.tied > HEADLINE:
        return f"{limit.tied:.0%} of the band have just one score: none cuts off {HEADLINE:.0%}"
    median, high = np.quantile(sides.pool.scores, [0.5, 0.75])
    whole = np.ones(len(mine))
    return Picked(
        band.item[mine],
        np.full(len(mine), system),
        mine,
        sides.below(HEADLINE)[mine] > 0.5,
        sides.pool.share(sides.output)[mine],
        limit.at[mine],
        whole * median,
        whole * high,
    )


def contrast_of(flags: Floats, penalised: np.ndarray, item: Ints, confidence: float) -> tuple[Estimate, float | None]:
    """The share of penalised outputs with a cause less that of others, and its two-sided p-value.

    Both shares are means over outputs; the variance is a sandwich over items, so that outputs of one item (in either
    group, or in both) count as one draw; Student's t with one degree of freedom less than there are items.

    Args:
        flags: 1 where the cause is there, [outputs].
        penalised: which outputs are.
        item: of each output.
        confidence: of the interval.
    """
    from scipy import stats

    many, others = int(penalised.sum()), int((~penalised).sum())
    items = np.unique(item, return_inverse=True)[1]
    clusters = int(items.max()) + 1 if len(items) else 0
    if min(many, others) < _FEWEST or clusters < _FEWEST:
        return Estimate.none(f"{many} penalised outputs and {others} others: {_FEWEST} of each are due"), None
    mean = (float(flags[penalised].mean()), float(flags[~penalised].mean()))
    value = mean[0] - mean[1]
    weight = np.where(penalised, 1 / many, -1 / others)
    inner = flags - np.where(penalised, mean[0], mean[1])
    sums = np.bincount(items, weights=weight * inner)
    se = float(np.sqrt((sums**2).sum() * clusters / (clusters - 1)))
    reach = quantile((1 + confidence) / 2, clusters - 1) * se
    p = 1.0 if not se and not value else float(2 * stats.t.sf(abs(value) / max(se, 1e-12), clusters - 1))
    estimator = "difference of shares; sandwich over items, t"
    return Estimate(value, value - reach, value + reach, len(flags), "outputs", estimator), p


_FEWEST = 10
"""Outputs of either group below which shares are not contrasted."""


@dataclass(frozen=True, eq=False)
class _Attributed:
    """One scorer's outputs with their causes."""

    known: Known
    one: OfScorer
    picked: Picked
    counts: tuple[int, int]
    cases: Cases
    faults: Faults

    @property
    def confidence(self) -> float:
        return self.known.plan.confidence

    @cached_property
    def number(self) -> Ints:
        """Places among the cases."""
        return np.asarray([self.cases.place[cell] for cell in self.picked.cells], np.int64)

    @cached_property
    def values(self) -> Floats:
        """[outputs, sets of repairs] scores against all references, higher is better."""
        return self.cases.scores(self.one.outputs.scorers[self.one.number], self.number)

    @cached_property
    def faulty(self) -> tuple[Floats, np.ndarray]:
        """[outputs, faults] what sound references would give, and whether there are others."""
        return self.faults.of(self.one, self.picked.system, self.picked.place)

    @cached_property
    def gains(self) -> Floats:
        """[outputs, causes]; faults of references act on their own, and so add up with the repairs."""
        return np.concatenate([shapley(self.values), self.faulty[0]], axis=1)

    @cached_property
    def flags(self) -> np.ndarray:
        """[outputs, causes] whether there is something to repair, whatever that gains."""
        return np.concatenate([self.cases.present[self.number], self.faulty[1]], axis=1)

    @cached_property
    def sent_back(self) -> np.ndarray:
        """[outputs]."""
        return self.cases.distorted[self.number]

    @cached_property
    def scored(self) -> np.ndarray:
        """[outputs] with a score after each set of repairs."""
        return np.asarray(~np.isnan(self.gains).any(axis=1))

    def row(self, valid: Ints) -> dict[str, object]:
        picked = self.picked
        kept = picked.penalised & ~self.sent_back & self.scored
        total = self.gains[kept].sum(axis=1) if kept.any() else np.zeros(0)
        back = (picked.score[kept] + total >= picked.low[kept]).astype(np.float64)
        return {
            "scorer": self.one.name,
            "rule": _RULE,
            "penalised": self.counts[0],
            "unpenalised": self.counts[1],
            "examined": {"penalised": int(picked.penalised.sum()), "unpenalised": int((~picked.penalised).sum())},
            "sampled": self.counts[0] > EXAMINED,
            "seed": self.known.plan.seed,
            "not_scored": int((~self.scored).sum()),
            "causes": self._causes(kept, total),
            "repaired": self._mean(total, picked.item[kept], "score after all repairs less before"),
            "back_in_band": self._mean(
                back, picked.item[kept], "share at or above the 25 % quantile after all repairs", (0, 1)
            ),
            "sent_back": self._sent_back(),
            "listed": int(picked.penalised.sum()),
            "outputs": list(self._outputs(valid)),
        }

    def _mean(self, values: Floats, item: Ints, estimator: str, within: tuple[float, float] | None = None) -> Estimate:
        return of_clusters(values, item, self.confidence, unit="outputs", estimator=estimator, within=within)

    def _causes(self, kept: np.ndarray, total: Floats) -> list[dict[str, object]]:
        tested = [self._cause(place, kept, total) for place in range(len(CAUSES))]
        known = [i for i, (_, p) in enumerate(tested) if p is not None]
        adjusted = dict(zip(known, holm(np.asarray([tested[i][1] for i in known], float)).tolist(), strict=True))
        rows = [row | {"p": p, "p_adjusted": adjusted.get(i)} for i, (row, p) in enumerate(tested)]
        return [row | {"found": _found(row)} for row in rows]

    def _cause(self, place: int, kept: np.ndarray, total: Floats) -> tuple[dict[str, object], float | None]:
        name = CAUSES[place]
        reason = self.faults.reason(self.one, name)
        if reason is not None:
            none = Estimate.none(reason)
            same = dict.fromkeys(("penalised", "unpenalised", "contrast", "repair", "share"), none)
            return {"cause": name, **same, "main": 0}, None
        # Contradictions are looked for in all outputs, other causes in those that are not sent back.
        mask = np.ones(len(kept), bool) if name == "distortion" else ~self.sent_back
        flags = (self.sent_back if name == "distortion" else self.flags[:, place]).astype(np.float64)
        item, penalised = self.picked.item, self.picked.penalised
        contrast, p = contrast_of(flags[mask], penalised[mask], item[mask], self.confidence)
        among = self.picked.penalised & self.scored & (self.sent_back if name == "distortion" else kept)
        gain = self._mean(self.gains[among, place], item[among], "mean Shapley value of the repair")
        row: dict[str, object] = {"cause": name}
        for side, which in (("penalised", penalised), ("unpenalised", ~penalised)):
            row[side] = self._mean(flags[mask & which], item[mask & which], "share of outputs with the cause", (0, 1))
        row |= {"contrast": contrast, "repair": gain, "share": self._share(place, kept, total)}
        return row | {"main": int((self._main[among] == place).sum())}, p

    def _share(self, place: int, kept: np.ndarray, total: Floats) -> Estimate:
        """Of what all repairs of all penalised outputs gain: a ratio of means, linearised."""
        if CAUSES[place] == "distortion":
            return Estimate.none("outputs that contradict are sent back, and not among those whose gain is shared out")
        mean = float(total.mean()) if len(total) else 0.0
        if mean <= 0:
            return Estimate.none("the repairs together raise no score")
        share = float(self.gains[kept, place].mean()) / mean
        around = share + (self.gains[kept, place] - share * total) / mean
        return self._mean(around, self.picked.item[kept], "share of the gain of all repairs (Shapley)")

    @cached_property
    def _main(self) -> Ints:
        """[outputs] the cause whose repair gains most; -1 where none gains. What contradicts is sent back for that."""
        gains = np.where(self.flags & (np.nan_to_num(self.gains) > _NO_GAIN), np.nan_to_num(self.gains), 0.0)
        main = np.where(gains.max(axis=1) > 0, gains.argmax(axis=1), -1)
        return np.where(self.sent_back, CAUSES.index("distortion"), main)

    def _sent_back(self) -> dict[str, object]:
        item, penalised = self.picked.item, self.picked.penalised
        flags = self.sent_back.astype(np.float64)
        return {
            "rule": _SENT_BACK,
            "penalised": self._mean(flags[penalised], item[penalised], "share sent back", (0, 1)),
            "unpenalised": self._mean(flags[~penalised], item[~penalised], "share sent back", (0, 1)),
            "n_penalised": int(flags[penalised].sum()),
            "n_unpenalised": int(flags[~penalised].sum()),
        }

    def _outputs(self, valid: Ints) -> Iterator[dict[str, object]]:
        """Penalised outputs, the furthest below first; scores in the scorer's own direction."""
        picked, outputs = self.picked, self.one.outputs
        turn = -1.0 if outputs.scorers[self.one.number].info.direction == "lower" else 1.0
        mine = np.flatnonzero(picked.penalised)
        for i in mine[np.argsort((picked.score - picked.low)[mine], kind="stable")].tolist():
            item, system = picked.cells[i]
            main = int(self._main[i])
            yield {
                "id": outputs.corpus.ids[item],
                "system": outputs.systems[system],
                "score": turn * float(picked.score[i]),
                "band_low": turn * float(picked.low[i]),
                "band_median": turn * float(picked.median[i]),
                "band_high": turn * float(picked.high[i]),
                "grade": self._grades.get((item, system)),
                "valid_by": self.known.kinds[int(valid[item, system])].evidence,
                "cause": None if main < 0 else CAUSES[main],
                "sent_back": bool(self.sent_back[i]),
                "gains": {
                    name: float(g) for name, g, there in zip(CAUSES, self.gains[i], self.flags[i], strict=True) if there
                },
                "units": self.cases.units_of(int(self.number[i])),
            }

    @cached_property
    def _grades(self) -> Mapping[tuple[int, int], float]:
        """As people gave them; none where they chose between outputs."""
        evidence = self.known.evidence
        if evidence.kind != "ratings":
            return {}
        criterion = self.known.said.of_ratings
        turn = -1.0 if criterion is not None and criterion.lower else 1.0
        return {
            (i, s): turn * g
            for i, s, g in zip(evidence.item.tolist(), evidence.system.tolist(), evidence.grade.tolist(), strict=True)
        }


def _found(row: Mapping[str, object]) -> bool:
    """Whether a cause is shown: more frequent among penalised outputs, and to repair it raises the score."""
    p, contrast, repair = row["p_adjusted"], row["contrast"], row["repair"]
    if not isinstance(p, float) or not isinstance(contrast, Estimate) or not isinstance(repair, Estimate):
        return False
    return p <= ALPHA and (contrast.value or 0.0) > 0 and (repair.low or 0.0) > 0


_NO_GAIN = 1e-9
"""A gain below this is rounding."""
