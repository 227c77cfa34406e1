"""A run: what is scored, counted, warned about and signed."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import geneval
from geneval.data import inputs_from_lists, read_inputs
from geneval.evaluation import Settings, evaluate
from geneval.results import Result
from geneval_references import InputError, MissingDependencyError, Reference, ReferenceSet, ScorerError, UsageError
from geneval_scorers import Cider

REFERENCES = [["the cat sat", "a cat sat down"], ["a dog ran", "the dog ran away", "dogs run"], ["it rains"]]
SYSTEMS = {"good": ["the cat sat", "a dog ran off", "it rained"], "bad": ["the the", "", "snow falls"]}
QUICK = Settings(resamples=50)


@pytest.fixture
def inputs():
    return inputs_from_lists(predictions=SYSTEMS, references=REFERENCES)


def test_every_system_and_scorer_has_a_score_with_an_interval(inputs):
    result = evaluate(inputs, ["token_f1", "bleu"], QUICK)
    assert [(s.system, s.scorer) for s in result] == [
        ("good", "token_f1"),
        ("bad", "token_f1"),
        ("good", "bleu"),
        ("bad", "bleu"),
    ]
    for score in result:
        assert score.low <= score.score <= score.high
        assert (score.n, score.n_missing, score.n_failed) == (3, 0, 0)
    assert result.score("bad", "bleu").n_flagged == 1


def test_the_order_of_items_and_systems_changes_no_number_and_no_interval():
    order = [2, 0, 1]
    ids = ["x", "y", "z"]
    one = geneval.score(
        predictions=SYSTEMS, references=REFERENCES, ids=ids, scorers=["bleu", "token_f1"], k=[1, 2], band=True
    )
    other = geneval.score(
        predictions={system: [SYSTEMS[system][i] for i in order] for system in ("bad", "good")},
        references=[REFERENCES[i][::-1] for i in order],
        ids=[ids[i] for i in order],
        scorers=["token_f1", "bleu"],
        k=[2, 1],
        band=True,
    )
    facts = {(s.system, s.scorer, s.k): (s.score, s.low, s.high, s.signature) for s in [*one, *one.bands]}
    assert {(s.system, s.scorer, s.k): (s.score, s.low, s.high, s.signature) for s in [*other, *other.bands]} == facts


@pytest.mark.parametrize("hash_seed", ["0", "1", "77"])
def test_the_bytes_do_not_depend_on_pythons_hash_seed(hash_seed, tmp_path):
    code = (
        "import geneval, sys; r = geneval.score(predictions={'a': ['x y', 'z'], 'b': ['z y', 'x']},"
        " references=[['x', 'y z', 'x y w'], ['z', 'w']], scorers=['bleu', 'chrf', \"cider(tokenizer='none')\"],"
        " k=[1, 2], band=True); r.save(sys.argv[1])"
    )
    env = {**os.environ, "PYTHONHASHSEED": hash_seed}
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "run")], env=env, check=True)
    geneval.score(
        predictions={"a": ["x y", "z"], "b": ["z y", "x"]},
        references=[["x", "y z", "x y w"], ["z", "w"]],
        scorers=["bleu", "chrf", "cider(tokenizer='none')"],
        k=[1, 2],
        band=True,
    ).save(tmp_path / "here")
    for name in ("results.json", "segments.parquet"):
        assert (tmp_path / "run" / name).read_bytes() == (tmp_path / "here" / name).read_bytes()


def test_signatures_carry_every_part_of_the_recipe(inputs):
    score = evaluate(inputs, ["bleu(lowercase=True)"], Settings(k=(1,), resamples=50, seed=3)).scores[0]
    parts = score.signature.split("|")
    assert parts[0] == f"geneval:{geneval.__version__}"
    assert parts[1].startswith("bleu(lowercase=True, tokenizer='13a', smooth='exp'")
    assert parts[2:5] == ["tok:13a", "refs:1-3", f"refset:{evaluate(inputs, ['bleu'], QUICK).reference_hash[:12]}"]
    assert parts[5:] == ["tiers:original", "k:1,draws:100,seed:3", "copies:keep", "interval:95%,bootstrap:50,seed:3"]


def test_items_with_too_few_references_are_null_and_counted_for_all_systems_alike(inputs):
    result = evaluate(inputs, ["token_f1"], Settings(k=(2,), resamples=0))
    assert [(s.n, s.n_missing, s.low) for s in result] == [(2, 1, None), (2, 1, None)]
    assert any(w.startswith("2 outputs (in 1 items) get no score at k=2") for w in result.warnings)
    null = result.to_pandas().query("reason == 'too_few_references'")
    assert null.id.tolist() == ["3", "3"] and null.score.isna().all()


def test_copies_are_counted_beside_the_references_own(inputs):
    result = evaluate(inputs, ["exact"], Settings(resamples=0))
    rates = {s.system: s.copies for s in result}
    assert (rates["good"].n, rates["good"].outputs, rates["good"].rate) == (1, 3, pytest.approx(1 / 3))
    assert (rates["bad"].n, rates["bad"].reference_n, rates["bad"].references) == (0, 0, 6)
    assert any(w.startswith("1 of good's 3 outputs equal one of their references (33.3%") for w in result.warnings)
    dropped = evaluate(inputs, ["exact"], Settings(resamples=0, copies="drop"))
    assert (result.score("good", "exact").score, dropped.score("good", "exact").score) == (pytest.approx(1 / 3), 0.0)


def test_the_band_is_what_references_score_against_their_siblings(inputs):
    result = evaluate(inputs, ["token_f1"], Settings(resamples=50, band=True))
    (members,) = result.bands
    # By hand: cat pair 2*2/7; dogs against the best sibling 4/7, 4/7, 0; the third item has no sibling.
    assert members.score == pytest.approx((4 / 7 + (4 / 7 + 4 / 7 + 0) / 3) / 2)
    assert (members.system, members.n, members.n_missing) == ("references", 5, 1)
    assert any("one reference fewer" in warning for warning in result.warnings)
    assert not any(
        "one reference fewer" in w for w in evaluate(inputs, ["exact"], Settings(k=(1,), band=True)).warnings
    )


def test_a_systems_own_outputs_are_never_its_references():
    sets = [
        ReferenceSet("1", (Reference("a b"), Reference("q", origin="output:mine"))),
        ReferenceSet("2", (Reference("q", origin="output:mine"),)),
    ]
    predictions = {"mine": ["q", "q"], "other": ["q", "q"]}
    result = geneval.score(predictions=predictions, references=sets, scorers="exact", resamples=0)
    assert (result.score("mine", "exact").score, result.score("mine", "exact").n_missing) == (0.0, 1)
    # The item that leaves one system without a reference counts for none: they are compared on the same items.
    assert (result.score("other", "exact").score, result.score("other", "exact").n_missing) == (1.0, 1)
    assert any("no reference is left for at least one of them" in warning for warning in result.warnings)
    assert any("unequal numbers of references" in warning for warning in result.warnings)
    assert result.columns["reason"] == [None, "no_reference", None, "no_reference"]


def test_tiers_choose_references_and_document_frequencies_stay_those_of_the_originals():
    sets = [
        ReferenceSet("1", (Reference("a b c"), Reference("a d", "verified"))),
        ReferenceSet("2", (Reference("e f"), Reference("e g", "verified"))),
    ]
    asked = {"predictions": ["a b c", "e g"], "references": sets, "scorers": "cider(tokenizer='none')", "resamples": 0}
    everything, verified = geneval.score(**asked), geneval.score(**asked, tiers=["verified"])
    assert everything.fitted[0].hash == verified.fitted[0].hash
    assert everything.reference_hash != verified.reference_hash
    assert verified.scores[0].tiers == {"verified": 2} and "tiers:verified" in verified.scores[0].signature
    assert verified.scores[0].score != everything.scores[0].score
    with pytest.raises(UsageError, match="original, verified, preferred, inferred, unverified"):
        geneval.score(**asked, tiers=["gold"])
    with pytest.raises(
        InputError, match=r"asked for; there are \(tier, origin\): original, human: 2; verified, human: 2"
    ):
        geneval.score(**asked, tiers=["inferred"])


def test_unverified_references_are_in_no_number_unless_they_are_asked_for():
    sets = [ReferenceSet(str(i), (Reference("a"), Reference("b", "unverified"))) for i in range(2)]
    asked = {"predictions": ["b", "a"], "references": sets, "scorers": "exact", "resamples": 0}
    plain = geneval.score(**asked)
    assert (plain.scores[0].score, plain.scores[0].tiers) == (0.5, {"original": 2})
    assert any("2 unverified references do not count" in warning for warning in plain.warnings)
    assert "tiers:original|" in plain.scores[0].signature
    every = geneval.score(**asked, tiers=["original", "unverified"])
    assert (every.scores[0].score, every.scores[0].tiers) == (1.0, {"original": 2, "unverified": 2})


def test_several_outputs_an_item_count_as_one():
    result = geneval.score(predictions=[["a", "b", "c"], ["d"]], references=["a", "d"], scorers="exact", resamples=0)
    assert result.scores[0].score == pytest.approx((1 / 3 + 1) / 2) and result.scores[0].n == 4
    assert result.to_pandas()["sample"].tolist() == [0, 1, 2, 0]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"scorers": []}, "no scorer was given"),
        ({"scorers": ["bleu", "bleu()"]}, "scorer bleu is given twice"),
        ({"scorers": [3]}, "3 is no scorer; give a spec, a scorer or a function"),
        ({"k": 0}, "k=0 does not fit; allowed: a whole number from 1"),
        ({"k": True}, "k=True does not fit"),
        ({"k": 1.5}, "k=1.5 does not fit"),
        ({"k": [2, 2]}, "each number of references is asked for once"),
        ({"seed": -1}, "seed=-1 does not fit"),
        ({"resamples": 10**9}, "resamples=1000000000 does not fit"),
        ({"draws": 0}, "draws=0 does not fit"),
        ({"tiers": "gold"}, "no tier 'gold'"),
        ({"copies": "throw"}, "copies='throw' does not fit; allowed: keep, drop"),
        ({"confidence": 95}, "confidence=95 does not fit; allowed: between 0 and 1"),
        ({"resamples": -1}, "resamples=-1 does not fit"),
    ],
)
def test_settings_that_do_not_fit_are_refused(asked, said):
    with pytest.raises(UsageError, match=said):
        geneval.score(**{"predictions": ["a", "b"], "references": ["a", "b"], "scorers": "exact", **asked})


def test_at_k_a_mean_is_the_mean_of_its_segments_and_other_scores_play_every_subset_equally_often():
    """Two items with two and three references: three layers would play one of two subsets twice."""
    asked = {"predictions": ["a b", "q r"], "references": [["a b", "x y"], ["m n", "o p", "s t"]], "k": 1}
    scorers = ["coco_rouge_l(tokenizer='unicode')", "token_f1", "bleu(smooth='none', max_order=1)"]
    for seed in range(5):
        result = geneval.score(**asked, scorers=scorers, seed=seed, resamples=0)
        assert [score.score for score in result][:2] == [0.25, 0.25]
        # One of two references of the first item gives 2 of 4 words, and no reference is shorter or longer.
        assert result.scores[2].score == pytest.approx(25)


def test_copies_dropped_from_one_system_leave_the_item_out_for_all():
    asked = {"predictions": {"A": ["x", "y"], "B": ["q", "y y"]}, "references": [["x"], ["y y y", "z"]]}
    result = geneval.score(**asked, scorers="token_f1", copies="drop", resamples=0)
    assert [(s.system, s.n, s.n_missing) for s in result] == [("A", 1, 1), ("B", 1, 1)]


def test_the_winner_is_counted_in_the_list_as_it_was_given():
    sets = [
        ReferenceSet("1", (Reference(""), Reference("zzz"), Reference("a b c"), Reference("x y", "verified"))),
        ReferenceSet("2", (Reference("q"), Reference("z"), Reference("x", "unverified"), Reference("x y", "verified"))),
    ]
    asked = {"predictions": ["a b c", "x y"], "references": sets, "scorers": "token_f1", "resamples": 0}
    assert geneval.score(**asked).columns["winner"] == [2, 3]
    assert geneval.score(**asked, tiers=["verified"]).columns["winner"] == [3, 3]


def test_what_is_missing_or_left_out_is_said_in_the_result(tmp_path):
    asked = {"scorers": "exact", "resamples": 0}
    blank = geneval.score(predictions=["a b", "c"], references=[["a b", ""], ["c d", " "]], **asked)
    assert any(w.startswith("2 empty references do not count") for w in blank.warnings)
    (tmp_path / "o.jsonl").write_text(
        '{"id": 1, "system": "A", "response": "x"}\n{"id": 1, "system": "B", "response": "x"}\n'
        '{"id": 2, "system": "B", "response": "y"}\n',
        encoding="utf-8",
    )
    (tmp_path / "r.jsonl").write_text('{"id": 1, "references": ["x"]}\n{"id": 2, "references": ["z"]}\n', "utf-8")
    inputs = read_inputs([str(tmp_path / "o.jsonl")], references=[str(tmp_path / "r.jsonl")], allow_missing=True)
    result = evaluate(inputs, ["exact"], QUICK)
    assert any(
        w.startswith("A has no output for 1 of 2 items: its scores are over the others") for w in result.warnings
    )
    result.save(tmp_path / "run")
    assert any("using column 'response' as output" in note for note in Result.open(tmp_path / "run").notes)


def test_a_filter_that_fits_nothing_is_named():
    asked = {"predictions": ["a"], "references": ["a"], "scorers": "exact", "resamples": 0}
    result = geneval.score(**asked, tiers=["original", "preferred"], origins=["human", "typo"])
    assert {"no reference is of tier 'preferred'", "no reference is of origin 'typo'"} <= set(result.warnings)
    for empty in ("tiers", "origins", "conditions"):
        with pytest.raises(UsageError, match=f"{empty} is empty"):
            geneval.score(**asked, **{empty: []})


def test_systems_that_could_not_be_scored_are_named():
    def scorer(text: str, _: str) -> float:
        return float("nan") if text == "?" else 1.0

    result = geneval.score(predictions={"A": ["a", "b"], "B": ["?", "b"]}, references=["x", "y"], scorers=scorer)
    assert any("could not score 1 outputs (B 1)" in warning for warning in result.warnings)


def test_the_winner_is_never_a_reference_that_was_left_out():
    sets = [ReferenceSet("1", (Reference("x y", origin="output:A"), Reference("x y"), Reference("z")))]
    result = geneval.score(predictions={"A": ["x y"]}, references=sets, scorers="token_f1", resamples=0)
    assert result.to_pandas().winner.tolist() == [1]


def test_two_scorers_of_a_kind_find_their_own_fitted_state(tmp_path):
    asked = {"predictions": ["a.", "b"], "references": ["a.", "c"], "resamples": 0}
    asked["scorers"] = ["cider(tokenizer='unicode')", "cider(tokenizer='none')"]
    geneval.score(**asked).save(tmp_path / "run")
    again = geneval.score(**asked, fitted=tmp_path / "run")
    assert [s.score for s in again] == [s.score for s in geneval.score(**asked)]


def test_empty_references_do_not_count_in_any_format():
    asked = {"predictions": ["a b"], "scorers": "ter", "resamples": 0}
    assert geneval.score(**asked, references=[["a c", "", "  "]]).scores[0].score == 50.0
    with pytest.raises(InputError, match="1 of 1 items have no references"):
        geneval.score(**asked, references=[[""]])


@pytest.mark.parametrize("frame", [{"a", "b"}, {"a": 1}, "ab", b"ab", 3, None], ids=repr)
def test_what_is_no_list_is_refused(frame):
    with pytest.raises(InputError, match="a list with one entry an item is due"):
        geneval.score(predictions=["a", "b"], references=frame, scorers="exact")


def test_generators_are_lists_that_are_read_once():
    result = geneval.score(
        predictions=(text for text in ["a", "b"]),
        references=([text] for text in ["a", "c"]),
        ids=(str(i) for i in range(2)),
        sources=iter(["s", "t"]),
        scorers="exact",
        resamples=0,
    )
    assert result.scores[0].score == 0.5


def test_an_interval_needs_two_items():
    result = geneval.score(predictions=["a", "b"], references=[["a", "c"], ["d"]], scorers="exact", k=2)
    assert (result.scores[0].score, result.scores[0].low) == (1.0, None)


def test_functions_are_scorers_too():
    def same_length(text: str, reference: str) -> float:
        return float(len(text) == len(reference))

    result = geneval.score(predictions=["ab", "c"], references=[["xy", "z"], ["zz"]], scorers=same_length)
    assert (result.scores[0].scorer, result.scores[0].score) == ("same_length", 0.5)
    assert "code:user" in result.scores[0].signature


def test_a_function_that_gives_no_number_gives_nulls_that_are_counted():
    result = geneval.score(
        predictions=["ab", "c"], references=["x", "y"], scorers=lambda text, _: float("nan") if text == "c" else 1.0
    )
    assert (result.scores[0].score, result.scores[0].n, result.scores[0].n_failed) == (1.0, 1, 1)
    assert any("could not score 1 outputs" in warning for warning in result.warnings)


def test_one_pair_without_a_number_leaves_its_output_without_one():
    numbers = {"x": 0.5, "y": float("nan"), "z": 0.25}
    references = [["x", "y"], ["z", "x"], ["y", "z"]]
    for reduce, left in (("best", 0.5), ("mean", 0.375)):
        scorer = geneval.pair_scorer(lambda _, reference: numbers[reference], name="given", reduce=reduce)
        result = geneval.score(predictions=["a", "b", "c"], references=references, scorers=scorer, resamples=0)
        assert (result.scores[0].score, result.scores[0].n_failed) == (left, 2)
        assert result.to_pandas().score.isna().tolist() == [True, False, True]
    with pytest.raises(ScorerError, match="given returned None; a scorer gives a finite number"):
        geneval.score(predictions=["a"], references=["b"], scorers=geneval.pair_scorer(lambda *_: None, name="given"))


def test_fitted_state_of_an_earlier_run_scores_a_single_item(tmp_path):
    asked = {"scorers": "cider(tokenizer='none')", "resamples": 0}
    whole = geneval.score(predictions=["a b", "c d"], references=[["a b", "a c"], ["c e"]], **asked)
    whole.save(tmp_path / "run")
    single = {"predictions": ["a b"], "references": [["a b", "a c"]], **asked}
    with pytest.raises(InputError, match=r"log\(1\) = 0"):
        geneval.score(**single)
    again = geneval.score(**single, fitted=tmp_path / "run")
    assert again.scores[0].score == pytest.approx(whole.to_pandas().score[0])
    assert again.fitted[0].hash == whole.fitted[0].hash
    with pytest.raises(UsageError, match="fitted state of cider was handed in, but no scorer of this run takes it"):
        geneval.score(predictions=["a"], references=["a"], scorers="exact", fitted=tmp_path / "run")


def test_what_is_not_installed_is_told_before_anything_is_read_or_scored(inputs):
    with pytest.raises(MissingDependencyError, match="sacrebleu"):
        evaluate(inputs, ["bleu(tokenizer='ja-mecab')"], QUICK)


def test_scorers_can_be_handed_in_as_objects(inputs):
    result = evaluate(inputs, [Cider(tokenizer="unicode")], QUICK)
    assert isinstance(result, Result) and result.scores[0].scorer == "cider(tokenizer='unicode')"
