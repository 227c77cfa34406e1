"""Content units, contradictions, and texts as they would be repaired."""

from __future__ import annotations

import re
from importlib.util import find_spec

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geneval.underestimation._repairs import REPAIRS, difference, text_of
from geneval.underestimation._units import light_reader, reader

ALL = tuple(REPAIRS)


def compared(output, references, support=(), by=None):
    mine, *theirs = (by or reader()).read([output, *references])
    return difference(mine, theirs, support)


# Output, references, what is there to repair, and the text with all of it repaired.
REPAIRED = [
    ("A man rides elephants.", ["A man riding an elephant."] * 2, {"lexical", "length_format"}, "A man riding an elephant."),
    ("A man rides.", ["A man rides an elephant.", "A man rides an elephant slowly."], {"omission"}, "A man rides an elephant."),
    ("A big red bus in the rain.", ["A red bus.", "The red bus."], {"unsupported_addition"}, "A red bus."),
    ("A bus near a river.", ["A red bus.", "A red bus.", "A red bus near a river at dawn."], {"omission"}, "A red bus near a river."),
    ("A red bus in the rain.", ["A red bus.", "A red bus.", "Rain."], {"supported_addition"}, "A red bus."),
    ("A dog runs. A dog runs. A dog runs.", ["A dog runs."], {"length_format"}, "A dog runs."),
    ("A BIG DOG RUNS", ["A big dog runs."], {"length_format"}, "A big dog runs."),
    ("a big dog runs", ["A big dog runs."], {"length_format"}, "A big dog runs."),
    ("3 dogs run.", ["Three dogs run."], {"lexical"}, "Three dogs run."),
    ("A guy rides a bus.", ["A man rides a bus.", "A man rides a bus today.", "A guy rides a bus with her."], set(), "A guy rides a bus."),
    ("A bus passes a guy.", ["A man waits.", "A guy waits.", "A bus passes a man.", "A bus passes a man there."], {"lexical"}, "A bus passes a man."),
    ("Un perro grande.", ["Un perro pequeño.", "Un perro pequeño."], {"omission", "unsupported_addition"}, "Un perro pequeño."),
    ("一只猫在睡觉", ["一只狗在睡觉"], {"omission", "unsupported_addition"}, "一只狗在睡觉"),
]  # fmt: skip


@pytest.mark.parametrize(("output", "references", "present", "text"), REPAIRED)
def test_repairs(output, references, present, text):
    found = compared(output, references)
    assert set(found.present) == present
    assert found.repaired(ALL).lower() == text.lower()


# Kind, output, references that it contradicts.
WRONG = [
    ("number", "Four dogs run.", ["Three dogs run.", "Some dogs run."]),
    ("negation", "A dog is not running.", ["A dog is running."]),
    ("negation", "A dog is running.", ["A dog is not running.", "Two dogs are not running."]),
    ("entity", "It rains in London.", ["It rains in Paris.", "Rain falls on Paris."]),
    ("opposite", "A young man sits.", ["An old man sits."]),
    ("roles", "A dog bites a man.", ["A man bites a dog."]),
    ("roles", "A man was bitten by a dog.", ["A man bites a dog."]),
]


@pytest.mark.parametrize("by", [reader, light_reader])
@pytest.mark.parametrize(("kind", "output", "references"), WRONG)
def test_contradictions(kind, output, references, by):
    found = compared(output, references, by=by())
    # That "bitten" is of "bite" only lemmas tell.
    without_lemmas = by is light_reader or find_spec("simplemma") is None
    assert kind in {one.kind for one in found.distorted} or ("bitten" in output and without_lemmas)


# Right in other words, or said by another reference.
RIGHT = [
    ("A dog was bitten by a man.", ["A man bites a dog."]),
    ("Four dogs run.", ["Three dogs run.", "Four dogs run."]),
    ("A cat and a dog and a bird.", ["A bird and a dog and a cat."]),
    ("A dog does not run.", ["A dog runs.", "A dog does not run."]),
    ("A man in London.", ["A man in a city."]),
    ("A young man and an old man.", ["An old man and a boy."]),
]


@pytest.mark.parametrize(("output", "references"), RIGHT)
def test_no_contradiction(output, references):
    assert not compared(output, references).distorted


def test_other_evidence_supports_an_addition():
    assert compared("A red bus.", ["A bus."]).unsupported
    found = compared("A red bus.", ["A bus."], support={"red"})
    assert not found.unsupported and [found.mine.words[at].text for at in found.supported] == ["red"]
    assert not compared("It rains in London.", ["It rains in Paris."], support={"london", "London"}).distorted


WORDS = st.sampled_from(
    ["a", "the", "dog", "dogs", "two", "3", "not", "Paris", "runs", "in", "big", ",", ".", "猫", "it's", "é"]
)
TEXTS = st.lists(WORDS, min_size=1, max_size=8).map(" ".join)


@settings(max_examples=40)
@given(TEXTS, st.lists(TEXTS, min_size=1, max_size=4))
def test_no_repair_is_the_text_itself_and_every_set_of_repairs_has_a_text(output, references):
    found = compared(output, references)
    texts = found.texts()
    assert texts[0] == output == text_of(found.mine)
    assert len(texts) == 1 << len(found.present)
    assert all(not re.search(r"^\s", text) for key, text in texts.items() if key)


@settings(max_examples=40)
@given(TEXTS, st.lists(TEXTS, max_size=3))
def test_a_text_beside_itself_lacks_nothing_and_adds_nothing_unsupported(output, others):
    found = compared(output, [output, *others])
    assert (
        not found.unsupported and not found.lexical and not {one.kind for one in found.distorted} & {"number", "entity"}
    )
