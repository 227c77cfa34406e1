"""Outputs against disjoint parts of their references: what another draw of references would have given."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from geneval.agreement._correlations import Floats, Ints
from geneval.underestimation._known import Known
from geneval.underestimation._outputs import better_is_higher
from geneval_scorers import Answers, Queries, Ragged, ask_each

DRAWS = 20
"""Ways to part an item's references in two."""

MOST = 30_000
"""Questions; where all items make more, items are sampled."""


@dataclass(frozen=True, eq=False)
class Halves:
    """Scores of outputs against k references and against k others of the same item, in every draw, for k from 1 to half.

    Attributes:
        references: how many distinct references each of these items has, at least.
        items: their places.
        of_all: how many items people's words are about.
        mean: how many distinct references these have on average.
        item, system: of each output that is scored.
        answers: of each scorer.
        question: which question asks about it, [draws, 2, ks, outputs].
        scores: [scorers, draws, 2, ks, outputs], higher is better; NaN: no score.
    """

    references: int
    items: Ints
    of_all: int
    mean: float
    item: Ints
    system: Ints
    answers: tuple[Answers, ...]
    question: Ints
    scores: Floats

    @property
    def most(self) -> int:
        """The largest k."""
        return self.references // 2


def halves_of(known: Known) -> Halves | None:
    """Parts the references of the items that people spoke of; None where most have no two distinct ones."""
    evidence, outputs = known.evidence, known.outputs
    rows = _distinct(known)
    references = int(np.quantile([len(row) for row in rows.values()], 0.5, method="lower"))
    if references < 2:
        return None
    rng = np.random.default_rng(known.plan.seed)
    there = np.zeros(outputs.text.shape, bool)
    there[evidence.item, evidence.system] = True
    items = _sampled(np.asarray([i for i, row in rows.items() if len(row) >= references]), references, there, rng)
    place, system = np.nonzero(there[items])
    drawn = np.stack([[rng.permutation(rows[i])[:references] for i in items.tolist()] for _ in range(DRAWS)])
    queries, question = _questions(drawn, items, place, system, outputs.text)
    answers = tuple(ask_each(outputs.scorers, outputs.corpus, queries, what="asking halves of references"))
    scores = np.stack([better_is_higher(one.scorer, one.segment)[question] for one in answers])
    mean = float(np.mean([len(row) for row in rows.values()]))
    return Halves(references, items, len(rows), mean, items[place], system, answers, question, scores)


def _sampled(items: Ints, references: int, there: np.ndarray, rng: np.random.Generator) -> Ints:
    each = sum(min(2 * DRAWS, math.comb(references, k)) for k in range(1, references // 2 + 1))
    most = MOST // (each * there.shape[1])
    return np.sort(rng.choice(items, min(max(most, 30), len(items)), replace=False))


def _questions(drawn: Ints, items: Ints, place: Ints, system: Ints, text: Ints) -> tuple[Queries, Ints]:
    """Each output against each of its item's parts, each part once, and where these stand, [draws, 2, ks, outputs]."""
    most = drawn.shape[2] // 2
    asked, where, first = [], np.empty((len(drawn), 2, most, len(place)), np.int64), 0
    for k in range(1, most + 1):
        halves = np.stack([drawn[:, :, :k], drawn[:, :, most : most + k]], axis=1)
        key = np.empty((*halves.shape[:3], k + 1), np.int64)
        key[..., 0], key[..., 1:] = np.arange(len(items)), np.sort(halves, axis=3)
        parts, number = np.unique(key.reshape(-1, k + 1), axis=0, return_inverse=True)
        number = number.reshape(halves.shape[:3])[:, :, place]
        span = int(system.max()) + 1
        pairs, at = np.unique(number * span + system, return_inverse=True)
        where[:, :, k - 1] = first + at.reshape(number.shape)
        part, own = parts[pairs // span], items[parts[pairs // span, 0]]
        asked.append((own, text[own, pairs % span], part[:, 1:]))
        first += len(pairs)
    lengths = np.concatenate([np.full(len(own), part.shape[1]) for own, _, part in asked])
    references = Ragged.from_lengths(lengths, np.concatenate([part.ravel() for _, _, part in asked]))
    item = np.concatenate([own for own, _, _ in asked])
    candidates = Ragged.singles(np.concatenate([own for _, own, _ in asked]))
    return Queries(item, candidates, references, np.arange(first)), where


def _distinct(known: Known) -> dict[int, Ints]:
    """Each item's references, one of those that are equal after folding."""
    corpus = known.outputs.corpus
    out = {}
    for item in np.unique(known.evidence.item).tolist():
        row = corpus.references.row(item)
        out[item] = row[np.sort(np.unique(corpus.folded[row], return_index=True)[1])]
    return out
