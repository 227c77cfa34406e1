"""Asking a scorer many questions, in chunks of bounded memory; expected scores at k references."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from geneval_references import UsageError
from geneval_scorers._answer_checks import aggregated, answered, check_rows, guarded, scored
from geneval_scorers._corpus import Corpus
from geneval_scorers._queries import Queries, distinct
from geneval_scorers._ragged import Bools, Floats, Ints, Ragged, group_sum
from geneval_scorers._scorer import PairScorer, Rows, Scorer
from geneval_scorers._subsets import DRAWS, SEED, Subsets, best_of_k_weights, item_keys

CHUNK = 1_000_000
"""How many characters of (candidate, reference) pairs are looked at together: what fits a processor's cache."""


FAILED = ("not_scored", "too_long", "no_image")
"""Reasons that are the scorer's: it was asked, and gave no score."""


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
        reason: "" where there is a score, else why not: `no_reference`, `too_few_references`, `too_few_outputs`,
            or one of `FAILED`.
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
    def failed(self) -> Bools:
        """Which questions the scorer was asked and gave no score."""
        return np.asarray([reason in FAILED for reason in self.reason], bool)

    @property
    def scored(self) -> Bools:
        """Which questions have a score."""
        return ~np.isnan(self.segment)

    def layers(self, questions: Ints) -> Iterator[Rows]:
        """Coordinated draws: layer d holds the d-th row of every question (those with fewer begin again)."""
        for layer in range(turns(self.draws[questions])):
            places = self.starts[questions] + layer % self.draws[questions]
            whole = len(places) == len(self.rows) and bool((np.diff(places) == 1).all())
            yield self.rows if whole else self.rows[places]

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
    """Answers every question against its whole list of references; see `ask_each`."""
    return ask_each([scorer], corpus, queries, chunk=chunk, what=what)[0]


def ask_each(
    scorers: Sequence[Scorer], corpus: Corpus, queries: Queries, *, chunk: int = CHUNK, what: str = "scoring"
) -> list[Answers]:
    """Every scorer's answers to every question, against its whole list of references.

    All scorers are asked about one chunk of questions, then about the next, so that they share what they count.

    Args:
        scorers: fitted, where they have to be.
        corpus: holds the texts.
        queries: a question without references gets no score (`no_reference`).
        chunk: characters of pairs of texts looked at together; it changes the memory needed and no number.
        what: told to the corpus's watcher.
    """
    _check_fitted(scorers)
    asked = _in_order(queries, np.flatnonzero(queries.references.lengths > 0))
    found = [_Found(scorer, queries) for scorer in scorers]
    for part in _chunks(_sizes(corpus, queries)[asked], chunk):
        now = asked[part]
        questions = queries.take(now)
        for one in found:
            answer = answered(one.scorer, corpus, questions)
            one.add(now, answer.rows, scored(one.scorer, answer.rows), answer.winner)
        corpus.watch(what, int(part[-1]) + 1, len(asked))
    return [one.answers(corpus, None, asked, "no_reference") for one in found]


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
    """The expected score at k; see `expected_at_each`."""
    options = {"seed": seed, "draws": draws, "chunk": chunk}
    return expected_at_each([scorer], corpus, queries, [k], make_distinct=make_distinct, **options)[0][0]


def expected_at_each(
    scorers: Sequence[Scorer],
    corpus: Corpus,
    queries: Queries,
    ks: Sequence[int],
    *,
    seed: int = SEED,
    draws: int = DRAWS,
    make_distinct: bool = True,
    chunk: int = CHUNK,
) -> list[list[Answers]]:
    """Expected scores at k: the mean over the k-subsets of each question's distinct references (methods: B2).

    Pair scorers with `best` have a closed form. Others are asked about every subset where there are at most `draws`
    of them, else about `draws` seeded ones. Subsets are drawn by (seed, item), so that all systems meet the same.
    A question with fewer than k references gets no score (`too_few_references`).

    Args:
        scorers: fitted, where they have to be.
        corpus: holds the texts.
        queries: the questions, with all their references.
        ks: numbers of references, at least 1 each.
        seed: decides which subsets are drawn, and which draws go together at corpus level.
        draws: at most so many subsets of an item's references.
        make_distinct: references equal after folding count once; False takes them as they are.
        chunk: characters of pairs of texts looked at together.

    Returns:
        For each scorer its answers at each k.
    """
    for k in ks:
        if k < 1:
            raise UsageError(f"k={k} does not fit; expected scores are defined for k of 1 or more references")
    _check_fitted(scorers)
    if not ks:
        return [[] for _ in scorers]
    if make_distinct:
        queries = distinct(corpus, queries)
    sizes = queries.references.lengths
    asked = _in_order(queries, np.flatnonzero(sizes >= min(ks)))
    queries_asked = queries.take(asked)
    keys = item_keys(corpus, queries_asked, seed)
    found = [[_Found(scorer, queries) for _ in ks] for scorer in scorers]
    # A reference in a subset is looked up, which takes far less room than a text.
    looks = _largest(queries_asked, ks, draws) // (8 * queries_asked.references.lengths)
    shares = _sizes(corpus, queries_asked) * (1 + looks)
    for part in _chunks(shares, chunk):
        questions = queries_asked.take(part)
        drawn = [Subsets(questions, keys[part], k, draws) for k in ks]
        for row in found:
            _expect(row, corpus, questions, asked[part], drawn)
        corpus.watch("expected scores", int(part[-1]) + 1, len(asked))
    at = [asked[queries_asked.references.lengths >= k] for k in ks]
    return [
        [one.answers(corpus, k, now, "too_few_references") for one, k, now in zip(row, ks, at, strict=True)]
        for row in found
    ]


def ask_subsets(
    scorers: Sequence[Scorer],
    corpus: Corpus,
    queries: Queries,
    subsets: Sequence[Subsets],
    *,
    chunk: int = CHUNK,
    what: str = "scoring",
) -> list[list[Floats]]:
    """Every scorer's segment scores of some questions against chosen subsets of their references.

    What a text shares with a reference is counted once, whatever the subsets.

    Args:
        scorers: fitted, where they have to be.
        corpus: holds the texts.
        queries: the questions, those of an item side by side, with all references that any subset takes.
        subsets: of one size each.
        chunk: characters of pairs of texts looked at together.
        what: told to the corpus's watcher.

    Returns:
        For each scorer and each of `subsets` an array, [subsets]; NaN where there is no score.
    """
    _check_fitted(scorers)
    found: list[list[list[Floats]]] = [[[np.zeros(0)] for _ in subsets] for _ in scorers]
    looks = sum(8 * one.k * np.bincount(one.parents, minlength=len(queries)) for one in subsets)
    for part in _chunks(_sizes(corpus, queries) + looks, chunk):
        start, stop = int(part[0]), int(part[-1]) + 1
        questions = queries.take(part)
        chosen = [one.between(queries, start, stop) for one in subsets]
        for scorer, row in zip(scorers, found, strict=True):
            for scores, now in zip(row, _among(scorer, corpus, questions, chosen), strict=True):
                scores.append(now)
        corpus.watch(what, stop, len(queries))
    return [[np.concatenate(scores) for scores in row] for row in found]


def _among(scorer: Scorer, corpus: Corpus, queries: Queries, subsets: Sequence[Subsets]) -> list[Floats]:
    if isinstance(scorer, PairScorer):
        with guarded(scorer):
            pairs = scorer.known_pairs(corpus, queries)
        scores = scored(scorer, pairs)
        return [_reduced(scorer, scores[one.references.values.reshape(-1, one.k)]) for one in subsets]
    out = []
    for one in subsets:
        with guarded(scorer):
            rows = scorer.at_subsets(corpus, queries, one)
        check_rows(scorer, rows, len(one.parents), "questions")
        out.append(scored(scorer, rows))
    return out


def _reduced(scorer: PairScorer, scores: Floats) -> Floats:
    """The best of each row, or its mean, added from the lowest up so that the order of references shows in no bit."""
    if scorer.reduction == "mean":
        return np.asarray(np.sort(scores, axis=1).mean(axis=1))
    return np.asarray(scores.max(axis=1) if scorer.info.direction == "higher" else scores.min(axis=1))


def _largest(queries: Queries, ks: Sequence[int], draws: int) -> Ints:
    """References in all subsets that a question is asked about at its most expensive k."""
    sizes, where = np.unique(queries.references.lengths, return_inverse=True)
    most = [max(min(math.comb(n, k), draws) * k for k in ks) for n in sizes.tolist()]
    return np.asarray(most, np.int64)[where]


def _expect(found: list[_Found], corpus: Corpus, queries: Queries, asked: Ints, drawn: list[Subsets]) -> None:
    """Asks one scorer about the subsets of some questions, at every k."""
    scorer = found[0].scorer
    closed = _BestOfK(scorer, corpus, queries) if isinstance(scorer, PairScorer) else None
    for one, subsets in zip(found, drawn, strict=True):
        enough = subsets.questions
        if closed and scorer.info.mean:
            segment = closed.at(subsets.k)[enough]
            one.add(asked[enough], segment.reshape(-1, 1), segment)
            continue
        with guarded(scorer):
            rows = scorer.at_subsets(corpus, queries, subsets)
        check_rows(scorer, rows, len(subsets.parents), "questions")
        if closed:
            segment = closed.at(subsets.k)[enough]
        else:
            owner = Ragged.from_lengths(subsets.counts, np.arange(len(rows), dtype=np.int64))
            segment = group_sum(scored(scorer, rows), owner) / subsets.counts
        if scorer.info.mean:
            one.add(asked[enough], segment.reshape(-1, 1), segment)
        else:
            one.add(asked[enough], rows, segment, draws=subsets.counts)


class _BestOfK:
    """E@k of a pair scorer in closed form: sum over the sorted scores of s_(i) C(i-1, k-1) / C(n, k), i = k..n.

    The mean over references is the same at every k.
    """

    def __init__(self, scorer: PairScorer, corpus: Corpus, queries: Queries) -> None:
        self.references, self.mean = queries.references, scorer.reduction == "mean"
        with guarded(scorer):
            rows = scorer.known_pairs(corpus, queries)
        scores = scored(scorer, rows)
        sign = 1.0 if scorer.info.direction == "higher" else -1.0
        self.scores = scores[np.lexsort((sign * scores, queries.references.rows))]

    def at(self, k: int) -> Floats:
        """[questions]; what it is for questions with fewer than k references means nothing."""
        if self.mean:
            return group_sum(self.scores, self.references) / self.references.lengths
        return group_sum(best_of_k_weights(self.references, k) * self.scores, self.references)


class _Found:
    """Answers of one scorer as they come, chunk by chunk."""

    def __init__(self, scorer: Scorer, queries: Queries) -> None:
        self.scorer, self.queries = scorer, queries
        self.segment = np.full(len(queries), np.nan)
        self.winner: Ints | None = None
        self.draws = np.zeros(len(queries), np.int64)
        self.starts = np.zeros(len(queries), np.int64)
        self.rows: list[Rows] = []
        self.count = 0

    def add(
        self, asked: Ints, rows: Rows, segment: Floats, winner: Ints | None = None, draws: Ints | None = None
    ) -> None:
        """Takes rows for these questions, one each or as many as `draws` says."""
        many = np.ones(len(asked), np.int64) if draws is None else draws
        self.segment[asked] = segment
        self.draws[asked] = many
        self.starts[asked] = self.count + np.cumsum(many) - many
        self.rows.append(rows)
        self.count += len(rows)
        if winner is not None:
            if self.winner is None:
                self.winner = np.full(len(self.queries), -1, np.int64)
            self.winner[asked] = winner

    def answers(self, corpus: Corpus, k: int | None, asked: Ints, otherwise: str) -> Answers:
        reason = np.full(len(self.queries), otherwise, object)
        reason[asked] = ""
        silent = asked[np.isnan(self.segment[asked])]
        reason[silent] = "not_scored"
        if len(silent) and self.scorer.longest is not None:
            reason[silent[self.scorer.too_long(corpus, self.queries)[silent]]] = "too_long"
        reason[silent[self.queries.candidates.lengths[silent] < self.scorer.fewest]] = "too_few_outputs"
        if len(silent):
            reason[silent[self.scorer.no_image(corpus, self.queries.take(silent))]] = "no_image"
        rows = np.concatenate(self.rows) if self.rows else np.zeros((0, 1))
        why = tuple(reason.tolist())
        return Answers(self.scorer, self.queries, k, self.segment, self.winner, rows, self.starts, self.draws, why)


def turns(counts: Ints) -> int:
    """How many turns let cycles of these lengths play together so that each plays all its parts equally often.

    That is their least common multiple. Where it is above `DRAWS`, the longest cycle decides, and the parts of shorter
    ones differ by one turn at most; which ones get it is up to the seed that ordered them.
    """
    every = math.lcm(*np.unique(counts).tolist())
    return every if every <= DRAWS else int(counts.max())


def _check_fitted(scorers: Sequence[Scorer]) -> None:
    for scorer in scorers:
        if scorer.needs_fit:
            raise UsageError(f"{scorer!r} has to learn from references first: scorer = scorer.fit(corpus)")


def _in_order(queries: Queries, asked: Ints) -> Ints:
    """In the order of items, so that one chunk holds all questions about an item's texts."""
    return asked[np.argsort(queries.item[asked], kind="stable")]


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
