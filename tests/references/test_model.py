"""A reference is checked where it is made."""

import pytest

from geneval_references import TIERS, InputError, Reference


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"text": None}, "is a str, got NoneType"),
        ({"text": 3}, "is a str, got int: 3"),
        ({"text": b"a"}, "is a str, got bytes"),
        ({"text": "a\ud800"}, "lone surrogate"),
        ({"text": "a", "tier": "gold"}, "no tier 'gold'; the tiers are original, verified"),
        ({"text": "a", "origin": ""}, "origin of a reference is a name"),
        ({"text": "a", "confidence": 1.01}, r"\[0, 1\], got 1.01"),
        ({"text": "a", "confidence": float("nan")}, r"\[0, 1\], got nan"),
    ],
)
def test_refused(fields, message):
    """What cannot be a reference is an InputError that says what came and what is allowed."""
    with pytest.raises(InputError, match=message):
        Reference(**fields)


def test_accepted():
    """Every tier, an empty text (it is described, not refused) and both ends of the confidence are fine."""
    assert [Reference("", tier=tier).tier for tier in TIERS] == list(TIERS)
    assert [Reference("👩‍👩‍👧", confidence=c).confidence for c in (0, 1, None)] == [0, 1, None]
