"""Builds geneval/demo_data/coco.jsonl from the COCO captions and the grades of Crisscrossed Captions (CxC).

Run from the root of the project: python benchmarks/build_demo_data.py
The folder of shared data is GENEVAL_SHARED, `../shared` by default. The same data give the same bytes.
"""

from __future__ import annotations

import gzip
import json
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from geneval_references import fold

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "geneval" / "demo_data" / "coco.jsonl"
SHIPPED = 300
GRADED = 5
"""So many captions of other images people must have graded for an image, or it does not qualify."""


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a JSON lines file."""
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def words(text: str) -> Counter[str]:
    """How often each word is there."""
    return Counter(re.findall(r"\w+", text.lower()))


def shared_words(text: str, references: list[str]) -> float:
    """Token F1 with the reference that is closest."""
    mine = words(text)
    return max(2 * (mine & words(r)).total() / (mine.total() + words(r).total()) for r in references)


def candidates(folder: Path) -> Iterator[dict[str, Any]]:
    """Every image that has all three captions, in the order of the file of images.

    No caption is chosen by its grade: what was chosen by a noisy grade is worse than it seems.
    """
    captions = {row["cid"]: row["text"] for row in rows(folder / "captions.jsonl.gz")}
    grades: dict[tuple[int, int], float] = {}
    others: dict[int, list[int]] = defaultdict(list)
    for row in rows(folder / "cxc_sits.jsonl.gz"):
        grades[row["iid"], row["cid"]] = row["score"]
        if row["sampling"] == "c2i_intrasim":
            others[row["iid"]].append(row["cid"])
    for row in rows(folder / "image_to_caption.jsonl"):
        image, own = row["iid"], row["original"]
        if len(own) < 5 or (image, own[4]) not in grades:
            continue
        texts = {fold(captions[cid]) for cid in own}
        graded = sorted(
            cid for cid in others[image] if cid in captions and cid not in own and fold(captions[cid]) not in texts
        )
        if len(graded) < GRADED:
            continue
        references = [captions[cid] for cid in own[:4]]
        echo = max(graded, key=lambda cid: shared_words(captions[cid], references))
        chosen = {"own": own[4], "echo": echo, "stray": next(cid for cid in graded if cid != echo)}
        yield {
            "id": str(image),
            "references": references,
            "outputs": {name: captions[cid] for name, cid in chosen.items()},
            "ratings": {name: grades[image, cid] for name, cid in chosen.items()},
        }


def main() -> None:
    """Write the file and print what was counted."""
    shared = Path(os.environ.get("GENEVAL_SHARED") or ROOT.parent / "shared")
    found = list(candidates(shared / "data" / "coco_eccv"))
    # Evenly spaced, so that no stretch of the file of images is left out.
    kept = [found[index * len(found) // SHIPPED] for index in range(min(SHIPPED, len(found)))]
    TARGET.parent.mkdir(exist_ok=True)
    text = "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in kept)
    TARGET.write_text(text, encoding="utf-8", newline="\n")
    print(f"{len(found)} images qualify, {len(kept)} written to {TARGET.relative_to(ROOT)}")
    for name in ("own", "echo", "stray"):
        grades = [row["ratings"][name] for row in kept]
        print(f"{name}: mean grade {sum(grades) / len(grades):.2f}, {sum(g >= 4 for g in grades)} graded 4 or more")


if __name__ == "__main__":
    main()
