"""How files were read, for manifests: enough to read them again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from geneval.data._hub import is_dataset
from geneval.data._inputs import read_inputs
from geneval.data._model import InputFile, Inputs, Reading, Spec
from geneval_references import InputError, UsageError


def reading_from(found: Mapping[str, Any]) -> Reading:
    """Reads back what `asdict` made of one.

    Raises:
        TypeError, KeyError: it is none.
    """
    names = {side: tuple(Spec(**spec) for spec in found[side]) for side in ("outputs", "references")}
    return Reading(**{**found, **names, "columns": dict(found["columns"])})


def read_again(reading: Reading | None, files: Sequence[InputFile], run: Path) -> Inputs:
    """Reads what a run was made of, wherever it lies now: by its path from here, or from a folder above the run.

    Args:
        reading: as the run's manifest has it.
        files: as the manifest has them, with their hashes.
        run: the run directory.

    Raises:
        UsageError: the manifest does not say how files were read, or they cannot be read twice.
        InputError: a file is gone or is not what it was; the message names it.
    """
    if reading is None or not reading.outputs:
        raise UsageError(
            f"{run} holds scores and no texts, and does not say which files they were of: give the outputs that were "
            "scored behind it (and --references, if they were given)"
        )
    hashes = _hashes(reading, files)
    outputs = [_again(spec, hashes.get(spec.path), run) for spec in reading.outputs]
    references = [_again(spec, hashes.get(spec.path), run) for spec in reading.references]
    try:
        inputs = read_inputs(
            outputs,
            references=references,
            columns=reading.columns,
            format=reading.format,
            allow_missing=reading.allow_missing,
        )
    except InputError as error:
        raise InputError(f"{run}: its files can no longer be read as they were: {error}") from error
    for before, now in zip(files, inputs.files, strict=False):
        if before != now:
            raise InputError(_changed(before.name, run))
    if len(files) != len(inputs.files):
        raise InputError(f"{run}: {len(files)} files were scored, and {len(inputs.files)} are there now; {_GIVE}")
    return inputs


_GIVE = "give the outputs that were scored behind the run (and --references, if they were given)"


def _changed(name: str, run: Path) -> str:
    return f"{name} is not what {run} was made of (another content hash); bring back the file, or {_GIVE}"


def _hashes(reading: Reading, files: Sequence[InputFile]) -> dict[str, str]:
    """By path, the hash of each file; files stand in the order they were named."""
    named = [*reading.outputs, *reading.references]
    return {spec.path: file.sha256 for spec, file in zip(named, files, strict=False)}


def _again(spec: Spec, sha256: str | None, run: Path) -> str:
    """The spec of a file as it is found now.

    Raises:
        UsageError: it was stdin.
        InputError: it is not there, or has another content hash.
    """
    if spec.path == "-":
        raise UsageError(f"{run} was made of standard input, which cannot be read again: {_GIVE}")
    if spec.path.startswith("hf://"):
        return _named(spec, spec.path)
    there = [place for place in _places(spec.path, run) if _exists(place)]
    if not there:
        raise InputError(
            f"{spec.path}, which {run} was made of, is not there any more (looked from here and from {run}); {_GIVE}"
        )
    same = [place for place in there if is_dataset(place) or _sha256(place) == sha256]
    if not same:
        raise InputError(_changed(there[0], run))
    return _named(spec, same[0])


def _places(path: str, run: Path) -> Iterator[str]:
    yield path
    if not Path(path).is_absolute():
        yield from (str(folder / path) for folder in run.resolve().parents)


def _exists(path: str) -> bool:
    try:
        return Path(path.partition("?")[0] if is_dataset(path) else path).exists()
    except OSError:
        return False


def _sha256(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error


def _named(spec: Spec, path: str) -> str:
    return path if spec.label is None else f"{spec.label}={path}"
