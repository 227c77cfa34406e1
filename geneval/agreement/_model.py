"""What comes out of a run of agreement: facts, frozen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from geneval.agreement._votes import Ceiling
from geneval_references import UsageError

if TYPE_CHECKING:
    import datasets

SCHEMA = "geneval.agree/1"
FLAT = (
    "level",
    "scorer",
    "k",
    "criterion",
    "statistic",
    "grouping",
    "without",
    "value",
    "low",
    "high",
    "n",
    "groups",
    "undefined",
    "constant",
    "random",
    "raters",
    "signature",
)
"""What a row of a CSV file or a data set holds."""
ALPHA = 0.05
"""Adjusted p-values up to this are marked."""

Level = Literal["segment", "system", "corpus", "preference"]
"""Of what: outputs; systems, by the mean of their outputs' scores; systems, by the run's corpus scores; choices."""


@dataclass(frozen=True, slots=True)
class Baselines:
    """What scorers get that know nothing; None where the statistic has no value for them."""

    constant: float | None
    random: float | None
    """The mean of twenty scorers that draw at random, seeded."""

    def to_dict(self) -> dict[str, object]:
        """The object in the printed JSON."""
        return {"constant": self.constant, "random": self.random}


@dataclass(frozen=True, slots=True)
class Row:
    """How far one scorer agrees with people, by one statistic; higher is better, whichever way the scorer counts."""

    level: Level
    scorer: str
    k: int | None
    criterion: str | None
    statistic: str
    grouping: str
    """Whose outputs are compared with each other: `none` (all), `item`, `system`; `pair` for choices."""
    without: tuple[str, ...]
    """Systems left out."""
    value: float | None
    """None where there is none: all scores or all grades equal, too few systems."""
    low: float | None
    high: float | None
    n: int
    """Outputs, systems or pairs that count."""
    groups: int | None
    """Groups that the value is a mean over."""
    undefined: int | None
    """Groups without a value, left out of the mean."""
    baseline: Baselines
    ceiling: Ceiling | None
    """One rater against the others."""
    signature: str

    @property
    def key(self) -> tuple[object, ...]:
        """What is one row of a table: all but the scorer and its value."""
        return (self.level, self.criterion, self.statistic, self.grouping, self.without)

    def to_dict(self) -> dict[str, object]:
        """The row of the printed JSON."""
        row = {name: getattr(self, name) for name in self.__slots__}
        ceiling = None if self.ceiling is None else self.ceiling.to_dict()
        return row | {"without": list(self.without), "baseline": self.baseline.to_dict(), "ceiling": ceiling}

    def flat(self) -> dict[str, object]:
        """The row under the names of `FLAT`, without lists or tables in it."""
        cells = self.to_dict() | self.baseline.to_dict() | {"without": ", ".join(self.without)}
        return {name: cells.get(name) for name in FLAT} | {
            "raters": None if self.ceiling is None else self.ceiling.value
        }


@dataclass(frozen=True, slots=True)
class Difference:
    """Whether one scorer agrees with people better than another."""

    level: Level
    first: str
    second: str
    k: int | None
    criterion: str | None
    statistic: str
    grouping: str
    without: tuple[str, ...]
    method: str
    """`perm-both`, `perm-inputs`, `perm-systems` or `williams`."""
    difference: float | None
    """The first scorer's value less the second's."""
    p: float | None
    """Two-sided, not adjusted; None where either has no value."""
    p_adjusted: float | None
    """By Holm, over all pairs of scorers under this statistic and method."""
    significant: bool
    """Whether the adjusted p-value is .05 or less."""

    def to_dict(self) -> dict[str, object]:
        """The row of the printed JSON."""
        return {name: getattr(self, name) for name in self.__slots__} | {"without": list(self.without)}


@dataclass(frozen=True, slots=True)
class Point:
    """Agreement at a number of references, and what as many again would add to it."""

    k: int
    value: float | None
    low: float | None
    high: float | None
    gain: float | None = None
    """Agreement with 2k references less the mean of that with each half; None where 2k are not there."""
    gain_low: float | None = None
    gain_high: float | None = None

    def to_dict(self) -> dict[str, object]:
        """The object in the printed JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Curve:
    """Agreement of one scorer against the number of references."""

    level: Level
    scorer: str
    criterion: str | None
    statistic: str
    grouping: str
    without: tuple[str, ...]
    scores: Literal["expected", "drawn"]
    """`expected`: means over all sets of k references, so that every k uses all of them; `drawn`: scores against k
    references that were drawn, which is what somebody with k references has."""
    points: tuple[Point, ...]
    stops_at: int | None
    """From this k on, as many references again add less than `rise`; None where that was not shown."""
    at_least: int | None
    """So many references are needed at least, where it was not shown that fewer do."""
    reason: str | None
    """`expected_scores`: these scores cannot tell; `still_rising`: the last gain that can be judged is above 0;
    `uncertain`: its interval holds 0 as well as `rise`; `too_few_references`: none can be judged."""

    def to_dict(self) -> dict[str, object]:
        """The object in the printed JSON."""
        row = {name: getattr(self, name) for name in self.__slots__}
        return row | {"without": list(self.without), "points": [point.to_dict() for point in self.points]}


@dataclass(frozen=True)
class Agreement:
    """Everything that one run of agreement found.

    Attributes:
        rows: one a scorer, k, statistic and grouping.
        differences: between scorers.
        curves: against the number of references.
        resample: what is drawn for intervals: `items`, `systems` or `both`.
        resamples: how many draws; 0: no intervals.
        permutations: how many, for each difference.
        confidence: of the intervals.
        rise: what counts as no rise any more, in curves.
        seed: of all draws.
        warnings: what a reader of the numbers must know.
        notes: what reading the inputs had to say.
    """

    rows: tuple[Row, ...]
    differences: tuple[Difference, ...]
    curves: tuple[Curve, ...]
    resample: str
    resamples: int
    permutations: int
    confidence: float
    rise: float
    seed: int
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Row]:
        """Over the rows."""
        return iter(self.rows)

    def row(
        self, scorer: str, statistic: str, grouping: str = "none", *, level: Level = "segment", **where: object
    ) -> Row:
        """One row; the first that fits.

        Args:
            scorer: its spec.
            statistic: such as `pearson`.
            grouping: whose outputs are compared with each other; for systems it is `none`, for preferences `pair`.
            level: of outputs, systems or preferences.
            where: `k`, `criterion`, `without`.

        Raises:
            UsageError: there is none, or no such field.
        """
        asked = {"scorer": scorer, "statistic": statistic, "grouping": grouping, "level": level} | where
        unknown = [name for name in asked if name not in Row.__slots__]
        if unknown:
            raise UsageError(f"a row has no field {unknown[0]!r}; it has: {', '.join(Row.__slots__)}")
        for row in self.rows:
            if all(getattr(row, name) == value for name, value in asked.items()):
                return row
        have = ", ".join(dict.fromkeys(f"{r.level} {r.scorer} {r.statistic}/{r.grouping}" for r in self.rows))
        raise UsageError(f"no row with {asked}; there are: {have}")

    def to_dict(self) -> dict[str, object]:
        """What `geneval agree --format json` prints."""
        return {
            "schema": SCHEMA,
            "agreement": [row.to_dict() for row in self.rows],
            "differences": [row.to_dict() for row in self.differences],
            "curves": [curve.to_dict() for curve in self.curves],
            "intervals": {"resample": self.resample, "resamples": self.resamples, "confidence": self.confidence},
            "test": {"permutations": self.permutations, "correction": "holm", "alpha": ALPHA},
            "rise": self.rise,
            "seed": self.seed,
            "warnings": list(self.warnings),
        }

    def to_dataset(self) -> datasets.Dataset:
        """The rows as a data set, one a scorer, k, statistic and grouping, under the names of the printed CSV."""
        import datasets

        kinds = dict.fromkeys(("k", "n", "groups", "undefined"), "int64")
        kinds |= dict.fromkeys(("value", "low", "high", "constant", "random", "raters"), "float64")
        features = {name: datasets.Value(kinds.get(name, "string")) for name in FLAT}
        return datasets.Dataset.from_list([row.flat() for row in self.rows], features=datasets.Features(features))

    def to_json(self) -> str:
        """The same as text: no NaN, in the order declared."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)
