"""A scorer in the role of a similarity: how alike are two texts?"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from geneval.specs import parse
from geneval_references import ReferenceSet, UsageError
from geneval_scorers import Corpus, Queries, Scorer, guarded
from geneval_scorers._ragged import Ragged

_PAIRS = 200_000
"""So many pairs are asked about at a time. It decides how much memory is needed, and changes no number."""


class ScorerSimilarity:
    """Scores one text against the other as its only reference; where lower is better, the sign is turned.

    Args:
        scorer: a scorer or its spec; one that learns, learns from `sets`.
        sets: reference sets.

    Raises:
        UsageError: no such scorer, or one of sets of outputs.
        MissingDependencyError: what it runs is not installed.
    """

    def __init__(self, scorer: Scorer | str, sets: Iterable[ReferenceSet] = ()) -> None:
        chosen = parse(scorer) if isinstance(scorer, str) else scorer
        if chosen.info.kind == "set":
            raise UsageError(f"{chosen.label} scores all outputs of an item together; a scorer of single texts is due")
        with guarded(chosen):
            chosen.prepare()
            self._scorer = chosen.fit(Corpus(list(sets))) if chosen.needs_fit else chosen
        self._known: tuple[Sequence[str], Corpus] | None = None

    @property
    def name(self) -> str:
        """The scorer's signature."""
        return self._scorer.signature()

    @property
    def scale(self) -> tuple[float, float]:
        """The least and the highest that texts can score; infinite where there is no end."""
        low, high = self._scorer.info.scale
        low, high = -math.inf if low is None else low, math.inf if high is None else high
        return (low, high) if self._scorer.info.direction == "higher" else (-high, -low)

    def __call__(
        self, texts: Sequence[str], mine: npt.NDArray[np.int64], theirs: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.float64]:
        """As `geneval_references.Similarity` says."""
        corpus = self._corpus(texts)
        out = np.empty(len(mine))
        # Pairs of one text stand together, so that it is looked at once.
        order = np.lexsort((theirs, mine))
        for start in range(0, len(order), _PAIRS):
            places = order[start : start + _PAIRS]
            out[places] = self._some(corpus, mine[places], theirs[places])
        return out if self._scorer.info.direction == "higher" else -out

    def _corpus(self, texts: Sequence[str]) -> Corpus:
        """Of these texts; kept, so that texts that are asked about again are not tokenised or encoded again."""
        if self._known is None or self._known[0] is not texts:
            # Questions stand in groups, which scorers take for items.
            groups = [ReferenceSet(str(n)) for n in range(min(len(texts), _PAIRS))]
            # Distinct texts, as the protocol has it: a text's place there is its place here.
            self._known = texts, Corpus(groups, extra=texts)
        return self._known[1]

    def _some(
        self, corpus: Corpus, mine: npt.NDArray[np.int64], theirs: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.float64]:
        group = np.cumsum(np.diff(mine, prepend=mine[0]) != 0)
        queries = Queries(group, Ragged.singles(mine), Ragged.singles(theirs), np.arange(len(mine)))
        with guarded(self._scorer):
            scores = self._scorer.segment(self._scorer.statistics(corpus, queries).rows)
            scores[self._scorer.too_long(corpus, queries)] = np.nan
        return np.asarray(scores, np.float64)
