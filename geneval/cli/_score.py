"""`geneval score`."""

from __future__ import annotations

from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geneval.cli._columns import PANEL, Columns, Conditions, Origins, Tiers, columns
from geneval.cli._talk import Progressing, plain, say
from geneval_references import ItemsFailedError, UsageError

if TYPE_CHECKING:
    from geneval.results import Result


class Format(StrEnum):
    """How results are printed; `text` is about inputs."""

    table = "table"
    json = "json"
    csv = "csv"
    markdown = "markdown"
    latex = "latex"
    text = "text"


class CopiesChoice(StrEnum):
    """What becomes of a reference that equals the output."""

    keep = "keep"
    drop = "drop"


SCORING, SHOWING = "Scoring", "Results"


def score(
    outputs: Annotated[
        list[str],
        typer.Argument(
            metavar="OUTPUTS...",
            help="Files with outputs: .jsonl (.gz, .zst), .parquet, .csv, .tsv, a datasets folder, "
            "hf://owner/name?split=test, - for stdin. NAME=FILE names the system.",
        ),
    ],
    references: Annotated[
        list[str] | None,
        typer.Option(
            "--references",
            "-r",
            metavar="FILE",
            help="Reference sets, where the outputs' rows have none.",
            rich_help_panel=PANEL,
        ),
    ] = None,
    scorer: Annotated[
        list[str] | None,
        typer.Option(
            "--scorer",
            "-s",
            metavar="SPEC",
            help='A scorer such as bleu or "chrf(word_order=2)"; `geneval scorers` lists them. May be repeated.',
            rich_help_panel=SCORING,
        ),
    ] = None,
    k: Annotated[
        list[int] | None,
        typer.Option(
            "-k",
            metavar="K",
            help="Expected score at K references; makes sets of unequal size comparable.",
            rich_help_panel=SCORING,
        ),
    ] = None,
    band: Annotated[
        bool, typer.Option("--band", help="Also score each reference against its siblings.", rich_help_panel=SCORING)
    ] = False,
    copies: Annotated[
        CopiesChoice,
        typer.Option(help="Keep or drop references equal to the output (for the band alike).", rich_help_panel=SCORING),
    ] = CopiesChoice.keep,
    tier: Tiers = None,
    origin: Origins = None,
    condition: Conditions = None,
    column: Columns = None,
    allow_missing: Annotated[
        bool,
        typer.Option(
            "--allow-missing", help="Take items without references or outputs, and count them.", rich_help_panel=PANEL
        ),
    ] = False,
    fitted: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="RUN",
            help="Use document frequencies and the like that this earlier run has saved.",
            rich_help_panel=SCORING,
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(envvar="GENEVAL_SEED", help="Of the bootstrap and drawn subsets.", rich_help_panel=SCORING)
    ] = 12345,
    resamples: Annotated[
        int, typer.Option(help="Bootstrap draws of items; 0: no intervals.", rich_help_panel=SCORING)
    ] = 1000,
    confidence: Annotated[float, typer.Option(help="Of the intervals.", rich_help_panel=SCORING)] = 0.95,
    draws: Annotated[
        int, typer.Option(help="At most so many subsets of an item's references at each K.", rich_help_panel=SCORING)
    ] = 100,
    fail_on_error: Annotated[
        float,
        typer.Option(
            metavar="N",
            help="Exit with 4 when more outputs than N (or than this share, below 1) get no score.",
            rich_help_panel=SHOWING,
        ),
    ] = 0,
    format: Annotated[  # noqa: A002 - the option's name
        list[Format] | None,
        typer.Option(
            "--format",
            help="How results are printed: a table on a terminal, else json. `text` says that OUTPUTS and references "
            "are plain text, a line an item, one reference file a reference.",
            rich_help_panel=SHOWING,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="DIR", help="Write a run directory (never overwritten).", rich_help_panel=SHOWING
        ),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Say nothing but errors on stderr.", rich_help_panel=SHOWING)
    ] = False,
) -> None:
    """Score outputs against reference sets, with 95 % intervals and signatures.

    Results go to stdout, talk to stderr. Exit codes: 0 ok, 1 failed, 2 usage, 3 bad input, 4 items could not be
    scored, 6 something is not installed.

    Example: geneval score A=a.jsonl B=b.jsonl -r references.jsonl -s bleu -s "rouge(kind='L')" -o run
    """
    from geneval.data import read_inputs
    from geneval.defaults import default_scorers
    from geneval.evaluation import Settings, evaluate
    from geneval.results import read_fitted
    from geneval.run_directory import run_directory, writing

    shown, text = _formats(format)
    if not fail_on_error >= 0:
        raise UsageError(
            f"--fail-on-error {fail_on_error} does not fit; allowed: 0 or more outputs, or a share below 1"
        )
    settings = Settings(
        k=tuple(k or ()),
        copies=copies.value,
        band=band,
        seed=seed,
        resamples=resamples,
        confidence=confidence,
        draws=draws,
        tiers=tuple(tier) if tier else None,
        origins=tuple(origin) if origin else None,
        conditions=tuple(condition) if condition else None,
    )
    specs, left_out = (scorer, None) if scorer else default_scorers()
    if left_out and not quiet:
        say(f"note: {left_out}")
    with ExitStack() as stack:
        # Before anything is read: a place that cannot be written to is better known now than after the work.
        folder = stack.enter_context(run_directory(output)) if output else None
        with Progressing(quiet=quiet) as progress:
            inputs = read_inputs(
                outputs,
                references=references or (),
                columns=columns(column),
                format="text" if text else None,
                allow_missing=allow_missing,
                watch=progress,
            )
        if not quiet:
            for note in inputs.notes:
                say(f"note: {plain(note)}")
        states = [state for path in fitted or () for state in read_fitted(path)]
        with Progressing(quiet=quiet) as progress:
            result = evaluate(inputs, specs, settings, fitted=states, watch=progress)
        # Printed first: a full disk must not take the numbers with it.
        show(result, shown, quiet=quiet)
        if folder and output:
            with writing(output):
                result.write(folder)
    if output and not quiet:
        say(f"written: {output}")
    _check_failures(result, fail_on_error)


def show(result: Result, shown: Format | None, *, quiet: bool) -> None:
    """Prints warnings on stderr and results on stdout."""
    from geneval.cli._render import render

    if not quiet:
        for warning in result.warnings:
            say(f"warning: {plain(warning)}")
    render(result, None if shown is None else shown.value)


def _formats(given: list[Format] | None) -> tuple[Format | None, bool]:
    printed = [f for f in given or () if f is not Format.text]
    if len(printed) > 1:
        raise UsageError(f"--format {printed[0]} and --format {printed[1]}: results are printed in one format")
    return (printed[0] if printed else None), Format.text in (given or ())


def _check_failures(result: Result, allowed: float) -> None:
    for row in result.scores:
        if row.score is None:
            at = "" if row.k is None else f" at k={row.k}"
            raise ItemsFailedError(f"{row.scorer}{at} could score none of {row.system}'s outputs; the warnings say why")
        limit = allowed * (row.n + row.n_failed) if 0 < allowed < 1 else allowed
        if row.n_failed > limit:
            raise ItemsFailedError(
                f"{row.scorer} could not score {row.n_failed} of {row.system}'s outputs, more than --fail-on-error "
                f"{allowed:g} allows; segments.parquet (-o DIR) names them"
            )
