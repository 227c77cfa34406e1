"""What a report says of systems together, on the screen: their order, corrected means, tiers, contradictions."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import fill
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from geneval.underestimation import Underestimation

_WIDTH = 110


def rankings(report: Underestimation) -> list[str]:
    """Lines."""
    parts = (_ranks, _corrected, _tiers, _pairs)
    return [line for part in parts for line in part(report)]


def _ranks(report: Underestimation) -> Iterator[str]:
    ranking: Any = report.sections["ranking"]
    if "reason" in ranking:
        yield f"Ranking: {ranking['reason']}."
        return
    yield f"Best first, by people ({ranking['by'][0]}): {_order(ranking['people'])}"
    for row in ranking["scorers"]:
        yield f"by {row['scorer']}: {_order(row['systems'])}"
        for flip in row["flips"]:
            if flip["clear"]:
                yield f"  flips {flip['people_prefer']} and {flip['scorer_prefers']} (probability {flip['probability']:.2f})"


def _order(rows: Any) -> str:
    names = ", ".join(row["system"] for row in rows)
    return f"{names} (first with probability {rows[0]['first']:.2f}, last {rows[-1]['last']:.2f})"


def _corrected(report: Underestimation) -> Iterator[str]:
    """Only where there is something to gain, or to warn of."""
    found: Any = report.sections["corrected"]
    if "reason" in found or found["nothing_to_gain"]:
        return
    yield fill(f"Corrected: {found['sentence']} (judged outputs must be a random sample).", _WIDTH)
    order = found["order"]
    if order.get("scorer"):
        rows = {row["system"]: row for row in found["systems"]}
        means = (_mean(rows[row["system"]], order["scorer"], row) for row in order["systems"])
        yield fill(f"  by {order['scorer']}: {'; '.join(means)}", _WIDTH, subsequent_indent="    ")
    for warning in found["warnings"]:
        yield fill(f"  warning: {warning}", _WIDTH, subsequent_indent="    ")


def _mean(row: Any, scorer: str, place: Any) -> str:
    estimate = next(one["estimate"] for one in row["corrected"] if one["scorer"] == scorer)
    ranks = f"{place['rank_low']}" + (f"-{place['rank_high']}" if place["rank_high"] > place["rank_low"] else "")
    return f"{row['system']} {estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}] (rank {ranks})"


def _tiers(report: Underestimation) -> Iterator[str]:
    found: Any = report.sections["tiers"]
    for row in found.get("scorers", ()):
        yield fill(f"Tiers, {row['sentence']}.", _WIDTH, subsequent_indent="  ")


def _pairs(report: Underestimation) -> Iterator[str]:
    """Pairs of systems that a scorer puts against people more often than a coin would."""
    found: Any = report.sections["pairs"]
    for scorer in found.get("scorers", ()):
        for row in scorer["pairs"]:
            if row["worse_than_chance"]:
                rate = row["contradiction"]
                yield (
                    f"Where people prefer {row['preferred']} to {row['other']}, {scorer['scorer']} says the contrary in "
                    f"{rate.value:.2f} of {rate.n} pairs (chance: .50)"
                )
