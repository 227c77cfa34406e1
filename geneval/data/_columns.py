"""Names of columns: what geneval calls them, what other tools call them, what the user says they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal

from geneval.data._problems import Fault, listed
from geneval_references import TIERS, UsageError

if TYPE_CHECKING:
    from geneval.data._sources import Source

Kind = Literal[
    "outputs",
    "references",
    "preferences",
    "ratings",
    "judgements",
    "pairs",
    "ranked",
    "positives",
    "described",
    "labels",
    "valid_labels",
    "parents",
]
Row = dict[str, Any]

COLUMNS: dict[Kind, tuple[str, ...]] = {
    "outputs": ("id", "system", "output", "outputs", "sample", "source", "condition", "references", "ratings"),
    "references": ("id", "source", "condition", "references"),
    "preferences": (
        *("id", "a", "b", "winner", "annotator", "criterion"),
        *("shown_left", "output_a", "output_b"),
    ),
    "ratings": ("id", "system", "value", "annotator", "criterion", "ratings"),
    "judgements": ("id", "text", "verdict", "annotator", "guideline", "origin"),
    "pairs": ("id", "class", "references", "valid", "invalid", "source"),
    "ranked": ("id", "system", "ranked"),
    "positives": (
        *("id", "positives", "negatives", "pool", "left_out", *TIERS),
        *("item", "grade", "tier", "votes"),
    ),
    "described": ("id", "text", "labels"),
    "labels": ("id", "system", "label"),
    "valid_labels": ("id", "labels", "original", "invalid"),
    "parents": ("label", "parent"),
}
"""The columns that a row of each kind may have."""

ALIASES: dict[str, tuple[str, ...]] = {
    "id": ("item", "item_id", "example_id", "image_id", "iid", "doc_id", "question_id"),
    "source": ("src", "input", "prompt", "question"),
    "output": (
        *("mt", "hyp", "hypothesis", "prediction", "predictions", "response"),
        *("completion", "generated_text", "candidate"),
    ),
    "references": ("ref", "refs", "reference", "target", "targets"),
    "system": ("model", "generator"),
    "criterion": ("aspect",),
    "annotator": ("worker", "judge"),
    "a": ("left", "model_a", "system_a", "a_system", "generator_1", "chosen_model", "chosen-model"),
    "b": ("right", "model_b", "system_b", "b_system", "generator_2", "rejected_model", "rejected-model"),
    "winner": ("preference",),
    "output_a": ("output_1", "chosen"),
    "output_b": ("output_2", "rejected"),
    "ranked": ("ranking", "retrieved", "results"),
    "grade": ("agg_score", "relevance"),
}
"""Names that other tools use for a column; one that is used is noted."""

TEXTS_AS_ITEMS = ("instruction", "prompt")
"""Columns that name the item of a preference where no id does: what the two systems answered."""

_NAMES_A_SYSTEM = {"a": "a_system", "b": "b_system"}


class ColumnNames:
    """Renames the columns of rows, and remembers what to tell about it."""

    def __init__(self, given: Mapping[str, str] | None, kinds: tuple[Kind, ...], kept: Sequence[str] = ()) -> None:
        self._given = dict(given or {})
        self._kept = frozenset(kept)
        self._found: set[str] = set()
        self._seen: dict[str, None] = {}
        self._used: dict[str, None] = {}
        self._aside: dict[str, None] = {}
        known = {name for kind in kinds for name in COLUMNS[kind]}
        for name in self._given:
            if name not in known:
                close = get_close_matches(name, known, 1)
                hint = f"; did you mean {close[0]!r}?" if close else ""
                raise UsageError(f"no column {name!r} to set{hint} The columns are {', '.join(sorted(known))}")

    def renamed(self, kind: Kind, source: Source) -> Iterator[tuple[int, Row, Row]]:
        """(number, row as it is, row under geneval's names) of a file; columns that leave a choice end it."""
        plans: dict[tuple[str, ...], list[tuple[str, str]]] = {}
        for number, row in source.rows():
            names = tuple(row)
            plan = plans.get(names)
            if plan is None:
                try:
                    plan = plans[names] = self._plan(kind, names)
                except Fault as fault:
                    source.problems.add_fault(source.where(number), fault)
                    return
            yield number, row, {name: row[column] for name, column in plan}

    @property
    def aside(self) -> tuple[str, ...]:
        """Columns that no one reads."""
        return tuple(self._aside)

    def notes(self) -> list[str]:
        """Aliases used, and columns that no one reads."""
        aside = [f"columns left aside: {', '.join(self._aside)}"] if self._aside else []
        return [*self._used, *aside]

    def check(self) -> None:
        """Refuse a column that the user named and no file has.

        Raises:
            UsageError: it names the columns there are.
        """
        for name, column in self._given.items():
            if self._seen and column not in self._found:
                close = get_close_matches(column, self._seen, 1)
                hint = f"; did you mean {close[0]!r}?" if close else "."
                raise UsageError(f"{name}={column}: no column {column!r}{hint} The columns are {listed(self._seen)}")

    def _plan(self, kind: Kind, names: tuple[str, ...]) -> list[tuple[str, str]]:
        self._seen |= dict.fromkeys(names)
        plan = {name: self._given[name] for name in COLUMNS[kind] if self._given.get(name) in names}
        self._found |= set(plan.values())
        taken = set(plan.values())
        for name in COLUMNS[kind]:
            if name in plan or name in self._given:
                continue
            free = [n for n in names if n not in taken]
            column = self._choose(name, free)
            if column is None and (kind, name) == ("preferences", "id"):
                column = self._answered(free)
            if column is not None:
                plan[name] = column
                taken.add(column)
        self._aside |= dict.fromkeys(n for n in names if n not in taken | self._kept)
        return list(plan.items())

    def _choose(self, name: str, names: list[str]) -> str | None:
        """Which of the columns holds what geneval calls `name`."""
        rival = _NAMES_A_SYSTEM.get(name)
        if name in names and not (rival and rival in names):
            return name
        candidates = [alias for alias in ALIASES.get(name, ()) if alias in names]
        if name in names:
            # `a` is due to name a system, yet `a_system` is there: then `a` is likely the text that was shown.
            raise Fault(
                f"both {name!r} and {rival!r} could name the system; say which: --column {name}={rival} "
                f"--column output_{name}={name}, or --column {name}={name}"
            )
        if len(candidates) > 1:
            raise Fault(
                f"columns {listed(candidates)} could each be {name!r}; say which: --column {name}={candidates[0]}"
            )
        if not candidates:
            return None
        self._used[f"using column {candidates[0]!r} as {name}"] = None
        return candidates[0]

    def _answered(self, names: list[str]) -> str | None:
        """The column with the text that systems answered, in place of an id."""
        found = next((name for name in TEXTS_AS_ITEMS if name in names), None)
        if found is not None:
            self._used[f"using column {found!r} as id"] = None
        return found
