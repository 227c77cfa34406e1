"""`geneval scorers`."""

from __future__ import annotations

import dataclasses
import inspect
import json
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from geneval_scorers import Info, Scorer


class ListFormat(StrEnum):
    """How the list is printed."""

    table = "table"
    json = "json"
    markdown = "markdown"


def scorers(
    name: Annotated[str | None, typer.Argument(help="One scorer: its options and what they mean.")] = None,
    format: Annotated[ListFormat | None, typer.Option("--format", help="A table on a terminal, else json.")] = None,  # noqa: A002
) -> None:
    """List the scorers: what they mean, range, direction, pair or pool, what they need, where they come from."""
    from geneval_references import UsageError
    from geneval_scorers import scorers as registered

    known = registered()
    if name is not None and name not in known:
        raise UsageError(f"no scorer named {name!r}; there are: {', '.join(known)}")
    rows = [_row(key, cls) for key, cls in known.items() if name in (None, key)]
    shown = format or (ListFormat.table if sys.stdout.isatty() else ListFormat.json)
    if shown is ListFormat.json:
        print(json.dumps({"schema": "geneval.scorers/1", "scorers": rows}, indent=2))
    elif shown is ListFormat.markdown:
        _markdown(rows)
    elif name is not None:
        print(f"{name}\n\n{rows[0]['doc']}\n")
        print("\n".join(f"{key}: {value}" for key, value in rows[0].items() if key not in ("doc", "name")))
    else:
        _table(rows)


_REQUIRED = "required"


def _row(name: str, cls: type[Scorer]) -> dict[str, object]:
    info: Info = cls.info
    fields = [f for f in dataclasses.fields(cls) if f.init]
    high = "" if info.scale[1] is None else f"{info.scale[1]:g}"
    return {
        "name": name,
        "meaning": info.summary,
        "range": f"{info.scale[0]:g}..{high}",
        "direction": info.direction,
        "kind": info.kind,
        "monotone": info.monotone,
        "identical": info.identical,
        "options": {f.name: _REQUIRED if f.default is dataclasses.MISSING else f.default for f in fields},
        "needs": info.needs,
        "licence": info.licence,
        "source": info.source,
        "doc": inspect.getdoc(cls) or "",
    }


def _cells(row: dict[str, object]) -> list[str]:
    options = row["options"]
    told = options.items() if isinstance(options, dict) else ()
    listed = ", ".join(f"{k}=..." if v == _REQUIRED else f"{k}={v!r}" for k, v in told)
    monotone = "yes" if row["monotone"] else "no"
    keys = ("meaning", "range", "direction", "kind")
    tail = ("identical", "needs", "licence", "source")
    return [f"{row['name']}({listed})", *(str(row[k]) for k in keys), monotone, *(str(row[k]) for k in tail)]


_HEADS = ["scorer", "meaning", "range", "better", "kind", "monotone", "identical text", "needs", "licence", "source"]


def _markdown(rows: list[dict[str, object]]) -> None:
    print("| " + " | ".join(_HEADS) + " |\n|" + " --- |" * len(_HEADS))
    for row in rows:
        first, *rest = _cells(row)
        print("| " + " | ".join([f"`{first}`", *rest]) + " |")


def _table(rows: list[dict[str, object]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # What one chooses by; the rest is in `geneval scorers NAME`.
    out = Table(show_edge=False, pad_edge=False)
    for head in (_HEADS[0], *_HEADS[1:6], "needs"):
        out.add_column(head, overflow="fold")
    for row in rows:
        cells = _cells(row)
        out.add_row(*map(Text, (str(row["name"]), *cells[1:6], cells[7])))
    console = Console()
    console.print(out)
    console.print("geneval scorers NAME tells its options; --format json everything.", style="dim")
