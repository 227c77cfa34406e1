"""What a scorer gives the outputs of a slice beyond others at equal human quality, with a test that turns whole items round.

A slice is one more column z in the model of the matched-quality difference: m = item + system + b * quality + c * length +
d * length^2 + g * z + error; g is the slice's. Without z, item i says nu_i = z~_i' e_i for the slice: what of z the other
columns do not tell, times what of the score they do not tell, noise in grades taken out of both. The g of least squares
is the sum of nu over that of z~_i' z~_i. If g is 0, each nu_i is as likely to speak for the slice as against it: the test
turns the signs of whole items (Hemerik, Goeman and Finos 2020, "Robust testing in generalized linear models by sign
flipping score contributions"; an item's outputs stay together, as in a wild cluster bootstrap with the null imposed).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from geneval.agreement._correlations import Floats, Ints
from geneval.underestimation._matched import Design

FLIPS = 1999
"""Permutations of signs."""

_BLOCK = 100
_LITTLE = 1e-6
"""Share of a slice's spread within groups that must be left once the other columns are taken out."""


@dataclass(frozen=True, eq=False)
class Effects:
    """Of slices under scorers.

    Attributes:
        value, se: [slices, scorers] in the scorers' units; NaN where the other columns tell the slice.
        up, down: [slices, scorers] one-sided p: an effect this high, or this low.
        freedom: [slices] degrees of freedom of `se`: items, those counted less that tell little of the slice, less one.
        clusters: items.
    """

    value: Floats
    se: Floats
    up: Floats
    down: Floats
    freedom: Floats
    clusters: int

    @property
    def p(self) -> Floats:
        """Two-sided."""
        return np.asarray(np.minimum(2 * np.minimum(self.up, self.down), 1.0))


def flips_of(items: int, draws: int, seed: int) -> np.ndarray:
    """Signs, [draws, items]."""
    return np.where(np.random.default_rng(seed).integers(0, 2, (draws, items)) > 0, np.int8(1), np.int8(-1))


def effects(
    design: Design, leave_out: Collection[str], member: np.ndarray, scores: Floats, flips: np.ndarray
) -> Effects:
    """Effects of slices.

    Args:
        design: what outputs are matched on; `trouble` must be None.
        leave_out: `system`, `length`: columns that the slices are made of.
        member: [slices, cells] which outputs are in each.
        scores: [scorers, cells].
        flips: [draws, items] signs; `design.cluster` holds places in it.
    """
    kept = _columns(design, leave_out)
    x, moments = design.columns[:, kept], design.moments[:, kept][:, :, kept]
    inverse = np.linalg.pinv(moments.sum(axis=0), hermitian=True)
    z = design.within(np.asarray(member.T, np.float64))
    inner = design.within(scores.T)
    slopes, told = inverse @ (x.T @ inner), inverse @ (x.T @ z)
    left_z, left = z - x @ told, inner - x @ slopes
    items, number = np.unique(design.cluster, return_inverse=True)
    by_item = _Sums(number, len(items))
    noise = by_item(x**2) - moments.diagonal(axis1=1, axis2=2)
    speaks = by_item(left_z[:, :, None] * left[:, None, :])
    speaks -= np.einsum("ip,ps,pm->ism", noise, told, slopes)
    weight = by_item(left_z**2) - noise @ told**2
    total, among = weight.sum(axis=0), (z**2).sum(axis=0)
    # A column that the others tell leaves rounding.
    total = np.where(total > _LITTLE * np.maximum(among, 1e-300), total, np.nan)
    value = speaks.sum(axis=0) / total[:, None]
    influence = speaks - weight[:, :, None] * value
    many = design.clusters
    se = np.sqrt((influence**2).sum(axis=0) * many / max(many - 1, 1)) / total[:, None]
    up, down = _turned(speaks * _grown(many, x.shape[1]), speaks.sum(axis=0), flips[:, items])
    none = np.isnan(value)
    # Satterthwaite: as many items of equal weight would make an estimate of the variance as sure.
    freedom = np.clip(total**2 / np.maximum((weight**2).sum(axis=0), 1e-300), 2.0, many) - 1.0
    return Effects(value, se, np.where(none, np.nan, up), np.where(none, np.nan, down), freedom, many)


def _grown(items: int, columns: int) -> float:
    """Makes up for what fitting the other columns takes from residuals."""
    return float(np.sqrt(items / max(items - columns, 1)))


def _columns(design: Design, leave_out: Collection[str]) -> Ints:
    """Places of the columns to match on."""
    systems, kinds = len(design.present) - 1, len(design.useful)
    place = np.arange(design.columns.shape[1])
    out = np.zeros(len(place), bool)
    if "system" in leave_out:
        out |= place < systems
    if "length" in leave_out:
        out |= place >= systems + kinds
    return np.flatnonzero(~out)


class _Sums:
    """Sums over the cells of each item."""

    def __init__(self, number: Ints, many: int) -> None:
        from scipy import sparse

        cells = np.arange(len(number))
        self.matrix = sparse.csr_matrix((np.ones(len(number)), (number, cells)), shape=(many, len(number)))

    def __call__(self, values: Floats) -> Floats:
        flat = self.matrix @ values.reshape(len(values), -1)
        return np.asarray(flat).reshape(self.matrix.shape[0], *values.shape[1:])


def _turned(speaks: Floats, seen: Floats, flips: np.ndarray) -> tuple[Floats, Floats]:
    """One-sided p-values: the share of sign patterns whose sum is as high, or as low, the data's own among them."""
    flat = speaks.reshape(len(speaks), -1)
    own = seen.ravel()
    slack = 1e-9 * np.abs(flat).sum(axis=0)
    high, low = np.ones(flat.shape[1]), np.ones(flat.shape[1])
    for start in range(0, len(flips), _BLOCK):
        drawn = flips[start : start + _BLOCK].astype(np.float64) @ flat
        high += (drawn >= own - slack).sum(axis=0)
        low += (drawn <= own + slack).sum(axis=0)
    count = 1 + len(flips)
    return (high / count).reshape(seen.shape), (low / count).reshape(seen.shape)
