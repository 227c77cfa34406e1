"""The words of the data: outputs, ratings, preferences, judgements, and all that one evaluation reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from geneval_references import InputError, ReferenceSet

Winner = Literal["a", "b", "tie", "both_bad", "skip"]
"""What a person chose; `both_bad` is a tie that also counts against both, `skip` is no comparison."""
WINNERS: tuple[Winner, ...] = get_args(Winner)

Verdict = Literal["valid", "partly", "invalid", "skip"]
"""What a person said about a candidate."""
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)

Side = Literal["a", "b"]
"""One of the two outputs of a preference."""
SIDES: tuple[Side, ...] = get_args(Side)


@dataclass(frozen=True, slots=True)
class Output:
    """One system's text for one item."""

    id: str
    system: str
    text: str
    sample: int = 0
    """Which of the system's outputs for this item: 0, 1, ..."""


@dataclass(frozen=True, slots=True)
class Rating:
    """One person's grade, or one average of grades, of an output."""

    id: str
    system: str
    value: float
    """Finite; its range and direction are those of the data."""
    criterion: str | None = None
    annotator: str | None = None


@dataclass(frozen=True, slots=True)
class Preference:
    """One person's choice between the outputs of two systems for one item."""

    id: str
    a: str
    b: str
    winner: Winner
    annotator: str | None = None
    criterion: str | None = None
    shown_left: Side | None = None
    output_a: str | None = None
    output_b: str | None = None
    covariates: tuple[float, ...] = ()
    """Of the columns that were asked for, in their order: what `a` has more of than `b`."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """One person's verdict on whether a text is a right answer for an item."""

    id: str
    text: str
    verdict: Verdict
    annotator: str
    guideline: str
    """Which instructions the person followed."""
    origin: str | None = None
    """Who or what wrote the text, where that is known: what a system wrote never scores that system."""


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file that was read, for manifests."""

    name: str
    """The file's name without its directories, `-` for stdin, `owner/name` for a data set of the Hub."""
    sha256: str
    """Of the file's bytes; of the rows as JSON where there is no single file (a `datasets` folder, the Hub)."""
    rows: int


@dataclass(frozen=True, slots=True)
class Spec:
    """A file as the user named it: NAME=FILE, or FILE."""

    label: str | None
    path: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read, and how: enough to read it again."""

    outputs: tuple[Spec, ...]
    references: tuple[Spec, ...]
    columns: Mapping[str, str]
    format: str | None
    allow_missing: bool


@dataclass(frozen=True)
class Inputs:
    """Everything that one evaluation reads, checked."""

    items: tuple[ReferenceSet, ...]
    """One an item, in file order; one without references only where missing ones were allowed."""
    outputs: tuple[Output, ...]
    systems: tuple[str, ...]
    """In order of appearance."""
    ratings: tuple[Rating, ...] = ()
    """Of outputs of systems."""
    reference_ratings: tuple[Rating, ...] = ()
    """Of texts that are named references; `system` holds the reference's name."""
    notes: tuple[str, ...] = ()
    """What a reader of the numbers should know: aliases used, columns left aside, counts."""
    files: tuple[InputFile, ...] = ()
    missing_outputs: tuple[tuple[str, str], ...] = ()
    """(system, id) without an output; only where missing ones were allowed."""
    reading: Reading | None = None
    """How the files were read; None where there were none."""

    @property
    def count(self) -> int:
        """How many items there are."""
        return len(self.items)

    @property
    def in_memory(self) -> bool:
        """Whether the texts are held: they are."""
        return True

    def each(self) -> Iterator[tuple[ReferenceSet, list[tuple[int, Output]]]]:
        """Every item with its outputs, numbered in the order they were given in.

        Raises:
            InputError: an id is there twice, or an output's is not there.
        """
        by_item: dict[str, list[tuple[int, Output]]] = {item.id: [] for item in self.items}
        if len(by_item) < len(self.items):
            raise InputError("two items have one id; an id names one item")
        for number, output in enumerate(self.outputs):
            if output.id not in by_item:
                raise InputError(f"system {output.system!r} has an output for {output.id!r}, which is no item")
            by_item[output.id].append((number, output))
        return ((item, by_item[item.id]) for item in self.items)
