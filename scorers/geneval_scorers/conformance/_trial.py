"""What a check works on: a scorer, texts, and comparisons that say what was seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NoReturn, TypeVar

import numpy as np
import numpy.typing as npt

from geneval_references import GenevalError, Reference, ReferenceSet
from geneval_scorers._answers import Answers, ask_all
from geneval_scorers._corpus import Corpus
from geneval_scorers._queries import Queries, full, grouped
from geneval_scorers._ragged import Floats, Ragged
from geneval_scorers._scorer import Scorer
from geneval_scorers.conformance._texts import ITEMS, Item

NEAR = 1e-6
"""So much may scores differ that are equal by definition: the embeddings of a text do, between batches."""


class ConformanceError(GenevalError, AssertionError):
    """A scorer does not keep what every scorer keeps."""


@dataclass(frozen=True)
class Trial:
    """A scorer on trial.

    Attributes:
        scorer: as its user builds it, not fitted.
        items: (output, references) pairs; the first one has words that no other has, and there are two at least. For a
            scorer of sets, outputs may be tuples of texts.
        seed: of what the checks draw at random.
    """

    scorer: Scorer
    items: Sequence[Item] = ITEMS
    seed: int = 0

    @cached_property
    def rng(self) -> np.random.Generator:
        """Where random choices come from."""
        return np.random.default_rng(self.seed)

    def ready(self, corpus: Corpus) -> Scorer:
        """The scorer, fitted on this corpus."""
        return self.scorer.fit(corpus)

    def answers(self, items: Sequence[Item]) -> Answers:
        """What the scorer, fitted on these items, answers about them."""
        corpus = corpus_of(items)
        return asked(self.ready(corpus), corpus)


def corpus_of(items: Sequence[Item]) -> Corpus:
    """A corpus of one system's outputs; ids are places."""
    sets = [ReferenceSet(str(i), tuple(map(Reference, references))) for i, (_, references) in enumerate(items)]
    outputs = [
        (str(i), "system", text, sample)
        for i, (given, _) in enumerate(items)
        for sample, text in enumerate((given,) if isinstance(given, str) else given)
    ]
    return Corpus(sets, outputs)


def questions(scorer: Scorer, corpus: Corpus) -> Queries:
    """What a scorer is asked about: every output, or every set of them, against its whole reference set.

    One output stands in a set as two that are equal, since there are scorers that need two.
    """
    if scorer.info.kind != "set":
        return full(corpus)
    sets = grouped(corpus)
    texts = [row if len(row) > 1 else row * 2 for row in (sets.candidates.row(i).tolist() for i in range(len(sets)))]
    return Queries(sets.item, Ragged.of(texts), sets.references, sets.subject)


def asked(scorer: Scorer, corpus: Corpus) -> Answers:
    """Every output, or set of them, against its whole reference set."""
    return ask_all(scorer, corpus, questions(scorer, corpus))


def worse(scorer: Scorer, before: Floats, after: Floats) -> Floats:
    """How much worse the second scores are."""
    return before - after if scorer.info.direction == "higher" else after - before


def fail(seen: str) -> NoReturn:
    """Says what was seen."""
    raise ConformanceError(seen)


def expect(holds: object, seen: str) -> None:
    """Fails unless it holds."""
    if not holds:
        fail(seen)


def equal(
    what: str,
    before: npt.ArrayLike,
    after: npt.ArrayLike,
    items: Sequence[object] | None = None,
    *,
    near: float = NEAR,
) -> None:
    """Fails where numbers differ, and tells the first ones that do, with their item."""
    one, other = np.atleast_1d(np.asarray(before, np.float64)), np.atleast_1d(np.asarray(after, np.float64))
    expect(one.shape == other.shape, f"{what}: {one.shape} numbers became {other.shape}")
    same = np.isclose(one, other, rtol=0, atol=near, equal_nan=True)
    if not same.all():
        first = int(np.argmin(same))
        of = f", of {items[first]!r:.200}" if items is not None else ""
        fail(f"{what}: {float(one[first])!r} and {float(other[first])!r}{of}")


def identical(what: str, before: npt.NDArray[np.float64], after: npt.NDArray[np.float64]) -> None:
    """Fails where numbers differ in any bit."""
    equal(what, before, after, near=0)
    expect(before.tobytes() == after.tobytes(), f"{what}: numbers differ in their bits")


Applies = Callable[[Scorer], bool]
Run = Callable[[Trial], None]
R = TypeVar("R", bound=Run)

CHECKS: list[tuple[Run, Applies]] = []
"""In the order in which they were defined."""


def check(applies: Applies = lambda _: True) -> Callable[[R], R]:
    """Takes a function into the kit; its docstring is what the scorer has to keep."""

    def register(run: R) -> R:
        CHECKS.append((run, applies))
        return run

    return register
