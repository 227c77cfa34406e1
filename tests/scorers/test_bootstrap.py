"""Intervals: paired draws of items, on statistics."""

from __future__ import annotations

import numpy as np
import pytest

from geneval_references import Reference, ReferenceSet
from geneval_scorers import Bleu, Corpus, Resamples, TokenF1, ask_all, expected_at, full, percentile_interval
from geneval_scorers._bootstrap import Summed, Whole, item_layers


def units(corpus):
    return corpus.output_item.copy()


@pytest.mark.parametrize("scorer", [Bleu(), TokenF1()], ids=repr)
def test_each_resample_scores_what_scoring_its_items_again_gives(make_corpus, generated_items, scorer):
    """The slow judge draws the same items, builds a corpus of them and scores that."""
    items = [item for item in generated_items[:40] if item[0]]
    corpus = make_corpus(items)
    answers = ask_all(scorer, corpus, full(corpus))
    found = Resamples(len(items), 5, seed=7).scores(answers, np.arange(len(items)), units(corpus))
    rng = np.random.default_rng(7)
    for score, drawn in zip(found, rng.integers(len(items), size=(5, len(items))), strict=True):
        again = make_corpus([items[i] for i in drawn])
        assert score == pytest.approx(ask_all(scorer, again, full(again)).corpus(), abs=1e-9)


def test_draws_are_the_same_for_all_systems_and_do_not_depend_on_the_number_of_blocks(make_corpus, monkeypatch):
    corpus = make_corpus([("a b", ["a b"]), ("a", ["b"]), ("c d", ["c e"]), ("e", ["e f"])])
    answers = ask_all(TokenF1(), corpus, full(corpus))
    once = Resamples(4, 200).scores(answers, np.arange(4), units(corpus))
    monkeypatch.setattr("geneval_scorers._bootstrap.BLOCK", 12)
    assert Resamples(4, 200).scores(answers, np.arange(4), units(corpus)).tobytes() == once.tobytes()


def test_the_draws_of_the_default_seed_stay_what_they_are():
    """PCG64 under the default seed; a change would change every published interval."""
    assert Resamples(5, 2)._counts(np.random.default_rng(12345), 2).tolist() == [
        [0.0, 3.0, 0.0, 2.0, 0.0],
        [0.0, 1.0, 0.0, 3.0, 1.0],
    ]


def test_several_outputs_of_a_system_for_an_item_share_the_weight_of_one():
    sets = [ReferenceSet("x", (Reference("a"),)), ReferenceSet("y", (Reference("b"),))]
    corpus = Corpus(sets, [("x", "s", "a", 0), ("x", "s", "q", 1), ("x", "s", "q", 2), ("y", "s", "b", 0)])
    answers = ask_all(TokenF1(), corpus, full(corpus))
    found = Resamples(2, 400).scores(answers, np.arange(4), units(corpus))
    assert set(np.round(found, 12)) == {round(1 / 3, 12), round(2 / 3, 12), 1.0}


def test_expected_scores_at_k_are_resampled_draw_by_draw(make_corpus, generated_items):
    items = [(text, list(dict.fromkeys(r))) for text, r in generated_items[:60] if len(set(r)) > 4]
    corpus = make_corpus(items)
    answers = expected_at(Bleu(), corpus, full(corpus), 3, draws=10)
    scored = np.flatnonzero(answers.scored)
    found = Resamples(len(items), 300).scores(answers, scored, units(corpus)[scored])
    low, high = percentile_interval(found)
    assert low < answers.corpus() < high


def test_the_interval_is_the_central_one():
    assert percentile_interval(np.arange(101.0), 0.9) == pytest.approx((5.0, 95.0))


def test_whole_numbers_have_one_sum_in_whatever_way_they_are_added(make_corpus, generated_items, monkeypatch):
    items = [item for item in generated_items[:300] if item[0]]
    corpus = make_corpus(items)
    answers = ask_all(Bleu(), corpus, full(corpus))
    assert np.issubdtype(answers.rows.dtype, np.integer)
    rng = np.random.default_rng(3)
    asked = rng.permutation(len(items))[:250]
    place = rng.permutation(len(items))[asked]
    times = rng.integers(0, 4, (7, len(items))).astype(np.float64)
    monkeypatch.setattr("geneval_scorers._bootstrap._CHUNK", 64)
    (rows,) = answers.layers(asked)
    (layer,) = item_layers(answers, asked, place, len(items))
    assert Whole(rows, place).sums(times).tobytes() == Summed(layer).sums(times).tobytes()
