"""What people said: preferences, ratings, judgements."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar, cast

from geneval.data._columns import ColumnNames, Kind, Row
from geneval.data._fields import identifier, label, number, optional_identifier, optional_text, required, text
from geneval.data._grades import Grades
from geneval.data._model import (
    SIDES,
    VERDICTS,
    WINNERS,
    InputFile,
    Judgement,
    Preference,
    Rating,
    Side,
    Verdict,
    Winner,
)
from geneval.data._problems import Fault, Problems
from geneval.data._sources import Source, open_sources

T = TypeVar("T")
_BOTH_BAD = {"tie (bothbad)": "both_bad"}


def read_preferences(
    paths: Sequence[str],
    *,
    columns: Mapping[str, str] | None = None,
    format: str | None = None,  # noqa: A002 - the word users know
) -> tuple[tuple[Preference, ...], tuple[str, ...], tuple[InputFile, ...]]:
    """Read choices between two outputs of an item.

    `winner` is `a`, `b`, `tie`, `both_bad` or `skip`; where the systems stand in columns called otherwise (`left`,
    `model_a`), the winner may be called by that column.

    Args:
        paths: files, folders or Hub names, as for `read_references`.
        columns: which column to use, `{"a": "a_system", "output_a": "a"}`.
        format: where the suffix does not tell.

    Returns:
        The preferences in file order, notes for the user, and the files read.

    Raises:
        InputError: the data is malformed.
        UsageError: a column, a format or a split does not exist.
    """

    def one(row: Row, raw: Row, _: Source) -> Iterable[Preference]:
        yield Preference(
            id=identifier(required(row, "id", raw), "id"),
            a=identifier(required(row, "a", raw), "a"),
            b=identifier(required(row, "b", raw), "b"),
            winner=_winner(required(row, "winner", raw), raw, row),
            annotator=optional_identifier(row.get("annotator"), "annotator"),
            criterion=optional_identifier(row.get("criterion"), "criterion"),
            shown_left=_side(row.get("shown_left")),
            output_a=optional_text(row.get("output_a"), "output_a"),
            output_b=optional_text(row.get("output_b"), "output_b"),
        )

    return _read("preferences", paths, columns, format, one)


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
    grades = Grades()

    def one(row: Row, raw: Row, source: Source) -> Iterable[Rating]:
        id_ = identifier(required(row, "id", raw), "id")
        if "ratings" in row:
            for system, criterion, value in grades.parse(row["ratings"]):
                yield Rating(id_, system, value, criterion)
            return
        yield Rating(
            id=id_,
            system=identifier(required(row, "system", raw), "system"),
            value=number(required(row, "value", raw), "value", untyped=source.untyped),
            criterion=optional_identifier(row.get("criterion"), "criterion"),
            annotator=optional_identifier(row.get("annotator"), "annotator"),
        )

    ratings, notes, files = _read("ratings", paths, columns, format, one)
    return ratings, (*notes, *grades.notes()), files


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

    def one(row: Row, raw: Row, _: Source) -> Iterable[Judgement]:
        yield Judgement(
            id=identifier(required(row, "id", raw), "id"),
            text=text(required(row, "text", raw), "text"),
            verdict=cast(Verdict, label(required(row, "verdict", raw), "verdict", VERDICTS)),
            annotator=identifier(required(row, "annotator", raw), "annotator"),
            guideline=identifier(required(row, "guideline", raw), "guideline"),
        )

    return _read("judgements", paths, columns, format, one)


def _read(
    kind: Kind,
    paths: Sequence[str],
    columns: Mapping[str, str] | None,
    form: str | None,
    parse: Callable[[Row, Row, Source], Iterable[T]],
) -> tuple[tuple[T, ...], tuple[str, ...], tuple[InputFile, ...]]:
    problems = Problems()
    names = ColumnNames(columns, (kind,))
    found: list[T] = []
    notes: list[str] = []
    files: list[InputFile] = []
    for source in open_sources(paths, form, problems):
        rename = names.renamer(kind, source.where)
        for line, raw in source.rows():
            row = rename(line, raw)
            try:
                found += parse(row, raw, source)
            except Fault as fault:
                problems.add_fault(source.where(line), fault, row.get("id"))
        notes += source.notes
        files += [source.file] if source.file else []
    names.check()
    problems.check()
    return tuple(found), (*notes, *names.notes()), tuple(files)


def _winner(value: object, raw: Row, row: Row) -> Winner:
    if type(value) is str and value not in WINNERS:
        # {"left": ..., "right": ..., "winner": "left"}: the winner is called by its column.
        if value in {"left", "model_a", "system_a"} and raw.get(value) == row["a"]:
            return "a"
        if value in {"right", "model_b", "system_b"} and raw.get(value) == row["b"]:
            return "b"
        value = _BOTH_BAD.get(value, value)
    return cast(Winner, label(value, "winner", WINNERS))


def _side(value: object) -> Side | None:
    return None if value is None or value == "" else cast(Side, label(value, "shown_left", SIDES))
