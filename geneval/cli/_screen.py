"""A report's texts as a screen has room for them: no wider than the terminal, long names cut, nothing that steers it."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any

from geneval.cli._talk import plain
from geneval.drawing import short

if TYPE_CHECKING:
    from geneval.underestimation import Underestimation

LETTERS = 32
"""A name has so many at most."""

MANY = 5
"""Of more scorers than these, the first `FEW` have lines of their own below the table."""

FEW = 3


def width() -> int:
    """Letters of a line."""
    return max(40, min(110, get_terminal_size((110, 24)).columns))


def fill(text: str, after: str = "", before: str = "") -> str:
    """A paragraph; its first line begins with `before`, the others with `after`."""
    return textwrap.fill(text, width(), initial_indent=before, subsequent_indent=after, break_on_hyphens=False)


def for_screen(report: Underestimation) -> tuple[Underestimation, bool]:
    """The report with names that fit, and whether any was cut."""
    names = [str(row["scorer"]) for row in report.scorers] + [row.system for row in report.findings]
    labels = {name: short(plain(name), LETTERS) for name in dict.fromkeys(names)}
    if len(set(labels.values())) < len(labels):  # cut ones could not be told apart
        labels = {name: plain(name) for name in labels}
    changed = {name: labels[name] for name in sorted(labels, key=len, reverse=True) if labels[name] != name}
    if not changed:
        return report, False
    shown = ("finding", "audit", "findings", "scorers", "controls", "sections")
    made = {name: _renamed(getattr(report, name), changed) for name in shown}
    return replace(report, known=None, **made), any(len(plain(name)) > LETTERS for name in changed)


def _renamed(found: Any, names: Mapping[str, str]) -> Any:
    """The same with other names in all its texts."""
    if isinstance(found, str):
        for name, label in names.items():
            found = found.replace(name, label)
    elif isinstance(found, Mapping):
        found = {_renamed(key, names): _renamed(one, names) for key, one in found.items()}
    elif isinstance(found, list | tuple):
        found = type(found)([_renamed(one, names) for one in found])
    elif is_dataclass(found) and not isinstance(found, type):
        found = replace(
            found, **{one.name: _renamed(getattr(found, one.name), names) for one in fields(found) if one.init}
        )
    return found
