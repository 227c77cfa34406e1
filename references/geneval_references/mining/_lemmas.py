"""Labels of a text where nobody has given any: its content lemmas, or its numbers."""

from __future__ import annotations

from collections.abc import Sequence

import regex

from geneval_references._errors import MissingDependencyError, UsageError
from geneval_references._fold import fold

_WORD = regex.compile(r"\p{L}[\p{L}\p{M}'’]*")
_NUMBER = regex.compile(r"\d+(?:[.,]\d+)*")
_NUMERALS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"),
)


def lemmas(texts: Sequence[str], language: str = "en") -> list[frozenset[str]]:
    """The lemmas of each text's words, by simplemma; in English without function words (scikit-learn's list).

    Raises:
        MissingDependencyError: simplemma is not installed.
        UsageError: it does not know the language.
    """
    try:
        from simplemma import lemmatize
    except ImportError as error:
        raise MissingDependencyError("content lemmas need simplemma: pip install 'geneval-text[ling]'") from error
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    function_words = ENGLISH_STOP_WORDS if language == "en" else frozenset()
    known: dict[str, str] = {}

    def lemma(word: str) -> str:
        if word not in known:
            try:
                known[word] = lemmatize(word, lang=language).casefold()
            except ValueError as error:
                raise UsageError(f"language={language!r}: simplemma does not know it: {error}") from error
        return known[word]

    words = ([w for w in _WORD.findall(fold(text)) if w not in function_words] for text in texts)
    return [frozenset(map(lemma, found)) - function_words for found in words]


def numbers(texts: Sequence[str]) -> list[frozenset[str]]:
    """The numbers in each text: digits as they stand, without commas between thousands, and English words up to twenty."""
    return [frozenset(_numbers(fold(text))) for text in texts]


def _numbers(text: str) -> list[str]:
    digits = [regex.sub(r",(?=\d{3}(?!\d))", "", found) for found in _NUMBER.findall(text)]
    return digits + [str(_NUMERALS.index(word)) for word in _WORD.findall(text) if word in _NUMERALS]
