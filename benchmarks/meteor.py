"""METEOR against pycocoevalcap's, by the same jar, on the same texts, in the same run, numbers compared.

Usage: python benchmarks/meteor.py [--items 5000] [--systems 4] [--write]

The texts are those of against_peers.py, as PTB tokens on both sides. pycocoevalcap asks a JVM about one output after the
other, geneval about thousands of pairs at a time. Seconds are a processor's: those of Python and of every JVM that it
starts, from before the first start to after the last end. `--write` writes docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from against_peers import Data, machine
from pycocoevalcap.meteor.meteor import Meteor as PeerMeteor

from geneval_references import Reference, ReferenceSet
from geneval_scorers import Corpus, Meteor, ask_all, full
from geneval_scorers.java._process import find_java, java_version
from geneval_scorers.java._session import _running, end_all
from geneval_scorers.tokenizers import get_tokenizer

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
BEGIN, END = "<!-- begin: meteor -->", "<!-- end: meteor -->"
Scores = list[tuple[float, list[float]]]
"""Of each system, the corpus score and the segments'."""


@dataclass
class Run:
    """What a run took, in a processor's seconds, what came of it, and how many JVMs there were."""

    processor: float
    jvms: int
    scores: Scores


def tokenised(data: Data, systems: int) -> tuple[list[list[str]], list[list[str]]]:
    """References and outputs as PTB tokens."""
    ptb = get_tokenizer("ptb")
    return [ptb(row) for row in data.references], [ptb(row) for row in data.outputs[:systems]]


def ours(references: list[list[str]], outputs: list[list[str]]) -> tuple[Scores, int]:
    """Geneval's, all systems in one call."""
    sets = [ReferenceSet(str(i), tuple(map(Reference, row))) for i, row in enumerate(references)]
    rows = [(str(i), str(s), text, 0) for s, texts in enumerate(outputs) for i, text in enumerate(texts)]
    corpus = Corpus(sets, rows)
    answers = ask_all(Meteor(tokenizer="none"), corpus, full(corpus))
    systems = [np.flatnonzero(corpus.output_system == s) for s in range(len(outputs))]
    return [(answers.corpus(rows), answers.segment[rows].tolist()) for rows in systems], len(_running)


def peers(references: list[list[str]], outputs: list[list[str]], *, anew: bool) -> tuple[Scores, int]:
    """pycocoevalcap's, each system with a JVM of its own or all with one."""
    wanted = dict(enumerate(references))
    meteors: list[PeerMeteor] = []
    scores = []
    for texts in outputs:
        if anew or not meteors:
            meteors.append(PeerMeteor())
        corpus, segments = meteors[-1].compute_score(wanted, {i: [text] for i, text in enumerate(texts)})
        scores.append((float(corpus), [float(score) for score in segments]))
    for meteor in meteors:
        meteor.meteor_p.kill()
        meteor.meteor_p.communicate()
    return scores, len(meteors)


def measured(work: Callable[[], tuple[Scores, int]]) -> Run:
    """Does the work, ends all JVMs, and tells what both took."""
    before = os.times()
    scores, jvms = work()
    end_all()
    after = os.times()
    return Run(sum(after[:4]) - sum(before[:4]), jvms, scores)


def apart(mine: Scores, theirs: Scores) -> float:
    """The largest difference of two scores."""
    pairs = [(np.asarray([a, *x]), np.asarray([b, *y])) for (a, x), (b, y) in zip(mine, theirs, strict=True)]
    return max(float(np.abs(x - y).max()) for x, y in pairs)


def row(what: str, mine: Run, theirs: Run) -> str:
    """A line of the table; stops where the numbers differ."""
    difference = apart(mine.scores, theirs.scores)
    if not difference <= 1e-9:
        sys.exit(f"{what}: the numbers differ by {difference}")
    return (
        f"| {what} | {mine.processor:.1f} | {theirs.processor:.1f} | {theirs.processor / mine.processor:.1f} "
        f"| {mine.jvms} | {theirs.jvms} | {difference:.0e} |"
    )


def after_the_start(references: list[list[str]], outputs: list[list[str]]) -> tuple[float, float]:
    """Seconds of a run of one pair, and how many more one system's outputs take."""
    start = measured(lambda: ours([["a cat"]], [["a dog"]])).processor
    return start, measured(lambda: ours(references, outputs)).processor - start


def main() -> None:
    """Prints a row for one system and for several, and writes them down where asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=5000)
    parser.add_argument("--systems", type=int, default=4)
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    arguments = parser.parse_args()
    java = java_version(find_java("meteor"), 30).split(" OpenJDK")[0]
    about = f"{datetime.now(UTC).date()}, {arguments.items} items x 5 references, {machine()}, {java}."
    lines = [
        about,
        "",
        "| what | geneval, s | peer, s | ratio | JVMs | peer's JVMs | largest difference |",
        "|---|---|---|---|---|---|---|",
    ]
    print("\n".join(lines), flush=True)
    references, outputs = tokenised(Data.of(arguments.items), arguments.systems)
    jobs = [("1 system", 1, False), (f"{arguments.systems} systems", arguments.systems, False)]
    jobs += [(f"{arguments.systems} systems, the peer started anew for each", arguments.systems, True)]
    for what, systems, anew in jobs:
        mine = measured(lambda systems=systems: ours(references, outputs[:systems]))
        theirs = measured(lambda systems=systems, anew=anew: peers(references, outputs[:systems], anew=anew))
        lines.append(row(what, mine, theirs))
        print(lines[-1], flush=True)
    many = 2 * arguments.items
    start, more = after_the_start(*tokenised(Data.of(many), 1))
    lines += ["", f"A run of one pair takes {start:.1f} s, one of {many} items x 5 references {more:.1f} s more."]
    print("\n".join(lines[-2:]))
    if arguments.write:
        before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{chr(10).join(lines)}\n{END}{rest.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
