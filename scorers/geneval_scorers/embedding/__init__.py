"""Texts as vectors: the encoders behind the embedding scorers. Nothing here imports torch before it is needed."""

from geneval_scorers.embedding._machine import Machine, Precision, machine, using
from geneval_scorers.embedding._store import Held, VectorStore
from geneval_scorers.embedding.encoder import DEFAULT_MODEL, LIGHT_MODEL, Encoder, encoder, load_encoder

__all__ = [
    "DEFAULT_MODEL",
    "LIGHT_MODEL",
    "Encoder",
    "Held",
    "Machine",
    "Precision",
    "VectorStore",
    "encoder",
    "load_encoder",
    "machine",
    "using",
]
