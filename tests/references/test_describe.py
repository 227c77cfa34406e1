"""What `describe` counts."""

import json

import pytest

from geneval_references import Reference, ReferenceSet, describe

SETS = (
    ReferenceSet("1", (Reference("A dog."), Reference("a  dog."), Reference("Hund", tier="verified")), condition="c"),
    ReferenceSet("2", (Reference("一只狗 dog", origin="human:refB"), Reference(" ", condition="d"))),
    ReferenceSet("3"),
)


def test_counts():
    """Items, references, tiers, origins, conditions, the ragged distribution, duplicates."""
    found = describe(SETS)
    assert (found.items, found.references, found.items_without_references) == (3, 5, 1)
    assert dict(found.per_item.counts) == {0: 1, 2: 1, 3: 1}
    assert (found.per_item.minimum, found.per_item.median, found.per_item.maximum) == (0, 2, 3)
    assert found.per_item.mean == pytest.approx(5 / 3)
    assert found.tiers == {"original": 4, "verified": 1}
    assert found.origins == {"human": 4, "human:refB": 1}
    assert found.conditions == {"c": 3, "d": 1}
    assert (found.items_with_duplicates, found.duplicate_references, found.duplicate_rate) == (1, 1, 0.2)
    assert found.scripts == {"Latin": 4, "Han": 1}
    assert (found.empty.count, found.empty.examples[0].id) == (1, "2")


def test_multiplicity():
    """|r| counts distinct, non-empty references, over the items that have one; per tier likewise."""
    found = describe(SETS)
    assert dict(found.multiplicity.counts) == {1: 1, 2: 1}
    assert (found.multiplicity.mean, found.multiplicity.median) == (1.5, 1.5)
    assert found.multiplicity.share_above_one == 0.5
    assert {tier: m.items for tier, m in found.multiplicity_by_tier.items()} == {"original": 2, "verified": 1}
    assert found.multiplicity_by_tier["original"].mean == 1


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("1. A dog runs.", {"list numbering"}),
        ("2) A dog runs.", {"list numbering"}),
        ("(3) A dog runs.", {"list numbering"}),
        ("- A dog runs.", {"list numbering"}),
        ("1.5 dogs run.", set()),
        ("2021 was good.", set()),
        ('"A dog runs."', {"surrounding quotes"}),
        ("\u201cA dog runs.\u201d", {"surrounding quotes"}),
        ('"Yes", he said, "no"', set()),
        ("A dog runs. ", {"outer whitespace"}),
        ("\tA dog runs.", {"outer whitespace"}),
        ("A dog\x00 runs.", {"control character"}),
        ("A dog\x85runs.", {"control character"}),
        ("A dog\nruns.", set()),
        ("A d\ufffdg runs.", {"replacement character"}),
        ("A <b>dog</b> runs.", {"html"}),
        ("Cats &amp; dogs", {"html"}),
        ("3 < 4 > 2, R&D; x", set()),
        ("👩‍👩‍👧 \u200fשלום", set()),
    ],
)
def test_suspicious(text, kinds):
    """Each mark of damage is named, with the item and the text; ordinary texts raise none."""
    found = describe([ReferenceSet("7", (Reference(text),))])
    assert {s.kind for s in found.suspicious} == kinds
    assert all(s.count == 1 and (s.examples[0].id, s.examples[0].text) == ("7", text) for s in found.suspicious)


def test_first_examples():
    """Every suspicious reference is counted, the first five are shown."""
    found = describe([ReferenceSet(str(n), (Reference(f"{n}. a dog"),)) for n in range(9)])
    assert [(s.count, [e.id for e in s.examples]) for s in found.suspicious] == [(9, list("01234"))]


@pytest.mark.parametrize(
    ("text", "scripts"),
    [
        ("Привет", {"Cyrillic"}),
        ("こんにちは漢字カナ", {"Hiragana", "Han", "Katakana"}),
        ("12:30 — 👍", set()),
        ("𐤀", {"Other"}),
        ("मानक 한국어", {"Devanagari", "Hangul"}),
    ],
)
def test_scripts(text, scripts):
    """Scripts of letters; digits and signs have none."""
    assert set(describe([ReferenceSet("1", (Reference(text),))]).scripts) == scripts


def test_empty_and_json():
    """No items give counts of 0 and no means; everything goes into JSON."""
    assert describe([]).per_item.mean is None and describe([]).duplicate_rate is None
    assert json.loads(json.dumps(describe(SETS).to_dict()))["multiplicity"]["mean"] == 1.5
