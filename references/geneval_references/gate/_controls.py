"""Negative controls: texts that are wrong by the way they were made, from accepted references.

A gate that admits them admits what contradicts the references. Each is made from one reference of an item by one change,
and held against all references of the item, that one included: the hardest case. English rules; a reference to which no
rule applies makes no control. The same-topic answer is the one class that may be right: its share that is admitted is told,
and it never teaches the model.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from geneval_references._fold import fold
from geneval_references.gate._units import NUMBERS, OPPOSITES, number_of, units

CONTROLS = ("negation", "number swap", "entity swap", "role swap", "antonym", "same topic")
SURE = CONTROLS[:-1]
"""Classes that are wrong by construction."""

_AUXILIARY = re.compile(r"\b(is|are|was|were|has|have|can|will|does|do|did|should|would|could)\b", re.IGNORECASE)
_PARTICIPLE = re.compile(r"\b(\w{2,}ing)\b")
_WORD = re.compile(r"[^\W_]+")
_NOUN = r"(?!(?:in|on|of|at|to|with|by|is|are|and|or|that|who|which|up|down|rest|sits?|stands?)\b)(?!\w+ing\b)[^\W\d_]+"
_SIDE = rf"(?:(?:an?|the|two|three|four|some) (?:{_NOUN} )?{_NOUN}|[A-Z]\w+)"
_AFTER = (
    r"(?=\s*[.,]?\s*$|\s*,|\s(?:in|on|at|with|while|by|near|down|through|along|next|outside|over|around|across|and)\b)"
)
_LINK = re.compile(
    rf"^(?P<left>(?i:{_SIDE})) (?P<link>(?:is |are )?(?:riding|holding|chasing|watching|feeding|carrying|pulling|leading|"
    r"following|hitting|kicking|behind|above|below|under|beneath|on top of|inside|beats|beat|defeats|defeated|leads|led|"
    rf"sued|bought|praised|accused)) (?P<right>{_SIDE})(?P<rest>{_AFTER}.*)$"
)
_KINDS: tuple[tuple[str, ...], ...] = (
    ("dog", "cat", "horse", "cow", "sheep", "elephant", "giraffe", "zebra", "bear", "bird"),
    ("dogs", "cats", "horses", "cows", "sheep", "elephants", "giraffes", "zebras", "bears", "birds"),
    ("car", "bus", "train", "truck", "boat", "airplane", "plane", "motorcycle", "bicycle", "bike"),
    ("pizza", "sandwich", "cake", "salad", "soup", "banana", "apple", "donut"),
    ("kitchen", "bathroom", "bedroom", "office", "street", "beach", "field", "forest"),
    ("tennis", "baseball", "soccer", "frisbee", "basketball"),
    ("table", "chair", "bed", "couch", "bench", "desk"),
    ("man", "woman", "boy", "girl"),
    ("men", "women", "boys", "girls"),
)
_ENTITIES = {word: kind for kind in _KINDS for word in kind}


@dataclass(frozen=True, slots=True)
class Control:
    """A text that should be rejected.

    Attributes:
        kind: its class.
        item: whose references it is held against.
        text: itself.
        base: the text that it was made from.
    """

    kind: str
    item: str
    text: str
    base: str


def controls(references: Mapping[str, Sequence[str]], *, most: int = 200, seed: int = 0) -> tuple[Control, ...]:
    """Make controls, at most one of a class an item.

    Args:
        references: accepted references of each item.
        most: of each class.
        seed: decides which items, and which reference of an item comes first.
    """
    names = Counter(name for texts in references.values() for text in texts for name in units(text).names)
    rules: dict[str, Callable[[str], str | None]] = {
        "negation": _negated,
        "number swap": _other_number,
        "entity swap": lambda text: _other_entity(text, names),
        "role swap": _roles_swapped,
        "antonym": _opposite,
    }
    made: list[Control] = []
    for kind, rule in rules.items():
        made += _some(kind, references, rule, most, seed)
    return (*made, *_same_topic(references, most, seed))


def _some(
    kind: str, references: Mapping[str, Sequence[str]], rule: Callable[[str], str | None], most: int, seed: int
) -> Iterable[Control]:
    count = 0
    for item in sorted(references, key=lambda item: _mark(seed, kind, item)):
        known = {fold(text) for text in references[item]}
        for base in sorted(references[item], key=lambda text: _mark(seed, kind, item, text)):
            text = rule(base)
            if text is not None and fold(text) not in known:
                yield Control(kind, item, text, base)
                count += 1
                break
        if count == most:
            return


def _same_topic(references: Mapping[str, Sequence[str]], most: int, seed: int) -> Iterable[Control]:
    """For an item the reference of another that shares most rare content units with its own."""
    content = {
        item: frozenset().union(*(units(t).content for t in texts)) for item, texts in references.items() if texts
    }
    holders: dict[str, list[str]] = {}
    for item, known in content.items():
        for unit in known:
            holders.setdefault(unit, []).append(item)
    for item in sorted(content, key=lambda item: _mark(seed, "same topic", item))[:most]:
        near: Counter[str] = Counter()
        for unit in content[item]:
            if len(holders[unit]) <= _COMMON:
                for other in holders[unit]:
                    near[other] += math.log(len(content) / len(holders[unit]))  # type: ignore[assignment]
        del near[item]
        if near:
            other = max(near, key=lambda name: (near[name], _mark(seed, name)))
            base = min(references[other], key=lambda text: _mark(seed, item, text))
            if fold(base) not in {fold(text) for text in references[item]}:
                yield Control("same topic", item, base, base)


_COMMON = 200
"""A unit that more items have tells no topic."""


_NOT_COUNTED = frozenset({"couple", "pair", "both", "dozen", "single", "hundred", "thousand"})
"""They stand in phrases of their own, which another number breaks."""


def _negated(text: str) -> str | None:
    if units(text).negations:
        return None
    if found := _AUXILIARY.search(text):
        return f"{text[: found.end()]} not{text[found.end() :]}"
    if found := _PARTICIPLE.search(text):
        return f"{text[: found.start()]}not {text[found.start() :]}"
    return None


def _other_number(text: str) -> str | None:
    for found in _WORD.finditer(text):
        number = number_of(found.group().lower())
        if number is not None and number.isdigit() and found.group().lower() not in _NOT_COUNTED:
            other = str(int(number) + 3)
            words = {value: word for word, value in reversed(NUMBERS.items())}
            return _put(text, found, other if found.group().isdigit() else words.get(other, other))
    return None


def _other_entity(text: str, names: Counter[str]) -> str | None:
    mine = units(text)
    for found in _WORD.finditer(text):
        word = found.group().lower()
        if word in mine.names:
            others = [name for name in names if name not in mine.words]
            if others:
                return _put(text, found, min(others, key=lambda name: _mark(0, text, name)).capitalize())
        elif word in _ENTITIES:
            others = [other for other in _ENTITIES[word] if other not in mine.words]
            return _put(text, found, min(others, key=lambda name: _mark(0, text, name)))
    return None


def _roles_swapped(text: str) -> str | None:
    found = _LINK.match(text)
    if found is None or found["left"].lower() == found["right"].lower():
        return None
    left, right = found["left"], found["right"]
    first = right[:1].upper() + right[1:] if left[:1].isupper() else right
    second = left if units(left).names and not left[1:].islower() else left[:1].lower() + left[1:]
    return f"{first} {found['link']} {second}{found['rest']}"


def _opposite(text: str) -> str | None:
    # "on", "in", "up", ... have other senses than the one that has an opposite.
    small = {
        "on",
        "off",
        "in",
        "out",
        "up",
        "down",
        "his",
        "her",
        "he",
        "she",
        "right",
        "left",
        "with",
        "before",
        "after",
    }
    for found in _WORD.finditer(text):
        word = found.group().lower()
        if word in OPPOSITES and word not in small:
            return _put(text, found, min(OPPOSITES[word]))
    return None


def _put(text: str, found: re.Match[str], word: str) -> str:
    shown = word.capitalize() if found.group()[0].isupper() else word
    return f"{text[: found.start()]}{shown}{text[found.end() :]}"


def _mark(seed: int, *words: str) -> bytes:
    return hashlib.sha256("\x1f".join([str(seed), *words]).encode("utf-8", "surrogatepass")).digest()
