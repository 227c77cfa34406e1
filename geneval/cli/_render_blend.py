"""Blends as tables, JSON or Markdown, on stdout."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from textwrap import fill
from typing import TYPE_CHECKING

from geneval.cli._render import markdown_of, table_of
from geneval.cli._talk import plain, plain_json

if TYPE_CHECKING:
    from geneval.blend_files import BlendFile
    from geneval.blending import BlendFit, Estimate, PreferenceRate, Weight

Grid = tuple[str, list[str], list[list[str]]]
"""A title, heads and rows."""

_NO_INTERVAL = {"at_zero": "at zero, no interval", "reaches_zero": "reaches zero, no interval", "not_asked": ""}
_WIDE = 40
"""Characters of a bar of 100 %."""


def show_fit(result: BlendFit, form: str | None) -> None:
    """Prints what fitting found; tables on a terminal and JSON elsewhere, unless told."""
    _print(form, result.to_json(), list(_grids(result)), list(_prose(result)))


def show_rates(rates: Sequence[PreferenceRate], form: str | None) -> None:
    """Prints preference rates."""
    found = {"schema": "geneval.preference-rate/1", "rates": [rate.to_dict() for rate in rates]}
    first = rates[0]
    rows = [[plain(r.system), _percent(r.value, r.low, r.high), str(r.n)] for r in rates]
    at = "" if first.k is None else f" @{first.k}"
    title = f"Preferred to {plain(first.baseline)}, by {plain(first.blend)}{at}, %"
    told = [
        "The mean probability, if people call no tie. Nobody was asked: it is the blend's word, and people's of its data."
    ]
    _print(form, json.dumps(found, indent=2, ensure_ascii=False), [(title, ["", "preferred", "items"], rows)], told)


def show_file(found: BlendFile, form: str | None) -> None:
    """Prints what a blend file says."""
    about = {"blend": found.recipe.hash, "changed": found.changed, **found.about}
    rows = [
        [plain(part.scorer), f"{part.weight:.3f}", f"{part.scale:.4g}", f"{_native(found, n):.4g}"]
        for n, part in enumerate(found.recipe.parts)
    ]
    heads = ["part", "weight", "for each", "log-odds a unit"]
    _print(
        form,
        json.dumps(about, indent=2, ensure_ascii=False, default=str),
        [(plain(str(found.about.get("title", "A blend"))), heads, rows)],
        list(_said(found)),
    )


def _native(found: BlendFile, number: int) -> float:
    part = found.recipe.parts[number]
    return part.weight / part.scale / found.recipe.temperature


def _said(found: BlendFile) -> Iterator[str]:
    about = found.about
    if about.get("refusal"):
        yield f"Written by force: {plain(str(about['refusal']))}."
    if found.changed:
        yield (
            "Changed since it was fitted: how well it did in cross-validation is not about these weights, and nothing tells "
            "how well they do."
        )
    for table in ("trained_on", "cross_validation", "percent_right_by_category"):
        for key, value in dict(about.get(table, {})).items():
            yield f"{table.replace('_', ' ')}: {plain(key)}: {plain(_listed(value))}"
    for key, what in (("good_for", "Good for"), ("not_for", "Not for")):
        for line in dict(about.get("card", {})).get(key, []):
            yield f"{what}: {plain(str(line))}"
    yield f"recipe {found.recipe.hash}"


def _listed(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _print(form: str | None, text: str, grids: list[Grid], told: list[str]) -> None:
    form = form or ("table" if sys.stdout.isatty() else "json")
    if form == "json":
        print(plain_json(text))
    elif form == "markdown":
        for title, heads, rows in grids:
            print(f"**{title}**\n")
            markdown_of(heads, rows)
            print()
        print("\n".join(f"- {line}" for line in told))
    else:
        _table(grids, told)


def _table(grids: list[Grid], told: list[str]) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console()
    for title, heads, rows in grids:
        console.print(Text(title, style="bold"))
        table_of(console, heads, rows)
    for line in told:
        console.print(Text(fill(line, console.width, initial_indent=" - ", subsequent_indent="   ")))


def _grids(result: BlendFit) -> Iterator[Grid]:
    rows = [_weight(row) for row in result.parts]
    yield "Weights", ["part", "weight", "for each", "accuracy it adds, %", "log loss it saves"], rows
    if result.nuisance:
        rows = [_weight(row)[:3] for row in result.nuisance]
        yield "Nuisance: fitted beside the parts, and not in the blend", ["", "weight", "for each"], rows
    rows = [
        [plain(p.name), _of(p.accuracy), _of(p.accuracy_ties), _number(p.log_loss), _number(p.brier)]
        for p in result.predictors
    ]
    heads = ["", "accuracy, %", "with ties, %", "log loss", "Brier"]
    yield "Predictions for items that were not trained on", heads, rows
    if result.systems:
        rows = [
            [plain(s.system), _of(s.blend), _of(s.best), _of(s.within), str(s.blend.n), "falls" if s.falls else ""]
            for s in result.systems
        ]
        heads = ["left out", "blend on its pairs, %", "best part, %", "blend among the others, %", "pairs", ""]
        yield "Predictions for systems that were not trained on", heads, rows
    rows = [
        [
            f"{100 * b.predicted:.0f}",
            f"{_percent(b.observed, b.low, b.high)}",
            f"{b.votes:g}",
            _bar(b.predicted, b.observed),
        ]
        for b in result.calibration.bins
    ]
    yield (
        "Do probabilities come true? (o predicted, # observed)",
        ["predicted, %", "observed, %", "votes", "50 % to 100 %"],
        rows,
    )


def _weight(row: Weight) -> list[str]:
    ends = _NO_INTERVAL[row.reason] if row.low is None else f"[{row.low:.2f}, {row.high:.2f}]"
    loss = row.log_loss
    saved = "-" if loss is None or loss.value is None else f"{loss.value:+.3f}"
    gained = "-" if row.accuracy is None else _signed(row.accuracy)
    return [plain(row.scorer), f"{row.weight:.2f} {ends}".strip(), f"{row.scale:.3g}", gained, saved]


def _of(one: Estimate) -> str:
    return "-" if one.value is None else _percent(one.value, one.low, one.high)


def _percent(value: float, low: float | None, high: float | None) -> str:
    ends = "" if low is None or high is None else f" [{100 * low:.1f}, {100 * high:.1f}]"
    return f"{100 * value:.1f}{ends}"


def _signed(one: Estimate) -> str:
    if one.value is None:
        return "-"
    ends = "" if one.low is None or one.high is None else f" [{100 * one.low:+.1f}, {100 * one.high:+.1f}]"
    return f"{100 * one.value:+.1f}{ends}"


def _number(one: Estimate) -> str:
    return "-" if one.value is None else f"{one.value:.3f}"


def _bar(predicted: float, observed: float) -> str:
    """Shares from a half to one; below a half there is nothing to draw."""
    at, reached = (round((max(share, 0.5) - 0.5) * 2 * (_WIDE - 1)) for share in (predicted, observed))
    return "".join("o" if n == at else "#" if n <= reached else "." for n in range(_WIDE))


def _prose(result: BlendFit) -> Iterator[str]:
    yield (
        f"Less its best part, which is chosen where the blend is fitted: accuracy {_signed(result.accuracy)} points on other "
        f"items, {_signed(result.out_of_system) if result.out_of_system else '-'} on other systems."
    )
    yield (
        f"A difference of 1 is odds of e to 1 that people prefer the higher; temperature {result.recipe.temperature:.3f}; "
        f"ties {result.recipe.ties:.3f}; expected calibration error {_of(result.calibration.error)} %, which chance alone "
        "makes larger than 0."
    )
    yield (
        "Weights are 0 or more. Where scorers are alike they share a weight in a way that may change from data to data; "
        "what a part adds tells more."
    )
