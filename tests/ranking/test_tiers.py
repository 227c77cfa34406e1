"""The same metric under stronger and weaker evidence: views, bounds, orders that turn, valid results counted as misses."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest

import geneval
from geneval_references import UsageError
from geneval_scorers.ranking import ItemLabels, Judged

KNOWN = {
    f"q{n}": [Judged("o"), Judged("v", 4.0, "verified", {"valid": 3}), Judged("u", 1, "unverified"), Judged("w", 0)]
    for n in range(40)
}
LISTS = {
    "narrow": {q: ["o", "x", "w", "v"] for q in KNOWN},
    "broad": {q: ["v", "o", "w", "x"] if n else ["x", "o", "w", "v"] for n, q in enumerate(KNOWN)},
}


@pytest.fixture(scope="module")
def found():
    return geneval.retrieval(LISTS, KNOWN, metrics=["recall(k=1)", "map_at_r"], resamples=200, trials=0, depth=4)


def test_each_view_adds_a_tier(found):
    """narrow finds the original first; broad the verified one, which originals alone call a miss."""
    assert [(v.tier, v.positives, v.gained) for v in found.tiers.views] == [
        ("original", 40, 40), ("verified", 80, 40), ("unverified", 120, 40),
    ]  # fmt: skip
    means = {(row.tier, row.system): (row.score, row.rank) for row in found.tiers.scores if row.metric == "recall(k=1)"}
    assert means["original", "narrow"] == (1.0, 1)
    assert means["original", "broad"] == (0.0, 2)
    assert means["verified", "broad"] == (pytest.approx(39 / 40), 2)
    by_tier = found.tiers.score("verified", "broad", "map_at_r")
    assert by_tier.score == found.score("broad", "map_at_r").score
    assert by_tier.signature.startswith("geneval:")


def test_an_order_that_turns(found):
    """mAP@R: narrow leads under originals (R = 1), broad under verified positives (R = 2), in every draw."""
    (flip,) = [row for row in found.tiers.flips if row.after == "verified"]
    assert (flip.metric, flip.first, flip.second, flip.n) == ("map_at_r", "narrow", "broad", 40)
    assert flip.delta_before == pytest.approx(-1)
    assert flip.delta_after == pytest.approx((39 * 1.0 + 0.25) / 40 - 0.5)
    assert flip.probability == 1.0


def test_a_doubtful_turn_has_a_small_share():
    """Three queries of forty decide: draws without the first of them, which a alone answers, show no turn."""
    a = {q: ["x", "o"] for q in KNOWN} | {"q0": ["o"]}
    b = {q: ["x", "o"] for q in KNOWN} | {"q1": ["v", "o"], "q2": ["v", "o"]}
    known = {q: [Judged("o"), Judged("v", 1, "verified")] for q in KNOWN}
    found = geneval.retrieval({"a": a, "b": b}, known, metrics=["mrr"], resamples=1000, trials=0)
    (flip,) = found.tiers.flips
    assert (flip.first, flip.second) == ("a", "b")
    assert 0.1 < flip.probability < 1 - np.exp(-1)


def test_what_counts_as_a_miss_is_listed_with_its_evidence(found, tmp_path):
    """Verified results, with place, grade and votes, and where the first known positive stands; unverified ones are none."""
    assert len(found.tiers.misses) == 80
    first = next(miss for miss in found.tiers.misses if (miss.system, miss.id) == ("broad", "q1"))
    assert (first.item, first.place, first.first, first.tier, first.grade) == ("v", 1, 2, "verified", 4.0)
    assert first.votes == {"valid": 3}
    assert list(found.tiers.counts()) == [("narrow", 40, 40, 0), ("broad", 40, 40, 39)]
    found.tiers.write(tmp_path)
    rows = [json.loads(line) for line in (tmp_path / "misses.jsonl").read_text(encoding="utf-8").splitlines()]
    assert rows[0] == {
        "system": "narrow", "id": "q0", "item": "v", "place": 4, "first": 1, "tier": "verified", "grade": 4.0,
        "votes": {"valid": 3},
    }  # fmt: skip


def test_bounds_hold_every_verdict():
    """By trying all verdicts on unjudged items, of the verified view, for the mean over queries."""
    lists = {"A": {"1": ["a", "b", "c", "d"], "2": ["e", "f", "a"]}}
    known = {"1": [Judged("a"), Judged("d", 1, "verified")], "2": [Judged("f")]}
    found = geneval.retrieval(lists, known, metrics=["map_at_r", "r_precision"], resamples=0)
    for metric, row in product(("map_at_r", "r_precision"), found.tiers.scores):
        if row.tier != "verified" or row.metric != metric:
            continue
        means = []
        for verdicts in product((0.0, 1.0), repeat=4):
            guess = dict(zip([("1", "b"), ("1", "c"), ("2", "e"), ("2", "a")], verdicts, strict=True))
            judged = {
                q: [*mine, *(Judged(i, g) for (at, i), g in guess.items() if at == q)] for q, mine in known.items()
            }
            means.append(geneval.retrieval(lists, judged, metrics=[metric], resamples=0).scores[0].score)
        assert (row.at_least, row.at_most) == (pytest.approx(min(means)), pytest.approx(max(means)))
        assert row.at_least <= row.score <= row.at_most


def test_one_tier_is_compared_where_asked():
    """Without other tiers there is no table, unless it is asked for: bounds beside the point."""
    lists, known = {"A": {"1": ["a", "b"]}}, {"1": ["b"]}
    assert geneval.retrieval(lists, known, resamples=0).tiers is None
    found = geneval.retrieval(lists, known, metrics=["mrr"], resamples=0, by_tier=True)
    (row,) = found.tiers.scores
    assert (row.score, row.at_least, row.at_most) == (0.5, 0.5, 1.0)
    bare = geneval.retrieval(lists, known, metrics=["mrr"], resamples=0, by_tier=True, depth=0)
    assert bare.tiers.scores[0].at_least is None
    with pytest.raises(UsageError, match="depth=-1 does not fit"):
        geneval.retrieval(lists, known, resamples=0, by_tier=True, depth=-1)


def test_labels_by_tier():
    """A wrong original label is right under the original view alone; what nobody judged spans the bounds."""
    items = {
        "1": ItemLabels(frozenset({"laptop", "notebook"}), "laptop"),
        "2": ItemLabels(frozenset({"cat"}), "dog", frozenset({"cow"})),
        "3": ItemLabels(frozenset(), "dog"),
        "4": ItemLabels(frozenset({"kite"}), "kite", evidence={"kite": Judged("kite", 3.0, "verified", {"yes": 2})}),
    }
    guesses = {
        "A": {"1": "notebook", "2": "cat", "3": "dog", "4": "bird"},
        "B": {"1": "laptop", "2": "dog", "3": "x", "4": "x"},
    }
    found = geneval.labels(guesses, items, resamples=0, trials=0)
    rows = {(row.tier, row.system): row for row in found.tiers.scores}
    assert rows["original", "A"].score == found.score("A", "single_label").score == 0.0
    assert rows["verified", "A"].score == found.score("A", "accuracy").score == pytest.approx(2 / 3)
    assert rows["original", "B"].score == pytest.approx(2 / 3)
    assert rows["verified", "B"].score == found.score("B", "accuracy").score == pytest.approx(1 / 3)
    assert (rows["verified", "A"].at_least, rows["verified", "A"].at_most) == (pytest.approx(2 / 3), 1.0)
    assert rows["verified", "B"].at_most == pytest.approx(2 / 3)  # `dog` was judged
    (flip,) = found.tiers.flips
    assert (flip.first, flip.second) == ("B", "A")
    assert [(miss.system, miss.id, miss.item) for miss in found.tiers.misses] == [
        ("A", "1", "notebook"),
        ("A", "2", "cat"),
    ]


def test_unicode_ids_stay_as_they_are(tmp_path: Path):
    """Ids that look alike are different ones; misses are written as they are read."""
    known = {"где": [Judged("é"), Judged("e\u0301", 1, "verified")]}
    found = geneval.retrieval({"A": {"где": ["e\u0301", "é", "🦉"]}}, known, metrics=["recall(k=1)"], resamples=0)
    found.tiers.write(tmp_path)
    (row,) = [json.loads(line) for line in (tmp_path / "misses.jsonl").read_text(encoding="utf-8").splitlines()]
    assert (row["id"], row["item"]) == ("где", "e\u0301")
    assert np.isclose(found.score("A", "recall(k=1)").score, 1.0)


def test_a_huge_k_is_that_of_the_whole_list():
    """Scores and bounds; nothing of that length is made. What no list could have is refused."""
    lists, known = {"A": {"q": ["a", "b", "c"]}}, {"q": [Judged("b")]}
    for name in ("ndcg", "recall", "ir_recall", "judged"):
        huge, near = (
            geneval.retrieval(lists, known, metrics=[f"{name}(k={n})"], resamples=0, by_tier=True).tiers.scores[0]
            for n in (10**9, 3)
        )
        assert (huge.score, huge.at_least, huge.at_most) == (near.score, near.at_least, near.at_most)
    with pytest.raises(UsageError, match="allowed: a whole number from 1 to 2147483647"):
        geneval.retrieval(lists, known, metrics=["ndcg(k=100000000000000000000)"])
