"""An audit on stdout."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from textwrap import fill

from geneval.cli._talk import plain, plain_json
from geneval_references.audit import Audit, Finding, Row

_LONG = 160
"""Longer texts are cut in tables; JSON has them whole."""


def render(found: Audit, form: str | None, show: int) -> None:
    """Prints an audit; a table on a terminal and JSON elsewhere, unless told."""
    if (form or ("table" if sys.stdout.isatty() else "json")) == "json":
        print(plain_json(json.dumps(found.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)))
    else:
        _table(found, show)


def _table(found: Audit, show: int) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    if found.findings:
        table = Table(show_edge=False, pad_edge=False)
        for head in ("finding", "level", "subject"):
            table.add_column(head)
        for head in ("texts", "of", "rate", "p"):
            table.add_column(head, justify="right")
        for finding in found.findings:
            table.add_row(*(Text(cell) for cell in _cells(finding)))
        console.print(table)
    for finding in found.findings:
        console.print()
        console.print(Text(_filled(plain(f"{finding.kind}: {finding.message}"), console.width, ""), style="bold"))
        console.print(Text(_filled(f"To do: {finding.advice}", console.width, "  ")))
        for line in _lines(finding, show):
            console.print(Text(line), soft_wrap=True)
    if found.findings:
        console.print()
    for line in _about(found):
        console.print(Text(_filled(line, console.width, ""), style="dim"))


def _cells(finding: Finding) -> list[str]:
    rate = "-" if finding.rate is None else f"{finding.rate:.1%}"
    if finding.low is not None and finding.high is not None:
        rate += f" [{100 * finding.low:.1f}, {100 * finding.high:.1f}]"
    p = "" if finding.p is None else f"{finding.p:.1g}"
    return [finding.kind, finding.level, plain(finding.subject), str(finding.count), str(finding.of), rate, p]


def _lines(finding: Finding, show: int) -> Iterator[str]:
    for row in finding.rows[:show]:
        text = row.text if len(row.text) <= _LONG else f"{row.text[:_LONG]}…"
        note = f"  ({row.note})" if row.note else ""
        yield plain(f"  {where(row)}: {text!r}{note}")
    if len(finding.rows) > show:
        yield f"  and {len(finding.rows) - show} more (--show, --format json)"


def where(row: Row) -> str:
    """Item, and which of its texts."""
    if row.system is not None:
        return f"{row.id}, {row.system}"
    name = f" {row.name!r}" if row.name else ""
    return f"{row.id}, reference {row.reference}{name}"


def _about(found: Audit) -> Iterator[str]:
    faults = len(found.faults)
    notes = len(found.findings) - faults
    systems = f", {found.outputs} outputs of {len(found.systems)} systems" if found.systems else ""
    counted = f"{faults} fault{'s' * (faults != 1)} and {notes} note{'s' * (notes != 1)}"
    yield f"{counted} in {found.items} items, {found.references} references{systems}"
    if found.aside:
        yield f"left aside: {found.aside} references of other tiers than {', '.join(found.tiers)}; --tier names those to audit"
    for one in found.untested:
        yield plain(f"not looked for: {one.kind} ({one.reason})")
    yield plain(f"chance of a false alarm of any test: {found.alpha:g}; alike by {found.similarity}; seed {found.seed}")


def _filled(text: str, width: int, indent: str) -> str:
    return fill(text, width, initial_indent=indent, subsequent_indent=indent + "  ")
