"""What every scorer keeps, run over the whole registry: a new scorer adds a row to CASES and nothing else.

The checks are the conformance kit's, which other people's scorers are held to as well; here ours meet them on its texts,
on 200 generated items, and on what hypothesis makes.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geneval.testing import Trial, scorer_checks
from geneval_references import MissingDependencyError, Reference, ReferenceSet
from geneval_scorers import Corpus, Pair, ask_all, expected_at, full, parse, randomisation_p, scorers
from geneval_scorers.conformance._trial import questions


def runs(spec):
    """Whether what it needs is here."""
    try:
        parse(spec).prepare()
    except MissingDependencyError:
        return False
    return True


# Witten-Bell by hand, for the two sentences that the table is tested on as the only references. The end of a text came
# twice, 9 words once: below the histories a word has (1 + 10/11) / 21 = 1/11, the end (2 + 10/11) / 21.
_FIRST, _WORD, _END = math.log(35 / 88), math.log(17 / 22), math.log(725 / 924)
FLUENCY = [(_FIRST + 4 * _WORD + _END) / 6, (_FIRST + 3 * _WORD + _END) / 5]

# One row a scorer and way of working: the spec, and what text equal to its only reference scores (two numbers where the
# two sentences that it is tested on get different ones).
CASES = [
    ("bleu", 100.0),
    ("bleu(lowercase=True, smooth='floor')", 100.0),
    pytest.param("bertscore", 1.0, marks=pytest.mark.neural),
    ("chrf", 100.0),
    ("chrf(word_order=2)", 100.0),
    ("chamfer(of='token_f1')", 1.0),
    ("cider(tokenizer='unicode')", 10.0),
    ("coco_bleu(n=1, tokenizer='unicode')", 1.0),
    ("coco_bleu(n=4, tokenizer='unicode')", 1.0),
    ("coco_rouge_l(tokenizer='unicode')", 1.0),
    pytest.param("cosine", 1.0, marks=pytest.mark.neural),
    pytest.param("cosine(reduce='mean')", 1.0, marks=pytest.mark.neural),
    # 11 words and beginnings, 2 of them at an end, and each last word is seen once: odds of 8/5 against odds of 3/10.
    ("ending", math.log(16 / 3)),
    ("exact", 1.0),
    ("exact(ignore_case=True, reduce='mean')", 1.0),
    ("fluency", FLUENCY),
    (
        "fluency(order=1, tokenizer='none')",
        [(5 * math.log(1 / 11) + math.log(32 / 231)) / 6, (4 * math.log(1 / 11) + math.log(32 / 231)) / 5],
    ),
    ("length_ratio", 1.0),
    ("length_ratio(to='closest', log=True)", 0.0),
    ("perplexity", [math.exp(-score) for score in FLUENCY]),
    ("repetition(n=2)", 0.0),
    pytest.param("meteor(tokenizer='rouge')", 1.0, marks=pytest.mark.java),
    ("coverage(of='chrf')", 100.0),
    ("coverage(of=\"cider(tokenizer='unicode')\")", 10.0),
    ("coverage(of='token_f1', threshold=0.5)", 1.0),
    ("distinct_n", 0.5),
    ("distinct_n(n=1)", 0.5),
    pytest.param("gaussian", 1.0, marks=pytest.mark.neural),
    pytest.param("gaussian(form='csd', spread=0.5, prior=3.0)", 0.5, marks=pytest.mark.neural),
    ("pairwise(of='token_f1')", 1.0),
    ("precision(of=\"rouge(kind='2')\")", 1.0),
    ("precision(of='token_f1', threshold=0.5)", 1.0),
    ("rouge(kind='1')", 1.0),
    ("rouge(kind='L')", 1.0),
    ("rouge(kind='Lsum', reduce='mean')", 1.0),
    ("self_bleu", 100.0),
    ("self_cider(tokenizer='unicode')", 0.0),
    ("self_cider(version='lsa', tokenizer='unicode')", 0.0),
    ("smooth_chamfer(of='exact')", 1.0),
    ("smooth_chamfer(of='token_f1', alpha=1.0, raw=True)", 1 + math.log(2) / 2),
    # tests/java/test_spice.py holds it to what can be run without the parsers.
    pytest.param("spice", 1.0, marks=pytest.mark.skipif(not runs("spice"), reason="needs Stanford CoreNLP 3.6.0")),
    ("ter", 0.0),
    ("token_f1", 1.0),
    pytest.param("vendi", 1.0, marks=pytest.mark.neural),
    ("vendi(kernel='ngram')", 1.0),
]
# Their models are no package: tiny random ones stand in for them, beside the tests that build these.
ELSEWHERE = {
    "clipscore": "tests/embedding/test_clipscore.py",
    "comet": "tests/embedding/test_comet.py",
    "cross_encoder": "tests/embedding/test_learned_contract.py",
    "entailment": "tests/embedding/test_learned_contract.py",
    "learned": "tests/embedding/test_learned_contract.py",
    "ref_clipscore": "tests/embedding/test_clipscore.py",
}
SPECS = [pytest.param(case.values[0], marks=case.marks) if hasattr(case, "marks") else case[0] for case in CASES]
every_scorer = pytest.mark.parametrize("spec", SPECS)

NEAR = 1e-6
"""Embeddings of one text differ by so much between batches."""

WORDS = ["a", "b", "c", "d", "The", "cat", "sat", "on", "mat."]
SENTENCE = st.lists(st.sampled_from(WORDS), min_size=0, max_size=7).map(" ".join)
ITEMS = st.lists(st.tuples(SENTENCE, st.lists(SENTENCE, min_size=1, max_size=4)), min_size=2, max_size=5)
# A sentence that no other item has gives CIDEr something rare to go by.
RARE = ("one two three four five", ["one two three four five"])

# What these say, they say of every text; so many generated items show it.
GENERATED = {
    "scores_lie_within_the_declared_range": 200,
    "the_corpus_score_is_the_mean_if_it_says_so": 60,
    "the_winner_is_the_reference_that_gave_the_score": 60,
    "statistics_add_up_in_any_order": 200,
    "the_chunk_size_changes_no_bit": 60,
    "scoring_changes_nothing_in_it": 40,
    "the_fit_stays_fixed_when_references_are_taken_away": 30,
}
HYPOTHESIS = {
    "neither_the_order_of_references_nor_that_of_items_matters": 20,
    "a_duplicate_reference_changes_neither_best_nor_expected_at_k": 20,
    "another_reference_makes_no_score_worse": 30,
    "expected_at_one_is_the_mean_over_single_references_and_at_all_the_full_score": 15,
}


def checks(names=None):
    """Every check of every scorer, or those of these names."""
    specs = [(case.values[0], case.marks) if hasattr(case, "values") else (case, ()) for case in SPECS]
    found = [(check, marks) for spec, marks in specs for check in scorer_checks(spec)]
    return [pytest.param(c, marks=marks, id=str(c)) for c, marks in found if names is None or c.name in names]


def ready(spec, corpus):
    return parse(spec).fit(corpus)


def segments(spec, corpus):
    scorer = ready(spec, corpus)
    return ask_all(scorer, corpus, questions(scorer, corpus)).segment


def worse(scorer, before, after):
    """How much worse the second score is."""
    return before - after if scorer.info.direction == "higher" else after - before


def test_every_scorer_of_ours_has_a_row(pytestconfig):
    rows = [getattr(case, "values", case)[0] for case in CASES]
    ours = {name for name, cls in scorers().items() if cls.__module__.startswith("geneval_scorers.")}
    for name, file in ELSEWHERE.items():
        text = (pytestconfig.rootpath / file).read_text("utf-8")
        assert f"{name}(" in text or f"{scorers()[name].__name__}(" in text
    assert {parse(spec).name for spec in rows} | ELSEWHERE.keys() == ours


@every_scorer
def test_a_registered_spec_reads_back_what_repr_writes(spec):
    assert parse(repr(parse(spec))) == parse(spec)


@pytest.mark.parametrize("check", checks())
def test_a_scorer_keeps_what_every_scorer_keeps(check):
    check()


@pytest.mark.parametrize("check", checks(GENERATED))
def test_it_keeps_it_on_generated_items(generated_items, check):
    check(Trial(check.scorer, generated_items[: GENERATED[check.name]]))


@pytest.mark.parametrize("check", checks(HYPOTHESIS))
def test_it_keeps_it_on_texts_that_hypothesis_makes(check):
    @settings(max_examples=HYPOTHESIS[check.name], deadline=None)
    @given(items=ITEMS, seed=st.integers(0, 2**32 - 1))
    def holds(items, seed):
        check(Trial(check.scorer, [RARE, *items], seed))

    holds()


def test_the_tables_above_name_checks_that_there_are():
    named = {check.name for spec in ("bleu", "exact") for check in scorer_checks(spec)}
    assert GENERATED.keys() | HYPOTHESIS.keys() <= named


@pytest.mark.parametrize(("spec", "best"), CASES)
def test_identical_text_scores_what_stands_in_the_table(make_corpus, spec, best):
    corpus = make_corpus([RARE, ("six seven eight nine", ["six seven eight nine"])])
    assert segments(spec, corpus) == pytest.approx(np.broadcast_to(best, 2), abs=NEAR)


def test_corpus_chrf_takes_the_first_of_references_that_tie_as_sacrebleu_does(make_corpus):
    """A text without any match ties on all references; their lengths then differ in the sums."""
    ways = [["b", "c d e f g"], ["c d e f g", "b"]]
    corpora = [make_corpus([("a", references), ("x y z", ["x y z"])]) for references in ways]
    scores = [ask_all(parse("chrf"), corpus, full(corpus)).corpus() for corpus in corpora]
    assert scores[0] != scores[1]


@pytest.mark.parametrize(
    ("spec", "text", "references", "added"),
    [
        # Brevity: the added reference is closer in length, and the output is shorter than it.
        ("bleu(smooth='none')", "a b c d e f g h", ["a b c d e f"], "i j k l m n o p q"),
        ("coco_bleu(n=1, tokenizer='none')", "a b c d e f g h", ["a b c d e f"], "i j k l m n o p q"),
        # The mean reference length falls.
        ("ter", "a b x d", ["a b c d e f"], "q"),
        # The mean length grows, and the ratio falls.
        ("length_ratio", "a b c", ["a b c"], "d e f g h"),
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
    scorer = ready(spec, corpus)
    queries = questions(scorer, corpus)
    answers = ask_all(scorer, corpus, queries) if k is None else expected_at(scorer, corpus, queries, k)
    first, second = (np.flatnonzero(corpus.output_system[queries.subject] == side) for side in (0, 1))
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
