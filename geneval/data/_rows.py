"""Rows of outputs, long or wide, gathered into items, outputs and ratings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from geneval.data._columns import ColumnNames, Row
from geneval.data._evidence import parse_references
from geneval.data._fields import identifier, optional_text, required, text, whole_number
from geneval.data._grades import Grades
from geneval.data._model import Output, Rating
from geneval.data._problems import Fault, Problems, shown
from geneval.data._reference_files import same_id_two_ways
from geneval.data._sources import Source
from geneval_references import InputError, Reference, UsageError

_ONCE = ("source", "condition", "references")


@dataclass(slots=True)
class Item:
    """What the rows of one item said so far."""

    where: str
    source: Source
    kind: type
    """Of the id as written: text or number."""
    said: dict[str, Any] = field(default_factory=dict)
    """The fields that all rows of an item share, as written."""
    references: tuple[Reference, ...] = ()


class OutputRows:
    """Gathers what rows of outputs say, over files."""

    def __init__(self, names: ColumnNames, problems: Problems) -> None:
        self.items: dict[str, Item] = {}
        self.outputs: list[Output] = []
        self.ratings: list[Rating] = []
        self.grades = Grades()
        self.seen: dict[str, dict[Any, str]] = {}
        """By system, in order of appearance: where the output of each item and sample is."""
        self.has_references = False
        self._names = names
        self._problems = problems
        self._files: dict[str, Source] = {}

    def read(self, source: Source) -> None:
        """Take in one file.

        Raises:
            UsageError: a file's rows name no system, and its name is that of another file's system.
        """
        rename = self._names.renamer("outputs", source.where)
        for number, raw in source.rows():
            row = rename(number, raw)
            where = source.where(number)
            try:
                self._add(row, raw, source, where)
            except Fault as fault:
                self._problems.add_fault(where, fault, row.get("id"))
            except InputError as error:
                self._problems.add_fault(where, Fault(str(error)), row.get("id"))

    def _add(self, row: Row, raw: Row, source: Source, where: str) -> None:
        id_ = identifier(required(row, "id", raw), "id")
        self._add_item(id_, row, source, where)
        if "outputs" in row and "output" in row:
            raise Fault("both 'output' and 'outputs' are there; keep one form", "outputs")
        entries = self._wide(row["outputs"], source) if "outputs" in row else self._long(row, raw, source)
        for system, sample, value in entries:
            known = self.seen.setdefault(system, {})
            key = id_ if sample == 0 else (id_, sample)
            if key in known:
                raise Fault(
                    f"system {system!r} already has sample {sample} of this item, at {known[key]}; number several "
                    "outputs with 'sample': 0, 1, ...",
                    "id",
                )
            known[key] = where
            self.outputs.append(Output(id_, system, value, sample))
        if "ratings" in row:
            self.ratings += [Rating(id_, *grade[::2], grade[1]) for grade in self.grades.parse(row["ratings"])]

    def _add_item(self, id_: str, row: Row, source: Source, where: str) -> None:
        item = self.items.get(id_)
        if item is None:
            item = self.items[id_] = Item(where, source, type(row["id"]))
        elif item.source is source and item.kind is not type(row["id"]):
            raise Fault(same_id_two_ways(row["id"], item.where), "id")
        for column in _ONCE:
            value = row.get(column)
            if value is None:
                continue
            if column in item.said:
                if item.said[column] != value:
                    raise Fault(f"differs from the same item at {item.where}; make the rows of an item agree", column)
                continue
            if column == "references":
                item.references = parse_references(value)
                self.has_references = True
            else:
                optional_text(value, column)
            item.said[column] = value

    def _wide(self, value: Any, source: Source) -> Iterator[tuple[str, int, str]]:
        if type(value) is not dict:
            raise Fault(f"got {shown(value)}; an object {{system: text or [texts]}} is due", "outputs")
        if source.label is not None:
            raise Fault(f"the row names its systems, and so does {source.label}=FILE; leave the name out", "outputs")
        for system, entry in value.items():
            yield from _samples(identifier(system, "outputs"), entry, f"outputs.{system}")

    def _long(self, row: Row, raw: Row, source: Source) -> Iterator[tuple[str, int, str]]:
        value = required(row, "output", raw)
        if row.get("system") is not None:
            system = identifier(row["system"], "system")
            if source.label is not None:
                raise Fault(
                    f"the row names its system, {system!r}, and so does {source.label}=FILE; leave out one of them",
                    "system",
                )
        else:
            system = self._system_of(source)
        if row.get("sample") is None:
            yield from _samples(system, value, "output")
        else:
            sample = whole_number(row["sample"], "sample", untyped=source.untyped)
            yield system, sample, text(value, "output")

    def _system_of(self, source: Source) -> str:
        """The file's name for its system, which no other file may have."""
        known = self._files.setdefault(source.system, source)
        if known is not source:
            raise UsageError(
                f"two files name a system {source.system!r} ({known.path} and {source.path}); give them names: "
                f"NAME={source.path}"
            )
        return source.system


def _samples(system: str, value: Any, column: str) -> Iterator[tuple[str, int, str]]:
    """One output, or a list of several."""
    if type(value) is not list:
        yield system, 0, text(value, column)
        return
    if not value:
        raise Fault("got an empty list; leave the system out where it has no output", column)
    for sample, entry in enumerate(value):
        yield system, sample, text(entry, f"{column}[{sample}]")
