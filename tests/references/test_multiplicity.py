"""What reference sets say about the answers that nobody wrote."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geneval_references import (
    Reference,
    ReferenceSet,
    UsageError,
    chao1,
    hidden_positives,
    multiplicity,
    references_needed,
)


def sets(*texts, **evidence):
    return [ReferenceSet(str(n), tuple(Reference(t, **evidence) for t in row)) for n, row in enumerate(texts)]


class Prefix:
    """1 where two texts begin with the same word."""

    name = "prefix"

    def __call__(self, texts, mine, theirs):
        return np.asarray(
            [float(texts[a].split()[0] == texts[b].split()[0]) for a, b in zip(mine, theirs, strict=True)]
        )


# By hand from the formula: S + f1 (f1 - 1) / (2 (f2 + 1)).
@pytest.mark.parametrize(("counts", "expected"), [([1, 1, 1, 2, 3], 6.5), ([1] * 5, 15), ([2, 2], 2), ([], 0)])
def test_chao1(counts, expected):
    assert chao1(counts) == expected


# ln .1 / ln (1 - 1/K): K = 10 takes 21.9 and K = 5 10.3 references.
@pytest.mark.parametrize(("classes", "expected"), [(10, 22), (5, 11), (1, 1)])
def test_references_needed(classes, expected):
    assert references_needed(classes) == expected


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 60), st.sampled_from([0.5, 0.9, 0.99]))
def test_so_many_references_cover_and_one_less_does_not(classes, coverage):
    needed = references_needed(classes, coverage)
    covered = [1 - (1 - 1 / classes) ** k for k in (needed - 1, needed)]
    assert covered[0] < coverage <= covered[1] + 1e-12


def test_simulated_draws_are_covered_as_said():
    """20,000 draws of 22 among 10 classes cover 90 % of them."""
    draw = np.random.default_rng(0).integers(0, 10, (20_000, 22))
    assert np.mean([len(set(row)) / 10 for row in draw.tolist()]) == pytest.approx(1 - 0.9**22, abs=0.005)


# K x K blocks among N pairs: 20 hidden matches for K = 5, none for K = 1.
@pytest.mark.parametrize(("sizes", "expected"), [([5], 20), ([1, 1, 1], 0), ([2, 3, 1], 8)])
def test_hidden_positives(sizes, expected):
    assert hidden_positives(sizes) == expected


def test_coverage_and_classes():
    found = multiplicity(sets(["a", "A", "b"], ["c", "d"], ["e"])).classes
    assert (found.items, found.texts, found.once, found.twice, found.seen) == (2, 5, 3, 1, 2)
    assert found.coverage == pytest.approx(1 - 3 / 5)
    assert found.chao1 == pytest.approx((2 + (2 + 2 * 1 / 2)) / 2)
    assert found.matching == pytest.approx(1 / found.chao1)
    assert found.needed == references_needed(found.chao1)


def test_classes_by_similarity_are_chains():
    found = multiplicity(sets(["dog a", "dog b", "cat"], ["x 1", "y"]), similarity=Prefix(), threshold=1).classes
    assert (found.once, found.twice, found.same) == (3, 1, "prefix >= 1")
    with pytest.raises(UsageError, match="both"):
        multiplicity(sets(["a"]), threshold=1)


@pytest.mark.parametrize("evidence", [{"origin": "mined:pool"}, {"tier": "verified"}])
def test_only_what_people_wrote_independently_is_a_sample(evidence):
    found = multiplicity(sets(["a", "a", "b"], **evidence))
    assert found.classes.coverage is None and found.classes.chao1 is None
    assert found.positives == 2


def test_growth_counts_distinct_texts_against_originals():
    item = ReferenceSet("1", (Reference("a"), Reference("A"), Reference("b", "verified"), Reference("c", "unverified")))
    other = ReferenceSet("2", (Reference("x", "verified"),))
    found = multiplicity([item, other])
    assert (found.growth.items, found.growth.original, found.growth.all, found.growth.factor) == (1, 1, 3, 3)
    assert found.positives == 4
    assert {tier: degree.items for tier, degree in found.by_tier.items()} == {
        "original": 1,
        "verified": 2,
        "unverified": 1,
    }


def test_underspecified_references_answer_everything():
    found = multiplicity(sets(*([f"caption {n}", "Photo" if n else "photo"] for n in range(10))))
    assert found.shared_texts == 1 and found.hidden_positives == 90
    (one,) = found.unspecific
    assert (one.text, one.items, one.specificity) == ("photo", 10, 0)
    assert multiplicity(sets(["a"], ["a"], ["b"])).unspecific == ()
    assert math.isclose(multiplicity(sets(*[["a"]] * 3, ["b"])).unspecific[0].specificity, math.log(4 / 3))


def test_nothing_is_no_error():
    found = multiplicity([ReferenceSet("1")])
    assert (found.items, found.degree.items, found.positives, found.growth.factor) == (1, 0, 0, None)
    assert multiplicity([]).classes.coverage is None
