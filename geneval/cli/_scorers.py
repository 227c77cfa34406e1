"""`geneval scorers`."""

from __future__ import annotations

import dataclasses
import inspect
import json
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from geneval.cli._talk import say

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
    """List the scorers: what they mean, range, direction, kind, role, what they need, where they come from."""
    from geneval_scorers import find_scorer, plugins
    from geneval_scorers import scorers as registered

    known = {name: find_scorer(name)} if name is not None else registered()
    offered = plugins() if name is None else ()
    rows = [_row(key, cls) for key, cls in known.items()]
    broken = [plugin for plugin in offered if plugin.error]
    shown = format or (ListFormat.table if sys.stdout.isatty() else ListFormat.json)
    if shown is ListFormat.json:
        faults = [{key: getattr(plugin, key) for key in _FAULT} for plugin in broken]
        print(json.dumps({"schema": "geneval.scorers/1", "scorers": rows, "broken_plugins": faults}, indent=2))
    elif shown is ListFormat.markdown:
        _markdown(rows)
    elif name is not None:
        print(f"{name}\n\n{rows[0]['doc']}\n")
        print("\n".join(f"{key}: {value}" for key, value in rows[0].items() if key not in ("doc", "name")))
    else:
        _table(rows)
    if shown is not ListFormat.json:
        for plugin in broken:
            say(f"broken plug-in: {plugin.name}, of {plugin.distribution} {plugin.version}: {plugin.error}")


_FAULT = ("name", "distribution", "version", "target", "error")
_REQUIRED = "required"


def _row(name: str, cls: type[Scorer]) -> dict[str, object]:
    info: Info = cls.info
    fields = [f for f in dataclasses.fields(cls) if f.init]
    from geneval_scorers import origin

    offer = origin(cls, name)
    return {
        "name": name,
        "meaning": info.summary,
        "range": _range(info.scale),
        "direction": info.direction,
        "kind": info.kind,
        "role": info.role,
        "monotone": info.monotone,
        "identical": info.identical,
        "options": {f.name: _REQUIRED if f.default is dataclasses.MISSING else f.default for f in fields},
        "needs": info.needs,
        "licence": info.licence,
        "source": info.source,
        "plugin": f"{offer.distribution} {offer.version}" if offer else None,
        "doc": inspect.getdoc(cls) or "",
    }


def _range(scale: tuple[float | None, float | None]) -> str:
    return "any" if scale == (None, None) else "..".join("" if end is None else f"{end:g}" for end in scale)


def _cells(row: dict[str, object]) -> list[str]:
    options = row["options"]
    told = options.items() if isinstance(options, dict) else ()
    listed = ", ".join(f"{k}=..." if v == _REQUIRED else f"{k}={v!r}" for k, v in told)
    monotone = "yes" if row["monotone"] else "no"
    keys = ("meaning", "range", "direction", "kind", "role")
    tail = ("identical", "needs", "licence", "source")
    return [f"{row['name']}({listed})", *(str(row[k]) for k in keys), monotone, *(str(row[k]) for k in tail)]


_HEADS = ["scorer", "meaning", "range", "better", "kind", "role", "monotone", "identical text", "needs"]
_HEADS += ["licence", "source"]


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
    for head in (_HEADS[0], *_HEADS[1:7], "needs"):
        out.add_column(head, overflow="fold", no_wrap=head == _HEADS[0])
    for row in rows:
        cells = _cells(row)
        out.add_row(*map(Text, (str(row["name"]), *cells[1:7], cells[8])))
    console = Console()
    console.print(out)
    for plugin in sorted({str(row["plugin"]) for row in rows if row["plugin"]}):
        names = ", ".join(str(row["name"]) for row in rows if row["plugin"] == plugin)
        console.print(Text(f"of the plug-in {plugin}: {names}", style="dim"), soft_wrap=True)
    console.print("geneval scorers NAME tells its options; --format json everything.", style="dim")
