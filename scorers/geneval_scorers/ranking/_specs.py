"""Metrics as specs, `recall(k=5)`: parsed and written as scorers are."""

from __future__ import annotations

from collections.abc import Sequence

from geneval_references import UsageError
from geneval_scorers._spec import built, check_options, nearest, split_spec
from geneval_scorers.ranking._metrics import METRICS, Metric

DEFAULT = ("recall(k=1)", "recall(k=5)", "recall(k=10)", "r_precision", "map_at_r")
"""What is computed unless told."""


def parse_metric(spec: str) -> Metric:
    """The metric that a spec names; `parse_metric(repr(m)) == m`.

    Raises:
        UsageError: it is no spec, or the metric or an option does not exist or does not fit.

    Examples:
        >>> parse_metric("recall( k = 5 )")
        recall(k=5)
    """
    name, options = split_spec(spec, "metric", "recall(k=5)")
    if name not in METRICS:
        raise UsageError(f"no metric {name!r}{nearest(name, METRICS)}; the metrics are {', '.join(sorted(METRICS))}")
    check_options(name, METRICS[name], options)
    return built(METRICS[name], options)


def parse_metrics(specs: Sequence[str | Metric]) -> tuple[Metric, ...]:
    """Several, none twice.

    Raises:
        UsageError: as `parse_metric`; one is there twice.
    """
    found = tuple(spec if isinstance(spec, Metric) else parse_metric(spec) for spec in specs)
    labels = [metric.label for metric in found]
    for label in labels:
        if labels.count(label) > 1:
            raise UsageError(f"metric {label} is asked for twice; once is enough")
    return found
