"""`geneval references audit`."""

from __future__ import annotations

from typing import Annotated

import typer

from geneval.cli._columns import PANEL, Columns, Tiers, columns
from geneval.cli._machine import runs_models
from geneval.cli._options import SHOWING, Quiet
from geneval.cli._talk import plain, say
from geneval_references import GateError, UsageError

FINDING = "Finding"


@runs_models
def audit(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILES...", help="Reference sets, or output files whose rows have references."),
    ],
    outputs: Annotated[
        list[str] | None,
        typer.Option(
            "--outputs",
            metavar="FILE",
            help="Outputs, where the rows of FILES have none; NAME=FILE names the system. May be repeated.",
            rich_help_panel=PANEL,
        ),
    ] = None,
    with_: Annotated[
        str,
        typer.Option(
            "--with", metavar="SPEC", help="The scorer that tells how alike texts are.", rich_help_panel=FINDING
        ),
    ] = "token_f1",
    alpha: Annotated[
        float,
        typer.Option(help="The chance that any of the tests gives a false alarm.", rich_help_panel=FINDING),
    ] = 0.05,
    ignore: Annotated[
        list[str] | None,
        typer.Option(
            "--ignore",
            metavar="KIND",
            help="Leave out findings of this kind. May be repeated.",
            rich_help_panel=FINDING,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of what is drawn.", rich_help_panel=FINDING)] = 12345,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 5 where there is a fault.", rich_help_panel=SHOWING)
    ] = False,
    tier: Tiers = None,
    column: Columns = None,
    text: Annotated[
        bool,
        typer.Option(
            "--text",
            help="Plain text: one file a reference (or system), one line an item.",
            rich_help_panel=PANEL,
        ),
    ] = False,
    show: Annotated[
        int, typer.Option(metavar="N", help="Rows of each finding in a table.", rich_help_panel=SHOWING)
    ] = 3,
    format: Annotated[  # noqa: A002 - the option's name
        str | None,
        typer.Option(
            "--format", metavar="[table|json]", help="A table on a terminal, else json.", rich_help_panel=SHOWING
        ),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Look for what makes reference sets mislead, before anything is scored.

    Leaked outputs, duplicates, references and columns that stand apart, shifted and transposed columns, other scripts and
    languages, damaged encodings, truncation, list numbering, prompt echoes. Each finding has its texts and what to do. A
    `fault` makes numbers wrong; a `note` may be well. Unverified references count in no score, and are looked at only where
    --tier names them.

    Exit codes: 0 done, 2 usage, 3 bad input, 5 there is a fault and --strict, 6 something is not installed.

    Example: geneval references audit references.jsonl --outputs A=a.jsonl --strict
    """
    from geneval.auditing import audit_inputs, read_for_audit
    from geneval.cli._render_audit import render

    if format not in {None, "table", "json"}:
        raise UsageError(f"--format {format} does not fit; an audit is printed as table or json")
    if show < 0:
        raise UsageError(f"--show {show} does not fit; a number of rows is 0 or more")
    inputs = read_for_audit(files, outputs=outputs or (), columns=columns(column), format="text" if text else None)
    if not quiet:
        for note in inputs.notes:
            say(f"note: {plain(note)}")
    found = audit_inputs(inputs, scorer=with_, alpha=alpha, ignore=ignore or (), seed=seed, tiers=tier)
    render(found, format, show)
    if strict and found.faults:
        told = ", ".join(dict.fromkeys(finding.kind for finding in found.faults))
        raise GateError(f"--strict: faults were found ({told}); --ignore KIND leaves out what is known")
