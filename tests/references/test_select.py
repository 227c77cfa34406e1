"""Selection by tier, origin and condition."""

import pytest

from geneval_references import Reference, ReferenceSet, UsageError, counting, select, unmatched

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


@pytest.mark.parametrize(
    ("pattern", "kept"),
    [("output:llama", "a"), ("output:llama:8b", "b"), ("output", "abc"), ("output:llama*", "ab"), ("out", "")],
)
def test_what_names_somebody_names_nobody_else(pattern, kept):
    """Names hold colons: `output:llama` is not `output:llama:8b`."""
    origins = {"a": "output:llama", "b": "output:llama:8b", "c": "output:other"}
    item = ReferenceSet("1", tuple(Reference(text, origin=origin) for text, origin in origins.items()))
    assert "".join(r.text for r in select([item], origins=[pattern])[0].references) == kept
    left = "".join(text for text in origins if text not in kept)
    assert "".join(r.text for r in select([item], without=[pattern])[0].references) == left


def test_counting_leaves_out_what_is_empty_and_what_nobody_verified():
    references = (Reference("a"), Reference(" "), Reference("b", "unverified"), Reference("c", "verified"))
    sets = [ReferenceSet("1", references)]
    texts = [r.text for r in counting(sets)[0].references]
    assert texts == ["a", "c"]
    assert [r.text for r in counting(sets, tiers=["unverified"])[0].references] == ["b"]
    assert unmatched(sets, tiers=["original", "inferred"], origins=["human", "x"], conditions=["y"]) == (
        "tier 'inferred'",
        "origin 'x'",
        "condition 'y'",
    )
