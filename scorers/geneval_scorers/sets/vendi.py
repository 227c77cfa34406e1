"""The Vendi score (Friedman and Dieng 2023, "The Vendi Score: A Diversity Evaluation Metric for Machine Learning")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from geneval_references import UsageError
from geneval_scorers._corpus import Corpus
from geneval_scorers._queries import Queries
from geneval_scorers._ragged import Bools, Floats, Ints, Ragged
from geneval_scorers._registry import scorer
from geneval_scorers._scorer import Info
from geneval_scorers.embedding.cosine import Cosine
from geneval_scorers.embedding.encoder import DEFAULT_MODEL
from geneval_scorers.ngram._tokens import tokens
from geneval_scorers.sets._among import Diversity
from geneval_scorers.sets._bags import bags, shared_counts
from geneval_scorers.sets._grid import of_squares
from geneval_scorers.sets._questions import each_against_all
from geneval_scorers.tokenizers import get_tokenizer


@scorer("vendi")
@dataclass(frozen=True, repr=False)
class Vendi(Diversity):
    """How many different outputs a set amounts to: 1 where all are alike, m where m have nothing in common.

    exp of the entropy of the eigenvalues of K / m, K the matrix of the outputs' similarities. The corpus score is the mean
    over sets. It cannot be above the number of outputs: compare at equal numbers only.

    Attributes:
        kernel: `cosine` of sentence embeddings, or `ngram`: the mean over orders 1 to `n` of the cosine of n-gram counts.
        model: of `cosine`.
        n, tokenizer: of `ngram`. A text too short for an n-gram counts as one, which only equal texts share.
    """

    info: ClassVar[Info] = Info(
        summary="effective number of different outputs",
        scale=(1, None),
        direction="higher",
        kind="set",
        monotone=True,
        identical="1 (all outputs alike)",
        source="Friedman and Dieng 2023 (vendi-score)",
        needs="neural, a model (only for cosine)",
        licence="the model's; Apache-2.0 for the default",
        role="diversity",
    )

    kernel: Literal["cosine", "ngram"] = "cosine"
    model: str = DEFAULT_MODEL
    n: int = 4
    tokenizer: str = "unicode"

    def __post_init__(self) -> None:
        """Checks the order."""
        if self.n < 1:
            raise UsageError(f"vendi: n={self.n} does not fit; allowed: 1 or more")

    def shown(self) -> dict[str, object]:
        """A folder is shown by its last name."""
        return self.options() | {"model": self._cosine.shown()["model"]}

    def prepare(self) -> None:
        """Finds the model, or the tokeniser."""
        if self.kernel == "cosine":
            self._cosine.prepare()
        else:
            get_tokenizer(self.tokenizer)

    def recipe(self) -> dict[str, str]:
        """The model, or the tokeniser's version."""
        return self._cosine.recipe() if self.kernel == "cosine" else {"tok": get_tokenizer(self.tokenizer).signature}

    def notices(self, corpus: Corpus) -> Mapping[str, Bools]:
        """Says of which texts the model reads only the beginning."""
        return self._cosine.notices(corpus) if self.kernel == "cosine" else {}

    @property
    def _cosine(self) -> Cosine:
        return Cosine(model=self.model)

    def spread(self, corpus: Corpus, queries: Queries) -> Floats:
        """One number a set."""
        make = self._cosines if self.kernel == "cosine" else self._ngram_cosines
        return of_squares(queries.candidates.lengths, make(corpus, queries), _effective)

    def _cosines(self, corpus: Corpus, queries: Queries) -> Floats:
        return self._cosine.pairs(corpus, each_against_all(queries))[:, 0].astype(np.float64)

    def _ngram_cosines(self, corpus: Corpus, queries: Queries) -> Floats:
        words, sets = tokens(corpus, self.tokenizer).ids, queries.candidates
        all_orders = (bags(corpus, self.tokenizer, order).whole_where_short(words) for order in range(1, self.n + 1))
        return np.asarray(sum(_normalised(shared_counts(sets, bag), sets.lengths) for bag in all_orders) / self.n)


def _normalised(products: Floats, sizes: Ints) -> Floats:
    """Tables of dot products as tables of cosines."""
    text = Ragged.from_lengths(np.repeat(sizes, sizes), np.zeros(0, np.int64)).rows
    ends = np.cumsum(sizes) - sizes
    column = np.arange(len(products)) - np.repeat(np.cumsum(sizes**2) - sizes**2, sizes**2)
    other = np.repeat(ends, sizes**2) + column % np.repeat(sizes, sizes**2)
    norms = np.sqrt(products[text == other])
    return np.asarray(products / (norms[text] * norms[other]))


def _effective(tables: Floats) -> Floats:
    """exp(-sum l log l) of the eigenvalues l of K / m, [tables]."""
    tables = tables.copy()
    # A text is like itself, which floating point may leave at 1 - 1e-7.
    tables[:, np.arange(tables.shape[1]), np.arange(tables.shape[1])] = 1.0
    shares = np.clip(np.linalg.eigvalsh(tables / tables.shape[1]), 0.0, None)
    entropy = -(shares * np.log(np.where(shares > 0, shares, 1.0))).sum(axis=1)
    return np.asarray(np.maximum(np.exp(entropy), 1.0))
