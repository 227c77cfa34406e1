"""Figures of what the report rests on: the audit, grades beside scores, controls, validity, people."""

from __future__ import annotations

import numpy as np

from geneval.report._evidence import RULE, Evidence
from geneval.report._figure import Figure, Table, flat
from geneval.report._scatter import cells_of, rows_of, scatter
from geneval.report._who import SHOWN, signatures
from geneval.report._words import Json, chance, interval, number, percent


def audit(data: Json) -> Figure:
    """Copies of references, what was left out, and other faults of the data."""
    found = data["audit"]
    rows, looks = [], {}
    for line, row in enumerate(found["copies"]):
        p = "–" if row["p"] is None else chance(row["p"])
        rows.append(
            [
                row["system"],
                f"{row['n']:,} of {row['outputs']:,}",
                percent(row["rate"]),
                percent(row["reference_rate"]),
                p,
            ]
        )
        looks[line, 2] = "way down" if row["leaked"] else ""
    others = [one for one in found["findings"] if one["kind"] != "leak"]
    left_out = len(found["left_out"])
    lead = (
        f"{left_out:,} items are left out for all systems, since a leaked output equals one of their references. Everything "
        "below is without them; the data as given stand beside it where that differs."
        if left_out
        else "No system equals its references more often than chance would have it; nothing is left out."
    )
    head = ["system", "outputs that equal a reference", "rate", "references that equal a sibling", "p"]
    return Figure(
        "audit",
        "First of all: are the data sound?",
        lead,
        table=Table(head, rows, looks, {}),
        notes=[f"{one['message']}: {one['advice']}." for one in others],
        how=f"{found['rule'][:1].upper()}{found['rule'][1:]}. p: chance of so many copies or more, at the rate at which references equal a sibling.",
        rows=[flat(row) for row in found["copies"]] + [{"left_out": id_} for id_ in found["left_out"]],
    )


def raw(data: Json) -> Figure | None:
    """The differences on the data as given, beside those on the cleaned data."""
    if not data["raw"]:
        return None
    clean = {(row["scorer"], row["system"]): row for row in data["systems"]}
    rows, out = [], []
    small: dict[tuple[int, int], str] = {}
    for line, row in enumerate(data["raw"]):
        both = row["matched_difference"], clean[row["scorer"], row["system"]]["matched_difference"]
        gaps = row["gap"], clean[row["scorer"], row["system"]]["gap"]
        rows.append([f"{row['scorer']}, {row['system']}", *(number(one["value"], sign=True) for one in (*both, *gaps))])
        small |= {(line, n): interval(one, sign=True) for n, one in enumerate((*both, *gaps), start=1)}
        out.append(
            flat(
                {"as_given": both[0], "cleaned": both[1], "gap_as_given": gaps[0], "gap_cleaned": gaps[1]},
                scorer=row["scorer"],
                system=row["system"],
            )
        )
    head = ["scorer, system", "at equal quality: as given", "cleaned", "gap to the band: as given", "cleaned"]
    return Figure(
        "raw",
        "The data as given, and cleaned",
        table=Table(head, rows, {}, small),
        folded=True,
        how="The same analysis with the leaked items and without them.",
        signatures=signatures(data),
        rows=out,
    )


def ratings(data: Json, evidence: Evidence | None) -> Figure:
    """Scores against people's grades, with the penalised valid outputs marked."""
    title = "Scores against people's grades"
    if evidence is None:
        return Figure("ratings", title, reason="the report was made without its outputs")
    said = evidence.known.evidence
    if said.kind != "ratings":
        return Figure("ratings", title, reason="people chose between outputs, and gave no grades")
    across = f"people's grade ({data['people']['criterion'] or 'mean'})"
    charts, rows = [], []
    for one, place in zip(evidence.known.scorers, evidence.places, strict=True):
        marked = (place.penalised & evidence.valid)[said.item, said.system]
        cells = cells_of(said.grade, place.own[said.item, said.system], marked)
        if cells is None:
            continue
        known = ~np.isnan(place.limit)
        level = float(place.limit[known].mean()) if known.any() else None
        charts.append(scatter(one.name, cells, across=across, level=level))
        rows += rows_of(one.name, cells)
    which = "valid" if evidence.told else "not known to be valid or invalid"
    return Figure(
        "ratings",
        title,
        "For each grade, how many outputs get which score: the longer a bar, the more.",
        charts[:SHOWN],
        charts[SHOWN:],
        [
            ("all", "outputs"),
            ("marked", f"of these, {which} and penalised"),
            ("dashed", "a quarter of the references lie below"),
        ],
        how=f"Scores are means with one reference left out in turn, as references are scored. {RULE} Dashed: that score.",
        signatures=signatures(data),
        rows=rows,
        reason=None if charts else "no item has two references and a score for each of them",
    )


def controls(data: Json) -> Figure:
    """What knows nothing, in the scorer's place; what answers nothing, in the output's place."""
    rows, looks = [], {}
    for line, row in enumerate(data["controls"]):
        told = "beats the scorer" if row["beats"] else "not shown worse" if row["level"] else "–"
        looks[line, 4] = "way down" if row["beats"] else ""
        rows.append(
            [
                f"{row['scorer']}, {row['control'].replace('_', ' ')}",
                row["kind"],
                _control(row),
                row.get("note") or "–",
                told,
            ]
        )
    return Figure(
        "controls",
        "Controls",
        "A finding that does not exceed the controls is not made.",
        table=Table(
            ["scorer, control", "in place of", "what it gets", "made of", "verdict"], rows, looks, {}, numeric=9
        ),
        folded=True,
        how="Every control goes through the same code. Random, and unbiased noise (true quality with noise until it correlates with "
        "people as the scorer does): the range of the central 95 % of draws over systems. Texts: their mean score, and the "
        "systems that they score above. Held-out reference: the gap of one drawn reference in the output's place.",
        signatures=signatures(data),
        rows=[flat(row) for row in data["controls"]],
    )


def _control(row: Json) -> str:
    said = []
    if (row.get("accuracy") or {}).get("value") is not None:
        said.append(f"{percent(row['accuracy']['value'])} of pairs in people's order")
    ends = [
        end
        for one in (row.get("matched_difference") or {}).values()
        for end in (one["low"], one["high"])
        if end is not None
    ]
    if ends:
        said.append(f"differences within {number(min(ends), sign=True)} to {number(max(ends), sign=True)}")
    for name, what in (("score", "mean score"), ("gap", "gap")):
        found = row.get(name) or {}
        if found.get("value") is not None:
            said.append(f"{what} {number(found['value'])} {interval(found)}".strip())
    above = row.get("above")
    return "; ".join(said) + (f"; above {', '.join(above)}" if above else "") or "–"


def validity(data: Json) -> Figure:
    """How many outputs are valid, by kind of evidence."""
    kinds = list(dict.fromkeys(row["evidence"] for row in data["validity"]))
    counts = {(row["system"], row["evidence"]): row for row in data["validity"]}
    rows = []
    for system in dict.fromkeys(row["system"] for row in data["validity"]):
        found = [counts[system, kind] for kind in kinds]
        rows.append(
            [
                system,
                *(f"{one['n']:,}" if one["valid"] is None else f"{one['valid']:,} of {one['n']:,}" for one in found),
            ]
        )
    rules = dict.fromkeys(f"{row['evidence']}: {row['rule']}" for row in data["validity"])
    return Figure(
        "validity",
        "Which outputs are valid, by which evidence",
        table=Table(["system", *kinds], rows, {}, {}),
        how="; ".join(rules) + ". Kinds of evidence are never mixed; being valid is not being good.",
        rows=[flat(row) for row in data["validity"]],
    )


def people(data: Json) -> Figure:
    """Who said what, how reliably, and what was assumed."""
    said = data["people"]
    rows = [[name, f"{value:.2f}"] for name, value in said["reliability"].items()]
    ceiling = said.get("ceiling") or {}
    notes = [
        f"{said['outputs']:,} outputs of {said['items']:,} items, by {said['evidence']}{' of ' + said['criterion'] if said['criterion'] else ''}."
    ]
    notes.append(f"Reliability is {said['reliability_is']}.")
    if said["signal_within_items"] is not None:
        notes.append(
            f"Of what differs in quality within items, {percent(said['signal_within_items'])} is left once noise is taken out."
        )
    if ceiling.get("value") is not None:
        notes.append(f"One person is of the others' opinion in {percent(ceiling['value'])} of choices.")
    return Figure(
        "people",
        "What people said",
        f"Systems are matched on {', '.join(said['matched_on'])}, item and length.",
        table=Table(["matched on", "reliability"], rows, {}, {}),
        notes=notes,
        how="Reliability: one less noise over variance, of the mean grade of an output.",
        rows=[{"matched_on": name, "reliability": value} for name, value in said["reliability"].items()],
    )


def plan(data: Json) -> Figure:
    """Options, and the recipe of every score."""
    rows = [[name, _said(value)] for name, value in data["plan"].items()]
    rows += [["geneval", data["geneval"]], *([row["scorer"], row["signature"]] for row in data["scorers"])]
    return Figure(
        "plan",
        "Options and signatures",
        table=Table(["option", "value"], rows, {}, {}, numeric=9),
        folded=True,
        how="With these, the same data give the same report.",
        rows=[{"option": name, "value": value} for name, value in rows],
    )


def _said(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name or 'grade'} {one}" for name, one in value.items()) or "–"
    if isinstance(value, list):
        return ", ".join(str(one) for one in value) or "none"
    return "–" if value is None else str(value)
