"""Outputs with their scores: one an item and system, higher always better."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import regex

from geneval.agreement._correlations import Floats, Ints, rounded
from geneval.agreement._scores import Column, Scores
from geneval.data import Inputs, Output
from geneval.selection import selected
from geneval.settings import Settings
from geneval_references import InputError, ReferenceSet, UsageError
from geneval_scorers import Answers, Corpus, FitState, Scorer, Watch, ask_each, full

_WORD = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]|"
    r"[^\W\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]+"
)

_ASCII_WORD = re.compile(r"\w+")


@dataclass(frozen=True, eq=False)
class Outputs:
    """What is reported on.

    Attributes:
        items: with the references that count; none that a system wrote.
        corpus: of all texts.
        asked: the scorers as they were given.
        scorers: fitted.
        answers: of each scorer about each output.
        scores: the same as tables.
        lengths: words, [items, systems]; NaN where there is no output.
        text: indices into the corpus' texts, [items, systems]; -1 where there is no output.
        left_aside: outputs beyond the first that a system gave for an item.
    """

    items: tuple[ReferenceSet, ...]
    corpus: Corpus
    asked: tuple[Scorer, ...]
    scorers: tuple[Scorer, ...]
    answers: tuple[Answers, ...]
    scores: Scores
    lengths: Floats
    text: Ints
    left_aside: int

    @property
    def systems(self) -> list[str]:
        """Names."""
        return self.corpus.systems


def outputs_of(
    inputs: Inputs, scorers: Sequence[Scorer], fitted: Sequence[FitState], settings: Settings, watch: Watch | None
) -> Outputs:
    """Scores the first output of each system for each item.

    Raises:
        UsageError: a scorer whose numbers are not about whether an output is right.
    """
    for scorer in scorers:
        if scorer.info.role != "validity" or scorer.info.kind == "set":
            raise UsageError(f"{scorer.label} does not score single outputs for being right; leave it out of a report")
    kept = _first(inputs.outputs)
    items = tuple(_by_people(item) for item in selected(inputs.items, settings))
    rows = [(o.id, o.system, o.text, o.sample) for o in kept]
    corpus = Corpus(items, rows, extra=[item.source for item in items if item.source], watch=watch)
    ready = tuple(_ready(scorer, corpus, fitted) for scorer in scorers)
    answers = tuple(ask_each(ready, corpus, full(corpus)))
    for answer in answers:
        if not answer.scored.any():
            raise InputError(
                f"{answer.scorer.label} has no score for any output: {', '.join(sorted(set(answer.reason)))}"
            )
    text = np.full((len(items), len(corpus.systems)), -1, np.int64)
    text[corpus.output_item, corpus.output_system] = corpus.output_text
    words = np.asarray([_count(t) for t in corpus.texts], np.float64)
    lengths = np.where(text >= 0, words[text], np.nan)
    return Outputs(
        items,
        corpus,
        tuple(scorers),
        ready,
        answers,
        _scores(corpus, answers, text),
        lengths,
        text,
        len(inputs.outputs) - len(kept),
    )


def _count(text: str) -> int:
    """Words of a text; characters where a script parts no words."""
    return len((_ASCII_WORD if text.isascii() else _WORD).findall(text))


def _first(outputs: Sequence[Output]) -> list[Output]:
    """The first output of each system for each item."""
    found: dict[tuple[str, str], Output] = {}
    for output in outputs:
        key = (output.id, output.system)
        if key not in found or output.sample < found[key].sample:
            found[key] = output
    return list(found.values())


def _by_people(item: ReferenceSet) -> ReferenceSet:
    kept = tuple(r for r in item.references if not r.origin.startswith("output:"))
    return ReferenceSet(item.id, kept, item.source, item.condition)


def _ready(scorer: Scorer, corpus: Corpus, fitted: Sequence[FitState]) -> Scorer:
    if not scorer.needs_fit:
        return scorer
    for state in fitted:
        if state.kind == scorer.name and scorer.takes(state):
            return scorer.with_state(state)
    return scorer.fit(corpus)


def better_is_higher(scorer: Scorer, values: Floats) -> Floats:
    """Scores turned around where lower is better, without the last digits that rounding decides."""
    return rounded(-values if scorer.info.direction == "lower" else values)


def _scores(corpus: Corpus, answers: Sequence[Answers], text: Ints) -> Scores:
    shape = text.shape
    tables = []
    for answer in answers:
        table = np.full(shape, np.nan)
        table[corpus.output_item, corpus.output_system] = better_is_higher(answer.scorer, answer.segment)
        tables.append(table)
    return Scores(
        items=corpus.ids,
        systems=corpus.systems,
        columns=tuple(Column(a.scorer.label, None) for a in answers),
        table=np.stack(tables),
        there=text >= 0,
        corpus=np.full((len(answers), shape[1]), np.nan),
        signatures=tuple(a.scorer.signature() for a in answers),
        lower=tuple(a.scorer.info.direction == "lower" for a in answers),
        several=(),
    )
