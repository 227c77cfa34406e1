"""Scores against people's grades, counted in cells, with the penalised valid outputs inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from geneval.agreement._correlations import Floats
from geneval.drawing import short
from geneval.report._svg import WIDTH, Scale, drawn, line, words

_TOP, _BOTTOM, _LEFT, _HEIGHT = 44, 42, 46, 300
_ACROSS, _UP = 8, 24
"""Cells; the page stays small however many outputs there are."""


@dataclass(frozen=True, slots=True)
class Cells:
    """How many outputs there are in each cell.

    Attributes:
        columns: (lowest, highest) grade of each column of cells.
        rows: edges of scores, one more than there are rows.
        outputs, penalised: [columns, rows].
    """

    columns: Sequence[tuple[float, float]]
    rows: Floats
    outputs: np.ndarray
    penalised: np.ndarray


def cells_of(grade: Floats, score: Floats, penalised: np.ndarray) -> Cells | None:
    """Counts outputs; None where there are none."""
    known = ~(np.isnan(grade) | np.isnan(score))
    grade, score, penalised = grade[known], score[known], penalised[known]
    if not len(grade):
        return None
    values = np.unique(grade)
    if len(values) > _ACROSS:
        edges = np.linspace(values[0], values[-1], _ACROSS + 1)
        column = np.clip(np.searchsorted(edges, grade, "right") - 1, 0, _ACROSS - 1)
        columns = [(float(edges[n]), float(edges[n + 1])) for n in range(_ACROSS)]
    else:
        column = np.searchsorted(values, grade)
        columns = [(float(value), float(value)) for value in values]
    rows = np.linspace(score.min(), score.max() if score.max() > score.min() else score.min() + 1, _UP + 1)
    row = np.clip(np.searchsorted(rows, score, "right") - 1, 0, _UP - 1)
    shape, place = (len(columns), _UP), column * _UP + row
    counts = [np.bincount(place[mask], minlength=shape[0] * _UP).reshape(shape) for mask in (slice(None), penalised)]
    return Cells(columns, rows, counts[0], counts[1])


def scatter(title: str, cells: Cells, *, across: str, level: float | None) -> Markup:
    """The chart: for each grade a histogram of scores, lying on its side; `level` is where the band's lowest quarter ends."""
    base = _HEIGHT - _BOTTOM
    tall = Scale(float(cells.rows[0]), float(cells.rows[-1]), base, _TOP)
    wide = (WIDTH - _LEFT) / len(cells.columns)
    parts = [words(0, 18, short(title, 46), "head")]
    for value, label in tall.ticks():
        parts += [line(_LEFT, tall.at(value), WIDTH, tall.at(value), "grid")]
        parts += [words(_LEFT - 6, tall.at(value) + 4, label, "soft end")]
    scale = 0.92 * wide / float(cells.outputs.max())
    for column, row in zip(*np.nonzero(cells.outputs), strict=True):
        x, y = _LEFT + wide * (column + 0.04), tall.at(float(cells.rows[row + 1]))
        for counts, look in ((cells.outputs, "all"), (cells.penalised, "marked")):
            if counts[column, row]:
                size = f'width="{max(scale * counts[column, row], 1.2):.1f}" height="{(base - _TOP) / _UP - 1:.1f}"'
                parts.append(f'<rect x="{x:.1f}" y="{y + 0.5:.1f}" {size} class="cell {look}"/>')
    for place, (low, high) in enumerate(cells.columns):
        if place % -(-len(cells.columns) // 6) == 0:
            label = f"{low:.3g}" if low == high else f"{low:.2g}–{high:.2g}"
            parts.append(words(_LEFT + wide * (place + 0.04), base + 17, label, "soft"))
    if level is not None and tall.low <= level <= tall.high:
        parts.append(line(_LEFT, tall.at(level), WIDTH, tall.at(level), "zero"))
    parts.append(words((WIDTH + _LEFT) / 2, _HEIGHT - 8, across, "soft middle"))
    told = f"{int(cells.outputs.sum())} outputs by grade and score; {int(cells.penalised.sum())} of them are valid and penalised."
    return drawn(_HEIGHT, title, told, parts)


def rows_of(scorer: str, cells: Cells) -> list[Mapping[str, object]]:
    """The cells as rows."""
    return [
        {
            "scorer": scorer,
            "grade_from": cells.columns[column][0],
            "grade_to": cells.columns[column][1],
            "score_from": float(cells.rows[row]),
            "score_to": float(cells.rows[row + 1]),
            "outputs": int(cells.outputs[column, row]),
            "penalised_valid": int(cells.penalised[column, row]),
        }
        for column, row in zip(*np.nonzero(cells.outputs), strict=True)
    ]
