"""`geneval doctor`."""

from __future__ import annotations

import dataclasses
import json
import stat
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geneval.cli._talk import plain

if TYPE_CHECKING:
    from rich.console import Console

    from geneval.doctor import Finding


class ReportFormat(StrEnum):
    """How the report is printed."""

    table = "table"
    json = "json"


_NARROW = 60
"""Columns of a terminal below which there are lines instead of a table."""

_STYLES = {"ok": "green", "note": "cyan", "missing": "yellow", "broken": "bold red"}


def doctor(
    require: Annotated[
        list[str] | None,
        typer.Option(
            "--require",
            metavar="PART",
            help="Exit with 6 where PART is missing or broken: neural, offline, light, coco, java, meteor, spice, model, "
            "plugins, disk. "
            "May be repeated.",
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="DIR", help="Where results would go.")
    ] = None,
    format: Annotated[  # noqa: A002 - the option's name
        ReportFormat | None, typer.Option("--format", help="A table on a terminal, else json.")
    ] = None,
) -> None:
    """Look at what is installed: Python, packages, Java, models, caches, disk, plug-ins; and say what to do.

    Exit codes: 0 the core works, 6 it does not, or a part that --require names is missing or broken.
    """
    from geneval.doctor import examine, works
    from geneval_references import MissingDependencyError

    wanted = _wanted(require or [])
    found = examine(_nearest(output or Path()))
    if (format or (ReportFormat.table if sys.stdout.isatty() else ReportFormat.json)) is ReportFormat.json:
        rows = [dataclasses.asdict(finding) for finding in found]
        print(json.dumps({"schema": "geneval.doctor/1", "works": works(found), "findings": rows}, indent=2))
    else:
        _table(found)
    ill = _lacking(found, wanted)
    if ill:
        raise MissingDependencyError("\n".join(ill))


PARTS = ("neural", "offline", "light", "coco", "java", "meteor", "spice", "model", "plugins", "disk")


def _wanted(require: list[str]) -> list[str]:
    # No help from geneval_scorers here: it may be what does not work.
    from geneval_references import UsageError

    for part in require:
        if part not in PARTS:
            raise UsageError(f"--require {part} does not fit; allowed: {', '.join(PARTS)}")
    return ["core", *require]


def _lacking(found: list[Finding], wanted: list[str]) -> list[str]:
    from geneval.doctor import lacking

    ill = [(part, finding) for part in dict.fromkeys(wanted) for finding in lacking(found, part)]
    told = [f"{part}: {f.name}: {f.found}" + (f". {f.remedy}" if f.remedy else "") for part, f in ill]
    unseen = [part for part in wanted if not any(finding.part == part for finding in found)]
    return told + [f"{part}: it cannot be told whether it is there" for part in unseen]


def _nearest(folder: Path) -> Path:
    """The folder, or the one above it that is there already; the folder itself where that cannot be told."""
    try:
        # Not `is_dir`, which may take a name that no folder can have for one that is free.
        return next((place for place in (folder.resolve(), *folder.resolve().parents) if _there(place)), folder)
    except OSError:
        return folder


def _there(place: Path) -> bool:
    try:
        return stat.S_ISDIR(place.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def _table(found: list[Finding]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    if console.width < _NARROW:
        for finding in found:
            told = f"{finding.part}, {finding.name}: {finding.status}: {finding.found}"
            console.print(Text(plain(told)), overflow="fold")
        _todo(console, found)
        return
    out = Table(show_edge=False, pad_edge=False)
    out.add_column("part", no_wrap=True)
    out.add_column("what", overflow="fold", max_width=max(24, console.width // 3))
    out.add_column("status", no_wrap=True)
    out.add_column("found", overflow="fold")
    last = ""
    for finding in found:
        part = "" if finding.part == last else finding.part
        last = finding.part
        status = Text(finding.status, style=_STYLES[finding.status])
        out.add_row(part, Text(plain(finding.name)), status, Text(plain(finding.found)))
    console.print(out)
    _todo(console, found)


def _todo(console: Console, found: list[Finding]) -> None:
    from rich.text import Text

    todo = {
        finding.remedy: [f.name for f in found if f.remedy == finding.remedy] for finding in found if finding.remedy
    }
    if todo:
        console.print("\nWhat to do, where you need it:")
    for remedy, names in todo.items():
        # Not wrapped by us: commands are there to be copied.
        console.print(Text(plain(f"  {', '.join(names)}: {remedy}")), soft_wrap=True)
