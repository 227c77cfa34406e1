"""The human band: outputs in the role of references, and references in the role of outputs.

Of an item's references and one output, T, every text t is scored against T without t and without one other text u:
M[t, u] = m(t; T - {t, u}). So an output and a reference r meet the same references: M[output, r] and M[r, output].
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from geneval.agreement._correlations import Floats, Ints
from geneval.underestimation._outputs import Outputs, better_is_higher
from geneval_references import Reference, ReferenceSet
from geneval_scorers import Corpus, Queries, Ragged, Scorer, ask_each


@dataclass(frozen=True, slots=True, eq=False)
class Exchange:
    """M of items that have equally many texts.

    Attributes:
        items: places of the items.
        table: [items, texts, texts]; NaN on the diagonal. The output is the last text, where there is one.
    """

    items: Ints
    table: Floats

    @property
    def gaps(self) -> Floats:
        """[items, texts] what the others score above each text, it in the candidate's role: the mean over u of M[u, t] - M[t, u]."""
        return np.asarray(np.nanmean(self.table.transpose(0, 2, 1) - self.table, axis=2), np.float64)


def exchanges(scorer: Scorer, corpus: Corpus, texts: Mapping[int, Ints]) -> Iterator[Exchange]:
    """M of each item, the items with equally many texts together; items with fewer than three texts have none."""
    sizes: dict[int, list[int]] = {}
    for item, row in texts.items():
        if len(row) >= 3:
            sizes.setdefault(len(row), []).append(item)
    for size, items in sorted(sizes.items()):
        place = np.asarray(items, np.int64)
        rows = np.stack([texts[item] for item in items])
        one, other, rest = _orders(size)
        asked = Queries(
            np.repeat(place, len(one)),
            Ragged.singles(rows[:, one].ravel()),
            Ragged.from_lengths(np.full(len(items) * len(one), size - 2, np.int64), rows[:, rest].ravel()),
            np.repeat(place, len(one)),
        )
        found = ask_each([scorer], corpus, asked, what="asking the human band")[0].segment
        table = np.full((len(items), size, size), np.nan)
        table[:, one, other] = better_is_higher(scorer, found).reshape(len(items), -1)
        whole = ~np.isnan(table[:, one, other]).any(axis=1)
        yield Exchange(place[whole], table[whole])


def _orders(size: int) -> tuple[Ints, Ints, Ints]:
    """Each text, each other text, and the rest."""
    pairs = [(t, u) for t in range(size) for u in range(size) if t != u]
    rest = [[v for v in range(size) if v not in pair] for pair in pairs]
    one, other = np.asarray(pairs, np.int64).T
    return one, other, np.asarray(rest, np.int64)


@dataclass(frozen=True, eq=False)
class Band:
    """One system's outputs against the human band, item by item.

    Attributes:
        item: places.
        gaps: for each item the gap of each text in the candidate's role, the output's last.
        of_output, of_reference: for each item M[output, r] and M[r, output], over r.
        level: for each item and r the mean of what the other references get without r; empty below three references.
    """

    item: Ints
    gaps: Sequence[Floats]
    of_output: Sequence[Floats]
    of_reference: Sequence[Floats]
    level: Sequence[Floats]

    @property
    def gap(self) -> Floats:
        """The output's gap, [items]."""
        return np.asarray([gaps[-1] for gaps in self.gaps])

    def permuted(self, count: int, seed: int) -> tuple[float, float]:
        """One-sided p-values of the mean gap: it is this high, or this low, if output and references are exchangeable.

        The label "output" goes to each of an item's texts with equal chances, and the whole statistic is taken anew.
        """
        rng = np.random.default_rng(seed)
        seen, drawn = 0.0, np.zeros(count)
        for size in sorted({len(gaps) for gaps in self.gaps}):
            table = np.stack([gaps for gaps in self.gaps if len(gaps) == size])
            seen += float(table[:, -1].sum())
            for row in table:
                drawn += row[rng.integers(size, size=count)]
        slack = 1e-9 * max(abs(seen), 1e-300)
        high = (1 + int((drawn >= seen - slack).sum())) / (1 + count)
        low = (1 + int((drawn <= seen + slack).sum())) / (1 + count)
        return high, low


def band_of(outputs: Outputs, number: int, place: int, items: Sequence[int]) -> Band:
    """The band of one system under one scorer.

    Scorers that learn from references learn from references and outputs alike here, so that each may be exchanged.

    Args:
        outputs: all.
        number: the scorer's place.
        place: the system's.
        items: those that count.
    """
    corpus, scorer = outputs.corpus, outputs.asked[number]
    mine = [item for item in items if outputs.text[item, place] >= 0]
    texts = {i: np.append(corpus.references.row(i), outputs.text[i, place]) for i in mine}
    if scorer.needs_fit:
        scorer = scorer.fit(Corpus([_joined(outputs, i, texts.get(i)) for i in range(len(outputs.items))]))
    parts = list(exchanges(scorer, corpus, texts))
    levels = levels_of(scorer, corpus, {i: corpus.references.row(i) for i in mine})
    found = [
        (int(i), gaps, table)
        for part in parts
        for i, gaps, table in zip(part.items, part.gaps, part.table, strict=True)
    ]
    return Band(
        np.asarray([i for i, _, _ in found], np.int64),
        [gaps for _, gaps, _ in found],
        [table[-1, :-1] for _, _, table in found],
        [table[:-1, -1] for _, _, table in found],
        [levels.get(i, np.zeros(0)) for i, _, _ in found],
    )


def levels_of(scorer: Scorer, corpus: Corpus, texts: Mapping[int, Ints]) -> dict[int, Floats]:
    """For each reference of an item what its siblings score without it: how easy the item is, the same for both sides."""
    return {
        int(item): np.nanmean(table, axis=0)
        for part in exchanges(scorer, corpus, texts)
        for item, table in zip(part.items, part.table, strict=True)
    }


def _joined(outputs: Outputs, item: int, texts: Ints | None) -> ReferenceSet:
    given = outputs.items[item]
    if texts is None:
        return given
    return ReferenceSet(given.id, tuple(Reference(outputs.corpus.texts[t]) for t in texts), given.source)
