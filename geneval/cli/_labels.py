"""`geneval labels`."""

from __future__ import annotations

from typing import Annotated

import typer

from geneval.cli._columns import PANEL
from geneval.cli._options import Confidence, Formats, Quiet, Seed
from geneval.cli._queries import AllowEmpty, Baseline, ByTiers, Depth, Directory, Resamples, Trials, finish, form_of


def labels(
    predictions: Annotated[
        list[str],
        typer.Argument(
            metavar="PREDICTIONS...",
            help='Predicted labels: rows {"id", "system", "label"} (.jsonl, .csv, .parquet, ...). NAME=FILE names the system.',
        ),
    ],
    positives: Annotated[
        list[str],
        typer.Option(
            "--positives",
            "-p",
            metavar="FILE",
            help='Right labels: rows {"id", "labels", "original"}, all right ones and the one given; an empty list: nobody found any.',
            rich_help_panel=PANEL,
        ),
    ],
    parents: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help='What each label is a kind of: rows {"label", "parent"}. Adds covering and taxonomic.',
            rich_help_panel=PANEL,
        ),
    ] = None,
    allow_missing: AllowEmpty = False,
    by_tier: ByTiers = None,
    depth: Depth = 100,
    baseline: Baseline = None,
    resamples: Resamples = 1000,
    trials: Trials = 10_000,
    confidence: Confidence = 0.95,
    seed: Seed = 12345,
    format: Formats = None,  # noqa: A002 - the option's name
    output: Directory = None,
    quiet: Quiet = False,
) -> None:
    """Score predicted labels against sets of right ones: accuracy, and what single labels underestimate.

    accuracy: the label is among the valid ones. single_label: it is the one that the item was given. underestimated: the
    first less the second. covering and taxonomic give credit for "Cat" where "Russian Blue" is right. Items without any
    valid label are counted and left out. Results go to stdout, talk to stderr. Exit codes are those of `geneval score`.

    Example: geneval labels A=a.jsonl B=b.jsonl --positives real.jsonl --parents taxonomy.csv
    """
    from geneval.label_sets import labels as scored

    shown = form_of(format)
    finish(
        lambda: scored(
            predictions,
            positives,
            parents=parents or (),
            allow_missing=allow_missing,
            by_tier=by_tier,
            depth=depth,
            baseline=baseline,
            resamples=resamples,
            trials=trials,
            confidence=confidence,
            seed=seed,
        ),
        shown,
        output,
        quiet=quiet,
    )
