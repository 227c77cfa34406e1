"""Draws docs/images/probe.svg and writes the tables of docs/probe.md: `python benchmarks/draw_probe.py`.

Needs the extras `neural` and `offline` for the columns of `cosine` and `bertscore`, `coco` and Java for that of `meteor`. The same versions give the same bytes.
"""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np

from geneval import Probe, probe
from geneval.cli._render import markdown_of
from geneval.cli._render_probe import grid

DOCS = Path(__file__).parents[1] / "docs"
SCORERS = (
    "bleu",
    "chrf",
    "ter",
    "token_f1",
    "rouge(kind='L')",
    "coco_bleu(n=4)",
    "coco_rouge_l",
    "cider",
    "meteor",
    "cosine",
    "bertscore",
)


def overlap() -> tuple[list[str], list[list[str]]]:
    """Of every class: how much the texts share with their closest reference, and how long they are."""
    result = probe(scorers="token_f1")
    heads = ["class", "pairs", "valid", "invalid", "invalid more", "alike", "valid more", "words, valid", "invalid"]
    rows = []
    for class_ in result.classes:
        places = [i for i, pair in enumerate(result.pairs) if pair.class_ == class_]
        shared = result.scores["token_f1"][places].mean(axis=0)
        words = np.mean(
            [[len(t.split()) for t in (p.valid, p.invalid)] for p in map(result.pairs.__getitem__, places)], 0
        )
        row = result.contrast("token_f1", class_)
        counts = map(str, (row.losses, row.ties, row.wins))
        rows.append([class_, str(row.n), *(f"{s:.2f}" for s in shared), *counts, *(f"{w:.1f}" for w in words)])
    return heads, rows


def words(result: Probe) -> tuple[list[str], list[list[str]]]:
    """Of every scorer: the classes whose interval lies above one half, holds it, or lies below."""
    heads = ["scorer", "prefers the valid text", "no difference shown", "prefers the invalid text"]
    rows = []
    for scorer in result.scorers:
        mine = [row for row in result if row.scorer == scorer]
        sides = [(row.class_, np.sign(row.low - 0.5) + np.sign(row.high - 0.5)) for row in mine]
        named = [", ".join(class_ for class_, side in sides if side == way) or "-" for way in (2, 0, -2)]
        rows.append([f"`{scorer}`", *named])
    return heads, rows


def tables(result: Probe) -> dict[str, str]:
    """The tables by the names of their markers."""
    heads, rows, _ = grid(result)
    return {
        "rates": _markdown(heads, rows),
        "words": _markdown(*words(result)).replace("---:", "---"),
        "overlap": _markdown(*overlap()),
    }


def _markdown(heads: list[str], rows: list[list[str]]) -> str:
    out = io.StringIO()
    with redirect_stdout(out):
        markdown_of(heads, rows)
    return out.getvalue()


def main() -> None:
    """Write picture and tables."""
    result = probe(scorers=SCORERS)
    (DOCS / "images" / "probe.svg").write_text(result.svg(), encoding="utf-8")
    page = DOCS / "probe.md"
    text = page.read_text(encoding="utf-8")
    for name, table in tables(result).items():
        begin, end = f"<!-- begin: {name} -->\n", f"<!-- end: {name} -->"
        before, _, rest = text.partition(begin)
        text = f"{before}{begin}{table}{end}{rest.partition(end)[2]}"
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
