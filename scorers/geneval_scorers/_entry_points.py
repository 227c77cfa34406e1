"""Which scorers other distributions offer."""

from __future__ import annotations

from geneval_references import entry_points
from geneval_references.entry_points import Offer

__all__ = ["GROUP", "Offer", "offers", "origin"]

GROUP = "geneval.scorers"
"""The group of entry points: `name = "package.module:ClassOrFunction"`."""


def offers() -> tuple[Offer, ...]:
    """All scorers that installed distributions offer, by name."""
    return entry_points.offers(GROUP)


def origin(code: object, name: str) -> Offer | None:
    """The offer that this class or function is, or wraps; None where it is none. Imports nothing.

    Args:
        code: the class or function.
        name: the scorer's; where several offers name the same code, the one of this name is meant.
    """
    code = getattr(code, "__wrapped__", code)
    if str(getattr(code, "__module__", "")).startswith("geneval_scorers."):
        return None
    found = sorted(
        (offer for offer in offers() if entry_points.there(offer) is code), key=lambda offer: offer.name != name
    )
    return found[0] if found else None
