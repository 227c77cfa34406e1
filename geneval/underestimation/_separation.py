"""The test of an expansion: do more references tell valid outputs from invalid ones better, and better than placebos do?

References that answer another item of the same topic are hard placebos: as many, and about as long. Whatever is nearly
the output, and every reference of another item that the output was written for, is left out of all sets.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rapidfuzz import fuzz

from geneval.agreement._correlations import Floats, Ints
from geneval.underestimation._known import Known
from geneval.underestimation._model import Estimate, quantile
from geneval.underestimation._tier_sets import TierSets
from geneval_references import fold
from geneval_references.mining import Pool, proposer

NEAR = 90.0
"""Likeness (rapidfuzz ratio of folded texts) from which on a reference is nearly the output."""

TNR = 0.9
"""Of invalid outputs so many are held off."""

MARGIN = 0.02
"""AUCs that differ by less are taken for equal."""

LEAST = 20
"""Valid and invalid outputs below which nothing is tested."""

_MOST, _TOP, _RESAMPLES, _NOTHING = 2000, 40, 200, 1e-12

RULE = (
    "AUC and share of valid outputs missed where 90 % of invalid ones are held off; placebos are references of other items, "
    "alike by BM25, as many and about as long, and judged valid by nobody; references nearly equal to the output, and all "
    "references of another item that the output is a reference of, are left out of every set"
)


@dataclass(frozen=True, eq=False)
class Separated:
    """Scores of outputs known to be valid or invalid, under several sets.

    Attributes:
        names: of the sets; the first is the original one.
        kinds: `original`, `expanded` or `placebo`.
        sizes: mean number of references.
        scores: [sets, scorers, outputs].
        valid: [outputs].
        item: [outputs].
        confidence, seed: of intervals.
    """

    names: list[str]
    kinds: list[str]
    sizes: list[float]
    scores: Floats
    valid: np.ndarray
    item: Ints
    confidence: float
    seed: int

    def about(self) -> dict[str, object]:
        """On what."""
        return {
            "rule": RULE,
            "valid": int(self.valid.sum()),
            "invalid": int((~self.valid).sum()),
            "items": len(np.unique(self.item)),
            "margin": MARGIN,
            "tnr": TNR,
        }

    def rows(self, number: int) -> list[dict[str, object]]:
        """One a set, for a scorer."""
        scores = self.scores[:, number]
        areas = [components(one, self.valid) for one in scores]
        out: list[dict[str, object]] = []
        for place, name in enumerate(self.names):
            row: dict[str, object] = {"set": name, "kind": self.kinds[place], "references": self.sizes[place]}
            row |= {"auc": self._area(*areas[place]), "fnr_at_tnr": self._missed(scores[place])}
            out.append(row | self._gains(areas, place))
        return out

    def _gains(self, areas: list[tuple[float, Floats]], place: int) -> dict[str, object]:
        """On the original set; of an expansion also on its placebo, and what that says."""
        if not place:
            return {"gain": None, "over_placebo": None, "verdict": None}
        gain = self._less(areas[place], areas[0])
        if self.kinds[place] == "placebo":
            return {"gain": gain, "over_placebo": None, "verdict": None}
        over = self._less(areas[place], areas[place + 1])
        return {"gain": gain, "over_placebo": over, "verdict": self._verdict(areas, place, gain, over)}

    def _verdict(self, areas: list[tuple[float, Floats]], place: int, gain: Estimate, over: Estimate) -> str:
        if None in (gain.low, gain.high, over.low):
            return "cannot_tell"
        value, parts = areas[place][0] - areas[0][0], areas[place][1] - areas[0][1]
        reach = quantile(0.95, self._clusters - 1) * self._error(parts)
        if abs(value) + reach < MARGIN:
            return "equivalent"
        if gain.low is not None and over.low is not None and gain.low > 0 and over.low > 0:
            return "helps"
        return "hurts" if gain.high is not None and gain.high < 0 else "cannot_tell"

    @property
    def _clusters(self) -> int:
        return len(np.unique(self.item))

    def _error(self, parts: Floats) -> float:
        sums = np.bincount(np.unique(self.item, return_inverse=True)[1], weights=parts)
        return float(np.sqrt((sums**2).sum() * len(sums) / (len(sums) - 1)))

    def _area(self, value: float, parts: Floats, estimator: str = "AUC") -> Estimate:
        told, error = f"{estimator}; structural components, sandwich over items, t", self._error(parts)
        if error <= _NOTHING:
            reason = "all outputs are told apart alike, which gives no interval"
            return Estimate(value, None, None, len(self.valid), "outputs", told, reason)
        reach = quantile((1 + self.confidence) / 2, self._clusters - 1) * error
        return Estimate(value, value - reach, value + reach, len(self.valid), "outputs", told)

    def _less(self, one: tuple[float, Floats], other: tuple[float, Floats]) -> Estimate:
        return self._area(one[0] - other[0], one[1] - other[1], "difference of AUCs of the same outputs")

    def _missed(self, scores: Floats) -> Estimate:
        rng, number = np.random.default_rng(self.seed), np.unique(self.item, return_inverse=True)[1]
        many = number.max() + 1
        drawn = [
            missed(scores, self.valid, np.asarray(times[number], np.float64))
            for times in rng.multinomial(many, np.full(many, 1 / many), size=_RESAMPLES)
        ]
        low, high = np.nanquantile(drawn, [(1 - self.confidence) / 2, (1 + self.confidence) / 2])
        value = missed(scores, self.valid, np.ones(len(scores)))
        told = f"share of valid outputs below the threshold of TNR {TNR:g}; {_RESAMPLES} resamples of items"
        return Estimate(value, float(low), float(high), int(self.valid.sum()), "outputs", told)

    @staticmethod
    def said(row: dict[str, object]) -> str:
        """Of an expansion, in words."""
        gain, area = row["gain"], row["auc"]
        if not isinstance(gain, Estimate) or not isinstance(area, Estimate) or gain.low is None or gain.high is None:
            return ""
        words = {
            "helps": "they tell valid outputs from invalid ones better, and better than placebos do",
            "hurts": "they tell valid outputs from invalid ones worse",
            "equivalent": "they tell valid outputs from invalid ones as well as before",
            "cannot_tell": "whether they tell valid outputs from invalid ones better is not shown",
        }[str(row["verdict"])]
        return f"{words} (AUC {area.value:.3f}, {gain.value:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}])"


def components(scores: Floats, valid: np.ndarray) -> tuple[float, Floats]:
    """AUC, ties half, and what each output adds to its error (DeLong, DeLong and Clarke-Pearson 1988), [outputs]."""
    good, bad = scores[valid], scores[~valid]
    above = _below(good, bad) / len(bad)
    under = 1.0 - _below(bad, good) / len(good)
    area = float(above.mean())
    parts = np.empty(len(scores))
    parts[valid], parts[~valid] = (above - area) / len(good), (under - area) / len(bad)
    return area, parts


def _below(values: Floats, pool: Floats) -> Floats:
    """How many of the pool lie below each value, ties half."""
    held = np.sort(pool)
    return np.asarray((np.searchsorted(held, values, "left") + np.searchsorted(held, values, "right")) / 2)


def missed(scores: Floats, valid: np.ndarray, times: Floats) -> float:
    """The share of valid outputs below the threshold that holds off `TNR` of the invalid ones; ties are drawn by lot."""
    levels, place = np.unique(scores, return_inverse=True)
    good = np.bincount(place, weights=times * valid, minlength=len(levels))[::-1].cumsum()
    bad = np.bincount(place, weights=times * ~valid, minlength=len(levels))[::-1].cumsum()
    if not good[-1] or not bad[-1]:
        return float("nan")
    found = np.interp(1 - TNR, np.append(0.0, bad / bad[-1]), np.append(0.0, good / good[-1]))
    return float(1 - found)


def separation_of(sets: TierSets) -> Separated | str:
    """Scores all sets; a sentence where nothing can be tested."""
    item, system, valid = _known_outputs(sets)
    if min(valid.sum(), (~valid).sum()) < LEAST:
        return _too_few(valid)
    built = _Builder(sets)
    found = [(i, s, v, made) for i, s, v in zip(item, system, valid, strict=True) if (made := built.sets_of(i, s))]
    valid = np.asarray([v for _, _, v, _ in found], bool)
    if min(valid.sum(), (~valid).sum()) < LEAST:
        return f"{_too_few(valid)} once those without placebos or further references are left out"
    items, systems = (np.asarray([row[n] for row in found], np.int64) for n in (0, 1))
    names, kinds = built.names()
    tables = [[row[3][place] for row in found] for place in range(len(names))]
    scores = np.stack([sets.scores(sets.asked(items, systems, texts)) for texts in tables])
    kept = ~np.isnan(scores).any(axis=(0, 1))
    plan = sets.known.plan
    if min(valid[kept].sum(), (~valid[kept]).sum()) < LEAST:
        return f"{_too_few(valid[kept])} once those without a score are left out"
    sizes = [float(np.mean([len(row) for row in texts])) for texts in tables]
    return Separated(names, kinds, sizes, scores[:, :, kept], valid[kept], items[kept], plan.confidence, plan.seed)


def _too_few(valid: np.ndarray) -> str:
    return (
        f"{int(valid.sum())} outputs known to be valid and {int((~valid).sum())} known to be invalid are too few to test "
        f"whether references tell them apart: it needs {LEAST} of each (--valid names the grade from which outputs are "
        "valid; judgements say it themselves)"
    )


def _known_outputs(sets: TierSets) -> tuple[list[int], list[int], np.ndarray]:
    """Outputs that were judged or rated valid, or invalid and never valid: places of items, systems, and which."""
    kinds = [kind for kind in sets.known.kinds if kind.evidence in {"judged", "rated"}]
    shape = sets.known.outputs.text[sets.items].shape
    right, wrong = np.zeros(shape, bool), np.zeros(shape, bool)
    for kind in kinds:
        right |= (kind.known & kind.valid)[sets.items]
        wrong |= (kind.known & ~kind.valid)[sets.items]
    item, system = np.nonzero(right | wrong)
    if len(item) > _MOST:
        some = np.sort(np.random.default_rng(sets.known.plan.seed).choice(len(item), _MOST, replace=False))
        item, system = item[some], system[some]
    return item.tolist(), system.tolist(), right[item, system]


class _Builder:
    """Makes the sets of one output after the other."""

    def __init__(self, sets: TierSets) -> None:
        self.sets = sets
        self.columns = [sets.texts(column) for column in range(len(sets.tiers))]
        self.written: dict[str, set[str]] = {}
        self.owners: dict[str, set[str]] = defaultdict(set)
        for one in sets.known.inputs.items:
            self.written[one.id] = {fold(r.text) for r in one.references if r.tier == "original"}
            for text in self.written[one.id]:
                self.owners[text].add(one.id)
        self.shunned = _judged_otherwise(sets.known)
        pool = Pool([text for row in self.columns[0] for text in row], [proposer("bm25")])
        self.near = [
            [pool.texts[place] for place, _ in best[0][1]] if best else []
            for best in pool.propose([*self.columns[0]], _TOP)
        ]

    def names(self) -> tuple[list[str], list[str]]:
        """Of the sets, in order, and of which kind."""
        names, kinds = [self.sets.columns[0]], ["original"]
        for name in self.sets.columns[1:]:
            names += [name, f"{self.sets.columns[0]}+placebos for {name}"]
            kinds += ["expanded", "placebo"]
        return names, kinds

    def sets_of(self, item: int, system: int) -> list[list[str]] | None:
        """References of each set; None where there is nothing to add, or no placebo for it."""
        text, id_ = fold(self.sets.text(item, system)), self.sets.corpus.ids[item]
        left_out = {own for other in self.owners.get(text, set()) - {id_} for own in self.written[other]}

        def kept(texts: Sequence[str]) -> list[str]:
            return [t for t in texts if fold(t) not in left_out and fuzz.ratio(fold(t), text) < NEAR]

        original, own = kept(self.columns[0][item]), {fold(t) for t in self.columns[-1][item]}
        shunned = self.shunned.get(id_, set())
        placebos = [t for t in kept(self.near[item]) if fold(t) not in own | shunned]
        out, base = [original], {fold(t) for t in self.columns[0][item]}
        for column in self.columns[1:]:
            more = [t for t in kept(column[item]) if fold(t) not in base]
            if not original or not more or len(placebos) < len(more):
                return None
            out += [original + more, original + as_long(more, placebos)]
        return out


def _judged_otherwise(known: Known) -> dict[str, set[str]]:
    """By item, texts that somebody judged valid, or partly: no placebos."""
    out: dict[str, set[str]] = defaultdict(set)
    for row in known.said.judgements:
        if row.verdict in {"valid", "partly"}:
            out[row.id].add(fold(row.text))
    return out


def as_long(texts: Sequence[str], others: Sequence[str]) -> list[str]:
    """As many of the others, paired so that numbers of words differ least."""
    from scipy.optimize import linear_sum_assignment

    words, theirs = ([len(t.split()) for t in one] for one in (texts, others))
    return [others[i] for i in linear_sum_assignment(np.abs(np.subtract.outer(words, theirs)))[1]]
