"""Whether probabilities come true: expected calibration error, and what a reliability diagram shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from geneval.blending._bootstrap import Estimate, Items
from geneval_scorers._ragged import Floats, Ints
from geneval_scorers.preference.features import Duels, chances

_BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Votes whose winner was predicted with about this probability."""

    predicted: float
    observed: float
    low: float | None
    high: float | None
    votes: float

    def to_dict(self) -> dict[str, object]:
        """The object in the printed JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Calibration:
    """How far predicted probabilities are from what people chose; votes for a tie left out.

    Attributes:
        error: expected calibration error, mean distance of predicted and observed shares. Chance alone makes it larger
            than 0, and draws of its interval larger than itself.
        bins: as many votes in each as can be, by the probability of the side that was predicted to win, 1/2 to 1.
    """

    error: Estimate
    bins: tuple[Bin, ...]


def calibration_of(leads: Floats, duels: Duels, group: Ints, items: Items) -> Calibration:
    """Of leads in log-odds."""
    sure = 1 / (1 + np.exp(-np.abs(leads)))
    ahead = leads >= 0
    agree = np.where(ahead, duels.wins, duels.losses)
    votes = duels.wins + duels.losses
    place = _bins(sure, votes)
    size, count = items.often.shape[1], int(place.max()) + 1
    at = group * count + place
    tables = [np.bincount(at, w, minlength=size * count).reshape(size, count) for w in (sure * votes, agree, votes)]
    whole = [table.sum(axis=0) for table in tables]
    drawn = [items.often @ table for table in tables]
    low, high = items.interval(_error(*drawn))
    bins = []
    for number in np.flatnonzero(whole[2] > 0).tolist():
        with np.errstate(invalid="ignore", divide="ignore"):
            ends = items.interval(drawn[1][:, number] / drawn[2][:, number])
        predicted, observed = (float(part[number] / whole[2][number]) for part in whole[:2])
        bins.append(Bin(predicted, observed, ends[0], ends[1], votes=float(whole[2][number])))
    found = float(_error(*(part[None] for part in whole))[0])
    return Calibration(Estimate(found, low, high, int(np.count_nonzero(votes))), tuple(bins))


def _error(predicted: Floats, observed: Floats, votes: Floats) -> Floats:
    """[draws]; the shares of bins are weighted by their votes."""
    total = votes.sum(axis=1)
    return np.asarray(np.abs(predicted - observed).sum(axis=1) / np.where(total > 0, total, 1.0))


def _bins(sure: Floats, votes: Floats) -> Ints:
    """A bin for each pair: equal numbers of votes, and pairs of one probability together."""
    where = np.unique(sure, return_inverse=True)[1]
    below = np.cumsum(np.bincount(where, votes)) - np.bincount(where, votes) / 2
    total = max(float(votes.sum()), 1e-300)
    place = np.minimum((_BINS * below / total).astype(np.int64), _BINS - 1)[where]
    return np.unique(place, return_inverse=True)[1].astype(np.int64).reshape(-1)


def log_loss(leads: Floats, nu: Floats, duels: Duels) -> Floats:
    """Of each pair's votes, their mean, under Davidson's model; ties among them."""
    found = np.zeros(len(duels))
    for value in np.unique(nu):
        mine = nu == value
        part = duels.take(mine)
        for chance, votes in zip(chances(leads[mine], float(value)), (part.wins, part.losses, part.ties), strict=True):
            # A tie that no other vote foresaw has no chance at all; a finite number stands for that.
            found[mine] -= votes * np.log(np.maximum(chance, 1e-12))
    return np.asarray(found / duels.votes)


def brier(leads: Floats, duels: Duels) -> Floats:
    """Mean squared distance of probability and vote, ties left out; NaN where all votes are ties."""
    chance = 1 / (1 + np.exp(-leads))
    votes = duels.wins + duels.losses
    sums = duels.wins * (1 - chance) ** 2 + duels.losses * chance**2
    return np.asarray(np.divide(sums, votes, out=np.full(len(votes), np.nan), where=votes > 0))


def right_with_ties(leads: Floats, nu: Floats, order: Ints) -> Floats:
    """1 where what is likeliest, a tie among it, is what most people said, else 0."""
    said = np.sign(leads).astype(np.int64)
    for value in np.unique(nu):
        mine = nu == value
        first, second, tie = chances(leads[mine], float(value))
        said[mine] = np.where(tie >= np.maximum(first, second), 0, said[mine])
    return np.asarray(said == order, np.float64)
