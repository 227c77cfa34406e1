"""`geneval compare`."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from geneval.cli._columns import Columns, Conditions, Origins, Tiers
from geneval.cli._options import (
    SCORING,
    AllowMissing,
    Confidence,
    CopiesChoice,
    CopiesRule,
    Draws,
    FailOnError,
    Fitted,
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
    read,
)
from geneval.cli._talk import Progressing, plain, say
from geneval_references import ItemsFailedError

if TYPE_CHECKING:
    from geneval.comparison import Baseline, Comparison, Comparisons


class MethodChoice(StrEnum):
    """How chance is drawn; both spellings are one method."""

    randomisation = "randomisation"
    randomization = "randomization"
    bootstrap = "bootstrap"


def compare(
    outputs: Outputs,
    references: References = None,
    scorer: Scorers = None,
    baseline: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The system that the others are compared to; default: the first.",
            rich_help_panel=SCORING,
        ),
    ] = None,
    method: Annotated[
        MethodChoice,
        typer.Option(
            help="Approximate randomisation, or the paired bootstrap as in sacrebleu.", rich_help_panel=SCORING
        ),
    ] = MethodChoice.randomisation,
    resamples: Annotated[
        int | None,
        typer.Option(help="Draws of the test; default: 10000, bootstrap 1000.", rich_help_panel=SCORING),
    ] = None,
    k: ReferenceCounts = None,
    copies: CopiesRule = CopiesChoice.keep,
    tier: Tiers = None,
    origin: Origins = None,
    condition: Conditions = None,
    column: Columns = None,
    allow_missing: AllowMissing = False,
    fitted: Fitted = None,
    seed: Seed = 12345,
    confidence: Confidence = 0.95,
    draws: Draws = 100,
    fail_on_error: FailOnError = 0,
    format: Formats = None,  # noqa: A002 - the option's name
    quiet: Quiet = False,
) -> None:
    """Compare systems with a baseline: is the difference more than chance, and how large is it?

    Paired tests on the same items, corrected for how many there are. Results go to stdout, talk to stderr. Exit codes
    are those of `geneval score`.

    Example: geneval compare old=old.jsonl new=new.jsonl -r references.jsonl -s bleu -s chrf --baseline old
    """
    from geneval.comparison import compare_inputs
    from geneval.defaults import default_scorers
    from geneval.evaluation import Settings
    from geneval.results import read_fitted

    shown, text = formats(format)
    check_limit(fail_on_error)
    settings = Settings(
        k=tuple(k or ()),
        copies=copies.value,
        seed=seed,
        confidence=confidence,
        draws=draws,
        tiers=tuple(tier) if tier else None,
        origins=tuple(origin) if origin else None,
        conditions=tuple(condition) if condition else None,
    )
    specs, left_out = (scorer, None) if scorer else default_scorers()
    if left_out and not quiet:
        say(f"note: {left_out}")
    inputs = read(outputs, references, column, text=text, allow_missing=allow_missing, quiet=quiet)
    states = [state for path in fitted or () for state in read_fitted(path)]
    with Progressing(quiet=quiet) as progress:
        result = compare_inputs(
            inputs,
            specs,
            settings,
            baseline=baseline,
            method=method.value,
            resamples=resamples,
            fitted=states,
            watch=progress,
        )
    _show(result, None if shown is None else shown.value, quiet=quiet)
    _check_failures(result, fail_on_error)


def _show(result: Comparisons, form: str | None, *, quiet: bool) -> None:
    from geneval.cli._render_comparison import render

    if not quiet:
        for warning in result.warnings:
            say(f"warning: {plain(warning)}")
    render(result, form)


def _check_failures(result: Comparisons, allowed: float) -> None:
    rows: list[Baseline | Comparison] = [*result.baselines, *result.comparisons]
    for base in result.baselines:
        if base.score.value is None:
            raise none_scored(base.scorer, base.k, base.system)
    for row in rows:
        if row.score.value is None:
            raise ItemsFailedError(
                f"{row.scorer}: {row.system} and {result.baseline} share no item that both have a score for; the "
                "warnings say why"
            )
        check_failures(
            row.scorer, row.system, scored=row.n_outputs - row.n_failed, failed=row.n_failed, allowed=allowed
        )
