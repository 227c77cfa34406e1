"""`geneval probe` as a user meets it: exit codes, stdout, stderr, the picture."""

from __future__ import annotations

import csv
import io
import json
from xml.dom import minidom

import pytest
from typer.testing import CliRunner

from geneval.cli import app

PAIRS = [
    {"id": "1", "class": "number", "references": ["two dogs"], "valid": "a pair of dogs", "invalid": "three dogs"},
    {"id": "2", "class": "number", "references": ["one cat"], "valid": "one small cat", "invalid": "ten goats"},
    {"id": "3", "class": "colour", "references": ["a red car"], "valid": "the car is red", "invalid": "car the is red"},
]


@pytest.fixture
def probe(tmp_path, monkeypatch):
    """Runs the command in a folder with a file of pairs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    (tmp_path / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in PAIRS), encoding="utf-8")

    def run(*arguments, code=0):
        done = CliRunner().invoke(app, ["probe", *map(str, arguments)])
        assert done.exit_code == code, done.output
        return done

    return run


OWN = ["--pairs", "pairs.jsonl"]


def test_results_go_to_stdout_and_talk_to_stderr(probe):
    done = probe("token_f1", *OWN)
    printed = json.loads(done.stdout)
    assert (printed["schema"], printed["pairs"]["classes"]) == ("geneval.probe/1", {"number": 2, "colour": 1})
    rows = {(row["scorer"], row["class"]): row for row in printed["contrasts"] + printed["controls"]}
    assert rows["token_f1", "number"]["rate"] == 0.5 and rows["token_f1", "number"]["wins"] == 1
    assert rows["token_f1", "colour"]["ties"] == 1
    assert rows["longer text", "number"]["rate"] == 1.0
    assert printed["wrong"] == []
    assert "warning: fewer than 30 pairs of number, colour are scored" in done.stderr
    assert probe("token_f1", *OWN, "-q").stderr == ""


def test_shipped_pairs_are_there_without_a_file(probe):
    printed = json.loads(probe("exact", "--class", "negation", "--class", "hyponym", "-q").stdout)
    assert list(printed["pairs"]["classes"]) == ["negation", "hyponym"]
    assert min(printed["pairs"]["classes"].values()) >= 30
    assert printed["warnings"] == []


def test_scorers_are_those_of_score_unless_named(probe):
    printed = json.loads(probe(*OWN, "-q").stdout)
    assert [row["scorer"] for row in printed["contrasts"]][::2][:3] == ["bleu", "chrf", "rouge(kind='L')"]


def test_the_table_has_numbers_and_says_what_they_mean(probe):
    printed = probe("token_f1", *OWN, "--format", "table", "-q").stdout
    lines = [[cell.strip() for cell in line.split("│")] for line in printed.splitlines() if "│" in line]
    assert lines == [
        ["number", "50 [9, 91]", "100 [34, 100]", "2"],
        ["colour", "50 [5, 95] =1", "50 [5, 95] =1", "1"],
    ]
    assert "a tie counts half" in printed and "50 is what a coin gets" in printed
    assert "token_f1(tokenizer='unicode', reduce='best')" in printed


def test_pairs_that_are_wrong_are_shown(probe):
    printed = probe("token_f1", *OWN, "--show", 1, "--format", "table", "-q").stdout
    assert "token_f1, number: 1 wrong, 0 tied of 2\n  1\n    reference        two dogs\n" in printed
    assert "    valid 0.3333     a pair of dogs\n    invalid 0.5      three dogs\n" in printed
    assert "token_f1, colour: 0 wrong, 1 tied of 1\n  3 (tie)\n" in printed
    markdown = probe("token_f1", *OWN, "--show", 1, "--format", "markdown", "-q").stdout
    assert "**token_f1, number: 1 wrong, 0 tied of 2**" in markdown and "  - invalid 0.5: three dogs" in markdown
    (first, _) = json.loads(probe("token_f1", *OWN, "--show", 1, "-q").stdout)["wrong"]
    assert (first["id"], first["invalid"], first["outcome"]) == ("1", "three dogs", "wrong")


def test_other_formats_are_what_they_say(probe):
    rows = list(csv.DictReader(io.StringIO(probe("ter", *OWN, "--format", "csv", "-q").stdout)))
    assert [(row["scorer"], row["class"], row["control"]) for row in rows] == [
        ("ter", "number", "false"),
        ("ter", "colour", "false"),
        ("longer text", "number", "true"),
        ("longer text", "colour", "true"),
    ]
    assert probe("ter", *OWN, "--format", "latex", "-q").stdout.startswith(
        "\\begin{tabular}{lrrr}\n\\toprule\n{}class & ter"
    )


@pytest.mark.parametrize("form", ["json", "csv", "table", "markdown", "latex"])
def test_texts_cannot_steer_what_is_printed(probe, tmp_path, form):
    odd = "x\x1b[2J\x9b31m\u202e"
    row = {"id": odd, "class": odd, "references": [f"{odd}r"], "valid": f"{odd} v", "invalid": odd}
    (tmp_path / "odd.jsonl").write_text(json.dumps(row), encoding="utf-8")
    show = ["--show", 1] if form in {"json", "table", "markdown"} else []
    printed = probe("exact", "--pairs", "odd.jsonl", "--format", form, "-q", *show).stdout
    assert not set(printed) & set("\x1b\x9b\u202e")


def test_the_picture_is_drawn_and_never_over_another(probe, tmp_path):
    done = probe("token_f1", *OWN, "--svg", "map.svg")
    assert "written: map.svg" in done.stderr
    minidom.parse(str(tmp_path / "map.svg"))  # noqa: S318 - our own
    assert sorted(path.name for path in tmp_path.iterdir()) == ["map.svg", "pairs.jsonl"]
    again = probe("token_f1", *OWN, "--svg", "map.svg", code=2)
    assert "map.svg is there already; results are never overwritten" in again.stderr and again.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["blue"], 2, "did you mean bleu?"),
        (["exact", "exact"], 2, "scorer exact is given twice"),
        (["exact", "--class", "negatoin"], 2, "no pair is of the class 'negatoin'; the classes are negation,"),
        (["exact", "--show", "-1"], 2, "--show -1 does not fit; allowed: 0 or more pairs"),
        (["exact", "--show", "1", "--format", "csv"], 2, "--show is for table, json and markdown"),
        (["exact", "--confidence", "1"], 2, "confidence=1.0 does not fit"),
        (["exact", "--column", "id=x"], 2, "no file is named"),
        (["exact", "--fail-on-error", "-1"], 2, "0 or more outputs"),
        (["exact", *OWN, "--column", "good=x"], 2, "no column 'good' to set"),
        (["exact", "--svg", "no/map.svg"], 2, "there is no folder no"),
        (["exact", "--pairs", "nowhere.jsonl"], 3, "nowhere.jsonl: no such file"),
        (["bleu(tokenizer='ja-mecab')"], 6, "pip install"),
    ],
)
def test_every_way_to_go_wrong_has_its_exit_code_and_says_why(probe, arguments, code, said):
    done = probe(*arguments, code=code)
    assert said in done.stderr and done.stdout == ""


def test_a_scorer_that_cannot_score_all_exits_with_4(probe, tmp_path):
    long = {"id": "4", "class": "number", "references": ["r"], "valid": "v" * 20_001, "invalid": "i"}
    (tmp_path / "long.jsonl").write_text("".join(json.dumps(row) + "\n" for row in [*PAIRS, long]), encoding="utf-8")
    done = probe("rouge(kind='Lsum')", "--pairs", "long.jsonl", code=4)
    assert "rouge(kind='Lsum') could not score 1 of 4 pairs; --fail-on-error 0 allows fewer" in done.stderr
    assert json.loads(done.stdout)["contrasts"][0]["n_failed"] == 1
    probe("rouge(kind='Lsum')", "--pairs", "long.jsonl", "--fail-on-error", 1)
    (tmp_path / "long.jsonl").write_text(json.dumps(long), encoding="utf-8")
    none = probe("rouge(kind='Lsum')", "--pairs", "long.jsonl", "--fail-on-error", 9, code=4)
    assert "not that there is no score at all" in none.stderr
