"""Which candidates are judged next: at random, with the probabilities that the log says."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from geneval_references import UsageError
from geneval_references.gate import draw, learns

ITEMS = ["a"] * 8 + ["b"] * 3 + ["c"] * 2 + [f"i{n}" for n in range(12)]
TEXTS = [f"text {n}" for n in range(len(ITEMS))]


@pytest.mark.parametrize("count", [1, 4, 15, 20])
def test_candidates_are_drawn_as_often_as_the_log_says(count):
    """Over 600 seeds each candidate's frequency is its probability, to 4 standard errors."""
    drawn, said = Counter(), {}
    for seed in range(600):
        found = draw(ITEMS, TEXTS, count, seed=seed)
        assert len(set(found.rows)) == len(found.rows) == count
        drawn.update(found.rows)
        said.update(zip(found.rows, found.probability, strict=True))
    for row, probability in said.items():
        error = (probability * (1 - probability) / 600) ** 0.5
        assert abs(drawn[row] / 600 - probability) <= 4 * error + 1e-9


@pytest.mark.parametrize("count", [1, 4, 15, 20, 25])
def test_no_item_exceeds_its_limit_or_its_reach(count):
    for seed in range(50):
        found = draw(ITEMS, TEXTS, count, seed=seed)
        weights = Counter()
        for row, probability in zip(found.rows, found.probability, strict=True):
            weights[ITEMS[row]] += 1 / probability
        assert max(Counter(ITEMS[row] for row in found.rows).values()) <= found.limit
        assert max(weights.values()) <= found.reach * (1 + 1e-9)


def test_as_long_as_there_are_items_enough_each_gives_one():
    assert draw(ITEMS, TEXTS, 15, seed=1).limit == 1
    assert draw(ITEMS, TEXTS, 16, seed=1).limit > 1


def test_the_order_of_candidates_does_not_matter():
    there = {(ITEMS[row], TEXTS[row]) for row in draw(ITEMS, TEXTS, 5, seed=3).rows}
    back = draw(ITEMS[::-1], TEXTS[::-1], 5, seed=3).rows
    assert {(ITEMS[::-1][row], TEXTS[::-1][row]) for row in back} == there


def test_more_than_there_are_is_all_of_them():
    found = draw(ITEMS, TEXTS, 1000, seed=1)
    assert sorted(found.rows) == list(range(len(ITEMS))) and set(found.probability) == {1.0}


def test_none_is_no_number_to_draw():
    with pytest.raises(UsageError, match="allowed: 1 or more"):
        draw(ITEMS, TEXTS, 0, seed=1)


def test_a_third_of_items_is_for_learning_whatever_else_is_there():
    share = np.mean([learns(str(n), 1) for n in range(3000)])
    assert 0.3 < share < 0.37
    assert learns("an item", 1) == learns("an item", 1)
