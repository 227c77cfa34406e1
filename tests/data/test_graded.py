"""Grades as choices."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geneval.data import Rating, choices_of
from geneval_references import UsageError


def grades(item="1", annotator=None, criterion=None, **given):
    return [Rating(item, system, float(value), criterion, annotator) for system, value in given.items()]


def won(ratings, **options):
    return {(row.a, row.b): row.winner for row in choices_of(ratings, **options)[0]}


def test_the_better_grade_wins():
    """Every two systems of an item once; equal is a tie."""
    rows = grades(A=3, B=5, C=3)
    assert won(rows) == {("A", "B"): "b", ("A", "C"): "tie", ("B", "C"): "a"}
    assert won(rows, lower=True) == {("A", "B"): "a", ("A", "C"): "tie", ("B", "C"): "b"}


@pytest.mark.parametrize(
    ("a", "b", "margin", "winner"),
    [(1.1, 1.0, 0.1, "tie"), (1.2, 1.0, 0.1, "a"), (0.3, 0.2, 0.1, "tie"), (4, 3, 1, "tie"), (4, 3, 0.5, "a")],
)
def test_margin(a, b, margin, winner):
    """Differences that are the margin but for rounding tie."""
    assert won(grades(A=a, B=b), tie_margin=margin) == {("A", "B"): winner}


@pytest.mark.parametrize("margin", [-1, float("nan"), float("inf")])
def test_no_margin(margin):
    with pytest.raises(UsageError, match="give a difference of grades, 0 or more"):
        choices_of(grades(A=1, B=2), tie_margin=margin)


def test_within_item_annotator_and_criterion():
    """Grades of others are not compared; who graded one system alone is told of."""
    rows = grades(annotator="p", A=1, B=2) + grades(annotator="q", A=3) + grades(item="2", annotator="p", B=1)
    rows += grades(annotator="p", criterion="fluency", A=2, B=1)
    found, notes = choices_of(rows)
    assert [(row.id, row.annotator, row.criterion, row.winner) for row in found] == [
        ("1", "p", None, "b"),
        ("1", "p", "fluency", "a"),
    ]
    assert notes == (
        "6 grades make 2 choices between two systems",
        "2 grades stand alone: their annotator graded no other system for the item",
    )


def test_several_grades_are_averaged():
    """And said to be."""
    found, notes = choices_of(grades(A=1, B=2) + grades(A=4))
    assert [row.winner for row in found] == ["a"]
    assert notes[1] == "1 outputs have several grades by one annotator (or without any); these are averaged"


@given(
    st.lists(st.tuples(st.sampled_from("12"), st.sampled_from("ABC"), st.sampled_from("pq"), st.integers(0, 3))),
    st.integers(0, 2),
)
def test_against_all_pairs_of_ratings(rows, margin):
    """The same as looking at every two ratings, where nobody graded an output twice."""
    rows = list({row[:3]: row for row in rows}.values())
    ratings = [Rating(item, system, float(value), None, annotator) for item, system, annotator, value in rows]
    slow = set()
    for x, y in itertools.combinations(ratings, 2):
        if (x.id, x.annotator) == (y.id, y.annotator):
            gap = x.value - y.value
            winner = "tie" if abs(gap) <= margin else "a" if gap > 0 else "b"
            slow.add((x.id, x.annotator, x.system, y.system, winner))
    found = choices_of(ratings, tie_margin=margin)[0]
    assert {(row.id, row.annotator, row.a, row.b, row.winner) for row in found} == slow
    assert len(found) == len(slow)
