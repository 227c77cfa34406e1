"""Candidates join the references of an item: nothing that is there is changed or dropped, and nothing comes twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rapidfuzz import fuzz

from geneval_references._fold import fold
from geneval_references._model import TIERS, Fact, Reference, ReferenceSet
from geneval_references.expanders._clean import clean, words_of
from geneval_references.expanders._expander import Candidate


@dataclass(frozen=True, slots=True)
class Merging:
    """How candidates join.

    Attributes:
        near: from this likeness of two texts on (rapidfuzz ratio of their folded words, 0 to 100) they are one; above
            100 only equal ones are.
        per_item: an item that has so many references of an origin, originals not counted, takes no more unverified
            candidates of it.
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
        if key and reference.tier in _TRUSTED and not _by_system(reference):
            kept.setdefault(key, reference)
    return replace(item, references=tuple(kept.values()))


_TRUSTED = frozenset({"original", "verified", "preferred"})


def merge(item: ReferenceSet, candidates: Sequence[Candidate], rules: Merging) -> Merged:
    """Adds candidates, one after the other; done again with the result it adds nothing.

    A text that is there already, but for case and white space, stays as it is, and only learns who else proposed it
    where it is a candidate itself. Evidence that is stronger than what a candidate had takes the candidate's place. What
    different systems wrote is kept for each of them. A candidate of another origin that nobody verified, and that a system
    turns out to have written, takes the origin `output:<system>`, so that it never scores that system; its evidence keeps
    the origin it had (`origin before`).

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
        self._folded = [fold(reference.text) for reference in self.references]
        self._words = [words_of(reference.text) for reference in self.references]
        # An origin that a system took over goes on to count, or a second run would find a place that the first did not.
        self._of_origin = Counter(
            origin for r in self.references if r.tier != "original" for origin in (r.origin, _also(r)) if origin
        )

    def take(self, candidate: Candidate) -> str:
        """Adds one, and says what became of it."""
        text = clean(candidate.text, candidate.parent or "")
        if not text:
            return "empty"
        new = replace(candidate, text=text).reference()
        unverified = candidate.tier == "unverified"
        # First of all: what a second run would find full, must be full for equal texts in the first one, too.
        if unverified and self._of_origin[candidate.origin] >= self._rules.per_item:
            return "over"
        if _by_system(new):
            self._claim(new)
        return (self._like(new) if unverified else self._judged(new)) or self._added(new)

    def _claim(self, new: Reference) -> None:
        """Candidates that a system wrote, too, and are unverified, become its own, whatever order they came in."""
        folded = fold(new.text)
        for place, old in enumerate(self.references):
            if self._folded[place] == folded and old.tier == "unverified" and not _by_system(old):
                evidence: dict[str, Fact] = {**(old.evidence or {}), _ALSO: old.origin}
                self.references[place] = replace(old, origin=new.origin, evidence=evidence)
                self._of_origin[new.origin] += 1

    def _like(self, new: Reference) -> str | None:
        """Meets the first that is like it, equal or not: a second run, which finds more, then meets the same."""
        folded, words = fold(new.text), words_of(new.text)
        for place, old in enumerate(self.references):
            if self._folded[place] == folded and not _of_two_systems(old, new):
                return self._known(place, new)
            near = self._rules.near <= 100 and fuzz.ratio(words, self._words[place]) >= self._rules.near
            if near and not _stays_beside(old, new):
                return "near"
        return None

    def _judged(self, new: Reference) -> str | None:
        """Meets all that have its text: what people said, they said about the text."""
        folded = fold(new.text)
        equal = [
            place
            for place, old in enumerate(self.references)
            if self._folded[place] == folded and not _of_two_systems(old, new)
        ]
        found = [self._known(place, new) for place in equal]
        return ("raised" if "raised" in found else "equal") if found else None

    def _added(self, new: Reference) -> str:
        self.references.append(new)
        self._folded.append(fold(new.text))
        self._words.append(words_of(new.text))
        self._of_origin[new.origin] += 1
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
        self.references[place] = told
        return "raised" if raised else "equal"


_ALSO = "origin before"
"""The evidence that holds the origin of a candidate before a system took it over."""
_UNSURE = frozenset({"inferred", "unverified"})


def _also(reference: Reference) -> str | None:
    found = (reference.evidence or {}).get(_ALSO)
    return found if isinstance(found, str) else None


def _by_system(reference: Reference) -> bool:
    return reference.origin.startswith("output:")


def _goes_with_its_system(old: Reference, new: Reference) -> bool:
    """Whether a reference is away when its system is scored, so that one like it, of another origin, has to stay."""
    return _by_system(old) and old.origin != new.origin


def _stays_beside(old: Reference, new: Reference) -> bool:
    """Whether a text that is nearly the same stays, since one of the two is away when its system is scored."""
    if _by_system(new):
        return _by_system(old) or old.tier in _UNSURE
    # What was met before a system took it over is met again.
    return _by_system(old) and not _also(old)


def _of_two_systems(old: Reference, new: Reference) -> bool:
    return _goes_with_its_system(old, new) and _by_system(new)
