"""`geneval gate`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geneval.cli._columns import PANEL, Columns, columns
from geneval.cli._options import SHOWING, Quiet
from geneval.cli._pictures import check_place
from geneval.cli._talk import Progressing, plain, plain_json, say
from geneval_references import GateError, UsageError

if TYPE_CHECKING:
    from geneval.data import InputFile, Judgement, Preference
    from geneval.gating import Drawn, Pool, Result

_HOW = "How"


class GateFormat(StrEnum):
    """How the card is printed."""

    table = "table"
    json = "json"
    markdown = "markdown"


def gate(
    candidates: Annotated[
        list[str],
        typer.Argument(
            metavar="CANDIDATES...",
            help="Reference sets; those of the tier unverified are the candidates (geneval expand writes such files).",
        ),
    ],
    judgements: Annotated[
        list[str] | None,
        typer.Option(
            "--judgements",
            "-j",
            metavar="FILE",
            help="Verdicts: rows of id, text, verdict (valid, partly, invalid, skip), annotator, guideline. May be repeated.",
            rich_help_panel=PANEL,
        ),
    ] = None,
    drawn: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="The log of a draw, as --next writes it: which candidates were drawn, with which probability. One a draw.",
            rich_help_panel=PANEL,
        ),
    ] = None,
    preferences: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="Choices between a candidate and an original of its item, the texts in output_a and output_b.",
            rich_help_panel=PANEL,
        ),
    ] = None,
    column: Columns = None,
    precision: Annotated[float, typer.Option(help="To certify, between 0 and 1.", rich_help_panel=_HOW)] = 0.9,
    confidence: Annotated[float, typer.Option(help="Of the certificate.", rich_help_panel=_HOW)] = 0.95,
    next_: Annotated[
        int | None,
        typer.Option(
            "--next",
            metavar="N",
            help="Draw N candidates to judge, at random with known probabilities, and do nothing else.",
            rich_help_panel=_HOW,
        ),
    ] = None,
    assume_random: Annotated[
        bool,
        typer.Option(
            "--assume-random",
            help="The judgements have no log, and every candidate had the same chance of being judged.",
            rich_help_panel=_HOW,
        ),
    ] = False,
    earlier: Annotated[
        Path | None,
        typer.Option(
            "--gate", metavar="FILE", help="Apply a gate.json as it is, in place of judgements.", rich_help_panel=_HOW
        ),
    ] = None,
    encoder: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODEL",
            help="Of embeddings that features are made of; none for none. May be repeated. Default: MiniLM and USE, as "
            "far as installed.",
            rich_help_panel=_HOW,
        ),
    ] = None,
    entailment: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="Of natural language inference, for features.", rich_help_panel=_HOW),
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FAMILY",
            help="Leave out the features of a family (n-gram, minilm, use, ...), so that its scorers can be used. May be "
            "repeated.",
            rich_help_panel=_HOW,
        ),
    ] = None,
    votes: Annotated[
        int,
        typer.Option(
            help="Verdicts that make a candidate verified if all are valid; from three raters on, the posterior of Dawid "
            "and Skene decides.",
            rich_help_panel=_HOW,
        ),
    ] = 2,
    margin: Annotated[
        float, typer.Option(help="By how much a preferred candidate may lose to originals.", rich_help_panel=_HOW)
    ] = 0.1,
    seed: Annotated[
        int,
        typer.Option(envvar="GENEVAL_SEED", help="Of draws, of the split of items, of controls.", rich_help_panel=_HOW),
    ] = 12345,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Exit with 5 where nothing is admitted as inferred.", rich_help_panel=SHOWING),
    ] = False,
    format: Annotated[  # noqa: A002 - the option's name
        GateFormat | None,
        typer.Option("--format", help="A table on a terminal, else json.", rich_help_panel=SHOWING),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="A directory for references, gate and card; with --next a .jsonl file. Never overwritten.",
            rich_help_panel=SHOWING,
        ),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Decide how far candidates may be believed, and admit those above a certified precision as inferred.

    Without judgements nothing is admitted. The card goes to stdout, talk to stderr. Exit codes: 0 ok, 1 failed, 2 usage,
    3 bad input, 5 nothing admitted with --strict, 6 something is not installed.

    Example: geneval gate candidates.jsonl --next 400 -o draw.jsonl; geneval gate candidates.jsonl --judgements judged.jsonl
    --drawn draw.jsonl --precision 0.9 -o gated
    """
    from geneval.gating import Settings, chosen_models, read_gate, run_gate, write_result

    check_place(output)
    settings = Settings(precision, confidence, seed, tuple(without or ()), votes, margin, assume_random)
    data = _Data(candidates, judgements, drawn, preferences, column, quiet=quiet)
    if next_ is not None:
        _draw(data, next_, seed, output, quiet=quiet)
        return
    kept = None if earlier is None else read_gate(earlier)
    needed = bool(judgements) or kept is not None
    models, told = chosen_models(encoder if needed else ["none"], entailment if needed else None)
    if told and not quiet:
        say(f"note: {told}")
    with Progressing(quiet=quiet) as progress:
        found = run_gate(
            data.pool.sets,
            data.judgements,
            settings,
            drawn=data.drawn,
            preferences=data.preferences,
            models=models,
            earlier=kept,
            files=data.files,
            notes=data.notes,
            watch=progress,
        )
    try:
        _show(found, format, quiet=quiet)
    finally:  # also where whoever reads has seen enough
        if output is not None:
            write_result(found, output)
            if not quiet:
                say(f"written: {output}")
    if strict and found.refusal is not None:
        raise GateError(f"nothing is admitted as inferred: {found.refusal}")


class _Data:
    """All that was handed in, read."""

    def __init__(
        self,
        candidates: list[str],
        judgements: list[str] | None,
        drawn: list[str] | None,
        preferences: list[str] | None,
        column: list[str] | None,
        *,
        quiet: bool,
    ) -> None:
        from geneval.data import read_judgements, read_preferences, read_references
        from geneval.gating import Pool, read_drawn

        sets, notes, files = read_references(candidates, columns=columns(column))
        self.pool: Pool = Pool.of(sets)
        told = [*notes]
        self.files: tuple[InputFile, ...] = files
        self.judgements: tuple[Judgement, ...] = ()
        self.preferences: tuple[Preference, ...] = ()
        if judgements:
            self.judgements, notes, files = read_judgements(judgements)
            told += notes
            self.files += files
        if preferences:
            self.preferences, notes, files = read_preferences(preferences)
            told += notes
            self.files += files
        self.drawn: list[Drawn] = [read_drawn(path) for path in drawn or ()]
        self.notes = tuple(told)
        if not quiet:
            for note in told:
                say(f"note: {plain(note)}")


def _draw(data: _Data, count: int, seed: int, output: Path | None, *, quiet: bool) -> None:
    import json

    from geneval.gating import key_of, next_rows, write_rows

    done = {key_of(one.id, one.text) for one in data.judgements}
    done |= {key for one in data.drawn for key in one.probability}
    rows = next_rows(data.pool, done, count, seed)
    if len(rows) < count and not quiet:
        say(f"warning: only {len(rows)} candidates are left to draw")
    if output is None:
        for row in rows:
            print(plain_json(json.dumps(row, ensure_ascii=False)))
        return
    if output.suffix != ".jsonl":
        raise UsageError(f"{output}: a draw is written as JSON lines; name a .jsonl file")
    write_rows(rows, output)
    if not quiet:
        say(
            f"written: {output} ({len(rows)} candidates to judge). Fill in verdict, annotator and guideline, in a copy; keep "
            "this file as the log"
        )


def _show(found: Result, form: GateFormat | None, *, quiet: bool) -> None:
    from geneval.cli._render_gate import show_card

    if not quiet:
        for note in found.notes:
            say(f"note: {plain(note)}")
        if found.refusal is not None:
            say(f"warning: nothing is admitted as inferred: {plain(found.refusal)}")
    show_card(found, None if form is None else form.value)
