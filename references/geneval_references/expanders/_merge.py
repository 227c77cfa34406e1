"""Candidates join the references of an item: nothing that is there is changed or dropped, and nothing comes twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rapidfuzz import fuzz, process

from geneval_references._fold import fold
from geneval_references._model import TIERS, Reference, ReferenceSet
from geneval_references.expanders._clean import clean, words_of
from geneval_references.expanders._expander import Candidate


@dataclass(frozen=True, slots=True)
class Merging:
    """How candidates join.

    Attributes:
        near: from this likeness of two texts on (rapidfuzz ratio of their folded words, 0 to 100) they are one; above
            100 only equal ones are.
        per_item: so many unverified candidates of one origin an item has at most, those it had before included.
    """

    near: float = 95.0
    per_item: int = 25


@dataclass(frozen=True, slots=True)
class Merged:
    """An item with what joined it, and what became of each candidate.

    Attributes:
        item: the references it had, as they were, and then the new ones.
        counts: candidates by what became of them: `added`, `equal` (there already; who proposed it is kept with it),
            `near`, `raised` (there already as a weaker one), `over` (above the cap), `empty`.
    """

    item: ReferenceSet
    counts: Counter[str]


def trusted(item: ReferenceSet) -> ReferenceSet:
    """The item with the references that may be built on, each text once.

    Not what is unverified or inferred: an error would beget errors. Not what a system wrote: a reference made from it
    would favour that system.
    """
    kept: dict[str, Reference] = {}
    for reference in item.references:
        key = fold(reference.text)
        if key and reference.tier in _TRUSTED and not reference.origin.startswith("output:"):
            kept.setdefault(key, reference)
    return replace(item, references=tuple(kept.values()))


_TRUSTED = frozenset({"original", "verified", "preferred"})


def merge(item: ReferenceSet, candidates: Sequence[Candidate], rules: Merging) -> Merged:
    """Adds candidates, one after the other; done again with the result it adds nothing.

    A text that is there already, but for case and white space, stays as it is, and only learns who else proposed it
    where it is a candidate itself. Evidence that is stronger than what a candidate had takes the candidate's place.

    Raises:
        InputError: a candidate's tier does not exist, its text holds half a character, ...
    """
    joining = _Joining(item, rules)
    for candidate in candidates:
        joining.counts[joining.take(candidate)] += 1
    return Merged(replace(item, references=tuple(joining.references)), joining.counts)


class _Joining:
    """The references of an item while candidates join."""

    def __init__(self, item: ReferenceSet, rules: Merging) -> None:
        self.references = list(item.references)
        self.counts: Counter[str] = Counter()
        self._rules = rules
        self._places: dict[str, int] = {}
        for place, reference in enumerate(self.references):
            self._places.setdefault(fold(reference.text), place)
        self._words = [words_of(reference.text) for reference in self.references]
        self._of_origin = Counter(r.origin for r in self.references if r.tier == "unverified")

    def take(self, candidate: Candidate) -> str:
        """Adds one, and says what became of it."""
        text = clean(candidate.text, candidate.parent or "")
        if not text:
            return "empty"
        unverified = candidate.tier == "unverified"
        # First of all: what a second run would find full, must be full for equal texts in the first one, too.
        if unverified and self._of_origin[candidate.origin] >= self._rules.per_item:
            return "over"
        new = replace(candidate, text=text).reference()
        place = self._places.get(fold(text))
        if place is not None:
            return self._known(place, new)
        words = words_of(text)
        if unverified and self._near(words):
            return "near"
        self._places[fold(text)] = len(self.references)
        self.references.append(new)
        self._words.append(words)
        self._of_origin[new.origin] += unverified
        return "added"

    def _known(self, place: int, new: Reference) -> str:
        old = self.references[place]
        if old.tier == "original":
            return "equal"
        told = replace(old, proposers=tuple(dict.fromkeys([*old.proposers, *new.proposers])))
        raised = TIERS.index(new.tier) < TIERS.index(old.tier)
        if raised:
            # Who wrote it stays: the output of a system never scores that system, whoever judged it.
            told = replace(
                told,
                tier=new.tier,
                parent=old.parent or new.parent,
                votes=new.votes,
                confidence=new.confidence,
                evidence={**(old.evidence or {}), **(new.evidence or {})} or None,
            )
            self._of_origin[old.origin] -= old.tier == "unverified"
        self.references[place] = told
        return "raised" if raised else "equal"

    def _near(self, words: str) -> bool:
        if self._rules.near > 100:
            return False
        return process.extractOne(words, self._words, scorer=fuzz.ratio, score_cutoff=self._rules.near) is not None
