"""`geneval gate` as a user meets it: exit codes, stdout, stderr, files; and scorers of a family that admitted."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from geneval.cli import app

ITEMS = [
    {"id": str(n), "references": [f"a cat on mat {n}", {"text": f"the cat sits on mat {n}", "tier": "unverified"}]}
    for n in range(30)
]
INFERRED = {
    "text": "one cat on a mat",
    "tier": "inferred",
    "confidence": 0.9,
    "evidence": {"families": "n-gram, minilm"},
}


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    write(tmp_path / "candidates.jsonl", ITEMS)

    def run(*arguments, code=0):
        done = CliRunner().invoke(app, [*map(str, arguments)])
        assert done.exit_code == code, done.output
        return done

    return run


def write(place, rows):
    place.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def test_without_judgements_the_command_says_what_to_do(run, tmp_path):
    done = run("gate", "candidates.jsonl", "-o", "gated")
    assert json.loads(done.stdout)["counts"]["inferred"] == 0
    assert "geneval gate --next 100" in done.stderr
    lines = (tmp_path / "gated" / "references.jsonl").read_text(encoding="utf-8").splitlines()
    tiers = [r["tier"] for line in lines for r in json.loads(line)["references"] if isinstance(r, dict)]
    assert set(tiers) == {"unverified"}
    assert not (tmp_path / "gated" / "gate.json").exists()


def test_strict_exits_with_5(run):
    assert "nothing is admitted" in run("gate", "candidates.jsonl", "--strict", "-q", code=5).stderr


def test_next_draws_candidates_to_judge(run, tmp_path):
    done = run("gate", "candidates.jsonl", "--next", "5", "-o", "draw.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "draw.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(rows) == 5 and {row["probability"] for row in rows} == {5 / 30}
    assert "keep this file as the log" in done.stderr
    again = run("gate", "candidates.jsonl", "--next", "40", "--drawn", "draw.jsonl")
    others = [json.loads(line) for line in again.stdout.splitlines()]
    assert len(others) == 25 and not {row["id"] for row in others} & {row["id"] for row in rows}
    assert "only 25 candidates are left to draw" in again.stderr


@pytest.mark.parametrize("form", ["table", "markdown", "json"])
def test_the_card_has_three_forms(run, tmp_path, form):
    rows = [
        {"id": str(n), "text": f"the cat sits on mat {n}", "verdict": "valid", "annotator": a, "guideline": "g"}
        for n in range(30)
        for a in "ab"
    ]
    write(tmp_path / "j.jsonl", rows)
    done = run("gate", "candidates.jsonl", "-j", "j.jsonl", "--encoder", "none", "--format", form)
    assert "verified" in done.stdout and "candidates to learn from" in done.stderr


# Arguments, the exit code, and what is said.
WRONG = [
    (["--precision", "1.5"], 2, "allowed: between 0 and 1"),
    (["--votes", "0"], 2, "allowed: 1 or more"),
    (["--margin", "0.7"], 2, "0 to below 0.5"),
    (["--next", "0"], 2, "allowed: 1 or more"),
    (["--next", "3", "-o", "draw.csv"], 2, "name a .jsonl file"),
    (["--judgements", "missing.jsonl"], 3, "missing.jsonl"),
    (["--drawn", "missing.jsonl"], 3, "no log of a draw"),
    (["--gate", "missing.json"], 3, "no gate can be read"),
    (["-o", "candidates.jsonl"], 2, "already"),
]


@pytest.mark.parametrize(("arguments", "code", "said"), WRONG)
def test_what_does_not_fit_is_refused(run, arguments, code, said):
    assert said in " ".join(run("gate", "candidates.jsonl", *arguments, code=code).stderr.split())


def test_scorers_of_an_admitting_family_are_named(run, tmp_path):
    write(tmp_path / "refs.jsonl", [{"id": "1", "references": ["a cat on a mat", INFERRED]}])
    write(tmp_path / "out.jsonl", [{"id": "1", "system": "s", "output": "a cat"}])
    score = ["score", "out.jsonl", "-r", "refs.jsonl", "-s", "bleu", "--resamples", "0"]
    assert "bleu is of the family n-gram, which admitted inferred references" in run(*score).stderr
    assert "of the family" not in run(*score, "--tier", "original").stderr
    assert "--strict: bleu" in run(*score, "--strict", code=5).stderr
    run(*score, "--strict", "--tier", "original")
    run("score", "out.jsonl", "-r", "refs.jsonl", "-s", "length_ratio", "--resamples", "0", "--strict")
