"""What stands around a text that a model wrote, and is no part of it: numbering, quotes, an echo of the prompt."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from geneval_references._fold import fold

_NUMBER = regex.compile(r"\A(?:\(?\d{1,3}[.):]|[-*\u2022])\s+(?=\S)")
_LABEL = regex.compile(
    r"\A(?:(?:sure|certainly|of course|here (?:is|are)|here's)\b[^:\n]{0,80}:"
    r"|(?:the )?(?:paraphrase|rewording|rephrasing|rewrite|translation|answer|output|option|version|sentence|caption)"
    r"(?:d (?:text|sentence|caption))?(?: ?#?\d{1,3})?:)\s*",
    regex.IGNORECASE,
)
_QUOTES = {
    '"': '"',
    "'": "'",
    "\u201c": "\u201d",
    "\u2018": "\u2019",
    "\u201e": "\u201c",
    "\u00ab": "\u00bb",
    "\u300c": "\u300d",
    "\u300e": "\u300f",
}


def texts_of(written: str, prompt: str, parent: str) -> Iterator[str]:
    """The texts in what a model wrote after a prompt, cleaned; several, where it wrote a list.

    Args:
        written: by the model.
        prompt: what it was asked; repeated, it is stripped.
        parent: the text that was to be reworded. Where it has one line, each line that was written is a text.
    """
    written = written.strip()
    if prompt.strip() and written.startswith(prompt.strip()):
        written = written[len(prompt.strip()) :]
    for part in [written] if "\n" in parent.strip() else written.splitlines():
        cleaned = clean(part, parent)
        if cleaned and not cleaned.endswith(":"):
            yield cleaned


def clean(text: str, parent: str = "") -> str:
    """The text without numbering, labels and quotes around it, but for those that its parent has as well."""
    text, parent = text.strip(), parent.strip()
    before = None
    while before != text:
        before = text
        for mark in (_NUMBER, _LABEL):
            if not mark.match(parent):
                text = mark.sub("", text, count=1).strip()
        if _quoted(text) and not _quoted(parent):
            text = text[1:-1].strip()
    return text


def _quoted(text: str) -> bool:
    """Whether one pair of quotes stands around the whole: '"Yes", he said, "no"' is not quoted as a whole."""
    closing = _QUOTES.get(text[:1])
    return len(text) > 2 and text[-1] == closing and closing not in text[1:-1] and text[0] not in text[1:-1]


def words_of(text: str) -> str:
    """The text folded, without punctuation: what near duplicates are compared by."""
    return " ".join(regex.findall(r"[\p{L}\p{M}\p{N}]+", fold(text))) or fold(text)
