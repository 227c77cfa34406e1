"""Worths with their intervals, as SVG: one panel a criterion, one line a system."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from geneval.drawing import harmless, places_of, round_step, short, text_at
from geneval.rankings import CriterionRanking, Rankings
from geneval_scorers.preference import Worth

_WIDTH, _LEFT, _RIGHT, _TOP, _BOTTOM, _ROW = 720, 200, 166, 62, 50, 22
_INK, _PALE, _GRID, _BLUE = "#1f2328", "#57606a", "#e3e6ea", "#0072b2"
_LONG = 26
"""Longer names are cut; the description has them whole."""


class _Axis(NamedTuple):
    """Where log-worths lie on the paper."""

    low: float
    high: float
    step: float

    def x(self, value: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * (value - self.low) / (self.high - self.low)

    def ticks(self) -> list[float]:
        return [self.low + n * self.step for n in range(round((self.high - self.low) / self.step) + 1)]


def worth_plot(result: Rankings) -> str:
    """An SVG of log-worths with intervals and ranks; what has no worth is named."""
    tops, height = [], 0
    for one in result:
        tops.append(height)
        height += _TOP + _ROW * len(one.worths) + _BOTTOM
    drawn = [line for top, one in zip(tops, result, strict=True) for line in _panel(top, one, result.confidence)]
    told = "; ".join(_told(one, row) for one in result for row in one.worths)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" '
        f'role="img" aria-labelledby="title desc" font-family="system-ui, sans-serif" font-size="12" fill="{_INK}">'
    )
    title = '<title id="title">Systems by what people preferred</title>'
    paper = f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>'
    return "\n".join([head, title, f'<desc id="desc">{harmless(told)}</desc>', paper, *drawn, "</svg>\n"])


def span(worths: tuple[Worth, ...]) -> tuple[float, float]:
    """The lowest and the highest log-worth or end of an interval, and 0."""
    ends = [v for row in worths for v in (row.log_worth, row.low, row.high) if v is not None]
    return min([0.0, *ends]), max([0.0, *ends])


def _panel(top: float, one: CriterionRanking, confidence: float) -> Iterator[str]:
    axis = _axis(one.worths)
    title = "Log-worth" if one.criterion is None else f"Log-worth: {one.criterion}"
    yield text_at(16, top + 22, title, "font-weight='600' font-size='13'")
    yield text_at(16, top + 40, _about(one, confidence), f"fill='{_PALE}' font-size='11'")
    yield text_at(_WIDTH - _RIGHT + 14, top + 52, "rank", f"fill='{_PALE}' font-size='11'")
    yield text_at(_WIDTH - 62, top + 52, "worth", f"fill='{_PALE}' font-size='11'")
    yield from _axes(axis, top + _TOP, top + _TOP + _ROW * len(one.worths))
    for line, (row, place) in enumerate(zip(one.worths, places(one.worths), strict=True)):
        yield from _row(axis, row, top + _TOP + _ROW * (line + 0.5), place)


def _about(one: CriterionRanking, confidence: float) -> str:
    zero = "the mean of all" if one.baseline is None else one.baseline
    bars = f"; bars: {100 * confidence:.10g}% intervals" if any(row.low is not None for row in one.worths) else ""
    return f"{int(one.ranking.comparisons)} comparisons; log-odds of being preferred, 0 is {zero}{bars}"


def _axis(worths: tuple[Worth, ...]) -> _Axis:
    low, high = span(worths)
    if high - low < 1e-9:
        low, high = -1.0, 1.0
    step = round_step(high - low)
    return _Axis(math.floor(low / step) * step, math.ceil(high / step) * step, step)


def _axes(axis: _Axis, top: float, bottom: float) -> Iterator[str]:
    places = places_of(axis.step)
    for value in axis.ticks():
        zero = abs(value) < axis.step / 2
        look = f'stroke="{_PALE}" stroke-dasharray="3 3"' if zero else f'stroke="{_GRID}"'
        yield f'<line x1="{axis.x(value):.1f}" y1="{top}" x2="{axis.x(value):.1f}" y2="{bottom}" {look}/>'
        label = f"{0.0 if zero else value:.{places}f}"
        yield text_at(axis.x(value), bottom + 17, label, f"text-anchor='middle' fill='{_PALE}'")
    yield f'<line x1="{_LEFT}" y1="{bottom}" x2="{_WIDTH - _RIGHT}" y2="{bottom}" stroke="{_PALE}"/>'


def _row(axis: _Axis, row: Worth, y: float, place: int) -> Iterator[str]:
    yield text_at(_LEFT - 10, y + 4, short(row.system, _LONG), "text-anchor='end'")
    if row.log_worth is None or row.worth is None:
        yield text_at(_LEFT + 8, y + 4, "no worth", f"fill='{_PALE}' font-style='italic'")
        return
    if row.low is not None and row.high is not None:
        low, high = axis.x(row.low), axis.x(row.high)
        yield f'<line x1="{low:.1f}" y1="{y}" x2="{high:.1f}" y2="{y}" stroke="{_BLUE}" stroke-width="2"/>'
        for end in {low, high}:
            yield f'<line x1="{end:.1f}" y1="{y - 4}" x2="{end:.1f}" y2="{y + 4}" stroke="{_BLUE}" stroke-width="2"/>'
    yield f'<circle cx="{axis.x(row.log_worth):.1f}" cy="{y}" r="4.5" fill="{_BLUE}"/>'
    yield text_at(_WIDTH - _RIGHT + 14, y + 4, ranked(row, place))
    yield text_at(_WIDTH - 16, y + 4, f"{row.worth:.1%}", "text-anchor='end'")


def places(worths: tuple[Worth, ...]) -> list[int]:
    """Of systems from best to worst; equal worths share a place."""
    values = [None if row.log_worth is None else round(row.log_worth, 9) for row in worths]
    return [1 + values.index(value) for value in values]


def ranked(row: Worth, place: int) -> str:
    """A system's place, with the ranks it may have."""
    if not row.identified:
        return "-"
    if row.rank_low is None or row.rank_high is None:
        return str(place)
    span = str(row.rank_low) if row.rank_low == row.rank_high else f"{row.rank_low} to {row.rank_high}"
    return f"{place} ({span})"


def _told(one: CriterionRanking, row: Worth) -> str:
    name = row.system if one.criterion is None else f"{one.criterion}, {row.system}"
    if row.log_worth is None:
        return f"{name}: no worth ({row.reason})"
    ends = "" if row.low is None else f", {row.low:z.3f} to {row.high:z.3f}"
    return f"{name}: {row.log_worth:z.3f}{ends}"
