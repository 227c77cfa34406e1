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
from geneval_references.expanders._files import Judged, Labelled
from geneval_references.expanders._merge import Merged, Merging, merge, trusted
from geneval_references.expanders._registry import GROUP, expander, expanders, parse_expander
from geneval_references.expanders.attributes import Attributes
from geneval_references.expanders.back_translation import BackTranslation
from geneval_references.expanders.mine import Mine
from geneval_references.expanders.outputs import Outputs
from geneval_references.expanders.paraphrase import Paraphrase
from geneval_references.expanders.phrase_table import PhraseTable
from geneval_references.expanders.positives import Positives

__all__ = [
    "GROUP",
    "Attributes",
    "BackTranslation",
    "Candidate",
    "Expander",
    "Info",
    "Judged",
    "Labelled",
    "Merged",
    "Merging",
    "Mine",
    "Outputs",
    "Paraphrase",
    "PhraseTable",
    "Positives",
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
