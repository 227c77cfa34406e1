"""The finding in words: whom scorers mark down or up, by how much, how sure, on what evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from geneval.underestimation._model import Finding
from geneval.underestimation._people import Evidence

TOLD = 0.75
"""From this probability on, the headline tells that a scorer turns people's order around."""

Said = Sequence[Mapping[str, Any]]
"""A row a scorer: its name, its verdict, whether it sides with people."""


def headline(said: Said, findings: Sequence[Finding], ranking: Any, evidence: Evidence) -> str:
    """A few sentences; the first is the finding.

    Args:
        said: of each scorer.
        findings: of each scorer and system.
        ranking: the section.
        evidence: what people said.
    """
    parts = [_found(said, findings) + f", on {evidence.outputs:,} outputs that people gave {evidence.kind}"]
    parts += _orders(ranking)
    sided = sum(bool(row.get("sides_with_people")) for row in said)
    if sided * 2 >= len(said) and sided:
        parts.append(f"{sided} of {len(said)} scorers order pairs of outputs as people do more often than not")
    return ". ".join(parts) + "."


def _found(said: Said, findings: Sequence[Finding]) -> str:
    clauses = [_marked(findings, way, len(said)) for way in ("down", "up")]
    marked = "; ".join(clause for clause in clauses if clause)
    if marked:
        kinds = {str(row["verdict"]) for row in said}
        misranked = ": relative misranking" if not kinds & {"penalised", "both"} else ""
        return f"At equal human quality {marked}{misranked}"
    unsure = [str(row["scorer"]) for row in said if row["verdict"] == "not_enough_evidence"]
    if unsure:
        return f"Not enough evidence that {_listed(unsure)} mark{'s' * (len(unsure) == 1)} any system down or up at equal human quality"
    return "No evidence of underestimation: at equal human quality all systems get the same scores, within the margin"


def _marked(findings: Sequence[Finding], way: str, scorers: int) -> str:
    """All systems that are marked this way, those by the same scorers together."""
    rows = [row for row in findings if row.direction == way]
    by_scorers: dict[tuple[str, ...], list[str]] = {}
    for system in dict.fromkeys(row.system for row in rows):
        names = tuple(row.scorer for row in rows if row.system == system)
        by_scorers.setdefault(names, []).append(system)
    clauses = []
    for names, systems in sorted(by_scorers.items(), key=lambda pair: -len(pair[0])):
        mine = [row for row in rows if row.system in systems]
        every = "both scorers" if scorers == 2 else f"all {scorers} scorers"
        who = every if len(names) == scorers > 1 else _listed(names)
        verb = "are" if len(systems) > 1 else "is"
        clauses.append(f"{_listed(systems)} {verb} marked {way} by {who} ({_size(mine)}){_against_band(mine)}")
    return ", ".join(clauses)


def _size(rows: Sequence[Finding]) -> str:
    sizes = sorted((row.standardised or 0.0 for row in rows), key=abs)
    spread = " to ".join(dict.fromkeys(f"{size:+.2f}" for size in (sizes[0], sizes[-1])))
    p = max(row.p_adjusted or 0.0 for row in rows)
    return f"{spread} sd, {'p < .001' if p < 0.001 else f'p <= {p:.3f}'}"


def _against_band(rows: Sequence[Finding]) -> str:
    below = [row.scorer for row in rows if row.verdict in {"penalised", "both"}]
    if not below:
        return ""
    return " and penalised against the human band" + ("" if len(below) == len(rows) else f" by {_listed(below)}")


def _orders(ranking: Any) -> list[str]:
    """Scorers that put another system above the one that people put first, where resampling seldom undoes it."""
    if "people" not in ranking or len(ranking["people"]) < 2:
        return []
    best, sure = ranking["people"][0]["system"], ranking["people"][0]["first"]
    places: dict[str, list[tuple[str, float]]] = {}
    for row in ranking["scorers"]:
        flips = [flip for flip in row["flips"] if flip["people_prefer"] == best and flip["probability"] >= TOLD]
        if flips:
            where, chance = _place(best, row["systems"][-1], flips)
            places.setdefault(where, []).append((row["scorer"], chance))
    told = [_ranked(where, given) for where, given in places.items()]
    return [f"People rank {best} first (probability {sure:.2f}); {', '.join(told)}"] if told else []


def _place(best: str, last: Mapping[str, Any], flips: Said) -> tuple[str, float]:
    """Where a scorer puts it, with the probability of just that."""
    if last["system"] == best and last["last"] >= TOLD:
        return "last", last["last"]
    surest = max(flips, key=lambda flip: flip["probability"])
    return f"below {surest['scorer_prefers']}", surest["probability"]


def _ranked(where: str, given: Sequence[tuple[str, float]]) -> str:
    chances = sorted(chance for _, chance in given)
    spread = " to ".join(dict.fromkeys(f"{chance:.2f}" for chance in (chances[0], chances[-1])))
    return f"{_listed([name for name, _ in given])} rank{'s' * (len(given) == 1)} it {where} (probability {spread})"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
