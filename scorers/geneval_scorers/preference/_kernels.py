"""What two systems' difference says about one comparison: win, loss or tie.

d is the difference of log-worths, a's less b's, order effect and covariates in it; t is the parameter of ties. With
d = 0 both sides are alike, and all three models are symmetric: P(a wins | d) = P(b wins | -d). Davidson 1970; Rao and
Kupper 1967. The log-likelihoods are concave in (d, t).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from geneval_scorers._ragged import Floats
from geneval_scorers.preference._comparisons import TIE

Values = npt.NDArray[Any]
"""Real numbers, or complex ones where a derivative is taken by a complex step."""


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """Log-likelihood of cells with its gradient and its negative second derivatives in d and t, [cells] each."""

    value: Floats
    d: Floats
    t: Floats
    dd: Floats
    dt: Floats
    tt: Floats


class Kernel(Protocol):
    """A model of ties."""

    fits_ties: ClassVar[bool]
    """Whether there is a parameter t."""

    def log_probabilities(self, d: Floats, t: float) -> Floats:
        """Of a winning, b winning and a tie, [3, cells]; without a parameter t ties have none, and its row is -inf."""
        ...

    def terms(self, d: Floats, t: float, counts: Floats) -> Terms:
        """Of cells with such counts of the three outcomes, [3, cells]."""
        ...

    def scores(self, d: Floats, t: float) -> tuple[Floats, Floats]:
        """Derivatives of the log-likelihood of one comparison in d and in t, by outcome: [3, cells] each."""
        ...

    def information(self, d: Values, t: complex) -> tuple[Values, Values, Values]:
        """Expected negative second derivatives of one comparison: dd, dt, tt, [cells] each; analytic in d and t."""
        ...

    def start(self, counts: Floats) -> float:
        """The t that would be if all systems were equal."""
        ...

    def shown(self, t: float) -> float:
        """The parameter as papers give it: nu, or theta."""
        ...


def sigmoid(x: Values) -> Values:
    """1 / (1 + exp(-x)), without overflow; takes complex numbers."""
    return np.asarray((1 + np.tanh(x / 2)) / 2)


def _log_sigmoid(x: Floats) -> Floats:
    return np.asarray(-np.logaddexp(0.0, -x))


@dataclass(frozen=True, slots=True)
class Halves:
    """Plain Bradley-Terry; a tie, if there is one, is half a win for each side."""

    fits_ties: ClassVar[bool] = False

    def log_probabilities(self, d: Floats, t: float) -> Floats:
        """As `Kernel` says."""
        return np.stack([_log_sigmoid(d), _log_sigmoid(-d), np.full_like(d, -np.inf)])

    def terms(self, d: Floats, t: float, counts: Floats) -> Terms:
        """As `Kernel` says."""
        won, lost = counts[0] + counts[TIE] / 2, counts[1] + counts[TIE] / 2
        log_p, log_q = _log_sigmoid(d), _log_sigmoid(-d)
        p, q = np.exp(log_p), np.exp(log_q)
        none = np.zeros_like(d)
        return Terms(won * log_p + lost * log_q, won * q - lost * p, none, (won + lost) * p * q, none, none)

    def scores(self, d: Floats, t: float) -> tuple[Floats, Floats]:
        """As `Kernel` says."""
        p = sigmoid(d)
        return np.stack([1 - p, -p, 0.5 - p]), np.zeros((3, len(d)))

    def information(self, d: Values, t: complex) -> tuple[Values, Values, Values]:
        """As `Kernel` says."""
        p = sigmoid(d)
        return p * (1 - p), 0 * p, 0 * p

    def start(self, counts: Floats) -> float:
        """As `Kernel` says."""
        return 0.0

    def shown(self, t: float) -> float:
        """As `Kernel` says."""
        return 0.0


@dataclass(frozen=True, slots=True)
class Davidson:
    """A tie is as likely as nu times the geometric mean of both wins; t = log nu."""

    fits_ties: ClassVar[bool] = True

    def log_probabilities(self, d: Floats, t: float) -> Floats:
        """As `Kernel` says."""
        linear = np.stack([d / 2, -d / 2, np.full_like(d, t)])
        return np.asarray(linear - np.logaddexp.reduce(linear, axis=0))

    def terms(self, d: Floats, t: float, counts: Floats) -> Terms:
        """As `Kernel` says."""
        log_p = self.log_probabilities(d, t)
        p = np.exp(log_p)
        total = counts.sum(axis=0)
        lean = (p[0] - p[1]) / 2
        return Terms(
            value=(counts * log_p).sum(axis=0),
            d=(counts[0] - counts[1]) / 2 - total * lean,
            t=counts[TIE] - total * p[TIE],
            dd=total * ((p[0] + p[1]) / 4 - lean**2),
            dt=-total * lean * p[TIE],
            tt=total * p[TIE] * (1 - p[TIE]),
        )

    def scores(self, d: Floats, t: float) -> tuple[Floats, Floats]:
        """As `Kernel` says."""
        p = np.exp(self.log_probabilities(d, t))
        lean = (p[0] - p[1]) / 2
        return np.stack([0.5 - lean, -0.5 - lean, -lean]), np.stack([-p[TIE], -p[TIE], 1 - p[TIE]])

    def information(self, d: Values, t: complex) -> tuple[Values, Values, Values]:
        """As `Kernel` says."""
        linear = np.stack([d / 2, -d / 2, d * 0 + t])
        each = np.exp(linear - linear.real.max(axis=0))
        p = each / each.sum(axis=0)
        lean = (p[0] - p[1]) / 2
        return (p[0] + p[1]) / 4 - lean**2, -lean * p[TIE], p[TIE] * (1 - p[TIE])

    def start(self, counts: Floats) -> float:
        """As `Kernel` says."""
        ties, total = counts[TIE].sum(), counts.sum()
        return float(np.log(2 * ties / max(total - ties, total / 1e6)))

    def shown(self, t: float) -> float:
        """As `Kernel` says."""
        return float(np.exp(t))


@dataclass(frozen=True, slots=True)
class RaoKupper:
    """A win takes a lead of more than t = log theta: P(a wins) = sigmoid(d - t)."""

    fits_ties: ClassVar[bool] = True

    def log_probabilities(self, d: Floats, t: float) -> Floats:
        """As `Kernel` says."""
        won, lost = _log_sigmoid(d - t), _log_sigmoid(-d - t)
        return np.stack([won, lost, won + lost + np.log(np.expm1(2 * t))]) if t > 0 else np.full((3, len(d)), -np.inf)

    def terms(self, d: Floats, t: float, counts: Floats) -> Terms:
        """As `Kernel` says."""
        if t <= 0:  # outside: a step that leads here is halved
            none = np.zeros_like(d)
            return Terms(np.full_like(d, -np.inf), none, none, none, none, none)
        won, lost = counts[0] + counts[TIE], counts[1] + counts[TIE]
        log_p, log_q = _log_sigmoid(d - t), _log_sigmoid(-d - t)
        p, q = np.exp(log_p), np.exp(log_q)
        up, down = won * p * (1 - p), lost * q * (1 - q)
        return Terms(
            value=won * log_p + lost * log_q + counts[TIE] * np.log(np.expm1(2 * t)),
            d=won * (1 - p) - lost * (1 - q),
            t=-won * (1 - p) - lost * (1 - q) + counts[TIE] * _gain(t),
            dd=up + down,
            dt=down - up,
            tt=up + down + counts[TIE] / np.sinh(t) ** 2,
        )

    def scores(self, d: Floats, t: float) -> tuple[Floats, Floats]:
        """As `Kernel` says."""
        up, down = sigmoid(t - d), sigmoid(t + d)
        return np.stack([up, -down, up - down]), np.stack([-up, -down, _gain(t) - up - down])

    def information(self, d: Values, t: complex) -> tuple[Values, Values, Values]:
        """As `Kernel` says."""
        p, q = sigmoid(d - t), sigmoid(-d - t)
        up, down = (1 - q) * p * (1 - p), (1 - p) * q * (1 - q)
        return up + down, down - up, up + down + (1 - p - q) / np.sinh(t) ** 2

    def start(self, counts: Floats) -> float:
        """As `Kernel` says."""
        rate = min(counts[TIE].sum() / counts.sum(), 1 - 1e-6)
        return float(np.log((1 + rate) / (1 - rate)))

    def shown(self, t: float) -> float:
        """As `Kernel` says."""
        return float(np.exp(t))


def _gain(t: float) -> float:
    """The derivative of log(exp(2t) - 1)."""
    return float(2 / -np.expm1(-2 * t))
