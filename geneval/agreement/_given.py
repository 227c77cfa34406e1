"""What a caller hands in: a run, and what people said, as objects, rows or files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from geneval.agreement._people import Criterion, criteria_of
from geneval_references import InputError, UsageError

if TYPE_CHECKING:
    from geneval.data import Preference, Rating
    from geneval.results import Result

T = TypeVar("T")


def opened(run: Result | str | Path) -> Result:
    """A run, opened where it is a directory.

    Raises:
        UsageError: it is neither.
    """
    from geneval.results import Result

    if isinstance(run, str | Path):
        return Result.open(run)
    if not isinstance(run, Result):
        raise UsageError(f"{type(run).__name__} is no run; give a Result, a run directory or Inputs")
    return run


def files_of(given: object) -> list[str]:
    """The paths, if paths were given."""
    if isinstance(given, str | Path):
        return [str(given)]
    if isinstance(given, list | tuple) and given and all(isinstance(one, str | Path) for one in given):
        return [str(one) for one in given]
    return []


def rows_of(
    given: Any,
    kind: type[T],
    read: Callable[[list[str]], tuple[tuple[T, ...], tuple[str, ...], Any]],
    of_rows: Callable[[Iterable[Any]], tuple[tuple[T, ...], tuple[str, ...]]],
) -> tuple[tuple[T, ...] | None, tuple[str, ...]]:
    """Rows of a kind, and notes: those of files, those given, or made of mappings (a list of dicts, a `datasets.Dataset`).

    Args:
        given: files, rows of either sort, or None.
        kind: of the rows.
        read: reads files.
        of_rows: makes rows of mappings, and refuses what is none.
    """
    if given is None:
        return None, ()
    if files := files_of(given):
        rows, notes, _ = read(files)
        return rows, notes
    listed = list(given)
    if all(isinstance(one, kind) for one in listed):
        return tuple(listed), ()
    return of_rows(listed)


def preferences_from(
    given: Any, columns: Mapping[str, str] | None
) -> tuple[tuple[Preference, ...] | None, tuple[str, ...]]:
    """Preferences of files, those given, or made of mappings, and notes."""
    from geneval.data import Preference, preferences_of, read_preferences

    read = partial(read_preferences, columns=columns)
    return rows_of(given, Preference, read, partial(preferences_of, columns=columns))


@dataclass(frozen=True, slots=True)
class People:
    """What people said, and what there is to note about it."""

    ratings: tuple[Rating, ...] | None
    preferences: tuple[Preference, ...] | None
    of_ratings: tuple[Criterion, ...]
    of_preferences: tuple[Criterion, ...]
    notes: tuple[str, ...]

    @classmethod
    def read(
        cls, ratings: Any, preferences: Any, criteria: tuple[str, ...], columns: Mapping[str, str] | None = None
    ) -> People:
        from geneval.data import Rating, ratings_of, read_ratings

        if ratings is None and preferences is None:
            raise UsageError("there is nothing to agree with: give --ratings or --preferences (ratings=, preferences=)")
        grades, noted = rows_of(
            ratings, Rating, partial(read_ratings, columns=columns), partial(ratings_of, columns=columns)
        )
        choices, more = preferences_from(preferences, columns)
        for what, rows in (("ratings", grades), ("preferences", choices)):
            if rows is not None and not rows:
                raise InputError(f"there are 0 {what}: nothing to agree with")
        both = bool(grades) and bool(choices)
        return cls(
            grades,
            choices,
            criteria_of(grades, _asked(grades, criteria, both), "ratings") if grades else (),
            criteria_of(choices, _asked(choices, criteria, both), "preferences") if choices else (),
            (*noted, *more),
        )


def _asked(rows: Sequence[Rating] | Sequence[Preference], criteria: tuple[str, ...], both: bool) -> tuple[str, ...]:
    """The criteria that are asked of these rows: beside rows that name theirs, those that name none all count."""
    return () if both and all(row.criterion is None for row in rows) else criteria
