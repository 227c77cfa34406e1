"""Candidates join the references of an item."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geneval_references import TIERS, Fact, InputError, Reference, ReferenceSet, fold
from geneval_references._protocols import Answer
from geneval_references.expanders import Candidate, Merging, clean, merge, texts_of, trusted

RULES = Merging()


def item(*references: Reference | str) -> ReferenceSet:
    return ReferenceSet("1", tuple(Reference(r) if isinstance(r, str) else r for r in references))


def made(text: str, origin: str = "mined:pool", **more: object) -> Candidate:
    return Candidate(text, origin, proposers=("me",), **more)


# What is written by a model, its parent, and what is left.
CLEANED = [
    ("1. A dog runs.", "", "A dog runs."),
    ("(2) A dog runs.", "", "A dog runs."),
    ("- a dog", "", "a dog"),
    ('"A dog runs."', "", "A dog runs."),
    ("\u201cA dog\u201d", "", "A dog"),
    ('1. "A dog"', "", "A dog"),
    ('"Yes", he said, "no"', "", '"Yes", he said, "no"'),
    ("Paraphrase 1: A dog runs.", "", "A dog runs."),
    ("Sure, here is a paraphrase: A dog runs.", "", "A dog runs."),
    ("  a   dog ", "", "a   dog"),
    ("'tis a dog", "", "'tis a dog"),
    ("2 dogs run", "", "2 dogs run"),
    ("1990. A year", "", "1990. A year"),
    # What its parent has, too, is part of it.
    ("1. Stir the soup.", "1. Stir it.", "1. Stir the soup."),
    ('"No!"', '"Never!"', '"No!"'),
    ("Answer: yes", "Answer: it is so", "Answer: yes"),
    ('""', "", '""'),
]


@pytest.mark.parametrize(("written", "parent", "left"), CLEANED)
def test_what_stands_around_a_text_is_stripped(written: str, parent: str, left: str) -> None:
    """Numbering, labels and quotes go, unless the parent has them; and once gone they stay gone."""
    assert clean(written, parent) == left
    assert clean(left, parent) == left


LISTED = [
    ("a cat", ["a cat"]),
    ("say: a dog\na cat", ["a cat"]),
    ("Here are two paraphrases:\n1. a cat\n2. a feline", ["a cat", "a feline"]),
    ("", []),
]


@pytest.mark.parametrize(("written", "texts"), LISTED)
def test_a_list_is_several_texts_and_an_echo_is_none(written: str, texts: list[str]) -> None:
    """The prompt, repeated, is stripped, each line is a text, and an announcement is not."""
    assert list(texts_of(Answer(written, whole=True), "say: a dog", "a dog")) == texts
    # Cut short, what came last is no text.
    assert list(texts_of(Answer(written + " and a", whole=False), "say: a dog", "a dog")) == texts[:-1]


def test_a_parent_of_several_lines_is_answered_as_a_whole() -> None:
    """Line breaks are part of an answer where they are part of the question."""
    assert list(texts_of(Answer("one\ntwo", whole=True), "prompt", "eins\nzwei")) == ["one\ntwo"]


# What the item has, the candidate's text, and what becomes of it.
JOINED = [
    (["a dog runs"], "a cat sleeps", "added"),
    (["a dog runs"], "a dog runs", "equal"),
    (["a dog runs"], "A  Dog runs", "equal"),
    (["a dog runs in the green park today"], "A dog runs in the green park, today!", "near"),
    (["a dog runs in the green park today"], "a dog runs in the green parks today", "near"),
    (["a man with two dogs"], "a man with ten dogs", "added"),
    (["a dog runs"], ' 1. "" ', "added"),
    (["a dog runs"], "  ", "empty"),
    ([], "a dog", "added"),
]


@pytest.mark.parametrize(("there", "text", "outcome"), JOINED)
def test_a_candidate_is_added_once(there: list[str], text: str, outcome: str) -> None:
    """Equal and nearly equal texts are one."""
    merged = merge(item(*there), [made(text)], RULES)
    assert merged.counts == {outcome: 1}
    assert len(merged.item.references) == len(there) + (outcome == "added")


def test_only_equal_ones_are_one_where_nearness_is_switched_off() -> None:
    """Above 100 no likeness suffices."""
    merged = merge(item("a dog runs"), [made("a dog, runs"), made("A dog runs")], Merging(near=101))
    assert merged.counts == {"added": 1, "equal": 1}


def test_who_proposed_a_candidate_is_kept_of_all_who_did() -> None:
    """The second proposer of a text joins the first."""
    first, second = made("a cat"), Candidate("A CAT", "attribute:x", proposers=("you",))
    (reference,) = merge(item(), [first, second], RULES).item.references
    assert (reference.text, reference.proposers, reference.origin) == ("a cat", ("me", "you"), "mined:pool")


def test_stronger_evidence_raises_a_candidate_and_leaves_its_origin() -> None:
    """A verdict on a candidate changes its tier, and not who wrote it; an original stays as it is."""
    there = item("a cat", Reference("a dog", "unverified", "output:s", evidence={"p": 0.5}))
    verified = [made(text, tier="verified", votes={"valid": 3}) for text in ("a cat", "a dog")]
    merged = merge(there, verified, RULES)
    assert merged.counts == {"equal": 1, "raised": 1}
    assert merged.item.references[0] == Reference("a cat")
    raised = merged.item.references[1]
    assert (raised.tier, raised.origin, raised.votes) == ("verified", "output:s", {"valid": 3})
    assert raised.evidence == {"p": 0.5}


def test_what_two_systems_wrote_is_kept_for_each() -> None:
    """When one of them is scored, its own is taken away, and the other's stays; who else proposed it joins the first."""
    texts = [made("a cat", "output:a"), made("A cat", "output:b"), made("a cat", "output:a"), made("a cat")]
    merged = merge(item("a dog"), [*texts, made("a dog", "output:a"), made("a cat", "output:c")], RULES)
    assert [r.origin for r in merged.item.references] == ["human", "output:a", "output:b", "output:c"]
    assert merged.counts == {"added": 3, "equal": 3}


def test_what_a_system_wrote_too_never_scores_it() -> None:
    """A candidate that nobody verified becomes the system's, and keeps the origin it had; a verified one stays."""
    there = item(Reference("a cat", "unverified", "mined:x", evidence={"p": 0.5}), Reference("a dog", "verified"))
    grown = merge(there, [made("A cat", "output:s"), made("a dog", "output:s")], RULES).item
    cat, dog = grown.references
    assert (cat.text, cat.origin, cat.evidence) == ("a cat", "output:s", {"p": 0.5, "origin before": "mined:x"})
    assert (dog.origin, dog.evidence) == ("human", None)
    both = merge(grown, [made("a cat", "output:t")], RULES).item
    assert [r.origin for r in both.references] == ["output:s", "human", "output:t"]


def test_what_is_like_an_output_stays_beside_it() -> None:
    """The output is away when its system is scored; a text of another origin that is nearly the same is not."""
    there = item(Reference("a dog runs in the green park today", "unverified", "output:a"))
    assert merge(there, [made("A dog runs in the green park, today!")], RULES).counts == {"added": 1}


def test_the_cap_counts_what_was_there() -> None:
    """An item has at most so many unverified candidates of one origin, over all runs; verified ones are not counted."""
    rules = Merging(per_item=2)
    texts = ["a cat", "the tall dog", "some birds", "one horse"]
    first = merge(item(), [made(text) for text in texts], rules)
    assert first.counts == {"added": 2, "over": 2}
    again = merge(first.item, [made(text) for text in texts[2:]], rules)
    assert again.counts == {"over": 2}
    other = [made("some birds", "output:s"), made("one horse", tier="verified")]
    assert merge(first.item, other, rules).counts == {"added": 2}


def test_nothing_is_built_on_candidates_or_outputs() -> None:
    """Expanders see each text once, of what is original, verified or preferred, and nothing that a system wrote."""
    there = item(
        "a", "A ", " ", Reference("b", "verified"), Reference("c", "preferred"), Reference("d", "inferred"),
        Reference("e", "unverified"), Reference("f", "verified", "output:s"),
    )  # fmt: skip
    assert [reference.text for reference in trusted(there).references] == ["a", "b", "c"]


def test_a_candidate_that_no_file_could_hold_is_refused() -> None:
    """Half a character, and evidence that is no fact."""
    with pytest.raises(InputError, match="surrogate"):
        merge(item(), [made("\ud800")], RULES)
    with pytest.raises(InputError, match="finite"):
        merge(item(), [made("a", evidence={"p": float("nan")})], RULES)


TEXTS = st.sampled_from(["a cat", "A cat", "a cat.", "1. a cat", "a dog runs", "a dog ran", "", "two dogs", "ten dogs"])
ORIGINS = st.sampled_from(["mined:x", "output:s", "paraphrase:m"])
FACTS: st.SearchStrategy[dict[str, Fact] | None] = st.none() | st.just({"p": 0.5})
REFERENCES = st.builds(Reference, TEXTS, st.sampled_from(TIERS), ORIGINS, evidence=FACTS)
CANDIDATES = st.builds(
    Candidate,
    TEXTS,
    ORIGINS,
    proposers=st.lists(st.sampled_from("pq"), unique=True).map(tuple),
    evidence=FACTS,
    tier=st.sampled_from(TIERS[1:]),
)
SOURCES = st.lists(st.lists(CANDIDATES, max_size=6), max_size=3)


@settings(max_examples=200)
@given(st.lists(REFERENCES, max_size=6), SOURCES, st.integers(1, 3), st.sampled_from([80.0, 95.0, 101.0]))
def test_expansion_changes_no_original_and_done_again_adds_nothing(
    there: list[Reference], sources: list[list[Candidate]], per_item: int, near: float
) -> None:
    """Originals stay, in their places; what joined is new; a second run with the same candidates changes nothing."""
    rules, before = Merging(near, per_item), item(*there)

    def expanded(grown: ReferenceSet) -> ReferenceSet:
        for candidates in sources:
            grown = merge(grown, candidates, rules).item
        return grown

    after = expanded(before)
    kept, new = after.references[: len(there)], after.references[len(there) :]
    for old, now in zip(there, kept, strict=True):
        assert now == old if old.tier == "original" else now.text == old.text
        assert now.origin == old.origin or (old.tier in {"inferred", "unverified"} and now.origin == "output:s")
        assert TIERS.index(now.tier) <= TIERS.index(old.tier)
    folded = [fold(reference.text) for reference in new if reference.origin != "output:s"]
    assert len(set(folded)) == len(folded)
    assert not set(folded) & {fold(reference.text) for reference in there if reference.origin != "output:s"}
    assert all(reference.tier != "original" for reference in new)
    assert expanded(after) == after
