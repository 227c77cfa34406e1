"""`geneval demo`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geneval.cli._talk import Progressing, plain, say

if TYPE_CHECKING:
    from geneval.data import Inputs
    from geneval.results import Result

SCORERS = ("bleu(lowercase=True)", "chrf", "rouge(kind='L')", "cider(tokenizer='unicode')")
VALID = 4.0
"""A caption that people graded so high, of 5, is a right answer."""

ABOUT = """\
{items} COCO images. References: four of the image's own captions. Three systems; people graded every output, 0 to 5:
  own    the image's fifth caption                                                           mean {own:.2f}
  echo   a caption of another image: the one with most words in common with the references   mean {echo:.2f}
  stray  a caption of another image, chosen blindly                                          mean {stray:.2f}
"""


def demo(
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help="Where the run directory goes, and the report in DIR-report; geneval-demo by default, "
            "geneval-demo-2 if that is there.",
        ),
    ] = None,
) -> None:
    """Score three systems on real captions that ship with geneval, and report whom the scorers mark down or up."""
    from geneval.cli._options import Format
    from geneval.cli._score import show
    from geneval.data import demo_inputs
    from geneval.defaults import default_scorers
    from geneval.evaluation import Settings, evaluate
    from geneval.run_directory import run_directory, writing

    target = output or _free(Path("geneval-demo"))
    specs, left_out = default_scorers(SCORERS)
    with run_directory(target) as folder:
        inputs = demo_inputs()
        say(ABOUT.format(items=len(inputs.items), **_means(inputs)))
        if left_out:
            say(f"note: {left_out}\n")
        with Progressing() as progress:
            result = evaluate(inputs, specs, Settings(), watch=progress)
        with writing(target):
            result.write(folder)
    show(result, Format.table, quiet=False)
    say(f"\nwritten: {target} (results.json, segments.parquet, manifest.json, fitted/)\n")
    _report(inputs, result, target)


def _means(inputs: Inputs) -> dict[str, float]:
    grades = {system: [row.value for row in inputs.ratings if row.system == system] for system in inputs.systems}
    return {system: sum(values) / len(values) for system, values in grades.items()}


def _report(inputs: Inputs, result: Result, target: Path) -> None:
    """Reports on what was scored, beside the run."""
    from geneval.cli._render_report import render
    from geneval.underestimation import ReportPlan, find_underestimation

    folder = _free(target.with_name(f"{target.name}-report"))
    with Progressing() as progress:
        report = find_underestimation(
            inputs,
            scorers=list(dict.fromkeys(score.scorer for score in result)),
            fitted=result.fitted,
            plan=ReportPlan(valid={"": VALID}),
            watch=progress,
        )
    for warning in report.warnings:
        say(f"warning: {plain(warning)}")
    report.save(folder)
    say("")
    render(report, "table")
    say(f"\nwritten: {folder}; look at {folder / 'report.html'}")


def _free(path: Path) -> Path:
    number = 1
    found = path
    while found.exists():
        number += 1
        found = path.with_name(f"{path.name}-{number}")
    return found
