"""Log-probabilities of texts under causal language models of transformers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geneval_references import GenevalError
from geneval_scorers._corpus import Corpus
from geneval_scorers._ragged import Bools, Floats, Ints
from geneval_scorers.embedding._batches import Progress, in_batches
from geneval_scorers.embedding._models import ModelFiles
from geneval_scorers.embedding._pretrained import find_pretrained, load_pretrained
from geneval_scorers.embedding._quiet import quiet

_BATCH = 16
_SAME = 1e-3
"""By so much may logits differ that are equal but for rounding."""


@dataclass(frozen=True)
class Causal:
    """A causal language model, ready to be asked.

    Attributes:
        signature: what decides its numbers: the weights, where texts are cut, which tokens stand around them.
        limit: tokens that it can read, those around the text included; None where there is no limit.
    """

    signature: str
    limit: int | None
    _start: int
    _end: int
    _model: Any = field(repr=False)
    _tokenizer: Any = field(repr=False)

    def log_probabilities(
        self, texts: Sequence[str], *, batch_size: int = _BATCH, progress: Progress | None = None
    ) -> tuple[Floats, Ints]:
        """The log-probability of every text with its end, and the number of tokens that is made of.

        Args:
            texts: those longer than the limit are cut, and then have no end.
            batch_size: texts a batch; it changes speed and memory, and no number by more than rounding.
            progress: hears how many texts each batch held.
        """
        rows = [row if self.limit is None else row[: self.limit] for row in self.tokens(texts)]
        lengths = [len(row) for row in rows]
        found = in_batches(lambda at: self._sums([rows[i] for i in at]), lengths, batch_size, progress)
        sums = np.asarray(found, np.float64)
        if not np.isfinite(sums).all():
            raise GenevalError("the model gave probabilities that are no numbers; are its weights damaged?")
        return sums, np.asarray(lengths, np.int64) - 1

    def cut(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """Tell of each text whether it is longer than what the model reads."""
        limit = self.limit
        return np.asarray([limit is not None and len(row) > limit for row in self.tokens(texts)], bool)

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """Every text's tokens, between a start and an end."""
        if not texts:
            return []
        # A lone surrogate is no text that a tokeniser of a model accepts.
        clean = [text.encode("utf-8", "replace").decode() for text in texts]
        with quiet():
            # A text that spells a mark, such as <|endoftext|>, is a text; it ends nothing.
            rows = self._tokenizer(clean, add_special_tokens=False, split_special_tokens=True, padding=False)[
                "input_ids"
            ]
        return [[self._start, *row, self._end] for row in rows]

    def _sums(self, rows: list[list[int]]) -> list[float]:
        import torch

        logits = self.logits(rows)
        found = []
        for row, each in zip(rows, logits, strict=True):
            # In double precision: over tens of thousands of words, single precision would show in the sixth digit.
            scores = each[: len(row) - 1].double()
            said = scores.gather(1, torch.tensor(row[1:], device=scores.device)[:, None])[:, 0]
            found.append(float((said - scores.logsumexp(1)).sum()))
        return found

    def logits(self, rows: list[list[int]]) -> Any:
        """[rows, longest, vocabulary]; what stands behind the end of a row means nothing."""
        import torch

        longest = max(map(len, rows))
        ids = torch.tensor([row + [self._end] * (longest - len(row)) for row in rows])
        mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
        device = next(self._model.parameters()).device
        with torch.inference_mode(), quiet():
            return self._model(input_ids=ids.to(device), attention_mask=mask.to(device), use_cache=False).logits


def find_causal(model: str, needed_by: str) -> ModelFiles:
    """Find a model without loading it; errors as in `find_pretrained`."""
    return find_pretrained(model, needed_by)


@lru_cache(maxsize=2)
def causal_model(model: str, needed_by: str) -> Causal:
    """Load a causal language model, once.

    Raises:
        UsageError: the name has no known form, or the model would run code or is no safetensors model.
        MissingDependencyError: transformers, torch or the model is not there.
        GenevalError: the files are damaged, the model sees the tokens that it is to predict, or its tokeniser marks no
            end of a text.
    """
    files = find_causal(model, needed_by)
    loaded, tokenizer = load_pretrained(files, "AutoModelForCausalLM")
    end = tokenizer.eos_token_id
    if end is None:
        raise GenevalError(
            f"the tokeniser in {files.folder} marks no end of a text; {needed_by} needs a model with one"
        )
    start = end if tokenizer.bos_token_id is None else tokenizer.bos_token_id
    limit = _limit(loaded, tokenizer)
    signature = f"{files.name}@{files.weights[:12]}|max_tokens:{limit or 'none'}|start:{start}|end:{end}"
    found = Causal(signature, limit, int(start), int(end), loaded, tokenizer)
    _check_causal(found, files, needed_by)
    return found


def _limit(model: Any, tokenizer: Any) -> int | None:
    """What the model has positions for; a tokeniser without a limit says a very large number."""
    known = [getattr(model.config, "max_position_embeddings", None), tokenizer.model_max_length]
    limits = [int(limit) for limit in known if limit is not None and 0 < limit < 10**9]
    return min(limits, default=None)


def _check_causal(model: Causal, files: ModelFiles, needed_by: str) -> None:
    """Refuse a model that looks ahead: transformers loads a BERT here, and its numbers would mean nothing."""
    one, other = model.logits([[0, 1, 0, 0], [0, 1, 0, 1]])
    if float((one[:3] - other[:3]).abs().max()) > _SAME:
        raise GenevalError(
            f"the model in {files.folder} sees the tokens that {needed_by} asks it to predict; give a causal language "
            "model, such as a GPT"
        )


# --- the texts of a corpus ---


def text_log_probabilities(corpus: Corpus, texts: Ints, model: str, needed_by: str) -> tuple[Floats, Ints]:
    """What `Causal.log_probabilities` gives for the texts at these indices, each distinct one asked once."""
    sums, counts = corpus.derive(("causal", model), lambda: _nothing_known(len(corpus.texts)))
    new = np.unique(texts[counts[texts] == 0])
    if len(new):
        done = 0

        def tell(batch: int) -> None:
            nonlocal done
            done += batch
            corpus.watch("asking the language model", done, len(new))

        asked = [corpus.texts[i] for i in new.tolist()]
        sums[new], counts[new] = causal_model(model, needed_by).log_probabilities(asked, progress=tell)
    return sums[texts], counts[texts]


def cut_texts(corpus: Corpus, model: str, needed_by: str) -> Bools:
    """Of which of `corpus.texts` the model reads only the beginning."""
    return corpus.derive(("cut", "causal", model), lambda: causal_model(model, needed_by).cut(corpus.texts))


def _nothing_known(count: int) -> tuple[Floats, Ints]:
    return np.zeros(count), np.zeros(count, np.int64)
