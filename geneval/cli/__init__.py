"""The command line: options in, one call, results printed."""

import io
import sys

from geneval.cli._app import app


def main() -> None:
    """Runs the command `geneval`."""
    for stream in (sys.stdout, sys.stderr):
        # Whatever the locale says: texts are in every script, and what is read and written is UTF-8 everywhere else.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8")
    app(prog_name="geneval")


__all__ = ["app", "main"]
