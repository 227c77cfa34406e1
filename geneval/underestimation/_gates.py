"""Conditions on a report that a pipeline may stop at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from geneval_references import UsageError

Row = Mapping[str, Any]


CONDITIONS = ("underestimated", "penalised", "relative_misranking", "beaten", "undecided")
"""A system is marked down; scored below the human band though valid; marked down or up; a control beats the scorer; a
verdict lacks evidence."""


def _holding(scorer: Row, systems: Sequence[Row]) -> dict[str, str]:
    """What is to be said of one scorer by condition; nothing where it does not hold."""
    down = [row["system"] for row in systems if row["direction"] == "down"]
    penalised = [row["system"] for row in systems if row["verdict"] in {"penalised", "both"}]
    moved = [f"{row['system']} {row['direction']}" for row in systems if row["verdict"] == "relative_misranking"]
    unknown = [row["system"] for row in systems if row["verdict"] == "not_enough_evidence"]
    rows = (
        (down, "marks {} down at equal human quality"),
        (penalised, "scores valid outputs of {} below the human band"),
        (moved, "marks {} at equal human quality (relative misranking)"),
        (scorer["beaten_by"], "is beaten by the controls {}"),
        (unknown, "cannot be judged for {}: not enough evidence"),
    )
    told = zip(CONDITIONS, rows, strict=True)
    return {name: words.format(", ".join(found)) for name, (found, words) in told if found}


def check_conditions(conditions: Sequence[str]) -> None:
    """Refuses conditions that there are not.

    Raises:
        UsageError: there is no such condition.
    """
    for name in conditions:
        if name not in CONDITIONS:
            raise UsageError(f"there is no condition {name!r} to fail at; allowed: {', '.join(CONDITIONS)}")


def failures(report: Mapping[str, Any], conditions: Sequence[str]) -> list[str]:
    """What holds of the conditions, a sentence a scorer and condition; none where none does.

    Args:
        report: what `underestimation.json` holds.
        conditions: names of `CONDITIONS`.

    Raises:
        UsageError: there is no such condition.
    """
    check_conditions(conditions)
    found = []
    for name in dict.fromkeys(conditions):
        for scorer in report["scorers"]:
            mine = [row for row in report["systems"] if row["scorer"] == scorer["scorer"]]
            told = _holding(scorer, mine)
            found += [f"{name}: {scorer['scorer']} {told[name]}"] if name in told else []
    return found
