"""Models that read two texts together (cross-encoders): every ordered pair of a corpus goes through one once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geneval_references import GenevalError, UsageError
from geneval_scorers._corpus import Corpus
from geneval_scorers._ragged import Bools, Ints
from geneval_scorers.embedding._batches import Progress, in_batches
from geneval_scorers.embedding._models import ModelFiles
from geneval_scorers.embedding._pretrained import find_pretrained, load_pretrained, token_limit, versions
from geneval_scorers.embedding._quiet import quiet

Logits = NDArray[np.float64]
Encoded = dict[str, list[list[int]]]

_BATCH = 32
"""Pairs a batch; it changes speed and memory."""


@dataclass(frozen=True)
class PairModel:
    """A sequence-classification model of transformers, with what decides its numbers.

    Attributes:
        files: where it is from.
        limit: tokens of a pair that it reads, None where nothing says.
        device: where it runs.
    """

    files: ModelFiles
    limit: int | None
    device: str
    _model: Any = field(repr=False)
    _tokenizer: Any = field(repr=False)

    @classmethod
    def load(cls, files: ModelFiles, device: str | None = None) -> "PairModel":
        """Load it.

        Raises:
            UsageError: its tokeniser cannot fill up batches.
            GenevalError: the files are damaged, or hold no classification head: none is ever made up.
        """
        model, tokenizer = load_pretrained(files, "AutoModelForSequenceClassification", device)
        if tokenizer.pad_token_id is None:
            raise UsageError(f"the tokeniser of the model in {files.folder} has no padding token, which batches need")
        return cls(files, token_limit(model, tokenizer), str(model.device), model, tokenizer)

    @property
    def config(self) -> Any:
        """The configuration, as transformers reads it."""
        return self._model.config

    @property
    def recipe(self) -> dict[str, str]:
        """What decides the numbers: the weights, where pairs are cut, the version of transformers."""
        tokens = "none" if self.limit is None else str(self.limit)
        model = f"{self.files.name}@{self.files.weights[:12]}"
        return {"model": model, "max_tokens": tokens, "tools": versions("transformers")}

    def logits(
        self, pairs: Sequence[tuple[str, str]], *, batch_size: int = _BATCH, progress: Progress | None = None
    ) -> tuple[Logits, Bools]:
        """Let the model read pairs.

        Args:
            pairs: (first, second), in the order in which the model reads them.
            batch_size: changes speed and memory, and numbers by no more than 1e-6.
            progress: hears how many pairs each batch held.

        Returns:
            [pairs, labels], and of which pairs the model read only the beginning.

        Raises:
            GenevalError: the model fails, or what it gives is no number.
        """
        if not pairs:
            return np.zeros((0, self.config.num_labels)), np.zeros(0, bool)
        # A lone surrogate is no text that a tokeniser of a model accepts.
        clean = [tuple(text.encode("utf-8", "replace").decode() for text in pair) for pair in pairs]
        encoded, cut = self._tokens(clean)
        lengths = [len(row) for row in encoded["input_ids"]]
        rows = in_batches(lambda at: list(self._forward(encoded, at)), lengths, batch_size, progress)
        logits = np.stack(rows).astype(np.float64)
        if not np.isfinite(logits).all():
            raise GenevalError(
                f"the model in {self.files.folder} gave numbers that are not finite; are its weights damaged?"
            )
        return logits, cut

    def _tokens(self, pairs: Sequence[tuple[str, ...]]) -> tuple[Encoded, Bools]:
        """What the model reads of each pair, cut where it has to be: always from the longer text."""
        encoded = self._encode(pairs, self.limit)
        cut = np.zeros(len(pairs), bool)
        full = [i for i, row in enumerate(encoded["input_ids"]) if len(row) == self.limit]
        if full:
            whole = self._encode([pairs[i] for i in full], None)["input_ids"]
            cut[full] = [len(row) > (self.limit or len(row)) for row in whole]
        return encoded, cut

    def _encode(self, pairs: Sequence[tuple[str, ...]], limit: int | None) -> Encoded:
        first, second = ([pair[side] for pair in pairs] for side in (0, 1))
        with quiet():
            cutting = {"truncation": "longest_first", "max_length": limit} if limit else {"truncation": False}
            return dict(self._tokenizer(first, second, padding=False, **cutting))

    def _forward(self, encoded: Encoded, places: list[int]) -> NDArray[np.float32]:
        import torch

        with quiet(), torch.inference_mode():
            rows = {name: [values[at] for at in places] for name, values in encoded.items()}
            batch = self._tokenizer.pad(rows, return_tensors="pt").to(self.device)
            found: NDArray[np.float32] = self._model(**batch).logits.float().cpu().numpy()
            return found


@lru_cache(maxsize=2)
def pair_model(model: str, needed_by: str) -> PairModel:
    """The pair model of a name, loaded once."""
    return PairModel.load(find_pretrained(model, needed_by))


def one_output(model: PairModel, needed_by: str) -> PairModel:
    """The model, if it gives one number a pair.

    Raises:
        UsageError: it gives several.
    """
    count = model.config.num_labels
    if count != 1:
        labels = ", ".join(map(str, model.config.id2label.values()))
        raise UsageError(
            f"{needed_by} needs a model with one output; the one in {model.files.folder} has {count} ({labels})"
        )
    return model


def read_pairs(corpus: Corpus, model: PairModel, first: Ints, second: Ints) -> Logits:
    """The logits of pairs of text indices, in this order, [pairs, labels]; kept with the corpus."""
    return _known(corpus, model).logits(first, second)


def cut_pairs(corpus: Corpus, model: PairModel) -> Bools:
    """Which of `corpus.texts` were part of a pair of which the model read only the beginning."""
    return _known(corpus, model).cut


def _known(corpus: Corpus, model: PairModel) -> "_KnownPairs":
    return corpus.derive(("pairs", model.files.weights), lambda: _KnownPairs(corpus, model))


class _KnownPairs:
    """What a model said of a corpus's pairs, whoever asked: outputs, the band and every k meet the same pairs."""

    def __init__(self, corpus: Corpus, model: PairModel) -> None:
        self._corpus, self._model = corpus, model
        self._keys = np.zeros(0, np.int64)
        self._logits: Logits = np.zeros((0, model.config.num_labels))
        self.cut = np.zeros(len(corpus.texts), bool)

    def logits(self, first: Ints, second: Ints) -> Logits:
        keys = first * len(self._corpus.texts) + second
        new = np.setdiff1d(keys, self._keys)
        if len(new):
            self._read(new)
        found: Logits = self._logits[np.searchsorted(self._keys, keys)]
        return found

    def _read(self, keys: Ints) -> None:
        sides = np.divmod(keys, len(self._corpus.texts))
        texts = self._corpus.texts
        pairs = [(texts[a], texts[b]) for a, b in zip(*(side.tolist() for side in sides), strict=True)]
        logits, cut = self._model.logits(pairs, progress=self._tell(len(pairs)))
        for side in sides:
            self.cut[side[cut]] = True
        order = np.argsort(np.concatenate([self._keys, keys]), kind="stable")
        self._keys = np.concatenate([self._keys, keys])[order]
        self._logits = np.concatenate([self._logits, logits])[order]

    def _tell(self, total: int) -> Progress:
        done = 0

        def tell(batch: int) -> None:
            nonlocal done
            done += batch
            self._corpus.watch("reading pairs of texts", done, total)

        return tell
