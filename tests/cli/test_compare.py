"""`geneval compare` as a user meets it: exit codes, stdout, stderr."""

from __future__ import annotations

import csv
import io
import json
import math

import pytest
from typer.testing import CliRunner

from geneval.cli import app
from geneval.data import demo_inputs
from geneval_references import ItemsFailedError

ROWS = [
    {"id": "1", "references": ["the cat sat", "a cat sat"], "outputs": {"good": "a cat sat", "=bad": "dogs"}},
    {"id": "2", "references": ["it rains"], "outputs": {"good": "it rained", "=bad": ""}},
]


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def compare(tmp_path, monkeypatch):
    """Runs the command in a folder with a few files."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "140")
    write(tmp_path / "items.jsonl", ROWS)
    write(tmp_path / "one.jsonl", [{"id": "1", "references": ["x"], "outputs": {"good": "x"}}])
    write(tmp_path / "uneven.jsonl", [*ROWS, {"id": "3", "references": ["x"], "outputs": {"good": "x"}}])
    apart = [
        {"id": "1", "references": ["x"], "outputs": {"a": "x"}},
        {"id": "2", "references": ["x"], "outputs": {"b": "x"}},
    ]
    write(tmp_path / "apart.jsonl", apart)

    def run(*arguments, code=0):
        done = CliRunner().invoke(app, ["compare", *map(str, arguments)])
        assert done.exit_code == code, done.output
        return done

    return run


@pytest.fixture(scope="module")
def captions(tmp_path_factory):
    inputs = demo_inputs()
    outputs = {}
    for output in inputs.outputs:
        outputs.setdefault(output.id, {})[output.system] = output.text
    rows = [{"id": i.id, "references": [r.text for r in i.references], "outputs": outputs[i.id]} for i in inputs.items]
    return write(tmp_path_factory.mktemp("captions") / "captions.jsonl", rows)


@pytest.mark.parametrize("form", ["json", "csv", "table", "markdown", "latex"])
def test_names_cannot_steer_what_is_printed(compare, tmp_path, form):
    name = "x\x1b[2J\x9b31m\u202e"
    write(tmp_path / "steering.jsonl", [row | {"outputs": {"good": "a", name: "b"}} for row in ROWS])
    printed = compare("steering.jsonl", "-s", "exact", "--resamples", "9", "--format", form, "-q").stdout
    assert not set(printed) & set("\x1b\x9b\u202e")
    if form == "json":
        assert json.loads(printed)["comparisons"][0]["system"] == name


def test_names_cannot_steer_what_is_told(compare, tmp_path):
    name = "x\nwarning: all is well\x1b[2J"
    rows = [{**row, "outputs": {**row["outputs"], name: "it"}} for row in ROWS]
    del rows[1]["outputs"][name]
    write(tmp_path / "odd.jsonl", rows)
    told = compare("odd.jsonl", "-s", "chrf", "--allow-missing", "--fail-on-error", "1").stderr
    assert "\x1b" not in told and "\nwarning: all is well" not in told
    assert r"x\nwarning: all is well" in told or r"x\\nwarning: all is well" in told


def test_results_go_to_stdout_and_talk_to_stderr(compare):
    done = compare("items.jsonl", "-s", "token_f1", "--resamples", 99)
    printed = json.loads(done.stdout)
    assert (printed["schema"], printed["baseline"]) == ("geneval.compare/1", "good")
    assert [(row["system"], row["delta"]["value"]) for row in printed["comparisons"]] == [("=bad", -0.75)]
    assert "warning: fewer than 30 items are shared with good (=bad: 2)" in done.stderr
    assert compare("items.jsonl", "-s", "token_f1", "--quiet").stderr == ""


def test_the_table_is_in_the_manner_of_sacrebleu(compare, captions):
    options = ["-s", "bleu", "-s", "ter", "--baseline", "echo", "--resamples", 999, "--format", "table"]
    done = compare(captions, *options)
    first = [line.split("│")[0].strip() for line in done.stdout.splitlines()[2:7]]
    assert first == ["Baseline: echo", "own", "", "stray", ""]
    assert "bleu ↑ (μ ± 95% CI)" in done.stdout and "ter ↓ (μ ± 95% CI)" in done.stdout
    assert "(p = 0.0010)*" in done.stdout and "51 / 1 / 248" in done.stdout and "0.0040*" in done.stdout
    assert "Paired approximate randomisation with 999 trials\n - Each system is compared to the baseline" in done.stdout
    assert "Null hypothesis" in done.stdout and "|test:randomisation,999,seed:12345|correction:holm,4" in done.stdout
    assert "one-sided" not in done.stdout


def test_every_printed_number_is_in_the_json(compare, captions):
    options = [captions, "-s", "bleu", "--baseline", "echo", "--resamples", 200, "--method", "bootstrap"]
    row = json.loads(compare(*options).stdout)["comparisons"][1]
    score, delta = row["score"], row["delta"]
    line = (
        f"| stray | {score['value']:.2f} ({score['mean']:.2f} ± {score['half']:.2f}) (p = {row['p']:.4f})* "
        f"| {delta['value']:+.2f} [{delta['low']:+.2f}, {delta['high']:+.2f}] | {row['effect']:+.2f} "
        f"| {row['wins']} / {row['ties']} / {row['losses']} | {row['p_adjusted']:.4f}* | {row['n']} |"
    )
    done = compare(*options, "--format", "markdown")
    assert line in done.stdout
    assert "about 10 % of cases" in done.stdout


def test_other_formats_are_what_they_say(compare):
    rows = list(csv.DictReader(io.StringIO(compare("items.jsonl", "-s", "chrf", "--format", "csv").stdout)))
    # A spreadsheet must not take a system's name for a formula.
    assert [(row["system"], row["baseline"]) for row in rows] == [("good", "true"), ("'=bad", "false")]
    assert float(rows[1]["delta"]) < 0 and rows[1]["favours"] == "good" and rows[0]["delta"] == ""
    latex = compare("items.jsonl", "-s", "token_f1", "-k", 1, "--format", "latex").stdout
    assert latex.startswith(
        "\\begin{tabular}{lrrrrrr}\n\\toprule\n{}system & token\\_f1 @1 $\\uparrow$ ($\\mu$ $\\pm$ 95\\% CI)"
    )


def test_both_spellings_are_one_method(compare):
    one, other = (
        compare("items.jsonl", "-s", "exact", "--method", m).stdout for m in ("randomisation", "randomization")
    )
    assert one == other and json.loads(one)["test"]["method"] == "randomisation"


def test_plain_text_is_read_as_score_reads_it(compare, tmp_path):
    for name, text in (("a", "x\ny\n"), ("b", "x\nz\n"), ("ref", "x\ny\n")):
        (tmp_path / f"{name}.txt").write_text(text, encoding="utf-8")
    done = compare("a.txt", "b.txt", "-r", "ref.txt", "--format", "text", "--format", "json", "-s", "exact", "-q")
    row = json.loads(done.stdout)["comparisons"][0]
    assert (row["system"], row["wins"], row["ties"], row["losses"]) == ("b", 0, 1, 1)


def test_missing_outputs_are_left_out_of_both_when_allowed(compare):
    done = compare("uneven.jsonl", "-s", "exact", "--allow-missing")
    printed = json.loads(done.stdout)
    assert printed["baselines"][0]["n"] == 3
    assert (printed["comparisons"][0]["n"], printed["comparisons"][0]["n_left_out"]) == (2, 1)
    assert "=bad is compared to good on 2 items; 1 others are left out of exact" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nowhere.jsonl"], 3, "nowhere.jsonl"),
        (["one.jsonl"], 2, "a comparison needs two systems or more, there is 'good'; give one file a system"),
        (["items.jsonl", "--baseline", "best"], 2, "no system is named 'best'; there are: 'good', '=bad'"),
        (["items.jsonl", "--method", "t-test"], 2, "--method"),
        (["items.jsonl", "--resamples", "0"], 2, "resamples=0 does not fit"),
        (["items.jsonl", "-s", "blue"], 2, "did you mean bleu?"),
        (["items.jsonl", "-s", "bleu(tokenizer='ja-mecab')"], 6, "pip install"),
        (["items.jsonl", "-k", "0"], 2, "k=0 does not fit"),
        (["items.jsonl", "--fail-on-error", "-1"], 2, "0 or more outputs"),
        (["items.jsonl", "--format", "csv", "--format", "json"], 2, "printed in one format"),
        (["items.jsonl", "-s", "exact", "--fitted", "nowhere"], 3, "no such run directory"),
        (["uneven.jsonl", "-s", "exact"], 3, "--allow-missing"),
    ],
)
def test_every_way_to_go_wrong_has_its_exit_code_and_says_why(compare, arguments, code, said):
    done = compare(*arguments, code=code)
    assert said in done.stderr and done.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["items.jsonl", "-s", "exact", "-k", "5"], "exact at k=5 could score none of good's outputs"),
        (["apart.jsonl", "-s", "exact", "--allow-missing"], "exact: b and a share no item that both have a score for"),
    ],
)
def test_a_comparison_without_scores_is_printed_and_exits_with_4(compare, arguments, said):
    done = compare(*arguments, code=4)
    assert said in done.stderr
    assert json.loads(done.stdout)["comparisons"][0]["p"] is None


def test_more_failures_than_allowed_exit_with_4():
    from geneval import compare
    from geneval.cli._compare import _check_failures

    def hole(text, reference):
        return math.nan if text == "?" else float(text == reference)

    predictions = {"a": ["x"] * 10, "b": [*["x"] * 8, "?", "?"]}
    result = compare(predictions=predictions, references=["x"] * 10, scorers=[hole], resamples=9)
    for allowed in (2, 0.2, 5):
        _check_failures(result, allowed)
    for allowed in (0, 1, 0.1):
        with pytest.raises(ItemsFailedError, match="hole could not score 2 of b's outputs"):
            _check_failures(result, allowed)
