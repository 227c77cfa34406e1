"""Small, seeded versions of benchmarks/worlds.py: tests hold their size, intervals hold the truth, verdicts are right."""

from __future__ import annotations

import importlib.util
import math
import sys

import numpy as np
import pytest

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def worlds(pytestconfig):
    path = pytestconfig.rootpath / "benchmarks" / "worlds.py"
    spec = importlib.util.spec_from_file_location("worlds", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["worlds"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["worlds"]


def most(share, count):
    """A share that chance alone rarely exceeds."""
    return share + 3 * math.sqrt(share * (1 - share) / count)


@pytest.mark.parametrize(
    "name",
    ["unequal quality and length without bias", "unreliable single raters, reliability known",
     "three unreliable raters, reliability estimated"],
)  # fmt: skip
def test_no_world_without_bias_is_called_biased(worlds, name):
    size, covered = worlds.rejections(worlds.WORLDS[name], 200, 1)
    assert size <= most(0.05, 200) and 1 - covered <= most(0.05, 200)


def test_a_gap_is_found_and_measured(worlds):
    power, covered = worlds.rejections(worlds.World(gap=0.6, quality=0.7, reliability=0.7), 100, 2)
    assert power > 0.9 and 1 - covered <= most(0.05, 100)


def test_noise_in_grades_taken_for_none_makes_bias_of_quality(worlds):
    """Why it is taken out: better systems then seem to be marked up."""
    rng = np.random.default_rng(3)
    given, corrected = [], []
    for _ in range(60):
        design, score = worlds.draw(worlds.World(quality=0.7, reliability=0.5), rng)
        given.append(design.without_noise().differences(score).value[0])
        corrected.append(design.differences(score).value[0])
    assert np.mean(given) < -0.1 and abs(np.mean(corrected)) < 0.05


def test_exchangeable_outputs_lie_in_the_band(worlds):
    high, low, below = worlds.exchangeable(150, 40, 9, permutations=99)
    assert max(high, low) <= most(0.05, 150)
    for alpha, found in below.items():
        apart = found[:, 0] - found[:, 1]
        assert abs(apart.mean()) <= 4 * apart.std() / math.sqrt(len(apart)), alpha
        assert abs(found[:, 0].mean() - alpha) < 0.03


def test_causes_that_are_everywhere_are_not_contrasted(worlds):
    size, covered, _ = worlds.contrasts(200, 5, rate=0.2)
    assert size <= most(0.05, 200) and 1 - covered <= most(0.05, 200)


def test_a_cause_that_penalised_outputs_have_more_often_is_found(worlds):
    power, _, _ = worlds.contrasts(60, 6, rate=0.2, apart=0.3)
    assert power > 0.9


# What "other" gets in each world, of 100 items; all in benchmarks/worlds.py.
@pytest.mark.parametrize(
    ("name", "verdict"),
    [("no underestimation", None), ("penalised", "penalised down"), ("others rewarded", "relative_misranking down"),
     ("penalised, and leaks hide it", "penalised down")],
)  # fmt: skip
def test_verdicts_from_texts(worlds, name, verdict):
    found = worlds.verdicts(2, 100, 7, **worlds.TEXTS[name])
    assert set(found) == {verdict} if verdict else not any("down" in one or "up" in one for one in found)


@pytest.mark.parametrize("name", ["a scorer that marks one system down", "40 of 400 items judged, one marked down"])
def test_corrected_means_hold_where_a_scorer_is_biased(worlds, name):
    means, between, _, gain = worlds.corrected(worlds.JUDGED[name], 100, 5)
    assert 1 - between <= most(0.05, 100) and 1 - means <= most(0.05, 100)
    assert gain > 1.4


def test_systems_of_equal_quality_are_not_told_apart(worlds):
    assert worlds.corrected(worlds.Judged(marked_down=2.0), 150, 6)[2] <= most(0.05, 150)


@pytest.mark.parametrize("kind", ["of outputs", "of few outputs", "of few items", "of a system"])
def test_slices_without_an_effect_are_not_called_marked_down(worlds, kind):
    hard = worlds.World(quality=0.7, length=0.5, reliability=0.7)
    size, covered = worlds.slice_rejections(hard, kind, 150, 5)
    assert size <= most(0.05, 150) and 1 - covered <= most(0.05, 150)


def test_planted_slices_are_found_and_others_are_not(worlds):
    found = worlds.discoveries(worlds.World(quality=0.7), 15, 6, gap=0.6, planted=3)
    assert found["true_found"] > 0.8 and found["false_found"] < 0.1
    assert found["error_shrunken"] < found["error_raw"]


@pytest.mark.parametrize("best", [False, True])
def test_planted_components_are_recovered(worlds, best):
    """What one world tells of the variance over redrawn references, or grades, is that variance."""
    found = worlds.components(40, 7, items=150, best=best)
    for name in ("references", "grades", "total"):
        assert found[f"{name}_told"] == pytest.approx(found[f"{name}_seen"], rel=0.35), name


def test_planted_likings_of_raters_are_recovered(worlds):
    mean, se = worlds.likings(40, 8)
    assert abs(mean - 0.09) < 4 * se and se < 0.02


def test_how_many_references_are_enough_on_a_known_curve(worlds):
    """With one meaning one reference says it all; with four, agreement is 1 - .75^k / 2 and still grows at three."""
    called, curve = worlds.enough(1, 150, 1, 9)
    assert called == {"1 enough": 1} and curve == pytest.approx([1, 1, 1])
    called, curve = worlds.enough(1, 300, 4, 10)
    assert called == {"at least 6": 1} and curve == pytest.approx([0.625, 0.719, 0.789], abs=0.05)
