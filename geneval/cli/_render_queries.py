"""Ranked lists and labels as tables, JSON, CSV, Markdown or LaTeX, on stdout."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from geneval.cli._render import harmless, latex_of, markdown_of, printed, table_of
from geneval.cli._talk import plain

if TYPE_CHECKING:
    from geneval.query_scores import QueryDifference, QueryScore, QueryScores
    from geneval.query_tiers import ByTier, Flip, TierScore

_FIELDS = ("system", "metric", "score", "low", "high", "n", "n_left_out", "n_missing")
_OF_DIFFERENCES = (
    "delta",
    "delta_low",
    "delta_high",
    "p",
    "p_adjusted",
    "significant",
    "effect",
    "wins",
    "ties",
    "losses",
)

Grid = tuple[str, list[str], list[list[str]]]
"""A title, heads and rows."""


def render(result: QueryScores, form: str | None) -> None:
    """Prints a result; a table on a terminal and JSON elsewhere, unless told."""
    printed(
        form,
        json=result.to_json,
        csv=lambda: _csv(result),
        markdown=lambda: _markdown(result),
        latex=lambda: _latex(result),
        table=lambda: _table(result),
    )


def grids(result: QueryScores) -> Iterator[Grid]:
    """Scores, systems by metrics; then differences to the baseline, a row each."""
    sure = f"{100 * result.drawing.confidence:.10g}% CI"
    metrics = list(dict.fromkeys(row.metric for row in result.scores))
    title = f"Means over {_what(result)}" + (f" [{sure}]" if result.drawing.resamples else "")
    yield title, ["system", *map(plain, metrics), "n", "left out", "missing"], list(_systems(result, metrics))
    if result.differences:
        heads = ["metric", "system", f"Δ [{sure}]", "d_z", "wins / ties / losses", "p, Holm", "n"]
        yield f"Less the baseline, {plain(result.baseline or '')}", heads, list(map(_difference, result.differences))
    if result.tiers is not None:
        yield from _tiers(result.tiers, sure if result.drawing.resamples else "", _what(result))


def _tiers(found: ByTier, sure: str, what: str) -> Iterator[Grid]:
    """A grid a view; then orders that turn round, and valid results that count as misses."""
    for place, seen in enumerate(found.views):
        title = f"By evidence: {seen.tier}{' and all stronger tiers' if place else ''}, {seen.positives} positives"
        heads = ["metric", "system", f"mean [{sure}]" if sure else "mean", "rank", "bounds", "n"]
        rows = [_tier_score(row) for row in found.scores if row.tier == seen.tier]
        yield title, heads, rows
    if found.flips:
        heads = ["metric", "ahead", "behind", "ahead under", "Δ, then", "share of draws", "n"]
        yield (
            f"Orders of systems under {found.views[0].tier} positives that turn round",
            heads,
            list(map(_flip, found.flips)),
        )
    if len(found.views) > 1:
        heads = ["system", "results", what, f"{what} where one stands above the first {found.views[0].tier} one"]
        title = f"Valid results in the first {found.within} places that {found.views[0].tier} positives count as misses"
        yield title, heads, [[plain(system), *map(str, counts)] for system, *counts in found.counts()]


def _tier_score(row: TierScore) -> list[str]:
    mean = f"{row.score:.3f}" + ("" if row.low is None else f" [{row.low:.3f}, {row.high:.3f}]")
    limits = "-" if row.at_least is None else f"{row.at_least:.3f} to {row.at_most:.3f}"
    return [plain(row.metric), plain(row.system), mean, str(row.rank), limits, str(row.n)]


def _flip(row: Flip) -> list[str]:
    share = "-" if row.probability is None else f"{row.probability:.3f}"
    deltas = f"{row.delta_before:+.3f}, {row.delta_after:+.3f}"
    return [
        plain(row.metric),
        plain(row.first),
        plain(row.second),
        f"{row.before}, not {row.after}",
        deltas,
        share,
        str(row.n),
    ]


def _what(result: QueryScores) -> str:
    return "items" if result.schema.startswith("geneval.labels") else "queries"


def _systems(result: QueryScores, metrics: list[str]) -> Iterator[list[str]]:
    for system in dict.fromkeys(row.system for row in result.scores):
        mine = {row.metric: row for row in result.scores if row.system == system}
        counts = [[getattr(row, name) for row in mine.values()] for name in ("n", "n_left_out", "n_missing")]
        yield [plain(system), *(_cell(mine[metric]) for metric in metrics), *map(_span, counts)]


def _span(values: list[int]) -> str:
    return str(values[0]) if min(values) == max(values) else f"{min(values)}-{max(values)}"


def _cell(row: QueryScore) -> str:
    if row.score is None:
        return "-"
    return (
        f"{row.score:.3f}"
        if row.low is None or row.high is None
        else f"{row.score:.3f} [{row.low:.3f}, {row.high:.3f}]"
    )


def _difference(row: QueryDifference) -> list[str]:
    delta = f"{row.delta:+.3f}" + ("" if row.low is None else f" [{row.low:+.3f}, {row.high:+.3f}]")
    effect = "-" if row.effect is None else f"{row.effect:+.2f}"
    p = "-" if row.p_adjusted is None else f"{row.p_adjusted:.4f}" + ("*" if row.significant else "")
    counts = f"{row.wins} / {row.ties} / {row.losses}"
    return [plain(row.metric), plain(row.system), delta, effect, counts, p, str(row.n)]


def prose(result: QueryScores) -> Iterator[str]:
    """What stands below the tables: recipes, and how tests were made."""
    yield from dict.fromkeys(plain(row.signature) for row in result.scores)
    if result.tiers is not None and len(result.tiers.views) > 1 and result.baseline and not result.tiers.flips:
        yield (
            f"No order of two systems under {result.tiers.views[0].tier} positives turns round under weaker tiers, on the "
            f"{_what(result)} that have a number under both."
        )
    if result.tiers is not None and result.tiers.depth:
        yield (
            "Bounds: the least and the most that any verdicts on items that nobody judged, in the first "
            f"{result.tiers.depth} places, make of the mean; verdicts on later ones could take it further (--depth)."
        )
    if any(row.p is not None for row in result.differences):
        tested = sum(row.p is not None for row in result.differences)
        yield (
            f"Paired approximate randomisation with {result.drawing.trials} trials, seed {result.drawing.seed}; p after Holm's "
            f"correction for {tested} comparisons; * marks those of .05 or less."
        )


def _table(result: QueryScores) -> None:
    from rich.console import Console  # loaded where first used
    from rich.text import Text

    console = Console()
    for title, heads, rows in grids(result):
        console.print(Text(title), soft_wrap=True)
        table_of(console, heads, rows)
    for line in prose(result):
        console.print(Text(line, style="dim"), soft_wrap=True)


def _markdown(result: QueryScores) -> None:
    for title, heads, rows in grids(result):
        print(f"{title}\n")
        markdown_of(heads, rows)
        print()
    for line in prose(result):
        print(f"- {line}")


def _latex(result: QueryScores) -> None:
    for title, heads, rows in grids(result):
        print(f"% {title}")
        latex_of(heads, rows)
    for line in prose(result):
        print(f"% {line}")


def _csv(result: QueryScores) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([*_FIELDS, *_OF_DIFFERENCES, "signature"])
    apart = {(row.system, row.metric): row for row in result.differences}
    for row in result.scores:
        other = apart.get((row.system, row.metric))
        cells = [harmless(getattr(row, name)) for name in _FIELDS]
        more = [getattr(other, name.removeprefix("delta_"), None) for name in _OF_DIFFERENCES]
        writer.writerow([*cells, *more, harmless(row.signature)])
