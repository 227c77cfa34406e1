"""The command line: options in, one call, results printed."""

from geneval.cli._app import app


def main() -> None:
    """Runs the command `geneval`."""
    app(prog_name="geneval")


__all__ = ["app", "main"]
