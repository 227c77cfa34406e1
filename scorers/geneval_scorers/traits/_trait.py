"""What traits have in common that learn from references."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from geneval_references import InputError, UsageError
from geneval_scorers._output_only import OutputOnly
from geneval_scorers._ragged import Floats
from geneval_scorers._scorer import FitState, Rows
from geneval_scorers.ngram._tokens import Tokenizing
from geneval_scorers.traits._tables import TEXTS, Table, state_of


@dataclass(frozen=True, repr=False)
class Learned(Tokenizing, OutputOnly):
    """An output-only scorer that has to learn from a reference corpus.

    Attributes:
        fitted: what it learned.
    """

    fitted: FitState | None = field(default=None, init=False, compare=False)

    def about(self) -> Mapping[str, int | str]:
        """Which state fits: the facts that decide what is counted."""
        raise NotImplementedError

    def recipe(self) -> dict[str, str]:
        """What else decides the number, the hash of what was learned among it."""
        out = super().recipe()
        if self.fitted is not None:
            out |= {"learned": self.fitted.hash[:12], "texts": str(self.fitted.facts["texts"])}
        return out

    @property
    def needs_fit(self) -> bool:
        """Whether it has yet to learn."""
        return self.fitted is None

    @property
    def state(self) -> FitState | None:
        """What it learned."""
        return self.fitted

    @property
    def learned(self) -> FitState:
        """What it learned.

        Raises:
            UsageError: nothing yet.
        """
        if self.fitted is None:
            raise UsageError(f"{self.name} has to learn from references first: scorer = scorer.fit(corpus)")
        return self.fitted

    def with_state(self, state: FitState) -> Self:
        """A copy that has learned this.

        Raises:
            UsageError: another scorer learned it, or one with other options.
        """
        want = dict(self.about())
        have = {key: state.facts.get(key) for key in want}
        if state.kind != self.name or have != want:
            raise UsageError(f"{self!r} takes what {self.name} learned with {want}, not {state.kind} with {have}")
        copy = replace(self)
        object.__setattr__(copy, "fitted", state)
        return copy


def learned_state(scorer: Learned, tables: Mapping[str, Table]) -> FitState:
    """What a scorer has counted, as its state.

    Raises:
        InputError: nothing was there to count.
    """
    texts = int(tables[TEXTS].first.sum())
    if not texts:
        raise InputError(
            f"{scorer.name} learns from original references, and there is none; hand in what a run with references has "
            "saved (--fitted RUN, fitted=)"
        )
    return state_of(scorer.name, {**scorer.about(), "texts": texts}, tables)


def column(values: Floats) -> Rows:
    """One number a row."""
    return values.reshape(-1, 1)
