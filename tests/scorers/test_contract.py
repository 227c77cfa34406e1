"""What every scorer keeps, run over the whole registry: a new scorer adds a row to CASES and nothing else."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geneval_references import Reference, ReferenceSet
from geneval_scorers import Corpus, Pair, ask_all, expected_at, full, parse, randomisation_p, scorers

# One row a scorer and way of working: the spec, and what text equal to its only reference scores.
CASES = [
    ("bleu", 100.0),
    ("bleu(lowercase=True, smooth='floor')", 100.0),
    ("chrf", 100.0),
    ("chrf(word_order=2)", 100.0),
    ("cider(tokenizer='unicode')", 10.0),
    ("coco_bleu(n=1, tokenizer='unicode')", 1.0),
    ("coco_bleu(n=4, tokenizer='unicode')", 1.0),
    ("coco_rouge_l(tokenizer='unicode')", 1.0),
    pytest.param("cosine", 1.0, marks=pytest.mark.neural),
    pytest.param("cosine(reduce='mean')", 1.0, marks=pytest.mark.neural),
    ("exact", 1.0),
    ("exact(ignore_case=True, reduce='mean')", 1.0),
    ("rouge(kind='1')", 1.0),
    ("rouge(kind='L')", 1.0),
    ("rouge(kind='Lsum', reduce='mean')", 1.0),
    ("ter", 0.0),
    ("token_f1", 1.0),
]
SPECS = [pytest.param(case.values[0], marks=case.marks) if hasattr(case, "marks") else case[0] for case in CASES]
every_scorer = pytest.mark.parametrize("spec", SPECS)

NEAR = 1e-6
"""Embeddings of one text differ by so much between batches."""

WORDS = ["a", "b", "c", "d", "The", "cat", "sat", "on", "mat."]
SENTENCE = st.lists(st.sampled_from(WORDS), min_size=0, max_size=7).map(" ".join)
ITEMS = st.lists(st.tuples(SENTENCE, st.lists(SENTENCE, min_size=1, max_size=4)), min_size=2, max_size=5)
# A sentence that no other item has gives CIDEr something rare to go by.
RARE = ("one two three four five", ["one two three four five"])


def ready(spec, corpus):
    return parse(spec).fit(corpus)


def segments(spec, corpus):
    return ask_all(ready(spec, corpus), corpus, full(corpus)).segment


def worse(scorer, before, after):
    """How much worse the second score is."""
    return before - after if scorer.info.direction == "higher" else after - before


def test_every_registered_scorer_has_a_row():
    rows = [getattr(case, "values", case)[0] for case in CASES]
    assert {parse(spec).name for spec in rows} == set(scorers())


@every_scorer
def test_a_spec_reads_back_what_repr_writes(spec):
    assert parse(repr(parse(spec))) == parse(spec)


@every_scorer
def test_repr_tells_what_differs_from_the_default_and_the_signature_everything(spec):
    scorer = parse(spec)
    for field in dataclasses.fields(scorer):
        if field.init:
            assert f"{field.name}=" in scorer.signature()
            changed = getattr(scorer, field.name) != field.default
            assert (f"{field.name}=" in repr(scorer)) == changed


@every_scorer
def test_a_scorer_declares_what_its_numbers_are(spec):
    info = parse(spec).info
    assert info.summary and info.identical and info.source and info.licence
    assert info.scale[1] is None or info.scale[0] < info.scale[1]
    assert info.direction in {"higher", "lower"} and info.kind in {"pair", "pool"}


@pytest.mark.parametrize(("spec", "best"), CASES)
def test_identical_text_scores_what_the_scorer_declares(make_corpus, spec, best):
    corpus = make_corpus([RARE, ("six seven eight nine", ["six seven eight nine"])])
    assert segments(spec, corpus) == pytest.approx([best, best], abs=NEAR)


@every_scorer
def test_scores_lie_within_the_declared_range(make_corpus, generated_items, spec):
    corpus = make_corpus(generated_items[:200])
    answers = ask_all(ready(spec, corpus), corpus, full(corpus))
    low, high = answers.scorer.info.scale
    assert (answers.segment >= low - NEAR).all()
    assert high is None or (answers.segment <= high + NEAR).all()
    assert low - NEAR <= answers.corpus() <= (high or math.inf) + NEAR


@every_scorer
@settings(max_examples=20, deadline=None)
@given(items=ITEMS, data=st.data())
def test_neither_the_order_of_references_nor_that_of_items_matters(make_corpus, spec, items, data):
    """Segment scores; and corpus scores, but for chrF, which takes the first of references that tie."""
    items = [RARE, *items]
    shuffled = [(text, data.draw(st.permutations(references))) for text, references in items]
    order = data.draw(st.permutations(range(len(items))))
    one, other = make_corpus(items), make_corpus([shuffled[i] for i in order])
    first, second = ask_all(ready(spec, one), one, full(one)), ask_all(ready(spec, other), other, full(other))
    assert second.segment == pytest.approx(first.segment[list(order)], abs=NEAR)
    if not spec.startswith("chrf"):
        assert second.corpus() == pytest.approx(first.corpus(), abs=NEAR)


def test_corpus_chrf_takes_the_first_of_references_that_tie_as_sacrebleu_does(make_corpus):
    """A text without any match ties on all references; their lengths then differ in the sums."""
    ways = [["b", "c d e f g"], ["c d e f g", "b"]]
    corpora = [make_corpus([("a", references), ("x y z", ["x y z"])]) for references in ways]
    scores = [ask_all(parse("chrf"), corpus, full(corpus)).corpus() for corpus in corpora]
    assert scores[0] != scores[1]


@every_scorer
@settings(max_examples=20, deadline=None)
@given(items=ITEMS, data=st.data())
def test_a_duplicate_reference_changes_neither_best_nor_what_is_expected_at_k(make_corpus, spec, items, data):
    items = [RARE, *items]
    doubled = [(text, [*references, data.draw(st.sampled_from(references))]) for text, references in items]
    plain, more = make_corpus(items), make_corpus(doubled)
    scorer = ready(spec, plain)
    if scorer.info.kind == "pair" and scorer.reduction == "best":
        before, after = (ask_all(scorer, corpus, full(corpus)).segment for corpus in (plain, more))
        assert after == pytest.approx(before, abs=NEAR)
    for k in (1, 2, 3):
        before, after = (expected_at(scorer, corpus, full(corpus), k) for corpus in (plain, more))
        assert after.segment == pytest.approx(before.segment, abs=NEAR, nan_ok=True)
        assert after.corpus() == pytest.approx(before.corpus(), abs=NEAR, nan_ok=True)


@pytest.mark.parametrize("spec", [spec for spec in SPECS if parse(getattr(spec, "values", [spec])[0]).monotone])
@settings(max_examples=30, deadline=None)
@given(items=ITEMS, added=st.lists(SENTENCE, min_size=6, max_size=6))
def test_another_reference_never_lowers_a_scorer_that_declares_itself_monotone(make_corpus, spec, items, added):
    scorer = parse(spec)
    items = [RARE, *items]
    plain = make_corpus(items)
    more = make_corpus([(text, [*r, new]) for (text, r), new in zip(items, [*added, ""], strict=False)])
    before, after = (ask_all(scorer, corpus, full(corpus)).segment for corpus in (plain, more))
    assert (worse(scorer, before, after) <= NEAR).all()


@pytest.mark.parametrize(
    ("spec", "text", "references", "added"),
    [
        # Brevity: the added reference is closer in length, and the output is shorter than it.
        ("bleu(smooth='none')", "a b c d e f g h", ["a b c d e f"], "i j k l m n o p q"),
        ("coco_bleu(n=1, tokenizer='none')", "a b c d e f g h", ["a b c d e f"], "i j k l m n o p q"),
        # The mean reference length falls.
        ("ter", "a b x d", ["a b c d e f"], "q"),
        # The mean over references falls.
        ("cider(tokenizer='none')", "six seven eight nine", ["six seven eight nine"], "q r s t"),
    ],
)
def test_those_that_are_not_monotone_say_so(make_corpus, spec, text, references, added):
    assert not parse(spec).monotone
    items = [(text, references), RARE]
    plain, more = make_corpus(items), make_corpus([(text, [*references, added]), RARE])
    scorer = ready(spec, plain)
    before, after = (ask_all(scorer, corpus, full(corpus)).segment[0] for corpus in (plain, more))
    assert worse(scorer, before, after) > 0


@every_scorer
@settings(max_examples=15, deadline=None)
@given(items=ITEMS)
def test_expected_at_one_is_the_mean_over_single_references_and_at_all_the_full_score(make_corpus, spec, items):
    items = [RARE, *[(text, list(dict.fromkeys(r.casefold() for r in references))) for text, references in items]]
    corpus = make_corpus(items)
    scorer = ready(spec, corpus)
    single = [
        np.mean([ask_all(scorer, c, full(c)).segment[0] for c in (make_corpus([(text, [r])]) for r in references)])
        for text, references in items
    ]
    assert expected_at(scorer, corpus, full(corpus), 1).segment == pytest.approx(single, abs=NEAR)
    whole = ask_all(scorer, corpus, full(corpus)).segment
    sizes = np.asarray([len(references) for _, references in items])
    for n in set(sizes.tolist()):
        at_all = expected_at(scorer, corpus, full(corpus), n).segment[sizes == n]
        assert at_all == pytest.approx(whole[sizes == n], abs=NEAR)


@every_scorer
@pytest.mark.parametrize("chunk", [1, 7, 64])
def test_the_chunk_size_changes_no_bit(make_corpus, generated_items, spec, chunk):
    corpus = make_corpus(generated_items[:60])
    scorer = ready(spec, corpus)
    whole, parts = (ask_all(scorer, corpus, full(corpus), chunk=size) for size in (10**6, chunk))
    assert whole.segment.tobytes() == parts.segment.tobytes()
    assert whole.corpus() == parts.corpus()
    for k in (1, 2):
        whole, parts = (expected_at(scorer, corpus, full(corpus), k, chunk=size) for size in (10**6, chunk))
        assert whole.segment.tobytes() == parts.segment.tobytes()
        assert np.asarray(whole.corpus()).tobytes() == np.asarray(parts.corpus()).tobytes()


@every_scorer
def test_statistics_split_and_added_in_any_order_give_the_same_corpus_score(make_corpus, generated_items, spec):
    corpus = make_corpus(generated_items[:200])
    answers = ask_all(ready(spec, corpus), corpus, full(corpus))
    rng = np.random.default_rng(3)
    shuffled = answers.rows[rng.permutation(len(answers.rows))]
    sums = sum(part.sum(axis=0) for part in np.array_split(shuffled, 7))
    weight = np.asarray(float(len(shuffled)))
    assert answers.scorer.finish(np.asarray(sums, float), weight) == pytest.approx(answers.corpus(), abs=1e-12)
    assert answers.scorer.aggregate(shuffled) == answers.corpus()


@every_scorer
def test_scoring_changes_nothing_in_a_scorer(make_corpus, generated_items, spec):
    one, other = make_corpus(generated_items[:20]), make_corpus(generated_items[20:40])
    scorer = ready(spec, one)
    before = (repr(scorer), scorer.signature(), scorer.options())
    first = ask_all(scorer, one, full(one)).segment
    ask_all(scorer, other, full(other))
    assert ask_all(scorer, one, full(one)).segment.tobytes() == first.tobytes()
    assert (repr(scorer), scorer.signature(), scorer.options()) == before


@every_scorer
def test_the_fit_stays_fixed_when_references_are_taken_away(make_corpus, generated_items, spec):
    """What a subset of an item's references scores is what the same subset scores under the whole corpus's fit."""
    corpus = make_corpus(generated_items[:30])
    scorer = ready(spec, corpus)
    fewer = [(text, references[:1]) for text, references in generated_items[:30]]
    small = make_corpus(fewer)
    texts = [reference.text for item in small.items for reference in item.references]
    assert scorer.state is None or scorer.state.hash == ready(spec, corpus).state.hash
    asked = full(corpus)
    firsts = asked.with_references(type(asked.references).singles(np.asarray([corpus.index(t) for t in texts])))
    here, there = ask_all(scorer, corpus, firsts).segment, ask_all(scorer, small, full(small)).segment
    assert here == pytest.approx(there, abs=NEAR)


def test_an_item_without_references_gets_no_score():
    sets = [ReferenceSet("1", (Reference("a b"),)), ReferenceSet("2")]
    corpus = Corpus(sets, [("1", "s", "a b", 0), ("2", "s", "a b", 0)])
    answers = ask_all(parse("token_f1"), corpus, full(corpus))
    assert answers.reason == ("", "no_reference") and math.isnan(answers.segment[1]) and answers.corpus() == 1.0


PAIRS = [("the cat sat", "a cat sat."), ("The dog", "the dog ran"), ("", "mat."), ("b b c d a", "a b c d")]
RIGHT = [["the cat sat", "a cat"], ["a dog ran", "the dog ran"], ["mat.", "on mat."], ["a b c", "c d a b"]]


def compared(spec, pairs, k=None):
    """Two systems that gave these outputs."""
    sets = [ReferenceSet(str(i), tuple(map(Reference, texts))) for i, texts in enumerate(RIGHT)]
    outputs = [(str(i), str(side), text, 0) for i, pair in enumerate(pairs) for side, text in enumerate(pair)]
    corpus = Corpus(sets, outputs)
    scorer, queries = ready(spec, corpus), full(corpus)
    answers = ask_all(scorer, corpus, queries) if k is None else expected_at(scorer, corpus, queries, k)
    first, second = (np.flatnonzero(corpus.output_system == side) for side in (0, 1))
    return Pair.of(answers, first, second, queries.item)


@every_scorer
@pytest.mark.parametrize("k", [None, 1])
def test_a_comparison_from_its_rows_is_one_from_texts_that_were_swapped(spec, k):
    swaps = np.random.default_rng(12345).integers(2, size=(6, len(PAIRS)), dtype=bool)
    for found, swap in zip(compared(spec, PAIRS, k).randomised(6), swaps, strict=True):
        swapped = [pair[::-1] if turned else pair for pair, turned in zip(PAIRS, swap, strict=True)]
        first, second = compared(spec, swapped, k).scores
        assert found == pytest.approx(second - first, abs=NEAR)


@every_scorer
def test_a_system_does_not_differ_from_itself(spec):
    assert randomisation_p(compared(spec, [(text, text) for text, _ in PAIRS]), 99).p == 1.0
