"""How outputs are scored."""

from __future__ import annotations

from dataclasses import dataclass

from geneval_references import UsageError
from geneval_scorers import DRAWS, SEED, Copies

_MOST = 100_000
"""More resamples, draws or references than this are a slip of the hand."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How outputs are scored.

    Attributes:
        k: expected scores at these numbers of references; none: against each item's whole set.
        copies: `keep` outputs' own equal references, as other tools do, or `drop` them, for references alike.
        band: also score each reference against its siblings.
        seed: of the bootstrap and of drawn subsets.
        resamples: bootstrap draws of items; 0 for no intervals.
        confidence: of the intervals, between 0 and 1.
        draws: at most so many subsets of an item's references at each k.
        tiers: which references count; None for all but `unverified` ones, which are in no headline number.
        origins, conditions: which references count; None for all.
        strict: refuse scorers of a family that admitted references which count; else a warning names them.
    """

    k: tuple[int, ...] = ()
    copies: Copies = "keep"
    band: bool = False
    seed: int = SEED
    resamples: int = 1000
    confidence: float = 0.95
    draws: int = DRAWS
    tiers: tuple[str, ...] | None = None
    origins: tuple[str, ...] | None = None
    conditions: tuple[str, ...] | None = None
    strict: bool = False

    def __post_init__(self) -> None:
        """Checks types and ranges."""
        whole = [("k", k, 1, _MOST) for k in self.k]
        whole += [("seed", self.seed, 0, 2**63), ("draws", self.draws, 1, _MOST)]
        whole.append(("resamples", self.resamples, 0, _MOST))
        for name, value, low, high in whole:
            if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
                raise UsageError(f"{name}={value!r} does not fit; allowed: a whole number from {low} to {high}")
        if len(set(self.k)) < len(self.k):
            raise UsageError(f"k={list(self.k)} does not fit; each number of references is asked for once")
        if self.copies not in {"keep", "drop"}:
            raise UsageError(f"copies={self.copies!r} does not fit; allowed: keep, drop")
        for name, given in (("tiers", self.tiers), ("origins", self.origins), ("conditions", self.conditions)):
            if given is not None and not given:
                raise UsageError(f"{name} is empty; name those that count, or leave it out")
        if not isinstance(self.confidence, float) or not 0 < self.confidence < 1:
            raise UsageError(f"confidence={self.confidence!r} does not fit; allowed: between 0 and 1")
