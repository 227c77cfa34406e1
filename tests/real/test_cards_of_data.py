"""What reports say of data where the answer is known: a bad reference, a copy of the source, people and scorers at one."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace

import pytest

import geneval
from geneval.cli._render_report import lines_of
from geneval.underestimation import ReportPlan, find_underestimation

pytestmark = pytest.mark.real

SCORERS = ["bleu", "chrf"]


@pytest.fixture(scope="module")
def cards(pytestconfig, shared):
    """benchmarks/cards.py, which makes data sets ready for reports."""
    path = pytestconfig.rootpath / "benchmarks" / "cards.py"
    spec = importlib.util.spec_from_file_location("cards_of_data", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["cards_of_data"] = module
    spec.loader.exec_module(module)
    module.DATA = shared / "data"
    yield module
    del sys.modules["cards_of_data"]


def report_on(cards, name, scorers=SCORERS, **options):
    inputs, given = cards.MADE[name]()
    plan = replace(given.pop("plan", ReportPlan()), permutations=199, draws=100, resamples=200)
    return find_underestimation(inputs, scorers=scorers, name=name, plan=plan, **given, **options)


@pytest.fixture(scope="module")
def talks(cards):
    return report_on(cards, "wmt21_ted_zhen (refB against ref)")


# The data's README: .42 for refB, 5.52 for ref; 1.65 to 2.99 for systems.
def test_the_reference_is_blamed_where_people_rate_it_below_every_system(talks):
    (row,) = talks.sections["references"]["references"]
    assert (row["reference"], row["below"], row["of"], row["defective"]) == ("human:ref", 14, 14, True)
    assert row["grade"].value == pytest.approx(-5.52, abs=0.006)
    means = {one["system"]: one["grade"].value for one in row["systems"]}
    assert (means["refB"], means["DIDI-NLP"], means["metricsystem3"]) == pytest.approx((-0.42, -1.65, -2.99), abs=0.006)
    assert "Reference human:ref is rated below 14 of 14 systems" in talks.finding
    assert "the reference is to blame before a scorer" in talks.finding


@pytest.mark.parametrize("place", range(2))
def test_people_put_the_other_reference_first_and_scorers_do_not(talks, place):
    """Its order with four systems is turned around; at equal quality the best system of people's is marked down."""
    ranking = talks.sections["ranking"]
    assert ranking["people"][0]["system"] == "refB" and ranking["people"][0]["first"] > 0.99
    row = ranking["scorers"][place]
    assert [one["system"] for one in row["systems"]].index("refB") >= 4
    flips = {flip["scorer_prefers"] for flip in row["flips"] if flip["people_prefer"] == "refB" and flip["clear"]}
    assert {"Online-W", "Facebook-AI"} <= flips
    assert talks.of("DIDI-NLP", row["scorer"]).direction == "down"


def test_of_both_references_the_bad_one_is_blamed(cards):
    report = report_on(cards, "wmt21_ted_zhen", ["chrf"])
    rows = {row["reference"]: row for row in report.sections["references"]["references"]}
    assert rows["human:ref"]["defective"] and rows["human:refB"]["above"] == 13
    assert "human:refB" not in report.finding


def test_a_copy_of_the_source_beats_simplifications(cards):
    report = report_on(cards, "asset", ["bleu"])
    for said in report.scorers:
        assert "copy_of_source" in said["beaten_by"]
    rows = {row["scorer"]: row for row in report.controls if row["control"] == "copy_of_source"}
    assert len(rows["bleu"]["above"]) > 10
    assert any("beaten by" in line and "copy of source" in line for line in lines_of(report))
    (card,) = geneval.metric_cards([report], scorers=["bleu"]).cards
    assert "copy_of_source" in card["data_sets"][0]["beaten_by"]
    assert all(row.verdict == "not_enough_evidence" and row.matched_difference.reason for row in report.findings)


# The published protocol gives .774 to .904 here (docs/protocols.md).
def test_the_printed_finding_says_that_scorers_side_with_people(cards):
    report = report_on(cards, "fense_audiocaps (HM)", [*SCORERS, "rouge(kind='L')", "cider"])
    text = " ".join(" ".join(lines_of(report)).split())
    assert "4 of 4 scorers order pairs of outputs as people do more often than not" in text
    assert all(row["sides_with_people"] and row["accuracy"].value > 0.75 for row in report.scorers)
    (card,) = geneval.metric_cards([report], scorers=["chrf"]).cards
    assert "orders pairs as people do more often than not on fense_audiocaps (HM)" in card["summary"]


def test_graded_captions_of_other_images_are_not_marked_down(cards):
    """Another image's caption that fits as well by CxC's grade: no n-gram scorer marks it down at equal grade."""
    report = report_on(cards, "coco_eccv")
    assert report.known.evidence.design.clusters == 365
    assert all(report.of("elsewhere", scorer).direction is None for scorer in SCORERS)
