"""What a candidate looks like beside the accepted references of its item.

Omission, addition and distortion are those of content units: the core is what half of the references say or more, the
halo what any of them says. No feature knows a verdict.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import LCSseq

from geneval_references._errors import UsageError
from geneval_references._fold import fold
from geneval_references._protocols import Encoder, Entailment
from geneval_references.gate._units import Units, opposed, units

Floats = npt.NDArray[np.float64]

NGRAM, RULES, PROPOSERS = "n-gram", "rules", "proposers"
"""Families of features that need no model; those of a model are in the model's family."""


@dataclass(frozen=True, slots=True)
class Question:
    """A candidate and what it is held against.

    Attributes:
        item: id of its item.
        text: the candidate.
        references: accepted references of the item, at least one.
        proposers: how many expanders came up with it; 0 where that is not known.
        origin: who or what wrote it.
    """

    item: str
    text: str
    references: tuple[str, ...]
    proposers: int = 0
    origin: str = "human"


@dataclass(frozen=True, slots=True)
class Models:
    """What features may ask.

    Attributes:
        encoders: by family; each gives three features.
        entailment: by family, one at most; it gives three features.
    """

    encoders: Mapping[str, Encoder]
    entailment: Mapping[str, Entailment]


@dataclass(frozen=True)
class Table:
    """Features of candidates.

    Attributes:
        names: of the columns.
        families: of each column, the family of what it rests on.
        values: [candidates, features].
    """

    names: tuple[str, ...]
    families: tuple[str, ...]
    values: Floats

    def without(self, families: Sequence[str]) -> Table:
        """The table without the features of some families."""
        keep = [place for place, family in enumerate(self.families) if family not in families]
        names, left = (tuple(row[place] for place in keep) for row in (self.names, self.families))
        return Table(names, left, self.values[:, keep])


def features(questions: Sequence[Question], models: Models, idf: Mapping[str, float] | None = None) -> Table:
    """Look at candidates.

    Args:
        questions: candidates, each with a reference at least.
        models: encoders and the like.
        idf: how rare content units are (`rarity`); of these questions' references where not given.

    Raises:
        UsageError: a candidate has no reference.
    """
    if bare := [question for question in questions if not question.references]:
        raise UsageError(f"item {bare[0].item!r} has no accepted reference; a candidate is held against one at least")
    rare = rarity(questions) if idf is None else idf
    columns: dict[tuple[str, str], Floats] = {}
    rows = [_lexical(question, rare) for question in questions]
    for place, name in enumerate(_LEXICAL):
        columns[name, _LEXICAL[name]] = np.asarray([row[place] for row in rows], float)
    for family, encoder in models.encoders.items():
        columns |= _embedded(questions, encoder, family)
    for family, model in models.entailment.items():
        columns |= _entailed(questions, model, family)
    values = np.column_stack(list(columns.values())) if questions else np.zeros((0, len(columns)))
    return Table(tuple(name for name, _ in columns), tuple(family for _, family in columns), values)


def rarity(questions: Sequence[Question]) -> dict[str, float]:
    """Of each content unit the log of how many items there are for one whose references have it, 0 to 1 of the largest."""
    sets = {question.item: question.references for question in questions}
    counts = Counter(unit for texts in sets.values() for unit in {u for text in texts for u in units(text).content})
    top = math.log(len(sets) + 1)
    return {unit: math.log((len(sets) + 1) / count) / top for unit, count in counts.items()}


_LEXICAL = {
    "words shared, best": NGRAM,
    "words shared, mean": NGRAM,
    "pairs of words shared, best": NGRAM,
    "same words in another order": NGRAM,
    "omission": NGRAM,
    "addition": NGRAM,
    "addition, by rarity": NGRAM,
    "specificity": RULES,
    "length, log ratio": RULES,
    "length, distance": RULES,
    "distortion": RULES,
    "colour mismatch": RULES,
    "negation mismatch": RULES,
    "number mismatch": RULES,
    "name mismatch": RULES,
    "proposers": PROPOSERS,
}


def _lexical(question: Question, rare: Mapping[str, float]) -> list[float]:
    mine = units(question.text)
    # The candidate's own text, if it is a reference, would answer for itself.
    others = [text for text in question.references if fold(text) != fold(question.text)] or question.references
    theirs = [units(text) for text in others]
    core, halo = _core(theirs)
    shared = [_f1(Counter(mine.words), Counter(one.words)) for one in theirs]
    closest = int(np.argmax(shared))
    added = mine.content - halo
    length = math.log(max(len(mine.words), 1) / max(float(np.mean([len(one.words) for one in theirs])), 1.0))
    return [
        max(shared),
        float(np.mean(shared)),
        max(_f1(_bigrams(mine), _bigrams(one)) for one in theirs),
        shared[closest] - _in_order(mine, theirs[closest]),
        len(core - mine.content) / max(len(core), 1),
        len(added) / max(len(mine.content), 1),
        sum(rare.get(unit, 1.0) for unit in added),
        sum(rare.get(unit, 1.0) for unit in mine.content),
        length,
        abs(length),
        float(opposed(mine.words, frozenset(word for one in theirs for word in one.words))),
        _clash(mine.colours, [one.colours for one in theirs]),
        _denial(mine, theirs),
        _clash(mine.numbers, [one.numbers for one in theirs]),
        float(len(mine.names - {word for one in theirs for word in one.words})),
        float(question.proposers),
    ]


def _core(theirs: Sequence[Units]) -> tuple[frozenset[str], frozenset[str]]:
    counts = Counter(unit for one in theirs for unit in one.content)
    return frozenset(u for u, n in counts.items() if 2 * n >= len(theirs)), frozenset(counts)


def _f1(mine: Counter[object], theirs: Counter[object]) -> float:
    return 2 * (mine & theirs).total() / max(mine.total() + theirs.total(), 1)


def _bigrams(one: Units) -> Counter[object]:
    return Counter(zip(one.words, one.words[1:], strict=False))


def _in_order(mine: Units, theirs: Units) -> float:
    """Share of words in the longest common subsequence, as F1; at most that of shared words."""
    together = len(mine.words) + len(theirs.words)
    return 2 * LCSseq.similarity(mine.words, theirs.words) / max(together, 1)


def _clash(mine: frozenset[str], theirs: Sequence[frozenset[str]]) -> float:
    """How many values one names that no reference does, where references name some."""
    known = frozenset().union(*theirs)
    return float(len(mine - known)) if known else 0.0


def _denial(mine: Units, theirs: Sequence[Units]) -> float:
    """How far the number of denying words is from that of the nearest reference."""
    return float(min(abs(mine.negations - one.negations) for one in theirs))


def _pairs(questions: Sequence[Question]) -> tuple[list[str], npt.NDArray[np.int64], npt.NDArray[np.int64], list[int]]:
    """Distinct texts, and of each (candidate, reference) pair their places; where each candidate's pairs begin."""
    place: dict[str, int] = {}
    left: list[int] = []
    right: list[int] = []
    starts: list[int] = []
    for question in questions:
        starts.append(len(left))
        mine = place.setdefault(question.text, len(place))
        for text in question.references:
            left.append(mine)
            right.append(place.setdefault(text, len(place)))
    return list(place), np.asarray(left, np.int64), np.asarray(right, np.int64), starts


def _embedded(questions: Sequence[Question], encoder: Encoder, family: str) -> dict[tuple[str, str], Floats]:
    if not questions:
        return {(f"cosine, {what} ({family})", family): np.zeros(0) for what in ("best", "mean", "above siblings")}
    texts, left, right, starts = _pairs(questions)
    vectors = np.asarray(encoder.encode(texts), np.float32)
    cosines = np.einsum("pd,pd->p", vectors[left], vectors[right], dtype=np.float64)
    counts = np.diff([*starts, len(left)])
    mean = np.add.reduceat(cosines, starts) / counts
    sums = np.add.reduceat(vectors[right].astype(np.float64), starts)
    # Mean cosine among the references themselves: items differ in how much alike right answers are.
    among = ((sums**2).sum(axis=1) - counts) / np.maximum(counts * (counts - 1), 1)
    apart = np.where(counts > 1, mean - among, 0.0)
    found = {"best": np.maximum.reduceat(cosines, starts), "mean": mean, "above siblings": apart}
    return {(f"cosine, {what} ({family})", family): column for what, column in found.items()}


def _entailed(questions: Sequence[Question], model: Entailment, family: str) -> dict[tuple[str, str], Floats]:
    texts, left, right, starts = _pairs(questions)
    mine, theirs = [texts[i] for i in left], [texts[i] for i in right]
    onward, back = model.entails(theirs, mine), model.entails(mine, theirs)
    found: dict[str, tuple[Floats, Callable[..., Floats]]] = {
        "follows from a reference": (onward[:, 0], np.maximum.reduceat),
        "says what a reference says": (back[:, 0], np.maximum.reduceat),
        "contradicts a reference": (1 - (1 - onward[:, 2]) * (1 - back[:, 2]), np.maximum.reduceat),
    }
    return {
        (f"{what} ({family})", family): reduce(values, starts) if questions else values
        for what, (values, reduce) in found.items()
    }
