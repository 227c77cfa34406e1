"""`geneval agree`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geneval.cli._columns import PANEL, Columns, Conditions, Origins, Tiers, columns
from geneval.cli._options import (
    SHOWING,
    AllowMissing,
    Confidence,
    CopiesChoice,
    CopiesRule,
    Formats,
    Quiet,
    ReferenceCounts,
    References,
    Scorers,
    Seed,
    formats,
    read,
)
from geneval.cli._pictures import check_place, draw
from geneval.cli._talk import Progressing, plain, say
from geneval_references import InputError, UsageError

if TYPE_CHECKING:
    from geneval.agreement import Agreement
    from geneval.data import Inputs
    from geneval.results import Result
    from geneval.settings import Settings

AGREEING = "Agreement"


class GroupingChoice(StrEnum):
    """Whose outputs are compared with each other."""

    none = "none"
    item = "item"
    system = "system"


class PermuteChoice(StrEnum):
    """What two scorers swap."""

    both = "both"
    inputs = "inputs"
    systems = "systems"


class ResampleChoice(StrEnum):
    """What is drawn again for intervals."""

    items = "items"
    systems = "systems"
    both = "both"


def agree(
    run: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN",
            help="A run directory (geneval score -o DIR), or files of outputs as `geneval score` takes them, which are "
            "then scored first.",
        ),
    ],
    ratings: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="Grades of outputs; default: those in the outputs.", rich_help_panel=PANEL),
    ] = None,
    preferences: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="Choices between two outputs.", rich_help_panel=PANEL),
    ] = None,
    criterion: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Which grades or choices count, where there are several kinds; NAME:lower where lower is better.",
            rich_help_panel=PANEL,
        ),
    ] = None,
    references: References = None,
    scorer: Scorers = None,
    k: ReferenceCounts = None,
    copies: CopiesRule = CopiesChoice.keep,
    tier: Tiers = None,
    origin: Origins = None,
    condition: Conditions = None,
    column: Columns = None,
    allow_missing: AllowMissing = False,
    grouping: Annotated[
        list[GroupingChoice] | None,
        typer.Option(help="Whose outputs are compared with each other; default: all three.", rich_help_panel=AGREEING),
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SYSTEM",
            help="Compute everything a second time without this system. May be repeated.",
            rich_help_panel=AGREEING,
        ),
    ] = None,
    test: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STATISTIC",
            help="Compare scorers by this: pearson/none, acc_eq/item, system:pearson, preference:accuracy, ...; "
            "`none` for no tests.",
            rich_help_panel=AGREEING,
        ),
    ] = None,
    permute: Annotated[
        PermuteChoice,
        typer.Option(
            help="What two scorers swap in a test: single outputs, whole items or systems.", rich_help_panel=AGREEING
        ),
    ] = PermuteChoice.both,
    permutations: Annotated[int, typer.Option(help="Of each test.", rich_help_panel=AGREEING)] = 1000,
    resample: Annotated[
        ResampleChoice,
        typer.Option(help="What intervals are about: other items, other systems, or both.", rich_help_panel=AGREEING),
    ] = ResampleChoice.items,
    resamples: Annotated[int, typer.Option(help="Bootstrap draws; 0: no intervals.", rich_help_panel=AGREEING)] = 1000,
    gap: Annotated[
        float | None,
        typer.Option(
            help="Also give WMT's Kendall-like tau, over grades this far apart (WMT took 25).",
            rich_help_panel=AGREEING,
        ),
    ] = None,
    rise: Annotated[
        float,
        typer.Option(
            help="As many references again that add less than this to agreement add nothing.",
            rich_help_panel=AGREEING,
        ),
    ] = 0.01,
    seed: Seed = 12345,
    confidence: Confidence = 0.95,
    format: Formats = None,  # noqa: A002 - the option's name
    svg: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Draw agreement against the number of references; never overwrites.",
            rich_help_panel=SHOWING,
        ),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Tell how far each scorer agrees with people, by ratings or preferences.

    Results go to stdout, talk to stderr. Exit codes are those of `geneval score`.

    Example: geneval agree run --ratings ratings.jsonl --criterion fluency --without Human
    """
    from geneval.agreement import Plan
    from geneval.agreement import agree as agreed

    shown, text = formats(format)
    check_place(svg)
    plan = {
        "groupings": tuple(choice.value for choice in grouping or GroupingChoice),
        "without": tuple(without or ()),
        "tests": Plan().tests if test is None else tuple(name for name in test if name != "none"),
        "permute": permute.value,
        "permutations": permutations,
        "resample": resample.value,
        "resamples": resamples,
        "confidence": confidence,
        "gap": gap,
        "rise": rise,
        "seed": seed,
    }
    Plan(**plan)  # type: ignore[arg-type] # checked by itself, before anything is read
    found: Result | Inputs
    settings: Settings | None = None
    _check_there(run)
    if _is_run(run):
        scoring = {"-k": k, "--references": references, "--tier": tier, "--origin": origin, "--condition": condition}
        _refuse_scoring(scoring)
        found = _opened(run[0], quiet=quiet)
        _check_curve(svg, {score.k for score in found.scores})
    else:
        _check_curve(svg, set(k or ()))
        column, of_outputs = _split(column, apart=bool(ratings or preferences))
        found = read(run, references, of_outputs, text=text, allow_missing=allow_missing, quiet=quiet)
        settings = _settings(k, copies, tier, origin, condition, seed)
    with Progressing(quiet=quiet) as progress:
        result = agreed(
            found,
            ratings=ratings,
            preferences=preferences,
            criterion=tuple(criterion or ()),
            columns=columns(column),
            scorers=scorer,
            settings=settings,
            watch=progress,
            **plan,
        )
    if not quiet:
        for note in result.notes:
            if note not in found.notes:
                say(f"note: {plain(note)}")
    _show(result, None if shown is None else shown.value, quiet=quiet)
    if svg is not None:
        from geneval.agreement import picture

        draw(picture(result), svg, quiet=quiet)


def _split(column: list[str] | None, *, apart: bool) -> tuple[list[str], list[str]]:
    """Columns of what people said, and of outputs and references: by their names, where both are in files of their own."""
    from geneval.data._columns import COLUMNS

    given = column or []
    if not apart:
        return [], given
    written = {*COLUMNS["outputs"], *COLUMNS["references"]} - {"ratings"}
    people = [pair for pair in given if pair.partition("=")[0] not in written]
    return people, [pair for pair in given if pair not in people]


def _settings(
    k: list[int] | None,
    copies: CopiesChoice,
    tier: list[str] | None,
    origin: list[str] | None,
    condition: list[str] | None,
    seed: int,
) -> Settings:
    from geneval.settings import Settings

    return Settings(
        k=tuple(k or ()),
        copies=copies.value,
        seed=seed,
        tiers=tuple(tier) if tier else None,
        origins=tuple(origin) if origin else None,
        conditions=tuple(condition) if condition else None,
    )


def _is_run(given: list[str]) -> bool:
    runs = [path for path in given if (Path(path) / "results.json").is_file()]
    if runs and len(given) > 1:
        raise UsageError(f"{runs[0]} is a run directory; give one run, or files of outputs alone")
    return bool(runs)


def _refuse_scoring(given: dict[str, list[str] | list[int] | None]) -> None:
    for option, value in given.items():
        if value:
            raise UsageError(f"{option} is about scoring, and this run is scored; give files of outputs to score anew")


def _opened(path: str, *, quiet: bool) -> Result:
    from geneval.results import Result

    result = Result.open(path)
    if not quiet:
        for warning in result.warnings:
            say(f"warning: of the run: {plain(warning)}")
    return result


def _check_curve(svg: Path | None, ks: set[int | None] | set[int]) -> None:
    if svg is not None and len(ks) < 2:
        raise UsageError(
            "--svg draws agreement against the number of references; score with -k 1 -k 2 ..., or give outputs and "
            "references with these"
        )


def _check_there(given: list[str]) -> None:
    for path in given:
        file = path.partition("=")[2] or path
        if "/" not in file and "." not in file and file != "-" and not Path(path).exists() and not Path(file).exists():
            raise InputError(f"{file}: there is no such run directory or file")


def _show(result: Agreement, form: str | None, *, quiet: bool) -> None:
    from geneval.cli._render_agreement import render

    if not quiet:
        for warning in result.warnings:
            say(f"warning: {plain(warning)}")
    render(result, form)
