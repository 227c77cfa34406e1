"""SPICE as far as it can be run without the parsers that it needs: our side, real files, a stand-in for the jar."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from geneval_references import MissingDependencyError, Reference, ReferenceSet
from geneval_scorers import Corpus, ask_all, expected_at, full, parse
from geneval_scorers.java import JavaError
from geneval_scorers.java._packaged import find_packaged
from geneval_scorers.java._process import find_java
from geneval_scorers.java.spice import CORENLP, JAR, SceneGraphs

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-ins are scripts")

# What every stand-in begins with: it says its version, or reads what it is asked.
STAND_IN = """#!{python}
import json, os, signal, subprocess, sys, time
if sys.argv[1] == "-version":
    print({version!r}, file=sys.stderr)
    sys.exit()
at = sys.argv.index("-out")
rows, answered = json.load(open(sys.argv[at - 1])), sys.argv[at + 1]
def answer(rows):
    open(answered, "w").write(json.dumps(rows))
def score(row):
    # By the number of references, so that the tests can tell whose it is.
    f = None if row["test"] == "nothing" else len(row["refs"]) / 10
    return {{"image_id": row["image_id"], "scores": {{"All": {{"f": f}}}}}}
"""
HONEST = """
open("asked", "a").write(json.dumps([[row["test"], row["refs"]] for row in rows]) + "\\n")
open("command", "w").write(json.dumps(sys.argv))
answer([score(row) for row in rows])
"""


@pytest.fixture
def java(tmp_path, monkeypatch):
    """Puts a stand-in for Java first on PATH, and empty files where the parsers would be."""
    pytest.importorskip("pycocoevalcap", reason="needs pycocoevalcap: pip install '.[coco]'")
    parsers = tmp_path / "core nlp"
    parsers.mkdir()
    for name in CORENLP:
        (parsers / name).touch()
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setenv("GENEVAL_CORENLP", str(parsers))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.chdir(tmp_path)

    def write(script, version='openjdk version "11.0.2"'):
        program = tmp_path / "bin" / "java"
        program.parent.mkdir()
        program.write_text(STAND_IN.format(python=sys.executable, version=version) + script)
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")

    return write


ITEMS = [("A cat.", ["a dog", 'two\nbirds ||| "fly"']), ("été 🙂", ["x"]), ("nothing", ["a", "b", "c"])]


def corpus_of(items):
    sets = [ReferenceSet(str(i), tuple(map(Reference, references))) for i, (_, references) in enumerate(items)]
    return Corpus(sets, [(str(i), s, text, 0) for s in "xy" for i, (text, _) in enumerate(items)])


def answers(items=ITEMS):
    corpus = corpus_of(items)
    return ask_all(parse("spice"), corpus, full(corpus))


def test_each_question_is_asked_once_and_gets_its_own_score(java, tmp_path):
    java(HONEST)
    found = answers()
    assert found.segment[:2].tolist() == [0.2, 0.1] and np.isnan(found.segment[2])
    assert np.array_equal(found.segment[:3], found.segment[3:], equal_nan=True)
    assert found.reason == ("", "", "not_scored") * 2
    asked = [json.loads(line) for line in (tmp_path / "asked").read_text().splitlines()]
    assert asked == [[["a cat", ["a dog", "two birds | | | fly"]], ["été", ["x"]], ["nothing", ["a", "b", "c"]]]]
    assert list((tmp_path / "temporary").iterdir()) == []


def test_expected_at_k_asks_about_no_subset_twice(java, tmp_path):
    java(HONEST)
    corpus = corpus_of(ITEMS[:2])
    assert expected_at(parse("spice"), corpus, full(corpus), 1).segment.tolist() == [0.1] * 4
    asked = [tuple(map(str, row)) for line in (tmp_path / "asked").read_text().splitlines() for row in json.loads(line)]
    assert len(asked) == len(set(asked)) == 3


def test_the_jars_are_found_where_they_are_and_all_files_are_the_calls_own(java, tmp_path):
    java(HONEST)
    jar = find_packaged(JAR, "spice")
    before = {path: path.stat().st_mtime_ns for path in jar.parent.rglob("*")}
    answers()
    assert {path: path.stat().st_mtime_ns for path in jar.parent.rglob("*")} == before
    command = json.loads((tmp_path / "command").read_text())
    path = command[command.index("-cp") + 1].split(os.pathsep)
    assert path[0] == str(jar) and path[-2:] == [str(tmp_path / "core nlp" / name) for name in CORENLP]
    assert all(Path(part).is_file() for part in path) and len(path) > 15
    at = command.index("-out")
    assert all(Path(command[i]).is_relative_to(tmp_path / "temporary") for i in (at - 1, at + 1))


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("sys.exit('no parser')", "ended with exit code 1; it said: no parser"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "ended with exit code -9"),
        ("print('Could not read input')", "something else than their scores, beginning 'Could not read input"),
        ("open(answered, 'w').write('[{')", "something else than their scores, beginning '[{'"),
        ("answer([score(row) for row in rows][1:])", "something else"),
        ("answer([score(row) for row in rows][::-1])", "something else"),
        ("answer([score(row) | {'scores': {}} for row in rows])", "something else"),
        ("answer([score(row) | {'scores': {'All': {'f': 2}}} for row in rows])", "something else"),
        ("answer({})", "something else"),
        ("answer([1])", "something else"),
        ("while True: print('x' * 10_000)", "wrote more than"),
    ],
)
def test_a_program_that_answers_something_else_is_an_error_that_says_so(java, tmp_path, script, said):
    java(script)
    with pytest.raises(JavaError, match=r"^SPICE \(Java\) ") as caught:
        answers()
    assert said in str(caught.value)
    assert list((tmp_path / "temporary").iterdir()) == []


def test_a_program_that_hangs_is_ended_with_all_it_started(java, tmp_path, monkeypatch):
    java("open('pid', 'w').write(str(subprocess.Popen(['sleep', '300']).pid)); time.sleep(300)")
    monkeypatch.setenv("GENEVAL_JAVA_TIMEOUT", "1")
    began = time.monotonic()
    with pytest.raises(JavaError, match="did not finish in 1 s and was stopped"):
        answers()
    assert time.monotonic() - began < 5
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", (tmp_path / "pid").read_text()], capture_output=True, text=True, check=False
    ).stdout
    assert not state.strip() or state.startswith("Z")
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.parametrize(
    ("version", "fits"),
    [
        ('java version "1.7.0_80"', False),
        ('java version "1.8.0_292"', True),
        ('openjdk version "14.0.2"', True),
        ('openjdk version "15" 2020-09-15', False),
        ('openjdk version "17.0.15"', False),
        ("hello", False),
    ],
)
def test_only_a_java_that_can_run_the_jar_will_do(java, version, fits):
    java(HONEST, version)
    if fits:
        parse("spice").prepare()
        return
    with pytest.raises(MissingDependencyError, match=r"^spice needs Java 8 to 14, and .*java .*set JAVA_HOME to its"):
        parse("spice").prepare()


def test_without_the_parsers_it_tells_what_to_fetch_and_where_to_put_it(java, tmp_path):
    java(HONEST)
    (tmp_path / "core nlp" / CORENLP[1]).unlink()
    wanted = (
        r"^spice needs Stanford CoreNLP 3\.6\.0, of which the folder of GENEVAL_CORENLP, .*core nlp, has no "
        r"stanford-corenlp-3\.6\.0-models\.jar: download stanford-corenlp-full-2015-12-09\.zip .*get_stanford_models\.py"
        r".* into one folder, and set GENEVAL_CORENLP to that folder$"
    )
    with pytest.raises(MissingDependencyError, match=wanted):
        parse("spice").prepare()
    (tmp_path / "o.jsonl").write_text('{"id": "1", "references": ["a cat"], "outputs": {"s": "a dog"}}\n')
    command = [sys.executable, "-m", "geneval", "score", "o.jsonl", "-s", "spice", "-o", "run"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (6, "") and done.stderr.count("\n") == 1
    assert "download stanford-corenlp-full-2015-12-09.zip" in done.stderr and not (tmp_path / "run").exists()


@pytest.mark.java
def test_the_real_jar_begins_and_says_which_parser_it_lacks():
    jar = find_packaged(JAR, "spice")
    own = [str(path) for path in sorted((jar.parent / "lib").glob("*.jar")) if path.name not in CORENLP]
    with pytest.raises(JavaError, match=r"ended with exit code \d+; it said: .*edu[./]stanford[./]nlp"):
        SceneGraphs(find_java("spice"), (str(jar), *own)).scores([("a cat", ("a dog",))])


def test_a_spec_reads_back_what_repr_writes():
    assert parse(repr(parse("spice(tokenizer='none')"))) == parse("spice(tokenizer='none')") != parse("spice")
