"""What a metric could be if everything were judged: its least and largest value over all verdicts on unjudged items.

That all unjudged items are wrong, or all are right, bounds neither mAP@R nor R-Precision, whose R grows with every
right item: of [right, ?, ?, ?] mAP@R is 1 under both, and .50 where only the last is right. For each number of right
ones the best verdicts are those on the first unjudged places, the worst those on the last: a hit that moves up never
makes these metrics worse. So it is enough to go through the numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geneval_references import UsageError
from geneval_scorers._ragged import Bools, Floats, Ints
from geneval_scorers.ranking._lists import Placed
from geneval_scorers.ranking._metrics import IrRecall, Map, MapAtR, Mrr, Ndcg, RankMetric, Recall, RPrecision

DEPTH = 100
"""So many first places are looked at for unjudged items unless told."""

BOUNDED = (Recall, IrRecall, RPrecision, MapAtR, Map, Mrr, Ndcg)
"""The metrics that have bounds; bpref, judged and inferred AP say themselves what they assume of unjudged items."""


@dataclass(frozen=True, slots=True, eq=False)
class Bounds:
    """For each query the least and the largest value that any verdicts give, [Q]; NaN where there is no number.

    Attributes:
        low, high: both reached by some verdicts.
        unjudged: how many listed items within the depth nobody judged, [Q].
        depth: places below it that nobody judged are taken for wrong.
    """

    low: Floats
    high: Floats
    unjudged: Ints
    depth: int


def bounds(metric: RankMetric, placed: Placed, depth: int = DEPTH) -> Bounds | None:
    """Bounds a metric over all verdicts on items that are listed, within the depth, and not judged.

    Queries without a positive stay without a number. Items that are in no list are taken for wrong.

    Returns:
        None for metrics without bounds: bpref, judged, inf_ap; ndcg where positives have grades that differ, since an
        unjudged one could have any.

    Raises:
        UsageError: the depth is below 1.
    """
    if depth < 1:
        raise UsageError(f"depth={depth} does not fit; allowed: a whole number from 1 on")
    right = placed.grade > 0
    if not isinstance(metric, BOUNDED) or (isinstance(metric, Ndcg) and len(np.unique(placed.grade[right])) > 1):
        return None
    known, hits, positives = placed.ranks(~np.isnan(placed.grade)), placed.hits, placed.positives
    low, high = np.full(len(hits), np.nan), np.full(len(hits), np.nan)
    unjudged = np.zeros(len(hits), np.int64)
    for query in range(len(hits)):
        places = np.setdiff1d(np.arange(1, min(placed.length[query], depth) + 1), known.row(query))
        unjudged[query] = len(places)
        if positives[query]:
            low[query], high[query] = _of_query(metric, hits.row(query), places, int(positives[query]))
    return Bounds(low, high, unjudged, depth)


def _of_query(metric: RankMetric, hits: Ints, unjudged: Ints, positives: int) -> tuple[float, float]:
    """The least and largest value of one list, of which only places that are right or not judged are looked at."""
    rank = np.sort(np.concatenate([hits, unjudged]))
    fixed = np.isin(rank, hits)
    count = np.arange(len(unjudged) + 1)[:, None]
    order = np.arange(len(unjudged))
    worst, best = np.tile(fixed, (len(count), 1)), np.tile(fixed, (len(count), 1))
    best[:, ~fixed] = order < count
    worst[:, ~fixed] = order >= len(unjudged) - count
    totals = positives + count[:, 0]
    return float(_each(metric, worst, rank, totals).min()), float(_each(metric, best, rank, totals).max())


def _each(metric: RankMetric, right: Bools, rank: Ints, positives: Ints) -> Floats:
    """The metric of several verdicts on one list.

    Args:
        metric: one of `BOUNDED`.
        right: [verdicts, places].
        rank: of the places, ascending; all others are wrong.
        positives: R under each verdict.
    """
    if isinstance(metric, Mrr):
        return np.asarray(np.where(right, 1.0 / rank, 0.0).max(axis=1, initial=0.0))
    if isinstance(metric, MapAtR | RPrecision | Map):
        inside = right if isinstance(metric, Map) else right & (rank <= positives[:, None])
        gains = inside if isinstance(metric, RPrecision) else inside * np.cumsum(right, axis=1) / rank
        return np.asarray(gains.sum(axis=1) / positives)
    assert isinstance(metric, Recall | IrRecall | Ndcg)  # noqa: S101 - all that `BOUNDED` holds beside
    near = right[:, rank <= metric.k]
    if isinstance(metric, Recall):
        return np.asarray(near.any(axis=1), np.float64)
    if isinstance(metric, IrRecall):
        return np.asarray(near.sum(axis=1) / positives)
    most = np.minimum(positives, min(metric.k, positives.max()))  # k may be far beyond any list
    best = np.cumsum(1.0 / np.log2(np.arange(most.max()) + 2.0))[most - 1]
    return np.asarray(near @ (1.0 / np.log2(rank[rank <= metric.k] + 1.0)) / best)
