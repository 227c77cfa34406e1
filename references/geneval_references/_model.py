"""What a reference is, and the set of references of one item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Literal, get_args

from geneval_references._errors import InputError

Tier = Literal["original", "verified", "preferred", "inferred", "unverified"]
"""How strong the evidence is that a reference is a right answer, strongest first."""

TIERS: tuple[Tier, ...] = get_args(Tier)

Fact = str | int | float | bool
"""Something that is known about a reference."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One right answer, with its evidence.

    Raises:
        InputError: the text is not a `str` or holds a lone surrogate, the tier does not exist, the origin is empty, or
            the confidence lies outside [0, 1].
    """

    text: str
    tier: Tier = "original"
    origin: str = "human"
    """Who or what wrote it: `human`, `human:<name>`, `paraphrase:<model@revision>`, `mined:<pool>`,
    `output:<system>`."""
    parent: str | None = None
    """The text it was made from, where it was made from one."""
    condition: str | None = None
    """The task or style it answers."""
    votes: Mapping[str, int] | None = None
    """How many people gave each verdict (`valid`, `partly`, `invalid`)."""
    confidence: float | None = None
    """Probability in [0, 1] that it is a right answer, where a model admitted it."""
    proposers: tuple[str, ...] = ()
    """Which expanders, or which parts of one, came up with this text."""
    evidence: Mapping[str, Fact] | None = None
    """What else is known about it, by name: the probability of a paraphrase, a graded similarity, a protocol."""

    def __post_init__(self) -> None:
        if not isinstance(self.text, str):
            raise InputError(f"the text of a reference is a str, got {type(self.text).__name__}: {self.text!r}")
        if not self.text.isascii() and _has_surrogate(self.text):
            raise InputError(f"the text of a reference holds a lone surrogate, which is no character: {self.text!r}")
        if self.tier not in TIERS:
            raise InputError(f"no tier {self.tier!r}; the tiers are {', '.join(TIERS)}")
        if not self.origin:
            raise InputError(f"the origin of a reference is a name such as 'human', got {self.origin!r}")
        # Written so that NaN fails as well.
        if self.confidence is not None and not 0 <= self.confidence <= 1:
            raise InputError(f"the confidence of a reference lies in [0, 1], got {self.confidence!r}")
        for name, fact in (self.evidence or {}).items():
            if not isinstance(fact, str | int) and not (isinstance(fact, float) and isfinite(fact)):
                raise InputError(f"evidence is a text, a finite number, true or false; got {name}={fact!r}")


def _has_surrogate(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


@dataclass(frozen=True, slots=True)
class ReferenceSet:
    """All references of one item. An empty set is an item nobody wrote a reference for."""

    id: str
    references: tuple[Reference, ...] = ()
    source: str | None = None
    condition: str | None = None
