"""Worths of real preferences: evalica's golden files, and the win matrix of THumB."""

from __future__ import annotations

import csv
import itertools
import json

import numpy as np
import pytest

from geneval.data import read_preferences
from geneval_scorers.preference import BradleyTerry, Comparisons, RefusedError, annotator_agreement

pytestmark = pytest.mark.real


def golden(shared, name, algorithm):
    """The scores of one algorithm of evalica, made to add up to 1."""
    with (shared / "data" / "evalica_llmfao" / f"{name}-golden.csv").open(encoding="utf-8") as lines:
        rows = {row["item"]: float(row["score"]) for row in csv.DictReader(lines) if row["algorithm"] == algorithm}
    total = sum(rows.values())
    return {item: score / total for item, score in rows.items()}


def votes_of(shared, name):
    folder = shared / "data" / "evalica_llmfao"
    if name == "llmfao":
        return Comparisons.of_choices(read_preferences([str(folder / "pairs.jsonl")])[0])
    with (folder / f"{name}.csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    winner = {"left": "a", "right": "b", "tie": "tie"}
    return Comparisons.of(
        [row["left"] for row in rows], [row["right"] for row in rows], [winner[row["winner"]] for row in rows]
    )


@pytest.mark.parametrize("name", ["llmfao", "food", "simple"])
def test_evalica_golden_worths(shared, name):
    """Half wins, to 1e-9."""
    expected = golden(shared, name, "bradley_terry")
    result = BradleyTerry(ties="half", interval="none").fit(votes_of(shared, name))
    assert {row.system: row.worth for row in result.worths} == pytest.approx(expected, abs=1e-9)


def test_simple_to_the_printed_digits(shared):
    result = BradleyTerry(ties="half", interval="none").fit(votes_of(shared, "simple"))
    worths = sorted(row.worth for row in result.worths)
    assert worths == pytest.approx([0.0507997, 0.1311507, 0.1316857, 0.3368887, 0.3494753], abs=5.1e-8)


@pytest.mark.parametrize("name", ["llmfao", "food", "simple"])
def test_evalica_golden_newman_is_davidson(shared, name):
    """Up to scale, and to the tolerance of its iteration."""
    expected = golden(shared, name, "newman")
    result = BradleyTerry(interval="none").fit(votes_of(shared, name))
    found = {row.system: row.worth for row in result.worths}
    assert found == pytest.approx(expected, abs=1e-6)


def test_llmfao_has_too_few_prompts(shared):
    """13 prompts for 59 models: no intervals by prompt; 124 annotators carry them."""
    votes = votes_of(shared, "llmfao")
    assert (len(votes.systems), len(votes.items.names), len(votes.annotators.names)) == (59, 13, 124)
    plain = BradleyTerry().fit(votes)
    assert all(row.identified and row.low is None for row in plain.worths)
    assert "13 items cannot show how uncertain 59 parameters are" in plain.warnings[0]
    with pytest.raises(RefusedError):
        BradleyTerry(cluster="both").fit(votes)
    found = BradleyTerry(cluster="annotator").fit(votes)
    assert found.worths[0].system == "GPT 4"
    assert len(found.raters) == 124
    assert 0.25 < annotator_agreement(votes, resamples=200).alpha < 0.35


def test_llmfao_half_wins_have_too_wide_information(shared):
    """Median errors: information .157, sandwich of independent votes .116."""
    votes = votes_of(shared, "llmfao")
    medians = [
        np.median([row.error for row in BradleyTerry(ties="half", cluster=None, interval=method).fit(votes).worths])
        for method in ("information", "sandwich")
    ]
    assert medians == pytest.approx([0.157, 0.116], abs=1e-3)


SYSTEMS = ["Human", "VinVL-large", "VinVL-base", "Unified-VLP", "Up-Down"]


def thumb(shared, *, leaked):
    rows = []
    with (shared / "data" / "thumb_mscoco" / "items.jsonl").open(encoding="utf-8") as lines:
        for item in map(json.loads, lines):
            if not leaked and item["outputs"]["Human"] in item["references"]:
                continue
            for a, b in itertools.combinations(SYSTEMS, 2):
                gap = item["ratings"][a]["human_score"] - item["ratings"][b]["human_score"]
                rows.append((a, b, "tie" if gap == 0 else "a" if gap > 0 else "b", item["id"]))
    a, b, winner, item = zip(*rows, strict=True)
    return Comparisons.of(a, b, winner, item=item, systems=SYSTEMS)


def test_thumb_win_matrix_and_worths(shared):
    """Ratings as pairs, all 500 images, ties as half wins."""
    votes = thumb(shared, leaked=True)
    assert votes.wins.tolist() == [
        [0, 261, 275, 308, 370],
        [104, 0, 111, 191, 268],
        [102, 88, 0, 176, 247],
        [69, 71, 84, 0, 190],
        [39, 51, 74, 81, 0],
    ]
    upper = votes.ties[np.triu_indices(5, 1)].tolist()
    assert upper == [135, 123, 123, 91, 301, 238, 181, 240, 179, 229]
    result = BradleyTerry(ties="half").fit(votes)
    rows = {row.system: row.log_worth for row in result.relative_to("Up-Down")}
    assert [rows[name] for name in SYSTEMS] == pytest.approx([1.531, 0.905, 0.790, 0.439, 0], abs=5.1e-4)
    assert "sandwich,CR1,t:499|cluster:item,500" in result.signature


def test_thumb_without_leaked_captions(shared):
    """461 images: Human stays first by people, and no rank interval but its own holds rank 1."""
    result = BradleyTerry().fit(thumb(shared, leaked=False))
    assert "cluster:item,461" in result.signature
    assert [row.system for row in result.worths] == SYSTEMS
    assert (result.worths[0].rank_low, result.worths[0].rank_high) == (1, 1)
