"""Bradley-Terry: worths of systems from pairwise choices (Zermelo 1929; Bradley and Terry 1952).

Ties by Davidson 1970 or Rao and Kupper 1967; Firth 1993 for the Jeffreys prior.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from geneval_references import UsageError
from geneval_scorers._subsets import SEED
from geneval_scorers.preference._comparisons import TIE, Choice, Comparisons
from geneval_scorers.preference._fit import Fit
from geneval_scorers.preference._intervals import Cluster, Interval
from geneval_scorers.preference._kernels import Davidson, Halves, Kernel, RaoKupper
from geneval_scorers.preference._result import Ranking

TieModel = Literal["davidson", "rao-kupper", "half"]
PriorName = Literal["none", "firth", "gaussian"]

_KERNELS: dict[str, type[Davidson | RaoKupper | Halves]] = {
    "davidson": Davidson,
    "rao-kupper": RaoKupper,
    "half": Halves,
}


@dataclass(frozen=True)
class BradleyTerry:
    """A model of pairwise choices; `fit` gives worths with their uncertainty, and says what is not identified.

    Attributes:
        ties: `davidson`, `rao-kupper`, or `half`, a tie being half a win for each side. Without ties they are the same.
        order: also fit what it gains to be shown on the left.
        covariates: also fit the effects of these columns of the comparisons.
        raters: also fit how reliable each annotator is (Crowd-BT); needs `prior='gaussian'`.
        prior: `none`, `firth` (Jeffreys), or `gaussian` on log-worths. With a prior worths are finite where the
            comparisons alone leave them open, and shrunken.
        sigma: of the Gaussian prior; None: by empirical Bayes.
        interval: `information`, `sandwich`, `bootstrap`, `profile` or `none`; `auto` chooses, see docs/bradley-terry.md.
        cluster: votes of one `item`, one `annotator` or `both` may be alike; None: all are independent; `auto` takes
            items, else annotators, if some have several votes.
        confidence: of all intervals.
        resamples: of a bootstrap.
        seed: of whatever is drawn.
    """

    ties: TieModel = "davidson"
    order: bool = False
    covariates: tuple[str, ...] = ()
    raters: bool = False
    prior: PriorName = "none"
    sigma: float | None = None
    interval: Interval = "auto"
    cluster: Cluster | None = "auto"
    confidence: float = 0.95
    resamples: int = 999
    seed: int = SEED

    def __post_init__(self) -> None:
        """Checks the options.

        Raises:
            UsageError: an option that does not exist, or options that do not go together.
        """
        object.__setattr__(self, "covariates", tuple(self.covariates))
        for name, allowed in (
            ("ties", get_args(TieModel)),
            ("prior", get_args(PriorName)),
            ("interval", get_args(Interval)),
            ("cluster", (*get_args(Cluster), None)),
        ):
            if getattr(self, name) not in allowed:
                raise UsageError(f"{name}={getattr(self, name)!r}; allowed: {', '.join(map(repr, allowed))}")
        if not 0 < self.confidence < 1:
            raise UsageError(f"confidence={self.confidence}; give a number between 0 and 1, for example 0.95")
        if self.resamples < 99:
            raise UsageError(f"resamples={self.resamples}; give 99 or more")
        if not 0 <= self.seed < 2**63:
            raise UsageError(f"seed={self.seed}; give a whole number from 0 to {2**63 - 1}")
        self._check_prior()

    def _check_prior(self) -> None:
        if self.sigma is not None and (self.prior != "gaussian" or not 0 < self.sigma < math.inf):
            raise UsageError(f"sigma={self.sigma}; it is the width of prior='gaussian', a number above 0")
        if self.raters and self.prior != "gaussian":
            raise UsageError("raters=True needs prior='gaussian': without a prior unreliable raters explain everything")
        if self.prior != "none" and self.interval not in {"auto", "profile", "none"}:
            raise UsageError(
                f"interval={self.interval!r} with prior={self.prior!r}; shrunken worths have interval='profile' or 'none'"
            )
        if self.raters and self.interval == "profile":
            raise UsageError("interval='profile' with raters=True; take 'auto' (from the curvature) or 'none'")

    def fit(self, preferences: Comparisons | Iterable[Choice]) -> Ranking:
        """Fits the model.

        Args:
            preferences: comparisons, or rows of preferences.

        Raises:
            InputError: the preferences are malformed, or intervals are asked for that they cannot give.
            UsageError: a covariate that the comparisons do not have.
            NotConvergedError: the search for the maximum did not come to an end.
        """
        votes = preferences if isinstance(preferences, Comparisons) else Comparisons.of_choices(preferences)
        return Fit(self, votes).ranking()

    def kernel(self, votes: Comparisons) -> Kernel:
        """The model of ties; without ties there is none to fit."""
        return _KERNELS[self.ties]() if (votes.outcome == TIE).any() else Halves()
