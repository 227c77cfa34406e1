"""The sentence vectors of a corpus: every distinct text encoded once a model, whoever asks."""

from functools import lru_cache
from pathlib import PurePath

import numpy as np
from numpy.typing import NDArray

from geneval_scorers._corpus import Corpus
from geneval_scorers._ragged import Bools
from geneval_scorers.embedding.encoder import Encoder, load_encoder

_load = lru_cache(maxsize=2)(load_encoder)


def encoder_of(model: str) -> Encoder:
    """The encoder of a model's name, loaded once."""
    return _load(model)


def vectors(corpus: Corpus, model: str) -> NDArray[np.float32]:
    """One row of length 1 for each of `corpus.texts`, [texts, dimensions]."""
    return corpus.derive(("vectors", model), lambda: _encoded(corpus, model))


def cut_texts(corpus: Corpus, model: str) -> Bools:
    """Of which of `corpus.texts` the model reads only the beginning."""
    return corpus.derive(("cut", model), lambda: encoder_of(model).cut(corpus.texts))


def shown_model(model: str) -> str:
    """A model's name as it may leave this machine: a folder is shown by its last name."""
    kind, _, rest = model.partition(":")
    return f"path:{PurePath(rest).name}" if kind == "path" else model


def _encoded(corpus: Corpus, model: str) -> NDArray[np.float32]:
    done = 0

    def tell(batch: int) -> None:
        nonlocal done
        done += batch
        corpus.watch("encoding", done, len(corpus.texts))

    return encoder_of(model).encode(corpus.texts, progress=tell)
