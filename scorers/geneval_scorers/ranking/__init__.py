"""Ranked lists and labels where a query has several right answers: judgements, metrics, bounds, facts of batches.

In short:

    names = Names()                                   # ids of items as numbers, shared by all that follows
    judgements = Judgements.of(
        {"q1": [Judged("a"), Judged("b", 2.0, "verified", {"valid": 3}), Judged("c", 0), Judged("d", None)]},
        items=names, left_out={"q1": ["e"]}, keep_self=False,
    )                                                 # grade > 0 right, 0 judged wrong, None in the pool, not judged
    counted = judgements.counting(("original",))      # by tier; all but unverified by default
    ranked = RankedLists.of("A", {"q1": ["b", "x", "a"]}, names)       # InputError on duplicates
    ranked = Similarities.of("A", matrix, queries, items, names)       # in blocks; ties: the earlier column first
    placed = ranked.placed(counted)                   # ranks of judged items, [Q] queries in the order of judgements
    values = parse_metric("map_at_r").values(placed)  # [Q], 0 to 1, NaN where a query has no positive
    limits = bounds(metric, placed, depth=100)        # Bounds(low, high, unjudged, depth), or None (bpref, ...)

`ranked.missing(judgements)` tells which queries have no list: `placed` takes these for empty lists, all misses.
`ranked.ordered(judgements, numbers)` gives the items of some queries, best first, without what is left out of their
galleries. A metric is a `Scorer` whose corpus score is the mean: `label`, `signature()`, `info`, `finish` are as
everywhere, so that `Resamples`, `Pair` and the tests of `_significance` take it. Metrics that look at labels or texts of
the whole gallery (`SideMetric`) have `rows(ranked, judgements, descriptions)`, [Q, 2], in place of `values(placed)`; `segment(rows)` gives one number a
query and `finish(sums, weight)` that of a system.

Above this package, `geneval.ranked_lists.Task.of(read_ranked(...), read_positives(...))` holds the judgements of all tiers
and the systems; `task.placed(tiers)` gives each system's `Placed`, `answers_of(task, metrics, tiers)` its rows per query, and
`geneval.query_scores` means, intervals and paired tests of rows.
"""

from geneval_scorers.ranking._batch import (
    BatchPairs,
    FalseNegatives,
    batch_pairs,
    coverage,
    expected_false_negatives,
    matching_probability,
    references_needed,
)
from geneval_scorers.ranking._bounds import BOUNDED, DEPTH, Bounds, bounds
from geneval_scorers.ranking._judgements import COUNTED, Judged, Judgements, Names
from geneval_scorers.ranking._labels import ItemLabels, LabelAccuracy, Taxonomy, label_accuracy
from geneval_scorers.ranking._lists import Placed, Ranked, RankedLists, Similarities
from geneval_scorers.ranking._metrics import METRICS, Metric, RankMetric, Recall
from geneval_scorers.ranking._side import LABELS, Described, Descriptions, SideMetric
from geneval_scorers.ranking._specs import DEFAULT, parse_metric, parse_metrics

__all__ = [
    "BOUNDED",
    "COUNTED",
    "DEFAULT",
    "DEPTH",
    "LABELS",
    "METRICS",
    "BatchPairs",
    "Bounds",
    "Described",
    "Descriptions",
    "FalseNegatives",
    "ItemLabels",
    "Judged",
    "Judgements",
    "LabelAccuracy",
    "Metric",
    "Names",
    "Placed",
    "RankMetric",
    "Ranked",
    "RankedLists",
    "Recall",
    "SideMetric",
    "Similarities",
    "Taxonomy",
    "batch_pairs",
    "bounds",
    "coverage",
    "expected_false_negatives",
    "label_accuracy",
    "matching_probability",
    "parse_metric",
    "parse_metrics",
    "references_needed",
]
