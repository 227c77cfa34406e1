"""The human band: outputs in the role of references, and references in the role of outputs.

Of an item's references R and one output, T, every text t is scored against T without t and without one other text u:
M[t, u] = m(t; T - {t, u}). So an output and a reference r meet the same references: M[output, r] and M[r, output].
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from geneval.agreement._correlations import Floats, Ints
from geneval.underestimation._outputs import Outputs, better_is_higher
from geneval_scorers import Corpus, Queries, Ragged, Scorer, Subsets, ask_subsets

_PLACES = 5_000_000
"""So many references in subsets are written down together."""

_ITEMS = 500
"""The labels of so many items are drawn together: their gaps fit a processor's cache."""


@dataclass(frozen=True, slots=True, eq=False)
class Jagged:
    """Rows of unequal length in one array: row i is `values[offsets[i]:offsets[i + 1]]`."""

    offsets: Ints
    values: Floats

    @classmethod
    def of(cls, tables: Sequence[Floats]) -> Jagged:
        """The rows of tables, one table after the other; a row that holds a NaN is empty."""
        whole = [~np.isnan(table).any(axis=1) for table in tables]
        lengths = [table.shape[1] * mask for table, mask in zip(tables, whole, strict=True)]
        values = [table[mask].ravel() for table, mask in zip(tables, whole, strict=True)]
        return cls(np.cumsum(np.concatenate([[0], *lengths]), dtype=np.int64), np.concatenate([np.zeros(0), *values]))

    def __len__(self) -> int:
        """How many rows."""
        return len(self.offsets) - 1

    def __getitem__(self, row: int) -> Floats:
        """One of them."""
        return self.values[self.offsets[row] : self.offsets[row + 1]]

    def __iter__(self) -> Iterator[Floats]:
        """All of them."""
        return (self[row] for row in range(len(self)))

    @property
    def lengths(self) -> Ints:
        """Of every row."""
        return np.diff(self.offsets)

    @property
    def rows(self) -> Ints:
        """For every value, the row it stands in."""
        return np.repeat(np.arange(len(self)), self.lengths)

    def keep(self, mask: np.ndarray) -> Jagged:
        """Some of the rows."""
        offsets = np.cumsum(np.concatenate([[0], self.lengths[mask]]), dtype=np.int64)
        return Jagged(offsets, self.values[np.repeat(mask, self.lengths)])


@dataclass(frozen=True, eq=False)
class Band:
    """One system's outputs against the human band, item by item.

    Attributes:
        item: places.
        gaps: for each item what the others score above each text, it in the candidate's role: the mean over u of
            M[u, t] - M[t, u]; the output's last.
        of_output, of_reference: for each item M[output, r] and M[r, output], over r.
        level: for each item and r the mean of what the other references get without r; empty below three references.
    """

    item: Ints
    gaps: Jagged
    of_output: Jagged
    of_reference: Jagged
    level: Jagged

    @property
    def gap(self) -> Floats:
        """The output's gap, [items]."""
        return self.gaps.values[self.gaps.offsets[1:] - 1]

    def keep(self, items: Sequence[int]) -> Band:
        """Some of the items."""
        mask = np.isin(self.item, np.asarray(items, np.int64))
        if mask.all():
            return self
        rows = (one.keep(mask) for one in (self.gaps, self.of_output, self.of_reference, self.level))
        return Band(self.item[mask], *rows)

    def permuted(self, count: int, seed: int) -> tuple[float, float]:
        """See `permuted`."""
        return permuted([[self]], count, seed)[0][0]


def permuted(parts: Sequence[Sequence[Band]], count: int, seed: int) -> list[list[tuple[float, float]]]:
    """One-sided p-values of mean gaps: they are this high, or this low, if output and references are exchangeable.

    The label "output" goes to each of an item's texts with equal chances, and the whole statistic is taken anew; bands of
    the same items are looked at under the same labels.

    Args:
        parts: the same bands on one part of the items, then on others.
        count: of labellings.
        seed: of labels.

    Returns:
        For each band its p-values (high, low) on the first part, on the first two together, and so on.
    """
    out: list[list[tuple[float, float]]] = [[] for _ in parts[0]]
    alike: dict[bytes, list[int]] = {}
    for place in range(len(out)):
        key = b" ".join(array.tobytes() for part in parts for array in (part[place].item, part[place].gaps.offsets))
        alike.setdefault(key, []).append(place)
    for places in alike.values():
        rng, drawn = np.random.default_rng(seed), np.zeros((count, len(places)))
        seen, slack = np.zeros(len(places)), np.zeros(len(places))
        for part in parts:
            gaps = np.stack([part[place].gaps.values for place in places], axis=1)
            offsets = part[places[0]].gaps.offsets
            drawn += _relabelled(gaps, offsets, count, rng)
            seen += gaps[offsets[1:] - 1].sum(axis=0)
            # Equal sums may differ in the last digits.
            slack += 1e-12 * np.abs(gaps).sum(axis=0)
            high, low = (drawn >= seen - slack).sum(axis=0), (drawn <= seen + slack).sum(axis=0)
            for place, above, below in zip(places, high.tolist(), low.tolist(), strict=True):
                out[place].append(((1 + above) / (1 + count), (1 + below) / (1 + count)))
    return out


def _relabelled(gaps: Floats, offsets: Ints, count: int, rng: np.random.Generator) -> Floats:
    """Sums of the gaps of the texts that the label falls on, [draws, bands]."""
    from scipy import sparse

    drawn = np.zeros((count, gaps.shape[1]))
    for start in range(0, len(offsets) - 1, _ITEMS):
        ends = offsets[start : start + _ITEMS + 1]
        sizes, first = np.diff(ends), (ends[:-1] - ends[0]).astype(np.int32)
        place = np.empty((count, len(sizes)), np.int32)
        for size in np.unique(sizes).tolist():
            mine = np.flatnonzero(sizes == size)
            place[:, mine] = first[mine] + rng.integers(
                size, size=(count, len(mine)), dtype=np.uint32 if size > 256 else np.uint8
            )
        labels = (np.ones(place.size), place.ravel(), np.arange(0, place.size + 1, len(sizes)))
        drawn += sparse.csr_array(labels, shape=(count, int(ends[-1] - ends[0]))) @ gaps[ends[0] : ends[-1]]
    return drawn


@dataclass(frozen=True, eq=False)
class Exchange:
    """M of items that have equally many references, all systems; NaN where there is no output or no score.

    Attributes:
        items: places of the items.
        of_output: [items, systems, references] M[output, r].
        of_reference: [items, references] M[r, output]: the same for all systems.
        among: [items, references, references, systems] M[r, s] beside that system's output; 0 where r is s.
        without: [items, references, references] the same beside no output; all NaN below three references.
    """

    items: Ints
    of_output: Floats
    of_reference: Floats
    among: Floats
    without: Floats

    def gaps(self, system: int) -> Floats:
        """[items, texts], the output last."""
        output, among = self.of_output[:, system], self.among[..., system]
        theirs = (among.sum(axis=1) - among.sum(axis=2) + output - self.of_reference) / output.shape[1]
        return np.concatenate([theirs, (self.of_reference - output).mean(axis=1, keepdims=True)], axis=1)

    def levels(self) -> Floats:
        """[items, references]."""
        return np.asarray(self.without.sum(axis=1) / (self.without.shape[1] - 1))

    def held_out(self) -> Floats:
        """[items, references] the gap of each reference in the place of an output, its siblings in that of references."""
        return np.asarray((self.without.sum(axis=1) - self.without.sum(axis=2)) / (self.without.shape[1] - 1))


def exchanges(outputs: Outputs, scorers: Sequence[Scorer], systems: Sequence[int]) -> list[list[Exchange]]:
    """M of all items of two references or more, by scorer, then by number of references.

    Args:
        outputs: all.
        scorers: fitted.
        systems: whose outputs are exchanged with references.
    """
    lengths = outputs.corpus.references.lengths
    sizes = [size for size in np.unique(lengths).tolist() if size >= (2 if systems else 3)]
    groups = [_exchanged(outputs, scorers, systems, np.flatnonzero(lengths == size), size) for size in sizes]
    return [[group[place] for group in groups] for place in range(len(scorers))]


def _exchanged(
    outputs: Outputs, scorers: Sequence[Scorer], systems: Sequence[int], items: Ints, size: int
) -> list[Exchange]:
    asking = _Asking.of(size, len(systems))
    block = max(1, _PLACES // (asking.places.size + asking.fewer.size))
    found: list[list[list[Floats]]] = [[[], []] for _ in scorers]
    for start in range(0, len(items), block):
        answers = asking.ask(outputs, scorers, systems, items[start : start + block])
        for parts, answer in zip(found, answers, strict=True):
            for part, one in zip(parts, answer, strict=True):
                part.append(one)
    missing = outputs.text[np.ix_(items, np.asarray(systems, np.int64))] < 0
    out = []
    for scorer, (whole, fewer) in zip(scorers, found, strict=True):
        scores = [better_is_higher(scorer, np.concatenate(part)).reshape(len(items), -1) for part in (whole, fewer)]
        out.append(asking.exchange(items, scores[0], scores[1], missing))
    return out


@dataclass(frozen=True, slots=True, eq=False)
class _Asking:
    """What is asked about an item with so many references and systems.

    The questions are: each output against the references, then each reference against its siblings and all outputs. They
    are answered for subsets of these.

    Attributes:
        size, systems: how many.
        parents, places: the question of each subset of one text less than there are references, and what is in it.
        fewer_parents, fewer: the same for all siblings of a reference but one.
    """

    size: int
    systems: int
    parents: Ints
    places: Ints
    fewer_parents: Ints
    fewer: Ints

    @classmethod
    def of(cls, size: int, systems: int) -> _Asking:
        others = _others(size)
        # Where the references of each output's question, and of each reference's, begin.
        outputs = (np.arange(systems) * size)[:, None, None]
        references = systems * size + (np.arange(size) * (size - 1 + systems))[:, None, None]
        fewer = references + _others(size - 1)
        beside = references + (size - 1 + np.arange(systems))[None, :, None]
        shape = (size, size - 1, systems)
        exchanged = np.concatenate(
            [
                np.broadcast_to(fewer[:, :, None, :], (*shape, size - 2)),
                np.broadcast_to(beside[:, None, :, :], (*shape, 1)),
            ],
            axis=3,
        )
        own = references + np.arange(size - 1)
        theirs = np.concatenate([own, exchanged.reshape(size, -1, size - 1)], axis=1)
        places = np.concatenate([(outputs + others).reshape(-1, size - 1), theirs.reshape(-1, size - 1)])
        parents = np.repeat(np.arange(systems + size), [size] * systems + [theirs.shape[1]] * size)
        return cls(
            size,
            systems,
            parents,
            places,
            systems + np.repeat(np.arange(size), size - 1),
            fewer.reshape(size * (size - 1), size - 2),
        )

    def ask(
        self, outputs: Outputs, scorers: Sequence[Scorer], systems: Sequence[int], items: Ints
    ) -> list[list[Floats]]:
        """Scores by scorer: of subsets, and of fewer siblings."""
        size, count = self.size, len(items)
        texts = outputs.corpus.references.take(items).values.reshape(count, size)
        theirs = outputs.text[np.ix_(items, np.asarray(systems, np.int64))]
        # Where there is no output, some text stands in its place, and what it gets does not count.
        theirs = np.where(theirs < 0, texts[:, :1], theirs)
        siblings = texts[:, _others(size)]
        outputs_too = np.broadcast_to(theirs[:, None, :], (count, size, self.systems))
        beside = np.concatenate([siblings, outputs_too], axis=2).reshape(count, -1)
        values = np.concatenate([np.tile(texts, self.systems), beside], axis=1)
        lengths = np.tile([size] * self.systems + [size - 1 + self.systems] * size, count).astype(np.int64)
        item = np.repeat(items, self.systems + size)
        candidates = np.concatenate([theirs, texts], axis=1).ravel()
        queries = Queries(item, Ragged.singles(candidates), Ragged.from_lengths(lengths, values.ravel()), item)
        asked = [
            self._repeated(self.parents, self.places, count),
            *([self._repeated(self.fewer_parents, self.fewer, count)] if size > 2 else []),
        ]
        found = ask_subsets(scorers, outputs.corpus, queries, asked, what="asking the human band")
        return [[*row, *([np.full(count * 2, np.nan)] if size == 2 else [])] for row in found]

    def _repeated(self, parents: Ints, places: Ints, items: int) -> Subsets:
        number, width = np.arange(items), self.systems * self.size + self.size * (self.size - 1 + self.systems)
        every = (number * (self.systems + self.size))[:, None] + parents
        where = (number * width)[:, None, None] + places
        return Subsets.chosen(places.shape[1], every.ravel(), where.ravel())

    def exchange(self, items: Ints, whole: Floats, fewer: Floats, missing: np.ndarray) -> Exchange:
        """Puts scores where they belong."""
        size, systems, count = self.size, self.systems, len(items)
        others, each = _others(size), np.arange(size)[:, None]
        of_output = np.where(missing[:, :, None], np.nan, whole[:, : systems * size].reshape(count, systems, size))
        rest = whole[:, systems * size :].reshape(count, size, -1)
        among = np.zeros((count, size, size, systems))
        among[:, each, others] = rest[:, :, 1:].reshape(count, size, size - 1, systems)
        without = np.zeros((count, size, size))
        without[:, each, others] = fewer.reshape(count, size, size - 1)
        return Exchange(items, of_output, rest[:, :, 0], among, without)


def _others(size: int) -> Ints:
    """[size, size - 1] for each place all others."""
    every = np.arange(size)
    return np.stack([np.delete(every, place) for place in range(size)])


@dataclass(frozen=True, eq=False)
class Bands:
    """What one scorer does on all items.

    Attributes:
        by_system: bands.
        item: places of the items of three references or more.
        held_out: the gap of each of their references in the place of an output.
    """

    by_system: Mapping[int, Band]
    item: Ints
    held_out: Jagged


def bands_of(outputs: Outputs) -> list[Bands]:
    """The bands of every scorer and system; what needs no learning is asked together.

    Scorers that learn from references learn from references and outputs alike here, so that each may be exchanged; from
    those of all items, as what they learned for scoring stays the same on every part of the data.
    """
    every = range(len(outputs.systems))
    ready = [n for n, scorer in enumerate(outputs.asked) if not scorer.needs_fit]
    learning = [n for n, scorer in enumerate(outputs.asked) if scorer.needs_fit]
    found = dict(zip(ready, exchanges(outputs, [outputs.scorers[n] for n in ready], every), strict=True))
    bands = {n: {s: _band(parts, s) for s in every} for n, parts in found.items()} | {n: {} for n in learning}
    for system in every if learning else ():
        corpus = beside_references(outputs, system)
        scorers = [outputs.asked[n].fit(corpus) for n in learning]
        for n, parts in zip(learning, exchanges(outputs, scorers, [system]), strict=True):
            bands[n][system] = _band(parts, 0)
    if learning:
        found |= zip(learning, exchanges(outputs, [outputs.scorers[n] for n in learning], []), strict=True)
    return [_bands(bands[n], found[n]) for n in range(len(outputs.asked))]


def _bands(by_system: Mapping[int, Band], parts: Sequence[Exchange]) -> Bands:
    gaps = [part.held_out() for part in parts]
    held_out = Jagged.of(gaps)
    item = np.concatenate([np.zeros(0, np.int64), *(part.items for part in parts)])
    there = held_out.lengths > 0
    return Bands(by_system, item[there], held_out.keep(there))


def _band(parts: Sequence[Exchange], system: int) -> Band:
    gaps = [part.gaps(system) for part in parts]
    whole = [~np.isnan(one).any(axis=1) for one in gaps]
    item = np.concatenate([np.zeros(0, np.int64), *(p.items[w] for p, w in zip(parts, whole, strict=True))])

    def rows(tables: Sequence[Floats]) -> Jagged:
        return Jagged.of([table[mask] for table, mask in zip(tables, whole, strict=True)])

    of_output = rows([part.of_output[:, system] for part in parts])
    return Band(item, rows(gaps), of_output, rows([p.of_reference for p in parts]), rows([p.levels() for p in parts]))


def beside_references(outputs: Outputs, system: int) -> Corpus:
    """A system's outputs among the references of their items, which then all count as original."""
    corpus, text = outputs.corpus, outputs.text[:, system]
    references, there = corpus.references, text >= 0
    order = np.argsort(np.concatenate([references.rows, np.flatnonzero(there)]), kind="stable")
    values = np.concatenate([references.values, text[there]])[order]
    original = np.concatenate([corpus.reference_original, np.ones(there.sum(), bool)])[order]
    joined = Ragged.from_lengths(references.lengths + there, values)
    return corpus.learned_from(joined, original | there[joined.rows])
