"""`geneval agree` as a user meets it: exit codes, stdout, stderr, files."""

from __future__ import annotations

import csv
import io
import json
import random

import pytest
from typer.testing import CliRunner

from geneval.cli import app

WORDS = ["a", "the", "cat", "dog", "red", "big", "small", "house", "tree", "runs", "sits", "on", "in", "of", "park"]


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Outputs of three systems with references and ratings, preferences, and a run."""
    place, rng = tmp_path_factory.mktemp("agree"), random.Random(3)
    rows, ratings, preferences = [], [], []
    for i in range(32):
        references = [" ".join(rng.choices(WORDS, k=6)) for _ in range(2)]
        shares = {"good": 0.8, "=fair": 0.5, "poor": 0.2}
        outputs = {
            s: " ".join(w if rng.random() < p else rng.choice(WORDS) for w in references[0].split())
            for s, p in shares.items()
        }
        grades = {
            s: {"quality": round(5 * p) + rng.choice([-1, 0, 1]), "errors": 3 - round(3 * p)} for s, p in shares.items()
        }
        rows.append({"id": str(i), "references": references, "outputs": outputs, "ratings": grades})
        ratings += [{"id": str(i), "system": s, "value": g["quality"]} for s, g in grades.items()]
        for rater in "xyz":
            winner = rng.choice(["a", "a", "a", "b", "tie"])
            preferences.append({"id": str(i), "a": "good", "b": "poor", "winner": winner, "annotator": rater})
    write(place / "outputs.jsonl", rows)
    write(place / "ratings.jsonl", ratings)
    write(place / "preferences.jsonl", preferences)
    write(place / "ties.jsonl", [p | {"winner": "tie"} for p in preferences])
    write(place / "strange.jsonl", [p | {"winner": "left!"} for p in preferences])
    run = ["score", str(place / "outputs.jsonl"), "-s", "token_f1", "-s", "ter", "-q", "-o", str(place / "run")]
    assert CliRunner().invoke(app, run).exit_code == 0
    return place


@pytest.fixture
def agree(folder, monkeypatch):
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "160")

    def run(*arguments, code=0):
        quick = ["--resamples", "40", "--permutations", "40"]
        done = CliRunner().invoke(app, ["agree", *map(str, arguments), *quick])
        assert done.exit_code == code, done.output
        return done

    return run


def test_results_go_to_stdout_and_talk_to_stderr(agree):
    done = agree("run", "--ratings", "ratings.jsonl")
    printed = json.loads(done.stdout)
    assert printed["schema"] == "geneval.agree/1" and printed["warnings"]
    row = next(
        r
        for r in printed["agreement"]
        if (r["statistic"], r["grouping"], r["scorer"]) == ("pearson", "none", "token_f1")
    )
    assert row["low"] < row["value"] < row["high"] and row["n"] == 96
    assert set(row["baseline"]) == {"constant", "random"}
    assert "warning: lower is better: turned around" in done.stderr
    assert agree("run", "--ratings", "ratings.jsonl", "-q").stderr == ""


def test_a_run_and_its_outputs_agree_alike(agree):
    """The run's segment scores are those that the files get when they are scored anew; the ratings come with them."""
    rows = []
    for arguments in (["run", "--ratings", "outputs.jsonl"], ["outputs.jsonl", "-s", "token_f1", "-s", "ter"]):
        printed = json.loads(agree(*arguments, "--criterion", "quality", "--test", "none", "-q").stdout)
        rows.append([{**row, "signature": ""} for row in printed["agreement"]])
        assert printed["differences"] == []
    assert rows[0] == rows[1]


def test_tables(agree):
    done = agree(
        "run",
        "--ratings",
        "outputs.jsonl",
        "--criterion",
        "quality",
        "--preferences",
        "preferences.jsonl",
        "--without",
        "poor",
        "--format",
        "table",
        code=2,
    )
    assert "without poor no preference is left" in done.stderr
    done = agree(
        "run", "--ratings", "outputs.jsonl", "--criterion", "quality", "--without", "poor", "--format", "table"
    )
    assert "Outputs, by item, quality, without poor: 64 outputs" in done.stdout
    assert "Systems, by their corpus scores, quality: 3 systems" in done.stdout
    assert "(constant)" in done.stdout and "(random)" in done.stdout and "perm-both, Holm" in done.stdout
    done = agree("run", "--preferences", "preferences.jsonl", "--format", "markdown")
    assert "| one rater, the others |" in done.stdout and "**Choices between two outputs: 32 pairs" in done.stdout


def test_every_printed_number_is_in_the_json(agree):
    options = ["run", "--ratings", "ratings.jsonl", "--grouping", "none", "-s", "token_f1", "-q"]
    rows = json.loads(agree(*options).stdout)["agreement"]
    first = [row for row in rows if row["level"] == "segment"]

    def shown(number):
        return f"{number:.3f}".replace("0.", ".", 1)

    cells = [f"{shown(r['value'])} [{shown(r['low'])}, {shown(r['high'])}]" for r in first]
    assert f"| token_f1 | {' | '.join(cells)} |" in agree(*options, "--format", "markdown").stdout


def test_other_formats_are_what_they_say(agree):
    rows = list(csv.DictReader(io.StringIO(agree("run", "--ratings", "ratings.jsonl", "--format", "csv").stdout)))
    assert {row["level"] for row in rows} == {"segment", "system", "corpus"}
    assert rows[0]["random"] and not rows[0]["constant"]
    latex = agree("run", "--ratings", "ratings.jsonl", "--format", "latex").stdout
    assert "\\begin{tabular}" in latex and "token\\_f1" in latex


def test_a_picture_of_several_numbers_of_references(agree, tmp_path):
    place = tmp_path / "curves.svg"
    options = ["outputs.jsonl", "-s", "token_f1", "-k", 1, "-k", 2, "--criterion", "errors:lower", "--svg", place]
    done = agree(*options, "--format", "table")
    assert place.read_text(encoding="utf-8").startswith("<svg") and f"written: {place}" in done.stderr
    assert "stops rising" in done.stdout and "k=2" in done.stdout
    assert "never overwritten" in agree(*options, code=2).stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nowhere", "--ratings", "ratings.jsonl"], 3, "no such run directory or file"),
        (["run"], 2, "give --ratings or --preferences"),
        (["run", "--ratings", "nowhere.jsonl"], 3, "nowhere.jsonl"),
        (["run", "--ratings", "outputs.jsonl"], 2, "quality (96), errors (96); pick with --criterion NAME"),
        (["run", "outputs.jsonl", "--ratings", "ratings.jsonl"], 2, "give one run, or files of outputs alone"),
        (["run", "--ratings", "ratings.jsonl", "-k", "2"], 2, "this run is scored"),
        (["run", "--ratings", "ratings.jsonl", "-r", "outputs.jsonl"], 2, "this run is scored"),
        (["run", "--ratings", "ratings.jsonl", "-s", "blue"], 2, "the run has no scorer 'blue'"),
        (["outputs.jsonl", "--criterion", "quality", "-s", "blue"], 2, "did you mean bleu?"),
        (["run", "--ratings", "ratings.jsonl", "--svg", "x.svg"], 2, "score with -k 1 -k 2"),
        (["run", "--ratings", "ratings.jsonl", "--svg", "no/x.svg"], 2, "there is no folder no"),
        (["run", "--ratings", "ratings.jsonl", "--grouping", "items"], 2, "--grouping"),
        (["run", "--ratings", "ratings.jsonl", "--test", "bla"], 2, "write STATISTIC/GROUPING"),
        (["run", "--ratings", "ratings.jsonl", "--without", "nobody"], 2, "the run has: good, =fair, poor"),
        (["run", "--preferences", "ties.jsonl"], 3, "people call every pair a tie"),
        (["run", "--preferences", "strange.jsonl"], 3, "one of a, b, tie, both_bad, skip is due"),
    ],
)
def test_what_is_refused(agree, arguments, code, said):
    assert said in " ".join(agree(*arguments, code=code).stderr.split())


def test_columns_of_ratings_can_be_named(agree, folder):
    """As the error says that tells of a missing one."""
    rows = [json.loads(line) for line in (folder / "ratings.jsonl").read_text("utf-8").splitlines()]
    write(folder / "grades.jsonl", [{"id": r["id"], "system": r["system"], "grade": r["value"]} for r in rows])
    named = ("run", "--ratings", "grades.jsonl", "--test", "none", "--grouping", "none")
    assert "--column value=NAME" in agree(*named, code=3).stderr
    plain = agree("run", "--ratings", "ratings.jsonl", "--test", "none", "--grouping", "none").stdout
    assert agree(*named, "--column", "value=grade").stdout == plain
    texts = ("said.jsonl", "-s", "token_f1", "--test", "none", "--grouping", "none")
    outputs = [json.loads(line) for line in (folder / "outputs.jsonl").read_text("utf-8").splitlines()]
    write(folder / "said.jsonl", [{"id": r["id"], "refs2": r["references"], "outputs": r["outputs"]} for r in outputs])
    both = ("--column", "references=refs2", "--column", "value=grade")
    apart = json.loads(agree(*texts, "--ratings", "grades.jsonl", *both).stdout)
    assert (
        apart["agreement"]
        and "--column value=NAME" in agree(*texts, "--ratings", "grades.jsonl", *both[:2], code=3).stderr
    )
