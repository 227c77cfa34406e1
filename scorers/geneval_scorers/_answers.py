"""Asking a scorer many questions, in chunks of bounded memory; expected scores at k references."""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from geneval_references import UsageError
from geneval_scorers._answer_checks import aggregated, answered, check_rows, scored
from geneval_scorers._corpus import Corpus
from geneval_scorers._queries import Queries, distinct
from geneval_scorers._ragged import Bools, Floats, Ints, Ragged
from geneval_scorers._scorer import PairBased, PairScorer, Rows, Scorer

CHUNK = 4_000_000
"""How many characters of (candidate, reference) pairs are looked at together."""

DRAWS = 100
"""How many subsets of an item's references stand for all of them, where there are more."""

SEED = 12345


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What a scorer answered to questions.

    Attributes:
        scorer: the fitted scorer.
        queries: the questions.
        k: asked at so many references; None: against all of each question's.
        segment: segment scores, [questions]; NaN where there is none (`reason`).
        winner: the place of the winning reference in the question's list, -1 where none wins; or None.
        rows: statistics; question i has `draws[i]` of them from `starts[i]` on (one, unless asked at k).
        reason: "" where there is a score, else why not.
    """

    scorer: Scorer
    queries: Queries
    k: int | None
    segment: Floats
    winner: Ints | None
    rows: Rows
    starts: Ints
    draws: Ints
    reason: tuple[str, ...]

    @property
    def scored(self) -> Bools:
        """Which questions have a score."""
        return ~np.isnan(self.segment)

    def layers(self, questions: Ints) -> Iterator[Rows]:
        """Coordinated draws: layer d holds the d-th row of every question (those with fewer begin again)."""
        for layer in range(turns(self.draws[questions])):
            yield self.rows[self.starts[questions] + layer % self.draws[questions]]

    def corpus(self, questions: Ints | None = None, weights: Floats | None = None) -> float:
        """The corpus score over these questions (all by default), those without a score left out.

        Asked at k, it is the mean of the corpus scores of coordinated draws, never the score of mean statistics.
        NaN where no question has a score.

        Args:
            questions: which ones count.
            weights: how much each of them counts, aligned with `questions`; all once by default.
        """
        asked = np.arange(len(self.segment)) if questions is None else questions
        kept = self.scored[asked]
        if not kept.any():
            return math.nan
        shares = None if weights is None else weights[kept]
        layers = [aggregated(self.scorer, rows, shares) for rows in self.layers(asked[kept])]
        return math.fsum(layers) / len(layers)


def ask_all(scorer: Scorer, corpus: Corpus, queries: Queries, *, chunk: int = CHUNK, what: str = "scoring") -> Answers:
    """Answers every question against its whole list of references.

    Args:
        scorer: fitted, where it has to be.
        corpus: holds the texts.
        queries: a question without references gets no score (`no_reference`).
        chunk: characters of pairs of texts looked at together; it changes the memory needed and no number.
        what: told to the corpus's watcher.
    """
    _check_fitted(scorer)
    asked = np.flatnonzero(queries.references.lengths > 0)
    # In the order of items, so that one chunk holds all questions about an item's texts.
    asked = asked[np.argsort(queries.item[asked], kind="stable")]
    segment = np.full(len(queries), np.nan)
    winner = np.full(len(queries), -1, np.int64)
    wins = False
    rows: list[Rows] = []
    for part in _chunks(_sizes(corpus, queries)[asked], chunk):
        now = asked[part]
        answer = answered(scorer, corpus, queries.take(now))
        rows.append(answer.rows)
        segment[now] = scored(scorer, answer.rows)
        if answer.winner is not None:
            wins, winner[now] = True, answer.winner
        corpus.watch(f"{what} {scorer.label}", int(part[-1]) + 1, len(asked))
    place = np.zeros(len(queries), np.int64)
    place[asked] = np.arange(len(asked))
    reason = ["no_reference"] * len(queries)
    for i in asked.tolist():
        reason[i] = "" if not math.isnan(segment[i]) else "not_scored"
    return Answers(
        scorer,
        queries,
        None,
        segment,
        winner if wins else None,
        np.concatenate(rows) if rows else np.zeros((0, 1)),
        place,
        (queries.references.lengths > 0).astype(np.int64),
        tuple(reason),
    )


def expected_at(
    scorer: Scorer,
    corpus: Corpus,
    queries: Queries,
    k: int,
    *,
    seed: int = SEED,
    draws: int = DRAWS,
    make_distinct: bool = True,
    chunk: int = CHUNK,
) -> Answers:
    """The expected score at k: the mean over the k-subsets of each question's distinct references (methods: B2).

    Pair scorers with `best` have a closed form. Others are asked about every subset where there are at most `draws`
    of them, else about `draws` seeded ones. Subsets are drawn by (seed, item), so that all systems meet the same.
    A question with fewer than k references gets no score (`too_few_references`).

    Args:
        scorer: fitted, where it has to be.
        corpus: holds the texts.
        queries: the questions, with all their references.
        k: at least 1.
        seed: decides which subsets are drawn, and which draws go together at corpus level.
        draws: at most so many subsets of an item's references.
        make_distinct: references equal after folding count once; False takes them as they are.
        chunk: characters of pairs of texts looked at together.
    """
    if k < 1:
        raise UsageError(f"k={k} does not fit; expected scores are defined for k of 1 or more references")
    _check_fitted(scorer)
    if make_distinct:
        queries = distinct(corpus, queries)
    asked = np.flatnonzero(queries.references.lengths >= k)
    subsets = _Subsets(corpus, queries.take(asked), k, seed, draws)
    if isinstance(scorer, PairScorer) and scorer.info.mean:
        part = _exactly(scorer, corpus, queries.take(asked), k, chunk)
    else:
        part = _over_subsets(scorer, corpus, queries.take(asked), subsets, chunk)
    segment = np.full(len(queries), np.nan)
    segment[asked] = part.segment
    starts, counts = np.zeros(len(queries), np.int64), np.zeros(len(queries), np.int64)
    starts[asked], counts[asked] = part.starts, part.draws
    reason = np.full(len(queries), "too_few_references", object)
    reason[asked] = part.reason
    return Answers(scorer, queries, k, segment, None, part.rows, starts, counts, tuple(reason.tolist()))


def turns(counts: Ints) -> int:
    """How many turns let cycles of these lengths play together so that each plays all its parts equally often.

    That is their least common multiple. Where it is above `DRAWS`, the longest cycle decides, and the parts of shorter
    ones differ by one turn at most; which ones get it is up to the seed that ordered them.
    """
    every = math.lcm(*np.unique(counts).tolist())
    return every if every <= DRAWS else int(counts.max())


def _check_fitted(scorer: Scorer) -> None:
    if scorer.needs_fit:
        raise UsageError(f"{scorer!r} has to learn from references first: scorer = scorer.fit(corpus)")


def _sizes(corpus: Corpus, queries: Queries) -> Ints:
    """Characters of each question's (candidate, reference) pairs."""
    references, candidates = queries.references, queries.candidates
    own = np.bincount(candidates.rows, corpus.lengths[candidates.values], minlength=len(queries))
    theirs = np.bincount(references.rows, corpus.lengths[references.values], minlength=len(queries))
    return np.asarray(own * references.lengths + theirs, np.int64)


def _chunks(sizes: Ints, most: int) -> Iterator[Ints]:
    """Consecutive places, as many at a time as have together at most `most` (one at least)."""
    ends = np.cumsum(sizes)
    start = 0
    while start < len(sizes):
        before = int(ends[start - 1]) if start else 0
        stop = max(int(np.searchsorted(ends, before + most, side="right")), start + 1)
        yield np.arange(start, stop, dtype=np.int64)
        start = stop


def _exactly(scorer: PairScorer, corpus: Corpus, queries: Queries, k: int, chunk: int) -> Answers:
    """All of E@k in closed form: of a pair scorer whose corpus score is a mean."""
    segment = np.full(len(queries), np.nan)
    for part in _chunks(_sizes(corpus, queries), chunk):
        now = queries.take(part)
        segment[part] = _closed_form(scorer, scorer.pairs(corpus, now), now.references, k)
        corpus.watch(f"expected at {k} {scorer.label}", int(part[-1]) + 1, len(queries))
    one = np.ones(len(queries), np.int64)
    reason = tuple("not_scored" if math.isnan(value) else "" for value in segment.tolist())
    return Answers(scorer, queries, k, segment, None, segment.reshape(-1, 1), np.arange(len(queries)), one, reason)


def _closed_form(scorer: PairScorer, rows: Rows, references: Ragged, k: int) -> Floats:
    """E@k of the best of k references: sum over the sorted scores of s_(i) C(i-1, k-1) / C(n, k), i = k..n.

    The mean over references is the same at every k.
    """
    scores = scored(scorer, rows)
    sign = 1.0 if scorer.info.direction == "higher" else -1.0
    scores = scores[np.lexsort((sign * scores, references.rows))]
    mean = scorer.reduction == "mean"
    weights = 1.0 / references.lengths[references.rows] if mean else _best_weights(references, k)
    return np.asarray([math.fsum(row) for row in np.split(weights * scores, references.offsets[1:-1])], np.float64)


def _best_weights(references: Ragged, k: int) -> Floats:
    """C(i-1, k-1) / C(n, k) for the i-th smallest of n, in every row."""
    tables = {
        n: np.asarray([math.comb(i, k - 1) / math.comb(n, k) for i in range(n)])
        for n in np.unique(references.lengths).tolist()
    }
    return np.concatenate([np.zeros(0), *(tables[n] for n in references.lengths.tolist())])


class _Subsets:
    """Which k of its references each question is asked about, by (seed, item).

    The references stand in alphabetical order, so that no shuffling of the input changes a number.
    """

    def __init__(self, corpus: Corpus, queries: Queries, k: int, seed: int, draws: int) -> None:
        self.corpus, self.item, self.k, self.seed, self.draws = corpus, queries.item, k, seed, draws
        self.sizes = queries.references.lengths
        self.counts = np.asarray([min(math.comb(n, k), draws) for n in self.sizes.tolist()], np.int64)
        self.known: dict[tuple[int, int], Ints] = {}

    def of(self, question: int) -> Ints:
        """[subsets, k] places in the question's list of references."""
        item, n = int(self.item[question]), int(self.sizes[question])
        key = (item, n)
        if key not in self.known:
            if len(self.known) > len(self.item) // 4 + 1000:
                self.known.clear()
            self.known[key] = self._draw(item, n)
        return self.known[key]

    def _draw(self, item: int, n: int) -> Ints:
        if n == self.k:
            return np.arange(n, dtype=np.int64).reshape(1, n)
        name = hashlib.blake2b(f"{self.seed}\0{self.corpus.ids[item]}".encode(), digest_size=8).digest()
        rng = np.random.default_rng(int.from_bytes(name, "big"))
        if math.comb(n, self.k) <= self.draws:
            # Every subset once; the shuffled places decide which draws go together at corpus level.
            every = np.asarray(list(itertools.combinations(range(n), self.k)), np.int64)
            return np.sort(rng.permutation(n)[every], axis=1)
        return np.sort(np.argsort(rng.random((self.draws, n)), axis=1)[:, : self.k], axis=1)


def _over_subsets(scorer: Scorer, corpus: Corpus, queries: Queries, subsets: _Subsets, chunk: int) -> Answers:
    """Asks about every subset; segment scores are means over an item's subsets.

    The best of k has its closed form here too (chrF): draws then serve its corpus score alone. Where the corpus score
    is a mean, the segment scores are all it needs.
    """
    rows: list[Rows] = []
    segment = np.full(len(queries), np.nan)
    # A subset costs its share of the question's pairs, and the whole list is looked at once.
    shares = _sizes(corpus, queries) * (1 + subsets.counts * subsets.k // queries.references.lengths)
    for part in _chunks(shares, chunk):
        now = queries.take(part)
        tables = [subsets.of(question) for question in part.tolist()]
        counts = subsets.counts[part]
        places = np.concatenate([table.ravel() for table in tables])
        starts = np.repeat(now.references.offsets[:-1], counts * subsets.k)
        chosen = Ragged.from_lengths(np.full(int(counts.sum()), subsets.k, np.int64), starts + places)
        if isinstance(scorer, PairBased):
            pairs = scorer.pairs(corpus, now)
            got = scorer.combine(pairs[chosen.values], chosen).rows
            check_rows(scorer, got, len(chosen), "questions")
        else:
            parents = np.repeat(np.arange(len(part)), counts)
            references = Ragged(chosen.offsets, now.references.values[chosen.values])
            got = answered(scorer, corpus, now.take(parents).with_references(references)).rows
        rows.append(got)
        if isinstance(scorer, PairScorer):
            segment[part] = _closed_form(scorer, pairs, now.references, subsets.k)
        else:
            means = np.split(scored(scorer, got), np.cumsum(counts)[:-1])
            segment[part] = [math.fsum(row) / len(row) for row in means]
        corpus.watch(f"expected at {subsets.k} {scorer.label}", int(part[-1]) + 1, len(queries))
    starts = np.cumsum(subsets.counts) - subsets.counts
    reason = tuple("not_scored" if math.isnan(value) else "" for value in segment.tolist())
    every = np.concatenate(rows) if rows else np.zeros((0, 1))
    counts = subsets.counts
    if scorer.info.mean:
        every, starts, counts = segment.reshape(-1, 1), np.arange(len(queries)), np.ones(len(queries), np.int64)
    return Answers(scorer, queries, subsets.k, segment, None, every, starts, counts, reason)
