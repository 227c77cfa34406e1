"""`find_underestimation` and `geneval report`: what they say, and what they refuse."""

from __future__ import annotations

import json
from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import geneval
from geneval.cli import app
from geneval.data import Judgement, Preference, Rating, inputs_from_lists
from geneval.settings import Settings
from geneval.underestimation import ReportPlan, find_underestimation
from geneval.underestimation._band import Band, Jagged, bands_of, beside_references, permuted
from geneval.underestimation._matched import Design
from geneval.underestimation._outputs import outputs_of
from geneval_references import InputError, Reference, ReferenceSet, UsageError
from geneval_scorers import Corpus, parse

PLAN = ReportPlan(valid={"": 4}, permutations=99, draws=100, resamples=100)
FIELDS = {
    "schema",
    "finding",
    "audit",
    "systems",
    "raw",
    "controls",
    "scorers",
    "validity",
    "ranking",
    "people",
    "plan",
}
WORDS = ["red", "blue", "old", "new", "cat", "dog", "bird", "sits", "runs", "here", "there", "now"]


def drawn(items=40, seed=0):
    """Two systems and three references an item; grades of two people."""
    rng = np.random.default_rng(seed)

    def text(words):
        return " ".join(rng.choice(WORDS, words, replace=False))

    predictions = {name: [text(5 + n % 3) for n in range(items)] for name in ("one", "two")}
    references = [[text(6) for _ in range(3)] for _ in range(items)]
    ratings = []
    for n in range(items):
        for name in predictions:
            grade = rng.integers(1, 6)
            ratings += [Rating(str(n + 1), name, grade + rng.normal() / 4, None, who) for who in "ab"]
    return predictions, references, ratings


@pytest.fixture(scope="module")
def report():
    predictions, references, ratings = drawn()
    inputs = inputs_from_lists(predictions=predictions, references=references, sources=["a cat sits"] * 40)
    return find_underestimation(inputs, ratings=ratings, scorers=["token_f1", "bleu"], plan=PLAN)


def test_differences_add_up_to_nothing(report):
    for scorer in ("token_f1", "bleu"):
        rows = [row.matched_difference.value for row in report.findings if row.scorer == scorer]
        assert sum(rows) == pytest.approx(0, abs=1e-9)


def test_every_report_has_every_control(report):
    names = {"constant", "length_only", "random", "unbiased_noise", "copy_of_source", "most_frequent_reference"}
    names |= {"generic_output", "mismatched_item", "held_out_reference"}
    for scorer in ("token_f1", "bleu"):
        assert {row["control"] for row in report.controls if row["scorer"] == scorer} == names


def test_json_holds_everything_and_no_nan(report):
    found = json.loads(report.to_json(), parse_constant=pytest.fail)
    assert set(found) >= FIELDS and len(found["systems"]) == 4
    row = found["systems"][0]
    for name in ("matched_difference", "gap", "differential_fnr", "contradiction"):
        assert {"value", "low", "high", "n", "estimator"} <= set(row[name])
    assert found["scorers"][0]["signature"].startswith("token_f1(")


def test_reliability_is_estimated_where_two_people_grade(report):
    assert report.people["reliability_is"].startswith("estimated")
    assert not any("assumed" in text for text in report.warnings)


def test_same_seed_same_report(report):
    predictions, references, ratings = drawn()
    inputs = inputs_from_lists(predictions=predictions, references=references, sources=["a cat sits"] * 40)
    again = find_underestimation(inputs, ratings=ratings, scorers=["token_f1", "bleu"], plan=PLAN)
    assert again.to_json() == report.to_json()


def test_a_copy_of_the_source_that_beats_systems_is_named():
    rng = np.random.default_rng(1)
    sources = [" ".join(rng.choice(WORDS, 8, replace=False)) for _ in range(40)]
    references = [[s, s.replace("cat", "animal")] for s in sources]
    predictions = {"one": ["a cat"] * 40, "two": ["the dog"] * 40}
    ratings = [Rating(str(n + 1), name, float(n % 5)) for n in range(40) for name in predictions]
    inputs = inputs_from_lists(predictions=predictions, references=references, sources=sources)
    found = find_underestimation(inputs, ratings=ratings, scorers=["token_f1"], plan=PLAN)
    assert "copy_of_source" in found.scorers[0]["beaten_by"]


def test_one_system_gives_no_difference_and_says_why():
    predictions, references, ratings = drawn()
    inputs = inputs_from_lists(predictions={"one": predictions["one"]}, references=references)
    mine = [row for row in ratings if row.system == "one"]
    row = find_underestimation(inputs, ratings=mine, scorers=["token_f1"], plan=PLAN).of("one", "token_f1")
    assert row.verdict == "not_enough_evidence" and row.matched_difference.value is None
    assert "two systems" in row.matched_difference.reason


def test_single_references_have_no_band():
    predictions, references, ratings = drawn()
    inputs = inputs_from_lists(predictions=predictions, references=[row[0] for row in references])
    row = find_underestimation(inputs, ratings=ratings, scorers=["token_f1"], plan=PLAN).of("one", "token_f1")
    assert row.gap.value is None and row.p_penalised is None and row.matched_difference.value is not None


def test_grades_that_are_all_noise_are_refused():
    predictions, references, ratings = drawn(60)
    inputs = inputs_from_lists(predictions=predictions, references=references)
    single = [Rating(r.id, r.system, r.value + 5 * int(r.id)) for r in ratings if r.annotator == "a"]
    plan = ReportPlan(reliability=0.8, permutations=99, draws=100)
    row = find_underestimation(inputs, ratings=single, scorers=["token_f1"], plan=plan).of("one", "token_f1")
    assert row.matched_difference.value is None and "too noisy" in row.matched_difference.reason


def test_validity_by_kind_of_evidence():
    predictions, references, ratings = drawn()
    inputs = inputs_from_lists(predictions=predictions, references=references)
    judgements = [Judgement("1", predictions["one"][0], "valid", who, "g") for who in "ab"]
    found = find_underestimation(inputs, ratings=ratings, judgements=judgements, scorers=["token_f1"], plan=PLAN)
    rows = {(row["evidence"], row["system"]): row for row in found.validity}
    assert (rows["judged", "one"]["n"], rows["judged", "one"]["valid"]) == (1, 1)
    assert rows["judged", "two"]["n"] == 0 and rows["rated", "one"]["n"] == 40
    assert rows["unknown", "one"]["n"] == 0 and rows["unknown", "one"]["valid"] is None


def test_preferences_against_references_are_evidence():
    predictions, references, _ = drawn()
    predictions["two"][:12] = [row[0] for row in references[:12]]
    inputs = inputs_from_lists(predictions=predictions, references=references)
    choices = [
        Preference(str(n + 1), "one", "two", "a" if n < 30 else "b", who) for n in range(40) for who in ("x", "y")
    ]
    found = find_underestimation(inputs, preferences=choices, scorers=["token_f1"], plan=ReportPlan(permutations=99))
    assert found.audit["copies"][1]["leaked"]
    kinds = {(row["evidence"], row["system"]) for row in found.validity}
    assert ("preferred", "one") in kinds


def slow_exchange(scorer, texts, one, other):
    """m(t; T - {t, u}), asked by itself."""
    rest = [text for n, text in enumerate(texts) if n not in (one, other)]
    row = geneval.score(predictions=[texts[one]], references=[rest], scorers=[scorer], resamples=0)
    return row.columns["score"][0]


TEXT = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)


@settings(max_examples=5, deadline=None)
@given(
    st.lists(st.tuples(st.lists(TEXT, min_size=2, max_size=4), TEXT, st.none() | TEXT), min_size=1, max_size=2),
    st.sampled_from(["token_f1", "rouge(kind='1', reduce='mean')", "bleu", "coco_rouge_l", "ter"]),
)
def test_the_band_equals_asking_one_by_one(items, scorer):
    """Two systems, one of which lacks outputs; references in unequal numbers."""
    predictions = {"a": [[row[1]] for row in items], "b": [[row[2]] if row[2] else [] for row in items]}
    references = [row[0] for row in items]
    inputs = inputs_from_lists(predictions=predictions, references=references, allow_missing=True)
    found = bands_of(outputs_of(inputs, [parse(scorer)], (), Settings(), None))[0]
    for system, band in found.by_system.items():
        assert sorted(band.item.tolist()) == [n for n, row in enumerate(items) if row[1 + system] is not None]
        for place, item in enumerate(band.item.tolist()):
            texts, last = [*items[item][0], items[item][1 + system]], len(items[item][0])
            table = np.full((last + 1, last + 1), np.nan)
            for one, other in permutations(range(last + 1), 2):
                table[one, other] = slow_exchange(scorer, texts, one, other) * (-1 if scorer == "ter" else 1)
            assert band.of_output[place] == pytest.approx(table[last, :last], abs=1e-9)
            assert band.of_reference[place] == pytest.approx(table[:last, last], abs=1e-9)
            assert band.gaps[place] == pytest.approx(np.nanmean(table.T - table, axis=1), abs=1e-9)
            assert band.gaps[place].sum() == pytest.approx(0, abs=1e-9)
            for one in range(last) if last > 2 else ():
                others = [slow_exchange(scorer, texts[:-1], t, one) for t in range(last) if t != one]
                level = np.mean(others) * (-1 if scorer == "ter" else 1)
                assert band.level[place][one] == pytest.approx(level, abs=1e-9)


def test_what_scorers_learn_for_the_band_is_learned_from_references_and_outputs():
    """The document frequencies of reference sets that hold the system's outputs, where there are any."""
    predictions = {"a": [["a cat"], [], ["a red cat here"]], "b": [["a dog"]] * 3}
    references = [["the cat", "one cat"], ["a dog", "dogs"], ["cats", "a bird"]]
    inputs = inputs_from_lists(predictions=predictions, references=references, allow_missing=True)
    corpus = beside_references(outputs_of(inputs, [parse("cider")], (), Settings(), None), 0)
    joined = [[*row, *texts] for row, texts in zip(references, predictions["a"], strict=True)]
    sets = [ReferenceSet(str(n), tuple(map(Reference, row))) for n, row in enumerate(joined)]
    assert parse("cider").fit(corpus).state.hash == parse("cider").fit(Corpus(sets)).state.hash


def test_the_permutation_test_equals_all_labellings():
    """Items of unequal size, two bands of the same items, gaps that tie; on five items, then on two more."""
    rng = np.random.default_rng(5)
    first = Jagged.of([rng.integers(-3, 4, (3, 3)) / 10, rng.integers(-3, 4, (2, 4)) / 10])
    more = Jagged.of([rng.integers(-3, 4, (2, 3)) / 10])
    tables = [[first, Jagged(first.offsets, first.values**2)], [more, Jagged(more.offsets, more.values**2)]]
    parts = [[Band(np.arange(len(one)), one, one, one, one) for one in part] for part in tables]
    for place, found in enumerate(permuted(parts, 9999, 0)):
        for many, (high, low) in enumerate(found, 1):
            rows = [row for part in tables[:many] for row in part[place]]
            drawn = np.asarray([sum(labels) for labels in product(*rows)])
            seen = sum(row[-1] for row in rows)
            assert high == pytest.approx((drawn >= seen - 1e-9).mean(), abs=0.025)
            assert low == pytest.approx((drawn <= seen + 1e-9).mean(), abs=0.025)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6))
def test_differences_equal_a_regression_with_all_columns(seed):
    """Ragged data: some cells missing."""
    rng = np.random.default_rng(seed)
    item, system = (part.ravel() for part in np.meshgrid(np.arange(25), np.arange(3), indexing="ij"))
    kept = np.flatnonzero((rng.random(75) < 0.8) | (item < 5))
    item, system = item[kept], system[kept]
    quality, exact, score = rng.normal(size=(len(kept), 2)), rng.normal(size=(len(kept), 1)), rng.normal(size=len(kept))
    design = Design(("a", "b", "c"), item, item, system, quality, np.zeros_like(quality), exact)
    columns = [item[:, None] == np.unique(item), system[:, None] == [0, 1], quality, exact]
    slopes = np.linalg.lstsq(np.concatenate(columns, axis=1).astype(float), score, rcond=None)[0]
    effects = np.append(slopes[len(np.unique(item)) :][:2], 0.0)
    assert design.differences(score).value == pytest.approx(effects - effects.mean(), abs=1e-8)


def test_nothing_that_people_said_is_refused():
    predictions, references, _ = drawn(4)
    inputs = inputs_from_lists(predictions=predictions, references=references)
    with pytest.raises(InputError, match="needs what people said"):
        find_underestimation(inputs, scorers=["token_f1"])


@pytest.mark.parametrize("scorer", ["repetition(n=2)", "distinct_n"])
def test_scorers_of_something_else_are_refused(scorer):
    predictions, references, ratings = drawn(4)
    inputs = inputs_from_lists(predictions=predictions, references=references)
    with pytest.raises(UsageError, match="leave it out of a report"):
        find_underestimation(inputs, ratings=ratings, scorers=[scorer])


@pytest.mark.parametrize("option", [{"reliability": 0}, {"margin": -1.0}, {"confidence": 1.0}, {"draws": 3}])
def test_options_out_of_range_are_refused(option):
    with pytest.raises(UsageError, match="does not fit"):
        ReportPlan(**option)


@pytest.fixture
def files(tmp_path):
    predictions, references, ratings = drawn()
    rows = []
    for n, own in enumerate(references):
        grades = {
            name: np.mean([r.value for r in ratings if (r.id, r.system) == (str(n + 1), name)]) for name in predictions
        }
        outputs = {name: texts[n] for name, texts in predictions.items()}
        rows.append({"id": str(n + 1), "references": own, "outputs": outputs, "ratings": grades})
    path = tmp_path / "rated.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def run(*given):
    return CliRunner().invoke(app, ["report", *map(str, given)])


def test_the_command_prints_the_finding_first_and_writes_the_file(files, tmp_path):
    done = run(files, "-s", "token_f1", "--valid", "4", "-o", tmp_path / "out", "--format", "table")
    assert done.exit_code == 0, done.output
    found = json.loads((tmp_path / "out" / "underestimation.json").read_text(encoding="utf-8"))
    assert " ".join(done.stdout.split()).startswith(" ".join(found["finding"].split()))
    assert "token_f1" in done.stdout and "Matched on grade" in done.stdout
    again = run(files, "-s", "token_f1", "-o", tmp_path / "out")
    assert again.exit_code == 2 and "never overwritten" in again.output


def test_a_run_lends_its_scorers_and_what_they_learned(files, tmp_path):
    made = CliRunner().invoke(app, ["score", str(files), "-s", "cider", "-o", str(tmp_path / "run")])
    assert made.exit_code == 0, made.output
    done = run(tmp_path / "run", files, "--format", "json", "-q")
    assert done.exit_code == 0 and json.loads(done.stdout)["scorers"][0]["scorer"] == "cider"


def test_what_a_run_was_scored_with_and_a_report_is_not_is_said(files, tmp_path):
    CliRunner().invoke(app, ["score", str(files), "-s", "token_f1", "-k", "1", "-o", str(tmp_path / "run")])
    done = run(tmp_path / "run", files, "--format", "table")
    assert done.exit_code == 0 and "whole reference sets" in " ".join(done.stderr.split())


def test_judgements_are_read_from_a_file(files, tmp_path):
    text = json.loads(files.read_text(encoding="utf-8").splitlines()[0])["outputs"]["one"]
    judgement = {"id": "1", "text": text, "verdict": "valid", "annotator": "x", "guideline": "g"}
    path = tmp_path / "judgements.jsonl"
    path.write_text(json.dumps(judgement), encoding="utf-8")
    done = run(files, "--judgements", path, "-s", "token_f1", "--format", "json", "-q")
    rows = {(row["evidence"], row["system"]): row for row in json.loads(done.stdout)["validity"]}
    assert rows["judged", "one"]["valid"] == 1


def test_outputs_that_are_missing_do_not_count(files, tmp_path):
    rows = [json.loads(line) for line in files.read_text(encoding="utf-8").splitlines()]
    for row in rows[:5]:
        del row["outputs"]["two"], row["ratings"]["two"]
    rows[6]["references"] = []
    path = tmp_path / "gaps.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    done = run(path, "-s", "token_f1", "-s", "cider", "--allow-missing", "--format", "json", "-q")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert {row["system"]: row["gap"]["n"] for row in found["systems"]} == {"one": 39, "two": 34}


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        (["run", "--allow-missing"], 2, "is about files, and a run alone"),
        (["run", "rated.jsonl", "-s", "bleu"], 2, "is about scoring"),
        (["run", "other.jsonl"], 3, "not those that the run was scored against"),
        (["rated.jsonl", "--valid", "good"], 2, "write a grade"),
        (["rated.jsonl", "--component", "taste"], 2, "no ratings are of the component 'taste'"),
        (["rated.jsonl", "--criterion", "taste"], 2, "no ratings are of criterion 'taste'"),
        (["rated.jsonl", "--format", "csv"], 2, "table or json"),
        (["rated.jsonl", "--reliability", "2"], 2, "does not fit"),
    ],
)
def test_what_does_not_fit_is_refused(files, tmp_path, monkeypatch, given, code, said):
    monkeypatch.chdir(tmp_path)
    CliRunner().invoke(app, ["score", "rated.jsonl", "-s", "token_f1", "-o", "run"])
    text = files.read_text(encoding="utf-8")
    (tmp_path / "other.jsonl").write_text(text.replace("cat", "cow"), encoding="utf-8")
    done = run(*given)
    assert (done.exit_code, " ".join(done.output.split()).count(said) > 0) == (code, True), done.output
