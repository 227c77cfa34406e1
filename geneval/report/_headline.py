"""The finding in words that a reader takes in at a glance."""

from __future__ import annotations

from collections import defaultdict

from geneval.report._words import Json, listed


def headline(data: Json) -> str:
    """One or two short sentences: who is marked down or up, and where people put them."""
    way = "down" if (down := _marked(data, "down")) else "up"
    marked = down or _marked(data, "up")
    if not marked:
        return _nothing(data)
    names = max(marked.values(), key=len)
    # Systems that the same scorers mark: of others it would not be true.
    systems = [name for name, by in marked.items() if by == names]
    said = f"{_who(names, len(data['scorers']))} {listed(systems)} {way} at equal human quality."
    return f"{said} {_placed(data, systems[0])}".strip() if len(systems) == 1 else said


def _marked(data: Json, way: str) -> dict[str, list[str]]:
    """By system, the scorers that mark it."""
    found: dict[str, list[str]] = defaultdict(list)
    for row in data["systems"]:
        if row["direction"] == way:
            found[row["system"]].append(row["scorer"])
    return found


def _who(names: list[str], scorers: int) -> str:
    """The scorers that mark the systems, as a subject with its verb."""
    if len(names) == 1:
        return f"{names[0]} marks"
    if len(names) == scorers:
        return f"All {scorers} scorers mark" if scorers > 2 else "Both scorers mark"
    return f"{len(names)} of {scorers} scorers mark"


def _nothing(data: Json) -> str:
    verdicts = {row["verdict"] for row in data["scorers"]}
    if verdicts == {"no_evidence"}:
        return "No system is marked down or up: at equal human quality, all get the same scores, within the margin."
    return "Not enough evidence that any scorer marks a system down or up."


def _placed(data: Json, system: str) -> str:
    """Where people and scorers rank it, where they rank it apart and resampling hardly ever undoes that."""
    ranking = data.get("ranking", {})
    if "people" not in ranking:
        return ""
    if not all(_flipped(row["flips"], system) for row in ranking["scorers"]):
        return ""
    people = _place(ranking["people"], system)
    places = [_place(row["systems"], system) for row in ranking["scorers"]]
    if people is None or None in places:
        return ""
    many, known = len(ranking["people"]), [place for place in places if place is not None]
    if len(set(known)) != 1 or known[0] == people:
        return ""
    names = [row["scorer"] for row in ranking["scorers"]]
    every = len(names) == len(data["scorers"]) and len(names) > 1
    who = ("all scorers" if len(names) > 2 else "both scorers") if every else listed(names)
    return f"People rank it {_ordinal(people, many)}, {who} {_ordinal(known[0], many)}."


def _flipped(flips: list[Json], system: str) -> bool:
    return any(flip["clear"] and system in {flip["people_prefer"], flip["scorer_prefers"]} for flip in flips)


def _place(rows: list[Json], system: str) -> int | None:
    return next((n for n, row in enumerate(rows, start=1) if row["system"] == system), None)


def _ordinal(place: int, many: int) -> str:
    if place == 1:
        return "first"
    if place == many:
        return "last"
    return f"{place}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(place % 10 if place % 100 not in {11, 12, 13} else 0, 'th') } of {many}"
