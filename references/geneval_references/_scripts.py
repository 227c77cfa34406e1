"""Which writing systems a text uses."""

from __future__ import annotations

from functools import cache

import regex

_NAMES = (
    "Latin",
    "Cyrillic",
    "Greek",
    "Armenian",
    "Georgian",
    "Hebrew",
    "Arabic",
    "Syriac",
    "Thaana",
    "Ethiopic",
    "Devanagari",
    "Bengali",
    "Gurmukhi",
    "Gujarati",
    "Oriya",
    "Tamil",
    "Telugu",
    "Kannada",
    "Malayalam",
    "Sinhala",
    "Thai",
    "Lao",
    "Khmer",
    "Myanmar",
    "Tibetan",
    "Mongolian",
    "Hangul",
    "Hiragana",
    "Katakana",
    "Bopomofo",
    "Han",
    "Yi",
    "Cherokee",
    "Canadian_Aboriginal",
    "Tifinagh",
    "Nko",
    "Adlam",
    "Javanese",
    "Balinese",
    "Coptic",
)
_PATTERNS = tuple((name, regex.compile(rf"\p{{Script={name}}}")) for name in _NAMES)


def scripts(text: str) -> frozenset[str]:
    """The Unicode scripts of a text's letters; `Other` for rare ones, empty for a text of digits and signs."""
    if text.isascii():
        return _of_ascii(any(map(str.isalpha, text)))
    return frozenset(script for character in set(text) if (script := _script(character)))


@cache
def _of_ascii(has_letters: bool) -> frozenset[str]:
    return frozenset({"Latin"}) if has_letters else frozenset()


@cache
def _script(character: str) -> str | None:
    for name, pattern in _PATTERNS:
        if pattern.match(character):
            return name if character.isalpha() else None
    return "Other" if character.isalpha() else None
