"""Time and memory of `geneval report`, and beside it what pycocoevalcap takes to score one system.

Usage: python benchmarks/report_speed.py [--only NAME]... [--share 1.0] [--write]

Texts: COCO captions of the shared data (GENEVAL_SHARED, by default ../shared), else the demo's, with words exchanged so
that all are distinct. A system's output is one of its own item's captions with more words exchanged, the more the worse
its grade, so that outputs share n-grams with references as real ones do. Where the first system holds leaked copies of
references, all that can differ is done twice: on the data as given, and as cleaned. Each run is a process of its own, the
command that a user calls, from the file of outputs to the report on disk; seconds are the processor's, and the clock's
beside them, and memory the peak of the process and its children. The peer is pycocoevalcap with its own tokeniser, BLEU,
ROUGE-L and CIDEr. `--write` writes docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from against_peers import captions, machine

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
BEGIN, END = "<!-- begin: report -->", "<!-- end: report -->"
NGRAM = (
    "bleu", "chrf", "token_f1", "rouge(kind='1')", "rouge(kind='L')", "coco_bleu(n=4)", "coco_rouge_l", "cider",
)  # fmt: skip
COCO = (*(f"coco_bleu(n={n})" for n in range(1, 5)), "coco_rouge_l", "cider")


@dataclass(frozen=True, slots=True)
class Job:
    """A report: of how many items with five references each, how many systems, and by which scorers.

    Attributes:
        items, systems, scorers: how many, and which.
        leaked: share of the first system's outputs that are copies of a reference.
        peer: whether the peer scores one system as well.
    """

    items: int
    systems: int
    scorers: Sequence[str]
    leaked: float = 0.0
    peer: bool = False


JOBS = {
    "ngram": Job(10_000, 5, NGRAM),
    "leaks": Job(10_000, 5, NGRAM, leaked=0.02),
    "coco": Job(20_000, 4, COCO, peer=True),
}
SECONDS, MEGABYTES = 60, 4295
"""What a report of n-gram scorers may take."""


@dataclass(frozen=True, slots=True)
class Took:
    """What a process took: processor seconds, seconds on the clock, peak megabytes."""

    processor: float
    clock: float
    megabytes: float


class Texts:
    """Distinct captions of images."""

    def __init__(self, seed: int = 12345) -> None:
        self.random = random.Random(seed)
        self.images = captions()
        self._words = sorted({word for row in self.images for text in row for word in text.split()})
        self._used: set[str] = set()

    def exchanged(self, text: str, count: int) -> str:
        """The text with so many words exchanged for others, and more if there is such a text already."""
        tokens = text.split()
        while True:
            for place in self.random.sample(range(len(tokens)), min(count, len(tokens))):
                tokens[place] = self.random.choice(self._words)
            text, count = " ".join(tokens), 1
            if text not in self._used:
                self._used.add(text)
                return text


def rows(job: Job, items: int) -> Iterator[dict[str, object]]:
    """Rows of a file, one an item."""
    texts, systems = Texts(), job.systems
    for number in range(items):
        image = texts.images[number % len(texts.images)]
        references = [texts.exchanged(text, 0) for text in image[:5]]
        outputs, grades = {}, {}
        for system in range(systems):
            wrong = texts.random.randrange(4)
            outputs[f"system {system}"] = texts.exchanged(image[system % len(image)], wrong)
            grades[f"system {system}"] = round(5 - wrong + texts.random.gauss(0, 0.5), 1)
        if texts.random.random() < job.leaked:
            outputs["system 0"] = references[0]
        yield {"id": str(number), "outputs": outputs, "references": references, "ratings": grades}


def took(command: Sequence[str]) -> Took:
    """Runs a command in a process of its own."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603 - our own command
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"exit code {process.returncode}: {' '.join(command)}")
    unit = 1 if sys.platform == "darwin" else 1024
    seconds = usage.ru_utime + usage.ru_stime
    return Took(seconds, time.perf_counter() - began, usage.ru_maxrss * unit / 1e6)


def measure(job: Job, share: float, folder: Path) -> Iterator[str]:
    """Lines of the table: our report, and the peer's one system."""
    items = max(int(job.items * share), 2)
    data = folder / f"{items}-{job.systems}-{job.leaked}.jsonl"
    with data.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows(job, items))
    options = [part for scorer in job.scorers for part in ("-s", scorer)]
    command = [sys.executable, "-m", "geneval", "report", str(data), *options, "--valid", "4", "-q", "-o"]
    mine = took([*command, str(data.with_suffix(".report"))])
    what = f"report, {job.systems} systems, {len(job.scorers)} scorers{', with leaks' if job.leaked else ''}"
    told = f"{items:,} x 5 | {mine.processor:.1f} | {mine.clock:.1f} | {mine.megabytes:,.0f} |"
    yield f"| {what} | {told} {'' if job.peer else f'{SECONDS} s, {MEGABYTES:,} MB'} |"
    if job.peer:
        theirs = took([sys.executable, __file__, "--peer", str(data)])
        told = f"{items:,} x 5 | {theirs.processor:.1f} | {theirs.clock:.1f} | {theirs.megabytes:,.0f} |"
        ratio = theirs.processor / mine.processor
        yield f"| pycocoevalcap, 1 system scored | {told} {ratio:.2f} of the report's processor seconds |"


def peer(data: Path) -> None:
    """Pycocoevalcap's tokeniser, BLEU, ROUGE-L and CIDEr on the first system."""
    from pycocoevalcap.bleu.bleu import Bleu
    from pycocoevalcap.cider.cider import Cider
    from pycocoevalcap.rouge.rouge import Rouge
    from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer

    found = [json.loads(line) for line in data.read_text(encoding="utf-8").splitlines()]
    tokenizer = PTBTokenizer()
    references = tokenizer.tokenize({row["id"]: [{"caption": text} for text in row["references"]] for row in found})
    outputs = tokenizer.tokenize({row["id"]: [{"caption": row["outputs"]["system 0"]}] for row in found})
    for scorer in (Bleu(4), Rouge(), Cider()):
        print(scorer.compute_score(references, outputs)[0])


def main() -> None:
    """Prints the table, and writes it down where asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", choices=JOBS)
    parser.add_argument("--share", type=float, default=1.0, help="of the items")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    parser.add_argument("--peer", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.peer:
        peer(given.peer)
        return
    lines = [
        f"{datetime.now(UTC).date()}, {machine()}.\n",
        "| what | items x references | processor, s | clock, s | peak, MB | |\n|---|---|---|---|---|---|",
    ]
    print("\n".join(lines), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for name in given.only or JOBS:
            for line in measure(JOBS[name], given.share, Path(folder)):
                print(line, flush=True)
                lines.append(line)
    if given.write:
        before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
        told = "\n".join(lines)
        PAGE.write_text(f"{before}{BEGIN}\n{told}\n{END}{rest.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
