"""Going on with an interrupted run: only where inputs, settings, scorers and versions are the same."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from geneval import blocks
from geneval.blocks import Readable
from geneval.parts import InFolder
from geneval.results import now, versions
from geneval.settings import Settings
from geneval_references import UsageError
from geneval_scorers import FitState, FunctionScorer, Scorer

_PLAN = "plan.json"
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Work:
    """Finished blocks of a run, and when it was begun."""

    parts: InFolder
    created: str


def plan(
    inputs: Readable,
    reading: Mapping[str, object],
    scorers: Sequence[Scorer],
    settings: Settings,
    fitted: Sequence[FitState],
) -> dict[str, Any]:
    """Everything that decides what is in a block.

    Args:
        inputs: with the hashes of their files.
        reading: options of reading.
        scorers: ready to be used, not fitted.
        settings: how outputs are scored.
        fitted: states that were handed in.
    """
    return {
        "inputs": {f"{number} {file.name}": file.sha256 for number, file in enumerate(inputs.files, 1)},
        "systems": list(inputs.systems),
        "reading": {name: json.loads(json.dumps(value)) for name, value in reading.items()},
        "scorers": {scorer.label: scorer.signature() for scorer in scorers},
        "order of scorers": [scorer.label for scorer in scorers],
        "settings": json.loads(json.dumps(asdict(settings))),
        "fitted": {f"{number} {state.kind}": state.hash for number, state in enumerate(fitted, 1)},
        "code": {scorer.label: code for scorer in scorers if (code := _code(scorer))},
        "versions": versions(),
        "blocks": {"characters": blocks.BLOCK, "read from files": not inputs.in_memory},
    }


def begin(folder: Path, wanted: dict[str, Any]) -> Work:
    """Finds what an interrupted run of the same plan has finished, or notes the plan of a new one.

    Raises:
        UsageError: the interrupted run was another one; the message says what differs.
    """
    place = folder / _PLAN
    found = _read(place)
    if found is None or not any(path.suffix in {".npz", ".parquet"} for path in folder.rglob("*")):
        # Blocks of nobody knows what are of no use, and where nothing was finished there is nothing to go on with.
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(exist_ok=True)
        found = {"created": now(), "plan": wanted}
        half = place.with_suffix(".tmp")
        with half.open("w", encoding="utf-8") as file:
            json.dump(found, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        half.rename(place)
    differences = list(_differences(found["plan"], wanted))
    if differences:
        more = f"\n... and {len(differences) - _SHOWN} more" if len(differences) > _SHOWN else ""
        raise UsageError(
            f"{folder.parent} holds an interrupted run that differs from this one:\n"
            + "\n".join(differences[:_SHOWN])
            + f"{more}\nGive the same command to go on, --fresh to start again, or name another directory"
        )
    return Work(InFolder(folder), found["created"])


def _code(scorer: Scorer) -> str:
    """A hash of the source of a scorer that is not geneval's: its package may change and keep its version."""
    scorer = getattr(scorer, "inner", scorer)  # one of ours may ask one of somebody else's
    written = scorer.function if isinstance(scorer, FunctionScorer) else type(scorer)
    top = str(written.__module__).partition(".")[0]
    if top == "geneval_scorers":
        return ""
    module = sys.modules.get(top)
    folders = [Path(folder) for folder in getattr(module, "__path__", ())]
    single = getattr(module, "__file__", None)
    files = [file for folder in folders for file in sorted(folder.rglob("*.py"))] or ([Path(single)] if single else [])
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode("utf-8", "surrogateescape") + b"\0" + file.read_bytes())
    return digest.hexdigest()


def _read(place: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(place.read_text(encoding="utf-8"))
        return found if isinstance(found["plan"], dict) and isinstance(found["created"], str) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _differences(before: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    told = []
    for part in dict.fromkeys([*before, *wanted]):
        old, new = before.get(part), wanted.get(part)
        if not isinstance(old, dict) or not isinstance(new, dict):
            old, new = {"": old}, {"": new}
        names = [name for name in dict.fromkeys([*old, *new]) if old.get(name) != new.get(name)]
        told += [
            f"  {part}{', ' if name else ''}{name}: {_short(old, name)}, now {_short(new, name)}" for name in names
        ]
    return told


def _short(values: dict[str, Any], name: str) -> str:
    if name not in values:
        return "not there"
    text = json.dumps(values[name], ensure_ascii=False)
    return text if len(text) <= 80 else text[:77] + "..."
