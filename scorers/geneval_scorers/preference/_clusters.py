"""What each item or annotator adds to the estimates, for intervals that do not take votes for independent.

The sandwich is that of Huber 1967 with scores summed over clusters; its small-sample correction is G / (G - 1) (CR1) or
the linearised jackknife (CR3; MacKinnon, Nielsen and Webb 2024, "Cluster-robust jackknife and bootstrap inference for
logistic regression models"), which costs a solve a cluster.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from geneval_scorers._ragged import Bools, Floats, Ints
from geneval_scorers.preference._comparisons import tally
from geneval_scorers.preference._design import Design
from geneval_scorers.preference._solver import Problem, Solution

_DENSE = 20_000_000
"""Up to so many numbers, sums over clusters are an array: products of arrays are quicker than those of sparse ones."""

_LEFT = 1e-6
"""If less than this share of what is known of some parameter is left without a cluster, that cluster alone knows it."""


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A maximum and what it is of.

    Attributes:
        design: all comparisons.
        cells: those that count.
        problem: what was maximised.
        solution: the maximum.
    """

    design: Design
    cells: Bools
    problem: Problem
    solution: Solution

    @property
    def parameters(self) -> int:
        """How many are free."""
        return int(self.design.width - self.problem.null.shape[1])

    @property
    def votes(self) -> Bools:
        """Which comparisons count."""
        return np.asarray(self.cells[self.design.cell])

    def scores(self, cluster: Ints, count: int) -> Any:
        """Derivatives of the log-likelihood, summed over the comparisons of each cluster, [clusters, parameters].

        An array, or a sparse one where there are very many clusters.
        """
        from scipy import sparse

        design, theta = self.design, self.solution.theta
        by_lead, by_tie = design.kernel.scores(design.lead(theta), design.tie(theta))
        rows = np.flatnonzero(self.votes)
        cell, outcome = design.cell[rows], design.outcome[rows]
        lead = by_lead[outcome, cell] * design.weight[rows]
        values, columns = [lead, -lead], [design.a[cell], design.b[cell]]
        for number, column in enumerate(design.extra.T):
            values.append(lead * column[cell])
            columns.append(np.full(len(rows), design.size + number))
        if design.kernel.fits_ties:
            values.append(by_tie[outcome, cell] * design.weight[rows])
            columns.append(np.full(len(rows), design.width - 1))
        row, column, value = np.tile(cluster[rows], len(values)), np.concatenate(columns), np.concatenate(values)
        if count * design.width <= _DENSE:
            return tally(row * design.width + column, value, count * design.width).reshape(count, design.width)
        return sparse.coo_array((value, (row, column)), shape=(count, design.width)).tocsr()

    def meat(self) -> Floats:
        """The sum over comparisons of the squares of their scores, a weight of w counting as w comparisons."""
        design, theta = self.problem.design, self.solution.theta
        by_lead, by_tie = design.kernel.scores(design.lead(theta), design.tie(theta))
        products = (by_lead**2, by_lead * by_tie, by_tie**2)
        return design.curvature(*((design.counts * product).sum(axis=0) for product in products))

    def jackknife(self, cluster: Ints, count: int) -> tuple[Floats, Floats]:
        """The estimates less those without each cluster, after one Newton step.

        Returns:
            These steps, [clusters, parameters], and what each cluster brings to the curvature, times its inverse,
            [clusters, parameters, parameters].

        Raises:
            numpy.linalg.LinAlgError: without some cluster a parameter is not identified.
        """
        whole = self.problem.curvature(self.solution.theta)
        half = np.linalg.inv(np.linalg.cholesky(whole))
        steps, shares = [], []
        for score, part in zip(dense(self.scores(cluster, count)), self._parts(cluster, count), strict=True):
            values, vectors = np.linalg.eigh(np.eye(len(whole)) - half @ part @ half.T)
            if values[0] < _LEFT:
                raise np.linalg.LinAlgError
            steps.append(score @ half.T @ (vectors / values) @ vectors.T @ half)
            shares.append(part @ self.solution.inverse)
        return np.stack(steps), np.stack(shares)

    def _parts(self, cluster: Ints, count: int) -> Iterator[Floats]:
        """What each cluster brings to the curvature."""
        design, theta = self.design, self.solution.theta
        for number in range(count):
            rows = np.flatnonzero((cluster == number) & self.votes)
            flat = tally(design.cell[rows] * 3 + design.outcome[rows], design.weight[rows], 3 * len(design.a))
            part = design.reweighted(np.ascontiguousarray(flat.reshape(-1, 3).T))
            part = part.only(part.total > 0)
            terms = part.terms(theta)
            yield part.curvature(terms.dd, terms.dt, terms.tt)


def dense(matrix: Any) -> Floats:
    """A sparse matrix, or an array, as an array."""
    return np.asarray(matrix.toarray() if hasattr(matrix, "toarray") else matrix, np.float64)
