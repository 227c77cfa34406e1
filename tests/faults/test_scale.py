"""Large things: a text of a megabyte, an item with ten thousand references; nothing hangs, and no null is a 0."""

from __future__ import annotations

import json
import time

import pytest

import geneval

MEGABYTE = 1_000_000
TEXTS = {
    "words": "word and " * (MEGABYTE // 9),
    "one word": "a" * MEGABYTE,
    "brackets": "(" * MEGABYTE,
    "full stops": "a." * (MEGABYTE // 2),
    "lines": "x\n" * (MEGABYTE // 2),
    "tags": "<a " * (MEGABYTE // 3),
}
# One core of a small machine takes 3 s at most; a search that grows with the square takes hours.
SECONDS = 60
SPECS = ["bleu", "chrf", "rouge(kind='1')", "rouge(kind='L')", "coco_bleu(n=4)", "coco_rouge_l", "cider", "token_f1"]


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("spec", SPECS)
def test_a_text_of_a_megabyte_is_scored(name, spec):
    text = TEXTS[name]
    start = time.monotonic()
    result = geneval.score(predictions=[text, "a b"], references=[[text], ["c d e f"]], scorers=spec, resamples=0)
    assert time.monotonic() - start < SECONDS
    first, second = result.to_pandas().score
    assert first > second


@pytest.mark.parametrize(("spec", "longest"), [("ter", 10_000), ("rouge(kind='Lsum')", 20_000)])
def test_a_text_too_long_for_a_search_that_grows_with_its_square_gets_no_score(spec, longest):
    asked = {"references": [["a b"], ["a b c d"], ["a " * longest, "q"]], "scorers": spec, "resamples": 0}
    start = time.monotonic()
    result = geneval.score(predictions=["word " * (MEGABYTE // 5), "a b c d", "a b"], **asked)
    assert time.monotonic() - start < SECONDS
    score = result.scores[0]
    assert (score.n, score.n_failed, score.n_missing) == (1, 2, 0)
    assert result.columns["reason"] == ["too_long", None, "too_long"]
    assert result.columns["score"][0] is None and score.score == {"ter": 0.0}.get(spec, 1.0)
    assert any(f"2 because a text is longer than {longest} characters" in warning for warning in result.warnings)
    at_k = geneval.score(predictions=["word " * (MEGABYTE // 5), "a b c d", "a b"], k=1, **asked)
    assert at_k.columns["reason"] == ["too_long", None, "too_long"]
    shorter = "ab " * (longest // 30)
    fine = geneval.score(predictions=[shorter], references=[shorter], scorers=spec, resamples=0)
    assert fine.scores[0].n == 1


def test_a_text_too_long_exits_with_4_after_the_numbers_are_printed(tmp_path, command):
    rows = [{"id": "1", "output": "word " * 5000, "references": ["a"]}, {"id": "2", "output": "a", "references": ["a"]}]
    (tmp_path / "o.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    code, stdout, stderr = command("score", "o.jsonl", "-s", "ter", "-s", "bleu", "--format", "json")
    scores = json.loads(stdout)["scores"]
    assert code == 4 and [(s["n"], s["n_failed"]) for s in scores] == [(1, 1), (2, 0)]
    assert "ter could not score 1 of o's outputs, more than --fail-on-error 0 allows" in stderr
    code, stdout, _ = command("score", "o.jsonl", "-s", "ter", "-s", "bleu", "--format", "table", "--fail-on-error", 1)
    assert code == 0 and "n=1" in stdout and "n=2" in stdout and "1-2" in stdout and "0 / 0 / 0-1" in stdout


@pytest.mark.parametrize("spec", ["bleu", "chrf", "rouge(kind='L')", "coco_bleu(n=4)", "cider", "token_f1", "ter"])
def test_ten_thousand_references_of_an_item_are_scored(spec):
    references = [[f"a dog number {n} runs" for n in range(10_000)], ["a cat"]]
    start = time.monotonic()
    result = geneval.score(
        predictions=["a dog number 9999 runs", "x"], references=references, scorers=spec, resamples=0
    )
    assert time.monotonic() - start < SECONDS
    first = result.to_pandas().score[0]
    assert first > 0.9 if spec != "ter" else first == 0.0


def test_a_line_of_a_megabyte_is_read_and_checked(tmp_path, command):
    row = {"id": "1", "output": "x" * MEGABYTE, "references": ["y" * MEGABYTE]}
    (tmp_path / "o.jsonl").write_text(json.dumps(row) + "\n" + json.dumps(row | {"id": None}), encoding="utf-8")
    code, stdout, stderr = command("validate", "o.jsonl", "--format", "table")
    assert code == 3 and stdout.startswith("o.jsonl:2: column 'id': got null") and len(stdout + stderr) < 500
