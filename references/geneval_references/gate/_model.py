"""The model: a logistic regression of a candidate's features, calibrated on items that it was not fitted on.

It has one weight a feature, so that people can read it, and can be kept as text. On graded captions (docs/gate.md) it was
as good as boosted trees.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from geneval_references._errors import InputError
from geneval_references.gate._features import Floats, Table

Labels = npt.NDArray[np.generic]
Bools = npt.NDArray[np.bool_]

_PENALTY = 0.3
"""Inverse strength of the penalty on squared weights, as in scikit-learn."""
_FOLDS = 5
_CONTROLS = 0.25
"""Weight of all controls together, of that of all judged candidates."""
FEWEST = 20
"""Judged candidates, and at least a quarter as many of either kind, that a model is fitted on."""


@dataclass(frozen=True)
class Model:
    """A fitted model.

    Attributes:
        names, families: of the features.
        mean, scale: that features are standardised with.
        weight: of each standardised feature, in log-odds.
        intercept: log-odds of an average candidate, before calibration.
        slope, offset: calibration: log-odds are `slope` times what weights give, plus `offset`.
    """

    names: tuple[str, ...]
    families: tuple[str, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    weight: tuple[float, ...]
    intercept: float
    slope: float = 1.0
    offset: float = 0.0

    def scores(self, table: Table) -> Floats:
        """The probability, 0 to 1, that each candidate is a right answer.

        Raises:
            InputError: the table has other features than those that the model was fitted on.
        """
        if table.names != self.names:
            differ = sorted(set(table.names) ^ set(self.names))
            raise InputError(
                f"the gate was fitted on other features; not in both: {', '.join(differ) or 'their order'}"
            )
        raw = (table.values - self.mean) / self.scale @ np.asarray(self.weight) + self.intercept
        return np.asarray(1 / (1 + np.exp(-np.clip(self.slope * raw + self.offset, -30, 30))))

    def used(self) -> tuple[str, ...]:
        """Families of features that have a weight."""
        return tuple(sorted({f for f, w in zip(self.families, self.weight, strict=True) if abs(w) > 1e-6}))

    def to_dict(self) -> dict[str, object]:
        """As text can hold it."""
        columns = zip(self.names, self.families, self.mean, self.scale, self.weight, strict=True)
        rows = [
            {"name": name, "family": family, "mean": mean, "scale": scale, "weight": weight}
            for name, family, mean, scale, weight in columns
        ]
        return {"intercept": self.intercept, "slope": self.slope, "offset": self.offset, "features": rows}

    @classmethod
    def from_dict(cls, found: Mapping[str, object]) -> Model:
        """What `to_dict` gave.

        Raises:
            InputError: something is missing, or no number.
        """
        try:
            rows: list[Mapping[str, object]] = list(found["features"])  # type: ignore[call-overload]
            columns = [tuple(row[key] for row in rows) for key in ("name", "family", "mean", "scale", "weight")]
            intercept, slope, offset = (float(found[key]) for key in ("intercept", "slope", "offset"))  # type: ignore[arg-type]
            mean, scale, weight = (tuple(float(v) for v in column) for column in columns[2:])  # type: ignore[arg-type]
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"the model of this gate cannot be read: {type(error).__name__}: {error}") from error
        return cls(
            tuple(map(str, columns[0])), tuple(map(str, columns[1])), mean, scale, weight, intercept, slope, offset
        )


def fit(table: Table, valid: Bools, weight: Floats, items: Labels, controls: Table | None = None) -> Model:
    """Fit a model on judged candidates, and on controls, which are wrong by the way they were made.

    Args:
        table: features of judged candidates.
        valid: whether people judged them right answers.
        weight: the inverses of their sampling probabilities.
        items: of each its item; folds of the calibration never share one.
        controls: features of negative controls. They only teach the model: it is calibrated on judged candidates.

    Raises:
        InputError: there are too few judged candidates, or hardly any of one kind.
    """
    least = FEWEST // 4
    if len(valid) < FEWEST or min(int(valid.sum()), int((~valid).sum())) < least:
        raise InputError(
            f"{len(valid)} judged candidates to learn from, {int(valid.sum())} of them valid; at least {FEWEST} are due, "
            f"{least} of either kind. Judge more: geneval gate --next 100 draws them"
        )
    weight = weight / weight.mean()
    fitted = _fit(table, valid, weight, controls)
    slope, offset = _calibration(table, valid, weight, items, controls)
    return replace(fitted, slope=slope, offset=offset)


def _fit(table: Table, valid: Bools, weight: Floats, controls: Table | None) -> Model:
    from sklearn.linear_model import LogisticRegression

    mean, scale = table.values.mean(axis=0), table.values.std(axis=0)
    scale = np.where(scale > 1e-9, scale, 1.0)
    rows, right, weights = (table.values - mean) / scale, valid, weight
    if controls is not None and len(controls.values):
        rows = np.concatenate([rows, (controls.values - mean) / scale])
        right = np.concatenate([valid, np.zeros(len(controls.values), bool)])
        share = np.full(len(controls.values), _CONTROLS * weight.sum() / len(controls.values))
        weights = np.concatenate([weight, share])
    regression = LogisticRegression(C=_PENALTY, max_iter=2000).fit(rows, right, sample_weight=weights)
    means, scales, coefficients = (tuple(map(float, column)) for column in (mean, scale, regression.coef_[0]))
    return Model(table.names, table.families, means, scales, coefficients, float(regression.intercept_[0]))


def _calibration(
    table: Table, valid: Bools, weight: Floats, items: Labels, controls: Table | None
) -> tuple[float, float]:
    """Slope and offset of what models say of items that they were not fitted on (Platt 1999)."""
    from sklearn.linear_model import LogisticRegression

    fold = np.unique(items, return_inverse=True)[1] % _FOLDS
    raw = np.full(len(valid), np.nan)
    for number in range(_FOLDS):
        out = fold == number
        if out.any() and len(set(valid[~out].tolist())) == 2:
            part = Table(table.names, table.families, table.values[~out])
            held = Table(table.names, table.families, table.values[out])
            scores = _fit(part, valid[~out], weight[~out], controls).scores(held)
            raw[out] = np.log(scores / (1 - scores))
    known = ~np.isnan(raw)
    if len(set(valid[known].tolist())) < 2:
        return 1.0, 0.0
    line = LogisticRegression(C=10.0).fit(raw[known, None], valid[known], sample_weight=weight[known])
    slope = float(line.coef_[0, 0])
    return (slope, float(line.intercept_[0])) if slope > 0 else (1.0, 0.0)
