"""The heat map of a probe: a colour for a rate, and the picture (SVG)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geneval.drawing import harmless, short

if TYPE_CHECKING:
    from geneval.probing import Contrast, Probe

# Orange below a half, white at it, blue above: told apart by people with any common colour vision. Every cell has its
# number as well, so that nothing hangs on colour.
_BELOW, _MIDDLE, _ABOVE = (230, 120, 30), (255, 255, 255), (100, 160, 222)
_INK, _SOFT, _LINE = "#1f2328", "#57606a", "#d0d7de"

_LEFT, _CELL, _HEAD, _ROW, _EDGE = 128, 92, 62, 34, 12
_NARROWEST = 460
"""So that the notes have room."""
_LETTERS = 15
"""So many fit above a column."""


def colour(rate: float | None) -> str:
    """The colour of a rate, as `#rrggbb`; dark text is readable on all of them (a contrast of 4.5 to 1 at least)."""
    if rate is None:
        return "#eeeeee"
    end = _ABOVE if rate > 0.5 else _BELOW
    share = abs(rate - 0.5) * 2
    return "#" + "".join(f"{round(m + (e - m) * share):02x}" for m, e in zip(_MIDDLE, end, strict=True))


def draw(probe: Probe) -> str:
    """Classes x scorers: the share in percent, its interval and ties below, the colour behind."""
    columns = [[row for row in probe.contrasts if row.scorer == scorer] for scorer in probe.scorers]
    columns.append(list(probe.controls))
    width = max(_LEFT + _CELL * len(columns) + 2 * _EDGE, _NARROWEST)
    bottom = _HEAD + _ROW * len(probe.classes)
    parts = _frame(width, bottom + 66, _told(probe))
    for row, class_ in enumerate(probe.classes):
        parts.append(_text(_EDGE, _HEAD + row * _ROW + 21, short(class_, _LETTERS + 3), size=13))
    for number, column in enumerate(columns):
        parts += _column(_EDGE + _LEFT + number * _CELL, column, control=number == len(probe.scorers))
    for line, note in enumerate(_notes(probe.confidence)):
        parts.append(_text(_EDGE, bottom + 22 + 16 * line, note, size=11, fill=_SOFT))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _frame(width: int, height: int, about: str) -> list[str]:
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    font = f'font-family="system-ui, sans-serif" font-size="12" fill="{_INK}"'
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-labelledby="title desc" {font}>',
        '<title id="title">What each scorer is blind to</title>',
        f'<desc id="desc">{about}</desc>',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]


def _notes(confidence: float) -> tuple[str, ...]:
    return (
        "Percent of pairs with the valid text above the invalid one, a tie counting half.",
        f"In brackets the {100 * confidence:.10g} % interval; = and the number of ties.",
        "50 is what a coin gets. Below 50: the invalid text is preferred.",
    )


def _told(probe: Probe) -> str:
    size = f"{len(probe.classes)} classes of minimal pairs in rows, {len(probe.scorers)} scorers in columns"
    return f"Heat map: {size}, and a control that prefers the longer text. Every cell has its number."


def _column(x: int, rows: list[Contrast], *, control: bool) -> list[str]:
    middle = x + _CELL // 2
    heads = _lines(rows[0].scorer)
    top = _HEAD - 9 - 14 * (len(heads) - 1)
    out = [_text(middle, top - 14, "control", size=11, fill=_SOFT, middle=True)] if control else []
    out += [_text(middle, top + 14 * i, part, bold=not i, middle=True) for i, part in enumerate(heads)]
    for place, row in enumerate(rows):
        y = _HEAD + place * _ROW
        out.append(f"<g><title>{harmless(_tip(row))}</title>")
        size = f'width="{_CELL}" height="{_ROW}" fill="{colour(row.rate)}" stroke="{_LINE}"'
        out.append(f'<rect x="{x}" y="{y}" {size}/>')
        if row.rate is None or row.low is None or row.high is None:
            out.append(_text(middle, y + 21, "no score", middle=True))
        else:
            out.append(_text(middle, y + 16, f"{100 * row.rate:.0f}", size=14, bold=True, middle=True))
            out.append(_text(middle, y + 29, _beside(row.low, row.high, row.ties), size=10, middle=True))
        out.append("</g>")
    return out


def _beside(low: float, high: float, ties: int) -> str:
    return f"[{100 * low:.0f}, {100 * high:.0f}]{f' ={ties}' if ties else ''}"


def _tip(row: Contrast) -> str:
    failed = f", {row.n_failed} not scored" if row.n_failed else ""
    return f"{row.scorer}, {row.class_}: {row.wins} right, {row.ties} tied, {row.losses} wrong of {row.n}{failed}"


def _lines(label: str) -> list[str]:
    """A spec on three lines at most: the name, then its options."""
    name, bracket, options = label.partition("(")
    parts = [short(name, _LETTERS)]
    rest = options.removesuffix(")") if bracket else ""
    pieces = [rest[i : i + _LETTERS] for i in range(0, len(rest), _LETTERS)]
    return parts + (pieces if len(pieces) <= 2 else [pieces[0], f"{pieces[1][:-1]}…"])


def _text(
    x: int, y: int, text: str, *, size: int = 12, fill: str = "", bold: bool = False, middle: bool = False
) -> str:
    style = f' font-size="{size}"' + (f' fill="{fill}"' if fill else "") + (' font-weight="600"' if bold else "")
    style += ' text-anchor="middle"' if middle else ""
    return f'<text x="{x}" y="{y}"{style}>{harmless(text)}</text>'
