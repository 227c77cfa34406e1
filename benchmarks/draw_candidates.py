"""Draws candidates for blind reading: back-translations and substitutions of COCO captions.

    python benchmarks/draw_candidates.py SHARED SHEET KEY

SHARED is the folder with `data/coco_eccv`. SHEET gets one row a candidate, in random order, with nothing that tells who
made it; KEY says, by the same numbers, which expander did, from what, with which evidence, and with which probability it was
drawn. The rule for reading is docs/design/candidate-rule.md. Everything is drawn with one seed: the same data and versions
give the same sheet.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from geneval.data import read_references, write_references
from geneval.expanding import Expansion, expand
from geneval_references import Reference, ReferenceSet

SEED = 20261122
IMAGES = 500
EACH = 200
EXPANDERS = {"back-translation": "back_translation", "phrase-table": "phrase_table"}

Row = dict[str, Any]


def captions(shared: Path) -> dict[str, list[str]]:
    """The captions of every image that has five, in the order of the file."""
    found: dict[str, list[str]] = defaultdict(list)
    with gzip.open(shared / "data" / "coco_eccv" / "captions.jsonl.gz", "rt", encoding="utf-8") as file:
        for row in map(json.loads, file):
            # The captions come as tokens; a translator joins them, and so would give itself away.
            found[str(row["iid"])].append(re.sub(r"\s+(?=[.,;:!?])", "", row["text"]).strip())
    return {image: texts for image, texts in found.items() if len(texts) == 5}


def parents(known: dict[str, list[str]], rng: np.random.Generator) -> list[ReferenceSet]:
    """One caption of each of 500 images."""
    images = rng.choice(sorted(known), IMAGES, replace=False).tolist()
    return [ReferenceSet(image, (Reference(known[image][rng.integers(5)]),)) for image in images]


def proposed(items: list[ReferenceSet], spec: str) -> tuple[list[Row], Expansion]:
    """All candidates that an expander adds."""
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder, "before.jsonl"), Path(folder, "after.jsonl")
        write_references(items, before)
        done = expand([str(before)], [spec], after, seed=SEED)
        grown, _, _ = read_references([str(after)])
    return [
        {
            "id": item.id,
            "parent": reference.parent,
            "candidate": reference.text,
            "origin": reference.origin,
            "evidence": dict(reference.evidence or {}),
        }
        for item in grown
        for reference in item.references
        if reference.tier == "unverified"
    ], done


def drawn(shared: Path) -> list[Row]:
    """200 candidates of each expander, in random order."""
    known, rng = captions(shared), np.random.default_rng(SEED)
    items, rows = parents(known, rng), []
    for kind, spec in EXPANDERS.items():
        candidates, done = proposed(items, spec)
        print(f"{kind}: {len(candidates)} candidates of {IMAGES} captions; {done.grown[0]}", file=sys.stderr)
        for place in rng.choice(len(candidates), EACH, replace=False).tolist():
            row = candidates[place]
            others = [text for text in known[row["id"]] if text != row["parent"]]
            rows.append(row | {"kind": kind, "others": others, "probability": EACH / len(candidates)})
    return [rows[place] for place in rng.permutation(len(rows)).tolist()]


def main(shared: Path, sheet: Path, key: Path) -> None:
    """Writes both files; nothing is overwritten."""
    rows = drawn(shared)
    with sheet.open("x", encoding="utf-8") as shown, key.open("x", encoding="utf-8") as hidden:
        for number, row in enumerate(rows, 1):
            seen = {"n": number} | {name: row[name] for name in ("parent", "others", "candidate")}
            told = {"n": number} | {name: row[name] for name in ("id", "kind", "origin", "evidence", "probability")}
            shown.write(json.dumps(seen, ensure_ascii=False) + "\n")
            hidden.write(json.dumps(told, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*map(Path, sys.argv[1:]))
