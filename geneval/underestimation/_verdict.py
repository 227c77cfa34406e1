"""From numbers to a verdict, and to words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from geneval.underestimation._model import Estimate, Finding, Kind

ALPHA = 0.05


def judged(findings: Sequence[Finding], sound: bool, held_out: Estimate) -> list[Finding]:
    """The findings of one scorer with their verdicts.

    The matched-quality difference decides: where it is significant (Holm, two-sided), not equivalent to none and beyond
    the controls, the system is marked down or up. The human band tells which: a system that is marked down and lies below
    the band, valid outputs alone, is penalised; one that is marked up and lies above the band is rewarded.

    Args:
        findings: of all systems.
        sound: whether the controls came out near 0; no finding is made where they did not.
        held_out: the gap of a reference in the output's place, which a gap must exceed.
    """
    turned = [replace(row, direction=_direction(row) if sound else None) for row in findings]
    penalised = {r.system for r in turned if r.direction == "down" and _below(r, held_out)}
    rewarded = {r.system for r in turned if r.direction == "up" and _above(r, held_out)}
    return [replace(row, verdict=_kind(row, penalised, rewarded)) for row in turned]


def _direction(row: Finding) -> Literal["down", "up"] | None:
    value = row.matched_difference.value
    if value is None or row.p_adjusted is None or row.p_adjusted > ALPHA or row.equivalent or not row.exceeds_controls:
        return None
    return "down" if value < 0 else "up"


def _below(row: Finding, held_out: Estimate) -> bool:
    """Whether valid outputs lie below the band, further than a reference in their place does.

    Outputs that nobody called valid may lie there because they are worse.
    """
    gap = valid_gap(row)
    most = max(held_out.high or 0.0, 0.0)
    return gap is not None and gap.value is not None and gap.low is not None and gap.low > 0 and gap.value > most


def valid_gap(row: Finding) -> Estimate | None:
    """The gap of outputs known to be valid, by the strongest evidence with an interval; what a model inferred is not known."""
    known = (gap for name, gap in row.gap_valid.items() if name != "inferred")
    return next((gap for gap in known if gap.low is not None), None)


def _above(row: Finding, held_out: Estimate) -> bool:
    least = min(held_out.low or 0.0, 0.0)
    return _is(row.p_rewarded) and row.gap.value is not None and row.gap.value < least


def _is(p: float | None) -> bool:
    return p is not None and p <= ALPHA


def _kind(row: Finding, penalised: set[str], rewarded: set[str]) -> Kind:
    others = rewarded - {row.system}
    if row.direction == "down" and row.system in penalised:
        return "both" if others else "penalised"
    if row.direction is not None:
        return "relative_misranking"
    return "no_evidence" if row.equivalent else "not_enough_evidence"


def of_scorer(findings: Sequence[Finding]) -> Kind:
    """The verdict on a scorer, from those on systems."""
    kinds = {row.verdict for row in findings}
    if "both" in kinds:
        return "both"
    if "penalised" in kinds:
        return "penalised"
    if "relative_misranking" in kinds:
        return "relative_misranking"
    return "no_evidence" if kinds == {"no_evidence"} else "not_enough_evidence"


def sentence(scorer: str, findings: Sequence[Finding], held_out: Estimate) -> str:
    """What a scorer does, in words; `held_out` as in `judged`."""
    down = [row for row in findings if row.direction == "down"]
    up = [row for row in findings if row.direction == "up"]
    kind = of_scorer(findings)
    if kind == "no_evidence":
        return f"{scorer} marks no system down or up at equal quality (differences shown to be below the margin)"
    if not down and not up:
        return f"{scorer}: not enough evidence that it marks a system down or up at equal quality{_needed(findings)}"
    said = []
    if down:
        said.append("marks " + _listed(down) + " down")
    if up:
        said.append(("and " if said else "marks ") + _listed(up) + " up")
    return f"{scorer} {' '.join(said)} at equal human quality: {_WORDS[kind]}{_undecided(kind, findings, held_out)}"


_WORDS = {
    "penalised": "penalised against the human band",
    "relative_misranking": "relative misranking",
    "both": "penalised against the human band, and others rewarded above it",
}


def _undecided(kind: Kind, findings: Sequence[Finding], held_out: Estimate) -> str:
    if kind != "relative_misranking":
        return ""
    above = [row.system for row in findings if row.direction == "up" and _above(row, held_out)]
    if above:
        return f" ({', '.join(above)} above the human band)"
    if all(valid_gap(row) is None for row in findings):
        return " (whether some are penalised cannot be told: no output is known to be valid)"
    return " (the human band does not tell whether some are penalised or others rewarded)"


def _listed(rows: Sequence[Finding]) -> str:
    return ", ".join(
        f"{row.system} {row.matched_difference.value:+.3g} [{row.matched_difference.low:+.3g}, "
        f"{row.matched_difference.high:+.3g}]"
        for row in rows
    )


def _needed(findings: Sequence[Finding]) -> str:
    reasons = {row.matched_difference.reason for row in findings if row.matched_difference.reason}
    if reasons:
        return f" ({'; '.join(sorted(reasons))})"
    most = max((row.needed for row in findings if row.needed), default=None)
    return "" if most is None else f"; about {most:,} judged outputs would settle it"
