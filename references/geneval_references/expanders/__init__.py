"""Expanders: where further right answers may come from. They propose; what a candidate is worth, others decide."""

from geneval_references.expanders._clean import clean, texts_of
from geneval_references.expanders._expander import (
    Candidate,
    Expander,
    Info,
    Proposer,
    Rows,
    Tools,
    Written,
    seed_of,
)
from geneval_references.expanders._merge import Merged, Merging, merge, trusted
from geneval_references.expanders._registry import GROUP, expander, expanders, parse_expander

__all__ = [
    "GROUP",
    "Candidate",
    "Expander",
    "Info",
    "Merged",
    "Merging",
    "Proposer",
    "Rows",
    "Tools",
    "Written",
    "clean",
    "expander",
    "expanders",
    "merge",
    "parse_expander",
    "seed_of",
    "texts_of",
    "trusted",
]
