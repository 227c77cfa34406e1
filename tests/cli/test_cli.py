"""The command line as a user meets it: exit codes, stdout, stderr."""

from __future__ import annotations

import csv
import inspect
import io
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from geneval.results import Result

ROWS = [
    {"id": "1", "references": ["the cat sat", "a cat sat"], "outputs": {"good": "a cat sat", "=bad": "dogs"}},
    {"id": "2", "references": ["it rains"], "outputs": {"good": "it rained", "=bad": ""}},
]


@pytest.fixture
def items(tmp_path):
    path = tmp_path / "items.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    return path


@pytest.fixture
def geneval(tmp_path):
    """Runs the command in an empty folder."""

    def run(*arguments, code=0, stdin=None, env=None):
        done = subprocess.run(
            [sys.executable, "-m", "geneval", *map(str, arguments)],
            capture_output=True,
            text=True,
            encoding="utf-8",
            cwd=tmp_path,
            input=stdin,
            env={**os.environ, "PYTHONIOENCODING": "utf-8", **(env or {})},
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    return run


def test_results_go_to_stdout_and_talk_to_stderr(geneval, items):
    done = geneval("score", items, "--scorer", "token_f1")
    printed = json.loads(done.stdout)
    assert [row["system"] for row in printed["scores"]] == ["good", "=bad"]
    assert printed["scores"][0]["score"] == 0.75 and printed["scores"][1]["n_flagged"] == 1
    assert "warning: only 2 items" in done.stderr
    assert geneval("score", items, "--scorer", "token_f1", "--quiet").stderr == ""


def test_the_default_scorers_need_no_torch(geneval, items):
    printed = json.loads(geneval("score", items).stdout)
    named = list(dict.fromkeys(row["scorer"] for row in printed["scores"]))
    assert named[:3] == ["bleu", "chrf", "rouge(kind='L')"]


def test_formats_are_what_they_say(geneval, items):
    rows = list(csv.DictReader(io.StringIO(geneval("score", items, "-s", "chrf", "--format", "csv").stdout)))
    # A spreadsheet must not take a system's name for a formula.
    assert [row["system"] for row in rows] == ["good", "'=bad"] and float(rows[0]["score"]) > 0
    markdown = geneval("score", items, "-s", "token_f1", "-s", "ter", "--format", "markdown").stdout
    assert markdown.startswith(
        "| system | token_f1 ↑ | ter ↓ | n | empty / missing / failed | copies |\n| --- | ---: |"
    )
    latex = geneval("score", items, "-s", "token_f1", "--format", "latex").stdout
    assert latex.startswith("\\begin{tabular}{lrrrr}\n\\toprule\n{}system & token\\_f1 $\\uparrow$")
    table = geneval("score", items, "-s", "token_f1", "--format", "table").stdout
    assert "0.750 [0.500, 1.000]" in table and "geneval:" in table
    for text in (markdown, latex, table):
        assert "references that equal a sibling: 0.0%" in text


def test_a_narrow_terminal_gets_the_columns_one_below_the_other(geneval, items):
    scorers = ["-s", "bleu(lowercase=True)", "-s", "chrf(word_order=2)", "-s", "token_f1"]
    table = geneval("score", items, *scorers, "--format", "table", env={"COLUMNS": "50"}).stdout
    assert table.count("good ") == 4 and "bleu(lowercase=True) ↑" in table


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["score"], 2, "Missing argument"),
        (["score", "nowhere.jsonl"], 3, "nowhere.jsonl"),
        (["score", "items.jsonl", "-s", "blue"], 2, "did you mean bleu?"),
        (["score", "items.jsonl", "-s", "bleu(tokenizer='ja-mecab')"], 6, "pip install"),
        (["score", "items.jsonl", "-k", "0"], 2, "k=0 does not fit"),
        (["score", "items.jsonl", "--confidence", "95"], 2, "between 0 and 1"),
        (["score", "items.jsonl", "--column", "output"], 2, "write NAME=COLUMN"),
        (["score", "items.jsonl", "--tier", "gold"], 2, "original, verified"),
        (["score", "items.jsonl", "--format", "csv", "--format", "json"], 2, "printed in one format"),
        (["score", "items.jsonl", "-o", "taken"], 2, "never overwritten"),
        (["score", "items.jsonl", "-s", "exact", "--fitted", "nowhere"], 3, "no such run directory"),
        (["score", "uneven.jsonl", "-s", "exact"], 3, "--allow-missing"),
        (["score", "one.jsonl", "-s", "cider(tokenizer='none')"], 3, "log(1) = 0"),
        (["scorers", "blue"], 2, "no scorer named 'blue'"),
        (["references", "describe", "nowhere.jsonl"], 3, "nowhere.jsonl"),
        (["references", "export", "items.jsonl", "-o", "taken.jsonl"], 2, "taken.jsonl"),
        (["unknown"], 2, "No such command"),
    ],
)
@pytest.mark.usefixtures("items")
def test_every_way_to_go_wrong_has_its_exit_code_and_says_why(geneval, tmp_path, arguments, code, said):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken.jsonl").write_text("", encoding="utf-8")
    uneven = [*ROWS, {"id": "3", "references": ["x"], "outputs": {"good": "x"}}]
    (tmp_path / "uneven.jsonl").write_text("".join(json.dumps(row) + "\n" for row in uneven), encoding="utf-8")
    (tmp_path / "one.jsonl").write_text(json.dumps(ROWS[0]) + "\n", encoding="utf-8")
    done = geneval(*arguments, code=code)
    assert said in done.stderr and done.stdout == ""


def test_missing_outputs_are_taken_and_counted_when_asked_for(geneval, tmp_path):
    rows = [*ROWS, {"id": "3", "references": ["x"], "outputs": {"good": "x"}}]
    (tmp_path / "uneven.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    printed = json.loads(geneval("score", "uneven.jsonl", "-s", "exact", "--allow-missing").stdout)
    assert [(row["n"], row["n_missing"]) for row in printed["scores"]] == [(3, 0), (2, 1)]


def test_a_run_directory_holds_what_was_printed(geneval, items, tmp_path):
    done = geneval("score", items, "-s", "bleu", "-s", "cider(tokenizer='unicode')", "--band", "-k", 1, "-o", "run")
    assert Result.open(tmp_path / "run").to_dict() == json.loads(done.stdout)
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [
        "fitted",
        "manifest.json",
        "results.json",
        "segments.parquet",
    ]
    single = tmp_path / "one.jsonl"
    single.write_text(json.dumps(ROWS[1]) + "\n", encoding="utf-8")
    again = geneval("score", single, "-s", "cider(tokenizer='unicode')", "--fitted", "run", "-q")
    assert json.loads(again.stdout)["scores"][0]["score"] is not None


def test_systems_in_files_of_their_own_and_references_in_another(geneval, tmp_path):
    (tmp_path / "a.jsonl").write_text('{"id": 7, "response": "x y"}\n{"id": 8, "response": "z"}\n', encoding="utf-8")
    (tmp_path / "r.csv").write_text("id,references.0,references.1\n7,x y,\n8,z,z w\n", encoding="utf-8")
    done = geneval("score", "mine=a.jsonl", "-r", "r.csv", "-s", "exact")
    assert (
        json.loads(done.stdout)["scores"][0] | {"system": "mine", "score": 1.0} == json.loads(done.stdout)["scores"][0]
    )
    assert "using column 'response' as output" in done.stderr


def test_plain_text_files_are_read_as_sacrebleu_reads_them(geneval, tmp_path):
    for name, lines in {"out.txt": "a b\nc\n", "r1.txt": "a b\nd\n", "r2.txt": "\nc\n"}.items():
        (tmp_path / name).write_text(lines, encoding="utf-8")
    done = geneval(
        "score", "out.txt", "-r", "r1.txt", "-r", "r2.txt", "--format", "text", "--format", "json", "-s", "exact"
    )
    row = json.loads(done.stdout)["scores"][0]
    assert (row["system"], row["score"], row["tiers"]) == ("out", 1.0, {"original": 3})


def test_standard_input_is_a_file_like_any_other(geneval):
    lines = "".join(json.dumps(row) + "\n" for row in ROWS)
    assert len(json.loads(geneval("score", "-", "-s", "exact", stdin=lines).stdout)["scores"]) == 2


def test_names_cannot_steer_a_terminal(geneval, tmp_path):
    row = {"id": "1", "references": ["x"], "outputs": {"\x1b[31mred\u202e[bold]": "x"}}
    (tmp_path / "names.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    done = geneval("score", "names.jsonl", "-s", "exact", "--format", "table")
    assert "\x1b" not in done.stdout and "\u202e" not in done.stdout
    assert r"\x1b[31mred\u202e[bold]" in done.stdout


def test_scorers_that_score_nothing_exit_with_4(geneval, items):
    done = geneval("score", items, "-s", "exact", "-k", 3, code=4)
    assert json.loads(done.stdout)["scores"][0]["score"] is None
    assert "exact at k=3 could score none of good's outputs" in done.stderr


def test_a_reader_that_has_seen_enough_is_no_error_to_talk_about(tmp_path, items):
    command = f"{sys.executable} -m geneval score {items.name} -s exact -q | true"
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stderr == ""


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-"])
def test_a_closed_stream_is_one_that_nobody_reads(tmp_path, items, closed):
    command = f"{sys.executable} -m geneval score {items.name} -s exact --format json {closed}"
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "Traceback" not in done.stderr
    assert closed == ">&-" or json.loads(done.stdout)["scores"]


def test_a_system_may_be_named_as_models_are(geneval, tmp_path):
    (tmp_path / "a.jsonl").write_text('{"id": 1, "output": "x", "references": ["x"]}\n', encoding="utf-8")
    printed = json.loads(geneval("score", "org/model=a.jsonl", "-s", "exact").stdout)
    assert printed["scores"][0]["system"] == "org/model"
    assert "no such file" in geneval("score", "a" * 300 + ".jsonl", code=3).stderr


def test_output_is_utf_8_whatever_the_locale_says(geneval, tmp_path):
    row = {"id": "1", "references": ["é"], "outputs": {"é": "é"}}
    (tmp_path / "accents.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    env = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
    done = geneval("score", "accents.jsonl", "-s", "exact", env=env)
    assert json.loads(done.stdout)["scores"][0]["system"] == "é"
    assert "↑" in geneval("score", "accents.jsonl", "-s", "exact", "--format", "table", env=env).stdout


def test_a_system_called_references_is_not_taken_for_the_band(geneval, tmp_path):
    rows = [{"id": str(i), "references": ["a b", "a"], "outputs": {"references": "x"}} for i in range(2)]
    (tmp_path / "named.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    table = geneval("score", "named.jsonl", "-s", "token_f1", "--band", "--format", "markdown").stdout
    assert "| references | 0.000 [0.000, 0.000] |" in table
    assert "| references, each against its siblings | 0.667 [0.667, 0.667] |" in table


def test_more_failures_than_allowed_exit_with_4():
    from geneval.cli._score import _check_failures
    from geneval.results import CopyRates, Score
    from geneval_references import ItemsFailedError

    rates = CopyRates("keep", 0, 10, 0, 10)
    row = Score("s", "x", 1.0, None, None, (0, 1), "higher", 8, 0, 0, 2, {}, None, rates, "x")
    for allowed in (2, 0.2, 5):
        _check_failures(Result(scores=(row,)), allowed)
    for allowed in (0, 1, 0.1):
        with pytest.raises(ItemsFailedError, match="could not score 2 of s's outputs"):
            _check_failures(Result(scores=(row,)), allowed)


def test_the_demo_scores_systems_that_people_and_scorers_order_differently(geneval, tmp_path):
    done = geneval("demo")
    assert "own" in done.stdout and "most words in common with the references" in done.stderr
    result = Result.open(tmp_path / "geneval-demo")
    for scorer in dict.fromkeys(score.scorer for score in result):
        own, echo, stray = (result.score(s, scorer).score for s in ("own", "echo", "stray"))
        assert min(own, echo) > stray
    assert result.score("echo", "rouge(kind='L')").score > result.score("own", "rouge(kind='L')").score
    geneval("demo", "-o", "again")
    assert Result.open(tmp_path / "again").to_dict() == result.to_dict()


def test_scorers_are_listed_with_what_they_mean(geneval):
    rows = {row["name"]: row for row in json.loads(geneval("scorers").stdout)["scorers"]}
    assert rows["ter"]["direction"] == "lower" and rows["bleu"]["kind"] == "pool" and rows["chrf"]["monotone"] is True
    assert "word_order=2" in geneval("scorers", "chrf", "--format", "table").stdout
    assert "bleu" in geneval("scorers", "--format", "table").stdout
    assert geneval("scorers", "--format", "markdown").stdout.count("\n") == len(rows) + 2


def test_reference_sets_are_described_and_exported(geneval, items):
    found = json.loads(geneval("references", "describe", items).stdout)
    assert (found["items"], found["references"], found["tiers"]) == (2, 3, {"original": 3})
    assert "references an item" in geneval("references", "describe", items, "--format", "table").stdout
    geneval("references", "export", items, "-o", "out.parquet")
    again = json.loads(geneval("references", "describe", "out.parquet").stdout)
    assert again["reference_hash"] == found["reference_hash"]


def test_an_interrupted_run_exits_with_130_and_leaves_nothing(tmp_path, unmeasured):
    process = subprocess.Popen(
        [sys.executable, "-m", "geneval", "score", "-", "-o", "run", "-s", "bleu"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env=unmeasured,
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "run.partial" / ".geneval-lock").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.5)  # it holds the lock now, and waits for standard input
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130 and b"interrupted" in stderr
    assert not (tmp_path / "run").exists() and not (tmp_path / "run.partial").exists()


def test_help_teaches_and_the_version_is_told(geneval):
    assert "geneval demo" in geneval("--help").stdout
    text = geneval("score", "--help").stdout
    for option in ("--references", "--scorer", "--copies", "--fail-on-error", "--format", "--output"):
        assert option in text
    assert geneval("--version").stdout.startswith("geneval 0.")
    assert "score" in geneval(code=2).stdout + geneval(code=2).stderr


def test_debug_shows_where_an_error_came_from(tmp_path):
    command = [sys.executable, "-m", "geneval", "--debug", "score", "nowhere.jsonl"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert "Traceback" in done.stderr and "InputError" in done.stderr


def test_every_command_has_one_name_and_those_that_run_models_say_on_what():
    from geneval.cli import app

    names = [command.name or command.callback.__name__ for command in app.registered_commands]
    assert len(set(names)) == len(names)
    for command in app.registered_commands:
        options = inspect.signature(command.callback).parameters
        if command.callback.__name__ in {"score", "compare", "demo", "probe", "agree"}:
            assert {"offline", "no_cache", "device", "precision"} <= options.keys()
        if command.callback.__name__ in {"rank", "retrieval", "labels", "validate"}:
            assert "offline" in options
