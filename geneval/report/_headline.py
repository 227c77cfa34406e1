"""The finding in words that a reader takes in at a glance."""

from __future__ import annotations

from collections import Counter

from geneval.report._words import Json, listed


def headline(data: Json) -> str:
    """One or two short sentences: who is marked down or up, and where people put them."""
    scorers = [row["scorer"] for row in data["scorers"]]
    marked = {
        way: Counter(row["system"] for row in data["systems"] if row["direction"] == way) for way in ("down", "up")
    }
    way = "down" if marked["down"] else "up"
    if not marked[way]:
        return _nothing(data)
    most = max(marked[way].values())
    systems = [name for name, count in marked[way].items() if count == most]
    said = f"{_who(most, scorers, systems, way, data)} {listed(systems)} {way} at equal human quality."
    return f"{said} {_placed(data, systems[0])}".strip() if len(systems) == 1 else said


def _who(count: int, scorers: list[str], systems: list[str], way: str, data: Json) -> str:
    """The scorers that mark the systems, as a subject with its verb."""
    if count == len(scorers):
        whole = f"All {count} scorers mark" if count > 2 else "Both scorers mark"
        return whole if count > 1 else f"{scorers[0]} marks"
    names = [row["scorer"] for row in data["systems"] if row["direction"] == way and row["system"] == systems[0]]
    if count == 1 and len(systems) == 1:
        return f"{names[0]} marks"
    return f"{count} of {len(scorers)} scorers mark{'s' if count == 1 else ''}"


def _nothing(data: Json) -> str:
    verdicts = {row["verdict"] for row in data["scorers"]}
    if verdicts == {"no_evidence"}:
        return "No system is marked down or up: at equal human quality, all get the same scores."
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
