"""JSON files of other tools that are one value, and no rows."""

from __future__ import annotations

from typing import Any

import msgspec

from geneval.data._bytes import Lines, check_exists
from geneval.data._model import InputFile
from geneval.data._problems import Fault, Problems
from geneval_references import InputError


def read_json(path: str) -> tuple[Any, InputFile]:
    """Reads a file that holds one JSON value; `.gz` and `.zst` are unpacked.

    Raises:
        InputError: it is not there, or is no JSON.
    """
    problems = Problems()
    try:
        check_exists(path)
    except Fault as fault:
        raise InputError(f"{path}: {fault.message}") from None
    name = path.replace("\\", "/").rpartition("/")[-1]
    lines = Lines(path, name, problems)
    content = b"".join(line for _, line in lines.whole())
    problems.check()
    try:
        value = msgspec.json.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InputError(f"{name}: is no JSON ({error}); export it anew") from None
    return value, InputFile(name, lines.sha256, len(value) if isinstance(value, list | dict) else 1)
