"""Builds geneval/demo_data/coco.jsonl from the COCO captions, ECCV Caption and CxC.

Run from the root of the project: python benchmarks/build_demo_data.py
The folder of shared data is GENEVAL_SHARED, `../shared` by default. The same data give the same bytes.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from geneval_references import fold

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "geneval" / "demo_data" / "coco.jsonl"
SHIPPED = 200
VALID = 3.0
"""CxC's own threshold: a caption graded at or above it describes the image."""
WRONG = 1.0
"""A caption graded at or below it describes another image."""


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a JSON lines file."""
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def candidates(folder: Path) -> Iterator[dict[str, Any]]:
    """Every image that has all three captions, in the order of the file of images.

    Of several captions that qualify the one with the lowest id is taken: neither the best nor the worst graded.
    """
    captions = {row["cid"]: row for row in rows(folder / "captions.jsonl.gz")}
    grades: dict[tuple[int, int], float] = {}
    others: dict[int, list[int]] = {}
    for row in rows(folder / "cxc_sits.jsonl.gz"):
        grades[row["iid"], row["cid"]] = row["score"]
        if row["sampling"] == "c2i_intrasim":
            others.setdefault(row["iid"], []).append(row["cid"])
    unknown = 0
    for row in rows(folder / "image_to_caption.jsonl"):
        image, own_ids = row["iid"], row["original"]
        if row["eccv"] is None or len(own_ids) < 5:
            continue
        unknown += sum(cid not in captions for cid in row["eccv"])
        own = {fold(captions[cid]["text"]) for cid in own_ids}
        elsewhere = [
            cid
            for cid in row["eccv"]
            if cid in captions
            and cid not in own_ids
            and grades.get((image, cid), VALID) >= VALID
            and fold(captions[cid]["text"]) not in own
        ]
        listed = {*row["eccv"], *own_ids}
        wrong = [cid for cid in others.get(image, ()) if grades[image, cid] <= WRONG and cid not in listed]
        if not elsewhere or not wrong:
            continue
        chosen = {"own": own_ids[4], "elsewhere": min(elsewhere), "mismatched": min(wrong)}
        known = {name: grades[image, cid] for name, cid in chosen.items() if (image, cid) in grades}
        yield {
            "id": str(image),
            "references": [captions[cid]["text"] for cid in own_ids[:4]],
            "outputs": {name: captions[cid]["text"] for name, cid in chosen.items()},
            "ratings": known,
        }
    print(f"{unknown} ECCV captions are not among the captions")


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
    for name in ("own", "elsewhere", "mismatched"):
        grades = [row["ratings"][name] for row in kept if name in row["ratings"]]
        print(f"{name}: {len(grades)} graded, mean {sum(grades) / max(len(grades), 1):.2f}")


if __name__ == "__main__":
    main()
