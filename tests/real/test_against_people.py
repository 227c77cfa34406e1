"""The tables of docs/against-people.md: figures that others computed, and what people's grades say of chance."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from geneval_scorers import parse

pytestmark = pytest.mark.real

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "against_people.py"


@pytest.fixture(scope="module")
def script(shared):
    spec = importlib.util.spec_from_file_location(SCRIPT.stem, SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.DATA = shared / "data"
    return module


@pytest.fixture(scope="module")
def graded(script):
    return script.Graded()


@pytest.mark.parametrize(
    ("spec", "area"),
    [("cosine(reduce='mean')", 0.847), ("cosine", 0.851)],  # computed elsewhere for the data set's README
)
def test_how_often_a_valid_caption_of_another_image_is_above_one_that_is_not(graded, spec, area):
    assert round(graded.row(parse(spec))[0], 3) == area


def test_the_area_under_the_curve_is_that_of_scikit_learn(script):
    metrics = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(1)
    scores, valid = random.integers(0, 9, 500), random.random(500) < 0.3
    assert script.area(scores, valid) == pytest.approx(metrics.roc_auc_score(valid, scores), abs=1e-12)


def test_people_rate_human_captions_first_and_bleu_last(script):
    """Without the captions that equal a reference: means of human_score as computed elsewhere."""
    data = script.Rated()
    means = data.means(data.value)
    assert len(data.leaked) == 39
    assert {name: round(mean, 3) for name, mean in means.items()} == {
        "Human": 4.590,
        "VinVL-large": 4.257,
        "VinVL-base": 4.218,
        "Unified-VLP": 4.080,
        "Up-Down": 3.906,
    }
    assert " 5 |" in data.row(parse("bleu"))
