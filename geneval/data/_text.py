"""Text as sacrebleu reads it: line n of each file belongs to item n; one file a system, one file a reference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from geneval.data._bytes import Lines, check_exists, utf8_fault
from geneval.data._columns import Row
from geneval.data._model import InputFile
from geneval.data._problems import Fault, Problems
from geneval_references import Reference, ReferenceSet


def text_rows(lines: Lines, name: str, problems: Problems) -> Iterator[tuple[int, Row]]:
    """One row a line: the line number is the id, the line is the output."""
    for number, line in lines:
        try:
            text = _decode(line, lines.start)
        except Fault as fault:
            problems.add_fault(f"{name}:{number}", fault)
            text = ""
        yield number, {"id": str(number), "output": text}


def text_references(
    files: Sequence[tuple[str | None, str, str]], problems: Problems
) -> tuple[tuple[ReferenceSet, ...], list[str], list[InputFile]]:
    """Reference sets from files of one reference a line; a blank line is no reference.

    Args:
        files: (name of the reference or `None`, path, name for messages) of each.
        problems: where files that differ in length, and bytes that are no text, are noted.
    """
    columns: list[list[str]] = []
    notes: list[str] = []
    read: list[InputFile] = []
    for _, path, name in files:
        if path != "-":
            check_exists(path)
        lines = Lines(path, name, problems)
        columns.append([row["output"] for _, row in text_rows(lines, name, problems)])
        notes += lines.notes
        read.append(InputFile(name, lines.sha256, len(columns[-1])))
    if len({len(column) for column in columns}) > 1:
        counts = ", ".join(f"{file.name} has {file.rows}" for file in read)
        problems.add(f"reference files differ in their number of lines: {counts}; line n belongs to item n")
    origins = ["human" if label is None else f"human:{label}" for label, _, _ in files]
    sets = tuple(
        ReferenceSet(
            str(number),
            tuple(Reference(text, origin=origin) for text, origin in zip(texts, origins, strict=True) if text.strip()),
        )
        for number, texts in enumerate(zip(*columns, strict=False), 1)
    )
    return sets, notes, read


def _decode(line: bytes, start: int) -> str:
    if fault := utf8_fault(line, start):
        raise Fault(fault)
    return line.decode("utf-8")
