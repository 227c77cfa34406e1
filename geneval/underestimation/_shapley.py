"""Shapley shares of a few players from the values of all their coalitions (Shapley 1953)."""

from __future__ import annotations

from functools import cache
from math import factorial

import numpy as np

from geneval.agreement._correlations import Floats


def shapley(values: Floats) -> Floats:
    """What each player adds, averaged over all orders of joining, [..., players]; they add up to all less none.

    Args:
        values: [..., coalitions]; bit i of a coalition's place says whether player i is in it.

    Examples:
        >>> shapley(np.asarray([0.0, 1.0, 2.0, 5.0]))
        array([2., 3.])
    """
    return np.asarray(values @ _weights(int(values.shape[-1]).bit_length() - 1))


@cache
def _weights(players: int) -> Floats:
    """[coalitions, players]."""
    out = np.zeros((1 << players, players))
    for coalition in range(1 << players):
        size = coalition.bit_count()
        for player in range(players):
            inside = bool(coalition >> player & 1)
            others = size - inside
            weight = factorial(others) * factorial(players - others - 1) / factorial(players)
            out[coalition, player] = weight if inside else -weight
    return out
