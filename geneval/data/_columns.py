"""Names of columns: what geneval calls them, what other tools call them, what the user says they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any, Literal

from geneval.data._problems import listed
from geneval_references import InputError, UsageError

Kind = Literal["outputs", "references", "preferences", "ratings", "judgements"]
Row = dict[str, Any]

COLUMNS: dict[Kind, tuple[str, ...]] = {
    "outputs": ("id", "system", "output", "outputs", "sample", "source", "condition", "references", "ratings"),
    "references": ("id", "source", "condition", "references"),
    "preferences": (
        *("id", "a", "b", "winner", "annotator", "criterion"),
        *("shown_left", "output_a", "output_b"),
    ),
    "ratings": ("id", "system", "value", "annotator", "criterion", "ratings"),
    "judgements": ("id", "text", "verdict", "annotator", "guideline"),
}
"""The columns that a row of each kind may have."""

ALIASES: dict[str, tuple[str, ...]] = {
    "id": ("item", "item_id", "example_id", "image_id", "iid", "doc_id"),
    "source": ("src", "input", "prompt", "question"),
    "output": (
        *("mt", "hyp", "hypothesis", "prediction", "predictions", "response"),
        *("completion", "generated_text", "candidate"),
    ),
    "references": ("ref", "refs", "reference", "target", "targets"),
    "system": ("model", "generator"),
    "criterion": ("aspect",),
    "annotator": ("worker",),
    "a": ("left", "model_a", "system_a", "a_system"),
    "b": ("right", "model_b", "system_b", "b_system"),
}
"""Names that other tools use for a column; one that is used is noted."""

_NAMES_A_SYSTEM = {"a": "a_system", "b": "b_system"}


class ColumnNames:
    """Renames the columns of rows, and remembers what to tell about it."""

    def __init__(self, given: Mapping[str, str] | None, kinds: tuple[Kind, ...]) -> None:
        self._given = dict(given or {})
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

    def renamer(self, kind: Kind, where: Callable[[int], str]) -> Callable[[int, Row], Row]:
        """A function of a row's number and the row, that gives the row under geneval's names."""
        plans: dict[tuple[str, ...], list[tuple[str, str]]] = {}

        def rename(number: int, row: Row) -> Row:
            names = tuple(row)
            plan = plans.get(names)
            if plan is None:
                plan = plans[names] = self._plan(kind, names, where(number))
            return {name: row[column] for name, column in plan}

        return rename

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

    def _plan(self, kind: Kind, names: tuple[str, ...], where: str) -> list[tuple[str, str]]:
        self._seen |= dict.fromkeys(names)
        plan = {name: self._given[name] for name in COLUMNS[kind] if self._given.get(name) in names}
        self._found |= set(plan.values())
        taken = set(plan.values())
        for name in COLUMNS[kind]:
            if name in plan or name in self._given:
                continue
            column = self._choose(name, [n for n in names if n not in taken], where)
            if column is not None:
                plan[name] = column
                taken.add(column)
        self._aside |= dict.fromkeys(n for n in names if n not in taken)
        return list(plan.items())

    def _choose(self, name: str, names: list[str], where: str) -> str | None:
        """Which of the columns holds what geneval calls `name`."""
        rival = _NAMES_A_SYSTEM.get(name)
        if name in names and not (rival and rival in names):
            return name
        candidates = [alias for alias in ALIASES.get(name, ()) if alias in names]
        if name in names:
            # `a` is due to name a system, yet `a_system` is there: then `a` is likely the text that was shown.
            raise InputError(
                f"{where}: both {name!r} and {rival!r} could name the system; say which: --column {name}={rival} "
                f"--column output_{name}={name}, or --column {name}={name}"
            )
        if len(candidates) > 1:
            raise InputError(
                f"{where}: columns {listed(candidates)} could each be {name!r}; say which: "
                f"--column {name}={candidates[0]}"
            )
        if not candidates:
            return None
        self._used[f"using column {candidates[0]!r} as {name}"] = None
        return candidates[0]
