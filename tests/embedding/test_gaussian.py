"""A reference set as a Gaussian: the closed form against draws, shrinkage, and what disagreement does to a score."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geneval_references import Reference, ReferenceSet, UsageError
from geneval_scorers import Corpus, Gaussian, ask_all, expected_at, full, parse
from geneval_scorers._ragged import Ragged
from geneval_scorers.embedding.gaussian import moments, sampled_distance, shrunk

SEEDS = st.integers(0, 2**32 - 1)


def unit_vectors(rng, count):
    rows = rng.normal(size=(count, 8))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


# Methods, A14: Gaussians of 8 dimensions, of numpy's generator seeded 0; closed 36.3199, from 400,000 draws 36.338.
@pytest.mark.parametrize(("seed", "golden"), [(0, 36.3199), (1, None), (2, None)])
def test_the_closed_form_is_what_draws_give(seed, golden):
    rng = np.random.default_rng(seed)
    # PCME++ stores the logarithm of the variance.
    means, deviations = rng.normal(size=(2, 8)), np.exp(0.5 * rng.normal(size=(2, 8)))
    one, other = (m + s * rng.normal(size=(400_000, 8)) for m, s in zip(means, deviations, strict=True))
    drawn = ((one - other) ** 2).sum(axis=1)
    spreads = (deviations**2).sum(axis=1)
    closed = sampled_distance(means[0], means[1], *spreads.tolist())
    assert closed == pytest.approx(drawn.mean(), abs=4 * drawn.std() / np.sqrt(len(drawn)))
    assert golden is None or closed == pytest.approx(golden, abs=5e-5)


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.lists(st.integers(1, 5), min_size=1, max_size=4))
def test_moments_are_those_of_each_group(seed, sizes):
    rows = unit_vectors(np.random.default_rng(seed), 12)
    groups = [np.random.default_rng(seed + i).integers(0, 12, size).tolist() for i, size in enumerate(sizes)]
    means, scatters = moments(rows.astype(np.float32), Ragged.of(groups))
    for group, mean, scatter in zip(groups, means, scatters, strict=True):
        assert mean == pytest.approx(rows[group].mean(axis=0), abs=1e-6)
        assert scatter == pytest.approx(rows[group].var(axis=0).sum() * len(group), abs=1e-6)


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.integers(1, 6))
def test_without_shrinkage_the_distance_is_mean_cosine_by_another_name(seed, size):
    """Why the distance is no score here: of vectors of length 1, spread and distance from the centre cancel out."""
    rows = unit_vectors(np.random.default_rng(seed), size + 1)
    mean, scatter = moments(rows, Ragged.of([list(range(1, size + 1))]))
    distance = sampled_distance(rows[0], mean[0]) + scatter[0] / size
    assert distance == pytest.approx(2 - 2 * (rows[1:] @ rows[0]).mean())


@settings(max_examples=50, deadline=None)
@given(SEEDS, st.floats(0.01, 4), st.floats(0.01, 4))
def test_at_equal_distance_references_that_disagree_punish_less(seed, narrow, wide):
    """A set and the same set blown up around its centre, against one output that lies off the centre."""
    rng = np.random.default_rng(seed)
    apart, around = rng.normal(size=8), rng.normal(size=(4, 8))
    around -= around.mean(axis=0)
    loss = []
    for scale in sorted([narrow, wide]):
        mean, scatter = moments(scale * around, Ragged.of([[0, 1, 2, 3]]))
        spread = shrunk(scatter, np.asarray([4]), 4.0, 0.5)
        loss.append(1 - float((spread / (sampled_distance(apart, mean[0]) + spread))[0]))
    assert loss[1] <= loss[0] + 1e-12


def test_a_single_reference_has_the_spread_of_the_corpus_and_many_their_own():
    found = shrunk(np.asarray([0.0, 0.6, 999 * 0.6]), np.asarray([1, 2, 1000]), 4.0, 0.3)
    assert found == pytest.approx([0.3, (4 * 0.3 + 0.6) / 5, 0.6], abs=2e-3)


# --- with the real model ---

ITEMS = [
    ("a grey cat sleeps in the house", ["a grey cat in the house", "the cat is asleep at home"]),
    (
        "a red bus at the station",
        ["a bus waits at the station", "a red double decker is parked", "the bus stands still"],
    ),
    ("it rains", ["it is raining"]),
]


def corpus_of(items):
    sets = [ReferenceSet(str(i), tuple(map(Reference, references))) for i, (_, references) in enumerate(items)]
    return Corpus(sets, [(str(i), "s", text, 0) for i, (text, _) in enumerate(items)])


def segments(spec, items):
    corpus = corpus_of(items)
    return ask_all(parse(spec).fit(corpus), corpus, full(corpus)).segment


@pytest.mark.neural
def test_scores_are_made_of_embeddings_as_the_formula_says():
    from geneval_scorers.embedding import load_encoder

    encoder = load_encoder()
    slow = []
    for text, references in ITEMS:
        y, rows = encoder.encode([text])[0].astype(float), encoder.encode(references).astype(float)
        scatter = ((rows - rows.mean(axis=0)) ** 2).sum()
        spread = (4 * 0.5 + scatter) / (4 + len(rows) - 1)
        slow.append((((y - rows.mean(axis=0)) ** 2).sum() + spread, spread))
    distance, spread = np.asarray(slow).T
    assert segments("gaussian(spread=0.5)", ITEMS) == pytest.approx(spread / distance, abs=1e-6)
    assert segments("gaussian(spread=0.5, form='csd')", ITEMS) == pytest.approx(distance, abs=1e-6)
    match = 1 / (1 + np.exp(5 * distance - 5))
    assert segments("gaussian(spread=0.5, form='match')", ITEMS) == pytest.approx(match, abs=1e-6)


@pytest.mark.neural
def test_an_output_is_punished_less_by_references_that_disagree():
    odd = "a Russian Blue plays inside"
    agreeing = ["a grey cat in the house", "a grey cat inside the house"]
    disagreeing = ["a grey cat in the house", "somebody forgot to close the window again"]
    tight, loose = segments("gaussian(spread=0.5, prior=0.1)", [(odd, agreeing), (odd, disagreeing)])
    assert tight < loose < 1


@pytest.mark.neural
def test_expected_at_k_is_the_mean_over_subsets():
    corpus = corpus_of(ITEMS)
    scorer = parse("gaussian(spread=0.5)")
    for k in (1, 2, 3):
        text, references = ITEMS[1]
        every = [
            segments("gaussian(spread=0.5)", [(text, list(some))])[0] for some in itertools.combinations(references, k)
        ]
        answers = expected_at(scorer, corpus, full(corpus), k)
        assert answers.segment[1] == pytest.approx(np.mean(every), abs=1e-6)
        assert answers.reason[2] == ("" if k == 1 else "too_few_references")


@pytest.mark.neural
def test_the_spread_is_learned_from_references_alone_and_kept():
    corpus = corpus_of(ITEMS)
    fitted = Gaussian().fit(corpus)
    doubled = corpus_of([("another output", [*references, references[0].upper()]) for _, references in ITEMS])
    assert fitted.state.hash == Gaussian().fit(doubled).state.hash, "equal references count once, outputs not at all"
    assert fitted.state.facts["items"] == 2 and f"|fit:{fitted.state.hash[:12]}|S0:" in fitted.signature()
    halves = [corpus_of(ITEMS[:1]), corpus_of(ITEMS[1:])]
    assert Gaussian().fit(*halves).state.hash == fitted.state.hash
    again = Gaussian(prior=2.0).with_state(fitted.state)
    assert not again.needs_fit and not Gaussian(spread=0.5).takes(fitted.state)
    with pytest.raises(UsageError, match="has to learn from references first"):
        Gaussian().statistics(corpus, full(corpus))


@pytest.mark.neural
def test_where_there_is_nothing_to_learn_from_a_notice_says_that_the_spread_is_a_guess():
    corpus = corpus_of([("it rains", ["it is raining"]), ("a cat", ["a cat"])])
    fitted = Gaussian().fit(corpus)
    assert fitted.state.arrays["spread"].tolist() == [0.5]
    assert any("guesses how far" in text and mask.all() for text, mask in fitted.notices(corpus).items())
    assert ask_all(fitted, corpus, full(corpus)).segment[1] == pytest.approx(1.0, abs=1e-6)
