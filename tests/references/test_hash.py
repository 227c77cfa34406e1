"""The hash of reference sets is the same for the same references and for no others."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geneval_references import Reference, ReferenceHash, ReferenceSet, reference_hash

SETS = (
    ReferenceSet("1", (Reference("a dog"), Reference("un chien", tier="verified", origin="human:refB"))),
    ReferenceSet("2", (Reference("犬\u2028", condition="short"),), source="x", condition="c"),
    ReferenceSet("3"),
)
GOLDEN = "9d19e84a34bde72dfae827445d85c806e9b75e4f9434967d17d2809e2d0476a4"


def test_golden():
    """Signatures of old runs stay comparable: this value changes only with a note in the changelog."""
    assert reference_hash(SETS) == GOLDEN


def test_hash_seed():
    """The value does not depend on PYTHONHASHSEED."""
    for seed in ("0", "7"):
        run = subprocess.run(
            [sys.executable, __file__],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert run.stdout.strip() == GOLDEN


@given(st.permutations(SETS), st.booleans())
def test_order(sets, reverse):
    """Neither the order of items nor that of references matters."""
    turned = [replace(s, references=s.references[::-1]) if reverse else s for s in sets]
    assert reference_hash(turned) == GOLDEN


@pytest.mark.parametrize(
    "change",
    [
        {"text": "a dog."},
        {"text": "A dog"},
        {"tier": "verified"},
        {"origin": "human:x"},
        {"condition": "formal"},
    ],
)
def test_covered(change):
    """Text, tier, origin and condition of each reference are covered."""
    first = replace(SETS[0], references=(replace(SETS[0].references[0], **change), *SETS[0].references[1:]))
    assert reference_hash((first, *SETS[1:])) != GOLDEN


@pytest.mark.parametrize(
    "sets",
    [
        SETS[:2],
        (*SETS[:2], ReferenceSet("4")),
        (replace(SETS[0], references=SETS[0].references * 2), *SETS[1:]),
        (replace(SETS[0], condition="formal"), *SETS[1:]),
    ],
)
def test_covered_items(sets):
    """Ids, empty items, repeated references and the item's condition are covered."""
    assert reference_hash(sets) != GOLDEN


def test_not_covered():
    """Sources, votes and confidences change no score and no hash; a condition may be written on item or reference."""
    one, two, three = SETS
    told = replace(one.references[0], confidence=0.5, votes={"valid": 3}, parent="x")
    assert reference_hash((replace(one, source="s", references=(told, one.references[1])), two, three)) == GOLDEN
    plain = ReferenceSet("2", (replace(two.references[0]),), source="x")
    assert reference_hash((one, plain, three)) == GOLDEN


if __name__ == "__main__":
    sys.stdout.write(reference_hash(SETS))


def test_items_that_come_one_after_the_other_have_the_hash_of_all():
    sets = [ReferenceSet(str(i), (Reference(f"text {i}"),)) for i in range(600)]
    found = ReferenceHash()
    for start in range(0, 600, 7):
        found.add(sets[start : start + 7])
    assert found.hexdigest() == reference_hash(sets[::-1])
