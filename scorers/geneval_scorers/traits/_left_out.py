"""References that play candidate: what was learned from one of them must not count when it is scored.

A reference that is asked about (the human band) was in the corpus that the scorer learned from, an output was not, and
so references would look better than outputs of the same kind. What a reference brought is left out when it is asked
about: its score is that of a scorer fitted on all other references, copies of it included.
"""

from __future__ import annotations

import numpy as np

from geneval_scorers._corpus import Corpus
from geneval_scorers._queries import Queries
from geneval_scorers._ragged import Ints
from geneval_scorers.traits._tables import Table, text_marks


def left_out(corpus: Corpus, queries: Queries, learned: Table) -> Ints:
    """The questions whose candidate is a reference that was learned from, ascending.

    Args:
        corpus: holds the texts.
        queries: tell which references play candidate.
        learned: the (item, text) pairs that were learned from, by `text_marks`.
    """
    if queries.playing is None:
        return np.zeros(0, np.int64)
    asked = np.flatnonzero(queries.playing >= 0)
    asked = asked[corpus.reference_original[queries.playing[asked]]]
    return asked[learned.of(text_marks(corpus, queries.playing[asked]))[0] > 0]
