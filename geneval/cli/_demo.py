"""`geneval demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from geneval.cli._talk import Progressing, say

SCORERS = ("bleu(lowercase=True)", "chrf", "rouge(kind='L')", "cider(tokenizer='unicode')")

ABOUT = """\
{items} COCO images. References: four of the image's own captions. Three systems:
  own         the image's fifth caption                                          a right answer
  elsewhere   a caption of another image that people judged to fit this one      a right answer in other words
  mismatched  a caption of another image that people judged not to fit           a wrong answer
Judge the scorers: how far below `own` do they put `elsewhere`, and how close to `mismatched`?
"""


def demo(
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help="Where the run directory goes; geneval-demo by default, geneval-demo-2 if that is there.",
        ),
    ] = None,
) -> None:
    """Score three systems on real captions that ship with geneval: two right answers and a wrong one."""
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
        say(ABOUT.format(items=len(inputs.items)))
        if left_out:
            say(f"note: {left_out}\n")
        with Progressing() as progress:
            result = evaluate(inputs, specs, Settings(), watch=progress)
        with writing(target):
            result.write(folder)
    show(result, Format.table, quiet=False)
    say(f"\nwritten: {target} (results.json, segments.parquet, manifest.json, fitted/)")


def _free(path: Path) -> Path:
    number = 1
    found = path
    while found.exists():
        number += 1
        found = path.with_name(f"{path.name}-{number}")
    return found
