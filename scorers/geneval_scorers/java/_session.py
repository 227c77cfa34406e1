"""A Java program that answers every line with a line, started once a process and kept for the next lines."""

import atexit
import os
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from threading import Lock, Thread
from typing import IO, cast

from geneval_scorers.java._process import GRACE, TIMEOUT_VARIABLE, Child, JavaError, blocks

_LONGEST_ANSWER = 1000
"""Bytes an answer may have on average; more of them cannot be right, and must not fill the memory."""

_running: dict[tuple[int, tuple[str, ...]], "_Session"] = {}
_lock = Lock()


def ask_lines(command: Sequence[str], lines: Sequence[bytes], *, what: str, silence: float) -> list[bytes]:
    """Return the answer to each line, without its line feed.

    The program is started where it does not run yet, and ends with this process. No line is asked twice: a program that
    fails is ended, and the error tells what it said.

    Args:
        command: the program and its arguments.
        lines: none of them holds a line feed.
        what: what to call it in an error.
        silence: seconds without an answer after which it is killed.

    Raises:
        JavaError: it cannot be started, is silent for too long, ends, or does not answer line by line.
    """
    key = os.getpid(), tuple(command)  # after a fork the running program is the parent's
    with _lock:
        try:
            if key not in _running:
                _running[key] = _Session(command)
                _running[key].begin(what)
            return _running[key].ask(lines, what, silence)
        except BaseException:
            if key in _running:
                _running.pop(key).close()
            raise


@atexit.register
def end_all() -> None:
    """End the programs that this process has started."""
    for key in [key for key in _running if key[0] == os.getpid()]:
        _running.pop(key).close()


class _Session(Child):
    """A program that waits for lines; one thread writes and one reads while lines are asked, and none between."""

    def begin(self, what: str) -> None:
        """Start it."""
        if not self.start():
            raise JavaError(f"{what} could not be started: {self.failure}") from self.failure

    def ask(self, lines: Sequence[bytes], what: str, silence: float) -> list[bytes]:
        """See `ask_lines`."""
        answers = _Answers(self, len(lines))
        writer = Thread(target=self._write, args=(b"".join(line + b"\n" for line in lines),), daemon=True)
        self._threads[1:] = [answers.thread, writer]
        answers.thread.start()
        writer.start()
        in_time = answers.wait(silence)
        writer.join(timeout=GRACE if in_time else 0.0)
        problem = self._problem(answers, in_time, silence) or ("does not read all it is told" * writer.is_alive())
        if problem:
            # What it said last may still be on its way here.
            self._threads[0].join(timeout=0.0 if self.process.poll() is None else GRACE)
            raise JavaError(f"{what} {problem}, after {answers.count} of {len(lines)} answers{self.said}")
        return bytes(answers.text).split(b"\n")[:-1]

    def _problem(self, answers: "_Answers", in_time: bool, silence: float) -> str:
        if not in_time:
            return f"said nothing for {silence:g} s and was stopped ({TIMEOUT_VARIABLE} sets the limit)"
        if answers.count < answers.wanted:
            return "wrote what are no answers" if answers.overflowed else self._end()
        return "answers with more than a line a line" * (answers.count > answers.wanted or answers.text[-1:] != b"\n")

    def _end(self) -> str:
        try:
            return f"ended with exit code {self.process.wait(timeout=GRACE)}"
        except subprocess.TimeoutExpired:
            return "closed its output"

    def _write(self, data: bytes) -> None:
        with suppress(OSError):  # a program that stopped reading tells why by its end
            stdin = cast(IO[bytes], self.process.stdin)
            stdin.write(data)
            stdin.flush()


class _Answers:
    """What a program writes, until there are as many lines as wanted, or it closes its output."""

    def __init__(self, session: _Session, wanted: int) -> None:
        self.wanted, self.count = wanted, 0
        self.text = bytearray()
        self.overflowed = False
        self._session = session
        self._heard = time.monotonic()
        self.thread = Thread(target=self._read, daemon=True)

    def wait(self, silence: float) -> bool:
        """Wait until it has come to its end; False where nothing came for `silence` seconds."""
        while self.thread.is_alive():
            left = self._heard + silence - time.monotonic()
            if left <= 0:
                return False
            self.thread.join(timeout=left)
        return True

    def _read(self) -> None:
        for block in blocks(self._session.process.stdout):
            self._heard = time.monotonic()
            self.text += block
            self.count += block.count(b"\n")
            self.overflowed = len(self.text) > _LONGEST_ANSWER * self.wanted
            if self.count >= self.wanted or self.overflowed:
                return
