"""A report on one screen, or as JSON."""

from __future__ import annotations

import sys
from textwrap import fill
from typing import TYPE_CHECKING, Any

from geneval.cli._talk import plain, plain_json

if TYPE_CHECKING:
    from geneval.underestimation import Estimate, Finding, Underestimation

_WIDTH = 110


def render(report: Underestimation, form: str | None) -> None:
    """Prints the finding first, then a row a scorer and system, then controls and rankings."""
    if form == "json" or (form is None and not sys.stdout.isatty()):
        print(plain_json(report.to_json()))
        return
    for line in lines_of(report):
        print(plain(line, keep="\n"))


def lines_of(report: Underestimation) -> list[str]:
    """The summary."""
    out = [fill(report.finding, _WIDTH), "", _people(report), _audit(report), ""]
    for said in report.scorers:
        rows = [row for row in report.findings if row.scorer == said["scorer"]]
        out += [
            f"{said['scorer']}: {str(said['verdict']).replace('_', ' ')}",
            *_table(rows),
            *_beside(report, said),
            *_slices(report, str(said["scorer"])),
            *_help(report, str(said["scorer"])),
            "",
        ]
    return [*out, *_without(report), *_ranks(report)]


def _without(report: Underestimation) -> list[str]:
    section: Any = report.sections.get("slices", {})
    lacking = section.get("columns_without", ())
    told = (
        f"No value of {', '.join(lacking)} has 20 outputs, and as many to compare them with, so no slice is made of it."
    )
    return [fill(told, _WIDTH), ""] if lacking else []


def _people(report: Underestimation) -> str:
    people: Any = report.people
    reliability = ", ".join(f"{name} {value:.2f}" for name, value in people["reliability"].items())
    return fill(
        f"Matched on {', '.join(people['matched_on'])}, item and length: {people['outputs']} outputs of {people['items']} "
        f"items, by {people['evidence']}; reliability {people['reliability_is']}: {reliability}.",
        _WIDTH,
    )


def _audit(report: Underestimation) -> str:
    audit: Any = report.audit
    leaked = [row for row in audit["copies"] if row["leaked"]]
    named = ", ".join(f"{row['n']} of {row['system']}'s {row['outputs']}" for row in leaked)
    told = (
        f"leaked copies of references ({named}); {len(audit['left_out'])} items left out below"
        if leaked
        else "no system equals its references more often than chance would have it"
    )
    others = [found["message"] for found in audit["findings"] if found["kind"] != "leak"]
    return fill(f"Audit: {'; '.join([told, *others])}.", _WIDTH)


def _table(rows: list[Finding]) -> list[str]:
    width = max(len(row.system) for row in rows)
    head = f"  {'':{width}}  {'at equal quality':28} {'p':>7}  {'gap to human band':28} {'verdict'}"
    return [
        head,
        *(
            f"  {row.system:{width}}  {_interval(row.matched_difference):28} {_p(row.p_adjusted):>7}  {_interval(row.gap):28} {_verdict(row)}"
            for row in rows
        ),
    ]


def _verdict(row: Finding) -> str:
    if row.direction is None and row.needed is not None:
        return f"{row.verdict.replace('_', ' ')} (about {row.needed:,} judged outputs would settle it)"
    way = f", marked {row.direction}" if row.direction else ""
    return row.verdict.replace("_", " ") + way


def _interval(found: Estimate) -> str:
    if found.value is None:
        return "-"
    if found.low is None or found.high is None:
        return f"{found.value:+.3g}"
    return f"{found.value:+.3g} [{found.low:+.3g}, {found.high:+.3g}]"


def _p(p: float | None) -> str:
    return "-" if p is None else "<.001" if p < 0.001 else f"{p:.3f}"


def _beside(report: Underestimation, said: Any) -> list[str]:
    out = []
    right = said["accuracy"]
    if right.value is not None:
        ceiling = "" if said["ceiling"] is None else f"; one person with the others: {said['ceiling']:.2f}"
        out.append(f"  orders {right.value:.2f} of {right.n} pairs as people do (chance: .50{ceiling})")
    if said["beaten_by"]:
        out.append(f"  beaten by controls: {', '.join(said['beaten_by'])}")
    if said["not_better_than"]:
        out.append(f"  not shown to be better than: {', '.join(said['not_better_than'])}")
    for name in ("random", "unbiased_noise"):
        rows: Any = [row for row in report.controls if row["scorer"] == said["scorer"] and row["control"] == name]
        for row in rows:
            widest = max(max(abs(e.low), abs(e.high)) for e in row["matched_difference"].values())
            out.append(
                f"  a {name.replace('_', ', ').replace('unbiased, noise', 'noisy, unbiased')} scorer gets within +-{widest:.3g}"
            )
    return out


def _slices(report: Underestimation, scorer: str) -> list[str]:
    """Slices that were found and confirmed; systems have rows of their own above."""
    section: Any = report.sections.get("slices", {})
    rows = [row for one in section.get("scorers", ()) if one["scorer"] == scorer for row in one["slices"]]
    found = [row for row in rows if row["found"] and row["by"] != "system"]
    return [
        _indented(
            f"slice {row['by']} {row['slice']}: {_interval(row['difference'])}, on the other half of the items "
            f"{_interval(row['confirmed'])}"
        )
        for row in found
    ]


def _help(report: Underestimation, scorer: str) -> list[str]:
    """What would help most, and how many references are enough."""
    section: Any = report.sections.get("help", {})
    rows = [row for part in ("scorers", "references") for row in section.get(part, ()) if row["scorer"] == scorer]
    return [_indented(str(row["sentence"]).removeprefix(f"{scorer}: ")) for row in rows]


def _indented(text: str) -> str:
    return fill(text, _WIDTH, initial_indent="  ", subsequent_indent="    ")


def _ranks(report: Underestimation) -> list[str]:
    ranking: Any = report.sections["ranking"]
    if "reason" in ranking:
        return [f"Ranking: {ranking['reason']}."]
    out = ["Best first, by people: " + _order(ranking["people"])]
    for row in ranking["scorers"]:
        out.append(f"by {row['scorer']}: {_order(row['systems'])}")
        out += [
            f"  flips {flip['people_prefer']} and {flip['scorer_prefers']} (probability {flip['probability']:.2f})"
            for flip in row["flips"]
            if flip["clear"]
        ]
    return out


def _order(rows: Any) -> str:
    last = rows[-1]
    names = ", ".join(row["system"] for row in rows)
    return f"{names} (first with probability {rows[0]['first']:.2f}, last {last['last']:.2f})"
