"""Perplexity: the inverse of a text's geometric mean probability per token (Jelinek et al. 1977)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from geneval_scorers._corpus import Corpus
from geneval_scorers._queries import Queries
from geneval_scorers._ragged import Floats
from geneval_scorers._registry import scorer
from geneval_scorers._scorer import Info, Rows
from geneval_scorers.traits._modelled import Modelled, stacked


@scorer("perplexity")
@dataclass(frozen=True, repr=False)
class Perplexity(Modelled):
    """exp(-log-probability / tokens) of the output, its end among the tokens, 1 and up, lower is more likely.

    Of one text it is exp(-`fluency`), under the same models. The corpus score is that of all texts' tokens together, no
    mean of the texts' perplexities.

    Attributes:
        order: of the n-gram model: a word is predicted from the `order - 1` before it.
        tokenizer: `unicode` lower-cases, splits scripts without spaces into characters and keeps punctuation.
        model: `hf:org/name@revision`, `path:/folder` or `pkg:package`: a causal language model of transformers in place
            of the n-gram model.
    """

    info: ClassVar[Info] = Info(
        summary="perplexity of the output under a language model of the references",
        scale=(1, None),
        direction="lower",
        kind="pool",
        monotone=True,
        identical="what the model gives it",
        source="Jelinek et al. 1977; Chen and Goodman 1998",
        needs="neural, a model (only for model=)",
        licence="Apache-2.0, or the model's",
        mean=False,
        role="trait",
    )

    def measure(self, corpus: Corpus, queries: Queries) -> Rows:
        """[log-probability, tokens]."""
        return stacked(*self.log_probabilities(corpus, queries))

    def segment(self, rows: Rows) -> Floats:
        """Of every text."""
        return np.asarray(np.exp(-rows[:, 0] / rows[:, 1]), np.float64)

    def finish(self, sums: Floats, weight: Floats) -> Floats:
        """Of all tokens together."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.exp(-sums[..., 0] / sums[..., 1]))
