"""The same outputs against the references of different tiers: a column each, and how many references that is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Any

import numpy as np

from geneval.results import SCHEMA, Result, Score
from geneval.selection import selected
from geneval.settings import Settings
from geneval_references import TIERS, ReferenceSet, UsageError
from geneval_scorers import Corpus, FitState, Vendi, grouped

_ITEMS = 500
"""Items whose references are compared with each other at a time."""


@dataclass(frozen=True, slots=True)
class Strength:
    """How many references a column stands on.

    Attributes:
        items: that have any.
        mean: references of these items; None where there are none.
        effective: how many references with nothing in common theirs amount to, on average: the Vendi score (Friedman and
            Dieng 2023) of n-gram counts. Ten that say nearly the same thing nearly alike are little more than one.
    """

    items: int
    mean: float | None
    effective: float | None

    def to_dict(self) -> dict[str, object]:
        """The same, for JSON."""
        return {"items": self.items, "mean": self.mean, "effective": self.effective}


@dataclass(frozen=True, slots=True)
class Column:
    """What came out against the references of some tiers."""

    name: str
    tiers: tuple[str, ...]
    strength: Strength
    result: Result

    def shown(self, scores: Iterable[Score]) -> Iterator[Score]:
        """Scores under the name that tables and rows give them."""
        for score in scores:
            yield replace(score, scorer=f"{score.scorer} [{self.name}]")


@dataclass(frozen=True, slots=True)
class ByTier:
    """One column a choice of tiers, over the same outputs."""

    columns: tuple[Column, ...]

    def together(self) -> Result:
        """All columns beside each other; a scorer's name says which it belongs to."""
        first = self.columns[0].result
        return replace(
            first,
            scores=tuple(chain.from_iterable(c.shown(c.result.scores) for c in self.columns)),
            bands=tuple(chain.from_iterable(c.shown(c.result.bands) for c in self.columns)),
            warnings=tuple(self.warnings()),
        )

    def warnings(self) -> list[str]:
        """What a reader of the columns must know; what only one of them says begins with its name."""
        said = [set(c.result.warnings) for c in self.columns]
        everywhere = set.intersection(*said)
        told = [w for w in self.columns[0].result.warnings if w in everywhere]
        told += [f"[{c.name}] {w}" for c in self.columns for w in c.result.warnings if w not in everywhere]
        first = self.columns[0].result.settings
        if len({c.strength.mean for c in self.columns}) > 1 and not (first and first.k):
            told.append(
                "the columns have unequal numbers of references, which alone makes scores differ; ask for expected scores "
                "at k (-k) to compare them"
            )
        if len({c.strength.items for c in self.columns}) > 1:
            told.append("the columns are over different items: not every item has references of every tier")
        return told

    def to_json(self) -> str:
        """The rows of all columns as `geneval score` prints them, each with its `column`; and what each stands on."""
        body: dict[str, Any] = {"schema": SCHEMA}
        body["columns"] = [
            {"name": c.name, "tiers": list(c.tiers), "references": c.strength.to_dict()} for c in self.columns
        ]
        for part in ("scores", "bands"):
            rows = [{**s.to_dict(), "column": c.name} for c in self.columns for s in getattr(c.result, part)]
            if rows or part == "scores":
                body[part] = rows
        return json.dumps({**body, "warnings": self.warnings()}, indent=2, ensure_ascii=False, allow_nan=False)


def read_columns(text: str) -> tuple[tuple[str, ...], ...]:
    """Reads `original,verified,original+verified`: three columns, the last over both tiers together.

    Raises:
        UsageError: a tier that does not exist, or a column that is there twice.
    """
    columns = []
    for column in text.split(","):
        tiers = tuple(part.strip() for part in column.split("+"))
        for tier in tiers:
            if tier not in TIERS:
                raise UsageError(
                    f"--tiers {text!r}: no tier {tier!r}; the tiers are {', '.join(TIERS)}. A comma begins a new column, "
                    "+ joins tiers in one: original,original+verified"
                )
        columns.append(tuple(tier for tier in TIERS if tier in tiers))
    if len(set(columns)) < len(columns):
        raise UsageError(f"--tiers {text!r}: name each column once")
    return tuple(columns)


def by_tier(
    columns: Sequence[tuple[str, ...]],
    settings: Settings,
    items: Callable[[], Iterable[ReferenceSet]],
    evaluate: Callable[[Settings, Sequence[FitState]], Result],
) -> ByTier:
    """Scores the same outputs once a column.

    What scorers learn (document frequencies and the like) they learn once: it comes from original references, whichever
    of them count.

    Args:
        columns: tiers of each, as `read_columns` gives them.
        settings: all but the tiers.
        items: gives all items anew each time.
        evaluate: scores under settings, with fitted states for scorers that can take them.
    """
    done: list[Column] = []
    fitted: Sequence[FitState] = ()
    for tiers in columns:
        chosen = replace(settings, tiers=tiers)
        result = evaluate(chosen, fitted)
        fitted = result.fitted
        done.append(Column("+".join(tiers), tiers, strength(items(), chosen), result))
    return ByTier(tuple(done))


def strength(items: Iterable[ReferenceSet], settings: Settings) -> Strength:
    """Counts the references that count under these settings."""
    counts: list[int] = []
    worth: list[float] = []
    each = iter(items)
    while block := tuple(islice(each, _ITEMS)):
        kept = [item for item in selected(block, settings) if item.references]
        counts += [len(item.references) for item in kept]
        worth += effective_numbers(kept)
    mean = float(np.mean(counts)) if counts else None
    return Strength(len(counts), mean, float(np.mean(worth)) if worth else None)


def effective_numbers(items: Sequence[ReferenceSet]) -> list[float]:
    """For every item, how many references with nothing in common its own amount to, from 1 to their number.

    exp of the entropy of the eigenvalues of K / n, K the cosines of n-gram counts (Friedman and Dieng 2023).

    Args:
        items: each with a reference at least.
    """
    # References in the place of one system's outputs; numbered, for ids may repeat nothing but must be unique.
    bare = [ReferenceSet(str(n)) for n in range(len(items))]
    rows = [(str(n), "references", r.text, at) for n, item in enumerate(items) for at, r in enumerate(item.references)]
    corpus = Corpus(bare, rows)
    queries = grouped(corpus)
    found = np.empty(len(items))
    found[queries.item] = Vendi(kernel="ngram").spread(corpus, queries)
    return [float(value) for value in found]
