"""`geneval rank`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from geneval.cli._columns import PANEL, Columns, columns
from geneval.cli._options import SHOWING, Formats, Quiet, formats
from geneval.cli._pictures import check_place, draw
from geneval.cli._talk import plain, say
from geneval_references import GenevalError, UsageError

if TYPE_CHECKING:
    from geneval_scorers.preference._intervals import Cluster

MODEL, INTERVALS, MORE = "Model", "Intervals", "More judgements"


class TiesChoice(StrEnum):
    """What a tie is."""

    davidson = "davidson"
    rao_kupper = "rao-kupper"
    half = "half"


class PriorChoice(StrEnum):
    """What keeps worths finite."""

    none = "none"
    firth = "firth"
    gaussian = "gaussian"


class IntervalChoice(StrEnum):
    """Where intervals come from."""

    auto = "auto"
    information = "information"
    sandwich = "sandwich"
    bootstrap = "bootstrap"
    profile = "profile"
    none = "none"


class ClusterChoice(StrEnum):
    """Which choices may be alike."""

    auto = "auto"
    item = "item"
    annotator = "annotator"
    both = "both"
    none = "none"


def rank(
    preferences: Annotated[
        list[str],
        typer.Argument(
            metavar="PREFERENCES...",
            help="Files of choices: .jsonl (.gz, .zst), .json, .parquet, .csv, .tsv, a datasets folder, "
            "hf://owner/name?split=test, - for stdin. geneval's rows, and those of Arena, alpaca_eval, TRL and evalica.",
        ),
    ],
    from_ratings: Annotated[
        bool,
        typer.Option(
            "--from-ratings",
            help="The files hold grades (rows, or outputs with ratings): of two systems that one person graded for an "
            "item, the better grade wins.",
            rich_help_panel=PANEL,
        ),
    ] = False,
    tie_margin: Annotated[
        float, typer.Option(help="Grades that differ by no more than this tie.", rich_help_panel=PANEL)
    ] = 0.0,
    criterion: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Only this criterion; of grades NAME:lower where lower is better. May be repeated. By default choices "
            "are ranked under each.",
            rich_help_panel=PANEL,
        ),
    ] = None,
    column: Columns = None,
    ties: Annotated[
        TiesChoice, typer.Option(help="What a tie is; half: half a win for each side.", rich_help_panel=MODEL)
    ] = TiesChoice.davidson,
    order: Annotated[
        bool,
        typer.Option(
            "--order", help="Also fit what it gains to be shown on the left (shown_left).", rich_help_panel=MODEL
        ),
    ] = False,
    length: Annotated[
        bool,
        typer.Option(
            "--length",
            help="Also fit what it gains to be longer: (a - b) / (a + b + 1) in characters of output_a and output_b.",
            rich_help_panel=MODEL,
        ),
    ] = False,
    covariate: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN",
            help="Also fit the effect of this column: a number, what a has more of than b. May be repeated.",
            rich_help_panel=MODEL,
        ),
    ] = None,
    raters: Annotated[
        bool,
        typer.Option(
            "--raters",
            help="Also fit how reliable each annotator is (Crowd-BT), and list them; needs --prior gaussian.",
            rich_help_panel=MODEL,
        ),
    ] = False,
    prior: Annotated[
        PriorChoice,
        typer.Option(
            help="firth or gaussian make worths finite where choices leave them open (an undefeated system), and shrink "
            "them; the signature says so.",
            rich_help_panel=MODEL,
        ),
    ] = PriorChoice.none,
    sigma: Annotated[
        float | None,
        typer.Option(help="Of the Gaussian prior; by empirical Bayes by default.", rich_help_panel=MODEL),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(
            metavar="SYSTEM", help="Its log-worth is 0; by default the mean of all is.", rich_help_panel=MODEL
        ),
    ] = None,
    interval: Annotated[
        IntervalChoice, typer.Option(help="Where intervals come from.", rich_help_panel=INTERVALS)
    ] = IntervalChoice.auto,
    cluster: Annotated[
        ClusterChoice,
        typer.Option(
            help="Choices of one item or annotator may be alike; auto: items, else annotators, that have several; "
            "none: all are independent.",
            rich_help_panel=INTERVALS,
        ),
    ] = ClusterChoice.auto,
    confidence: Annotated[float, typer.Option(help="Of the intervals.", rich_help_panel=INTERVALS)] = 0.95,
    resamples: Annotated[int, typer.Option(help="Of a bootstrap.", rich_help_panel=INTERVALS)] = 999,
    seed: Annotated[
        int, typer.Option(envvar="GENEVAL_SEED", help="Of whatever is drawn.", rich_help_panel=INTERVALS)
    ] = 12345,
    next_: Annotated[
        int,
        typer.Option("--next", metavar="N", help="List the N pairs whose judgement tells most.", rich_help_panel=MORE),
    ] = 0,
    power: Annotated[
        float | None,
        typer.Option(
            metavar="DIFFERENCE",
            help="Tell how many more judgements find a difference of log-worths that size (0.4: one is preferred in "
            "60 % of choices), with a probability of 80 %.",
            rich_help_panel=MORE,
        ),
    ] = None,
    format: Formats = None,  # noqa: A002 - the option's name
    svg: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Draw worths with their intervals; never overwrites.", rich_help_panel=SHOWING
        ),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Rank systems by what people preferred: Bradley-Terry worths, with intervals.

    What choices leave open (a system that never lost, groups that never met) gets no number and is named, with what
    would settle it. Results go to stdout, talk to stderr. Exit codes are those of `geneval score`.

    Example: geneval rank votes.jsonl --cluster annotator --svg worths.svg
    """
    from geneval.cli._render_ranking import as_options, render
    from geneval.ranking import rank as ranked

    shown, text = formats(format)
    if text:
        raise UsageError("--format text is about plain texts; choices come as rows")
    check_place(svg)
    try:
        result = ranked(
            None if from_ratings else preferences,
            ratings=preferences if from_ratings else None,
            criterion=criterion or (),
            tie_margin=tie_margin,
            columns=columns(column),
            ties=ties.value,
            order=order,
            length=length,
            covariates=covariate or (),
            raters=raters,
            prior=prior.value,
            sigma=sigma,
            interval=interval.value,
            cluster=_cluster(cluster),
            baseline=baseline,
            confidence=confidence,
            resamples=resamples,
            seed=seed,
            next_pairs=next_,
            difference=power,
        )
    except GenevalError as error:
        raise type(error)(as_options(str(error))) from error
    if not quiet:
        for note in result.notes:
            say(f"note: {plain(note)}")
        for warning in result.warnings:
            say(f"warning: {plain(as_options(warning))}")
    render(result, None if shown is None else shown.value, raters=raters)
    if svg is not None:
        from geneval.worth_plot import worth_plot

        draw(worth_plot(result), svg, quiet=quiet)


def _cluster(choice: ClusterChoice) -> Cluster | None:
    return None if choice is ClusterChoice.none else cast("Cluster", choice.value)
