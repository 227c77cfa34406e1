"""`geneval report`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geneval.cli._columns import PANEL, Columns, Conditions, Origins, Tiers
from geneval.cli._options import (
    SHOWING,
    AllowMissing,
    Confidence,
    Format,
    Quiet,
    References,
    Scorers,
    Seed,
    formats,
    read,
)
from geneval.cli._talk import Progressing, plain, say
from geneval_references import GateError, InputError, UsageError

if TYPE_CHECKING:
    from geneval.data import Inputs
    from geneval.gating._models import NamedEntailment
    from geneval.results import Result
    from geneval.settings import Settings
    from geneval.underestimation import Underestimation

ASKING = "Report"


def report(
    outputs: Annotated[
        list[str],
        typer.Argument(
            metavar="[RUN] OUTPUTS...",
            help="Files of outputs as `geneval score` takes them. A run directory before them lends its scorers, what "
            "they have learned, and which references count; alone, the files that it was made of are read again.",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="DIR",
            help="Write underestimation.json, report.html (the same as a page) and metrics.json here; never overwrites.",
            rich_help_panel=SHOWING,
        ),
    ] = None,
    ratings: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="Grades of outputs; default: those in the outputs.", rich_help_panel=PANEL),
    ] = None,
    preferences: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="Choices between two outputs; they decide where there are no ratings.",
            rich_help_panel=PANEL,
        ),
    ] = None,
    judgements: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="Verdicts on whether texts are valid.", rich_help_panel=PANEL),
    ] = None,
    judge: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[NAME=]FILE",
            help="Verdicts of a judge (an LLM, say), audited as one more scorer: rows of id, system, value, or of id, a, b, "
            "winner. NAME:lower=FILE where lower is better. May be repeated.",
            rich_help_panel=PANEL,
        ),
    ] = None,
    criterion: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Which grades or choices count, where there are several kinds; NAME:lower where lower is better.",
            rich_help_panel=PANEL,
        ),
    ] = None,
    component: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Match systems on this part of the grade; NAME:lower where lower is better. Default: all other criteria; "
            "`none` for the grade itself. May be repeated.",
            rich_help_panel=ASKING,
        ),
    ] = None,
    valid: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[NAME=]GRADE",
            help="An output with this grade or a better one is valid. May be repeated, for several criteria.",
            rich_help_panel=ASKING,
        ),
    ] = None,
    reliability: Annotated[
        float,
        typer.Option(
            help="Of one person's grade, assumed where nobody graded anything twice: 1 is no noise.",
            rich_help_panel=ASKING,
        ),
    ] = 0.8,
    margin: Annotated[
        float,
        typer.Option(
            help="Differences below this many standard deviations of a score within items are none.",
            rich_help_panel=ASKING,
        ),
    ] = 0.2,
    entailment: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="A model of natural language inference (hf:org/name@revision, path:/folder): tells which additions are "
            "supported and which outputs contradict. Default: rules.",
            rich_help_panel=ASKING,
        ),
    ] = None,
    slices: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="Slice outputs by the columns of this file too: rows of id, system (if it differs by system) and columns; "
            "the outputs or references themselves may be named again. May be repeated.",
            rich_help_panel=ASKING,
        ),
    ] = None,
    fail_if: Annotated[
        list[str] | None,
        typer.Option(
            "--fail-if",
            metavar="CONDITION",
            help="Exit with 5 where a scorer is `underestimated` (marks a system down), `penalised`, `relative_misranking`, "
            "`beaten` by a control, or `undecided`. May be repeated.",
            rich_help_panel=SHOWING,
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Of the data set, for cards; default: the first file's.", rich_help_panel=SHOWING
        ),
    ] = None,
    references: References = None,
    scorer: Scorers = None,
    tier: Tiers = None,
    origin: Origins = None,
    condition: Conditions = None,
    column: Columns = None,
    allow_missing: AllowMissing = False,
    seed: Seed = 12345,
    confidence: Confidence = 0.95,
    format: Annotated[  # noqa: A002 - the option's name
        list[Format] | None,
        typer.Option(
            metavar="[table|json|text]",
            help="How the report is printed: a table on a terminal, else json. `text` says that OUTPUTS and references are "
            "plain text, a line an item, one reference file a reference.",
            rich_help_panel=SHOWING,
        ),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Tell which systems each scorer marks down or up relative to people, by how much, how sure, on what evidence.

    The summary goes to stdout, talk to stderr. Exit codes are those of `geneval score`, and 5 where --fail-if holds.

    Example: geneval report captions.jsonl --criterion human_score --valid 4.5 -o report
    """
    from geneval.cli._render_report import render
    from geneval.underestimation import ReportPlan, find_underestimation
    from geneval.underestimation._gates import check_conditions, failures

    check_conditions(fail_if or ())
    shown, text = formats(format)
    if shown is not None and shown.value not in {"table", "json"}:
        raise UsageError(f"--format {shown.value} does not fit; a report is printed as table or json")
    components, lower = _components(component)
    plan = ReportPlan(
        valid=_grades(valid),
        components=components,
        reliability=reliability,
        margin=margin,
        confidence=confidence,
        seed=seed,
    )
    if output is not None and output.exists():
        raise UsageError(f"{output} is there already; results are never overwritten: name another directory")
    run, files = _split(outputs)
    if run is not None:
        _refuse({"--scorer": scorer, "--tier": tier, "--origin": origin, "--condition": condition})
    if run is not None and not files:
        _refuse_reading(
            {"--references": references, "--column": column, "--allow-missing": allow_missing, "--format text": text}
        )
        inputs = _reread(run, Path(outputs[0]), quiet=quiet)
    else:
        inputs = read(files, references, column, text=text, allow_missing=allow_missing, quiet=quiet)
    settings = run.settings if run is not None else _settings(tier, origin, condition)
    if run is not None:
        _check_run(run, inputs)
        scorer = list(dict.fromkeys(score.scorer for score in run.scores))
    with Progressing(quiet=quiet) as progress:
        found = find_underestimation(
            inputs,
            ratings=ratings,
            preferences=preferences,
            judgements=judgements,
            criterion=criterion,
            scorers=scorer,
            fitted=run.fitted if run is not None else (),
            settings=settings,
            plan=plan,
            lower=lower,
            entailment=_entailment(entailment),
            slices=slices or (),
            judges=judge,
            name=name,
            watch=progress,
        )
    if not quiet:
        _tell(found, inputs)
    if output is not None:
        _save(found, output, quiet=quiet)
    render(found, None if shown is None else shown.value)
    if fail_if and (told := failures(found.plain(), fail_if)):
        raise GateError("\n".join(["--fail-if holds:", *told]))


def _tell(found: Underestimation, inputs: Inputs) -> None:
    """Says what reading the inputs has not said."""
    for note in found.notes:
        if note not in inputs.notes:
            say(f"note: {plain(note)}")
    for warning in found.warnings:
        say(f"warning: {plain(warning)}")


def _entailment(name: str | None) -> NamedEntailment | None:
    """The model, found before any work."""
    if name is None:
        return None
    from geneval.gating._models import NamedEntailment

    model = NamedEntailment(name, "the report")
    _ = model.signature
    return model


def _save(found: Underestimation, output: Path, *, quiet: bool) -> None:
    found.save(output)
    if not quiet:
        say(f"written: {output} (underestimation.json, report.html, metrics.json)")


def _split(given: list[str]) -> tuple[Result | None, list[str]]:
    """A run directory, where there is one, and the files of outputs."""
    from geneval.results import Result

    runs = [path for path in given if (Path(path) / "results.json").is_file()]
    files = [path for path in given if path not in runs]
    for path in files:
        if (Path(path) / "underestimation.json").is_file():
            raise UsageError(f"{path} is a report; name the run or the files of outputs that it is to be made of")
    if len(runs) > 1:
        raise UsageError(f"{runs[0]} and {runs[1]} are run directories; a report is about one run")
    return (Result.open(runs[0]) if runs else None), files


def _check_run(run: Result, inputs: Inputs) -> None:
    """Checks that the files hold what the run has scored."""
    from geneval.selection import selected
    from geneval.settings import Settings
    from geneval_references import ReferenceHash

    items = selected(inputs.items, run.settings or Settings())
    digest = ReferenceHash()
    digest.add(items)
    if run.reference_hash and digest.hexdigest() != run.reference_hash:
        raise InputError("these references are not those that the run was scored against; give the same files")
    if set(run.systems) != set(inputs.systems):
        raise InputError(
            f"the run has the systems {', '.join(run.systems)}, these files {', '.join(inputs.systems)}; give the same files"
        )


def _reread(run: Result, directory: Path, *, quiet: bool) -> Inputs:
    """The texts that a run was made of."""
    from geneval.data import read_again

    inputs = read_again(run.reading, run.files, directory)
    if not quiet:
        say(
            f"note: read again, as {plain(str(directory))} was made of them: {', '.join(plain(f.name) for f in run.files)}"
        )
        for note in inputs.notes:
            say(f"note: {plain(note)}")
    return inputs


def _refuse_reading(given: dict[str, list[str] | bool | None]) -> None:
    for option, value in given.items():
        if value:
            raise UsageError(
                f"{option} is about files, and a run alone reads those that it was made of; name the outputs, too"
            )


def _refuse(given: dict[str, list[str] | None]) -> None:
    for option, value in given.items():
        if value:
            raise UsageError(
                f"{option} is about scoring, and this run is scored; give files of outputs alone to score anew"
            )


def _settings(tier: list[str] | None, origin: list[str] | None, condition: list[str] | None) -> Settings:
    from geneval.settings import Settings

    return Settings(
        tiers=tuple(tier) if tier else None,
        origins=tuple(origin) if origin else None,
        conditions=tuple(condition) if condition else None,
    )


def _components(given: list[str] | None) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """Names, and those of which lower is better."""
    if given is None:
        return None, ()
    if "none" in given:
        return (), ()
    names = [name.removesuffix(":lower").removesuffix(":higher") for name in given]
    return tuple(names), tuple(n for n, text in zip(names, given, strict=True) if text.endswith(":lower"))


def _grades(given: list[str] | None) -> dict[str, float]:
    """Reads `GRADE` and `NAME=GRADE`."""
    out = {}
    for one in given or ():
        name, _, grade = one.rpartition("=")
        try:
            out[name] = float(grade)
        except ValueError:
            raise UsageError(f"--valid {one!r} does not fit; write a grade such as 4.5, or NAME=4.5") from None
        if out[name] != out[name]:
            raise UsageError(f"--valid {one!r} does not fit; a grade is a number")
    return out
