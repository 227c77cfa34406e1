"""One block, asked by every scorer: rows of statistics as arrays that can be kept in a file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from geneval.blocks import Block
from geneval.copies import copy_counts
from geneval.selection import selected
from geneval.settings import Settings
from geneval_scorers import Answers, Corpus, Queries, Scorer, Watch, ask_each, band, expected_at_each, full, guarded

Ints = npt.NDArray[np.int64]
Part = dict[str, npt.NDArray[Any]]
"""What is known of a block once it is scored, by name."""

REASONS = ("", "no_reference", "too_few_references", "not_scored", "too_long", "no_image")
"""Why there is no score; kept as places in this list."""

_SHORT = ("no_reference", "too_few_references")


@dataclass(frozen=True, slots=True)
class Question:
    """A scorer, a number of references, and who is asked about: `outputs`, or the references themselves (`band`)."""

    number: int
    scorer: Scorer
    k: int | None
    role: str

    @property
    def name(self) -> str:
        """Where its arrays are found."""
        return f"{self.role}.{self.number}.{'all' if self.k is None else self.k}"


def questions(scorers: Sequence[Scorer], settings: Settings, role: str) -> list[Question]:
    """One a scorer and k."""
    return [Question(i, s, k, role) for i, s in enumerate(scorers) for k in settings.k or (None,)]


class Scored:
    """A block with its texts interned, ready to be asked about."""

    def __init__(self, block: Block, settings: Settings, watch: Watch | None) -> None:
        self.block, self.settings = block, settings
        rows = [(o.id, o.system, o.text, o.sample) for _, o in block.outputs]
        self.items = selected(block.items, settings)
        self.corpus = Corpus(self.items, rows, watch=watch)
        # Document frequencies and the like come from all references, whichever of them count here.
        self.fit_corpus = self.corpus if self.items is block.items else Corpus(block.items, rows, watch=watch)

    def part(self, scorers: Sequence[Scorer], systems: Sequence[str]) -> Part:
        """Asks every scorer about the block's outputs and, for the band, about its references.

        Args:
            scorers: fitted.
            systems: of all blocks; they are kept as places in this list.
        """
        queries = full(self.corpus, copies=self.settings.copies)
        part = self._outputs(systems)
        for question, answers in self._ask(scorers, queries, "outputs"):
            part |= _kept(question.name, _alike(answers))
            part[f"{question.name}.winner"] = self._winners(queries, answers).astype(np.int32)
        if self.settings.band:
            part |= self._band(scorers)
        facts = {"copies": copy_counts(self.corpus), "uneven": _uneven(queries), "notices": self._notices(scorers)}
        return part | {"facts": np.frombuffer(json.dumps(facts).encode(), np.uint8)}

    def _outputs(self, systems: Sequence[str]) -> Part:
        corpus, place = self.corpus, {name: i for i, name in enumerate(systems)}
        known = np.asarray([place[name] for name in corpus.systems], np.int32)
        blank = np.asarray([not text.strip() for text in corpus.texts], bool)
        return {
            "outputs.number": np.asarray([number for number, _ in self.block.outputs], np.int64),
            "outputs.item": corpus.output_item + self.block.first,
            "outputs.system": known[corpus.output_system],
            "outputs.sample": corpus.output_sample.astype(np.int32),
            "outputs.blank": blank[corpus.output_text],
        }

    def _band(self, scorers: Sequence[Scorer]) -> Part:
        queries = band(self.corpus, copies=self.settings.copies)
        part: Part = {
            "band.item": queries.item + self.block.first,
            # Only members of one item are ever compared by it.
            "band.rank": self.corpus.rank[queries.candidates.values].astype(np.int32),
        }
        for question, answers in self._ask(scorers, queries, "band"):
            part |= _kept(question.name, answers)
        return part

    def _ask(self, scorers: Sequence[Scorer], queries: Queries, role: str) -> list[tuple[Question, Answers]]:
        """One a scorer and number of references."""
        s = self.settings
        if s.k:
            found = expected_at_each(scorers, self.corpus, queries, s.k, seed=s.seed, draws=s.draws)
        else:
            found = [[answers] for answers in ask_each(scorers, self.corpus, queries)]
        return [
            (Question(number, scorer, answers.k, role), answers)
            for number, (scorer, row) in enumerate(zip(scorers, found, strict=True))
            for answers in row
        ]

    def _winners(self, queries: Queries, answers: Answers) -> Ints:
        """The winning reference's place in its item's list as it was given, references that do not count included."""
        out = np.full(len(answers.segment), -1, np.int64)
        places = out if answers.winner is None else answers.winner
        for i in np.flatnonzero(places >= 0).tolist():
            item = int(queries.item[i])
            text = self.corpus.texts[int(queries.references.row(i)[places[i]])]
            own = f"output:{self.corpus.systems[int(self.corpus.output_system[i])]}"
            counted = self.items[item].references
            given = enumerate(self.block.items[item].references)
            out[i] = next(n for n, r in given if r.text == text and r.origin != own and r in counted)
        return out

    def _notices(self, scorers: Sequence[Scorer]) -> dict[str, dict[str, tuple[int, int, str]]]:
        """How many of the texts or outputs each notice of each scorer is true of; texts are counted wherever they stand."""
        where = np.concatenate([self.corpus.references.values, self.corpus.output_text])
        told = {}
        for scorer in scorers:
            with guarded(scorer):
                notices, of_outputs = scorer.notices(self.corpus), scorer.output_notices(self.corpus)
            told[scorer.label] = {
                **{text: (int(mask[where].sum()), len(where), "texts") for text, mask in notices.items()},
                **{text: (int(mask.sum()), len(mask), "outputs") for text, mask in of_outputs.items()},
            }
        return told


def _alike(answers: Answers) -> Answers:
    """An item that leaves one system without enough references leaves all of them without a score."""
    item = answers.queries.item
    short = np.asarray([reason in _SHORT for reason in answers.reason], bool)
    shared = np.isin(item, item[short])
    more = shared & ~short
    if not more.any():
        return answers
    why = {int(item[i]): answers.reason[i] for i in np.flatnonzero(short)}
    reason = tuple(why[int(item[i])] if more[i] else answers.reason[i] for i in range(len(item)))
    return replace(answers, segment=np.where(more, np.nan, answers.segment), reason=reason)


def _kept(name: str, answers: Answers) -> Part:
    part: Part = {
        "segment": answers.segment,
        "rows": _narrow(answers.rows),
        "starts": answers.starts,
        "draws": answers.draws.astype(np.int32),
        "reason": np.asarray([REASONS.index(reason) for reason in answers.reason], np.uint8),
    }
    return {f"{name}.{field}": array for field, array in part.items()}


def _narrow(rows: npt.NDArray[np.number]) -> npt.NDArray[np.number]:
    """Whole numbers in 32 bits, where they fit."""
    limits = np.iinfo(np.int32)
    if np.issubdtype(rows.dtype, np.integer) and rows.size and limits.min <= rows.min() and rows.max() <= limits.max:
        return rows.astype(np.int32)
    return rows


def _uneven(queries: Queries) -> bool:
    """Whether outputs for one item meet different numbers of references."""
    order = np.argsort(queries.item, kind="stable")
    items, lengths = queries.item[order], queries.references.lengths[order]
    return bool(((items[1:] == items[:-1]) & (lengths[1:] != lengths[:-1])).any())
