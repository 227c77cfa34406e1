"""Paired tests: sacrebleu is their judge, and slow versions that say the same in plain words."""

from __future__ import annotations

import logging
import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu.metrics import BLEU, CHRF, TER
from sacrebleu.significance import PairedTest

from geneval.data import demo_inputs
from geneval_references import Reference, ReferenceSet
from geneval_scorers import (
    Bleu,
    Chrf,
    Cider,
    Corpus,
    Pair,
    Ter,
    TokenF1,
    ask_all,
    bootstrap_p,
    effect_size,
    expected_at,
    full,
    gains,
    holm,
    pair_scorer,
    randomisation_p,
)

pytestmark = pytest.mark.once

JUDGES = {"BLEU": (Bleu(), BLEU), "chrF2": (Chrf(), CHRF), "TER": (Ter(), TER)}


@pytest.fixture(autouse=True)
def quiet(caplog):
    """sacrebleu warns of texts that look tokenised."""
    caplog.set_level(logging.CRITICAL, "sacrebleu")


def corpus_of(first, second, references):
    """Items 0, 1, ... with one output each of the systems `first` and `second`."""
    sets = [ReferenceSet(str(i), tuple(map(Reference, row))) for i, row in enumerate(references)]
    outputs = [
        (str(i), name, row[i], 0) for name, row in (("first", first), ("second", second)) for i in range(len(row))
    ]
    return Corpus(sets, outputs)


def pair_of(corpus, scorer, k=None):
    queries = full(corpus)
    scorer = scorer.fit(corpus) if scorer.needs_fit else scorer
    answers = ask_all(scorer, corpus, queries) if k is None else expected_at(scorer, corpus, queries, k, draws=5)
    first, second = (np.flatnonzero(corpus.output_system == system) for system in (0, 1))
    return Pair.of(answers, first, second, queries.item)


def drawn_pair(first, second, scorer=None):
    """A pair made of one number an item, whose corpus score is the mean."""
    rows = [np.stack([side, np.ones(len(side))], axis=1) for side in (first, second)]
    nobody = np.zeros(0, np.int64)
    return Pair(scorer or TokenF1(), (nobody, nobody), (rows[0],), (rows[1],), np.stack([first, second]), 0)


def judged(first, second, references, method, name, trials):
    """sacrebleu's own p-value; it wants one stream a reference."""
    streams = [list(stream) for stream in zip(*references, strict=True)]
    systems = [("first", first), ("second", second)]
    _, found = PairedTest(systems, {name: JUDGES[name][1]()}, streams, test_type=method, n_samples=trials)()
    return found[name][1].p_value


@pytest.fixture(scope="module")
def captions():
    """The demo's references, and two systems that share out its right answers: the difference is luck, but not zero."""
    inputs = demo_inputs()
    texts = {(o.id, o.system): o.text for o in inputs.outputs}
    ids = [item.id for item in inputs.items]
    references = [[r.text for r in item.references] for item in inputs.items]
    turns = np.random.default_rng(5).permutation(len(ids)) % 5 < 2
    first = [texts[i, "own" if turn else "echo"] for i, turn in zip(ids, turns, strict=True)]
    second = [texts[i, "echo" if turn else "own"] for i, turn in zip(ids, turns, strict=True)]
    return first, second, references


@pytest.mark.parametrize("name", JUDGES)
def test_randomisation_gives_the_p_value_of_sacrebleu(captions, name):
    """Same seed, same order of items: the same swaps, and not one trial on the other side of the difference.

    TER is made of whole edits: in some trials the difference is just the one seen. sacrebleu leaves them out.
    """
    pair = pair_of(corpus_of(*captions), JUDGES[name][0])
    found = randomisation_p(pair, 2000)
    assert found.without_ties == judged(*captions, "ar", name, 2000)
    assert 0.01 < found.without_ties < 0.99
    assert (found.tied > 0) == (name == "TER")
    assert found.p == pytest.approx(found.without_ties + found.tied / 2001)


@pytest.mark.parametrize("name", JUDGES)
def test_the_bootstrap_gives_the_p_value_of_sacrebleu(captions, name):
    pair = pair_of(corpus_of(*captions), JUDGES[name][0])
    found = bootstrap_p(*pair.bootstrap(1000), pair.scores)
    assert found.p == judged(*captions, "bs", name, 1000)
    assert found.tied == 0 and 0.01 < found.p < 0.99


@pytest.mark.parametrize("name", JUDGES)
@pytest.mark.parametrize("method", ["ar", "bs"])
def test_systems_that_do_not_differ_are_not_found_to_differ(captions, name, method):
    """sacrebleu does not count ties, and calls identical systems different with the lowest p there is."""
    first, _, references = captions
    pair = pair_of(corpus_of(first, list(first), references), JUDGES[name][0])
    found = randomisation_p(pair, 99) if method == "ar" else bootstrap_p(*pair.bootstrap(99), pair.scores)
    assert (found.p, found.tied, found.without_ties) == (1.0, 99, 0.01)
    assert judged(first, list(first), references, method, name, 99) == found.without_ties
    assert math.isnan(effect_size(gains(pair)))


def test_one_item_that_differs_is_no_evidence():
    first = ["the cat sat on the mat"] * 20
    second = ["the cat sat on a mat today", *first[1:]]
    references = [["a cat sat on a mat today"]] * 20
    found = randomisation_p(pair_of(corpus_of(first, second, references), Bleu()), 999)
    assert found.p == 1.0
    assert found.without_ties == judged(first, second, references, "ar", "BLEU", 999) == 0.001


words = st.lists(st.sampled_from(["a", "b", "c", "the", "cat", "sat."]), max_size=6).map(" ".join)
items = st.lists(st.tuples(words, words, st.lists(words, min_size=2, max_size=4)), min_size=2, max_size=6)


def overlap(text, reference):
    return len(set(text.split()) & set(reference.split())) / 7


SCORERS = [
    *(scorer for scorer, _ in JUDGES.values()),
    TokenF1(),
    Cider(tokenizer="none"),
    pair_scorer(overlap, reduce="mean"),
    pair_scorer(overlap, name="distance", direction="lower"),
]


@pytest.mark.parametrize("scorer", SCORERS, ids=repr)
@settings(max_examples=15, deadline=None)
@given(rows=items)
def test_a_trial_is_what_scoring_the_swapped_texts_gives(scorer, rows):
    """The slow judge swaps the texts themselves and scores them again."""
    first, second, references = map(list, zip(*rows, strict=True))
    found = pair_of(corpus_of(first, second, references), scorer).randomised(8, seed=3)
    swaps = np.random.default_rng(3).integers(2, size=(8, len(rows)), dtype=bool)
    for difference, swap in zip(found, swaps, strict=True):
        one = [b if s else a for a, b, s in zip(first, second, swap, strict=True)]
        other = [a if s else b for a, b, s in zip(first, second, swap, strict=True)]
        scores = pair_of(corpus_of(one, other, references), scorer).scores
        assert difference == pytest.approx(scores[1] - scores[0], abs=1e-9)


@pytest.mark.parametrize("scorer", [Bleu(), Ter(), TokenF1()], ids=repr)
def test_at_k_a_trial_swaps_every_coordinated_draw_alike(captions, scorer):
    first, second, references = (part[:20] for part in captions)
    pair = pair_of(corpus_of(first, second, references), scorer, k=2)
    found = pair.randomised(3, seed=1)
    for difference, swap in zip(found, np.random.default_rng(1).integers(2, size=(3, 20), dtype=bool), strict=True):
        one = [b if s else a for a, b, s in zip(first, second, swap, strict=True)]
        other = [a if s else b for a, b, s in zip(first, second, swap, strict=True)]
        scores = pair_of(corpus_of(one, other, references), scorer, k=2).scores
        assert difference == pytest.approx(scores[1] - scores[0], abs=1e-9)


def test_scores_of_a_pair_are_the_corpus_scores(captions):
    corpus = corpus_of(*captions)
    for k in (None, 2):
        queries = full(corpus)
        answers = ask_all(Bleu(), corpus, queries) if k is None else expected_at(Bleu(), corpus, queries, k, draws=5)
        expected = [answers.corpus(np.flatnonzero(corpus.output_system == system)) for system in (0, 1)]
        assert pair_of(corpus, Bleu(), k).scores == pytest.approx(tuple(expected), abs=1e-9)


def test_several_outputs_of_a_system_for_an_item_are_swapped_together_and_share_the_weight_of_one():
    sets = [ReferenceSet(str(i), (Reference("a"),)) for i in range(2)]
    outputs = [("0", "first", "a", 0), ("0", "first", "q", 1), ("1", "first", "q", 0)]
    outputs += [("0", "second", "q", 0), ("1", "second", "a", 0)]
    pair = pair_of(Corpus(sets, outputs), TokenF1())
    assert pair.scores == (0.25, 0.5)
    assert set(pair.randomised(64)) == {0.25, -0.75, 0.75, -0.25}
    assert gains(pair).tolist() == [-0.5, 1.0]


def test_an_item_that_one_system_has_no_score_for_is_left_out_of_both():
    def hole(text, reference):
        return math.nan if text == "?" else float(text == reference)

    references = [["x"], ["y"], ["z"]]
    pair = pair_of(corpus_of(["x", "?", "q"], ["q", "y", "z"], references), pair_scorer(hole))
    assert (pair.items, pair.left_out, pair.scores) == (2, 1, (0.5, 0.5))
    assert [part.tolist() for part in pair.questions] == [[0, 2], [3, 5]]
    without = pair_of(corpus_of(["x", "q"], ["q", "z"], [["x"], ["z"]]), pair_scorer(hole))
    assert pair.randomised(50).tolist() == without.randomised(50).tolist()


@pytest.mark.parametrize("name", JUDGES)
def test_swapping_the_roles_of_the_two_systems_leaves_p_as_it_is(captions, name):
    first, second, references = captions
    one, other = (pair_of(corpus_of(*two, references), JUDGES[name][0]) for two in ((first, second), (second, first)))
    assert randomisation_p(one, 500) == randomisation_p(other, 500)
    assert bootstrap_p(*one.bootstrap(200), one.scores) == bootstrap_p(*other.bootstrap(200), other.scores)
    assert gains(one).tolist() == (-gains(other)).tolist()
    assert effect_size(gains(one)) == -effect_size(gains(other))


def test_trials_do_not_depend_on_the_size_of_blocks(captions, monkeypatch):
    pair = pair_of(corpus_of(*captions), Chrf())
    once = pair.randomised(300)
    for block in (1, 700, 40_000):
        monkeypatch.setattr("geneval_scorers._significance.BLOCK", block)
        assert pair.randomised(300).tobytes() == once.tobytes()


def test_memory_is_that_of_a_block_however_many_trials_there_are():
    """All swaps at once would be 480 MB as floats."""
    rows = np.random.default_rng(0).integers(9, size=(2, 20_000, 11)).astype(np.float64)
    rows[..., -1] = 1.0
    nobody = np.zeros(0, np.int64)
    pair = Pair(Bleu(), (nobody, nobody), (rows[0],), (rows[1],), np.zeros((2, 20_000)), 0)
    tracemalloc.start()
    pair.randomised(3_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6


def test_under_the_null_hypothesis_p_of_the_randomisation_is_uniform_and_that_of_the_bootstrap_is_not():
    """1,000 worlds of 60 items without a difference; the docs tell how far sacrebleu's bootstrap is from 5 %."""
    rng = np.random.default_rng(11)
    swapped, drawn = [], []
    for world in range(1000):
        pair = drawn_pair(*rng.normal(size=(2, 60)))
        swapped.append(randomisation_p(pair, 199, seed=world).p)
        drawn.append(bootstrap_p(*pair.bootstrap(199, seed=world), pair.scores).p)
    for level in (0.05, 0.1, 0.25, 0.5, 0.75):
        allowed = 3 * math.sqrt(level * (1 - level) / 1000)
        assert np.mean(np.asarray(swapped) <= level) == pytest.approx(level, abs=allowed)
    assert np.mean(np.asarray(drawn) <= 0.05) == pytest.approx(0.1, abs=0.03)


def slow_holm(p):
    """Step by step: reject the smallest p while it is at most alpha / (how many are left)."""
    adjusted = []
    for mine in p:
        steps = [min(1.0, other * sum(third >= other for third in p)) for other in p if other <= mine]
        adjusted.append(max(steps))
    return adjusted


@given(p=st.lists(st.floats(0, 1), min_size=0, max_size=8, unique=True))
def test_holm_is_what_its_definition_says(p):
    assert holm(np.asarray(p, np.float64)).tolist() == pytest.approx(slow_holm(p))


def test_holm_of_a_known_example():
    """By hand: .01 * 4, .02 * 3, then .03 * 2 = .06 again, .04 * 1 raised to .06; equal ones stay equal."""
    assert holm(np.asarray([0.04, 0.01, 0.03, 0.02])).tolist() == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm(np.asarray([0.2, 0.2])).tolist() == [0.4, 0.4]


def test_the_effect_is_the_mean_difference_over_its_deviation():
    assert effect_size(np.asarray([1.0, 2.0, 3.0])) == pytest.approx(2.0)
    for without in ([], [1.0], [0.1 + 0.2, 0.3], [0.0, 0.0]):
        assert math.isnan(effect_size(np.asarray(without)))


def test_gains_are_in_the_direction_of_the_scorer_and_rounding_is_none():
    lower = pair_scorer(overlap, direction="lower")
    first, second = np.asarray([1.0, 2.0, 0.3]), np.asarray([2.0, 1.0, 0.1 + 0.2])
    assert gains(drawn_pair(first, second)).tolist() == [1.0, -1.0, 0.0]
    assert gains(drawn_pair(first, second, lower)).tolist() == [-1.0, 1.0, 0.0]
