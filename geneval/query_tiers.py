"""The same metric under stronger and weaker evidence: how far sparse positives understate ranked lists and labels.

Views are nested: the original positives, these with the verified ones, and so on, since a right answer stays one when
others are found. What a view does not hold was judged by nobody there: `bounds` tells what verdicts on it could make of
the number.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt

from geneval import __version__
from geneval.query_scores import Answered, Drawing, draws_of, scores_of
from geneval_references import TIERS, UsageError
from geneval_scorers.ranking import COUNTED, Judgements, Placed, RankMetric, bounds

Floats = npt.NDArray[np.float64]

WITHIN = 10
"""Places of each list in which valid results that count as misses are looked for, unless told."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What counts under one strength of evidence.

    Attributes:
        tier: the weakest tier that counts; all stronger ones do, too.
        kept: which of the judgements' entries are known, [entries].
        grade: of all entries, as `Judgements.grade`.
        positives: how many it has.
        gained: how many queries have a positive of this very tier.
        hash: of what it knows.
    """

    tier: str
    kept: npt.NDArray[np.bool_]
    grade: Floats
    positives: int
    gained: int
    hash: str

    def of(self, placed: Placed) -> Placed:
        """The same lists, judged by this view."""
        return replace(placed, grade=self.grade).keep(self.kept)


@dataclass(frozen=True, slots=True)
class TierScore:
    """The mean of a system under one metric and one view."""

    tier: str
    system: str
    metric: str
    score: float
    low: float | None
    high: float | None
    at_least: float | None
    """The least that verdicts on unjudged items could make of it; None where a metric has no bounds, or none were asked for."""
    at_most: float | None
    rank: int
    """Of the systems, 1 is best; equal scores share the better rank."""
    n: int
    signature: str


@dataclass(frozen=True, slots=True)
class Flip:
    """Two systems whose order under the first view turns round under another one, on the queries that both views score."""

    metric: str
    first: str
    """Ahead under the first view."""
    second: str
    """Ahead under the other one."""
    before: str
    """The first view."""
    after: str
    delta_before: float
    """`second` less `first`."""
    delta_after: float
    probability: float | None
    """Share of bootstrap draws of queries, the same for both systems and views, that show both orders; None without draws."""
    n: int


@dataclass(frozen=True, slots=True)
class Miss:
    """A valid result that the first view counts as a miss, with its evidence."""

    system: str
    id: str
    item: str
    place: int
    first: int | None
    """The place of the best positive that the first view knows; None where the list has none."""
    tier: str
    grade: float
    votes: Mapping[str, int] | None


@dataclass(frozen=True, eq=False)
class ByTier:
    """The views, the scores under each, the orders that turn, and what was counted as a miss.

    Attributes:
        views: the first has the strongest evidence.
        scores: a row a view, metric and system.
        flips: pairs of systems whose order turns.
        misses: by system, query and place.
        depth: of the bounds; 0: none were asked for.
        within: places in which misses were looked for.
        warnings: what a reader of the numbers must know.
    """

    views: tuple[View, ...]
    scores: tuple[TierScore, ...]
    flips: tuple[Flip, ...]
    misses: tuple[Miss, ...]
    depth: int
    within: int
    warnings: tuple[str, ...] = ()

    def score(self, tier: str, system: str, metric: str) -> TierScore:
        """One row.

        Raises:
            UsageError: there is none.
        """
        for row in self.scores:
            if (row.tier, row.system, row.metric) == (tier, system, metric):
                return row
        have = ", ".join(f"{row.tier} / {row.system} / {row.metric}" for row in self.scores)
        raise UsageError(f"no score of {tier!r}, {system!r}, {metric!r}; there are: {have}")

    def counts(self) -> Iterator[tuple[str, int, int, int]]:
        """For each system: misses, queries that have some, and queries where one stands above the first known positive."""
        for system in dict.fromkeys(row.system for row in self.scores):
            mine = [miss for miss in self.misses if miss.system == system]
            ahead = {miss.id for miss in mine if miss.first is None or miss.place < miss.first}
            yield system, len(mine), len({miss.id for miss in mine}), len(ahead)

    def to_dict(self) -> dict[str, object]:
        """What the printed JSON holds; misses are counted there, and listed by `write`."""
        names = ("system", "misses", "queries", "queries_ahead")
        return {
            "views": [{"tier": v.tier, "positives": v.positives, "queries_gained": v.gained} for v in self.views],
            "scores": [_fields(row) for row in self.scores],
            "flips": [_fields(row) for row in self.flips],
            "counted_as_misses": [dict(zip(names, row, strict=True)) for row in self.counts()],
            "bounds_depth": self.depth,
            "misses_within": self.within,
        }

    def write(self, folder: Path) -> None:
        """Writes misses.jsonl into a folder, a line each."""
        lines = (json.dumps(_fields(miss), ensure_ascii=False) + "\n" for miss in self.misses)
        with (folder / "misses.jsonl").open("w", encoding="utf-8") as file:
            file.writelines(lines)


def views_of(judgements: Judgements) -> tuple[View, ...]:
    """The nested views of tiers that there are positives of, strongest first."""
    present = [tier for tier in TIERS if (judgements.tier == TIERS.index(tier)).any()]
    return tuple(view(tier, judgements, judgements.tier <= TIERS.index(tier), judgements.grade) for tier in present)


def view(tier: str, judgements: Judgements, kept: npt.NDArray[np.bool_], grade: Floats) -> View:
    """A view with its counts; `grade` may differ from the judgements' own."""
    rows, right = judgements.judged.rows, kept & (grade > 0)
    gained = len(np.unique(rows[right & (judgements.tier == TIERS.index(tier))]))
    content = replace(judgements, grade=grade).keep(kept).hash
    return View(tier, kept, grade, int(right.sum()), gained, content)


def by_tier(
    systems: Mapping[str, Placed],
    judgements: Judgements,
    metrics: Mapping[str, RankMetric],
    views: Sequence[View],
    drawing: Drawing,
    *,
    depth: int,
    within: int = WITHIN,
) -> ByTier:
    """Scores every system under every view.

    Args:
        systems: where each puts the entries of `judgements`, all of them.
        judgements: of all tiers.
        metrics: by the names they are shown under.
        views: as `views_of` gives them.
        drawing: of intervals and of the flips' draws.
        depth: of the bounds, as `geneval_scorers.ranking.bounds` has it; 0: none.
        within: places in which misses are looked for.

    Raises:
        UsageError: a depth is negative.
    """
    for name, value in (("depth", depth), ("within", within)):
        if value < 0:
            raise UsageError(f"{name}={value} does not fit; allowed: a whole number from 0 on")
    values = {
        (label, seen.tier): {system: metric.values(seen.of(placed)) for system, placed in systems.items()}
        for label, metric in metrics.items()
        for seen in views
    }
    scores = tuple(
        row
        for seen in views
        for label, metric in metrics.items()
        for row in _scores(
            seen, label, metric, systems=systems, values=values[label, seen.tier], drawing=drawing, depth=depth
        )
    )
    return ByTier(
        tuple(views),
        scores,
        tuple(_flips(metrics, views, values, drawing)),
        tuple(_misses(systems, judgements, views, within)),
        depth,
        within,
        tuple(_warnings(views, judgements)),
    )


def _scores(
    seen: View,
    label: str,
    metric: RankMetric,
    *,
    systems: Mapping[str, Placed],
    values: Mapping[str, Floats],
    drawing: Drawing,
    depth: int,
) -> Iterator[TierScore]:
    recipe = f"geneval:{__version__}|{metric.signature()}|set:{seen.hash[:12]}|tiers:down to {seen.tier}"
    answers = [Answered(system, metric, numbers[:, None], 0, recipe) for system, numbers in values.items()]
    found = [row for row in scores_of(answers, drawing) if row.score is not None]
    for row in found:
        limits = bounds(metric, seen.of(systems[row.system]), depth) if depth else None
        least, most = (None, None) if limits is None else (float(np.nanmean(v)) for v in (limits.low, limits.high))
        rank = 1 + sum(cast("float", other.score) > cast("float", row.score) for other in found)
        limited = "" if limits is None else f"|bounds:{depth}"
        yield TierScore(
            seen.tier, row.system, label, cast("float", row.score), row.low, row.high, least, most, rank, row.n,
            row.signature + limited,
        )  # fmt: skip


def _flips(
    metrics: Mapping[str, RankMetric],
    views: Sequence[View],
    values: Mapping[tuple[str, str], Mapping[str, Floats]],
    drawing: Drawing,
) -> Iterator[Flip]:
    for label, metric in metrics.items():
        for after in views[1:]:
            first = values[label, views[0].tier]
            for one, other in combinations(first, 2):
                rows = (first, values[label, after.tier])
                deltas = np.stack([row[other] - row[one] for row in rows])
                deltas = deltas[:, ~np.isnan(deltas).any(axis=0)]
                means = deltas.mean(axis=1) if deltas.shape[1] else np.zeros(2)
                if means[0] * means[1] >= 0:
                    continue
                ahead, behind, sign = (one, other, 1) if means[0] < 0 else (other, one, -1)
                turned = _probability(metric, sign * deltas, drawing)
                then, now = (sign * means).tolist()
                yield Flip(label, ahead, behind, views[0].tier, after.tier, then, now, turned, deltas.shape[1])


def _probability(metric: RankMetric, deltas: Floats, drawing: Drawing) -> float | None:
    """The share of draws in which the first row's mean is below 0 and the second's above."""
    if not drawing.resamples or deltas.shape[1] < 2:
        return None
    before, after = (draws_of(metric, row[:, None], drawing) for row in deltas)
    return float(((before < 0) & (after > 0)).mean())


def _misses(
    systems: Mapping[str, Placed], judgements: Judgements, views: Sequence[View], within: int
) -> Iterator[Miss]:
    if len(views) < 2:
        return
    names, queries = judgements.items.names, judgements.queries.names
    first, last = (seen.kept & (seen.grade > 0) for seen in (views[0], views[-1]))
    last &= np.isin(judgements.tier, [TIERS.index(tier) for tier in COUNTED])
    rows, numbers = judgements.judged.rows, judgements.judged.values
    for system, placed in systems.items():
        best = np.full(len(queries), np.iinfo(np.int64).max)
        np.minimum.at(best, rows[first & (placed.rank > 0)], placed.rank[first & (placed.rank > 0)])
        found = np.flatnonzero(last & ~first & (placed.rank > 0) & (placed.rank <= within))
        for entry in found[np.lexsort((placed.rank[found], rows[found]))].tolist():
            query = rows[entry]
            known = None if best[query] == np.iinfo(np.int64).max else int(best[query])
            tier, grade = TIERS[judgements.tier[entry]], float(views[-1].grade[entry])
            yield Miss(
                system, queries[query], names[numbers[entry]], int(placed.rank[entry]), known, tier, grade,
                judgements.votes[entry],
            )  # fmt: skip


def _warnings(views: Sequence[View], judgements: Judgements) -> Iterator[str]:
    known = int((judgements.positives > 0).sum())
    for seen in views[1:]:
        if seen.gained < known:
            yield (
                f"{known - seen.gained} of {known} queries have no {seen.tier} positive: nobody looked, or nothing was found; "
                "for these a weaker tier changes nothing"
            )


def _fields(row: TierScore | Flip | Miss) -> dict[str, object]:
    return {name: getattr(row, name) for name in row.__slots__}
