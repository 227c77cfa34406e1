"""Blend files, the scorer made of them, and the preference rate."""

from __future__ import annotations

import math
import tomllib

import numpy as np
import pytest

import geneval
from geneval.blend_files import find_blend, read_blend, shipped_blends, write_blend
from geneval.fitted import read_fitted, write_fitted
from geneval_references import InputError, Reference, ReferenceSet, UsageError
from geneval_scorers import Corpus, ask_all, expected_at, full

PARTS = """
[[parts]]
scorer = "cider(tokenizer='unicode')"
weight = 1.0
scale = 2.0
[[parts]]
scorer = "ending"
weight = 0.5
scale = 1.0
[[parts]]
scorer = "token_f1"
weight = 2.0
scale = 0.5
"""
HEAD = 'schema = "geneval.blend/1"\ntemperature = 1.0\nties = 0.3\n'


@pytest.fixture
def blend(tmp_path):
    place = tmp_path / "mine.toml"
    place.write_text(HEAD + PARTS, encoding="utf-8")
    return f"blend(path={str(place)!r})"


@pytest.fixture
def corpus():
    sets = [
        ReferenceSet("1", (Reference("a cat sat here"), Reference("the cat sat down"), Reference("a dog ran"))),
        ReferenceSet("2", (Reference("two boats on a lake"), Reference("a lake"), Reference("the boats are red"))),
    ]
    return Corpus(sets, [("1", "s", "a cat ran down", 0), ("2", "s", "two red boats", 0), ("1", "t", "the", 0)])


def test_what_its_parts_learned_is_kept_with_a_run(blend, corpus, tmp_path):
    fitted = geneval.parse(blend).fit(corpus)
    write_fitted(fitted.state, tmp_path / "fitted")
    (state,) = read_fitted(tmp_path)
    again = geneval.parse(blend).with_state(state)
    assert again.signature() == fitted.signature() and state.hash == fitted.state.hash
    one, other = (ask_all(scorer, corpus, full(corpus)).segment for scorer in (fitted, again))
    assert (one == other).all()


def test_a_state_is_taken_by_the_blend_that_learned_it_alone(blend, corpus, tmp_path):
    state = geneval.parse(blend).fit(corpus).state
    other = tmp_path / "other.toml"
    other.write_text((HEAD + PARTS).replace("weight = 2.0", "weight = 2.5"), encoding="utf-8")
    with pytest.raises(UsageError, match="this very blend"):
        geneval.parse(f"blend(path={str(other)!r})").with_state(state)


def test_expected_at_k_is_the_weighted_sum_of_the_parts(blend, corpus):
    queries, total = full(corpus), np.zeros(3)
    for spec, factor in {"cider(tokenizer='unicode')": 0.5, "ending": 0.5, "token_f1": 4.0}.items():
        scorer = geneval.parse(spec).fit(corpus)
        total += factor * expected_at(scorer, corpus, queries, 2).segment
    scorer = geneval.parse(blend).fit(corpus)
    assert expected_at(scorer, corpus, queries, 2).segment == pytest.approx(total)


def test_a_run_with_k_and_band_takes_a_blend(blend):
    references = [["a cat sat here", "the cat sat", "cat"], ["two boats", "a red boat", "a boat"]]
    predictions = {"x": ["a cat", "a boat"], "y": ["the dog sat", "boats"]}
    found = geneval.score(
        predictions=predictions, references=references, scorers=[blend], k=[1, 2], band=True, resamples=0
    )
    assert len(found.scores) == 4 and all(score.score is not None for score in (*found.scores, *found.bands))


def test_a_part_that_runs_as_something_else_than_it_was_fitted_as_is_told(tmp_path):
    place = tmp_path / "old.toml"
    place.write_text(
        HEAD + '[[parts]]\nscorer = "token_f1"\nweight = 1.0\nscale = 1.0\nsignature = "token_f1|tok:unicode-0"\n',
        encoding="utf-8",
    )
    found = geneval.score(predictions=["a"], references=["a"], scorers=[f"blend(path={str(place)!r})"], resamples=0)
    assert any("was fitted with token_f1|tok:unicode-0, and runs with token_f1(" in text for text in found.warnings)


def test_a_part_of_weight_0_is_not_asked(tmp_path):
    place = tmp_path / "some.toml"
    place.write_text(
        HEAD
        + '[[parts]]\nscorer = "token_f1"\nweight = 1.0\nscale = 1.0\n[[parts]]\nscorer = "comet(model=\'hf:a/b\')"\n'
        "weight = 0\nscale = 1\n",
        encoding="utf-8",
    )
    scorer = geneval.parse(f"blend(path={str(place)!r})")
    assert [part.name for part in scorer.parts] == ["token_f1"] and not scorer.needs_fit and scorer.state is None


def test_what_is_written_is_read_back(tmp_path):
    content = {"temperature": 1.5, "ties": 0.0, "title": 'tabs\t "quotes" \\ 雪 \U0001f600 \x7f', "none": None}
    content["card"] = {"good_for": ["a", "b"], "odd key": True, "inner": {"n": 1}}
    content["parts"] = [{"scorer": "rouge(kind='L')", "weight": 1.0, "scale": 1e-07}]
    write_blend(tmp_path / "x.toml", content)
    back = tomllib.loads((tmp_path / "x.toml").read_text("utf-8"))
    assert back.pop("schema") == "geneval.blend/1" and content.pop("none") is None
    assert back == content


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("schema = ", "is no TOML"),
        ("schema = 'geneval.blend/9'", "schema is 'geneval.blend/9'"),
        (HEAD, r"\[\[parts\]\]"),
        (HEAD + "parts = 3", r"\[\[parts\]\]"),
        (HEAD + "[[parts]]\nscorer = 3\nweight = 1\nscale = 1", "part 1: scorer is 3"),
        (HEAD + "[[parts]]\nscorer = 'chrf'\nscale = 1", "part 1: weight is None; a number is due"),
        (HEAD + "[[parts]]\nscorer = 'chrf'\nweight = true\nscale = 1", "weight is True"),
        (HEAD + "[[parts]]\nscorer = 'chrf'\nweight = -1\nscale = 1", "a weight is 0 or more"),
        (HEAD + "[[parts]]\nscorer = 'chrf'\nweight = 1\nscale = 0", "a scale above 0"),
        (HEAD + "[[parts]]\nscorer = 'chrf'\nweight = nan\nscale = 1", "a weight is 0 or more"),
        (HEAD + "[[parts]]\nscorer = 'chrf'\nweight = 0\nscale = 1", "a part with a weight above 0"),
        (HEAD.replace("1.0", "0.0") + PARTS, "temperature 0.0"),
        (HEAD.replace("0.3", "'x'") + PARTS, "ties is 'x'"),
    ],
)
def test_a_file_that_holds_no_blend_says_why(text, told):
    with pytest.raises(InputError, match=told):
        read_blend(text, "mine.toml")


@pytest.mark.parametrize(
    ("spec", "error", "told"),
    [
        ("blend", UsageError, "either path or name"),
        ("blend(path='x.toml', name='captions')", UsageError, "either path or name"),
        ("blend(name='caption')", UsageError, "there are: captions; did you mean captions"),
        ("blend(path='nowhere.toml')", InputError, "geneval blend fit"),
        ("blend(shipped='captions')", UsageError, "no option 'shipped'; allowed: path, name"),
        ("blend(name=3)", UsageError, "name=3 does not fit; allowed: a string in quotes or None"),
    ],
)
def test_a_spec_that_names_no_blend_says_why(spec, error, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=told):
        geneval.parse(spec)


def test_scorers_of_sets_and_blends_are_no_parts(tmp_path):
    for spec in ("distinct_n", "blend(name='captions')", f"blend(path='{tmp_path}/blend.toml')"):
        place = tmp_path / f"{spec[:5]}.toml"  # the last one names itself
        place.write_text(HEAD + f'[[parts]]\nscorer = "{spec}"\nweight = 1\nscale = 1\n', encoding="utf-8")
        with pytest.raises(UsageError, match="a part scores single texts"):
            geneval.parse(f"blend(path={str(place)!r})")


def test_captions_ships_with_its_card():
    assert "captions" in shipped_blends()
    found = find_blend(name="captions")
    assert not found.about.get("refusal") and found.about["card"]["not_for"] and found.about["trained_on"]["data"]
    assert all(part.signature for part in found.recipe.parts)
    scorer = geneval.parse("blend(name='captions')")
    assert repr(scorer) == "blend(name='captions')" and "neural" in scorer.info.needs


def test_the_preference_rate_is_the_mean_probability(blend):
    references = [["a cat sat here"], ["two boats"], ["a lake"]]
    predictions = {"x": ["a cat", "a boat", "a lake"], "y": ["the dog sat", "boats", "sea"]}
    run = geneval.score(predictions=predictions, references=references, scorers=[blend, "chrf"], resamples=0)
    columns = run.columns
    score = {
        (id_, system): value
        for id_, system, scorer, value in zip(
            columns["id"], columns["system"], columns["scorer"], columns["score"], strict=True
        )
        if scorer.startswith("blend")
    }
    leads = [score[i, "x"] - score[i, "y"] for i in ("1", "2", "3")]
    (rate,) = geneval.preference_rate(run, baseline="y", resamples=100)
    assert rate.value == pytest.approx(np.mean([1 / (1 + math.exp(-lead)) for lead in leads]))
    assert rate.low <= rate.value <= rate.high and rate.n == 3 and "baseline:y" in rate.signature
    (other,) = geneval.preference_rate(run, baseline="x", resamples=0)
    assert other.value == pytest.approx(1 - rate.value) and other.low is None


def test_a_preference_rate_needs_a_blend_and_two_systems(blend):
    plain = geneval.score(predictions={"x": ["a"], "y": ["b"]}, references=["a"], scorers=["chrf"], resamples=0)
    with pytest.raises(UsageError, match="the run has no blend"):
        geneval.preference_rate(plain)
    references = [["a cat"], ["two boats"]]
    alone = geneval.score(predictions=["a", "b"], references=references, scorers=[blend], resamples=0)
    with pytest.raises(UsageError, match="alone"):
        geneval.preference_rate(alone)
    with pytest.raises(UsageError, match="no system is named 'z'"):
        geneval.preference_rate(alone, baseline="z")
    with pytest.raises(UsageError, match="no blend chrf"):
        geneval.preference_rate(alone, "chrf")


@pytest.mark.parametrize(
    ("options", "told"),
    [({"resamples": -5}, "resamples=-5"), ({"confidence": 3.0}, "confidence=3"), ({"seed": -1}, "seed=-1")],
)
def test_options_of_a_preference_rate_are_checked(blend, options, told):
    predictions, references = {"x": ["a", "b"], "y": ["b", "c"]}, ["a", "b"]
    run = geneval.score(predictions=predictions, references=references, scorers=[blend], resamples=0)
    with pytest.raises(UsageError, match=f"{told}.* does not fit"):
        geneval.preference_rate(run, **options)
    with pytest.raises(UsageError, match="the run has no blend at k=2; it has"):
        geneval.preference_rate(run, k=2)


def test_a_preference_rate_of_one_item_has_no_interval_and_huge_leads_no_overflow(tmp_path):
    place = tmp_path / "steep.toml"
    place.write_text(HEAD + '[[parts]]\nscorer = "token_f1"\nweight = 1e6\nscale = 1.0\n', encoding="utf-8")
    spec = f"blend(path={str(place)!r})"
    run = geneval.score(predictions={"x": ["a"], "y": ["b"]}, references=["a"], scorers=[spec], resamples=0)
    (found,) = geneval.preference_rate(run)
    assert found.value == 0 and found.low is None and found.n == 1


def test_a_blend_that_was_changed_by_hand_says_so(found, tmp_path):
    place = found.save(tmp_path / "mine.toml")
    assert not find_blend(path=place).changed and not find_blend(name="captions").changed
    text = place.read_text("utf-8")
    place.write_text(text.replace("scale = 0.", "scale = 1.", 1), encoding="utf-8")
    assert find_blend(path=place).changed


def test_what_a_reader_of_a_blends_numbers_must_know_is_told(tmp_path):
    """That it was forced or changed, and that texts are of another script than those it was fitted on."""
    place = tmp_path / "odd.toml"
    fit = f'[fit]\nrecipe = "{"0" * 64}"\n'
    about = 'refusal = "no better"\nscript = "Latin"\n'
    place.write_text(HEAD + about + PARTS + fit, encoding="utf-8")
    predictions = ["a cat", "\u732b in \u5bb6\u4e2d", "\u00e7a \u00e9t\u00e9", "123"]
    scorer = f"blend(path={str(place)!r})"
    found = geneval.score(predictions=predictions, references=["cat", "dog", "x", "y"], scorers=[scorer], resamples=0)
    told = " ".join(found.warnings)
    assert "was written by force (no better): 8 of 8 texts" in told
    assert "was changed since it was fitted: nothing tells how well it does: 8 of 8 texts" in told
    assert "was fitted on texts in Latin script, and nobody has looked how it does on others: 1 of 8 texts" in told
