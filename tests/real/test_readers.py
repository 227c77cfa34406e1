"""The shared data sets are read as they are."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from geneval.data import demo_inputs, read_inputs, read_preferences, read_references
from geneval_references import describe, fold, reference_hash

pytestmark = pytest.mark.real

NAMES_AND_TEXTS = {"a": "a_system", "b": "b_system", "output_a": "a", "output_b": "b"}


def test_thumb(shared: Path) -> None:
    """THumB: 500 items, 5 systems, 6 grades each; 39 Human captions equal a reference of theirs."""
    found = read_inputs([str(shared / "data/thumb_mscoco/items.jsonl")])
    assert (len(found.items), len(found.outputs), len(found.ratings)) == (500, 2500, 15000)
    assert set(found.systems) == {"Up-Down", "Unified-VLP", "VinVL-base", "VinVL-large", "Human"}
    assert found.notes == ("columns left aside: set_id",)
    folded = {item.id: {fold(r.text) for r in item.references} for item in found.items}
    assert Counter(o.system for o in found.outputs if fold(o.text) in folded[o.id])["Human"] == 39


def test_asset(shared: Path) -> None:
    """ASSET: ids are numbers, 59 items have duplicate references, ratings that name no system are noted."""
    found = read_inputs([str(shared / "data/asset/items.jsonl.gz")])
    assert (len(found.items), len(found.systems), len(found.outputs)) == (359, 21, 359 * 21)
    assert found.items[7].id == "7"
    facts = describe(found.items)
    assert (facts.references, facts.items_with_duplicates) == (3590, 59)
    assert found.notes[0] == "columns left aside: turkcorpus_references, rated_output, rated_system"
    assert found.notes[1:] == tuple(
        f"ratings: {name!r} left aside (100 lists)" for name in ("meaning", "fluency", "simplicity")
    )


def test_wmt(shared: Path) -> None:
    """WMT21 TED: both references by name, error lists noted, no grade of a reference among those of systems."""
    found = read_inputs([str(shared / "data/wmt21_ted_zhen/items.jsonl.gz")])
    assert (len(found.items), len(found.systems), len(found.ratings)) == (529, 13, 529 * 13)
    assert {r.origin for item in found.items for r in item.references} == {"human:ref", "human:refB"}
    assert {r.criterion for r in found.ratings} == {"mqm_avg"}
    assert found.reference_ratings == ()
    assert "ratings: 'errors' left aside (7935 lists)" in found.notes
    assert "ratings: 'mqm_avg' is null in 1058 places" in found.notes


def test_audiocaps(shared: Path) -> None:
    """AudioCaps-Eval: five references a clip; in the pairs the texts are called a and b."""
    sets, _, _ = read_references([str(shared / "data/fense_audiocaps/items.jsonl")])
    assert (len(sets), describe(sets).per_item.counts) == (394, {5: 394})
    found, _, _ = read_preferences([str(shared / "data/fense_audiocaps/pairs.jsonl")], columns=NAMES_AND_TEXTS)
    assert Counter(p.winner for p in found) == {"a": 1180, "b": 303, "tie": 188}
    assert found[0].a == "ground_t_103548"
    assert str(found[0].output_b) == "Whistling and an explosion"


def test_pairs(shared: Path) -> None:
    """LLMFAO as it is; ASSET's pairs with the same columns as those of AudioCaps-Eval."""
    found, notes, _ = read_preferences([str(shared / "data/evalica_llmfao/pairs.jsonl")])
    assert Counter(p.winner for p in found) == {"a": 2911, "b": 2549, "tie": 3471}
    assert len({p.a for p in found} | {p.b for p in found}) == 59
    assert "using column 'item' as id" in notes
    found, notes, _ = read_preferences([str(shared / "data/asset/pairs.jsonl")], columns=NAMES_AND_TEXTS)
    assert (len(found), {p.criterion for p in found}) == (2154, {"fluency", "meaning", "simplicity"})
    assert "using column 'aspect' as criterion" in notes


def test_demo_is_built_from_it(shared: Path, pytestconfig: pytest.Config) -> None:
    """The committed script still gives the shipped file: 241 images qualify."""
    import runpy

    script = pytestconfig.rootpath / "benchmarks" / "build_demo_data.py"
    found = list(runpy.run_path(str(script))["candidates"](shared / "data" / "coco_eccv"))
    assert len(found) == 1044
    by_id = {row["id"]: row for row in found}
    demo = demo_inputs()
    assert {(o.id, o.system, o.text) for o in demo.outputs} <= {
        (id_, system, text) for id_, row in by_id.items() for system, text in row["outputs"].items()
    }
    assert all([r.text for r in item.references] == by_id[item.id]["references"] for item in demo.items)


def test_hash_is_stable(shared: Path) -> None:
    """The hash of a real reference set is that of every earlier run."""
    sets, _, _ = read_references([str(shared / "data/fense_audiocaps/items.jsonl")])
    assert (
        reference_hash(sets)
        == reference_hash(sets[::-1])
        == "5ffea4991efe485496f359b2a0ec71e6eb269bef79395ad363d03668e9c0c40e"
    )
