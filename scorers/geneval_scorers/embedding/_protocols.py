"""What an encoder is."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from geneval_scorers.embedding._batches import Progress

Vectors = NDArray[np.float32]
"""One row of length 1 a text, [texts, dimensions]."""


class Encoder(Protocol):
    """Maps texts to vectors whose dot product is the cosine of the texts, from -1 to 1."""

    @property
    def signature(self) -> str:
        """What decides the vectors: the model, the sha256 of its weights, where texts are cut, the norm."""

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Vectors:
        """Return one row a text, in their order. `progress` hears how many texts each batch held."""

    def cut(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """Tell of each text whether it is longer than what the model reads."""


class Model(Encoder, Protocol):
    """An encoder that tells which vectors are its own without being loaded."""

    @property
    def name(self) -> str:
        """The model and the hash of its weights: the first part of the signature."""

    @property
    def identity(self) -> str | None:
        """A hash of all that decides the vectors; None where that is not known, and nothing can be kept."""

    @property
    def setup(self) -> str:
        """The rest of the signature; the model is loaded for that."""
