"""A run of the gate, from candidates and judgements to tiers."""

from __future__ import annotations

import json
import random
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
from geneval.gating._card import markdown
from geneval.gating._drawn import check_drawn
from geneval_references import InputError, Reference, ReferenceSet, UsageError
from geneval_references.gate import learns

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def drawn(pets):
    """A log of 400 candidates."""
    sets, _, _ = pets
    rows = next_rows(Pool.of(sets), set(), 400, 1)
    probability = {key_of(row["id"], row["text"]): row["probability"] for row in rows}
    of_draw = (rows[0][name] for name in ("item_limit", "item_reach", "drawn", "drawn_from", "pool"))
    log = Drawn("draw", probability, *of_draw)
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


def test_few_judgements_say_how_many_are_due(pets):
    sets, _, read = pets
    rows = next_rows(Pool.of(sets), set(), 80, 1)
    keys = [(row["id"], row["text"]) for row in rows]
    few = Drawn("few", {key_of(*key): row["probability"] for key, row in zip(keys, rows, strict=True)}, 1, None)
    found = run_gate(sets, read(keys), Settings(), drawn=[few])
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


CHANGES = [
    {"threshold": 0.01},
    {"precision": 0.99},
    {"confidence": 0.999},
    {"estimate": 0.5},
    {"valid": 0.9},
    {"mean": 0.9},
    {"error": 10.0},
    {"pool": "another"},
    {"encoders": {"minilm": "another"}},
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_gate_that_was_changed_is_refused(made, tmp_path, change):
    content = made.gate.to_dict() | change
    (tmp_path / "gate.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(InputError, match="it was changed"):
        read_gate(tmp_path / "gate.json")


UNFIT = [{"threshold": "0.9"}, {"error": None}, {"mean": True}, {"signatures": None}, {"pool": 3}, {"model": {}}]


@pytest.mark.parametrize("change", UNFIT)
def test_a_gate_of_other_types_is_refused(made, tmp_path, change):
    (tmp_path / "gate.json").write_text(json.dumps(made.gate.to_dict() | change), encoding="utf-8")
    with pytest.raises(InputError, match=r"no run of the gate writes|cannot be read"):
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


@pytest.mark.parametrize(("here", "told"), [(1e-9, False), (1.0, False), (0.3, True)])
def test_a_share_of_none_or_all_is_not_told(made, here, told):
    shift = replace(made.shift, here=here, implied=0.0)
    said = markdown(replace(made, shift=shift))
    assert ("in this pool" in said) == told == ("precision here would be" in said)
    assert "where it was calibrated" in said


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


def test_preferences_without_a_name_are_those_of_one_person():
    item = ReferenceSet("1", (Reference("a cat"), Reference("the cat", tier="unverified")))
    said = [Preference("1", "x", "y", "a", output_a="the cat", output_b="a cat")] * 40
    found = run_gate([item], [], Settings(), preferences=said)
    assert found.sets[0].references[1].tier == "unverified"
    assert "40 preferences name no annotator; they count as those of one person" in found.notes


@pytest.mark.parametrize(("verdict", "tier"), [("invalid", "unverified"), ("valid", "verified")])
def test_what_verdicts_decide_is_not_counted_as_preferred(verdict, tier):
    item = ReferenceSet("1", (Reference("a cat"), Reference("the cat", tier="unverified")))
    said = [Preference("1", "x", "y", "a", f"rater {n}", output_a="the cat", output_b="a cat") for n in range(20)]
    judged = [Judgement("1", "the cat", verdict, rater, "rule") for rater in ("ana", "ben")]
    found = run_gate([item], judged, Settings(), preferences=said)
    assert found.sets[0].references[1].tier == tier and found.counts["preferred"] == 0


@pytest.mark.parametrize(
    ("names", "verified"), [(("ana", " ana", "ana "), 0), (("ana", "ben"), 1), (("ana", "Ana"), 1)]
)
def test_white_space_makes_no_other_person(names, verified):
    item = ReferenceSet("1", (Reference("a cat"), Reference("the cat", tier="unverified")))
    found = run_gate([item], [Judgement("1", "the cat", "valid", name, "rule") for name in names], Settings())
    assert found.counts["verified"] == verified
    assert any("'Ana', 'ana' count as 2 people" in note for note in found.notes) == ("Ana" in names)


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


def without_fields(log, **changes):
    return replace(log, count=None, size=None, pool=None, **changes)


def part(probability, n):
    return dict(list(probability.items())[:n])


WRONG_LOGS = [
    (lambda log: replace(log, probability=part(log.probability, 399)), "399 rows, and 400 candidates were drawn"),
    (lambda log: replace(log, probability=dict.fromkeys(log.probability, 1.0)), "probabilities sum to 400"),
    (lambda log: replace(log, size=log.size - 5), "hand in the logs and judgements of the others"),
    (lambda log: without_fields(log, probability=part(log.probability, 399)), "probabilities sum to"),
    (lambda log: without_fields(log, probability=dict.fromkeys(log.probability, 1.0)), "probabilities sum to 400"),
    (lambda log: replace(log, reach=1e-9), "item_reach says"),
]


@pytest.mark.parametrize(("change", "said"), WRONG_LOGS)
def test_a_log_that_cannot_be_of_this_pool_is_refused(pets, drawn, change, said):
    sets, _, read = pets
    with pytest.raises(UsageError, match=said):
        run_gate(sets, read(drawn[1]), Settings(), drawn=[change(drawn[0])])


@pytest.mark.parametrize("change", [lambda log: log, without_fields])
def test_a_pool_that_has_grown_since_the_draw_is_refused(pets, drawn, change):
    sets, _, read = pets
    more = tuple(Reference(f"another {n}", tier="unverified") for n in range(300))
    grown = [replace(sets[0], references=sets[0].references + more), *sets[1:]]
    with pytest.raises(UsageError, match="the pool has changed since"):
        run_gate(grown, read(drawn[1]), Settings(), drawn=[change(drawn[0])])


def test_unequal_probabilities_may_miss_by_chance_alone():
    """Candidates that are drawn one by one, with probabilities from .2 to .8; and the half of them that is left."""
    rng = random.Random(3)
    sets = [
        ReferenceSet(str(n), (Reference("a cat"), *(Reference(f"{n} {k}", tier="unverified") for k in range(3))))
        for n in range(300)
    ]
    pool = Pool.of(sets)
    chance = {key: rng.uniform(0.2, 0.8) for key in pool.place}
    log = Drawn("log", {key: p for key, p in chance.items() if rng.random() < p}, None, None)
    check_drawn(log, pool, 0)
    with pytest.raises(UsageError, match="rows are missing"):
        check_drawn(replace(log, probability=part(log.probability, len(log.probability) // 2)), pool, 0)


def test_a_log_of_candidates_that_were_chosen_by_their_verdict_certifies_nothing(pets):
    """Probabilities may add up, and still not be those of the draw: the model sees other candidates than the pool's."""
    sets, truth, read = pets
    right = [key for key in truth if truth[key]]
    chosen = right[:350] + [key for key in truth if not truth[key]][:50]
    log = Drawn("log", {key_of(*key): len(chosen) / len(truth) for key in chosen}, None, None)
    found = run_gate(sets, read(chosen), Settings(), drawn=[log])
    assert found.certificate.best is not None and found.shift.seen
    assert "unlike the pool" in found.refusal and found.counts["inferred"] == 0
    assert run_gate(sets, [], Settings(), earlier=found.gate).counts["inferred"] == 0


@pytest.fixture(scope="module")
def plain():
    """Candidates that look alike, right or wrong, but for a number, which is seldom there."""
    rng = random.Random(5)
    sets, truth = [], {}
    for n in range(900):
        text = f"the cat {rng.choice(['sits', 'stays', 'sleeps'])} there" + " 7" * (rng.random() < 0.05)
        sets.append(ReferenceSet(str(n), (Reference("a cat sits"), Reference(text, tier="unverified"))))
        truth[str(n), text] = rng.random() < (0.5 if "7" in text else 0.9)
    return sets, truth


@pytest.mark.parametrize("kept", [1, 0.1])
def test_judgements_that_were_chosen_by_verdict_are_not_random(plain, kept):
    """Of those to certify on, most of the wrong ones are left out; the model cannot tell them by their looks."""
    sets, truth = plain
    rng = random.Random(2)
    said = [
        Judgement(*key, "valid" if right else "invalid", "ana", "rule")
        for key, right in list(truth.items())[:800]
        if right or learns(key[0], 12345) or rng.random() < kept
    ]
    found = run_gate(sets, said, Settings(precision=0.85, assume_random=True))
    assert found.certificate.best is not None
    if kept == 1:
        assert found.refusal is None
    else:
        assert "happens by chance less than once in 1,000 times; they were hardly drawn at random" in found.refusal
        assert run_gate(sets, [], Settings(), earlier=found.gate).counts["inferred"] == 0


def test_two_draws_cover_the_pool_together(pets, drawn):
    sets, _, read = pets
    log, keys = drawn
    rows = next_rows(Pool.of(sets), set(log.probability), 100, 2)
    more = Drawn(
        "more",
        {key_of(row["id"], row["text"]): row["probability"] for row in rows},
        *(rows[0][name] for name in ("item_limit", "item_reach", "drawn", "drawn_from", "pool")),
    )
    said = read([*keys, *((row["id"], row["text"]) for row in rows)])
    assert "500 in 2 draws" in run_gate(sets, said, Settings(), drawn=[log, more]).sampling
    with pytest.raises(UsageError, match="hand in the logs"):
        run_gate(sets, said[400:], Settings(), drawn=[more])


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
    ([ROW | {"drawn": "x"}], "drawn is 'x'"),
    ([ROW | {"pool": 1}], "pool is 1"),
]


@pytest.mark.parametrize(("rows", "said"), LOGS)
def test_logs_that_are_none_are_refused(tmp_path, rows, said):
    place = tmp_path / "draw.jsonl"
    place.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows), encoding="utf-8")
    with pytest.raises(InputError, match=said):
        read_drawn(str(place))


@pytest.mark.parametrize("text", ["a\u2028b", "a\u0085b", "a\x1eb"])
def test_a_text_may_hold_any_character_and_a_log_a_mark_of_byte_order(tmp_path, text):
    rows = [ROW | {"text": text}, ROW | {"id": "2"}]
    content = "\r\n".join(json.dumps(row, ensure_ascii=text == "a\x1eb") for row in rows)
    (tmp_path / "draw.jsonl").write_bytes(b"\xef\xbb\xbf" + content.encode())
    assert list(read_drawn(str(tmp_path / "draw.jsonl")).probability) == [key_of("1", text), key_of("2", "a")]


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
