"""Options of the commands that run models or read data sets: what they may use of this machine, and of the network."""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from enum import StrEnum
from typing import Annotated, Any, get_type_hints

import typer

from geneval.cli._talk import say

MACHINE = "Machine"


class PrecisionChoice(StrEnum):
    """Of a model's arithmetic."""

    float32 = "float32"
    bfloat16 = "bfloat16"
    float16 = "float16"


_OFFLINE = {
    "offline": (
        Annotated[
            bool,
            typer.Option(
                "--offline", help="Never touch the network: what is not here, is missing.", rich_help_panel=MACHINE
            ),
        ],
        False,
    ),
}
_MODELS = {
    "device": (
        Annotated[
            str | None,
            typer.Option(
                metavar="DEVICE",
                envvar="GENEVAL_DEVICE",
                help="Where models run: cpu, cuda, cuda:1, mps; the best there is by default.",
                rich_help_panel=MACHINE,
            ),
        ],
        None,
    ),
    "precision": (
        Annotated[
            PrecisionChoice,
            typer.Option(
                envvar="GENEVAL_PRECISION",
                help="Of encoders. Half precision is faster on a GPU, and other numbers.",
                rich_help_panel=MACHINE,
            ),
        ],
        PrecisionChoice.float32,
    ),
    "no_cache": (
        Annotated[
            bool,
            typer.Option(
                "--no-cache",
                help="Encode every text anew, and keep no vectors (geneval cache).",
                rich_help_panel=MACHINE,
            ),
        ],
        False,
    ),
} | _OFFLINE

Command = Callable[..., None]


def runs_models(command: Command) -> Command:
    """Gives a command `--device`, `--precision`, `--no-cache` and `--offline`, and has it run under them.

    An option that the command has under the same name is its own: `GENEVAL_PRECISION` is then left to say the other.
    """
    own = inspect.signature(command).parameters
    return _with_options(command, {name: option for name, option in _MODELS.items() if name not in own})


def reads_data(command: Command) -> Command:
    """Gives a command `--offline`, and has it run under it."""
    return _with_options(command, _OFFLINE)


def _with_options(command: Command, options: dict[str, tuple[Any, Any]]) -> Command:
    @functools.wraps(command)
    def run(**given: Any) -> None:
        chosen = {name: given.pop(name) for name in options}
        with ExitStack() as stack:
            stack.enter_context(_talk_of_libraries(quiet=bool(given.get("quiet"))))
            if chosen.pop("offline"):
                from geneval.offline import offline

                stack.enter_context(offline())
            if chosen:
                stack.enter_context(_machine(**chosen))
            command(**given)

    # What typer reads.
    hints, signature = get_type_hints(command, include_extras=True), inspect.signature(command)
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hint)
        for name, (hint, default) in options.items()
    ]
    own = [p.replace(annotation=hints.get(p.name, p.annotation)) for p in signature.parameters.values()]
    run.__signature__ = signature.replace(parameters=[*own, *added])  # type: ignore[attr-defined] # functions have it
    run.__annotations__ = hints | {name: hint for name, (hint, _) in options.items()}
    return run


@contextmanager
def _machine(*, device: str | None, no_cache: bool, precision: PrecisionChoice | None = None) -> Iterator[None]:
    from geneval_scorers.embedding import Machine, using

    kept = Machine.of_environment()
    exact = kept.precision if precision is None else precision.value
    chosen = replace(kept, device=device, precision=exact, cache=None if no_cache else kept.cache)
    with using(chosen):
        yield


class _Said(logging.Handler):
    """Says what the packages below have to tell."""

    def emit(self, record: logging.LogRecord) -> None:
        kind = "warning" if record.levelno >= logging.WARNING else "note"
        say(f"{kind}: {record.getMessage()}")


@contextmanager
def _talk_of_libraries(*, quiet: bool) -> Iterator[None]:
    logger, handler = logging.getLogger("geneval_scorers"), logging.NullHandler() if quiet else _Said()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
