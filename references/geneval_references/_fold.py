"""The notion of "equal text": what a copy is, what a duplicate reference is."""

from __future__ import annotations

import unicodedata


def fold(text: str) -> str:
    """The text in NFC, each run of whitespace one space, none at the ends, casefolded.

    Two texts are equal, everywhere in geneval, when they fold to the same string. Punctuation is kept: "A dog." is
    not "A dog".

    >>> fold("  A  DOG ") == fold("a dog")
    True
    """
    # ASCII is in NFC by definition, and most references are ASCII.
    normal = text if text.isascii() else unicodedata.normalize("NFC", text)
    return " ".join(normal.split()).casefold()
