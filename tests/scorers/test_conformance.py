"""The conformance kit sees what it is there for: each scorer below is wrong in one way, and one check says so."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
import pytest

from geneval.testing import ConformanceError, ScorerCheck, Trial, check_scorer, scorer_checks
from geneval_references import MissingDependencyError, UsageError
from geneval_scorers import FitState, Info, PairScorer, Reduction, Scorer, Statistics, pair_scorer, parse

INFO = Info(
    summary="shared words over all words",
    scale=(0, 1),
    direction="higher",
    kind="pair",
    monotone=True,
    identical="1",
    source="Jaccard 1912",
)


@dataclass(frozen=True, repr=False)
class Right(PairScorer):
    """Jaccard index, 0 to 1."""

    name = "right"
    info: ClassVar[Info] = INFO

    lowercase: bool = True
    reduce: Reduction = "best"

    def pair(self, text: str, reference: str) -> float:
        mine, theirs = (set((t.lower() if self.lowercase else t).split()) for t in (text, reference))
        return len(mine & theirs) / len(mine | theirs) if mine | theirs else 1.0


@dataclass(frozen=True, repr=False)
class Undeclared(Right):
    info = replace(INFO, source="")


@dataclass(frozen=True)
class OwnRepr(Right):
    """The dataclass writes the repr."""

    def __repr__(self) -> str:
        return f"right(lowercase={not self.lowercase})"


@dataclass(frozen=True, repr=False)
class Untold(Right):
    def signature(self) -> str:
        return "right"


@dataclass(frozen=True, repr=False, eq=False)
class NoValue(Right):
    """Equal to nothing but itself."""

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other


@dataclass(frozen=True, repr=False)
class Unpicklable(Right):
    def __post_init__(self) -> None:
        object.__setattr__(self, "fold", lambda text: text)


@dataclass(frozen=True, repr=False)
class NeverScores(Right):
    def pair(self, text: str, reference: str) -> float:
        return float("nan")


@dataclass(frozen=True, repr=False)
class OtherIdentical(Right):
    info = replace(INFO, identical="0.5 always")


@dataclass(frozen=True, repr=False)
class OutOfRange(Right):
    def pair(self, text: str, reference: str) -> float:
        return super().pair(text, reference) - (0.5 if "mat." in reference else 0)


@dataclass(frozen=True, repr=False)
class LikesEmpty(Right):
    def pair(self, text: str, reference: str) -> float:
        return super().pair(text, reference) * min(1, len(reference) / 20) if text.strip() else 0.2


@dataclass(frozen=True, repr=False)
class Fragile(Right):
    def pair(self, text: str, reference: str) -> float:
        return float(bool(text.encode("utf-8").index(b"a"))) if "\x00" in text else super().pair(text, reference)


@dataclass(frozen=True, repr=False)
class Misaligned(Right):
    """Texts go out as lines and come back as lines, and some of them hold a separator."""

    def pair_rows(self, corpus, texts, references):
        lines = "\n".join([*corpus.texts, ""]).splitlines()
        values = [self.pair(lines[t], lines[r]) for t, r in zip(texts, references, strict=True)]
        return np.asarray(values, np.float64).reshape(-1, 1)


@dataclass(frozen=True, repr=False)
class NoMean(Right):
    def aggregate(self, rows, weights=None) -> float:
        return float(np.median(rows[:, 0]))


@dataclass(frozen=True, repr=False)
class FirstWins(Right):
    def combine(self, rows, references):
        found = super().combine(rows, references)
        return Statistics(found.rows, np.zeros_like(found.winner))


@dataclass(frozen=True, repr=False)
class CountsCopies(Right):
    def combine(self, rows, references):
        found = super().combine(rows, references)
        return Statistics(found.rows / references.lengths[:, None], found.winner)


@dataclass(frozen=True, repr=False)
class Remembers(Right):
    """Counts how often it was asked."""

    seen: list = field(default_factory=list, init=False, compare=False)

    def pair(self, text: str, reference: str) -> float:
        self.seen.append(text)
        return super().pair(text, reference) / (1 + 1e-4 * len(self.seen))


@dataclass(frozen=True, repr=False)
class Draws(Right):
    """Randomness without an owner."""

    def pair(self, text: str, reference: str) -> float:
        return super().pair(text, reference) * (1 if text == reference else random.random())


@dataclass(frozen=True, repr=False)
class Pool(Scorer):
    """Share of the output's words that some reference has, 0 to 1."""

    name = "pool"
    info: ClassVar[Info] = replace(INFO, kind="pool", identical="1")

    def statistics(self, corpus, queries):
        rows = [
            self.row(corpus.texts[c], [corpus.texts[r] for r in queries.references.row(i)])
            for i, c in enumerate(queries.single_candidates(self.name))
        ]
        return Statistics(np.asarray(rows, np.float64).reshape(-1, 1))

    def row(self, text: str, references: list[str]) -> float:
        known = {word for reference in references for word in reference.split()}
        return sum(word in known for word in text.split()) / max(len(text.split()), 1)


@dataclass(frozen=True, repr=False)
class FirstOnly(Pool):
    def row(self, text: str, references: list[str]) -> float:
        return super().row(text, references[:1])


@dataclass(frozen=True, repr=False)
class FalselyMonotone(Pool):
    """A word's weight is how many references have it."""

    def row(self, text: str, references: list[str]) -> float:
        words = text.split()
        shares = [sum(w in r.split() for r in references) / len(references) for w in words]
        return sum(shares) / max(len(words), 1)


@dataclass(frozen=True, repr=False)
class KnowsItsNeighbours(Pool):
    """A score depends on what is asked together with it."""

    def statistics(self, corpus, queries):
        found = super().statistics(corpus, queries).rows
        return Statistics(found / (1 + 1e-9 * len(found)))


@dataclass(frozen=True, repr=False)
class SumsUpWrongly(Pool):
    def finish(self, sums, weight):
        return np.sqrt(sums[..., 0] / weight)

    def aggregate(self, rows, weights=None):
        return float(np.average(rows[:, 0], weights=weights))


@dataclass(frozen=True, repr=False)
class Learner(Pool):
    """Only words that the references of the corpus have often enough count."""

    state_: FitState | None = field(default=None, init=False, compare=False)

    @property
    def needs_fit(self):
        return self.state_ is None

    @property
    def state(self):
        return self.state_

    def fit(self, corpus):
        return self.with_state(FitState(self.name, {"texts": self.learned(corpus)}, {}))

    def learned(self, corpus):
        return "".join(sorted(r.text for item in corpus.items for r in item.references))

    def with_state(self, state):
        copy = replace(self)
        object.__setattr__(copy, "state_", state)
        return copy

    def recipe(self):
        return {} if self.state_ is None else {"state": self.state_.hash[:12]}


@dataclass(frozen=True, repr=False)
class LearnsFromOutputs(Learner):
    def learned(self, corpus):
        return "".join(corpus.texts)


@dataclass(frozen=True, repr=False)
class CountsItems(Learner):
    """Counts those that have no references, too."""

    def learned(self, corpus):
        return len(corpus.items)

    def row(self, text: str, references: list[str]) -> float:
        return super().row(text, references) / self.state_.facts["texts"]


@dataclass(frozen=True, repr=False)
class LearnsInSecret(Learner):
    def recipe(self):
        return {}


@dataclass(frozen=True, repr=False)
class LearnsAnew(Learner):
    def learned(self, corpus):
        return str(random.random())


@dataclass(frozen=True, repr=False)
class LearnsInPlace(Learner):
    def fit(self, corpus):
        object.__setattr__(self, "state_", super().fit(corpus).state_)
        return self


@dataclass(frozen=True, repr=False)
class FitsForNothing(Right):
    def fit(self, corpus):
        return replace(self, lowercase=not self.lowercase)


@dataclass(frozen=True, repr=False)
class Together(Scorer):
    """Share of the references that some output of the set equals, 0 to 1."""

    name = "together"
    info: ClassVar[Info] = replace(INFO, kind="set", monotone=False)

    def statistics(self, corpus, queries):
        rows = [
            self.row([corpus.texts[c] for c in queries.candidates.row(i)], [corpus.texts[r] for r in references])
            for i, references in enumerate(map(queries.references.row, range(len(queries))))
        ]
        return Statistics(np.asarray(rows, np.float64).reshape(-1, 1))

    def row(self, texts: list[str], references: list[str]) -> float:
        return sum(reference in texts for reference in references) / len(references)


@dataclass(frozen=True, repr=False)
class LooksAtTheFirst(Together):
    def row(self, texts: list[str], references: list[str]) -> float:
        return super().row(texts[:1], references)


@dataclass(frozen=True, repr=False)
class SilentAlone(Together):
    """Does not declare that it needs two."""

    def row(self, texts: list[str], references: list[str]) -> float:
        return super().row(texts, references) if len(texts) > 1 else float("nan")


@dataclass(frozen=True, repr=False)
class Differing(Together):
    """Share of outputs that are distinct, 0 to 1."""

    info = replace(INFO, kind="set", role="diversity", identical="below 1")

    @property
    def fewest(self) -> int:
        return 2

    def row(self, texts: list[str], references: list[str]) -> float:
        return (len(set(texts)) - 1) / (len(texts) - 1) if len(texts) > 1 else float("nan")


@dataclass(frozen=True, repr=False)
class CountsTheWrongWay(Differing):
    def row(self, texts: list[str], references: list[str]) -> float:
        return 1 - super().row(texts, references)


WRONG = [
    (Undeclared, "it_declares_what_its_numbers_are", "info.source is empty"),
    (OwnRepr, "a_spec_reads_back_what_repr_writes", "reads back as"),
    (Untold, "repr_tells_what_differs_and_the_signature_everything", "does not tell lowercase"),
    (NoValue, "it_is_a_value", "not equal to its copy"),
    (Unpicklable, "it_can_be_sent_to_another_process", "It raised"),
    (NeverScores, "ordinary_texts_get_a_score", "[nan, nan]"),
    (OtherIdentical, "identical_text_scores_what_it_declares", "declared and scored: 0.5 and 1.0, of ('one two"),
    (OutOfRange, "scores_lie_within_the_declared_range", "outside of the range 0..1 that it declares"),
    (LikesEmpty, "an_empty_output_is_no_better_than_the_reference_itself", ""),
    (Fragile, "unusual_text_is_scored_by_itself", "ValueError: subsection not found"),
    (Misaligned, "unusual_text_is_scored_by_itself", "scored alone, and among others"),
    (NoMean, "the_corpus_score_is_the_mean_if_it_says_so", "mean of segment scores"),
    (FirstWins, "the_winner_is_the_reference_that_gave_the_score", "against reference 0 alone"),
    (Remembers, "scoring_changes_nothing_in_it", "scored once, and again"),
    (Draws, "scoring_changes_nothing_in_it", "scored once, and again"),
    (FirstOnly, "neither_the_order_of_references_nor_that_of_items_matters", "in order, and shuffled"),
    (CountsCopies, "a_duplicate_reference_changes_neither_best_nor_expected_at_k", "best, without and with copies"),
    (FalselyMonotone, "another_reference_makes_no_score_worse", "with the last reference of"),
    (KnowsItsNeighbours, "the_chunk_size_changes_no_bit", "in one chunk, and in chunks of 1"),
    (SumsUpWrongly, "statistics_add_up_in_any_order", "that of sums"),
    (LearnsAnew, "the_fit_stays_fixed_when_references_are_taken_away", "it learned two things"),
    (LearnsFromOutputs, "what_it_learns_is_fixed_hashed_and_kept", "depends on the outputs"),
    (CountsItems, "an_item_without_references_gets_no_score", "without and with such an item"),
    (Draws, "expected_at_one_is_the_mean_over_single_references_and_at_all_the_full_score", "expected at 1"),
    (LearnsInSecret, "what_it_learns_is_fixed_hashed_and_kept", "does not show in"),
    (LearnsInPlace, "what_it_learns_is_fixed_hashed_and_kept", "changed the scorer"),
    (LooksAtTheFirst, "the_order_of_outputs_does_not_matter", "in order, and shuffled"),
    (SilentAlone, "a_set_of_too_few_outputs_gets_no_score_and_any_other_one_does", "1 outputs score nan"),
    (CountsTheWrongWay, "outputs_that_are_all_alike_are_the_least_diverse", "scores 1.0"),
    (FitsForNothing, "where_there_is_nothing_to_learn_fitting_changes_nothing", "fitted, it is"),
]


def checks_of(scorer: Scorer) -> dict[str, ScorerCheck]:
    return {check.name: check for check in scorer_checks(scorer)}


@pytest.mark.parametrize(
    "scorer", [Right(), Right(reduce="mean"), Pool(), Learner(), Together(), Differing()], ids=repr
)
def test_right_scorers_pass(scorer):
    check_scorer(scorer)


@pytest.mark.parametrize(("wrong", "name", "seen"), WRONG)
def test_a_wrong_scorer_fails_the_check_that_is_about_it(wrong, name, seen):
    scorer = wrong()
    with pytest.raises(ConformanceError) as caught:
        checks_of(scorer)[name]()
    assert str(caught.value).startswith(f"{scorer.label} fails {name}: ")
    assert seen in str(caught.value)
    with pytest.raises(ConformanceError, match=name):
        check_scorer(wrong())


def test_every_check_but_one_has_a_scorer_that_fails_it():
    """Not fitted, a scorer is refused before it could answer: that check looks at our own part."""
    every = {check.name for scorer in (Right(), Learner(), Differing()) for check in scorer_checks(scorer)}
    never = every - {name for _, name, _ in WRONG}
    assert never == {"it_answers_nothing_before_it_has_learned"}


def test_a_check_takes_texts_of_ones_own():
    check = checks_of(OutOfRange())["scores_lie_within_the_declared_range"]
    check(Trial(check.scorer, [("one two", ["one two"]), ("three four", ["four"])]))
    with pytest.raises(ConformanceError, match="outside of the range"):
        check(Trial(check.scorer, [("one two", ["one two"]), ("three four", ["mat."])]))


def test_the_kit_takes_scorers_specs_and_functions():
    check_scorer("exact(ignore_case=True)")
    check_scorer(parse("exact"))
    check_scorer(lambda text, reference: float(text == reference))
    check_scorer(pair_scorer(lambda text, reference: float(text != reference), name="differs", direction="lower"))
    with pytest.raises(UsageError, match=r"no scorer named 'exect'; .* did you mean exact"):
        check_scorer("exect")
    with pytest.raises(UsageError, match="Right'> is no scorer"):
        check_scorer(Right)
    nameless = dataclass(frozen=True, repr=False)(type("Nameless", (PairScorer,), {"info": INFO}))
    with pytest.raises(UsageError, match=r"Nameless has no name; write @scorer"):
        check_scorer(nameless())


def test_what_is_not_installed_is_said_as_such():
    @dataclass(frozen=True, repr=False)
    class Needy(Right):
        def prepare(self):
            raise MissingDependencyError("needy needs more: pip install more")

    with pytest.raises(MissingDependencyError, match="pip install more"):
        check_scorer(Needy())


@pytest.mark.parametrize("bad", [float("inf"), -float("inf"), "0.5", None, 10**400, 1j])
def test_a_function_that_gives_no_number_is_told_what_it_gave(bad):
    with pytest.raises(ConformanceError, match="a scorer gives a finite number, or NaN") as caught:
        check_scorer(lambda *_: bad)
    assert repr(bad)[:60] in str(caught.value)
