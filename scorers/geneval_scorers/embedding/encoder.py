"""Encoders: texts in, one vector of length 1 a text out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from geneval_references import GenevalError, MissingDependencyError, UsageError
from geneval_scorers.embedding._batches import Progress, in_batches
from geneval_scorers.embedding._models import DEFAULT_MODEL, ModelFiles, locate
from geneval_scorers.embedding._quiet import quiet

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

__all__ = ["DEFAULT_MODEL", "Encoder", "load_encoder"]

Vectors = NDArray[np.float32]
_ADDED = 8
"""More than the tokens that any model adds to a text."""

_NEEDS = "cosine needs sentence-transformers: pip install 'geneval-text[neural]'"


class Encoder(Protocol):
    """Maps texts to vectors whose dot product is the cosine of the texts, from -1 to 1."""

    @property
    def signature(self) -> str:
        """What decides the vectors: the model, the sha256 of its weights, where texts are cut, the norm."""

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Vectors:
        """Return one row a text, in their order. `progress` hears how many texts each batch held."""

    def cut(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """Tell of each text whether it is longer than what the model reads."""


def load_encoder(model: str = DEFAULT_MODEL, *, batch_size: int = 64, device: str | None = None) -> Encoder:
    """Load a model of sentence-transformers.

    Args:
        model: `hf:org/name@revision` or `org/name` (the Hub, or its cache), `path:/a/folder`, or `pkg:name` (a package
            that carries a model). The default model also comes from the `offline` extra, which has the same weights.
        batch_size: texts a batch; it changes speed and memory, not the vectors.
        device: as in torch (`cpu`, `cuda`, `mps`); the best one there is when not given.

    Raises:
        UsageError: the name has no known form, or the model would run code or is no safetensors model.
        MissingDependencyError: sentence-transformers or the model is not there.
        GenevalError: the model's files are damaged.
    """
    if batch_size < 1:
        raise UsageError(f"batch_size is {batch_size}; allowed: 1 or more")
    files = find_model(model)
    try:
        with quiet():
            from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise MissingDependencyError(f"{_NEEDS} (importing it failed: {error})") from error
    return _SentenceEncoder.load(SentenceTransformer, files, batch_size, device)


def find_model(model: str) -> ModelFiles:
    """Find a model and what runs it, without loading either, so that what is missing is told at once.

    Raises:
        UsageError: the name has no known form, or the model would run code or is no safetensors model.
        MissingDependencyError: sentence-transformers or the model is not there.
    """
    if find_spec("sentence_transformers") is None:
        raise MissingDependencyError(_NEEDS)
    return locate(model)


@dataclass(frozen=True)
class _SentenceEncoder:
    signature: str
    batch_size: int
    _model: "SentenceTransformer" = field(repr=False)

    @classmethod
    def load(
        cls, loader: "type[SentenceTransformer]", files: ModelFiles, batch_size: int, device: str | None
    ) -> "_SentenceEncoder":
        try:
            with quiet():
                # float32 whatever the file holds: half precision would make the numbers depend on the machine.
                model = loader(
                    str(files.folder),
                    device=device,
                    trust_remote_code=False,
                    local_files_only=True,
                    model_kwargs={"use_safetensors": True, "dtype": "float32"},
                )
        except Exception as error:
            reason = " ".join(str(error).split())[:300]
            raise GenevalError(
                f"the model in {files.folder} cannot be loaded, are its files damaged? {reason}"
            ) from error
        _check_complete(model, files)
        limit = model.max_seq_length
        signature = f"{files.name}@{files.weights[:12]}|max_tokens:{limit or 'none'}|norm:l2"
        return cls(signature, batch_size, model)

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Vectors:
        if not texts:
            return np.zeros((0, self._model.get_embedding_dimension() or 0), np.float32)
        # A lone surrogate is no text that a tokeniser of a model accepts.
        clean = [text.encode("utf-8", "replace").decode() for text in texts]
        lengths = [len(text) for text in clean]
        rows = in_batches(lambda at: list(self._embed([clean[i] for i in at])), lengths, self.batch_size, progress)
        return _normalised(np.stack(rows))

    def cut(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        limit = self._model.max_seq_length or 0
        cut = np.zeros(len(texts), bool)
        # A token is a byte at least, and some are added; most corpora need no second look.
        long = [i for i, text in enumerate(texts) if len(text.encode("utf-8", "replace")) > limit - _ADDED]
        if limit and long:
            with quiet():
                rows = self._model.tokenizer([texts[i] for i in long], truncation=False, padding=False)["input_ids"]
            cut[long] = [len(row) > limit for row in rows]
        return cut

    def _embed(self, texts: list[str]) -> Vectors:
        with quiet():
            vectors = self._model.encode(texts, batch_size=len(texts), show_progress_bar=False, convert_to_numpy=True)
        return np.asarray(vectors, np.float32)


def _check_complete(model: "SentenceTransformer", files: ModelFiles) -> None:
    """Refuse weights that lack a part: transformers would fill it with random numbers and go on.

    A missing pooler is no loss, since sentence-transformers pools by itself.
    """
    from safetensors import safe_open

    stored: set[str] = set()
    for path in files.folder.rglob("*.safetensors"):
        with safe_open(path, "np") as weights:
            stored.update(weights.keys())
    parts = {name for key in stored for name in _endings(key)}
    needed = {name for module in model for name, _ in getattr(module, "auto_model", module).named_parameters()}
    absent = sorted(name for name in needed if name not in parts and not name.startswith("pooler."))
    if absent:
        raise GenevalError(
            f"the model in {files.folder} lacks {len(absent)} of its weights, such as {absent[0]}; get its files again"
        )


def _endings(key: str) -> list[str]:
    """A weight's name with and without the prefixes that a checkpoint may give it."""
    words = key.split(".")
    return [".".join(words[start:]) for start in range(len(words))]


def _normalised(vectors: Vectors) -> Vectors:
    if not np.isfinite(vectors).all():
        raise GenevalError("the model gave vectors that are not numbers; are its weights damaged?")
    norms = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    return (vectors / np.where(norms == 0, 1, norms)).astype(np.float32)
