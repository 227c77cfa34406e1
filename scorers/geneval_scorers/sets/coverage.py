"""Coverage and precision of a set of outputs: multi-reference recall and precision (Gupta et al. 2019)."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from geneval_references import UsageError
from geneval_scorers._corpus import Corpus
from geneval_scorers._declared import OwnInfo
from geneval_scorers._queries import Queries
from geneval_scorers._ragged import Floats, group_max
from geneval_scorers._registry import scorer
from geneval_scorers._scorer import Info, Rows, Statistics
from geneval_scorers._subsets import Subsets
from geneval_scorers.sets._grid import Grid
from geneval_scorers.sets._questions import each_output
from geneval_scorers.sets._through import OfPairs, column


@dataclass(frozen=True, repr=False)
class SetToSet(OfPairs):
    """A scorer of outputs against references, made of the inner scores of all pairs of them."""

    def declared(self, info: Info) -> Info:
        """In the range and direction of the inner scorer."""
        theirs = self.inner.info
        return replace(info, scale=theirs.scale, direction=theirs.direction, identical=theirs.identical)

    def met(self, pairs: Grid) -> Floats:
        """One number a question; `pairs` has a row an output, a column a reference, and the higher is the better."""
        raise NotImplementedError

    def statistics(self, corpus: Corpus, queries: Queries) -> Statistics:
        """[the number of the set]."""
        return Statistics(self._rows(self._pairs(corpus, queries)))

    def at_subsets(self, corpus: Corpus, queries: Queries, subsets: Subsets) -> Rows:
        """Each pair is looked at once, whatever the subsets."""
        return self._rows(self._pairs(corpus, queries).among(subsets))

    def _pairs(self, corpus: Corpus, queries: Queries) -> Grid:
        scores = self.inner_scores(corpus, each_output(queries))
        return Grid(queries.candidates.lengths, queries.references.lengths, self.sign * scores)

    def _rows(self, pairs: Grid) -> Rows:
        return column(self.met(pairs))


@dataclass(frozen=True, repr=False)
class _Nearest(SetToSet):
    """The mean over texts of how near the nearest one on the other side is, or the share of those that are near."""

    threshold: float | None = None

    def __post_init__(self) -> None:
        """Checks the threshold."""
        super().__post_init__()
        if self.threshold is not None and not math.isfinite(self.threshold):
            raise UsageError(f"{self.name}: threshold={self.threshold} does not fit; allowed: a finite number or None")

    def declared(self, info: Info) -> Info:
        """With a threshold it is a share."""
        if self.threshold is None:
            return super().declared(info)
        reached = f"1 where the threshold is reached by {self.inner.info.identical}"
        return replace(info, scale=(0, 1), direction="higher", identical=reached)

    def nearest(self, pairs: Grid) -> Floats:
        """The mean over the rows of each table."""
        best = group_max(pairs.values, pairs.rows)
        if self.threshold is None:
            return self.sign * pairs.mean_of_rows(best)
        reached = np.where(np.isnan(best), np.nan, best >= self.sign * self.threshold)
        return pairs.mean_of_rows(reached)


@scorer("coverage")
@dataclass(frozen=True, repr=False)
class Coverage(_Nearest):
    """How much of the reference set a system's outputs for the item reach: the recall side.

    The mean over the references of the score of the output that is nearest to each. With `threshold` it is the share of
    references that some output scores at least that much against: how many of the right answers were reached. It is in
    the range and direction of the scorer that `of` names; the corpus score is the mean over sets. More outputs never
    make it worse, so systems are to be compared at equal numbers of outputs.

    Attributes:
        of: the spec of a pair scorer, such as `'cosine'` or `"rouge(kind='L')"`.
        threshold: a score of that scorer, from which on a reference counts as reached.
    """

    info: ClassVar[Info] = OwnInfo(  # type: ignore[assignment] # options complete it
        Info(
            summary="mean over the references of the nearest output's score",
            scale=(None, None),
            direction="higher",
            kind="set",
            monotone=False,
            identical="that of the scorer in `of`",
            source="Gupta et al. 2019 (recall)",
            needs="what the scorer in `of` needs",
            licence="that of the scorer in `of`",
        )
    )

    def met(self, pairs: Grid) -> Floats:
        """One number a question."""
        return self.nearest(pairs.turned())


@scorer("precision")
@dataclass(frozen=True, repr=False)
class Precision(_Nearest):
    """How near a system's outputs for the item are to right answers, whichever: the precision side.

    The mean over the outputs of the score against the nearest reference. With `threshold` it is the share of outputs that
    score at least that much against some reference. It is in the range and direction of the scorer that `of` names; the
    corpus score is the mean over sets. The same safe output many times has a high precision and a low coverage.

    Attributes:
        of: the spec of a pair scorer, such as `'cosine'` or `"rouge(kind='L')"`.
        threshold: a score of that scorer, from which on an output counts as right.
    """

    info: ClassVar[Info] = OwnInfo(  # type: ignore[assignment] # options complete it
        Info(
            summary="mean over the outputs of the score against the nearest reference",
            scale=(None, None),
            direction="higher",
            kind="set",
            monotone=True,
            identical="that of the scorer in `of`",
            source="Gupta et al. 2019 (precision)",
            needs="what the scorer in `of` needs",
            licence="that of the scorer in `of`",
        )
    )

    def met(self, pairs: Grid) -> Floats:
        """One number a question."""
        return self.nearest(pairs)
