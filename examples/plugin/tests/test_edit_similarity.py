"""The plug-in as its author would test it, and as its users meet it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from geneval_edit_similarity import EditSimilarity

import geneval
from geneval.testing import scorer_checks

SPECS = ["edit_similarity", "edit_similarity(ignore_case=True, reduce='mean')", "same_length"]


@pytest.mark.parametrize("check", [check for spec in SPECS for check in scorer_checks(spec)], ids=str)
def test_it_keeps_what_every_scorer_keeps(check):
    check()


# Levenshtein's own pair of words needs 3 edits; the others are counted by hand.
@pytest.mark.parametrize(
    ("text", "reference", "similarity"),
    [("kitten", "sitting", 1 - 3 / 7), ("", "abc", 0.0), ("abcd", "bc", 0.5), ("né", "ne", 0.5), ("x y", "x y", 1)],
)
def test_similarity_is_the_share_that_an_edit_keeps(text, reference, similarity):
    result = geneval.score(predictions=[text, "x"], references=[[reference], ["x"]], scorers=EditSimilarity())
    assert result.to_pandas().score[0] == pytest.approx(similarity)


def test_options_do_what_they_say():
    asked = {"predictions": ["ABC"], "references": [["abc", "abd"]], "resamples": 0}
    for spec, score in (
        ("edit_similarity", 0.0),
        ("edit_similarity(ignore_case=True)", 1.0),
        ("edit_similarity(ignore_case=True, reduce='mean')", (1 + 2 / 3) / 2),
    ):
        assert geneval.score(**asked, scorers=spec).scores[0].score == pytest.approx(score)


@pytest.fixture
def command(tmp_path):
    """Runs `geneval` beside another distribution, whose metadata is there and whose code raises."""
    info = tmp_path / "site" / "rotten-6.6.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: rotten\nVersion: 6.6\n")
    (info / "entry_points.txt").write_text(
        "[geneval.scorers]\nrotten = rotten:X\nsame_length = rotten:X\nbleu = rotten:X\n"
    )
    (tmp_path / "site" / "rotten.py").write_text("raise SystemExit('rotten to the core')")
    (tmp_path / "items.jsonl").write_text('{"id": "1", "output": "kitten", "references": ["sitting", "a kitten"]}\n')

    def run(*arguments, code=0):
        path = os.pathsep.join(filter(None, [str(tmp_path / "site"), os.environ.get("PYTHONPATH")]))
        done = subprocess.run(
            [sys.executable, "-m", "geneval", *arguments],
            capture_output=True,
            encoding="utf-8",
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": path},
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    return run


def test_the_command_line_lists_it_beside_one_that_is_broken(command):
    printed = json.loads(command("scorers").stdout)
    rows = {row["name"]: row for row in printed["scorers"]}
    assert rows["edit_similarity"]["plugin"] == "geneval-edit-similarity 0.1.0"
    assert rows["bleu"]["plugin"] is None
    broken = {(row["distribution"], row["name"]): row["error"] for row in printed["broken_plugins"]}
    assert broken["rotten", "rotten"] == "importing it raised SystemExit: rotten to the core"
    assert "geneval has a scorer 'bleu' already" in broken["rotten", "bleu"]
    both = "geneval-edit-similarity 0.1.0 (geneval_edit_similarity:same_length), rotten 6.6 (rotten:X)"
    for who in ("rotten", "geneval-edit-similarity"):
        assert both in broken[who, "same_length"]


def test_the_command_line_scores_with_it(command):
    printed = json.loads(command("score", "items.jsonl", "-s", "edit_similarity", "-s", "bleu", "-q").stdout)
    row = printed["scores"][0]
    assert row["score"] == pytest.approx(6 / 8)
    assert (
        "|edit_similarity(ignore_case=False, reduce='best')|plugin:geneval-edit-similarity-0.1.0|" in row["signature"]
    )
    assert "rotten to the core" in command("score", "items.jsonl", "-s", "rotten", code=6).stderr
    assert "none of them is used" in command("score", "items.jsonl", "-s", "same_length", code=6).stderr
