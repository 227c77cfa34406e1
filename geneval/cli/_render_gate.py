"""The card of a gate as tables, JSON or Markdown, on stdout."""

from __future__ import annotations

import json
from textwrap import fill
from typing import TYPE_CHECKING

from geneval.cli._render import printed, table_of
from geneval.cli._talk import plain

if TYPE_CHECKING:
    from geneval.gating import Result


def show_card(result: Result, form: str | None) -> None:
    """Prints the card; tables on a terminal and JSON elsewhere, unless told."""
    from geneval.gating import markdown

    printed(
        form,
        json=lambda: json.dumps(result.card(), indent=2, ensure_ascii=False, allow_nan=False),
        markdown=lambda: print(plain(markdown(result), keep="\n")),
        table=lambda: _table(result),
    )


def _table(result: Result) -> None:
    from rich.console import Console
    from rich.text import Text

    from geneval.gating import grids, prose, verdict

    console = Console()
    console.print(Text(fill(plain(verdict(result)), console.width)))
    for title, heads, rows in grids(result):
        console.print(Text(plain(title), style="bold"))
        table_of(console, heads, [[plain(cell) for cell in row] for row in rows])
    for line in prose(result):
        console.print(Text(fill(plain(line), console.width, initial_indent=" - ", subsequent_indent="   ")))
