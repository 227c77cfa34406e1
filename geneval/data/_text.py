"""Text as sacrebleu reads it: line n of each file belongs to item n; one file a system, one file a reference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

from geneval.data._bytes import Lines, utf8_fault
from geneval.data._columns import Row
from geneval.data._problems import Fault, Place, Problems
from geneval_references import Reference

if TYPE_CHECKING:
    from geneval.data._sources import Source


def text_rows(lines: Lines, name: str, problems: Problems) -> Iterator[tuple[int, Row]]:
    """One row a line: the line number is the id, the line is the output."""
    for number, line in lines:
        if fault := utf8_fault(line, lines.start):
            problems.add_fault(Place(name, number), Fault(fault))
        yield number, {"id": str(number), "output": line.decode("utf-8", "replace")}


def text_references(sources: Sequence[Source], problems: Problems) -> Iterator[tuple[int, tuple[Reference, ...]]]:
    """The references of each line; a blank line is no reference.

    Args:
        sources: the files, read side by side, NAME=FILE where the references have names.
        problems: where files that differ in length are noted.
    """
    origins = ["human" if source.label is None else f"human:{source.label}" for source in sources]
    for number, rows in enumerate(zip_longest(*(source.rows() for source in sources)), 1):
        texts = ["" if row is None else row[1]["output"] for row in rows]
        found = zip(texts, origins, strict=True)
        yield number, tuple(Reference(text, origin=origin) for text, origin in found if text.strip())
    counts = [(source.shown, source.file.rows) for source in sources if source.file]
    if len({count for _, count in counts}) > 1:
        told = ", ".join(f"{name} has {count}" for name, count in counts)
        problems.add(f"reference files differ in their number of lines: {told}; line n belongs to item n")
