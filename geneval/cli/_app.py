"""The command `geneval` and its groups."""

from __future__ import annotations

from typing import Annotated

import typer

from geneval import __version__
from geneval.cli._agree import agree
from geneval.cli._blend import app as blend
from geneval.cli._cache import app as cache
from geneval.cli._card import card
from geneval.cli._compare import compare
from geneval.cli._demo import demo
from geneval.cli._doctor import doctor
from geneval.cli._errors import Guarded
from geneval.cli._exchange import export, import_
from geneval.cli._expand import expand
from geneval.cli._gate import gate
from geneval.cli._labels import labels
from geneval.cli._machine import reads_data, runs_models
from geneval.cli._probe import probe
from geneval.cli._rank import rank
from geneval.cli._references import app as references
from geneval.cli._report import report
from geneval.cli._retrieval import retrieval
from geneval.cli._score import score
from geneval.cli._scorers import scorers
from geneval.cli._validate import validate

app = typer.Typer(
    cls=Guarded,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Score generated text against sets of right answers, with intervals and signatures.",
    epilog="Start with: geneval demo. Then: geneval score OUTPUTS --references FILE.",
)
app.command()(runs_models(score))
app.command()(runs_models(compare))
app.command()(runs_models(probe))
app.command()(runs_models(agree))
app.command()(runs_models(gate))
app.command()(runs_models(report))
app.command()(card)
app.command()(reads_data(rank))
app.command()(runs_models(expand))
app.command()(reads_data(retrieval))
app.command()(reads_data(labels))
app.command()(reads_data(validate))
app.command()(runs_models(demo))
app.command()(scorers)
app.command()(doctor)
references.command("export")(reads_data(export))
references.command("import")(reads_data(import_))
app.add_typer(blend, name="blend")
app.add_typer(references, name="references")
app.add_typer(cache, name="cache")


def _version(value: bool) -> None:
    if value:
        typer.echo(f"geneval {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    del version, debug
