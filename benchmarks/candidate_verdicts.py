"""Counts how two blind readers judged candidates, and writes it into docs/expand.md.

    python benchmarks/candidate_verdicts.py [--write]

The rows are benchmarks/candidate_readings/readings.jsonl; benchmarks/draw_candidates.py drew them, and
docs/design/candidate-rule.md is the rule. Intervals are percentiles of a bootstrap over captions.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from sklearn.metrics import cohen_kappa_score

HERE = Path(__file__).parent
ROWS = HERE / "candidate_readings" / "readings.jsonl"
PAGE = HERE.parent / "docs" / "expand.md"
BEGIN, END = "<!-- verdicts: written by benchmarks/candidate_verdicts.py -->", "<!-- end of verdicts -->"
SEED, RESAMPLES = 12345, 10_000
VERDICTS = ("valid", "partly", "invalid")


def share(readings: Sequence[str], captions: Sequence[str], verdict: str) -> str:
    """In percent, with its 95 % interval."""
    _, caption = np.unique(captions, return_inverse=True)
    is_it = np.bincount(caption, [reading == verdict for reading in readings])
    size = np.bincount(caption)
    drawn = np.random.default_rng(SEED).integers(len(size), size=(RESAMPLES, len(size)))
    low, high = np.quantile(is_it[drawn].sum(axis=1) / size[drawn].sum(axis=1), [0.025, 0.975])
    return f"{is_it.sum() / size.sum():.0%} [{low:.0%}, {high:.0%}]"


def lines(rows: Sequence[dict[str, object]]) -> Iterator[str]:
    """The section."""
    both = [row["readings"] for row in rows]
    first, second = ([pair[reader] for pair in both] for reader in (0, 1))
    yield "| expander | reader | n | valid | partly | invalid |"
    yield "| --- | --- | ---: | ---: | ---: | ---: |"
    for kind in ("back-translation", "phrase-table"):
        for reader, readings in enumerate((first, second), 1):
            own = [verdict for verdict, row in zip(readings, rows, strict=True) if row["kind"] == kind]
            captions = [str(row["id"]) for row in rows if row["kind"] == kind]
            cells = " | ".join(share(own, captions, verdict) for verdict in VERDICTS)
            yield f"| `{kind.replace('-', '_')}` | {reader} | {len(own)} | {cells} |"
    same = sum(a == b for a, b in zip(first, second, strict=True)) / len(rows)
    kappa = cohen_kappa_score(first, second)
    of_valid = cohen_kappa_score([v == "valid" for v in first], [v == "valid" for v in second])
    yield ""
    yield f"The readers agree on {same:.0%} of {len(rows)}: Cohen's kappa is {kappa:.2f}, and {of_valid:.2f} for valid against the rest."


def main() -> None:
    """Print the section, or write it."""
    with ROWS.open(encoding="utf-8") as file:
        section = "\n".join(lines([json.loads(line) for line in file]))
    print(section)
    if "--write" in sys.argv[1:]:
        page = PAGE.read_text(encoding="utf-8")
        before, rest = page.split(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{section}\n{END}{rest.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
