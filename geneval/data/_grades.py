"""The `ratings` field of a row: numbers are read, all else is left aside and noted."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

from geneval.data._problems import Fault, shown


class Grades:
    """Reads wide ratings and remembers what was not a number."""

    def __init__(self) -> None:
        self._aside: Counter[tuple[str, str]] = Counter()
        self._nulls: Counter[str] = Counter()

    def parse(self, value: Any) -> Iterator[tuple[str, str | None, float]]:
        """(system, criterion, value) of each number in `{system: number or {criterion: number}}`."""
        if value is None:
            return
        if type(value) is not dict:
            raise Fault(f"got {shown(value)}; an object {{system: number or {{criterion: number}}}} is due", "ratings")
        for name, grade in value.items():
            if type(grade) is dict:
                for criterion, inner in grade.items():
                    if self._is_number(inner, criterion, f"ratings.{name}.{criterion}"):
                        yield name, criterion, float(inner)
            elif self._is_number(grade, name, f"ratings.{name}"):
                yield name, None, float(grade)

    def _is_number(self, value: Any, field: str, place: str) -> bool:
        kind = type(value)
        if kind is float or kind is int:
            if math.isinf(value):
                raise Fault(f"got {value}; a finite number is due", place)
            if value == value:  # noqa: PLR0124 - NaN, which tables use for null
                return True
            value = None
        if value is None:
            self._nulls[field] += 1
        else:
            self._aside[field, _KINDS.get(type(value), "no numbers")] += 1
        return False

    def notes(self) -> list[str]:
        """What was left aside, by field."""
        aside = [f"ratings: {field!r} left aside ({n} {kind})" for (field, kind), n in self._aside.items()]
        nulls = [f"ratings: {field!r} is null in {n} places" for field, n in self._nulls.items()]
        return aside + nulls


_KINDS: dict[type, str] = {list: "lists", str: "texts", dict: "objects", bool: "truth values"}
