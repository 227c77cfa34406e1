"""Texts and labels of items, predicted and right labels, parents of labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from geneval.data._columns import ColumnNames, Kind, Row
from geneval.data._evidence import votes_of
from geneval.data._fields import identifier, number, optional_identifier, optional_text, required
from geneval.data._model import InputFile
from geneval.data._problems import Fault, Place, Problems, shown
from geneval.data._sources import Source, open_sources
from geneval_references import InputError, UsageError
from geneval_scorers.ranking import LABELS, Described, ItemLabels, Judged

_EVIDENCE = ("label", "tier", "grade", "votes")

T = TypeVar("T")
Read = tuple[dict[str, T], tuple[str, ...], tuple[InputFile, ...]]
"""By id, with notes for the user and the files read."""


def read_descriptions(paths: Sequence[str], *, columns: Mapping[str, str] | None = None) -> Read[Described]:
    """Read texts and labels: `{"id", "text"?, "labels"?: [labels] or {"verbs": [...], "nouns": [...]}}`.

    Raises:
        InputError: the data is malformed, or an id is there twice.
        UsageError: a column or a format does not exist.
    """
    return _by_id("described", paths, columns, lambda row, _: Described(_text(row), _parts(row.get("labels"))))


def read_valid_labels(paths: Sequence[str], *, columns: Mapping[str, str] | None = None) -> Read[ItemLabels]:
    """Read right labels: `{"id", "labels": [labels], "original"?: label, "invalid"?: [labels]}`.

    An empty list: nobody found a right one. A label may be an object with its evidence: `{"label", "tier"?, "grade"?,
    "votes"?}`; labels that say no tier were verified. `invalid` ones were judged not to be right.

    Raises:
        InputError: the data is malformed, or an id is there twice.
        UsageError: a column or a format does not exist.
    """
    return _by_id("valid_labels", paths, columns, _valid)


def read_parents(paths: Sequence[str], *, columns: Mapping[str, str] | None = None) -> Read[str]:
    """Read a taxonomy: `{"label", "parent"}`, one parent a label.

    Raises:
        InputError: the data is malformed, or a label is there twice.
        UsageError: a column or a format does not exist.
    """
    return _by_id(
        "parents", paths, columns, lambda row, raw: identifier(required(row, "parent", raw), "parent"), "label"
    )


def read_predictions(
    paths: Sequence[str], *, columns: Mapping[str, str] | None = None
) -> tuple[dict[str, dict[str, str | None]], tuple[str, ...], tuple[InputFile, ...]]:
    """Read predicted labels: `{"id", "system"?, "label"}`; null: the system gave none.

    Returns:
        System -> item -> label, notes for the user, and the files read.

    Raises:
        InputError: the data is malformed, or a system has two labels for an item.
        UsageError: a column or a format does not exist.
    """
    problems = Problems()
    names = ColumnNames(columns, ("labels",))
    found: dict[str, dict[str, str | None]] = {}
    places: dict[tuple[str, str], Place] = {}
    sources = open_sources(paths, None, problems)
    for source in sources:
        for line, raw, row in names.renamed("labels", source):
            where = source.where(line)
            try:
                id_ = identifier(required(row, "id", raw), "id")
                system = _system(row, source)
                label = optional_identifier(required(row, "label", raw), "label")
                _once(places, (system, id_), where, f"system {system!r} already has a label for this item")
                found.setdefault(system, {})[id_] = label
            except Fault as fault:
                problems.add_fault(where, fault, row.get("id"))
    return found, _finish(names, sources, problems), _files(sources)


def _by_id(
    kind: Kind,
    paths: Sequence[str],
    columns: Mapping[str, str] | None,
    make: Callable[[Row, Row], T],
    key: str = "id",
) -> Read[T]:
    problems = Problems()
    names = ColumnNames(columns, (kind,))
    found: dict[str, T] = {}
    places: dict[str, Place] = {}
    sources = open_sources(paths, None, problems)
    for source in sources:
        for line, raw, row in names.renamed(kind, source):
            where = source.where(line)
            try:
                id_ = identifier(required(row, key, raw), key)
                _once(places, id_, where, f"this {key} is already there")
                found[id_] = make(row, raw)
            except (Fault, InputError) as error:
                problems.add_fault(where, error if isinstance(error, Fault) else Fault(str(error)), row.get(key))
    return found, _finish(names, sources, problems), _files(sources)


K = TypeVar("K")


def _once(places: dict[K, Place], key: K, where: Place, told: str) -> None:
    first = places.setdefault(key, where)
    if first is not where:
        raise Fault(f"{told}, at {first}; keep one", "id")


def _finish(names: ColumnNames, sources: Sequence[Source], problems: Problems) -> tuple[str, ...]:
    names.check()
    problems.check()
    return (*(note for source in sources for note in source.notes), *names.notes())


def _files(sources: Sequence[Source]) -> tuple[InputFile, ...]:
    return tuple(source.file for source in sources if source.file is not None)


def _system(row: Row, source: Source) -> str:
    if row.get("system") is None:
        return source.system
    if source.label is not None:
        raise UsageError(f"the rows of {source.shown} name their systems; leave the name out: {source.path}")
    return identifier(row["system"], "system")


def _text(row: Row) -> str | None:
    return optional_text(row.get("text"), "text")


def _parts(value: object) -> dict[str, frozenset[str]]:
    if value is None:
        return {}
    if type(value) is dict:
        return {name: frozenset(_labels(entry, f"labels.{name}")) for name, entry in value.items()}
    return {LABELS: frozenset(_labels(value, "labels"))}


def _valid(row: Row, raw: Row) -> ItemLabels:
    value = required(row, "labels", raw)
    entries = value if type(value) is list else []
    known: dict[str, Judged] = {}
    for place, entry in enumerate(entries):
        if type(entry) is dict:
            one = _evidence(entry, f"labels[{place}]")
            if known.setdefault(one.item, one) is not one:
                raise Fault(f"there are two words about the label {one.item!r}; keep one", f"labels[{place}]")
    plain = [entry for entry in entries if type(entry) is not dict] if entries else value
    invalid = () if row.get("invalid") is None else _labels(row["invalid"], "invalid")
    return ItemLabels(
        frozenset(_labels(plain, "labels")) | known.keys(),
        optional_identifier(row.get("original"), "original"),
        frozenset(invalid),
        known,
    )


def _evidence(entry: dict[str, Any], column: str) -> Judged:
    """A label with its evidence."""
    for name in entry:
        if name not in _EVIDENCE:
            raise Fault(f"a label has no field {name!r}; its fields are {', '.join(_EVIDENCE)}", column)
    label = identifier(entry.get("label"), f"{column}.label")
    grade = 1.0 if entry.get("grade") is None else number(entry["grade"], f"{column}.grade", untyped=False)
    if not grade > 0:
        raise Fault(f"got the grade {grade:g}; a valid label has more than 0: others go into 'invalid'", column)
    votes = None if entry.get("votes") is None else votes_of(entry["votes"], f"{column}.votes")
    if entry.get("tier") == "unverified":
        raise Fault("unverified labels count nowhere; leave this one out", column)
    return Judged(label, grade, entry.get("tier") or "verified", votes)


def _labels(value: object, column: str) -> Iterator[str]:
    entries: list[Any] = [value] if type(value) is str else value if type(value) is list else []
    if type(value) not in {str, list}:
        raise Fault(f"got {shown(value)}; a list of labels is due", column)
    return (identifier(entry, f"{column}[{place}]") for place, entry in enumerate(entries))
