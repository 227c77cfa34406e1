"""Five ways to rank against human worths: a consistency check with published figures, and the page that shows it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

TREE = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("draw_patterns", TREE / "benchmarks" / "draw_patterns.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# Worths: ECCV Caption (Chun et al. 2022), section 4.1. The figures at R = 8 were computed from the patterns' definitions by hand-written
# sums before this package existed.
@pytest.mark.parametrize(
    ("metric", "expected"),
    [("map_at_r", 0.999), ("r_precision", 0.949), ("recall(k=5)", 0.457), ("recall(k=1)", -0.133)],
)
def test_correlation_with_human_worths_at_eight(script, metric, expected):
    assert script.correlation(metric, 8) == pytest.approx(expected, abs=5e-4)


def test_values_of_the_patterns_at_eight(script):
    """mAP@R .6603 .1250 .1034 .0250 0, R-Precision .875 .125 .375 .125 0."""
    assert script.values("map_at_r", 8) == pytest.approx([0.6603, 0.125, 0.1034, 0.025, 0], abs=5e-5)
    assert script.values("r_precision", 8) == pytest.approx([0.875, 0.125, 0.375, 0.125, 0])


def test_only_seven_and_eight_give_the_published_order(script):
    """Of 5 to 10 right answers."""
    falling = [n for n in script.LENGTHS if (np.diff(script.values("map_at_r", n)) < 0).all()]
    assert falling == [7, 8]


def test_the_page_shows_what_the_script_computes(script):
    """Table and picture are those of this code."""
    assert script.table() in (TREE / "docs" / "retrieval.md").read_text(encoding="utf-8")
    assert script.draw() == (TREE / "docs" / "images" / "patterns.svg").read_text(encoding="utf-8")
