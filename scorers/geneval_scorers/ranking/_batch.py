"""False negatives that multiplicity makes: of batches of pairs, and of evaluation sets.

Chun 2025, "Multiplicity is an Inevitable and Inherent Challenge in Multimodal Learning", sections 2 and 3. N - K + K^2
holds where one block of K inputs and K outputs is valid throughout.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geneval_references import InputError, UsageError
from geneval_scorers._ragged import Ints
from geneval_scorers.ranking._judgements import Judgements


@dataclass(frozen=True, slots=True)
class BatchPairs:
    """How many pairs of a batch are right, and how many of them are annotated.

    Attributes:
        true: right pairs among the N * N.
        annotated: N, those that the batch was made of.
    """

    true: int
    annotated: int

    @property
    def hidden(self) -> int:
        """Right pairs that count as wrong: false negatives."""
        return self.true - self.annotated

    @property
    def hidden_share(self) -> float:
        """The share of right pairs that count as wrong, 0 to 1."""
        return self.hidden / self.true


def matching_probability(equivalent: int) -> float:
    """1/K: how likely one of K equivalent inputs has a given one of K equivalent outputs for its annotated partner.

    Raises:
        UsageError: K is below 1.

    Examples:
        >>> matching_probability(5)
        0.2
    """
    _check_whole("equivalent", equivalent, 1)
    return 1.0 / equivalent


def coverage(references: int, classes: int) -> float:
    """1 - (1 - 1/K)^k: how likely k references, drawn evenly from K classes of right answers, hold a given class.

    Raises:
        UsageError: a count is too small.

    Examples:
        >>> round(coverage(22, 10), 4)
        0.9015
    """
    _check_whole("references", references, 0)
    _check_whole("classes", classes, 1)
    return 1.0 - (1.0 - 1.0 / classes) ** references


def references_needed(classes: int, share: float) -> int:
    """The fewest references for which `coverage` reaches a share.

    Raises:
        UsageError: there is no class, or the share is not between 0 and 1.

    Examples:
        >>> references_needed(10, 0.9), references_needed(5, 0.9)
        (22, 11)
    """
    _check_whole("classes", classes, 1)
    if not 0 < share < 1:
        raise UsageError(f"share={share} does not fit; allowed: between 0 and 1")
    count = 1 if classes == 1 else math.ceil(math.log(1 - share) / math.log(1 - 1 / classes))
    # The logarithms are rounded: the formula decides.
    while count > 1 and coverage(count - 1, classes) >= share:
        count -= 1
    return count if coverage(count, classes) >= share else count + 1


def batch_pairs(pairs: int, blocks: int | Sequence[int]) -> BatchPairs:
    """N - K + K^2 right pairs against N annotated ones; of several blocks sum K_b^2, the rest being alone.

    Args:
        pairs: N, annotated pairs in the batch.
        blocks: K, how many inputs and outputs are valid for each other throughout; of several blocks each.

    Raises:
        UsageError: a count is below 1, or the blocks hold more than N pairs.

    Examples:
        >>> found = batch_pairs(100, 5)
        >>> found.true, found.hidden, round(found.hidden_share, 4)
        (120, 20, 0.1667)
    """
    sizes = [blocks] if isinstance(blocks, int) else list(blocks)
    _check_whole("pairs", pairs, 1)
    for size in sizes:
        _check_whole("blocks", size, 1)
    if sum(sizes) > pairs:
        raise UsageError(f"blocks of {sum(sizes)} pairs do not fit into a batch of {pairs}; name {pairs} or fewer")
    return BatchPairs(pairs + sum(size * (size - 1) for size in sizes), pairs)


@dataclass(frozen=True, slots=True)
class FalseNegatives:
    """Right pairs that count as wrong in batches drawn from a set of annotated pairs.

    Attributes:
        pairs: annotated pairs in the set.
        batch: how many of them make a batch.
        expected: right pairs off the diagonal, on average over all batches.
        share: `expected` over all right pairs of a batch, the annotated ones among them.
    """

    pairs: int
    batch: int
    expected: float
    share: float


def expected_false_negatives(
    judgements: Judgements, batch: int | None = None, annotated: str = "original"
) -> FalseNegatives:
    """How many right pairs a batch of annotated pairs takes for wrong, on average: exact, nothing is drawn.

    A batch of N distinct annotated pairs (query, item), all batches alike likely, sets every query against every item of
    the batch. A positive of a query that came with another pair of the batch is a false negative, be it annotated itself
    or not. What nobody judged counts as wrong, so that this is a lower bound.

    Args:
        judgements: positives; those of the tier `annotated` are the annotated pairs.
        batch: N; all annotated pairs by default, as an evaluation set is used.
        annotated: a tier.

    Raises:
        InputError: no positive has that tier.
        UsageError: the batch is larger than the set, or below 1.
    """
    pairs = judgements.counting((annotated,))
    queries, items = pairs.judged.rows[pairs.grade > 0], pairs.judged.values[pairs.grade > 0]
    total = len(items)
    if not total:
        have = ", ".join(f"{count} {tier}" for tier, count in judgements.tiers().items()) or "none"
        raise InputError(f"no positive is {annotated}, and those make the pairs of a batch; there are: {have}")
    size = total if batch is None else batch
    _check_whole("batch", size, 1)
    if size > total:
        raise UsageError(f"batch={size} does not fit: there are {total} {annotated} pairs")
    off = _right_off_diagonal(judgements, queries, items)
    expected = off * (size * (size - 1)) / (total * (total - 1)) if total > 1 else 0.0
    return FalseNegatives(total, size, expected, expected / (expected + size))


def _right_off_diagonal(judgements: Judgements, queries: Ints, items: Ints) -> int:
    """Ordered pairs of different annotated pairs of which the one's query and the other's item are right together."""
    every = np.bincount(items, minlength=len(judgements.items))
    right = judgements.grade > 0
    per_query = np.bincount(
        judgements.judged.rows[right], every[judgements.judged.values[right]], len(judgements.queries)
    )
    return int(per_query[queries].sum()) - len(items)


def _check_whole(name: str, value: object, least: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise UsageError(f"{name}={value!r} does not fit; allowed: a whole number from {least} on")
