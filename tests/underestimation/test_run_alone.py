"""A report of a run alone: its files are read again, if they are what they were."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from typer.testing import CliRunner

import geneval
from geneval.cli import app
from geneval.data import read_inputs

WORDS = ["red", "blue", "old", "new", "cat", "dog", "bird", "sits"]


def command(*given, text=None):
    return CliRunner().invoke(app, [*map(str, given)], input=text)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Outputs under a name of their own, a file of references, and grades; here."""
    rng = np.random.default_rng(0)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    texts = {name: [{"id": n, "said": " ".join(rng.choice(WORDS, 4))} for n in range(20)] for name in ("a", "b")} | {
        "refs": [{"id": n, "references": [" ".join(rng.choice(WORDS, 5)) for _ in range(2)]} for n in range(20)]
    }
    texts["grades"] = [{"id": n, "system": s, "value": int(rng.integers(1, 6))} for n in range(20) for s in ("A", "B")]
    for name, rows in texts.items():
        (tmp_path / "data" / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    done = command(
        *("score", "A=data/a.jsonl", "B=data/b.jsonl", "-r", "data/refs.jsonl", "--column", "output=said"),
        *("-s", "token_f1", "-o", "run", "-q"),
    )
    assert done.exit_code == 0, done.output
    return tmp_path


def report(*given):
    return command("report", *given, "--ratings", "data/grades.jsonl", "--format", "json")


@pytest.mark.usefixtures("folder")
def test_the_files_of_a_run_are_read_again_as_they_were():
    done = report("run")
    assert done.exit_code == 0, done.output
    assert "read again, as run was made of them: a.jsonl, b.jsonl, refs.jsonl" in done.stderr
    named = report("run", "A=data/a.jsonl", "B=data/b.jsonl", "-r", "data/refs.jsonl", "--column", "output=said")
    assert json.loads(done.stdout) == json.loads(named.stdout)


def test_from_elsewhere_they_are_found_above_the_run(folder, monkeypatch):
    shutil.move(folder / "run", folder / "data")
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    # another file of that name, here: its content tells that it is not the one
    (folder / "elsewhere" / "data").mkdir()
    (folder / "elsewhere" / "data" / "a.jsonl").write_text("{}", encoding="utf-8")
    done = command("report", "../data/run", "--ratings", "../data/grades.jsonl", "--format", "json", "-q")
    assert done.exit_code == 0, done.output


def test_a_run_of_python_knows_its_files(folder):
    inputs = read_inputs(["A=data/a.jsonl"], references=["data/refs.jsonl"], columns={"output": "said"})
    saved = geneval.evaluate(inputs, ["token_f1"]).save(folder / "mine")
    found = geneval.Result.open(saved).reading
    assert found == inputs.reading and [spec.label for spec in found.outputs] == ["A"]


@pytest.mark.parametrize(
    ("spoil", "code", "said"),
    [
        (lambda data: (data / "b.jsonl").unlink(), 3, "data/b.jsonl, which run was made of, is not there any more"),
        (
            lambda data: (data / "refs.jsonl").write_text("{}", encoding="utf-8"),
            3,
            "data/refs.jsonl is not what run was made of",
        ),
    ],
)
def test_a_file_that_is_gone_or_changed_is_named(folder, spoil, code, said):
    spoil(folder / "data")
    done = report("run")
    assert done.exit_code == code and said in done.stderr and "give the outputs that were scored" in done.stderr


def test_an_older_run_and_stdin_are_refused(folder):
    manifest = json.loads((folder / "run" / "manifest.json").read_text(encoding="utf-8"))
    del manifest["reading"]
    (folder / "run" / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    done = report("run")
    assert done.exit_code == 2 and "does not say which files they were of" in done.stderr
    row = json.dumps({"id": 1, "output": "a cat", "references": ["a cat"], "system": "x"})
    assert command("score", "-", "-s", "exact", "-o", "piped", "-q", text=row).exit_code == 0
    done = report("piped")
    assert done.exit_code == 2 and "standard input, which cannot be read again" in done.stderr


@pytest.mark.usefixtures("folder")
def test_options_of_reading_are_refused_beside_a_run_alone():
    done = report("run", "--column", "output=said")
    assert done.exit_code == 2 and "--column is about files" in done.stderr
