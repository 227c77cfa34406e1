from __future__ import annotations

import random

import pytest

from geneval.data import Judgement
from geneval_references import Reference, ReferenceSet

ANIMALS = ["dog", "cat", "horse", "goat", "duck", "sheep"]
PLACES = ["garden", "barn", "harbour", "market", "kitchen", "forest"]
THINGS = ["ball", "rope", "bucket", "blanket", "basket", "chair"]


def candidate(rng, animal, place, thing):
    """A text that says the same in other words, or says something else."""
    if rng.random() < 0.5:
        return rng.choice(
            [f"In the {place}, a {animal} beside a {thing}", f"There is a {animal} near the {thing} in the {place}"]
        )
    return f"A {rng.choice(ANIMALS)} in the {rng.choice(PLACES)} with a {rng.choice(THINGS)}"


@pytest.fixture(scope="session")
def pets():
    """600 scenes with candidates, and a reader who knows which are right."""
    rng = random.Random(7)
    sets, truth = [], {}
    for number in range(600):
        scene = rng.choice(ANIMALS), rng.choice(PLACES), rng.choice(THINGS)
        animal, place, thing = scene
        texts = sorted({candidate(rng, *scene) for _ in range(3)})
        originals = (
            f"A {animal} next to a {thing} in the {place}.",
            f"The {animal} stands by the {thing} in the {place}.",
        )
        truth |= {(str(number), text): all(word in text for word in scene) for text in texts}
        candidates = tuple(Reference(text, tier="unverified", origin="mined:pets") for text in texts)
        sets.append(ReferenceSet(str(number), tuple(map(Reference, originals)) + candidates))

    def read(keys):
        return [Judgement(i, text, "valid" if truth[i, text] else "invalid", "ana", "rule") for i, text in keys]

    return sets, truth, read
