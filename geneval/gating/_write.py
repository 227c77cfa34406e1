"""What a run of the gate leaves: references with tiers, the gate, the card, and what people said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from geneval.data import write_references
from geneval.gating._card import markdown
from geneval.gating._model import Result
from geneval.run_directory import run_directory, writing


def write_result(result: Result, directory: str | Path) -> None:
    """Write `references.jsonl`, `gate.json`, `card.md`, `card.json` and `verdicts.jsonl`, or nothing.

    Raises:
        UsageError: the directory is there already.
        GenevalError: it cannot be written.
    """
    with run_directory(directory) as folder, writing(Path(directory)):
        write_references(result.sets, folder / "references.jsonl")
        if result.gate is not None:
            _json(folder / "gate.json", result.gate.to_dict())
        _json(folder / "card.json", result.card())
        (folder / "card.md").write_text(markdown(result), encoding="utf-8", newline="\n")
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in _verdicts(result))
        (folder / "verdicts.jsonl").write_text(lines, encoding="utf-8", newline="\n")


def _verdicts(result: Result) -> Iterator[dict[str, Any]]:
    """Of every candidate that people saw: what they said, by which rule, and who."""
    for item, text in sorted({*result.decided, *result.compared}):
        one, two = result.decided.get((item, text)), result.compared.get((item, text))
        row: dict[str, Any] = {"id": item, "text": text}
        if one is not None:
            row |= {
                "votes": dict(one.votes),
                "raters": list(one.raters),
                "label": one.label,
                "posterior": None if one.posterior is None else dict(one.posterior),
                "verified": one.verified,
                "rule": one.rule,
            }
        if two is not None:
            row["compared"] = {name: getattr(two, name) for name in two.__slots__} | {"preferred": two.preferred}
        yield row


def _json(place: Path, content: dict[str, Any]) -> None:
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    place.write_text(text + "\n", encoding="utf-8", newline="\n")
