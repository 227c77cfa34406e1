"""Exit codes: the table on the page, the table in the code, and what the commands do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fault_cases import GOOD, MANY

from geneval.cli import _errors
from geneval_references import GateError, GenevalError

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"


def test_the_page_lists_every_code_once():
    section = PAGE.read_text("utf-8").partition("## Exit codes")[2].partition("\n## ")[0]
    codes = [int(code) for code in re.findall(r"^\| (\d+) \|", section, re.MULTILINE)]
    assert codes == sorted({0, *_errors.EXIT_CODES.values(), _errors.INTERRUPTED})


BAD = GOOD.replace(b'"a dog"', b"null", 1)
NONE = GOOD.replace(b'["a dog"]', b"[]")
# arguments | o.jsonl | exit code | words on stderr
RUNS = [
    (["score", "o.jsonl", "-s", "exact"], MANY, 0, ""),
    (["validate", "o.jsonl"], GOOD, 0, ""),
    (["scorers", "--format", "json"], b"", 0, ""),
    (["--version"], b"", 0, ""),
    (["score", "o.jsonl", "-s", "exact"], GOOD, 0, "warning: only 1 items are scored: intervals from fewer than 30"),
    # 2: a slip in what was typed, with the nearest word
    (["scroe", "o.jsonl"], GOOD, 2, "score"),
    (["score", "o.jsonl", "--scorrer", "exact"], GOOD, 2, "--scorer"),
    (["score", "o.jsonl", "-s", "exakt"], GOOD, 2, "did you mean exact?"),
    (["score", "o.jsonl", "-s", "chrf(word_ordr=2)"], GOOD, 2, "did you mean word_order?"),
    (["score", "o.jsonl", "-s", "chrf(word_order='2')"], GOOD, 2, "a whole number"),
    (["score", "o.jsonl", "-s", "chrf(__import__('os'))"], GOOD, 2, "error: "),
    (["score", "o.jsonl", "-s", "chrf(("], GOOD, 2, "error: "),
    (["score", "o.jsonl", "-s", "exact", "--tier", "orginal"], GOOD, 2, "original, verified"),
    (["score", "o.jsonl", "-s", "exact", "--column", "outptu=x"], GOOD, 2, "did you mean 'output'?"),
    (["score", "o.jsonl", "-s", "exact", "--column", "output=outptu"], GOOD, 2, "did you mean 'output'?"),
    (["score", "o.jsonl", "-s", "exact", "--copies", "kep"], GOOD, 2, "keep"),
    (["score", "o.jsonl", "-s", "exact", "--format", "tabel"], GOOD, 2, "table"),
    (["score", "o.jsonl", "-s", "exact", "--seed", "x"], GOOD, 2, "seed"),
    (["score", "o.xyz", "-s", "exact"], GOOD, 2, "the suffix '.xyz' does not tell the format"),
    (["score", "o.txt", "-s", "exact"], GOOD, 2, "--format text"),
    (["score", "-", "-", "-s", "exact"], GOOD, 2, "stdin (-) can be read only once"),
    (["validate", "o.jsonl", "--kind", "output"], GOOD, 2, "outputs"),
    (["validate", "o.jsonl", "--kind", "ratings", "-r", "r.jsonl"], GOOD, 2, "--references goes with outputs"),
    (["validate", "o.jsonl", "--column", "output=outptu"], GOOD, 2, "did you mean 'output'?"),
    (["validate", "o.jsonl", "--format", "table", "--format", "json"], GOOD, 2, "printed in one format"),
    (["validate", "a/x.jsonl", "b/x.jsonl"], GOOD, 2, "NAME=b/x.jsonl"),
    (["validate"], GOOD, 2, "FILE"),
    # 3: the data
    (["score", "o.jsonl", "-s", "exact"], BAD, 3, "column 'output': got null"),
    (["score", "o.jsonl", "-s", "exact"], NONE, 3, "--allow-missing"),
    (["score", "o.jsonl", "-s", "exact", "--allow-missing"], NONE, 3, "no reference that counts is left"),
    (["validate", "o.jsonl"], NONE, 3, ""),
    # 4: no number, or not for all
    (["score", "o.jsonl", "-s", "exact", "-k", "2"], GOOD, 4, "could score none"),
    # 6: what is not there
    (["score", "o.jsonl", "-s", "bleu(tokenizer='ja-mecab')"], GOOD, 6, "pip install"),
    (["score", "hf://nobody/nothing?split=test", "-s", "exact"], GOOD, 6, "hf download --repo-type dataset"),
]


@pytest.mark.parametrize(("arguments", "data", "code", "words"), RUNS, ids=[" ".join(row[0]) for row in RUNS])
def test_every_way_to_end_has_its_code_and_words(tmp_path, command, arguments, data, code, words):
    (tmp_path / "o.jsonl").write_bytes(data)
    for folder in "ab":
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.jsonl").write_bytes(GOOD.replace(b'"system":"A",', b""))
    found, stdout, stderr = command(*arguments)
    assert found == code
    assert words in stderr
    assert stdout == "" or code in {0, 4} or arguments[0] == "validate"


UNEXPECTED = [
    *(ValueError("x"), TypeError("x"), AssertionError("x"), StopIteration(), ImportError("no module"), OSError(5, "x")),
    *(MemoryError(), RecursionError("deep"), NotImplementedError(), ExceptionGroup("many", [ValueError("x")])),
    type("Odd", (Exception,), {})("two\nlines"),
]


@pytest.mark.parametrize("error", UNEXPECTED, ids=lambda error: type(error).__name__)
def test_an_error_that_nobody_thought_of_is_one_line(tmp_path, command, monkeypatch, error):
    def fail(*_: object, **__: object) -> None:
        raise error

    (tmp_path / "o.jsonl").write_bytes(GOOD)
    monkeypatch.setattr("geneval.evaluation.evaluate", fail)
    code, stdout, stderr = command("score", "o.jsonl", "-s", "exact", "-q", "-o", "run")
    assert (code, stdout, stderr.count("\n")) == (1, "", 1)
    assert stderr.startswith(f"error: {type(error).__name__}") and "geneval --debug ... shows where" in stderr
    assert not (tmp_path / "run").exists() and not (tmp_path / "run.partial").exists()


@pytest.mark.parametrize(("error", "code"), [(GateError("x"), 5), (GenevalError("x"), 1), (KeyboardInterrupt(), 130)])
def test_errors_that_no_command_above_meets_have_their_codes(tmp_path, command, monkeypatch, error, code):
    def fail(*_: object, **__: object) -> None:
        raise error

    (tmp_path / "o.jsonl").write_bytes(GOOD)
    monkeypatch.setattr("geneval.evaluation.evaluate", fail)
    assert command("score", "o.jsonl", "-s", "exact", "-q")[:2] == (code, "")


def test_what_stands_beside_a_mean(tmp_path, command):
    rows = [GOOD, GOOD.replace(b'"1"', b'"2"').replace(b'"a dog"', b'""', 1), GOOD.replace(b'"1"', b'"3"')]
    rows += [GOOD.replace(b'"1"', b'"4"').replace(b'"A"', b'"B"')]
    (tmp_path / "o.jsonl").write_bytes(b"".join(rows))
    ask = ["score", "o.jsonl", "-s", "exact", "--allow-missing", "-q", "--format"]
    for form, beside in (
        ("table", ["n ┃ empty / missing / failed", "3 │                1 / 1 / 0", "1 │                0 / 3 / 0"]),
        ("markdown", ["| n | empty / missing / failed |", "| 3 | 1 / 1 / 0 |", "| 1 | 0 / 3 / 0 |"]),
        ("latex", ["& n & empty / missing / failed &", "& 3 & 1 / 1 / 0 &", "& 1 & 0 / 3 / 0 &"]),
        ("csv", [",n,n_flagged,n_missing,n_failed,", ",3,1,1,0,", ",1,0,3,0,"]),
        ("json", ['"n": 3,\n      "n_flagged": 1,\n      "n_missing": 1,\n      "n_failed": 0,', '"n_missing": 3,']),
    ):
        _, stdout, _ = command(*ask, form)
        assert all(words in stdout for words in beside), stdout
