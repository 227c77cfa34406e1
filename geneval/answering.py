"""One block, asked by every scorer: rows of statistics as arrays that can be kept in a file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from geneval.blocks import Block
from geneval.copies import copy_counts
from geneval.selection import selected
from geneval.settings import Settings
from geneval_scorers import (
    Answers,
    Corpus,
    Queries,
    Scorer,
    Watch,
    ask_each,
    band,
    expected_at_each,
    full,
    grouped,
    guarded,
)

Ints = npt.NDArray[np.int64]
Part = dict[str, npt.NDArray[Any]]
"""What is known of a block once it is scored, by name."""

REASONS = ("", "no_reference", "too_few_references", "not_scored", "too_long", "too_few_outputs", "no_image")
"""Why there is no score; kept as places in this list."""

_SHORT = ("no_reference", "too_few_references")


@dataclass(frozen=True, slots=True)
class Question:
    """A scorer, a number of references, and who is asked about.

    `outputs` one by one; `sets` of them, all that a system gave for an item; or the references themselves (`band`).
    """

    number: int
    scorer: Scorer
    k: int | None
    role: str

    @property
    def name(self) -> str:
        """Where its arrays are found."""
        return f"{self.role}.{self.number}.{'all' if self.k is None else self.k}"


def role_of(scorer: Scorer) -> str:
    """Who a scorer is asked about: `outputs`, or `sets`."""
    return "sets" if scorer.info.kind == "set" else "outputs"


def questions(scorers: Sequence[Scorer], settings: Settings) -> list[Question]:
    """One a scorer and k."""
    return [Question(i, s, k, role_of(s)) for i, s in enumerate(scorers) for k in settings.k or (None,)]


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
        """Asks every scorer about the block's outputs, or sets of them, and, for the band, about its references.

        Args:
            scorers: fitted.
            systems: of all blocks; they are kept as places in this list.
        """
        part: Part = {}
        uneven = False
        for role, ask in (("outputs", full), ("sets", grouped)):
            mine = {number: scorer for number, scorer in enumerate(scorers) if role_of(scorer) == role}
            if mine or role == "outputs":
                queries = ask(self.corpus, copies=self.settings.copies)
                part |= self._asked(role, queries, systems) | self._answered(role, queries, mine)
                uneven |= _uneven(queries)
        if self.settings.band:
            part |= self._band({n: scorer for n, scorer in enumerate(scorers) if role_of(scorer) == "outputs"})
        facts = {"copies": copy_counts(self.corpus), "uneven": uneven, "notices": self._notices(scorers)}
        return part | {"facts": np.frombuffer(json.dumps(facts).encode(), np.uint8)}

    def _asked(self, role: str, queries: Queries, systems: Sequence[str]) -> Part:
        """Who is asked about; a set is found by the number of its first output."""
        corpus, place = self.corpus, {name: i for i, name in enumerate(systems)}
        known = np.asarray([place[name] for name in corpus.systems], np.int32)
        blank = np.asarray([not text.strip() for text in corpus.texts], bool)
        number = np.asarray([number for number, _ in self.block.outputs], np.int64)
        lead, candidates = queries.subject, queries.candidates
        return {
            f"{role}.number": number[lead],
            f"{role}.item": queries.item + self.block.first,
            f"{role}.system": known[corpus.output_system[lead]],
            f"{role}.sample": np.where(role == "sets", -1, corpus.output_sample[lead]).astype(np.int32),
            f"{role}.size": candidates.lengths.astype(np.int32),
            f"{role}.blank": np.bincount(candidates.rows, blank[candidates.values], len(candidates)) > 0,
        }

    def _answered(self, role: str, queries: Queries, scorers: Mapping[int, Scorer]) -> Part:
        part: Part = {}
        for question, answers in self._ask(scorers, queries, role):
            part |= _kept(question.name, _alike(answers))
            part[f"{question.name}.winner"] = self._winners(queries, answers).astype(np.int32)
        return part

    def _band(self, scorers: Mapping[int, Scorer]) -> Part:
        queries = band(self.corpus, copies=self.settings.copies)
        part: Part = {
            "band.item": queries.item + self.block.first,
            # Only members of one item are ever compared by it.
            "band.rank": self.corpus.rank[queries.candidates.values].astype(np.int32),
        }
        for question, answers in self._ask(scorers, queries, "band"):
            part |= _kept(question.name, answers)
        return part

    def _ask(self, scorers: Mapping[int, Scorer], queries: Queries, role: str) -> list[tuple[Question, Answers]]:
        """One a scorer, by its number, and number of references."""
        s, asked = self.settings, list(scorers.values())
        if not asked:
            return []
        if s.k:
            found = expected_at_each(asked, self.corpus, queries, s.k, seed=s.seed, draws=s.draws)
        else:
            found = [[answers] for answers in ask_each(asked, self.corpus, queries)]
        return [
            (Question(number, scorer, answers.k, role), answers)
            for (number, scorer), row in zip(scorers.items(), found, strict=True)
            for answers in row
        ]

    def _winners(self, queries: Queries, answers: Answers) -> Ints:
        """The winning reference's place in its item's list as it was given, references that do not count included."""
        out = np.full(len(answers.segment), -1, np.int64)
        places = out if answers.winner is None else answers.winner
        for i in np.flatnonzero(places >= 0).tolist():
            item = int(queries.item[i])
            text = self.corpus.texts[int(queries.references.row(i)[places[i]])]
            own = f"output:{self.corpus.systems[int(self.corpus.output_system[queries.subject[i]])]}"
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
