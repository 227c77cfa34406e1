"""Marks of references that are not what somebody meant to write: leftovers of lists, markup, broken characters."""

from __future__ import annotations

from collections.abc import Iterator

import regex

_QUOTES = ('""', "''", "\u201c\u201d", "\u2018\u2019", "\u201e\u201c", "\u00ab\u00bb", "\u300c\u300d", "\u300e\u300f")
_PATTERNS = (
    ("list numbering", regex.compile(r"\A\s*(?:\(?\d{1,3}[.)]|[-*\u2022])\s+\S")),
    ("outer whitespace", regex.compile(r"\A\s|\s\Z")),
    ("control character", regex.compile(r"(?![\t\n\r])\p{Cc}")),
    ("replacement character", regex.compile("\ufffd")),
    ("html", regex.compile(r"</?[A-Za-z][^<>]*>|&(?:#\d+|#x[0-9A-Fa-f]+|[A-Za-z]{2,8});")),
)

SUSPICIONS = ("list numbering", "surrounding quotes", *(kind for kind, _ in _PATTERNS[1:]))
"""Kinds of suspicion, in the order in which they are listed."""


def suspicions(text: str) -> Iterator[str]:
    """The kinds of suspicion (of `SUSPICIONS`) that a reference text raises; none for most texts."""
    for kind, pattern in _PATTERNS:
        if pattern.search(text):
            yield kind
    stripped = text.strip()
    if len(stripped) > 2 and stripped[0] + stripped[-1] in _QUOTES and not _closes_inside(stripped):
        yield "surrounding quotes"


def _closes_inside(quoted: str) -> bool:
    """Whether the first quotation ends before the text does: '"Yes", he said, "no"' is not quoted as a whole."""
    return quoted[-1] in quoted[1:-1]
