"""What `geneval retrieval` and `geneval labels` share: options, and what becomes of what they find."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geneval.cli._columns import PANEL
from geneval.cli._options import SCORING, SHOWING, Format, formats
from geneval.cli._talk import plain, say
from geneval_references import GenevalError, ItemsFailedError, UsageError

if TYPE_CHECKING:
    from geneval.query_scores import QueryScores

AllowEmpty = Annotated[
    bool,
    typer.Option(
        "--allow-missing",
        help="Take queries that a system has nothing for: they are wrong throughout, and counted.",
        rich_help_panel=PANEL,
    ),
]
Baseline = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="The system that the others are compared to; default: the first.",
        rich_help_panel=SCORING,
    ),
]
Resamples = Annotated[int, typer.Option(help="Bootstrap draws; 0: no intervals.", rich_help_panel=SCORING)]
Trials = Annotated[int, typer.Option(help="Of the paired test between systems; 0: no tests.", rich_help_panel=SCORING)]
Directory = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="DIR",
        help="Write results.json, queries.parquet, manifest.json and, by tier, misses.jsonl there (never overwritten).",
        rich_help_panel=SHOWING,
    ),
]
ByTiers = Annotated[
    bool | None,
    typer.Option(
        "--by-tier/--no-by-tier",
        help="Also score under the original positives alone, these with the verified ones, and so on: with bounds, orders that "
        "turn round and, with -o, every valid result that counts as a miss. Default: where there are several tiers.",
        rich_help_panel=SCORING,
    ),
]
Depth = Annotated[
    int,
    typer.Option(
        help="Places of each list in which verdicts on items that nobody judged are varied for the bounds of --by-tier; 0: no "
        "bounds.",
        rich_help_panel=SCORING,
    ),
]
_IN_PYTHON = (" (allow_missing=True)", " (about=...)", " (grade_from=...)")


def form_of(given: list[Format] | None) -> str | None:
    """How results are printed, None where it is not said.

    Raises:
        UsageError: plain text, or two forms.
    """
    shown, text = formats(given)
    if text:
        raise UsageError("--format text is about plain texts; ranked lists and labels come as rows, runs or matrices")
    return None if shown is None else shown.value


def finish(found: Callable[[], QueryScores], form: str | None, output: Path | None, *, quiet: bool) -> None:
    """Computes, prints and writes; a place that cannot be written to is told before the work."""
    from geneval.cli._render_queries import render
    from geneval.run_directory import run_directory, writing

    with ExitStack() as stack:
        folder = stack.enter_context(run_directory(output)) if output else None
        try:
            result = found()
        except GenevalError as error:
            raise type(error)(_as_options(str(error))) from error
        if not quiet:
            _tell(result)
        # Printed first: a full disk must not take the numbers with it; nor a reader who has seen enough what is kept.
        gone = None
        try:
            render(result, form)
        except BrokenPipeError as error:
            gone = error
        if folder and output:
            with writing(output):
                result.write(folder)
    if gone is not None:
        raise gone
    if output and not quiet:
        say(f"written: {output}")
    for row in result.scores:
        if row.score is None:
            raise ItemsFailedError(f"{row.metric} has no number for {row.system}: no query or item has a right answer")


def _tell(result: QueryScores) -> None:
    for note in result.notes:
        say(f"note: {plain(note)}")
    for warning in result.told:
        say(f"warning: {plain(_as_options(warning))}")


def _as_options(text: str) -> str:
    for words in _IN_PYTHON:
        text = text.replace(words, "")
    return text
