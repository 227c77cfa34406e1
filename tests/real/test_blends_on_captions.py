"""Blends on captions that people judged: AudioCaps-Eval (FENSE) and THumB.

docs/blends.md shows these figures. They were measured here.
"""

from __future__ import annotations

import importlib.util
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

import geneval
from geneval.blend_files import find_blend
from geneval.blending import fit_blend
from geneval.data import Inputs, Preference, read_inputs
from geneval.evaluation import Settings, evaluate
from geneval_references import fold

pytestmark = pytest.mark.real

TREE = Path(__file__).parents[2]
MACHINES = ["Up-Down", "Unified-VLP", "VinVL-base", "VinVL-large"]
NGRAM = ["bleu", "rouge(kind='L')", "token_f1", "chrf", "cider"]
# FENSE's README, from which its categories are: HC HI HM MM and all.
FENSE = {"HC": 64.5, "HI": 98.4, "HM": 91.6, "MM": 84.6, "All": 85.3}


@pytest.fixture(scope="module")
def captions(shared):
    del shared  # the script finds it by the same rule
    spec = importlib.util.spec_from_file_location("fit_captions", TREE / "benchmarks" / "fit_captions.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.neural
def test_the_blend_that_ships_is_the_one_that_is_fitted(captions):
    """Recipe, accuracy on other clips by category, the difference to its best part, and other systems."""
    found, rows = captions.fit()
    shipped = find_blend(name="captions")
    for mine, theirs in zip(found.recipe.parts, shipped.recipe.parts, strict=True):
        assert mine.scorer == theirs.scorer and mine.weight == pytest.approx(theirs.weight, abs=1e-3)
    kinds = captions.by_category(found, rows)
    told = shipped.about["percent_right_by_category"]
    for kind, numbers in kinds.items():
        assert numbers == pytest.approx(told[kind], abs=0.3)
    assert kinds["All"][0] > FENSE["All"] and kinds["MM"][0] > FENSE["MM"] and kinds["HM"][0] > FENSE["HM"]
    assert kinds["HC"][0] < FENSE["HC"]  # it does not tell two people's captions apart better than cosine
    assert found.accuracy.low > 0.03 and found.out_of_system.low > 0.03 and not found.refusal
    assert found.calibration.error.value < 0.03


def thumb(shared):
    """The 461 items whose Human caption equals no reference, and people's total scores."""
    inputs = read_inputs([str(shared / "data" / "thumb_mscoco" / "items.jsonl")])
    written = {o.id: fold(o.text) for o in inputs.outputs if o.system == "Human"}
    clean = [i for i in inputs.items if written[i.id] not in {fold(r.text) for r in i.references}]
    ids = {item.id for item in clean}
    outputs = tuple(o for o in inputs.outputs if o.id in ids)
    rated = {(r.id, r.system): r.value for r in inputs.ratings if r.criterion == "human_score" and r.id in ids}
    return Inputs(tuple(clean), outputs, inputs.systems), rated


def choices(rated, systems):
    """Which of two captions has the higher total."""
    said = {1: "a", -1: "b", 0: "tie"}
    ids = dict.fromkeys(id_ for id_, _ in rated)
    return [
        Preference(i, a, b, said[int(np.sign(rated[i, a] - rated[i, b]))])
        for i in ids
        for a, b in combinations(systems, 2)
    ]


@pytest.fixture(scope="module")
def thumb_run(shared):
    inputs, rated = thumb(shared)
    assert len(inputs.items) == 461
    return evaluate(inputs, [*NGRAM, "length_ratio(log=True)"], Settings(resamples=0)), rated


def test_a_blend_of_machines_is_blind_to_a_person_and_says_so(thumb_run):
    """Fitted without Human: about .68 among machines, below a half for Human against machines."""
    run, rated = thumb_run
    found = fit_blend(run, preferences=choices(rated, ["Human", *MACHINES]), scorers=NGRAM)
    human = next(row for row in found.systems if row.system == "Human")
    assert human.within.value == pytest.approx(0.684, abs=0.01)
    assert human.blend.value == pytest.approx(0.471, abs=0.015) and human.falls
    assert any("fitted without Human" in text and "does not carry over to Human" in text for text in found.warnings)
    assert found.refusal


def test_among_machines_a_blend_of_ngrams_is_hardly_better_than_cider(thumb_run):
    run, rated = thumb_run
    found = fit_blend(run, preferences=choices(rated, MACHINES), scorers=NGRAM)
    assert found.predictor("blend").accuracy.value == pytest.approx(0.682, abs=0.01)
    assert found.accuracy.low < 0 < found.accuracy.high + 0.02 and found.refusal


@pytest.mark.neural
def test_captions_carries_over_to_thumb_as_far_as_the_page_says(shared):
    """Pearson with people's totals: among machines a little above its best part, cosine; for a person no better."""
    inputs, rated = thumb(shared)
    run = evaluate(inputs, ["cosine", "blend(name='captions')"], Settings(resamples=0))
    ratings = [geneval.data.Rating(id_, system, value) for (id_, system), value in rated.items()]
    for without, cosine, blend in (((), 0.372, 0.379), (("Human",), 0.438, 0.459)):
        kept = [one for one in ratings if one.system not in without]
        agreed = geneval.agree(run, ratings=kept, resamples=0, tests=())
        for scorer, value in (("cosine", cosine), ("blend(name='captions')", blend)):
            assert agreed.row(scorer, "pearson", "none").value == pytest.approx(value, abs=0.003)
