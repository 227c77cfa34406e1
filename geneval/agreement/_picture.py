"""Agreement against the number of references, as SVG: one panel a statistic, one line a scorer."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from geneval.agreement._model import Agreement, Curve
from geneval.drawing import apart, harmless, round_step, short, text_at
from geneval_references import UsageError

_HEADLINES = {("segment", "pearson", "none"), ("segment", "acc_eq", "item"), ("preference", "accuracy", "pair")}
_NAMES = {
    "pearson": "Pearson's r, all outputs",
    "acc_eq": "acc_eq by item: pairs ordered as people do, ties included",
    "accuracy": "accuracy: choices predicted as people made them",
}

# Okabe and Ito 2008: told apart with any colour vision; dashes and marks tell lines apart without colour.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a6d00", "#56b4e9", "#000000")
_DASHES = ("", "7 3", "2 3", "9 3 2 3", "4 4", "12 4", "1 4")
_MARKS = ("circle", "square", "triangle", "diamond", "wedge")

_WIDTH, _HEIGHT = 720, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 250, 46, 48
_LINE = 15
"""Height of a line of text."""


class _Frame(NamedTuple):
    """Where a panel's values lie on the paper."""

    top: float
    ks: tuple[int, ...]
    low: float
    high: float

    def x(self, k: float) -> float:
        first, last = self.ks[0], self.ks[-1]
        room = _WIDTH - _LEFT - _RIGHT
        return _LEFT + 8 + (room - 16) * (k - first) / max(last - first, 1)

    def y(self, value: float) -> float:
        room = _HEIGHT - _TOP - _BOTTOM
        return self.top + _TOP + room * (self.high - value) / (self.high - self.low)


def picture(result: Agreement) -> str:
    """An SVG of the curves: those of drawn references where they are there, else those of expected scores.

    Raises:
        UsageError: scores at one number of references alone make no curve.
    """
    panels = _panels(result)
    if not panels:
        raise UsageError(
            "a picture needs scores at several numbers of references: score with -k 1 -k 2 ..., or give outputs and "
            "references with these"
        )
    height = _HEIGHT * len(panels)
    drawn = [line for number, panel in enumerate(panels) for line in _panel(panel, number * _HEIGHT, result)]
    told = "; ".join(_told(curve) for panel in panels for curve in panel)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" '
        'role="img" aria-labelledby="title desc" font-family="system-ui, sans-serif" font-size="12" fill="#1f2328">'
    )
    title = "Agreement with people against the number of references"
    lines = [head, f'<title id="title">{title}</title>', f'<desc id="desc">{harmless(told)}</desc>']
    return "\n".join([*lines, f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>', *drawn, "</svg>\n"])


def _panels(result: Agreement) -> list[list[Curve]]:
    shown = [c for c in result.curves if (c.level, c.statistic, c.grouping) in _HEADLINES]
    kind = "drawn" if any(curve.scores == "drawn" for curve in shown) else "expected"
    panels: dict[tuple[object, ...], list[Curve]] = {}
    for curve in shown:
        if curve.scores == kind and len(curve.points) > 1 and any(p.value is not None for p in curve.points):
            key = (curve.level, curve.criterion, curve.statistic, curve.without)
            panels.setdefault(key, []).append(curve)
    return list(panels.values())


def _panel(curves: Sequence[Curve], top: float, result: Agreement) -> Iterator[str]:
    frame = _frame(curves, top)
    yield text_at(_LEFT, top + 18, _NAMES[curves[0].statistic], "font-weight='600' font-size='13'")
    yield text_at(_LEFT, top + 34, _about(curves[0], result), "fill='#57606a' font-size='11'")
    yield from _axes(frame)
    for number, curve in enumerate(curves):
        yield from _curve(frame, curve, number)
    yield from _labels(frame, curves)


def _about(curve: Curve, result: Agreement) -> str:
    parts = [curve.criterion or "", f"without {', '.join(curve.without)}" if curve.without else ""]
    what = "scores against k drawn references" if curve.scores == "drawn" else "expected scores at k references"
    parts += [what, f"bars: {100 * result.confidence:.10g}% CI over {result.resample}" if result.resamples else ""]
    return ", ".join(part for part in parts if part)


def _frame(curves: Sequence[Curve], top: float) -> _Frame:
    values = [v for curve in curves for p in curve.points for v in (p.value, p.low, p.high) if v is not None]
    step = round_step(max(values) - min(values))
    low, high = math.floor(min(values) / step) * step, math.ceil(max(values) / step) * step
    ks = tuple(sorted({point.k for curve in curves for point in curve.points}))
    return _Frame(top, ks, low, high if high > low else low + step)


def _axes(frame: _Frame) -> Iterator[str]:
    step = round_step(frame.high - frame.low)
    right, bottom = _WIDTH - _RIGHT, frame.top + _HEIGHT - _BOTTOM
    places = 2 if step >= 0.01 and abs(step * 100 - round(step * 100)) < 1e-9 else 3
    for n in range(round((frame.high - frame.low) / step) + 1):
        value = frame.low + n * step
        y = frame.y(value)
        yield f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="#e3e6ea"/>'
        yield text_at(_LEFT - 6, y + 4, f"{value:.{places}f}", "text-anchor='end' fill='#57606a'")
    for k in _ticks(frame.ks):
        x = frame.x(k)
        yield f'<line x1="{x:.1f}" y1="{bottom}" x2="{x:.1f}" y2="{bottom + 4}" stroke="#57606a"/>'
        yield text_at(x, bottom + 17, str(k), "text-anchor='middle' fill='#57606a'")
    yield f'<line x1="{_LEFT}" y1="{bottom}" x2="{right}" y2="{bottom}" stroke="#57606a"/>'
    yield text_at((_LEFT + right) / 2, bottom + 34, "references", "text-anchor='middle' fill='#57606a'")


def _ticks(ks: Sequence[int]) -> Sequence[int]:
    """No more than ten of them."""
    return ks[:: math.ceil(len(ks) / 10)]


def _curve(frame: _Frame, curve: Curve, number: int) -> Iterator[str]:
    colour = _COLOURS[number % len(_COLOURS)]
    points = [point for point in curve.points if point.value is not None]
    path = " ".join(f"{frame.x(p.k):.1f},{frame.y(p.value or 0):.1f}" for p in points)
    dash = f' stroke-dasharray="{_DASHES[number % len(_DASHES)]}"' if _DASHES[number % len(_DASHES)] else ""
    for point in points:
        if point.low is not None and point.high is not None:
            x = frame.x(point.k) + _aside(number)
            yield (
                f'<line x1="{x:.1f}" y1="{frame.y(point.low):.1f}" x2="{x:.1f}" y2="{frame.y(point.high):.1f}" '
                f'stroke="{colour}" stroke-opacity="0.45"/>'
            )
    yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>'
    for point in points:
        stops = point.k == curve.stops_at
        yield _mark(frame.x(point.k), frame.y(point.value or 0), number, colour, stops=stops)


def _aside(number: int) -> float:
    """Bars of several scorers stand beside each other."""
    return (number % 5 - 2) * 2.5


def _mark(x: float, y: float, number: int, colour: str, *, stops: bool) -> str:
    size = 6.0 if stops else 3.5
    look = f'fill="{"#ffffff" if stops else colour}" stroke="{colour}" stroke-width="2"'
    kind = _MARKS[number % len(_MARKS)]
    if kind == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size}" {look}/>'
    corners = {
        "square": ((-1, -1), (1, -1), (1, 1), (-1, 1)),
        "triangle": ((0, -1.2), (1.1, 1), (-1.1, 1)),
        "wedge": ((0, 1.2), (1.1, -1), (-1.1, -1)),
        "diamond": ((0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)),
    }[kind]
    points = " ".join(f"{x + size * dx:.1f},{y + size * dy:.1f}" for dx, dy in corners)
    return f'<polygon points="{points}" {look}/>'


def _labels(frame: _Frame, curves: Sequence[Curve]) -> Iterator[str]:
    """The scorer's name beside the end of its line, moved apart where lines end close together."""
    ends = []
    for number, curve in enumerate(curves):
        points = [point for point in curve.points if point.value is not None]
        if points:
            ends.append((frame.y(points[-1].value or 0), frame.x(points[-1].k), number, curve))
    ends.sort(key=lambda end: end[:3])
    for (y, x, number, curve), at in zip(
        ends, apart([end[0] for end in ends], _LINE, frame.top + _HEIGHT - _BOTTOM), strict=True
    ):
        colour, left = _COLOURS[number % len(_COLOURS)], _WIDTH - _RIGHT + 14
        yield f'<line x1="{x + 8:.1f}" y1="{y:.1f}" x2="{left - 2}" y2="{at:.1f}" stroke="{colour}" stroke-opacity="0.5"/>'
        yield _mark(left + 6, at, number, colour, stops=False)
        yield text_at(left + 16, at + 4, f"{short(curve.scorer, 24)}{_stops(curve)}", "")


def _stops(curve: Curve) -> str:
    if curve.scores != "drawn":
        return ""
    if curve.stops_at is not None:
        return f", stops at {curve.stops_at}"
    return f", rises to {curve.at_least}" if curve.reason == "still_rising" else ""


def _told(curve: Curve) -> str:
    """The curve in words, for those who do not see it."""
    values = ", ".join(f"{p.value:.3f} at k={p.k}" for p in curve.points if p.value is not None)
    left_out = f" without {', '.join(curve.without)}" if curve.without else ""
    return f"{curve.statistic}{left_out} of {curve.scorer}: {values}{_stops(curve)}"
