"""`geneval rank` on real votes and ratings: LLMFAO and THumB."""

from __future__ import annotations

import csv

import pytest

import geneval
from geneval_references import InputError

pytestmark = pytest.mark.real


def golden(shared, name):
    """evalica's Bradley-Terry scores, made to add up to 1."""
    with (shared / "data" / "evalica_llmfao" / f"{name}-golden.csv").open(encoding="utf-8") as lines:
        rows = {r["item"]: float(r["score"]) for r in csv.DictReader(lines) if r["algorithm"] == "bradley_terry"}
    return {item: score / sum(rows.values()) for item, score in rows.items()}


@pytest.mark.parametrize(("file", "name"), [("pairs.jsonl", "llmfao"), ("food.csv", "food"), ("simple.csv", "simple")])
def test_half_ties_are_evalicas_golden_worths(shared, file, name):
    """From the files as they are, to 1e-9."""
    path = shared / "data" / "evalica_llmfao" / file
    found = geneval.rank(path, ties="half", interval="none").criterion()
    assert {row.system: row.worth for row in found.worths} == pytest.approx(golden(shared, name), abs=1e-9)


def test_llmfao(shared):
    """59 models, 124 annotators, 13 prompts: no intervals by prompt, intervals by annotator."""
    path = shared / "data" / "evalica_llmfao" / "pairs.jsonl"
    plain = geneval.rank(path)
    one = plain.criterion()
    assert (len(one.worths), one.annotators, one.items, one.ranking.comparisons) == (59, 124, 13, 8931)
    assert all(row.identified and row.low is None for row in one.worths)
    assert "13 items cannot show how uncertain 59 parameters are" in plain.warnings[0]
    assert 0.25 < one.agreement.low < one.agreement.alpha < one.agreement.high < 0.35
    by_annotator = geneval.rank(path, cluster="annotator").criterion()
    assert "cluster:annotator,124" in by_annotator.ranking.signature
    assert all(row.low < row.log_worth < row.high for row in by_annotator.worths)
    assert len(by_annotator.ranking.raters) == 124
    with pytest.raises(InputError, match="13 items"):
        geneval.rank(path, cluster="item")


def test_thumb_ratings_as_pairs(shared):
    """Grades of the file of outputs make the win matrix that was counted by hand, and its log-worths."""
    found = geneval.rank(
        ratings=shared / "data" / "thumb_mscoco" / "items.jsonl",
        criterion="human_score",
        ties="half",
        baseline="Up-Down",
    ).criterion("human_score")
    assert found.systems == ("Human", "VinVL-large", "VinVL-base", "Unified-VLP", "Up-Down")
    assert [[int(cell) for cell in row] for row in found.wins] == [
        [0, 261, 275, 308, 370],
        [104, 0, 111, 191, 268],
        [102, 88, 0, 176, 247],
        [69, 71, 84, 0, 190],
        [39, 51, 74, 81, 0],
    ]
    upper = [found.tied[i][j] for i in range(5) for j in range(i + 1, 5)]
    assert upper == [135, 123, 123, 91, 301, 238, 181, 240, 179, 229]
    assert [row.log_worth for row in found.worths] == pytest.approx([1.531, 0.905, 0.790, 0.439, 0], abs=5.1e-4)
    assert "sandwich,CR1,t:499|cluster:item,500" in found.ranking.signature


def test_asset_by_criterion_with_length(shared):
    """Texts in columns of other names; three criteria; the longer text is the more meaningful, the shorter the simpler."""
    columns = {"a": "a_system", "b": "b_system", "output_a": "a", "output_b": "b"}
    found = geneval.rank(shared / "data" / "asset" / "pairs.jsonl", columns=columns, length=True)
    assert [one.criterion for one in found] == ["fluency", "meaning", "simplicity"]
    effects = {one.criterion: one.ranking.covariates[0] for one in found}
    assert effects["meaning"].low > 0 > effects["simplicity"].high
