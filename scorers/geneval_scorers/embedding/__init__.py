"""Texts as vectors: the encoders behind the embedding scorers. Nothing here imports torch before it is needed."""

from geneval_scorers.embedding.encoder import DEFAULT_MODEL, Encoder, load_encoder

__all__ = ["DEFAULT_MODEL", "Encoder", "load_encoder"]
