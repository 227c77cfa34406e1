"""What fluency and perplexity have in common: the log-probability of a text, by one of two kinds of language model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Self, TypeVar

import numpy as np

from geneval_references import UsageError
from geneval_scorers._corpus import Corpus
from geneval_scorers._queries import Queries
from geneval_scorers._ragged import Bools, Floats, Ints
from geneval_scorers._scorer import Rows
from geneval_scorers.embedding._causal import causal_model, cut_texts, find_causal, text_log_probabilities
from geneval_scorers.embedding._vectors import shown_model
from geneval_scorers.tokenizers import get_tokenizer
from geneval_scorers.traits._language import Counts, log_probabilities
from geneval_scorers.traits._trait import Learned, learned_state

_Fitted = TypeVar("_Fitted", bound="Modelled")

ORDER, TOKENIZER = 3, "unicode"


@dataclass(frozen=True, repr=False)
class Modelled(Learned):
    """A trait made of the log-probability of the output under a language model.

    Attributes:
        order: of the n-gram model that is fitted on the references.
        tokenizer: of that model.
        model: a causal language model of transformers in its place, which learns nothing here.
    """

    order: int = ORDER
    tokenizer: str = TOKENIZER
    model: str | None = None

    def __post_init__(self) -> None:
        """Checks the options."""
        if self.order < 1:
            raise UsageError(f"{self!r} does not fit; order is 1 or more")
        if self.model is not None and (self.order, self.tokenizer) != (ORDER, TOKENIZER):
            raise UsageError(f"{self!r} does not fit; order and tokenizer belong to the n-gram model, not to model=")

    def shown(self) -> dict[str, object]:
        """A folder is shown by its last name; the signature has the hash of its weights."""
        return self.options() | {"model": None if self.model is None else shown_model(self.model)}

    def prepare(self) -> None:
        """Finds the tokeniser, or the model."""
        if self.model is None:
            super().prepare()
        else:
            find_causal(self.model, self.name)

    def recipe(self) -> dict[str, str]:
        """The tokeniser and the hash of what was learned, or that of the weights."""
        if self.model is None:
            return super().recipe()
        return {"model": causal_model(self.model, self.name).signature}

    @property
    def needs_fit(self) -> bool:
        """A causal model has learned before."""
        return self.model is None and self.fitted is None

    def about(self) -> dict[str, int | str]:
        """Order and tokeniser."""
        if self.model is not None:
            raise UsageError(f"{self!r} learns nothing from references; it takes no fitted state")
        return {"order": self.order, "tokenizer": get_tokenizer(self.tokenizer).signature}

    def learner(self) -> _Learning[Self]:
        """Counts the n-grams of references."""
        return _Learning(self)

    def notices(self, corpus: Corpus) -> dict[str, Bools]:
        """Says of which texts a causal model reads only the beginning."""
        if self.model is None:
            return {}
        return {f"{self.label} reads only the beginning of long texts": cut_texts(corpus, self.model, self.name)}

    def log_probabilities(self, corpus: Corpus, queries: Queries) -> tuple[Floats, Ints]:
        """The log-probability of every candidate, and the number of its tokens, its end included."""
        candidates = queries.single_candidates(self.name)
        if self.model is not None:
            return text_log_probabilities(corpus, candidates, self.model, self.name)
        return log_probabilities(corpus, queries, candidates, self.learned, self.tokenizer)


class _Learning(Generic[_Fitted]):
    """Counts a corpus at a time; nothing for a scorer that takes a causal model."""

    def __init__(self, scorer: _Fitted) -> None:
        self._scorer = scorer
        self._counts = None if scorer.model is not None else Counts(scorer.tokenizer, scorer.order)

    def add(self, corpus: Corpus) -> None:
        if self._counts is not None:
            self._counts.add(corpus)

    def done(self) -> _Fitted:
        """The scorer with what it learned.

        Raises:
            InputError: there was no original reference.
        """
        if self._counts is None:
            return self._scorer
        return self._scorer.with_state(learned_state(self._scorer, self._counts.tables()))


def stacked(sums: Floats, counts: Ints) -> Rows:
    """[log-probability, tokens]."""
    return np.column_stack([sums, counts.astype(np.float64)])
