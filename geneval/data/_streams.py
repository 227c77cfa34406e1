"""Large files, gone through item by item as often as needed, so that no more than a few texts are held.

It is the readers for data in memory that take rows in, some items at a time. Where rows are not in a form that allows
this, or anything at all is odd about them, all is read into memory, and told, as if there were no streams.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from geneval.data._columns import ColumnNames, Kind, Row
from geneval.data._fields import identifier
from geneval.data._inputs import disagreements, join_rows, read_inputs
from geneval.data._model import InputFile, Inputs, Output
from geneval.data._problems import Fault, Problems
from geneval.data._reference_files import ReferenceRows
from geneval.data._rows import OutputRows
from geneval.data._sources import Source, open_sources, reading_of
from geneval_references import GenevalError, InputError, ReferenceSet
from geneval_scorers import Watch

LARGE = 32_000_000
"""Files that have more bytes together are not read into memory, where that can be helped."""

_FORMS = {"jsonl", "parquet"}
_ITEMS = 500
"""So many items are read together."""

_FILE = 1 << 40
"""Outputs of the second file are numbered from here on, of the third from twice that."""


class _OddError(Exception):
    """This is not for streams."""


def stream_inputs(
    outputs: Sequence[str],
    *,
    references: Sequence[str] = (),
    columns: Mapping[str, str] | None = None,
    format: str | None = None,  # noqa: A002 - the word users know
    allow_missing: bool = False,
    watch: Watch | None = None,
) -> Inputs | StreamedInputs:
    """As `read_inputs`; large files stay where they are and are read again whenever their texts are needed.

    They are .jsonl (.gz, .zst) or .parquet, the rows of an item stand together, and several files (one a system, and
    one of references) list the same items in the same order.
    """
    wanted = _Wanted(tuple(outputs), tuple(references), dict(columns or {}), format)
    if wanted.large():
        try:
            return StreamedInputs(wanted, watch)
        except (_OddError, GenevalError):
            pass
    return read_inputs(
        outputs, references=references, columns=columns, format=format, allow_missing=allow_missing, watch=watch
    )


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the user named."""

    outputs: tuple[str, ...]
    references: tuple[str, ...]
    columns: dict[str, str]
    format: str | None

    def large(self) -> bool:
        """Whether it is files that can be read again, and much of it."""
        sources = [s for specs in (self.outputs, self.references) for s in open_sources(specs, self.format, Problems())]
        if (
            not sources
            or not self.outputs
            or len(self.references) > 1
            or any(s.path == "-" or s.form not in _FORMS for s in sources)
        ):
            return False
        try:
            return sum(Path(source.path).stat().st_size for source in sources) > LARGE
        except OSError:
            return False


class StreamedInputs:
    """Checked inputs whose texts stay in their files; it goes like `Inputs` where these are gone through.

    Raises:
        _OddError, GenevalError: they have to be read into memory, or cannot be read at all.
    """

    missing_outputs: tuple[tuple[str, str], ...] = ()
    in_memory = False

    def __init__(self, wanted: _Wanted, watch: Watch | None = None) -> None:
        self._wanted = wanted
        walk = _Walk(wanted, watch)
        ids: list[str] = []
        self.systems: tuple[str, ...] = ()
        for item, own in walk:
            ids.append(item.id)
            answered = dict.fromkeys(output.system for _, output in own)
            self.systems = self.systems or tuple(answered)
            if set(answered) != set(self.systems) or not any(reference.text.strip() for reference in item.references):
                raise _OddError
        if not ids or len(set(ids)) < len(ids):
            raise _OddError
        self.count = len(ids)
        self.notes = walk.notes()
        self.files = walk.files()
        self.reading = reading_of(wanted.outputs, wanted.references, wanted.columns, wanted.format, False)

    def each(self) -> Iterator[tuple[ReferenceSet, list[tuple[int, Output]]]]:
        """Every item with its outputs, numbered in the order they were given in.

        Raises:
            InputError: a file is not what it was when it was checked.
        """
        walk = _Walk(self._wanted)
        try:
            yield from walk
            same = walk.files() == self.files
        except (_OddError, InputError):
            same = False
        if not same:
            names = ", ".join(file.name for file in self.files)
            raise InputError(f"{names}: changed while it was scored; leave the files alone and start again")


class _Walk:
    """Goes through the files once."""

    def __init__(self, wanted: _Wanted, watch: Watch | None = None) -> None:
        self._problems = Problems(watch=watch)
        self._names = ColumnNames(wanted.columns, ("outputs", "references"))
        self._outputs = [
            _Groups(s, "outputs", self._names) for s in open_sources(wanted.outputs, wanted.format, self._problems)
        ]
        self._references = [
            _Groups(s, "references", self._names)
            for s in open_sources(wanted.references, wanted.format, self._problems)
        ]
        self._counts = [0] * len(self._outputs)
        self._kinds: set[bool] = set()

    def __iter__(self) -> Iterator[tuple[ReferenceSet, list[tuple[int, Output]]]]:
        groups = [*self._outputs, *self._references]
        leader = groups[-1]
        while leader.id is not None:
            for _ in range(_ITEMS):
                id_ = leader.id
                if id_ is None:
                    break
                for group in groups:
                    group.take(id_)
            yield from self._window()
        if self._problems.count or any(group.id is not None for group in groups):
            raise _OddError
        self._names.check()

    def notes(self) -> tuple[str, ...]:
        """What there is to tell, once all was read."""
        told = [note for group in (*self._outputs, *self._references) for note in group.source.notes]
        mixed = ["ids are numbers in one file and texts in another; 1 and '1' were joined"]
        return (*told, *self._names.notes(), *(mixed if len(self._kinds) > 1 else []))

    def files(self) -> tuple[InputFile, ...]:
        """What was read."""
        return tuple(g.source.file for g in (*self._outputs, *self._references) if g.source.file is not None)

    def _window(self) -> Iterator[tuple[ReferenceSet, list[tuple[int, Output]]]]:
        """The items that all groups have taken."""
        rows = OutputRows(self._names, self._problems)
        numbered: dict[str, list[tuple[int, Output]]] = {}
        for place, group in enumerate(self._outputs):
            before = len(rows.outputs)
            rows.read(group.window())
            for output in rows.outputs[before:]:
                numbered.setdefault(output.id, []).append((place * _FILE + self._counts[place], output))
                self._counts[place] += 1
        given = None
        if self._references:
            given = ReferenceRows(self._names, self._problems)
            given.read(self._references[0].window())
            if any(disagreements(rows.items, given.items)):
                raise _OddError
        if self._problems.count or rows.ratings or rows.grades.notes():
            raise _OddError
        self._kinds |= {number for number, untyped in rows.items.kinds() if not untyped}
        return ((item, numbered[item.id]) for item in join_rows(rows, given))


@dataclass(slots=True)
class Window(Source):
    """Some rows of a file, for readers that take whole files.

    Attributes:
        taken: the rows with their numbers.
    """

    taken: list[tuple[int, Row]] = field(default_factory=list)

    @classmethod
    def of(cls, source: Source, taken: list[tuple[int, Row]]) -> Window:
        """These rows of a file."""
        about: dict[str, Any] = {part.name: getattr(source, part.name) for part in fields(Source)}
        return cls(**about, taken=taken)

    def rows(self) -> Iterator[tuple[int, Row]]:
        """The rows with their numbers."""
        return iter(self.taken)


class _Groups:
    """A file's rows, the ones of an item at a time."""

    def __init__(self, source: Source, kind: Kind, names: ColumnNames) -> None:
        self.source = source
        self.id: str | None = None
        """The item whose rows come next; None at the end."""
        self._rows = names.renamed(kind, source)
        self._taken: list[tuple[int, Row]] = []
        self._next: tuple[int, Row] | None = None
        self._step()

    def take(self, id_: str) -> None:
        """Puts an item's rows into the window."""
        if self.id != id_:
            raise _OddError
        while self.id == id_ and self._next is not None:
            self._taken.append(self._next)
            self._step()

    def window(self) -> Source:
        """What was taken since the last time."""
        taken, self._taken = self._taken, []
        return Window.of(self.source, taken)

    def _step(self) -> None:
        found = next(self._rows, None)
        if found is None:
            self._next = self.id = None
            return
        number, raw, row = found
        self._next = number, raw
        try:
            self.id = identifier(row.get("id"), "id")
        except Fault:
            raise _OddError from None
