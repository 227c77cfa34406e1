"""The frame of a chart: its colours are classes of the page's style, so that it follows light, dark and print."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from geneval.drawing import harmless, places_of, round_step, text_at

WIDTH = 380
"""Of every chart: it fits a telephone as it is, and several stand side by side on a screen."""


def drawn(height: float, title: str, told: str, parts: Iterable[str]) -> Markup:
    """A chart, named and described for those who do not see it."""
    head = f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" class="chart">'
    about = f"<title>{harmless(title)}</title><desc>{harmless(told)}</desc>"
    return Markup("".join([head, about, *parts, "</svg>"]))  # noqa: S704 - every text went through `harmless`


def line(x1: float, y1: float, x2: float, y2: float, look: str) -> str:
    """A line of a class."""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{look}"/>'


def dot(x: float, y: float, look: str, size: float = 4) -> str:
    """A disc of a class."""
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size:g}" class="{look}"/>'


def words(x: float, y: float, text: str, look: str = "") -> str:
    """Text of a class."""
    return text_at(x, y, text, f'class="{look}"' if look else "")


@dataclass(frozen=True, slots=True)
class Scale:
    """From values to places on the paper."""

    low: float
    high: float
    start: float
    end: float

    @classmethod
    def of(cls, values: Iterable[float | None], start: float, end: float, *, room: float = 0.04) -> Scale:
        """A scale that holds all values, with some room at either end."""
        known = [value for value in values if value is not None]
        low, high = (min(known), max(known)) if known else (0.0, 1.0)
        spread = (high - low) or abs(high) or 1.0
        return cls(low - room * spread, high + room * spread, start, end)

    def at(self, value: float) -> float:
        """Where a value lies."""
        return self.start + (self.end - self.start) * (value - self.low) / (self.high - self.low)

    def ticks(self, most: int = 5) -> list[tuple[float, str]]:
        """Round values with their labels."""
        step = round_step(self.high - self.low)
        first = math.ceil(self.low / step - 1e-9)
        count = math.floor(self.high / step + 1e-9) - first + 1
        every = math.ceil(count / most)
        chosen = [n for n in range(first, first + count) if n % every == 0]
        places = places_of(step)
        return [(n * step, f"{n * step + 0.0:.{places}f}".replace("-", "−")) for n in chosen]
