"""A run of four systems that differ in what people like: words of the references, and no repetition."""

from __future__ import annotations

import math

import numpy as np
import pytest

import geneval
from geneval.data import Preference

WORDS = [
    "a",
    "the",
    "cat",
    "dog",
    "red",
    "big",
    "small",
    "house",
    "tree",
    "runs",
    "sits",
    "on",
    "in",
    "of",
    "park",
    "lake",
    "boat",
    "man",
    "girl",
    "old",
]
SHARES = {"best": 0.9, "good": 0.7, "fair": 0.5, "poor": 0.3}
SCORERS = ["token_f1", "chrf", "repetition(n=1)", "length_ratio(log=True)"]


def texts(count=120, seed=7):
    """Outputs that share words with the first reference, some of which repeat a word."""
    rng = np.random.default_rng(seed)
    references, outputs = [], {name: [] for name in SHARES}
    for _ in range(count):
        first = rng.permutation(WORDS)[:8].tolist()
        references.append([" ".join(first), " ".join([*first[:5], *rng.permutation(WORDS)[:3]])])
        for name, share in SHARES.items():
            words = [w if rng.random() < share else str(rng.choice(WORDS)) for w in first]
            if rng.random() < 0.5:
                words[-3:] = words[:3]
            outputs[name].append(" ".join(words))
    return references, outputs


def votes(run, seed=3, raters=3):
    """Choices by the law that the model assumes: F1 counts, repetition counts against, and one in six is a tie."""
    rng = np.random.default_rng(seed)
    table = {(r["id"], r["system"], r["scorer"]): r["score"] for r in run.to_arrow().to_pylist()}
    names, rows = list(SHARES), []
    for item in sorted({key[0] for key in table}, key=int):
        for i, a in enumerate(names):
            for b in names[i + 1 :]:
                worth = [6 * table[item, s, "token_f1"] - 5 * table[item, s, "repetition(n=1)"] for s in (a, b)]
                lead = worth[0] - worth[1]
                odds = np.asarray([math.exp(lead / 2), math.exp(-lead / 2), 0.4])
                drawn = rng.choice(["a", "b", "tie"], size=raters, p=odds / odds.sum())
                rows += [Preference(item, a, b, str(w), annotator=f"r{n}") for n, w in enumerate(drawn)]
    return rows


@pytest.fixture(scope="session")
def run():
    references, outputs = texts()
    return geneval.score(predictions=outputs, references=references, scorers=SCORERS, resamples=0)


@pytest.fixture(scope="session")
def people(run):
    return votes(run)


@pytest.fixture(scope="session")
def found(run, people):
    parts = ["token_f1", "chrf", "repetition(n=1)"]
    return geneval.fit_blend(
        run, preferences=people, scorers=parts, nuisance="length_ratio(log=True)", resamples=300, data="made up"
    )
