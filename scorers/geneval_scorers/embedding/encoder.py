"""Encoders: texts in, one vector of length 1 a text out."""

from geneval_references import UsageError
from geneval_scorers.embedding._functions import FunctionModel, encoder, function_of
from geneval_scorers.embedding._kept import KeptEncoder
from geneval_scorers.embedding._light import LIGHT_MODEL, LightModel
from geneval_scorers.embedding._machine import Machine, machine
from geneval_scorers.embedding._models import DEFAULT_MODEL
from geneval_scorers.embedding._protocols import Encoder, Model
from geneval_scorers.embedding._sentence import SentenceModel

__all__ = ["DEFAULT_MODEL", "LIGHT_MODEL", "Encoder", "encoder", "find_model", "kept_encoder", "load_encoder"]

_BATCH = 64


def load_encoder(model: str = DEFAULT_MODEL, *, batch_size: int | None = None, device: str | None = None) -> Encoder:
    """Find an encoder that keeps nothing; it is loaded when it is first needed.

    Args:
        model: `hf:org/name@revision` or `org/name` (the Hub, or its cache), `path:/a/folder`, `pkg:name` (a package
            that carries a model), or `code:name` (a function that `geneval.encoder` has made known). The default model
            also comes from the `offline` extra, which has the same weights.
        batch_size: texts a batch; it changes speed and memory, not the vectors. What suits the device when not given.
        device: as in torch (`cpu`, `cuda`, `mps`); else what `GENEVAL_DEVICE` says, or the best one there is.

    Raises:
        UsageError: the name has no known form, or the model would run code or is no safetensors model.
        MissingDependencyError: what runs the model, the model or the device is not there.
        GenevalError: the model's files are damaged.
    """
    if batch_size is not None and batch_size < 1:
        raise UsageError(f"batch_size is {batch_size}; allowed: 1 or more")
    choices = machine()
    return _find(model, Machine(device or choices.device, choices.precision), batch_size)


def kept_encoder(model: str, choices: Machine) -> KeptEncoder:
    """Find an encoder whose vectors are kept where `choices` say; errors as in `load_encoder`."""
    return KeptEncoder(_find(model, choices), choices.cache)


def find_model(model: str) -> None:
    """Find a model and what runs it, without loading either, so that what is missing is told at once.

    Raises:
        UsageError: the name has no known form, or the model would run code or is no safetensors model.
        MissingDependencyError: what runs the model, the model or the device is not there.
    """
    _find(model, machine())


def _find(model: str, choices: Machine, batch_size: int | None = None) -> Model:
    if (function := function_of(model)) is not None:
        return FunctionModel(model.partition(":")[2], function, batch_size or _BATCH)
    if model == LIGHT_MODEL:
        return LightModel.find(batch_size or _BATCH)
    return SentenceModel.find(model, choices, batch_size)
