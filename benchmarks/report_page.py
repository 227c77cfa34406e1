"""How large the page of a report is at 10,000 items x 5 systems, how long it takes to make, and how soon it opens.

    python benchmarks/report_page.py [--items 10000] [--scorers 8]

Every fifth word of the last system's outputs is its own, so that thousands of valid outputs are penalised and the list has
to be cut. Opening is timed by the browser itself, from the start of the navigation to the end of the `load` event, by when
the list is searchable; it needs the group `browser` and a chromium.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np

from geneval.data import Rating, inputs_from_lists
from geneval.report import page_of
from geneval.underestimation import ReportPlan, Underestimation, find_underestimation

SCORERS = [
    "token_f1",
    "bleu",
    "chrf",
    "rouge(kind='L')",
    "rouge(kind='1')",
    "rouge(kind='2')",
    "cider(tokenizer='unicode')",
    "ter",
]
SYSTEMS = ("s1", "s2", "s3", "s4", "own words")


def report_of(items: int, scorers: int, references: int = 5) -> Underestimation:
    """A report on simulated captions of ten words."""
    rng = np.random.default_rng(0)
    words = np.asarray(
        ["".join(rng.choice(list("abcdefghijklmnopqrstuvwxyz"), rng.integers(2, 9))) for _ in range(3000)]
    )
    meaning = rng.integers(0, len(words), (items, 14))

    def said(other: float) -> list[str]:
        drawn = np.where(rng.random(meaning.shape) < other, rng.integers(0, len(words), meaning.shape), meaning)
        order = rng.permuted(np.broadcast_to(np.arange(14), meaning.shape), axis=1)[:, :10]
        return [" ".join(words[row]) for row in np.take_along_axis(drawn, np.sort(order, axis=1), 1)]

    pool = [said(0.2) for _ in range(references)]
    outputs = {name: said(0.4 if name == SYSTEMS[-1] else 0.2) for name in SYSTEMS}
    grades = rng.integers(5, 11, (len(SYSTEMS), items)) / 2
    ratings = [Rating(str(n + 1), name, float(grades[s, n])) for s, name in enumerate(SYSTEMS) for n in range(items)]
    inputs = inputs_from_lists(predictions=outputs, references=[list(row) for row in zip(*pool, strict=True)])
    plan = ReportPlan(valid={"": 3.5}, draws=100, permutations=999)
    return find_underestimation(inputs, ratings=ratings, scorers=SCORERS[:scorers], plan=plan)


def opened(place: Path) -> float | None:
    """Seconds until the page is loaded; the median of five; None where there is no browser."""
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next((found for name in names if (found := shutil.which(name))), None)
    if path is None:
        return None
    from playwright.sync_api import sync_playwright

    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    took = "performance.getEntriesByType('navigation')[0].loadEventEnd / 1000"
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=options)
        found = []
        for _ in range(5):
            page = browser.new_page()
            page.goto(place.as_uri())
            found.append(float(page.evaluate(took)))
            page.close()
        browser.close()
    return float(np.median(found))


def main() -> None:
    """Prints what came out; fails where the page is too large."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--items", type=int, default=10_000)
    asked.add_argument("--scorers", type=int, default=len(SCORERS))
    given = asked.parse_args()
    start = time.perf_counter()
    report = report_of(given.items, given.scorers)
    print(
        f"{given.items:,} items x {len(SYSTEMS)} systems x {given.scorers} scorers: analysed in {time.perf_counter() - start:.1f} s"
    )
    start = time.perf_counter()
    page = page_of(report)
    counted = re.search(r"([\d,]+) of ([\d,]+) are in this page", page)
    print(f"page made in {time.perf_counter() - start:.1f} s, {len(page.encode()) / 1e6:.2f} MB")
    print(f"penalised valid outputs in it: {counted[0] if counted else 'none'}")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "report.html"
        place.write_text(page, encoding="utf-8")
        took = opened(place)
    print("opens: no chromium here" if took is None else f"opens in {took:.2f} s")
    assert len(page.encode()) <= 5_000_000


if __name__ == "__main__":
    main()
