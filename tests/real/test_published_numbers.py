"""Numbers that others have published, or that were computed elsewhere, on data with human judgements."""

from __future__ import annotations

import dataclasses
import gzip
import json
import subprocess
import sys

import numpy as np
import pytest

import geneval
from geneval.data import read_inputs
from geneval.evaluation import Settings, evaluate
from geneval_references import fold
from geneval_scorers import Bleu, Corpus, Rouge, ask, ask_all, band, expected_at, full

pytestmark = pytest.mark.real

THUMB_BLEU = {"Human": 29.42, "VinVL-large": 35.19, "VinVL-base": 34.17, "Unified-VLP": 33.52, "Up-Down": 30.19}
WITHOUT_LEAK = {"Human": 19.34, "VinVL-large": 34.92, "VinVL-base": 33.62, "Unified-VLP": 33.35, "Up-Down": 29.82}
PLAIN = Settings(resamples=0)


@pytest.fixture(scope="module")
def thumb(shared):
    return read_inputs([str(shared / "data" / "thumb_mscoco" / "items.jsonl")])


@pytest.fixture(scope="module")
def asset(shared):
    inputs = read_inputs([str(shared / "data" / "asset" / "items.jsonl.gz")], allow_missing=True)
    return Corpus(inputs.items, extra=[item.source for item in inputs.items])


def test_the_command_gives_bleu_of_thumb_and_names_the_leak(shared):
    """sacrebleu's own numbers (defaults, lower-cased), from the data set's README."""
    file = shared / "data" / "thumb_mscoco" / "items.jsonl"
    command = [sys.executable, "-m", "geneval", "score", str(file), "--scorer", "bleu(lowercase=True)"]
    done = subprocess.run([*command, "--format", "json"], capture_output=True, text=True, check=True)
    printed = json.loads(done.stdout)
    assert {row["system"]: round(row["score"], 2) for row in printed["scores"]} == THUMB_BLEU
    assert all(row["low"] < row["score"] < row["high"] for row in printed["scores"])
    leaks = [warning for warning in printed["warnings"] if "Human" in warning]
    assert leaks[0].startswith("39 of Human's 500 outputs equal one of their references")
    assert leaks[0] in done.stderr


def test_without_the_leaked_captions_human_is_far_behind(thumb):
    references = {item.id: {fold(r.text) for r in item.references} for item in thumb.items}
    leaked = {o.id for o in thumb.outputs if o.system == "Human" and fold(o.text) in references[o.id]}
    assert len(leaked) == 39
    clean = dataclasses.replace(
        thumb,
        items=tuple(item for item in thumb.items if item.id not in leaked),
        outputs=tuple(output for output in thumb.outputs if output.id not in leaked),
    )
    result = evaluate(clean, ["bleu(lowercase=True)"], PLAIN)
    assert {score.system: round(score.score, 2) for score in result} == WITHOUT_LEAK
    assert not result.warnings


def test_coco_scorers_put_human_last_and_cider_fourth(thumb):
    """With PTB tokens and document frequencies over the 500 items: the data set's README."""
    result = evaluate(thumb, ["coco_bleu(n=4)", "coco_rouge_l", "cider"], PLAIN)
    order = {
        scorer: sorted(result.systems, key=lambda system: -result.score(system, scorer).score)
        for scorer in ("coco_bleu(n=4)", "coco_rouge_l", "cider")
    }
    assert order["coco_bleu(n=4)"][-1] == order["coco_rouge_l"][-1] == "Human"
    assert order["cider"].index("Human") == 3
    segments = result.to_pandas()
    means = segments[segments.scorer == "coco_bleu(n=4)"].groupby("system").score.mean()
    # pycocoevalcap 1.2 itself, on its own tokens: corpus BLEU-4, and the mean of the sentences' (the README's .161, .184).
    judged = {"Human": (0.2848216461789858, 0.16159812371833818), "Up-Down": (0.2926430898879695, 0.1834568081610292)}
    for system, (corpus, mean) in judged.items():
        assert result.score(system, "coco_bleu(n=4)").score == pytest.approx(corpus, abs=1e-9)
        assert means[system] == pytest.approx(mean, abs=1e-9)
    assert result.score("Human", "coco_rouge_l").score == pytest.approx(0.509, abs=5e-4)
    assert result.score("Human", "cider").score == pytest.approx(1.115, abs=5e-4)
    assert result.score("Up-Down", "cider").score == pytest.approx(1.107, abs=5e-4)


@pytest.mark.java
def test_coco_scores_of_thumb_are_those_under_the_judges_tokens(thumb):
    ours = evaluate(thumb, ["coco_bleu(n=4)", "coco_rouge_l", "cider"], PLAIN)
    judge = "tokenizer='ptb-java'"
    theirs = evaluate(thumb, [f"coco_bleu(n=4, {judge})", f"coco_rouge_l({judge})", f"cider({judge})"], PLAIN)
    assert [score.score for score in ours] == [score.score for score in theirs]


def test_leave_one_out_rouge_l_of_asset_rises_with_k_as_computed_elsewhere(asset):
    """References as they are, copies included, under `[a-z0-9']+|[^\\w\\s]` lower-cased, which `unicode` extends."""
    curve = [0.5835, 0.6559, 0.6893, 0.7100, 0.7248, 0.7360, 0.7451, 0.7525, 0.7588]
    queries = band(asset)
    found = [expected_at(Rouge(kind="L"), asset, queries, k, make_distinct=False).corpus() for k in range(1, 10)]
    assert found == pytest.approx(curve, abs=5e-4)
    single = expected_at(Rouge(kind="L", reduce="mean"), asset, queries, 5, make_distinct=False).corpus()
    assert single == pytest.approx(curve[0], abs=5e-4)


def test_corpus_bleu_of_one_annotator_against_the_other_nine_of_asset(asset):
    """Published to one decimal: 69.0, the mean of ten. Annotators' columns give 68.95, shuffled ones 68.96 to 68.98."""
    queries, scorer = band(asset), Bleu(lowercase=True)
    answers = ask_all(scorer, asset, queries)
    columns = [answers.corpus(np.flatnonzero(queries.subject % 10 == column)) for column in range(10)]
    assert np.mean(columns) == pytest.approx(69.0, abs=0.06)


@pytest.mark.parametrize(("k", "score"), [(1, 45.24), (2, 61.63), (4, 79.18), (9, 91.64), (10, 92.81)])
def test_copying_the_source_of_asset_beats_people_at_every_k(asset, k, score):
    """Against references 0..k-1; computed elsewhere with sacrebleu."""
    questions = [(i.id, i.source, [r.text for r in i.references[:k]]) for i in asset.items]
    answers = ask_all(Bleu(lowercase=True), asset, ask(asset, questions))
    assert round(answers.corpus(), 2) == score


def test_the_band_of_asset_at_nine_is_what_the_run_prints(shared):
    """The run draws its own columns, by seed."""
    with gzip.open(shared / "data" / "asset" / "items.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    result = geneval.score(
        predictions={"copy": [row["source"] for row in rows]},
        references=[row["references"] for row in rows],
        scorers="bleu(lowercase=True)",
        band=True,
        resamples=0,
    )
    assert round(result.bands[0].score, 1) == 69.0
    assert round(result.score("copy", "bleu(lowercase=True)").score, 2) == 92.81


def test_wmt21_is_read_as_it_is(shared):
    """Corpus BLEU against `refB` and MQM agree in direction, against the bad `ref` they do not (README)."""
    inputs = read_inputs([str(shared / "data" / "wmt21_ted_zhen" / "items.jsonl.gz")])
    assert len(inputs.items) == 529 and len(inputs.systems) == 13
    assert {r.origin for item in inputs.items for r in item.references} == {"human:ref", "human:refB"}
    assert any("errors" in note for note in inputs.notes)
    quality = {s: np.mean([r.value for r in inputs.ratings if r.system == s]) for s in inputs.systems}
    found = {}
    for origins in (("human:ref",), ("human:refB",), None):
        result = evaluate(inputs, ["bleu"], Settings(resamples=0, origins=origins))
        scores = [result.score(s, "bleu").score for s in inputs.systems]
        found[origins] = np.corrcoef(scores, [quality[s] for s in inputs.systems])[0, 1]
    assert found["human:ref",] == pytest.approx(-0.367, abs=5e-3)
    assert found["human:refB",] == pytest.approx(0.332, abs=5e-3)
    assert found[None] == pytest.approx(0.185, abs=5e-3)


def test_bleu_of_every_system_of_wmt21_against_both_references_is_sacrebleus(shared):
    import sacrebleu

    inputs = read_inputs([str(shared / "data" / "wmt21_ted_zhen" / "items.jsonl.gz")])
    result = evaluate(inputs, ["bleu", "chrf"], PLAIN)
    streams = [[item.references[j].text for item in inputs.items] for j in range(2)]
    for system in inputs.systems[:3]:
        texts = [output.text for output in inputs.outputs if output.system == system]
        for name, judge in (("bleu", sacrebleu.BLEU()), ("chrf", sacrebleu.CHRF())):
            assert result.score(system, name).score == pytest.approx(judge.corpus_score(texts, streams).score, abs=1e-9)


@pytest.mark.neural
def test_cosine_puts_captions_in_the_order_of_peoples_grades():
    """On the data set's held-out caption, the order that people's grades give (README of coco_eccv)."""
    from geneval.data import demo_inputs

    result = evaluate(demo_inputs(), ["cosine"], PLAIN)
    own, echo, stray = (result.score(s, "cosine").score for s in ("own", "echo", "stray"))
    assert own > echo > stray


def test_full_and_ask_agree(asset):
    questions = [(item.id, item.references[0].text, [r.text for r in item.references]) for item in asset.items]
    assert ask_all(Rouge(kind="L"), asset, ask(asset, questions)).corpus() == 1.0
    assert len(full(asset)) == 0
