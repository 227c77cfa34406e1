"""Speed of the n-gram scorers against the tools whose numbers they give, in the same run, numbers compared.

Usage: python benchmarks/against_peers.py [--items 20000] [--write]

Texts: COCO captions of the shared data (GENEVAL_SHARED, by default ../shared), 5 references an item, else the demo's.
Where there are fewer images than items, captions come again with a word exchanged, so that all texts are distinct and
no tool is helped by what it remembers. An output is a caption of the next image with a word exchanged. Both sides get
the same texts, pycocoevalcap, which has no tokeniser without Java, the same tokens (split at white space); on both
sides tokenising is part of the work. Ratios are of processor seconds, the better of two runs each; `--write` writes
docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import gzip
import json
import logging
import os
import platform
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import numpy as np
import sacrebleu
from pycocoevalcap.bleu.bleu import Bleu as PeerBleu
from pycocoevalcap.cider.cider import Cider as PeerCider
from pycocoevalcap.rouge.rouge import Rouge as PeerRouge

from geneval.data import demo_inputs
from geneval_references import Reference, ReferenceSet
from geneval_scorers import (
    Bleu,
    Chrf,
    Cider,
    CocoBleu,
    CocoRougeL,
    Corpus,
    Scorer,
    Ter,
    ask_each,
    band,
    expected_at_each,
    full,
)

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
BEGIN, END = "<!-- begin: measured -->", "<!-- end: measured -->"
SYSTEMS = 4
COCO: list[Scorer] = [
    *(CocoBleu(n=n, tokenizer="none") for n in range(1, 5)),
    CocoRougeL(tokenizer="none"),
    Cider(tokenizer="none"),
]
Scores = list[list[float]]


def captions() -> list[list[str]]:
    """Five captions an image."""
    shared = Path(os.environ.get("GENEVAL_SHARED", Path(__file__).parents[2] / "shared"))
    path = shared / "data" / "coco_eccv" / "captions.jsonl.gz"
    if not path.exists():
        return [[reference.text for reference in item.references][:5] for item in demo_inputs().items]
    found: dict[str, list[str]] = {}
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            found.setdefault(str(row["iid"]), []).append(row["text"])
    return list(found.values())


@dataclass
class Data:
    """Items with five references, and what four systems wrote, in both sides' shapes."""

    references: list[list[str]]
    outputs: list[list[str]]
    """One list a system."""
    sets: list[ReferenceSet]

    @classmethod
    def of(cls, count: int) -> Data:
        """Builds `count` items of distinct texts."""
        rng = random.Random(12345)
        images = captions()
        words = sorted({word for row in images for text in row for word in text.split()})
        used: set[str] = set()

        def fresh(text: str) -> str:
            while text in used:
                tokens = text.split()
                tokens[rng.randrange(len(tokens))] = rng.choice(words)
                text = " ".join(tokens)
            used.add(text)
            return text

        references = [[fresh(text) for text in images[i % len(images)]] for i in range(count)]
        outputs = [
            [fresh(images[(i + 1) % len(images)][system % 5]) for i in range(count)] for system in range(SYSTEMS)
        ]
        sets = [ReferenceSet(str(i), tuple(map(Reference, row))) for i, row in enumerate(references)]
        return cls(references, outputs, sets)

    def corpus(self, systems: int) -> Corpus:
        """All texts interned, the first step of our work."""
        rows = [(str(i), str(s), text, 0) for s in range(systems) for i, text in enumerate(self.outputs[s])]
        return Corpus(self.sets, rows)


def timed(work: Callable[[], Scores]) -> tuple[float, Scores]:
    """Processor seconds of the better of two runs, and what came of it."""
    best, made = float("inf"), []
    for _ in range(2):
        start = time.process_time()
        made = work()
        best = min(best, time.process_time() - start)
    return best, made


def sentences(metric: sacrebleu.BLEU | sacrebleu.CHRF | sacrebleu.TER, data: Data) -> Scores:
    """Sacrebleu's segment scores."""
    return [[metric.sentence_score(t, r).score for t, r in zip(data.outputs[0], data.references, strict=True)]]


def coco(data: Data) -> Scores:
    """Pycocoevalcap's BLEU-1..4, ROUGE-L and CIDEr."""
    references = {str(i): row for i, row in enumerate(data.references)}
    outputs = {str(i): [text] for i, text in enumerate(data.outputs[0])}
    four = [list(row) for row in PeerBleu(4).compute_score(references, outputs, verbose=0)[1]]
    return [
        *four,
        *(np.asarray(peer.compute_score(references, outputs)[1]).tolist() for peer in (PeerRouge(), PeerCider())),
    ]


def ours(scorers: Sequence[Scorer], data: Data) -> Scores:
    """Geneval's segment scores of the same."""
    corpus = data.corpus(1)
    return [answers.segment.tolist() for answers in ask_each([s.fit(corpus) for s in scorers], corpus, full(corpus))]


@dataclass
class Row:
    """One line of the table: seconds of both, the ratio asked for, and the largest difference of two scores."""

    what: str
    peer: str
    mine: float
    theirs: float
    wanted: float
    apart: float


def against_peers(data: Data, few: Data) -> list[Row]:
    """Times every job on both sides and compares the numbers."""
    jobs: list[tuple[str, str, float, Data, Sequence[Scorer], Callable[[Data], Scores]]] = [
        (
            "BLEU, segments, `13a`",
            "sacrebleu",
            10,
            data,
            [Bleu()],
            lambda d: sentences(sacrebleu.BLEU(effective_order=True), d),
        ),
        ("chrF, segments", "sacrebleu", 8, data, [Chrf()], lambda d: sentences(sacrebleu.CHRF(), d)),
        (
            f"TER, segments, {len(few.references)} items",
            "sacrebleu",
            1,
            few,
            [Ter()],
            lambda d: sentences(sacrebleu.TER(), d),
        ),
        ("COCO BLEU-1..4 + ROUGE-L + CIDEr", "pycocoevalcap", 20, data, COCO, coco),
    ]
    rows = []
    for what, peer, wanted, texts, scorers, judge in jobs:
        mine, found = timed(lambda scorers=scorers, texts=texts: ours(scorers, texts))
        theirs, expected = timed(lambda judge=judge, texts=texts: judge(texts))
        apart = float(np.abs(np.asarray(found) - np.asarray(expected)).max())
        rows.append(Row(what, peer, mine, theirs, wanted, apart))
        print(f"{what:40s} {mine:8.2f} s {theirs:8.2f} s {theirs / mine:6.1f}x {apart:9.1e}", flush=True)
        if not apart <= 1e-9:
            sys.exit(f"{what}: the numbers differ")
    return rows


def expected(data: Data) -> tuple[float, float]:
    """Seconds of one plain scoring of four systems; and of E@k for every k, with the human band at every k."""
    scorers = [Bleu(), Chrf(), *COCO]

    def plain() -> Scores:
        corpus = data.corpus(SYSTEMS)
        return [[a.corpus()] for a in ask_each([s.fit(corpus) for s in scorers], corpus, full(corpus))]

    def every_k() -> Scores:
        corpus = data.corpus(SYSTEMS)
        fitted = [s.fit(corpus) for s in scorers]
        queries = full(corpus)
        systems = [np.flatnonzero(corpus.output_system == s) for s in range(SYSTEMS)]
        found = expected_at_each(fitted, corpus, queries, [1, 2, 3, 4, 5])
        people = expected_at_each(fitted, corpus, band(corpus), [1, 2, 3, 4])
        scores = [[a.corpus(rows) for a in row for rows in systems] for row in found]
        return [*scores, *([a.corpus() for a in row] for row in people)]

    once, many = timed(plain)[0], timed(every_k)[0]
    print(
        f"E@1..5 of 4 systems + band, through one plain scoring of them: {many:.2f} s / {once:.2f} s = {many / once:.1f}"
    )
    return once, many


def tokenising(data: Data) -> float:
    """Seconds of one pass of `13a` over the texts of one system's run."""
    from geneval_scorers.tokenizers import get_tokenizer

    texts = [*(text for row in data.references for text in row), *data.outputs[0]]
    return timed(lambda: [[len(get_tokenizer("13a")(texts))]])[0]


def machine() -> str:
    """Processor and versions."""
    names = ["numpy", "sacrebleu", "pycocoevalcap", "rapidfuzz"]
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in names)
    told = Path("/proc/cpuinfo")
    lines = told.read_text(encoding="utf-8").splitlines() if told.exists() else []
    kinds = {line.split(":")[1].strip() for line in lines if line.startswith("model name")}
    processor = ", ".join(kinds) or platform.processor()
    return f"{processor}, {os.cpu_count()} cores, {platform.system()}; Python {platform.python_version()}, {versions}"


def table(rows: Sequence[Row], once: float, many: float, one_pass: float) -> str:
    """The measured part of docs/benchmarks.md."""
    lines = [
        "| what | peer | geneval, s | peer, s | ratio | asked for | largest difference |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {r.what} | {r.peer} | {r.mine:.2f} | {r.theirs:.2f} | {r.theirs / r.mine:.1f} | {r.wanted:g} | {r.apart:.0e} |"
        for r in rows
    ]
    return "\n".join(
        [
            *lines,
            "",
            f"All scorers of the table but TER, {SYSTEMS} systems: one plain scoring takes {once:.1f} s.",
            f"Expected scores at every k from 1 to 5, with the human band at every k, take {many:.1f} s:",
            f"{many / once:.1f} times as much (at most 5 asked for).",
            "",
            f"One pass of the tokeniser `13a` over one system's texts takes {one_pass:.2f} s.",
        ]
    )


def main() -> None:
    """Prints a row a scorer, and writes them down where asked to."""
    logging.getLogger("sacrebleu").setLevel(logging.ERROR)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    arguments = parser.parse_args()
    data, few = Data.of(arguments.items), Data.of(max(arguments.items // 10, 1))
    about = f"{datetime.now(UTC).date()}, {arguments.items} items x 5 references, {machine()}."
    print(about)
    rows = against_peers(data, few)
    found = table(rows, *expected(data), tokenising(data))
    print(f"\n{found}")
    if arguments.write:
        before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{about}\n\n{found}\n{END}{rest.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
