"""Counterfactual texts: an output as it would be with what it lacks, without what it adds, in the references' words.

Five repairs of valid outputs, and one of those that contradict the references. Repairs of content touch content words
(with the function words before them, unless content follows: "in the jungle", and not the article of "a big dog"), that
of length and format all other words, and only where length was wrong to begin with and is so with the content repaired:
so they do not do each other's work.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, permutations
from typing import Literal

from geneval.underestimation._contradictions import Distortion, contradictions
from geneval.underestimation._units import Reading, Word, shared
from geneval_references.gate import OPPOSITES

Repair = Literal["lexical", "omission", "supported_addition", "unsupported_addition", "distortion", "length_format"]
REPAIRS: tuple[Repair, ...] = (
    "lexical", "omission", "supported_addition", "unsupported_addition", "distortion", "length_format",
)  # fmt: skip

Piece = tuple[str, str, str | None]
"""What stands before a word, the word, its unit."""

_ENDS = (".", "!", "?", "。", "！", "？")


@dataclass(frozen=True, slots=True)
class Missing:
    """A unit to put in: its word, as a reference has it, and where."""

    unit: str
    word: str
    reference: int
    place: int


@dataclass(frozen=True)
class Difference:
    """How an output differs from its references, in content units.

    Attributes:
        mine: the output.
        theirs: references, the nearest first.
        lexical: places of words that the references say in another form, with that form.
        omitted: what most references say and the output does not.
        supported: places of words for units that the nearest reference lacks and other evidence gives.
        unsupported: places of words that nothing gives.
        distorted: contradictions.
        misshapen: whether it is longer or shorter than every reference, repaired or not, or written in another way than
            all of them.
    """

    mine: Reading
    theirs: tuple[Reading, ...]
    lexical: Mapping[int, str]
    omitted: tuple[Missing, ...]
    supported: tuple[int, ...]
    unsupported: tuple[int, ...]
    distorted: tuple[Distortion, ...]
    misshapen: bool

    @property
    def present(self) -> tuple[Repair, ...]:
        """Repairs that there is something to do for."""
        there = {
            "lexical": self.lexical,
            "omission": self.omitted,
            "supported_addition": self.supported,
            "unsupported_addition": self.unsupported,
            "distortion": [one for one in self.distorted if one.edits],
            "length_format": self.misshapen,
        }
        return tuple(repair for repair in REPAIRS if there[repair])

    def texts(self) -> dict[int, str]:
        """The text after each set of repairs; bit i of a key is repair i of `REPAIRS`."""
        out = {}
        for count in range(len(self.present) + 1):
            for chosen in combinations(self.present, count):
                out[sum(1 << REPAIRS.index(repair) for repair in chosen)] = self.repaired(chosen)
        return out

    def repaired(self, chosen: Collection[Repair]) -> str:
        """The text after some repairs."""
        if not chosen:
            return text_of(self.mine)
        pieces, tail = self.content(chosen), self.mine.tail
        if "length_format" in chosen:
            pieces, tail = _shaped(pieces, tail, self)
        return _text(pieces, tail)

    def content(self, chosen: Collection[Repair]) -> list[Piece]:
        """The words after some repairs of content."""
        words: dict[int, str] = {}
        if "distortion" in chosen:
            words |= {at: word for one in self.distorted for at, word in one.edits}
        if "lexical" in chosen:
            words |= self.lexical
        gone = self._gone({at for repair, places in self._dropped.items() if repair in chosen for at in places})
        pieces = _pieces(self.mine, words | dict.fromkeys(gone, ""))
        return _inserted(pieces, self.theirs, self.omitted) if "omission" in chosen else pieces

    def _gone(self, places: Collection[int]) -> set[int]:
        """With the function words that led to what is dropped."""
        words, out = self.mine.words, set(places)
        for at in places:
            last = next(end for end in range(at, len(words)) if end + 1 not in places)
            if not _goes_on(words, last):
                out |= set(range(_leading(words, at), at))
        return out

    @property
    def _dropped(self) -> dict[str, tuple[int, ...]]:
        return {"supported_addition": self.supported, "unsupported_addition": self.unsupported}


def text_of(reading: Reading) -> str:
    """The text as it was."""
    return "".join(word.before + word.text for word in reading.words) + reading.tail


def difference(mine: Reading, references: Sequence[Reading], support: Collection[str] = ()) -> Difference:
    """Compares an output with its references.

    Args:
        mine: the output.
        references: at least one.
        support: units that other evidence gives: other valid outputs of the item, its source.
    """
    # The nearest by content; of equally near ones the first.
    order = sorted(range(len(references)), key=lambda i: -shared(mine.units, references[i].units))
    theirs = tuple(references[i] for i in order)
    halo = frozenset().union(*(one.units for one in theirs))
    core = _core(theirs)
    distorted = tuple(contradictions(mine, theirs, support))
    told = frozenset(unit for one in distorted for unit in one.units)
    same = _alternatives(theirs)
    other_words = _other_words(mine, theirs, core, same)
    lexical = {**_other_forms(mine, theirs, told), **{mine.place[u]: word for u, (_, word) in other_words.items()}}
    answered = told | {other for other, _ in other_words.values()}
    answered |= {other for unit, other in same if unit in mine.units}
    added = [u for u in mine.units - theirs[0].units - core - told if u not in other_words]
    places = {u: [at for at, word in enumerate(mine.words) if word.unit == u] for u in added}
    given = halo | frozenset(support)
    found = Difference(
        mine,
        theirs,
        lexical,
        _omitted(mine, theirs, core, answered),
        tuple(sorted(at for u in added if u in given for at in places[u])),
        tuple(sorted(at for u in added if u not in given for at in places[u])),
        distorted,
        False,
    )
    return replace(found, misshapen=_misshapen(found))


def all_supported(found: Difference) -> Difference:
    """The same where a model says that the output follows from a reference: nothing that it adds is unsupported."""
    both = tuple(sorted((*found.supported, *found.unsupported)))
    return replace(found, supported=both, unsupported=())


def contradicted(found: Difference) -> Difference:
    """The same where a model says that the output contradicts the nearest reference."""
    said = Distortion("entailment", text_of(found.mine), text_of(found.theirs[0]), (), frozenset())
    return replace(found, distorted=(*found.distorted, said))


def _core(theirs: Sequence[Reading]) -> frozenset[str]:
    """What more than half of the references say."""
    counts = Counter(unit for one in theirs for unit in one.units)
    return frozenset(unit for unit, n in counts.items() if 2 * n > len(theirs))


def _other_forms(mine: Reading, theirs: Sequence[Reading], told: Collection[str]) -> dict[int, str]:
    """Words whose unit references have, and none of them in this form."""
    found = {}
    said = {word.form for one in theirs for word in one.words}
    for at, word in enumerate(mine.words):
        if word.unit is None or word.unit in told:
            continue
        forms = [one.words[one.place[word.unit]].text for one in theirs if word.unit in one.place]
        if forms and word.form not in said:
            found[at] = _cased(forms[0], word.text)
    return found


def _other_words(
    mine: Reading, theirs: Sequence[Reading], core: Collection[str], same: Collection[tuple[str, str]]
) -> dict[str, tuple[str, str]]:
    """Units of the output for which other references say another word in the same place: unit -> (theirs, word)."""
    found: dict[str, tuple[str, str]] = {}
    wanted = [u for u in (*theirs[0].place, *sorted(core)) if u not in mine.units]
    for unit in mine.place:
        if unit in theirs[0].units or unit in core:
            continue
        for other in wanted:
            if (unit, other) in same and other not in {taken for taken, _ in found.values()}:
                holder = next(one for one in theirs if other in one.place)
                found[unit] = (other, holder.words[holder.place[other]].text)
                break
    return found


def _alternatives(theirs: Sequence[Reading]) -> set[tuple[str, str]]:
    """Units that two references say in the same place, between the same two words, and neither says both."""
    slots: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for number, one in enumerate(theirs):
        forms = ["", *(word.form for word in one.words), ""]
        for at, word in enumerate(one.words):
            if word.unit is not None and word.kind == "lemma":
                slots.setdefault((forms[at], forms[at + 2]), []).append((word.unit, number))
    found = set()
    for said in slots.values():
        for (unit, mine), (other, yours) in permutations(said, 2):
            apart = other not in theirs[mine].units and unit not in theirs[yours].units
            if unit != other and apart and other not in OPPOSITES.get(unit, ()):
                found.add((unit, other))
    return found


def _omitted(
    mine: Reading, theirs: Sequence[Reading], core: Collection[str], answered: Collection[str]
) -> tuple[Missing, ...]:
    """What most references say; and, of an output that says less than any reference, what the nearest says beyond."""
    lacking = [u for u in sorted(core) if u not in mine.units and u not in answered]
    least = min(len(one.units) for one in theirs)
    more = [u for u in theirs[0].place if u not in mine.units and u not in answered and u not in lacking]
    wanted = [*lacking, *more[: max(least - len(mine.units) - len(lacking), 0)]]
    found = []
    for unit in wanted:
        number, holder = next((i, one) for i, one in enumerate(theirs) if unit in one.place)
        at = holder.place[unit]
        found.append(Missing(unit, holder.words[at].text, number, at))
    return tuple(sorted(found, key=lambda one: (one.reference, one.place)))


def _cased(word: str, like: str) -> str:
    return word[:1].upper() + word[1:] if like[:1].isupper() else word


def _pieces(mine: Reading, changed: Mapping[int, str]) -> list[Piece]:
    """The words, some of them changed; "" drops one, and the space before it."""
    out: list[Piece] = []
    for at, word in enumerate(mine.words):
        text = changed.get(at, word.text)
        before = word.before if text or word.before.strip() else ""
        if not out:
            before = before.lstrip()
        if text or before:
            out.append((before, text, word.unit if text else None))
    return out


def _inserted(pieces: list[Piece], theirs: Sequence[Reading], missing: Sequence[Missing]) -> list[Piece]:
    """Each word before the one that it is a part of, else behind the content that stands before it in its reference."""
    out = list(pieces)
    for one in missing:
        words = theirs[one.reference].words
        onward = words[one.place + 1].unit if _goes_on(words, one.place) else None
        whole = next((at for at, (_, _, unit) in enumerate(out) if unit == onward), None) if onward else None
        first = one.place if onward else _leading(words, one.place)
        content = [(word.form, word.unit) for word in words[:first] if word.unit is not None]
        at = _behind(out, content) if whole is None else whole
        for step, word in enumerate(words[first : one.place + 1]):
            _put(out, at + step, word.text, word.unit)
    return out


def _goes_on(words: Sequence[Word], place: int) -> bool:
    """Whether content follows a word, without a mark in between: it is a part of that."""
    return place + 1 < len(words) and words[place + 1].unit is not None and not words[place + 1].before.strip()


def _leading(words: Sequence[Word], place: int) -> int:
    """Where the function words begin that lead to a word."""
    first = place
    while first > 0 and words[first - 1].unit is None and not words[first].before.strip():
        first -= 1
    return first


def _behind(pieces: Sequence[Piece], before: Sequence[tuple[str, str | None]]) -> int:
    """The place behind the last of these words that the text has; its beginning where it has none."""
    for form, unit in reversed(before):
        for at in range(len(pieces) - 1, -1, -1):
            if pieces[at][1].casefold() == form or (unit is not None and pieces[at][2] == unit):
                return at + 1
    return 0


def _put(pieces: list[Piece], at: int, word: str, unit: str | None) -> None:
    # Scripts without spaces stay without.
    gap = "" if len(pieces) > 1 and not any(before for before, _, _ in pieces[1:]) else " "
    if at == 0 and pieces:
        first = pieces[0]
        pieces[0] = (first[0] or gap, first[1], first[2])
    pieces.insert(at, (gap if at else "", word, unit))


def _misshapen(found: Difference) -> bool:
    pieces, tail = found.content(REPAIRS), found.mine.tail
    return _text(*_shaped(pieces, tail, found)) != _text(pieces, tail)


def _text(pieces: Sequence[Piece], tail: str) -> str:
    return "".join(before + word for before, word, _ in pieces) + (tail if pieces else tail.lstrip())


def _shaped(pieces: list[Piece], tail: str, found: Difference) -> tuple[list[Piece], str]:
    """As long as some reference, by words that say nothing new, and with a mark and a capital where references have them."""
    theirs, given = found.theirs, len(found.mine.words)
    sizes = [len(one.words) for one in theirs]
    out = pieces
    if given > max(sizes):
        out = _cut(pieces, max(sizes))
    elif given < min(sizes):
        out = _padded(pieces, theirs[0], min(sizes))
    shouting = sum(w.isupper() for _, w, _ in out) > len(out) / 2 and any(len(w) > 1 for _, w, _ in out)
    if shouting and not any(text_of(one).isupper() for one in theirs):
        out = [(before, word.lower(), unit) for before, word, unit in out]
    return _capital(out, theirs), _end(tail, theirs)


def _cut(pieces: list[Piece], most: int) -> list[Piece]:
    """Drops function words and what is said twice, the last first."""
    seen: set[str] = set()
    idle = []
    for at, (_, word, unit) in enumerate(pieces):
        if word and (unit is None or unit in seen):
            idle.append(at)
        if unit is not None:
            seen.add(unit)
    many = max(sum(bool(word) for _, word, _ in pieces) - most, 0)
    gone = set(idle[::-1][:many])
    kept = [piece for at, piece in enumerate(pieces) if at not in gone]
    return [(before.lstrip() if at == 0 else before, word, unit) for at, (before, word, unit) in enumerate(kept)]


def _padded(pieces: list[Piece], nearest: Reading, least: int) -> list[Piece]:
    """Puts in function words of the nearest reference that the text lacks, in order."""
    out = list(pieces)
    have = Counter(word.casefold() for _, word, _ in out)
    for at, word in enumerate(nearest.words):
        if len(out) >= least:
            break
        if word.unit is None and not have[word.form]:
            before = [(one.form, one.unit) for one in nearest.words[:at]]
            _put(out, _behind(out, before), word.text, None)
        elif word.unit is None:
            have[word.form] -= 1
    return out


def _capital(pieces: list[Piece], theirs: Sequence[Reading]) -> list[Piece]:
    """The first letter large or small, where all references have it so."""
    firsts = [one.words[0].text[:1] for one in theirs if one.words]
    if not pieces or not firsts:
        return pieces
    before, word, unit = pieces[0]
    if word[:1].islower() and all(first.isupper() for first in firsts):
        word = word[:1].upper() + word[1:]
    elif word[:1].isupper() and not word[1:2].isupper() and all(first.islower() for first in firsts):
        word = word[:1].lower() + word[1:]
    return [(before, word, unit), *pieces[1:]]


def _end(tail: str, theirs: Sequence[Reading]) -> str:
    """With a mark at the end, or without, where all references have it so."""
    ended = [one.tail.rstrip().endswith(_ENDS) for one in theirs]
    mine = tail.rstrip().endswith(_ENDS)
    if all(ended) and not mine:
        return tail.rstrip() + theirs[0].tail
    return tail.rstrip().rstrip("".join(_ENDS)).rstrip() if mine and not any(ended) else tail
