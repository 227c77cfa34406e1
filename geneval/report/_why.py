"""Figures of why, and what would help: causes, references, tiers, slices, true quality from scores and few judgements."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from geneval.report._curve import curve
from geneval.report._figure import Figure, Table, flat
from geneval.report._intervals import Mark, Row, intervals
from geneval.report._slope import SIGNS
from geneval.report._svg import Scale
from geneval.report._who import SHOWN, signatures
from geneval.report._words import Json, cause_name, chance, interval, number, percent

_LINES = 12
"""So many slices are drawn for a scorer; the rest can be downloaded."""


def attribution(data: Json) -> Figure | None:
    """Causes among penalised valid outputs against causes among valid outputs that are not penalised."""
    found = data.get("attribution")
    title = "Why valid outputs are marked down"
    if found is None or "reason" in found:
        return None if found is None else Figure("attribution", title, reason=found["reason"])
    charts, notes, rows = [], [], []
    for one in found["scorers"]:
        if "reason" in one or not one.get("causes"):
            notes.append(f"{one['scorer']}: {one.get('reason', 'no cause was found')}.")
            continue
        lines = [_cause(cause) for cause in sorted(one["causes"], key=lambda row: -(row["contrast"]["value"] or 0))]
        under = f"share of outputs; {one['penalised']:,} penalised, {one['unpenalised']:,} not"
        charts.append(intervals(one["scorer"], lines, under=under, linked=True))
        rows += [flat(cause, scorer=one["scorer"]) for cause in one["causes"]]
        notes += _sent_back(one)
    return Figure(
        "attribution",
        title,
        "How often a cause is there among penalised valid outputs, and among valid outputs that are not penalised. What is as "
        "common in both explains nothing.",
        charts[:SHOWN],
        charts[SHOWN:],
        [("first", "● penalised"), ("second", "■ not penalised")],
        notes=notes,
        how="Contrast of rates, with intervals over items and p adjusted over causes; bold where p ≤ .05. Gain: what repairing "
        f"this cause alone adds to the score. {_rules(found['scorers'])}",
        signatures=signatures(data),
        rows=rows,
    )


def _cause(row: Json) -> Row:
    sure = row.get("p_adjusted") is not None and row["p_adjusted"] <= 0.05
    gain = row.get("repair") or {}
    repair = f", gain {number(gain['value'], sign=True)}" if gain.get("value") is not None else ""
    note = f"{number(row['contrast']['value'], sign=True)}{repair}"
    return Row(
        cause_name(row["cause"]), [Mark("first", row["penalised"]), Mark("second", row["unpenalised"])], note, sure
    )


def _sent_back(one: Json) -> list[str]:
    back = one.get("sent_back")
    if not back or (back.get("penalised") or {}).get("value") is None:
        return []
    shares = f"{percent(back['penalised']['value'])} of penalised and {percent((back.get('unpenalised') or {}).get('value'))} of other outputs"
    return [f"{one['scorer']}: sent back to be verified: {shares}."]


def _rules(scorers: Sequence[Json]) -> str:
    rules = dict.fromkeys(one["rule"] for one in scorers if one.get("rule"))
    return " ".join(f"Penalised: {rule}." for rule in rules)


def extractor(data: Json) -> Figure | None:
    """How well content is read: what is found and what is missed, on labelled samples."""
    found = (data.get("attribution") or {}).get("extractor")
    if not found or not found.get("rows"):
        return None
    rows: list[list[str]] = []
    small: dict[tuple[int, int], str] = {}
    for line, row in enumerate(found["rows"]):
        each = [row.get(name) or {} for name in ("precision", "recall", "false_alarms")]
        rows.append([row["kind"], row["sample"], *(percent(one.get("value")) for one in each)])
        small |= {
            (line, n): f"[{percent(one['low'])}, {percent(one['high'])}] of {one['n']}"
            for n, one in enumerate(each, 2)
            if one.get("low") is not None
        }
    return Figure(
        "extractor",
        "How well causes are read off texts",
        found.get("note") or "",
        table=Table(
            ["what is looked for", "labelled sample", "right of those found", "found of those there", "false alarms"],
            rows,
            {},
            small,
            2,
        ),
        folded=True,
        how=f"On labelled samples; Wilson's intervals. Reader: {found.get('reader', 'unknown')}.",
        signatures=signatures(data),
        rows=[flat(row) for row in found["rows"]],
    )


def references(data: Json) -> Figure | None:
    """Agreement with people against the number of references, and what more of them would do."""
    found = data.get("help")
    title = "How many references are enough"
    if found is None or "reason" in found:
        return None if found is None else Figure("references", title, reason=found["reason"])
    said = found["references"]
    if isinstance(said, dict) and "reason" in said:
        return Figure("references", title, reason=said["reason"])
    known = [one for one in said if len(one.get("points") or []) > 1]
    ends = [p["agreement"][end] for one in known for p in one["points"] for end in ("value", "low", "high")]
    span = Scale.of(ends, 0, 1)
    charts = [
        curve(one["scorer"], [(p["k"], p["agreement"]) for p in one["points"]], under="references an item", enough=one.get("enough"), span=span)
        for one in known
    ]  # fmt: skip
    units = dict.fromkeys(p["agreement"].get("estimator", "") for one in known for p in one["points"])
    return Figure(
        "references",
        title,
        "Agreement with people against the number of references.",
        charts[:SHOWN],
        charts[SHOWN:],
        notes=_sentences(said),
        how=f"{'; '.join(unit for unit in units if unit) or 'Agreement of scores with people'}. The curves share one scale.",
        signatures=signatures(data),
        rows=[flat(p, scorer=one["scorer"]) for one in said for p in one.get("points") or []],
    )


def _sentences(rows: Sequence[Json]) -> list[str]:
    """What sections say of each scorer, with its name."""
    said = [(one["scorer"], one["sentence"]) for one in rows if one.get("sentence")]
    return [text if name in text else f"{name}: {text}" for name, text in said]


def options(data: Json) -> Figure | None:
    """Where the noise comes from, and what would take most of it away."""
    found = data.get("help")
    if found is None or "reason" in found or not isinstance(found.get("scorers"), list):
        return None
    rows, out = [], []
    for one in found["scorers"]:
        for option in one.get("options") or []:
            rows.append([one["scorer"], option["option"], _digits(option["se_now"]), _digits(option["se_then"])])
            out.append(flat(option, scorer=one["scorer"]))
    parts = [
        f"{one['scorer']}: " + ", ".join(f"{c['source']} {percent(c['share'])}" for c in one["components"])
        for one in found["scorers"]
        if one.get("components")
    ]
    return Figure(
        "help",
        "What would help most",
        "How sure the difference would be, as a standard error, after each option.",
        table=Table(["scorer", "option", "standard error now", "then"], rows, {}, {}, numeric=2),
        notes=[*_sentences(found["scorers"]), *parts],
        how="Variance components of items, references, raters and systems; shares of the variance of what is left.",
        signatures=signatures(data),
        rows=out,
    )


def _digits(value: float | None) -> str:
    """Three digits however small: what an option adds may be little."""
    return "–" if value is None else f"{value:.3g}"


def rated(data: Json) -> Figure | None:
    """References that people rated, beside the systems."""
    found = data.get("references")
    title = "References that people rated"
    if found is None or "reason" in found:
        return None if found is None else Figure("rated", title, reason=found["reason"])
    rows, looks, small, out = [], {}, {}, []
    for line, row in enumerate(found["references"]):
        told = "to blame before a scorer" if row["defective"] else "–"
        rows.append(
            [
                row["reference"],
                number(row["grade"]["value"]),
                f"{row['below']} of {row['of']}",
                f"{row['above']} of {row['of']}",
                told,
            ]
        )
        looks[line, 4] = "way down" if row["defective"] else ""
        small[line, 1] = interval(row["grade"])
        out += [flat(one, reference=row["reference"]) for one in row["systems"]]
    return Figure(
        "rated",
        title,
        "Where people rate a reference below the systems, scores against it say little.",
        table=Table(["reference", "mean grade", "below systems", "above systems", "verdict"], rows, looks, small),
        notes=[row["sentence"] for row in found["references"] if row["defective"]],
        how=f"{found['rule']}.",
        signatures=signatures(data),
        rows=out,
    )


def tiers(data: Json) -> Figure | None:
    """Systems and agreement by the tier of the references."""
    found = data.get("tiers")
    title = "References of each tier"
    if found is None or "reason" in found:
        return None if found is None else Figure("tiers", title, reason=found["reason"])
    rows: list[list[str]] = []
    small: dict[tuple[int, int], str] = {}
    out: list[dict[str, object]] = []
    for one in found["scorers"]:
        for tier in one.get("tiers") or []:
            agreement = tier.get("agreement") or {}
            order = sorted(tier.get("systems") or [], key=lambda row: -(row["value"] or 0))
            small[len(rows), 5] = interval(agreement)
            rows.append(
                [
                    f"{one['scorer']}, {tier['tier']}", number(tier.get("references")), number(tier.get("effective")),
                    number(tier.get("k")), str(len(tier.get("flips") or [])), number(agreement.get("value")),
                    " > ".join(row["system"] for row in order),
                ]
            )  # fmt: skip
            out += [flat(row, scorer=one["scorer"], tier=tier["tier"]) for row in tier.get("systems") or []]
    head = ["scorer, tier", "references an item", "effective", "k", "flips", "agreement", "systems, best first"]
    return Figure(
        "tiers",
        title,
        "Do rankings change when references of weaker evidence are let in?",
        table=Table(head, rows, {}, small),
        notes=[*_sentences(found["scorers"]), *_separation(found)],
        how="Scores at an equal number of references, k. Effective: how many of them differ from each other. Separation: AUC of "
        "valid against invalid outputs, and the share of valid ones below the threshold.",
        signatures=signatures(data),
        rows=out,
    )


def _separation(found: Json) -> list[str]:
    return [
        f"{one['scorer']}, {row['set']}: valid above invalid outputs with AUC {number(row['auc']['value'])} {interval(row['auc'])}."
        for one in found["scorers"]
        for row in one.get("separation") or []
        if (row.get("auc") or {}).get("value") is not None
    ]


def slices(data: Json) -> Figure | None:
    """Parts of the data in which outputs are marked down or up."""
    found = data.get("slices")
    title = "Where: slices of the data"
    if found is None or "reason" in found:
        return None if found is None else Figure("slices", title, reason=found["reason"])
    charts = []
    for one in found["scorers"]:
        rows = [row for row in one.get("slices") or [] if row["difference"]["value"] is not None]
        rows.sort(key=lambda row: (not row["found"], -abs(row["difference"]["value"])))
        if rows:
            charts.append(
                intervals(one["scorer"], [_slice(row) for row in rows[:_LINES]], under="below 0: marked down")
            )
    every = [flat(row, scorer=one["scorer"]) for one in found["scorers"] for row in one.get("slices") or []]
    shown = (
        f" Of {len(every)} slices the {_LINES} furthest from 0 are drawn for each scorer; all can be downloaded."
        if len(every) > _LINES
        else ""
    )
    some = any(row["found"] for one in found["scorers"] for row in one.get("slices") or [])
    return Figure(
        "slices",
        title,
        "In bold: found on one half of the items and confirmed on the other."
        if some
        else "No slice is found and confirmed.",
        charts[:SHOWN],
        charts[SHOWN:],
        [("down", "▼ found: marked down"), ("up", "▲ found: marked up"), ("none", "not found")],
        notes=[
            f"Of scorers that favour nobody ({row['control'].replace('_', ' ')}), {row['found']} of {row['slices']:,} slices are found."
            for row in found.get("controls") or []
        ],
        how=f"{found.get('rule', '')}.{shown}".lstrip("."),
        signatures=signatures(data),
        rows=every,
    )


def _slice(row: Json) -> Row:
    value = row["difference"]["value"]
    look = ("down" if value < 0 else "up") if row["found"] else "none"
    note = f"n {row['n']:,}, p {chance(row.get('p_adjusted'))}"
    return Row(
        SIGNS.get(look, "") + f"{row['by']}: {row['slice']}", [Mark(look, row["difference"])], note, bool(row["found"])
    )


def corrected(data: Json) -> Figure | None:
    """True quality of systems from few judgements and many scores."""
    found = data.get("corrected")
    title = "Systems' true quality, from few judgements and all scores"
    if found is None or "reason" in found:
        return None if found is None else Figure("corrected", title, reason=found["reason"])
    rows = [flat(one["people_only"], system=one["system"], scorer="people only") for one in found["systems"]]
    rows += [flat(row, system=one["system"]) for one in found["systems"] for row in one.get("corrected") or []]
    if found.get("nothing_to_gain"):
        lines = [Row(one["system"], [Mark("second", one["people_only"])], _judged(one)) for one in found["systems"]]
        charts = [intervals("people only", lines, under="quality", rule=None)]
    else:
        names = dict.fromkeys(row["scorer"] for one in found["systems"] for row in one.get("corrected") or [])
        charts = [_with(name, found["systems"]) for name in names]
    told = [text for text in (found.get("sentence"), _best_first(found.get("order"))) if text]
    return Figure(
        "corrected",
        title,
        "Judgements alone, and judgements with a scorer's scores on all outputs: the interval may shrink, and stays valid.",
        charts[:SHOWN],
        charts[SHOWN:],
        [("second", "■ people only"), ("first", "● with the scorer")],
        notes=[*told, *(found.get("warnings") or ())],
        how=f"{found.get('estimand', '')}. Prediction-powered: the mean of scores, put right by what judged outputs say of them. "
        f"{found.get('assumption', '')}",
        signatures=signatures(data),
        rows=rows,
    )


def _judged(one: Json) -> str:
    return f"{one['judged']:,} of {one['outputs']:,} judged"


def _with(scorer: str, systems: Sequence[Json]) -> Markup:
    """Each system by people alone, and with one scorer's help."""
    lines = []
    for one in systems:
        row = next((row for row in one.get("corrected") or [] if row["scorer"] == scorer), None)
        if row is not None:
            note = f"worth {number(row['gain'])} × the judgements" if row.get("gain") is not None else _judged(one)
            lines.append(Row(one["system"], [Mark("second", one["people_only"]), Mark("first", row["estimate"])], note))
    return intervals(scorer, lines, under="quality", rule=None)


def _best_first(order: object) -> str:
    """The order of systems in words."""
    if not isinstance(order, dict) or not isinstance(order.get("systems"), list):
        return ""
    names = [row["system"] if isinstance(row, dict) else str(row) for row in order["systems"]]
    return f"Best first, by {order.get('rule', 'corrected means')}: {', '.join(names)}."
