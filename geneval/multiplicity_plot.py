"""The multiplicity degree |r| as a histogram: SVG, and lines for a terminal."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from geneval.drawing import harmless, text_at
from geneval_references import MultiplicityReport

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 640, 330, 60, 20, 66, 56
_INK, _PALE, _GRID = "#1f2328", "#57606a", "#e3e6ea"
_BLUE = "#0072b2"
_MOST = 40
"""More bars than this are put together, so that each can be seen."""
_BLOCKS = " ▏▎▍▌▋▊▉█"


def bins(counts: Mapping[int, int], most: int = _MOST) -> list[tuple[int, int, int]]:
    """(least, greatest, items) of bars of equal width from the smallest to the largest degree.

    >>> bins({1: 5, 3: 2})
    [(1, 1, 5), (2, 2, 0), (3, 3, 2)]
    """
    if not counts:
        return []
    low, high = min(counts), max(counts)
    width = math.ceil((high - low + 1) / most)
    edges = range(low, high + 1, width)
    return [(edge, edge + width - 1, sum(counts.get(n, 0) for n in range(edge, edge + width))) for edge in edges]


def lines(counts: Mapping[int, int], width: int = 40, most: int = 24) -> Iterator[str]:
    """A line a bar: the degree, the bar, the items."""
    bars = bins(counts, most)
    top = max((items for _, _, items in bars), default=1)
    labels = [_label(low, high) for low, high, _ in bars]
    for label, (_, _, items) in zip(labels, bars, strict=True):
        eighths = max(round(8 * width * items / top), items > 0)
        bar = "█" * (eighths // 8) + _BLOCKS[eighths % 8].strip()
        yield f"{label:>{max(map(len, labels))}} {bar} {items}"


def multiplicity_plot(found: MultiplicityReport) -> str:
    """An SVG: how many items have so many distinct references, all tiers together, and the mean of each tier."""
    bars = bins(found.degree.counts)
    told = ", ".join(f"{_label(low, high)}: {items}" for low, high, items in bars if items)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}" '
        f'role="img" aria-labelledby="title desc" font-family="system-ui, sans-serif" font-size="12" fill="{_INK}">'
    )
    return "\n".join(
        [
            head,
            '<title id="title">How many right answers items have</title>',
            f'<desc id="desc">Items by number of distinct references. {harmless(told)}</desc>',
            f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
            text_at(16, 24, "Distinct references of an item, |r|", "font-weight='600' font-size='13'"),
            text_at(16, 42, _about(found), f"fill='{_PALE}' font-size='11'"),
            *_bars(bars),
            *_means(found, bars),
            "</svg>\n",
        ]
    )


def _about(found: MultiplicityReport) -> str:
    degree = found.degree
    if degree.mean is None or degree.share_above_one is None:
        return "no item has a reference"
    return (
        f"{degree.items} items, {found.positives} references; mean {degree.mean:.2f}, median {degree.median:g}; more than "
        f"one in {degree.share_above_one:.0%} of items"
    )


def _bars(bars: list[tuple[int, int, int]]) -> Iterator[str]:
    top = max((items for _, _, items in bars), default=1)
    base, step = _HEIGHT - _BOTTOM, _tick(top)
    for value in range(0, top + 1, step):
        y = base - (base - _TOP) * value / top
        yield f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{_WIDTH - _RIGHT}" y2="{y:.1f}" stroke="{_GRID}"/>'
        yield text_at(_LEFT - 8, y + 4, str(value), f"text-anchor='end' fill='{_PALE}'")
    wide = (_WIDTH - _LEFT - _RIGHT) / max(len(bars), 1)
    every = math.ceil(len(bars) * 34 / (_WIDTH - _LEFT - _RIGHT))
    for n, (low, high, items) in enumerate(bars):
        tall, x = (base - _TOP) * items / top, _LEFT + n * wide
        name = harmless(f"{_label(low, high)}: {items} items")
        look = f'width="{max(wide - 2, 1):.1f}" height="{tall:.1f}" fill="{_BLUE}"'
        yield f'<rect x="{x + 1:.1f}" y="{base - tall:.1f}" {look}><title>{name}</title></rect>'
        if n % every == 0:
            yield text_at(x + wide / 2, base + 16, _label(low, high), f"text-anchor='middle' fill='{_PALE}'")
    yield f'<line x1="{_LEFT}" y1="{base}" x2="{_WIDTH - _RIGHT}" y2="{base}" stroke="{_PALE}"/>'
    yield text_at(_LEFT - 8, _TOP - 8, "items", f"text-anchor='end' fill='{_PALE}'")


def _means(found: MultiplicityReport, bars: list[tuple[int, int, int]]) -> Iterator[str]:
    tiers = "; ".join(
        f"{tier} {d.mean:.2f} ({d.items} items)" for tier, d in found.by_tier.items() if d.mean is not None
    )
    yield text_at(_LEFT, _HEIGHT - 14, f"Mean by tier: {tiers or '-'}", f"fill='{_PALE}' font-size='11'")
    if found.degree.mean is None or not bars:
        return
    low, high = bars[0][0], bars[-1][1]
    x = _LEFT + (_WIDTH - _LEFT - _RIGHT) * (found.degree.mean - low + 0.5) / (high - low + 1)
    yield f'<line x1="{x:.1f}" y1="{_TOP}" x2="{x:.1f}" y2="{_HEIGHT - _BOTTOM}" stroke="{_INK}" stroke-dasharray="4 3"/>'
    yield text_at(x + 5, _TOP + 10, f"mean {found.degree.mean:.2f}", "font-size='11'")


def _tick(top: int) -> int:
    size: int = 10 ** max(math.floor(math.log10(max(top, 1))) - 1, 0)
    return next(step for part in (1, 2, 5, 10, 20, 50) if top / (step := part * size) <= 6)


def _label(low: int, high: int) -> str:
    return str(low) if low == high else f"{low}-{high}"
