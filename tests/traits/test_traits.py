"""Repetition, length and endings: worked examples, slow obvious versions, and what no trait may do."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from geneval_references import InputError, Reference, ReferenceSet, UsageError
from geneval_scorers import Corpus, ask, ask_all, band, expected_at, full, parse
from geneval_scorers.tokenizers import get_tokenizer

WORDS = ["a", "b", "the", "cat", "of", "Cat", ".", "you're", "你好", "…"]
TEXT = st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join)
ITEMS = st.lists(st.tuples(TEXT, st.lists(TEXT, min_size=1, max_size=4)), min_size=1, max_size=4)
LEARNED = ["ending", "fluency", "perplexity"]
OUTPUT_ONLY = ["repetition(n=2)", *LEARNED]


def corpus_of(items):
    """A corpus of (output, references); ids are places."""
    sets = [ReferenceSet(str(i), tuple(map(Reference, references))) for i, (_, references) in enumerate(items)]
    return Corpus(sets, [(str(i), "s", text, 0) for i, (text, _) in enumerate(items)])


def segments(spec, items):
    corpus = corpus_of(items)
    return ask_all(parse(spec).fit(corpus), corpus, full(corpus)).segment.tolist()


def tokens(text):
    return get_tokenizer("unicode")([text])[0].split()


# --- repetition ---


@pytest.mark.parametrize(
    ("text", "n", "expected"),
    [
        # 1 - distinct / all, counted by hand.
        ("a dog barks and a dog barks", 1, 3 / 7),
        ("a dog barks and a dog barks", 2, 2 / 6),
        ("a dog barks and a dog barks", 3, 1 / 5),
        ("a dog barks and a dog barks", 4, 0),
        ("no no no no", 2, 2 / 3),
        ("No no", 1, 1 / 2),
        ("no no", 2, 0),
        ("one", 2, 0),
        ("", 1, 0),
    ],
)
def test_repetition_is_one_less_distinct_over_all_n_grams(text, n, expected):
    assert segments(f"repetition(n={n})", [(text, ["any"])]) == [pytest.approx(expected)]


@settings(deadline=None)
@given(texts=st.lists(TEXT, min_size=1, max_size=5), n=st.integers(1, 4))
def test_repetition_is_what_a_set_counts(texts, n):
    def slow(text):
        found = tokens(text)
        grams = [tuple(found[i : i + n]) for i in range(len(found) - n + 1)]
        return 1 - len(set(grams)) / len(grams) if grams else 0.0

    found = segments(f"repetition(n={n})", [(text, ["any"]) for text in texts])
    assert found == pytest.approx([slow(text) for text in texts], abs=1e-12)


# --- length_ratio ---


@pytest.mark.parametrize(
    ("spec", "text", "references", "expected"),
    [
        ("length_ratio", "a b c", ["a b", "a b c d"], 1),
        ("length_ratio", "a b c", ["a b", "a b c d e"], 3 / 3.5),
        # 2 and 4 are equally far from 3: the shorter counts, in whatever order they come.
        ("length_ratio(to='closest')", "a b c", ["a b c d", "a b"], 1.5),
        ("length_ratio(to='closest')", "a b c", ["a b", "a b c d"], 1.5),
        ("length_ratio(to='closest')", "a b c", ["a", "a b c d"], 0.75),
        ("length_ratio(log=True)", "a b c", ["a"], math.log(4 / 2)),
        ("length_ratio(log=True)", "", ["a b c"], math.log(1 / 4)),
        ("length_ratio", "", ["a b c"], 0),
        ("length_ratio", "", [""], 1),
        ("length_ratio", "a", [""], math.nan),
        ("length_ratio(log=True)", "a", [""], math.log(2)),
    ],
)
def test_length_ratio_is_the_output_over_its_references(spec, text, references, expected):
    assert segments(spec, [(text, references)]) == [pytest.approx(expected, nan_ok=True)]


def test_length_ratio_expected_at_one_is_the_mean_of_the_ratios():
    corpus = corpus_of([("a b c d", ["a", "b c", "d e f g"])])
    found = expected_at(parse("length_ratio"), corpus, full(corpus), 1)
    assert found.segment.tolist() == [pytest.approx((4 + 2 + 1) / 3)]


# --- ending ---

CAPTIONS = ["a dog barks", "a dog barks loudly", "the man talks to a dog", "a cat meows", "men talk", "rain falls."]


def words(text):
    """Tokens with a letter or digit, after a mark for the beginning."""
    return ["<beginning>", *(token for token in tokens(text) if any(map(str.isalnum, token)))]


def slow_ending(text, learned, smoothing=1.0):
    """The definition, word by word."""
    seen = Counter(word for one in learned for word in words(one))
    ends = Counter(words(one)[-1] for one in learned)
    base = (len(learned) + 1) / (seen.total() + 2)
    last = words(text)[-1]
    share = (ends[last] + smoothing * base) / (seen[last] + smoothing)
    return math.log(share / (1 - share)) - math.log(base / (1 - base))


def test_an_unknown_last_word_says_nothing_a_dangling_one_little_and_a_common_one_much():
    texts = ["a zebra", "a dog barks at a", "a dog barks", "a dog barks.", ""]
    corpus = Corpus(corpus_of([("", CAPTIONS)]).items, extra=texts)
    answers = ask_all(parse("ending").fit(corpus), corpus, ask(corpus, [("0", text, CAPTIONS) for text in texts]))
    unknown, dangling, common, stopped, empty = answers.segment
    assert unknown == pytest.approx(0)
    assert dangling < 0 < common
    assert common == stopped
    assert empty < 0
    # By hand: 6 texts with 20 words and 6 beginnings; "a" was seen 4 times and never at an end.
    base = 7 / 28
    assert dangling == pytest.approx(math.log((base / 5) / (1 - base / 5) / (base / (1 - base))))


@settings(deadline=None)
@given(items=ITEMS, smoothing=st.sampled_from([0.5, 1.0, 5.0]))
def test_ending_is_what_its_definition_says(items, smoothing):
    learned = [reference for _, references in items for reference in references]
    expected = [slow_ending(text, learned, smoothing) for text, _ in items]
    assert segments(f"ending(smoothing={smoothing})", items) == pytest.approx(expected, abs=1e-9)


def test_ending_and_fluency_know_scripts_without_spaces():
    good, bad = segments("ending", [("我爱猫", ["他爱猫", "我有猫"]), ("猫爱我", ["我爱猫", "他有猫"])])
    assert bad < 0 < good


# --- what was learned from a reference does not count where it is scored itself ---


def fitted_on(spec, items):
    return parse(spec).fit(corpus_of(items))


@pytest.mark.parametrize("spec", LEARNED)
@pytest.mark.parametrize("copies", ["keep", "drop"])
@settings(deadline=None, max_examples=30)
@given(items=ITEMS)
@example(items=[("", ["a cat", "A cat"]), ("b", ["a cat", "a cat", "b"])])
@example(items=[("", ["a", "b"])])
def test_a_band_member_gets_what_a_scorer_says_that_never_saw_it(spec, copies, items):
    corpus = corpus_of(items)
    queries = band(corpus, copies=copies)
    found = ask_all(parse(spec).fit(corpus), corpus, queries)
    number = 0
    for i, (output, references) in enumerate(items):
        for j, text in enumerate(references):
            rest = [*items[:i], (output, references[:j] + references[j + 1 :]), *items[i + 1 :]]
            if found.reason[number] != "no_reference" and any(left for _, left in rest):
                alone = Corpus([ReferenceSet("other", (Reference("x"),))], extra=[text])
                asked = ask(alone, [("other", text, ["x"])])
                judge = ask_all(fitted_on(spec, rest), alone, asked).segment[0]
                assert found.segment[number] == pytest.approx(judge, abs=1e-9)
            number += 1


@pytest.mark.parametrize("spec", LEARNED)
def test_band_members_would_look_better_than_texts_of_their_kind_if_they_were_not_left_out(spec):
    """On texts of one kind, the band and other texts of that kind get like scores; keeping copies does not."""
    import random

    rng = random.Random(7)
    kinds = [f"{who} {does} {what}{n}" for who in "abc" for does in "de" for what in "fg" for n in range(40)]
    rng.shuffle(kinds)
    items = [(kinds[5 * i], kinds[5 * i + 1 : 5 * i + 5]) for i in range(90)]
    corpus = corpus_of(items)
    scorer = parse(spec).fit(corpus)
    outputs, members = (ask_all(scorer, corpus, queries(corpus)).corpus() for queries in (full, band))
    kept = ask_all(scorer, corpus, ask(corpus, [(str(i), r, rs) for i, (_, rs) in enumerate(items) for r in rs]))
    better = (lambda x, y: x < y) if scorer.info.direction == "lower" else (lambda x, y: x > y)
    assert better(kept.corpus(), members)
    assert abs(members - outputs) < abs(kept.corpus() - outputs) / 5


@pytest.mark.parametrize("spec", LEARNED)
def test_only_what_was_learned_from_is_left_out(spec):
    """A scorer fitted on other data says the same of a reference wherever it stands."""
    scorer = fitted_on(spec, [("", CAPTIONS)])
    corpus = Corpus([ReferenceSet("elsewhere", (Reference("a dog barks"), Reference("men talk")))])
    found = ask_all(scorer, corpus, band(corpus)).segment
    asked = ask(corpus, [("elsewhere", text, [text]) for text in ("a dog barks", "men talk")])
    assert found.tolist() == ask_all(scorer, corpus, asked).segment.tolist()


@pytest.mark.parametrize("spec", LEARNED)
def test_a_reference_held_out_by_hand_gets_what_it_gets_in_the_band(spec):
    corpus = corpus_of([("rain", ["a dog barks", "men talk", "a cat"])])
    scorer = parse(spec).fit(corpus)
    asked = ask(corpus, [("0", "a dog barks", ["men talk", "a cat"]), ("0", "a dog barks", ["a dog barks", "a cat"])])
    held_out, kept = ask_all(scorer, corpus, asked).segment
    assert held_out == ask_all(scorer, corpus, band(corpus)).segment[0] != kept


@pytest.mark.parametrize("spec", LEARNED)
def test_the_only_reference_there_is_has_nothing_to_be_measured_by(spec):
    corpus = corpus_of([("x", ["a cat"])])
    alone = band(corpus).with_references(full(corpus).references)
    answers = ask_all(parse(spec).fit(corpus), corpus, alone)
    assert math.isnan(answers.segment[0]) and answers.reason == ("not_scored",)


# --- every trait ---


@pytest.mark.parametrize("spec", OUTPUT_ONLY)
def test_neither_the_references_asked_about_nor_their_number_matter(spec):
    items = [("the man talks to a dog", CAPTIONS), ("a dog", CAPTIONS[2:]), ("of of of", ["rain falls", "a dog"])]
    corpus = corpus_of(items)
    scorer = parse(spec).fit(corpus)
    whole = ask_all(scorer, corpus, full(corpus))
    others = full(corpus).with_references(ask(corpus, [(str(i), "a dog", ["men talk"]) for i in range(3)]).references)
    assert ask_all(scorer, corpus, others).segment.tolist() == whole.segment.tolist()
    for k in (1, 2):
        at = expected_at(scorer, corpus, full(corpus), k)
        assert at.segment.tolist() == pytest.approx(whole.segment.tolist(), abs=1e-12)
        assert at.corpus() == pytest.approx(whole.corpus(), abs=1e-12)


@pytest.mark.parametrize("spec", [*OUTPUT_ONLY, "length_ratio"])
def test_a_trait_says_that_it_is_one(spec):
    assert parse(spec).info.role == "trait"


@pytest.mark.parametrize("spec", LEARNED)
def test_without_an_original_reference_there_is_nothing_to_learn_from(spec):
    corpus = Corpus([ReferenceSet("1", (Reference("a cat", tier="verified"),))])
    with pytest.raises(InputError, match=r"learns from original references.*--fitted RUN"):
        parse(spec).fit(corpus)


@pytest.mark.parametrize("spec", LEARNED)
def test_what_was_learned_block_by_block_is_what_was_learned_at_once(spec):
    items = [("", [text]) for text in CAPTIONS]
    sets = corpus_of(items).items
    parts = [Corpus(sets[:2]), Corpus(sets[2:5]), Corpus(sets[5:])]
    assert parse(spec).fit(*parts).state.hash == parse(spec).fit(Corpus(sets)).state.hash


@pytest.mark.parametrize(
    ("spec", "other"),
    [("ending", "ending(tokenizer='13a')"), ("fluency", "fluency(order=2)"), ("perplexity", "fluency")],
)
def test_state_of_another_recipe_is_refused(spec, other):
    state = fitted_on(other, [("", CAPTIONS)]).state
    with pytest.raises(UsageError, match=f"takes what {spec} learned with"):
        parse(spec).with_state(state)


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("repetition(n=0)", "n is 1 or more"),
        ("repetition", "repetition needs n"),
        ("ending(smoothing=0)", "smoothing is above 0"),
        ("fluency(order=0)", "order is 1 or more"),
        ("fluency(order=2, model='path:x')", "belong to the n-gram model"),
        ("length_ratio(to='best')", "allowed: 'mean', 'closest'"),
    ],
)
def test_options_that_do_not_fit_are_refused(spec, told):
    with pytest.raises(UsageError, match=told):
        parse(spec)
