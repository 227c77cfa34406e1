"""A run with several outputs an item: what is counted, compared, written and said about sets of them."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import geneval
from geneval import blocks
from geneval.data import inputs_from_lists
from geneval.evaluation import Settings, evaluate
from geneval.results import Result
from geneval_references import Reference, ReferenceSet

REFERENCES = [
    ["a cat sat on the mat", "a cat is on a mat"],
    ["it rains a lot"],
    ["the bus waits", "a red bus", "a bus"],
]
MANY = [
    ["a cat sat on a mat", "the cat is here", "one mat"],
    ["it rains", "it is raining a lot", "rain"],
    ["the bus waits", "the bus waits", ""],
]
FEW = [["a cat sat on the mat"], ["it rains"], ["a bus", "the bus waits here"]]
SPECS = ["token_f1", "coverage(of='token_f1')", "self_bleu"]
QUICK = Settings(resamples=50)


@pytest.fixture
def inputs():
    return inputs_from_lists(predictions={"many": MANY, "few": FEW}, references=REFERENCES)


def test_a_scorer_of_sets_counts_sets_and_its_corpus_score_is_their_mean(inputs):
    result = evaluate(inputs, SPECS, QUICK)
    rows = {(s.system, s.scorer): s for s in result}
    counted = {key: (s.counts, s.n, s.n_missing, s.n_flagged, s.n_failed) for key, s in rows.items()}
    assert counted["many", "token_f1"] == ("outputs", 9, 0, 1, 0)
    assert counted["many", SPECS[1]] == ("sets", 3, 0, 1, 0)
    assert counted["few", SPECS[1]] == ("sets", 3, 0, 0, 0)
    assert counted["few", "self_bleu"] == ("sets", 1, 2, 0, 0)
    # By hand: the nearest outputs to the two, one and three references.
    cat = (10 / 12 + 8 / 12) / 2
    rain, bus = 2 * 3 / 9, (1 + 2 / 6 + 2 / 5) / 3
    first = 2 * 5 / 12, 2 * 4 / 12  # "a cat sat on a mat" shares five and four tokens of six
    assert cat == sum(first) / 2
    segments = result.to_pandas().query("scorer == @SPECS[1] and system == 'many'")
    assert segments.id.tolist() == ["1", "2", "3"] and segments["sample"].isna().all()
    assert segments.score.tolist()[1:] == pytest.approx([rain, bus])
    assert rows["many", SPECS[1]].score == pytest.approx(segments.score.mean())


def test_too_few_outputs_are_null_with_a_reason_that_is_counted_and_told(inputs):
    result = evaluate(inputs, ["self_bleu"], QUICK)
    null = result.to_pandas().query("reason == 'too_few_outputs'")
    assert null.system.tolist() == ["few", "few"] and null.score.isna().all()
    assert any(
        w.startswith("2 sets of outputs get no score from self_bleu (few 2): it needs 2") for w in result.warnings
    )
    alone = geneval.score(
        predictions=["a b", "c"], references=[["a"], ["c"]], scorers=["self_bleu", "coverage(of='exact')"]
    )
    assert (alone.scores[0].score, alone.scores[0].n_missing) == (None, 2)
    assert (alone.scores[1].score, alone.scores[1].n) == (0.5, 2)


def test_unequal_numbers_of_outputs_are_told_and_equal_ones_are_not(inputs):
    said = "systems gave unequal numbers of outputs for 3 items (many 3, few 1-2)"
    assert any(w.startswith(said) for w in evaluate(inputs, ["pairwise(of='exact')"], QUICK).warnings)
    assert any(w.startswith(said) for w in geneval.compare_inputs(inputs, [SPECS[1]], QUICK, resamples=9).warnings)
    assert not any(w.startswith(said[:20]) for w in evaluate(inputs, ["token_f1"], QUICK).warnings)
    equal = inputs_from_lists(predictions={"a": MANY, "b": MANY[::-1]}, references=REFERENCES)
    assert not any(w.startswith(said[:20]) for w in evaluate(equal, ["pairwise(of='exact')"], QUICK).warnings)


def test_sets_have_no_band_and_that_is_told(inputs):
    result = evaluate(inputs, SPECS, Settings(resamples=50, band=True, k=(1,)))
    assert [band.scorer for band in result.bands] == ["token_f1"]
    assert sum(w.startswith("there is no band of sets") for w in result.warnings) == 1


def test_expected_at_k_leaves_out_sets_of_items_with_too_few_references(inputs):
    result = evaluate(inputs, SPECS, Settings(resamples=0, k=(1, 2)))
    for spec in SPECS:
        assert [result.score("many", spec, k).n_missing for k in (1, 2)] == [0, 3 if spec == "token_f1" else 1]
    # The mean over references is that over its parts.
    at_two = result.to_pandas().query("scorer == @SPECS[1] and k == 2 and system == 'many'").score.tolist()
    whole = evaluate(inputs, SPECS, QUICK).to_pandas().query("scorer == @SPECS[1] and system == 'many'").score.tolist()
    assert [at_two[0], at_two[2]] == pytest.approx([whole[0], whole[2]])


def test_a_reference_equal_to_any_output_is_dropped_for_the_whole_set():
    asked = {"predictions": [["a b", "c d"]], "references": [["A b", "c d", "e f"]], "scorers": "coverage(of='exact')"}
    kept, dropped = geneval.score(**asked, resamples=0), geneval.score(**asked, resamples=0, copies="drop")
    assert (kept.scores[0].score, dropped.scores[0].score) == (pytest.approx(1 / 3), 0.0)
    sets = [ReferenceSet("1", (Reference("a b"), Reference("c d", origin="output:mine")))]
    both = {"mine": [["c d", "x"]], "other": [["c d", "x"]]}
    own = geneval.score(predictions=both, references=sets, scorers="coverage(of='exact')", resamples=0)
    assert [s.score for s in own] == [0.0, 0.5]
    assert any("unequal numbers of references" in w for w in own.warnings)


def test_a_comparison_is_one_of_sets(inputs):
    found = geneval.compare_inputs(inputs, SPECS, QUICK, baseline="many", resamples=99)
    row = found.comparison("few", "self_bleu")
    assert (row.n, row.n_left_out, row.n_outputs, row.role) == (1, 2, 1, "diversity")
    coverage = found.comparison("few", SPECS[1])
    assert (coverage.n, coverage.n_outputs, coverage.role) == (3, 3, "validity")
    assert coverage.score.value == evaluate(inputs, SPECS, QUICK).score("few", SPECS[1]).score


def test_neither_blocks_nor_the_order_of_outputs_change_a_byte(monkeypatch, tmp_path):
    def bytes_of(place, many, order=(0, 1, 2)):
        inputs = inputs_from_lists(
            predictions={"many": [many[i] for i in order], "few": [FEW[i] for i in order]},
            references=[REFERENCES[i] for i in order],
            ids=["xyz"[i] for i in order],
        )
        result = evaluate(inputs, [*SPECS, "vendi(kernel='ngram')", "self_cider(tokenizer='none')"], QUICK)
        result.save(tmp_path / place)
        return result, (tmp_path / place / "segments.parquet").read_bytes()

    whole, parquet = bytes_of("whole", MANY)
    monkeypatch.setattr(blocks, "BLOCK", 1)
    cut, parquet_of_blocks = bytes_of("cut", MANY)
    assert cut.to_json() == whole.to_json() and parquet_of_blocks == parquet
    turned, _ = bytes_of("turned", [texts[::-1] for texts in MANY], order=(2, 0, 1))
    assert [(s.score, s.low, s.high) for s in turned] == [(s.score, s.low, s.high) for s in whole]


def test_a_saved_run_keeps_roles_and_what_is_counted(inputs, tmp_path):
    result = evaluate(inputs, [*SPECS, "coverage(of=\"cider(tokenizer='none')\")"], QUICK)
    again = Result.open(result.save(tmp_path / "run"))
    assert again.scores == result.scores and [s.role for s in again][-3:] == ["diversity", "validity", "validity"]
    assert again.to_arrow().equals(result.to_arrow())
    reused = evaluate(inputs, ["coverage(of=\"cider(tokenizer='none')\")"], QUICK, fitted=again.fitted)
    assert [s.score for s in reused] == [s.score for s in result][-2:]


def test_the_command_scores_several_outputs_an_item(tmp_path):
    """As a user does it: a row an item with lists of outputs, validity above, diversity below, with what it is not."""
    rows = [{"id": str(i), "references": REFERENCES[i], "outputs": {"many": MANY[i], "few": FEW[i]}} for i in range(3)]
    (tmp_path / "sets.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")

    def run(*arguments, code=0):
        command = [sys.executable, "-m", "geneval", "score", "sets.jsonl", *arguments]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)
        assert done.returncode == code, done.stderr
        return done

    specs = [part for spec in ["distinct_n", *SPECS] for part in ("-s", spec)]
    shown = run(*specs, "--format", "markdown").stdout
    validity, told, diversity = shown.partition("Diversity and traits: they say nothing of quality by themselves.")
    assert "| system | token_f1 ↑ | coverage(of='token_f1') ↑ | n |" in validity and "self_bleu" not in validity
    assert told and "| system | distinct_n ↑ | self_bleu ↓ | n sets |" in diversity
    assert "n=3 sets" in validity and "| 1-3 |" not in diversity
    latex = run(*specs, "--format", "latex").stdout
    assert latex.count(r"\begin{tabular}") == 2 and "% Diversity and traits" in latex
    only = run("-s", "self_bleu", "--format", "table").stdout
    assert only.startswith("Diversity and traits")
    printed = json.loads(run(*specs).stdout)
    assert [row["role"] for row in printed["scores"]] == ["diversity"] * 2 + ["validity"] * 4 + ["diversity"] * 2
    refused = run("-s", "coverage(of='bleu')", code=2)
    assert "allowed: a pair scorer" in refused.stderr
    row = {"id": "1", "references": ["a"], "outputs": {"single": "a"}}
    (tmp_path / "sets.jsonl").write_text(json.dumps(row), encoding="utf-8")
    single = run("-s", "self_bleu", code=4)
    assert "could score none of single's outputs" in single.stderr and "it needs 2 outputs" in single.stderr
