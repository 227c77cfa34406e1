"""JSON lines, and JSON arrays: ids and texts exactly as written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

import msgspec

from geneval.data._bytes import Lines, utf8_fault
from geneval.data._columns import Row
from geneval.data._problems import Fault, Place, Problems, shown

_SURROGATE = re.compile(rb"(?<!\\)(?:\\\\)*\\u[dD][89a-fA-F]")


def jsonl_rows(lines: Lines, name: str, problems: Problems) -> Iterator[tuple[int, Row]]:
    """The objects of a JSON lines file, with their line numbers; blank lines are passed over.

    Lines that are no JSON objects become problems.
    """
    return _rows(((number, line, lines.start) for number, line in lines if line.strip()), name, problems)


def json_rows(lines: Lines, name: str, problems: Problems) -> Iterator[tuple[int, Row]]:
    """The objects of a JSON file with their numbers: one array of them, or one object a line.

    Raises:
        Fault: the file begins as an array and is none.
    """
    whole = ((number, line, lines.start) for number, line in lines.whole())
    first = next((entry for entry in whole if entry[1].strip()), None)
    if first is None:
        return
    if not first[1].lstrip().startswith(b"["):
        yield from _rows((entry for entry in chain([first], whole) if entry[1].strip()), name, problems)
        return
    pieces = _pieces(first[1] + b"".join(line for _, line, _ in whole), first[2])
    yield from _rows(((number, bytes(piece), 0) for number, piece in enumerate(pieces, 1)), name, problems)


def _rows(lines: Iterable[tuple[int, bytes, int]], name: str, problems: Problems) -> Iterator[tuple[int, Row]]:
    """The objects of lines that come with their numbers and where they start."""
    decode = msgspec.json.Decoder().decode
    for number, line, start in lines:
        try:
            row = _object(decode, line, start)
        except Fault as fault:
            problems.add_fault(Place(name, number), fault)
        else:
            yield number, row


def _pieces(data: bytes, start: int) -> list[msgspec.Raw]:
    if fault := utf8_fault(data, start):
        raise Fault(fault)
    try:
        return msgspec.json.decode(data, type=list[msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        told = _what_is_wrong(data, start, error)
        due = f"no JSON array: {error}; one array of objects is due, [{{...}}, ...], or one object a line"
        raise Fault(due if told.startswith("no JSON") else told) from error


def _object(decode: Any, line: bytes, start: int) -> Row:
    try:
        row = decode(line)
        colons = _colons(row)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Fault(_what_is_wrong(line, start, error)) from error
    if type(row) is not dict:
        raise Fault(
            f"got {shown(row)}; each line holds one JSON object, {{...}}; in a .json file they may stand in one array"
        )
    # Each pair of an object has one colon outside of strings. A repeated key has been dropped from `row` together
    # with its colon, so the counts differ; `\\u003a` hides a colon from the count.
    if line.count(b":") != colons or b"\\u00" in line:
        _refuse_repeated_keys(line)
    return row


def _colons(value: Any) -> int:
    """How many colons a value takes to write as JSON: one a pair, and those in its texts."""
    kind = type(value)
    if kind is str:
        return int(value.count(":"))
    if kind is list:
        return sum(map(_colons, value))
    if kind is dict:
        return sum(1 + key.count(":") + _colons(inner) for key, inner in value.items())
    return 0


def _refuse_repeated_keys(line: bytes) -> None:
    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        row = dict(found)
        if len(row) < len(found):
            names = [name for name, _ in found]
            repeated = next(name for name in names if names.count(name) > 1)
            raise Fault("the key is there twice; keep one", repeated)
        return row

    json.loads(line, object_pairs_hook=pairs)


def _what_is_wrong(line: bytes, start: int, error: Exception) -> str:
    """Why a line is not taken, in words that say what to do."""
    if fault := utf8_fault(line, start):
        return fault
    if isinstance(error, RecursionError):
        return "the JSON is nested too deeply"
    if _SURROGATE.search(line) and _parses(line):
        return "an escape such as \\ud800 stands alone: half a character; write both halves, or the character itself"
    if re.search(rb"\b(?:NaN|Infinity)\b", line) and _parses(line):
        return "NaN and Infinity are no JSON; write null"
    words = [hint for sign, hint in _HINTS.items() if sign in str(error)]
    return words[0] if words else f"no JSON: {error}"


_HINTS = {
    "out of range": "a number is too large; a finite number is due (a text, where its digits matter)",
    "truncated": "no JSON: the line ends within a value; each line holds one whole object, {...}",
}


def _parses(line: bytes) -> bool:
    """Whether Python's more lenient parser takes the line."""
    try:
        json.loads(line)
    except ValueError:
        return False
    return True
