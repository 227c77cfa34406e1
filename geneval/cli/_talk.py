"""Talk on stderr: notes, warnings, progress. Results go to stdout and nowhere near here."""

from __future__ import annotations

import json
import sys
import time
import unicodedata
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_EVERY = 30.0
"""Seconds between lines of progress where there is no terminal."""


def plain(text: str, keep: str = "") -> str:
    """Text that cannot steer a terminal: control and bidirectional characters, but for `keep`, are shown as escapes."""
    return "".join(c if c in keep or unicodedata.category(c) not in {"Cc", "Cf", "Cs"} else _escape(c) for c in text)


def plain_json(text: str) -> str:
    """JSON in which such characters are escapes too: the same data, on a terminal as well."""
    return "".join(
        c if c == "\n" or unicodedata.category(c) not in {"Cc", "Cf", "Cs"} else json.dumps(c)[1:-1] for c in text
    )


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def say(text: str) -> None:
    """Prints a line on stderr."""
    print(plain(text, keep="\n"), file=sys.stderr)


class Progressing:
    """Shows how far long work is: a bar on a terminal, else a line now and then.

    Called with what is going on (after a comma, more about it), how much is done and how much there is. What is done when
    it is first called was done before, and does not count in the rate.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._bar: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._began: dict[str, tuple[float, int]] = {}
        self._last = time.monotonic()

    def __enter__(self) -> Self:
        if not self._quiet and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

            rate = TextColumn("{task.fields[rate]}", style="progress.data.speed")
            columns = [SpinnerColumn(), *Progress.get_default_columns()[:-1], rate, TimeRemainingColumn()]
            # Results printed meanwhile stand above the bar on a terminal; elsewhere they must stay on stdout.
            self._bar = Progress(
                *columns, console=Console(stderr=True), transient=True, redirect_stdout=sys.stdout.isatty()
            )
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, what: str, done: int, total: int) -> None:
        name, rate = what.partition(",")[0], self._rate(what, done)
        if self._bar is not None:
            from rich.markup import escape

            if name not in self._tasks:
                self._tasks[name] = self._bar.add_task("", total=total, rate="")
            self._bar.update(self._tasks[name], description=escape(what), completed=done, total=total, rate=rate)
        elif not self._quiet and time.monotonic() - self._last > _EVERY:
            self._last = time.monotonic()
            say(f"{what}: {done} of {total}{rate and f', {rate}'}")

    def _rate(self, what: str, done: int) -> str:
        """How fast it goes, "" where that cannot be told yet."""
        name, now = what.partition(",")[0], time.monotonic()
        since, before = self._began.setdefault(name, (now, done))
        if done < before:  # the next part of the same work
            since, before = self._began[name] = now, done
        return f"{(done - before) / (now - since):,.0f}/s" if done > before and now > since else ""
