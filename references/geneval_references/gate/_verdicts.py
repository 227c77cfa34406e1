"""From what people said about a candidate to its tier: verdicts make it `verified`, preferences `preferred`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from geneval_references._errors import UsageError
from geneval_references.gate._bound import Items, lower_bound

Class = Literal["valid", "partly", "invalid"]
CLASSES: tuple[Class, ...] = ("valid", "partly", "invalid")
_WORST_FIRST = CLASSES[::-1]

POSTERIOR = 0.9
"""Probability of being valid, by Dawid and Skene's model, that a candidate with three raters or more needs."""
RATERS = 3
"""From so many raters of a candidate on their errors are modelled."""
_ROUNDS = 200


@dataclass(frozen=True, slots=True)
class Vote:
    """One person's verdict; `candidate` is any number that stands for an item's text."""

    candidate: int
    rater: str
    verdict: str


@dataclass(frozen=True, slots=True)
class Decided:
    """What all verdicts on one candidate come to.

    Attributes:
        votes: how many people gave each verdict but `skip`.
        raters: who.
        label: the verdict that most gave; a tie goes to the worse one. None where all skipped.
        posterior: probability of each class by Dawid and Skene's model; None with fewer than three raters.
        verified: whether the rule admits it.
        rule: which rule decided, in words.
    """

    votes: Mapping[str, int]
    raters: tuple[str, ...]
    label: Class | None
    posterior: Mapping[str, float] | None
    verified: bool
    rule: str


def decide(votes: Sequence[Vote], *, least: int = 2) -> dict[int, Decided]:
    """Decide on every candidate that somebody judged.

    With three raters or more, a candidate is verified where the posterior of `valid` is at least .9 and more than two
    thirds said `valid`. With fewer, where at least `least` judged it and all said `valid`. `partly` is a class of its
    own: it is never valid.

    Args:
        votes: of all candidates; raters' errors are learned from all of them together.
        least: verdicts that unanimity needs.

    Raises:
        UsageError: `least` is below 1, or a person judged a candidate twice, in two ways.
    """
    if least < 1:
        raise UsageError(f"{least} votes that verify a candidate; allowed: 1 or more")
    by_candidate: dict[int, dict[str, str]] = {}
    for vote in votes:
        said = by_candidate.setdefault(vote.candidate, {})
        if said.setdefault(vote.rater, vote.verdict) != vote.verdict:
            raise UsageError(
                f"{vote.rater!r} judged one candidate {said[vote.rater]!r} and {vote.verdict!r}; keep one verdict a person"
            )
    told = {c: {r: v for r, v in said.items() if v in CLASSES} for c, said in by_candidate.items()}
    several = {c for c, said in told.items() if len(said) >= RATERS}
    posteriors = dawid_skene(told) if several else {}
    return {c: _decided(said, posteriors[c] if c in several else None, least) for c, said in told.items()}


def _decided(said: Mapping[str, str], posterior: tuple[float, ...] | None, least: int) -> Decided:
    counts = Counter(said.values())
    votes: dict[str, int] = {name: counts[name] for name in CLASSES if counts[name]}
    # Of two that are equally frequent the worse one is met first.
    label: Class | None = max(_WORST_FIRST, key=lambda name: counts[str(name)]) if said else None
    if posterior is not None:
        rule = f"Dawid-Skene posterior of valid at least {POSTERIOR:g}, and more than two thirds say valid"
        named: dict[str, float] = dict(zip(CLASSES, posterior, strict=True))
        top: Class = max(_WORST_FIRST, key=named.__getitem__)
        # A model of raters who have little in common is a guess, and would let two outvote a third.
        verified = named["valid"] >= POSTERIOR and 3 * counts["valid"] > 2 * len(said)
        return Decided(votes, tuple(sorted(said)), top, named, verified, rule)
    rule = f"all of at least {least} say valid"
    return Decided(votes, tuple(sorted(said)), label, None, counts["valid"] == len(said) >= least, rule)


def dawid_skene(told: Mapping[int, Mapping[str, str]]) -> dict[int, tuple[float, ...]]:
    """The probability of `valid`, `partly` and `invalid` for each candidate (Dawid and Skene 1979).

    Each rater has a table of how often a verdict is given to each true class, learned together with the classes by
    expectation-maximisation, one verdict of each kind added so that nobody is beyond doubt.

    Args:
        told: for each candidate the verdict of each rater; one without any is left out.
    """
    known = [c for c in told if told[c]]
    raters = {name: n for n, name in enumerate(sorted({r for c in known for r in told[c]}))}
    rows = [(n, raters[r], CLASSES.index(v)) for n, c in enumerate(known) for r, v in told[c].items()]
    at, who, what = (np.asarray(column, np.int64) for column in zip(*rows, strict=True))
    belief = np.zeros((len(known), 3))
    np.add.at(belief, (at, what), 1.0)
    belief /= belief.sum(axis=1, keepdims=True)
    for _ in range(_ROUNDS):
        before, belief = belief, _belief(belief, at, who, what, len(raters))
        if np.abs(belief - before).max() < 1e-6:
            break
    return {c: tuple(map(float, belief[n])) for n, c in enumerate(known)}


def _belief(
    belief: npt.NDArray[np.float64],
    at: npt.NDArray[np.int64],
    who: npt.NDArray[np.int64],
    what: npt.NDArray[np.int64],
    raters: int,
) -> npt.NDArray[np.float64]:
    """One round: tables of the raters from beliefs, then beliefs from the tables."""
    share = (belief.sum(axis=0) + 1) / (len(belief) + 3)
    # Raters are taken to be right more often than not until their verdicts say otherwise.
    table = np.tile(np.eye(3) + 1 / 3, (raters, 1, 1))
    for true in range(3):
        np.add.at(table[:, true], (who, what), belief[at, true])
    table /= table.sum(axis=2, keepdims=True)
    logs = np.tile(np.log(share), (len(belief), 1))
    np.add.at(logs, at, np.log(table[who, :, what]))
    odds = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


@dataclass(frozen=True, slots=True)
class Compared:
    """A candidate that was compared with originals of its item.

    Attributes:
        wins, ties, losses: of how many choices.
        raters: how many people made them.
        value: share of wins, ties counting half, 0 to 1.
        low: its lower bound.
        margin: by how much it may be below one half.
    """

    wins: int
    ties: int
    losses: int
    raters: int
    value: float
    low: float
    margin: float

    @property
    def preferred(self) -> bool:
        """Whether it is not inferior to an original: the bound is at least one half less the margin."""
        return self.low >= 0.5 - self.margin


def compare(choices: Sequence[tuple[str, float]], *, margin: float, alpha: float = 0.05) -> Compared:
    """Choices between a candidate and originals of its item.

    Args:
        choices: (who, 1 the candidate, 0.5 a tie, 0 the original); at least one. Those of one person are one trial.
        margin: in [0, .5).
        alpha: of the lower bound.

    Raises:
        UsageError: the margin lies elsewhere.
    """
    if not 0 <= margin < 0.5:
        raise UsageError(f"a margin of {margin:g}; allowed: 0 to below 0.5")
    values: dict[str, list[float]] = {}
    for who, value in choices:
        values.setdefault(who, []).append(value)
    means = np.asarray([float(np.mean(v)) for v in values.values()])
    trial = np.isin(means, (0.0, 1.0)).all()
    items = Items(np.ones(len(means)), means, 1.0, single=bool(trial), count=len(choices))
    every = Counter(value for _, value in choices)
    low = lower_bound(items, alpha)
    return Compared(every[1.0], every[0.5], every[0.0], len(means), float(means.mean()), low, margin)
