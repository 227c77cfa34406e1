"""The questions: who is asked about what, and what is expected at k, against slow and obvious judges."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geneval_references import InputError, Reference, ReferenceSet, UsageError
from geneval_scorers import (
    Bleu,
    Chrf,
    Cider,
    CocoRougeL,
    Corpus,
    PairScorer,
    Rouge,
    Ter,
    TokenF1,
    ask,
    ask_all,
    band,
    distinct,
    documents,
    expected_at,
    full,
    grouped,
    leave_one_out,
    pair_scorer,
    without_copies,
)

WORDS = ["a", "b", "c", "d", "e"]
SENTENCE = st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join)


def spelled(corpus, queries):
    """Questions as texts."""
    texts = corpus.texts
    return [
        (
            corpus.ids[queries.item[i]],
            [texts[t] for t in queries.candidates.row(i)],
            [texts[t] for t in queries.references.row(i)],
        )
        for i in range(len(queries))
    ]


@pytest.fixture
def small():
    """Two systems, one with two samples; a reference that is a system's own output; a copy that differs in case."""
    sets = [
        ReferenceSet("x", (Reference("a b"), Reference("c d"), Reference("A  B")), source="say ab"),
        ReferenceSet("y", (Reference("e"), Reference("a d", origin="output:two"))),
    ]
    outputs = [("x", "one", "a b", 0), ("x", "two", "e e", 0), ("y", "one", "a d", 0), ("y", "two", "a d", 0)]
    return Corpus(sets, [*outputs, ("y", "two", "e", 1)])


def test_full_asks_each_output_against_all_references_but_its_systems_own_outputs(small):
    assert spelled(small, full(small)) == [
        ("x", ["a b"], ["a b", "c d", "A  B"]),
        ("x", ["e e"], ["a b", "c d", "A  B"]),
        ("y", ["a d"], ["e", "a d"]),
        ("y", ["a d"], ["e"]),
        ("y", ["e"], ["e"]),
    ]


def test_copies_are_dropped_after_folding(small):
    assert spelled(small, full(small, copies="drop")) == [
        ("x", ["a b"], ["c d"]),
        ("x", ["e e"], ["a b", "c d", "A  B"]),
        ("y", ["a d"], ["e"]),
        ("y", ["a d"], ["e"]),
        ("y", ["e"], []),
    ]


def test_the_band_asks_each_reference_against_its_siblings(small):
    asked = [("x", ["a b"], ["c d", "A  B"]), ("x", ["c d"], ["a b", "A  B"]), ("x", ["A  B"], ["a b", "c d"])]
    assert spelled(small, band(small)) == [*asked, ("y", ["e"], ["a d"]), ("y", ["a d"], ["e"])]


def test_the_band_loses_copies_by_the_same_rule_as_outputs(small):
    asked = [("x", ["a b"], ["c d"]), ("x", ["c d"], ["a b", "A  B"]), ("x", ["A  B"], ["c d"])]
    assert spelled(small, band(small, copies="drop"))[:3] == asked


def test_leave_one_out_asks_once_for_each_reference(small):
    queries, parents = leave_one_out(full(small))
    assert parents.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 3, 4]
    assert spelled(small, queries)[:3] == [
        ("x", ["a b"], ["c d", "A  B"]),
        ("x", ["a b"], ["a b", "A  B"]),
        ("x", ["a b"], ["a b", "c d"]),
    ]
    assert queries.subject.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 3, 4]


def test_documents_are_the_lists_that_were_asked_about(small):
    asked, _ = leave_one_out(full(small))
    rows = documents(small, asked)
    assert [[r.text for r in item.references] for item in rows.items] == [refs for _, _, refs in spelled(small, asked)]
    cider = Cider(tokenizer="none")
    assert cider.fit(small).state.facts["documents"] == 2
    fitted = cider.fit(rows).state
    assert fitted.facts["documents"] == 8  # of ten questions two have nothing left
    # "a" and "d" are in one list more; what is in one list alone weighs as much as what is in none, and is not kept.
    assert sorted(fitted.arrays["documents"].tolist()) == [*[4] * 7, 5, 5]


def test_distinct_keeps_one_of_equal_references_whatever_their_order(small):
    assert spelled(small, distinct(small, full(small)))[0] == ("x", ["a b"], ["A  B", "c d"])


def test_grouped_asks_about_all_outputs_of_a_system_together(small):
    assert spelled(small, grouped(small))[-1] == ("y", ["a d", "e"], ["e"])
    with pytest.raises(UsageError, match="token_f1 scores one text at a time"):
        ask_all(TokenF1(), small, grouped(small))


def test_questions_can_be_written_out_by_hand(small):
    queries = ask(small, [("x", "a d", ["e", "c d"])])
    assert spelled(small, queries) == [("x", ["a d"], ["e", "c d"])]
    assert small.sources[queries.item[0]] == "say ab"
    with pytest.raises(InputError, match=r"does not hold the text 'new'.*extra="):
        ask(small, [("x", "new", [])])
    with pytest.raises(InputError, match="no item 'z'"):
        ask(small, [("z", "e", [])])


def test_a_corpus_refuses_two_items_with_one_id_and_outputs_of_no_item():
    with pytest.raises(InputError, match="two items have the id 'x'"):
        Corpus([ReferenceSet("x"), ReferenceSet("x")])
    with pytest.raises(InputError, match="item 'z', which has no reference set"):
        Corpus([ReferenceSet("x")], [("z", "s", "a", 0)])


def test_each_distinct_text_is_looked_at_once(small):
    calls = []
    derived = small.derive("key", lambda: calls.append(1) or "made")
    assert (derived, small.derive("key", lambda: calls.append(1) or "again"), len(calls)) == ("made", "made", 1)
    assert len(small.texts) == len(set(small.texts)) == 6


def test_each_pair_is_looked_at_once(make_corpus):
    seen = []

    def same(text: str, reference: str) -> float:
        seen.append((text, reference))
        return float(text == reference)

    corpus = make_corpus([("a", ["b", "b", "a"]), ("a", ["b"])])
    answers = ask_all(pair_scorer(same), corpus, full(corpus))
    assert answers.segment.tolist() == [1.0, 0.0] and sorted(seen) == [("a", "a"), ("a", "b")]


def test_the_winning_reference_is_kept(make_corpus):
    corpus = make_corpus([("a b c", ["d", "a b", "a b c", "a b c"]), ("a", ["b", "c"])])
    assert ask_all(TokenF1(), corpus, full(corpus)).winner.tolist() == [2, 0]
    assert ask_all(Ter(), corpus, full(corpus)).winner is None


# What is expected at k, by enumeration.


def enumerated(scorer, corpus, queries, k):
    """Mean over all k-subsets, each asked about on its own."""
    means = []
    for i, (id_, (text,), references) in enumerate(spelled(corpus, queries)):
        subsets = list(itertools.combinations(references, k))
        if not subsets:
            means.append(math.nan)
            continue
        asked = ask(corpus, [(id_, text, list(subset)) for subset in subsets])
        assert i < len(queries)
        means.append(float(np.mean(ask_all(scorer, corpus, asked).segment)))
    return means


EXPECTED = [TokenF1(), TokenF1(reduce="mean"), Rouge(kind="L"), Chrf(), Bleu(), Ter(), CocoRougeL(tokenizer="none")]


@pytest.mark.parametrize("scorer", [*EXPECTED, Cider(tokenizer="none")], ids=repr)
@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(SENTENCE, st.lists(SENTENCE, min_size=1, max_size=5)), min_size=2, max_size=4))
def test_expected_at_k_is_the_mean_over_all_subsets(make_corpus, scorer, items):
    corpus = make_corpus(items)
    scorer = scorer.fit(corpus)
    queries = distinct(corpus, full(corpus))
    for k in (1, 2, 3, 5):
        answers = expected_at(scorer, corpus, full(corpus), k)
        assert answers.segment == pytest.approx(enumerated(scorer, corpus, queries, k), abs=1e-9, nan_ok=True)
        few = [len(references) < k for _, _, references in spelled(corpus, queries)]
        assert [reason == "too_few_references" for reason in answers.reason] == few


def test_the_closed_form_of_best_gives_the_worked_example(make_corpus):
    """Scores .1 .7 .3 .9 are expected at 1, 2, 3, 4 to give .5 .733333 .85 .9 (methods: B2, computed by hand)."""
    table = {"p": 0.1, "q": 0.7, "r": 0.3, "s": 0.9}
    corpus = make_corpus([("x", list(table))])
    scorer = pair_scorer(lambda _, reference: table[reference], name="given")
    found = [expected_at(scorer, corpus, full(corpus), k).segment[0] for k in (1, 2, 3, 4)]
    assert found == pytest.approx([0.5, 2.2 / 3, 0.85, 0.9])


def test_lower_is_better_takes_the_lowest_of_k(make_corpus):
    corpus = make_corpus([("x", ["p", "q"])])
    scorer = pair_scorer(lambda _, r: {"p": 1.0, "q": 3.0}[r], name="given", direction="lower")
    assert ask_all(scorer, corpus, full(corpus)).segment[0] == 1.0
    assert expected_at(scorer, corpus, full(corpus), 1).segment[0] == 2.0


def test_references_can_be_taken_as_they_are(make_corpus):
    corpus = make_corpus([("a", ["a", "a", "b"])])
    queries = full(corpus)
    assert expected_at(TokenF1(), corpus, queries, 1).segment[0] == 0.5
    assert expected_at(TokenF1(), corpus, queries, 1, make_distinct=False).segment[0] == pytest.approx(2 / 3)


def test_corpus_scores_at_k_are_means_of_corpus_scores_of_draws(make_corpus):
    """Where all items have n references, draw d takes each item's d-th subset; every subset is drawn once."""
    rows = [("a b c d", ["a b c e", "a b", "c d a b"]), ("c d e a b", ["c d e", "a b c d e", "e d c"])]
    corpus = make_corpus(rows)
    answers = expected_at(Bleu(), corpus, full(corpus), 2)
    assert answers.draws.tolist() == [3, 3]
    layers = [Bleu().aggregate(layer) for layer in answers.layers(np.arange(2))]
    assert answers.corpus() == pytest.approx(np.mean(layers), abs=1e-12)
    every = np.concatenate(list(answers.layers(np.arange(2))))
    assert sorted(map(tuple, every)) == sorted(map(tuple, answers.rows))
    assert answers.corpus() != pytest.approx(Bleu().aggregate(answers.rows), abs=1e-6)


def test_many_references_are_drawn_from_by_seed_and_item(make_corpus):
    rng = np.random.default_rng(0)
    rows = [(" ".join(rng.choice(WORDS, 6)), [" ".join(rng.choice(WORDS, 6)) for _ in range(14)]) for _ in range(4)]
    corpus = make_corpus(rows)
    queries = full(corpus)
    one = expected_at(Bleu(), corpus, queries, 5, seed=1, draws=50)
    again = expected_at(Bleu(), corpus, queries, 5, seed=1, draws=50)
    other = expected_at(Bleu(), corpus, queries, 5, seed=2, draws=50)
    assert one.segment.tobytes() == again.segment.tobytes() != other.segment.tobytes()
    assert one.draws.tolist() == [50] * 4
    backwards = queries.take(np.arange(3, -1, -1))
    assert expected_at(Bleu(), corpus, backwards, 5, seed=1, draws=50).segment[::-1].tobytes() == one.segment.tobytes()
    truth = expected_at(Bleu(), corpus, queries, 5, draws=10**6).segment
    spread = np.abs(one.segment - truth)
    assert (spread > 0).any() and spread.max() < 5


@settings(max_examples=20, deadline=None)
@given(st.lists(SENTENCE, min_size=2, max_size=6, unique=True), st.integers(0, 5))
def test_expected_scores_never_fall_with_k_for_best(make_corpus, references, seed):
    corpus = make_corpus([("a b c", references)])
    found = [
        expected_at(TokenF1(), corpus, full(corpus), k, seed=seed).segment[0] for k in range(1, len(references) + 1)
    ]
    assert all(b >= a - 1e-12 for a, b in itertools.pairwise(found))


def test_a_scorer_that_has_to_learn_says_so(make_corpus):
    corpus = make_corpus([("a", ["a"]), ("b", ["b"])])
    for asked in (lambda s: ask_all(s, corpus, full(corpus)), lambda s: expected_at(s, corpus, full(corpus), 1)):
        with pytest.raises(UsageError, match=r"has to learn from references first: scorer = scorer\.fit\(corpus\)"):
            asked(Cider(tokenizer="none"))
    with pytest.raises(UsageError, match="k=0 does not fit"):
        expected_at(TokenF1(), corpus, full(corpus), 0)


# Document frequencies.


def test_a_corpus_of_one_item_is_an_error_that_says_why(make_corpus):
    with pytest.raises(InputError, match=r"log\(1\) = 0.*--fitted"):
        Cider(tokenizer="none").fit(make_corpus([("a", ["a", "b"])]))


def test_document_frequencies_count_each_items_original_references_once():
    texts = [("a b", "original"), ("a c", "original"), ("z z", "verified")]
    sets = [ReferenceSet(str(i), tuple(Reference(t, tier) for t, tier in texts)) for i in range(2)]
    sets.append(ReferenceSet("2", (Reference("d", "original"),)))
    sets.append(ReferenceSet("3", (Reference("q", "unverified"),)))
    state = Cider(tokenizer="none").fit(Corpus(sets)).state
    assert state.facts["documents"] == 3
    # a, b, c, "a b", "a c" stand in two items; d in one, as good as none; z and q are no original's.
    assert state.arrays["documents"].tolist() == [2, 2, 2, 2, 2]


def test_fitted_state_scores_a_single_item_as_the_whole_corpus_did(make_corpus):
    rows = [("a b c", ["a b d"]), ("c d", ["c e", "d"]), ("e", ["e a"])]
    corpus = make_corpus(rows)
    fitted = Cider(tokenizer="none").fit(corpus)
    whole = ask_all(fitted, corpus, full(corpus)).segment
    for i, row in enumerate(rows):
        alone = make_corpus([row])
        again = Cider(tokenizer="none").with_state(fitted.state)
        assert ask_all(again, alone, full(alone)).segment[0] == pytest.approx(whole[i], abs=1e-12)
    assert fitted.state.hash[:12] in fitted.signature()


def test_fitted_state_of_another_kind_is_refused(make_corpus):
    state = Cider(tokenizer="none").fit(make_corpus([("a", ["a"]), ("b", ["b"])])).state
    with pytest.raises(UsageError, match="takes document frequencies of cider with"):
        Cider(tokenizer="13a").with_state(state)
    with pytest.raises(UsageError, match="takes no fitted state of 'cider'"):
        TokenF1().with_state(state)


def test_without_copies_is_a_question_like_any_other(small):
    queries = without_copies(small, full(small))
    assert spelled(small, queries) == spelled(small, full(small, copies="drop"))


def test_a_scorer_of_pairs_must_say_how_it_scores_one(make_corpus):
    corpus = make_corpus([("a", ["b"])])
    with pytest.raises(NotImplementedError):
        PairScorer.pair(TokenF1(), "a", "b")
    assert ask_all(TokenF1(), corpus, full(corpus)).segment.tolist() == [0.0]


def test_rows_of_a_million_codes_do_not_overflow(make_corpus):
    """Texts long enough for n-gram numbers to outgrow 64 bits are renumbered, and score as short ones do."""
    rng = np.random.default_rng(5)
    words = [f"w{i}" for i in rng.permutation(60_000)]
    text, reference = " ".join(words), " ".join([*words[:30_000], *words[31_000:]])
    corpus = make_corpus([(text, [reference, text]), (text, [reference])])
    assert ask_all(Bleu(tokenizer="none"), corpus, full(corpus)).segment[0] == pytest.approx(100)
    rows = ask_all(Bleu(tokenizer="none"), corpus, full(corpus)).rows[1]
    # 59,000 words are shared, and all longer n-grams but those across the gap and the removed ones.
    assert rows[2:6].tolist() == [59_000, 58_998, 58_996, 58_994]
