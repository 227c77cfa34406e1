"""Candidates in a references file: references of the tier `unverified`, beside the accepted ones of their items."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geneval_references import InputError, Reference, ReferenceSet, fold, reference_hash
from geneval_references.gate import Question

Key = tuple[str, str]
"""An item's id, and the candidate's folded text."""


@dataclass(frozen=True)
class Pool:
    """What a gate decides about.

    Attributes:
        sets: the reference sets, as they were read.
        questions: a candidate each, distinct within its item, with the accepted references of the item.
        bare: candidates of items without an accepted reference: nothing to hold them against.
        known: unverified texts that equal an accepted reference of their item; they are no candidates.
    """

    sets: tuple[ReferenceSet, ...]
    questions: tuple[Question, ...]
    bare: int
    known: int

    @classmethod
    def of(cls, sets: Sequence[ReferenceSet]) -> Pool:
        """Find the candidates.

        Raises:
            InputError: there is none.
        """
        questions: list[Question] = []
        bare = known = 0
        for item in sets:
            accepted = tuple(r.text for r in item.references if r.tier != "unverified" and r.text.strip())
            candidates = _distinct(item)
            if not accepted:
                bare += len(candidates)
                continue
            folded = {fold(text) for text in accepted}
            fresh = [reference for reference in candidates if fold(reference.text) not in folded]
            known += len(candidates) - len(fresh)
            questions += [_question(item.id, reference, accepted) for reference in fresh]
        if not questions:
            raise InputError(
                "no candidate: none of the references is of the tier 'unverified' in an item that also has an accepted "
                "one; geneval expand writes such files"
            )
        return cls(tuple(sets), tuple(questions), bare, known)

    @property
    def items(self) -> npt.NDArray[np.str_]:
        """Of each candidate the id of its item."""
        return np.asarray([question.item for question in self.questions])

    @property
    def place(self) -> dict[Key, int]:
        """Where each candidate stands."""
        return {key_of(question.item, question.text): at for at, question in enumerate(self.questions)}

    @property
    def accepted(self) -> dict[str, tuple[str, ...]]:
        """Accepted references of the items with candidates."""
        return {question.item: question.references for question in self.questions}

    @property
    def candidates_hash(self) -> str:
        """Of all candidates, in any order; 16 hex digits."""
        content = json.dumps(sorted(self.place), ensure_ascii=True)
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    @property
    def hash(self) -> str:
        """Of all texts with their tiers and origins."""
        return reference_hash(self.sets)


def key_of(item: str, text: str) -> Key:
    """What a candidate is known by."""
    return item, fold(text)


def _distinct(item: ReferenceSet) -> list[Reference]:
    found: dict[str, Reference] = {}
    for reference in item.references:
        if reference.tier == "unverified" and reference.text.strip():
            found.setdefault(fold(reference.text), reference)
    return list(found.values())


def _question(item: str, reference: Reference, accepted: tuple[str, ...]) -> Question:
    return Question(item, reference.text, accepted, len(set(reference.proposers)), reference.origin)


def kinds(origins: Iterable[str]) -> list[str]:
    """What kind of origin each is: `paraphrase` of `paraphrase:t5@1`."""
    return [origin.partition(":")[0] for origin in origins]
