"""Cards, flat numbers, conditions, and references that people rated."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import geneval
from geneval.cli import app
from geneval.cli._render_card import markdown_of
from geneval.data import Inputs, Output, Rating, inputs_from_lists
from geneval.underestimation import ReportPlan, find_underestimation
from geneval.underestimation._gates import failures
from geneval.underestimation._metrics import metrics_of
from geneval_references import InputError, Reference, ReferenceSet, UsageError

PLAN = ReportPlan(permutations=99, draws=100, resamples=100)
WORDS = ["red", "blue", "old", "new", "cat", "dog", "bird", "sits", "runs", "here", "there", "now"]


def made(name, seed=0, scorers=("token_f1", "cider"), items=40):
    """Of `near`, which keeps to the references' words, and `far`, which does not and is as good."""
    rng = np.random.default_rng(seed)
    own = [rng.choice(WORDS, 8, replace=False).tolist() for _ in range(items)]
    predictions = {"near": [" ".join(o[:6]) for o in own], "far": [" ".join([*o[:2], "a", "b", "c", "d"]) for o in own]}
    references = [[" ".join(o), " ".join(o[::-1]), " ".join(o[2:] + o[:2])] for o in own]
    ratings = [Rating(str(n + 1), name, float(rng.integers(1, 6))) for n in range(items) for name in predictions]
    inputs = inputs_from_lists(predictions=predictions, references=references)
    return find_underestimation(inputs, ratings=ratings, scorers=list(scorers), plan=PLAN, name=name)


@pytest.fixture(scope="module")
def reports():
    return made("first"), made("second", 1)


@pytest.fixture
def folders(reports, tmp_path):
    return [str(report.save(tmp_path / f"report{n}")) for n, report in enumerate(reports)]


def test_a_card_holds_what_its_reports_say(reports, folders):
    """From objects, what `json.loads` gives, folders and files alike."""
    found = geneval.metric_cards(reports)
    assert found.to_dict() == geneval.metric_cards(folders).to_dict()
    mixed = [json.loads(reports[0].to_json()), f"{folders[1]}/underestimation.json"]
    assert found.to_dict() == geneval.metric_cards(mixed).to_dict()
    printed = json.loads(found.to_json())
    assert printed["schema"] == "geneval.card/1" and [card["scorer"] for card in printed["cards"]] == [
        "token_f1",
        "cider",
    ]
    row = printed["cards"][0]["data_sets"][0]
    assert (row["name"], row["items"], row["outputs"], row["evidence"]) == ("first", 40, 80, "ratings")
    finding = reports[0].of("far", "token_f1")
    (down,) = row["down"]
    assert down["system"] == "far" and down["value"] == pytest.approx(finding.standardised)
    given = finding.matched_difference
    assert down["low"] == pytest.approx(finding.standardised * given.low / given.value)
    assert row["accuracy"]["n"] == reports[0].scorers[0]["accuracy"].n
    assert row["beaten_by"] == reports[0].scorers[0]["beaten_by"]


def test_what_was_learned_from_one_data_set_makes_no_card_of_its_own(reports):
    """CIDEr has document frequencies of each data set: one recipe, two signatures."""
    (card,) = geneval.metric_cards(reports, scorers=["cider"]).cards
    signatures = {row["signature"] for row in card["data_sets"]}
    assert len(signatures) == 2 and all(one.startswith(card["signature"] + "|df:") for one in signatures)
    text = markdown_of(geneval.metric_cards(reports, scorers=["cider"]))
    assert all(f"`{one}`" in text for one in signatures)


def test_recipes_are_told_apart(reports):
    """The same name under another recipe is another card, and a warning."""
    other = reports[1].plain()
    other["scorers"][0] |= {"recipe": "token_f1(tokenizer='13a')", "signature": "token_f1(tokenizer='13a')"}
    found = geneval.metric_cards([reports[0], other], scorers=["token_f1"])
    assert [len(card["data_sets"]) for card in found.cards] == [1, 1]
    assert "token_f1 ran under 2 recipes" in found.warnings[0]


def test_other_versions_and_margins_are_told(reports):
    other = reports[1].plain() | {"geneval": "9.9"}
    other["plan"]["margin"] = 0.1
    found = geneval.metric_cards([reports[0], other])
    assert any("several versions of geneval" in text for text in found.warnings)
    assert any("several margins" in text for text in found.warnings)


def test_the_table_of_a_card_is_harmless_markdown(reports):
    hostile = reports[1].plain() | {"name": "a|b [x](y) <script>\n# z"}
    text = markdown_of(geneval.metric_cards([reports[0], hostile], scorers=["token_f1"]))
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 4 and len({line.replace("\\|", "").count("|") for line in rows}) == 1
    assert "<script" not in text.replace("\\<script", "") and "\\[x\\](y)" in text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda found: found | {"schema": "geneval.underestimation/9"},
            "schema 'geneval.underestimation/9'; this geneval",
        ),
        (lambda found: {"schema": found["schema"]}, "is no report of geneval report"),
        (lambda found: found | {"scorers": "none"}, "Expected `array`, got `str`"),
        (lambda found: found | {"name": None}, "does not say which data set"),
        (lambda found: found | {"name": "first"}, "several reports are called first"),
    ],
)
def test_reports_that_do_not_fit_are_refused(reports, change, said):
    with pytest.raises(InputError, match=r".*") as caught:
        geneval.metric_cards([reports[0], change(reports[1].plain())])
    assert said in str(caught.value)


def run(*given):
    return CliRunner().invoke(app, [*map(str, given)])


def test_the_command_prints_and_writes_cards(folders, tmp_path):
    done = run("card", *folders, "-o", tmp_path / "card.json", "--format", "markdown")
    assert done.exit_code == 0, done.output
    assert done.stdout.count("## ") == 2 and "| first |" in done.stdout
    found = json.loads((tmp_path / "card.json").read_text(encoding="utf-8"))
    assert found == json.loads(run("card", *folders, "--format", "json").stdout)
    assert "marked down (sd): far" in run("card", *folders, "--format", "table", "-s", "token_f1").stdout
    again = run("card", *folders, "-o", tmp_path / "card.json")
    assert again.exit_code == 2 and "never overwritten" in again.output
    assert run("card", tmp_path).exit_code == 3 and run("card", *folders, "-s", "bleu").exit_code == 2
    (tmp_path / "underestimation.json").write_text("{", encoding="utf-8")
    assert run("card", tmp_path).exit_code == 3


def test_no_report_is_refused():
    with pytest.raises(UsageError, match="no report is given"):
        geneval.metric_cards([])


def test_metrics_are_flat_numbers_with_stable_keys(reports, folders):
    found = json.loads(Path(folders[0], "metrics.json").read_text(encoding="utf-8"))
    assert found == metrics_of(reports[0].plain())
    assert all(type(value) in {int, float} for value in found.values())
    assert found["verdict/token_f1/relative_misranking"] + found["verdict/token_f1/penalised"] == 1
    row = reports[0].of("far", "token_f1")
    assert found["matched_difference/token_f1/far"] == row.matched_difference.value
    assert (found["marked_down/token_f1/far"], found["marked_up/token_f1/far"]) == (1, 0)
    named = reports[0].plain()
    named["systems"][0]["system"] = "a/b%"
    assert "matched_difference/token_f1/a%2Fb%25" in metrics_of(named)


def test_conditions_say_of_whom_they_hold(reports):
    found = reports[0].plain()
    assert failures(found, ["underestimated"])[0] == "underestimated: token_f1 marks far down at equal human quality"
    assert "near up, far down" in failures(found, ["relative_misranking"])[0]
    assert failures(found, ["penalised"]) == [] and failures(found, []) == []
    with pytest.raises(UsageError, match=r"no condition 'bad' to fail at; allowed: underestimated"):
        failures(found, ["bad"])


@pytest.mark.parametrize(
    ("condition", "code", "said"),
    [("underestimated", 5, "token_f1 marks far down"), ("penalised", 0, ""), ("unfair", 2, "there is no condition")],
)
def test_the_command_fails_at_conditions(tmp_path, condition, code, said):
    rng = np.random.default_rng(0)
    rows = []
    for n in range(40):
        own = rng.choice(WORDS, 8, replace=False).tolist()
        outputs = {"near": " ".join(own[:6]), "far": " ".join([*own[:2], "a", "b", "c", "d"])}
        grades = {name: float(rng.integers(1, 6)) for name in outputs}
        rows.append(
            {"id": n, "references": [" ".join(own), " ".join(own[::-1])], "outputs": outputs, "ratings": grades}
        )
    path = tmp_path / "mine.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    done = run("report", path, "-s", "token_f1", "-o", tmp_path / "out", "--fail-if", condition, "--format", "json")
    assert done.exit_code == code and said in done.output
    if code == 2:
        return
    found = json.loads((tmp_path / "out" / "underestimation.json").read_text(encoding="utf-8"))
    assert found["name"] == "mine" and (tmp_path / "out" / "metrics.json").exists()


def rated_references(grades, **options):
    """Two systems of mean 3 against references `bad` and `good`, both named."""
    rng = np.random.default_rng(2)
    ids = [str(n) for n in range(40)]
    outputs = [Output(i, name, " ".join(rng.choice(WORDS, 5))) for i in ids for name in ("one", "two")]
    sets = [
        ReferenceSet(i, tuple(Reference(" ".join(rng.choice(WORDS, 6)), origin=f"human:{name}") for name in grades))
        for i in ids
    ]
    noise = {name: rng.normal(size=40) for name in ("one", "two", *grades)}
    mean = {"one": 3.0, "two": 3.5} | grades
    ratings = [Rating(i, name, mean[name] + noise[name][n]) for n, i in enumerate(ids) for name in mean]
    inputs = Inputs(tuple(sets), tuple(outputs), ("one", "two"))
    return find_underestimation(inputs, ratings=ratings, scorers=["token_f1"], plan=PLAN, **options)


def test_a_reference_that_people_rate_below_the_systems_is_blamed():
    report = rated_references({"bad": 1.0, "good": 4.5})
    bad, good = report.sections["references"]["references"]
    assert (bad["reference"], bad["below"], bad["of"], bad["defective"]) == ("human:bad", 2, 2, True)
    assert (good["above"], good["defective"]) == (2, False)
    assert "Reference human:bad is rated below 2 of 2 systems" in report.finding
    assert "the reference is to blame" in report.finding and "human:good" not in report.finding
    assert metrics_of(report.plain())["defective_references"] == 1
    card = geneval.metric_cards([report.plain() | {"name": "x"}]).cards[0]
    assert card["data_sets"][0]["audit"]["defective_references"][0]["reference"] == "human:bad"
    assert "human:bad rated below most systems" in markdown_of(geneval.metric_cards([report.plain() | {"name": "x"}]))


def test_where_lower_is_better_a_reference_with_high_grades_is_blamed():
    report = rated_references({"bad": 6.0}, criterion=None)
    assert not report.sections["references"]["references"][0]["defective"]
    ratings = report.known.said.ratings
    errors = [Rating(row.id, row.system, row.value, "errors") for row in ratings]
    turned = find_underestimation(
        report.known.inputs, ratings=errors, criterion="errors:lower", scorers=["token_f1"], plan=PLAN
    )
    (row,) = turned.sections["references"]["references"]
    assert row["defective"] and row["grade"].value == pytest.approx(6.0, abs=0.5)
    assert all(one["difference"].value > 0 and one["below"] for one in row["systems"])


def test_without_ratings_of_references_the_section_says_why(reports):
    assert "no reference that counts has a name" in reports[0].sections["references"]["reason"]
