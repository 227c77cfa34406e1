"""What an output says otherwise than its references: another number, a denial, another name, an opposite, roles swapped.

Rules that would rather miss one than make one up: an output contradicts where it goes against one reference at least and
agrees with none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from geneval.underestimation._units import Reading
from geneval_references.gate import OPPOSITES

Wrong = Literal["number", "negation", "entity", "opposite", "roles", "entailment"]


@dataclass(frozen=True, slots=True)
class Distortion:
    """One contradiction.

    Attributes:
        kind: of which rule; `entailment` is a model's word.
        ours, theirs: what the output and the references say.
        edits: places of the output's words and what stands there in the references' sense; "" drops the word.
        units: that it is about; they count neither as added nor as omitted.
    """

    kind: Wrong
    ours: str
    theirs: str
    edits: tuple[tuple[int, str], ...]
    units: frozenset[str]


def contradictions(mine: Reading, theirs: Sequence[Reading], support: Collection[str]) -> list[Distortion]:
    """All that the rules find.

    Args:
        mine: the output.
        theirs: its references, the nearest first.
        support: units that other evidence gives; a name among them is no swapped one.
    """
    rules = (_numbers(mine, theirs), _denials(mine, theirs), _roles(mine, theirs), _opposites(mine, theirs, support))
    found = [one for rule in rules for one in rule]
    return [*found, *_names(mine, theirs, {*support, *(unit for one in found for unit in one.units)})]


def _numbers(mine: Reading, theirs: Sequence[Reading]) -> Iterator[Distortion]:
    """The same thing, counted differently."""
    for thing, (number, at) in mine.counted.items():
        known = [one.counted[thing] for one in theirs if thing in one.counted]
        if known and number not in {other for other, _ in known} and not any(number in one.units for one in theirs):
            nearest = next(one for one in theirs if thing in one.counted)
            word = nearest.words[nearest.counted[thing][1]].text
            units = frozenset({number, *(other for other, _ in known)})
            yield Distortion("number", mine.words[at].text, word, ((at, word),), units)


def _denials(mine: Reading, theirs: Sequence[Reading]) -> Iterator[Distortion]:
    """What one denies the other says."""
    for unit, at in mine.place.items():
        saying = [one for one in theirs if unit in one.place]
        denying = [one for one in saying if unit in one.denied]
        word = mine.words[at].text
        if unit in mine.denied and saying and not denying:
            no = mine.denied[unit][0]
            yield Distortion("negation", f"{mine.words[no].text} {word}", word, ((no, ""),), frozenset({unit}))
        elif unit not in mine.denied and denying and len(denying) == len(saying):
            yield Distortion("negation", word, f"not {word}", ((at, f"not {word}"),), frozenset({unit}))


def _roles(mine: Reading, theirs: Sequence[Reading]) -> Iterator[Distortion]:
    """Who does it to whom, turned around."""
    known = {key for one in theirs for key in one.roles}
    for (who, does, whom), (first, last) in mine.roles.items():
        if who != whom and (whom, does, who) in known and (who, does, whom) not in known:
            words = [mine.words[i].text if mine.words[i].kind == "name" else mine.words[i].form for i in (first, last)]
            ours, right = f"{who} {does} {whom}", f"{whom} {does} {who}"
            yield Distortion("roles", ours, right, ((first, words[1]), (last, words[0])), frozenset())
            return


def _opposites(mine: Reading, theirs: Sequence[Reading], support: Collection[str]) -> Iterator[Distortion]:
    """A word whose opposite the references say, and not the word."""
    own = {word.form: at for at, word in reversed([*enumerate(mine.words)])}
    said = {word.form for one in theirs for word in one.words}
    for form, at in own.items():
        word = mine.words[at]
        other = sorted(OPPOSITES.get(form, frozenset()) & said - own.keys())
        if word.unit is not None and other and form not in said and word.unit not in support:
            units = {one.unit for text in theirs for one in text.words if one.form == other[0] and one.unit}
            yield Distortion("opposite", word.text, other[0], ((at, other[0]),), frozenset({word.unit, *units}))


def _names(mine: Reading, theirs: Sequence[Reading], support: Collection[str]) -> Iterator[Distortion]:
    """A name that nobody gives, where the nearest reference has one that the output lacks."""
    forms = {word.form for one in theirs for word in one.words}
    own = {word.form for word in mine.words}
    ours = [u for u, at in mine.names.items() if mine.words[at].form not in forms and u not in support]
    missing = [u for u, at in theirs[0].names.items() if theirs[0].words[at].form not in own and u not in mine.units]
    for one, other in zip(ours, missing, strict=False):
        word = theirs[0].words[theirs[0].names[other]].text
        at = mine.names[one]
        yield Distortion("entity", mine.words[at].text, word, ((at, word),), frozenset({one, other}))
