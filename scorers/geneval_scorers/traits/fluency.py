"""Fluency: how likely a text is under a language model, per token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from geneval_scorers._corpus import Corpus
from geneval_scorers._queries import Queries
from geneval_scorers._registry import scorer
from geneval_scorers._scorer import Info, Rows
from geneval_scorers.traits._modelled import Modelled
from geneval_scorers.traits._trait import column


@scorer("fluency")
@dataclass(frozen=True, repr=False)
class Fluency(Modelled):
    """Mean natural logarithm of the probability of the output's tokens, its end among them, 0 and below.

    By default under a word n-gram model with Witten-Bell smoothing that is fitted on the original references; a
    reference that is scored itself is left out of the model. The corpus score is the mean over texts.

    Attributes:
        order: of the n-gram model: a word is predicted from the `order - 1` before it.
        tokenizer: `unicode` lower-cases, splits scripts without spaces into characters and keeps punctuation.
        model: `hf:org/name@revision`, `path:/folder` or `pkg:package`: a causal language model of transformers in place
            of the n-gram model.
    """

    info: ClassVar[Info] = Info(
        summary="mean log-probability of the output's tokens under a language model of the references",
        scale=(None, 0),
        direction="higher",
        kind="pool",
        monotone=True,
        identical="what the model gives it",
        source="Witten and Bell 1991; Chen and Goodman 1998",
        needs="neural, a model (only for model=)",
        licence="Apache-2.0, or the model's",
        role="trait",
    )

    def measure(self, corpus: Corpus, queries: Queries) -> Rows:
        """[mean log-probability]."""
        sums, counts = self.log_probabilities(corpus, queries)
        return column(sums / counts)
