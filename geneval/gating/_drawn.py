"""The log of a draw: which candidates were drawn to be judged, and with which probability."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from geneval.gating._pool import Pool, key_of
from geneval.run_directory import writing
from geneval_references import InputError, UsageError
from geneval_references.gate import draw

_OF_DRAW = ("item_limit", "item_reach", "drawn", "drawn_from", "pool")
"""What every row says of its draw, in the order of `Drawn`."""
_ERRORS = 4
"""Standard errors by which inverse probabilities may miss the number of candidates that they stand for."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """One draw.

    Attributes:
        name: of its file.
        probability: of each drawn candidate (item, folded text).
        limit: no item could have more candidates drawn than this; None where the log does not say.
        reach: no item could have drawn more weight than this; None where the log does not say.
        count: how many were drawn; None where the log does not say.
        size: from how many candidates; None where the log does not say.
        pool: hash of all candidates that were there, drawn before or not; None where the log does not say.
    """

    name: str
    probability: dict[tuple[str, str], float]
    limit: int | None
    reach: float | None
    count: int | None = None
    size: int | None = None
    pool: str | None = None


def next_rows(pool: Pool, done: set[tuple[str, str]], count: int, seed: int) -> list[dict[str, Any]]:
    """Rows to be judged: blind to origin and score, with what the gate has to know of the draw.

    Args:
        pool: of all candidates.
        done: those that are judged or drawn already.
        count: how many.
        seed: of the draw.

    Raises:
        InputError: none is left.
    """
    left = [q for q in pool.questions if key_of(q.item, q.text) not in done]
    if not left:
        raise InputError("every candidate is judged or drawn already; there is none to draw")
    sample = draw([q.item for q in left], [q.text for q in left], count, seed=seed)
    sources = {item.id: item.source for item in pool.sets}
    return [
        {
            "id": left[row].item,
            "source": sources[left[row].item],
            "references": list(left[row].references),
            "text": left[row].text,
            "verdict": None,
            "annotator": None,
            "guideline": None,
            "probability": probability,
            "item_limit": sample.limit,
            "item_reach": sample.reach,
            "drawn": len(sample.rows),
            "drawn_from": len(left),
            "pool": pool.candidates_hash,
        }
        for row, probability in zip(sample.rows, sample.probability, strict=True)
    ]


def check_drawn(one: Drawn, pool: Pool, elsewhere: int) -> None:
    """That a log is whole, of this pool, and that its probabilities can be those of a draw from it.

    Inverse probabilities sum to the number of candidates drawn from, on average (Horvitz and Thompson 1952): exactly
    where all are equal, else within sampling error, with the item as the unit.

    Args:
        one: of which all texts are candidates of the pool.
        pool: of all candidates.
        elsewhere: candidates that are judged or drawn, and not in this log; the draw may have left them out.

    Raises:
        UsageError: it is not; says what to do.
    """
    total, rows = len(pool.questions), len(one.probability)
    if one.count is not None and one.count != rows:
        raise UsageError(
            f"{one.name} has {rows} rows, and {one.count} candidates were drawn; hand in the whole log as it was written: what "
            "is not judged stays in it"
        )
    if one.pool is not None and one.pool != pool.candidates_hash:
        raise UsageError(
            f"{one.name} is the log of a draw from other candidates than these: the pool has changed since, and the draw says "
            "nothing about what is new. Give the candidates that were drawn from, or draw anew: geneval gate --next"
        )
    least, most = (total - elsewhere, total) if one.size is None else (one.size, one.size)
    if not total - elsewhere <= most <= total:
        raise UsageError(
            f"{one.name} was drawn from {most} of the {total} candidates; hand in the logs and judgements of the others, too"
        )
    weights: dict[str, float] = {}
    counts: dict[str, int] = {}
    for (item, _), probability in one.probability.items():
        weights[item] = weights.get(item, 0.0) + 1 / probability
        counts[item] = counts.get(item, 0) + 1
    found, slack = math.fsum(weights.values()), _slack(one, weights)
    if not least - slack <= found <= most + slack:
        raise UsageError(
            f"{one.name}: the inverses of its probabilities sum to {found:.6g}, and there are {most} candidates: either rows are "
            "missing, or the pool has changed since, or the probabilities are not those of the draw (n of N candidates that "
            "are drawn alike have n / N each). Hand in the whole log and the pool that was drawn from"
        )
    if one.limit is not None and max(counts.values()) > one.limit:
        raise UsageError(
            f"{one.name} has {max(counts.values())} candidates of one item; item_limit says {one.limit} at most"
        )
    if one.reach is not None and max(weights.values()) > one.reach * (1 + 1e-9):
        raise UsageError(
            f"{one.name}: inverse probabilities of one item sum to {max(weights.values()):.6g}; item_reach says {one.reach:g} at most"
        )


def _slack(one: Drawn, weights: dict[str, float]) -> float:
    """By how much the sum of inverse probabilities may miss; half a candidate is for rounding."""
    if len(set(one.probability.values())) == 1:
        return 0.5
    surest: dict[str, float] = {}
    for (item, _), probability in one.probability.items():
        surest[item] = min(surest.get(item, 1.0), probability)
    return 0.5 + _ERRORS * math.sqrt(sum(weight**2 * (1 - surest[item]) for item, weight in weights.items()))


def write_rows(rows: Sequence[dict[str, Any]], place: Path) -> None:
    """Write a log; nothing is overwritten.

    Raises:
        UsageError: something is there already.
        GenevalError: it cannot be written.
    """
    if place.exists():
        raise UsageError(f"{place} is there already; results are never overwritten: name another file")
    with writing(place), place.open("x", encoding="utf-8", newline="\n") as file:
        file.write("".join(msgspec.json.encode(row).decode() + "\n" for row in rows))


def read_drawn(path: str) -> Drawn:
    """Read a log that `--next` has written, or any JSON lines with `id`, `text` and `probability`.

    Raises:
        InputError: there is no such file, or a line is none of a log; says which.
    """
    try:
        # Texts may hold what else ends a line of Unicode, such as U+2028.
        lines = Path(path).read_bytes().decode("utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: no log of a draw can be read there ({error})") from error
    rows = [_row(line, f"{path}:{number}") for number, line in enumerate(lines, start=1) if line.strip()]
    if not rows:
        raise InputError(f"{path} has no row; the log of a draw has one a candidate")
    draws = {tuple(row[name] for name in _OF_DRAW) for row in rows}
    if len(draws) > 1:
        raise InputError(f"{path} holds several draws; give each log its own --drawn")
    probability = {key_of(row["id"], row["text"]): row["probability"] for row in rows}
    if len(probability) < len(rows):
        raise InputError(f"{path} has a candidate twice; a candidate is drawn once")
    return Drawn(Path(path).name, probability, *draws.pop())


def _row(line: str, where: str) -> dict[str, Any]:
    try:
        row = msgspec.json.decode(line)
    except msgspec.DecodeError as error:
        raise InputError(f"{where}: no JSON: {error}") from error
    if not isinstance(row, dict) or not all(isinstance(row.get(name), str) for name in ("id", "text")):
        raise InputError(f"{where}: a row of a draw has id and text, both texts")
    found = row.get("probability")
    if not isinstance(found, int | float) or isinstance(found, bool) or not 0 < found <= 1:
        raise InputError(
            f"{where}: probability is {found!r}; a number above 0, 1 at most, is due: what is never drawn "
            "cannot be spoken for"
        )
    limit, reach = row.get("item_limit"), row.get("item_reach")
    if not (limit is None or (type(limit) is int and limit > 0)):
        raise InputError(f"{where}: item_limit is {limit!r}; a whole number above 0 is due, or nothing")
    if not (reach is None or (isinstance(reach, int | float) and not isinstance(reach, bool) and reach > 0)):
        raise InputError(f"{where}: item_reach is {reach!r}; a number above 0 is due, or nothing")
    for name in ("drawn", "drawn_from"):
        if not (row.get(name) is None or (type(row[name]) is int and row[name] > 0)):
            raise InputError(f"{where}: {name} is {row[name]!r}; a whole number above 0 is due, or nothing")
    if not isinstance(row.get("pool"), str | None):
        raise InputError(f"{where}: pool is {row['pool']!r}; a text is due, or nothing")
    return dict.fromkeys(_OF_DRAW) | row
