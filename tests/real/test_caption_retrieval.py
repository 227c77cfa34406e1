"""MiniLM and tf-idf rank captions for some images, in a small gallery, as benchmarks/caption_retrieval.py does with all."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

pytestmark = [pytest.mark.real, pytest.mark.neural]

IMAGES, OTHERS = 20, 500


@pytest.fixture(scope="module")
def script():
    pytest.importorskip("sentence_transformers")
    path = Path(__file__).parents[2] / "benchmarks" / "caption_retrieval.py"
    spec = importlib.util.spec_from_file_location("caption_retrieval", path)
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules[spec.name] = module  # its dataclass looks itself up there
    spec.loader.exec_module(module)
    return module


def test_captions_by_original_and_verified_positives(script):
    """One original positive an image, more verified ones; both systems beat chance; bounds hold the points."""
    data = script.read(IMAGES, OTHERS)
    assert [len(own) for own in data.asked.values()] == [4] * IMAGES
    assert not any(one.item in data.asked[query] for query, mine in data.positives.known.items() for one in mine)
    found = script.scored(data, resamples=100, trials=0)
    assert [view.tier for view in found.tiers.views] == ["original", "verified"]
    assert found.tiers.views[0].positives == IMAGES < found.tiers.views[1].positives
    for system in ("MiniLM", "tf-idf"):
        first, second = (found.tiers.score(tier, system, "recall(k=5)").score for tier in ("original", "verified"))
        assert 5 * IMAGES / len(data.captions) < first <= second
    assert all(row.at_least <= row.score + 1e-12 and row.score <= row.at_most + 1e-12 for row in found.tiers.scores)
    assert found.tiers.misses
    values = found.values("MiniLM", "map_at_r")
    assert np.mean(list(values.values())) == pytest.approx(found.score("MiniLM", "map_at_r").score)
