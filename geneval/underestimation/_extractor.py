"""How well content units are extracted, on samples whose labels are known: minimal pairs, and captions changed on purpose."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import regex

from geneval.data import demo_inputs, probe_pairs
from geneval.probing import wilson_interval
from geneval.underestimation._contradictions import Wrong, contradictions
from geneval.underestimation._model import Estimate
from geneval.underestimation._repairs import Difference, difference
from geneval.underestimation._units import Reader, Reading, reader
from geneval_references.gate import controls

_CLASSES: dict[str, tuple[Wrong, ...]] = {
    "number": ("number",),
    "negation": ("negation",),
    "entity": ("entity",),
    "role swap": ("roles",),
    "active/passive": ("roles",),
    "antonym": ("opposite", "negation"),
}
"""Classes of minimal pairs, and of controls made from captions, whose wrong texts contradict the references by a rule."""

_MADE = {"number swap": "number", "entity swap": "entity", "role swap": "role swap"} | {
    name: name for name in ("negation", "antonym")
}
_ADDING, _CUTTING = "added detail", "truncation"
_WORD = regex.compile(r"[a-z]{4,}")
"""Words of four letters or more stand for content words here, whatever the extractor takes for one."""


@dataclass
class Counts:
    """Of one kind: what was found rightly, wrongly, and missed; and among right texts of all sorts, how often it was found."""

    right: int = 0
    wrong: int = 0
    missed: int = 0
    alarms: int = 0
    sound: int = 0

    def row(self, kind: str, sample: str, rule: str) -> dict[str, object]:
        """As it stands in the report."""
        found, there = self.right + self.wrong, self.right + self.missed
        return {
            "kind": kind,
            "sample": sample,
            "precision": _share(self.right, found, "found"),
            "recall": _share(self.right, there, "there"),
            "false_alarms": _share(self.alarms, self.sound, "right texts"),
            "rule": rule,
        }


def _share(right: int, n: int, what: str) -> Estimate:
    if not n:
        return Estimate.none(f"none {what}", what)
    low, high = wilson_interval(right / n, n, 0.95)
    return Estimate(right / n, low, high, n, what, "share; Wilson")


@cache
def extractor_accuracy() -> dict[str, object]:
    """Precision and recall by kind, with the extractor that is installed; computed once a process."""
    one = reader()
    return {
        "reader": one.name,
        "rows": [*_of_pairs(one), *_of_captions(one)],
        "note": "the minimal pairs that ship with geneval (classes as labels), and references of the demo captions with one "
        "change made on purpose. On pairs, precision is that among the valid and invalid texts of the class, `false_alarms` the "
        "share of all valid texts, most of them in other words than their references",
    }


def _of_pairs(one: Reader) -> Iterator[dict[str, object]]:
    """A kind is found in an invalid text of its class (right), or in a valid one (wrong)."""
    counts = {name: Counts() for name in (*_CLASSES, _ADDING, _CUTTING)}
    pairs = probe_pairs()
    read = _read(one, [text for pair in pairs for text in (pair.valid, pair.invalid, *pair.references)])
    for pair in pairs:
        references = [read[text] for text in pair.references]
        alarms = _alarms(read[pair.valid], references)
        for name, count in counts.items():
            count.alarms, count.sound = count.alarms + (name in alarms), count.sound + 1
        if pair.class_ in counts:
            there = pair.class_ in _alarms(read[pair.invalid], references)
            counts[pair.class_].wrong += pair.class_ in alarms
            counts[pair.class_].right += there
            counts[pair.class_].missed += not there
    kinds = {_ADDING: "unsupported_addition", _CUTTING: "omission"}
    for name, count in counts.items():
        kind = kinds.get(name, f"distortion: {'/'.join(_CLASSES.get(name, ()))}")
        yield count.row(kind, f"minimal pairs: {name}", "found in a text or not")


def _read(one: Reader, texts: Sequence[str]) -> dict[str, Reading]:
    """All at once, each text once."""
    distinct = list(dict.fromkeys(texts))
    return dict(zip(distinct, one.read(distinct), strict=True))


def _alarms(text: Reading, references: Sequence[Reading]) -> set[str]:
    found = difference(text, references)
    kinds = {one.kind for one in found.distorted}
    names = {name for name, mine in _CLASSES.items() if kinds & set(mine)}
    names |= {_ADDING} if found.unsupported else set()
    return names | ({_CUTTING} if found.omitted else set())


def _of_captions(one: Reader) -> Iterator[dict[str, object]]:
    """One word left out, one put in, one contradiction made: found as that, and nothing else as such."""
    texts = {item.id: [r.text for r in item.references] for item in demo_inputs().items}
    words = {id_: _content(" ".join(mine)) for id_, mine in texts.items()}
    omitted, added = Counts(), Counts()
    made: list[tuple[Counts, str, str, tuple[str, Collection[str]]]] = []
    ids = list(texts)
    for number, id_ in enumerate(ids):
        text = texts[id_][0]
        other = words[ids[number - 1]]
        gone = next((w for w in _content(text) if text.lower().count(w) == 1), None)
        new = next((w for w in other if w not in words[id_]), None)
        if gone is not None:
            less = regex.sub(rf"(?i)\b{gone}\b ?", "", text, count=1)
            made.append((omitted, text, less, ("omitted", {gone})))
        if new is not None:
            made.append((added, text, f"{new} {text}", ("added", {new})))
    read = _read(one, [text for _, given, changed, _ in made for text in (given, changed)])
    for counts, given, changed, planted in made:
        _count(counts, difference(read[changed], [read[given]]), planted)
    yield omitted.row("omission", "captions: a word left out", "unit by unit")
    yield added.row("unsupported_addition", "captions: a word put in", "unit by unit")
    yield from _of_controls(one, texts)


def _content(text: str) -> list[str]:
    return list(dict.fromkeys(_WORD.findall(text.lower())))


def _count(counts: Counts, found: Difference, planted: tuple[str, Collection[str]]) -> None:
    said = {
        "omitted": {missing.word.lower() for missing in found.omitted},
        "added": {found.mine.words[at].form for at in found.unsupported},
    }
    place, gold = planted
    counts.right += len(said[place] & set(gold))
    counts.missed += len(set(gold) - said[place])
    counts.wrong += sum(len(words - (set(gold) if name == place else set())) for name, words in said.items())


def _of_controls(one: Reader, texts: dict[str, list[str]]) -> Iterator[dict[str, object]]:
    """Controls of the gate, against all references of their items; references against their siblings for false alarms."""
    made = [row for row in controls(texts, most=100) if row.kind in _MADE]
    counts = {row.kind: Counts() for row in made}
    read = _read(one, [*(row.text for row in made), *(text for own in texts.values() for text in own)])
    for row in made:
        kinds = {found.kind for found in contradictions(read[row.text], [read[t] for t in texts[row.item]], ())}
        right = bool(kinds & set(_CLASSES[_MADE[row.kind]]))
        counts[row.kind].right += right
        counts[row.kind].missed += not right
    for own in texts.values():
        mine, *others = (read[text] for text in own)
        kinds = {found.kind for found in contradictions(mine, others, ())}
        for name, count in counts.items():
            found_in_right = bool(kinds & set(_CLASSES[_MADE[name]]))
            count.wrong, count.alarms = count.wrong + found_in_right, count.alarms + found_in_right
            count.sound += 1
    for name, count in counts.items():
        kind = f"distortion: {'/'.join(_CLASSES[_MADE[name]])}"
        yield count.row(kind, f"captions: {name}", "found in a text or not; a caption beside its siblings has none")
