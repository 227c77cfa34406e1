"""sacrebleu's `13a` and `intl`, many texts at a time.

Both are called on hundreds of thousands of texts, and most of sacrebleu's time goes into calling a handful of regular
expressions text by text. Here each expression runs once over many texts, joined by a character that none of its
matches can touch, so the tokens stay sacrebleu's (the tests compare them).
"""

import re
from collections.abc import Callable, Sequence

import regex

_CHUNK = 4096
"""Texts joined for one pass: enough to make the cost of a call vanish, few enough to keep memory flat."""


def tokenize_13a(texts: Sequence[str]) -> list[str]:
    """Return what sacrebleu's `13a` makes of each text."""
    return _in_chunks(_13a, texts)


def tokenize_intl(texts: Sequence[str]) -> list[str]:
    """Return what sacrebleu's `intl` makes of each text."""
    return _in_chunks(_intl, texts)


def _in_chunks(tokenize: Callable[[Sequence[str]], list[str]], texts: Sequence[str]) -> list[str]:
    return [tokens for at in range(0, len(texts), _CHUNK) for tokens in tokenize(texts[at : at + _CHUNK])]


_RULES_13A = (
    # sacrebleu's class also holds the space, but a space set off by spaces is lost again when the line is split.
    (re.compile(r"([!-&(-+/:-@\[-`{-~])"), r" \1 "),
    (re.compile(r"([^0-9])([.,])"), r"\1 \2 "),
    (re.compile(r"([.,])([^0-9])"), r" \1 \2"),
    (re.compile(r"([0-9])(-)"), r"\1 \2 "),
)
_ENTITIES = (("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"))


def _13a(texts: Sequence[str]) -> list[str]:
    # Each text stands between spaces, as in sacrebleu. A match is one or two characters and one of them is ASCII
    # punctuation, so no match reaches over a space to the line feed between two texts.
    joined = " " + " \n ".join(map(_13a_line, texts)) + " "
    if "&" in joined:
        for entity, character in _ENTITIES:
            joined = joined.replace(entity, character)
    for rule, replacement in _RULES_13A:
        joined = rule.sub(replacement, joined)
    return [" ".join(line.split()) for line in joined.split("\n")]


def _13a_line(text: str) -> str:
    text = text.replace("<skipped>", "")
    return text.replace("-\n", "").replace("\n", " ") if "\n" in text else text


_RULES_INTL = (
    (regex.compile(r"(\P{N})(\p{P})"), r"\1 \2 "),
    (regex.compile(r"(\p{P})(\P{N})"), r" \1 \2"),
    (regex.compile(r"(\p{S})"), r" \1 "),
)
_RARE_NUMBER = "\U00010107"
"""AEGEAN NUMBER ONE. To the rules of `intl`, a number beside a text is the same as nothing beside it."""


def _intl(texts: Sequence[str]) -> list[str]:
    joined = _RARE_NUMBER.join(texts)
    alone = joined.count(_RARE_NUMBER) != len(texts) - 1  # a text holds that very number
    lines = [_apply_intl(text) for text in texts] if alone else _apply_intl(joined).split(_RARE_NUMBER)
    return [" ".join(line.split()) for line in lines]


def _apply_intl(text: str) -> str:
    for rule, replacement in _RULES_INTL:
        text = rule.sub(replacement, text)
    return text
