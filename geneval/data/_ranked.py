"""Ranked lists of ids: JSON lines, TREC runs, and matrices of similarities."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from geneval.data._bytes import suffix
from geneval.data._columns import ColumnNames, Row
from geneval.data._fields import identifier, required, tried
from geneval.data._model import InputFile
from geneval.data._problems import Fault, Place, Problems, shown
from geneval.data._sources import Source, check_path, open_sources
from geneval.data._trec import is_trec, real, trec_rows
from geneval_references import UsageError

RUN = ("query", "Q0", "item", "rank", "score", "tag")
MATRIX = ".npy"


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """Similarities of queries (rows) and items (columns), memory-mapped."""

    values: npt.NDArray[Any]
    queries: tuple[str, ...]
    items: tuple[str, ...]


@dataclass(slots=True)
class RankedFiles:
    """What files of ranked lists say.

    Attributes:
        lists: system -> query -> ids of items, best first.
        matrices: system -> similarities.
        notes: for the user.
        files: that were read.
    """

    lists: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    matrices: dict[str, Matrix] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    files: list[InputFile] = field(default_factory=list)


def read_ranked(
    paths: Sequence[str],
    *,
    query_ids: str | None = None,
    item_ids: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> RankedFiles:
    """Read ranked lists: rows `{"id", "system"?, "ranked": [ids]}`, TREC runs, or matrices of similarities (.npy).

    Args:
        paths: `FILE` or `NAME=FILE`; a run or a matrix without a name, or rows without `system`, have the file's. TREC runs
            end in .run, .trec or .txt; they are ordered by score, higher first, of equal ones by rank.
        query_ids: a file with the ids of a matrix's rows, one a line.
        item_ids: of its columns.
        columns: which column to use, `{"ranked": "results"}`.

    Raises:
        InputError: the data is malformed, or an item is twice in a list.
        UsageError: a column or a format does not exist, or a matrix lacks its ids.
    """
    problems = Problems()
    reader = _Ranked(ColumnNames(columns, ("ranked",)), problems)
    ids: dict[str, tuple[str, ...]] = {}
    for source in _sources(paths, problems):
        if suffix(source.path) == MATRIX:
            for name, file in (("--query-ids", query_ids), ("--item-ids", item_ids)):
                if file is None:
                    raise UsageError(f"{source.shown} is a matrix without ids; name them, one a line: {name} FILE")
                ids.setdefault(name, _ids(file, problems))
            reader.read_matrix(source, ids["--query-ids"], ids["--item-ids"])
        elif is_trec(source):
            reader.read_run(source)
        else:
            reader.read_rows(source)
        reader.found.notes += source.notes
        reader.found.files += [source.file] if source.file else []
    return reader.done()


def _sources(paths: Sequence[str], problems: Problems) -> list[Source]:
    """What each spec names; files that are no tables get a form that is none of theirs, and are read apart."""
    sources = open_sources(paths, "jsonl", problems)
    for source, path in zip(sources, paths, strict=True):
        if suffix(source.path) != MATRIX and not is_trec(source):
            source.form = open_sources([path], None, problems)[0].form
    return sources


class _Ranked:
    def __init__(self, names: ColumnNames, problems: Problems) -> None:
        self.found = RankedFiles()
        self._names, self._problems = names, problems
        self._where: dict[tuple[str, str], Place] = {}
        self._sources: dict[str, Source] = {}

    def done(self) -> RankedFiles:
        self._names.check()
        self._problems.check()
        self.found.notes += self._names.notes()
        both = self.found.lists.keys() & self.found.matrices.keys()
        if both:
            raise UsageError(f"{min(both)!r} names a matrix and lists; give each system one of them")
        return self.found

    def read_rows(self, source: Source) -> None:
        for line, raw, row in self._names.renamed("ranked", source):
            where = source.where(line)
            try:
                query = identifier(required(row, "id", raw), "id")
                self._add(self._system(row, source), query, _items(required(row, "ranked", raw)), where)
            except Fault as fault:
                self._problems.add_faults(where, fault, _faults(row, raw), row.get("id"))

    def read_run(self, source: Source) -> None:
        entries: dict[str, list[tuple[float, float, str, Place]]] = {}
        tags: set[str] = set()
        for line, row in trec_rows(source, RUN, self._problems):
            where = source.where(line)
            try:
                entry = (-real(row["score"], "score"), real(row["rank"], "rank"), row["item"], where)
                entries.setdefault(row["query"], []).append(entry)
                tags.add(row["tag"])
            except Fault as fault:
                self._problems.add_fault(where, fault, row["query"])
        if source.label is None and len(tags) > 1:
            several = ", ".join(sorted(tags)[:5])
            self._problems.add(
                f"the lines have several tags ({several}); one file holds one system's run", source.shown
            )
            return
        system = source.label or min(tags, default=source.system)
        turned = 0
        for query, mine in entries.items():
            turned += any(a[1] > b[1] for a, b in zip(sorted(mine), sorted(mine)[1:], strict=False))
            self._add(
                system, query, [(item, where) for _, _, item, where in sorted(mine, key=lambda e: e[:2])], mine[0][3]
            )
        if turned:
            self.found.notes.append(
                f"{source.shown}: in {turned} lists ranks and scores say different things; scores order them, as in trec_eval"
            )

    def read_matrix(self, source: Source, queries: tuple[str, ...], items: tuple[str, ...]) -> None:
        try:
            check_path(source)
            with warnings.catch_warnings(action="ignore"):  # that Python 2 wrote it changes no number
                values = np.lib.format.open_memmap(source.path, mode="r")  # .npy only, no pickles, nothing read yet
        except Fault as fault:
            self._problems.add_fault(source.shown, fault)
            return
        except Exception:  # noqa: BLE001 - a header is Python text, and numpy lets through whatever is odd about it
            self._problems.add("no matrix of numbers as numpy.save writes it", source.shown)
            return
        if source.system in self.found.matrices:
            raise UsageError(f"two files name a system {source.system!r}; give them names: NAME={source.path}")
        if queries and items and values.shape != (len(queries), len(items)):
            self._problems.add(
                f"the matrix has the shape {values.shape}; {len(queries)} ids of queries and {len(items)} of items are given",
                source.shown,
            )
        source.file = InputFile(source.name, _sha256(source.path), len(values) if values.ndim else 0)
        self.found.matrices[source.system] = Matrix(values, queries, items)

    def _add(self, system: str, query: str, items: Sequence[tuple[str, object]], where: Place) -> None:
        first = self._where.setdefault((system, query), where)
        if first is not where:
            raise Fault(f"system {system!r} already has a list for this query, at {first}; keep one", "id")
        seen: dict[str, object] = {}
        for item, place in items:
            if item in seen:
                told = (
                    f"item {item!r} is in the list twice, at {_at(seen[item])} and {_at(place)}; a list holds each once"
                )
                fault = Fault(told, "ranked")
                if isinstance(place, Place):
                    self._problems.add_fault(place, fault, query)
                    return
                raise fault
            seen[item] = place
        self.found.lists.setdefault(system, {})[query] = list(seen)

    def _system(self, row: Row, source: Source) -> str:
        if row.get("system") is not None:
            if source.label is not None:
                told = f"the row names its system, and so does {source.label}=FILE; leave out one of them"
                raise Fault(told, "system")
            return identifier(row["system"], "system")
        known = self._sources.setdefault(source.system, source)
        if known is not source:
            raise UsageError(
                f"two files name a system {source.system!r} ({known.path} and {source.path}); give them names: "
                f"NAME={source.path}"
            )
        return source.system


def _at(place: object) -> str:
    return str(place) if isinstance(place, Place) else f"place {place}"


def _items(value: object) -> list[tuple[str, object]]:
    """The ids of a list with their places, from 1 on."""
    if type(value) is not list:
        raise Fault(f"got {shown(value)}; a list of ids is due, best first", "ranked")
    return [(identifier(entry, f"ranked[{place}]"), place + 1) for place, entry in enumerate(value)]


def _faults(row: Row, raw: Row) -> Iterable[Fault]:
    yield from tried(lambda: identifier(required(row, "id", raw), "id"))
    yield from tried(lambda: _items(required(row, "ranked", raw)))
    if row.get("system") is not None:
        yield from tried(lambda: identifier(row["system"], "system"))


def _ids(path: str, problems: Problems) -> tuple[str, ...]:
    """The ids in a file, one a line."""
    from geneval.data._bytes import Lines, check_exists, utf8_fault

    try:
        check_exists(path)
    except Fault as fault:
        problems.add_fault(path, fault)
        return ()
    found: dict[str, int] = {}
    before = problems.count
    lines = Lines(path, Path(path).name, problems)
    for number, line in lines:
        if told := utf8_fault(line, lines.start):
            problems.add(told, Place(Path(path).name, number))
            continue
        id_ = line.decode("utf-8")
        first = found.setdefault(id_, number)
        if not id_ or first != number:
            told = f"the id {id_!r} is already on line {first}" if id_ else "the line is empty; one id a line is due"
            problems.add(told, Place(Path(path).name, number))
    if not found and problems.count == before:
        problems.add("0 ids; one a line is due", Path(path).name)
    return tuple(found) if problems.count == before else ()


def _sha256(path: str) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
