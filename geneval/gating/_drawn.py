"""The log of a draw: which candidates were drawn to be judged, and with which probability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from geneval.gating._pool import Pool, key_of
from geneval.run_directory import writing
from geneval_references import InputError, UsageError
from geneval_references.gate import draw


@dataclass(frozen=True, slots=True)
class Drawn:
    """One draw.

    Attributes:
        name: of its file.
        probability: of each drawn candidate (item, folded text).
        limit: no item could have more candidates drawn than this; None where the log does not say.
        reach: no item could have drawn more weight than this; None where the log does not say.
    """

    name: str
    probability: dict[tuple[str, str], float]
    limit: int | None
    reach: float | None


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
        }
        for row, probability in zip(sample.rows, sample.probability, strict=True)
    ]


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
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: no log of a draw can be read there ({error})") from error
    rows = [_row(line, f"{path}:{number}") for number, line in enumerate(lines, start=1) if line.strip()]
    if not rows:
        raise InputError(f"{path} has no row; the log of a draw has one a candidate")
    limits, reaches = ({row[name] for row in rows} for name in ("item_limit", "item_reach"))
    if len(limits) > 1 or len(reaches) > 1:
        raise InputError(f"{path} holds several draws; give each log its own --drawn")
    probability = {key_of(row["id"], row["text"]): row["probability"] for row in rows}
    if len(probability) < len(rows):
        raise InputError(f"{path} has a candidate twice; a candidate is drawn once")
    return Drawn(Path(path).name, probability, limits.pop(), reaches.pop())


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
    if not (reach is None or (isinstance(reach, int | float) and reach > 0)):
        raise InputError(f"{where}: item_reach is {reach!r}; a number above 0 is due, or nothing")
    return {"item_limit": None, "item_reach": None, **row}
