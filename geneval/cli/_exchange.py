"""`geneval references export` and `import`: reference sets in the forms of other tools, and back."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geneval.cli._columns import Columns, Conditions, Origins, Tiers
from geneval.cli._references import Files, Text, read
from geneval.cli._talk import plain, say

if TYPE_CHECKING:
    from geneval.data._label_studio import Task
    from geneval_references import ReferenceSet


class Form(StrEnum):
    """Forms of other tools."""

    csv = "csv"
    label_studio = "label-studio"
    datasets = "datasets"


def export(
    files: Files,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="A .jsonl (.gz, .zst), .parquet or .csv file, a .json file of tasks for Label Studio, or a folder for "
            "`datasets.load_dataset`.",
        ),
    ],
    format: Annotated[  # noqa: A002 - the option's name
        Form | None, typer.Option("--format", help="Where the name of the output does not tell.")
    ] = None,
    licence: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ORIGIN=LICENCE",
            help="For a folder's card: the licence of an origin, or of all of a kind: human=CC-BY-4.0. May be repeated.",
        ),
    ] = None,
    tier: Tiers = None,
    origin: Origins = None,
    condition: Conditions = None,
    column: Columns = None,
    text: Text = False,
) -> None:
    """Write reference sets as JSON lines, Parquet, CSV, tasks for Label Studio, or a folder with a card. Nothing is overwritten.

    For Label Studio each candidate is a task, beside the references that are known to be right; --tier says which are to be
    judged (unverified). The labelling interface is written beside it (.xml). The card of a folder lists origins, models,
    licences and agreement.
    """
    from geneval.run_directory import writing

    form = format or _told_by(output)
    licences = _licences(licence)
    if licences and form is not Form.datasets:
        from geneval_references import UsageError

        raise UsageError("--licence is for the card of a folder; name a folder with -o, or leave it out")
    judged = form is Form.label_studio
    sets = read(files, column, text, None if judged else tier, origin, condition)
    _check_place(output, form)
    if judged:
        from geneval.data._label_studio import write_tasks

        with writing(output):
            count = write_tasks(sets, output, tuple(tier or ("unverified",)))
        say(f"written: {output} ({count} tasks), {output.with_suffix('.xml')} (the labelling interface)")
        return
    if form is Form.csv:
        from geneval.data._evidence_csv import write_csv

        with writing(output):
            write_csv(sets, output)
    else:
        from geneval.data import write_references

        write_references(sets, output, licences=licences)
    say(f"written: {output} ({len(sets)} items, {sum(len(item.references) for item in sets)} references)")


def import_(
    file: Annotated[str, typer.Argument(metavar="FILE", help="What `export` wrote, judged or edited since.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="A .jsonl (.gz, .zst) or .parquet file, or a folder.")],
    format: Annotated[  # noqa: A002 - the option's name
        Form | None, typer.Option("--format", help="Where the name of the file does not tell.")
    ] = None,
    judgements: Annotated[
        Path | None,
        typer.Option(metavar="FILE.jsonl", help="Of Label Studio: also write the verdicts, a row a person and text."),
    ] = None,
) -> None:
    """Read reference sets from Label Studio (an export in the format JSON), CSV or a `datasets` folder. Nothing is overwritten.

    Verdicts become the votes of a reference; its tier stays as it is. To have valid ones verified:
    geneval expand REFERENCES --with "positives(file='export.json', format='label-studio')" -o OUT
    """
    from geneval.data import write_references
    from geneval.data._write import check_place
    from geneval_references import UsageError

    form = format or _told_by(Path(file))
    if judgements and form is not Form.label_studio:
        raise UsageError("--judgements is for exports of Label Studio; the others hold no verdicts of single people")
    check_place(output)
    if form is Form.label_studio:
        from geneval.data._label_studio import read_tasks

        tasks, _ = read_tasks(file)
        sets = _judged(tasks)
        if judgements:
            _write_judgements(tasks, judgements)
    elif form is Form.csv:
        from geneval.data._evidence_csv import read_csv

        sets, _ = read_csv(file)
    else:
        sets = read([file], None, False, None, None, None)
    write_references(sets, output)
    say(f"written: {output} ({len(sets)} items, {sum(len(item.references) for item in sets)} references)")


def _told_by(path: Path) -> Form | None:
    forms = {".csv": Form.csv, ".tsv": Form.csv, ".json": Form.label_studio, "": Form.datasets}
    return forms.get(path.suffix.lower())


def _licences(given: list[str] | None) -> dict[str, str]:
    from geneval_references import UsageError

    found = {}
    for pair in given or ():
        origin, _, licence = (part.strip() for part in pair.partition("="))
        if not (origin and licence):
            raise UsageError(f"--licence {pair!r} does not fit; write ORIGIN=LICENCE, for example human=CC-BY-4.0")
        found[origin] = licence
    return found


def _check_place(output: Path, form: Form | None) -> None:
    """Before anything is written, so that a half of two files is never left alone."""
    from geneval.data._write import check_place
    from geneval_references import InputError, UsageError

    if form not in {Form.csv, Form.label_studio}:
        check_place(output)
        return
    for place in (output, *([output.with_suffix(".xml")] if form is Form.label_studio else [])):
        if place.exists():
            raise UsageError(f"{place}: is already there; geneval overwrites nothing, choose another name")
    if not output.parent.is_dir():
        raise InputError(f"{output}: the folder {str(output.parent)!r} does not exist; make it first")


def _judged(tasks: list[Task]) -> tuple[ReferenceSet, ...]:
    """The candidates with their votes, those of one item together."""
    from collections import Counter
    from dataclasses import replace

    from geneval_references import ReferenceSet

    items: dict[str, list[Task]] = {}
    for task in tasks:
        items.setdefault(task.id, []).append(task)
    sets = []
    for id_, own in items.items():
        voted = [(task, Counter(str(one.verdict) for one in task.judgements)) for task in own]
        references = (
            replace(task.reference, votes=dict(sorted(votes.items())) or task.reference.votes) for task, votes in voted
        )
        sets.append(ReferenceSet(id_, tuple(references)))
    counted = sum(len(task.judgements) for task in tasks)
    say(f"note: {plain(f'{counted} verdicts on {sum(bool(t.judgements) for t in tasks)} of {len(tasks)} tasks')}")
    return tuple(sets)


def _write_judgements(tasks: list[Task], path: Path) -> None:
    from dataclasses import asdict

    from geneval.data._write import new_file
    from geneval.run_directory import writing
    from geneval_references import UsageError

    if path.exists():
        raise UsageError(f"{path}: is already there; geneval overwrites nothing, choose another name")
    with writing(path), new_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        for task in tasks:
            for one in task.judgements:
                row = {name: value for name, value in asdict(one).items() if value is not None}
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
