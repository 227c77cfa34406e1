"""What a card tells of where references come from: origins, models, licences, and how far judges agreed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, repeat, zip_longest

from geneval_references import Reference, ReferenceSet, UsageError

NOT_STATED = "not stated"
_WRITERS = ("paraphrase", "back-translation")
"""Kinds of origin whose second part is the model that wrote."""
_NO_VERDICT = "skip"


def provenance(sets: Iterable[ReferenceSet], licences: Mapping[str, str]) -> str:
    """The sections of the card.

    Args:
        sets: gone through once.
        licences: of an origin (`human:refB`) or of all of a kind (`human`).

    Raises:
        UsageError: a licence is of an origin that no reference has.
    """
    origins: Counter[str] = Counter()
    models: Counter[str] = Counter()
    votes: list[Mapping[str, int]] = []
    for item in sets:
        for reference in item.references:
            origins[reference.origin] += 1
            models.update(models_of(reference))
            if sum(_cast(reference.votes).values()) > 1:
                votes.append(_cast(reference.votes))
    check_licences(licences, origins)
    listed = [(name, str(count), licence_of(name, licences)) for name, count in _frequent(origins)]
    return "\n\n".join(
        [
            "## Origins\n\n" + table(("origin", "references", "licence"), listed),
            "## Models\n\n" + _models(models),
            "## Agreement\n\n" + _agreement(votes),
            _closing(origins, licences),
        ]
    )


def licence_of(origin: str, licences: Mapping[str, str]) -> str:
    """That of the origin itself, else that of its kind."""
    return licences.get(origin, licences.get(origin.partition(":")[0], NOT_STATED))


def check_licences(licences: Mapping[str, str], origins: Iterable[str]) -> None:
    """Refuse a licence of what is not there.

    Raises:
        UsageError: as said.
    """
    known = set(chain.from_iterable((name, name.partition(":")[0]) for name in origins))
    for name in licences:
        if name not in known:
            raise UsageError(f"a licence is stated for {name!r}, but the origins are {', '.join(sorted(known))}")


def models_of(reference: Reference) -> set[str]:
    """The models that wrote it, or proposed it."""
    kind, _, name = reference.origin.partition(":")
    proposers = (one.partition(":")[2] for one in reference.proposers)
    wrote = [name] if kind in _WRITERS and name else []
    return {*wrote, *(one for one in proposers if ":" in one or "/" in one)}


def alpha(votes: Sequence[Mapping[str, int]]) -> float | None:
    """Krippendorff's alpha (nominal), from 1 down: how far verdicts on a text agree beyond what would happen by chance.

    Args:
        votes: how many people gave each verdict, one a text that two or more judged.

    Returns:
        None where there is no text, or where all verdicts are one and the same: chance explains that, too.
    """
    import evalica
    import pandas as pd

    if len({verdict for found in votes for verdict, count in found.items() if count}) < 2:
        return None
    # Who said what does not matter to alpha, only how often it was said of a text.
    rows = [list(chain.from_iterable(repeat(name, count) for name, count in sorted(found.items()))) for found in votes]
    return float(evalica.alpha(pd.DataFrame(zip_longest(*rows))).alpha)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |" for line in lines
    )


def _cast(votes: Mapping[str, int] | None) -> dict[str, int]:
    return {verdict: count for verdict, count in (votes or {}).items() if verdict != _NO_VERDICT}


def _frequent(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def _models(models: Counter[str]) -> str:
    if not models:
        return "No reference says that a model wrote or proposed it."
    return table(("model", "references"), [(name, str(count)) for name, count in _frequent(models)])


def _agreement(votes: Sequence[Mapping[str, int]]) -> str:
    if not votes:
        return "No reference has verdicts of two people or more."
    every = sum(sum(found.values()) for found in votes)
    found = alpha(votes)
    said = "all say the same, and alpha is not defined" if found is None else f"Krippendorff's alpha is {found:.3f}"
    return f"{len(votes)} references have verdicts of two people or more, {every} in all; {said}."


def _closing(origins: Iterable[str], licences: Mapping[str, str]) -> str:
    if all(licence_of(name, licences) != NOT_STATED for name in origins):
        return "Licences are those that whoever wrote this folder has stated."
    return "Licence: not stated for every origin. Whoever publishes this folder states the licences of the texts here."
