"""Seconds and differences of geneval's n-gram scorers against the tools whose numbers they give, in the same run.

Usage: python benchmarks/against_peers.py [ITEMS]

Captions: those of COCO in the shared data (GENEVAL_SHARED, by default ../shared), 5 references an item, else the demo's.
An output is the first caption of the next image. The peers get the same texts; pycocoevalcap, which has no tokeniser
without Java, the same tokens (split at white space). Ratios are peer's seconds through ours; both include tokenising.
"""

from __future__ import annotations

import gzip
import json
import logging
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import sacrebleu
from pycocoevalcap.bleu.bleu import Bleu as PeerBleu
from pycocoevalcap.cider.cider import Cider as PeerCider
from pycocoevalcap.rouge.rouge import Rouge as PeerRouge

from geneval.data import demo_inputs
from geneval_references import Reference, ReferenceSet
from geneval_scorers import Bleu, Chrf, Cider, CocoBleu, CocoRougeL, Corpus, Scorer, Ter, ask_all, full


def captions() -> dict[str, list[str]]:
    """Captions by image."""
    shared = Path(os.environ.get("GENEVAL_SHARED", Path(__file__).parents[2] / "shared"))
    path = shared / "data" / "coco_eccv" / "captions.jsonl.gz"
    out: dict[str, list[str]] = {}
    if path.exists():
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for row in map(json.loads, lines):
                out.setdefault(str(row["iid"]), []).append(row["text"])
    else:
        for item in demo_inputs().items:
            out[item.id] = [reference.text for reference in item.references]
    return out


def timed(work: Callable[[], object]) -> tuple[float, object]:
    """Seconds, and what came of it."""
    start = time.perf_counter()
    made = work()
    return time.perf_counter() - start, made


def main(count: int) -> None:
    """Prints a row a scorer."""
    logging.getLogger("sacrebleu").setLevel(logging.ERROR)
    every = list(captions().values())
    references = [every[i % len(every)] for i in range(count)]
    texts = [every[(i + 1) % len(every)][0] for i in range(count)]
    sets = [ReferenceSet(str(i), tuple(map(Reference, row))) for i, row in enumerate(references)]

    def ours(*scorers: Scorer) -> list[list[float]]:
        corpus = Corpus(sets, [(str(i), "s", text, 0) for i, text in enumerate(texts)])
        return [ask_all(s.fit(corpus), corpus, full(corpus)).segment.tolist() for s in scorers]

    def sentences(metric: sacrebleu.BLEU | sacrebleu.CHRF | sacrebleu.TER) -> list[list[float]]:
        return [[metric.sentence_score(t, r).score for t, r in zip(texts, references, strict=True)]]

    def coco() -> list[list[float]]:
        theirs = {str(i): row for i, row in enumerate(references)}, {str(i): [text] for i, text in enumerate(texts)}
        four = [list(row) for row in PeerBleu(4).compute_score(*theirs, verbose=0)[1]]
        others = [np.asarray(peer.compute_score(*theirs)[1]).tolist() for peer in (PeerRouge(), PeerCider())]
        return [*four, *others]

    rows: list[tuple[str, list[Scorer], Callable[[], list[list[float]]]]] = [
        ("bleu (segments, 13a)", [Bleu()], lambda: sentences(sacrebleu.BLEU(effective_order=True))),
        ("chrf (segments)", [Chrf()], lambda: sentences(sacrebleu.CHRF())),
        ("ter (segments)", [Ter()], lambda: sentences(sacrebleu.TER())),
        (
            "coco_bleu 1-4 + coco_rouge_l + cider",
            [
                *(CocoBleu(n=n, tokenizer="none") for n in range(1, 5)),
                CocoRougeL(tokenizer="none"),
                Cider(tokenizer="none"),
            ],
            coco,
        ),
    ]
    print(f"{count} items x {len(references[0])} references")
    print(f"{'scorer':40s} {'ours, s':>8s} {'peer, s':>8s} {'ratio':>6s} {'largest difference':>19s}")
    for name, scorers, peer in rows:
        mine, found = timed(lambda scorers=scorers: ours(*scorers))
        theirs, expected = timed(peer)
        apart = float(np.abs(np.asarray(found) - np.asarray(expected)).max())
        print(f"{name:40s} {mine:8.2f} {theirs:8.2f} {theirs / mine:6.1f} {apart:19.1e}")
        if apart > 1e-9:
            sys.exit(f"{name}: the numbers differ")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000)
