"""Encoders: texts in, one vector of length 1 a text out."""

import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from geneval_references import GenevalError, MissingDependencyError, UsageError
from geneval_scorers.embedding._models import DEFAULT_MODEL, ModelFiles, locate

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

__all__ = ["DEFAULT_MODEL", "Encoder", "load_encoder"]

Vectors = NDArray[np.float32]
Progress = Callable[[int], None]

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
        with _quiet():
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
            with _quiet():
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
        return _normalised(_in_batches(self._embed, texts, self.batch_size, progress))

    def cut(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        limit = self._model.max_seq_length or 0
        cut = np.zeros(len(texts), bool)
        # A token is a byte at least, and some are added; most corpora need no second look.
        long = [i for i, text in enumerate(texts) if len(text.encode("utf-8", "replace")) > limit - _ADDED]
        if limit and long:
            with _quiet():
                rows = self._model.tokenizer([texts[i] for i in long], truncation=False, padding=False)["input_ids"]
            cut[long] = [len(row) > limit for row in rows]
        return cut

    def _embed(self, texts: list[str]) -> Vectors:
        with _quiet():
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


def _in_batches(
    embed: Callable[[list[str]], Vectors], texts: Sequence[str], batch_size: int, progress: Progress | None
) -> Vectors:
    """Embed texts of like length together, the longest first, so that a batch too large shows itself at once."""
    order = sorted(range(len(texts)), key=lambda at: -len(texts[at]))
    rows: list[Vectors] = []
    done = 0
    while done < len(order):
        # A lone surrogate is no text that a tokeniser of a model accepts.
        batch = [texts[at].encode("utf-8", "replace").decode() for at in order[done : done + batch_size]]
        try:
            rows.append(embed(batch))
        except (MemoryError, RuntimeError) as error:
            if not _out_of_memory(error) or len(batch) == 1:
                raise GenevalError(f"the model failed on a batch of {len(batch)} texts: {error}") from error
            batch_size = len(batch) // 2
            continue
        done += len(batch)
        if progress is not None:
            progress(len(batch))
    vectors = np.concatenate(rows)
    restored = np.empty_like(vectors)
    restored[order] = vectors
    return restored


def _out_of_memory(error: Exception) -> bool:
    # torch says it in three ways: OutOfMemoryError on a GPU, and two RuntimeErrors on a CPU.
    said = str(error).lower()
    return (
        isinstance(error, MemoryError)
        or "out of memory" in said
        or "not enough memory" in said
        or "can't alloc" in said
    )


def _normalised(vectors: Vectors) -> Vectors:
    if not np.isfinite(vectors).all():
        raise GenevalError("the model gave vectors that are not numbers; are its weights damaged?")
    norms = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    return (vectors / np.where(norms == 0, 1, norms)).astype(np.float32)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the libraries' own bars, log lines and warnings off the terminal, and leave their settings as they were."""
    loggers = [
        logging.getLogger(name) for name in ("sentence_transformers", "transformers", "huggingface_hub", "torch")
    ]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), _no_bars():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@contextmanager
def _no_bars() -> Iterator[None]:
    try:
        bars: Any = import_module("transformers.utils.logging")
    except ImportError:
        yield
        return
    shown = bars.is_progress_bar_enabled()
    bars.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            bars.enable_progress_bar()
