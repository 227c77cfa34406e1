"""Run one Java program over bytes: in through a pipe, out through a pipe, and nothing left running afterwards."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from math import isfinite
from pathlib import Path
from threading import Thread
from typing import IO, cast

from geneval_references import MissingDependencyError, UsageError

_TIMEOUT_VARIABLE = "GENEVAL_JAVA_TIMEOUT"
_BLOCK = 1 << 16
_LAST_WORDS = 300
_GRACE = 2.0
"""Seconds to wait for the pipes of a process that has been killed."""


class JavaError(MissingDependencyError):
    """A Java program that is there but does not do its work: it hangs, dies or answers something else."""


def find_java(needed_by: str) -> str:
    """Return the `java` of JAVA_HOME, or else the first on PATH."""
    home = os.environ.get("JAVA_HOME")
    java = (shutil.which("java", path=Path(home, "bin")) if home else None) or shutil.which("java")
    if java is None:
        raise MissingDependencyError(
            f"{needed_by} needs Java 8 or newer, and there is none in JAVA_HOME or on PATH: install one "
            "(Debian, Ubuntu: apt-get install default-jre-headless; macOS: brew install openjdk; conda install openjdk)"
        )
    return java


def java_timeout(default: float) -> float:
    """Return the seconds a Java process may take: GENEVAL_JAVA_TIMEOUT if it is set, else the default."""
    typed = os.environ.get(_TIMEOUT_VARIABLE)
    if not typed:
        return default
    try:
        seconds = float(typed)
    except ValueError:
        seconds = -1.0
    if not (isfinite(seconds) and seconds > 0):
        raise UsageError(f"{_TIMEOUT_VARIABLE} is {typed!r}; allowed: a number of seconds above 0")
    return seconds


def run_java(command: Sequence[str], stdin: bytes, *, what: str, timeout: float, max_output: int) -> bytes:
    """Return what the command writes to stdout when `stdin` is written to it.

    Args:
        command: the program and its arguments.
        stdin: everything it reads.
        what: what to call it in an error.
        timeout: seconds after which it is killed.
        max_output: bytes of output after which it is killed, so that a program gone wild cannot fill the memory.

    Raises:
        JavaError: it cannot be started, hangs, writes too much, or fails.
    """
    return bytes(_run(command, stdin, what=what, timeout=timeout, max_output=max_output).stdout)


def java_version(java: str, timeout: float) -> str:
    """Return what `java -version` says of itself, on one line.

    Raises:
        JavaError: it cannot be started, hangs, writes too much, or fails.
    """
    pipes = _run([java, "-version"], b"", what=f"{java} -version", timeout=timeout, max_output=_BLOCK)
    return pipes.last_words or " ".join(pipes.stdout.decode("utf-8", "replace").split())[:_LAST_WORDS]


def _run(command: Sequence[str], stdin: bytes, *, what: str, timeout: float, max_output: int) -> "_Pipes":
    pipes = _Pipes(command, stdin, max_output)
    try:
        in_time = pipes.run(timeout)
    finally:
        pipes.close()
    if pipes.failure is not None:
        raise JavaError(f"{what} could not be started: {pipes.failure}") from pipes.failure
    said = f"; it said: {pipes.last_words}" if pipes.last_words else ""
    if pipes.overflowed:
        raise JavaError(f"{what} wrote more than {max_output} bytes, which cannot be right; it was stopped{said}")
    if not in_time:
        raise JavaError(
            f"{what} did not finish in {timeout:g} s and was stopped ({_TIMEOUT_VARIABLE} sets the limit){said}"
        )
    if pipes.returncode:
        raise JavaError(f"{what} ended with exit code {pipes.returncode}{said}")
    return pipes


class _Pipes:
    """The three pipes of a process, each served by a thread so that none can block another."""

    def __init__(self, command: Sequence[str], stdin: bytes, max_output: int) -> None:
        self._command = command
        self._stdin = stdin
        self._max_output = max_output
        self._stderr = bytearray()
        self._process: subprocess.Popen[bytes] | None = None
        # An interrupt reaches the main thread only. Started by another, the process is known before it can be lost.
        self._starter = Thread(target=self._start, daemon=True)
        self._readers = [Thread(target=self._read_out, daemon=True), Thread(target=self._read_err, daemon=True)]
        self._writer = Thread(target=self._write, daemon=True)
        self.stdout = bytearray()
        self.returncode: int | None = None
        self.overflowed = False
        self.failure: OSError | None = None

    def run(self, timeout: float) -> bool:
        """Say whether the process closed its output and ended within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        self._starter.start()
        self._starter.join()
        if self._process is None:
            return False
        for thread in (*self._readers, self._writer):
            thread.start()
        for thread in self._readers:
            thread.join(timeout=max(0.0, deadline - time.monotonic()))
        try:
            self.returncode = self._process.wait(timeout=max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            return False
        return not any(thread.is_alive() for thread in self._readers)

    def close(self) -> None:
        """End the whole group, also where the caller was interrupted, and leave neither zombie nor open pipe."""
        if self._starter.ident is not None:
            self._starter.join()
        if self._process is None:
            return
        _kill_group(self._process)
        self._process.wait()
        for thread in (*self._readers, self._writer):
            if thread.ident is not None:
                thread.join(timeout=_GRACE)
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            with suppress(OSError):
                cast(IO[bytes], pipe).close()

    def _start(self) -> None:
        try:
            self._process = subprocess.Popen(  # noqa: S603 - a list of arguments, no shell
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,  # a process group of its own, so that whatever it starts ends with it
            )
        except OSError as error:
            self.failure = error

    @property
    def last_words(self) -> str:
        """The end of what the process wrote to stderr, on one line."""
        return " ".join(self._stderr.decode("utf-8", "replace").split())[-_LAST_WORDS:].strip()

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        return cast("subprocess.Popen[bytes]", self._process)

    def _read_out(self) -> None:
        for block in _blocks(self._running.stdout):
            self.stdout += block
            if len(self.stdout) > self._max_output:
                self.overflowed = True
                _kill_group(self._running)
                return

    def _read_err(self) -> None:
        for block in _blocks(self._running.stderr):
            self._stderr += block
            del self._stderr[: -_LAST_WORDS * 4]

    def _write(self) -> None:
        with suppress(OSError):  # a process that stopped reading says why by its exit code
            stdin = cast(IO[bytes], self._running.stdin)
            stdin.write(self._stdin)
            stdin.close()


def _blocks(pipe: IO[bytes] | None) -> Iterator[bytes]:
    descriptor = cast(IO[bytes], pipe).fileno()
    with suppress(OSError):
        while block := os.read(descriptor, _BLOCK):
            yield block


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
