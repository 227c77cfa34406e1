"""Values of single fields: an id, a text, a number. None is ever turned into another kind in silence."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator
from difflib import get_close_matches
from typing import Any

from geneval.data._columns import ALIASES, Row
from geneval.data._problems import Fault, shown
from geneval_references import InputError


def required(row: Row, column: str, raw: Row) -> Any:
    """The field's value; a row without it names the columns that are there."""
    try:
        return row[column]
    except KeyError:
        aliases = f" (or {', '.join(ALIASES[column])})" if column in ALIASES else ""
        raise Fault(
            f"no such column{aliases}; the row has {', '.join(raw) or 'none'}. "
            f"Name the one to use: --column {column}=NAME",
            column,
        ) from None


def identifier(value: object, column: str) -> str:
    """An id or a name: a text as it is, a whole number as its digits."""
    if type(value) is str:
        if not value:
            raise Fault("got an empty text; a name is due", column)
        return value
    if type(value) is int:
        return str(value)
    raise Fault(f"got {shown(value)}; a text or a whole number is due (floats change as they are printed)", column)


def optional_identifier(value: object, column: str) -> str | None:
    """As `identifier`, where null, or an empty cell, is allowed."""
    return None if value is None or value == "" else identifier(value, column)


def text(value: object, column: str) -> str:
    """A text, which may be empty."""
    if type(value) is str:
        return value
    hint = ' (write "" for an empty one)' if value is None else ""
    raise Fault(f"got {shown(value)}; a text is due{hint}", column)


def optional_text(value: object, column: str) -> str | None:
    """A text or null."""
    return None if value is None else text(value, column)


def number(value: object, column: str, *, untyped: bool) -> float:
    """A finite number; in files without types (CSV) also its digits."""
    if untyped and type(value) is str:
        try:
            value = float(value)
        except ValueError:
            raise Fault(f"got {shown(value)}; a number is due", column) from None
    if type(value) not in {int, float}:
        raise Fault(f"got {shown(value)}; a number is due", column)
    result = float(value)  # type: ignore[arg-type]
    if not math.isfinite(result):
        raise Fault(f"got {result}; a finite number is due (leave the row out if there is none)", column)
    return result


def whole_number(value: object, column: str, *, untyped: bool) -> int:
    """A whole number from 0 on; in files without types (CSV) also its digits."""
    if untyped and type(value) is str and value.isdecimal():
        value = int(value)
    if type(value) is not int or value < 0:
        raise Fault(f"got {shown(value)}; a whole number from 0 on is due", column)
    return value


def label(value: object, column: str, allowed: Collection[str]) -> str:
    """One of a few words."""
    if type(value) is str and value in allowed:
        return value
    close = get_close_matches(value, allowed, 1) if type(value) is str else []
    hint = f"; did you mean {close[0]!r}?" if close else ""
    raise Fault(f"got {shown(value)}; one of {', '.join(allowed)} is due{hint}", column)


def tried(check: Callable[[], object]) -> Iterator[Fault]:
    """The fault that a check finds, if it does."""
    try:
        check()
    except Fault as fault:
        yield fault
    except InputError as error:
        yield Fault(str(error))
