"""Speed of Bradley-Terry against evalica, in the same run, worths compared.

Usage: python benchmarks/preferences.py [--votes 1000000] [--write]

Both sides start from the same lists of names and outcomes. Three comparisons:

- plain Bradley-Terry on 100,000 votes over 50 systems without ties: evalica's Rust solver to the precision that it has
  by default (1e-6), ours to rounding, and both with and without all that a fit says beside the worths;
- ties: 1,000,000 votes over 200 systems, Davidson's model with intervals clustered by item, against evalica's Newman
  (the same model) with a percentile bootstrap of 100 resamples, which takes votes for independent;
- the same bootstrap on our side, 100 resamples by weighting counts anew.

Ratios are of processor seconds, the best of several runs (of one, for the bootstraps); `--write` writes them
into docs/bradley-terry.md.
"""

from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TypeVar

import evalica
import numpy as np

from geneval_scorers.preference import BradleyTerry, Comparisons, Ranking

PAGE = Path(__file__).parents[1] / "docs" / "bradley-terry.md"
BEGIN, END = "<!-- begin: speed -->", "<!-- end: speed -->"
T = TypeVar("T")


def votes(count: int, systems: int, nu: float) -> tuple[list[str], list[str], list[str], list[str]]:
    """Names, outcomes, and items of 20 votes."""
    rng = np.random.default_rng(12345)
    worth = rng.normal(0, 1, systems)
    a = rng.integers(systems, size=count)
    b = (a + rng.integers(1, systems, size=count)) % systems
    lead = (worth[a] - worth[b]) / 2
    odds = np.stack([np.exp(lead), np.exp(-lead), np.full(count, nu)])
    outcome = (rng.random(count) * odds.sum(axis=0) > odds.cumsum(axis=0)[:2]).sum(axis=0)
    names = [f"system {i}" for i in range(systems)]
    labels = ["a", "b", "tie"]
    item = [str(i) for i in rng.integers(max(count // 20, 1), size=count)]
    return [names[i] for i in a], [names[i] for i in b], [labels[i] for i in outcome], item


def timed(work: Callable[[], T], runs: int = 3) -> tuple[float, T]:
    """Processor seconds of the best run, and what came of it."""
    best = float("inf")
    for _ in range(runs):
        start = time.process_time()
        made = work()
        best = min(best, time.process_time() - start)
    return best, made


def winners(outcomes: list[str]) -> list[evalica.Winner]:
    """In evalica's words."""
    words = {"a": evalica.Winner.X, "b": evalica.Winner.Y, "tie": evalica.Winner.Draw}
    return [words[outcome] for outcome in outcomes]


def check(found: Ranking, peer: evalica.Result) -> None:
    """Both sides have the same worths, to what evalica's tolerance leaves."""
    scores = peer.scores / peer.scores.sum()
    largest = max(abs(row.worth - scores[row.system]) for row in found.worths)
    assert largest < 1e-5, f"worths differ by {largest}"


def plain() -> list[str]:
    """Rows on the plain model."""
    a, b, winner, _ = votes(100_000, 50, 0.0)
    theirs = winners(winner)
    peer, scores = timed(lambda: evalica.bradley_terry(a, b, theirs, solver="pyo3"), 9)
    bare, found = timed(lambda: BradleyTerry(interval="none").fit(Comparisons.of(a, b, winner)), 9)
    full, _ = timed(lambda: BradleyTerry().fit(Comparisons.of(a, b, winner)), 5)
    check(found, scores)
    what = "plain, 100,000 votes, 50 systems"
    return [
        row(f"{what}: worths", bare, "its Rust solver", peer, "0.5"),
        row(f"{what}: with intervals and ranks", full, "its Rust solver", peer, ""),
    ]


def ties(count: int) -> list[str]:
    """Rows on Davidson's model."""
    a, b, winner, item = votes(count, 200, 0.7)
    theirs = winners(winner)
    ours, found = timed(lambda: BradleyTerry().fit(Comparisons.of(a, b, winner, item=item)))
    again = BradleyTerry(cluster=None, interval="bootstrap", resamples=100)
    refits, _ = timed(lambda: again.fit(Comparisons.of(a, b, winner)), 1)
    once, scores = timed(lambda: evalica.newman(a, b, theirs))
    peer, _ = timed(
        lambda: evalica.bootstrap(
            evalica.newman, a, b, theirs, n_resamples=100, bootstrap_method="percentile", random_state=1, tie_weight=1.0
        ),
        1,
    )
    check(found, scores)
    assert "sandwich" in found.signature
    what = f"Davidson, {count:,} votes, 200 systems"
    return [
        row(f"{what}: worths, sandwich by item, ranks", ours, "Newman + bootstrap of 100", peer, "1"),
        row(f"{what}: worths, bootstrap of 100, ranks", refits, "Newman + bootstrap of 100", peer, ""),
        row(f"{what}: worths, sandwich by item, ranks", ours, "Newman alone", once, ""),
    ]


def row(what: str, ours: float, peer: str, theirs: float, asked: str) -> str:
    """One line of the table; asked for is the least ratio."""
    return f"| {what} | {peer} | {ours:.3f} | {theirs:.3f} | {theirs / ours:.2f} | {asked} |"


def main() -> None:
    """Prints the table, and writes it where asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--votes", type=int, default=1_000_000, help="with ties")
    parser.add_argument("--write", action="store_true", help=f"write the table into {PAGE.name}")
    options = parser.parse_args()
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("numpy", "scipy", "evalica"))
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}, {versions}.",
        "",
        "| geneval | evalica | geneval, s | evalica, s | ratio | asked for |",
        "|---|---|---|---|---|---|",
        *plain(),
        *ties(options.votes),
    ]
    print(*lines, sep="\n")
    if options.write:
        page = PAGE.read_text(encoding="utf-8")
        head, tail = page.split(BEGIN)[0], page.split(END)[1]
        PAGE.write_text("\n".join([head + BEGIN, *lines, END]) + tail, encoding="utf-8")


if __name__ == "__main__":
    main()
