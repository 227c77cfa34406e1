"""Contextual vectors of tokens: every distinct text of a corpus goes through one layer of an encoder once."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geneval_references import GenevalError, UsageError
from geneval_scorers._corpus import Corpus
from geneval_scorers._ragged import Bools, Ints, Ragged, group_sum, ramps
from geneval_scorers.embedding._batches import Progress, in_batches
from geneval_scorers.embedding._models import ModelFiles
from geneval_scorers.embedding._pretrained import find_pretrained, load_pretrained, token_limit, versions
from geneval_scorers.embedding._quiet import quiet

Vectors = NDArray[np.float32]

_BATCH = 64
"""Texts a batch; it changes speed and memory."""

_HELD = 512 * 2**20
"""Bytes of vectors that are held in memory; more are in a temporary file without a name, mapped."""

_SPACED = {"GPT2Tokenizer", "GPT2TokenizerFast", "RobertaTokenizer", "RobertaTokenizerFast"}
"""Tokenisers that know a first word by the space before it; bert-score puts one there, for these and their kin."""


@dataclass(frozen=True)
class Tokens:
    """The tokens of texts.

    Attributes:
        ids: one row a text, as the model reads it.
        scored: for every id whether it is the text's own: neither what begins nor what ends a sentence.
        cut: which texts are longer than what the model reads.
    """

    ids: Ragged
    scored: Bools
    cut: Bools

    @property
    def count(self) -> Ints:
        """How many tokens of its own each text has."""
        return group_sum(self.scored.astype(np.int64), self.ids).astype(np.int64)


@dataclass(frozen=True)
class TokenModel:
    """An encoder of transformers up to one of its layers.

    Attributes:
        files: where it is from.
        layer: how many layers are run.
        limit: tokens that it reads, None where nothing says.
        device: where it runs.
    """

    files: ModelFiles
    layer: int
    limit: int | None
    device: str
    _model: Any = field(repr=False)
    _tokenizer: Any = field(repr=False)

    @classmethod
    def load(cls, files: ModelFiles, layer: int | None = None, device: str | None = None) -> "TokenModel":
        """Load the model up to `layer`, by default all of it.

        Raises:
            UsageError: it has no such layer, is no encoder, or its tokeniser cannot fill up batches.
            GenevalError: the files are damaged.
        """
        depth = _depth(files)
        chosen = depth if layer is None else layer
        if not 1 <= chosen <= depth:
            raise UsageError(f"layer={layer} does not fit; the model in {files.folder} has layers 1 to {depth}")
        model, tokenizer = load_pretrained(files, "AutoModel", device, num_hidden_layers=chosen)
        if tokenizer.pad_token_id is None:
            raise UsageError(f"the tokeniser of the model in {files.folder} has no padding token, which batches need")
        tokenizer.padding_side = "right"
        found = cls(files, chosen, token_limit(model, tokenizer), str(model.device), model, tokenizer)
        found.check_depth()
        return found

    @property
    def recipe(self) -> dict[str, str]:
        """What decides the vectors: the weights, the layer, where texts are cut, the version of transformers."""
        model = f"{self.files.name}@{self.files.weights[:12]}"
        tokens = "none" if self.limit is None else str(self.limit)
        return {"model": model, "layer": str(self.layer), "max_tokens": tokens, "tools": versions("transformers")}

    @property
    def width(self) -> int:
        """Numbers in a vector."""
        return int(self._model.config.hidden_size)

    def tokens(self, texts: Sequence[str]) -> Tokens:
        """The tokens of texts, without white space around them; none of a text that has nothing else."""
        clean = [text.encode("utf-8", "replace").decode().strip() for text in texts]
        rows = self._encode(clean, self.limit)
        cut = np.zeros(len(rows), bool)
        full = [at for at, row in enumerate(rows) if len(row) == self.limit]
        if full:
            whole = self._encode([clean[at] for at in full])
            cut[full] = [len(row) > len(rows[at]) for at, row in zip(full, whole, strict=True)]
        ids = Ragged.of(rows)
        marks = [mark for mark in (self._tokenizer.cls_token_id, self._tokenizer.sep_token_id) if mark is not None]
        return Tokens(ids, ~np.isin(ids.values, marks), cut)

    def vectors(self, tokens: Tokens, *, batch_size: int = _BATCH, progress: Progress | None = None) -> Vectors:
        """The vectors of all tokens, of length 1.

        Args:
            tokens: of some texts; those without tokens of their own are not run.
            batch_size: changes speed and memory, and numbers by no more than 1e-6.
            progress: hears how many texts each batch held.

        Returns:
            [tokens, dimensions], aligned with `tokens.ids.values`; 0 where the model was not run.

        Raises:
            GenevalError: the model fails, or what it gives is no number.
        """
        out = _room(len(tokens.ids.values), self.width)
        asked = np.flatnonzero(tokens.count)
        ids = tokens.ids

        def run(batch: list[int]) -> list[None]:
            places = asked[batch]
            out[ramps(ids.offsets[places], ids.lengths[places])] = self._embed([ids.row(at).tolist() for at in places])
            return [None] * len(batch)

        in_batches(run, ids.lengths[asked].tolist(), batch_size, progress)
        return out

    def check_depth(self) -> None:
        """Runs a word through the model: there are kinds that would not stop at the layer they are told.

        Raises:
            UsageError: this is one.
        """
        import torch

        with quiet(), torch.inference_mode():
            batch = self._tokenizer("a", return_tensors="pt").to(self.device)
            states = self._model(batch["input_ids"], output_hidden_states=True).hidden_states
        if len(states) != self.layer + 1:
            raise UsageError(f"the model in {self.files.folder} cannot be stopped at layer {self.layer}")

    def _encode(self, texts: Sequence[str], limit: int | None = None) -> list[list[int]]:
        if not texts:
            return []
        spaced = {kind.__name__ for kind in type(self._tokenizer).__mro__} & _SPACED
        cutting = {"truncation": True, "max_length": limit} if limit else {"truncation": False}
        with quiet():
            found = self._tokenizer([f" {text}" for text in texts] if spaced else list(texts), **cutting)
        rows: list[list[int]] = found["input_ids"]
        return rows

    def _embed(self, rows: list[list[int]]) -> Vectors:
        """The vectors of the tokens of these texts, end to end."""
        import torch

        with quiet(), torch.inference_mode():
            batch = self._tokenizer.pad({"input_ids": rows}, return_tensors="pt").to(self.device)
            states = self._model(**batch)[0].float()
            found: Vectors = states[batch["attention_mask"].bool()].cpu().numpy()
        if not np.isfinite(found).all():
            raise GenevalError(
                f"the model in {self.files.folder} gave vectors that are not numbers; are its weights damaged?"
            )
        norms = np.linalg.norm(found, axis=1, keepdims=True)
        return np.asarray(found / np.where(norms == 0, 1, norms), np.float32)


@lru_cache(maxsize=2)
def token_model(model: str, layer: int | None, needed_by: str) -> TokenModel:
    """The encoder of a name, loaded once."""
    return TokenModel.load(find_pretrained(model, needed_by), layer)


def corpus_tokens(corpus: Corpus, model: TokenModel) -> Tokens:
    """The tokens of `corpus.texts`."""
    return corpus.derive(("tokens of a model", model.files.weights), lambda: model.tokens(corpus.texts))


def corpus_vectors(corpus: Corpus, model: TokenModel) -> Vectors:
    """The vectors of the tokens of `corpus.texts`."""
    return corpus.derive(("vectors of tokens", model.files.weights, model.layer), lambda: _encoded(corpus, model))


def _encoded(corpus: Corpus, model: TokenModel) -> Vectors:
    tokens = corpus_tokens(corpus, model)
    done, total = 0, int((tokens.count > 0).sum())

    def tell(batch: int) -> None:
        nonlocal done
        done += batch
        corpus.watch("encoding tokens", done, total)

    return model.vectors(tokens, progress=tell)


def _depth(files: ModelFiles) -> int:
    """How many layers the model has.

    Raises:
        UsageError: it is no encoder.
        GenevalError: transformers does not know such a model.
    """
    try:
        with quiet():
            from transformers import AutoConfig

            config = AutoConfig.from_pretrained(str(files.folder), local_files_only=True)
    except Exception as error:
        raise GenevalError(
            f"the model in {files.folder} cannot be loaded: {' '.join(str(error).split())[:300]}"
        ) from error
    depth = getattr(config, "num_hidden_layers", None)
    if depth is None or config.is_encoder_decoder:
        raise UsageError(f"the model in {files.folder} is no encoder ({config.model_type}); bertscore needs one")
    return int(depth)


def _room(tokens: int, width: int) -> Vectors:
    """An array for the vectors, in a file where it is large: the machine then keeps in memory what fits."""
    if tokens * width * 4 <= _HELD:
        return np.zeros((tokens, width), np.float32)
    with tempfile.TemporaryFile(prefix="geneval-") as file:
        return np.memmap(file, np.float32, "w+", shape=(tokens, width))
