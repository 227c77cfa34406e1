"""`geneval blend` as a user meets it: exit codes, stdout, stderr, files."""

from __future__ import annotations

import json
import random

import pytest
from typer.testing import CliRunner

from geneval.cli import app

WORDS = ["a", "the", "cat", "dog", "red", "big", "small", "house", "tree", "runs", "sits", "on", "in", "of", "park"]
SHARES = {"good": 0.9, "fair": 0.6, "poor": 0.3}


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run of three systems, and preferences that like words of the reference and dislike repetition."""
    place, rng = tmp_path_factory.mktemp("blend"), random.Random(3)
    rows, votes = [], []
    for i in range(60):
        first = rng.sample(WORDS, 8)
        outputs, worth = {}, {}
        for name, share in SHARES.items():
            text = [w if rng.random() < share else rng.choice(WORDS) for w in first]
            again = rng.random() < 0.5
            outputs[name] = " ".join(text[:4] * 2 if again else text)
            worth[name] = len(set(text) & set(first)) - 4 * again
        rows.append({"id": str(i), "references": [" ".join(first)], "outputs": outputs})
        for a, b in (("good", "fair"), ("poor", "good"), ("fair", "poor")):
            gap = worth[a] - worth[b] + rng.choice([-2, -1, 0, 1, 2])
            votes.append({"id": str(i), "a": a, "b": b, "winner": "tie" if gap == 0 else "a" if gap > 0 else "b"})
    write(place / "outputs.jsonl", rows)
    write(place / "votes.jsonl", votes)
    write(place / "ties.jsonl", [vote | {"winner": "tie"} for vote in votes])
    write(place / "strangers.jsonl", [vote | {"a": "x", "b": "y"} for vote in votes])
    scorers = [part for spec in ("token_f1", "chrf", "repetition(n=1)") for part in ("-s", spec)]
    done = CliRunner().invoke(app, ["score", str(place / "outputs.jsonl"), *scorers, "-q", "-o", str(place / "run")])
    assert done.exit_code == 0, done.output
    return place


@pytest.fixture
def blend(folder, monkeypatch):
    monkeypatch.chdir(folder)

    def run(*arguments, code=0):
        done = CliRunner().invoke(app, ["blend", *map(str, arguments)])
        assert done.exit_code == code, done.output
        return done

    return run


FIT = ("fit", "run", "--preferences", "votes.jsonl", "--resamples", "100")
PARTS = ("-s", "token_f1", "-s", "repetition(n=1)")


def test_from_votes_to_a_preference_rate(blend, folder):
    done = blend(*FIT, *PARTS, "-o", "mine.toml", "--svg", "mine.svg", "--format", "json")
    told = json.loads(done.stdout)
    assert told["refusal"] is None and "written: mine.toml" in done.stderr and "length alone" in done.stderr
    assert (folder / "mine.svg").read_text("utf-8").startswith("<svg")
    score = ["score", "outputs.jsonl", "-s", "blend(path='mine.toml')", "-q", "-o", "judged"]
    assert CliRunner().invoke(app, score).exit_code == 0
    rates = json.loads(blend("rate", "judged", "--baseline", "fair", "--format", "json").stdout)["rates"]
    assert {r["system"]: r["value"] > 0.5 for r in rates} == {"good": True, "poor": False}
    assert "good for" not in blend("show", "mine.toml", "--format", "markdown").stdout
    blend(*FIT, *PARTS, "-o", "mine.toml", code=2)


def test_a_blend_that_is_no_better_than_its_part_is_not_written(blend, folder):
    done = blend(*FIT, "-s", "token_f1", "-o", "single.toml", code=5)
    assert "does not beat its best part" in done.stderr and "--force" in done.stderr
    assert not (folder / "single.toml").exists()
    done = blend(*FIT, "-s", "token_f1", "-o", "single.toml", "--force")
    assert "by force" in done.stderr
    assert "Written by force" in blend("show", "single.toml", "--format", "table").stdout


@pytest.mark.parametrize("form", ["table", "markdown"])
def test_tables_tell_weights_predictions_and_systems(blend, form):
    told = blend(*FIT, *PARTS, "--nuisance", "chrf", "--format", form).stdout
    for text in ("Weights", "Nuisance", "not trained on", "best part", "left out", "Do probabilities come true"):
        assert text in told


def test_the_card_of_captions_is_shown(blend):
    told = blend("show", "captions", "--format", "markdown").stdout
    assert "Not for: captions of different items" in told and "AudioCaps-Eval" in told
    assert json.loads(blend("show", "captions", "--format", "json").stdout)["schema"] == "geneval.blend/1"


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("fit", "nowhere", "--preferences", "votes.jsonl"), 3, "no such run directory"),
        (("fit", "run", "--preferences", "nowhere.jsonl"), 3, "nowhere.jsonl"),
        (("fit", "run", "--preferences", "ties.jsonl"), 3, "every pair a tie"),
        (("fit", "run", "--preferences", "strangers.jsonl"), 3, "none of the 180 preferences"),
        ((*FIT, "-s", "bleu"), 2, "no scorer 'bleu'"),
        ((*FIT, "-o", "no/folder.toml"), 2, "there is no folder"),
        ((*FIT, "-o", "votes.jsonl"), 2, "never overwritten"),
        ((*FIT, "--l2", "-1"), 2, "l2=-1.0"),
        (("show", "nothing"), 3, "no blend can be read there"),
        (("show", "votes.jsonl"), 3, "is no TOML"),
        (("rate", "run"), 2, "the run has no blend"),
    ],
)
def test_what_does_not_fit_ends_with_a_line_and_a_code(blend, arguments, code, told):
    assert told in blend(*arguments, code=code).stderr


def test_a_file_in_place_of_a_run_says_what_to_do(blend):
    for command in (("fit", "outputs.jsonl", "--preferences", "votes.jsonl"), ("rate", "outputs.jsonl")):
        told = blend(*command, code=3).stderr
        assert "outputs.jsonl is a file, and a run directory is due" in told and "geneval score outputs.jsonl" in told


def test_changed_weights_are_told_when_they_are_shown(blend, folder):
    blend(*FIT, *PARTS, "-o", "plain.toml", "-q")
    assert "Changed since" not in blend("show", "plain.toml", "--format", "markdown").stdout
    text = (folder / "plain.toml").read_text("utf-8")
    (folder / "changed.toml").write_text(text.replace("scale = 0.", "scale = 1."), encoding="utf-8")
    assert "Changed since it was fitted" in blend("show", "changed.toml", "--format", "markdown").stdout


def test_columns_of_preferences_can_be_named(blend, folder):
    """As the error says that tells of a missing one."""
    rows = [json.loads(line) for line in (folder / "votes.jsonl").read_text("utf-8").splitlines()]
    write(folder / "named.jsonl", [{"vote" if key == "winner" else key: row[key] for key in row} for row in rows])
    named = ("fit", "run", "--preferences", "named.jsonl", "--resamples", "0", "--format", "json", *PARTS)
    assert "--column winner=NAME" in blend(*named, code=3).stderr
    assert json.loads(blend(*named, "--column", "winner=vote").stdout)["parts"]
