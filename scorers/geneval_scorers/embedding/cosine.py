"""Cosine similarity of sentence embeddings (Reimers and Gurevych 2019)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePath
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from geneval_scorers._corpus import Corpus
from geneval_scorers._ragged import Bools, Ints
from geneval_scorers._registry import scorer
from geneval_scorers._scorer import Info, PairScorer, Reduction, Rows
from geneval_scorers.embedding.encoder import DEFAULT_MODEL, Encoder, find_model, load_encoder

_load = lru_cache(maxsize=2)(load_encoder)


@scorer("cosine")
@dataclass(frozen=True, repr=False)
class Cosine(PairScorer):
    """Cosine of the sentence embeddings of text and reference, -1 to 1; the corpus score is the mean.

    Nearness is not validity: hyponyms and negation defeat it. To "a grey cat in the house", the default model gives
    "no cat is in the house" more than "a Russian Blue playing inside".

    Attributes:
        model: `hf:org/name@revision`, `path:/folder` or `pkg:package`. Weights enter the signature by their hash.
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
        needs="neural, a model",
        licence="the model's; Apache-2.0 for the default",
    )

    model: str = DEFAULT_MODEL
    reduce: Reduction = "best"

    def shown(self) -> dict[str, object]:
        """A folder is shown by its last name; the signature has the hash of its weights."""
        kind, _, rest = self.model.partition(":")
        return self.options() | ({"model": f"path:{PurePath(rest).name}"} if kind == "path" else {})

    def prepare(self) -> None:
        """Finds the model; it is loaded when it is needed."""
        find_model(self.model)

    def recipe(self) -> dict[str, str]:
        """Name and hash of the weights."""
        return {"model": self._encoder().signature}

    def pair_rows(self, corpus: Corpus, texts: Ints, references: Ints) -> Rows:
        """[cosine]."""
        vectors = corpus.derive(("vectors", self.model), lambda: self._vectors(corpus))
        cosines = np.einsum("pd,pd->p", vectors[texts], vectors[references], dtype=np.float64)
        return np.asarray(np.clip(cosines, -1.0, 1.0).reshape(-1, 1))

    def notices(self, corpus: Corpus) -> dict[str, Bools]:
        """Says of which texts the model reads only the beginning."""
        cut = corpus.derive(("cut", self.model), lambda: self._encoder().cut(corpus.texts))
        return {f"{self.label} reads only the beginning of long texts": cut}

    def _encoder(self) -> Encoder:
        return _load(self.model)

    def _vectors(self, corpus: Corpus) -> npt.NDArray[np.float32]:
        done = 0

        def tell(batch: int) -> None:
            nonlocal done
            done += batch
            corpus.watch("encoding", done, len(corpus.texts))

        return self._encoder().encode(corpus.texts, progress=tell)
