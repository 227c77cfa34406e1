"""Tests by betting that a mean over items is 0 or less, where items differ in weight.

Against a precision p, an item gives Z = (weight of its valid candidates) - p (its whole weight). Capital starts at 1 and is
multiplied by 1 + bet Z. Where precision is p or less it is not expected to grow, so it passes 1 / alpha with a probability
of alpha at most (Markov; Waudby-Smith and Ramdas 2024). Items need not be of one law, and anything may go on within one.

With one bet for all items that is so by the inequality of means; the bet is then held down by the heaviest item. Where
the weights are known beforehand, heavy items can be bet on less: the product of 1 + bet mu, under means mu that sum to 0
or less, has a largest value, which is found here, and the capital is divided by it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

BETS = np.asarray([0.08, 0.15, 0.3, 0.5, 0.7, 0.9])
"""Shares of the largest bet; small ones win where precision is near the target, large ones where it is far above."""
_HOPES = (0.7, 0.5, 0.3)
"""Bets are laid out for a truth in which invalid ones are this share of what the target allows."""
_QUANTILES = (0.5, 0.9, 0.97, 0.99, 1.0)
"""Items heavier than such a quantile are bet on less than in full."""
_EDGE = 1 - 1e-9


def log_capital(valid: Floats, weight: Floats, precision: float, reach: float | None) -> float:
    """The log of the capital after all items.

    Args:
        valid: of each item the weight of its valid candidates.
        weight: of each item its whole weight.
        precision: that is bet against, in (0, 1).
        reach: the largest weight that an item could have had; None where weights were known beforehand.
    """
    if reach is not None:
        bets = [(np.full(len(weight), share / (precision * reach)), 0.0) for share in BETS]
    else:
        bets = _plans(weight, precision)
    logs = np.asarray([np.log1p(bet * (valid - precision * weight)).sum() - worst for bet, worst in bets])
    return float(logs.max() + np.log(np.exp(logs - logs.max()).mean()))


def _plans(weight: Floats, precision: float) -> list[tuple[Floats, float]]:
    """For each hope the bets on items that grow fastest, chosen by weights alone, with the log to be taken off."""
    size, place, many = np.unique(weight, return_inverse=True, return_counts=True)
    full = np.unique(np.quantile(weight, _QUANTILES, method="higher"))
    top = np.minimum(1 / (precision * full[:, None]), 1 / (precision * size[None, :]))
    bets = (BETS[:, None, None] * top[None, :, :]).reshape(-1, len(size))
    worst = worst_products(bets, size, many, precision)
    best = [int(np.argmax(_growth(bets, size, precision, hope) @ many - worst)) for hope in _HOPES]
    return [(bets[plan][place], float(worst[plan])) for plan in best]


def _growth(bets: Floats, size: Floats, precision: float, hope: float) -> Floats:
    """Expected log of the factor of an item, [plans, sizes], were its candidates independent; sizes taken as counts."""
    from scipy.stats import binom

    true = 1 - (1 - precision) * hope
    count = np.maximum(np.rint(size), 1)
    wins = np.arange(int(count.max()) + 1)
    chance = binom.pmf(wins[None, :], count[:, None], true)
    valid = np.minimum(wins[None, :] / count[:, None], 1) * size[:, None]
    gain = valid - precision * size[:, None]
    return np.asarray((chance * np.log1p(bets[:, :, None] * gain)).sum(axis=2))


def worst_products(bets: Floats, size: Floats, many: npt.NDArray[np.int64], precision: float) -> Floats:
    """For each plan the log of the largest product of 1 + bet mu over items, where their means mu sum to 0 or less.

    Args:
        bets: [plans, kinds of items].
        size: the weight of each kind.
        many: how many items there are of each kind.
        precision: a mean lies between -precision size and (1 - precision) size.
    """
    low, high = -precision * size * _EDGE, (1 - precision) * size

    def means(price: Floats) -> Floats:
        # Where the gain from a little more mean is the same for all items.
        return np.clip(1 / price[:, None] - 1 / bets, low, high)

    cheap, dear = 1e-6 * bets.min(axis=1), 1e3 * bets.max(axis=1) / (1 - precision)
    for _ in range(60):
        price = np.sqrt(cheap * dear)
        over = means(price) @ many > 0
        cheap, dear = np.where(over, price, cheap), np.where(over, dear, price)
    # The cheaper price lets means sum to a little more than 0, on the safe side.
    return np.maximum(0.0, np.log1p(bets * means(cheap)) @ many)
