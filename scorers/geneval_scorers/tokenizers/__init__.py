"""Tokenisers by name. Each maps texts to their tokens, joined by single spaces; see docs/tokenizers.md."""

from geneval_scorers.tokenizers._registry import TOKENIZERS, Tokenizer, get_tokenizer

__all__ = ["TOKENIZERS", "Tokenizer", "get_tokenizer"]
