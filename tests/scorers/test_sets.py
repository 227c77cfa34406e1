"""Scorers of sets of outputs, against golden numbers and slow, obvious versions."""

from __future__ import annotations

import itertools
import math
from collections import Counter

import numpy as np
import pytest
import sacrebleu
from hypothesis import given, settings
from hypothesis import strategies as st

from geneval_references import Reference, ReferenceSet, UsageError
from geneval_scorers import Corpus, ask_all, expected_at, full, grouped, parse
from geneval_scorers.sets._bags import bags, shared_counts
from geneval_scorers.sets._grid import Grid
from geneval_scorers.sets.self_cider import _evenness
from geneval_scorers.sets.vendi import _effective

WORDS = ["a", "b", "c", "d", "e"]
SENTENCE = st.lists(st.sampled_from(WORDS), min_size=0, max_size=6).map(" ".join)
TEXTS = st.lists(SENTENCE, min_size=1, max_size=4)
SETS = st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=4)
# So that document frequencies differ.
RARE = (["one two three four five", "one two three"], ["one two three four five"])


def corpus_of(sets, system="s"):
    """A corpus of (outputs, references) items."""
    items = [ReferenceSet(str(i), tuple(map(Reference, references))) for i, (_, references) in enumerate(sets)]
    return Corpus(items, [(str(i), system, t, j) for i, (texts, _) in enumerate(sets) for j, t in enumerate(texts)])


def segments(spec, sets, k=None):
    """One score a set, NaN where there is none."""
    corpus = corpus_of(sets)
    scorer, queries = parse(spec).fit(corpus), grouped(corpus)
    return (ask_all(scorer, corpus, queries) if k is None else expected_at(scorer, corpus, queries, k)).segment


def single(spec, text, reference, corpus):
    """The score of one pair, asked by itself under the fit of a corpus."""
    pair = corpus_of([([text], [reference])])
    return float(ask_all(parse(spec).fit(corpus), pair, full(pair)).segment[0])


def tables(spec, sets):
    """For each set the matrix of pair scores, an output a row, each pair asked by itself."""
    corpus = corpus_of(sets)
    return [np.asarray([[single(spec, t, r, corpus) for r in references] for t in texts]) for texts, references in sets]


SLOW = {
    "coverage(of='token_f1')": lambda s: s.max(axis=0).mean(),
    "precision(of='token_f1')": lambda s: s.max(axis=1).mean(),
    "coverage(of='token_f1', threshold=0.5)": lambda s: (s.max(axis=0) >= 0.5).mean(),
    "precision(of='token_f1', threshold=0.5)": lambda s: (s.max(axis=1) >= 0.5).mean(),
    "chamfer(of='token_f1')": lambda s: (s.max(axis=0).mean() + s.max(axis=1).mean()) / 2,
    "smooth_chamfer(of='token_f1', alpha=3.0)": lambda s: (
        (np.log(np.exp(3 * s).mean(axis=1)).mean() + np.log(np.exp(3 * s).mean(axis=0)).mean()) / 6
    ),
    "smooth_chamfer(of='token_f1', raw=True)": lambda s: (
        (np.log(np.exp(16 * s).sum(axis=1)).mean() + np.log(np.exp(16 * s).sum(axis=0)).mean()) / 32
    ),
}


@pytest.mark.parametrize("spec", SLOW)
def test_sets_meet_sets_as_their_formulas_say(spec):
    @settings(max_examples=30, deadline=None)
    @given(SETS)
    def holds(sets):
        slow = [SLOW[spec](table) for table in tables("token_f1", sets)]
        assert segments(spec, sets) == pytest.approx(slow, abs=1e-12)

    holds()


@pytest.mark.parametrize("spec", [*SLOW, "chamfer(of='chrf')", "coverage(of=\"rouge(kind='L')\")"])
@pytest.mark.parametrize("k", [1, 2, 3])
def test_expected_at_k_is_the_mean_over_subsets_of_references(spec, k):
    sets = [(["a b c", "d e"], ["a b", "c d", "e"]), (["a"], ["a b c", "a", "d", "b c"]), RARE]
    slow = []
    for texts, references in sets:
        every = [segments(spec, [(texts, list(some))])[0] for some in itertools.combinations(references, k)]
        slow.append(np.mean(every) if every else math.nan)
    assert segments(spec, sets, k) == pytest.approx(slow, abs=1e-12, nan_ok=True)


def test_a_scorer_that_learns_can_be_asked_about_pairs():
    sets = [(["a b c", "a b c d"], ["a b", "c d e", "b c"]), (["b c d"], ["a c e"]), RARE]
    expected = [table.max(axis=0).mean() for table in tables("cider(tokenizer='none')", sets)]
    assert segments("coverage(of=\"cider(tokenizer='none')\")", sets) == pytest.approx(expected, abs=1e-9)


# Methods, A13: two orthonormal pairs, so that the matrix of cosines is the unit matrix.
@pytest.mark.parametrize(("alpha", "score"), [(16.0, 1.000000007), (1.0, 1.3132617), (1e4, 1.0)])
def test_raw_smooth_chamfer_has_the_values_of_dive(alpha, score):
    sets = [(["a", "b"], ["a", "b"])]
    assert segments(f"smooth_chamfer(of='exact', alpha={alpha}, raw=True)", sets)[0] == pytest.approx(score, abs=5e-8)


@settings(max_examples=30, deadline=None)
@given(TEXTS, TEXTS)
def test_smooth_chamfer_does_not_grow_with_the_size_of_sets_unless_it_is_raw(texts, references):
    once, twice = segments("smooth_chamfer(of='token_f1')", [(texts, references), (texts * 2, references * 2)])
    assert twice == pytest.approx(once, abs=1e-12)
    once, twice = segments(
        "smooth_chamfer(of='token_f1', raw=True)", [(texts, references), (texts * 2, references * 2)]
    )
    assert twice == pytest.approx(once + math.log(2) / 16, abs=1e-12)


def test_a_lower_score_is_nearer_where_the_scorer_says_so():
    from geneval_scorers._scorer import Info, PairScorer
    from geneval_scorers.sets.coverage import Coverage

    class Distance(PairScorer):
        name = "distance"
        info = Info("", (0, None), "lower", "pair", monotone=True, identical="0", source="x")

        def pair(self, text, reference):
            return float(abs(len(text) - len(reference)))

    coverage = Coverage(of="exact").around(Distance())
    corpus = corpus_of([(["a", "aaaa"], ["aa", "aaaaaaa"])])
    assert ask_all(coverage, corpus, grouped(corpus)).segment.tolist() == [(1 + 3) / 2]
    assert (coverage.info.direction, coverage.info.scale) == ("lower", (0, None))
    near = Coverage(of="exact", threshold=2.0).around(Distance())
    assert ask_all(near, corpus, grouped(corpus)).segment.tolist() == [0.5]
    assert (near.info.direction, near.info.scale) == ("higher", (0, 1))


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("coverage(of='bleu')", "is a pool scorer; allowed: a pair scorer"),
        ("coverage(of='coverage')", "is a set scorer"),
        ("precision(of=\"rouge(kind='L', reduce='mean')\")", "leave out reduce"),
        ("chamfer(of='cosin')", "did you mean cosine"),
        ("coverage(of='exact', threshold=True)", "threshold=True does not fit"),
        ("smooth_chamfer(of='exact', alpha=0)", "above 0"),
        ("distinct_n(n=0)", "1 or more"),
        ("vendi(n=0)", "1 or more"),
        ("self_bleu(max_order=0)", "1 or more"),
        ("self_cider(n=0)", "n is 1 or more"),
        ("gaussian(prior=0)", "above 0"),
        ("gaussian(a=0.0)", "a above 0"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(spec, said):
    with pytest.raises(UsageError, match=said):
        parse(spec)


def test_one_thing_has_one_spelling():
    spaced = parse("coverage(of=\"rouge( kind = 'L' , reduce='best')\")")
    assert repr(spaced) == "coverage(of=\"rouge(kind='L')\")" and parse(repr(spaced)) == spaced
    assert "|inner:rouge(kind='L', tokenizer='unicode', reduce='best')|tok:unicode" in spaced.signature()
    shown = parse("coverage(of=\"cosine(model='path:/somewhere/model')\")")
    assert "somewhere" not in shown.label and "path:model" in shown.label


def test_what_the_inner_scorer_learned_is_kept_under_the_outer_ones_name():
    corpus = corpus_of([(["a b c d"], ["a b c d"]), RARE])
    outer, other = parse("coverage(of='cider')"), parse("self_cider")
    fitted = outer.fit(corpus)
    assert outer.needs_fit and not fitted.needs_fit and fitted.state.kind == "coverage"
    assert outer.with_state(fitted.state).signature() == fitted.signature()
    assert not other.takes(fitted.state) and not parse("coverage(of='exact')").takes(fitted.state)
    assert not parse("coverage(of='cider(n=2)')").takes(fitted.state)
    lsa = parse("self_cider(version='lsa')")
    assert not lsa.needs_fit and lsa.fit(corpus) == lsa and not lsa.takes(other.fit(corpus).state)


# Diversity.

DIVERSITY = ["self_bleu", "distinct_n", "self_cider(tokenizer='none')", "self_cider(version='lsa', tokenizer='none')"]
DIVERSITY += ["pairwise(of='token_f1')", "vendi(kernel='ngram')"]


@pytest.mark.parametrize("spec", DIVERSITY)
def test_one_output_differs_from_nothing(spec):
    corpus = corpus_of([(["a b c d"], ["a b c d", "e f"]), (["a b c d", "e"], ["a b c d", "e f"]), RARE])
    scorer = parse(spec).fit(corpus)
    for answers in (ask_all(scorer, corpus, grouped(corpus)), expected_at(scorer, corpus, grouped(corpus), 1)):
        assert answers.reason == ("too_few_outputs", "", "") and np.isnan(answers.segment[0])
        assert answers.corpus() == pytest.approx(answers.segment[1:].mean()) and not answers.failed.any()


@pytest.mark.parametrize("spec", DIVERSITY)
def test_references_play_no_part_in_diversity(spec):
    texts = ["a b c d", "b c d e", "e a"]
    sets = [(texts, ["a b c d", "e f"]), (texts, ["q"]), RARE]
    first, second, _ = segments(spec, sets)
    at_one = segments(spec, sets, 1)
    assert first == second == at_one[0]


@settings(max_examples=30, deadline=None)
@given(SETS.filter(lambda sets: all(len(texts) > 1 for texts, _ in sets)))
def test_self_bleu_is_the_mean_of_sacrebleus_sentence_bleu(sets):
    judge = sacrebleu.BLEU(effective_order=True)
    slow = [
        np.mean([judge.sentence_score(t, texts[:i] + texts[i + 1 :]).score for i, t in enumerate(texts)])
        for texts, _ in sets
    ]
    assert segments("self_bleu", sets) == pytest.approx(slow, abs=1e-9)


def ngrams(text, n):
    words = text.split()
    return [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]


@pytest.mark.parametrize("n", [1, 2, 3])
def test_distinct_n_counts_different_ngrams_of_all_outputs(n):
    @settings(max_examples=30, deadline=None)
    @given(SETS.filter(lambda sets: all(len(texts) > 1 for texts, _ in sets)))
    def holds(sets):
        every = [[gram for text in texts for gram in ngrams(text, n)] for texts, _ in sets]
        slow = [len(set(grams)) / len(grams) if grams else 0.0 for grams in every]
        assert segments(f"distinct_n(n={n}, tokenizer='none')", sets) == pytest.approx(slow)

    holds()


@settings(max_examples=30, deadline=None)
@given(SETS.filter(lambda sets: all(len(texts) > 1 for texts, _ in sets)))
def test_pairwise_is_the_mean_over_pairs_of_different_outputs(sets):
    corpus = corpus_of(sets)
    slow = [
        np.mean([single("token_f1", a, b, corpus) for a, b in itertools.permutations(texts, 2)]) for texts, _ in sets
    ]
    assert segments("pairwise(of='token_f1')", sets) == pytest.approx(slow)


# Methods, B5.
@pytest.mark.parametrize(("kernel", "diversity"), [(np.eye(5), 1.0), (np.ones((5, 5)), 0.0), (np.zeros((5, 5)), 0.0)])
def test_self_cider_of_known_kernels(kernel, diversity):
    assert _evenness(kernel[None]) == pytest.approx([diversity], abs=1e-6)


def evenness(roots):
    """As the authors' code has it, for singular values or roots of them."""
    return -math.log10(max(roots) / sum(roots)) / math.log10(len(roots)) if sum(roots) > 0 else 0.0


@settings(max_examples=20, deadline=None)
@given(SETS.filter(lambda sets: all(len(texts) > 1 for texts, _ in sets)))
def test_self_cider_is_what_its_authors_code_computes(sets):
    """Up to the direction in which a pair is asked about: theirs is that of the order of outputs, ours both."""
    sets = [*sets, RARE]
    corpus, slow = corpus_of(sets), []
    for texts, _ in sets:
        kernel = np.asarray([[single("cider(tokenizer='none')", a, b, corpus) for b in texts] for a in texts])
        slow.append(evenness(np.sqrt(np.linalg.svd((kernel + kernel.T) / 2)[1])))
    assert segments("self_cider(tokenizer='none')", sets) == pytest.approx(slow, abs=1e-6)


@settings(max_examples=20, deadline=None)
@given(SETS.filter(lambda sets: all(len(texts) > 1 for texts, _ in sets)))
def test_lsa_looks_at_the_singular_values_of_the_matrix_of_word_counts(sets):
    slow = []
    for texts, _ in sets:
        counts = np.asarray([[text.split().count(word) for word in WORDS] for text in texts], float)
        found = np.linalg.svd(counts, compute_uv=False)
        slow.append(evenness([*found, *[0.0] * (len(texts) - len(found))]))
    assert segments("self_cider(version='lsa', tokenizer='none')", sets) == pytest.approx(slow, abs=1e-6)


@settings(max_examples=30, deadline=None)
@given(SETS)
def test_shared_counts_are_dot_products_of_bags(sets):
    corpus = corpus_of(sets)
    candidates = grouped(corpus).candidates
    slow = []
    for i in range(len(candidates)):
        found = [Counter(ngrams(corpus.texts[t], 2)) for t in candidates.row(i)]
        slow += [sum(a[g] * b[g] for g in a) for a in found for b in found]
    assert shared_counts(candidates, bags(corpus, "none", 2)).tolist() == slow


# vendi-score 0.0.3: `vendi.score_K` of the mean over orders of cosines of n-gram counts (scikit-learn's CountVectorizer,
# cut at white space), as its `ngram_vendi_score` has it, orders 1 to 4 and 1 to 2.
@pytest.mark.parametrize(
    ("texts", "four", "two"),
    [
        (["a cat sat on the mat", "a cat sat on the mat"], 1.0, 1.0),
        (["a cat sat on the mat", "the dog ran in the park"], 1.994793923687713, 1.9792026074777105),
        (
            ["a cat sat on the mat", "a cat lay on the mat", "a black cat sat on a mat", "it rains a lot here today"],
            3.686015311831168,
            3.1138846835399856,
        ),
        (["b b b b c", "b b c b b", "c c c c b"], 2.6805231670644774, 1.965791515270035),
    ],
)
def test_the_vendi_score_of_ngrams_is_that_of_its_authors(texts, four, two):
    assert segments("vendi(kernel='ngram', tokenizer='none')", [(texts, ["x"])])[0] == pytest.approx(four, abs=1e-9)
    assert segments("vendi(kernel='ngram', tokenizer='none', n=2)", [(texts, ["x"])])[0] == pytest.approx(two, abs=1e-9)


# vendi-score 0.0.3, `score_K`, and `score_X` of the rows below.
@pytest.mark.parametrize(
    ("kernel", "score"),
    [
        ([[1, 0.5], [0.5, 1]], 1.7547653506033232),
        (np.eye(3), 3.0),
        (np.ones((4, 4)), 1.0),
        (
            np.asarray(r := [[1, 0, 0], [0.6, 0.8, 0], [0, 0.6, 0.8], [-0.6, 0.8, 0]]) @ np.asarray(r).T,
            2.6257296076286343,
        ),
    ],
)
def test_the_vendi_score_of_known_kernels(kernel, score):
    assert _effective(np.asarray([kernel], float)) == pytest.approx([score], abs=1e-9)


def test_a_text_too_short_for_an_ngram_is_like_equal_texts_only():
    sets = [(["a b", "a b"], ["x"]), (["a b", "c d"], ["x"]), (["", "a"], ["x"]), (["", ""], ["x"])]
    assert segments("vendi(kernel='ngram')", sets) == pytest.approx([1, 2, 2, 1])


def test_tables_turn():
    whole = Grid(np.asarray([2, 1]), np.asarray([3, 2]), np.arange(8.0))
    assert whole.turned().values.tolist() == [0, 3, 1, 4, 2, 5, 6, 7]
    assert whole.turned().turned().values.tolist() == whole.values.tolist()
    assert whole.mean_of_rows(np.asarray([1.0, 3.0, 5.0])).tolist() == [2.0, 5.0]


def test_the_order_of_outputs_and_systems_shows_in_no_bit():
    sets = [(["a b c", "d e a", "b b", "a"], ["a b", "c d e", "b"]), RARE]
    turned = [(texts[::-1], references[::-1]) for texts, references in sets]
    for spec in [*SLOW, *DIVERSITY]:
        assert segments(spec, sets).tolist() == segments(spec, turned).tolist(), spec


@pytest.mark.neural
def test_sets_of_sentence_embeddings_are_scored_as_the_formulas_say():
    from geneval_scorers.embedding import load_encoder

    texts, references = ["a grey cat in the house", "it rains", "a bus"], ["a cat", "it is raining"]
    encoder = load_encoder()
    mine, theirs = (encoder.encode(side).astype(float) for side in (texts, references))
    cosines, kernel = mine @ theirs.T, mine @ mine.T
    shares = np.linalg.eigvalsh(kernel / 3)
    slow = {
        "coverage": cosines.max(axis=0).mean(),
        "precision": cosines.max(axis=1).mean(),
        "chamfer": SLOW["chamfer(of='token_f1')"](cosines),
        "smooth_chamfer(raw=True)": SLOW["smooth_chamfer(of='token_f1', raw=True)"](cosines),
        "pairwise": (kernel.sum() - 3) / 6,
        "vendi": np.exp(-(shares * np.log(shares)).sum()),
    }
    found = {spec: segments(spec, [(texts, references)])[0] for spec in slow}
    assert found == pytest.approx(slow, abs=1e-5)
    same = [(["it rains", "it rains"], ["it rains"])]
    for spec in ("coverage", "precision", "chamfer", "smooth_chamfer", "pairwise", "vendi"):
        assert segments(spec, same)[0] == pytest.approx(1.0, abs=1e-6)
