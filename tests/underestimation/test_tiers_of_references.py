"""Systems by tier of references, and whether an expansion tells valid outputs from invalid ones."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score, roc_curve

from geneval.data import Inputs, Output, Rating
from geneval.settings import Settings
from geneval.underestimation import ReportPlan, find_underestimation
from geneval.underestimation._separation import TNR, Separated, as_long, components, missed
from geneval_references import Reference, ReferenceSet

PLAN = ReportPlan(valid={"": 3}, permutations=99, draws=100, resamples=100)
ITEMS = 60


def world(seed=0, further="verified"):
    """Two ways to say each of five things that are true of an item: originals know one, further references the other.

    The system "other" says true things the other way, "usual" the usual way, "wrong" things of another item.
    """
    rng, words = np.random.default_rng(seed), {}
    items, outputs, ratings = [], [], []

    def word(*meaning):
        """Of seven letters, so that no two texts are alike by their letters alone."""
        return words.setdefault(meaning, "".join(rng.choice(list("abcdefghijklmnop"), 7)))

    def text(way, item, known=5):
        said = rng.permutation(5)[:4]
        return " ".join(f"t{item % 6} {word(way, item, k) if k < known else word(rng.random())}" for k in said)

    def several(way, item, count):
        found = set()
        while len(found) < count:
            found.add(text(way, item))
        return sorted(found)

    for n in range(ITEMS):
        own = [Reference(said) for said in several("a", n, 3)]
        own += [Reference(said, tier=further) for said in several("b", n, 2)]
        own += [
            Reference(text("c", n), tier="unverified"),
            Reference(text("c", n), tier="verified", origin="output:usual"),
        ]
        items.append(ReferenceSet(str(n), tuple(own)))
        for name, said, grade in (
            ("usual", text("a", n, rng.integers(2, 6)), 4),
            ("other", text("b", n, rng.integers(2, 6)), 4.5),
            ("wrong", text("a", n, 1) if n % 3 == 0 else text("a", (n + 6) % ITEMS, 1), 1),
        ):
            outputs.append(Output(str(n), name, said))
            ratings.append(Rating(str(n), name, grade + round(float(rng.normal()) / 5, 3)))
    return Inputs(tuple(items), tuple(outputs), ("usual", "other", "wrong"), tuple(ratings))


@pytest.fixture(scope="module")
def report():
    return find_underestimation(
        world(), scorers=["token_f1", "bleu"], plan=PLAN, settings=Settings(tiers=("original",))
    )


@pytest.fixture(scope="module")
def tiers(report):
    return report.sections["tiers"]


def test_columns_grow_and_leave_out_what_never_counts(tiers):
    """Unverified references and those that a system wrote are in none."""
    rows = tiers["scorers"][0]["tiers"]
    assert [row["tier"] for row in rows] == ["original", "original+verified"]
    assert [row["references"] for row in rows] == [3, 5] and [row["k"] for row in rows] == [3, 3]
    assert [row["expanded"] for row in rows] == [0, ITEMS]
    assert 1 < rows[0]["effective"] < rows[1]["effective"] < 5


def test_further_references_turn_the_order_to_peoples(tiers):
    """People prefer "other"; originals put it last."""
    before, after = tiers["scorers"][0]["tiers"]
    assert [row["system"] for row in tiers["people"]] == ["other", "usual", "wrong"]
    assert before["systems"][0]["system"] == "usual" and before["flips"][0]["people_prefer"] == "other"
    assert after["agreement"].value > before["agreement"].value and after["gain"].low > 0
    assert before["gain"] is None


def test_effects_of_number_and_content_equal_counting_by_hand(tiers):
    """Of expected F1 at as many references as there are originals, over all subsets."""

    def f1(text, reference):
        mine, theirs = text.split(), reference.split()
        return 2 * sum(min(mine.count(w), theirs.count(w)) for w in set(mine)) / (len(mine) + len(theirs))

    given = world()
    texts = {(o.id, o.system): o.text for o in given.outputs}
    matched, full, base = [], [], []
    for item in given.items:
        own = [r.text for r in item.references if r.tier == "original"]
        more = own + [r.text for r in item.references if r.tier == "verified" and not r.origin.startswith("output:")]
        scores = [f1(texts[item.id, "other"], t) for t in more]
        matched.append(np.mean([max(some) for some in combinations(scores, 3)]))
        full.append(max(scores))
        base.append(max(scores[:3]))
    row = next(r for r in tiers["scorers"][0]["tiers"][1]["effects"] if r["system"] == "other")
    assert row["count"] == pytest.approx(np.mean(full) - np.mean(matched), abs=1e-9)
    assert row["content"] == pytest.approx(np.mean(matched) - np.mean(base), abs=1e-9)


def test_references_that_others_need_help_and_placebos_do_not(tiers):
    rows = {row["kind"]: row for row in tiers["scorers"][0]["separation"]}
    assert rows["expanded"]["verdict"] == "helps" and rows["expanded"]["over_placebo"].low > 0
    assert rows["expanded"]["fnr_at_tnr"].value < rows["original"]["fnr_at_tnr"].value
    assert rows["placebo"]["references"] == rows["expanded"]["references"]
    assert rows["placebo"]["gain"].value < rows["expanded"]["gain"].value
    assert tiers["separation"]["valid"] == 2 * ITEMS and "placebos" in tiers["separation"]["rule"]
    assert "better, and better than placebos" in tiers["scorers"][0]["sentence"]


def test_what_outputs_were_written_for_is_left_out():
    """An output that is another item's original loses that item's references, and near copies of itself."""
    given = world()
    stolen = given.items[7].references[0].text
    items = list(given.items)
    items[1] = ReferenceSet(
        "1", (*items[1].references, *(replace(r, tier="verified") for r in given.items[7].references[:3]))
    )
    outputs = tuple(replace(o, text=stolen) if (o.id, o.system) == ("1", "wrong") else o for o in given.outputs)
    report = find_underestimation(replace(given, items=tuple(items), outputs=outputs), scorers=["token_f1"], plan=PLAN)
    from geneval.underestimation._separation import _Builder
    from geneval.underestimation._tier_sets import tier_sets_of

    sets = tier_sets_of(report.known)
    place = [report.known.outputs.corpus.ids[i] for i in sets.items].index("1")
    original, expanded, placebo = _Builder(sets).sets_of(place, report.known.outputs.systems.index("wrong"))
    forbidden = {r.text for r in given.items[7].references[:3]}
    assert not forbidden & {*original, *expanded, *placebo}
    assert len(expanded) == len(placebo) == len(original) + 2
    assert not {*placebo[len(original) :]} & {r.text for r in items[1].references}


def test_one_tier_and_too_little_evidence_are_said():
    given = world()
    bare = tuple(ReferenceSet(i.id, i.references[:3]) for i in given.items)
    found = find_underestimation(replace(given, items=bare), scorers=["token_f1"], plan=PLAN).sections["tiers"]
    assert "of one tier (original)" in found["reason"]
    unknown = find_underestimation(given, scorers=["token_f1"], plan=replace(PLAN, valid={})).sections["tiers"]
    assert "--valid" in unknown["separation"]["reason"] and unknown["scorers"][0]["separation"] == []


def test_origins_asked_for_hold_for_tiers_too():
    given = world()
    items = tuple(
        ReferenceSet(i.id, tuple(replace(r, origin="mined:pool") if r.tier == "verified" else r for r in i.references))
        for i in given.items
    )
    asked = Settings(origins=("human",))
    report = find_underestimation(replace(given, items=items), scorers=["token_f1"], plan=PLAN, settings=asked)
    assert "of one tier (original)" in report.sections["tiers"]["reason"]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 8))
def test_areas_and_misses_equal_those_of_scikit_learn(seed, levels):
    """With many ties."""
    rng = np.random.default_rng(seed)
    scores, valid = rng.integers(levels, size=60).astype(float), rng.permutation(60) < 25
    assert components(scores, valid)[0] == pytest.approx(roc_auc_score(valid, scores))
    held, found, _ = roc_curve(valid, scores, drop_intermediate=False)
    assert missed(scores, valid, np.ones(60)) == pytest.approx(1 - np.interp(1 - TNR, held, found))


def test_intervals_of_areas_hold_the_truth():
    """Where an item's outputs are alike; P(valid above invalid) is .76 at a difference of one standard deviation."""
    rng, held = np.random.default_rng(0), 0
    item, valid = np.repeat(np.arange(50), 4), np.tile([True, True, False, False], 50)
    for _ in range(200):
        scores = rng.normal(size=200) + rng.normal(size=50)[item] * 0.5 + valid * np.sqrt(1.25)
        one = Separated(["original"], ["original"], [1.0], scores[None, None], valid, item, 0.95, 0)
        area = one.rows(0)[0]["auc"]
        held += area.low <= 0.7602 <= area.high
    assert held >= 200 * 0.95 - 3 * np.sqrt(200 * 0.95 * 0.05)


def test_outputs_all_told_apart_have_no_interval():
    valid, scores = np.tile([True, False], 30), np.tile([1.0, 0.0], 30)
    one = Separated(["original"], ["original"], [1.0], scores[None, None], valid, np.arange(60) // 2, 0.95, 0)
    area = one.rows(0)[0]["auc"]
    assert (area.value, area.low) == (1, None) and "no interval" in area.reason


def test_placebos_are_as_long_as_what_they_stand_for():
    assert as_long(["a b c", "a"], ["x", "x y z w", "x y z", "x y"]) == ["x y z", "x"]
