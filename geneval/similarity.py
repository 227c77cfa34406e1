"""A scorer in the role of a similarity: how alike are two texts?"""

from __future__ import annotations

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

    @property
    def name(self) -> str:
        """The scorer's signature."""
        return self._scorer.signature()

    def __call__(
        self, texts: Sequence[str], mine: npt.NDArray[np.int64], theirs: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.float64]:
        """As `geneval_references.Similarity` says."""
        out = np.empty(len(mine))
        # Pairs of one text stand together, so that it is looked at once.
        order = np.lexsort((theirs, mine))
        for start in range(0, len(order), _PAIRS):
            places = order[start : start + _PAIRS]
            out[places] = self._some(texts, mine[places], theirs[places])
        return out if self._scorer.info.direction == "higher" else -out

    def _some(
        self, texts: Sequence[str], mine: npt.NDArray[np.int64], theirs: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.float64]:
        used, where = np.unique(np.concatenate([mine, theirs]), return_inverse=True)
        groups, group = np.unique(mine, return_inverse=True)
        corpus = Corpus([ReferenceSet(str(n)) for n in range(len(groups))], extra=[texts[i] for i in used.tolist()])
        asked, beside = where[: len(mine)], where[len(mine) :]
        queries = Queries(group.astype(np.int64), Ragged.singles(asked), Ragged.singles(beside), np.arange(len(mine)))
        with guarded(self._scorer):
            scores = self._scorer.segment(self._scorer.statistics(corpus, queries).rows)
            scores[self._scorer.too_long(corpus, queries)] = np.nan
        return np.asarray(scores, np.float64)
