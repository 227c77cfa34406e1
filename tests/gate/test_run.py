"""A run of the gate, from candidates and judgements to tiers."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from geneval.data import Judgement, Preference, read_references
from geneval.gating import (
    Drawn,
    Pool,
    Settings,
    key_of,
    next_rows,
    read_drawn,
    read_gate,
    run_gate,
    write_result,
    write_rows,
)
from geneval_references import InputError, Reference, ReferenceSet, UsageError

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def drawn(pets):
    """A log of 400 candidates."""
    sets, _, _ = pets
    rows = next_rows(Pool.of(sets), set(), 400, 1)
    probability = {key_of(row["id"], row["text"]): row["probability"] for row in rows}
    log = Drawn("draw", probability, rows[0]["item_limit"], rows[0]["item_reach"])
    return log, [(row["id"], row["text"]) for row in rows]


@pytest.fixture(scope="module")
def made(pets, drawn):
    sets, _, read = pets
    log, keys = drawn
    return run_gate(sets, read(keys), Settings(), drawn=[log])


def tiers(result):
    return {(item.id, r.text): r.tier for item in result.sets for r in item.references}


def test_what_is_certified_is_so(pets, made):
    """Admitted candidates that nobody judged are right as often as was certified."""
    _, truth, _ = pets
    admitted = [key for key, tier in tiers(made).items() if tier == "inferred"]
    assert made.refusal is None and len(admitted) == made.counts["inferred"] > 200
    assert sum(truth[key] for key in admitted) / len(admitted) >= 0.9


def test_admitted_references_carry_their_evidence(made):
    found = next(r for item in made.sets for r in item.references if r.tier == "inferred")
    assert 0.5 <= found.confidence <= 1
    assert found.evidence["gate"] == made.gate.hash and found.evidence["precision"] == 0.9
    assert found.evidence["families"] == "n-gram" and found.origin == "mined:pets"


def test_nothing_but_tier_and_evidence_changes(pets, made):
    sets, _, _ = pets
    plain = {"tier": "original", "confidence": None, "votes": None, "evidence": None}
    for before, after in zip(sets, made.sets, strict=True):
        assert before.id == after.id
        assert [replace(r, **plain) for r in before.references] == [replace(r, **plain) for r in after.references]
        assert [r for r in before.references if r.tier == "original"] == [
            r for r in after.references if r.tier == "original"
        ]


def test_what_people_found_wrong_is_not_admitted(pets, drawn, made):
    _, truth, _ = pets
    found = tiers(made)
    assert all(found[key] == "unverified" for key in drawn[1] if not truth[key])


def test_without_judgements_nothing_is_admitted(pets):
    sets, _, _ = pets
    found = run_gate(sets, [], Settings())
    assert found.gate is None and "there are no judgements" in found.refusal
    assert set(tiers(found).values()) == {"original", "unverified"}


def test_without_a_log_no_bound_is_valid(pets, drawn):
    sets, _, read = pets
    found = run_gate(sets, read(drawn[1]), Settings())
    assert "without the log of a draw" in found.refusal and found.counts["inferred"] == 0


def test_chosen_at_random_may_be_said(pets):
    sets, truth, read = pets
    found = run_gate(sets, read(list(truth)[:-30]), Settings(assume_random=True))
    assert found.certificate.best is not None and "--assume-random" in found.sampling


def test_a_pool_that_is_judged_whole_needs_no_log(pets):
    sets, truth, read = pets
    found = run_gate(sets, read(truth), Settings())
    assert found.sampling == "every candidate of the pool is judged"
    assert found.certificate.best is not None


def test_drawn_and_not_judged_counts_as_not_valid(pets, drawn):
    """Leaving out what is hard to judge buys no precision."""
    sets, truth, read = pets
    log, keys = drawn
    kept = [key for key in keys if truth[key]] + [key for key in keys if not truth[key]][:60]
    found = run_gate(sets, read(kept), Settings(), drawn=[log])
    assert any("each counts as not valid" in note for note in found.notes)
    assert found.certificate.steps[-1].precision < 0.75


def test_few_judgements_say_how_many_are_due(pets, drawn):
    sets, _, read = pets
    log, keys = drawn
    few = Drawn("few", {key_of(*key): log.probability[key_of(*key)] for key in keys[:80]}, log.limit, log.reach)
    found = run_gate(sets, read(keys[:80]), Settings(), drawn=[few])
    assert "judged candidates are left to certify on; 76 above a threshold are the fewest" in found.refusal
    assert [above for _, above, _ in found.certificate.more][:2] == [549, 179]


def test_controls_are_rejected_by_class(made):
    rows = {one.kind: one for one in made.rejections}
    assert rows["antonym"].n + rows["entity swap"].n > 50
    for one in rows.values():
        assert (one.low is None) == (one.n == 0)
        assert bool(one.sees) == (one.rejected < one.n)


def test_a_gate_is_read_as_it_was_written(made, tmp_path):
    write_result(made, tmp_path / "gated")
    assert {path.name for path in (tmp_path / "gated").iterdir()} == {
        "references.jsonl",
        "gate.json",
        "card.json",
        "card.md",
        "verdicts.jsonl",
    }
    again = read_gate(tmp_path / "gated" / "gate.json")
    assert again.hash == made.gate.hash and again.model == made.gate.model
    sets, _, _ = read_references([str(tmp_path / "gated" / "references.jsonl")])
    assert sets == made.sets
    with pytest.raises(UsageError, match="already"):
        write_result(made, tmp_path / "gated")


def test_a_gate_that_was_changed_is_refused(made, tmp_path):
    content = made.gate.to_dict() | {"threshold": 0.01}
    (tmp_path / "gate.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(InputError, match="it was changed"):
        read_gate(tmp_path / "gate.json")


def test_the_same_pool_gets_the_same_from_a_gate_that_is_kept(pets, made):
    sets, _, _ = pets
    found = run_gate(sets, [], Settings(), earlier=made.gate)
    mine = {key for key, tier in tiers(made).items() if tier == "inferred"}
    assert mine <= {key for key, tier in tiers(found).items() if tier == "inferred"}


def test_a_shift_voids_the_certificate(pets, made):
    """A pool with hardly any valid candidate: the gate says so, and admits nothing."""
    sets, truth, _ = pets
    poor = [
        replace(
            s,
            references=tuple(r for r in s.references if r.tier == "original" or not truth[s.id, r.text] or s.id < "2"),
        )
        for s in sets
    ]
    found = run_gate(poor, [], Settings(), earlier=made.gate)
    assert found.shift.seen and found.shift.here < found.shift.there - 0.1
    assert "prior shift" in found.refusal and found.counts["inferred"] == 0


def test_two_who_agree_verify(pets):
    sets, truth, _ = pets
    key = next(key for key in truth if truth[key])
    said = [Judgement(*key, "valid", rater, "rule") for rater in ("ana", "ben")]
    found = run_gate(sets, said, Settings())
    reference = next(r for item in found.sets for r in item.references if (item.id, r.text) == key)
    assert (reference.tier, reference.votes) == ("verified", {"valid": 2})
    assert reference.evidence == {"rule": "all of at least 2 say valid", "raters": "ana, ben"}


def test_preferences_make_preferred():
    item = ReferenceSet("1", (Reference("a cat"), Reference("the cat", tier="unverified")))
    said = [Preference("1", "x", "y", "a", f"rater {n}", output_a="the cat", output_b="a cat") for n in range(20)]
    found = run_gate([item], [], Settings(), preferences=said)
    reference = found.sets[0].references[1]
    assert reference.tier == "preferred" and "margin 0.1" in reference.evidence["rule"]


def test_a_family_can_be_left_out(pets, drawn):
    sets, _, read = pets
    found = run_gate(sets, read(drawn[1]), Settings(without=("n-gram",)), drawn=[drawn[0]])
    assert found.gate.families == ()


def test_a_family_that_is_not_there_is_refused(pets, drawn):
    sets, _, read = pets
    with pytest.raises(UsageError, match="there are n-gram, rules, proposers"):
        run_gate(sets, read(drawn[1]), Settings(without=("minlm",)), drawn=[drawn[0]])


# What is wrong, and what is said about it.
def test_a_log_of_another_pool_is_refused(pets):
    sets, truth, read = pets
    with pytest.raises(UsageError, match="no candidates here"):
        run_gate(sets, read(truth), Settings(), drawn=[Drawn("d", {("1", "never there"): 0.5}, None, None)])


def test_judgements_of_something_else_are_refused(pets):
    sets, _, _ = pets
    with pytest.raises(InputError, match="none of the 1 judgements is on a candidate"):
        run_gate(sets, [Judgement("1", "never there", "valid", "ana", "rule")], Settings())


def test_a_file_without_candidates_is_refused():
    with pytest.raises(InputError, match="no candidate"):
        run_gate([ReferenceSet("1", (Reference("a cat"),))], [], Settings())


ROW = {"id": "1", "text": "a", "probability": 0.5}
LOGS = [
    ([], "has no row"),
    (["{"], "no JSON"),
    ([{"id": 1, "text": "a", "probability": 0.5}], "both texts"),
    ([ROW | {"probability": 0}], "above 0"),
    ([ROW | {"probability": True}], "above 0"),
    ([ROW, ROW], "twice"),
    ([ROW, ROW | {"text": "b", "item_limit": 2}], "several draws"),
    ([ROW | {"item_limit": 0}], "item_limit"),
    ([ROW | {"item_reach": "x"}], "item_reach"),
]


@pytest.mark.parametrize(("rows", "said"), LOGS)
def test_logs_that_are_none_are_refused(tmp_path, rows, said):
    place = tmp_path / "draw.jsonl"
    place.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows), encoding="utf-8")
    with pytest.raises(InputError, match=said):
        read_drawn(str(place))


def test_a_draw_is_read_as_it_was_written(pets, tmp_path):
    sets, _, _ = pets
    rows = next_rows(Pool.of(sets), set(), 10, 1)
    write_rows(rows, tmp_path / "draw.jsonl")
    found = read_drawn(str(tmp_path / "draw.jsonl"))
    assert list(found.probability) == [key_of(row["id"], row["text"]) for row in rows]
    assert found.limit == 1
    assert not {"origin", "tier", "score", "confidence"} & set(rows[0])
    with pytest.raises(UsageError, match="already"):
        write_rows(rows, tmp_path / "draw.jsonl")
