"""Tiny models with seeded random weights, built in a tenth of a second: real files, loaded as any model is.

They know letters and read 32 tokens at most. What they say means nothing; how it is computed does.
"""

from __future__ import annotations

import json
import string
from pathlib import Path
from typing import Any

LIMIT = 32
SEED = 12345
MNLI = {0: "CONTRADICTION", 1: "NEUTRAL", 2: "ENTAILMENT"}
"""The order of roberta-large-mnli and facebook/bart-large-mnli."""

_SIZE = {"hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 16}


def bert(folder: Path, seed: int = SEED) -> Path:
    """Write an encoder without a head."""
    import transformers

    return _write(folder, transformers.BertModel, _bert_config(), seed)


def roberta(folder: Path, seed: int = SEED) -> Path:
    """Write an encoder that counts positions from behind the padding, with byte-level tokens and no known limit."""
    import transformers

    letters = _bytes()
    words = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", *letters]
    (folder / "vocab.json").write_text(json.dumps({word: at for at, word in enumerate(words)}), "utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n", "utf-8")
    tokenizer = transformers.RobertaTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"))
    tokenizer.save_pretrained(folder)
    config = transformers.RobertaConfig(vocab_size=len(words), max_position_embeddings=LIMIT + 2, **_SIZE)
    return _save(folder, transformers.RobertaModel, config, seed)


def regression(folder: Path, seed: int = SEED, **extra: Any) -> Path:
    """Write a model with one output for a pair of texts: a cross-encoder, or a learned metric."""
    import transformers

    return _write(folder, transformers.BertForSequenceClassification, _bert_config(num_labels=1, **extra), seed)


def nli(folder: Path, labels: dict[int, str] | None = None, seed: int = SEED, **extra: Any) -> Path:
    """Write a model with three outputs for a pair of texts, named as `labels` says."""
    import transformers

    names = MNLI if labels is None else labels
    known = {"id2label": names, "label2id": {name: at for at, name in names.items()}} if names else {"num_labels": 3}
    return _write(folder, transformers.BertForSequenceClassification, _bert_config(**(known | extra)), seed)


def _bert_config(**extra: Any) -> Any:
    import transformers

    return transformers.BertConfig(vocab_size=len(_words()), max_position_embeddings=LIMIT, **_SIZE, **extra)


def _words() -> list[str]:
    letters = string.ascii_lowercase + string.digits
    return ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", *letters, *(f"##{letter}" for letter in letters)]


def _bytes() -> list[str]:
    """Letters and the space, as a byte-level tokeniser writes them."""
    return [*string.ascii_letters, *string.digits, ".", ",", "Ġ"]


def _write(folder: Path, kind: Any, config: Any, seed: int) -> Path:
    import transformers

    (folder / "vocab.txt").write_text("\n".join(_words()), "utf-8")
    transformers.BertTokenizerFast(str(folder / "vocab.txt"), model_max_length=LIMIT).save_pretrained(folder)
    return _save(folder, kind, config, seed)


def _save(folder: Path, kind: Any, config: Any, seed: int) -> Path:
    import torch
    import transformers

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        # Far from 0, where every pair of texts would score nearly the same.
        config.initializer_range = 0.2
        model = kind(config)
    transformers.utils.logging.disable_progress_bar()
    model.save_pretrained(folder)
    return folder
