"""Numbers with their intervals, one line below the other: differences, rates side by side, estimates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from geneval.drawing import short
from geneval.report._svg import WIDTH, Scale, dot, drawn, line, words
from geneval.report._words import Json, interval, number

_TOP, _ROW, _EDGE = 46, 38, 14


@dataclass(frozen=True, slots=True)
class Mark:
    """A number on a line: its class (`down`, `up`, `none`, `first`, `second`) and its `Estimate` as JSON."""

    look: str
    found: Json


@dataclass(frozen=True, slots=True)
class Row:
    """A line: what it is about, its numbers, and a note at the right."""

    label: str
    marks: Sequence[Mark]
    note: str = ""
    strong: bool = field(default=False)


def intervals(
    title: str, rows: Sequence[Row], *, under: str = "", rule: float | None = 0.0, linked: bool = False
) -> Markup:
    """The chart.

    Args:
        title: above it.
        rows: from top to bottom.
        under: what the axis is.
        rule: a value that belongs on the axis and gets a line of its own.
        linked: whether a line's numbers are joined.
    """
    ends = [mark.found.get(end) for row in rows for mark in row.marks for end in ("value", "low", "high")]
    scale = Scale.of([*ends, rule], _EDGE, WIDTH - _EDGE)
    bottom = _TOP + _ROW * len(rows)
    parts = [words(0, 18, short(title, 46), "head")]
    for value, label in scale.ticks():
        parts += [line(scale.at(value), _TOP - 14, scale.at(value), bottom, "grid")]
        parts += [words(scale.at(value), bottom + 16, label, "soft middle")]
    if rule is not None:
        parts.append(line(scale.at(rule), _TOP - 14, scale.at(rule), bottom, "zero"))
    for place, row in enumerate(rows):
        parts += _line(row, scale, _TOP + _ROW * place, linked=linked)
    if under:
        parts.append(words(WIDTH / 2, bottom + 34, under, "soft middle"))
    return drawn(bottom + (42 if under else 24), title, "; ".join(_told(row) for row in rows), parts)


def _line(row: Row, scale: Scale, y: float, *, linked: bool) -> Iterator[str]:
    yield words(0, y + 4, short(row.label, 54 - len(row.note)), "label strong" if row.strong else "label")
    if row.note:
        yield words(WIDTH, y + 4, row.note, "soft end")
    known = [mark for mark in row.marks if mark.found.get("value") is not None]
    if not known:
        yield words(_EDGE, y + 20, "no number", "soft")
        return
    if linked and len(known) > 1:
        values = [mark.found["value"] for mark in known]
        yield line(scale.at(min(values)), y + 16, scale.at(max(values)), y + 16, "link")
    for place, mark in enumerate(known):
        level = y + 16 + (5 * place if len(known) > 1 else 0)
        if mark.found.get("low") is not None and mark.found.get("high") is not None:
            low, high = scale.at(mark.found["low"]), scale.at(mark.found["high"])
            yield line(low, level, high, level, f"whisker {mark.look}")
        yield _mark(scale.at(mark.found["value"]), level, mark.look)


def _mark(x: float, y: float, look: str) -> str:
    """A disc; a square for the second of two, so that nothing hangs on colour."""
    if look == "second":
        return f'<rect x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8" class="dot second"/>'
    return dot(x, y, f"dot {look}")


def _told(row: Row) -> str:
    said = ", ".join(f"{number(mark.found.get('value'))} {interval(mark.found)}".strip() for mark in row.marks)
    return f"{row.label}: {said}{f' ({row.note})' if row.note else ''}"
