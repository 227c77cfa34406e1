"""Slices that a scorer marks down or up at equal quality: what is estimated, how it is tested, what is found."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from geneval.cli import app
from geneval.data import Rating, inputs_from_lists, read_item_columns
from geneval.underestimation import ReportPlan, find_underestimation
from geneval.underestimation._features import check_columns, copies, diversity, features_of, specificity
from geneval.underestimation._matched import Design
from geneval.underestimation._slice_effects import effects, flips_of
from geneval.underestimation._slices import shrink, slices_of
from geneval_references import InputError, UsageError

PLAN = ReportPlan(permutations=99, draws=100, resamples=100)
COMMON = [f"word{n}" for n in range(40)]


def written(items=240, penalty=0.0, seed=0):
    """Three systems; outputs that begin with "well" lose words of the reference, at equal grades, with `penalty`."""
    rng = np.random.default_rng(seed)
    predictions, references, ratings, rows = {s: [] for s in "abc"}, [], [], []
    for n in range(items):
        own = list(rng.choice(COMMON, 8, replace=False))
        references.append([" ".join(own), " ".join(rng.permutation(own))])
        for name, said in predictions.items():
            wrong = int(rng.integers(1, 5))
            formal = bool(rng.random() < 0.4)
            lost = wrong + rng.binomial(4, 0.5) * formal * (rng.random() < penalty)
            words = [f"x{rng.integers(10**6)}" if i < lost else word for i, word in enumerate(own)]
            said.append(" ".join(words))
            ratings += [Rating(str(n + 1), name, 5.0 - wrong + 0.3 * rng.normal(), None, who) for who in "pq"]
            rows.append({"id": str(n + 1), "system": name, "formal": formal, "topic": "ab"[n % 2]})
    return inputs_from_lists(predictions=predictions, references=references), ratings, rows


@pytest.fixture
def columns(tmp_path):
    def write(rows):
        path = tmp_path / "columns.jsonl"
        path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
        return str(path)

    return write


def known_of(inputs, ratings):
    return find_underestimation(inputs, ratings=ratings, scorers=["token_f1"], plan=PLAN).known


def sliced(known, file):
    found, _, _ = read_item_columns([file])
    check_columns(found, known.outputs)
    return slices_of(replace(known, columns=found))


def by(section, name):
    return [row for row in section["scorers"][0]["slices"] if row["by"] == name]


@pytest.fixture(scope="module")
def cells():
    """Ragged: some outputs missing; grades with noise of a known size."""

    def draw(seed, noise=0.2):
        rng = np.random.default_rng(seed)
        item, system = (part.ravel() for part in np.meshgrid(np.arange(30), np.arange(4), indexing="ij"))
        kept = np.flatnonzero((rng.random(120) < 0.8) | (item < 5))
        item, system = item[kept], system[kept]
        quality = rng.normal(size=(len(kept), 2))
        exact = rng.normal(size=(len(kept), 2))
        scores = quality[:, :1].T * 0.5 + rng.normal(size=(2, len(kept)))
        design = Design(tuple("abcd"), item, item, system, quality, np.full_like(quality, noise), exact)
        member = np.stack([rng.random(len(kept)) < 0.4, (system == 1) & (item % 3 == 0)])
        return design, member, scores

    return draw


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6))
def test_an_effect_is_that_of_a_regression_with_all_columns(cells, seed):
    design, member, scores = cells(seed, noise=0.0)
    found = effects(design, [], member, scores, flips_of(30, 9, 0))
    items = design.group[:, None] == np.unique(design.group)
    systems = design.system[:, None] == [0, 1, 2]
    for row, column in enumerate(member):
        whole = np.concatenate([items, systems, design.quality, design.exact, column[:, None]], axis=1).astype(float)
        for place, mine in enumerate(scores):
            assert found.value[row, place] == pytest.approx(np.linalg.lstsq(whole, mine, rcond=None)[0][-1], abs=1e-8)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6))
def test_effect_and_error_are_those_of_one_more_covariate(cells, seed):
    """By the model that the matched-quality difference is estimated with, noise in grades taken out."""
    design, member, scores = cells(seed)
    found = effects(design, [], member, scores, flips_of(30, 9, 0))
    for row, column in enumerate(member):
        exact = np.column_stack([design.exact, column])
        more = Design(design.systems, design.group, design.cluster, design.system, design.quality, design.noise, exact)
        for place, mine in enumerate(scores):
            slopes, covariance = more.fitted(mine)
            assert found.value[row, place] == pytest.approx(slopes[-1], abs=1e-8)
            assert found.se[row, place] == pytest.approx(np.sqrt(covariance[-1, -1]), abs=1e-8)


def test_what_a_slice_is_made_of_is_not_matched_on(cells):
    design, _, scores = cells(3, noise=0.0)
    found = effects(design, ["system"], (design.system == 2)[None], scores, flips_of(30, 9, 0))
    items = design.group[:, None] == np.unique(design.group)
    own = (design.system == 2)[:, None]
    whole = np.concatenate([items, design.quality, design.exact, own], axis=1).astype(float)
    assert found.value[0, 0] == pytest.approx(np.linalg.lstsq(whole, scores[0], rcond=None)[0][-1], abs=1e-8)


def test_p_is_the_share_of_sign_patterns_by_explicit_loops():
    """All 2^7 patterns of seven items, one by one; the other columns' fit is held fixed, as in the test."""
    rng = np.random.default_rng(1)
    item, system = np.divmod(np.arange(7 * 6), 6)
    z, score = rng.random(42) < 0.5, rng.normal(size=42)
    design = Design(tuple("abcdef"), item, item, system, rng.normal(size=(42, 1)), np.zeros((42, 1)), np.zeros((42, 0)))
    patterns = np.asarray(list(product([-1, 1], repeat=7)), np.int8)
    found = effects(design, ["system"], z[None], score[None], patterns)
    quality, inner_z, inner = (design.within(v) for v in (design.quality[:, 0], z.astype(float), score))
    slope = [float(quality @ v) / float(quality @ quality) for v in (inner_z, inner)]
    left_z, left = inner_z - slope[0] * quality, inner - slope[1] * quality
    speaks = [sum(left_z[i] * left[i] for i in range(42) if item[i] == n) for n in range(7)]
    # One column is fitted, which makes residuals smaller: sqrt(7 / 6).
    sums = [sum(s * v for s, v in zip(row, speaks, strict=True)) * np.sqrt(7 / 6) for row in patterns]
    up = sum(one >= sum(speaks) - 1e-9 for one in sums)
    assert found.up[0, 0] == pytest.approx((1 + up) / 129)
    assert found.p[0, 0] == pytest.approx(min(2 * min(found.up[0, 0], found.down[0, 0]), 1))


def test_a_slice_that_the_other_columns_tell_has_no_effect(cells):
    design, _, scores = cells(4)
    assert np.isnan(effects(design, [], (design.system == 2)[None], scores, flips_of(30, 9, 0)).value).all()


def test_means_are_shrunken_by_how_far_they_spread_beyond_their_errors():
    noise = np.random.default_rng(0).normal(size=2000)
    assert np.abs(shrink(noise * 0.9, np.ones(2000))).max() == 0
    # True effects of variance 3 and errors of variance 1: three quarters are left.
    true = np.random.default_rng(1).normal(size=2000) * np.sqrt(3)
    assert shrink(true + noise, np.ones(2000)) == pytest.approx(0.75 * (true + noise), rel=0.05)


@pytest.fixture(scope="module")
def planted():
    inputs, ratings, rows = written(penalty=1.0)
    return known_of(inputs, ratings), rows


def test_a_planted_slice_is_found_and_confirmed(planted, columns):
    known, rows = planted
    section = sliced(known, columns(rows))
    (row,) = by(section, "formal")
    assert row["found"] and row["slice"] == "true" and row["level"] == "output" and row["n"] > 200
    assert row["difference"].high < 0 and row["confirmed"].high < 0 and row["p_adjusted"] <= 0.1
    assert abs(row["shrunken"]) < abs(row["difference"].value)
    assert not any(other["found"] for other in section["scorers"][0]["slices"] if other["by"] in {"topic", "system"})
    assert section["items"] == {"discovery": 120, "held_out": 120}
    assert [control["found"] for control in section["controls"]] == [0, 0]


def test_no_slice_is_found_where_there_is_none(columns):
    inputs, ratings, rows = written(120, seed=10)
    section = sliced(known_of(inputs, ratings), columns(rows))
    assert not any(row["found"] for row in section["scorers"][0]["slices"])


def test_a_slice_of_items_is_looked_at_system_by_system(planted, columns):
    """What all systems get there is the items': they may be harder."""
    known, rows = planted
    found = by(sliced(known, columns(rows)), "topic")
    assert {row["slice"] for row in found} == {"a on b", "b on b", "c on b"}
    assert {row["system"] for row in found} == set("abc") and {row["level"] for row in found} == {"item"}
    assert {row["n"] for row in found} == {120}


def test_few_outputs_make_no_slice(planted, columns):
    known, rows = planted
    few = [row | {"rare": n < 19, "enough": n < 20} for n, row in enumerate(rows)]
    section = sliced(known, columns(few))
    assert not by(section, "rare") and section["columns_without"] == ["enough", "rare"]
    some = [row | {"some": n % 3 == 0 and n < 60} for n, row in enumerate(rows)]
    assert [row["n"] for row in by(sliced(known, columns(some)), "some")] == [20]


def test_few_items_are_not_parted():
    inputs, ratings, _ = written(30)
    assert "too few" in slices_of(known_of(inputs, ratings))["reason"]


def test_outputs_are_known_by_their_features():
    inputs = inputs_from_lists(
        predictions={"a": ["a cat", "a dog"], "b": ["a cat", "zebra crossing"]},
        references=[["a cat", "a big cat"], ["a dog", "one dog"]],
        sources=["what is there", "image_7.jpg"],
    )
    ratings = [Rating(i, s, float(v)) for v, (i, s) in enumerate([("1", "a"), ("1", "b"), ("2", "a"), ("2", "b")])]
    known = known_of(inputs, ratings)
    assert diversity(known.outputs).tolist() == [[0.0, 0.0], [1.0, 1.0]]
    words = specificity(known.outputs, [0, 1])
    # "a" is in both items' references, "cat" in one; a word that is in none counts as if it were in one of them less.
    a, cat, none = np.log(2 / 3), np.log(2 / 2), np.log(2)
    assert words[known.outputs.corpus.index("a cat")] == pytest.approx((a + cat) / 2)
    assert words[known.outputs.corpus.index("zebra crossing")] == pytest.approx(none)
    assert copies(known.outputs).tolist() == [[True, True], [True, False]]


def test_thirds_are_as_even_as_ties_allow(planted):
    """Outputs have eight words, so that length parts nothing; of two parts that mirror each other one is kept."""
    known, _ = planted
    found = {feature.by: feature for feature in features_of(known)}
    assert set(found) == {"system", "specificity", "diversity"}
    parts = found["diversity"].member
    assert (parts.sum(axis=0) == 1).all() and parts.sum(axis=1).min() > 100
    columns = {"size": {(str(n + 1), None): float(n % 7) for n in range(240)}}
    columns["many"] = {(str(n + 1), s): f"{n}{s}" for n in range(240) for s in "abc"}
    found = {feature.by: feature for feature in features_of(replace(known, columns=columns))}
    assert found["size"].slices == ["0 to 2", "3 to 4", "5 to 6"] and "many" not in found


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"id": "1", "system": "a"}], "no column to slice by"),
        ([{"id": "999", "tone": "x"}], "no row of the column 'tone' is about an output of this report"),
        ([{"id": "1", "tone": "x"}, {"id": "1", "tone": "y"}], "give one row an output or item"),
        ([{"tone": "x"}], "no such column"),
    ],
)
def test_columns_that_do_not_fit_are_refused(planted, columns, rows, said):
    with pytest.raises((InputError, UsageError), match=said):
        sliced(planted[0], columns(rows))


def test_outputs_may_be_named_again_for_their_columns(tmp_path):
    path = tmp_path / "out.csv"
    path.write_text("id,system,output,level,tone\n1,a,x,3,dry\n1,b,y,4,\n2,a,z,5,dry\n", encoding="utf-8")
    found, notes, files = read_item_columns([str(path)])
    assert found["level"] == {("1", "a"): 3.0, ("1", "b"): 4.0, ("2", "a"): 5.0}
    assert found["tone"] == {("1", "a"): "dry", ("2", "a"): "dry"}
    assert "columns to slice by: level, tone" in notes and files[0].rows == 3
    wide = tmp_path / "wide.jsonl"
    wide.write_text('{"id": 1, "outputs": {"a": "x"}, "genre": "news", "sure": true, "more": [1]}', encoding="utf-8")
    found, notes, _ = read_item_columns([str(wide)])
    assert found == {"genre": {("1", None): "news"}, "sure": {("1", None): "true"}}
    assert any("more" in note for note in notes)


def test_the_command_slices_by_columns_of_a_file(planted, columns, tmp_path):
    known, rows = planted
    inputs = known.inputs
    texts = {(output.id, output.system): output.text for output in inputs.outputs}
    grades = {(r.id, r.system): r.value for r in known.said.ratings}
    references = {item.id: [r.text for r in item.references] for item in inputs.items}
    path = tmp_path / "rated.jsonl"
    lines = [
        {"id": row["id"], "references": references[row["id"]], "outputs": {}, "ratings": {}, "topic": row["topic"]}
        for row in rows[::3]
    ]
    for line in lines:
        for name in "abc":
            line["outputs"][name], line["ratings"][name] = texts[line["id"], name], grades[line["id"], name]
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    given = [
        "report",
        str(path),
        "-s",
        "token_f1",
        "--slices",
        columns(rows),
        "--slices",
        str(path),
        "--format",
        "table",
    ]
    done = CliRunner().invoke(app, given)
    assert done.exit_code == 0, done.output
    assert (
        "Slices at equal quality, token_f1, on the held-out half:" in " ".join(done.stdout.split())
        and "formal true -" in done.stdout
    )
    assert "columns to slice by" in done.stderr
    bad = CliRunner().invoke(app, ["report", str(path), "-s", "token_f1", "--slices", str(tmp_path / "none.jsonl")])
    assert bad.exit_code == 3 and "none.jsonl" in bad.output
