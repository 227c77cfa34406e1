"""How many right answers there are, of which the references are some.

A reference set is a sample of the answers that people would give. Answers of one meaning make a class; here texts are
of one class where they fold to the same string, or, with a similarity and a threshold, where a chain of texts that are
alike connects them. From how often classes were seen once and twice follows how much is missing:

* coverage, the share of the answers that people would give which falls into classes that were seen (Good 1953):
  1 - f1 / n, with f1 classes seen once among n texts, here added up over items;
* Chao1, a lower bound of the number of classes, with the correction for bias (Chao 1984):
  S + f1 (f1 - 1) / (2 (f2 + 1)), averaged over items. Five different texts give 15 whatever the truth beyond that: it
  is a bound for the data set, and ranks no items.

Both are about texts that people wrote independently: mined or paraphrased ones are no sample of anything, and are left
out. With K equally likely classes, one reference is that of a given answer with probability 1 / K, and k references
cover 1 - (1 - 1/K)^k of the classes (Chun, arXiv 2505.19614, section 4).

A text that is a reference of K items makes each of these items' answers right for the K - 1 others: K^2 - K matches that
pairing every input with its own references alone does not know (hidden positives). Where K is most of the data, the text
is evidence of nothing: its specificity, -log(K / N) of N items, is near 0 ("photo", "I don't know").
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from geneval_references._describe import Multiplicity, degrees
from geneval_references._errors import UsageError
from geneval_references._fold import fold
from geneval_references._model import TIERS, Reference, ReferenceSet

if TYPE_CHECKING:
    from geneval_references._protocols import Similarity

COVERAGE = 0.9
"""Of the classes; how many references that takes is told."""
UNSPECIFIC = 0.01
"""A text that answers this share of the items, and three of them at least, is called underspecified."""

_FEWEST = 3
_EXAMPLES = 10


@dataclass(frozen=True, slots=True)
class Growth:
    """How much larger reference sets are than what was collected with the data.

    Attributes:
        items: with an original reference.
        original: distinct original references of these items.
        all: their distinct references of every tier.
        factor: `all` over `original`; None where there is none.
    """

    items: int
    original: int
    all: int
    factor: float | None


@dataclass(frozen=True, slots=True)
class Classes:
    """What the classes of independently written references say about those that nobody wrote.

    Attributes:
        items: with two such references or more, of different texts or not.
        texts: their references.
        same: what makes two texts one class.
        seen: mean number of classes of an item.
        once: classes that were seen once, over all items.
        twice: classes that were seen twice.
        coverage: share of the answers that people would give which falls into classes that were seen, in [0, 1].
        chao1: mean lower bound of the number of classes of an item.
        matching: 1 / K with K = `chao1`: chance that one reference is of the class of a given answer; at most so much.
        needed: references for `COVERAGE` of K equally likely classes; at least so many.
    """

    items: int
    texts: int
    same: str
    seen: float | None
    once: int
    twice: int
    coverage: float | None
    chao1: float | None
    matching: float | None
    needed: int | None


@dataclass(frozen=True, slots=True)
class Unspecific:
    """A text that is a reference of many items.

    Attributes:
        text: as it stands in the first of them.
        items: how many.
        specificity: -log of their share of all items; 0 where it answers everything.
    """

    text: str
    items: int
    specificity: float


@dataclass(frozen=True, slots=True)
class MultiplicityReport:
    """Facts about multiplicity; see `multiplicity`."""

    items: int
    degree: Multiplicity
    """|r| over all tiers."""
    by_tier: Mapping[str, Multiplicity]
    positives: int
    """Distinct references, added up over items."""
    growth: Growth
    classes: Classes
    shared_texts: int
    """Texts that are references of more than one item."""
    hidden_positives: int
    """K^2 - K, added up over them."""
    unspecific: tuple[Unspecific, ...]
    """Texts that answer 1 % of the items, and three of them at least, most frequent first; ten at most."""
    unspecific_texts: int
    """How many there are."""

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts and lists, ready for JSON."""
        facts = asdict(self)
        facts["unspecific"] = list(facts["unspecific"])
        return facts


def chao1(counts: Iterable[int]) -> float:
    """The least number of classes, from how often each was seen.

    >>> chao1([1, 1, 1, 2, 3])
    6.5
    """
    seen = Counter(counts)
    once, twice = seen[1], seen[2]
    return seen.total() + once * (once - 1) / (2 * (twice + 1))


def references_needed(classes: float, coverage: float = COVERAGE) -> int:
    """So many references cover this share of equally likely classes.

    Raises:
        UsageError: there is less than one class, or the share is not above 0 and below 1.

    >>> references_needed(10), references_needed(5), references_needed(1)
    (22, 11, 1)
    """
    if not classes >= 1 or not 0 < coverage < 1:
        raise UsageError(f"{classes} classes and coverage {coverage} do not fit; 1 class or more, 0 < coverage < 1")
    if classes == 1:
        return 1
    return math.ceil(math.log(1 - coverage) / math.log(1 - 1 / classes))


def hidden_positives(sizes: Iterable[int]) -> int:
    """K^2 - K, added up over blocks of K inputs and answers that all belong together.

    >>> hidden_positives([5]), hidden_positives([1, 1]), hidden_positives([2, 3])
    (20, 0, 8)
    """
    return sum(k * k - k for k in sizes)


def multiplicity(
    sets: Sequence[ReferenceSet], *, similarity: Similarity | None = None, threshold: float | None = None
) -> MultiplicityReport:
    """How many right answers items have, and how many more there must be.

    Args:
        sets: reference sets.
        similarity: how alike texts are; without it texts are of one class where they are equal after folding.
        threshold: texts that are at least so alike are of one class; in the similarity's numbers, for which there is
            no default.

    Raises:
        UsageError: a similarity without threshold, or the other way round; or a threshold that is no finite number.
    """
    if (similarity is None) != (threshold is None):
        raise UsageError(
            "classes by similarity need both the similarity and the threshold from which texts are one class"
        )
    if threshold is not None and not math.isfinite(threshold):
        raise UsageError(f"the threshold from which texts are one class is {threshold}; a finite number is due")
    by_tier: dict[str, Multiplicity] = {
        tier: degrees(replace(item, references=tuple(r for r in item.references if r.tier == tier)) for item in sets)
        for tier in TIERS
        if any(r.tier == tier for item in sets for r in item.references)
    }
    degree = degrees(sets)
    homes, shown = _homes(sets)
    least = max(_FEWEST, UNSPECIFIC * len(sets))
    broad = sorted((-n, shown[text]) for text, n in homes.items() if n >= least)
    return MultiplicityReport(
        items=len(sets),
        degree=degree,
        by_tier=by_tier,
        positives=sum(n * items for n, items in degree.counts.items()),
        growth=_growth(sets),
        classes=_classes(sets, similarity, threshold),
        shared_texts=sum(n > 1 for n in homes.values()),
        hidden_positives=hidden_positives(homes.values()),
        unspecific=tuple(Unspecific(text, -n, math.log(len(sets) / -n)) for n, text in broad[:_EXAMPLES]),
        unspecific_texts=len(broad),
    )


def _texts(item: ReferenceSet, tiers: Iterable[str] = TIERS) -> dict[str, str]:
    """Folded to as written, of references that are not blank."""
    wanted = frozenset(tiers)
    found: dict[str, str] = {}
    for reference in item.references:
        if reference.tier in wanted and (key := fold(reference.text)):
            found.setdefault(key, reference.text)
    return found


def _homes(sets: Sequence[ReferenceSet]) -> tuple[Counter[str], dict[str, str]]:
    """For each text in how many items it is a reference, and how it is written."""
    homes, shown = Counter[str](), dict[str, str]()
    for item in sets:
        texts = _texts(item)
        homes.update(texts.keys())
        for key, text in texts.items():
            shown.setdefault(key, text)
    return homes, shown


def _growth(sets: Sequence[ReferenceSet]) -> Growth:
    pairs = [(len(_texts(item, ("original",))), len(_texts(item))) for item in sets]
    pairs = [(original, all_) for original, all_ in pairs if original]
    original, total = sum(o for o, _ in pairs), sum(a for _, a in pairs)
    return Growth(len(pairs), original, total, total / original if original else None)


def _independent(reference: Reference) -> bool:
    return reference.tier == "original" and reference.origin.partition(":")[0] == "human"


def _classes(sets: Sequence[ReferenceSet], similarity: Similarity | None, threshold: float | None) -> Classes:
    written = [[fold(r.text) for r in item.references if _independent(r) and r.text.strip()] for item in sets]
    written = [texts for texts in written if len(texts) > 1]
    same = "equal after folding" if similarity is None else f"{similarity.name} >= {threshold:g}"
    counts = [list(Counter(texts).values()) for texts in written]
    if similarity is not None and threshold is not None:
        counts = _merged(written, similarity, threshold)
    n = sum(map(len, written))
    if not n:
        return Classes(0, 0, same, None, 0, 0, None, None, None, None)
    once, twice = (sum(sizes.count(k) for sizes in counts) for k in (1, 2))
    mean = sum(map(chao1, counts)) / len(counts)
    return Classes(
        items=len(written),
        texts=n,
        same=same,
        seen=sum(map(len, counts)) / len(counts),
        once=once,
        twice=twice,
        coverage=1 - once / n,
        chao1=mean,
        matching=1 / mean,
        needed=references_needed(mean),
    )


def _merged(written: list[list[str]], similarity: Similarity, threshold: float) -> list[list[int]]:
    """Sizes of the classes of each item, where a chain of texts that are alike makes one class."""
    import numpy as np

    index: dict[str, int] = {}
    items = [[index.setdefault(text, len(index)) for text in texts] for texts in written]
    pairs = sorted({(a, b) for texts in items for a in set(texts) for b in set(texts) if a < b})
    mine, theirs = np.asarray(pairs, np.int64).reshape(-1, 2).T
    # Either way round: a similarity may ask how much of the one is in the other.
    alike = np.maximum(similarity(list(index), mine, theirs), similarity(list(index), theirs, mine)) >= threshold
    joined = {pair for pair, yes in zip(pairs, alike.tolist(), strict=True) if yes}
    return [_chained(texts, joined) for texts in items]


def _chained(texts: list[int], joined: set[tuple[int, int]]) -> list[int]:
    groups: list[set[int]] = []
    for text in dict.fromkeys(texts):
        near = [group for group in groups if any((min(text, t), max(text, t)) in joined for t in group)]
        groups = [group for group in groups if group not in near] + [set().union({text}, *near)]
    return [sum(text in group for text in texts) for group in groups]
