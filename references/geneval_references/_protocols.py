"""What expanders, the gate and the audit ask of models. `geneval` fills these in; nothing here loads anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a language model is sampled.

    Attributes:
        temperature: above 0; below 1 sharpens the distribution of the next token, above 1 flattens it.
        top_p: the smallest set of tokens with this probability together is drawn from, in (0, 1].
        max_tokens: a text ends after so many.
    """

    temperature: float = 1.0
    top_p: float = 0.95
    max_tokens: int = 128


class Named(Protocol):
    """A model that can be told from others."""

    @property
    def name(self) -> str:
        """`model@revision`, as it stands in the origin of what it wrote."""

    @property
    def signature(self) -> str:
        """Everything that decides what it answers: names, hashes of weights, versions."""


class Answer(NamedTuple):
    """What a language model wrote."""

    text: str
    whole: bool
    """Whether the model ended it; else it was cut at `Sampling.max_tokens`."""


class Generator(Named, Protocol):
    """Writes texts after prompts."""

    def generate(self, prompts: Sequence[str], seeds: Sequence[int], sampling: Sampling) -> list[Answer]:
        """One answer a prompt. It hangs on its prompt and its seed, not on the others of the batch."""


class Translator(Named, Protocol):
    """Translates texts from one language to another."""

    def translate(self, texts: Sequence[str]) -> list[str]:
        """One translation a text; an empty one where the translator came to no end."""


class Encoder(Named, Protocol):
    """Maps texts to vectors."""

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """[texts, dimensions], rows of length 1: a dot product is a cosine, from -1 to 1."""


class Entailment(Named, Protocol):
    """Tells whether one text follows from another."""

    def entails(self, premises: Sequence[str], hypotheses: Sequence[str]) -> npt.NDArray[np.float64]:
        """[pairs, 3]: the probabilities of entailment, neutral and contradiction."""


class Phrases(Named, Protocol):
    """Knows phrases that mean the same."""

    def paraphrases(self, phrases: Sequence[str]) -> list[list[tuple[str, float]]]:
        """For each phrase others that may stand in its place, with their probabilities, the most probable first."""


class Similarity(Protocol):
    """Tells how alike texts are. Only the order of its numbers is used, and differences of them."""

    @property
    def name(self) -> str:
        """What decides the numbers, for reports."""
        ...

    def __call__(
        self, texts: Sequence[str], mine: npt.NDArray[np.int64], theirs: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.float64]:
        """How alike `texts[mine[i]]` and `texts[theirs[i]]` are; higher is more alike.

        Args:
            texts: distinct texts.
            mine: places in `texts`, [pairs].
            theirs: places of those beside them, [pairs].

        Returns:
            [pairs]; NaN where it cannot be told.
        """
        ...
