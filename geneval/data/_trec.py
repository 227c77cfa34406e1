"""TREC's files: runs (`query Q0 item rank score tag`) and judgements (`query 0 item grade`), columns parted by spaces."""

from __future__ import annotations

import math
from collections.abc import Iterator

from geneval.data._bytes import Lines, suffix, utf8_fault
from geneval.data._model import InputFile
from geneval.data._problems import Fault, Place, Problems, shown
from geneval.data._sources import Source, check_path

SUFFIXES = {".run", ".trec", ".qrels", ".qrel", ".txt"}
"""Of files in this form; a plain text cannot be anything else where ranked lists or judgements are due."""


def is_trec(source: Source) -> bool:
    """Whether a file's name says so."""
    return suffix(source.path) in SUFFIXES


def trec_rows(source: Source, names: tuple[str, ...], problems: Problems) -> Iterator[tuple[int, dict[str, str]]]:
    """The lines of a file as rows; lines with another number of columns become problems.

    Args:
        source: the file; afterwards its `file` and `notes` are filled in.
        names: of the columns.
        problems: where what is wrong is noted.
    """
    count, before = 0, problems.count
    try:
        check_path(source)
        lines = Lines(source.path, source.shown, problems)
        for number, line in lines:
            where = Place(source.shown, number)
            if fault := utf8_fault(line, lines.start):
                problems.add(fault, where)
                continue
            cells = line.decode("utf-8").split()
            if len(cells) == len(names):
                count += 1
                yield number, dict(zip(names, cells, strict=True))
            elif cells:
                problems.add(f"{len(cells)} columns; {len(names)} are due: {' '.join(names)}", where)
    except Fault as fault:
        problems.add_fault(source.shown, fault)
        return
    if count == 0 and problems.count == before:
        problems.add("0 items; the file holds no rows", source.shown)
    source.notes += lines.notes
    source.file = InputFile(source.name, lines.sha256, count)


def real(cell: str, column: str) -> float:
    """A finite number in a cell."""
    try:
        value = float(cell)
    except ValueError:
        raise Fault(f"got {shown(cell)}; a number is due", column) from None
    if not math.isfinite(value):
        raise Fault(f"got {shown(cell)}; a finite number is due", column)
    return value
