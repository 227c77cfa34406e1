"""`geneval references`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geneval.cli._audit import audit
from geneval.cli._columns import Columns, Conditions, Origins, Tiers, columns
from geneval.cli._machine import runs_models
from geneval.cli._pictures import check_place, draw
from geneval.cli._talk import plain, plain_json, say
from geneval_references import UsageError

if TYPE_CHECKING:
    from geneval_references import Description, Multiplicity, MultiplicityReport, ReferenceSet

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
@runs_models
def describe(
    files: Files,
    tier: Tiers = None,
    origin: Origins = None,
    condition: Conditions = None,
    column: Columns = None,
    text: Text = False,
    multiplicity: Annotated[
        bool,
        typer.Option(
            "--multiplicity",
            help="Also tell how many right answers there are beyond those: coverage, Chao1, 1/K, hidden positives, "
            "underspecified references, and a histogram of |r|.",
        ),
    ] = False,
    with_: Annotated[
        str | None,
        typer.Option("--with", metavar="SPEC", help="With --same: the scorer that tells which texts mean the same."),
    ] = None,
    same: Annotated[
        float | None,
        typer.Option(metavar="SCORE", help="Texts that score at least this against each other are one meaning."),
    ] = None,
    svg: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="With --multiplicity: draw the histogram (never overwritten)."),
    ] = None,
    format: Annotated[DescribeFormat | None, typer.Option("--format", help="A table on a terminal, else json.")] = None,  # noqa: A002
) -> None:
    """Count what is in reference sets, and name what looks wrong with them.

    Items, tiers, origins, references an item, duplicates, the multiplicity degree |r|, scripts; empty references and
    suspicious ones, such as list numbering left in.

    Example: geneval references describe references.jsonl --multiplicity --svg degrees.svg
    """
    from geneval_references import counting, reference_hash
    from geneval_references import describe as described

    if not multiplicity and not (with_ is None and same is None and svg is None):
        raise UsageError("--with, --same and --svg are about multiplicity; add --multiplicity")
    check_place(svg)
    sets = read(files, column, text, tier, origin, condition)
    found = described(sets)
    shown = format or (DescribeFormat.table if sys.stdout.isatty() else DescribeFormat.json)
    # What `geneval score` signs under the same selection.
    digest = reference_hash(counting(sets, tiers=tier or None))
    more = _multiplicity(sets, with_, same) if multiplicity else None
    if shown is DescribeFormat.json:
        body = {"schema": "geneval.references/1", "reference_hash": digest, **found.to_dict()}
        if more is not None:
            body["multiplicity_report"] = more.to_dict()
        print(plain_json(json.dumps(body, indent=2, ensure_ascii=False, allow_nan=False)))
    else:
        _table(found, digest)
        if more is not None:
            _table_of_multiplicity(more)
    if more is not None and svg is not None:
        from geneval.multiplicity_plot import multiplicity_plot

        draw(multiplicity_plot(more), svg, quiet=False)


def read(
    files: list[str],
    column: list[str] | None,
    text: bool,
    tier: list[str] | None,
    origin: list[str] | None,
    condition: list[str] | None,
) -> tuple[ReferenceSet, ...]:
    """Reads reference sets, says what there is to note about them, and keeps what the filters name."""
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


def _multiplicity(sets: tuple[ReferenceSet, ...], spec: str | None, same: float | None) -> MultiplicityReport:
    from geneval_references import multiplicity

    if spec is None:
        return multiplicity(sets, threshold=same)
    from geneval.similarity import ScorerSimilarity

    similarity = ScorerSimilarity(spec, sets)
    low, high = similarity.scale
    if same is not None and (same < low or same > high):
        raise UsageError(
            f"--same {same:g} does not fit; {spec} scores texts against each other from {low:g} to {high:g}"
        )
    return multiplicity(sets, similarity=similarity, threshold=same)


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


def _table_of_multiplicity(found: MultiplicityReport) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from geneval.multiplicity_plot import lines

    console = Console()
    console.print(Text("\nItems by number of distinct references |r|"), style="bold")
    for line in lines(found.degree.counts):
        console.print(Text(line))
    out = Table(show_edge=False, show_header=False, pad_edge=False)
    for name, value in _facts(found):
        out.add_row(Text(name), Text(plain(value)))
    console.print()
    console.print(out)


def _facts(found: MultiplicityReport) -> Iterator[tuple[str, str]]:
    growth, classes = found.growth, found.classes
    yield (
        "positives",
        f"{found.positives} distinct references of {found.degree.items} items, {_range(found.degree)} each",
    )
    if growth.factor is not None:
        yield "against original", f"{growth.all} for {growth.original} of {growth.items} items: x{growth.factor:.2f}"
    if classes.coverage is None or classes.chao1 is None or classes.matching is None:
        yield "classes", "no item has two references that people wrote independently; nothing tells what is missing"
    else:
        yield "classes", f"{_short(classes.seen)} an item of {classes.items} items; one class: {classes.same}"
        yield (
            "coverage",
            f"{classes.coverage:.1%} of the answers people would give fall into classes seen (Good-Turing)",
        )
        yield "Chao1", f"at least {classes.chao1:.1f} classes an item; no ranking of items"
        yield "1/K", f"at most {classes.matching:.3f}: the chance that one reference is of the class of a right answer"
        yield "for 90 % coverage", f"at least {classes.needed} references an item, were all classes equally likely"
    yield (
        "hidden positives",
        f"{found.hidden_positives} (K^2 - K over {found.shared_texts} texts that several items share)",
    )
    shown = "; ".join(f"{one.text[:40]!r} in {one.items} items" for one in found.unspecific[:3])
    yield "underspecified", f"{found.unspecific_texts} texts answer 1 % of the items or more{shown and f': {shown}'}"


def _range(degree: Multiplicity) -> str:
    if not degree.counts:
        return "none"
    return f"{min(degree.counts)} to {max(degree.counts)} (mean {_exact(degree.mean)})"


def _exact(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
