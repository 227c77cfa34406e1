"""Self-CIDEr and its LSA version (Wang and Chan 2019, "Describing Like Humans: On Diversity in Image Captioning")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from geneval_scorers._corpus import Corpus
from geneval_scorers._queries import Queries
from geneval_scorers._ragged import Floats
from geneval_scorers._registry import scorer
from geneval_scorers._scorer import Info
from geneval_scorers.ngram.cider import Cider
from geneval_scorers.sets._among import Diversity
from geneval_scorers.sets._bags import bags, shared_counts
from geneval_scorers.sets._grid import of_squares
from geneval_scorers.sets._questions import each_against_all
from geneval_scorers.sets._through import Through


@scorer("self_cider")
@dataclass(frozen=True, repr=False)
class SelfCider(Diversity, Through):
    """How evenly the outputs of a set spread over directions, 0 (all alike) to 1 (nothing in common).

    -log_m(largest / sum) of singular values, m outputs. `kernel`: square roots of those of the matrix of the outputs'
    CIDEr-D among themselves, both ways averaged; its document frequencies are fitted as those of `cider`. `lsa`: those
    of the matrix of word counts, without roots. The corpus score is the mean over sets.

    Attributes:
        version: `kernel` or `lsa`.
        n, sigma, tokenizer: as of `cider`; `lsa` looks at single words only.
    """

    info: ClassVar[Info] = Info(
        summary="spread of the outputs' CIDEr-D matrix over its singular values",
        scale=(0, 1),
        direction="higher",
        kind="set",
        monotone=True,
        identical="0 (all outputs alike)",
        source="Wang and Chan 2019",
        needs="coco, Java (only for ptb-java)",
        role="diversity",
    )

    version: Literal["kernel", "lsa"] = "kernel"
    n: int = 4
    sigma: float = 6.0
    tokenizer: str = "ptb"

    def made(self) -> Cider:
        """CIDEr-D of these options."""
        return Cider(n=self.n, sigma=self.sigma, tokenizer=self.tokenizer)

    @property
    def learns(self) -> bool:
        """`lsa` has no document frequencies."""
        return self.version == "kernel"

    def spread(self, corpus: Corpus, queries: Queries) -> Floats:
        """One number a set."""
        if self.version == "lsa":
            return of_squares(queries.candidates.lengths, self._counts(corpus, queries), _evenness)
        return of_squares(queries.candidates.lengths, self._kernel(corpus, queries), _evenness)

    def _kernel(self, corpus: Corpus, queries: Queries) -> Floats:
        return self.inner_scores(corpus, each_against_all(queries))

    def _counts(self, corpus: Corpus, queries: Queries) -> Floats:
        """Its singular values are the squares of those of the matrix of counts, of which the root is wanted."""
        return shared_counts(queries.candidates, bags(corpus, self.tokenizer, 1))


def _evenness(tables: Floats) -> Floats:
    """-log_m(largest / sum) of the roots of singular values, [tables]; 0 where all are 0: outputs without a word."""
    both = (tables + tables.transpose(0, 2, 1)) / 2
    roots = np.sqrt(np.linalg.svd(both, compute_uv=False))
    total = roots.sum(axis=1)
    largest = np.where(total > 0, roots.max(axis=1) / np.where(total > 0, total, 1.0), 1.0)
    return np.asarray(np.maximum(-np.log(largest) / np.log(tables.shape[1]), 0.0))
