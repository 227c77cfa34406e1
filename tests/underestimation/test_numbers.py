"""Numbers of a report that must hold on data that are awkward: other directions, lone outputs, ties, few items."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from geneval.data import Preference, Rating, inputs_from_lists
from geneval.underestimation import ReportPlan, find_underestimation
from geneval.underestimation._model import Estimate
from geneval.underestimation._verdict import sentence, valid_gap
from geneval_references import UsageError

PLAN = ReportPlan(permutations=99, draws=100, resamples=100)
WORDS = ["red", "blue", "old", "new", "cat", "dog", "bird", "sits", "runs", "here", "there", "now"]


def written(items=40, names=("one", "two"), references=3, seed=0):
    """Outputs and references of random words, in every length."""
    rng = np.random.default_rng(seed)

    def text():
        return " ".join(rng.choice(WORDS, rng.integers(3, 8), replace=False))

    return {name: [text() for _ in range(items)] for name in names}, [
        [text() for _ in range(references)] for _ in range(items)
    ]


def graded(items=40, names=("one", "two"), criterion=None, seed=1):
    rng = np.random.default_rng(seed)
    return [Rating(str(n + 1), name, float(rng.integers(1, 6)), criterion) for n in range(items) for name in names]


def reported(predictions, references, scorers="token_f1", plan=PLAN, **given):
    inputs = inputs_from_lists(predictions=predictions, references=references, allow_missing=True)
    return find_underestimation(inputs, scorers=[scorers], plan=plan, **given)


def rated_valid(report):
    return [row["valid"] for row in report.validity if row["evidence"].startswith("rated")]


def test_valid_means_few_errors_however_the_criterion_is_named():
    """`--valid 2` and `--valid errors=2` beside `--criterion errors:lower` say the same."""
    predictions, references = written()
    ratings = graded(criterion="errors")
    few = [sum(r.value <= 2 for r in ratings if r.system == name) for name in predictions]
    asked = {"ratings": ratings, "criterion": "errors:lower"}
    for name in ("", "errors"):
        plan = ReportPlan(permutations=99, draws=100, resamples=100, valid={name: 2.0})
        report = reported(predictions, references, plan=plan, **asked)
        assert rated_valid(report) == few
        part = report.of("one", "token_f1").checks[0]
        assert part["part"] == "errors 2 or better"
        # Compared are items where both systems have two errors or fewer.
        assert part["n"] == 2 * sum(a.value <= 2 >= b.value for a, b in zip(ratings[::2], ratings[1::2], strict=True))


def test_lower_holds_for_the_criterion_that_counts_and_must_exist():
    predictions, references = written()
    ratings = graded(criterion="errors")
    one = reported(predictions, references, ratings=ratings, criterion="errors:lower")
    other = reported(predictions, references, ratings=ratings, criterion="errors", lower=("errors",))
    assert one.to_json() == other.to_json()
    with pytest.raises(UsageError, match="eror"):
        reported(predictions, references, ratings=ratings, criterion="errors", lower=("eror",))


def test_outputs_rated_alone_make_no_interval_surer():
    """Five items where both systems are rated are five, whatever else is rated."""
    predictions, references = written(200)
    whole = graded(200)
    alone = [r for r in whole if int(r.id) <= 20 or (int(r.id) + (r.system == "one")) % 2]
    few = [r for r in whole if int(r.id) <= 20]
    report, less = (reported(predictions, references, ratings=rows) for rows in (alone, few))
    row, other = (one.of("one", "token_f1").as_given for one in (report, less))
    assert (row.value, row.low, row.n) == pytest.approx((other.value, other.low, 40), rel=1e-9)
    assert any("180 of 220 outputs are the only rated one" in text for text in report.warnings)
    assert any(text.startswith("20 items are few") for text in report.warnings)
    assert report.people["outputs"] == 220 and "on 220 outputs" in report.finding
    five = [r for r in whole if int(r.id) <= 5 or (int(r.id) + (r.system == "one")) % 2]
    reason = reported(predictions, references, ratings=five).of("one", "token_f1").matched_difference.reason
    assert "5 items are too few" in reason


def test_an_output_that_is_compared_twice_is_one_output():
    names = ("one", "two", "three")
    predictions, references = written(names=names)
    rng = np.random.default_rng(2)
    choices = [
        Preference(str(n + 1), a, b, "ab"[rng.integers(2)])
        for n in range(40)
        for a, b in (("one", "two"), ("two", "three"), ("one", "three"))
    ]
    report = reported(predictions, references, preferences=choices)
    assert report.people["outputs"] == 120 and "on 120 outputs" in report.finding
    assert report.of("one", "token_f1").matched_difference.n == 120


def of_judge(shift, items=40, names=("one", "two"), seed=0):
    """The report on a judge who gives the first system `shift` standard deviations more."""
    predictions, references = written(items, names)
    rng = np.random.default_rng(seed)
    rows = [Rating(r.id, r.system, rng.normal() + shift * (r.system == names[0])) for r in graded(items, names)]
    return reported(predictions, references, ratings=graded(items, names), judges={"j": rows})


def test_what_is_not_settled_says_what_would_settle_it():
    """A difference that is there alone, and not among five systems, is not settled."""
    report = of_judge(0.6, 30, ("one", "two", "three", "four", "five"), seed=3)
    row = report.of("one", "judge:j")
    assert 2 * min(row.p_down, row.p_up) <= 0.05 < row.p_adjusted
    assert row.verdict == "not_enough_evidence" and row.needed > 150
    for row in report.findings:
        assert (row.needed is None) == (row.equivalent or row.p_adjusted <= 0.05)


def test_both_tails_of_a_test_are_exact():
    one, two = (of_judge(9.0).of(name, "judge:j") for name in ("one", "two"))
    assert one.p_up == pytest.approx(two.p_down, rel=1e-6) and 0 < one.p_up < 1e-17
    assert one.p_adjusted == pytest.approx(two.p_adjusted, rel=1e-6)


def test_a_share_below_the_band_that_ties_do_not_allow_has_no_differential():
    predictions, references = written()
    report = reported(predictions, references, scorers="exact", ratings=graded())
    for row in report.findings:
        refused = {
            str(one["alpha"]) for one in row.false_negatives if one["fnr"] is None and one["threshold"] == "pooled"
        }
        assert refused == {"0.05", "0.1", "0.25", "0.5"}
        assert all(one.value is None and "ties" in one.reason for one in row.differential_fnr_at.values())


def test_systems_that_tie_share_their_places():
    """Whoever is named first is neither more often first nor last where scores do not tell systems apart."""
    predictions, references = written(names=("one", "two", "three"))
    predictions["two"] = predictions["one"][20:] + predictions["one"][:20]
    references = references[:20] * 2
    predictions["one"][20:] = predictions["one"][:20]
    predictions["two"] = list(predictions["one"])
    ratings = graded(names=("one", "two", "three"))
    ratings = [Rating(r.id, "two", r.value) for r in ratings if r.system == "one"] + [
        r for r in ratings if r.system != "two"
    ]
    found = reported(predictions, references, scorers="exact", ratings=ratings).sections["ranking"]
    for row in found["scorers"][0]["systems"]:
        assert (row["first"], row["last"]) == pytest.approx((1 / 3, 1 / 3))
    people = {row["system"]: row for row in found["people"]}
    assert people["one"]["first"] == people["two"]["first"] and people["one"]["last"] == people["two"]["last"]
    assert sum(row["first"] for row in found["people"]) == pytest.approx(1)


def test_the_finding_says_how_sure_it_is_whom_people_rank_first():
    """They rank the second first in 40 items, and barely in 39."""
    predictions, references = written()
    predictions["one"] = [f"{row[0]} now" for row in references]
    ratings = [Rating(str(n + 1), name, (3.0, 3.5 + n % 2)[name == "two"]) for n in range(40) for name in predictions]
    assert (
        "People rank two first (probability 1.00); token_f1 ranks it last"
        in reported(predictions, references, ratings=ratings).finding
    )


def test_items_that_all_say_the_same_leave_an_interval_by_their_number():
    """Five items in people's order are no proof: five coins do that, too; shares stay between 0 and 1."""
    for items, side in ((5, False), (30, True)):
        predictions, references = written(items)
        ratings = [
            Rating(str(n + 1), s, float(n % 2 + (2 + n % 3) * (s == "two"))) for n in range(items) for s in predictions
        ]
        verdicts = [Rating(r.id, r.system, r.value / 9) for r in ratings]
        report = reported(predictions, references, ratings=ratings, judges={"j": verdicts})
        said = next(row for row in report.scorers if row["scorer"] == "judge:j")
        right, lost = said["accuracy"], report.of("two", "judge:j").contradiction
        assert (right.value, right.high, lost.value, lost.low) == (1.0, 1.0, 0.0, 0.0)
        assert right.low == pytest.approx(0.025 ** (1 / items)) and lost.high == pytest.approx(1 - right.low)
        assert said["sides_with_people"] is side and ("constant" in said["not_better_than"]) is not side
        pair = report.sections["pairs"]["scorers"][0]["pairs"][0]["contradiction"]
        assert 0 <= pair.low <= pair.value <= pair.high <= 1


def test_grades_that_systems_tell_are_refused_in_words():
    """Every output of a system is graded as its item's others, a point above: that is a system, or quality."""
    predictions, references = written(30)
    ratings = [Rating(str(n + 1), s, float(n % 2 + (s == "two"))) for n in range(30) for s in predictions]
    row = reported(predictions, references, ratings=ratings).of("one", "token_f1")
    assert row.verdict == "not_enough_evidence" and "cannot be told apart" in row.matched_difference.reason


def test_a_control_gives_an_output_one_score_however_often_it_is_compared():
    """The spread of the random control is that of scorers that draw a score for every output."""
    names = ("one", "two", "three", "four")
    predictions, references = written(names=names)
    rng = np.random.default_rng(3)
    choices = [
        Preference(str(n + 1), a, b, "ab"[rng.integers(2)]) for n in range(40) for a, b in combinations(names, 2)
    ]
    plan = ReportPlan(permutations=99, draws=2000, resamples=100)
    report = reported(predictions, references, preferences=choices, plan=plan)
    evidence, one = report.known.evidence, report.known.scorers[0]
    scores = rng.standard_normal((2000, evidence.outputs))[:, evidence.output]
    spread = one.design.within(evidence.scores[0]).std()
    real = spread * np.std([evidence.design.differences(row).value for row in scores], axis=0)
    assert one.noise.drawn["random"].std(axis=0) == pytest.approx(real, rel=0.1)


def test_shares_of_causes_are_shares():
    """Few outputs have a cause or not; the interval of a share knows no less than none and no more than all."""
    predictions, references = written(36, ("one", "two", "three"))
    ratings = graded(36, ("one", "two", "three"))
    plan = ReportPlan(permutations=99, draws=100, resamples=100, valid={"": 4})
    found = reported(predictions, references, plan=plan, ratings=ratings).plain()["attribution"]["scorers"][0]
    sides = [row[side] for row in found["causes"] for side in ("penalised", "unpenalised")]
    sides += [found["sent_back"][side] for side in ("penalised", "unpenalised")] + [found["back_in_band"]]
    told = [side for side in sides if side["low"] is not None]
    assert len(told) > 6 and all(0 <= side["low"] < side["high"] <= 1 for side in told)


def test_what_a_model_inferred_does_not_penalise():
    """Nor does one judged output, which has no interval, hide what many rated ones say."""
    predictions, references = written(6)
    row = reported(predictions, references, ratings=graded(6)).findings[0]
    gap, one = Estimate(0.3, 0.2, 0.4, 50), Estimate(0.1, None, None, 1)
    assert valid_gap(replace(row, gap_valid={"inferred": gap})) is None
    assert valid_gap(replace(row, gap_valid={"judged": one, "rated": gap, "inferred": one})) == gap


def test_items_that_all_say_the_same_are_as_sure_as_their_number():
    """A judge that gives one system 1 and the other 0, in eight items."""
    predictions, references = written(8)
    verdicts = [Rating(str(n + 1), name, float(name == "one")) for n in range(8) for name in predictions]
    report = reported(predictions, references, ratings=graded(8), judges={"j": verdicts}, plan=PLAN)
    row = report.of("one", "judge:j")
    assert row.p_up == pytest.approx(0.5**8) and row.p_adjusted == pytest.approx(0.5**7)


def test_numbers_that_are_turned_round_say_so():
    predictions, references = written()
    ratings = graded(criterion="errors")
    ranking = reported(predictions, references, "ter", ratings=ratings, criterion="errors:lower").sections["ranking"]
    assert ranking["people"][0]["value"] < 0 and ranking["scorers"][0]["systems"][0]["value"] < 0
    assert ranking["by"][2] == "errors, ter turned round, for lower is better"


@pytest.mark.filterwarnings("error")
def test_a_part_without_outputs_has_a_reason_and_no_warning_of_arithmetic():
    predictions, references = written()
    plan = ReportPlan(permutations=99, draws=100, resamples=100, valid={"": 9})
    part = reported(predictions, references, plan=plan, ratings=graded()).of("one", "token_f1").checks[0]
    assert part["n"] == 0 and part["difference"].value is None


def test_a_system_is_called_above_the_band_only_beyond_a_reference_in_its_place():
    row = of_judge(9.0).of("one", "judge:j")
    up = replace(row, verdict="relative_misranking", p_rewarded=0.01, gap=Estimate(-0.02, -0.03, -0.01, 40))
    for least, said in ((-0.01, True), (-0.05, False)):
        held_out = Estimate(0.0, least, -least, 40)
        assert ("above the human band" in sentence("f1", [up], held_out)) is said
