"""`geneval validate`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from geneval.cli._columns import PANEL, Columns, columns
from geneval.cli._errors import EXIT_CODES
from geneval.cli._talk import Progressing, plain, plain_json, say
from geneval_references import GenevalError, InputError, UsageError

if TYPE_CHECKING:
    from geneval.data import Checked, Problem

SCHEMA = "geneval.validate/1"


class Format(StrEnum):
    """How problems are printed; `text` is about the files."""

    table = "table"
    json = "json"
    text = "text"


class Kind(StrEnum):
    """What the files hold."""

    outputs = "outputs"
    references = "references"
    preferences = "preferences"
    ratings = "ratings"
    judgements = "judgements"


def validate(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="Files as for `geneval score`: outputs, or what --kind says.")
    ],
    references: Annotated[
        list[str] | None,
        typer.Option(
            "--references",
            "-r",
            metavar="FILE",
            help="Reference sets, where the outputs' rows have none.",
            rich_help_panel=PANEL,
        ),
    ] = None,
    kind: Annotated[Kind, typer.Option(help="What the files hold.", rich_help_panel=PANEL)] = Kind.outputs,
    column: Columns = None,
    allow_missing: Annotated[
        bool,
        typer.Option(
            "--allow-missing", help="Items without references or outputs are no problem.", rich_help_panel=PANEL
        ),
    ] = False,
    format: Annotated[  # noqa: A002 - the option's name
        list[Format] | None,
        typer.Option(
            "--format",
            help="How problems are printed: lines (`table`) on a terminal, else json. `text` says that the files are "
            "plain text, as for `geneval score`.",
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors on stderr.")] = False,
) -> None:
    """List all that is wrong with files, with file, line, id and column, before they are scored.

    The checks are those of `geneval score`. Texts are not kept: files may be larger than the memory.

    Exit codes: 0 nothing is wrong, 2 usage, 3 there are problems, 6 a data set of the Hub is not there.

    Example: geneval validate A=a.jsonl B=b.jsonl -r references.jsonl
    """
    from geneval.data import validate as check

    form, text = _formats(format)
    out = _Json() if form is Format.json else _Lines()
    named = columns(column)
    try:
        with Progressing(quiet=quiet) as progress:
            found = check(
                files,
                kind=kind.value,
                references=references or (),
                columns=named,
                format="text" if text else None,
                allow_missing=allow_missing,
                told=out.problem,
                watch=progress,
            )
    except GenevalError as error:
        out.stopped(error)
        raise
    out.end(found)
    if not quiet:
        for note in found.notes:
            say(f"note: {plain(note)}")
    if found.problems:
        raise typer.Exit(EXIT_CODES[InputError])


class _Lines:
    """A line a problem, and one for the whole."""

    def problem(self, problem: Problem) -> None:
        print(plain(str(problem)))

    def stopped(self, error: GenevalError) -> None:
        """The error is told on stderr."""

    def end(self, found: Checked) -> None:
        print(f"{found.problems} problems in {plain(str(found))}" if found.problems else f"ok: {plain(str(found))}")


class _Json:
    """One JSON object, printed as it comes: problems are not kept."""

    def __init__(self) -> None:
        self._begun = False

    def problem(self, problem: Problem) -> None:
        self._next()
        print(plain_json(json.dumps(asdict(problem), ensure_ascii=False)), end="")

    def stopped(self, error: GenevalError) -> None:
        """Closes what was begun; else nothing is printed."""
        if self._begun:
            self._close({"ok": False, "error": str(error)})

    def end(self, found: Checked) -> None:
        if not self._begun:
            print(f'{{"schema": "{SCHEMA}", "problems": [', end="")
        facts = asdict(found) | {"ok": not found.problems}
        facts["n_problems"] = facts.pop("problems")
        facts["references"] = dict(zip(("minimum", "maximum"), found.references, strict=True))
        self._close(facts)

    @staticmethod
    def _close(facts: dict[str, object]) -> None:
        print(f"\n],\n{plain_json(json.dumps(facts, ensure_ascii=False))[1:]}")

    def _next(self) -> None:
        print(",\n" if self._begun else f'{{"schema": "{SCHEMA}", "problems": [\n', end="")
        self._begun = True


def _formats(given: list[Format] | None) -> tuple[Format, bool]:
    printed = [f for f in given or () if f is not Format.text]
    if len(printed) > 1:
        raise UsageError(f"--format {printed[0]} and --format {printed[1]}: problems are printed in one format")
    default = Format.table if sys.stdout.isatty() else Format.json
    return (printed[0] if printed else default), Format.text in (given or ())
