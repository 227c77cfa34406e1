"""Peak memory and time of `geneval score` on much data, each run a process of its own, against the limits we promise.

Usage: python benchmarks/memory.py [--items 1000000] [--only NAME]...

Texts are the captions of the demo with two words swapped for others of its words, by a seed, so that they are distinct.
Prints a table; exits with 1 where a limit is exceeded.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from geneval.data import demo_inputs

SCORERS = ("bleu", "chrf", "coco_rouge_l(tokenizer='none')", "cider(tokenizer='none')")
SYSTEMS = ("first", "second", "third", "fourth")
FEW = 10_000


@dataclass(frozen=True, slots=True)
class Measured:
    """One run: what was scored, and what it took."""

    name: str
    items: int
    references: int
    systems: int
    seconds: float
    megabytes: float


class Captions:
    """Endless distinct captions."""

    def __init__(self, seed: int = 12345) -> None:
        inputs = demo_inputs()
        self._random = random.Random(seed)
        self._captions = [reference.text.split() for item in inputs.items for reference in item.references]
        self._words = [word for caption in self._captions for word in caption]

    def draw(self) -> str:
        """A caption with two words swapped."""
        words = list(self._random.choice(self._captions))
        for _ in range(2):
            words[self._random.randrange(len(words))] = self._random.choice(self._words)
        return " ".join(words)


def rows(items: int, references: int, systems: int) -> Iterator[dict[str, object]]:
    """Rows of a file, one an item."""
    captions = Captions()
    for number in range(items):
        yield {
            "id": f"item-{number * 7919 % items:07}",
            "outputs": {name: captions.draw() for name in SYSTEMS[:systems]},
            "references": [captions.draw() for _ in range(references)],
        }


def measure(name: str, items: int, references: int, systems: int, folder: Path, *, few: int = 0) -> Measured:
    """Scores freshly made data in a process of its own.

    Args:
        name: of the run.
        items: how many.
        references: of each item.
        systems: how many.
        folder: for the data and the run; both are taken away again.
        few: so many more items with two references each.
    """
    data, run = folder / "data.jsonl", folder / "run"
    with data.open("w", encoding="utf-8") as file:
        for row in rows(items, references, systems):
            file.write(json.dumps(row) + "\n")
        for row in rows(few, 2, systems):
            file.write(json.dumps(row | {"id": f"few-{row['id']}"}) + "\n")
    options = [part for scorer in SCORERS for part in ("-s", scorer)]
    command = [sys.executable, "-m", "geneval", "score", str(data), *options, "-q", "--format", "json", "-o", str(run)]
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603 - our own command
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - began
    if process.returncode:
        raise SystemExit(f"{name}: exit code {process.returncode}")
    data.unlink()
    shutil.rmtree(run)
    unit = 1 if sys.platform == "darwin" else 1024
    found = Measured(name, items + few, references, systems, seconds, usage.ru_maxrss * unit / 1e6)
    print(
        f"| {name} | {found.items:,} | {references:,} | {systems} | {seconds:.1f} | {found.megabytes:,.0f} |",
        flush=True,
    )
    return found


def streaming(items: int, folder: Path) -> list[str]:
    """One system of very many outputs needs little more memory than one of few."""
    small = measure("streaming", FEW, 5, 1, folder)
    large = measure("streaming", items, 5, 1, folder)
    more = large.megabytes - small.megabytes
    return [f"{items:,} items need {more:,.0f} MB more than {FEW:,}; allowed: 400"] if more > 400 else []


def systems(_: int, folder: Path) -> list[str]:
    """Four systems on 100,000 items."""
    found = measure("systems", 100_000, 5, 4, folder)
    return [f"100,000 x 5 x 4 needs {found.megabytes:,.0f} MB; allowed: 4295"] if found.megabytes > 4295 else []


def by_items(_: int, folder: Path) -> list[str]:
    """Time for each further item stays the same."""
    return _linear("items", [measure("by items", n, 5, 1, folder) for n in (1_000, 21_000, 61_000)], "items")


def by_references(_: int, folder: Path) -> list[str]:
    """Time for each further reference of one item stays the same."""
    counts = (100, 5_000, 10_000)
    return _linear("references", [measure("by references", 1, n, 1, folder, few=50) for n in counts], "references")


def _linear(what: str, runs: list[Measured], attribute: str) -> list[str]:
    """The second step may cost twice as much for each unit as the first: a square would cost three times as much."""
    costs = [
        (after.seconds - before.seconds) / (getattr(after, attribute) - getattr(before, attribute))
        for before, after in itertools.pairwise(runs)
    ]
    told = " and ".join(f"{1e6 * cost:.0f}" for cost in costs)
    print(f"microseconds for each of more {what}: {told}", flush=True)
    return [f"time is not linear in {what}: {told} microseconds each"] if costs[1] > 2 * max(costs[0], 1e-6) else []


CHECKS = {"streaming": streaming, "systems": systems, "items": by_items, "references": by_references}


def main() -> None:
    """Measures what was asked for, all by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--only", action="append", choices=CHECKS)
    given = parser.parse_args()
    print("| run | items | references | systems | seconds | peak MB |\n| --- | ---: | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as folder:
        exceeded = [told for name in given.only or CHECKS for told in CHECKS[name](given.items, Path(folder))]
    if exceeded:
        raise SystemExit("\n".join(exceeded))
    print("all limits hold")


if __name__ == "__main__":
    main()
