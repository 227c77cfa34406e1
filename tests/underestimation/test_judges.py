"""Verdicts of a judge, read from a file, are audited as one more scorer."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geneval.data import Preference, Rating, inputs_from_lists
from geneval.underestimation import ReportPlan, find_underestimation
from geneval.underestimation._judges import judges_of, shares
from geneval_references import InputError, UsageError

PLAN = ReportPlan(permutations=99, draws=100, resamples=100)
SYSTEMS = ("one", "two", "three")
ITEMS = 50


def drawn():
    """Grades of three systems' outputs, and a judge that follows them and likes `two`."""
    rng = np.random.default_rng(3)
    words = ["red", "cat", "sits", "here", "now", "old"]
    texts = {name: [" ".join(rng.permutation(words)[: 3 + n % 3]) for n in range(ITEMS)] for name in SYSTEMS}
    references = [[" ".join(rng.permutation(words)) for _ in range(3)] for _ in range(ITEMS)]
    ratings, verdicts = [], []
    for n in range(ITEMS):
        for name in SYSTEMS:
            grade = float(rng.integers(1, 6))
            ratings.append(Rating(str(n + 1), name, grade))
            verdicts.append(Rating(str(n + 1), name, grade + rng.normal() / 2 + (1.5 if name == "two" else 0.0)))
    return inputs_from_lists(predictions=texts, references=references), ratings, verdicts


@pytest.fixture(scope="module")
def data():
    return drawn()


@pytest.fixture(scope="module")
def report(data):
    inputs, ratings, verdicts = data
    return find_underestimation(inputs, ratings=ratings, scorers=["token_f1"], judges={"llm": verdicts}, plan=PLAN)


def test_a_judge_that_likes_a_system_marks_it_up(report):
    row = report.of("two", "judge:llm")
    assert (row.verdict, row.direction) == ("relative_misranking", "up")
    assert 0.7 < row.matched_difference.value < 1.3 and row.exceeds_controls
    assert "judge:llm" in report.finding


def test_what_needs_texts_is_absent_with_a_reason(report):
    row = report.of("two", "judge:llm")
    for found in (row.gap, row.percentile, row.differential_fnr):
        assert found.value is None and "read from a file" in found.reason
    assert row.p_penalised is None and list(row.false_negatives) == []
    names = {one["control"] for one in report.controls if one["scorer"] == "judge:llm"}
    assert names == {"constant", "length_only", "random", "unbiased_noise", "held_out_reference"} - {
        "held_out_reference"
    }


def test_a_judge_has_a_recipe_an_accuracy_and_a_ranking(report):
    said = next(row for row in report.scorers if row["scorer"] == "judge:llm")
    assert said["signature"].startswith(said["recipe"] + "|file:") and said["judge"]["verdicts"] == 3 * ITEMS
    assert said["accuracy"].value > 0.7 and said["sides_with_people"]
    ranked = {row["scorer"]: row for row in report.sections["ranking"]["scorers"]}
    assert ranked["judge:llm"]["systems"][0]["system"] == "two"


def test_a_judge_changes_nothing_about_scorers(data, report):
    """Not even one that judged a part of the outputs."""
    inputs, ratings, verdicts = data
    alone = find_underestimation(inputs, ratings=ratings, scorers=["token_f1"], plan=PLAN)
    some = {"llm": [row for row in verdicts if int(row.id) <= 20]}
    part = find_underestimation(inputs, ratings=ratings, scorers=["token_f1"], judges=some, plan=PLAN)
    for other in (report, part):
        assert [row for row in other.findings if row.scorer == "token_f1"] == list(alone.findings)
        assert list(other.known.findings) == list(alone.findings) and len(other.known.scorers) == 1
    assert not part.known.judges[0].texts and len(part.known.judges[0].evidence.item) == 60


def test_numbers_of_a_judge_equal_those_of_a_scorer_with_its_scores(report):
    """The matched-quality difference by least squares with a column for every item and system."""
    judge = report.known.judges[0]
    evidence, design = judge.evidence, judge.design.without_noise()
    columns = [evidence.item[:, None] == np.unique(evidence.item), evidence.system[:, None] == [0, 1]]
    columns += [evidence.grade[:, None], design.exact]
    slopes = np.linalg.lstsq(np.concatenate(columns, axis=1).astype(float), judge.scores, rcond=None)[0]
    effects = np.append(slopes[ITEMS : ITEMS + 2], 0.0)
    found = [report.of(name, "judge:llm").as_given.value for name in report.known.outputs.systems]
    assert found == pytest.approx((effects - effects.mean()).tolist(), abs=1e-9)


def test_lower_is_better_where_the_name_says_so(data, report):
    inputs, ratings, verdicts = data
    turned = [Rating(row.id, row.system, -row.value) for row in verdicts]
    found = find_underestimation(inputs, ratings=ratings, scorers=["token_f1"], judges={"llm:lower": turned}, plan=PLAN)
    assert found.of("two", "judge:llm").matched_difference == report.of("two", "judge:llm").matched_difference


def test_each_criterion_of_a_judge_is_a_column():
    rows = [Rating("1", "a", 1.0, "style"), Rating("1", "a", 2.0, "facts")]
    assert [judge.name for judge in judges_of({"llm": rows})] == ["judge:llm:style", "judge:llm:facts"]


def slow_share(votes, item, one):
    """Mean over the others of the mean of wins."""
    found = []
    for other in set(SYSTEMS) - {one}:
        mine = [vote for vote in votes if vote.id == item and {vote.a, vote.b} == {one, other}]
        won = [1.0 if getattr(vote, vote.winner, None) == one else 0.0 for vote in mine]
        halves = [0.5 if vote.winner in {"tie", "both_bad"} else 0.0 for vote in mine]
        found.append((sum(won) + sum(halves)) / len(mine))
    return sum(found) / len(found)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from(["a", "b", "tie", "both_bad"]), min_size=12, max_size=12))
def test_shares_of_wins_equal_counting(winners):
    """Three systems, two items, each pair shown both ways round."""
    pairs = [(i, a, b) for i in ("x", "y") for a in SYSTEMS for b in SYSTEMS if a != b]
    votes = [Preference(i, a, b, winner) for (i, a, b), winner in zip(pairs, winners, strict=True)]
    found = shares([*votes, Preference("x", "one", "two", "skip")], "judge:llm")
    for item in ("x", "y"):
        for name in SYSTEMS:
            assert found[item, name] == pytest.approx(slow_share(votes, item, name))
        assert sum(found[item, name] for name in SYSTEMS) == pytest.approx(1.5)


def test_pairs_that_lack_are_refused():
    votes = [Preference("x", "one", "two", "a"), Preference("x", "two", "three", "b")]
    with pytest.raises(InputError, match="1 pairs of outputs have no verdict, the first one and three for item 'x'"):
        judges_of({"llm": votes})


@pytest.mark.parametrize("rows", [[{"id": "1", "a": "one", "b": "two", "winner": "a"}], [("1", "one", 3.0)]])
def test_files_of_both_kinds_are_read(tmp_path, rows):
    written = [row if isinstance(row, dict) else dict(zip(("id", "system", "value"), row, strict=True)) for row in rows]
    path = tmp_path / "verdicts.jsonl"
    path.write_text("\n".join(map(json.dumps, written)), encoding="utf-8")
    (judge,) = judges_of([f"llm={path}"])
    (stem,) = judges_of(str(path))
    assert (judge.name, stem.name) == ("judge:llm", "judge:verdicts")
    assert judge.values[("1", "one")] == (1.0 if isinstance(rows[0], dict) else 3.0)
    with pytest.raises(UsageError, match=r"several judges are called judge:verdicts; name them"):
        judges_of([str(path), str(path)])


def test_verdicts_on_nothing_are_refused(data):
    inputs, ratings, _ = data
    judges = {"llm": [Rating("1", "nobody", 1.0)]}
    with pytest.raises(InputError, match=r"judge:llm: none of the verdicts is about an output"):
        find_underestimation(inputs, ratings=ratings, scorers=["token_f1"], judges=judges, plan=PLAN)


def test_a_file_that_does_not_fit_is_told_what_would(tmp_path):
    path = tmp_path / "verdicts.jsonl"
    path.write_text('{"id": "1", "system": "one", "score": 3}', encoding="utf-8")
    with pytest.raises(InputError, match=r"'value': no such column.*\nA judge's rows are id, system, value") as caught:
        judges_of(str(path))
    assert "--column" not in str(caught.value)


@pytest.mark.parametrize(("more", "warned"), [(0.0, True), (0.25, False)])
def test_verdicts_that_are_peoples_own_grades_are_told(data, more, warned):
    """One output that differs is enough to be a judge of one's own."""
    inputs, ratings, _ = data
    verdicts = [Rating(ratings[0].id, ratings[0].system, ratings[0].value + more), *ratings[1:]]
    found = find_underestimation(inputs, ratings=ratings, scorers=["token_f1"], judges={"me": verdicts}, plan=PLAN)
    told = "judge:me: its verdicts are just what people gave, on all 150 outputs of both"
    assert any(text.startswith(told) for text in found.warnings) is warned
