"""Systems whose outputs equal references more often than references equal each other.

An output that is one more draw from the writers of the references is interchangeable with them: put it among the n
references of its item, and which of the n + 1 texts it is, is anybody's guess. Where d of these n + 1 texts equal
another one, the output is among the d with chance d / (n + 1). Items are independent, so the number of copies under
this law is a sum of independent trials of known chances, and the test is exact.

Short texts coincide, long ones hardly ever, and leaks are of any length: the same is asked about the longer half of the
texts alone. Where systems are further from the references than these are from each other, that law expects more copies
than such systems make, and a leak hides in it. So there is another test, which also serves with one reference an item: of the
outputs of five words or more that are within one word of a reference, as many equal it as among the other systems' such
outputs, unless somebody copied (Fisher's exact test); with fewer than 20 of those, one in two at most (a binomial tail).
A system's p-value is the smallest of the three, times three.

A text that could be written without having seen the reference counts as no copy, for outputs and references alike: the
item's source, a text that is a reference of other items too, or one that another system wrote for the item.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import regex

from geneval_references._fold import fold
from geneval_references.audit._chance import Bools, Ints, binomial_tail, holm, interval, trials_tail
from geneval_references.audit._model import Finding, Untested
from geneval_references.audit._table import Table

ADVICE = (
    "look at the rows; score without these items (audit.cleaned() leaves them out), or name the outputs that were among "
    "the references in their origin (output:<system>). A system that seeks the consensus of easy items also copies"
)


_LONG = 5
"""Words from which on equal texts are no matter of course."""
_KNOWN_OTHERS = 20
"""Other systems' outputs within one word of a reference from which on their share of equal ones is asked."""
_WORD = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}]|\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class _Copying:
    """What one system copied.

    Attributes:
        outputs: how many it has, for items with references.
        informative: how many of them say anything: items with two references or more, or no copy.
        copies: numbers of outputs that equal a reference of their item.
        counted: those of them that could not have been written without it.
        p: of the tests against its references; None where neither says anything.
        exact: how many of its outputs of five words or more equal a reference.
        near: how many are one word off.
    """

    system: int
    outputs: int
    copies: Ints
    counted: Ints
    p: tuple[float | None, ...]
    exact: int
    near: int


def leaks(table: Table, alpha: float) -> Iterator[Finding | Untested]:
    """Findings of kind `leak`: one a system.

    Args:
        table: the data.
        alpha: the chance that any system that is like the references is named.
    """
    if not table.systems:
        yield Untested("leak", "no outputs were given")
        return
    facts = _Facts(table)
    found = [facts.copying(system) for system in range(len(table.systems))]
    exact, near = sum(one.exact for one in found), sum(one.near for one in found)
    chances = [_any(*one.p, _pointed(one.exact, one.near, exact - one.exact, near - one.near)) for one in found]
    tested = [(one, p) for one, p in zip(found, chances, strict=True) if p is not None]
    if not tested:
        yield _untestable(table, found)
        return
    for (one, _), p in zip(tested, holm([p for _, p in tested]), strict=True):
        if p <= alpha:
            yield _finding(table, facts, one, p)


def _untestable(table: Table, found: list[_Copying]) -> Untested:
    told = ", ".join(
        f"{table.systems[one.system]} {len(one.copies)} of {one.outputs}" for one in found if len(one.copies)
    )
    return Untested(
        "leak",
        "no item has two references, and no output of five words is near its reference. Outputs that equal their "
        f"reference: {told or 'none'}",
    )


def _finding(table: Table, facts: _Facts, one: _Copying, p: float) -> Finding:
    low, high = interval(len(one.copies), one.outputs)
    base, name = facts.own_rate, table.systems[one.system]
    counted = set(one.counted.tolist())
    rows = tuple(table.output_row(n, "" if n in counted else "may be written without it") for n in one.copies.tolist())
    return Finding(
        kind="leak",
        level="fault",
        subject=name,
        message=f"{len(one.copies)} of {name}'s {one.outputs} outputs equal one of their own references "
        f"({len(one.copies) / one.outputs:.1%}); of the references, {base:.1%} equal another one of their item",
        advice=ADVICE,
        rows=rows,
        count=len(one.copies),
        of=one.outputs,
        low=low,
        high=high,
        baseline=base,
        p=p,
    )


class _Facts:
    """Which texts of an item are equal, and who else could have written them."""

    def __init__(self, table: Table) -> None:
        self._table = table
        span = self._span = table.classes + 1
        # What is known to be a system's output says nothing about how references come to be equal.
        human = np.asarray(
            [not table.reference(n).origin.startswith("output:") for n in range(len(table.item))], bool
        ).reshape(-1)
        item, kind = table.item[human], table.folded[table.text[human]]
        self.size = np.bincount(item, minlength=len(table.ids))
        self.keys, self.many = np.unique(item * span + kind, return_counts=True)
        self.own_rate = float(self.many[self.many > 1].sum() / max(len(item), 1))
        homes = np.bincount(self.keys % span, minlength=span)
        self._common = homes > 1
        outputs = table.output_item * span + table.folded[table.output_text]
        self._written, self._writers = np.unique(outputs, return_counts=True)
        self._known: dict[int, tuple[str, ...]] = {}
        self._length = np.zeros(span, np.int64)
        self._length[table.folded] = [len(fold(text)) for text in table.texts]
        self._long_half = int(np.median(self._length[kind]))

    def copying(self, system: int) -> _Copying:
        """What one system copied, and how likely that is."""
        table, span = self._table, self._span
        mine = np.flatnonzero((table.output_system == system) & (self.size[table.output_item] > 0))
        item = table.output_item[mine]
        keys = item * span + table.folded[table.output_text[mine]]
        at = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        same = self.keys[at] == keys
        own = ~self._explained(keys, keys)
        counted = same & own
        p = tuple(self._exchanged(keys, item, counted, floor) for floor in (0, self._long_half))
        near = self._near_misses(mine[own & ~same])
        exact = sum(self.long(text) for text in table.output_text[mine[counted]].tolist())
        return _Copying(system, len(mine), mine[same], mine[counted], p, exact, near)

    def _exchanged(self, keys: Ints, item: Ints, counted: Bools, floor: int) -> float | None:
        """The p-value where the output is anyone of the texts of its item; only texts so long count as copies.

        Args:
            keys: of the outputs.
            item: of the outputs.
            counted: which outputs are copies.
            floor: characters.
        """
        at = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        counted = counted & (self._length[keys % self._span] >= floor)
        equal = self._equal_references(keys, item, floor)
        # With the output among them: it and the one reference it equals, or one more of those that are equal anyway.
        equal += np.where(counted, np.where(self.many[at] == 1, 2, 1), 0)
        chances = equal / (self.size[item] + 1)
        # An item with one reference has nothing to compare with: both texts are equal, or none is.
        telling = self.size[item] > 1
        return trials_tail(int((counted & telling).sum()), chances[telling]) if telling.any() else None

    def _near_misses(self, outputs: Ints) -> int:
        """How many of these outputs, of five words or more, are one word off a reference of their item."""
        near = 0
        for number in outputs.tolist():
            words, item = self._words(int(self._table.output_text[number])), int(self._table.output_item[number])
            if len(words) >= _LONG:
                beside = self._table.text[self._table.first[item] : self._table.first[item + 1]].tolist()
                near += any(_one_off(words, self._words(text)) for text in beside)
        return near

    def long(self, text: int) -> bool:
        """Whether a text is too long to be met by chance."""
        return len(self._words(text)) >= _LONG

    def _words(self, text: int) -> tuple[str, ...]:
        if text not in self._known:
            self._known[text] = tuple(_WORD.findall(fold(self._table.texts[text])))
        return self._known[text]

    def _equal_references(self, own: Ints, item: Ints, floor: int) -> Ints:
        """How many references of each item equal another one, without short ones and those that anybody could write."""
        repeated = self.many > 1
        keys, many = self.keys[repeated], self.many[repeated]
        keep = ~self._explained(keys, own) & (self._length[keys % self._span] >= floor)
        total = np.bincount(keys[keep] // self._span, weights=many[keep], minlength=len(self.size))
        return total[item].astype(np.int64)

    def _explained(self, keys: Ints, own: Ints) -> Ints:
        """Which (item, text) could be written without the reference, by a system that itself wrote `own`."""
        kind, item = keys % self._span, keys // self._span
        at = np.minimum(np.searchsorted(self._written, keys), max(len(self._written) - 1, 0))
        writers = np.where(self._written[at] == keys, self._writers[at], 0) - np.isin(keys, own)
        explained: Ints = self._common[kind] | (self._table.source[item] == kind) | (writers > 0)
        return explained


def _one_off(words: tuple[str, ...], others: tuple[str, ...]) -> bool:
    """Whether one word was put in, left out or replaced."""
    if abs(len(words) - len(others)) > 1:
        return False
    from rapidfuzz.distance import Levenshtein

    return Levenshtein.distance(words, others, score_cutoff=1) == 1


def _pointed(exact: int, near: int, other_exact: int, other_near: int) -> float | None:
    """The chance of so many equal ones among those that are equal or one word off, given those of the other systems."""
    if not exact + near:
        return None
    others = other_exact + other_near
    if others < _KNOWN_OTHERS:
        return binomial_tail(exact, exact + near)
    from scipy.stats import hypergeom

    return float(hypergeom.sf(exact - 1, exact + near + others, exact + other_exact, exact + near))


def _any(*tests: float | None) -> float | None:
    """Several tests of one thing, corrected for their number."""
    told = [p for p in tests if p is not None]
    return min(1.0, len(told) * min(told)) if told else None
