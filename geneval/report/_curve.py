"""One number against another, such as agreement with people against the number of references."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from geneval.drawing import short
from geneval.report._svg import WIDTH, Scale, dot, drawn, line, words
from geneval.report._words import Json, interval, number

_TOP, _BOTTOM, _LEFT, _HEIGHT = 44, 40, 46, 240


def curve(title: str, points: Sequence[tuple[int, Json]], *, under: str, enough: int | None, span: Scale) -> Markup:
    """The chart: points with intervals, joined; a rule where it is enough.

    Args:
        title: above it.
        points: (k, `Estimate` as JSON), by k.
        under: what k is.
        enough: the k from which on more adds nothing that matters.
        span: the range of values, the same for charts that stand beside each other.
    """
    base = _HEIGHT - _BOTTOM
    tall = Scale(span.low, span.high, base, _TOP)
    wide = Scale(points[0][0], max(points[-1][0], points[0][0] + 1), _LEFT + 10, WIDTH - 14)
    parts = [words(0, 18, short(title, 46), "head")]
    for value, label in tall.ticks():
        parts += [line(_LEFT, tall.at(value), WIDTH, tall.at(value), "grid")]
        parts += [words(_LEFT - 6, tall.at(value) + 4, label, "soft end")]
    for k, _ in points[:: -(-len(points) // 10)]:
        parts.append(words(wide.at(k), base + 17, str(k), "soft middle"))
    if enough is not None:
        parts += [line(wide.at(enough), _TOP, wide.at(enough), base, "zero")]
        parts += [words(wide.at(enough) + 5, _TOP + 10, f"{enough} {'is' if enough == 1 else 'are'} enough", "soft")]
    known = [(wide.at(k), found) for k, found in points if found.get("value") is not None]
    corners = " ".join(f"{x:.1f},{tall.at(found['value']):.1f}" for x, found in known)
    parts.append(f'<polyline points="{corners}" class="curve"/>')
    for x, found in known:
        if found.get("low") is not None and found.get("high") is not None:
            parts.append(line(x, tall.at(found["low"]), x, tall.at(found["high"]), "whisker first"))
        parts.append(dot(x, tall.at(found["value"]), "dot first"))
    parts.append(words((WIDTH + _LEFT) / 2, _HEIGHT - 6, under, "soft middle"))
    told = "; ".join(f"{k}: {number(found.get('value'))} {interval(found)}".strip() for k, found in points)
    return drawn(_HEIGHT, title, told, parts)
