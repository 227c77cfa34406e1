"""What is no comparison is refused, in words that help."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest

from geneval_references import InputError, UsageError
from geneval_scorers.preference import BradleyTerry, Comparisons


@dataclass(frozen=True)
class Row:
    a: str
    b: str
    winner: str
    id: str = "1"
    annotator: str | None = None
    criterion: str | None = None
    shown_left: str | None = None


BAD = [
    ({"winner": ["A", "b"]}, "comparison 0: winner is 'A'; allowed: a, b, tie, both_bad, skip"),
    ({"winner": ["a", None]}, "comparison 1: winner is None; allowed:"),
    ({"winner": ["a", ["b"]]}, r"comparison 1: winner is \['b'\]; allowed:"),
    ({"b": ["y", "x"]}, "comparison 1: 'x' is compared with itself"),
    ({"weight": [1, math.nan]}, "comparison 1: weight is nan"),
    ({"weight": [1, math.inf]}, "comparison 1: weight is inf"),
    ({"weight": [1, -1]}, "comparison 1: weight is -1.0; give 0 or more"),
    ({"weight": ["one", 1]}, "weight holds something that is no number"),
    ({"weight": [[1], [1]]}, "weight has 2 dimensions"),
    ({"weight": [1]}, "weight has 1 values for 2 comparisons"),
    ({"weight": [0, 0]}, "all 2 comparisons are skips or have weight 0"),
    ({"winner": ["skip", "skip"]}, "all 2 comparisons are skips or have weight 0"),
    ({"covariates": {"length": [1, math.nan]}}, "comparison 1: length is nan"),
    ({"shown_left": ["left", "b"]}, "comparison 0: shown_left is 'left'; allowed: a, b, None"),
    ({"a": [1, 2], "b": [2, 1]}, r"a system is called 1 \(int\)"),
    ({"a": ["", "x"]}, "a system is called ''"),
    ({"a": "xx"}, "not the text 'xx'"),
    ({"a": [], "b": [], "winner": []}, "there are no comparisons"),
    ({"item": ["1"]}, "item has 1 values for 2 comparisons"),
]


@pytest.mark.parametrize(("change", "message"), BAD, ids=[message[:40] for _, message in BAD])
def test_bad_columns_are_refused(change, message):
    columns = {"a": ["x", "x"], "b": ["y", "y"], "winner": ["a", "b"]} | change
    with pytest.raises(InputError, match=message):
        Comparisons.of(**columns)


def test_rows_of_several_criteria_are_refused():
    rows = [Row("x", "y", "a", criterion="fluency"), Row("x", "y", "b", criterion="adequacy")]
    with pytest.raises(InputError, match="2 criteria: adequacy, fluency; fit those of one at a time"):
        Comparisons.of_choices(rows)


def test_rows_and_columns_give_the_same():
    rows = [Row("x", "y", "a", "1", "p", None, "a"), Row("z", "x", "both_bad", "2", "q", None, None)]
    found = Comparisons.of_choices(rows, weight=[1, 3])
    assert found.systems == ("x", "y", "z")
    assert found.side.tolist() == [1, 0]
    assert found.items.names == ("1", "2")
    assert found.annotators.names == ("p", "q")
    assert found.wins.tolist() == [[0, 1, 0], [0, 0, 0], [0, 0, 0]]
    assert found.ties.tolist() == [[0, 0, 3], [0, 0, 0], [3, 0, 0]]
    assert found.bad.tolist() == [3, 0, 3]


def test_systems_stand_in_the_order_of_the_rows():
    found = Comparisons.of(["b", "d", "b"], ["a", "c", "d"], ["a", "a", "a"])
    assert found.systems == ("b", "a", "d", "c")
    many = [f"system {i}" for i in range(5000)]
    assert Comparisons.of(many, [*many[1:], many[0]], ["a"] * 5000).systems == tuple(many)
    assert Comparisons.of(["b"], ["a"], ["a"], systems=["c", "a"]).systems == ("c", "a", "b")


def test_skips_and_weightless_rows_are_counted_and_left_out():
    columns = np.array([["x", "y"], ["y", "z"], ["x", "y"], ["x", "y"]])
    found = Comparisons.of(columns[:, 0], columns[:, 1], ["a", "skip", "b", "a"], weight=[1, 1, 0, 2])
    assert len(found) == 2
    assert found.skipped == 2
    assert found.wins.tolist() == [[0, 3, 0], [0, 0, 0], [0, 0, 0]]
    assert found.systems == ("x", "y", "z"), "a system that was only skipped is still there, to be named"


def test_both_bad_is_a_tie_that_is_counted():
    a, b = ["x"] * 6, ["y"] * 6
    plain = BradleyTerry(cluster=None).fit(Comparisons.of(a, b, ["a", "a", "b", "b", "tie", "tie"]))
    bad = BradleyTerry(cluster=None).fit(Comparisons.of(a, b, ["a", "a", "b", "b", "tie", "both_bad"]))
    assert [row.log_worth for row in bad.worths] == [row.log_worth for row in plain.worths]
    assert [(row.ties, row.both_bad) for row in bad.worths] == [(2, 1), (2, 1)]


def test_labels_that_are_missing_in_some_rows_cannot_cluster():
    votes = Comparisons.of(["x"] * 4, ["y"] * 4, list("abab"), annotator=["p", "p", None, "q"])
    with pytest.raises(InputError, match="1 of 4 comparisons have no annotator"):
        BradleyTerry(cluster="annotator").fit(votes)
    with pytest.raises(InputError, match="the comparisons have no item"):
        BradleyTerry(cluster="item").fit(votes)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ties": "davison"}, "ties='davison'; allowed: 'davidson', 'rao-kupper', 'half'"),
        ({"prior": "ridge"}, "prior='ridge'; allowed"),
        ({"interval": "wald"}, "interval='wald'; allowed"),
        ({"cluster": "rater"}, "cluster='rater'; allowed"),
        ({"confidence": 95}, "confidence=95"),
        ({"resamples": 10}, "resamples=10; give 99 or more"),
        ({"sigma": 1}, "it is the width of prior='gaussian'"),
        ({"prior": "gaussian", "sigma": 0}, "a number above 0"),
        ({"prior": "gaussian", "sigma": math.nan}, "a number above 0"),
        ({"raters": True}, "raters=True needs prior='gaussian'"),
        ({"raters": True, "prior": "gaussian", "interval": "profile"}, "interval='profile' with raters=True"),
        ({"prior": "firth", "interval": "sandwich"}, "shrunken worths have interval='profile' or 'none'"),
        ({"covariates": ["order"]}, "name each once, and none 'order'"),
        ({"covariates": ["length", "length"]}, "name each once"),
        ({"covariates": ["lenght"]}, "no covariate 'lenght'; there are: length; did you mean length?"),
    ],
)
def test_options_that_do_not_exist_or_do_not_fit_are_refused(options, message):
    votes = Comparisons.of(["x", "y"], ["y", "x"], ["a", "a"], covariates={"length": [1.0, 2.0]})
    with pytest.raises(UsageError, match=message):
        BradleyTerry(**options).fit(votes)


def test_an_order_effect_needs_to_know_the_order():
    with pytest.raises(InputError, match="needs shown_left"):
        BradleyTerry(order=True).fit([Row("x", "y", "a"), Row("x", "y", "b")])


def test_reliability_needs_annotators():
    with pytest.raises(InputError, match="have no annotator"):
        BradleyTerry(raters=True, prior="gaussian").fit([Row("x", "y", "a"), Row("x", "y", "b")])
