"""A run directory: built beside its place under a lock, moved there when whole, never overwritten."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from geneval_references import GenevalError, UsageError


@contextmanager
def run_directory(directory: str | Path) -> Iterator[Path]:
    """Gives a folder to write into; when the block ends well it becomes `directory`.

    While it is built it is `directory` with `.partial` behind it. What an interrupted run left there is cleared away.

    Raises:
        UsageError: `directory` is there already, or its parent cannot be written to.
        GenevalError: another process is writing it now, or writing failed.
    """
    target = Path(directory)
    if target.exists() or target.is_symlink():
        raise UsageError(f"{target} is there already; results are never overwritten: name another directory")
    partial, lock = target.with_name(target.name + ".partial"), target.with_name(target.name + ".lock")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        guard = FileLock(lock)
        guard.acquire(timeout=0)
    except Timeout as error:
        raise GenevalError(f"another run is writing {target} now (it holds {lock}); wait for it") from error
    except OSError as error:
        raise UsageError(f"{target.parent} cannot be written to: {error.strerror}; name another directory") from error
    try:
        shutil.rmtree(partial, ignore_errors=True)
        with writing(target):
            partial.mkdir()
        yield partial
        with writing(target):
            _settle(partial)
            partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        # Before it is released, so that nobody can take a lock that is about to go.
        lock.unlink(missing_ok=True)
        guard.release()


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """Says of an error of the file system what could not be written.

    Raises:
        GenevalError: in place of an `OSError`.
    """
    try:
        yield
    except OSError as error:
        raise GenevalError(f"writing {target} failed: {error}; nothing that was there before has changed") from error


def _settle(folder: Path) -> None:
    """Has the files reach the disk before the folder gets its name."""
    for path in [*folder.rglob("*"), folder]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
