"""Selection by tier, origin and condition."""

import pytest

from geneval_references import Reference, ReferenceSet, UsageError, select

ITEM = ReferenceSet(
    "1",
    (
        Reference("a"),
        Reference("b", origin="human:refB", condition="formal"),
        Reference("c", tier="unverified", origin="paraphrase:t5[x]@v1"),
        Reference("d", tier="inferred", origin="paraphrase:t5@v2"),
        Reference("e", tier="verified", origin="output:sys A"),
        Reference("f", origin="humanoid"),
    ),
    condition="plain",
)


@pytest.mark.parametrize(
    ("filters", "kept"),
    [
        ({}, "abcdef"),
        ({"tiers": ["original"]}, "abf"),
        ({"tiers": ("unverified", "inferred")}, "cd"),
        ({"tiers": []}, ""),
        ({"origins": ["human"]}, "ab"),
        ({"origins": ["human:refB"]}, "b"),
        ({"origins": ["human:ref"]}, ""),
        ({"origins": ["human*"]}, "abf"),
        ({"origins": ["paraphrase"]}, "cd"),
        ({"origins": ["paraphrase:*@v2"]}, "d"),
        ({"origins": ["paraphrase:t5[x]@v1"]}, "c"),
        ({"origins": []}, ""),
        ({"conditions": ["formal"]}, "b"),
        ({"conditions": ["plain"]}, "acdef"),
        ({"without": ["output:sys A"]}, "abcdf"),
        ({"without": ["paraphrase", "output"]}, "abf"),
        ({"tiers": ["original"], "origins": ["human"], "conditions": ["plain"]}, "a"),
    ],
)
def test_kept(filters, kept):
    """Filters are joined by "and"; the item stays even when no reference is left."""
    (chosen,) = select([ITEM], **filters)
    assert "".join(r.text for r in chosen.references) == kept
    assert (chosen.id, chosen.condition) == ("1", "plain")


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({"tiers": ["gold"]}, "no tier 'gold'; the tiers are original, verified, preferred, inferred, unverified"),
        ({"tiers": "original"}, r"tiers=\['original'\]"),
        ({"origins": "human"}, r"origins=\['human'\]"),
    ],
)
def test_refused(filters, message):
    """An unknown tier lists the tiers; one string is not taken for a collection of letters."""
    with pytest.raises(UsageError, match=message):
        select([ITEM], **filters)
