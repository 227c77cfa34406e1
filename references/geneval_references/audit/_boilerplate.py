"""Leftovers of how a text was made: numbering, markup, prompts that were echoed, refusals, placeholders."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from geneval_references._suspicious import suspicions
from geneval_references.audit._model import Finding, Level
from geneval_references.audit._table import Table

_ECHOES = (
    ("prompt echo", r"(?:sure|certainly|of course|absolutely)[,!.]+ (?:here|i )"),
    ("prompt echo", r"here(?:'s| is| are) (?:a|an|the|some|another|\w+) (?:\w+ )?(?:paraphras|translat|summar|simplif|version|rewrit|rephras|caption|answer|response|possible)"),
    ("prompt echo", r"(?:paraphrase|translation|translated text|summary|simplified(?: sentence| version)?|caption|answer|output|response|reference|rewritten(?: sentence)?)(?: ?#?\d+)? ?:"),
    ("refusal", r"(?:i'm sorry,? (?:but )?(?:i|as)|i apologi[sz]e,? but i|as an ai\b|as a (?:large )?language model|i cannot (?:assist|help|fulfil))"),
    ("placeholder", r"(?:n/?a|none|null|nan|nil|todo|tbd|test|xxx+|lorem ipsum.*|\[?(?:removed|deleted|blank|empty|no (?:caption|answer|translation|reference))\]?|[-_.?*#\s]+)\s*[.!]?\s*\Z"),
)  # fmt: skip
_PATTERNS = tuple(
    (kind, regex.compile(rf"\A\s*[\"'\u201c\u2018*(\[]*{pattern}", regex.IGNORECASE)) for kind, pattern in _ECHOES
)

_NOTES = ("outer whitespace", "surrounding quotes")
"""Marks that change little, and may be meant."""
_ENCODING = ("control character", "replacement character")
"""Marks that `_encoding` looks at."""
_ADVICE = {
    "list numbering": "take the number off: it was the list's, not the answer's, and counts as a token in every reference",
    "html": "take the markup off, or write the characters that it stands for",
    "prompt echo": "take off what answers the person who asked, and is no part of the answer",
    "refusal": "leave the reference out: nobody answered",
    "placeholder": "leave the reference out: it stands for no answer",
    "outer whitespace": "harmless to most scorers; take it off where exact match or characters count",
    "surrounding quotes": "take them off unless the text is a quotation",
}


def boilerplate(table: Table) -> Iterator[Finding]:
    """Findings of the kinds above: plain facts. What the item's source has as well is no leftover."""
    marks = {text: frozenset(_marks(table.texts[text])) for text in table.distinct}
    for kind, advice in _ADVICE.items():
        level: Level = "note" if kind in _NOTES else "fault"
        found = [
            number
            for number, text in enumerate(table.text.tolist())
            if kind in marks[text] and not _in_source(table, number, kind)
        ]
        if found:
            yield Finding(
                kind=kind,
                level=level,
                subject="references",
                message=f"{len(found)} references: {kind}",
                advice=advice,
                rows=tuple(table.row(n) for n in found),
                count=len(found),
                of=len(table.item),
            )


def _in_source(table: Table, number: int, kind: str) -> bool:
    source = table.sets[table.item[number]].source
    return source is not None and kind in _marks(source)


def _marks(text: str) -> Iterator[str]:
    yield from (kind for kind in suspicions(text) if kind not in _ENCODING)
    for kind, pattern in _PATTERNS:
        if pattern.match(text):
            yield kind
