"""Systems by people against systems by a scorer: a slope for each, with intervals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from markupsafe import Markup

from geneval.drawing import apart, short
from geneval.report._svg import Scale, dot, drawn, line, words
from geneval.report._words import Json, number

_TOP, _LINE, _LEFT, _RIGHT = 62, 18, 155, 227
_LETTERS, _BOLD = 20, 17
"""There is room for so many in a label: sign, name and number."""

CROWD = 12
"""Of more systems than these, only marked ones have whiskers: others would hide the labels."""

SIGNS = {"down": "▼ ", "up": "▲ "}
"""So that nothing hangs on colour."""


class _Side(NamedTuple):
    """One axis with the systems on it."""

    x: float
    scale: Scale
    rows: Mapping[str, Json]

    @classmethod
    def of(cls, rows: Sequence[Json], x: float, bottom: float) -> _Side:
        ends = [row[end] for row in rows for end in ("value", "low", "high")]
        return cls(x, Scale.of(ends, bottom, _TOP), {row["system"]: row for row in rows})

    def height(self, system: str) -> float:
        return self.scale.at(self.rows[system]["value"])


def slope(people: Sequence[Json], scorer: Json, ways: Mapping[str, str | None]) -> Markup:
    """The chart of one scorer.

    Args:
        people: systems by people: `system`, `value`, `low`, `high`; best first.
        scorer: its name and `systems`, the same by its scores.
        ways: of each system whether the scorer marks it `down`, `up` or neither.
    """
    bottom = _TOP + max(190, _LINE * (len(people) + 1))
    left, right = _Side.of(people, _LEFT, bottom), _Side.of(scorer["systems"], _RIGHT, bottom)
    parts = [words(0, 16, short(scorer["scorer"], 46), "head")]
    parts += [words(_LEFT, 42, "by people", "soft end"), words(_RIGHT, 42, "by the scorer", "soft")]
    parts += [line(side.x, _TOP - 8, side.x, bottom + 2, "axis") for side in (left, right)]
    # What is marked is drawn last, above the others.
    order = sorted((row["system"] for row in people), key=lambda name: ways.get(name) is not None)
    barred = [name for name in order if len(order) <= CROWD or ways.get(name)]
    for system in order:
        parts += _system(system, ways.get(system) or "none", left, right, _aside(system, barred))
    parts += [*_labels(left, ways, bottom, end=True), *_labels(right, ways, bottom, end=False)]
    told = f"By people, best first: {_told(people)}. By {scorer['scorer']}: {_told(scorer['systems'])}."
    return drawn(bottom + 14, f"Systems by people and by {scorer['scorer']}", told, parts)


def _aside(system: str, barred: Sequence[str]) -> float | None:
    """How far from the axis its whiskers stand, so that they hide neither each other nor the labels."""
    if system not in barred:
        return None
    middle = (len(barred) - 1) / 2
    return (barred.index(system) - middle) * min(3.5, 10 / max(middle, 1))


def _system(system: str, way: str, left: _Side, right: _Side, aside: float | None) -> Iterator[str]:
    yield line(left.x, left.height(system), right.x, right.height(system), f"slope {way}")
    for side in (left, right):
        row = side.rows[system]
        if aside is not None and row["low"] is not None and row["high"] is not None:
            x = side.x + aside
            yield line(x, side.scale.at(row["low"]), x, side.scale.at(row["high"]), f"whisker {way}")
        yield dot(side.x, side.height(system), f"dot {way}")


def _labels(side: _Side, ways: Mapping[str, str | None], bottom: float, *, end: bool) -> Iterator[str]:
    order = sorted(side.rows, key=side.height)
    heights = apart([side.height(system) for system in order], _LINE, bottom)
    away = -16 if end else 16
    for system, y in zip(order, heights, strict=True):
        way = ways.get(system) or "none"
        yield line(side.x + away * 0.5, side.height(system), side.x + away * 0.85, y, "leader")
        sign, value = SIGNS.get(ways.get(system) or "", ""), number(side.rows[system]["value"])
        room = _BOLD if way == "down" else _LETTERS
        name = short(system, room - len(sign) - len(value) - 1)
        text = f"{sign}{name} {value}" if end else f"{value} {sign}{name}"
        yield words(side.x + away, y + 4, text, f"label {way}{' end' if end else ''}")


def _told(rows: Sequence[Json]) -> str:
    return ", ".join(f"{row['system']} {number(row['value'])}" for row in rows)
