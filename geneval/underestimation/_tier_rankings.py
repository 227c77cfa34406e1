"""Systems by each scorer against references of growing tiers: what more references do, and what other ones do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from geneval.agreement._correlations import Floats, Ints
from geneval.tiers import effective_numbers
from geneval.underestimation import _controls as controls
from geneval.underestimation._known import Known
from geneval.underestimation._model import Estimate
from geneval.underestimation._people import Evidence
from geneval.underestimation._rankings import People, flips, means, people_of, places
from geneval.underestimation._separation import Separated, separation_of
from geneval.underestimation._tier_sets import TierSets, tier_sets_of
from geneval.underestimation._worths import worths_of
from geneval_references import ReferenceSet

_MATCHED = 200
"""Items that are scored at as many references as they have originals."""

_DRAWS = 20
"""Subsets of references, where a scorer has no closed form."""


def tiers_of(known: Known) -> dict[str, object]:
    """Ranks systems at each tier, tells the effects of more and of other references, and tests the expansion."""
    sets = tier_sets_of(known)
    if isinstance(sets, str):
        return {"reason": sets}
    return _Tiers(sets).section()


class _Tiers:
    def __init__(self, sets: TierSets) -> None:
        self.sets = sets
        evidence = sets.known.evidence
        self.evidence: Evidence = evidence.keep(np.isin(evidence.item, sets.items))
        self.known = replace(sets.known, evidence=self.evidence)
        self.people = people_of(self.known, worths_of(self.known))
        item, self.system = np.nonzero(sets.known.outputs.text[sets.items] >= 0)
        self.item: Ints = item.astype(np.int64)
        self.table = [self._scored(column) for column in range(len(sets.tiers))]
        self.matched = self._matched()

    def _scored(self, column: int) -> Floats:
        """[scorers, items, systems] against all references of the column."""
        texts = self.sets.texts(column)
        queries = self.sets.asked(self.item, self.system, [texts[i] for i in self.item.tolist()])
        return self._spread(self.sets.scores(queries))

    def _spread(self, values: Floats) -> Floats:
        out = np.full((len(values), len(self.sets.items), len(self.sets.known.outputs.systems)), np.nan)
        out[:, self.item, self.system] = values
        return out

    def _matched(self) -> list[Floats]:
        """The same at as many references as there are originals, on some of the items; NaN elsewhere."""
        rng = np.random.default_rng(self.sets.known.plan.seed)
        some = rng.permutation(len(self.sets.items))[:_MATCHED]
        at = np.flatnonzero(np.isin(self.item, some))
        k = np.asarray([len(row) for row in self.sets.texts(0)], np.int64)[self.item[at]]
        out = []
        for column in range(len(self.sets.tiers)):
            texts = self.sets.texts(column)
            queries = self.sets.asked(self.item[at], self.system[at], [texts[i] for i in self.item[at].tolist()])
            values = np.full((len(self.sets.known.scorers), len(self.item)), np.nan)
            values[:, at] = self.sets.expected(queries, k, _DRAWS)
            out.append(self._spread(values))
        return out

    def section(self) -> dict[str, object]:
        separated = separation_of(self.sets)
        strengths = [self._strength(column) for column in range(len(self.sets.tiers))]
        scorers = []
        for number, scorer in enumerate(self.sets.known.scorers):
            agreements = [self._agreement(number, column) for column in range(len(self.sets.tiers))]
            rows = [self._row(number, column) | strengths[column] for column in range(len(self.sets.tiers))]
            rows = [row | agreement for row, agreement in zip(rows, agreements, strict=True)]
            tested = [] if isinstance(separated, str) else separated.rows(number)
            sentence = _sentence(scorer.name, rows, tested)
            scorers.append({"scorer": scorer.name, "tiers": rows, "separation": tested, "sentence": sentence})
        return {
            "items": len(self.sets.items),
            "sampled": self.sets.drawn,
            "by": "mean of segment scores; items drawn with replacement, people and scorer together",
            "matched_on": {"items": min(_MATCHED, len(self.sets.items)), "subsets": _DRAWS},
            "people": self.people if isinstance(self.people, str) else places(self.people.names, self.people.value),
            "separation": {"reason": separated} if isinstance(separated, str) else separated.about(),
            "scorers": scorers,
        }

    def _strength(self, column: int) -> dict[str, object]:
        """How many references that is, and how many with nothing in common they amount to (Vendi score of n-grams)."""
        texts, first = self.sets.texts(column), self.sets.texts(0)
        counted = set(self.sets.tiers[: column + 1])
        kept = [
            ReferenceSet(str(n), tuple(r for r in row if r.tier in counted))
            for n, row in enumerate(self.sets.references)
        ]
        return {
            "tier": self.sets.columns[column],
            "references": float(np.mean([len(row) for row in texts])),
            "effective": float(np.mean(effective_numbers(kept))),
            "k": float(np.mean([len(row) for row in first])),
            "expanded": sum(len(more) > len(less) for more, less in zip(texts, first, strict=True)),
        }

    def _row(self, number: int, column: int) -> dict[str, object]:
        """Systems, flips against people and against the original references, and the two effects."""
        people = self.people
        found: dict[str, object] = {"effects": self._effects(number, column)}
        if isinstance(people, str):
            return found | {"systems": [], "flips": [], "flips_from_original": []}
        now, base = (self._drawn(self.table[c][number], people) for c in (column, 0))
        return found | {
            "systems": places(people.names, now),
            "flips": flips(people.names, people.value, now),
            "flips_from_original": flips(people.names, base, now, "original_prefers"),
        }

    def _drawn(self, table: Floats, people: People) -> Floats:
        """[draws, systems] means of what people spoke about."""
        at = np.searchsorted(self.sets.items, people.items)
        mine = table[np.ix_(at, people.systems)]
        mask = people.mask & ~np.isnan(mine)
        return means(np.where(mask, mine, 0.0), mask, people.times)

    def _effects(self, number: int, column: int) -> list[dict[str, object]]:
        """Of each system: what comes of more references, and what of other ones, in the scorer's units."""
        full, matched, base = self.table[column][number], self.matched[column][number], self.matched[0][number]
        whole = ~np.isnan(full) & ~np.isnan(matched) & ~np.isnan(base)
        out = []
        for place, system in enumerate(self.sets.known.outputs.systems):
            at = np.flatnonzero(whole[:, place])
            if len(at):
                count = float((full - matched)[at, place].mean())
                content = float((matched - base)[at, place].mean())
                matched_mean = float(matched[at, place].mean())
                out.append({"system": system, "matched": matched_mean, "count": count, "content": content})
        return out

    def _agreement(self, number: int, column: int) -> dict[str, object]:
        """Share of pairs of outputs in people's order, and what the column gains on the original references."""
        at = np.searchsorted(self.sets.items, self.evidence.item), self.evidence.system
        now, base = (self.table[c][number][at] for c in (column, 0))
        if np.isnan(now).any() or np.isnan(base).any() or not len(self.evidence.pairs()[0]):
            none = Estimate.none("some outputs have no score, or people put none above another", "pairs")
            return {"agreement": none, "gain": none}
        confidence = self.known.plan.confidence
        gain = controls.accuracy_gain(self.evidence, now, base, confidence) if column else None
        return {"agreement": controls.accuracy(self.evidence, now, confidence), "gain": gain}


def _sentence(name: str, rows: list[dict[str, object]], tested: list[dict[str, object]]) -> str:
    first, last = rows[0], rows[-1]
    told = (
        f"{name}: {first['references']:.1f} -> {last['references']:.1f} references a set "
        f"({first['effective']:.1f} -> {last['effective']:.1f} effective)"
    )
    before, after = first["agreement"], last["agreement"]
    if isinstance(before, Estimate) and isinstance(after, Estimate) and None not in (before.value, after.value):
        told += f", in people's order {before.value:.3f} -> {after.value:.3f} of pairs"
    more = [row for row in tested if row["kind"] == "expanded"]
    said = Separated.said(more[-1]) if more else ""
    return f"{told}; {said}" if said else told
