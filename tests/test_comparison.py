"""Comparisons: what is compared, counted, corrected, warned about and signed."""

from __future__ import annotations

import json
import math
import random
import re

import numpy as np
import pytest

import geneval
from geneval.comparison import compare_inputs
from geneval.data import demo_inputs, inputs_from_lists
from geneval_references import InputError, UsageError
from geneval_scorers import Chrf, holm

REFERENCES = [["the cat sat", "a cat sat down"], ["a dog ran", "the dog ran away", "dogs run"], ["it rains", "rain"]]
SYSTEMS = {
    "good": ["the cat sat", "a dog ran off", "it rained"],
    "bad": ["the the", "", "snow falls"],
    "same": ["the cat sat", "a dog ran off", "it rained"],
}


def compare(**options):
    given = {"predictions": SYSTEMS, "references": REFERENCES, "scorers": ["token_f1", "ter"], "resamples": 99}
    return geneval.compare(**(given | options))


@pytest.fixture(scope="module")
def demo():
    return compare_inputs(demo_inputs(), ["bleu", "ter"], baseline="echo", resamples=500)


def test_every_other_system_is_compared_with_the_first_under_every_scorer():
    result = compare()
    assert result.baseline == "good"
    assert [(row.system, row.scorer) for row in result.baselines] == [("good", "token_f1"), ("good", "ter")]
    assert [(row.system, row.scorer) for row in result] == [
        ("bad", "token_f1"),
        ("same", "token_f1"),
        ("bad", "ter"),
        ("same", "ter"),
    ]
    assert [row.system for row in compare(baseline="bad", scorers="chrf")] == ["good", "same"]


def test_scores_are_those_of_score(demo):
    scored = geneval.evaluate(demo_inputs(), ["bleu", "ter"])
    for row in demo.baselines:
        found = scored.score(row.system, row.scorer)
        assert (row.score.value, row.score.low, row.score.high) == (found.score, found.low, found.high)
    for row in demo:
        found = scored.score(row.system, row.scorer)
        assert (row.score.value, row.score.low, row.score.high) == (found.score, found.low, found.high)
        assert row.delta.value == row.score.value - scored.score("echo", row.scorer).score
        assert row.delta.low < row.delta.value < row.delta.high
        assert row.baseline.value == scored.score("echo", row.scorer).score


def test_better_is_lower_where_the_scorer_says_so(demo):
    own = demo.comparison("own", "ter")
    assert own.direction == "lower" and own.delta.value > 0
    assert (own.favours, own.effect < 0, own.wins < own.losses) == ("echo", True, True)
    wrong = demo.comparison("stray", "ter")
    assert (wrong.favours, wrong.effect < 0, wrong.wins < wrong.losses) == ("echo", True, True)
    assert all(row.wins + row.ties + row.losses == row.n == 300 for row in demo)


def test_wins_and_the_effect_are_those_of_segment_scores(demo):
    table = (
        geneval.evaluate(demo_inputs(), ["bleu"]).to_pandas().pivot_table(index="id", columns="system", values="score")
    )
    gain = table["own"] - table["echo"]
    row = demo.comparison("own", "bleu")
    assert (row.wins, row.ties, row.losses) == ((gain > 1e-9).sum(), (gain.abs() <= 1e-9).sum(), (gain < -1e-9).sum())
    assert row.effect == pytest.approx(gain.mean() / gain.std(ddof=1))


def test_p_values_are_corrected_over_systems_scorers_and_k_together():
    inputs = demo_inputs()
    result = compare_inputs(inputs, ["chrf", "exact"], geneval.Settings(k=(1, 2)), resamples=100)
    assert len(result.comparisons) == result.tested == 8
    assert [row.p_adjusted for row in result] == holm(np.asarray([row.p for row in result])).tolist()
    assert all(row.significant == (row.p_adjusted <= 0.05) for row in result)
    assert any("no adjusted p-value can be below 0.079" in warning for warning in result.warnings)


@pytest.mark.parametrize("method", ["randomisation", "bootstrap"])
def test_systems_with_the_same_outputs_do_not_differ(method):
    """What sacrebleu says of them, the lowest p-value there is, stands beside, and a warning tells."""
    result = compare(method=method)
    same = result.comparison("same", "ter")
    assert (same.p, same.p_adjusted, same.significant, same.tied) == (1.0, 1.0, False, 99)
    assert (same.favours, same.effect, same.effect_reason) == (None, None, "no_deviation")
    assert (same.wins, same.ties, same.losses, same.delta.value) == (0, 3, 0, 0.0)
    assert same.p_sacrebleu == 0.01
    assert any("same / ter (p = 0.0100, not 1.0000)" in warning for warning in result.warnings)


@pytest.mark.parametrize("method", ["randomisation", "bootstrap"])
@pytest.mark.parametrize("k", [(), (2,)])
def test_the_order_of_items_references_and_samples_changes_nothing(method, k):
    inputs = demo_inputs()
    texts = {(o.id, o.system): o.text for o in inputs.outputs}
    items = [(i.id, [r.text for r in i.references]) for i in inputs.items]
    shuffled = random.Random(3).sample(items, len(items))

    def result(rows, turn):
        return geneval.compare(
            predictions={s: [texts[i, s] for i, _ in rows] for s in ("own", "echo", "stray")},
            references=[texts[::turn] for _, texts in rows],
            ids=[i for i, _ in rows],
            scorers=["token_f1", "bleu", "rouge(kind='L')"],
            resamples=60,
            method=method,
            k=k,
        )

    assert result(items, 1).comparisons == result(shuffled, -1).comparisons


def test_an_item_without_a_score_for_one_system_is_left_out_for_both():
    def hole(text, reference):
        return math.nan if text == "?" else float(text == reference)

    result = geneval.compare(
        predictions={"a": ["x", "?", "q"], "b": ["q", "y", "z"], "c": ["x", "y", "z"]},
        references=[["x"], ["y"], ["z"]],
        scorers=[hole],
    )
    b, c = result.comparisons
    assert [(row.n, row.n_left_out, row.n_failed) for row in (b, c)] == [(2, 1, 0), (2, 1, 0)]
    assert (b.score.value, b.baseline.value, c.score.value) == (0.5, 0.5, 1.0)
    assert (result.baselines[0].n, result.baselines[0].n_outputs, result.baselines[0].n_failed) == (2, 3, 1)
    assert any("b is compared to a on 2 items; 1 others are left out of hole" in w for w in result.warnings)


def test_systems_without_an_item_in_common_have_no_numbers():
    def only(text, reference):
        return 1.0 if text == reference else math.nan

    result = geneval.compare(
        predictions={"a": ["x", "?"], "b": ["?", "y"]}, references=[["x"], ["y"]], scorers=[only], method="bootstrap"
    )
    (row,) = result
    assert (row.n, row.score.value, row.p, row.p_adjusted, row.effect, row.delta.low) == (
        0,
        None,
        None,
        None,
        None,
        None,
    )
    assert result.tested == 0 and json.loads(result.to_json())["comparisons"][0]["effect_reason"] == "few_items"


@pytest.mark.parametrize(("method", "p"), [("randomisation", 1.0), ("bootstrap", None)])
def test_one_item_has_neither_interval_nor_bootstrap(method, p):
    result = geneval.compare(predictions={"a": ["x"], "b": ["y"]}, references=[["x"]], scorers=["exact"], method=method)
    (row,) = result
    assert (row.p, row.score.low, row.effect_reason) == (p, None, "few_items")


def test_fewer_than_thirty_items_warn():
    assert "fewer than 30 items are shared with good (bad: 3, same: 3): p-values from so few say little" in (
        compare().warnings
    )


def test_the_signature_says_how_it_was_tested():
    result = compare(seed=7, confidence=0.9, method="randomization", scorers=["ter"])
    assert result.method == "randomisation"
    end = "interval:90%,bootstrap:1000,seed:7|test:randomisation,99,seed:7|correction:holm,2"
    assert {row.signature for row in (*result.baselines, *result)} == {result.baselines[0].signature}
    assert result.baselines[0].signature.endswith(end)
    drawn = compare(method="bootstrap").baselines[0].signature
    assert drawn.endswith("interval:95%,bootstrap:99,seed:12345|test:bootstrap,99,seed:12345|correction:holm,4")
    assert [compare(method=m, resamples=None).resamples for m in ("randomisation", "bootstrap")] == [10_000, 1_000]


def test_the_json_holds_every_number():
    result = compare()
    found = json.loads(result.to_json())
    assert list(found) == ["schema", "baseline", "test", "baselines", "comparisons", "warnings"]
    assert found["schema"] == "geneval.compare/1"
    assert found["test"] == {
        "method": "randomisation",
        "resamples": 99,
        "seed": 12345,
        "correction": "holm",
        "comparisons": 4,
        "alpha": 0.05,
        "confidence": 0.95,
    }
    row, first = found["comparisons"][0], result.comparisons[0]
    assert row["delta"] == {
        "value": first.delta.value,
        "mean": first.delta.mean,
        "low": first.delta.low,
        "high": first.delta.high,
        "half": (first.delta.high - first.delta.low) / 2,
    }
    plain = {name for name in first.__slots__ if name not in {"score", "baseline", "delta", "scale"}}
    assert all(row[name] == getattr(first, name) for name in plain) and set(row) == set(first.__slots__)


def test_scorers_may_be_objects_and_functions_and_defaults():
    def shares(text, reference):
        return float(text[:1] == reference[:1])

    assert [row.scorer for row in compare(scorers=[Chrf(word_order=2), shares]).baselines] == [
        "chrf(word_order=2)",
        "shares",
    ]
    assert [row.scorer for row in compare(scorers=None).baselines][:3] == ["bleu", "chrf", "rouge(kind='L')"]


def test_fitted_state_is_used(tmp_path):
    given = {"predictions": SYSTEMS, "references": REFERENCES, "scorers": ["cider(tokenizer='unicode')"]}
    geneval.score(**given).save(tmp_path / "run")
    assert compare(**given, fitted=tmp_path / "run") == compare(**given)


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"predictions": {"a": ["x"] * 3}}, UsageError, "needs two systems or more, there is 'a'"),
        ({"predictions": ["x"] * 3}, UsageError, "the outputs of two systems or more"),
        ({"baseline": "best"}, UsageError, "no system is named 'best'; there are: 'good', 'bad', 'same'"),
        ({"method": "t-test"}, UsageError, "allowed: randomisation, randomization, bootstrap"),
        ({"resamples": 0}, UsageError, "resamples=0 does not fit"),
        ({"resamples": True}, UsageError, "resamples=True does not fit"),
        ({"resamples": 10.0}, UsageError, "resamples=10.0 does not fit"),
        ({"scorers": []}, UsageError, "no scorer was given"),
        ({"scorers": ["bleu", "bleu"]}, UsageError, "given twice"),
        ({"references": REFERENCES[:2]}, InputError, "references"),
    ],
)
def test_what_does_not_fit_is_refused(options, error, said):
    with pytest.raises(error, match=re.escape(said)):
        compare(**options)


def test_a_comparison_that_is_not_there_names_those_that_are(demo):
    with pytest.raises(UsageError, match="there are: own / bleu / k=None"):
        demo.comparison("own", "chrf")


def test_inputs_may_give_several_outputs_an_item():
    predictions = {"one": ["a", "b"], "two": [["a", "q"], ["b", "b"]]}
    result = compare_inputs(inputs_from_lists(predictions=predictions, references=[["a"], ["b"]]), ["exact"])
    assert (result.comparisons[0].score.value, result.comparisons[0].n) == (0.75, 2)
    assert (result.comparisons[0].ties, result.comparisons[0].losses) == (1, 1)
