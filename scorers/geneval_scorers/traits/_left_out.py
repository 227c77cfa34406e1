"""References that play candidate: what was learned from one of them must not count when it is scored.

A reference that is asked about (the human band) was in the corpus that the scorer learned from, an output was not, and
so references would look better than outputs of the same kind. Where a question leaves out all references of its item
that are equal to its candidate, as the band does, they are left out of what was learned, too: the score is that of a
scorer fitted without them. A candidate that keeps an equal reference (a copy, by default) keeps what was learned from it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geneval_scorers._corpus import Corpus
from geneval_scorers._queries import Queries, copied
from geneval_scorers._ragged import Ints
from geneval_scorers.traits._tables import Table, joint, text_marks


@dataclass(frozen=True, slots=True, eq=False)
class LeftOut:
    """References to be left out of what was learned.

    Attributes:
        question: of each of them, ascending.
        text: the reference.
        times: how often the question's item had it when the scorer learned, at least once.
    """

    question: Ints
    text: Ints
    times: Ints


def left_out(corpus: Corpus, queries: Queries, candidates: Ints, learned: Table) -> LeftOut:
    """What each question leaves out.

    Args:
        corpus: holds the texts.
        queries: the questions.
        candidates: the text of each.
        learned: the (item, text) pairs that were learned from, with their number.
    """
    absent = np.ones(len(queries), bool)
    absent[queries.references.rows[copied(corpus, queries)]] = False
    asked = np.flatnonzero(absent)
    where = corpus.references.positions(queries.item[asked])
    question, place = asked[where.rows], where.values
    text = corpus.references.values[place]
    same = corpus.reference_original[place] & (corpus.folded[text] == corpus.folded[candidates[question]])
    question, place, text = question[same], place[same], text[same]
    marks = text_marks(corpus, place)
    # An item's own copies of a text go together: the table knows how many there were.
    _, first = np.unique(joint(question, marks), return_index=True)
    first.sort()
    times = learned.of(marks[first])[0]
    known = times > 0
    return LeftOut(question[first][known], text[first][known], times[known])
