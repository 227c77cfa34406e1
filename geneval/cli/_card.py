"""`geneval card`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from geneval.cli._options import SHOWING, Quiet
from geneval.cli._talk import plain, say
from geneval_references import UsageError


class CardFormat(StrEnum):
    """How cards are printed."""

    table = "table"
    json = "json"
    markdown = "markdown"


def card(
    reports: Annotated[
        list[str],
        typer.Argument(metavar="REPORT...", help="Folders that `geneval report -o` has written, one a data set."),
    ],
    scorer: Annotated[
        list[str] | None,
        typer.Option("--scorer", "-s", metavar="SPEC", help="Only the cards of this scorer. May be repeated."),
    ] = None,
    format: Annotated[  # noqa: A002 - the option's name
        CardFormat | None,
        typer.Option("--format", help="A table on a terminal, else json.", rich_help_panel=SHOWING),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Write the cards as JSON here; never overwrites.",
            rich_help_panel=SHOWING,
        ),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Join reports on several data sets to a card of metric bias for each scorer.

    Exit codes: 0 done, 1 failed, 2 usage, 3 a report cannot be read.

    Example: geneval card reports/captions reports/talks -o card.json --format markdown
    """
    from geneval.cards import metric_cards
    from geneval.cli._render_card import render

    if output is not None and output.exists():
        raise UsageError(f"{output} is there already; results are never overwritten: name another file")
    found = metric_cards(reports, scorers=scorer)
    if not quiet:
        for warning in found.warnings:
            say(f"warning: {plain(warning)}")
    if output is not None:
        _write(output, found.to_json())
    render(found, None if format is None else format.value)


def _write(place: Path, text: str) -> None:
    """Writes a new file."""
    try:
        with place.open("x", encoding="utf-8") as file:
            file.write(text + "\n")
    except OSError as error:
        raise UsageError(f"{place} cannot be written to: {error.strerror}; name another file") from error
