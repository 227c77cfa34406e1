"""Plausible matches by labels (PCME, Chun et al. 2021, arXiv 2101.05068): items that differ in few lend references."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal

from geneval_references._errors import InputError, UsageError
from geneval_references._model import ReferenceSet
from geneval_references.expanders._expander import Candidate, Expander, Info, Tools, seed_of
from geneval_references.expanders._files import Labelled
from geneval_references.expanders._registry import expander
from geneval_references.expanders.mine import file_name
from geneval_references.mining import by_labels, set_labels


@expander("attributes")
@dataclass(frozen=True, repr=False)
class Attributes(Expander):
    """Takes the references of items whose labels differ from the item's in at most `zeta`.

    It finds much and errs much: in PCME's own setting 57 to 65 % of its matches are valid.

    Attributes:
        pool: a file of reference sets, for example the one that is expanded; its other items lend their references.
        labels: the column of the pool that holds each item's labels: a list of texts, or an object of them. Items are
            found by their ids. Without it the labels are what at least half of an item's references have of `of`.
        of: `lemmas` of content words, named `entities`, or `numbers`.
        zeta: how many labels only one of the two may have; 0, 1 and 2 in PCME.
        language: of lemmas (simplemma), and of entities (spaCy).
        top: candidates an item; the nearest items lend first, drawn among equally near ones.
    """

    info: ClassVar[Info] = Info(
        summary="references of items with the same labels, or nearly",
        origin="attribute:<labels>@<pool>",
        needs="ling, for lemmas and entities",
        licence="the pool's",
    )

    pool: str
    labels: str = ""
    of: Literal["lemmas", "entities", "numbers"] = "lemmas"
    zeta: int = 0
    language: str = "en"
    top: int = 25

    def __post_init__(self) -> None:
        """Checks numbers."""
        for name, value, least in (("zeta", self.zeta, 0), ("top", self.top, 1)):
            if value < least:
                raise UsageError(f"attributes: {name}={value} does not fit; allowed: {least} or more")

    def shown(self) -> dict[str, object]:
        """The pool's name in place of its path."""
        return self.options() | {"pool": file_name(self.pool)}

    def open(self, tools: Tools) -> Matching:
        """Reads the pool, and finds what makes labels."""
        return Matching(self, tools.labelled(self.pool, self.labels, self.of, self.language, self.name))


@dataclass(frozen=True)
class Matching:
    """`attributes` with its pool."""

    options: Attributes
    pool: Labelled
    batch: int = 256

    @property
    def signature(self) -> str:
        """The options, the pool's hash, and what made the labels."""
        return f"{self.options.label}|pool:{self.pool.hash}|labels:{self.pool.signature}"

    def propose(self, items: Sequence[ReferenceSet], seed: int) -> list[list[Candidate]]:
        """References of the nearest items."""
        known, labels = self._known
        asked = [labels[self._place[i.id]] if i.id in self._place else frozenset() for i in items]
        if not self.options.labels:
            asked = self._made(items)
        matches = by_labels(asked, labels, self.options.zeta)
        return [
            list(self._lent(item, [(known[place], far) for place, far in near], seed))[: self.options.top]
            for item, near in zip(items, matches, strict=True)
        ]

    def _lent(self, item: ReferenceSet, near: list[tuple[ReferenceSet, int]], seed: int) -> Iterator[Candidate]:
        others = sorted(
            ((far, seed_of(seed, item.id, other.id), other) for other, far in near if other.id != item.id),
            key=lambda entry: entry[:2],
        )
        origin = f"attribute:{self.options.labels or self.options.of}@{self.pool.name}"
        for far, _, other in others:
            for reference in other.references:
                if reference.tier == "original" and reference.text.strip():
                    yield Candidate(
                        reference.text, origin, None, ("attributes",), {"distance": far, "lent by": other.id}
                    )

    @cached_property
    def _known(self) -> tuple[list[ReferenceSet], list[frozenset[str]]]:
        """The pool's items with their labels."""
        items, given = [], []
        for item, labels in self.pool:
            items.append(item)
            given.append(labels)
        if not self.options.labels:
            return items, self._made(items)
        if not any(given):
            raise InputError(f"attributes: no item of {self.pool.name} has a label in {self.options.labels!r}")
        return items, given

    @cached_property
    def _place(self) -> dict[str, int]:
        return {item.id: place for place, item in enumerate(self._known[0])}

    def _made(self, items: Sequence[ReferenceSet]) -> list[frozenset[str]]:
        """Labels of the references themselves; only of those that were collected with the data or verified."""
        texts = [[r.text for r in item.references if r.tier in {"original", "verified"}] for item in items]
        made = iter(self.pool.labels_of([text for own in texts for text in own]))
        return [set_labels([next(made) for _ in own]) for own in texts]
