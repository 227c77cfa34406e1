"""`geneval expand`."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geneval.cli._columns import PANEL, Columns, columns
from geneval.cli._options import SHOWING, Quiet
from geneval.cli._talk import Progressing, plain, plain_json, say

if TYPE_CHECKING:
    from geneval.expanding import Expansion

JOINING = "Candidates"


class Format(StrEnum):
    """How the summary is printed."""

    table = "table"
    json = "json"


def expand(
    references: Annotated[
        list[str],
        typer.Argument(metavar="REFERENCES...", help="Reference sets, or output files whose rows have references."),
    ],
    with_: Annotated[
        list[str],
        typer.Option(
            "--with",
            metavar="SPEC",
            help="An expander: phrase_table, back_translation, \"paraphrase(model='hf:org/name')\", "
            "\"outputs(file='a.jsonl')\"; docs/expand.md lists them. May be repeated.",
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="A new .jsonl (.gz, .zst) or .parquet file, or a folder for `datasets.load_dataset`.",
        ),
    ],
    per_item: Annotated[
        int,
        typer.Option(
            metavar="N", help="At most N unverified candidates of one origin an item.", rich_help_panel=JOINING
        ),
    ] = 25,
    near: Annotated[
        float,
        typer.Option(
            metavar="PERCENT",
            help="From this likeness on two texts are one; 101 merges equal ones only.",
            rich_help_panel=JOINING,
        ),
    ] = 95.0,
    seed: Annotated[
        int, typer.Option(envvar="GENEVAL_SEED", help="Of whatever is random.", rich_help_panel=JOINING)
    ] = 12345,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Start again, and forget what an interrupted expansion has proposed.")
    ] = False,
    column: Columns = None,
    text: Annotated[
        bool,
        typer.Option(
            "--text",
            help="REFERENCES are plain text: one file a reference, one line an item.",
            rich_help_panel=PANEL,
        ),
    ] = False,
    format: Annotated[  # noqa: A002 - the option's name
        Format | None,
        typer.Option(
            "--format", help="How the summary is printed: a table on a terminal, else json.", rich_help_panel=SHOWING
        ),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Add candidates to reference sets: texts that may be right answers, too.

    Candidates are `unverified`: they count in no score until judgements, or --tier unverified, say so. What is there stays
    as it is. Each candidate is written with its origin, what it was made from, and who proposed it; OUTPUT.recipe.json has
    the rest. Interrupted, the same command goes on; done again with the result, it adds nothing.
    """
    from geneval.expanding import expand as expanded

    with Progressing(quiet=quiet) as progress:
        done = expanded(
            references,
            with_,
            output,
            seed=seed,
            per_item=per_item,
            near=near,
            columns=columns(column),
            format="text" if text else None,
            fresh=fresh,
            watch=progress,
        )
    for note in done.notes:
        if note.startswith("columns left aside"):  # they are lost in what was written, which -q must not hide
            say(f"warning: {plain(note)}; they are not in {plain(done.output)}")
        elif not quiet:
            say(f"note: {plain(note)}")
    if not quiet and not any(one.proposed for one in done.grown):
        say("warning: no expander proposed anything")
    if (format or (Format.table if sys.stdout.isatty() else Format.json)) is Format.json:
        print(plain_json(json.dumps(done.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)))
    else:
        _table(done)


def _table(done: Expansion) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    out = Table(show_edge=False, pad_edge=False)
    for name in ("expander", "proposed", "added", "equal", "near", "raised", "over", "empty"):
        out.add_column(name, justify="left" if name == "expander" else "right")
    for one in done.grown:
        counts = (one.proposed, one.added, one.equal, one.near, one.raised, one.over, one.empty)
        out.add_row(Text(plain(one.expander)), *map(str, counts))
    console = Console()
    console.print(out)
    added = ", ".join(f"{count} {tier}" for tier, count in done.added.items()) or "none"
    what = "the headline references are the same" if done.unchanged else "the headline references have changed"
    console.print(
        Text(f"{done.items} items: {done.references} references before, new: {added}; {what}. {plain(done.output)}")
    )
