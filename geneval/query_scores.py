"""Systems scored query by query: means with intervals, and paired tests against a baseline.

What ranked lists and predicted labels have in common: a row of numbers for each system, metric and query.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from geneval.comparison import ALPHA
from geneval.data import InputFile
from geneval.evaluation import FEW_ITEMS
from geneval.results import now, versions
from geneval_references import UsageError
from geneval_scorers import Pair, Resamples, Scorer, effect_size, gains, holm, percentile_interval, randomisation_p

if TYPE_CHECKING:
    import pyarrow as pa

    from geneval.query_tiers import ByTier

Floats = npt.NDArray[np.float64]

_MOST = 100_000


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is drawn, and how sure intervals are.

    Attributes:
        seed: of all draws.
        resamples: bootstrap draws of queries; 0: no intervals.
        trials: of the paired test; 0: no tests.
        confidence: of the intervals.
    """

    seed: int = 12345
    resamples: int = 1000
    trials: int = 10_000
    confidence: float = 0.95

    def __post_init__(self) -> None:
        """Checks types and ranges."""
        for name, value, high in (
            ("seed", self.seed, 2**63),
            ("resamples", self.resamples, _MOST),
            ("trials", self.trials, _MOST),
        ):
            if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= high:
                raise UsageError(f"{name}={value!r} does not fit; allowed: a whole number from 0 to {high}")
        if not isinstance(self.confidence, float) or not 0 < self.confidence < 1:
            raise UsageError(f"confidence={self.confidence!r} does not fit; allowed: between 0 and 1")


@dataclass(frozen=True, slots=True)
class QueryScore:
    """The mean of a system over queries under one metric, with its interval and its recipe."""

    system: str
    metric: str
    score: float | None
    """None where no query has a number."""
    low: float | None
    high: float | None
    scale: tuple[float | None, float | None]
    direction: str
    n: int
    """Queries with a number."""
    n_left_out: int
    """Queries without one: without any positive or valid label."""
    n_missing: int
    """Queries that the system gave nothing for; they count as wrong throughout."""
    signature: str

    def to_dict(self) -> dict[str, object]:
        """The row of the printed JSON."""
        return {name: getattr(self, name) for name in self.__slots__} | {"scale": list(self.scale)}


@dataclass(frozen=True, slots=True)
class QueryDifference:
    """One system less the baseline under one metric, on the queries that both have a number for."""

    system: str
    baseline: str
    metric: str
    delta: float
    low: float | None
    high: float | None
    p: float | None
    """Two-sided, by approximate randomisation, not adjusted; None where no test was asked for."""
    p_adjusted: float | None
    """By Holm, over all differences of this run."""
    significant: bool
    effect: float | None
    """d_z; None where all differences are equal, or there is one query."""
    wins: int
    ties: int
    losses: int
    n: int

    def to_dict(self) -> dict[str, object]:
        """The row of the printed JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """The numbers of one system under one metric.

    Attributes:
        system: its name.
        scorer: the metric: how rows become scores.
        rows: [queries, columns]; NaN where a query has no number.
        missing: how many queries the system gave nothing for.
        signature: the recipe.
        reason: why a query has no number.
    """

    system: str
    scorer: Scorer
    rows: Floats
    missing: int
    signature: str
    reason: str = "no_positives"


@dataclass(frozen=True, eq=False)
class QueryScores:
    """Everything that one run found; what is printed, and what is written.

    Attributes:
        schema: of the printed JSON.
        ids: of the queries or items.
        answers: one a system and metric.
        scores: the same as means with intervals.
        baseline: what others are compared with; None where there is one system.
        differences: one a system and metric, of others than the baseline.
        drawing: what was drawn.
        facts: what else the JSON says, by key.
        warnings: what a reader of the numbers must know.
        notes: what reading the inputs had to say.
        files: that were read.
        tiers: the same under stronger and weaker evidence; None where it was not asked for.
    """

    schema: str
    ids: tuple[str, ...]
    answers: tuple[Answered, ...]
    scores: tuple[QueryScore, ...]
    baseline: str | None
    differences: tuple[QueryDifference, ...]
    drawing: Drawing
    facts: Mapping[str, object] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    files: tuple[InputFile, ...] = ()
    tiers: ByTier | None = None

    def score(self, system: str, metric: str) -> QueryScore:
        """One system's score.

        Raises:
            UsageError: there is none.
        """
        for row in self.scores:
            if (row.system, row.metric) == (system, metric):
                return row
        have = ", ".join(f"{row.system} / {row.metric}" for row in self.scores)
        raise UsageError(f"no score of {system!r} under {metric!r}; there are: {have}")

    def values(self, system: str, metric: str) -> dict[str, float | None]:
        """The number of each query; None where it has none.

        Raises:
            UsageError: there is no such system or metric.
        """
        self.score(system, metric)
        answer = next(a for a in self.answers if (a.system, a.scorer.label) == (system, metric))
        return dict(zip(self.ids, map(_number, _segment(answer).tolist()), strict=True))

    @property
    def told(self) -> tuple[str, ...]:
        """All warnings, those about tiers last."""
        return (*self.warnings, *(() if self.tiers is None else self.tiers.warnings))

    def to_dict(self) -> dict[str, object]:
        """What `--format json` prints."""
        return {
            "schema": self.schema,
            "scores": [row.to_dict() for row in self.scores],
            "baseline": self.baseline,
            "differences": [row.to_dict() for row in self.differences],
            "test": {
                "method": "randomisation",
                "trials": self.drawing.trials,
                "correction": "holm",
                "comparisons": sum(row.p is not None for row in self.differences),
                "alpha": ALPHA,
                "resamples": self.drawing.resamples,
                "confidence": self.drawing.confidence,
                "seed": self.drawing.seed,
            },
            **self.facts,
            **({} if self.tiers is None else {"by_tier": self.tiers.to_dict()}),
            "warnings": list(self.told),
        }

    def to_json(self) -> str:
        """The same as text: no NaN, in the order declared."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)

    def to_arrow(self) -> pa.Table:
        """The numbers of all queries: id, system, metric, score; null where a query has none, and the reason then."""
        import pyarrow as pa

        columns: dict[str, list[object]] = {"id": [], "system": [], "metric": [], "score": [], "reason": []}
        for answer in self.answers:
            columns["id"] += self.ids
            columns["system"] += [answer.system] * len(self.ids)
            columns["metric"] += [answer.scorer.label] * len(self.ids)
            scores = list(map(_number, _segment(answer).tolist()))
            columns["score"] += scores
            columns["reason"] += [answer.reason if score is None else None for score in scores]
        kinds = {name: pa.float64() if name == "score" else pa.string() for name in columns}
        return pa.table({name: pa.array(column, kinds[name]) for name, column in columns.items()})

    def write(self, folder: Path) -> None:
        """Writes results.json, queries.parquet, manifest.json and, where tiers were told apart, misses.jsonl into a folder."""
        import pyarrow.parquet as pq

        (folder / "results.json").write_text(self.to_json() + "\n", encoding="utf-8")
        pq.write_table(self.to_arrow(), folder / "queries.parquet")
        manifest = {
            "schema": "geneval.manifest/1",
            "created": now(),
            "config": {"metrics": list(dict.fromkeys(row.metric for row in self.scores)), **_fields(self.drawing)},
            "inputs": [_fields(file) for file in self.files],
            "notes": list(self.notes),
            "versions": versions(),
        }
        (folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
        if self.tiers is not None:
            self.tiers.write(folder)


def scores_of(answers: Sequence[Answered], drawing: Drawing) -> tuple[QueryScore, ...]:
    """Means with intervals; every system and metric with the same queries gets the same draws."""
    return tuple(_score(answer, drawing) for answer in answers)


def differences_of(answers: Sequence[Answered], baseline: str | None, drawing: Drawing) -> tuple[QueryDifference, ...]:
    """Every other system less the baseline, with Holm's correction over all."""
    found = [
        _difference(first, second, drawing)
        for first in answers
        for second in answers
        if first.system == baseline and second.system != baseline and first.scorer == second.scorer
    ]
    kept = [row for row in found if row is not None]
    tested = [i for i, row in enumerate(kept) if row.p is not None]
    adjusted = holm(np.asarray([kept[i].p for i in tested], np.float64)).tolist()
    for i, p in zip(tested, adjusted, strict=True):
        kept[i] = replace(kept[i], p_adjusted=p, significant=p <= ALPHA)
    return tuple(kept)


def baseline_of(systems: Sequence[str], given: str | None) -> str | None:
    """The system that others are compared with: the first by default; None where there is one.

    Raises:
        UsageError: none has the name.
    """
    if given is not None and given not in systems:
        raise UsageError(f"no system is named {given!r}; there are: {', '.join(map(repr, systems))}")
    return given or (systems[0] if len(systems) > 1 else None)


def about_few(scores: Sequence[QueryScore], what: str) -> Iterator[str]:
    """What to say where intervals stand on few queries."""
    few = {row.n for row in scores if 0 < row.n < FEW_ITEMS}
    if few:
        yield f"fewer than {FEW_ITEMS} {what} have a number ({min(few)}): intervals and p-values from so few say little"


def _segment(answer: Answered) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(answer.scorer.segment(answer.rows))


def _scored(answer: Answered) -> npt.NDArray[np.bool_]:
    return np.asarray(~np.isnan(answer.rows).any(axis=1))


def _layer(rows: Floats) -> Floats:
    return np.concatenate([rows, np.ones((len(rows), 1))], axis=1)


def draws_of(scorer: Scorer, rows: Floats, drawing: Drawing) -> Floats:
    """Means in every bootstrap draw of queries, [resamples]; the same draws for as many rows."""
    from geneval_scorers._bootstrap import Summed

    return Resamples(len(rows), drawing.resamples, drawing.seed).of_layers(scorer, [Summed(_layer(rows))])


def _score(answer: Answered, drawing: Drawing) -> QueryScore:
    scorer, rows = answer.scorer, answer.rows[_scored(answer)]
    low = high = None
    signature = answer.signature
    if drawing.resamples and len(rows) > 1:
        signature += f"|interval:{100 * drawing.confidence:.10g}%,bootstrap:{drawing.resamples},seed:{drawing.seed}"
        low, high = percentile_interval(draws_of(scorer, rows, drawing), drawing.confidence)
    return QueryScore(
        system=answer.system,
        metric=scorer.label,
        score=_number(scorer.aggregate(rows)) if len(rows) else None,
        low=low,
        high=high,
        scale=scorer.info.scale,
        direction=scorer.info.direction,
        n=len(rows),
        n_left_out=len(answer.rows) - len(rows),
        n_missing=answer.missing,
        signature=signature,
    )


def _difference(first: Answered, second: Answered, drawing: Drawing) -> QueryDifference | None:
    both = _scored(first) & _scored(second)
    if not both.any():
        return None
    none = np.zeros(0, np.int64)
    layers = [_layer(side.rows[both]) for side in (first, second)]
    segments = np.stack([_segment(side)[both] for side in (first, second)])
    pair = Pair(first.scorer, (none, none), (layers[0],), (layers[1],), segments, int((~both).sum()))
    low = high = None
    if drawing.resamples and pair.items > 1:
        drawn = pair.bootstrap(drawing.resamples, drawing.seed)
        low, high = percentile_interval(drawn[1] - drawn[0], drawing.confidence)
    gain = gains(pair)
    effect = effect_size(gain)
    return QueryDifference(
        system=second.system,
        baseline=first.system,
        metric=first.scorer.label,
        delta=pair.scores[1] - pair.scores[0],
        low=low,
        high=high,
        p=randomisation_p(pair, drawing.trials, drawing.seed).p if drawing.trials else None,
        p_adjusted=None,
        significant=False,
        effect=_number(effect),
        wins=int((gain > 0).sum()),
        ties=int((gain == 0).sum()),
        losses=int((gain < 0).sum()),
        n=pair.items,
    )


def _fields(one: Drawing | InputFile) -> dict[str, object]:
    return {name: getattr(one, name) for name in one.__slots__}


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
