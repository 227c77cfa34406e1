"""Our numbers against other people's implementations, which are the judges: sacrebleu, pycocoevalcap, rouge_score."""

from __future__ import annotations

import logging

import numpy as np
import pytest
import sacrebleu
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocoevalcap.bleu.bleu import Bleu as CocoBleuJudge
from pycocoevalcap.cider.cider import Cider as CiderJudge
from pycocoevalcap.rouge.rouge import Rouge as CocoRougeJudge
from rouge_score.rouge_scorer import RougeScorer

from geneval_scorers import Bleu, Chrf, Cider, CocoBleu, CocoRougeL, Rouge, Ter, ask_all, full

pytestmark = pytest.mark.once

TOLERANCE = 1e-9

SMOOTHINGS = [
    {"smooth": "exp"},
    {"smooth": "floor"},
    {"smooth": "floor", "smooth_value": 0.5},
    {"smooth": "add-k"},
    {"smooth": "add-k", "smooth_value": 2.0},
    {"smooth": "none"},
]
BLEU = [
    {},
    {"lowercase": True, "tokenizer": "intl"},
    {"tokenizer": "char"},
    {"tokenizer": "zh", "max_order": 2},
    {"tokenizer": "none", "max_order": 6},
]
CHRF = [
    {},
    {"word_order": 2},
    {"lowercase": True, "whitespace": True},
    {"eps_smoothing": True, "word_order": 1},
    {"char_order": 3, "beta": 1},
]
TER = [{}, {"normalized": True, "no_punct": True, "asian_support": True, "case_sensitive": True}]


@pytest.fixture(autouse=True)
def _quiet() -> None:
    logging.getLogger("sacrebleu").setLevel(logging.ERROR)


def streams(items):
    """sacrebleu's shape: one list of references a place, None where an item has fewer."""
    most = max(len(references) for _, references in items)
    return [[r[place] if place < len(r) else None for _, r in items] for place in range(most)]


def judged(metric, items):
    """sacrebleu's segment statistics of all items at once, and the corpus score."""
    rows = metric._extract_corpus_statistics([text for text, _ in items], streams(items))
    return rows, metric._aggregate_and_compute(rows).score


def sentence_scores(metric, rows):
    return [metric._compute_score_from_stats(list(row)).score for row in rows]


def apart(ours, theirs) -> float:
    return float(np.abs(np.asarray(ours) - np.asarray(theirs)).max())


def bleu_judge(options, *, effective):
    return sacrebleu.BLEU(
        lowercase=options.get("lowercase", False),
        tokenize=options.get("tokenizer", "13a"),
        smooth_method=options.get("smooth", "exp"),
        smooth_value=options.get("smooth_value"),
        max_ngram_order=options.get("max_order", 4),
        effective_order=effective,
    )


@pytest.fixture(scope="module")
def bleu_rows(generated_items):
    """sacrebleu's statistics under its defaults; smoothing comes after them."""
    return judged(sacrebleu.BLEU(), generated_items)[0]


@pytest.mark.parametrize("options", SMOOTHINGS, ids=str)
@pytest.mark.parametrize("effective", [True, False])
def test_bleu_under_every_smoothing_is_sacrebleus(generated, bleu_rows, options, effective):
    """Sentence and corpus BLEU of 10,000 items."""
    answers = ask_all(Bleu(**options, effective_order=effective), generated, full(generated))
    assert apart(answers.segment, sentence_scores(bleu_judge(options, effective=effective), bleu_rows)) <= TOLERANCE
    corpus = bleu_judge(options, effective=False)._aggregate_and_compute(bleu_rows).score
    assert apart(answers.corpus(), corpus) <= TOLERANCE


@pytest.mark.parametrize("options", BLEU, ids=str)
def test_bleu_under_its_tokenisers_and_orders_is_sacrebleus(generated, generated_items, options):
    answers = ask_all(Bleu(**options), generated, full(generated))
    rows, _ = judged(bleu_judge(options, effective=True), generated_items)
    assert apart(answers.segment, sentence_scores(bleu_judge(options, effective=True), rows)) <= TOLERANCE
    corpus = bleu_judge(options, effective=False)._aggregate_and_compute(rows).score
    assert apart(answers.corpus(), corpus) <= TOLERANCE


@pytest.mark.parametrize("options", CHRF, ids=str)
def test_chrf_is_sacrebleus(generated, generated_items, options):
    answers = ask_all(Chrf(**options), generated, full(generated))
    judge = sacrebleu.CHRF(**options)
    rows, corpus = judged(judge, generated_items)
    assert apart(answers.segment, sentence_scores(judge, rows)) <= TOLERANCE
    assert apart(answers.corpus(), corpus) <= TOLERANCE


@pytest.mark.parametrize("options", TER, ids=str)
def test_ter_is_sacrebleus(generated, generated_items, options):
    answers = ask_all(Ter(**options), generated, full(generated))
    judge = sacrebleu.TER(**options)
    rows, corpus = judged(judge, generated_items)
    assert apart(answers.segment, sentence_scores(judge, rows)) <= TOLERANCE
    assert apart(answers.corpus(), corpus) <= TOLERANCE


@pytest.fixture(scope="module")
def coco(generated_items):
    """pycocoevalcap's shape: id -> references, id -> [output]."""
    references = {str(i): list(r) for i, (_, r) in enumerate(generated_items)}
    return references, {str(i): [text] for i, (text, _) in enumerate(generated_items)}


def test_coco_bleu_is_pycocoevalcaps(generated, coco):
    """BLEU-1 to BLEU-4, sentence and corpus."""
    corpus, segment = CocoBleuJudge(4).compute_score(*coco, verbose=0)
    for n in range(1, 5):
        answers = ask_all(CocoBleu(n=n, tokenizer="none"), generated, full(generated))
        assert apart(answers.segment, segment[n - 1]) <= TOLERANCE
        assert apart(answers.corpus(), corpus[n - 1]) <= TOLERANCE


def test_coco_rouge_l_is_pycocoevalcaps(generated, coco):
    """It cuts at every single space, so double spaces make empty tokens, and "" is one of them."""
    corpus, segment = CocoRougeJudge().compute_score(*coco)
    answers = ask_all(CocoRougeL(tokenizer="none"), generated, full(generated))
    assert apart(answers.segment, segment) <= TOLERANCE
    assert apart(answers.corpus(), corpus) <= TOLERANCE


def test_cider_is_pycocoevalcaps(generated, coco):
    corpus, segment = CiderJudge().compute_score(*coco)
    answers = ask_all(Cider(tokenizer="none").fit(generated), generated, full(generated))
    assert apart(answers.segment, segment) <= TOLERANCE
    assert apart(answers.corpus(), corpus) <= TOLERANCE


def test_cider_takes_other_widths_of_the_penalty(make_corpus, generated_items):
    items = generated_items[:300]
    shaped = {str(i): list(r) for i, (_, r) in enumerate(items)}, {str(i): [text] for i, (text, _) in enumerate(items)}
    _, segment = CiderJudge(sigma=3.0).compute_score(*shaped)
    corpus = make_corpus(items)
    answers = ask_all(Cider(sigma=3.0, tokenizer="none").fit(corpus), corpus, full(corpus))
    assert apart(answers.segment, segment) <= TOLERANCE


@pytest.mark.parametrize("kind", ["1", "2", "L", "Lsum"])
def test_rouge_is_rouge_scores_under_its_tokeniser(generated, generated_items, kind):
    name = f"rouge{kind}"
    judge = RougeScorer([name])
    theirs = [judge.score_multi(list(r), text)[name].fmeasure for text, r in generated_items]
    answers = ask_all(Rouge(kind=kind, tokenizer="rouge"), generated, full(generated))
    assert apart(answers.segment, theirs) <= TOLERANCE


LINES = st.lists(st.sampled_from(["a", "b", "c d", "a b c", "\n", "\n", " "]), max_size=10).map("".join)


@given(st.lists(st.tuples(LINES, st.lists(LINES, min_size=1, max_size=3)), min_size=1, max_size=5))
def test_rouge_lsum_takes_lines_as_rouge_score_does(make_corpus, items):
    judge = RougeScorer(["rougeLsum"])
    theirs = [judge.score_multi(r, text)["rougeLsum"].fmeasure for text, r in items]
    corpus = make_corpus(items)
    answers = ask_all(Rouge(kind="Lsum", tokenizer="rouge"), corpus, full(corpus))
    assert apart(answers.segment, theirs) <= TOLERANCE


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.text("ab .'’,\n", max_size=12)
ITEMS = st.lists(st.tuples(TEXT, st.lists(TEXT, min_size=1, max_size=4)), min_size=2, max_size=6)


@settings(max_examples=150, deadline=None)
@given(ITEMS)
def test_any_text_at_all_scores_as_the_judges_say(make_corpus, items):
    """Whatever characters there are, the numbers of sacrebleu and pycocoevalcap stay ours."""
    corpus = make_corpus(items)
    queries = full(corpus)
    for scorer, judge in [
        (Bleu(), sacrebleu.BLEU(effective_order=True)),
        (Chrf(word_order=2), sacrebleu.CHRF(word_order=2)),
        (Ter(), sacrebleu.TER()),
    ]:
        theirs = [judge.sentence_score(text, references).score for text, references in items]
        assert apart(ask_all(scorer, corpus, queries).segment, theirs) <= TOLERANCE
    shaped = {str(i): list(r) for i, (_, r) in enumerate(items)}, {str(i): [text] for i, (text, _) in enumerate(items)}
    _, theirs = CocoRougeJudge().compute_score(*shaped)
    assert apart(ask_all(CocoRougeL(tokenizer="none"), corpus, queries).segment, theirs) <= TOLERANCE
    # pycocoevalcap fails where no reference has a single word; there, nothing is similar to nothing.
    wordy = any(reference.split() for _, references in items for reference in references)
    theirs = CiderJudge().compute_score(*shaped)[1] if wordy else np.zeros(len(items))
    assert apart(ask_all(Cider(tokenizer="none").fit(corpus), corpus, queries).segment, theirs) <= TOLERANCE


@pytest.mark.parametrize(
    ("scorer", "score"),
    [
        # What each judge gives "" against "": read off sacrebleu 2.6.0, pycocoevalcap 1.2 and rouge_score 0.1.2.
        (Bleu(), 0.0),
        (Chrf(), 0.0),
        (Ter(), 0.0),
        (CocoBleu(n=4, tokenizer="none"), 1e-24),
        (CocoRougeL(tokenizer="none"), 1.0),
        (Rouge(kind="L", tokenizer="rouge"), 0.0),
    ],
    ids=repr,
)
def test_nothing_against_nothing_scores_as_the_judges_say(make_corpus, scorer, score):
    corpus = make_corpus([("", [""])])
    assert ask_all(scorer, corpus, full(corpus)).segment[0] == pytest.approx(score, abs=TOLERANCE)
