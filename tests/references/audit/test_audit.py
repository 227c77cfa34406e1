"""The audit as a whole: what it gives back, what it refuses, and the data without what it found."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geneval_references import InputError, Reference, ReferenceSet, UsageError, fold
from geneval_references.audit import KINDS, audit


def test_facts_of_duplicates(sets_of):
    texts = [["a b", "A  b", "c"], ["a b", "d"], ["d", "a b"], ["x", "y"]]
    found = audit(sets_of(texts, ["c", None, None, None]))
    kinds = {f.kind: (f.level, f.count, f.of, f.items) for f in found.findings}
    assert kinds == {
        "duplicate": ("fault", 1, 9, 1),
        "repeated item": ("fault", 1, 4, 1),
        "repeated text": ("note", 6, 9, 3),
        "copy of source": ("note", 1, 9, 1),
    }
    assert found.of("repeated item")[0].rows[0].note == "as item 1"
    assert [f.kind for f in found.faults] == ["duplicate", "repeated item"]


def test_json_is_plain_and_whole(sets_of, said, overlap):
    facts = audit(sets_of([["a", "A"], ["b"]]), [said("0", "x", "c")], similarity=overlap).to_dict()
    assert facts["schema"] == "geneval.audit/1"
    assert (facts["items"], facts["references"], facts["outputs"], facts["systems"]) == (2, 3, 1, ["x"])
    assert facts["similarity"] == "overlap" and facts["faults"] == 1
    (finding,) = facts["findings"]
    assert finding["rows"][0] == {
        "id": "0",
        "text": "A",
        "reference": 2,
        "name": None,
        "system": None,
        "note": "",
    }
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts


def test_ignored_kinds_are_left_out(sets_of):
    assert audit(sets_of([["a", "a"]]), ignore=["duplicate"]).findings == ()
    with pytest.raises(UsageError, match="no kind of finding 'duplicates'; the kinds are leak"):
        audit(sets_of([["a"]]), ignore=["duplicates"])


def test_what_is_no_data_is_refused(sets_of, said):
    with pytest.raises(InputError, match="no reference that is not blank"):
        audit([ReferenceSet("1", (Reference(" "),)), ReferenceSet("2")])
    with pytest.raises(InputError, match="'7', which is no item"):
        audit(sets_of([["a"]]), [said("7", "x", "a")])
    with pytest.raises(InputError, match="two items have one id"):
        audit([*sets_of([["a"]]), *sets_of([["b"]])])
    for alpha in (0, 1, float("nan")):
        with pytest.raises(UsageError, match="alpha"):
            audit(sets_of([["a"]]), alpha=alpha)


def test_cleaned_leaves_out_leaked_items_and_repeats(sets_of, said, world):
    texts = world(100, 4)
    texts[50].append(texts[50][0])
    outputs = [said(str(n), "x", texts[n][0] if n < 12 else f"else {n}") for n in range(100)]
    found = audit(sets_of(texts), outputs)
    clean = found.cleaned()
    assert clean.items_left_out == tuple(str(n) for n in range(12))
    assert clean.references_left_out == 1
    assert [len(item.references) for item in clean.sets] == [4] * 88
    assert [answer.id for answer in clean.outputs] == [str(n) for n in range(12, 100)]
    assert "12 items with a leaked output and 1 references" in clean.told
    kept = found.cleaned(leaks=False, duplicates=False)
    assert kept.sets == found.sets and kept.outputs == found.answers


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.sampled_from(["a", "A ", "b", "c", " "]), max_size=4), min_size=1, max_size=4))
def test_cleaned_sets_hold_each_text_once_and_lose_none(texts):
    sets = [ReferenceSet(str(n), tuple(map(Reference, row))) for n, row in enumerate(texts)]
    if not any(fold(r.text) for item in sets for r in item.references):
        return
    clean = audit(sets).cleaned()
    for before, after in zip(sets, clean.sets, strict=True):
        left = [fold(r.text) for r in after.references if fold(r.text)]
        assert sorted(left) == sorted({fold(r.text) for r in before.references if fold(r.text)})


def test_every_kind_has_a_level():
    assert set(KINDS.values()) == {"fault", "note"}
