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
_STRONGEST = -6.0
"""Log-odds that one standard deviation of a mark of error can take off, at most."""
MARKS = (
    "same words in another order",
    "distortion",
    "colour mismatch",
    "negation mismatch",
    "number mismatch",
    "name mismatch",
)
"""Features that mark an error, whatever else is right: controls teach their weights, which are 0 or less."""
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
    """Fit a model on judged candidates; controls, wrong by the way they were made, teach it the marks of error.

    Controls are otherwise as near to the references as a text can be. Were all weights fitted on them too, nearness would
    come out as a fault. So they change the weights of `MARKS` only.

    Args:
        table: features of judged candidates.
        valid: whether people judged them right answers.
        weight: the inverses of their sampling probabilities.
        items: of each its item; folds of the calibration never share one.
        controls: features of negative controls.

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

    everything = table.values if controls is None else np.concatenate([table.values, controls.values])
    # A mark that only controls have has a scale, too.
    mean, scale = table.values.mean(axis=0), np.maximum(table.values.std(axis=0), 0.1 * everything.std(axis=0))
    scale = np.where(scale > 1e-9, scale, 1.0)
    rows = (table.values - mean) / scale
    regression = LogisticRegression(C=_PENALTY, max_iter=2000).fit(rows, valid, sample_weight=weight)
    weights, intercept = regression.coef_[0], float(regression.intercept_[0])
    if controls is not None and len(controls.values):
        weights = _marked(table.names, weights, intercept, rows[valid], (controls.values - mean) / scale)
    means, scales, coefficients = (tuple(map(float, column)) for column in (mean, scale, weights))
    return Model(table.names, table.families, means, scales, coefficients, intercept)


def _marked(names: tuple[str, ...], weights: Floats, intercept: float, right: Floats, wrong: Floats) -> Floats:
    """The weights, with those of marks as they best part right answers from controls, each side counting the same."""
    from scipy.optimize import minimize

    at = [place for place, name in enumerate(names) if name in MARKS]
    if not at:
        return weights
    rest = np.where(np.isin(np.arange(len(names)), at), 0.0, weights)
    base_right, base_wrong = right @ rest + intercept, wrong @ rest + intercept

    def loss(marks: Floats) -> tuple[float, Floats]:
        up, down = -(base_right + right[:, at] @ marks), base_wrong + wrong[:, at] @ marks
        share_up, share_down = (1 / (1 + np.exp(-np.clip(side, -30, 30))) for side in (up, down))
        slope = -right[:, at].T @ share_up / len(right) + wrong[:, at].T @ share_down / len(wrong)
        cost = np.logaddexp(0, up).mean() + np.logaddexp(0, down).mean() + 0.001 * float(marks @ marks)
        return float(cost), slope + 0.002 * marks

    start = np.clip(weights[at], _STRONGEST, 0.0)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(_STRONGEST, 0.0)] * len(at))
    out = weights.copy()
    out[at] = found.x
    return np.asarray(out)


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
