"""Reference sets and outputs as arrays: every distinct text once, and who stands where."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from geneval_references._errors import InputError
from geneval_references._fold import fold
from geneval_references._model import TIERS, Reference, ReferenceSet
from geneval_references.audit._chance import Ints
from geneval_references.audit._model import Answer, Row

_NAMED = "human:"


@dataclass(frozen=True, slots=True)
class Column:
    """Texts that stand at one place, or under one name, in every item: a file, a writer, a system.

    Attributes:
        name: the reference's name or place, or the system.
        system: whether it holds a system's outputs.
        named: whether the name was given, and is no mere place.
        text: item -> text, -1 where it has none.
        number: item -> number of the reference in the table, or of the output.
    """

    name: str
    system: bool
    named: bool
    text: Ints
    number: Ints

    @property
    def label(self) -> str:
        """How reports call it."""
        if self.system:
            return self.name
        return f"reference {self.name!r}" if self.named else f"reference {self.name}"


class Table:
    """All texts of the data.

    Attributes:
        tiers: of the references that are looked at.
        ids, sources: of items.
        texts: the distinct texts.
        folded: for every text a number that it shares with all texts that are equal after folding.
        source: for every item such a number of its source, -1 where there is none.
        item, place, text: of every reference that is not blank: its item, its place there, its text.
        systems: names.
        output_item, output_system, output_text: of the first sample that each system gave for an item.
    """

    def __init__(
        self, sets: Sequence[ReferenceSet], outputs: Iterable[Answer] = (), tiers: Collection[str] = TIERS
    ) -> None:
        self.sets = sets
        self.tiers = tiers
        self.ids = [item.id for item in sets]
        self._index: dict[str, int] = {}
        self._read_references()
        self._read_outputs(outputs)
        self.texts: list[str] = list(self._index)
        self._fold([item.source for item in sets])

    def _read_references(self) -> None:
        flat = [
            (i, place, self._intern(reference.text))
            for i, item in enumerate(self.sets)
            for place, reference in enumerate(item.references)
            if reference.text.strip() and reference.tier in self.tiers
        ]
        self.item, self.place, self.text = np.asarray(flat, np.int64).reshape(-1, 3).T
        self.per_item: Ints = np.bincount(self.item, minlength=len(self.ids))
        self.first: Ints = np.concatenate([[0], np.cumsum(self.per_item)]).astype(np.int64)

    def _read_outputs(self, outputs: Iterable[Answer]) -> None:
        index = {id_: i for i, id_ in enumerate(self.ids)}
        systems: dict[str, int] = {}
        firsts: dict[tuple[int, int], tuple[int, str]] = {}
        for output in outputs:
            if output.id not in index:
                raise InputError(f"system {output.system!r} has an output for {output.id!r}, which is no item")
            key = index[output.id], systems.setdefault(output.system, len(systems))
            if key not in firsts or output.sample < firsts[key][0]:
                firsts[key] = output.sample, output.text
        rows = [(*key, self._intern(text)) for key, (_, text) in firsts.items()]
        self.systems = list(systems)
        self.output_item, self.output_system, self.output_text = np.asarray(rows, np.int64).reshape(-1, 3).T

    def _intern(self, text: str) -> int:
        return self._index.setdefault(text, len(self._index))

    def _fold(self, sources: Sequence[str | None]) -> None:
        classes: dict[str, int] = {}
        self.folded: Ints = np.asarray([classes.setdefault(fold(t), len(classes)) for t in self.texts], np.int64)
        self.source: Ints = np.asarray(
            [-1 if s is None else classes.setdefault(fold(s), len(classes)) for s in sources], np.int64
        )
        self.classes = len(classes)

    @cached_property
    def distinct(self) -> list[int]:
        """The texts that are references, each once."""
        found: list[int] = np.unique(self.text).tolist()
        return found

    def reference(self, number: int) -> Reference:
        """A reference as it was given."""
        found: Reference = self.sets[self.item[number]].references[self.place[number]]
        return found

    def row(self, number: int, note: str = "") -> Row:
        """A reference, as findings show it."""
        given = self.reference(number)
        name = given.origin.removeprefix(_NAMED) if given.origin.startswith(_NAMED) else None
        place = int(self.place[number]) + 1
        return Row(self.ids[self.item[number]], given.text, reference=place, name=name, note=note)

    def rows(self, numbers: npt.NDArray[np.int64]) -> tuple[Row, ...]:
        """Several of them."""
        return tuple(self.row(number) for number in numbers.tolist())

    def output_row(self, number: int, note: str = "") -> Row:
        """An output, as findings show it."""
        system = self.systems[self.output_system[number]]
        return Row(self.ids[self.output_item[number]], self.texts[self.output_text[number]], system=system, note=note)

    @cached_property
    def reference_columns(self) -> list[Column]:
        """References by name, where they have names that are their own within the item; else by place.

        Only columns that at least half of the items have: the others are no columns, but leftovers of long lists.
        """
        labels = [self._label(number) for number in range(len(self.item))]
        return self._columns(labels, self.item, self.text, system=False)

    @cached_property
    def system_columns(self) -> list[Column]:
        """The outputs of each system that at least half of the items have."""
        labels = [(self.systems[number], True) for number in self.output_system.tolist()]
        return self._columns(labels, self.output_item, self.output_text, system=True)

    def _label(self, number: int) -> tuple[str, bool]:
        origin = self.reference(number).origin
        if origin.startswith(_NAMED):
            siblings = self.sets[self.item[number]].references
            if sum(other.origin == origin for other in siblings) == 1:
                return origin.removeprefix(_NAMED), True
        return str(int(self.place[number]) + 1), False

    def _columns(self, labels: list[tuple[str, bool]], item: Ints, text: Ints, *, system: bool) -> list[Column]:
        numbers = {label: n for n, label in enumerate(dict.fromkeys(labels))}
        which = np.asarray([numbers[label] for label in labels], np.int64)
        out = []
        for (name, named), column in numbers.items():
            mine = np.flatnonzero(which == column)
            if 2 * len(mine) < len(self.ids):
                continue
            texts, places = np.full(len(self.ids), -1, np.int64), np.full(len(self.ids), -1, np.int64)
            texts[item[mine]], places[item[mine]] = text[mine], mine
            out.append(Column(name, system, named, texts, places))
        return out
