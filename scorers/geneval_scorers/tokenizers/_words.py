"""The two tokenisers for measures that count words: geneval's own `unicode`, and `rouge`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import regex

_INVISIBLE = regex.compile(r"[\xad\u061c\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]+")
"""Soft hyphens, marks of direction and joiners of words: they carry no text, and would cut a word in two."""

_SPACE = r"\s\x1c-\x1f\u200b"
"""What `str.split` splits at, and the zero-width space."""

_UNSPACED = (
    r"[[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Thai}\p{scx=Lao}\p{scx=Khmer}\p{scx=Myanmar}]"
    r"&&[\p{L}\p{Nl}]]"
)
"""Letters of the scripts that are written without spaces between words."""

_WORD = r"\p{L}\p{M}\p{N}'\u2019_"
"""Letters, marks, numbers and both apostrophes. The joiners of Persian and Indic words come in between."""

_TOKEN = regex.compile(
    rf"""(?V1)
      {_UNSPACED} \p{{M}}*+
    | [[{_WORD}] -- {_UNSPACED}] [[{_WORD}\u200c\u200d] -- {_UNSPACED}]*+
    | \p{{GCB=Prepend}}                    # alone, because the grapheme it begins could hold a space
    | (?! [{_SPACE}\u200c\u200d] ) \X
    """,
    regex.VERBOSE,
)
_ASCII_PUNCTUATION = re.compile(r"([^\w\s'])", re.ASCII)


@dataclass(frozen=True)
class UnicodeTokenizer:
    """Lower-cases a text (`str.lower`, which is part of this tokeniser) and splits it into words of any script.

    A token is: one letter, with its combining marks, of Han, Hiragana, Katakana, Thai, Lao, Khmer or Myanmar, which
    write no spaces between words; else a run of letters, marks, numbers, `_` and apostrophes; else one grapheme of
    whatever is no space (punctuation, an emoji with all its parts). Marks of direction, soft hyphens and the like
    are dropped.
    """

    name: ClassVar[str] = "unicode"
    signature: ClassVar[str] = "unicode-1"

    def __call__(self, texts: Sequence[str], /) -> list[str]:
        return [_unicode_ascii(text) if text.isascii() else _unicode(text) for text in texts]


def _unicode(text: str) -> str:
    return " ".join(_TOKEN.findall(_INVISIBLE.sub("", text.lower())))


def _unicode_ascii(text: str) -> str:
    """Give the same tokens without the general pattern, which takes three times as long."""
    return " ".join(_ASCII_PUNCTUATION.sub(r" \1 ", text.lower()).split())


_NOT_ROUGE = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class RougeTokenizer:
    """Gives the tokens of rouge_score's default tokeniser without a stemmer: a text in Chinese or Arabic has none."""

    name: ClassVar[str] = "rouge"
    signature: ClassVar[str] = "rouge"

    def __call__(self, texts: Sequence[str], /) -> list[str]:
        return [_NOT_ROUGE.sub(" ", text.lower()).strip(" ") for text in texts]
