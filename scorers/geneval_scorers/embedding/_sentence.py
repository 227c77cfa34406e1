"""Models of sentence-transformers (Reimers and Gurevych 2019): float32, unless half precision was asked for."""

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geneval_references import GenevalError, MissingDependencyError
from geneval_scorers.embedding._batches import Progress, in_batches
from geneval_scorers.embedding._machine import Machine, choose_device
from geneval_scorers.embedding._models import ModelFiles, fingerprint, locate
from geneval_scorers.embedding._protocols import Vectors
from geneval_scorers.embedding._quiet import quiet

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_LOG = logging.getLogger(__name__)

_ON_CPU, _ON_GPU = 32, 128
"""Texts a batch. Measured on a CPU: 16 and 64 are slower by a tenth and a twentieth."""
_ADDED = 8
"""More than the tokens that any model adds to a text."""
_NEEDS = "cosine needs sentence-transformers: pip install 'geneval-text[neural]'"
_RUNS_IT = ("sentence-transformers", "transformers", "tokenizers", "torch")


@dataclass(frozen=True, eq=False)
class SentenceModel:
    """A model that is loaded when it is first asked for something that its files do not tell."""

    files: ModelFiles
    machine: Machine
    batch_size: int | None = None
    """Texts a batch; what suits the device when None."""

    @classmethod
    def find(cls, model: str, machine: Machine, batch_size: int | None = None) -> "SentenceModel":
        """Find a model and what runs it, without loading either, so that what is missing is told at once.

        Raises:
            UsageError: the name has no known form, or the model would run code or is no safetensors model.
            MissingDependencyError: sentence-transformers, the model or the device is not there.
        """
        if find_spec("sentence_transformers") is None:
            raise MissingDependencyError(_NEEDS)
        if machine.device not in {None, "cpu"}:
            choose_device(machine.device)
        return cls(locate(model), machine, batch_size)

    @property
    def name(self) -> str:
        """The model, the hash of its weights and, of a model of the Hub named without its commit, the commit."""
        revision = f"|revision:{self.files.commit}" if self.files.commit else ""
        return f"{self.files.name}@{self.files.weights[:12]}{revision}"

    @cached_property
    def identity(self) -> str:
        """Weights, settings, tokeniser, versions of what runs it, precision."""
        return fingerprint(self.files, _RUNS_IT, self.machine.precision)

    @cached_property
    def setup(self) -> str:
        """Where texts are cut, how tokens become one vector, what is put before a text, the norm, the precision."""
        parts: list[Any] = list(self._model)
        modules = [part.get_config_dict() for part in parts if hasattr(part, "get_config_dict")]
        pooling = "+".join(str(module["pooling_mode"]) for module in modules if "pooling_mode" in module)
        prompt = self._model.prompts.get(self._model.default_prompt_name or "", "")
        half = "" if self.machine.precision == "float32" else f"|precision:{self.machine.precision}"
        limit = self._model.max_seq_length or math.inf
        before = "|prompt:" + repr(prompt).replace("|", "\\x7c") if prompt else ""
        told = f"max_tokens:{limit if math.isfinite(limit) else 'none'}|pooling:{pooling or 'none'}"
        return f"{told}{before}|norm:l2{half}"

    @property
    def signature(self) -> str:
        """What decides the vectors."""
        return f"{self.name}|{self.setup}"

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Vectors:
        """One row of length 1 a text."""
        if not texts:
            return np.zeros((0, self._model.get_embedding_dimension() or 0), np.float32)
        clean = [_clean(text) for text in texts]
        size = self.batch_size or (_ON_CPU if self._model.device.type == "cpu" else _ON_GPU)
        rows = in_batches(lambda at: list(self._embed([clean[i] for i in at])), self._tokens(clean), size, progress)
        return _normalised(np.stack(rows))

    def cut(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """Of which texts the model reads only the beginning."""
        limit = self._model.max_seq_length or math.inf
        cut = np.zeros(len(texts), bool)
        # A token is a byte at least, and some are added; most corpora need no second look.
        long = [i for i, text in enumerate(texts) if len(text.encode("utf-8", "replace")) > limit - _ADDED]
        cut[long] = [count > limit for count in self._tokens([texts[i] for i in long])]
        return cut

    def _tokens(self, texts: list[str]) -> list[int]:
        """How many tokens each text has; characters, where a model has a tokeniser of another kind."""
        tokenizer = self._model.tokenizer
        if not texts or not callable(tokenizer):
            return [len(text) for text in texts]
        with quiet():
            rows = tokenizer([_clean(text) for text in texts], truncation=False, padding=False)["input_ids"]
        return [len(row) for row in rows]

    @cached_property
    def _model(self) -> "SentenceTransformer":
        return self._load(self.machine.precision)

    @cached_property
    def _exact(self) -> "SentenceTransformer":
        _LOG.warning(
            "%s: vectors of some texts are out of the range of %s; they are made in float32",
            self.name,
            self.machine.precision,
        )
        return self._load("float32")

    def _load(self, precision: str) -> "SentenceTransformer":
        try:
            with quiet():
                from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise MissingDependencyError(f"{_NEEDS} (importing it failed: {error})") from error
        device = choose_device(self.machine.device)
        try:
            with quiet():
                model = SentenceTransformer(
                    str(self.files.folder),
                    device=device,
                    trust_remote_code=False,
                    local_files_only=True,
                    # Said, whatever the file holds: else half precision in it would decide.
                    model_kwargs={"use_safetensors": True, "dtype": precision},
                )
        except Exception as error:
            reason = " ".join(str(error).split())[:300]
            raise GenevalError(
                f"the model in {self.files.folder} cannot be loaded, are its files damaged? {reason}"
            ) from error
        _check_complete(model, self.files)
        _LOG.info("%s runs on %s, in %s", self.name, device, precision)
        return model

    def _embed(self, texts: list[str]) -> Vectors:
        vectors = _vectors_of(self._model, texts)
        if self.machine.precision != "float32":
            lost = [i for i, row in enumerate(vectors) if not (np.isfinite(row).all() and row.any())]
            if lost:
                vectors[lost] = _vectors_of(self._exact, [texts[i] for i in lost])
        return vectors


def _clean(text: str) -> str:
    """Without lone surrogates, which no tokeniser takes."""
    return text.encode("utf-8", "replace").decode()


def _vectors_of(model: "SentenceTransformer", texts: list[str]) -> Vectors:
    with quiet():
        vectors: Any = model.encode(
            texts, batch_size=len(texts), show_progress_bar=False, convert_to_numpy=False, convert_to_tensor=True
        )
    return np.asarray(vectors.float().cpu().numpy(), np.float32)


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
