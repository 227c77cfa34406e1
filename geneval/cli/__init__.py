"""The command line: options in, one call, results printed."""

import io
import os
import sys
from pathlib import Path
from typing import TextIO, cast

from geneval.cli._app import app


def _nothing(mode: str) -> TextIO:
    # It stays open as long as the process lives, as the stream would have.
    return cast("TextIO", Path(os.devnull).open(mode, encoding="utf-8"))


def main() -> None:
    """Runs the command `geneval`."""
    # A stream that was closed before we started is one that nobody reads, or that holds nothing.
    sys.stdin = sys.stdin or _nothing("r")
    sys.stdout = sys.stdout or _nothing("w")
    sys.stderr = sys.stderr or _nothing("w")
    for stream in (sys.stdout, sys.stderr):
        # Whatever the locale says: texts are in every script, and what is read and written is UTF-8 everywhere else.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8")
    app(prog_name="geneval")


__all__ = ["app", "main"]
