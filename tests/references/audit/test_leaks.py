"""Copies of references, tested against the references' own duplicates."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import fisher_exact

from geneval_references import Reference, ReferenceSet, fold
from geneval_references.audit import Finding, Untested
from geneval_references.audit._leaks import _Facts, leaks
from geneval_references.audit._table import Table

TEXT = st.sampled_from(["a", "A", "b", "cc", "dd", "ee"])
ITEM = st.tuples(st.lists(TEXT, min_size=1, max_size=3), TEXT, TEXT, st.sampled_from([None, "a", "ee"]))


def judged(items, system, floor=0):
    """The test by its definition: all ways in which one of the n + 1 texts of each item may be the system's."""
    everywhere = [{fold(t) for t in references} for references, *_ in items]
    chances, total = [], 0
    for n, (references, *outputs, source) in enumerate(items):
        mine, other = fold(outputs[system]), fold(outputs[1 - system])
        known = {other, fold(source) if source else ""}.union(*everywhere[:n], *everywhere[n + 1 :])
        texts = [*map(fold, references), mine]
        copies = [texts.count(t) > 1 and t not in known and len(t) >= floor for t in texts]
        if len(references) > 1:
            chances.append(sum(copies) / len(copies))
            total += copies[-1]
    if not chances:
        return None
    return sum(
        float(np.prod([p if hit else 1 - p for p, hit in zip(chances, each, strict=True)]))
        for each in itertools.product([0, 1], repeat=len(chances))
        if sum(each) >= total
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(ITEM, min_size=1, max_size=5))
def test_p_is_that_of_all_roles(said, items):
    sets = [ReferenceSet(str(n), tuple(map(Reference, r)), source) for n, (r, _, _, source) in enumerate(items)]
    outputs = [said(str(n), name, row[place]) for n, row in enumerate(items) for place, name in ((1, "x"), (2, "y"))]
    facts = _Facts(Table(sets, outputs))
    for system in (0, 1):
        p = [judged(items, system, floor) for floor in (0, facts._long_half)]
        found = facts.copying(system)
        assert found.p == tuple(None if one is None else pytest.approx(one) for one in p)
        assert (found.exact, found.near) == (0, 0)  # no text has five words


def test_a_leak_is_found_with_its_rows(said, sets_of, world):
    texts = world(200, 4)
    outputs = [said(str(n), "new", f"something else {n}") for n in range(200)]
    for n in range(0, 200, 20):
        outputs[n].text = texts[n][2].upper()
    outputs += [said(str(n), "old", f"nothing like it {n}") for n in range(200)]
    (found,) = leaks(Table(sets_of(texts), outputs), 0.007)
    assert (found.kind, found.subject, found.count, found.of) == ("leak", "new", 10, 200)
    # Each of ten items has two equal texts of five, and the output is one of them: .4^10; near misses say
    # 2^-10, and long texts no more: for three tests and two systems.
    assert found.p == pytest.approx(6 * 0.4**10)
    assert [row.id for row in found.rows] == [str(n) for n in range(0, 200, 20)]
    assert found.low < 0.05 < found.high and found.baseline == 0


def test_what_could_be_written_without_the_reference_is_no_leak(said, sets_of):
    """The source, a text of other items, what another system wrote, and references that are known to be outputs."""
    texts = [["source", f"a {n}"] for n in range(10)] + [["yes", f"b {n}"] for n in range(10)]
    texts += [[f"both {n}", f"c {n}"] for n in range(10)]
    sets = sets_of(texts, ["source"] * 30)
    own = [Reference(f"mine {n}", origin="output:x") for n in range(10)]
    sets += [ReferenceSet(f"o{n}", (own[n], Reference(f"d {n}"), Reference(f"e {n}"))) for n in range(10)]
    outputs = [said(str(n), "x", texts[n][0]) for n in range(30)] + [said(f"o{n}", "x", f"mine {n}") for n in range(10)]
    outputs += [said(str(n), "y", texts[n][0]) for n in range(20, 30)]
    assert not list(leaks(Table(sets, outputs), 0.05))


def test_a_leak_shows_with_one_reference_an_item(said, sets_of, world):
    """Many equal outputs, and few that are one word off; short texts are left aside."""
    texts = world(200, 1)
    outputs = [said(str(n), "x", texts[n][0] if n < 20 else f"else {n}") for n in range(200)]
    outputs[30].text = texts[30][0] + " more"
    (found,) = leaks(Table(sets_of(texts), outputs), 0.007)
    # 20 of 21; the other tests say nothing where items have one reference.
    assert (found.subject, found.count) == ("x", 20)
    assert found.p == pytest.approx(22 / 2**21)
    near = [said(str(n), "x", texts[n][0] + (" more" if n % 2 else "")) for n in range(40)]
    assert not list(leaks(Table(sets_of(texts), near), 0.007))


def test_a_leak_shows_beside_systems_that_come_as_near(said, sets_of, world):
    """As many are one word off as are equal; of the other systems' near ones, one in ten is equal."""
    texts = world(200, 1)
    outputs = [
        said(str(n), "x", texts[n][0] + ("" if n < 10 else " more" if n < 20 else " and so on")) for n in range(200)
    ]
    assert not list(leaks(Table(sets_of(texts), outputs), 0.007))
    outputs += [said(str(n), "y", texts[n][0] + ("" if n < 103 else " less")) for n in range(100, 130)]
    (found,) = leaks(Table(sets_of(texts), outputs), 0.007)
    assert (found.subject, found.count) == ("x", 10)
    # Fisher's exact test of 10 in 20 beside 3 in 30, for two systems; the other tests say nothing with one reference.
    assert found.p == pytest.approx(2 * fisher_exact([[10, 10], [3, 27]], alternative="greater").pvalue)


def test_what_cannot_be_told_is_said(said, sets_of):
    (found,) = leaks(Table(sets_of([["a"], ["b"]]), [said("0", "x", "a"), said("1", "x", "c")]), 0.05)
    assert isinstance(found, Untested) and "x 1 of 2" in found.reason
    (found,) = leaks(Table(sets_of([["a", "b"]])), 0.05)
    assert found == Untested("leak", "no outputs were given")


def test_a_reference_in_the_role_of_a_system_is_no_leak(said):
    """Writers who often say the same: each held-out reference copies as often as the others do."""
    draw = np.random.default_rng(3)
    alarms = 0
    for _ in range(40):
        words = draw.integers(0, 12, (60, 5))
        sets = [ReferenceSet(str(n), tuple(Reference(f"{n} {w}") for w in row[:4])) for n, row in enumerate(words)]
        outputs = [said(str(n), "held out", f"{n} {row[4]}") for n, row in enumerate(words)]
        alarms += any(isinstance(f, Finding) for f in leaks(Table(sets, outputs), 0.05))
    assert alarms <= 6  # 5 % of 40, and three standard errors
