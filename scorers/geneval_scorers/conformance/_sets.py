"""Checks of scorers of sets: which outputs there are counts, and nothing else about them."""

from __future__ import annotations

import numpy as np

from geneval_scorers._answers import ask_all
from geneval_scorers._queries import Queries, grouped
from geneval_scorers._ragged import Ragged
from geneval_scorers._scorer import Scorer
from geneval_scorers.conformance._texts import OTHER, RARE, Item
from geneval_scorers.conformance._trial import NEAR, Trial, asked, check, corpus_of, equal, expect


def _sets(scorer: Scorer) -> bool:
    return scorer.info.kind == "set"


@check(_sets)
def the_order_of_outputs_does_not_matter(trial: Trial) -> None:
    """A system's outputs for an item are a set: whichever stands first, the score is the same."""
    corpus = corpus_of(trial.items)
    scorer, sets = trial.ready(corpus), grouped(corpus)
    shuffled = [trial.rng.permutation(sets.candidates.row(i)).tolist() for i in range(len(sets))]
    turned = Queries(sets.item, Ragged.of(shuffled), sets.references, sets.subject)
    first, second = (ask_all(scorer, corpus, queries).segment for queries in (sets, turned))
    equal("outputs in order, and shuffled", first, second, trial.items)


@check(_sets)
def a_set_of_too_few_outputs_gets_no_score_and_any_other_one_does(trial: Trial) -> None:
    """Below `fewest` outputs there is no score, for the reason `too_few_outputs`; from there on there is one."""
    texts = ("one two three four", "six seven eight nine", "ten eleven twelve thirteen")
    for count in (1, 2, 3):
        items: list[Item] = [(texts[:count], RARE[1]), (texts, OTHER[1])]
        corpus = corpus_of(items)
        scorer = trial.ready(corpus)
        answers = ask_all(scorer, corpus, grouped(corpus))
        few = count < scorer.fewest
        expect(bool(np.isnan(answers.segment[0])) == few, f"{count} outputs score {answers.segment[0]}")
        expect((answers.reason[0] == "too_few_outputs") == few, f"{count} outputs: reason {answers.reason[0]!r}")


@check(lambda scorer: _sets(scorer) and scorer.info.role == "diversity")
def outputs_that_are_all_alike_are_the_least_diverse(trial: Trial) -> None:
    """`diversity`: no set is less diverse than the same text again and again, whatever the references."""
    alike, unlike = ("a b c d e", "a b c d e"), ("a b c d e", "f g h i j")
    corpus = corpus_of([RARE, (alike, OTHER[1]), (unlike, OTHER[1]), (unlike, RARE[1])])
    _, least, most, other = asked(trial.ready(corpus), corpus).segment.tolist()
    gain = most - least if trial.scorer.info.direction == "higher" else least - most
    expect(gain > NEAR, f"{alike} scores {least}, {unlike} {most}")
    equal("the same outputs, against other references", most, other)
