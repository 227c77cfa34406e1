"""Kills an expansion with `kill -9` at random moments, goes on, and compares with one that was left alone.

    python benchmarks/killed_expansion.py SHARED [KILLS]

It needs the extras `coco` and `translate`, and SHARED with `data/coco_eccv`. Each time it is a new expansion of the captions
of 25 images by substitutions and back-translation, killed once at a moment drawn uniformly from the time that it takes.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
from draw_candidates import captions

ITEMS = 25
SEED = 12345


def run(folder: Path, output: Path) -> subprocess.Popen[bytes]:
    """Starts the command."""
    specs = ["--with", "phrase_table", "--with", "back_translation"]
    command = [
        sys.executable,
        "-m",
        "geneval",
        "expand",
        str(folder / "references.jsonl"),
        *specs,
        "-o",
        str(output),
        "-q",
    ]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603 - our own command


def state(output: Path) -> str:
    """What the kill has left."""
    partial = output.with_name(output.name + ".partial")
    if output.exists():
        return "output written"
    return "candidates kept" if (partial / "candidates.sqlite3").exists() else "nothing kept"


def main(shared: Path, kills: int) -> None:
    """Prints how many of the resumed outputs are the same, byte for byte."""
    rng = np.random.default_rng(SEED)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [{"id": id_, "references": texts} for id_, texts in list(captions(shared).items())[:ITEMS]]
        (folder / "references.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        assert run(folder, folder / "warm.jsonl").wait() == 0  # the table of phrases is indexed once
        began, whole = time.monotonic(), folder / "out.jsonl"
        assert run(folder, whole).wait() == 0
        took = time.monotonic() - began
        due = (whole.read_bytes(), Path(f"{whole}.recipe.json").read_bytes())
        same, left = 0, Counter[str]()
        number = 0
        while left.total() < kills:
            number += 1
            place = folder / str(number)
            place.mkdir()
            output, process = place / "out.jsonl", run(folder, place / "out.jsonl")
            time.sleep(float(rng.uniform(0, took)))
            process.send_signal(signal.SIGKILL)
            if process.wait() == 0:
                continue  # it was quicker than the first one
            left[state(output)] += 1
            if not output.exists():
                assert run(folder, output).wait() == 0
            else:
                assert run(folder, output).wait() == 2  # it only clears away, and says that the place is taken
            same += (output.read_bytes(), Path(f"{output}.recipe.json").read_bytes()) == due
            assert sorted(path.name for path in place.iterdir()) == ["out.jsonl", "out.jsonl.recipe.json"]
            print(f"{same} of {left.total()}; {dict(left)}", file=sys.stderr)
    print(f"undisturbed: {took:.1f} s, {len(due[0])} bytes; the kill left: {dict(left)}")
    print(f"{same} of {kills} resumed outputs are the same, byte for byte")


if __name__ == "__main__":
    if len(sys.argv) not in {2, 3}:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) == 3 else 30)
