"""sacrebleu's `13a` and `intl`, many texts at a time.

Both are called on hundreds of thousands of texts, and most of sacrebleu's time goes into calling a handful of regular
expressions text by text. Here the rules of `13a` are looked up byte by byte in whole arrays, and each expression of
`intl` runs once over many texts, joined by a character that none of its matches can touch. The tokens stay sacrebleu's
(the tests compare them).
"""

import re
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import regex

Bytes = npt.NDArray[np.uint8]

_CHUNK = 4096
"""Texts joined for one pass: enough to make the cost of a call vanish, few enough to keep memory flat."""


def tokenize_13a(texts: Sequence[str]) -> list[str]:
    """Return what sacrebleu's `13a` makes of each text."""
    return _in_chunks(_13a_at_once, texts)


def tokenize_intl(texts: Sequence[str]) -> list[str]:
    """Return what sacrebleu's `intl` makes of each text."""
    return _in_chunks(_intl, texts)


def _in_chunks(tokenize: Callable[[Sequence[str]], list[str]], texts: Sequence[str]) -> list[str]:
    return [tokens for at in range(0, len(texts), _CHUNK) for tokens in tokenize(texts[at : at + _CHUNK])]


_SPACE, _NEWLINE, _WORD, _DIGIT, _POINT, _HYPHEN, _ALONE, _OPENS = range(8)
"""Kinds of characters; from `_ALONE` on each is always a token of its own."""


def _kind(character: str) -> int:
    if character.isspace():
        return _NEWLINE if character == "\n" else _SPACE
    if re.fullmatch(r"[!-&(-+/:-@\[-`{-~]", character):
        return _OPENS if character in "&<" else _ALONE
    special = {".": _POINT, ",": _POINT, "-": _HYPHEN} | dict.fromkeys("0123456789", _DIGIT)
    return special.get(character, _WORD)


_KINDS = bytes([_kind(chr(byte)) if byte < 128 else _WORD for byte in range(256)])

_UNEVEN = ("  ", " \n", "\n ", *filter(str.isspace, "\t\r\v\f\x1c\x1d\x1e\x1f"))
_WIDE_SPACE = re.compile(r"(?!\n)\s")


def _13a_at_once(texts: Sequence[str]) -> list[str]:
    whole = "\n".join(texts)
    if whole.count("\n") != len(texts) - 1:
        return _13a(texts)
    data = b"\n%b\n" % (whole if whole.isascii() else _WIDE_SPACE.sub(" ", whole)).encode("utf-8", "surrogatepass")
    kinds = np.frombuffer(data.translate(_KINDS), np.uint8)
    line = _split_off(data, kinds).decode("utf-8", "surrogatepass")[1:-1]
    lines = line.split("\n")
    if any(map(line.__contains__, _UNEVEN)) or line != line.strip(" "):
        lines = [" ".join(line.split()) for line in lines]
    odd = _one_by_one(kinds)
    if odd:
        for i, line in zip(odd, _13a([texts[i] for i in odd]), strict=True):
            lines[i] = line
    return lines


def _split_off(data: bytes, kinds: Bytes) -> bytes:
    """Puts spaces around every character that is a token of its own."""
    digit, word = kinds == _DIGIT, kinds > _NEWLINE
    alone = kinds >= _ALONE
    # A point or comma stays where digits are on both sides, a hyphen where none is before it.
    alone[1:-1] |= (kinds[1:-1] == _POINT) & ~(digit[:-2] & digit[2:])
    alone[1:] |= (kinds[1:] == _HYPHEN) & digit[:-1]
    gap = np.flatnonzero((alone[:-1] | alone[1:]) & word[:-1] & word[1:]) + 1
    spaced = np.full(len(data) + len(gap), ord(" "), np.uint8)
    old = np.ones(len(spaced), bool)
    old[gap + np.arange(len(gap))] = False
    spaced[old] = np.frombuffer(data, np.uint8)
    return spaced.tobytes()


def _one_by_one(kinds: Bytes) -> list[int]:
    """Lines where what a rule does depends on more than the characters on both sides: `..`, `&...;`, `<skipped>`."""
    point = kinds == _POINT
    odd = kinds == _OPENS
    odd[1:] |= point[1:] & point[:-1]
    where = np.flatnonzero(odd)
    if not len(where):
        return []
    lines: list[int] = np.unique(np.searchsorted(np.flatnonzero(kinds == _NEWLINE), where) - 1).tolist()
    return lines


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
