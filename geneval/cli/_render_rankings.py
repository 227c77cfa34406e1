"""What a report says of systems together, on the screen: their order, corrected means, tiers, contradictions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from geneval.cli._screen import FEW, MANY, fill

if TYPE_CHECKING:
    from geneval.underestimation import Underestimation

T = TypeVar("T")


_ENDS = 3
"""Of a long order, so many systems at either end are named."""


def few(rows: Sequence[T]) -> Sequence[T]:
    """Scorers with lines of their own: all, or the first few of many."""
    return rows[:FEW] if len(rows) > MANY else rows


def rankings(report: Underestimation) -> list[str]:
    """Lines."""
    parts = (_ranks, _corrected, _tiers, _pairs)
    return [line for part in parts for line in part(report)]


def _ranks(report: Underestimation) -> Iterator[str]:
    ranking: Any = report.sections["ranking"]
    if "reason" in ranking:
        yield fill(f"Ranking: {ranking['reason']}.")
        return
    yield fill(f"Best first, by people ({ranking['by'][0]}): {_order(ranking['people'])}", "  ")
    for row in few(ranking["scorers"]):
        clear = [
            f"{flip['scorer_prefers']} above {flip['people_prefer']} ({flip['probability']:.2f})"
            for flip in row["flips"]
            if flip["clear"]
        ]
        flips = f"; against people: {', '.join(clear)}" if clear else ""
        yield fill(f"by {row['scorer']}: {_order(row['systems'])}{flips}", "  ")


def _order(rows: Any) -> str:
    names = [row["system"] for row in rows]
    if len(names) > _ENDS * 2 + 2:
        names[_ENDS:-_ENDS] = [f"{len(names) - 2 * _ENDS} more"]
    return f"{', '.join(names)} (first with probability {rows[0]['first']:.2f}, last {rows[-1]['last']:.2f})"


def _corrected(report: Underestimation) -> Iterator[str]:
    """Only where there is something to gain, or to warn of."""
    found: Any = report.sections["corrected"]
    if "reason" in found or found["nothing_to_gain"]:
        return
    yield fill(f"Corrected: {found['sentence']} (judged outputs must be a random sample).")
    order = found["order"]
    if order.get("scorer"):
        rows = {row["system"]: row for row in found["systems"]}
        means = (_mean(rows[row["system"]], order["scorer"], row) for row in order["systems"])
        yield fill(f"  by {order['scorer']}: {'; '.join(means)}", "    ")
    for warning in found["warnings"]:
        yield fill(f"  warning: {warning}", "    ")


def _mean(row: Any, scorer: str, place: Any) -> str:
    estimate = next(one["estimate"] for one in row["corrected"] if one["scorer"] == scorer)
    ranks = f"{place['rank_low']}" + (f"-{place['rank_high']}" if place["rank_high"] > place["rank_low"] else "")
    return f"{row['system']} {estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}] (rank {ranks})"


def _tiers(report: Underestimation) -> Iterator[str]:
    found: Any = report.sections["tiers"]
    for row in few(found.get("scorers", ())):
        yield fill(f"Tiers, {row['sentence']}.", "  ")


def _pairs(report: Underestimation) -> Iterator[str]:
    """Pairs of systems that a scorer puts against people more often than a coin would, the worst one a scorer."""
    found: Any = report.sections["pairs"]
    for scorer in few(found.get("scorers", ())):
        bad = [row for row in scorer["pairs"] if row["worse_than_chance"]]
        if bad:
            row = max(bad, key=lambda one: one["contradiction"].value)
            rate, more = row["contradiction"], f"; {len(bad) - 1} more" if len(bad) > 1 else ""
            told = f"{rate.value:.2f} of {rate.n} pairs where people prefer {row['preferred']} to {row['other']}"
            yield fill(f"{scorer['scorer']} contradicts people in {told} (chance: .50){more}", "  ")
