"""Tiny models that write, with seeded random weights: real files, loaded as any model is; what they write means nothing."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any

_WORDS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    *string.ascii_lowercase,
    *(f"##{c}" for c in string.ascii_lowercase),
]
_SIZE = {"d_model": 16, "d_kv": 8, "d_ff": 16, "num_layers": 2, "num_heads": 2}


def seq2seq(folder: Path, seed: int = 1) -> Path:
    """A T5 of two layers, which reads 64 tokens."""
    import transformers

    _tokenizer(folder)
    special = {"decoder_start_token_id": 0, "eos_token_id": 3, "pad_token_id": 0}
    config = transformers.T5Config(vocab_size=len(_WORDS), **_SIZE, **special)
    return _save(folder, transformers.T5ForConditionalGeneration, config, seed)


def translator(folder: Path) -> Path:
    """The same, which says of itself that it writes 12 tokens and then ends, and none of those that mean nothing."""
    import transformers

    seq2seq(folder)
    transformers.GenerationConfig.from_pretrained(
        folder, max_length=12, forced_eos_token_id=3, suppress_tokens=[0, 1, 2, 4]
    ).save_pretrained(folder)
    return folder


def causal(folder: Path, seed: int = 2, template: str | None = None) -> Path:
    """A GPT-2 of two layers, with 64 positions; with a template it is a chat model."""
    import transformers

    _tokenizer(folder, template)
    size = {"n_positions": 64, "n_embd": 16, "n_layer": 2, "n_head": 2}
    config = transformers.GPT2Config(vocab_size=len(_WORDS), bos_token_id=2, eos_token_id=3, pad_token_id=0, **size)
    return _save(folder, transformers.GPT2LMHeadModel, config, seed)


def _tokenizer(folder: Path, template: str | None = None) -> None:
    import transformers

    folder.mkdir(exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(_WORDS), "utf-8")
    tokenizer = transformers.BertTokenizerFast(str(folder / "vocab.txt"), model_max_length=64)
    tokenizer.eos_token = _WORDS[3]
    tokenizer.chat_template = template
    tokenizer.save_pretrained(folder)


def _save(folder: Path, kind: Any, config: Any, seed: int) -> Path:
    import torch
    import transformers

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        config.initializer_range = config.initializer_factor = 0.5
        model = kind(config)
    transformers.utils.logging.disable_progress_bar()
    model.save_pretrained(folder)
    return folder
