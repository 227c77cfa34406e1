"""A run directory: built beside its place under a lock, moved there when whole, never overwritten."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from geneval_references import GenevalError, UsageError

_LOCK, _HOLDER = ".geneval-lock", ".geneval-holder"

WORK = "work"
"""Folder in a `.partial` directory for what a run has finished."""


@contextmanager
def run_directory(directory: str | Path, *, resume: bool = False, fresh: bool = False) -> Iterator[Path]:
    """Gives a folder to write into; when the block ends well it becomes `directory`.

    While it is built it is `directory` with `.partial` behind it, locked. What an interrupted run left there is cleared
    away, but for its finished work (`WORK`) where that is to be used; a folder of that name that geneval did not make
    is left alone.

    Args:
        directory: its place.
        resume: finished work stays when the run fails or is interrupted, and the next one finds it.
        fresh: what an earlier run has finished is cleared away first.

    Raises:
        UsageError: `directory` is there already, or its parent cannot be written to.
        GenevalError: another process is writing it now, or writing failed.
    """
    target = Path(directory)
    try:
        taken = target.exists() or target.is_symlink()
    except OSError as error:  # a name that is too long
        raise UsageError(f"{target} cannot be written to: {error.strerror}; name another directory") from error
    if taken:
        raise UsageError(f"{target} is there already; results are never overwritten: name another directory")
    partial = target.with_name(target.name + ".partial")
    guard = locked(target, partial)
    try:
        _clear(partial, {_LOCK, WORK} if resume and not fresh else {_LOCK})
        with writing(target):
            (partial / _HOLDER).write_text(f"process {os.getpid()} on {socket.gethostname()}", encoding="utf-8")
        yield partial
        with writing(target):
            (partial / _HOLDER).unlink()
            _settle(partial)
            partial.rename(target)
            # Last, so that whatever happens before finds it.
            _clear(target / WORK, set())
    except BaseException as error:
        if resume and any(path.suffix in {".npz", ".parquet"} for path in (partial / WORK).rglob("*")):
            _clear(partial, {_LOCK, WORK})
            if not isinstance(error, UsageError):
                error.add_note(f"{partial} keeps what is done: the same command goes on from there")
        else:
            shutil.rmtree(partial, ignore_errors=True)
        raise
    finally:
        (target / _LOCK).unlink(missing_ok=True)
        guard.release()
        if partial.exists():
            (partial / _LOCK).touch()


def _clear(folder: Path, but: set[str]) -> None:
    """Empties a folder, and takes it away where nothing is to be left."""
    for path in folder.iterdir() if folder.exists() else ():
        if path.name in but:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    if not but and folder.exists():
        folder.rmdir()


def locked(target: Path, partial: Path) -> FileLock:
    """Makes the folder in which `target` is prepared, and holds its lock.

    Raises:
        UsageError: geneval did not make what is there, its parent cannot be written to, or `target` is there.
        GenevalError: another process holds it.
    """
    lock = partial / _LOCK
    try:
        # An empty one may be ours: a run that was stopped before it could lock it.
        inside = [path.name for path in partial.iterdir()] if partial.exists() else []
        if inside and _LOCK not in inside:
            message = f"{partial} is there, and geneval did not make it; move it away, or name another directory"
            raise UsageError(message)
        partial.mkdir(parents=True, exist_ok=True)
        guard = FileLock(lock)
        guard.acquire(timeout=0)
    except Timeout as error:
        raise GenevalError(f"another run is writing {target} now ({_holder(partial)}); wait for it") from error
    except OSError as error:
        raise UsageError(f"{target.parent} cannot be written to: {error.strerror}; name another directory") from error
    if target.exists() or not lock.exists():  # the run that held it has just finished
        guard.release()
        _forget(partial)
        raise UsageError(f"{target} is there already; results are never overwritten: name another directory")
    return guard


def _holder(partial: Path) -> str:
    """Who holds the lock."""
    with suppress(OSError, UnicodeDecodeError):
        return f"{(partial / _HOLDER).read_text(encoding='utf-8')} holds {partial / _LOCK}"
    return f"it holds {partial / _LOCK}"


def _forget(partial: Path) -> None:
    """Takes away a folder that was made for nothing."""
    (partial / _LOCK).unlink(missing_ok=True)
    with suppress(OSError):
        partial.rmdir()


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
    results = (path for path in folder.rglob("*") if WORK not in path.relative_to(folder).parts)
    for path in [*results, folder]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
