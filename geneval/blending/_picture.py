"""A reliability diagram, as SVG: what was predicted against what people chose."""

from __future__ import annotations

from collections.abc import Iterator

from geneval.blending._calibration import Bin
from geneval.blending._model import BlendFit
from geneval.drawing import text_at

_SIZE, _LEFT, _TOP, _BOTTOM = 360, 64, 52, 56


def picture(result: BlendFit) -> str:
    """The diagram, with what it shows in words for those who do not see it."""
    bins = [one for one in result.calibration.bins if one.votes > 0]
    floor = min([0.5, *(one.low if one.low is not None else one.observed for one in bins)])
    floor = int(floor * 10) / 10
    width, height = _SIZE + _LEFT + 24, _SIZE + _TOP + _BOTTOM
    told = "; ".join(f"predicted {b.predicted:.2f}, observed {b.observed:.2f}, {b.votes:g} votes" for b in bins)
    error = result.calibration.error
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        'aria-labelledby="title desc" font-family="system-ui, sans-serif" font-size="12" fill="#1f2328">'
    )
    lines = [
        head,
        '<title id="title">Do predicted preferences come true?</title>',
        f'<desc id="desc">{told}</desc>',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        text_at(_LEFT, 20, "Do predicted preferences come true?", "font-weight='600' font-size='13'"),
        text_at(
            _LEFT,
            37,
            f"votes on items that were not trained on; calibration error {100 * (error.value or 0.0):.1f} %",
            "fill='#57606a' font-size='11'",
        ),
        *_axes(floor),
        *(line for one in bins for line in _point(one, floor)),
        "</svg>\n",
    ]
    return "\n".join(lines)


def _x(value: float) -> float:
    return _LEFT + _SIZE * (value - 0.5) / 0.5


def _y(value: float, floor: float) -> float:
    return _TOP + _SIZE * (1 - value) / (1 - floor)


def _axes(floor: float) -> Iterator[str]:
    right, bottom = _LEFT + _SIZE, _TOP + _SIZE
    for n in range(round(floor * 10), 11):
        y = _y(n / 10, floor)
        yield f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="#e3e6ea"/>'
        yield text_at(_LEFT - 8, y + 4, f"{10 * n}", "text-anchor='end' fill='#57606a'")
    for n in range(5, 11):
        yield text_at(_x(n / 10), bottom + 18, f"{10 * n}", "text-anchor='middle' fill='#57606a'")
    yield f'<line x1="{_LEFT}" y1="{bottom}" x2="{right}" y2="{bottom}" stroke="#57606a"/>'
    yield (
        f'<line x1="{_x(0.5):.1f}" y1="{_y(0.5, floor):.1f}" x2="{_x(1):.1f}" y2="{_y(1, floor):.1f}" stroke="#57606a" '
        'stroke-dasharray="4 4"/>'
    )
    yield text_at((_LEFT + right) / 2, bottom + 38, "predicted, %", "text-anchor='middle' fill='#57606a'")
    middle = (_TOP + bottom) / 2
    look = f"text-anchor='middle' fill='#57606a' transform='rotate(-90 16 {middle:.0f})'"
    yield text_at(16, middle, "as people chose, %", look)


def _point(one: Bin, floor: float) -> Iterator[str]:
    x = _x(one.predicted)
    if one.low is not None and one.high is not None:
        ends = f'y1="{_y(one.low, floor):.1f}" y2="{_y(one.high, floor):.1f}"'
        yield f'<line x1="{x:.1f}" x2="{x:.1f}" {ends} stroke="#0072b2" stroke-opacity="0.5" stroke-width="2"/>'
    yield f'<circle cx="{x:.1f}" cy="{_y(one.observed, floor):.1f}" r="4.5" fill="#0072b2"/>'
