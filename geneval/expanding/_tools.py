"""What expanders ask for: models, tables and files of this machine."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, closing
from typing import Self

import numpy as np
import numpy.typing as npt

from geneval.expanding._files import OutputFile, ReferenceFile
from geneval.expanding._judged import JudgedFile
from geneval.expanding._labelled import LabelledFile
from geneval.expanding._phrases import MeteorPhrases
from geneval.expanding._translators import find_translator
from geneval_references._protocols import Encoder, Generator, Translator
from geneval_scorers import Watch
from geneval_scorers.embedding import machine


class Tools:
    """The tools of this machine, put away at the end of a `with` block.

    Args:
        watch: hears of long work that comes before the first item.
    """

    def __init__(self, watch: Watch | None = None) -> None:
        self._watch = watch
        self.notes: list[str] = []
        """What there is to tell about files that were read."""
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()

    def generator(self, model: str, needed_by: str) -> Generator:
        """A language model of transformers."""
        from geneval.expanding._language_models import LanguageModel

        return LanguageModel(model, needed_by)

    def translator(self, name: str, needed_by: str) -> Translator:
        """A translator by its name."""
        return find_translator(name, needed_by)

    def encoder(self, model: str, needed_by: str) -> Encoder:
        """A sentence encoder, as the scorers have it."""
        return SentenceEncoder(model)

    def phrases(self, table: str, needed_by: str) -> MeteorPhrases:
        """METEOR's table of paraphrases."""
        return self._open.enter_context(closing(MeteorPhrases(table, needed_by, self._watch)))

    def references(self, path: str, needed_by: str) -> ReferenceFile:
        """Reference sets of a file."""
        return ReferenceFile(path)

    def outputs(self, path: str, needed_by: str) -> OutputFile:
        """Outputs of systems."""
        return self._open.enter_context(closing(OutputFile(path)))

    def labelled(self, path: str, column: str, of: str, language: str, needed_by: str) -> LabelledFile:
        """Reference sets with labels."""
        return LabelledFile(path, column, of, language, needed_by)

    def judged(self, path: str, form: str, captions: str, threshold: float | None, needed_by: str) -> JudgedFile:
        """Texts that people have judged."""
        found = JudgedFile(path, form, captions, threshold)
        self.notes += found.notes
        return found


class SentenceEncoder:
    """An encoder of the embedding scorers; its vectors are kept with theirs."""

    def __init__(self, model: str) -> None:
        from geneval_scorers.embedding.encoder import kept_encoder

        self._encoder = kept_encoder(model, machine())

    @property
    def name(self) -> str:
        """The model and the hash of its weights."""
        return self.signature.partition("|")[0]

    @property
    def signature(self) -> str:
        """What decides the vectors."""
        return self._encoder.signature

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """[texts, dimensions], rows of length 1."""
        return self._encoder.encode(texts)
