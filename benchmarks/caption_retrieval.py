"""Text-only retrieval of captions, judged by original and by verified positives; writes the tables of docs/retrieval.md.

Usage: python benchmarks/caption_retrieval.py [--images N] [--write]

Data: the 25,000 captions and the development images of the shared data (GENEVAL_SHARED, by default ../shared), of these
the images whose positives people verified (ECCV Caption). An image is asked for by four of its own captions, drawn by seed;
these leave its gallery, the fifth stays there and is its original positive. Systems: the mean of MiniLM's vectors of the four, and tf-idf of the
four as one text; both rank all other captions by cosine. Results on these images are development results. Needs the extras
`neural` and `offline`.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import os
import random
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from geneval import Judged, QueryScores, retrieval
from geneval.cli._render import markdown_of
from geneval.cli._render_queries import grids, prose
from geneval.data import Positives, RankedFiles
from geneval.data._ranked import Matrix
from geneval_scorers.embedding import DEFAULT_MODEL
from geneval_scorers.embedding._vectors import encoder_of

PAGE = Path(__file__).parents[1] / "docs" / "retrieval.md"
BEGIN, END = "<!-- begin: captions -->\n", "<!-- end: captions -->"
METRICS = ("recall(k=1)", "recall(k=5)", "recall(k=10)", "r_precision", "map_at_r")
SEED = 12345


@dataclass(frozen=True)
class Data:
    """Captions by id, what each image is asked for with, and what is known; ids that no caption has are counted."""

    captions: dict[str, str]
    asked: dict[str, list[str]]
    positives: Positives
    unknown: int


def read(images: int | None = None, others: int | None = None) -> Data:
    """The images with verified positives, all or the first ones, in a gallery of all captions or their own and some others."""
    folder = Path(os.environ.get("GENEVAL_SHARED") or Path(__file__).parents[2] / "shared") / "data" / "coco_eccv"
    with gzip.open(folder / "captions.jsonl.gz", "rt", encoding="utf-8") as lines:
        captions = {str(row["cid"]): row["text"] for row in map(json.loads, lines)}
    rows = [json.loads(line) for line in (folder / "image_to_caption.jsonl").read_text(encoding="utf-8").splitlines()]
    rng = random.Random(SEED)
    asked, known, unknown = {}, {}, 0
    for row in [row for row in rows if row["eccv"] is not None][:images]:
        own = [str(cid) for cid in row["original"]]
        stays = rng.choice(own)
        found = [str(cid) for cid in row["eccv"] if str(cid) not in own]
        unknown += sum(cid not in captions for cid in found)
        id_ = str(row["iid"])
        asked[id_] = [cid for cid in own if cid != stays]
        known[id_] = [Judged(stays), *(Judged(cid, tier="verified") for cid in found if cid in captions)]
    due = {cid for own in asked.values() for cid in own} | {one.item for mine in known.values() for one in mine}
    more = [cid for cid in captions if cid not in due][:others]
    kept = due.union(more)
    gallery = {cid: captions[cid] for cid in captions if cid in kept} if others is not None else captions
    return Data(gallery, asked, Positives(known, asked), unknown)


def systems(data: Data) -> dict[str, Matrix]:
    """Cosines of images, by their captions, with all captions."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    ids = list(data.captions)
    place = {id_: number for number, id_ in enumerate(ids)}
    vectors = np.asarray(encoder_of(DEFAULT_MODEL).encode(list(data.captions.values())))
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    means = np.stack([vectors[[place[cid] for cid in own]].mean(axis=0) for own in data.asked.values()])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    words = TfidfVectorizer(sublinear_tf=True)
    gallery = words.fit_transform(data.captions.values())
    texts = words.transform(" ".join(data.captions[cid] for cid in own) for own in data.asked.values())
    values = {"MiniLM": means @ vectors.T, "tf-idf": (texts @ gallery.T).toarray().astype(np.float32)}
    return {name: Matrix(one, tuple(data.asked), tuple(ids)) for name, one in values.items()}


def scored(data: Data, resamples: int = 1000, trials: int = 10_000) -> QueryScores:
    """Both systems under all metrics and tiers; ids of images and of captions name different things."""
    ranked = RankedFiles(matrices=systems(data))
    return retrieval(
        ranked, data.positives, metrics=METRICS, keep_self=True, baseline="tf-idf", resamples=resamples, trials=trials
    )


def text_of(data: Data, found: QueryScores) -> str:
    """The section of the page."""
    positives = sum(map(len, data.positives.known.values()))
    out = io.StringIO()
    with redirect_stdout(out):
        print(
            f"{len(data.asked)} images, {len(data.captions)} captions, {positives} positives, {len(data.asked)} of them original; "
            f"{data.unknown} verified ids are of no caption here and left out.\n"
        )
        for title, heads, rows in grids(found):
            print(f"{title}:\n")
            markdown_of(heads, rows)
            print()
        for line in (*prose(found), *found.told):
            print(f"- {line}")
    return out.getvalue()


def main() -> None:
    """Print, or write the page's section."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    data = read(options.images)
    text = text_of(data, scored(data))
    print(text)
    if options.write:
        page = PAGE.read_text(encoding="utf-8")
        before, _, rest = page.partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}{text}{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
