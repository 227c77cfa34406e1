"""Label Studio: candidates as tasks to judge, and the verdicts of an export.

A task's `data` holds the item, the text and what a judge must see; its `meta` the reference as it is, so that nothing is
lost on the way there and back. https://labelstud.io/guide/task_format
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from geneval.data._evidence import parse_references
from geneval.data._model import VERDICTS, InputFile, Judgement, Verdict
from geneval.data._problems import Fault, Problems, shown
from geneval.data._whole import read_json
from geneval_references import InputError, Reference, ReferenceSet, UsageError

GUIDELINE = "label-studio"
"""The guideline of verdicts whose task names none."""

CONFIG = """<View>
  <Header value="Is this a right answer?"/>
  <Text name="source" value="$source"/>
  <Text name="text" value="$text"/>
  <Header value="Answers that are known to be right"/>
  <Text name="references" value="$references"/>
  <Choices name="verdict" toName="text" choice="single" required="true">
    <Choice value="valid"/>
    <Choice value="partly"/>
    <Choice value="invalid"/>
    <Choice value="skip"/>
  </Choices>
</View>
"""
"""The labelling interface: paste it into the project's settings."""


@dataclass(frozen=True, slots=True)
class Task:
    """One candidate with what was said about it."""

    id: str
    reference: Reference
    judgements: tuple[Judgement, ...]


def tasks_of(sets: Sequence[ReferenceSet], tiers: Sequence[str]) -> list[dict[str, Any]]:
    """One task for each reference of these tiers; the others are shown beside it."""
    from geneval.data._write import reference_entry

    tasks = []
    for item in sets:
        known = "\n".join(r.text for r in item.references if r.tier not in tiers and r.text.strip())
        for reference in item.references:
            if reference.tier in tiers and reference.text.strip():
                data = {"item": item.id, "source": item.source or "", "text": reference.text, "references": known}
                tasks.append({"data": data, "meta": {"reference": reference_entry(reference)}})
    return tasks


def write_tasks(sets: Sequence[ReferenceSet], path: Path, tiers: Sequence[str]) -> int:
    """Writes tasks to import, and beside them the labelling interface (`.xml`).

    Returns:
        How many there are.

    Raises:
        UsageError: a place is taken, or no reference is of these tiers.
    """
    from geneval.data._write import new_file

    tasks = tasks_of(sets, tiers)
    if not tasks:
        raise UsageError(
            f"no reference is of tier {' or '.join(tiers)}, and there is nothing to judge; --tier names those to judge"
        )
    # Both are whole before either has its name.
    with new_file(path) as temporary, new_file(path.with_suffix(".xml")) as beside:
        temporary.write_bytes(msgspec.json.format(msgspec.json.encode(tasks), indent=1) + b"\n")
        beside.write_text(CONFIG, encoding="utf-8", newline="\n")
    return len(tasks)


def read_tasks(path: str) -> tuple[list[Task], InputFile]:
    """Reads an export in the format JSON.

    An annotation counts once a person; one that was cancelled is a `skip`, and a task without any is not judged yet.

    Raises:
        InputError: it is no such export, or a task is malformed; the message names the first five.
    """
    value, file = read_json(path)
    if not isinstance(value, list) or not value:
        raise InputError(f"{file.name}: got {shown(value)}; an export of Label Studio (format JSON) is a list of tasks")
    problems = Problems()
    tasks = []
    for number, task in enumerate(value, 1):
        try:
            tasks.append(_task(task))
        except (Fault, InputError) as error:
            fault = error if isinstance(error, Fault) else Fault(str(error))
            problems.add_fault(f"{file.name}: task {number}", fault)
    problems.check()
    return tasks, file


def _task(task: Any) -> Task:
    if not isinstance(task, dict) or not isinstance(task.get("data"), dict):
        raise Fault("has no data; export in the format JSON, not JSON-MIN or CSV")
    data, meta = task["data"], task.get("meta") or {}
    item, text = (data.get("item", data.get("id")), data.get("text"))
    if type(item) not in {str, int} or type(text) is not str:
        raise Fault(f"its data has {', '.join(data) or 'nothing'}; an item and a text are due")
    guideline = data.get("guideline", GUIDELINE)
    kept = parse_references([meta["reference"]])[0] if isinstance(meta.get("reference"), dict | str) else None
    if kept is not None and kept.text != text:
        raise Fault("the text of its data and that of its meta differ; export without editing either")
    origin = None if kept is None else kept.origin
    judgements = [Judgement(str(item), text, v, who, str(guideline), origin) for who, v in _verdicts(task)]
    return Task(str(item), kept or Reference(text, tier="unverified", origin=f"judged:{GUIDELINE}"), tuple(judgements))


def _verdicts(task: dict[str, Any]) -> Iterator[tuple[str, Verdict]]:
    seen: dict[str, str] = {}
    for annotation in task.get("annotations") or ():
        verdict = _verdict(annotation)
        if verdict is None:
            continue
        who = _person(annotation.get("completed_by"))
        if seen.get(who) == verdict:
            continue
        if who in seen:
            raise Fault(f"annotator {who} said both {seen[who]} and {verdict}; keep one annotation a person")
        seen[who] = verdict
        yield who, verdict


def _person(by: Any) -> str:
    """An id; exports may hold the person's whole record, of which one name is kept: the id, else email or username.

    Nobody is `unknown`: all who have no name would be one person, with one vote.
    """
    names = [by.get(name) for name in ("id", "email", "username")] if isinstance(by, dict) else [by]
    for name in names:
        if type(name) in {str, int} and name != "":
            return str(name)
    raise Fault(
        f"an annotation does not say who made it (completed_by: {shown(by)}); an id, an email or a username is due, so that "
        "votes are counted by person"
    )


def _verdict(annotation: dict[str, Any]) -> Verdict | None:
    if annotation.get("was_cancelled"):
        return "skip"
    chosen = [
        choice
        for result in annotation.get("result") or ()
        if result.get("type") == "choices" and result.get("from_name") in {"verdict", None}
        for choice in result["value"]["choices"]
    ]
    if not chosen:
        return None
    for verdict in VERDICTS:
        if len(chosen) == 1 and chosen[0].strip().casefold() == verdict:
            return verdict
    raise Fault(f"got the choice {', '.join(map(repr, chosen))}; allowed: one of {', '.join(VERDICTS)}")
