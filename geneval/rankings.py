"""What comes out of a ranking: facts, frozen, one fit a criterion."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from geneval_references import UsageError
from geneval_scorers.preference import Agreement, Circles, Effect, NextPair, Ranking, Share, Worth

if TYPE_CHECKING:
    import datasets

SCHEMA = "geneval.rank/1"

Matrix = tuple[tuple[float, ...], ...]

_WORTH = (
    *("system", "worth", "log_worth", "low", "high", "error", "rank_low", "rank_high"),
    *("identified", "reason", "wins", "losses", "ties", "both_bad"),
)
_COUNTS = {"rank_low", "rank_high"}
_TEXTS = {"system", "criterion", "reason"}


@dataclass(frozen=True, slots=True)
class Outlook:
    """What more judgements would do.

    Attributes:
        next_pairs: those whose judgement would tell most, first the one that tells most.
        difference: of log-worths, that was asked about; None: none was.
        judgements: how many more find it with a probability of 0.8, for every pair of systems; None where errors are
            not known.
    """

    next_pairs: tuple[NextPair, ...] = ()
    difference: float | None = None
    judgements: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class CriterionRanking:
    """The systems under one criterion.

    Attributes:
        criterion: its name, None where the choices name none.
        ranking: the fit; differences, predictions and what else it knows can be asked of it.
        worths: best first; systems without a worth come last.
        baseline: whose log-worth is 0; None: their mean is.
        wins: entry (i, j) is how often system i of `worths` was preferred to system j.
        tied: entry (i, j) is how often i and j tied.
        items, annotators: how many there are; 0 annotators: nobody is named.
        agreement: of annotators who saw the same pair of outputs.
        left: how often the system shown on the left won.
        circles: triples of which each was preferred to the next.
        outlook: what more judgements would do.
        warnings: what a reader of the numbers must know.
    """

    criterion: str | None
    ranking: Ranking
    worths: tuple[Worth, ...]
    baseline: str | None
    wins: Matrix
    tied: Matrix
    items: int
    annotators: int
    agreement: Agreement
    left: Share
    circles: Circles
    outlook: Outlook
    warnings: tuple[str, ...]

    @property
    def systems(self) -> tuple[str, ...]:
        """Names, in the order of `worths`."""
        return tuple(row.system for row in self.worths)

    def worth(self, system: str) -> Worth:
        """One system's row.

        Raises:
            UsageError: there is none.
        """
        for row in self.worths:
            if row.system == system:
                return row
        raise UsageError(f"no system is named {system!r}; there are: {', '.join(self.systems)}")

    def to_dict(self) -> dict[str, object]:
        """What the printed JSON says of this criterion, but for its worths and ties."""
        fit = self.ranking
        return {
            "criterion": self.criterion,
            "comparisons": int(fit.comparisons),
            "skipped": fit.skipped,
            "items": self.items,
            "annotators": self.annotators,
            "baseline": self.baseline,
            "order": _effect(fit.order),
            "covariates": [_effect(effect) for effect in fit.covariates],
            "raters": [asdict(rater) for rater in fit.raters],
            "goodness": None if fit.goodness is None else asdict(fit.goodness),
            "groups": [list(group) for group in fit.groups],
            "systems": list(self.systems),
            "win_matrix": [list(row) for row in self.wins],
            "tie_matrix": [list(row) for row in self.tied],
            "agreement": {name: _finite(value) for name, value in asdict(self.agreement).items()},
            "left_win_rate": asdict(self.left),
            "intransitive": {
                "triples": self.circles.triples,
                "found": [{"systems": list(circle.systems), "z": circle.z} for circle in self.circles.found],
            },
            "next": [asdict(pair) for pair in self.outlook.next_pairs],
            "power": None
            if self.outlook.difference is None
            else {"difference": self.outlook.difference, "power": 0.8, "judgements": self.outlook.judgements},
            "warnings": list(self.warnings),
            "signature": fit.signature,
        }


@dataclass(frozen=True, slots=True, eq=False)
class Rankings:
    """One ranking a criterion.

    Attributes:
        rankings: in the order in which the choices bring criteria.
        confidence: of all intervals.
        seed: of whatever was drawn.
        notes: what reading the inputs had to say.
    """

    rankings: tuple[CriterionRanking, ...]
    confidence: float
    seed: int
    notes: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[CriterionRanking]:
        """Over the criteria."""
        return iter(self.rankings)

    def criterion(self, name: str | None = None) -> CriterionRanking:
        """The ranking under a criterion; without a name the only one.

        Raises:
            UsageError: there are several, or none of that name.
        """
        if name is None and len(self.rankings) == 1:
            return self.rankings[0]
        for one in self.rankings:
            if one.criterion == name:
                return one
        raise UsageError(f"no criterion {name!r}; there are: {', '.join(repr(one.criterion) for one in self)}")

    @property
    def warnings(self) -> tuple[str, ...]:
        """Of all criteria."""
        return tuple(
            warning if len(self.rankings) == 1 else f"{one.criterion or 'without a criterion'}: {warning}"
            for one in self
            for warning in one.warnings
        )

    def to_dict(self) -> dict[str, object]:
        """What `geneval rank --format json` prints."""
        return {
            "schema": SCHEMA,
            "worths": self._rows(),
            "ties": [{"criterion": one.criterion, **(_effect(one.ranking.ties) or _NO_TIES)} for one in self],
            "criteria": [one.to_dict() for one in self],
            "confidence": self.confidence,
            "seed": self.seed,
            "warnings": list(self.warnings),
        }

    def to_json(self) -> str:
        """The same as text: no NaN, in the order declared."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)

    def to_dataset(self) -> datasets.Dataset:
        """The worths as a data set, a row a system and criterion, under the names of the printed JSON."""
        import datasets

        kinds = {name: "int64" if name in _COUNTS else "string" if name in _TEXTS else "float64" for name in _WORTH}
        kinds |= {"criterion": "string", "identified": "bool"}
        features = {name: datasets.Value(kinds[name]) for name in ("criterion", *_WORTH)}
        return datasets.Dataset.from_list(self._rows(), features=datasets.Features(features))

    def _rows(self) -> list[dict[str, object]]:
        return [
            {"criterion": one.criterion} | {name: getattr(row, name) for name in _WORTH}
            for one in self
            for row in one.worths
        ]


_NO_TIES: dict[str, object] = {"name": None, "value": None, "low": None, "high": None}


def _effect(effect: Effect | None) -> dict[str, object] | None:
    return None if effect is None else asdict(effect)


def _finite(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value
