"""What people said, candidate by candidate."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from geneval.data import Judgement, Preference
from geneval.gating._model import Settings
from geneval.gating._pool import Key, Pool, key_of
from geneval_references import InputError, fold
from geneval_references.gate import Compared, Decided, Vote, compare, decide


def judged_candidates(
    pool: Pool, judgements: Sequence[Judgement], settings: Settings
) -> tuple[dict[Key, Decided], list[str]]:
    """What all verdicts on each candidate come to, and what to say of the rest.

    Raises:
        InputError: there are judgements, and none is on a candidate.
        UsageError: a person judged a candidate in two ways.
    """
    place = pool.place
    keys = [key_of(one.id, one.text) for one in judgements]
    votes = [
        Vote(place[key], _name(one.annotator), one.verdict)
        for key, one in zip(keys, judgements, strict=True)
        if key in place
    ]
    elsewhere = len(judgements) - len(votes)
    if judgements and not votes:
        first = judgements[0]
        raise InputError(
            f"none of the {len(judgements)} judgements is on a candidate, such as {first.text!r} of item {first.id!r}; ids "
            "and texts are those of the candidates file"
        )
    told = (
        [f"{elsewhere} judgements are on texts that are no candidates here; they are left aside"] if elsewhere else []
    )
    told += _alike(one.annotator for one in judgements)
    by_place = {at: key for key, at in place.items()}
    decided = {by_place[at]: one for at, one in decide(votes, least=settings.votes).items()}
    skipped = sum(one.label is None for one in decided.values())
    if skipped:
        told.append(f"{skipped} candidates were skipped by all who saw them; each counts as not valid")
    return decided, told


def compared(
    pool: Pool, preferences: Sequence[Preference], settings: Settings
) -> tuple[dict[Key, Compared], list[str]]:
    """Candidates against originals of their items, where people chose between the two.

    Rows tell texts in `output_a` and `output_b`; one of them is a candidate, the other an original of its item.

    Raises:
        InputError: there are preferences, and none is between a candidate and an original.
    """
    place = pool.place
    originals = {item.id: {fold(r.text) for r in item.references if r.tier == "original"} for item in pool.sets}
    choices: dict[Key, list[tuple[str, float]]] = {}
    for one in preferences:
        if one.winner == "skip" or one.output_a is None or one.output_b is None:
            continue
        for mine, other, won in ((one.output_a, one.output_b, "a"), (one.output_b, one.output_a, "b")):
            if key_of(one.id, mine) in place and fold(other) in originals.get(one.id, ()):
                value = 1.0 if one.winner == won else 0.5 if one.winner == "tie" else 0.0
                # All who are not named are taken for one person: nobody knows that they were several.
                choices.setdefault(key_of(one.id, mine), []).append((_name(one.annotator), value))
    if preferences and not choices:
        raise InputError(
            f"none of the {len(preferences)} preferences is between a candidate and an original of its item; the two texts "
            "are due in output_a and output_b"
        )
    found = {key: compare(said, margin=settings.margin, alpha=settings.alpha) for key, said in choices.items()}
    used = sum(map(len, choices.values()))
    aside = len(preferences) - used
    told = [f"{aside} preferences are not between a candidate and an original; they are left aside"] if aside else []
    unnamed = sum(who == "" for said in choices.values() for who, _ in said)
    if unnamed:
        told.append(f"{unnamed} preferences name no annotator; they count as those of one person")
    return found, told + _alike(one.annotator for one in preferences)


def _name(annotator: str | None) -> str:
    return (annotator or "").strip()


def _alike(annotators: Iterable[str | None]) -> list[str]:
    """What to say of names that differ in case alone."""
    written: dict[str, set[str]] = {}
    for name in {_name(one) for one in annotators}:
        written.setdefault(name.casefold(), set()).add(name)
    return [
        f"annotators {', '.join(map(repr, sorted(names)))} count as {len(names)} people; if they are one, write the name one way"
        for _, names in sorted(written.items())
        if len(names) > 1
    ]
