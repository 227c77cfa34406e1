"""Facts of batches, and accuracy under several right labels: golden vectors, and judges that count one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geneval_references import InputError, UsageError
from geneval_scorers.ranking import (
    ItemLabels,
    Judged,
    Judgements,
    Taxonomy,
    batch_pairs,
    expected_false_negatives,
    label_accuracy,
    matching_probability,
)


# From the formula N - K + K^2 of the position paper.
@pytest.mark.parametrize(
    ("pairs", "block", "true", "hidden"), [(100, 5, 120, 20), (100, 1, 100, 0), (100, 100, 10_000, 9_900), (1, 1, 1, 0)]
)
def test_pairs_of_a_batch(pairs: int, block: int, true: int, hidden: int) -> None:
    """N - K + K^2 are right, N are annotated, K(K - 1) are hidden."""
    found = batch_pairs(pairs, block)
    assert (found.true, found.annotated, found.hidden) == (true, pairs, hidden)
    assert found.hidden_share == hidden / true


def test_the_share_of_hidden_pairs() -> None:
    """N = 100, K = 5: 20 of 120."""
    assert batch_pairs(100, 5).hidden_share == pytest.approx(1 / 6, abs=1e-15)


def test_false_negatives_grow_with_the_block() -> None:
    """Of 30 pairs, every larger block hides more."""
    hidden = [batch_pairs(30, size).hidden for size in range(1, 31)]
    assert hidden == sorted(set(hidden))


def test_several_blocks_add_up() -> None:
    """sum K_b^2 with K_b = 1 for the rest."""
    assert batch_pairs(10, [3, 2]).true == 9 + 4 + 5
    with pytest.raises(UsageError, match="blocks of 11 pairs do not fit into a batch of 10"):
        batch_pairs(10, [6, 5])


@pytest.mark.parametrize("count", [2, 5, 10])
def test_one_in_k_matches(count: int) -> None:
    """1/K, as 20,000 random annotations show within five standard errors."""
    rng = np.random.default_rng(11)
    drawn = (rng.integers(count, size=20_000) == 0).mean()
    p = matching_probability(count)
    assert abs(drawn - p) < 5 * np.sqrt(p * (1 - p) / 20_000)


def test_a_block_is_what_the_formula_says() -> None:
    """A reference set with one K x K block, used as one batch, has K(K - 1) false negatives."""
    block = {f"q{i}": [Judged(f"t{j}", 1, "original" if i == j else "verified") for j in range(3)] for i in range(3)}
    alone = {f"q{i}": [Judged(f"t{i}")] for i in range(3, 8)}
    found = expected_false_negatives(Judgements.of(block | alone))
    assert (found.pairs, found.batch, found.expected) == (8, 8, batch_pairs(8, 3).hidden)
    assert found.share == pytest.approx(batch_pairs(8, 3).hidden_share)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1))
def test_expected_false_negatives_are_the_mean_over_batches(seed: int) -> None:
    """All batches of two and of three, counted one by one."""
    from itertools import combinations

    rng = np.random.default_rng(seed)
    known = {
        f"q{i}": [
            Judged(f"t{j}", int(rng.random() < 0.8), "original" if rng.random() < 0.4 else "verified") for j in range(4)
        ]
        for i in range(3)
    }
    judgements = Judgements.of(known)
    right = {(q, one.item) for q, row in known.items() for one in row if one.grade}
    pairs = [(q, one.item) for q, row in known.items() for one in row if one.grade and one.tier == "original"]
    for size in (2, 3):
        if len(pairs) < size:
            continue
        batches = list(combinations(pairs, size))
        counts = [sum((a[0], b[1]) in right for a in batch for b in batch if a is not b) for batch in batches]
        assert expected_false_negatives(judgements, size).expected == pytest.approx(np.mean(counts), abs=1e-12)


def test_batches_need_annotated_pairs() -> None:
    """What there is instead is told."""
    judgements = Judgements.of({"q": [Judged("a", 1, "verified")]})
    with pytest.raises(InputError, match=r"no positive is original, .*; there are: 1 verified"):
        expected_false_negatives(judgements)
    with pytest.raises(UsageError, match="batch=2 does not fit: there are 1 verified pairs"):
        expected_false_negatives(judgements, 2, "verified")


def test_items_without_valid_labels_are_left_out() -> None:
    """ReaL: the mean is over items that have a valid label, the others are counted."""
    items = [ItemLabels(frozenset({"a", "b"}), "a"), ItemLabels(frozenset(), "c"), ItemLabels(frozenset({"d"}), "x")]
    found = label_accuracy(["b", "c", "d"], items)
    assert found.n_without_labels == 1
    assert np.nanmean(found.valid) == 1.0
    assert np.nanmean(found.original) == 0.0  # what single labels underestimate: 1 - 0


def test_a_cat_is_right_for_a_russian_blue() -> None:
    """Kiritchenko et al.: {cat} against {russian blue, cat} has precision 1, recall 1/2, F1 2/3."""
    known = Taxonomy({"Russian Blue": "Cat", "Siamese": "Cat"})
    item = ItemLabels(frozenset({"Russian Blue"}), "Russian Blue")
    found = label_accuracy(["Cat", "Russian Blue", "Siamese", "Dog", None], [item] * 5, known)
    assert found.valid.tolist() == [0, 1, 0, 0, 0]
    assert found.covers.tolist() == [1, 1, 0, 0, 0]
    assert found.credit == pytest.approx([2 / 3, 1, 1 / 2, 0, 0])


def test_a_taxonomy_gives_nothing_for_what_people_found_wrong() -> None:
    parents = Taxonomy({"Russian Blue": "Cat", "Cat": "Animal", "Dog": "Animal"})
    items = [ItemLabels(frozenset({"Cat"}), invalid=frozenset({"Dog", "Animal"}))] * 2
    found = label_accuracy(["Dog", "Animal"], items, parents)
    assert found.credit.tolist() == found.covers.tolist() == [0.0, 0.0]


def test_parents_make_no_circle() -> None:
    """The message shows it."""
    with pytest.raises(InputError, match=r"'a' is above itself \(a < b < a\)"):
        Taxonomy({"a": "b", "b": "a"})


def test_scikit_learn_says_the_same() -> None:
    """Accuracy against the single label is accuracy_score; against sets it is that of the prediction's own column."""
    metrics = pytest.importorskip("sklearn.metrics", reason="the judge of accuracy is not installed: scikit-learn")
    rng = np.random.default_rng(5)
    labels = [f"l{i}" for i in range(8)]
    predicted = rng.choice(labels, 500).tolist()
    sets = [frozenset(rng.choice(labels, rng.integers(1, 4)).tolist()) for _ in range(500)]
    originals = rng.choice(labels, 500).tolist()
    items = [ItemLabels(valid, one) for valid, one in zip(sets, originals, strict=True)]
    found = label_accuracy(predicted, items)
    assert found.original.mean() == pytest.approx(metrics.accuracy_score(originals, predicted), abs=1e-12)
    # With a valid label in the place of the original where it was predicted, both are one question.
    nearest = [p if p in valid else min(valid) for p, valid in zip(predicted, sets, strict=True)]
    assert found.valid.mean() == pytest.approx(metrics.accuracy_score(nearest, predicted), abs=1e-12)


def test_sizes_of_real() -> None:
    """ReaL's published label sets (real.json: 50,000 lists by size): 3,163 are left out, 1.2288 labels on average."""
    sizes = {0: 3_163, 1: 39_394, 2: 5_408, 3: 1_319, 4: 411, 5: 161, 6: 88, 7: 41, 8: 13, 9: 2}
    items = [ItemLabels(frozenset(map(str, range(n)))) for n, count in sizes.items() for _ in range(count)]
    found = label_accuracy(["1"] * len(items), items)
    assert (len(items), found.n_without_labels) == (50_000, 3_163)
    assert np.mean([len(item.valid) for item in items if item.valid]) == pytest.approx(1.2288, abs=5e-5)
    # The second label is right where there are two or more.
    assert np.nanmean(found.valid) == pytest.approx((46_837 - 39_394) / 46_837)
