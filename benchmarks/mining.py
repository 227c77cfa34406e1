"""What mining and matching by labels find of what people call valid: `python benchmarks/mining.py [--write]`.

On COCO's 5k test captions with the positives of ECCV Caption and the grades of CxC, which are not ours to pass on
(GENEVAL_SHARED names the folder, `../shared` when not set). Vectors are kept in geneval's cache: the first run encodes
25,000 captions twice. `--write` puts the tables into docs/expansion-evidence.md.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import resource
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

TREE = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TREE / "benchmarks"))

from geneval_references import fold  # noqa: E402
from geneval_references.mining import PROPOSERS, Pool, by_labels, encoded, lemmas, pooled, proposer, set_labels  # noqa: E402
from geneval_scorers.embedding.encoder import DEFAULT_MODEL, LIGHT_MODEL, kept_encoder, machine  # noqa: E402

DATA = Path(os.environ.get("GENEVAL_SHARED") or TREE.parent / "shared") / "data" / "coco_eccv"
PAGE = TREE / "docs" / "expansion-evidence.md"
MOST, EACH = 25, 5


def rows(name: str) -> list[dict[str, Any]]:
    """The rows of a file of the data."""
    opened = gzip.open if name.endswith(".gz") else open
    with opened(DATA / name, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


class Coco:
    """Captions by image, and what people said about captions of other images."""

    def __init__(self) -> None:
        captions = rows("captions.jsonl.gz")
        self.text = {row["cid"]: row["text"] for row in captions}
        self.own: dict[int, list[int]] = {}
        for row in captions:
            self.own.setdefault(row["iid"], []).append(row["cid"])
        judged = rows("image_to_caption.jsonl")
        known = self.text.keys()
        self.eccv = {row["iid"]: set(row["eccv"]) & known for row in judged if row["eccv"]}
        self.cxc = {row["iid"]: set(row["cxc"]) & known for row in judged if row["cxc"]}
        self.unknown = sum(len(set(row["eccv"]) - known) for row in judged if row["eccv"])

    def captions(self, image: int) -> list[str]:
        """An image's own."""
        return [self.text[cid] for cid in self.own[image]]


# --- mining ---


def proposers() -> dict[str, Any]:
    """All kinds: words, n-grams, characters, and two families of embeddings."""
    found = {name: proposer(name) for name in PROPOSERS}
    for name, model in (("MiniLM", DEFAULT_MODEL), ("USE v3", LIGHT_MODEL)):
        found[name] = encoded(name, kept_encoder(model, machine()))
    return found


def recall(coco: Coco, images: Sequence[int], found: Iterable[Iterable[str]]) -> tuple[float, float, float]:
    """Recall of positives written for other images, share of candidates that are positives, candidates an image."""
    hits = wanted = proposed = 0
    for image, texts in zip(images, found, strict=True):
        own = {fold(text) for text in coco.captions(image)}
        positives = {fold(coco.text[cid]) for cid in coco.eccv[image] - set(coco.own[image])} - own
        keys = {fold(text) for text in texts}
        hits, wanted, proposed = hits + len(keys & positives), wanted + len(positives), proposed + len(keys)
    return hits / wanted, hits / proposed, proposed / len(images)


def mining(coco: Coco) -> str:
    """The table of proposers."""
    images = [image for image in coco.eccv if image in coco.own]
    sets = [coco.captions(image) for image in images]
    texts = list(coco.text.values())
    every = proposers()
    lines = [
        "| proposer | candidates an image | recall of positives | share of candidates listed as positive |",
        "|---|--:|--:|--:|",
    ]
    for name, one in every.items():
        pool = Pool(texts, [one])
        found = ([c.text for c in best] for best in pooled(pool, sets, top=MOST, limit=MOST))
        lines.append(line(f"{name} alone", recall(coco, images, found)))
        print(lines[-1], file=sys.stderr, flush=True)
    for label, names in POOLS.items():
        pool = Pool(texts, [every[name] for name in names])
        for top, how in ((EACH, "five of each"), (MOST, "in turns up to 25")):
            found = ([c.text for c in best] for best in pooled(pool, sets, top=top, limit=MOST))
            lines.append(line(f"{label}, {how}", recall(coco, images, found)))
            print(lines[-1], file=sys.stderr, flush=True)
    return "\n".join(lines)


POOLS = {
    "pool of tfidf, bm25, cider, MiniLM, USE v3": ("tfidf", "bm25", "cider", "MiniLM", "USE v3"),
    "pool of characters, MiniLM, USE v3": ("characters", "MiniLM", "USE v3"),
    "pool of MiniLM, USE v3": ("MiniLM", "USE v3"),
}


def line(name: str, numbers: tuple[float, float, float]) -> str:
    """One row."""
    share, precision, many = numbers
    return f"| {name} | {many:.1f} | {share:.3f} | {precision:.3f} |"


# --- scale ---


def scale(coco: Coco) -> str:
    """Every image against every caption, with the vectors in the cache."""
    begin, clock = time.time(), time.process_time()
    every = proposers()
    pool = Pool(list(coco.text.values()), [every[name] for name in ("tfidf", "bm25", "cider", "MiniLM", "USE v3")])
    sets = [coco.captions(image) for image in coco.own]
    count = sum(len(best) for best in pooled(pool, sets))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return (
        f"{len(pool.texts):,} different texts x {len(sets):,} items, five proposers: {count:,} candidates in "
        f"{time.time() - begin:.0f} s ({time.process_time() - clock:.0f} s of processor time, two busy cores), "
        f"at most {peak:.1f} GiB of memory."
    )


# --- matching by labels, original captions and CxC against ECCV ---


def matching(coco: Coco) -> str:
    """Precision and recall of what is known without asking anybody, against ECCV's positives, in both directions."""
    image_of = {cid: image for image, cids in coco.own.items() for cid in cids}
    back = rows("caption_to_image.jsonl")
    wanted = (
        {i: coco.eccv[i] for i in coco.eccv},
        {r["cid"]: set(r["eccv"]) & coco.own.keys() for r in back if r["eccv"]},
    )
    wanted = (wanted[0], {cid: images for cid, images in wanted[1].items() if cid in image_of})
    own = ({i: set(coco.own[i]) for i in wanted[0]}, {cid: {image_of[cid]} for cid in wanted[1]})
    graded = (
        {i: coco.cxc.get(i, set()) for i in wanted[0]},
        {r["cid"]: set(r["cxc"] or ()) for r in back if r["eccv"]},
    )
    taken = [("the captions' own image", own), ("CxC >= 3", graded)]
    order = list(coco.own)
    words = dict(zip(coco.text, lemmas(list(coco.text.values())), strict=True))
    labels = [set_labels([words[cid] for cid in coco.own[image]]) for image in order]
    for zeta in (0, 1, 2):
        near = {
            i: {i, *(order[at] for at, _ in found)}
            for i, found in zip(order, by_labels(labels, labels, zeta), strict=True)
        }
        captions = {i: {cid for other in near[i] for cid in coco.own[other]} for i in wanted[0]}
        taken.append((f"the same content lemmas, zeta = {zeta}", (captions, {c: near[image_of[c]] for c in wanted[1]})))
    lines = [
        "| taken for valid | precision | recall | recall of other images' captions | precision | recall | recall of other images |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for name, both in taken:
        cells = [compared(both[way], wanted[way], own[way]) for way in (0, 1)]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    mean = np.mean([len(one) for one in labels])
    told = (
        f"The first three numbers are of captions for {len(wanted[0])} images, the last three of images for "
        f"{len(wanted[1])} captions. An image has {mean:.1f} such lemmas on average: those of half its captions."
    )
    return "\n".join(lines) + f"\n\n{told}"


def compared(taken: dict[int, set[int]], wanted: dict[int, set[int]], own: dict[int, set[int]]) -> str:
    """Precision, recall, and recall of those that are not its own."""
    hits = sum(len(taken[key] & good) for key, good in wanted.items())
    others = sum(len((taken[key] & good) - own[key]) for key, good in wanted.items())
    many = sum(map(len, taken.values()))
    return " | ".join(
        f"{part / max(whole, 1):.3f}"
        for part, whole in (
            (hits, many),
            (hits, sum(map(len, wanted.values()))),
            (others, sum(len(good - own[key]) for key, good in wanted.items())),
        )
    )


def write(part: str, body: str) -> None:
    """Puts a table between its two comments of the page."""
    before, rest = PAGE.read_text(encoding="utf-8").split(f"<!-- begin: {part} -->\n", 1)
    after = rest.split(f"<!-- end: {part} -->", 1)[1]
    PAGE.write_text(f"{before}<!-- begin: {part} -->\n{body}\n<!-- end: {part} -->{after}", encoding="utf-8")


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--write", action="store_true", help="put the tables into the page")
    parser.add_argument("--only", choices=("mining", "scale", "matching"))
    given = parser.parse_args()
    coco = Coco()
    for name, make in (("mining", mining), ("scale", scale), ("matching", matching)):
        if given.only in (None, name):
            body = make(coco)
            print(f"\n{body}\n")
            if given.write:
                write(name, body)


if __name__ == "__main__":
    main()
