"""Minimal pairs: a right and a wrong text for the same references, which differ in one respect."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from functools import partial
from importlib.resources import as_file, files

from geneval.data._columns import ColumnNames, Row
from geneval.data._fields import identifier, optional_text, required, text, tried
from geneval.data._model import InputFile
from geneval.data._problems import Fault, Place, Problems, shown
from geneval.data._sources import Source, open_sources
from geneval_references import InputError


@dataclass(frozen=True, slots=True)
class MinimalPair:
    """Of two texts for the same references, one is a right answer and one is not.

    Raises:
        InputError: there is no reference, or the two texts are one.
    """

    id: str
    class_: str
    """In which respect the texts differ, for example `negation`."""
    references: tuple[str, ...]
    valid: str
    invalid: str
    source: str | None = None

    def __post_init__(self) -> None:
        if not self.references:
            raise InputError(f"the pair {self.id!r} has no reference; give one right answer or more")
        if self.valid == self.invalid:
            raise InputError(f"the pair {self.id!r} has one text twice; valid and invalid differ")


def read_pairs(
    paths: Sequence[str],
    *,
    columns: Mapping[str, str] | None = None,
    format: str | None = None,  # noqa: A002 - the word users know
) -> tuple[tuple[MinimalPair, ...], tuple[str, ...], tuple[InputFile, ...]]:
    """Read minimal pairs: `{"id", "class", "references": [text], "valid", "invalid", "source"?}`.

    Args:
        paths: files, folders or Hub names, as for `read_references`.
        columns: which column to use, `{"valid": "good"}`.
        format: where the suffix does not tell.

    Returns:
        The pairs in file order, notes for the user, and the files read.

    Raises:
        InputError: the data is malformed.
        UsageError: a column, a format or a split does not exist.
    """
    problems = Problems()
    rows = _Rows(columns, problems)
    sources = open_sources(paths, format, problems)
    pairs = tuple(pair for source in sources for pair in rows.read(source))
    rows.names.check()
    problems.check()
    notes = [note for source in sources for note in source.notes] + rows.names.notes()
    return pairs, tuple(notes), tuple(source.file for source in sources if source.file is not None)


def probe_pairs() -> tuple[MinimalPair, ...]:
    """The pairs that ship with geneval; see geneval/probe_data/ATTRIBUTION.md."""
    with as_file(files("geneval") / "probe_data" / "pairs.jsonl") as path:
        return read_pairs([str(path)])[0]


def pairs_hash(pairs: Sequence[MinimalPair]) -> str:
    """sha256 over the content, in hexadecimal digits; the order of pairs counts."""
    return hashlib.sha256(json.dumps([astuple(pair) for pair in pairs]).encode()).hexdigest()


class _Rows:
    """Reads rows as pairs; each id is there once over all files."""

    def __init__(self, columns: Mapping[str, str] | None, problems: Problems) -> None:
        self.names = ColumnNames(columns, ("pairs",))
        self._problems = problems
        self._seen: dict[str, Place] = {}

    def read(self, source: Source) -> Iterator[MinimalPair]:
        """The pairs of a file; rows that are none become problems."""
        for line, raw, row in self.names.renamed("pairs", source):
            try:
                yield self._pair(row, raw, source.where(line))
            except (Fault, InputError) as error:
                self._problems.add_faults(source.where(line), error, _faults(row, raw), row.get("id"))

    def _pair(self, row: Row, raw: Row, where: Place) -> MinimalPair:
        pair = MinimalPair(
            id=identifier(required(row, "id", raw), "id"),
            class_=identifier(required(row, "class", raw), "class"),
            references=_references(required(row, "references", raw)),
            valid=text(required(row, "valid", raw), "valid"),
            invalid=text(required(row, "invalid", raw), "invalid"),
            source=optional_text(row.get("source"), "source"),
        )
        first = self._seen.setdefault(pair.id, where)
        if first is not where:
            raise Fault(f"this pair is already at {first}; give each pair an id of its own", "id")
        return pair


def _references(value: object) -> tuple[str, ...]:
    entries = [value] if type(value) is str else value
    if type(entries) is not list:
        raise Fault(f"got {shown(value)}; a list of texts is due", "references")
    return tuple(text(entry, f"references[{place}]") for place, entry in enumerate(entries))


def _faults(row: Row, raw: Row) -> Iterator[Fault]:
    """What is wrong with the fields of a row, each looked at by itself."""
    for name in ("id", "class"):
        yield from tried(lambda name=name: identifier(required(row, name, raw), name))  # type: ignore[misc]
    yield from tried(lambda: _references(required(row, "references", raw)))
    for name in ("valid", "invalid"):
        yield from tried(lambda name=name: text(required(row, name, raw), name))  # type: ignore[misc]
    yield from tried(partial(optional_text, row.get("source"), "source"))
