"""Clusters too few, or such that one of them decides: no interval is better than an absurd one."""

from __future__ import annotations

import pytest

from geneval_scorers.preference import BradleyTerry, Comparisons


def fitted(rows: list[tuple[str, str, str, str]]):
    a, b, winner, annotator = map(list, zip(*rows, strict=True))
    return BradleyTerry(cluster="annotator").fit(Comparisons.of(a, b, winner, annotator=annotator))


def automatic(rows: list[tuple[str, str, str, str]]):
    a, b, winner, annotator = map(list, zip(*rows, strict=True))
    return BradleyTerry().fit(Comparisons.of(a, b, winner, annotator=annotator))


DECISIVE = [
    ("A", "B", "a", "p"),
    ("A", "B", "a", "q"),
    ("B", "C", "a", "p"),
    ("B", "C", "b", "q"),
    ("B", "C", "b", "q"),
]


def test_two_annotators_of_whom_one_decides_give_worths_and_no_interval() -> None:
    found = automatic(DECISIVE)
    assert [row.low for row in found.worths] == [None] * 3
    assert any("too few for intervals" in warning for warning in found.warnings)


def test_a_cluster_without_which_a_worth_is_not_identified_is_named() -> None:
    rows = [("B", "C", winner, str(n)) for n in range(8) for winner in ("a", "b")]
    rows += [("A", "B", "a", "0"), ("A", "B", "b", "0")]
    with pytest.raises(ValueError, match="without one of the 8 annotators some worth is not identified"):
        fitted(rows)
