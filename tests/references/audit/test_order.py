"""Columns that stand at the wrong items, and references that stand apart."""

from __future__ import annotations

import numpy as np
import pytest

from geneval_references import Reference
from geneval_references.audit import Finding, audit
from geneval_references.audit._misplaced import best_run

TESTED = {"shifted", "unrelated", "transposed", "outlier column"}


def findings(sets, similarity, outputs=()):
    return [f for f in audit(sets, outputs, similarity=similarity).findings if f.kind in TESTED]


@pytest.mark.parametrize("references", [2, 3, 5])
def test_columns_in_their_place_give_no_alarm(world, sets_of, overlap, references):
    assert findings(sets_of(world(120, references)), overlap) == []


@pytest.mark.parametrize("shift", [-3, -1, 1, 2])
@pytest.mark.parametrize("start", [0, 40])
def test_a_shifted_column_is_found_where_it_is(world, sets_of, overlap, shift, start):
    texts = world(120, 4)
    column = [row[2] for row in texts]
    for n in range(start, 120):
        texts[n][2] = column[min(max(n + shift, 0), 119)]
    found = findings(sets_of(texts), overlap)
    assert [(f.kind, f.subject) for f in found] == [("shifted", "reference 3")]
    ids = {int(row.id) for row in found[0].rows}
    assert {row.reference for row in found[0].rows} == {3}
    assert len(ids ^ set(range(start, 120))) <= 8
    where = "later" if shift < 0 else "earlier"
    assert f"{abs(shift)} item{'s' * (abs(shift) > 1)} {where}" in found[0].message


def test_a_shifted_system_is_found(world, sets_of, overlap, said):
    texts = world(100, 4)
    outputs = [said(str(n), "good", texts[n][3]) for n in range(100)]
    outputs += [said(str(n), "off", texts[(n + 1) % 100][3] + " c1") for n in range(100)]
    (found,) = findings(sets_of([row[:3] for row in texts]), overlap, outputs)
    assert (found.kind, found.subject) == ("shifted", "off")
    assert {row.system for row in found.rows} == {"off"}


def test_two_columns_cannot_tell_which_one_moved(world, sets_of, overlap):
    texts = world(80, 2)
    column = [row[1] for row in texts]
    sets = sets_of([{"x": row[0], "y": column[min(n + 1, 79)]} for n, row in enumerate(texts)])
    found = findings(sets, overlap)[0]
    assert found.kind == "shifted" and found.subject in {"reference 'x'", "reference 'y'"}
    assert "or it is reference" in found.message and "cannot tell" in found.message


def test_a_column_in_no_order_is_found(world, sets_of, overlap):
    texts = world(120, 4)
    order = np.random.default_rng(1).permutation(120)
    column = [row[1] for row in texts]
    found = findings(sets_of([[r[0], column[order[n]], *r[2:]] for n, r in enumerate(texts)]), overlap)
    assert {"unrelated", "outlier column"} & {f.kind for f in found}
    assert {f.subject for f in found} == {"reference 2"}


def test_transposed_sets_are_found(world, sets_of, overlap):
    turned = [list(column) for column in zip(*world(20, 9), strict=True)]
    (found,) = findings(sets_of(turned), overlap)
    assert (found.kind, found.count, found.of) == ("transposed", 20, 20)


def test_best_run_is_the_largest_sum():
    draw = np.random.default_rng(5)
    for _ in range(50):
        signs = draw.integers(-1, 2, 12)
        start, stop = best_run(signs)
        sums = [signs[a:b].sum() for a in range(13) for b in range(a, 13)]
        assert signs[start:stop].sum() == max(sums)


def test_a_column_that_stands_apart_is_found_by_outputs(world, sets_of, overlap, said):
    texts = world(150, 5)
    other = world(150, 4, seed=9)
    # The bad one answers half of the items, and otherwise says little of what it should.
    named = [
        {"bad": row[0] if n % 5 == 0 else " ".join([*row[0].split()[:1], *bad[0].split()[5:]]), "good": row[1]}
        for n, (row, bad) in enumerate(zip(texts, other, strict=True))
    ]
    outputs = [said(str(n), f"s{k}", texts[n][2 + k]) for n in range(150) for k in range(3)]
    (found,) = [f for f in findings(sets_of(named), overlap, outputs) if f.kind == "outlier column"]
    assert found.subject == "reference 'bad'" and found.count / found.of > 0.71
    assert {row.name for row in found.rows} == {"bad"}


def test_a_reference_of_another_item_stands_apart(sets_of, overlap):
    texts = [
        [" ".join(f"w{n}x{k}" for k in range(9) if k not in {j, (n + j) % 9}) for j in range(5)] for n in range(100)
    ]
    texts[7][3] = "z1 z2 z3 z4 z5 z6"
    (found,) = [f for f in audit(sets_of(texts), similarity=overlap).findings if f.kind == "outlier"]
    assert [(row.id, row.reference) for row in found.rows] == [("7", 4)]
    assert found.level == "note"


def test_without_a_similarity_it_is_said(world, sets_of):
    found = audit(sets_of(world(40, 3)))
    assert {one.kind for one in found.untested} >= {"outlier", "outlier column", "shifted"}
    assert found.similarity is None


def test_ragged_sets_and_missing_outputs_are_taken(world, sets_of, overlap, said):
    texts = world(60, 4)
    ragged = [row[: 1 + n % 4] for n, row in enumerate(texts)]
    sets = sets_of(ragged)
    sets[5] = type(sets[5])("5", (Reference(" "),))
    found = audit(sets, [said(str(n), "x", texts[n][3]) for n in range(0, 60, 2)], similarity=overlap)
    assert [f.kind for f in found.findings if isinstance(f, Finding)] == ["empty"]
