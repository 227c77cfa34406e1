"""Draws docs/images/patterns.svg and writes a table of docs/retrieval.md: `python benchmarks/draw_patterns.py`.

Five ways to rank, for R = 5 to 10 right answers, after Figure 4 of Chun, "Multiplicity is an Inevitable and Inherent Challenge in
Multimodal Learning" (arXiv 2505.19614), against the worths that people's 3,200 choices gave them in ECCV Caption (Chun et al. 2022, section 4.1).
A consistency check, and no evidence of its own: which list length people saw is not said, and the fifth pattern (all wrong)
is inferred; R = 7 and R = 8 alone give the published order. The same versions give the same bytes.
"""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np

from geneval.cli._render import markdown_of
from geneval_scorers.ranking import Judged, Judgements, RankedLists, RankMetric, parse_metric

DOCS = Path(__file__).parents[1] / "docs"
BEGIN, END = "<!-- begin: patterns -->\n", "<!-- end: patterns -->"
WORTHS = (70.85, 13.15, 10.66, 4.89, 0.44)
PATTERNS = ("only top 1 wrong", "only top 1 right", "top 1 to 5 wrong", "only top 5 right", "all wrong")
"""In the order of their worths; "only top 5 right": the fifth place alone."""
METRICS = {"map_at_r": "#2b7fd4", "r_precision": "#3d9a6c", "recall(k=5)": "#b7791f", "recall(k=1)": "#c4544f"}
LENGTHS = tuple(range(5, 11))
GREY = "#768390"
LEFT, TOP, WIDTH, HEIGHT = 46, 44, 420, 260


def values(metric: str, right: int) -> list[float]:
    """A metric of the five patterns where a query has R right answers and R places are looked at."""
    hits = (range(1, right), [0], range(5, right), [4], [])
    items = [f"i{n}" for n in range(right)]
    known = Judgements.of({str(n): [Judged(item) for item in items] for n in range(len(hits))})
    lists = {str(n): [items[i] if i in set(mine) else f"x{i}" for i in range(right)] for n, mine in enumerate(hits)}
    found = parse_metric(metric)
    assert isinstance(found, RankMetric)
    return found.values(RankedLists.of("five", lists, known.items).placed(known)).tolist()


def correlation(metric: str, right: int) -> float | None:
    """Pearson's, of the metric with the worths; None where it is the same for all."""
    scores = values(metric, right)
    return float(np.corrcoef(scores, WORTHS)[0, 1]) if len(set(scores)) > 1 else None


def table() -> str:
    """A row a metric, a column a number of right answers."""
    rows = [
        [f"`{m}`", *(f"{r:.3f}" if (r := correlation(m, n)) is not None else "-" for n in LENGTHS)] for m in METRICS
    ]
    out = io.StringIO()
    with redirect_stdout(out):
        markdown_of(["metric", *(f"R = {n}" for n in LENGTHS)], rows)
    return out.getvalue()


def draw() -> str:
    """A line a metric, over R."""
    size = f'viewBox="0 0 {LEFT + WIDTH + 110} {TOP + HEIGHT + 60}" width="{LEFT + WIDTH + 110}" height="{TOP + HEIGHT + 60}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family="system-ui, sans-serif" font-size="12" fill="{GREY}">',
        "<title>Correlation of four metrics with what people prefer, over the number of right answers</title>",
        _text(4, 18, "Consistency check: Pearson correlation with human worths, five ways to rank", size=13),
    ]
    for tick in (-0.5, 0.0, 0.5, 1.0):
        parts += [
            f'<path d="M{LEFT} {_y(tick):.1f}H{LEFT + WIDTH}" stroke="{GREY}" stroke-opacity="{0.7 if tick == 0 else 0.25}"/>',
            _text(LEFT - 8, _y(tick) + 4, f"{tick:g}", anchor="end"),
        ]
    parts += [_text(_x(n), TOP + HEIGHT + 18, str(n), anchor="middle") for n in LENGTHS]
    parts.append(_text(LEFT + WIDTH / 2, TOP + HEIGHT + 38, "R, right answers of a query", anchor="middle"))
    for metric, colour in METRICS.items():
        points = [(_x(n), _y(r)) for n in LENGTHS if (r := correlation(metric, n)) is not None]
        line = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        parts.append(f'<path d="M{line}" stroke="{colour}" stroke-width="2" fill="none"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
        parts.append(_text(points[-1][0] + 10, points[-1][1] + 4, metric, fill=colour))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _x(right: int) -> float:
    return LEFT + 20 + (WIDTH - 30) * (right - LENGTHS[0]) / (len(LENGTHS) - 1)


def _y(value: float) -> float:
    return TOP + HEIGHT * (1 - (value + 0.5) / 1.5)


def _text(x: float, y: float, text: str, *, size: int = 12, fill: str = GREY, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{fill}" text-anchor="{anchor}">{text}</text>'


def main() -> None:
    """Write picture and table."""
    (DOCS / "images" / "patterns.svg").write_text(draw(), encoding="utf-8")
    page = DOCS / "retrieval.md"
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    page.write_text(f"{before}{BEGIN}{table()}{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
