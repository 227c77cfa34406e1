"""Results as a table, JSON, CSV, Markdown or LaTeX, on stdout."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from geneval.cli._talk import plain, plain_json

if TYPE_CHECKING:
    from rich.console import Console

    from geneval.comparison import Baseline
    from geneval.results import Result, Score

ARROWS = {"higher": "↑", "lower": "↓"}

NO_QUALITY = (
    "Diversity and traits: they say nothing of quality by themselves. Arrows point to what is more diverse, or what is "
    "usually wanted of a trait."
)
"""Stands above the table of scores whose role is not validity."""

_FIELDS = (
    "system",
    "scorer",
    "k",
    "score",
    "low",
    "high",
    "direction",
    "n",
    "n_flagged",
    "n_missing",
    "n_failed",
    "signature",
)


def render(result: Result, form: str | None, *, json: Callable[[], str] | None = None) -> None:
    """Prints a result; a table on a terminal and JSON elsewhere, unless told; `json` gives another text than its own."""
    printed(
        form,
        json=json or result.to_json,
        csv=lambda: _csv(result),
        markdown=lambda: _markdown(result),
        latex=lambda: _latex(result),
        table=lambda: table(result),
    )


def printed(form: str | None, *, json: Callable[[], str], **printers: Callable[[], None]) -> None:
    """Prints in the form asked for: unless told, a table on a terminal and JSON elsewhere.

    Args:
        form: `json`, or the name of one of the printers.
        json: gives the text.
        printers: print it otherwise; `table` is one of them.
    """
    form = form or ("table" if sys.stdout.isatty() else "json")
    if form == "json":
        print(plain_json(json()))
    else:
        printers[form]()


def digits(score: Score | Baseline) -> int:
    """How many decimals are worth printing."""
    top = score.scale[1]
    return 2 if top is None or top > 10 else 3


def cell(score: Score) -> str:
    """A score with its interval."""
    if score.score is None:
        return "-"
    places = digits(score)
    text = f"{score.score:.{places}f}"
    return text if score.low is None else f"{text} [{score.low:.{places}f}, {score.high:.{places}f}]"


def heading(score: Score) -> str:
    """A column's name: the spec, k where it was asked for, and which way is better."""
    at = "" if score.k is None else f" @{score.k}"
    return plain(f"{score.scorer}{at} {ARROWS[score.direction]}")


def grids(result: Result) -> Iterator[tuple[str, list[str], list[list[str]]]]:
    """What is to be said before a table, its columns and its rows: scores of validity, then those of what is none."""
    for validity in (True, False):
        scores, bands = (
            [s for s in group if (s.role == "validity") == validity] for group in (result.scores, result.bands)
        )
        if scores:
            yield ("" if validity else NO_QUALITY), *_grid(scores, bands)


def _grid(scores: list[Score], bands: list[Score]) -> tuple[list[str], list[list[str]]]:
    """Columns and rows: systems x scorers, and what stands beside the scores."""
    every = [*scores, *bands]
    columns = list(dict.fromkeys((s.scorer, s.k) for s in every))
    heads = ["system", *(heading(next(s for s in every if (s.scorer, s.k) == c)) for c in columns)]
    heads += [_counted(scores), "empty / missing / failed", "copies"]
    rows = []
    for band, group in ((False, scores), (True, bands)):
        for system in dict.fromkeys(s.system for s in group):
            mine = {(s.scorer, s.k): s for s in group if s.system == system}
            row = ["references, each against its siblings" if band else plain(system)]
            differ = len({s.n for s in mine.values()}) > 1  # then each score says how many outputs it is over
            row += [cell(mine[c]) + (_over(mine[c]) if differ else "") if c in mine else "-" for c in columns]
            counts = [[getattr(s, name) for s in mine.values()] for name in ("n_flagged", "n_missing", "n_failed")]
            row += [
                _span([s.n for s in mine.values()]),
                " / ".join(map(_span, counts)),
                _rates(s.copies.rate for s in mine.values()),
            ]
            rows.append(row)
    return heads, rows


def _counted(scores: list[Score]) -> str:
    """The name of the column of counts; where scorers count different things, the cells say what."""
    return "n sets" if all(s.counts == "sets" for s in scores) else "n"


def _over(score: Score) -> str:
    return f" n={score.n}" + (" sets" if score.counts == "sets" else "")


def _span(values: list[int]) -> str:
    return str(values[0]) if min(values) == max(values) else f"{min(values)}-{max(values)}"


def _rates(values: Iterable[float]) -> str:
    """One rate, or the lowest and the highest where they differ."""
    known = sorted(values)
    return "-".join(dict.fromkeys(f"{rate:.1%}" for rate in (known[0], known[-1])))


def signatures(result: Result) -> list[str]:
    """Each recipe once."""
    return list(dict.fromkeys(s.signature for s in [*result.scores, *result.bands]))


def beside(result: Result) -> str:
    """What the column of copies is to be read against."""
    siblings = _rates(score.copies.reference_rate for score in result.scores)
    return f"copies: outputs that equal one of their references; references that equal a sibling: {siblings}"


def table(result: Result) -> None:
    """A table for people; as many columns side by side as the terminal has room for, the rest below."""
    from rich.console import Console  # loaded where first used
    from rich.text import Text

    console = Console()
    for said, heads, rows in grids(result):
        if said:
            console.print(Text(said), soft_wrap=True)
        table_of(console, heads, rows)
    for line in signatures(result):
        console.print(Text(plain(line), style="dim"), soft_wrap=True)
    console.print(Text(beside(result), style="dim"), soft_wrap=True)


def table_of(
    console: Console,
    heads: list[str],
    rows: list[list[str]],
    style: Callable[[int, int], str] = lambda _row, _column: "",
) -> None:
    """Prints rows under their heads; a cell may have several lines, and a style of its own."""
    from rich.table import Table
    from rich.text import Text

    widths = [max(len(line) for row in (heads, *rows) for line in row[i].split("\n")) + 3 for i in range(len(heads))]
    for block in _blocks(widths, console.width):
        out = Table(show_edge=False, pad_edge=False)
        for i in (0, *block):
            out.add_column(Text(heads[i]), justify="left" if i == 0 else "right", overflow="fold")
        for place, row in enumerate(rows):
            out.add_row(*(Text(row[i], style=style(place, i)) for i in (0, *block)))
        console.print(out)
        console.print()


def _blocks(widths: list[int], room: int) -> list[list[int]]:
    """Columns 1 to the last in groups that fit beside column 0."""
    blocks: list[list[int]] = [[]]
    for i, width in enumerate(widths[1:], 1):
        if blocks[-1] and widths[0] + sum(widths[j] for j in blocks[-1]) + width > room:
            blocks.append([])
        blocks[-1].append(i)
    return blocks


def _csv(result: Result) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([*_FIELDS, "band"])
    for band, group in ((False, result.scores), (True, result.bands)):
        for score in group:
            row = score.to_dict()
            writer.writerow([*(harmless(row[field]) for field in _FIELDS), str(band).lower()])


def harmless(value: object) -> object:
    """Text that steers no terminal, with an apostrophe where a spreadsheet would take it for a formula (OWASP)."""
    if not isinstance(value, str):
        return value
    return f"'{plain(value)}" if value.startswith(("=", "+", "-", "@", "\t", "\r")) else plain(value)


def _markdown(result: Result) -> None:
    for said, heads, rows in grids(result):
        print(f"{said}\n\n" if said else "", end="")
        markdown_of(heads, rows)
        print()
    for signature in signatures(result):
        print(f"- `{plain(signature)}`")
    print(f"- {beside(result)}")


def markdown_of(heads: list[str], rows: list[list[str]]) -> None:
    """Prints rows under their heads as a table of Markdown."""
    for line in [heads, ["---", *["---:"] * (len(heads) - 1)], *rows]:
        print("| " + " | ".join(text.replace("|", "\\|") for text in line) + " |")


_LATEX = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"} | {
    c: f"\\{c}" for c in "&%$#_{}"
}
_LATEX |= {"↑": r"$\uparrow$", "↓": r"$\downarrow$", "±": r"$\pm$", "μ": r"$\mu$", "Δ": r"$\Delta$"}


def _latex(result: Result) -> None:
    for said, heads, rows in grids(result):
        print(f"% {said}\n" if said else "", end="")
        latex_of(heads, rows)
    for signature in signatures(result):
        print(f"% {plain(signature)}")
    print(f"% {beside(result)}")


def latex_of(heads: list[str], rows: list[list[str]]) -> None:
    """Prints rows under their heads as a table of LaTeX (booktabs)."""
    print(r"\begin{tabular}{l" + "r" * (len(heads) - 1) + "}")
    print(r"\toprule")
    for i, line in enumerate([heads, *rows]):
        # A row that begins with a bracket would be read as an option of the line break before it.
        print("{}" + " & ".join("".join(_LATEX.get(c, c) for c in text) for text in line) + r" \\")
        if i == 0:
            print(r"\midrule")
    print("\\bottomrule\n\\end{tabular}")
