"""What the comparisons can tell at all: which systems have finite worths that can be compared.

Plain Bradley-Terry has a finite maximum if and only if every system is linked with every other by a chain of wins
(Ford 1957; Zermelo 1929): strong connectivity. With ties, an order effect or covariates the question is whether some
direction of all parameters explains every outcome without an error (Albert and Anderson 1984): a linear programme
(Konis 2007). Where there is such a direction, what it does not touch is still identified: the cells it explains
perfectly say no more about the rest and are left out, as the limit of the likelihood does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from geneval_scorers._ragged import Bools, Floats, Ints
from geneval_scorers.preference._comparisons import TIE
from geneval_scorers.preference._design import Design
from geneval_scorers.preference._kernels import RaoKupper
from geneval_scorers.preference._solver import (
    FLAT,
    Gaussian,
    Jeffreys,
    NotConvergedError,
    Prior,
    Problem,
    Solution,
    maximise,
    proven,
)

_EQUAL = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Identified:
    """What is identified.

    Attributes:
        cells: those that count in the fit.
        null: directions that the cells that count leave open, orthonormal columns, [parameters, directions].
        group: for each system a number; systems of one group can be compared.
        extra: which of the order effect and the covariates are identified.
        tie: whether the parameter of ties is; True where there is none.
    """

    cells: Bools
    null: Floats
    group: Ints
    extra: Bools
    tie: bool

    @property
    def main(self) -> Ints:
        """The systems of the largest group; none where two groups are largest, or every system stands alone."""
        sizes = np.bincount(self.group)
        largest = sizes.max()
        if largest < 2 or (sizes == largest).sum() > 1 or not self.tie:
            return np.zeros(0, np.int64)
        return np.flatnonzero(self.group == sizes.argmax())


def fitted(design: Design, prior: Prior = FLAT) -> tuple[Identified, Solution | None]:
    """What is identified, and the maximum; None where nothing is.

    Raises:
        NotConvergedError: the search for the maximum did not come to an end.
    """
    plain = not design.kernel.fits_ties and not design.names
    found = _by_chains(design) if plain and prior is FLAT else _everything(design, prior)
    if len(found.group) == found.group.max() + 1:
        return found, None
    solution = _maximum(design, found, prior)
    if solution is None and not plain and not isinstance(prior, Jeffreys):
        found = _separated(design, prior)
        if not found.tie or len(found.group) == found.group.max() + 1:
            return found, None
        solution = _maximum(design, found, prior)
    if solution is None:
        raise NotConvergedError(
            "the Bradley-Terry fit ran away although a maximum exists: some system is ahead by more than e^30 to 1, or "
            "weights differ by more than numbers can hold; look at the weights"
        )
    return found, solution


def _maximum(design: Design, found: Identified, prior: Prior) -> Solution | None:
    problem = Problem(design.only(found.cells), found.null, prior)
    solution = maximise(problem)
    return solution if solution is not None and proven(problem, solution) else None


def _by_chains(design: Design) -> Identified:
    """Groups within which every system is linked with every other by wins."""
    group = strong_groups(design.size, design.a, design.b, design.counts)
    null = np.zeros((design.size, int(group.max()) + 1))
    null[np.arange(design.size), group] = 1
    null /= np.sqrt(null.sum(axis=0))
    return Identified(group[design.a] == group[design.b], null, group, np.zeros(0, bool), tie=True)


def strong_groups(size: int, a: Ints, b: Ints, counts: Floats) -> Ints:
    """For each system the number of its strongly connected component, a tie being an edge both ways."""
    down, up = counts[0] + counts[TIE] > 0, counts[1] + counts[TIE] > 0
    return _components(size, np.concatenate([a[down], b[up]]), np.concatenate([b[down], a[up]]), "strong")


def _components(size: int, start: Ints, end: Ints, connection: str) -> Ints:
    from scipy import sparse
    from scipy.sparse import csgraph

    edges = sparse.coo_array((np.ones(len(start), np.int8), (start, end)), shape=(size, size))
    return np.asarray(csgraph.connected_components(edges.tocsr(), connection=connection)[1], np.int64)


def weak_groups(design: Design) -> Ints:
    """For each system the number of the group that comparisons link it with."""
    return _components(design.size, design.a, design.b, "weak")


def _everything(design: Design, prior: Prior) -> Identified:
    """What would be identified if no outcome were explained perfectly: what the design, without outcomes, can tell.

    Under a Gaussian prior all log-worths have a maximum, but systems that nothing links are still not compared.
    """
    cells = np.ones(len(design.a), bool)
    if design.names:
        null = _null(design, design.rows().toarray() if design.size > len(design.a) else design.rows())
    else:
        group = weak_groups(design)
        null = np.zeros((design.width, int(group.max()) + 1))
        null[np.arange(design.size), group] = 1
        null /= np.sqrt(null.sum(axis=0))
    found = _read(design, cells, null)
    return found if not isinstance(prior, Gaussian) else _penalised(design, found)


def by_design(design: Design) -> Identified:
    """What is identified whatever the outcomes are, and so under a prior that holds all parameters."""
    return _everything(design, FLAT)


def _penalised(design: Design, found: Identified) -> Identified:
    """The same where log-worths have a prior: flat are only directions that no log-worth has a part in."""
    flat = _kernel_of(found.null[: design.size])
    null = found.null @ flat if flat.size else np.zeros((design.width, 0))
    return Identified(found.cells, null, found.group, found.extra, found.tie)


def _kernel_of(matrix: Floats) -> Floats:
    """Orthonormal coefficients whose combinations of the columns vanish."""
    _, sizes, right = np.linalg.svd(matrix, full_matrices=True)
    rank = int((sizes > _EQUAL).sum())
    return np.asarray(right[rank:].T)


def _null(design: Design, rows: Any) -> Floats:
    """Directions in which no row (a lead, t among it or not) changes; t itself always counts as known."""
    product = rows.T @ rows
    dense = np.asarray(product.toarray() if hasattr(product, "toarray") else product, np.float64)
    if design.kernel.fits_ties:
        dense[-1, -1] += dense.trace() / len(dense)
    return _flat(dense)


def _flat(dense: Floats) -> Floats:
    """Eigenvectors of the eigenvalues that are 0."""
    values, vectors = np.linalg.eigh(dense)
    return np.asarray(vectors[:, values <= 1e-10 * max(float(values[-1]), 1e-300)])


def _read(design: Design, cells: Bools, null: Floats) -> Identified:
    """Which contrasts are orthogonal to the null directions."""
    size, end = design.size, design.size + len(design.names)
    extra = np.abs(null[size:end]).max(axis=1, initial=0.0) < _EQUAL
    tie = not design.kernel.fits_ties or float(np.abs(null[-1]).max(initial=0.0)) < _EQUAL
    return Identified(cells, null, _alike(null[:size]), extra, tie)


def _alike(rows: Floats) -> Ints:
    """Numbers rows so that equal ones have the same number."""
    group = np.full(len(rows), -1)
    for number, row in enumerate(rows):
        if group[number] < 0:
            near = np.abs(rows - row).max(axis=1, initial=0.0) < _EQUAL
            group[near & (group < 0)] = group.max() + 1
    return group


def _separated(design: Design, prior: Prior) -> Identified:
    """What is left once the directions are known that explain outcomes perfectly."""
    rows, cell = outcome_rows(design)
    held = design.size if isinstance(prior, Gaussian) else 0
    strict = perfect(rows, held)
    left = rows[np.flatnonzero(~strict)][:, held:]
    flat = _flat(np.asarray((left.T @ left).toarray(), np.float64))
    cells = np.ones(len(design.a), bool)
    cells[cell[strict]] = False
    found = _read(design, cells, np.vstack([np.zeros((held, flat.shape[1])), flat]))
    # Under a Gaussian prior worths would have nothing but the prior left: none is identified.
    return replace(found, group=np.arange(design.size)) if held else found


def outcome_rows(design: Design) -> tuple[Any, Ints]:
    """One row for each outcome seen and each it might have been instead, sparse [rows, parameters], and its cell.

    A direction whose product with all rows is 0 or more makes no outcome less likely; where the product is more than 0
    for some row, it makes that outcome more likely without end.
    """
    from scipy import sparse

    leads = design.rows()
    tie = sparse.csr_array(
        ([1.0 if isinstance(design.kernel, RaoKupper) else 2.0], ([0], [design.width - 1])), shape=(1, design.width)
    )
    parts, cells = [], []
    won, lost, tied = (np.flatnonzero(outcome > 0) for outcome in design.counts)
    if not design.kernel.fits_ties:
        won, lost, tied = np.union1d(won, tied), np.union1d(lost, tied), tied[:0]
    for where, sign in ((won, 1), (lost, -1)):
        parts.append(sign * leads[where])
        cells.append(where)
        if design.kernel.fits_ties:
            parts.append(
                sign * leads[where] - sparse.vstack([tie] * len(where), format="csr") if len(where) else leads[where]
            )
            cells.append(where)
    for sign in (1, -1):
        if len(tied):
            parts.append(sparse.vstack([tie] * len(tied), format="csr") + sign * leads[tied])
            cells.append(tied)
    return sparse.vstack(parts, format="csr"), np.concatenate(cells)


def perfect(rows: Any, fixed: int = 0) -> Bools:
    """Which rows some direction makes positive while it makes none negative; the first `fixed` parameters stay 0.

    Each round maximises the sum of the rows that are not known to be positive, among directions in a box that make no
    row negative. Directions add up, so that rounds end when none of those left can be positive.
    """
    strict = np.zeros(rows.shape[0], bool)
    while not strict.all():
        found = rows @ _direction(rows, ~strict, fixed)
        more = (found > _EQUAL) & ~strict
        if not more.any():
            break
        strict |= more
    return strict


def _direction(rows: Any, wanted: Bools, fixed: int) -> Floats:
    """The direction in the box [-1, 1] that makes no row negative and the sum of the wanted ones largest."""
    from scipy import optimize

    count, width = rows.shape
    found = optimize.linprog(
        -(rows.T @ wanted.astype(np.float64)) / max(int(wanted.sum()), 1),
        A_ub=-rows,
        b_ub=np.zeros(count),
        bounds=[(0.0, 0.0)] * fixed + [(-1.0, 1.0)] * (width - fixed),
        method="highs",
    )
    if not found.success:
        raise NotConvergedError(f"the linear programme that looks for separation gave up: {found.message}")
    return np.asarray(found.x, np.float64)
