"""Right answers found among texts that are there already: proposers, exact search, and matching by labels."""

from geneval_references.mining._labels import by_labels, set_labels
from geneval_references.mining._lemmas import lemmas, numbers
from geneval_references.mining._pool import Pool, Proposed, pooled
from geneval_references.mining._proposers import PROPOSERS, Encoder, Index, Proposer, encoded, proposer

__all__ = [
    "PROPOSERS",
    "Encoder",
    "Index",
    "Pool",
    "Proposed",
    "Proposer",
    "by_labels",
    "encoded",
    "lemmas",
    "numbers",
    "pooled",
    "proposer",
    "set_labels",
]
