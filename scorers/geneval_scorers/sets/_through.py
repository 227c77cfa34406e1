"""Scorers that ask a pair scorer of their own: about outputs and references, or about outputs among themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Generic, Self, TypeVar

import numpy as np

from geneval_references import UsageError
from geneval_scorers._answer_checks import scored
from geneval_scorers._corpus import Corpus
from geneval_scorers._entry_points import origin
from geneval_scorers._queries import Queries
from geneval_scorers._ragged import Bools, Floats
from geneval_scorers._registry import parse
from geneval_scorers._scorer import FitState, Learner, PairScorer, Scorer
from geneval_scorers._spec import write_spec

_Outer = TypeVar("_Outer", bound="Through")


@dataclass(frozen=True, repr=False)
class Through(Scorer):
    """A scorer that asks `inner`, learns what that learns, and needs what that needs."""

    inner: PairScorer = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Builds the inner scorer."""
        object.__setattr__(self, "inner", self.made())

    def made(self) -> PairScorer:
        """The inner scorer of these options, not fitted."""
        raise NotImplementedError

    def recipe(self) -> dict[str, str]:
        """What decides the inner scorer's numbers."""
        return self.inner.recipe()

    def prepare(self) -> None:
        """As the inner scorer."""
        self.inner.prepare()

    def notices(self, corpus: Corpus) -> Mapping[str, Bools]:
        """Those of the inner scorer."""
        return self.inner.notices(corpus)

    def output_notices(self, corpus: Corpus) -> Mapping[str, Bools]:
        """Those of the inner scorer."""
        return self.inner.output_notices(corpus)

    @property
    def longest(self) -> int | None:
        """As the inner scorer."""
        return self.inner.longest

    @property
    def learns(self) -> bool:
        """Whether what the inner scorer learns is of use here."""
        return self.inner.needs_fit or self.inner.state is not None

    @property
    def needs_fit(self) -> bool:
        """As the inner scorer."""
        return self.learns and self.inner.needs_fit

    @property
    def state(self) -> FitState | None:
        """What the inner scorer learned, under this scorer's name."""
        learned = self.inner.state if self.learns else None
        if learned is None:
            return None
        return FitState(self.name, {**learned.facts, "inner": learned.kind}, learned.arrays)

    def learner(self) -> Learner[Self]:
        """Has the inner scorer learn."""
        return _Learning(self) if self.learns else super().learner()

    def with_state(self, state: FitState) -> Self:
        """A copy whose inner scorer has this state.

        Raises:
            UsageError: it was fitted by another scorer, or around another one.
        """
        facts = dict(state.facts)
        around = facts.pop("inner", None)
        if state.kind != self.name or around != self.inner.name or not self.learns:
            raise UsageError(f"{self!r} takes no fitted state of {state.kind}, around {around}")
        return self.around(self.inner.with_state(FitState(self.inner.name, facts, state.arrays)))

    def around(self, inner: PairScorer) -> Self:
        """A copy that asks this scorer."""
        copy = replace(self)
        object.__setattr__(copy, "inner", inner)
        return copy

    def inner_scores(self, corpus: Corpus, queries: Queries) -> Floats:
        """The inner scorer's score of every pair, aligned with `queries.references.values`; kept for the next that asks."""
        learned = self.inner.state
        key = ("inner", self.inner, None if learned is None else id(learned))
        if key not in queries.memo:
            queries.memo[key] = scored(self.inner, self.inner.known_pairs(corpus, queries)), learned
        scores: Floats = queries.memo[key][0]
        return scores


@dataclass(frozen=True, repr=False)
class OfPairs(Through):
    """A scorer through any pair scorer, which the option `of` names by its spec."""

    of: str = "cosine"

    def __post_init__(self) -> None:
        """Builds the inner scorer; `of` is then spelled as that spells itself, so that one thing has one spelling."""
        super().__post_init__()
        object.__setattr__(self, "of", repr(self.inner))

    def made(self) -> PairScorer:
        """The pair scorer that `of` names.

        Raises:
            UsageError: it is no pair scorer, or has a reduction, which nobody would ask for.
        """
        found = parse(self.of)
        if not isinstance(found, PairScorer):
            raise UsageError(
                f"{self.name}: of={self.of!r} is a {found.info.kind} scorer; allowed: a pair scorer, such as 'cosine' or "
                "'chrf' (`geneval scorers` tells the kinds)"
            )
        if "reduce" in found.options() and found.options()["reduce"] != "best":
            raise UsageError(f"{self.name}: of={self.of!r}: single pairs are looked at; leave out reduce")
        return found

    def shown(self) -> dict[str, object]:
        """A path in the inner scorer is shortened to its name."""
        return self.options() | {"of": self.inner.label}

    def recipe(self) -> dict[str, str]:
        """All options of the inner scorer, and what decides its numbers."""
        offer = origin(self.inner.code, self.inner.name)
        made_by = {"inner_plugin": f"{offer.distribution}-{offer.version}"} if offer else {}
        return {"inner": write_spec(self.inner.name, self.inner.shown()), **super().recipe(), **made_by}

    @property
    def sign(self) -> float:
        """-1 where the lower of two inner scores is the better one."""
        return 1.0 if self.inner.info.direction == "higher" else -1.0


class _Learning(Generic[_Outer]):
    """The learner of a scorer whose inner scorer learns."""

    def __init__(self, scorer: _Outer) -> None:
        self._scorer, self._inner = scorer, scorer.inner.learner()

    def add(self, corpus: Corpus) -> None:
        self._inner.add(corpus)

    def done(self) -> _Outer:
        return self._scorer.around(self._inner.done())


def column(scores: Floats) -> Floats:
    """Scores as rows of one number."""
    return np.asarray(scores, np.float64).reshape(-1, 1)
