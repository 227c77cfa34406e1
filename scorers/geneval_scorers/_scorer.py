"""What a scorer is: it answers questions with rows of statistics, and turns rows into segment and corpus scores."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Generic, Literal, Protocol, Self, TypeVar

import numpy as np
import numpy.typing as npt

from geneval_references import UsageError
from geneval_scorers._answer_checks import check_rows, guarded, numbers, scored
from geneval_scorers._corpus import Corpus
from geneval_scorers._entry_points import origin
from geneval_scorers._numbering import numbered, places_of
from geneval_scorers._queries import Queries
from geneval_scorers._ragged import Bools, Floats, Ints, Ragged, first_best, group_sum
from geneval_scorers._spec import write_spec
from geneval_scorers._subsets import Subsets

_Learned_co = TypeVar("_Learned_co", covariant=True)

Rows = npt.NDArray[np.number]
"""One row of numbers a question; whole numbers where the statistics are counts, so that sums are exact."""

Reduction = Literal["best", "mean"]
"""How a pair scorer makes one number of several references."""


Role = Literal["validity", "diversity", "trait"]
"""What a number is about; only `validity` says something of quality by itself."""


@dataclass(frozen=True, slots=True)
class Info:
    """What a scorer declares about its numbers."""

    summary: str
    """What the number means, in a line."""
    scale: tuple[float | None, float | None]
    """The native range; None where it has no end."""
    direction: Literal["higher", "lower"]
    """Which way is better."""
    kind: Literal["pair", "pool", "set"]
    """`pair`: s(text, reference) and a visible reduction; `pool`: m(text, all references) as a whole; `set`: m(all
    texts that a system gave for the item, all references)."""
    monotone: bool
    """Whether another reference never makes a segment score worse (under `best`, where there is a choice)."""
    identical: str
    """What text equal to its only reference scores: the number, then its conditions."""
    source: str
    """The paper or tool that defines the formula."""
    needs: str = ""
    """What must be installed beyond the core."""
    licence: str = "Apache-2.0"
    """The licence of what it runs."""
    mean: bool = True
    """Whether the corpus score is the mean of the segment scores."""
    role: Role = "validity"
    """`validity`: whether the output answers the item; `diversity`: how much a system's outputs for one item differ;
    `trait`: a property of the output, which a blend may use and which says nothing of quality by itself."""
    order_free: bool = True
    """Whether the order of references shows in no corpus score; in segment scores it never may."""


@dataclass(frozen=True, slots=True, eq=False)
class Statistics:
    """A scorer's answers, before they become scores.

    Attributes:
        rows: [questions, columns]; NaN where the scorer could not answer.
        winner: for each question the place of the winning reference in its list, -1 where there is none; or None
            for scorers in which no single reference wins.
    """

    rows: Rows
    winner: Ints | None = None


@dataclass(frozen=True, slots=True, eq=False)
class FitState:
    """What a scorer learned from a reference corpus: arrays and a few facts, hashed into its signature."""

    kind: str
    facts: Mapping[str, int | str]
    arrays: Mapping[str, npt.NDArray[np.generic]]

    @property
    def hash(self) -> str:
        """sha256 over the content, the same on every machine."""
        digest = hashlib.sha256(json.dumps([self.kind, dict(sorted(self.facts.items()))]).encode())
        for name, array in sorted(self.arrays.items()):
            digest.update(f"{name}:{array.dtype.str}:{array.shape}".encode())
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()


class Learner(Protocol[_Learned_co]):
    """Takes in references, a corpus at a time, and gives a scorer that has learned from them."""

    def add(self, corpus: Corpus) -> None:
        """Learns from the references of more items."""

    def done(self) -> _Learned_co:
        """The scorer with what was learned.

        Raises:
            InputError: that is too little to learn from.
        """


@dataclass(frozen=True, repr=False)
class Scorer:
    """Base of all scorers. Scoring changes nothing in a scorer; what it learns is a new scorer, made by `fit`."""

    name: ClassVar[str]
    info: ClassVar[Info]

    def __repr__(self) -> str:
        """The spec: the name, and what differs from the default."""
        return write_spec(self.name, self._changed(self.options()))

    @property
    def label(self) -> str:
        """The spec as tables and files show it: a path in it is shortened to its name."""
        return write_spec(self.name, self._changed(self.shown()))

    def options(self) -> dict[str, object]:
        """All options with their values."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self) if field.init}

    def shown(self) -> dict[str, object]:
        """The options as they may leave this machine; scorers with paths among them override this."""
        return self.options()

    def _changed(self, options: dict[str, object]) -> dict[str, object]:
        defaults = {field.name: field.default for field in dataclasses.fields(self)}
        return {key: value for key, value in options.items() if value != defaults[key]}

    def signature(self) -> str:
        """All options, and what else decides the number (versions, models, fitted state), parted by `|`."""
        with guarded(self):
            recipe = self.recipe()
        offer = origin(self.code, self.name)
        if offer is not None:
            recipe = recipe | {"plugin": f"{offer.distribution}-{offer.version}"}
        return "|".join([write_spec(self.name, self.shown()), *(f"{k}:{v}" for k, v in recipe.items())])

    @property
    def code(self) -> object:
        """What a plug-in would offer to get this scorer: its class, or the function that it wraps."""
        return type(self)

    def recipe(self) -> dict[str, str]:
        """What decides the number beside the options: versions of tools, hashes of models and fitted state."""
        return {}

    @property
    def monotone(self) -> bool:
        """Whether, under these options, another reference never makes a segment score worse."""
        return self.info.monotone

    def prepare(self) -> None:
        """Checks that what it runs is installed, before any work is done.

        Raises:
            MissingDependencyError: with the command that installs it.
        """

    def notices(self, corpus: Corpus) -> Mapping[str, Bools]:
        """What a reader of its numbers must know, and of which of `corpus.texts` it is true; asked after scoring.

        A sentence without its full stop: `: 3 of 40 texts` is put behind it.
        """
        return {}

    def output_notices(self, corpus: Corpus) -> Mapping[str, Bools]:
        """The same of outputs, whatever their texts: for each sentence, which of `corpus.output_text` it is true of."""
        return {}

    @property
    def needs_fit(self) -> bool:
        """Whether it has yet to learn from a reference corpus."""
        return False

    @property
    def state(self) -> FitState | None:
        """What it learned, None where there is nothing to learn."""
        return None

    def learner(self) -> Learner[Self]:
        """Learns from the references of one corpus after the other: what `fit` is made of.

        Scorers that learn something override it.
        """
        return _Nothing(self)

    def fit(self, *corpora: Corpus) -> Self:
        """A copy that has learned from the references of `corpora` and stays as it is from then on.

        Several corpora are parts of one: an item's references are in one of them.
        """
        learner = self.learner()
        for corpus in corpora:
            learner.add(corpus)
        return learner.done()

    def takes(self, state: FitState) -> bool:
        """Whether this state was fitted by a scorer of these options."""
        try:
            self.with_state(state)
        except UsageError:
            return False
        return True

    def with_state(self, state: FitState) -> Self:
        """A copy with state that was fitted before.

        Raises:
            UsageError: the state belongs to another scorer.
        """
        raise UsageError(f"{self.name} learns nothing from references; it takes no fitted state of {state.kind!r}")

    @property
    def longest(self) -> int | None:
        """Characters beyond which a text gets no score (`too_long`): where time grows with the square of the length."""
        return None

    @property
    def fewest(self) -> int:
        """Outputs of a system for an item below which a set scorer gives no score (`too_few_outputs`)."""
        return 1

    def too_long(self, corpus: Corpus, queries: Queries) -> Bools:
        """Which questions hold a text that is longer than `longest`."""
        out = np.zeros(len(queries), bool)
        if self.longest is not None:
            for side in (queries.candidates, queries.references):
                out[side.rows[corpus.lengths[side.values] > self.longest]] = True
        return out

    def no_image(self, corpus: Corpus, queries: Queries) -> Bools:
        """Which questions, of those that got no score, are about an image that could not be read (`no_image`)."""
        return np.zeros(len(queries), bool)

    def statistics(self, corpus: Corpus, queries: Queries) -> Statistics:
        """One row of numbers a question. Questions have at least one reference each."""
        raise NotImplementedError

    def at_subsets(self, corpus: Corpus, queries: Queries, subsets: Subsets) -> Rows:
        """One row of numbers for each of some subsets of the questions' references."""
        chosen = subsets.references
        references = Ragged(chosen.offsets, queries.references.values[chosen.values])
        return self.statistics(corpus, queries.take(subsets.parents).with_references(references)).rows

    def segment(self, rows: Rows) -> Floats:
        """Segment scores, [questions]."""
        return np.asarray(rows[:, 0], np.float64)

    def finish(self, sums: Floats, weight: Floats) -> Floats:
        """Corpus scores from summed rows.

        Args:
            sums: [..., columns], rows added up.
            weight: [...], how many rows each sum holds.

        Returns:
            [...], NaN where there were no rows.
        """
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(sums[..., 0] / weight)

    def aggregate(self, rows: Rows, weights: Floats | None = None) -> float:
        """The corpus score of rows: their sum, the same in whatever order, through `finish`.

        Args:
            rows: statistics, [questions, columns], none of them NaN.
            weights: how much each row counts, [questions]; all once by default.
        """
        total = float(len(rows)) if weights is None else math.fsum(weights)
        return float(self.finish(exact_sums(rows, weights), np.asarray(total)))


_Same = TypeVar("_Same", bound=Scorer)


class _Nothing(Generic[_Same]):
    """The learner of a scorer that learns nothing."""

    def __init__(self, scorer: _Same) -> None:
        self._scorer = scorer

    def add(self, corpus: Corpus) -> None:
        """Nothing to learn."""

    def done(self) -> _Same:
        return self._scorer


@dataclass(frozen=True, repr=False)
class PairBased(Scorer):
    """A scorer whose every answer is made of numbers about (text, reference) pairs; each pair is looked at once."""

    def pair_rows(self, corpus: Corpus, texts: Ints, references: Ints) -> Rows:
        """One row of numbers for each pair of text indices, [pairs, columns]."""
        raise NotImplementedError

    def combine(self, rows: Rows, references: Ragged) -> Statistics:
        """Makes one row a question of the rows of its pairs (aligned with `references.values`)."""
        raise NotImplementedError

    def pairs(self, corpus: Corpus, queries: Queries) -> Rows:
        """The row of every (candidate, reference), aligned with `queries.references.values`."""
        texts = queries.single_candidates(self.name)[queries.references.rows]
        number, count = numbered(texts * len(corpus.texts) + queries.references.values)
        once = places_of(number, count)
        mine, theirs = texts[once], queries.references.values[once]
        if self.longest is None:
            return self._checked_rows(corpus, mine, theirs)[number]
        short = np.maximum(corpus.lengths[mine], corpus.lengths[theirs]) <= self.longest
        rows = self._checked_rows(corpus, mine[short], theirs[short])
        whole = np.full((count, *rows.shape[1:]), np.nan)
        whole[short] = rows
        return whole[number]

    def _checked_rows(self, corpus: Corpus, texts: Ints, references: Ints) -> Rows:
        """What `pair_rows` gives: one row a pair, which indexing would not notice."""
        with guarded(self):
            rows = self.pair_rows(corpus, texts, references)
        check_rows(self, rows, len(texts), "pairs")
        return rows

    def statistics(self, corpus: Corpus, queries: Queries) -> Statistics:
        """Looks at each distinct pair once, then reduces."""
        return self.combine(self.known_pairs(corpus, queries), queries.references)

    def at_subsets(self, corpus: Corpus, queries: Queries, subsets: Subsets) -> Rows:
        """Looks at each pair once, whatever the subsets."""
        chosen = subsets.references
        return self.combine(self.known_pairs(corpus, queries)[chosen.values], chosen).rows

    def known_pairs(self, corpus: Corpus, queries: Queries) -> Rows:
        """The rows of all pairs, kept with the questions for the next k."""
        key = ("pairs", id(self))
        if key not in queries.memo:
            queries.memo[key] = self, self.pairs(corpus, queries)
        rows: Rows = queries.memo[key][1]
        return rows


@dataclass(frozen=True, repr=False)
class PairScorer(PairBased):
    """Defines s(text, reference); several references become one number through a named reduction.

    A subclass gives `pair`, or `pair_rows` where it can look at many pairs at once.
    """

    @property
    def reduction(self) -> Reduction:
        """`best` or `mean` over the references."""
        value: Reduction = getattr(self, "reduce", "best")
        return value

    @property
    def monotone(self) -> bool:
        """A mean can fall, the best cannot."""
        return self.info.monotone and self.reduction == "best"

    def pair(self, text: str, reference: str) -> float:
        """The score of one text against one reference."""
        raise NotImplementedError

    def pair_rows(self, corpus: Corpus, texts: Ints, references: Ints) -> Rows:
        """Calls `pair` for every pair."""
        words = corpus.texts
        values = [self.pair(words[t], words[r]) for t, r in zip(texts.tolist(), references.tolist(), strict=True)]
        return numbers(self, values).reshape(-1, 1)

    def at_subsets(self, corpus: Corpus, queries: Queries, subsets: Subsets) -> Rows:
        """Reduces over each subset; each pair is looked at and scored once."""
        rows, chosen = self.known_pairs(corpus, queries), subsets.references
        return self._reduced(rows, scored(self, rows), chosen.values, chosen).rows

    def combine(self, rows: Rows, references: Ragged) -> Statistics:
        """`best`: the row of the first best reference; `mean`: the mean of the references' scores.

        Where a pair has no score (NaN), neither has the question.
        """
        return self._reduced(rows, scored(self, rows), np.arange(len(rows)), references)

    def _reduced(self, rows: Rows, scores: Floats, places: Ints, references: Ragged) -> Statistics:
        """One row a question; `places` tells which pair each value of `references` stands for."""
        scores = scores[places]
        if self.reduction == "mean":
            # Added from the lowest up, so that the order of references does not show in the last bit.
            ordered = scores[np.lexsort((scores, references.rows))]
            with np.errstate(invalid="ignore", divide="ignore"):
                means = group_sum(ordered, references) / references.lengths
            return Statistics(means.reshape(-1, 1))
        winner = first_best(scores if self.info.direction == "higher" else -scores, references)
        chosen = rows[places[references.offsets[:-1] + winner]]
        if (winner < 0).any():
            chosen = np.where(winner[:, None] < 0, np.nan, chosen)
        return Statistics(chosen, winner)


@dataclass(frozen=True, repr=False)
class FunctionScorer(PairScorer):
    """A plain `pair(text, reference) -> float` as a scorer; made by `pair_scorer`."""

    function: Callable[[str, str], float]
    title: str
    direction: Literal["higher", "lower"] = "higher"
    reduce: Reduction = "best"

    @property
    def name(self) -> str:  # type: ignore[override] # each function has a name of its own
        """The function's name."""
        return self.title

    @property
    def info(self) -> Info:  # type: ignore[override]
        """What little is known of a user's own function."""
        return Info(
            summary=summary_of(self.function) or "a function of the user's own",
            scale=(None, None),
            direction=self.direction,
            kind="pair",
            monotone=self.reduce == "best",
            identical="unknown",
            source="a Python function",
            licence="the user's",
        )

    def options(self) -> dict[str, object]:
        """Direction and reduction."""
        return {"direction": self.direction, "reduce": self.reduce}

    def recipe(self) -> dict[str, str]:
        """The signature says that the recipe is code that geneval does not know."""
        return {"code": "user"}

    def pair(self, text: str, reference: str) -> float:
        """Calls the function."""
        return self.function(text, reference)

    @property
    def code(self) -> object:
        """The function."""
        return self.function


def summary_of(function: object) -> str:
    """The first line of a function's docstring."""
    return next(iter((function.__doc__ or "").strip().split("\n")), "").strip()


def pair_scorer(
    function: Callable[[str, str], float],
    *,
    name: str | None = None,
    direction: Literal["higher", "lower"] = "higher",
    reduce: Reduction = "best",
) -> FunctionScorer:
    """Makes a scorer of a plain function `(text, reference) -> float`.

    Args:
        function: called once for each distinct pair.
        name: what it is called in tables; by default the function's own name.
        direction: which way is better.
        reduce: how several references become one number.
    """
    return FunctionScorer(
        function, name or str(getattr(function, "__name__", type(function).__name__)), direction, reduce
    )


def exact_sums(rows: Rows, weights: Floats | None = None) -> Floats:
    """Sums of columns that do not depend on the order of rows: whole numbers exactly, others correctly rounded."""
    if weights is not None:
        rows = rows * weights[:, None]
    if np.issubdtype(rows.dtype, np.integer):
        return np.asarray(rows.sum(axis=0), np.float64)
    return np.asarray([math.fsum(column) for column in np.asarray(rows, np.float64).T], np.float64)
