"""What a reference is, and the set of references of one item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

Tier = Literal["original", "verified", "preferred", "inferred", "unverified"]
"""How strong the evidence is that a reference is a right answer, strongest first."""

TIERS: tuple[Tier, ...] = get_args(Tier)


@dataclass(frozen=True, slots=True)
class Reference:
    """One right answer, with its evidence."""

    text: str
    tier: Tier = "original"
    origin: str = "human"
    """Who or what wrote it: `human`, `human:<name>`, `paraphrase:<model@revision>`, `mined:<pool>`, `output:<system>`."""
    parent: str | None = None
    """The text it was made from, where it was made from one."""
    condition: str | None = None
    """The task or style it answers."""
    votes: Mapping[str, int] | None = None
    """How many people gave each verdict (`valid`, `partly`, `invalid`)."""
    confidence: float | None = None
    """Probability in [0, 1] that it is a right answer, where a model admitted it."""


@dataclass(frozen=True, slots=True)
class ReferenceSet:
    """All references of one item. An empty set is an item nobody wrote a reference for."""

    id: str
    references: tuple[Reference, ...] = ()
    source: str | None = None
    condition: str | None = None
