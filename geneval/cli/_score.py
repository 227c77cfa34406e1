"""`geneval score`."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geneval.cli._columns import Columns, Conditions, Origins, Tiers, columns
from geneval.cli._options import (
    SCORING,
    SHOWING,
    AllowMissing,
    Confidence,
    CopiesChoice,
    CopiesRule,
    Draws,
    FailOnError,
    Fitted,
    Format,
    Formats,
    Outputs,
    Quiet,
    ReferenceCounts,
    References,
    Scorers,
    Seed,
    check_failures,
    check_limit,
    formats,
    none_scored,
)
from geneval.cli._talk import Progressing, plain, say
from geneval_references import UsageError

if TYPE_CHECKING:
    from geneval.results import Result
    from geneval.tiers import ByTier, Column


def score(
    outputs: Outputs,
    references: References = None,
    scorer: Scorers = None,
    k: ReferenceCounts = None,
    band: Annotated[
        bool, typer.Option("--band", help="Also score each reference against its siblings.", rich_help_panel=SCORING)
    ] = False,
    copies: CopiesRule = CopiesChoice.keep,
    tier: Tiers = None,
    origin: Origins = None,
    condition: Conditions = None,
    tiers: Annotated[
        str | None,
        typer.Option(
            metavar="TIERS",
            help="A column a tier: original,verified. + joins tiers in one column: original,original+verified.",
            rich_help_panel=SCORING,
        ),
    ] = None,
    column: Columns = None,
    allow_missing: AllowMissing = False,
    fitted: Fitted = None,
    seed: Seed = 12345,
    resamples: Annotated[
        int, typer.Option(help="Bootstrap draws of items; 0: no intervals.", rich_help_panel=SCORING)
    ] = 1000,
    confidence: Confidence = 0.95,
    draws: Draws = 100,
    fail_on_error: FailOnError = 0,
    format: Formats = None,  # noqa: A002 - the option's name
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help="Write a run directory (never overwritten). Interrupted, the same command goes on where it was.",
            rich_help_panel=SHOWING,
        ),
    ] = None,
    fresh: Annotated[
        bool,
        typer.Option(
            "--fresh", help="Start again, where DIR.partial holds an interrupted run.", rich_help_panel=SHOWING
        ),
    ] = False,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict",
            help="Exit with 5 where a scorer is of a family that admitted inferred references which count (geneval gate).",
            rich_help_panel=SCORING,
        ),
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Score outputs against reference sets, with 95 % intervals and signatures.

    Results go to stdout, talk to stderr. Exit codes: 0 ok, 1 failed, 2 usage, 3 bad input, 4 items could not be
    scored, 5 refused by --strict, 6 something is not installed.

    Example: geneval score A=a.jsonl B=b.jsonl -r references.jsonl -s bleu -s "rouge(kind='L')" -o run
    """
    from geneval.data import stream_inputs
    from geneval.defaults import default_scorers
    from geneval.evaluation import Settings, evaluate, prepared
    from geneval.fitted import read_fitted
    from geneval.resume import begin, plan
    from geneval.run_directory import WORK, run_directory, writing
    from geneval.tiers import by_tier, read_columns

    shown, text = formats(format)
    check_limit(fail_on_error)
    split = None if tiers is None else read_columns(tiers)
    if split and (tier or output):
        raise UsageError(
            f"--tiers {tiers} makes a column a choice of tiers, and prints them; "
            + ("leave --tier out" if tier else "to keep a run of one, use --tier TIER -o DIR")
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
        strict=strict,
    )
    specs, left_out = (scorer, None) if scorer else default_scorers()
    if left_out and not quiet:
        say(f"note: {left_out}")
    with ExitStack() as stack:
        # Before anything is read: a place that cannot be written to is better known now than after the work.
        folder = stack.enter_context(run_directory(output, resume=True, fresh=fresh)) if output else None
        named, form = columns(column), "text" if text else None
        with Progressing(quiet=quiet) as progress:
            inputs = stream_inputs(
                outputs,
                references=references or (),
                columns=named,
                format=form,
                allow_missing=allow_missing,
                watch=progress,
            )
        if not quiet:
            for note in inputs.notes:
                say(f"note: {plain(note)}")
        states = [state for path in fitted or () for state in read_fitted(path)]
        ready = prepared(specs)
        if split:
            with Progressing(quiet=quiet) as progress:
                found = by_tier(
                    split,
                    settings,
                    lambda: (item for item, _ in inputs.each()),
                    lambda chosen, learned: evaluate(inputs, ready, chosen, fitted=learned or states, watch=progress),
                )
            show_tiers(found, shown, quiet=quiet)
            for part in found.columns:
                _check_failures(part.result, fail_on_error)
            return
        work = (
            begin(folder / WORK, plan(inputs, {"columns": named, "format": form}, ready, settings, states))
            if folder
            else None
        )
        if work and work.parts.count and not quiet:
            say(f"note: going on from {folder}, where {work.parts.count} blocks are done")
        with Progressing(quiet=quiet) as progress:
            result = evaluate(inputs, ready, settings, fitted=states, watch=progress, keep=work.parts if work else None)
        # Printed first: a full disk must not take the numbers with it.
        show(result, shown, quiet=quiet)
        if folder and output and work:
            with writing(output):
                result.write(folder, created=work.created)
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


def show_tiers(found: ByTier, shown: Format | None, *, quiet: bool) -> None:
    """Prints columns of tiers side by side, and on stderr what each stands on."""
    from geneval.cli._render import render

    together = found.together()
    if not quiet:
        for part in found.columns:
            say(f"note: {plain(_standing(part))}")
        for warning in together.warnings:
            say(f"warning: {plain(warning)}")
    render(together, None if shown is None else shown.value, json=found.to_json)


def _standing(part: Column) -> str:
    strength = part.strength
    return (
        f"[{part.name}] {strength.items} items, {strength.mean:.2f} references an item, which amount to "
        f"{strength.effective:.2f} with nothing in common (effective number)"
    )


def _check_failures(result: Result, allowed: float) -> None:
    for row in result.scores:
        if row.score is None:
            raise none_scored(row.scorer, row.k, row.system)
        check_failures(row.scorer, row.system, scored=row.n, failed=row.n_failed, allowed=allowed)
