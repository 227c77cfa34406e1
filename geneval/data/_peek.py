"""What kind of rows a file has, by its first row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from geneval.data._columns import ALIASES
from geneval.data._problems import Problems
from geneval.data._sources import open_sources


def holds_outputs(
    paths: Sequence[str],
    *,
    columns: Mapping[str, str] | None = None,
    format: str | None = None,  # noqa: A002 - the word users know
) -> bool:
    """Whether the first row of the first file has outputs; stdin and plain text, which cannot be read twice, have none.

    What is wrong with the file is left for reading it to tell.

    Raises:
        UsageError: the format does not exist, or a suffix does not tell it.
    """
    sources = open_sources(paths, format, Problems())
    if not sources or sources[0].path == "-" or sources[0].form == "text":
        return False
    _, row = next(iter(sources[0].rows()), (0, {}))
    given = columns or {}
    names = {
        given.get("output", "output"),
        given.get("outputs", "outputs"),
        *(() if "output" in given else ALIASES["output"]),
    }
    return any(column.split(".")[0] in names for column in row)


def holds_choices(path: str) -> bool:
    """Whether the first row of a file chooses between two outputs, and does not grade one."""
    sources = open_sources([path], None, Problems())
    if sources[0].path == "-":
        return False
    _, row = next(iter(sources[0].rows()), (0, {}))
    return any(column in {"winner", "chosen", *ALIASES["winner"]} for column in row)
