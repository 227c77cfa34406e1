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
    WrittenOutputs,
    seed_of,
)
from geneval_references.expanders._merge import Merged, Merging, merge, trusted
from geneval_references.expanders._registry import GROUP, expander, expanders, parse_expander
from geneval_references.expanders.back_translation import BackTranslation
from geneval_references.expanders.outputs import Outputs
from geneval_references.expanders.paraphrase import Paraphrase
from geneval_references.expanders.phrase_table import PhraseTable

__all__ = [
    "GROUP",
    "BackTranslation",
    "Candidate",
    "Expander",
    "Info",
    "Merged",
    "Merging",
    "Outputs",
    "Paraphrase",
    "PhraseTable",
    "Proposer",
    "Rows",
    "Tools",
    "Written",
    "WrittenOutputs",
    "clean",
    "expander",
    "expanders",
    "merge",
    "parse_expander",
    "seed_of",
    "texts_of",
    "trusted",
]
