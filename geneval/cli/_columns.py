"""Options about data that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

from geneval_references import UsageError

PANEL = "Data"

Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar="NAME=COLUMN",
        help="Take NAME (id, output, references, ...) from COLUMN.",
        rich_help_panel=PANEL,
    ),
]
Tiers = Annotated[
    list[str] | None,
    typer.Option(
        "--tier",
        help="Only references of this tier count: original, verified, preferred, inferred, unverified.",
        rich_help_panel=PANEL,
    ),
]
Origins = Annotated[
    list[str] | None,
    typer.Option(
        "--origin",
        help="Only references of this origin count, for example human or 'paraphrase:*'.",
        rich_help_panel=PANEL,
    ),
]
Conditions = Annotated[
    list[str] | None,
    typer.Option("--condition", help="Only references that answer this condition count.", rich_help_panel=PANEL),
]


def columns(given: list[str] | None) -> dict[str, str]:
    """Reads `NAME=COLUMN` pairs.

    Raises:
        UsageError: one is no such pair.
    """
    out = {}
    for pair in given or ():
        name, found, column = pair.partition("=")
        if not (name and found and column):
            raise UsageError(f"--column {pair!r} does not fit; write NAME=COLUMN, for example output=response")
        out[name] = column
    return out
