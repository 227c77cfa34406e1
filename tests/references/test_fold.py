"""What counts as equal text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geneval_references import fold


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("A dog.", "a dog."),
        ("  a\t dog \n", "a dog"),
        ("a\u00a0dog", "a dog"),
        ("a\u2028dog", "a dog"),
        ("Straße", "strasse"),
        ("cafe\u0301", "caf\u00e9"),
        ("ΟΔΟΣ", "οδοσ"),
        ("", ""),
        (" \n", ""),
        ("犬", "犬"),
    ],
)
def test_fold(text, folded):
    """NFC, whitespace collapsed and stripped, casefold."""
    assert fold(text) == folded


@pytest.mark.parametrize(("one", "other"), [("a dog", "a dog."), ("a dog", "adog"), ("ﬁ", "fa"), ("é", "e")])
def test_unequal(one, other):
    """Punctuation, word boundaries and accents make a difference."""
    assert fold(one) != fold(other)


@given(st.text())
def test_idempotent(text):
    """What is folded stays as it is."""
    assert fold(fold(text)) == fold(text)


@given(st.text(alphabet=st.characters(codec="ascii")))
def test_ascii_path(text):
    """The short way for ASCII gives what the long way gives."""
    assert fold(text + "é") == fold(text + "é ") and fold(text) == " ".join(text.split()).casefold()
