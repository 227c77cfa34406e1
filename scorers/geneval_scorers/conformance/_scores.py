"""Checks of single scores: range, identical text, empty and unusual text, the winning reference."""

from __future__ import annotations

import math
import re

import numpy as np

from geneval_scorers._answers import ask_all
from geneval_scorers._queries import full
from geneval_scorers._ragged import Ragged
from geneval_scorers._scorer import PairScorer, Scorer
from geneval_scorers.conformance._texts import OTHER, RARE, STRANGE, Item
from geneval_scorers.conformance._trial import NEAR, Trial, asked, check, corpus_of, equal, expect, worse


def _declared(scorer: Scorer) -> float | None:
    """What identical text scores, where `info.identical` begins with a number."""
    number = re.match(r"-?\d+(\.\d+)?", scorer.info.identical)
    return float(number[0]) if number else None


def _identity_is_best(scorer: Scorer) -> bool:
    best = scorer.info.scale[1 if scorer.info.direction == "higher" else 0]
    return best is not None and _declared(scorer) == best


def _names_winners(scorer: Scorer) -> bool:
    return isinstance(scorer, PairScorer) and scorer.reduction == "best"


@check()
def ordinary_texts_get_a_score(trial: Trial) -> None:
    """Plain words with a reference are scored: a number, for the text and for the corpus."""
    answers = trial.answers([RARE, OTHER])
    expect(answers.scored.all(), f"{RARE[0]!r} and {OTHER[0]!r} score {answers.segment.tolist()}")
    expect(math.isfinite(answers.corpus()), f"the corpus score is {answers.corpus()}")


@check(lambda scorer: _declared(scorer) is not None)
def identical_text_scores_what_it_declares(trial: Trial) -> None:
    """Text equal to its only reference scores the number that `info.identical` begins with."""
    items = [RARE, OTHER]
    declared = np.full(len(items), _declared(trial.scorer), np.float64)
    equal("identical text, declared and scored", declared, trial.answers(items).segment, items)


@check()
def scores_lie_within_the_declared_range(trial: Trial) -> None:
    """Segment scores and the corpus score lie in `info.scale`."""
    answers = trial.answers(trial.items)
    low, high = (math.nan if end is None else end for end in trial.scorer.info.scale)
    outside = (answers.segment < low - NEAR) | (answers.segment > high + NEAR)
    if outside.any():
        first = int(np.argmax(outside))
        expect(False, f"{answers.segment[first]} for {trial.items[first]!r:.200}; info.scale is {low}..{high}")
    total = answers.corpus()
    expect(not (total < low - NEAR or total > high + NEAR), f"corpus score {total}; info.scale is {low}..{high}")


@check(_identity_is_best)
def an_empty_output_is_no_better_than_the_reference_itself(trial: Trial) -> None:
    """An empty output is answered without an error, and beats no text that is right."""
    right: list[Item] = [RARE, OTHER, ("a cat", ["a cat"]), ("a", ["a", "a cat"])]
    corpus = corpus_of(right)
    scorer = trial.ready(corpus)
    best = asked(scorer, corpus).segment
    for nothing in ("", " ", "\t\n"):
        blank = asked(scorer, corpus_of([(nothing, references) for _, references in right])).segment
        gain = worse(scorer, blank, best)
        expect(
            not (gain > NEAR).any(), f"{nothing!r} scores {blank.tolist()}, the references themselves {best.tolist()}"
        )


@check()
def unusual_text_is_scored_by_itself(trial: Trial) -> None:
    """Separators, invisible characters and long words neither raise nor move the scores of other items."""
    items: list[Item] = [RARE, *((text, [text]) for text in STRANGE), *((text, ["a cat sat"]) for text in STRANGE)]
    corpus = corpus_of(items)
    scorer = trial.ready(corpus)
    together = asked(scorer, corpus).segment
    alone = [asked(scorer, corpus_of([item])).segment[0] for item in items]
    equal("scored alone, and among others", alone, together, items)


@check()
def an_item_without_references_gets_no_score(trial: Trial) -> None:
    """It is null with a reason, and the corpus score is that of the other items."""
    items: list[Item] = [RARE, OTHER]
    whole, more = trial.answers(items), trial.answers([*items, ("a b", [])])
    expect(more.reason[-1] == "no_reference" and np.isnan(more.segment[-1]), f"it scores {more.segment[-1]}")
    equal("the corpus score, without and with such an item", whole.corpus(), more.corpus())


@check(lambda scorer: scorer.info.mean)
def the_corpus_score_is_the_mean_if_it_says_so(trial: Trial) -> None:
    """`info.mean`: the corpus score is the mean of the segment scores, weighted where weights are given."""
    answers = trial.answers(trial.items)
    scored = np.flatnonzero(answers.scored)
    segment = answers.segment[scored]
    equal("mean of segment scores, and corpus score", segment.mean(), answers.corpus())
    weights = trial.rng.random(len(scored)) + 0.5
    equal("the same with weights", np.average(segment, weights=weights), answers.corpus(scored, weights))


@check(_names_winners)
def the_winner_is_the_reference_that_gave_the_score(trial: Trial) -> None:
    """`best`: the winning reference alone gives the segment score, and no other reference gives a better one."""
    corpus = corpus_of(trial.items)
    scorer, queries = trial.ready(corpus), full(corpus)
    answers = ask_all(scorer, corpus, queries)
    if answers.winner is None:
        expect(False, "it names no winners")
        return
    pairs = queries.take(queries.references.rows).with_references(Ragged.singles(queries.references.values))
    single = np.split(ask_all(scorer, corpus, pairs).segment, queries.references.offsets[1:-1])
    for scores, winner, segment, item in zip(single, answers.winner, answers.segment, trial.items, strict=True):
        if not math.isnan(segment):
            equal(f"against reference {winner} alone, and against all", scores[winner], segment, [item])
            expect((worse(scorer, np.asarray(segment), scores) > -NEAR).all(), f"{segment} is not the best of {scores}")
