"""Reference sets of growing tiers for a sample of the judged items, and a corpus that holds all of their texts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from geneval.agreement._correlations import Floats, Ints
from geneval.underestimation._known import Known
from geneval.underestimation._outputs import better_is_higher
from geneval_references import TIERS, Reference, ReferenceSet, fold
from geneval_scorers import Corpus, Queries, Ragged, ask_each, expected_at_each

MOST = 500
"""Items that tiers are compared on; of more, so many are drawn."""


@dataclass(frozen=True, eq=False)
class TierSets:
    """What tiers are compared on.

    Attributes:
        known: cleaned data.
        items: places of the items, each with an original reference.
        tiers: those that are there, the strongest evidence first; column c counts the first c + 1.
        references: [items] their references of these tiers, each text once; none that a system wrote.
        drawn: whether there are more items than these.
    """

    known: Known
    items: Ints
    tiers: Sequence[str]
    references: Sequence[Sequence[Reference]]
    drawn: bool

    @property
    def columns(self) -> list[str]:
        """Names."""
        return ["+".join(self.tiers[: c + 1]) for c in range(len(self.tiers))]

    def texts(self, column: int) -> list[list[str]]:
        """Of each item, those that count."""
        counted = set(self.tiers[: column + 1])
        return [[r.text for r in row if r.tier in counted] for row in self.references]

    @cached_property
    def corpus(self) -> Corpus:
        """All references and outputs of these items."""
        outputs = self.known.outputs
        sets, rows = [], []
        for place, references in zip(self.items.tolist(), self.references, strict=True):
            item = outputs.items[place]
            sets.append(ReferenceSet(item.id, tuple(references), item.source, item.condition))
            own = outputs.text[place].tolist()
            rows += [
                (item.id, name, outputs.corpus.texts[text], 0)
                for name, text in zip(outputs.systems, own, strict=True)
                if text >= 0
            ]
        return Corpus(sets, rows, extra=[s.source for s in sets if s.source], watch=self.known.watch)

    def text(self, item: int, system: int) -> str:
        """An output of the item at a place in `items`."""
        outputs = self.known.outputs
        return str(outputs.corpus.texts[outputs.text[self.items[item], system]])

    def asked(self, item: Ints, system: Ints, references: Sequence[Sequence[str]]) -> Queries:
        """Outputs, by places in `items` and among systems, each against references of its own."""
        index = self.corpus.index
        own = np.asarray(
            [index(self.text(i, s)) for i, s in zip(item.tolist(), system.tolist(), strict=True)], np.int64
        )
        beside = Ragged.of([[index(text) for text in row] for row in references])
        return Queries(item, Ragged.singles(own), beside, np.arange(len(item), dtype=np.int64))

    def scores(self, queries: Queries) -> Floats:
        """[scorers, questions], higher is better."""
        scorers = self.known.outputs.scorers
        found = ask_each(scorers, self.corpus, queries, what="scoring by tier")
        return np.stack([better_is_higher(one.scorer, one.segment) for one in found])

    def expected(self, queries: Queries, k: Ints, draws: int) -> Floats:
        """The same at each question's own number of references, [scorers, questions]."""
        scorers, seed = self.known.outputs.scorers, self.known.plan.seed
        out = np.full((len(scorers), len(queries)), np.nan)
        for size in np.unique(k).tolist():
            at = np.flatnonzero(k == size)
            found = expected_at_each(scorers, self.corpus, queries.take(at), [size], seed=seed, draws=draws)
            out[:, at] = [better_is_higher(one.scorer, one.segment) for (one,) in found]
        return out


def tier_sets_of(known: Known) -> TierSets | str:
    """The judged items that have original references; a sentence where there is nothing to compare."""
    sets = {item.id: item for item in known.inputs.items}
    judged = np.unique(known.evidence.item)
    mine = {int(i): sets[known.outputs.items[i].id] for i in judged}
    if len({r.tier for item in mine.values() for r in item.references} - {"unverified"}) < 2:
        return _of_one_tier({r.tier for item in mine.values() for r in item.references} - {"unverified"})
    rows = {i: _counting(item) for i, item in mine.items()}
    with_original = [i for i, row in rows.items() if any(r.tier == "original" for r in row)]
    there = {r.tier for i in with_original for r in rows[i]}
    tiers = [tier for tier in TIERS if tier in there]
    if len(tiers) < 2:
        return _of_one_tier(there)
    items = np.asarray(with_original, np.int64)
    if len(items) > MOST:
        items = np.sort(np.random.default_rng(known.plan.seed).choice(items, MOST, replace=False))
    return TierSets(known, items, tiers, [rows[i] for i in items.tolist()], len(with_original) > len(items))


def _of_one_tier(tiers: Collection[str]) -> str:
    if not tiers:
        return "judged items have no original reference: there is nothing to compare other tiers with"
    return f"the references of judged items are of one tier ({', '.join(tiers)}): there is nothing to compare"


def _counting(item: ReferenceSet) -> list[Reference]:
    """References by people, each text once, by the strongest evidence; unverified ones never count."""
    ordered = sorted(item.references, key=lambda r: TIERS.index(r.tier))
    kept: dict[str, Reference] = {}
    for reference in ordered:
        if reference.tier != "unverified" and reference.text.strip() and not reference.origin.startswith("output:"):
            kept.setdefault(fold(reference.text), reference)
    return list(kept.values())
