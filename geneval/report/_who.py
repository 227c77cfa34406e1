"""Figures of who is marked down or up: the slopes, the heat map, every number of every system, two systems at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from geneval.drawing import short
from geneval.report._figure import Figure, Table, flat
from geneval.report._intervals import Mark, Row, intervals
from geneval.report._slope import CROWD, SIGNS, slope
from geneval.report._words import VERDICTS, Json, chance, interval, listed, number, percent

SHOWN = 3
"""So many charts stand at the top; the others open on request."""

_ACROSS = 6
"""So many columns of the heat map fit on a screen."""

MATCHED = (
    "Matched-quality difference: score = item + system + b · quality + c · length + d · length² + error, fitted by least "
    "squares within items, with noise in people's grades taken out of the moments of quality; the system's effect less the "
    "mean of all systems' effects. Intervals: sandwich over items, Student's t. p: two-sided, Holm over the scorer's systems."
)


_PAIRS = 24
"""So many pairs of systems are drawn."""


def ways(data: Json, scorer: str) -> Mapping[str, str | None]:
    """Of each system whether a scorer marks it down or up."""
    return {row["system"]: row["direction"] for row in data["systems"] if row["scorer"] == scorer}


def signatures(data: Json) -> list[str]:
    """Of all scorers."""
    return [row["signature"] for row in data["scorers"]]


def finding(data: Json) -> Figure:
    """Systems by people against systems by each scorer; where there is no ranking by people, the differences."""
    ranking = data.get("ranking", {"reason": "the report holds no ranking"})
    if "people" not in ranking:
        return _differences(data, ranking.get("reason", ""))
    order = sorted(ranking["scorers"], key=lambda row: -_furthest(data, row["scorer"]))
    charts = [slope(ranking["people"], row, ways(data, row["scorer"])) for row in order]
    rows = [flat(row, by="people") for row in ranking["people"]]
    rows += [flat(row, by=one["scorer"]) for one in ranking["scorers"] for row in one["systems"]]
    return Figure(
        "ranking",
        "Systems by people, and by each scorer",
        "Best at the top, each side on a scale of its own. Lines that cross are systems that a scorer orders against people.",
        charts[:SHOWN],
        charts[SHOWN:],
        [("down", "▼ marked down at equal quality"), ("up", "▲ marked up"), ("none", "neither")],
        how=f"{_by(ranking)} on the {ranking['items']} items that all systems have; bars: central 95 % of "
        f"{ranking['resamples']:,} resamples of items, people's grades and scores together. Each axis has its own scale. "
        f"Of more than {CROWD} systems, only those that are marked have bars; the rows hold all. "
        "Whether a system is marked down or up is not read off the lines: the matched-quality difference decides.",
        signatures=signatures(data),
        rows=rows,
        notes=_flips(ranking["scorers"]),
    )


def _by(ranking: Json) -> str:
    """What systems are ranked by."""
    said = listed(list(dict.fromkeys(ranking.get("by") or ["means of grades", "corpus scores"])))
    return said[:1].upper() + said[1:]


def _flips(rows: Sequence[Json]) -> list[str]:
    """Pairs of systems that change places for sure, scorers that turn the same pairs round together."""
    found: dict[tuple[str, ...], list[tuple[str, float]]] = {}
    for row in rows:
        clear = [flip for flip in row["flips"] if flip["clear"]]
        if clear:
            pairs = tuple(f"{flip['people_prefer']} over {flip['scorer_prefers']}" for flip in clear)
            found.setdefault(pairs, []).append((row["scorer"], min(flip["probability"] for flip in clear)))
    return [
        f"{listed([name for name, _ in said])} turn{'s' * (len(said) == 1)} round what people say: {listed(list(pairs))}, "
        f"{_sure(min(least for _, least in said))}."
        for pairs, said in found.items()
    ]


def _sure(share: float) -> str:
    return "each in all resamples" if share == 1 else f"each in {percent(share)} of resamples or more"


def _furthest(data: Json, scorer: str) -> float:
    return max((abs(row["standardised"] or 0.0) for row in data["systems"] if row["scorer"] == scorer), default=0.0)


def _differences(data: Json, reason: str) -> Figure:
    charts = []
    for said in data["scorers"]:
        mine = [row for row in data["systems"] if row["scorer"] == said["scorer"]]
        lines = [
            Row(
                SIGNS.get(row["direction"] or "", "") + row["system"],
                [Mark(row["direction"] or "none", row["matched_difference"])],
                f"n {row['matched_difference']['n']:,}",
            )
            for row in mine
        ]
        charts.append(intervals(said["scorer"], lines, under="below 0: marked down at equal human quality"))
    return Figure(
        "ranking",
        "What each scorer gives systems at equal human quality",
        f"Shown in place of rankings: {reason}.",
        charts[:SHOWN],
        charts[SHOWN:],
        [("down", "▼ marked down at equal quality"), ("up", "▲ marked up"), ("none", "neither")],
        how=MATCHED,
        signatures=signatures(data),
        rows=_difference_rows(data),
    )


def _difference_rows(data: Json) -> list[dict[str, object]]:
    kept = ("scorer", "system", "matched_difference", "standardised", "p_adjusted", "direction", "verdict")
    return [flat({name: row[name] for name in kept}) for row in data["systems"]]


def heat(data: Json) -> Figure:
    """Scorer x system of the matched-quality difference."""
    systems = list(dict.fromkeys(row["system"] for row in data["systems"]))
    names = [said["scorer"] for said in data["scorers"]]
    cells = {(row["scorer"], row["system"]): row for row in data["systems"]}
    if len(systems) > max(_ACROSS, len(names)):
        # What does not fit side by side stands below each other, the furthest marked down first.
        systems.sort(key=lambda system: sum(cells[name, system]["standardised"] or 0.0 for name in names))
        table = _grid("system", systems, names, {(system, name): row for (name, system), row in cells.items()})
    else:
        table = _grid("scorer", names, systems, cells)
    sizes = {row["matched_difference"]["n"] for row in data["systems"]}
    reasons = {row["matched_difference"]["reason"] for row in data["systems"]} - {None}
    return Figure(
        "differences",
        "Who is marked down, who is marked up",
        "What a scorer gives a system beyond what it gives all systems at equal human quality, for the same item and length, "
        "in the scorer's own units. Colour: in standard deviations of the score within items, full at .8.",
        table=table,
        legend=[("h-m4", "less than others"), ("h-0", "the same"), ("h-p4", "more")],
        notes=[*sorted(reasons), *_controls(data)],
        how=f"{MATCHED} n: outputs that it rests on ({', '.join(f'{n:,}' for n in sorted(sizes))}). ▼ ▲: p ≤ .05, not shown to be below the margin, and beyond "
        "what random and unbiased, noisy scorers get.",
        signatures=signatures(data),
        rows=_difference_rows(data),
    )


def _grid(corner: str, down: Sequence[str], across: Sequence[str], cells: Mapping[tuple[str, str], Json]) -> Table:
    """Differences with their intervals, coloured."""
    rows, looks, small = [], {}, {}
    for line, one in enumerate(down):
        texts = [one]
        for column, other in enumerate(across, start=1):
            row = cells[one, other]
            found = row["matched_difference"]
            texts.append(SIGNS.get(row["direction"] or "", "") + number(found["value"], sign=True))
            looks[line, column] = _heat(row["standardised"])
            small[line, column] = f"{interval(found, sign=True)} n {found['n']:,}" if found["n"] else "no number"
        rows.append(texts)
    return Table([corner, *across], rows, looks, small)


def _heat(standardised: float | None) -> str:
    """One of nine classes."""
    if standardised is None:
        return "h-none"
    step = max(-4, min(4, round(standardised * 5)))
    return f"h-{'m' if step < 0 else 'p' if step > 0 else ''}{abs(step)}"


def _controls(data: Json) -> list[str]:
    """How far controls that favour nobody get."""
    out = []
    for said in data["scorers"]:
        found = [
            max(abs(end) for one in row["matched_difference"].values() for end in (one["low"], one["high"]))
            for row in data["controls"]
            if row["scorer"] == said["scorer"]
            and row["control"] in {"random", "unbiased_noise"}
            and row["matched_difference"]
        ]
        if found:
            out.append(f"{said['scorer']}: scorers that favour nobody get within ±{number(max(found))}.")
    return out


def scorers(data: Json) -> Figure:
    """A line for each scorer: its verdict and how it does beside controls."""
    rows: list[list[str]] = []
    looks: dict[tuple[int, int], str] = {}
    small: dict[tuple[int, int], str] = {}
    for line, said in enumerate(data["scorers"]):
        right = said["accuracy"]
        rows.append(
            [
                said["scorer"],
                VERDICTS.get(said["verdict"], said["verdict"]),
                ", ".join(said["down"]) or "–",
                ", ".join(said["up"]) or "–",
                percent(right["value"]),
                _names(said["beaten_by"]),
                _names(said["not_better_than"]),
            ]
        )
        small[line, 4] = (
            f"[{percent(right['low'])}, {percent(right['high'])}] of {right['n']:,}" if right["low"] is not None else ""
        )
        looks |= {(line, 2): "way down" if said["down"] else "", (line, 3): "way up" if said["up"] else ""}
    head = [
        "scorer",
        "verdict",
        "marks down",
        "marks up",
        "pairs in people's order",
        "beaten by controls",
        "not shown better than",
    ]
    ceilings = [said["ceiling"] for said in data["scorers"] if said["ceiling"] is not None]
    return Figure(
        "scorers",
        "The verdict on each scorer",
        "Chance puts half of the pairs in people's order"
        + (f"; one person agrees with the others on {percent(ceilings[0])}." if ceilings else "."),
        table=Table(head, rows, looks, small, numeric=9),
        notes=[said["sentence"] for said in data["scorers"]],
        how="The matched-quality difference decides whether there is a finding; the human band (what an item's references "
        "score against each other) tells which kind. Pairs: two outputs of an item that people put in order; equal scores are "
        "half right. A control beats a scorer where the interval of its gain lies above 0, or where texts that answer nothing "
        "score above a system.",
        signatures=signatures(data),
        rows=[flat(said) for said in data["scorers"]],
    )


def _names(names: Sequence[str]) -> str:
    return ", ".join(name.replace("_", " ") for name in names) or "–"


def systems(data: Json) -> Figure:
    """Every number of every system."""
    head = [
        "scorer, system", "at equal quality", "grades as given", "p", "gap to the band", "gap of valid outputs",
        "p below band", "p above band", "below the band beyond others", "loses pairs it should win", "verdict",
    ]  # fmt: skip
    rows: list[list[str]] = []
    looks: dict[tuple[int, int], str] = {}
    small: dict[tuple[int, int], str] = {}
    for line, row in enumerate(data["systems"]):
        valid = next((one for one in row["gap_valid"].values() if one["value"] is not None), None)
        found = [
            row["matched_difference"],
            row["as_given"],
            None,
            row["gap"],
            valid,
            None,
            None,
            row["differential_fnr"],
            row["contradiction"],
        ]
        texts = [
            f"{row['scorer']}, {row['system']}",
            *(number(one["value"], sign=True) if one else "–" for one in found[:2]),
        ]
        texts += [
            chance(row["p_adjusted"]),
            number(row["gap"]["value"], sign=True),
            number(valid["value"] if valid else None, sign=True),
        ]
        texts += [
            chance(row["p_penalised"]),
            chance(row["p_rewarded"]),
            number(row["differential_fnr"]["value"], sign=True),
        ]
        needed = (
            f" ({row['needed']:,} judged outputs would settle it)" if row["needed"] and not row["direction"] else ""
        )
        texts += [percent(row["contradiction"]["value"]), VERDICTS.get(row["verdict"], row["verdict"]) + needed]
        rows.append(texts)
        looks[line, 10] = f"way {row['direction']}" if row["direction"] else ""
        small |= {(line, n): interval(one, sign=n < 9) for n, one in enumerate(found, start=1) if one}
    return Figure(
        "systems",
        "Every number of every system",
        table=Table(head, rows, looks, small),
        folded=True,
        how=f"{MATCHED} Gap: what references score above the output, both against the same references; above 0, references "
        "score higher. Of valid outputs: by the strongest evidence there is. p below and above the band: exact permutation "
        "test of which of an item's texts is the output. Below the band beyond others: share below its 25 % quantile, at equal "
        "quality. Loses pairs: of pairs that people say the system wins, how often the scorer says it loses, ties half.",
        signatures=signatures(data),
        rows=[
            flat({key: value for key, value in row.items() if key not in {"false_negatives", "checks"}})
            for row in data["systems"]
        ],
    )


def pairs(data: Json) -> Figure | None:
    """Choices against the scorer, by which system is preferred."""
    found = data.get("pairs")
    if found is None:
        return None
    title = "Pairs of systems: how often the scorer contradicts people"
    if "reason" in found:
        return Figure("pairs", title, reason=found["reason"])
    charts, most = [], max((len(one["pairs"]) for one in found["scorers"]), default=0)
    for one in found["scorers"]:
        worst = sorted(one["pairs"], key=lambda row: -(row["contradiction"]["value"] or 0.0))
        lines = [
            Row(
                f"{short(row['preferred'], 17)} preferred to {short(row['other'], 17)}",
                [Mark("first", row["contradiction"])],
                f"n {row['contradiction']['n']:,}",
            )
            for row in worst[:_PAIRS]
        ]
        charts.append(intervals(one["scorer"], lines, under="share of pairs against people; chance .5", rule=0.5))
    ceiling = found.get("ceiling")
    told = (
        f"One person contradicts the others in {percent(1 - ceiling['value'])} of choices."
        if ceiling and ceiling["value"] is not None
        else ""
    )
    if most > _PAIRS:
        told = f"{told} The {_PAIRS} of {most} pairs with the highest shares; the rows hold all.".strip()
    return Figure(
        "pairs", title, told, charts[:SHOWN], charts[SHOWN:],
        how="Of pairs of outputs of an item that people put in order, the share in which the preferred one scores lower, ties half; "
        "intervals over items.",
        signatures=signatures(data),
        rows=[flat(row, scorer=one["scorer"]) for one in found["scorers"] for row in one["pairs"]],
    )  # fmt: skip


def worths(data: Json) -> Figure | None:
    """People's worths of systems: Bradley and Terry's model of which output wins."""
    found = data.get("ranking", {}).get("bradley_terry")
    title = "Systems by whose outputs people put first"
    if found is None or "reason" in found:
        return None if found is None else Figure("worths", title, reason=found["reason"])
    lines = [
        Row(row["system"], [Mark("first", row | {"value": row["log_worth"]})], _ranks(row)) for row in found["worths"]
    ]
    return Figure(
        "worths",
        title,
        "Log-worth in Bradley and Terry's model: the log-odds that the system's output is put before another's.",
        [intervals("by people", lines, under="log-worth; 0 is the mean of all")],
        notes=found.get("warnings") or (),
        how=f"{found['rule']}. {found['comparisons']:,.0f} comparisons on {found['items']:,} items.",
        signatures=[found["signature"]],
        rows=[flat(row) for row in found["worths"]],
    )


def _ranks(row: Json) -> str:
    low, high = row.get("rank_low"), row.get("rank_high")
    return "" if low is None else f"rank {low}" if low == high else f"rank {low} to {high}"
