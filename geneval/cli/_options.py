"""Options that the commands that score outputs share, and what they do with them."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geneval.cli._columns import PANEL, columns
from geneval.cli._talk import plain, say
from geneval_references import ItemsFailedError, UsageError

if TYPE_CHECKING:
    from geneval.data import Inputs


class Format(StrEnum):
    """How results are printed; `text` is about inputs."""

    table = "table"
    json = "json"
    csv = "csv"
    markdown = "markdown"
    latex = "latex"
    text = "text"


class CopiesChoice(StrEnum):
    """What becomes of a reference that equals the output."""

    keep = "keep"
    drop = "drop"


SCORING, SHOWING = "Scoring", "Results"

Outputs = Annotated[
    list[str],
    typer.Argument(
        metavar="OUTPUTS...",
        help="Files with outputs: .jsonl (.gz, .zst), .parquet, .csv, .tsv, a datasets folder, "
        "hf://owner/name?split=test, - for stdin. NAME=FILE names the system.",
    ),
]
References = Annotated[
    list[str] | None,
    typer.Option(
        "--references",
        "-r",
        metavar="FILE",
        help="Reference sets, where the outputs' rows have none.",
        rich_help_panel=PANEL,
    ),
]
Scorers = Annotated[
    list[str] | None,
    typer.Option(
        "--scorer",
        "-s",
        metavar="SPEC",
        help='A scorer such as bleu or "chrf(word_order=2)"; `geneval scorers` lists them. May be repeated.',
        rich_help_panel=SCORING,
    ),
]
ReferenceCounts = Annotated[
    list[int] | None,
    typer.Option(
        "-k",
        metavar="K",
        help="Expected score at K references; makes sets of unequal size comparable.",
        rich_help_panel=SCORING,
    ),
]
CopiesRule = Annotated[
    CopiesChoice,
    typer.Option(help="Keep or drop references equal to the output (for the band alike).", rich_help_panel=SCORING),
]
AllowMissing = Annotated[
    bool,
    typer.Option(
        "--allow-missing", help="Take items without references or outputs, and count them.", rich_help_panel=PANEL
    ),
]
Fitted = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="RUN",
        help="Use document frequencies and the like that this earlier run has saved.",
        rich_help_panel=SCORING,
    ),
]
Seed = Annotated[
    int, typer.Option(envvar="GENEVAL_SEED", help="Of the bootstrap and drawn subsets.", rich_help_panel=SCORING)
]
Confidence = Annotated[float, typer.Option(help="Of the intervals.", rich_help_panel=SCORING)]
Draws = Annotated[
    int, typer.Option(help="At most so many subsets of an item's references at each K.", rich_help_panel=SCORING)
]
FailOnError = Annotated[
    float,
    typer.Option(
        metavar="N",
        help="Exit with 4 when more outputs than N (or than this share, below 1) get no score.",
        rich_help_panel=SHOWING,
    ),
]
Formats = Annotated[
    list[Format] | None,
    typer.Option(
        "--format",
        help="How results are printed: a table on a terminal, else json. `text` says that OUTPUTS and references "
        "are plain text, a line an item, one reference file a reference.",
        rich_help_panel=SHOWING,
    ),
]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Say nothing but errors on stderr.", rich_help_panel=SHOWING)
]


def formats(given: list[Format] | None) -> tuple[Format | None, bool]:
    """How results are printed, None where it is not said; and whether the files are plain text.

    Raises:
        UsageError: two forms of printing.
    """
    printed = [f for f in given or () if f is not Format.text]
    if len(printed) > 1:
        raise UsageError(f"--format {printed[0]} and --format {printed[1]}: results are printed in one format")
    return (printed[0] if printed else None), Format.text in (given or ())


def read(
    outputs: list[str],
    references: list[str] | None,
    column: list[str] | None,
    *,
    text: bool,
    allow_missing: bool,
    quiet: bool,
) -> Inputs:
    """Reads outputs and references, and says what there is to note about them."""
    from geneval.data import read_inputs

    inputs = read_inputs(
        outputs,
        references=references or (),
        columns=columns(column),
        format="text" if text else None,
        allow_missing=allow_missing,
    )
    if not quiet:
        for note in inputs.notes:
            say(f"note: {plain(note)}")
    return inputs


def check_limit(allowed: float) -> None:
    """Checks `--fail-on-error`.

    Raises:
        UsageError: it is negative or no number.
    """
    if not allowed >= 0:
        raise UsageError(f"--fail-on-error {allowed} does not fit; allowed: 0 or more outputs, or a share below 1")


def none_scored(scorer: str, k: int | None, system: str) -> ItemsFailedError:
    """The error where a system has no score."""
    at = "" if k is None else f" at k={k}"
    return ItemsFailedError(f"{scorer}{at} could score none of {system}'s outputs; the warnings say why")


def check_failures(scorer: str, system: str, *, scored: int, failed: int, allowed: float) -> None:
    """Counts outputs that a scorer could not score.

    Raises:
        ItemsFailedError: there are more than `--fail-on-error` allows.
    """
    limit = allowed * (scored + failed) if 0 < allowed < 1 else allowed
    if failed > limit:
        raise ItemsFailedError(
            f"{scorer} could not score {failed} of {system}'s outputs, more than --fail-on-error {allowed:g} allows; "
            "segments.parquet (geneval score -o DIR) names them"
        )
