"""Damage that single texts show: encodings, ends, leftovers, languages; and what only looks like it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from geneval_references import Reference, ReferenceSet
from geneval_references.audit import audit
from geneval_references.audit._encoding import is_lossy, repair
from geneval_references.audit._truncation import limit

MEANT = [
    "café",
    "it’s",
    "“quote”",
    "Größe",
    "naïve – yes",
    "Привет мир",
    "Ελλάδα",
    "Świętość",
    "你好,世界和平",
    "😀 smile",
]


@pytest.mark.parametrize("text", MEANT)
@pytest.mark.parametrize("codec", ["latin-1", "cp1252"])
def test_utf8_read_as_western_is_read_back(text, codec):
    damaged = text.encode().decode(codec, "replace")
    if "\ufffd" in damaged:
        assert is_lossy(damaged)
    else:
        assert repair(damaged) == text


@pytest.mark.parametrize(
    ("codec", "text"),
    [
        ("cp1250", "café"),
        ("cp437", "it’s"),
        ("mac_roman", "naïve – yes"),
        ("cp850", "señor"),
        ("cp1251", "Привет мир"),
        ("koi8_r", "Ελλάδα και Κύπρος"),
        ("gbk", "你好,世界和平"),
    ],
)
def test_other_encodings_are_read_back(codec, text):
    assert repair(text.encode().decode(codec)) == text


@pytest.mark.parametrize(
    "text",
    [
        *MEANT,
        "« café » : “Élan” à l’œuvre « CAFÉ »",
        "é\u00a0» x, à\u00a0»",
        "«NÃO É MAÇÃ»",
        "Гёте и Её Величество",
        "MĂŞTI ŞI FĂRĂ",
        "„Größe“ – ‚Äpfel‘ ÄÖÜ“",
        "联通",
        "안녕하세요 세계",
        "मस्ते दुनिया",
        "Straße 5°–7° ½ £3 ©2020 ®",
        "see http://x.y/a?bc=d",
        "Really? Yes.",
        "tab\tand\nline",
    ],
)
def test_what_people_write_is_left_alone(text):
    assert repair(text) is None
    assert not is_lossy(text)


@pytest.mark.parametrize("text", ["caf\ufffd", "na?ve", "a\x00b", "???ello"])
def test_lost_characters(text):
    assert is_lossy(text)


# Text, and the kinds that it is said to be.
LEFTOVERS = [
    ("1. A dog runs.", {"list numbering"}),
    ("Sure! Here is a paraphrase of it", {"prompt echo"}),
    ("Here's another version: a dog", {"prompt echo"}),
    ("Translation: a dog", {"prompt echo"}),
    ("As an AI language model, I cannot", {"refusal"}),
    ("N/A", {"placeholder"}),
    ("[deleted]", {"placeholder"}),
    ("a <b>dog</b>", {"html"}),
    ('"a dog"', {"surrounding quotes"}),
    (" a dog", {"outer whitespace"}),
    ("A dog and a cat,", {"truncated"}),
    ("A dog next to the", {"truncated"}),
    ("He lives here (", {"truncated"}),
    ("Here is a dog.", set()),
    ("Here are two dogs and a summer house.", set()),
    ("Nothing", set()),
    ("No caption is on the screen.", set()),
    ("Test results are in.", set()),
    ("What are you looking at", set()),
    ("Sorry, I am late.", set()),
    ("Rich in vitamin A", set()),
    ("Sure enough, it rains.", set()),
    ("1.5 million people", set()),
]


@pytest.mark.parametrize(("text", "kinds"), LEFTOVERS)
def test_leftovers(text, kinds):
    found = audit([ReferenceSet("1", (Reference(text), Reference("some other text")))])
    assert {finding.kind for finding in found.findings} == kinds


def test_what_the_source_has_is_no_leftover():
    item = ReferenceSet("1", (Reference("1. Ein <b>Hund</b>,"),), source="1. A <b>dog</b>,")
    assert audit([item]).findings == ()


def test_scripts_are_compared_within_the_item(sets_of):
    sets = sets_of([["a dog", "the dog"], ["собака", "пёс"], ["a cat", "кошка", "the cat"], ["4 × 5", "twenty"]])
    (found,) = [f for f in audit(sets).findings if f.kind == "script"]
    assert [(row.id, row.reference) for row in found.rows] == [("2", 2)]


def test_a_single_reference_is_compared_with_outputs(sets_of, said):
    sets = sets_of([["你好"], ["hello"], ["good day"]])
    (found,) = [f for f in audit(sets, [said("0", "x", "hello")]).findings if f.kind == "script"]
    assert [row.id for row in found.rows] == ["0"]
    assert [f for f in audit(sets, [said("0", "x", "您好")]).findings if f.kind == "script"] == []


def test_another_language_in_the_same_script_is_found():
    words = ["the", "of", "and", "a", "to", "in", "is", "on", "with", "for"]
    things = ["".join(letters) for letters in itertools.product("abcdefg", repeat=3)]
    texts = [
        " ".join(f"{words[(n * k) % 10]} {words[(n + k) % 10]} {things[(7 * n + k) % 343]}" for k in range(4))
        for n in range(300)
    ]
    german = "der schnelle braune Fuchs springt über den faulen Hund während zwei Katzen unter dem alten Baum ruhig schlafen, bis jemand kommt und laut an die Tür klopft"
    sets = [ReferenceSet(str(n), (Reference(text),)) for n, text in enumerate(texts)]
    assert [f.kind for f in audit(sets).findings if f.kind == "language"] == []
    sets[17] = ReferenceSet("17", (Reference(german),))
    (found,) = [f for f in audit(sets).findings if f.kind == "language"]
    assert [row.id for row in found.rows] == ["17"]


def test_a_length_limit_is_where_texts_pile_up():
    draw = np.random.default_rng(0)
    alarms = sum(limit(draw.geometric(0.05, 300))[1] <= 0.05 for _ in range(100))
    assert alarms <= 11  # 5 % of 100, and three standard errors
    most, p = limit(np.minimum(draw.geometric(0.05, 2000), 60))
    assert most == 60 and p < 1e-6
    assert limit(np.full(100, 12))[1] == 1
