"""A probe as a heat map in the terminal, JSON, CSV, Markdown or LaTeX, on stdout."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from dataclasses import fields
from textwrap import fill
from typing import TYPE_CHECKING

from geneval.cli._render import harmless, latex_of, markdown_of, printed, table_of
from geneval.cli._talk import plain

if TYPE_CHECKING:
    from geneval.probing import Contrast, Probe, Verdict

_PROSE = """\
Percent of pairs in which the valid text scores better than the invalid one [{sure}% CI]; a tie counts half, =N is the \
number of ties.
50 is what a coin gets. Below 50: the scorer prefers the invalid text. An interval that holds 50 leaves open whether \
the scorer sees the difference at all.
longer text: no scorer, but how often the valid text has more characters; away from 50, length tells something."""


def render(result: Probe, form: str | None, show: int) -> None:
    """Prints a probe; a table on a terminal and JSON elsewhere, unless told."""
    printed(
        form,
        json=lambda: result.to_json(show),
        csv=lambda: _csv(result),
        markdown=lambda: _markdown(result, show),
        latex=lambda: _latex(result),
        table=lambda: _table(result, show),
    )


def grid(result: Probe) -> tuple[list[str], list[list[str]], list[list[Contrast]]]:
    """Columns, rows, and the contrast that each cell shows; the last two columns are the control and the counts."""
    columns = [[row for row in result.contrasts if row.scorer == scorer] for scorer in result.scorers]
    columns.append(list(result.controls))
    cells = [list(row) for row in zip(*columns, strict=True)]
    heads = ["class", *(plain(column[0].scorer) for column in columns), "pairs"]
    rows = [[plain(row[0].class_), *map(cell, row), str(row[-1].n)] for row in cells]
    return heads, rows, cells


def cell(row: Contrast) -> str:
    """The rate with its interval and ties, and how many pairs have no score."""
    failed = f" {row.n_failed} not scored" if row.n_failed else ""
    if row.rate is None or row.low is None or row.high is None:
        return f"-{failed}"
    ties = f" ={row.ties}" if row.ties else ""
    return f"{100 * row.rate:.0f} [{100 * row.low:.0f}, {100 * row.high:.0f}]{ties}{failed}"


def prose(result: Probe) -> list[str]:
    """What the numbers mean."""
    return _PROSE.format(sure=f"{100 * result.confidence:.10g}").split("\n")


def signatures(result: Probe) -> list[str]:
    """Each recipe once."""
    return list(dict.fromkeys(row.signature for row in result.contrasts))


def examples(result: Probe, show: int) -> Iterator[tuple[str, list[Verdict]]]:
    """For each scorer and class a heading, and the pairs to show."""
    for scorer in result.scorers if show else ():
        for class_ in result.classes:
            row = result.contrast(scorer, class_)
            if row.losses or row.ties:
                counts = f"{row.losses} wrong, {row.ties} tied of {row.n}"
                yield plain(f"{scorer}, {class_}: {counts}"), result.wrong(scorer, class_, show)


def lines(verdict: Verdict) -> list[tuple[str, str]]:
    """A pair, text by text, with the scores it got."""
    pair = verdict.pair
    told = [("reference", reference) for reference in pair.references]
    told += [(f"valid {verdict.valid:.4g}", pair.valid), (f"invalid {verdict.invalid:.4g}", pair.invalid)]
    return [(name, plain(text)) for name, text in told]


def _table(result: Probe, show: int) -> None:
    from rich.console import Console  # loaded where first used
    from rich.text import Text

    from geneval.heat_map import colour

    heads, rows, cells = grid(result)

    def style(row: int, column: int) -> str:
        inside = 0 < column <= len(cells[row])
        return f"#1f2328 on {colour(cells[row][column - 1].rate)}" if inside else ""

    console = Console()
    table_of(console, heads, rows, style)
    for sentence in prose(result):
        console.print(Text(fill(sentence, console.width, initial_indent=" - ", subsequent_indent="   ")))
    for heading, verdicts in examples(result, show):
        console.print(Text(f"\n{heading}", style="bold"))
        for verdict in verdicts:
            console.print(Text(f"  {plain(verdict.pair.id)}{' (tie)' if verdict.outcome == 'tie' else ''}"))
            for name, text in lines(verdict):
                console.print(Text(f"    {name:16} {text}"), soft_wrap=True)
    console.print()
    for signature in signatures(result):
        console.print(Text(plain(signature), style="dim"), soft_wrap=True)


def _markdown(result: Probe, show: int) -> None:
    heads, rows, _ = grid(result)
    markdown_of(heads, rows)
    print()
    for sentence in (*prose(result), *(f"`{plain(signature)}`" for signature in signatures(result))):
        print(f"- {sentence}")
    for heading, verdicts in examples(result, show):
        print(f"\n**{heading}**\n")
        for verdict in verdicts:
            print(f"- {plain(verdict.pair.id)}{' (tie)' if verdict.outcome == 'tie' else ''}")
            for name, text in lines(verdict):
                print(f"  - {name}: {text}")


def _latex(result: Probe) -> None:
    heads, rows, _ = grid(result)
    latex_of(heads, rows)
    for line in (*prose(result), *map(plain, signatures(result))):
        print(f"% {line}")


def _csv(result: Probe) -> None:
    from geneval.probing import Contrast

    names = [field.name.removesuffix("_") for field in fields(Contrast)]
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([*names, "control"])
    for control, group in ((False, result.contrasts), (True, result.controls)):
        for row in group:
            cells = row.to_dict()
            writer.writerow([*(harmless(cells[name]) for name in names), str(control).lower()])
