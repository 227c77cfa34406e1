"""Draws docs/images/demo.svg, the picture in the README, from a run of the demo: `python benchmarks/draw_readme.py`.

Needs the extras `neural` and `offline` for the last panel. The same versions give the same bytes.
"""

from __future__ import annotations

from html import escape
from pathlib import Path

from geneval import Result, Score, Settings, evaluate
from geneval.cli._demo import SCORERS
from geneval.cli._render import digits
from geneval.data import demo_inputs

TARGET = Path(__file__).parents[1] / "docs" / "images" / "demo.svg"

# Mid tones that stand out from white and from dark pages alike; the names beside them carry the meaning.
SYSTEMS = {
    "own": ("a right answer,", "written for this picture", "#2b7fd4"),
    "elsewhere": ("a right answer,", "written for another one", "#b7791f"),
    "mismatched": ("a wrong answer", "", "#c4544f"),
}
GREY = "#768390"
LEFT, PANEL, BAR, TOP, ROW = 158, 144, 122, 62, 58


def draw(result: Result) -> str:
    """One panel a scorer, one bar a system, with its interval; each panel has its own scale, from 0."""
    columns = list(dict.fromkeys(score.scorer for score in result))
    width, height = LEFT + PANEL * len(columns), TOP + ROW * len(SYSTEMS) + 22
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    font = f'font-family="system-ui, sans-serif" font-size="12" fill="{GREY}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" {font}>',
        "<title>Corpus scores of two right answers and a wrong one under five scorers</title>",
    ]
    for row, (system, (first, second, colour)) in enumerate(SYSTEMS.items()):
        y = TOP + row * ROW
        parts.append(_text(4, y + 13, system, size=14, fill=colour, bold=True))
        parts += [_text(4, y + 29, first), _text(4, y + 44, second)]
    for number, column in enumerate(columns):
        parts += _panel(LEFT + number * PANEL, [result.score(system, column) for system in SYSTEMS])
    note = "Bars begin at 0, each panel has its own scale. Lines: 95 % intervals over images."
    parts.append(_text(LEFT, height - 6, note, size=11))
    return "\n".join([*(part for part in parts if part), "</svg>"]) + "\n"


def _panel(x: int, scores: list[Score]) -> list[str]:
    name, _, options = scores[0].scorer.partition("(")
    out = [_text(x, 20, name, size=14, bold=True), _text(x, 37, options.removesuffix(")"), size=11)]
    top = max(score.high or 0.0 for score in scores)
    for row, (score, (*_, colour)) in enumerate(zip(scores, SYSTEMS.values(), strict=True)):
        y = TOP + row * ROW
        places = digits(score)
        end, low, high = (x + BAR * (value or 0.0) / top for value in (score.score, score.low, score.high))
        out.append(_text(x, y + 11, f"{score.score:.{places}f}", size=13, fill=colour, bold=True))
        out.append(_text(x + 47, y + 11, f"[{score.low:.{places}f}, {score.high:.{places}f}]", size=11))
        out.append(
            f'<rect x="{x}" y="{y + 18}" width="{end - x:.1f}" height="16" rx="2" fill="{colour}" opacity=".55"/>'
        )
        lines = f"M{low:.1f} {y + 26}H{high:.1f}M{low:.1f} {y + 21}v10M{high:.1f} {y + 21}v10"
        out.append(f'<path d="{lines}" stroke="{GREY}" stroke-width="1.6" fill="none"/>')
    return out


def _text(x: int, y: int, text: str, *, size: int = 12, fill: str = "", bold: bool = False) -> str:
    style = f' font-size="{size}"' + (f' fill="{fill}"' if fill else "") + (' font-weight="600"' if bold else "")
    return f'<text x="{x}" y="{y}"{style}>{escape(text, quote=False)}</text>' if text else ""


if __name__ == "__main__":
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(draw(evaluate(demo_inputs(), [*SCORERS, "cosine"], Settings())), encoding="utf-8")
    print(f"written: {TARGET.name}, {TARGET.stat().st_size} bytes")
