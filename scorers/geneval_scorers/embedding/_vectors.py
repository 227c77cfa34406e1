"""The sentence vectors of a corpus: every distinct text encoded once a model, whoever asks."""

from functools import lru_cache
from pathlib import PurePath

import numpy as np
from numpy.typing import NDArray

from geneval_scorers._corpus import Corpus
from geneval_scorers._ragged import Bools
from geneval_scorers.embedding._functions import function_of
from geneval_scorers.embedding._kept import Encoded, KeptEncoder
from geneval_scorers.embedding._machine import machine
from geneval_scorers.embedding.encoder import Encoder, kept_encoder

_known = lru_cache(maxsize=2)(kept_encoder)


def encoder_of(model: str) -> Encoder:
    """The encoder of a model's name, loaded once, with its cache."""
    return _encoder_of(model)


def vectors(corpus: Corpus, model: str) -> NDArray[np.float32]:
    """One row of length 1 for each of `corpus.texts`, [texts, dimensions]."""
    return _encoded(corpus, model).vectors


def cut_texts(corpus: Corpus, model: str) -> Bools:
    """Of which of `corpus.texts` the model reads only the beginning."""
    return _encoded(corpus, model).cut


def shown_model(model: str) -> str:
    """A model's name as it may leave this machine: a folder is shown by its last name."""
    kind, _, rest = model.partition(":")
    return f"path:{PurePath(rest).name}" if kind == "path" else model


def _encoder_of(model: str) -> KeptEncoder:
    function = function_of(model)
    # A name may come to stand for another function; making an encoder of one costs nothing.
    return kept_encoder(model, machine()) if function else _known(model, machine())


def _encoded(corpus: Corpus, model: str) -> Encoded:
    return corpus.derive(("encoded", model, function_of(model), machine().precision), lambda: _encode(corpus, model))


def _encode(corpus: Corpus, model: str) -> Encoded:
    done, what = 0, "encoding"

    def tell(count: int) -> None:
        nonlocal done
        done += count
        corpus.watch(what, done, len(corpus.texts))

    def known(count: int) -> None:
        nonlocal what
        what = f"encoding, {count / len(corpus.texts):.0%} from the cache"
        tell(count)

    return _encoder_of(model).encoded(corpus.texts, progress=tell, known=known)
