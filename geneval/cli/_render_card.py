"""Cards of metric bias as a table, Markdown or JSON, on stdout."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from geneval.cli._render import printed
from geneval.cli._screen import fill
from geneval.cli._talk import plain

if TYPE_CHECKING:
    from geneval.cards import Cards

_HEADS = (
    "data set",
    "items, outputs, systems",
    "evidence",
    "verdict",
    "marked down (sd)",
    "marked up (sd)",
    "pairs as people order them",
    "beaten by",
    "audit",
)
_MARKS = re.compile(r"([\\`*_{}\[\]<>#|~])")


def render(cards: Cards, form: str | None) -> None:
    """Prints cards; a table on a terminal and JSON elsewhere, unless told."""
    printed(
        form,
        json=cards.to_json,
        table=lambda: print("\n".join(_table(cards))),
        markdown=lambda: print(markdown_of(cards)),
    )


def markdown_of(cards: Cards) -> str:
    """A heading, a sentence and a table a card."""
    return "\n".join(line for card in cards.cards for line in _markdown(card)).rstrip()


def _markdown(card: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"## {_safe(card['scorer'])}", "", _safe(card["summary"]), "")
    for cells in (_HEADS, ["---"] * len(_HEADS), *(_cells(row, _safe) for row in card["data_sets"])):
        yield "| " + " | ".join(cells) + " |"
    yield from ("", *(f"- {_safe(name)}: {_code(signature)}" for name, signature in _signatures(card)), "")


def _table(cards: Cards) -> Iterator[str]:
    for card in cards.cards:
        yield from (plain(fill(card["summary"]), keep="\n"), "")
        for row in card["data_sets"]:
            name, *cells = _cells(row, plain)
            yield name
            for head, cell in zip(_HEADS[1:], cells, strict=True):
                yield fill(cell, "    ", f"  {head}: ")
        yield from ("", *(plain(f"{name}: {signature}") for name, signature in _signatures(card)), "")


Names = Callable[[str], str]
"""Makes text that somebody else wrote harmless."""


def _cells(row: Mapping[str, Any], safe: Names) -> list[str]:
    criterion = f", {safe(row['criterion'])}" if row["criterion"] else ""
    right = row["accuracy"]
    ceiling = "" if row["ceiling"] is None else f"; one person with the others: {row['ceiling']:.2f}"
    return [
        safe(row["name"]),
        f"{row['items']:,}, {row['outputs']:,}, {row['systems']}",
        f"{row['evidence']}{criterion}",
        row["verdict"].replace("_", " "),
        _systems(row["down"], safe),
        _systems(row["up"], safe),
        "-" if right["value"] is None else f"{_span(right, '.2f')} of {right['n']:,}{ceiling}",
        ", ".join(row["beaten_by"]).replace("_", " ") or "-",
        _audit(row["audit"], safe),
    ]


def _systems(rows: Sequence[Mapping[str, Any]], safe: Names) -> str:
    return ", ".join(f"{safe(row['system'])} {_span(row, '+.2f')}" for row in rows) or "-"


def _span(found: Mapping[str, Any], form: str) -> str:
    if found["value"] is None:
        return "-"
    if found["low"] is None or found["high"] is None:
        return f"{found['value']:{form}}"
    return f"{found['value']:{form}} [{found['low']:{form}}, {found['high']:{form}}]"


def _audit(audit: Mapping[str, Any], safe: Names) -> str:
    out, kinds = audit["left_out"], dict.fromkeys(fault["kind"] for fault in audit["faults"])
    told = [f"{out} item{'s' * (out != 1)} left out"] if out else []
    told += [f"found: {', '.join(map(safe, kinds))}"] if kinds else []
    blamed = [f"{safe(one['reference'])} rated below most systems" for one in audit["defective_references"]]
    return "; ".join([*told, *blamed]) or "-"


def _signatures(card: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The recipe, and where data sets have state of their own, each one's."""
    own = {row["signature"] for row in card["data_sets"]} - {card["signature"]}
    told = [("signature", card["signature"])]
    return told + [(f"on {row['name']}", row["signature"]) for row in card["data_sets"] if own]


def _safe(text: str) -> str:
    """Text that Markdown leaves as it is."""
    return _MARKS.sub(r"\\\1", plain(text))


def _code(text: str) -> str:
    """Text as code."""
    return "`" + plain(text).replace("`", "'") + "`"
