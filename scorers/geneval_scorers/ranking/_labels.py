"""Accuracy where an item has several right labels: against all of them, against the one it was given, and the difference.

Beyer et al. 2020, "Are we done with ImageNet?" (ReaL): items without any valid label are counted and left out.
Credit under a taxonomy: Kiritchenko et al. 2006, "Learning and Evaluation in the Presence of Class Hierarchies".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

import numpy as np

from geneval_references import InputError
from geneval_scorers._ragged import Floats
from geneval_scorers.ranking._judgements import Judged


class Taxonomy:
    """Which label is a kind of which other one; each has one parent at most.

    Raises:
        InputError: a label is above itself.

    Examples:
        >>> sorted(Taxonomy({"Russian Blue": "Cat", "Cat": "Animal"}).above("Cat"))
        ['Animal', 'Cat']
    """

    def __init__(self, parents: Mapping[str, str]) -> None:
        self.parents: Mapping[str, str] = dict(parents)
        self._above: dict[str, frozenset[str]] = {}
        for label in self.parents:
            self.above(label)

    def __len__(self) -> int:
        return len(self.parents)

    def above(self, label: str) -> frozenset[str]:
        """The label with all that it is a kind of."""
        if label not in self._above:
            path = [label]
            while (parent := self.parents.get(path[-1])) is not None:
                if parent in path:
                    circle = " < ".join([*path[path.index(parent) :], parent])
                    raise InputError(f"the label {parent!r} is above itself ({circle}); take one of these parents away")
                path.append(parent)
            self._above[label] = frozenset(path)
        return self._above[label]

    def credit(self, predicted: str, valid: AbstractSet[str]) -> float:
        """Hierarchical F1 with the nearest valid label, 0 to 1: what both are a kind of, over what each is."""
        mine = self.above(predicted)
        return max((2 * len(mine & above) / (len(mine) + len(above)) for above in map(self.above, valid)), default=0.0)

    def covers(self, predicted: str, valid: AbstractSet[str]) -> bool:
        """Whether the prediction is a valid label, or what a valid label is a kind of: `Cat` for `Russian Blue`."""
        return any(predicted in self.above(label) for label in valid)


@dataclass(frozen=True, slots=True)
class ItemLabels:
    """The right labels of an item.

    Attributes:
        valid: all that count; none: nobody found a right one.
        original: the single label that came with the data, where there is one.
        invalid: labels that were judged not to be right.
        evidence: of valid labels, as far as it is known; those that are not named here were verified.

    Raises:
        InputError: a label is valid and invalid, or there is evidence of one that is not valid.
    """

    valid: frozenset[str]
    original: str | None = None
    invalid: frozenset[str] = frozenset()
    evidence: Mapping[str, Judged] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        both, strange = self.valid & self.invalid, self.evidence.keys() - self.valid
        if both:
            raise InputError(f"the label {min(both)!r} is valid and invalid; keep one verdict")
        if strange:
            raise InputError(f"there is evidence of the label {min(strange)!r}, which is not among the valid ones")


@dataclass(frozen=True, slots=True, eq=False)
class LabelAccuracy:
    """Right (1) or wrong (0) for each item, NaN where that cannot be told, [items].

    Attributes:
        valid: the prediction is among the valid labels; NaN where there is no valid one.
        original: it is the original label; NaN where there is no valid or no original one, so that both are of the
            same items.
        covers: it is a valid label or what one is a kind of; without a taxonomy as `valid`. A label that was judged not
            to be right gets nothing, here and below.
        credit: under the taxonomy, 0 to 1; without one as `valid`.
    """

    valid: Floats
    original: Floats
    covers: Floats
    credit: Floats

    @property
    def n_without_labels(self) -> int:
        """Items without any valid label, which are left out."""
        return int(np.isnan(self.valid).sum())


def label_accuracy(
    predictions: Sequence[str | None], items: Sequence[ItemLabels], taxonomy: Taxonomy | None = None
) -> LabelAccuracy:
    """Compares predicted labels with sets of right ones.

    Args:
        predictions: one an item; None is wrong.
        items: their labels, in the same order.
        taxonomy: parents of labels.

    Raises:
        InputError: there are not as many predictions as items.
    """
    if len(predictions) != len(items):
        raise InputError(f"there are {len(predictions)} predictions for {len(items)} items; give one an item")
    known = taxonomy or Taxonomy({})
    out = np.full((4, len(items)), np.nan)
    for place, (predicted, labels) in enumerate(zip(predictions, items, strict=True)):
        if not labels.valid:
            continue
        out[[0, 2, 3], place] = 0.0
        if labels.original is not None:
            out[1, place] = float(predicted == labels.original)
        if predicted is not None:
            out[0, place] = float(predicted in labels.valid)
            if predicted not in labels.invalid:  # people know better than a taxonomy
                out[2, place] = float(known.covers(predicted, labels.valid))
                out[3, place] = known.credit(predicted, labels.valid)
    return LabelAccuracy(*out)
