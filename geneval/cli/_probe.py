"""`geneval probe`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geneval.cli._columns import PANEL, Columns, columns
from geneval.cli._options import SHOWING, Confidence, FailOnError, Quiet, check_limit
from geneval.cli._pictures import check_place, draw
from geneval.cli._talk import Progressing, plain, say
from geneval_references import ItemsFailedError, UsageError

if TYPE_CHECKING:
    from geneval.data import MinimalPair
    from geneval.probing import Probe


class Format(StrEnum):
    """How results are printed."""

    table = "table"
    json = "json"
    csv = "csv"
    markdown = "markdown"
    latex = "latex"


_SHOWS = (None, Format.table, Format.json, Format.markdown)


def probe(
    scorer: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SCORER]...",
            help='Scorers such as bleu or "chrf(word_order=2)"; `geneval scorers` lists them. Default: those of '
            "`geneval score`.",
        ),
    ] = None,
    pairs: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="Your own pairs, rows of id, class, references, valid, invalid. May be repeated. Default: the pairs "
            "in English that ship with geneval.",
            rich_help_panel=PANEL,
        ),
    ] = None,
    class_: Annotated[
        list[str] | None,
        typer.Option(
            "--class", metavar="NAME", help="Only pairs of this class. May be repeated.", rich_help_panel=PANEL
        ),
    ] = None,
    column: Columns = None,
    confidence: Confidence = 0.95,
    show: Annotated[
        int,
        typer.Option(
            metavar="N",
            help="Of every scorer and class, also show N pairs that it got wrong, the furthest apart first.",
            rich_help_panel=SHOWING,
        ),
    ] = 0,
    svg: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw the heat map to this new file.", rich_help_panel=SHOWING),
    ] = None,
    fail_on_error: FailOnError = 0,
    format: Annotated[  # noqa: A002 - the option's name
        Format | None,
        typer.Option(
            "--format", help="How results are printed: a table on a terminal, else json.", rich_help_panel=SHOWING
        ),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """See what scorers are blind to: negation, numbers, who did what to whom, ...

    Every pair has references, a valid text, and an invalid one that differs
    from it in one respect, its class. For each scorer and class you get the share
    of pairs with the valid text above the invalid one, a tie counting half, and
    its interval. 50 % is what a coin gets. Below, the scorer prefers what is
    wrong, often since that repeats more of the references' words.

    A scorer that learns from references (cider) learns from those of the pairs.
    The column "longer text" is no scorer: it shows where length would give the
    answer away. Results go to stdout, talk to stderr. Exit codes are those of
    `geneval score`.

    Example: geneval probe bleu chrf cosine --svg blind.svg

    Example: geneval probe cosine --class negation --show 3
    """
    from geneval.cli._render_probe import render
    from geneval.defaults import default_scorers
    from geneval.probing import probe_scorers

    check_limit(fail_on_error)
    _check(show, svg, format)
    specs, left_out = (scorer, None) if scorer else default_scorers()
    if left_out and not quiet:
        say(f"note: {left_out}")
    known = _pairs(pairs, column, quiet=quiet)
    with Progressing(quiet=quiet) as progress:
        result = probe_scorers(known, specs, classes=class_ or None, confidence=confidence, watch=progress)
    if not quiet:
        for warning in result.warnings:
            say(f"warning: {plain(warning)}")
    if svg is not None:
        draw(result.svg(), svg, quiet=quiet)
    render(result, None if format is None else format.value, show)
    _check_failures(result, fail_on_error)


def _check(show: int, svg: Path | None, form: Format | None) -> None:
    if show < 0:
        raise UsageError(f"--show {show} does not fit; allowed: 0 or more pairs")
    if show and form not in _SHOWS:
        raise UsageError(f"--show is for table, json and markdown; --format {form} has no place for texts")
    check_place(svg)


def _pairs(files: list[str] | None, column: list[str] | None, *, quiet: bool) -> tuple[MinimalPair, ...]:
    from geneval.data import probe_pairs, read_pairs

    named = columns(column)
    if not files:
        if named:
            raise UsageError("--column says where the columns of --pairs FILE are; no file is named")
        return probe_pairs()
    pairs, notes, _ = read_pairs(files, columns=named)
    if not quiet:
        for note in notes:
            say(f"note: {plain(note)}")
    return pairs


def _check_failures(result: Probe, allowed: float) -> None:
    for scorer in result.scorers:
        rows = [row for row in result.contrasts if row.scorer == scorer]
        scored, failed = sum(row.n for row in rows), sum(row.n_failed for row in rows)
        limit = allowed * (scored + failed) if 0 < allowed < 1 else allowed
        if not scored or failed > limit:
            raise ItemsFailedError(
                f"{scorer} could not score {failed} of {scored + failed} pairs; --fail-on-error {allowed:g} allows "
                f"{'that, but not that there is no score at all' if failed <= limit else 'fewer'}"
            )
