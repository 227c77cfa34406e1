"""An expansion that is killed: run as `python killed.py REFERENCES OUTPUT MOMENT`; MOMENT is a number or a name."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from geneval.expanding import _journal, _run, expand
from geneval_references import ReferenceSet
from geneval_references.expanders import Candidate, Expander, Info, Tools, expander, seed_of


@expander("shuffled")
@dataclass(frozen=True, repr=False)
class Shuffled(Expander):
    """The words of each reference in another order: seeded, a few items at a time, and quick."""

    info = Info(summary="words in another order", origin="shuffled:<n>")

    n: int = 2

    def open(self, tools: Tools) -> Shuffled:
        return self

    signature = "shuffled"
    batch = 3

    def propose(self, items: Sequence[ReferenceSet], seed: int) -> list[list[Candidate]]:
        die_at("proposing")
        return [[self._one(item, r.text, n, seed) for r in item.references for n in range(self.n)] for item in items]

    def _one(self, item: ReferenceSet, text: str, n: int, seed: int) -> Candidate:
        order = np.random.default_rng(seed_of(seed, item.id, text, str(n))).permutation(text.split())
        return Candidate(" ".join(order), f"shuffled:{self.n}", text, (self.label,), {"number": n})


MOMENT = sys.argv[3] if len(sys.argv) > 3 else ""
PASSED: list[str] = []


def die_at(place: str) -> None:
    """Dies as `kill -9` kills, where the moment is this place, or so many places on."""
    PASSED.append(place)
    if MOMENT in {place, str(len(PASSED))}:
        os.kill(os.getpid(), signal.SIGKILL)


def dying(function, place: str):
    """Calls it, with a place to die before and behind."""

    def called(*args, **asked):
        die_at(f"before {place}")
        found = function(*args, **asked)
        die_at(f"behind {place}")
        return found

    return called


if __name__ == "__main__":
    _journal.Journal.write = dying(_journal.Journal.write, "keeping")
    _run.write_references = dying(_run.write_references, "writing")
    _run._finish = dying(_run._finish, "finishing")
    done = expand(
        [sys.argv[1]], ["shuffled", "shuffled(n=3)"], Path(sys.argv[2]), watch=lambda what, *_: die_at(f"at {what}")
    )
    sys.stdout.write(f"{len(PASSED)} {sum(grown.added for grown in done.grown)}\n")
