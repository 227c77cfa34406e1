"""Comparisons as cells of equal circumstances, and the sums over cells that a fit is made of.

Parameters stand in one vector: log-worths of the systems, then the order effect and the covariates (`extra`), then t if
ties have a parameter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from geneval_references import InputError, UsageError
from geneval_scorers._ragged import Bools, Floats, Ints
from geneval_scorers._spec import nearest
from geneval_scorers.preference._comparisons import TIE, A, B, Comparisons, tally
from geneval_scorers.preference._kernels import Kernel, Terms

ORDER = "order"
"""The name of the effect of being shown on the left."""


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """Cells: comparisons of the same two systems, in the same order, with the same covariates.

    Attributes:
        size: how many systems.
        kernel: the model of ties.
        a, b: the two systems of each cell, a < b.
        side: 1 where a was shown on the left, -1 where b was, 0 where nobody knows.
        extra: [cells, order effect and covariates]; covariates in units of their root mean square.
        names: of these columns.
        units: of these columns.
        counts: weight of each outcome, [3, cells].
        cell: for each comparison its cell.
        outcome: for each comparison its outcome, seen from the cell's a.
        weight: of each comparison.
    """

    size: int
    kernel: Kernel
    a: Ints
    b: Ints
    side: Ints
    extra: Floats
    names: tuple[str, ...]
    units: Floats
    counts: Floats
    cell: Ints
    outcome: Ints
    weight: Floats

    @classmethod
    def of(cls, votes: Comparisons, kernel: Kernel, *, order: bool, covariates: Sequence[str]) -> Design:
        """Collapses comparisons into cells.

        Raises:
            InputError: an order effect is asked for and no comparison tells what was shown on the left.
            UsageError: no such covariate.
        """
        if order and not votes.side.any():
            raise InputError("an order effect needs shown_left: no comparison tells which system was shown on the left")
        size = len(votes.systems)
        turned = votes.a > votes.b
        sign = np.where(turned, -1, 1)
        a, b = np.minimum(votes.a, votes.b), np.maximum(votes.a, votes.b)
        outcome = np.where(turned & (votes.outcome < 2), 1 - votes.outcome, votes.outcome).astype(np.int64)
        side = votes.side.astype(np.int64) * sign
        columns, units = _covariates(votes, covariates, sign)
        if covariates:
            cells, cell = np.arange(len(votes)), np.arange(len(votes))
            counts = np.zeros((3, len(votes)))
            counts[outcome, cell] = votes.weight
        else:
            cells, cell, counts = _collapsed((a * size + b) * 3 + side + 1, outcome, votes.weight, 3 * size * size)
            a, b, side = cells // 3 // size, cells // 3 % size, cells % 3 - 1
            columns = np.zeros((len(cells), 0))
        if order:
            columns = np.column_stack([side.astype(np.float64), columns])
        names = (*([ORDER] if order else []), *covariates)
        units = np.concatenate([np.ones(int(order)), units])
        return cls(size, kernel, a, b, side, columns, names, units, counts, cell, outcome, votes.weight)

    @property
    def width(self) -> int:
        """How many parameters there are."""
        return self.size + len(self.names) + self.kernel.fits_ties

    @property
    def total(self) -> Floats:
        """The weight of each cell."""
        return np.asarray(self.counts.sum(axis=0))

    @property
    def wins(self) -> Floats:
        """How often each system was preferred to each other one, [systems, systems]."""
        there, size = self.a * self.size + self.b, self.size
        won, lost = (tally(there, self.counts[outcome], size * size).reshape(size, size) for outcome in (A, B))
        return won + lost.T

    @property
    def ties(self) -> Floats:
        """How often each two systems tied, symmetric, [systems, systems]."""
        found = tally(self.a * self.size + self.b, self.counts[TIE], self.size**2).reshape(self.size, self.size)
        return found + found.T

    def only(self, cells: Bools) -> Design:
        """The same without some cells; comparisons keep their cells' numbers of before, and are not for use."""
        return replace(
            self,
            a=self.a[cells],
            b=self.b[cells],
            side=self.side[cells],
            extra=self.extra[cells],
            counts=self.counts[:, cells],
        )

    def reweighted(self, counts: Floats) -> Design:
        """The same cells with other counts."""
        return replace(self, counts=counts)

    def lead(self, theta: Floats) -> Floats:
        """d, the predicted lead of a over b in each cell, in log-odds."""
        return np.asarray(theta[self.a] - theta[self.b] + self.extra @ theta[self.size : self.size + len(self.names)])

    def tie(self, theta: Floats) -> float:
        """The parameter of ties; 0 where there is none."""
        return float(theta[-1]) if self.kernel.fits_ties else 0.0

    def terms(self, theta: Floats) -> Terms:
        """Log-likelihood by cell, with derivatives."""
        return self.kernel.terms(self.lead(theta), self.tie(theta), self.counts)

    def gradient(self, d: Floats, t: Floats) -> Floats:
        """Derivatives in the parameters, from those in each cell's d and t."""
        found = np.empty(self.width)
        found[: self.size] = tally(self.a, d, self.size) - tally(self.b, d, self.size)
        found[self.size : self.size + len(self.names)] = d @ self.extra
        if self.kernel.fits_ties:
            found[-1] = t.sum()
        return found

    def curvature(self, dd: Floats, dt: Floats, tt: Floats) -> Floats:
        """Second derivatives in the parameters, from those in each cell's d and t, [parameters, parameters]."""
        size, end = self.size, self.size + len(self.names)
        found = np.zeros((self.width, self.width))
        pairs = tally(self.a * size + self.b, dd, size * size).reshape(size, size)
        pairs = pairs + pairs.T
        found[:size, :size] = np.diag(pairs.sum(axis=0)) - pairs
        for number, column in enumerate(self.extra.T):
            found[:size, size + number] = tally(self.a, dd * column, size) - np.bincount(self.b, dd * column, size)
        found[size:end, size:end] = self.extra.T @ (self.extra * dd[:, None])
        if self.kernel.fits_ties:
            found[:size, -1] = tally(self.a, dt, size) - tally(self.b, dt, size)
            found[size:end, -1] = self.extra.T @ dt
            found[-1, -1] = tt.sum()
        found[size:, :size] = found[:size, size:].T
        if self.kernel.fits_ties:
            found[-1, size:end] = found[size:end, -1]
        return found

    def products(self, matrix: Floats) -> tuple[Floats, Floats, float]:
        """X' M x, x' M e_t and e_t' M e_t, where x is a cell's row and e_t picks t: [cells], [cells], a number."""
        a, b, size = self.a, self.b, self.size
        end = size + len(self.names)
        diagonal = np.diag(matrix)
        dd = diagonal[a] + diagonal[b] - 2 * matrix[a, b]
        if self.names:
            cross = (matrix[a, size:end] - matrix[b, size:end]) * self.extra
            dd = (
                dd
                + 2 * cross.sum(axis=1)
                + np.einsum("ni,ij,nj->n", self.extra, matrix[size:end, size:end], self.extra)
            )
        if not self.kernel.fits_ties:
            return dd, np.zeros(len(a)), 0.0
        dt = matrix[a, -1] - matrix[b, -1] + self.extra @ matrix[size:end, -1]
        return dd, dt, float(matrix[-1, -1])

    def rows(self) -> Any:
        """The cells' rows, one a lead: a sparse matrix [cells, parameters]."""
        from scipy import sparse

        number = np.arange(len(self.a))
        ends = sparse.coo_array(
            (
                np.concatenate([np.ones(len(number)), -np.ones(len(number))]),
                (np.tile(number, 2), np.concatenate([self.a, self.b])),
            ),
            shape=(len(number), self.size),
        )
        parts = [ends, sparse.coo_array(self.extra)]
        if self.kernel.fits_ties:
            parts.append(sparse.coo_array((len(number), 1)))
        return sparse.hstack(parts, format="csr")


def _covariates(votes: Comparisons, names: Sequence[str], sign: npt.NDArray[Any]) -> tuple[Floats, Floats]:
    """The columns in units of their root mean square, and these units."""
    if ORDER in names or len(set(names)) < len(names):
        raise UsageError(f"covariates are {', '.join(names)}; name each once, and none {ORDER!r}")
    columns = []
    for name in names:
        if name not in votes.covariates:
            known = ", ".join(votes.covariates) or "none"
            hint = nearest(name, votes.covariates)
            raise UsageError(f"the comparisons have no covariate {name!r}; there are: {known}{hint}")
        columns.append(votes.covariates[name] * sign)
    found = np.column_stack(columns) if columns else np.zeros((len(votes), 0))
    largest = np.abs(found).max(axis=0)
    found = found / np.where(largest > 0, largest, 1.0)  # before it is squared: a covariate may be as large as it likes
    units = np.sqrt(np.average(found**2, axis=0, weights=votes.weight)) if columns else largest
    units = np.where(units > 0, units, 1.0)
    return found / units, units * np.where(largest > 0, largest, 1.0)


def _collapsed(key: Ints, outcome: Ints, weight: Floats, keys: int) -> tuple[Ints, Ints, Floats]:
    """Distinct keys, for each comparison the place of its key, and the weight of each outcome, [3, keys found]."""
    if keys <= 4 * len(key) + 1_000_000:
        table = tally(key * 3 + outcome, weight, keys * 3).reshape(keys, 3)
        there = table.any(axis=1)
        return np.flatnonzero(there), (np.cumsum(there) - 1)[key], np.ascontiguousarray(table[there].T)
    found, place = np.unique(key, return_inverse=True)
    counts = tally(place * 3 + outcome, weight, len(found) * 3).reshape(-1, 3)
    return found, place, np.ascontiguousarray(counts.T)
