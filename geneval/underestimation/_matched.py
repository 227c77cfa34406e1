"""The matched-quality difference: what a scorer gives systems at equal human quality, for the same item and length.

Differential item functioning, turned to systems: m = item + system + b * quality + c * length + d * length^2 + error.
Item effects go by taking means within an item; noise in people's grades is taken out of the moments of quality (errors
in variables: Fuller 1987, "Measurement Error Models", section 2.2); intervals are sandwiches over items (Liang and Zeger
1986), with Student's t.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from geneval.agreement._correlations import Floats, Ints

_NOTHING = 1e-9
"""Mean square of what a covariate tells beyond others, below which it is rounding."""

LEAST_SIGNAL = 0.1
"""Share of what differs in quality within items that must be left once noise is taken out."""


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """Estimates with their covariance."""

    value: Floats
    """[estimates]."""
    covariance: Floats
    """[estimates, estimates]."""
    clusters: int

    @property
    def se(self) -> Floats:
        """Standard errors."""
        return np.sqrt(np.maximum(np.diag(self.covariance), 0.0))


@dataclass(frozen=True, eq=False)
class Design:
    """Outputs with what people said of them: the same for every scorer. Place i of each array is cell i.

    Attributes:
        systems: names.
        group: whose cells are compared with each other: an item's, or the two sides of a choice.
        cluster: the item; what intervals draw.
        system: a place in `systems`.
        quality: [cells, kinds], higher is better.
        noise: [cells, kinds], variance of the noise in `quality`.
        exact: [cells, covariates] known without noise, such as length.
    """

    systems: tuple[str, ...]
    group: Ints
    cluster: Ints
    system: Ints
    quality: Floats
    noise: Floats
    exact: Floats

    def take(self, places: Ints) -> Design:
        """Some of the cells."""
        if len(places) == len(self.group) and (np.diff(places) == 1).all():
            return self
        kept = [getattr(self, name)[places] for name in ("group", "cluster", "system", "quality", "noise", "exact")]
        return Design(self.systems, *kept)

    @cached_property
    def present(self) -> Ints:
        """Systems with a cell that has company in its group."""
        return np.unique(self.system[self.compared])

    @cached_property
    def compared(self) -> np.ndarray:
        """[cells] which have company in their group; others say nothing of systems."""
        return np.asarray(np.bincount(self._number)[self._number] > 1)

    @property
    def outputs(self) -> int:
        """How many different outputs are compared."""
        return len(np.unique((self.cluster * len(self.systems) + self.system)[self.compared]))

    @cached_property
    def _number(self) -> Ints:
        return np.unique(self.group, return_inverse=True)[1]

    @cached_property
    def _item(self) -> Ints:
        return np.unique(self.cluster, return_inverse=True)[1]

    def within(self, values: Floats) -> Floats:
        """Values less the mean of their group, [cells, ...]."""
        flat = values.reshape(len(values), -1)
        means = _sums(flat, self._number) / np.bincount(self._number)[:, None]
        return np.asarray((flat - means[self._number]).reshape(values.shape))

    @cached_property
    def columns(self) -> Floats:
        """[cells, columns] within groups: systems but the first, quality, exact covariates that tell more than these."""
        dummies = (self.system[:, None] == self.present[None, 1:]).astype(np.float64)
        found = np.concatenate([self.within(dummies), self.within(self._quality)], axis=1)
        exact = self.within(self.exact)
        for column in exact.T:
            left = column - found @ np.linalg.lstsq(found, column, rcond=None)[0]
            if float(left @ left) > _NOTHING * len(column):
                found = np.column_stack([found, column])
        return found

    @cached_property
    def useful(self) -> np.ndarray:
        """Kinds of quality that differ within groups, given the others."""
        found: list[int] = []
        spread = self.within(self.quality)
        for kind in np.argsort(-spread.var(axis=0), kind="stable").tolist():
            trial = spread[:, [*found, kind]]
            if np.linalg.matrix_rank(trial, tol=1e-8 * max(1.0, float(np.abs(spread).max()) * len(spread))) > len(
                found
            ):
                found.append(kind)
        return np.asarray(sorted(found), np.int64)

    @cached_property
    def _quality(self) -> Floats:
        return self.quality[:, self.useful]

    @cached_property
    def clusters(self) -> int:
        """How many items have outputs that are compared: others make no interval surer."""
        return len(np.unique(self.cluster[self.compared]))

    @cached_property
    def company(self) -> Floats:
        """[cells] 1 - 1 / cells in the group: the share of a cell's own noise that is left within groups."""
        counts = np.bincount(self._number)
        return np.asarray(1.0 - 1.0 / counts[self._number])

    @cached_property
    def moments(self) -> Floats:
        """[clusters, columns, columns] X'X of each item, less the noise in it."""
        x = self.columns
        out = _sums((x[:, :, None] * x[:, None, :]).reshape(len(x), -1), self._item).reshape(-1, x.shape[1], x.shape[1])
        noise = _sums(self.noise[:, self.useful] * self.company[:, None], self._item)
        own = len(self.present) - 1 + np.arange(noise.shape[1])
        out[:, own, own] -= noise
        return out

    def projected(self, values: Floats) -> Floats:
        """[clusters, columns] X'm of each item."""
        return _sums(self.columns * values[:, None], self._item)

    @cached_property
    def trouble(self) -> str | None:
        """Why systems cannot be compared at equal quality; None where they can."""
        if len(self.present) < 2:
            return "fewer than two systems have rated outputs for the same items"
        systems = len(self.present) - 1
        if np.linalg.matrix_rank(self.columns[:, :systems]) < systems:
            return "some systems have no rated item in common with the others, not even by way of a third"
        if self.clusters <= self.columns.shape[1] + 1:
            return f"{self.clusters} items are too few for {self.columns.shape[1]} numbers to estimate"
        signal = None if self._told else self.signal
        if signal is not None and signal < LEAST_SIGNAL:
            return (
                f"people's grades are too noisy to match on: of what differs within items, {max(signal, 0.0):.0%} is left "
                "once their noise is taken out"
            )
        if self._told or np.linalg.cond(_scaled(self.moments.sum(axis=0))) > 1e10:
            return "systems, quality and length cannot be told apart in these data"
        return None

    @cached_property
    def _left(self) -> Floats:
        """[cells, useful] what of quality systems and length do not tell."""
        first = len(self.present) - 1
        own = np.arange(first, first + len(self.useful))
        x = self.columns
        rest = np.delete(x, own, axis=1)
        return np.asarray(x[:, own] - rest @ np.linalg.lstsq(rest, x[:, own], rcond=None)[0])

    @property
    def _told(self) -> bool:
        """Whether nothing but rounding is left of some kind of quality."""
        size = np.sqrt((self.within(self._quality) ** 2).sum(axis=0))
        return bool((np.linalg.svd(self._left / size, compute_uv=False) < 1e-8).any()) if len(size) else False

    @cached_property
    def signal(self) -> float | None:
        """The smallest share of quality's differences that is no noise, systems, items and length apart; None: no quality."""
        if not len(self.useful):
            return None
        whole = self._left.T @ self._left
        noise = np.diag((self.noise[:, self.useful] * self.company[:, None]).sum(axis=0))
        # The smallest root of |whole - noise - s whole|.
        inverse = np.linalg.inv(np.linalg.cholesky(whole))
        return float(np.linalg.eigvalsh(inverse @ (whole - noise) @ inverse.T).min())

    @cached_property
    def contrasts(self) -> Floats:
        """[systems present, columns]: each system's effect less the mean of all systems' effects."""
        many = len(self.present)
        out = np.zeros((many, self.columns.shape[1]))
        out[1:, : many - 1] = np.eye(many - 1)
        out[:, : many - 1] -= 1.0 / many
        return out

    @cached_property
    def map(self) -> Floats:
        """[systems present, cells]: the differences are this times the scores."""
        return np.asarray(self.contrasts @ np.linalg.solve(self.moments.sum(axis=0), self.columns.T))

    def differences(self, scores: Floats) -> Spread:
        """The matched-quality difference of each system that is present; they add up to 0."""
        coefficients, covariance = self.fitted(scores)
        return Spread(self.contrasts @ coefficients, self.contrasts @ covariance @ self.contrasts.T, self.clusters)

    def fitted(self, scores: Floats) -> tuple[Floats, Floats]:
        """All coefficients, and their sandwich covariance over items."""
        moments, projected = self.moments, self.projected(scores)
        whole = moments.sum(axis=0)
        coefficients = np.linalg.solve(whole, projected.sum(axis=0))
        influence = np.linalg.solve(whole, (projected - moments @ coefficients).T)
        many = self.clusters
        return coefficients, influence @ influence.T * (many / (many - 1))

    def quality_slopes(self, scores: Floats) -> Floats:
        """What a unit of each useful kind of quality is worth to the scorer."""
        first = len(self.present) - 1
        return self.fitted(scores)[0][first : first + len(self.useful)]

    def without_noise(self) -> Design:
        """The same as if people's grades held no noise."""
        return self._bare

    @cached_property
    def _bare(self) -> Design:
        return replace(self, noise=np.zeros_like(self.noise))


def _sums(values: Floats, number: Ints) -> Floats:
    """Sums of rows with the same number, [numbers, columns]."""
    out = np.empty((int(number.max(initial=-1)) + 1, values.shape[1]))
    for place, column in enumerate(values.T):
        out[:, place] = np.bincount(number, weights=column)
    return out


def _scaled(moments: Floats) -> Floats:
    size = np.sqrt(np.maximum(np.abs(np.diag(moments)), 1e-300))
    return np.asarray(moments / size[:, None] / size[None, :])
