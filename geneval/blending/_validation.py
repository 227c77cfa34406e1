"""Predictions for pairs that a model has not seen: of other items, and of systems that were left out.

Everything that is chosen is chosen on the other side of the split: scales, weights, which part is the best one, which way
length points, and the slope that makes leads into probabilities.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geneval.agreement._ties import folds_of
from geneval.blending._data import Training
from geneval_scorers._ragged import Floats, Ints
from geneval_scorers.preference.features import Duels, FeatureFit, fit_features

BLEND, BEST, LENGTH_ALONE, EQUAL, RANDOM = "blend", "best part", "length alone", "equal weights", "random"

_HARDLY = 0.1
"""Penalty on the one slope of calibration: it keeps it finite where leads order all votes, and is no more than that."""


@dataclass(frozen=True, slots=True, eq=False)
class Weighed:
    """A model fitted on some pairs.

    Attributes:
        scale: of each of the parts and nuisance: root mean square of the differences, 1 where they are all 0.
        fit: weights of parts, then of nuisance, and nu.
    """

    scale: Floats
    fit: FeatureFit

    def leads(self, features: Floats) -> Floats:
        """Of the parts alone, [pairs]; `features` holds their differences."""
        size = features.shape[1]
        return np.asarray(features / self.scale[:size] @ self.fit.weights[:size])


def weigh(data: Training, rows: Ints, parts: Sequence[int], l2: float, often: Floats | None = None) -> Weighed:
    """Fits parts with the nuisance beside them."""
    columns = [*parts, *data.of_nuisance]
    features = data.features[rows][:, columns]
    scale = scales(features)
    duels = data.duels.take(rows).seen_by(features / scale)
    free = np.asarray([column not in parts for column in columns], bool)
    return Weighed(scale, fit_features(duels if often is None else duels.times(often), free=free, l2=l2))


def scales(features: Floats) -> Floats:
    """Root mean square of each column; 1 where it is 0."""
    found = np.sqrt((features**2).mean(axis=0))
    return np.where(found > 0, found, 1.0)


def right(leads: Floats, order: Ints) -> Floats:
    """1 where the lead is the majority's, 1/2 where there is no lead; NaN where there is no majority."""
    return np.where(order == 0, np.nan, (1 + np.sign(leads) * order) / 2)


def accuracy(leads: Floats, order: Ints) -> float:
    """Over pairs with a majority, 0 to 1; 1/2 where there is none."""
    found = right(leads, order)
    return float(np.nanmean(found)) if not np.isnan(found).all() else 0.5


def predicted(data: Training, train: Ints, test: Ints, l2: float, *, drop: bool = False) -> dict[str, Floats]:
    """Leads on `test` of the blend and of the baselines, all fitted or chosen on `train`.

    Returns:
        By name; with `drop` also the blend without each part, under `without SPEC`.
    """
    every, features, order = data.of_parts, data.features, data.order
    mine = features[test]
    out = {BLEND: weigh(data, train, every, l2).leads(mine[:, every])}
    scale = scales(features[train][:, every])
    singles = [accuracy(features[train, part], order[train]) for part in every]
    best = int(np.argmax(singles))
    out[BEST] = mine[:, best] / scale[best]
    out[EQUAL] = np.asarray((mine[:, every] / scale).sum(axis=1))
    if data.length is not None:
        way = np.sign(accuracy(features[train, data.length], order[train]) - 0.5)
        out[LENGTH_ALONE] = way * mine[:, data.length] / scales(features[train, data.length : data.length + 1])[0]
    out[RANDOM] = np.zeros(len(test))
    for part, name in enumerate(data.parts):
        out[name] = mine[:, part] / scale[part]
        if drop and len(every) > 1:
            others = [one for one in every if one != part]
            out[f"without {name}"] = weigh(data, train, others, l2).leads(mine[:, others])
    return out


def by_item(data: Training, l2: float, seed: int, rows: Ints | None = None) -> tuple[dict[str, Floats], Ints]:
    """Leads on pairs whose items were not trained on, and the fold of each.

    Args:
        data: the pairs.
        l2: the penalty.
        seed: of the folds.
        rows: only these pairs, and the blend alone.
    """
    used = np.arange(len(data)) if rows is None else rows
    groups, place = np.unique(data.group[used], return_inverse=True)
    fold = folds_of(len(groups), seed)[place]
    found: dict[str, Floats] = {}
    for part in np.unique(fold):
        train, test = used[fold != part], used[fold == part]
        if rows is None:
            leads = predicted(data, train, test, l2, drop=True)
        else:
            leads = {BLEND: weigh(data, train, data.of_parts, l2).leads(data.features[test][:, data.of_parts])}
        for name, values in leads.items():
            found.setdefault(name, np.zeros(len(used)))[fold == part] = values
    return found, fold


@dataclass(frozen=True, slots=True, eq=False)
class LeftOut:
    """Predictions for the pairs of one system, by models that saw none of it.

    Attributes:
        system: place of the system.
        rows: its pairs.
        leads: by name, [rows].
        others: pairs without it.
    """

    system: int
    rows: Ints
    leads: dict[str, Floats]
    others: Ints


def by_system(data: Training, l2: float) -> list[LeftOut]:
    """Each system left out in turn, where pairs with a majority are on both sides."""
    out = []
    for system in range(len(data.systems)):
        there = data.with_system(system)
        rows, others = np.flatnonzero(there), np.flatnonzero(~there)
        if data.order[rows].any() and data.order[others].any():
            out.append(LeftOut(system, rows, predicted(data, others, rows, l2), others))
    return out


@dataclass(frozen=True, slots=True, eq=False)
class Calibrated:
    """Leads in log-odds, [pairs], and Davidson's nu for each pair."""

    leads: Floats
    nu: Floats


def calibration(leads: Floats, duels: Duels) -> tuple[float, float]:
    """The slope that makes leads into log-odds, 0 or more, and nu."""
    size = float(scales(leads.reshape(-1, 1))[0])
    fit = fit_features(duels.seen_by(leads.reshape(-1, 1) / size), l2=_HARDLY)
    return float(fit.weights[0]) / size, fit.nu


def calibrated(leads: Floats, duels: Duels, fold: Ints) -> Calibrated:
    """Leads of each fold under the slope and nu of the others."""
    out, nu = np.zeros(len(leads)), np.zeros(len(leads))
    for part in np.unique(fold):
        mine = fold == part
        slope, nu[mine] = calibration(leads[~mine], duels.take(~mine))
        out[mine] = slope * leads[mine]
    return Calibrated(out, nu)
