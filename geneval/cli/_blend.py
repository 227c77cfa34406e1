"""`geneval blend`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geneval.cli._columns import Columns, columns
from geneval.cli._options import Confidence, Quiet, Seed
from geneval.cli._pictures import check_place, draw
from geneval.cli._talk import Progressing, plain, say
from geneval_references import InputError

if TYPE_CHECKING:
    from geneval.results import Result

app = typer.Typer(
    no_args_is_help=True, help="Weigh scorers by people's preferences, and use what comes of it as a scorer."
)


class BlendFormat(StrEnum):
    """How results are printed."""

    table = "table"
    json = "json"
    markdown = "markdown"


class WeighChoice(StrEnum):
    """What counts the same."""

    votes = "votes"
    items = "items"


Format = Annotated[BlendFormat | None, typer.Option("--format", help="A table on a terminal, else json.")]
Run = Annotated[Path, typer.Argument(metavar="RUN", help="A run directory (geneval score -o DIR).")]
Resamples = Annotated[int, typer.Option(help="Bootstrap draws of items.")]


@app.command()
def fit(
    run: Run,
    preferences: Annotated[list[str], typer.Option(metavar="FILE", help="Choices between two outputs.")],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Where the blend is written; never overwrites."),
    ] = None,
    scorer: Annotated[
        list[str] | None,
        typer.Option(
            "--scorer",
            "-s",
            metavar="SPEC",
            help="A scorer of the run that may be in the blend; default: all that say something of validity. Traits are "
            "taken when named, in the direction they declare. May be repeated.",
        ),
    ] = None,
    nuisance: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SPEC",
            help="A scorer of the run whose habit is fitted beside the others, and left out of the blend, such as "
            '"length_ratio(log=True)". May be repeated.',
        ),
    ] = None,
    criterion: Annotated[
        str | None, typer.Option(metavar="NAME", help="Which choices count, where there are several kinds.")
    ] = None,
    column: Columns = None,
    weigh_by: Annotated[WeighChoice, typer.Option(help="Each vote counts the same, or each item.")] = WeighChoice.votes,
    l2: Annotated[float, typer.Option(help="Penalty on squared weights, in units of votes.")] = 1.0,
    force: Annotated[
        bool, typer.Option("--force", help="Write a blend that does not beat its best part; the file says so.")
    ] = False,
    data: Annotated[str, typer.Option(metavar="TEXT", help="What the run is about, for the file.")] = "",
    resamples: Resamples = 1000,
    seed: Seed = 12345,
    confidence: Confidence = 0.95,
    format: Format = None,  # noqa: A002 - the option's name
    svg: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw whether probabilities come true; never overwrites.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Fit a blend on preferences, and tell how it does on items and systems that it has not seen.

    It is written only if it beats its best part on systems that it was not fitted on (else exit code 5), or by force.
    Results go to stdout, talk to stderr.

    Example: geneval blend fit run --preferences votes.jsonl --nuisance "length_ratio(log=True)" -o blend.toml
    """
    from geneval.blending import fit_blend
    from geneval.cli._render_blend import show_fit

    for place in (output, svg):
        check_place(place)
    opened = _opened(run, quiet=quiet)
    with Progressing(quiet=quiet) as progress:
        found = fit_blend(
            opened,
            preferences=preferences,
            scorers=scorer,
            nuisance=nuisance or (),
            criterion=criterion,
            columns=columns(column),
            weigh_by=weigh_by.value,
            l2=l2,
            resamples=resamples,
            confidence=confidence,
            seed=seed,
            data=data,
            watch=progress,
        )
    if not quiet:
        for note in found.notes:
            say(f"note: {plain(note)}")
        for warning in found.warnings:
            say(f"warning: {plain(warning)}")
    show_fit(found, None if format is None else format.value)
    if svg is not None:
        from geneval.blending._picture import picture

        draw(picture(found), svg, quiet=quiet)
    if output is None:
        if found.refusal and not quiet:
            say(f"warning: this blend would not be written: {plain(found.refusal)}")
    else:
        found.save(output, force=force)
        if not quiet:
            say(f"written: {output}{f', by force: {found.refusal}' if found.refusal else ''}")


@app.command()
def show(
    blend: Annotated[str, typer.Argument(metavar="BLEND", help="A blend file, or the name of a blend of geneval.")],
    format: Format = None,  # noqa: A002 - the option's name
) -> None:
    """Tell what a blend is made of, what it was fitted on, how well it does and what it is not for."""
    from geneval.blend_files import find_blend, shipped_blends
    from geneval.cli._render_blend import show_file

    named = blend in shipped_blends() and not Path(blend).exists()
    found = find_blend(name=blend) if named else find_blend(path=blend)
    show_file(found, None if format is None else format.value)


@app.command()
def rate(
    run: Run,
    baseline: Annotated[str | None, typer.Option(metavar="SYSTEM", help="Default: the first one of the run.")] = None,
    scorer: Annotated[
        str | None, typer.Option("--scorer", "-s", metavar="SPEC", help="Which blend, where the run has several.")
    ] = None,
    k: Annotated[
        int | None, typer.Option("-k", metavar="K", help="At which number of references, if at several.")
    ] = None,
    resamples: Resamples = 1000,
    seed: Seed = 12345,
    confidence: Confidence = 0.95,
    format: Format = None,  # noqa: A002 - the option's name
    quiet: Quiet = False,
) -> None:
    """Tell how often people would prefer each system to a baseline, by the blend that a run was scored with.

    Example: geneval score outputs.jsonl -s "blend(name='captions')" -o run; geneval blend rate run --baseline old
    """
    from geneval.blending import preference_rate
    from geneval.blending._rate import few_items
    from geneval.cli._render_blend import show_rates

    rates = preference_rate(
        _opened(run, quiet=quiet), scorer, baseline, k=k, resamples=resamples, confidence=confidence, seed=seed
    )
    few = few_items(rates)
    if few and not quiet:
        say(f"warning: {few}")
    show_rates(rates, None if format is None else format.value)


def _opened(run: Path, *, quiet: bool) -> Result:
    from geneval.results import Result

    if not run.exists():
        raise InputError(f"{run}: there is no such run directory; geneval score -o DIR makes one")
    if run.is_file():
        raise InputError(
            f"{run} is a file, and a run directory is due: score outputs with -o DIR (geneval score {run} -s SPEC ... -o DIR), "
            "and give DIR"
        )
    result = Result.open(run)
    if not quiet:
        for warning in result.warnings:
            say(f"warning: of the run: {plain(warning)}")
    return result
