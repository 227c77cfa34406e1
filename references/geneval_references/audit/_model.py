"""What an audit finds, and what it could not look for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol

Level = Literal["fault", "note"]
"""`fault`: a number that is computed on this data is not what it seems; `note`: worth knowing, and may be well."""


class Answer(Protocol):
    """One system's text for one item."""

    @property
    def id(self) -> str:
        """The item's."""
        ...

    @property
    def system(self) -> str:
        """Who wrote it."""
        ...

    @property
    def text(self) -> str:
        """What was written."""
        ...

    @property
    def sample(self) -> int:
        """Which of the system's texts for this item: 0, 1, ..."""
        ...


@dataclass(frozen=True, slots=True)
class Row:
    """One text that a finding is about."""

    id: str
    """The item's."""
    text: str
    reference: int | None = None
    """Its number among the item's references, from 1; None where it is an output."""
    name: str | None = None
    """The reference's name, where it has one."""
    system: str | None = None
    """Whose output it is; None where it is a reference."""
    note: str = ""
    """What is the matter with this one, where that differs from row to row."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is the matter, with every text that shows it."""

    kind: str
    """One of `KINDS`."""
    level: Level
    subject: str
    """What it is about: a system, a column of references, or `references`."""
    message: str
    advice: str
    rows: tuple[Row, ...]
    count: int
    """How many texts (or items, where the subject is a column or a system) show it."""
    of: int
    """Of how many."""
    low: float | None = None
    high: float | None = None
    """The 95 % interval of the rate, where it was estimated."""
    baseline: float | None = None
    """What the rate was tested against."""
    p: float | None = None
    """Of the test, corrected for how many subjects were tested; None where the finding is a plain fact."""

    @property
    def rate(self) -> float | None:
        """`count` over `of`, in [0, 1]."""
        return self.count / self.of if self.of else None

    @property
    def items(self) -> int:
        """How many items have a row in it."""
        return len({row.id for row in self.rows})

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts and lists, ready for JSON."""
        return {**asdict(self), "rate": self.rate, "items": self.items, "rows": [asdict(row) for row in self.rows]}


@dataclass(frozen=True, slots=True)
class Untested:
    """A check that could not be made."""

    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Reference sets and outputs without what an audit told to leave out."""

    sets: Sequence[Any]
    """Of `ReferenceSet`."""
    outputs: tuple[Answer, ...]
    items_left_out: tuple[str, ...]
    """Ids of items that a leak was found in."""
    references_left_out: int
    """References that repeated another one of their item."""

    @property
    def told(self) -> str:
        """One sentence about it."""
        return (
            f"{len(self.items_left_out)} items with a leaked output and {self.references_left_out} references that "
            f"repeat another one of their item are left out; {len(self.sets)} items are left"
        )
