"""`geneval retrieval`."""

from __future__ import annotations

from typing import Annotated

import typer

from geneval.cli._columns import PANEL, columns
from geneval.cli._options import SCORING, Confidence, Formats, Quiet, Seed
from geneval.cli._queries import AllowEmpty, Baseline, ByTiers, Depth, Directory, Resamples, Trials, finish, form_of


def retrieval(
    ranked: Annotated[
        list[str],
        typer.Argument(
            metavar="RANKED...",
            help='Ranked lists: rows {"id", "system", "ranked"}, a list of ids (.jsonl, .parquet, ...), TREC runs (.run, .trec, .txt), '
            "or matrices of similarities (.npy, with --query-ids and --item-ids). NAME=FILE names the system.",
        ),
    ],
    positives: Annotated[
        list[str],
        typer.Option(
            "--positives",
            "-p",
            metavar="[TIER=]FILE",
            help='Right items: rows {"id", "positives"}, a list of ids, or {"id", "item", "grade"}, TREC judgements (.qrels, .txt), '
            "eccv-caption's .json, CxC's .csv. May be repeated; TIER=FILE says how strong the evidence is.",
            rich_help_panel=PANEL,
        ),
    ],
    metric: Annotated[
        list[str] | None,
        typer.Option(
            "--metric",
            "-m",
            metavar="SPEC",
            help='recall(k=5), ir_recall(k=5), r_precision, map_at_r, map, mrr, ndcg(k=10), bpref, "judged(k=10)", inf_ap; '
            "of labels and texts pm_r_precision(zeta=0), proxy(kind='bow'). May be repeated.",
            rich_help_panel=SCORING,
        ),
    ] = None,
    tier: Annotated[
        list[str] | None,
        typer.Option(
            "--tier",
            help="Only positives of this tier count: original, verified, preferred, inferred, unverified. By default all but "
            "unverified ones.",
            rich_help_panel=PANEL,
        ),
    ] = None,
    grade_from: Annotated[
        float | None,
        typer.Option(
            metavar="GRADE", help="Grades from here on are right; by default those above 0.", rich_help_panel=PANEL
        ),
    ] = None,
    keep_self: Annotated[
        bool,
        typer.Option(
            "--keep-self",
            help="An item with the query's own id stays in its gallery, as where ids of queries and items name different "
            "things.",
            rich_help_panel=PANEL,
        ),
    ] = False,
    query_ids: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Ids of the rows of matrices, one a line.", rich_help_panel=PANEL),
    ] = None,
    item_ids: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Ids of the columns of matrices, one a line.", rich_help_panel=PANEL),
    ] = None,
    about: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help='Texts and labels of the whole gallery, rows {"id", "text", "labels"}, for pm_r_precision and proxy.',
            rich_help_panel=PANEL,
        ),
    ] = None,
    about_queries: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE", help="The same of queries; by default they are in --about.", rich_help_panel=PANEL
        ),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            metavar="NAME=COLUMN",
            help="Take NAME from COLUMN: list_id, ranked, system of lists; id, positives, item, grade, verified, ... of "
            "positives.",
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
    """Score ranked lists against sets of right answers, with intervals and paired tests.

    R is how many right items a query has: r_precision and map_at_r look at the first R places, recall(k=5) asks whether any
    right item is among the first 5, as is usual in cross-modal retrieval. A query's own text is left out of its gallery.
    Results go to stdout, talk to stderr. Exit codes are those of `geneval score`.

    Example: geneval retrieval A=a.run B=b.run -p original=coco.qrels -p verified=eccv.json -m map_at_r -m "recall(k=5)"
    """
    from geneval.ranked_lists import retrieval as scored
    from geneval_scorers.ranking import DEFAULT

    shown = form_of(format)
    finish(
        lambda: scored(
            ranked,
            positives,
            metrics=metric or DEFAULT,
            tiers=tier or None,
            keep_self=keep_self,
            allow_missing=allow_missing,
            grade_from=grade_from,
            query_ids=query_ids,
            item_ids=item_ids,
            about=about or (),
            about_queries=about_queries or (),
            columns=columns(column),
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
