"""A report on one screen, or as JSON."""

from __future__ import annotations

import sys
from textwrap import fill
from typing import TYPE_CHECKING, Any

from geneval.cli._render_rankings import rankings
from geneval.cli._talk import plain, plain_json

if TYPE_CHECKING:
    from geneval.underestimation import Estimate, Finding, Underestimation

_WIDTH = 110
_ALPHA = 0.05


def render(report: Underestimation, form: str | None) -> None:
    """Prints the finding first, then a row a scorer and system, then controls and rankings."""
    if form == "json" or (form is None and not sys.stdout.isatty()):
        print(plain_json(report.to_json()))
        return
    for line in lines_of(report):
        print(plain(line, keep="\n"))


def lines_of(report: Underestimation) -> list[str]:
    """The summary."""
    out = [fill(report.finding, _WIDTH), "", _people(report), _audit(report), *_references(report), ""]
    for said in report.scorers:
        rows = [row for row in report.findings if row.scorer == said["scorer"]]
        out += [
            f"{said['scorer']}: {str(said['verdict']).replace('_', ' ')}",
            *_table(rows),
            *_beside(report, said),
            *_causes(report, str(said["scorer"])),
            *_slices(report, str(said["scorer"])),
            "",
        ]
    return [*out, *_why_not(report), *rankings(report)]


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


def _references(report: Underestimation) -> list[str]:
    """Of references that people rated."""
    section: Any = report.sections.get("references", {})
    rows = [
        f"{row['reference']} {row['grade'].value:.3g}, below {row['below']} and above {row['above']} of {row['of']} systems"
        for row in section.get("references", [])
    ]
    return [fill(f"References as people rate them: {'; '.join(rows)}.", _WIDTH)] if rows else []


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
        f"  slice {row['by']} {row['slice']}: {_interval(row['difference'])}, "
        f"on the other half of the items {_interval(row['confirmed'])}"
        for row in found
    ]


def _causes(report: Underestimation, scorer: str) -> list[str]:
    """What penalised valid outputs have more often than others: two causes at most, the widest apart first."""
    attribution: Any = report.sections["attribution"]
    row = next((row for row in attribution.get("scorers", ()) if row["scorer"] == scorer), None)
    if row is None:
        return []
    if "reason" in row:
        return [f"  penalised valid outputs: {row['reason']}"]
    more = [c for c in row["causes"] if c["p_adjusted"] is not None and c["p_adjusted"] <= _ALPHA]
    more = sorted((c for c in more if c["contrast"].value > 0), key=lambda c: (not c["found"], -c["contrast"].value))
    many = f"{row['penalised']:,} of {row['penalised'] + row['unpenalised']:,} valid outputs penalised"
    told = "; ".join(map(_cause, more[:2])) or "no cause is shown to be more frequent among them than among others"
    return [fill(f"{many}: {told}", _WIDTH, initial_indent="  ", subsequent_indent="    ")]


def _cause(cause: Any) -> str:
    p = _p(cause["p_adjusted"])
    rates = f"{cause['penalised'].value:.0%}, {cause['unpenalised'].value:.0%} of others, p {p if p[0] == '<' else '= ' + p}"
    if cause["cause"] == "distortion":
        gain = "sent back to verification"
    elif not cause["found"]:
        gain = "but to repair it gains nothing"
    else:
        gain = f"{cause['share'].value:.0%} of what repairs gain"
    return f"{cause['cause'].replace('_', ' ')} ({rates}; {gain})"


def _why_not(report: Underestimation) -> list[str]:
    attribution: Any = report.sections["attribution"]
    return [fill(f"Causes: {attribution['reason']}.", _WIDTH), ""] if "reason" in attribution else []
