"""What pictures (SVG) have in common: harmless text, round steps of an axis, labels that do not overlap."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape


def harmless(text: str) -> str:
    """Text for an element, without characters that XML does not allow or that steer a reader."""
    return escape("".join(c if c.isprintable() else "\ufffd" for c in text), quote=False)


def text_at(x: float, y: float, text: str, look: str = "") -> str:
    """An SVG text; `look` are attributes that the caller wrote."""
    return f'<text x="{x:.1f}" y="{y:.1f}" {look}>{harmless(text)}</text>'


def short(text: str, most: int) -> str:
    """A name of so many letters at most; what tells long names apart is often their end, so the middle is cut.

    >>> short("org/model-large-v2", 12)
    'org/mo…ge-v2'
    """
    tail = (most - 1) // 2
    return text if len(text) <= most else f"{text[: most - 1 - tail]}…{text[len(text) - tail :]}"


def round_step(span: float) -> float:
    """A round distance between grid lines, four to eight of them."""
    if span <= 0:
        return 0.1
    size = 10.0 ** math.floor(math.log10(span))
    return next(size * part for part in (0.1, 0.2, 0.25, 0.5, 1.0, 2.0) if span / (size * part) <= 7)


def places_of(step: float) -> int:
    """Decimals that tell ticks so far apart from each other."""
    return max(0, math.ceil(-math.log10(step) - 1e-9) + (f"{step:e}"[:3] == "2.5"))


def apart(wanted: Sequence[float], line: float, bottom: float) -> list[float]:
    """Heights of labels, in order, each a line below the one before, none below `bottom` where there is room.

    >>> apart([10, 12, 40], line=15, bottom=100)
    [10, 25, 40]
    """
    out: list[float] = []
    for y in wanted:
        out.append(max(y, out[-1] + line) if out else y)
    if out and out[-1] > bottom:
        for n in range(len(out) - 1, -1, -1):
            out[n] = min(out[n], bottom - (len(out) - 1 - n) * line)
    return out
