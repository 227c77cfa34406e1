"""Checks of what must not change a number: order, copies, chunks, more references, asking itself, what was fitted."""

from __future__ import annotations

import numpy as np

from geneval_references import UsageError
from geneval_scorers._answers import ask_all, expected_at
from geneval_scorers._ragged import Ragged
from geneval_scorers._scorer import PairScorer, Scorer
from geneval_scorers.conformance._texts import OTHER, RARE, Item
from geneval_scorers.conformance._trial import (
    NEAR,
    Trial,
    asked,
    check,
    corpus_of,
    equal,
    expect,
    fail,
    identical,
    questions,
    worse,
)

_EXACT = 1e-12


def _learns(scorer: Scorer) -> bool:
    return scorer.needs_fit


@check()
def scoring_changes_nothing_in_it(trial: Trial) -> None:
    """Asked again, after other texts, it answers the same to the bit, under the same signature."""
    half = len(trial.items) // 2
    one, other = corpus_of(trial.items[:half]), corpus_of(trial.items[half:])
    scorer = trial.ready(one)
    before = (repr(scorer), scorer.signature(), scorer.options())
    first = asked(scorer, one).segment
    asked(scorer, other)
    identical("scored once, and again", first, asked(scorer, one).segment)
    identical("scored again, on texts read anew", first, asked(scorer, corpus_of(trial.items[:half])).segment)
    after = (repr(scorer), scorer.signature(), scorer.options())
    expect(after == before, f"{before} became {after}")


@check()
def neither_the_order_of_references_nor_that_of_items_matters(trial: Trial) -> None:
    """Segment scores stay; and corpus scores, unless `info.order_free` is false."""
    order = trial.rng.permutation(len(trial.items))
    turned = [trial.items[i] for i in order]
    shuffled = [(text, [references[i] for i in trial.rng.permutation(len(references))]) for text, references in turned]
    first, second = trial.answers(trial.items), trial.answers(shuffled)
    equal("in order, and shuffled", first.segment[order], second.segment, turned)
    if trial.scorer.info.order_free:
        equal("the corpus score, in order and shuffled", first.corpus(), second.corpus())


@check()
def a_duplicate_reference_changes_neither_best_nor_expected_at_k(trial: Trial) -> None:
    """A reference that is there twice counts once."""
    doubled = [
        (t, [*references, references[int(trial.rng.integers(len(references)))]]) for t, references in trial.items
    ]
    plain, more = corpus_of(trial.items), corpus_of(doubled)
    scorer = trial.ready(plain)
    if isinstance(scorer, PairScorer) and scorer.reduction == "best":
        equal("best, without and with copies", asked(scorer, plain).segment, asked(scorer, more).segment, doubled)
    for k in (1, 2, 3):
        before, after = (expected_at(scorer, corpus, questions(scorer, corpus), k) for corpus in (plain, more))
        equal(f"expected at {k}, without and with copies", before.segment, after.segment, doubled)
        equal(f"the corpus score at {k}, without and with copies", before.corpus(), after.corpus())


@check(lambda scorer: scorer.monotone)
def another_reference_makes_no_score_worse(trial: Trial) -> None:
    """`monotone`: a segment score never gets worse when a reference is added."""
    texts = [reference for _, references in trial.items for reference in references]
    added = [texts[trial.rng.integers(len(texts))] for _ in trial.items[:-1]]
    more = [(text, [*r, new]) for (text, r), new in zip(trial.items, [*added, ""], strict=True)]
    plain = corpus_of(trial.items)
    scorer = trial.ready(plain)
    before, after = asked(scorer, plain).segment, asked(scorer, corpus_of(more)).segment
    loss = worse(scorer, before, after)
    if (loss > NEAR).any():
        first = int(np.nanargmax(loss))
        fail(f"{before[first]} became {after[first]} with the last reference of {more[first]!r:.300}")


@check()
def expected_at_one_is_the_mean_over_single_references_and_at_all_the_full_score(trial: Trial) -> None:
    """The ends of expected scores are what they are by definition."""
    # A few, since each of their references is scored in a corpus of its own.
    few = trial.items[:8]
    items = [(text, list(dict.fromkeys(r.casefold() for r in references))) for text, references in few]
    corpus = corpus_of(items)
    scorer = trial.ready(corpus)
    single = [
        np.mean([asked(scorer, corpus_of([(text, [r])])).segment[0] for r in references]) for text, references in items
    ]
    equal(
        "mean over references, and expected at 1",
        single,
        expected_at(scorer, corpus, questions(scorer, corpus), 1).segment,
        items,
    )
    whole = asked(scorer, corpus).segment
    sizes = np.asarray([len(references) for _, references in items])
    for n in set(sizes.tolist()):
        at_all = expected_at(scorer, corpus, questions(scorer, corpus), n).segment[sizes == n]
        equal(f"the full score, and expected at all {n}", whole[sizes == n], at_all)


@check()
def the_chunk_size_changes_no_bit(trial: Trial) -> None:
    """However many questions are asked together, the numbers are the same."""
    corpus = corpus_of(trial.items)
    scorer = trial.ready(corpus)
    queries = questions(scorer, corpus)
    for chunk in (1, 7, 64):
        whole, parts = (ask_all(scorer, corpus, queries, chunk=size) for size in (10**6, chunk))
        identical(f"in one chunk, and in chunks of {chunk}", whole.segment, parts.segment)
        expect(whole.corpus() == parts.corpus(), f"corpus scores {whole.corpus()} and {parts.corpus()}, chunk {chunk}")
        for k in (1, 2):
            whole, parts = (expected_at(scorer, corpus, queries, k, chunk=size) for size in (10**6, chunk))
            identical(f"expected at {k}, in one chunk and in chunks of {chunk}", whole.segment, parts.segment)
            ends = np.asarray(whole.corpus()), np.asarray(parts.corpus())
            identical(f"the corpus score at {k}, in one chunk and in chunks of {chunk}", *ends)


@check()
def statistics_add_up_in_any_order(trial: Trial) -> None:
    """Rows split, shuffled, added and weighted give the corpus score that the whole gives."""
    answers = trial.answers(trial.items)
    scorer, rows = answers.scorer, answers.rows[answers.scored]
    shuffled = rows[trial.rng.permutation(len(rows))]
    sums = np.asarray(sum(part.sum(axis=0) for part in np.array_split(shuffled, 7)), np.float64)
    weight = np.asarray(float(len(rows)))
    equal("the corpus score, and that of sums", answers.corpus(), scorer.finish(sums, weight), near=_EXACT)
    expect(scorer.aggregate(shuffled) == answers.corpus(), "shuffled rows give another corpus score")
    both = scorer.finish(np.stack([sums, 2 * sums]), np.stack([weight, 2 * weight]))
    equal("`finish` of two sums at once", [answers.corpus()] * 2, both)
    often = trial.rng.integers(1, 4, len(rows))
    repeated = scorer.aggregate(np.repeat(rows, often, axis=0))
    equal("rows repeated, and rows with weights", repeated, scorer.aggregate(rows, often.astype(np.float64)))


@check()
def the_fit_stays_fixed_when_references_are_taken_away(trial: Trial) -> None:
    """What a subset of an item's references scores is what the same subset scores under the whole corpus's fit."""
    corpus = corpus_of(trial.items)
    scorer = trial.ready(corpus)
    small = corpus_of([(text, references[:1]) for text, references in trial.items])
    expect(
        scorer.state is None or scorer.state.hash == _hash(trial.ready(corpus)), "fitted twice, it learned two things"
    )
    texts = [reference.text for item in small.items for reference in item.references]
    firsts = questions(scorer, corpus).with_references(
        Ragged.singles(np.asarray([corpus.index(text) for text in texts]))
    )
    here, there = ask_all(scorer, corpus, firsts).segment, asked(scorer, small).segment
    equal("the first reference of many, and the first alone", here, there, trial.items)


@check(lambda scorer: not scorer.needs_fit)
def where_there_is_nothing_to_learn_fitting_changes_nothing(trial: Trial) -> None:
    """Without `needs_fit`, `fit` gives the same scorer, and there is no state."""
    fitted = trial.ready(corpus_of(trial.items))
    expect(fitted == trial.scorer and fitted.state is None, f"fitted, it is {fitted!r}, state {_hash(fitted) or None}")


@check(_learns)
def what_it_learns_is_fixed_hashed_and_kept(trial: Trial) -> None:
    """`fit` gives a new scorer whose state depends on the references alone, shows in the signature and can be reused."""
    corpus = corpus_of(trial.items)
    fitted = trial.ready(corpus)
    expect(trial.scorer.needs_fit and trial.scorer.state is None, "`fit` changed the scorer that it was called on")
    expect(not fitted.needs_fit and fitted.state is not None, "fitted, it still needs to be fitted, or has no state")
    state = _hash(fitted)
    segment = asked(fitted, corpus).segment
    expect(_hash(fitted) == state, "scoring changed what it had learned")
    others = trial.ready(corpus_of([("another output", references) for _, references in trial.items]))
    expect(_hash(others) == state, "what it learns depends on the outputs")
    elsewhere = trial.ready(corpus_of([RARE, OTHER]))
    expect(_hash(elsewhere) != state, "other references give a state with the same hash")
    expect(elsewhere.signature() != fitted.signature(), f"its state does not show in {fitted.signature()}")
    again = trial.scorer.with_state(fitted.state) if fitted.state else trial.scorer
    expect(
        again.signature() == fitted.signature(), f"{fitted.signature()} became {again.signature()}, reusing its state"
    )
    identical("under the state, and under the state reused", segment, asked(again, corpus).segment)


@check(_learns)
def it_answers_nothing_before_it_has_learned(trial: Trial) -> None:
    """Asked without having been fitted it is an error, not a number."""
    items: list[Item] = [RARE, OTHER]
    corpus = corpus_of(items)
    try:
        answers = asked(trial.scorer, corpus)
    except UsageError:
        return
    fail(f"not fitted, it scores {answers.segment.tolist()}")


def _hash(scorer: Scorer) -> str:
    return "" if scorer.state is None else scorer.state.hash
