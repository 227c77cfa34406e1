"""`geneval references`."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geneval.cli._audit import audit
from geneval.cli._columns import Columns, Conditions, Origins, Tiers, columns
from geneval.cli._machine import reads_data
from geneval.cli._talk import plain, plain_json, say

if TYPE_CHECKING:
    from geneval_references import Description, Multiplicity, ReferenceSet

app = typer.Typer(
    no_args_is_help=True, help="Look at reference sets, choose among them, and write them in another form."
)

app.command()(audit)

Files = Annotated[
    list[str], typer.Argument(metavar="FILES...", help="Reference sets, or output files whose rows have references.")
]
Text = Annotated[bool, typer.Option("--text", help="FILES are plain text: one file a reference, one line an item.")]


class DescribeFormat(StrEnum):
    """How the description is printed."""

    table = "table"
    json = "json"


@app.command()
@reads_data
def describe(
    files: Files,
    tier: Tiers = None,
    origin: Origins = None,
    condition: Conditions = None,
    column: Columns = None,
    text: Text = False,
    format: Annotated[DescribeFormat | None, typer.Option("--format", help="A table on a terminal, else json.")] = None,  # noqa: A002
) -> None:
    """Count what is in reference sets, and name what looks wrong with them.

    Items, tiers, origins, references an item, duplicates, the multiplicity degree |r|, scripts; empty references and
    suspicious ones, such as list numbering left in.
    """
    from geneval_references import counting, reference_hash
    from geneval_references import describe as described

    sets = _read(files, column, text, tier, origin, condition)
    found = described(sets)
    shown = format or (DescribeFormat.table if sys.stdout.isatty() else DescribeFormat.json)
    # What `geneval score` signs under the same selection.
    digest = reference_hash(counting(sets, tiers=tier or None))
    if shown is DescribeFormat.json:
        body = {"schema": "geneval.references/1", "reference_hash": digest, **found.to_dict()}
        print(plain_json(json.dumps(body, indent=2, ensure_ascii=False, allow_nan=False)))
    else:
        _table(found, digest)


@app.command()
@reads_data
def export(
    files: Files,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="A .jsonl (.gz, .zst) or .parquet file, or a folder for `datasets.load_dataset`."
        ),
    ],
    tier: Tiers = None,
    origin: Origins = None,
    condition: Conditions = None,
    column: Columns = None,
    text: Text = False,
) -> None:
    """Write reference sets as JSON lines, Parquet, or a folder with a data set card. Nothing is overwritten."""
    from geneval.data import write_references

    sets = _read(files, column, text, tier, origin, condition)
    write_references(sets, output)
    say(f"written: {output} ({len(sets)} items, {sum(len(item.references) for item in sets)} references)")


def _read(
    files: list[str],
    column: list[str] | None,
    text: bool,
    tier: list[str] | None,
    origin: list[str] | None,
    condition: list[str] | None,
) -> tuple[ReferenceSet, ...]:
    from geneval.data import read_references
    from geneval_references import InputError, select, unmatched

    sets, notes, _ = read_references(files, columns=columns(column), format="text" if text else None)
    for note in notes:
        say(f"note: {plain(note)}")
    for filtered in unmatched(sets, tiers=tier, origins=origin, conditions=condition):
        say(f"warning: no reference is of {filtered}")
    selected = select(sets, tiers=tier or None, origins=origin or None, conditions=condition or None)
    if not any(item.references for item in selected):
        raise InputError("no reference is of the tiers, origins and conditions asked for")
    return selected


def _table(found: Description, digest: str) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    out = Table(show_edge=False, show_header=False, pad_edge=False)
    spread = found.per_item
    rows = [
        ("items", f"{found.items} ({found.items_without_references} without references)"),
        ("references", str(found.references)),
        ("references an item", f"{_bars(spread.counts)}  mean {_short(spread.mean)}, median {_short(spread.median)}"),
        ("tiers", _listing(found.tiers)),
        ("origins", _listing(found.origins)),
        ("conditions", _listing(found.conditions)),
        (
            "duplicates",
            f"{found.duplicate_references} references in {found.items_with_duplicates} items ({found.duplicate_rate or 0:.1%})",
        ),
        ("multiplicity |r|", _degree(found.multiplicity)),
        *(
            (f"  {tier}", _degree(degree))
            for tier, degree in found.multiplicity_by_tier.items()
            if len(found.tiers) > 1
        ),
        ("scripts", _listing(found.scripts)),
        *(
            (s.kind, f"{s.count}, such as {s.examples[0].id}: {s.examples[0].text[:60]!r}")
            for s in (found.empty, *found.suspicious)
            if s.count
        ),
        ("hash", digest[:12]),
    ]
    for name, value in rows:
        out.add_row(Text(name), Text(plain(value)))
    Console().print(out)


def _bars(counts: object) -> str:
    return ", ".join(f"{n}: {items}" for n, items in sorted(dict(counts).items()))  # type: ignore[call-overload]


def _listing(counts: object) -> str:
    return ", ".join(f"{name} {count}" for name, count in dict(counts).items()) or "-"  # type: ignore[call-overload]


def _short(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _degree(degree: Multiplicity) -> str:
    share = degree.share_above_one
    more = "-" if share is None else f"{share:.0%}"
    return f"mean {_short(degree.mean)}, median {_short(degree.median)} distinct references; more than one in {more} of items"
