"""What people said: preferences, ratings, judgements."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Generic, Literal, TypeVar, cast

from geneval.data._choices import OwnItems, item, output, system, winner
from geneval.data._columns import ColumnNames, Row
from geneval.data._fields import identifier, label, number, optional_identifier, required, text, tried
from geneval.data._grades import Grades
from geneval.data._model import (
    SIDES,
    VERDICTS,
    InputFile,
    Judgement,
    Preference,
    Rating,
    Side,
)
from geneval.data._problems import Fault, Problems
from geneval.data._sources import HeldRows, Source, open_sources

T = TypeVar("T")
PeopleKind = Literal["preferences", "ratings", "judgements"]
Fields = Mapping[str, Callable[[Row, Row, Source], Any]]
"""How each field is read: of a row under geneval's names, the row as it is, and its file."""


def read_preferences(
    paths: Sequence[str],
    *,
    columns: Mapping[str, str] | None = None,
    covariates: Sequence[str] = (),
    format: str | None = None,  # noqa: A002 - the word users know
) -> tuple[tuple[Preference, ...], tuple[str, ...], tuple[InputFile, ...]]:
    """Read choices between two outputs of an item.

    `winner` is `a`, `b`, `tie`, `both_bad` or `skip`; where the systems stand in columns called otherwise (`left`,
    `model_a`), the winner may be called by that column. Annotations of alpaca_eval and TRL's `chosen` and `rejected`
    are read too, see docs/data-formats.md. Without ids each row is an item of its own, which a note says.

    Args:
        paths: files, folders or Hub names, as for `read_references`.
        columns: which column to use, `{"a": "a_system", "output_a": "a"}`.
        covariates: columns of numbers to keep, each what `a` has more of than `b`.
        format: where the suffix does not tell.

    Returns:
        The preferences in file order, notes for the user, and the files read.

    Raises:
        InputError: the data is malformed.
        UsageError: a column, a format or a split does not exist.
    """
    problems = Problems()
    rows = _Rows("preferences", columns, Preference, problems, covariates)
    return _all(rows, open_sources(paths, format, problems), problems)


def read_ratings(
    paths: Sequence[str],
    *,
    columns: Mapping[str, str] | None = None,
    format: str | None = None,  # noqa: A002 - the word users know
) -> tuple[tuple[Rating, ...], tuple[str, ...], tuple[InputFile, ...]]:
    """Read grades of outputs: one a row, or wide (`{"ratings": {system: number or {criterion: number}}}`).

    Args:
        paths: files, folders or Hub names, as for `read_references`.
        columns: which column to use, `{"value": "score"}`.
        format: where the suffix does not tell.

    Returns:
        The ratings in file order, notes for the user, and the files read.

    Raises:
        InputError: the data is malformed.
        UsageError: a column, a format or a split does not exist.
    """
    return _read("ratings", paths, columns, format, Rating)


def read_judgements(
    paths: Sequence[str],
    *,
    columns: Mapping[str, str] | None = None,
    format: str | None = None,  # noqa: A002 - the word users know
) -> tuple[tuple[Judgement, ...], tuple[str, ...], tuple[InputFile, ...]]:
    """Read verdicts (`valid`, `partly`, `invalid`, `skip`) on whether a text is a right answer for an item.

    Args:
        paths: files, folders or Hub names, as for `read_references`.
        columns: which column to use, `{"text": "candidate"}`.
        format: where the suffix does not tell.

    Returns:
        The judgements in file order, notes for the user, and the files read.

    Raises:
        InputError: the data is malformed.
        UsageError: a column, a format or a split does not exist.
    """
    return _read("judgements", paths, columns, format, Judgement)


def check_people(
    kind: PeopleKind,
    paths: Sequence[str],
    columns: Mapping[str, str] | None,
    form: str | None,
    problems: Problems,
) -> tuple[int, tuple[str, ...]]:
    """Read what people said without keeping it.

    Returns:
        The number of rows, and notes for the user.
    """
    rows: _Rows[dict[str, object]] = _Rows(kind, columns, dict, problems)
    count = sum(sum(1 for _ in rows.read(source)) for source in open_sources(paths, form, problems))
    return count, rows.notes()


def _read(
    kind: PeopleKind,
    paths: Sequence[str],
    columns: Mapping[str, str] | None,
    form: str | None,
    row: Callable[..., T],
) -> tuple[tuple[T, ...], tuple[str, ...], tuple[InputFile, ...]]:
    problems = Problems()
    return _all(_Rows(kind, columns, row, problems), open_sources(paths, form, problems), problems)


def preferences_of(
    rows: Iterable[Mapping[str, Any]],
    *,
    columns: Mapping[str, str] | None = None,
    covariates: Sequence[str] = (),
) -> tuple[tuple[Preference, ...], tuple[str, ...]]:
    """Preferences from rows in memory (a `datasets.Dataset`, for example), checked as those of files are.

    Returns:
        The preferences, and notes for the user.

    Raises:
        InputError: the rows are malformed.
        UsageError: a column does not exist.
    """
    problems = Problems()
    reader = _Rows("preferences", columns, Preference, problems, covariates)
    return _all(reader, [HeldRows.of(rows, problems)], problems)[:2]


def ratings_of(
    rows: Iterable[Mapping[str, Any]], *, columns: Mapping[str, str] | None = None
) -> tuple[tuple[Rating, ...], tuple[str, ...]]:
    """Ratings from rows in memory, as `preferences_of`.

    Raises:
        InputError: the rows are malformed.
        UsageError: a column does not exist.
    """
    problems = Problems()
    return _all(_Rows("ratings", columns, Rating, problems), [HeldRows.of(rows, problems)], problems)[:2]


def _all(
    rows: _Rows[T], sources: Sequence[Source], problems: Problems
) -> tuple[tuple[T, ...], tuple[str, ...], tuple[InputFile, ...]]:
    found = tuple(one for source in sources for one in rows.read(source))
    notes = rows.notes()
    problems.check()
    return found, notes, tuple(source.file for source in sources if source.file)


class _Rows(Generic[T]):
    """Reads rows of one kind, field by field, so that every fault of a row can be told."""

    def __init__(
        self,
        kind: PeopleKind,
        columns: Mapping[str, str] | None,
        row: Callable[..., T],
        problems: Problems,
        covariates: Sequence[str] = (),
    ) -> None:
        self._kind = kind
        self._names = ColumnNames(columns, (kind,), covariates)
        self._own = OwnItems() if kind == "preferences" and "id" not in (columns or {}) else None
        self._row = row
        self._fields: Fields = _FIELDS[kind]
        if covariates:
            self._fields = {**self._fields, "covariates": partial(_numbers, covariates)}
        self._problems = problems
        self._grades = Grades()
        self._notes: list[str] = []

    def read(self, source: Source) -> Iterator[T]:
        """The rows of a file."""
        renamed = self._names.renamed(self._kind, source)
        for line, raw, row in self._own.named(renamed, source) if self._own else renamed:
            try:
                yield from self._parse(row, raw, source)
            except Fault as first:
                self._problems.add_faults(source.where(line), first, self._faults(row, raw, source), row.get("id"))
        self._notes += source.notes

    def notes(self) -> tuple[str, ...]:
        """What to tell once everything is read.

        Raises:
            UsageError: a column that the user named is in no file.
        """
        self._names.check()
        own = self._own.notes() if self._own else []
        return (*self._notes, *self._names.notes(), *own, *self._grades.notes())

    def _parse(self, row: Row, raw: Row, source: Source) -> Iterator[T]:
        if self._kind == "ratings" and "ratings" in row:
            id_ = identifier(required(row, "id", raw), "id")
            for system, criterion, value in self._grades.parse(row["ratings"]):
                yield self._row(id=id_, system=system, value=value, criterion=criterion)
            return
        yield self._row(**{name: field(row, raw, source) for name, field in self._fields.items()})

    def _faults(self, row: Row, raw: Row, source: Source) -> Iterator[Fault]:
        if self._kind == "ratings" and "ratings" in row:
            yield from tried(lambda: identifier(required(row, "id", raw), "id"))
            return
        for field in self._fields.values():
            yield from tried(partial(field, row, raw, source))


def _numbers(columns: Sequence[str], _: Row, raw: Row, source: Source) -> tuple[float, ...]:
    return tuple(number(required(raw, name, raw), name, untyped=source.untyped) for name in columns)


def _side(value: object) -> Side | None:
    return None if value is None or value == "" else cast(Side, label(value, "shown_left", SIDES))


_PREFERENCE: Fields = {
    "id": lambda row, raw, _: item(row, raw),
    "a": lambda row, raw, _: system(row, raw, "a"),
    "b": lambda row, raw, _: system(row, raw, "b"),
    "winner": winner,
    "annotator": lambda row, _, __: optional_identifier(row.get("annotator"), "annotator"),
    "criterion": lambda row, _, __: optional_identifier(row.get("criterion"), "criterion"),
    "shown_left": lambda row, _, __: _side(row.get("shown_left")),
    "output_a": lambda row, _, __: output(row.get("output_a"), "output_a"),
    "output_b": lambda row, _, __: output(row.get("output_b"), "output_b"),
}
_RATING: Fields = {
    "id": lambda row, raw, _: identifier(required(row, "id", raw), "id"),
    "system": lambda row, raw, _: identifier(required(row, "system", raw), "system"),
    "value": lambda row, raw, source: number(required(row, "value", raw), "value", untyped=source.untyped),
    "criterion": lambda row, _, __: optional_identifier(row.get("criterion"), "criterion"),
    "annotator": lambda row, _, __: optional_identifier(row.get("annotator"), "annotator"),
}
_JUDGEMENT: Fields = {
    "id": lambda row, raw, _: identifier(required(row, "id", raw), "id"),
    "text": lambda row, raw, _: text(required(row, "text", raw), "text"),
    "verdict": lambda row, raw, _: label(required(row, "verdict", raw), "verdict", VERDICTS),
    "annotator": lambda row, raw, _: identifier(required(row, "annotator", raw), "annotator"),
    "guideline": lambda row, raw, _: identifier(required(row, "guideline", raw), "guideline"),
    "origin": lambda row, _, __: optional_identifier(row.get("origin"), "origin"),
}
_FIELDS: dict[PeopleKind, Fields] = {"preferences": _PREFERENCE, "ratings": _RATING, "judgements": _JUDGEMENT}
