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

TIMEOUT_VARIABLE = "GENEVAL_JAVA_TIMEOUT"
_BLOCK = 1 << 16
_LAST_WORDS = 300
GRACE = 5.0
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
    typed = os.environ.get(TIMEOUT_VARIABLE)
    if not typed:
        return default
    try:
        seconds = float(typed)
    except ValueError:
        seconds = -1.0
    if not (isfinite(seconds) and seconds > 0):
        raise UsageError(f"{TIMEOUT_VARIABLE} is {typed!r}; allowed: a number of seconds above 0")
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
    if pipes.overflowed:
        raise JavaError(f"{what} wrote more than {max_output} bytes, which cannot be right; it was stopped{pipes.said}")
    if not in_time:
        raise JavaError(
            f"{what} did not finish in {timeout:g} s and was stopped ({TIMEOUT_VARIABLE} sets the limit){pipes.said}"
        )
    if pipes.returncode:
        raise JavaError(f"{what} ended with exit code {pipes.returncode}{pipes.said}")
    return pipes


class Child:
    """A process with three pipes, of which stderr is drained from the start."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._stderr = bytearray()
        self._process: subprocess.Popen[bytes] | None = None
        # An interrupt reaches the main thread only. Started by another, the process is known before it can be lost.
        self._starter = Thread(target=self._start, daemon=True)
        self._threads = [Thread(target=self._read_err, daemon=True)]
        self.failure: OSError | None = None

    def start(self) -> bool:
        """Start it, and say whether that went well (`failure` says why not)."""
        self._starter.start()
        self._starter.join()
        if self._process is None:
            return False
        for thread in self._threads:
            thread.start()
        return True

    def close(self) -> None:
        """End the whole group, also where the caller was interrupted, and leave neither zombie nor open pipe."""
        if self._starter.ident is not None:
            self._starter.join()
        if self._process is None:
            return
        kill_group(self._process)
        self._process.wait()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(timeout=GRACE)
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
                env=_environment(),
                start_new_session=True,  # a process group of its own, so that whatever it starts ends with it
            )
        except OSError as error:
            self.failure = error

    @property
    def said(self) -> str:
        """What it wrote to stderr last, to be put behind an error."""
        return f"; it said: {self.last_words}" if self.last_words else ""

    @property
    def last_words(self) -> str:
        """The end of what the process wrote to stderr, on one line; a stack trace without its frames."""
        lines = self._stderr.decode("utf-8", "replace").splitlines()
        told = " ".join(line for line in lines if not line.startswith("\tat "))
        return " ".join(told.split())[-_LAST_WORDS:].strip()

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The process, once it is started."""
        return cast("subprocess.Popen[bytes]", self._process)

    def _read_err(self) -> None:
        for block in blocks(self.process.stderr):
            self._stderr += block
            del self._stderr[: -_LAST_WORDS * 4]


class _Pipes(Child):
    """A process that is handed all it reads and gives all it writes; a thread a pipe, so that none blocks another."""

    def __init__(self, command: Sequence[str], stdin: bytes, max_output: int) -> None:
        super().__init__(command)
        self._stdin = stdin
        self._max_output = max_output
        self._threads += [Thread(target=self._read_out, daemon=True), Thread(target=self._write, daemon=True)]
        self.stdout = bytearray()
        self.returncode: int | None = None
        self.overflowed = False

    def run(self, timeout: float) -> bool:
        """Say whether the process closed its output and ended within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        if not self.start():
            return False
        readers = self._threads[:2]
        for thread in readers:
            thread.join(timeout=max(0.0, deadline - time.monotonic()))
        try:
            self.returncode = self.process.wait(timeout=max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            return False
        return not any(thread.is_alive() for thread in readers)

    def _read_out(self) -> None:
        for block in blocks(self.process.stdout):
            self.stdout += block
            if len(self.stdout) > self._max_output:
                self.overflowed = True
                kill_group(self.process)
                return

    def _write(self) -> None:
        with suppress(OSError):  # a process that stopped reading says why by its exit code
            stdin = cast(IO[bytes], self.process.stdin)
            stdin.write(self._stdin)
            stdin.close()


def blocks(pipe: IO[bytes] | None) -> Iterator[bytes]:
    """What comes out of a pipe, until it is closed."""
    descriptor = cast(IO[bytes], pipe).fileno()
    with suppress(OSError):
        while block := os.read(descriptor, _BLOCK):
            yield block


def _environment() -> dict[str, str]:
    """Java reads paths as the locale has it: under that of C it does not find a jar in a folder with an accent."""
    spoken = next(filter(None, map(os.environ.get, ("LC_ALL", "LC_CTYPE", "LANG"))), "")
    return os.environ | ({} if "utf" in spoken.lower() else {"LC_ALL": "C.UTF-8"})


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """End a process and all that it started, at once."""
    with suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
