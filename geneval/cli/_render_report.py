"""A report on one screen, or as JSON."""

from __future__ import annotations

import sys
from io import StringIO
from typing import TYPE_CHECKING, Any

from geneval.cli._render import table_of
from geneval.cli._render_rankings import few, rankings
from geneval.cli._screen import FEW, LETTERS, MANY, fill, for_screen, width
from geneval.cli._talk import plain, plain_json
from geneval.drawing import short

if TYPE_CHECKING:
    from geneval.underestimation import Underestimation

_ALPHA = 0.05


def render(report: Underestimation, form: str | None) -> None:
    """Prints the finding first, then a row a scorer and system, then controls and rankings."""
    if form == "json" or (form is None and not sys.stdout.isatty()):
        print(plain_json(report.to_json()))
        return
    for line in lines_of(report):
        print(plain(line, keep="\n"))


def lines_of(report: Underestimation) -> list[str]:
    """The summary: what fits on a screen; the page and the JSON hold the rest."""
    report, cut = for_screen(report)
    names = few([str(said["scorer"]) for said in report.scorers])
    return [
        fill(report.finding),
        "",
        _people(report),
        _audit(report),
        *_references(report),
        "",
        *_grid(report),
        *(line for name in names for line in _causes(report, name)),
        *_why_not(report),
        *(line for name in names for line in _slices(report, name)),
        *_without(report),
        *rankings(report),
        *_help(report),
        *_elsewhere(report, cut=cut),
    ]


def _elsewhere(report: Underestimation, *, cut: bool) -> list[str]:
    """What there was no room for."""
    more = len(report.scorers) - FEW if len(report.scorers) > MANY else 0
    told = [f"causes, slices, order and contradictions of {more} more scorers"] if more else []
    told += ["names in full"] if cut else []
    return [fill(f"In underestimation.json and report.html (-o DIR): {'; '.join(told)}.")] if told else []


def _without(report: Underestimation) -> list[str]:
    section: Any = report.sections.get("slices", {})
    lacking = section.get("columns_without", ())
    told = (
        f"No value of {', '.join(lacking)} has 20 outputs, and as many to compare them with, so no slice is made of it."
    )
    return [fill(told), ""] if lacking else []


def _people(report: Underestimation) -> str:
    people: Any = report.people
    reliability = ", ".join(f"{name} {value:.2f}" for name, value in people["reliability"].items())
    return fill(
        f"Matched on {', '.join(people['matched_on'])}, item and length: {people['outputs']} outputs of {people['items']} "
        f"items, by {people['evidence']}; reliability {people['reliability_is']}: {reliability}."
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
    return fill(f"Audit: {'; '.join([told, *others])}.")


def _references(report: Underestimation) -> list[str]:
    """Of references that people rated."""
    section: Any = report.sections.get("references", {})
    rows = [
        f"{row['reference']} {row['grade'].value:.3g}, below {row['below']} and above {row['above']} of {row['of']} systems"
        for row in section.get("references", [])
    ]
    return [fill(f"References as people rate them: {'; '.join(rows)}.")] if rows else []


def _grid(report: Underestimation) -> list[str]:
    """A column a scorer, a row a system, best by people first; below, what is to be known of the scorers."""
    from rich.console import Console

    systems = _by_people(report)
    rows = [[system, *(_cell(report, system, said) for said in report.scorers)] for system in systems]
    rows += [[name, *(tell(report, said) for said in report.scorers)] for name, tell in _ROWS.items()]
    console = Console(width=width(), file=StringIO(), color_system=None)
    table_of(console, ["", *(str(said["scorer"]) for said in report.scorers)], rows)
    head = (
        "What each scorer gives a system beyond all at equal human quality, for the same item and length, in standard "
        "deviations of the score within items. ▲ marked up, "
        "▼ marked down, = shown to be nothing, ? not settled: about so many judged outputs would."
    )
    return [fill(head), "", *console.file.getvalue().rstrip("\n").splitlines(), ""]  # type: ignore[attr-defined]


def _by_people(report: Underestimation) -> list[str]:
    ranking: Any = report.sections["ranking"]
    ranked = [row["system"] for row in ranking.get("people", ())]
    return [*ranked, *(s for s in dict.fromkeys(row.system for row in report.findings) if s not in ranked)]


def _cell(report: Underestimation, system: str, said: Any) -> str:
    row = report.of(system, str(said["scorer"]))
    if row.standardised is None:
        return "-"
    open_ = "" if row.needed is None else f" ?{row.needed:,}"
    mark = {"up": " ▲", "down": " ▼"}.get(row.direction or "", open_)
    return f"{row.standardised:+.2f}{' =' if row.equivalent and not row.direction else mark}"


def _verdict(_: Underestimation, said: Any) -> str:
    return {"both": "penalised,\nothers rewarded"}.get(said["verdict"], str(said["verdict"]).replace("_", " "))


def _right(_: Underestimation, said: Any) -> str:
    right, ceiling = said["accuracy"], said["ceiling"]
    if right.value is None:
        return "-"
    return f"{right.value:.2f} of {right.n:,}" + ("" if ceiling is None else f" (one person: {ceiling:.2f})")


def _nobody(report: Underestimation, said: Any) -> str:
    """The most that a scorer gets that favours nobody."""
    rows: Any = [row for row in report.controls if row["scorer"] == said["scorer"]]
    ends = [
        max(abs(e.low), abs(e.high))
        for row in rows
        if row["control"] in {"random", "unbiased_noise"}
        for e in row["matched_difference"].values()
    ]
    one = next((r for r in report.findings if r.scorer == said["scorer"] and r.standardised), None)
    if not ends or one is None or one.standardised is None or one.matched_difference.value is None:
        return "-"
    return f"+-{max(ends) * one.standardised / one.matched_difference.value:.2f}"


def _beaten(_: Underestimation, said: Any) -> str:
    return "\n".join(name.replace("_", " ") for name in said["beaten_by"]) or "-"


_ROWS = {
    "verdict": _verdict,
    "pairs as people order them": _right,
    "scorers that favour nobody": _nobody,
    "beaten by controls": _beaten,
}


def _p(p: float | None) -> str:
    return "-" if p is None else "<.001" if p < 0.001 else f"{p:.3f}"


def _slices(report: Underestimation, scorer: str) -> list[str]:
    """Slices that were found and confirmed; systems are in the table."""
    section: Any = report.sections.get("slices", {})
    rows = [row for one in section.get("scorers", ()) if one["scorer"] == scorer for row in one["slices"]]
    found = [row for row in rows if row["found"] and row["by"] != "system"]
    # The half in which a slice was found makes it look larger than it is.
    told = "; ".join(
        f"{short(row['by'], LETTERS)} {short(row['slice'], 2 * LETTERS)} {_with_interval(row['confirmed'])}"
        for row in found
    )
    return [fill(f"Slices at equal quality, {scorer}, on the held-out half: {told}.", "  ")] if found else []


def _with_interval(found: Any) -> str:
    return f"{found.value:+.3g} [{found.low:+.3g}, {found.high:+.3g}]"


def _help(report: Underestimation) -> list[str]:
    """What would help most, for the first scorer that it can be told of."""
    section: Any = report.sections.get("help", {})
    told = dict.fromkeys(row["sentence"] for row in section.get("scorers", ()) if row.get("options"))
    return [fill(f"What would help: {next(iter(told))}.", "  ")] if told else []


def _causes(report: Underestimation, scorer: str) -> list[str]:
    """What penalised valid outputs have more often than others: two causes at most, the widest apart first."""
    attribution: Any = report.sections["attribution"]
    row = next((row for row in attribution.get("scorers", ()) if row["scorer"] == scorer), None)
    if row is None:
        return []
    if "reason" in row:
        return [fill(f"Why, {scorer}: {row['reason']}.", "  ")]
    more = [c for c in row["causes"] if c["p_adjusted"] is not None and c["p_adjusted"] <= _ALPHA]
    more = sorted((c for c in more if c["contrast"].value > 0), key=lambda c: (not c["found"], -c["contrast"].value))
    many = f"{row['penalised']:,} of {row['penalised'] + row['unpenalised']:,} valid outputs penalised"
    told = "; ".join(map(_cause, more[:2])) or "no cause is shown to be more frequent among them than among others"
    return [fill(f"Why, {scorer}: {many}: {told}.", "  ")]


def _cause(cause: Any) -> str:
    p = _p(cause["p_adjusted"])
    rates = f"{cause['penalised'].value:.0%}, {cause['unpenalised'].value:.0%} of others, p {p if p[0] == '<' else '= ' + p}"
    if cause["cause"] == "distortion":
        gain = "sent back to verification"
    elif not cause["found"]:
        gain = "but to repair it is not shown to gain"
    else:
        gain = f"{cause['share'].value:.0%} of what repairs gain"
    return f"{cause['cause'].replace('_', ' ')} ({rates}; {gain})"


def _why_not(report: Underestimation) -> list[str]:
    attribution: Any = report.sections["attribution"]
    return [fill(f"Causes: {attribution['reason']}."), ""] if "reason" in attribution else []
