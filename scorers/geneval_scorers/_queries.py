"""Questions of one form: what does candidate t score against the references S?

Full set, one left out, copies dropped, a reference in the candidate's role: only (t, S) changes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from geneval_references import Reference, ReferenceSet, UsageError
from geneval_scorers._corpus import Corpus
from geneval_scorers._ragged import Bools, Ints, Ragged, ramps

Copies = Literal["keep", "drop"]
"""Whether a candidate keeps the references that are equal to it."""


@dataclass(frozen=True, slots=True, eq=False)
class Queries:
    """Arrays of (candidate, references); entry i of each attribute belongs to question i.

    Attributes:
        item: the item, an index into `Corpus.ids`; its source is at hand there.
        candidates: text indices; one a question, several for scorers of sets.
        references: text indices.
        subject: what the question is about, for the caller to find it again: an output's or a reference's number.
        playing: the number of the reference that plays candidate, -1 where none does; None where none does anywhere.
            Scorers that learn from references leave it out of what they learned.
        memo: what one scorer found out about these questions, for the next one that asks.
    """

    item: Ints
    candidates: Ragged
    references: Ragged
    subject: Ints
    playing: Ints | None = None
    memo: dict[Any, Any] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        """How many questions."""
        return len(self.item)

    def take(self, rows: Ints) -> Queries:
        """The questions at these places, in this order."""
        playing = None if self.playing is None else self.playing[rows]
        return Queries(
            self.item[rows], self.candidates.take(rows), self.references.take(rows), self.subject[rows], playing
        )

    def with_references(self, references: Ragged) -> Queries:
        """The same candidates against other references, row by row."""
        return Queries(self.item, self.candidates, references, self.subject, self.playing)

    def single_candidates(self, scorer: str) -> Ints:
        """The one candidate of every question.

        Raises:
            UsageError: a question has several, which `scorer` cannot answer.
        """
        if (self.candidates.lengths != 1).any():
            raise UsageError(f"{scorer} scores one text at a time; ask about each output in a question of its own")
        return self.candidates.values


def ask(corpus: Corpus, questions: list[tuple[str, str | list[str], list[str]]]) -> Queries:
    """Questions written out by hand.

    A candidate that is one of its item's references, and is not asked about beside itself, plays that reference.

    Args:
        corpus: must hold every text (`extra=[...]` takes those that are neither reference nor output).
        questions: (item id, candidate text or texts, reference texts); `subject` is the place in this list.
    """
    candidates = [[c] if isinstance(c, str) else c for _, c, _ in questions]
    item = np.asarray([corpus.item(id_) for id_, _, _ in questions], np.int64)
    texts = [[corpus.index(text) for text in row] for row in candidates]
    beside = [[corpus.index(text) for text in references] for _, _, references in questions]
    playing = [_held_out(corpus, *question) for question in zip(item.tolist(), texts, beside, strict=True)]
    subject = np.arange(len(questions), dtype=np.int64)
    return Queries(item, Ragged.of(texts), Ragged.of(beside), subject, np.asarray(playing, np.int64))


def _held_out(corpus: Corpus, item: int, texts: list[int], beside: list[int]) -> int:
    """The number of the reference that is asked about without itself; -1 where there is none."""
    if len(texts) != 1 or texts[0] in beside:
        return -1
    places = np.flatnonzero(corpus.references.row(item) == texts[0])
    return int(corpus.references.offsets[item] + places[0]) if len(places) else -1


def full(corpus: Corpus, *, copies: Copies = "keep") -> Queries:
    """Every output against its item's whole reference set; `subject` is the output's number.

    A reference that is the output of a system never scores that system.
    """
    where = corpus.references.positions(corpus.output_item)
    own = corpus.reference_system[where.values] == corpus.output_system[where.rows]
    references = Ragged(where.offsets, corpus.references.values[where.values]).keep(~own)
    subject = np.arange(len(corpus.output_item), dtype=np.int64)
    queries = Queries(corpus.output_item, Ragged.singles(corpus.output_text), references, subject)
    return without_copies(corpus, queries) if copies == "drop" else queries


def grouped(corpus: Corpus, *, copies: Copies = "keep") -> Queries:
    """All outputs that one system gave for an item, together, against the item's references, for set scorers.

    `subject` is the number of the first of these outputs; they stand in alphabetical order, so that no shuffling of the
    input changes a number. `copies="drop"` drops references equal to any of them.
    """
    single = full(corpus)
    key = corpus.output_item * max(len(corpus.systems), 1) + corpus.output_system
    order = np.lexsort((corpus.rank[corpus.output_text], key))
    _, first, counts = np.unique(key[order], return_index=True, return_counts=True)
    lead = np.minimum.reduceat(order, first) if len(order) else order
    candidates = Ragged.from_lengths(counts.astype(np.int64), corpus.output_text[order])
    queries = Queries(corpus.output_item[lead], candidates, single.references.take(lead), lead)
    return without_copies(corpus, queries) if copies == "drop" else queries


def band(corpus: Corpus, *, copies: Copies = "keep") -> Queries:
    """The human band: every reference against its siblings; `subject` is the reference's number.

    `copies="drop"` drops siblings equal to the reference, the same rule that outputs are held to.
    """
    references = corpus.references
    number = np.arange(len(references.values), dtype=np.int64)
    others = siblings(references, references.rows, number)
    queries = Queries(references.rows, Ragged.singles(references.values), others, number, number)
    return without_copies(corpus, queries) if copies == "drop" else queries


def leave_one_out(queries: Queries) -> tuple[Queries, Ints]:
    """Every question once for each of its references, that one left out.

    Returns:
        The questions, and for each of them which one of `queries` it comes from. `subject` is kept.
    """
    parents = queries.references.rows
    left_out = np.arange(len(parents), dtype=np.int64)
    taken = queries.take(parents)
    return taken.with_references(siblings(queries.references, parents, left_out)), parents


def documents(corpus: Corpus, queries: Queries) -> Corpus:
    """A corpus with one item a question, made of the references that were asked about, to fit a scorer on.

    `scorer.fit(corpus)` counts every item once, whatever is asked. Tools that are handed rows count each row instead:
    an item as often as it has rows, without what was left out of them. `scorer.fit(documents(corpus, queries))` gives
    their document frequencies. All references count as original: what was asked about is what is wanted.
    """
    rows = (queries.references.row(i).tolist() for i in range(len(queries)))
    return Corpus([ReferenceSet(str(i), tuple(Reference(corpus.texts[t]) for t in row)) for i, row in enumerate(rows)])


def without_copies(corpus: Corpus, queries: Queries) -> Queries:
    """The same questions without the references that are equal to a candidate after folding."""
    return queries.with_references(queries.references.keep(~copied(corpus, queries)))


def copied(corpus: Corpus, queries: Queries) -> Bools:
    """For every reference of every question, whether it is equal to a candidate after folding."""
    span = len(corpus.texts) + 1
    asked = queries.references.rows * span + corpus.folded[queries.references.values]
    own = queries.candidates.rows * span + corpus.folded[queries.candidates.values]
    return np.isin(asked, own)


def distinct(corpus: Corpus, queries: Queries) -> Queries:
    """The same questions, each reference once after folding: the alphabetically first of equal ones, in that order."""
    references = queries.references
    order = np.lexsort((corpus.rank[references.values], references.rows))
    key = references.rows[order] * (len(corpus.texts) + 1) + corpus.folded[references.values[order]]
    first = np.zeros(len(order), bool)
    first[np.unique(key, return_index=True)[1]] = True
    ordered = Ragged(references.offsets, references.values[order])
    return queries.with_references(ordered.keep(first))


def siblings(references: Ragged, rows: Ints, left_out: Ints) -> Ragged:
    """For every i the references of row `rows[i]` but the one that stands at place `left_out[i]` in `values`."""
    lengths = references.lengths[rows]
    where = ramps(references.offsets[rows], lengths)
    keep = where != np.repeat(left_out, lengths)
    return Ragged.from_lengths(lengths, references.values[where]).keep(keep)
