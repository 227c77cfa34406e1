"""`geneval cache`."""

from __future__ import annotations

import json
import re
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geneval.cli._talk import plain
from geneval_references import GenevalError, UsageError

if TYPE_CHECKING:
    from geneval_scorers.embedding import VectorStore
    from geneval_scorers.embedding._store import Connection

app = typer.Typer(
    no_args_is_help=True, help="Look after the vectors that encoders keep on disk, so that no text is encoded twice."
)


class CacheFormat(StrEnum):
    """How results are printed."""

    table = "table"
    json = "json"


Format = Annotated[CacheFormat | None, typer.Option("--format", help="A table on a terminal, else json.")]


@app.command()
def info(format: Format = None) -> None:  # noqa: A002 - the option's name
    """Tell where vectors are kept, how many of which model, and how much room they take."""
    store = _store()
    if store is None:
        _show({"folder": None, "vectors": 0, "bytes": 0, "models": []}, format, "the cache is off (GENEVAL_CACHE)")
        return
    held = []
    if store.file.exists():
        with _opened(store) as cache:
            held = cache.held()
    models = [{"model": part.name, "vectors": part.vectors, "bytes": part.bytes} for part in held]
    found = {"folder": str(store.file.parent), "vectors": sum(part.vectors for part in held), "bytes": store.size}
    lines = [f"{part.vectors} vectors ({size(part.bytes)}) of {part.name}" for part in held] or ["no vectors"]
    indexes = sum(path.stat().st_size for path in _indexes(store))
    if indexes:
        found["phrase_bytes"] = indexes
        lines.append(f"an index of phrases for `geneval expand` ({size(indexes)})")
    told = [f"{store.file.parent}: {size(store.size)}", *(f"  {line}" for line in lines)]
    _show({**found, "models": models}, format, "\n".join(told))


@app.command()
def prune(
    older_than: Annotated[
        str | None, typer.Option(metavar="AGE", help="Delete vectors kept longer ago than this: 12h, 30d, 8w.")
    ] = None,
    max_size: Annotated[
        str | None, typer.Option(metavar="SIZE", help="Delete the oldest until no more than this is left: 500MB, 2GB.")
    ] = None,
    format: Format = None,  # noqa: A002 - the option's name
) -> None:
    """Delete old vectors. They are made again where they are needed.

    Example: geneval cache prune --older-than 30d --max-size 2GB
    """
    if older_than is None and max_size is None:
        raise UsageError("geneval cache prune needs --older-than AGE, --max-size SIZE, or both; `clear` deletes all")
    age = None if older_than is None else _amount("--older-than", older_than, _SECONDS)
    most = None if max_size is None else _amount("--max-size", max_size, _BYTES)
    store, gone, left = _needed(), 0, 0
    if store.file.exists():
        with _opened(store) as cache:
            gone = cache.prune(None if age is None else time.time() - age, most)
            left = cache.count
    told = f"{gone} vectors deleted, {left} left ({size(store.size)})"
    _show({"deleted": gone, "vectors": left, "bytes": store.size}, format, told)


@app.command()
def clear(format: Format = None) -> None:  # noqa: A002 - the option's name
    """Delete all vectors, also where the file is damaged, and the index of phrases that `geneval expand` makes."""
    store, gone = _needed(), 0
    if store.file.exists():
        gone = store.clear()
    for path in _indexes(store):
        path.unlink(missing_ok=True)
    _show({"deleted": gone, "vectors": 0, "bytes": store.size}, format, f"{gone} vectors deleted")


@app.command()
def verify(format: Format = None) -> None:  # noqa: A002 - the option's name
    """Check every vector against its checksum, and delete those that are damaged.

    Exit codes: 0 all are whole, 1 some were damaged, or the file is.
    """
    store, whole, damaged = _needed(), 0, 0
    if store.file.exists():
        with _opened(store) as cache:
            whole, damaged = cache.verify()
    _show({"vectors": whole, "damaged": damaged}, format, f"{whole} vectors are whole, {damaged} were damaged")
    if damaged:
        raise GenevalError(f"{damaged} damaged vectors were deleted; they will be made again where they are needed")


_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_BYTES = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


def _amount(option: str, given: str, units: dict[str, int]) -> int:
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?([A-Za-z]+)", given, re.ASCII)
    unit = next((u for u in units if found and u.lower() == found[2].lower()), None)
    if found is None or unit is None:
        raise UsageError(
            f"{option} {given} does not fit; allowed: a number and one of {', '.join(units)}, such as 30{list(units)[-2]}"
        )
    return round(float(found[1]) * units[unit])


def _store() -> VectorStore | None:
    from geneval_scorers.embedding import VectorStore, machine

    folder = machine().cache
    if folder is not None and folder.exists() and not folder.is_dir():
        raise UsageError(f"GENEVAL_CACHE={folder} is a file; set it to a folder, or to `off`")
    return None if folder is None else VectorStore(folder)


def _indexes(store: VectorStore) -> list[Path]:
    """Of phrases, and what a build that was killed has left; the lock stays, somebody may be waiting at it."""
    return [path for path in store.file.parent.glob("phrases-*") if path.suffix != ".lock"]


def _needed() -> VectorStore:
    store = _store()
    if store is None:
        raise UsageError("the cache is off (GENEVAL_CACHE=off); unset it, or set it to the folder of a cache")
    return store


@contextmanager
def _opened(store: VectorStore) -> Iterator[Connection]:
    try:
        with store.opened() as cache:
            yield cache
    except (sqlite3.Error, OSError) as error:
        raise GenevalError(
            f"the cache {store.file} cannot be used: {error}; `geneval cache clear` empties it"
        ) from error


def size(count: int) -> str:
    """Bytes, for people."""
    unit = next(name for name, factor in reversed(_BYTES.items()) if count >= factor or factor == 1)
    return f"{count / _BYTES[unit]:.3g} {unit}"


def _show(found: dict[str, object], form: CacheFormat | None, told: str) -> None:
    if (form or (CacheFormat.table if sys.stdout.isatty() else CacheFormat.json)) is CacheFormat.json:
        print(json.dumps({"schema": "geneval.cache/1", **found}, indent=2))
    else:
        print(plain(told, keep="\n"))
