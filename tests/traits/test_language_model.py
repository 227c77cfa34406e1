"""The n-gram model behind fluency: a slow version of the formula, and NLTK's Witten-Bell."""

from __future__ import annotations

import math
from collections import Counter, defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geneval_references import Reference, ReferenceSet
from geneval_scorers import Corpus, ask_all, full, parse

TEXT = st.lists(st.sampled_from(["a", "b", "c", "d", "e", "."]), max_size=6).map(" ".join)
TEXTS = st.lists(TEXT, min_size=1, max_size=6)


def asked(spec, outputs, references):
    """Segment scores and the corpus score of outputs under a model of these references."""
    sets = [ReferenceSet("0", tuple(map(Reference, references)))]
    corpus = Corpus(sets, [("0", "s", text, i) for i, text in enumerate(outputs)])
    answers = ask_all(parse(spec).fit(corpus), corpus, full(corpus))
    return answers.segment.tolist(), answers.corpus()


class Slow:
    """Witten-Bell as the formula has it, with dictionaries."""

    def __init__(self, texts, order):
        self.order, self.after = order, defaultdict(Counter)
        for text in texts:
            for history, token in self.predicted(text):
                for n in range(order):
                    self.after[history[len(history) - n :]][token] += 1

    def predicted(self, text):
        padded = ["<s>"] * (self.order - 1) + text.split() + ["</s>"]
        for i in range(self.order - 1, len(padded)):
            yield tuple(padded[i - self.order + 1 : i]), padded[i]

    def probability(self, history, token):
        seen = self.after[history]
        below = self.probability(history[1:], token) if history else 1 / (len(seen) + 1)
        return (seen[token] + len(seen) * below) / (seen.total() + len(seen)) if seen else below

    def logs(self, text):
        return [math.log(self.probability(history, token)) for history, token in self.predicted(text)]


@settings(deadline=None)
@given(outputs=TEXTS, references=TEXTS, order=st.integers(1, 4))
def test_fluency_is_the_mean_log_probability_of_the_formula(outputs, references, order):
    slow = Slow(references, order)
    logs = [slow.logs(text) for text in outputs]
    segment, corpus = asked(f"fluency(order={order}, tokenizer='none')", outputs, references)
    assert segment == pytest.approx([sum(each) / len(each) for each in logs], abs=1e-9)
    assert corpus == pytest.approx(sum(segment) / len(segment), abs=1e-9)


@settings(deadline=None, max_examples=40)
@given(outputs=TEXTS, references=TEXTS)
def test_perplexity_of_a_text_is_that_of_its_fluency_and_of_a_corpus_that_of_all_tokens(outputs, references):
    logs = [Slow(references, 3).logs(text) for text in outputs]
    segment, corpus = asked("perplexity(tokenizer='none')", outputs, references)
    assert segment == pytest.approx([math.exp(-sum(each) / len(each)) for each in logs], rel=1e-9)
    whole = [value for each in logs for value in each]
    assert corpus == pytest.approx(math.exp(-sum(whole) / len(whole)), rel=1e-9)


@settings(deadline=None, max_examples=30)
@given(references=TEXTS, order=st.integers(1, 3), history=st.lists(st.sampled_from("abcxy"), max_size=2))
def test_the_probabilities_of_all_tokens_after_a_history_add_up_to_one(references, order, history):
    """So do those of the fast model, which equals it: no mass is lost on unknown words."""
    slow = Slow(references, order)
    known = {token for seen in slow.after.values() for token in seen}
    start = (["<s>"] * order + history)[len(history) + 1 :]
    assert sum(slow.probability(tuple(start), token) for token in [*known, "<unknown>"]) == pytest.approx(1)


def test_a_bigram_by_hand():
    """After "the" came cat twice and dog once; 9 tokens in all, of 4 kinds: the 3, cat 2, dog 1, the end 3."""
    (score,), _ = asked("fluency(order=2)", ["the cat"], ["the cat", "the dog", "the cat"])
    one = {"the": (3 + 4 / 5) / 13, "cat": (2 + 4 / 5) / 13, "end": (3 + 4 / 5) / 13}
    expected = [(3 + one["the"]) / (3 + 1), (2 + 2 * one["cat"]) / (3 + 2), (2 + one["end"]) / (2 + 1)]
    assert score == pytest.approx(sum(map(math.log, expected)) / 3)


def test_a_word_that_is_not_known_costs_the_same_whichever_it_is():
    (one, other), _ = asked("fluency", ["the zebra", "the yak"], ["the cat", "the dog"])
    assert one == other


@settings(deadline=None, max_examples=30)
@given(references=TEXTS, order=st.integers(2, 3), data=st.data())
def test_nltk_gives_the_same_probabilities(references, order, data):
    """Its Witten-Bell, above single words; below them it has maximum likelihood, which gives unknown words 0."""
    lm, smoothing = pytest.importorskip("nltk.lm"), pytest.importorskip("nltk.lm.smoothing")
    outputs = data.draw(st.lists(st.sampled_from(references), min_size=1, max_size=3))

    class Estimator(smoothing.WittenBell):
        def unigram_score(self, word):
            seen = self.counts.unigrams
            return (seen[word] + len(seen) / (len(seen) + 1)) / (seen.N() + len(seen))

    model = lm.models.InterpolatedLanguageModel(Estimator, order)
    slow = Slow([], order)
    grams = [
        [(*history[len(history) - n :], token) for history, token in slow.predicted(text) for n in range(order)]
        for text in references
    ]
    model.fit(grams, vocabulary_text=["<s>", *(gram[-1] for text in grams for gram in text)])
    expected = [
        sum(math.log(model.unmasked_score(token, history)) for history, token in slow.predicted(text))
        / (len(text.split()) + 1)
        for text in outputs
    ]
    assert asked(f"fluency(order={order}, tokenizer='none')", outputs, references)[0] == pytest.approx(
        expected, abs=1e-9
    )
