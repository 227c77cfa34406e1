"""Errors become one line and an exit code, here and nowhere else."""

from __future__ import annotations

import os
import sys
from typing import Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from geneval.cli._talk import say
from geneval_references import (
    GateError,
    GenevalError,
    InputError,
    ItemsFailedError,
    MissingDependencyError,
    UsageError,
)

EXIT_CODES: dict[type[GenevalError], int] = {
    UsageError: 2,
    InputError: 3,
    ItemsFailedError: 4,
    GateError: 5,
    MissingDependencyError: 6,
    GenevalError: 1,
}
"""0 is success; 130 an interruption."""

INTERRUPTED = 130


class Guarded(TyperGroup):
    """A group whose commands end in an exit code, with one line on stderr that says why."""

    def invoke(self, ctx: Any) -> object:
        """Runs the command."""
        try:
            done = super().invoke(ctx)
            sys.stdout.flush()  # here, where a reader that has gone away can be met with composure
        except (typer.Exit, typer.Abort, TyperException):
            raise
        except GenevalError as error:
            if ctx.params.get("debug"):
                raise
            say("\n".join([f"error: {error}", *_notes(error)]))
            code = next(code for kind, code in EXIT_CODES.items() if isinstance(error, kind))
            raise typer.Exit(code) from error
        except KeyboardInterrupt as error:
            say("\n".join(["interrupted", *_notes(error)]))
            raise typer.Exit(INTERRUPTED) from error
        except BrokenPipeError as error:
            _drop_output()  # whoever reads our results has seen enough
            raise typer.Exit(1) from error
        except Exception as error:
            if ctx.params.get("debug"):
                raise
            told = f"error: {' '.join(f'{type(error).__name__}: {error}'.split())}"
            say("\n".join([f"{told} (unexpected; geneval --debug ... shows where)", *_notes(error)]))
            try:
                sys.stdout.flush()
            except OSError:
                _drop_output()
            raise typer.Exit(1) from error
        return done


def _drop_output() -> None:
    """What could not be printed goes nowhere, or Python would complain at exit, with a status of its own."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _notes(error: BaseException) -> list[str]:
    """What those that an error went through had to add."""
    return list(getattr(error, "__notes__", []))
