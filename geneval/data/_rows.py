"""Rows of outputs, long or wide, gathered into items, outputs and ratings."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator
from typing import Any

from geneval.data._columns import ColumnNames, Row
from geneval.data._evidence import parse_references, reference_faults
from geneval.data._fields import identifier, optional_text, required, text, tried, whole_number
from geneval.data._grades import Grades
from geneval.data._items import ONCE, Items
from geneval.data._model import Output, Rating
from geneval.data._problems import Fault, Problems, shown
from geneval.data._sources import Source
from geneval_references import InputError, UsageError


class Answered:
    """Where the outputs of one system are, by item."""

    def __init__(self) -> None:
        self.first = array("Q")
        """Of sample 0, one more than its place; 0 where there is none."""
        self.more: dict[tuple[int, int], int] = {}
        """Of further samples: (item, sample) -> place."""

    def place(self, item: int, sample: int) -> int | None:
        """Where a sample is, if it is there."""
        if sample:
            return self.more.get((item, sample))
        return self.first[item] - 1 if item < len(self.first) and self.first[item] else None

    def add(self, item: int, sample: int, place: int) -> None:
        """Take note of a sample."""
        if sample:
            self.more[item, sample] = place
            return
        self.first.extend(0 for _ in range(item + 1 - len(self.first)))
        self.first[item] = place + 1

    def items(self) -> set[int]:
        """Which items have an output."""
        return {item for item, place in enumerate(self.first) if place} | {item for item, _ in self.more}


class OutputRows:
    """Gathers what rows of outputs say, over files.

    Attributes:
        items: what was said about each item.
        outputs, ratings: in file order; not gathered where `items.keep` is off.
        rated: how many ratings are of each name.
        answered: by system, in order of appearance: where its outputs are.
        lost: items of which a row could not be used, so that more may seem to be missing than is.
    """

    def __init__(self, names: ColumnNames, problems: Problems, *, keep: bool = True) -> None:
        self.items = Items(keep=keep)
        self.outputs: list[Output] = []
        self.count = 0
        self.ratings: list[Rating] = []
        self.rated: Counter[str] = Counter()
        self.grades = Grades()
        self.answered: dict[str, Answered] = {}
        self.lost: set[str] = set()
        self._raw: dict[int, Any] = {}
        """References as they were written: rows that repeat them need no second look."""
        self._names = names
        self._problems = problems
        self._files: dict[str, Source] = {}

    def read(self, source: Source) -> None:
        """Take in one file.

        Raises:
            UsageError: a file's rows name no system, and its name is that of another file's system.
        """
        for number, raw, row in self._names.renamed("outputs", source):
            try:
                self._add(row, raw, source, number)
            except (Fault, InputError) as error:
                faults = self._faults(row, raw, source)
                self._problems.add_faults(source.where(number), error, faults, row.get("id"))
                self.lost.add(str(row.get("id")))

    def _faults(self, row: Row, raw: Row, source: Source) -> Iterator[Fault]:
        """What is wrong with the fields of a row, each looked at by itself."""
        yield from tried(lambda: identifier(required(row, "id", raw), "id"))
        for column in ("source", "condition"):
            yield from tried(lambda column=column: optional_text(row.get(column), column))  # type: ignore[misc]
        yield from reference_faults(row.get("references"))
        if row.get("system") is not None:
            yield from tried(lambda: identifier(row["system"], "system"))
        for column, value in self._texts(row):
            yield from tried(lambda column=column, value=value: text(value, column))  # type: ignore[misc]
        if row.get("sample") is not None:
            yield from tried(lambda: whole_number(row["sample"], "sample", untyped=source.untyped))
        yield from tried(lambda: list(Grades().parse(row.get("ratings"))))

    @staticmethod
    def _texts(row: Row) -> Iterator[tuple[str, Any]]:
        """What is due to be an output's text, by its column."""
        wide = type(row.get("outputs")) is dict
        named = {f"outputs.{name}": entry for name, entry in row["outputs"].items()} if wide else {}
        if "output" in row:
            named["output"] = row["output"]
        for column, entry in named.items():
            if type(entry) is list and (column != "output" or row.get("sample") is None):
                yield from ((f"{column}[{n}]", value) for n, value in enumerate(entry))
            else:
                yield column, entry

    def _add(self, row: Row, raw: Row, source: Source, line: int) -> None:
        id_ = identifier(required(row, "id", raw), "id")
        place = self.items.at(source, line)
        item = self._add_item(id_, row, source, place)
        if "outputs" in row and "output" in row:
            raise Fault("both 'output' and 'outputs' are there; keep one form", "outputs")
        entries = self._wide(row["outputs"], source) if "outputs" in row else self._long(row, raw, source)
        for system, sample, value in entries:
            known = self.answered.get(system)
            if known is None:
                known = self.answered[system] = Answered()
            before = known.place(item, sample)
            if before is not None:
                raise Fault(
                    f"system {system!r} already has sample {sample} of this item, at {self.items.where(before)}; "
                    "number several outputs with 'sample': 0, 1, ...",
                    "id",
                )
            known.add(item, sample, place)
            self.count += 1
            if self.items.keep:
                self.outputs.append(Output(id_, system, value, sample))
        if "ratings" in row:
            grades = [Rating(id_, *grade[::2], grade[1]) for grade in self.grades.parse(row["ratings"])]
            self.rated.update(grade.system for grade in grades)
            self.ratings += grades if self.items.keep else ()

    def _add_item(self, id_: str, row: Row, source: Source, place: int) -> int:
        items = self.items
        item = items.index.get(id_)
        if item is None:
            item = items.add(id_, place, type(row["id"]))
        else:
            items.check_kind(item, row["id"], source)
        for column in ONCE:
            value = row.get(column)
            if value is None:
                continue
            if column == "references":
                if self._raw.get(item) == value:
                    continue
                written, value = value, parse_references(value)
            else:
                optional_text(value, column)
            if not items.says(item, column):
                items.say(item, column, value)
                if column == "references" and items.keep:
                    self._raw[item] = written
            elif not items.agrees(item, column, value):
                first = items.place(item)
                raise Fault(f"differs from the same item at {first}; make the rows of an item agree", column)
        return item

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
