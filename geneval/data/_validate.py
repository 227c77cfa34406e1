"""All that is wrong with files, told as it is found; no text is kept."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from geneval.data._columns import ColumnNames
from geneval.data._inputs import Gathered, gather, missing_notes, rating_notes
from geneval.data._items import Items
from geneval.data._people import PeopleKind, check_people
from geneval.data._problems import Problem, Problems, none_counts
from geneval.data._reference_files import load_references
from geneval_references import UsageError
from geneval_scorers import Watch

FileKind = Literal["outputs", "references", "preferences", "ratings", "judgements"]
"""What files may hold."""
FILE_KINDS: tuple[FileKind, ...] = get_args(FileKind)

_PEOPLE: tuple[PeopleKind, ...] = get_args(PeopleKind)


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found in files."""

    kind: FileKind
    problems: int
    rows: int
    """Of all files together."""
    notes: tuple[str, ...]
    items: int = 0
    outputs: int = 0
    systems: tuple[str, ...] = ()
    references: tuple[int, int] = (0, 0)
    """The fewest and the most that an item has, blank ones left out."""

    def __str__(self) -> str:
        """One line."""
        if self.kind in _PEOPLE:
            return f"{self.rows} rows of {self.kind}"
        low, high = self.references
        spread = f"{low}" if low == high else f"{low}-{high}"
        parts = [f"{self.items} items", f"{spread} references an item"]
        if self.kind == "outputs":
            parts[1:1] = [f"{len(self.systems)} systems", f"{self.outputs} outputs"]
        return ", ".join(parts) + (f", {len(self.notes)} notes" if self.notes else "")


def validate(
    files: Sequence[str],
    *,
    kind: FileKind = "outputs",
    references: Sequence[str] = (),
    columns: Mapping[str, str] | None = None,
    format: str | None = None,  # noqa: A002 - the word users know
    allow_missing: bool = False,
    told: Callable[[Problem], None] | None = None,
    watch: Watch | None = None,
) -> Checked:
    """Check files in the way `geneval.data` does when it reads them, to the end and without keeping their texts.

    Args:
        files: of outputs (or of what `kind` says), as for `read_inputs`.
        kind: what the files hold.
        references: files of references, for outputs alone.
        columns: which column to use, `{"output": "response"}`.
        format: where the suffixes do not tell.
        allow_missing: items without references, and without outputs of some system, are no problem.
        told: called with each problem as it is found.
        watch: told about progress.

    Raises:
        UsageError: a kind, a column, a format or a split does not exist.
    """
    if kind not in FILE_KINDS:
        raise UsageError(f"no kind of file {kind!r}; the kinds are {', '.join(FILE_KINDS)}")
    if references and kind != "outputs":
        raise UsageError(f"--references goes with outputs; the files here hold {kind}")
    problems = Problems(told, watch)
    if kind in _PEOPLE:
        rows, notes = check_people(kind, files, columns, format, problems)
        return Checked(kind, problems.count, rows, notes)
    if kind == "references":
        return _references(files, columns, format, problems, allow_missing=allow_missing)
    found = gather(files, references, columns, format, problems, keep=False)
    return _outputs(found, problems, allow_missing=allow_missing)


def _references(
    files: Sequence[str],
    columns: Mapping[str, str] | None,
    form: str | None,
    problems: Problems,
    *,
    allow_missing: bool,
) -> Checked:
    names = ColumnNames(columns, ("references",))
    found = load_references(files, form, names, problems, keep=False)
    names.check()
    counts = found.items.counting
    for (id_, number), count in zip(found.items.ids(), counts, strict=True):
        if not (count or allow_missing or id_ in found.lost):
            problems.add(_NO_REFERENCES, found.items.place(number), id_=id_)
    rows = sum(file.rows for file in found.files)
    notes = (*found.notes, *names.notes())
    return Checked("references", problems.count, rows, notes, len(found.items), references=_spread(counts))


def _outputs(found: Gathered, problems: Problems, *, allow_missing: bool) -> Checked:
    own, given = found.rows.items, found.given.items if found.given else None
    ids = dict.fromkeys([*(given.index if given else ()), *own.index])
    counts = array("l", (_counting(id_, own, given) for id_ in ids))
    lost = found.rows.lost | (found.given.lost if found.given else set())
    cut = found.given is not None and found.given.cut
    bare, missing = list[str](), 0
    answered = {system: (known.items(), f"system {system!r}") for system, known in found.rows.answered.items()}
    for id_, count in zip(ids, counts, strict=True):
        if id_ in lost:
            continue
        where = given.place(given.index[id_]) if given and id_ in given.index else own.place(own.index[id_])
        if not (count or cut):
            bare.append(id_)
            if not allow_missing:
                problems.add(_NO_REFERENCES, where, id_=id_)
        for items, name in answered.values():
            if own.index.get(id_, -1) not in items:
                missing += 1
                if not allow_missing:
                    problems.add(f"{name} has no output for this item; {_ADD}", where, id_=id_)
    evidence = given.evidence | own.evidence if given else own.evidence
    if not (problems.count or found.rows.count):
        problems.add("0 outputs: there is nothing to score")
    if not (problems.count or own.usable or (given and given.usable)):
        problems.add(none_counts({f"{tier}, {origin}": n for (tier, origin), n in evidence.items()}))
    named = {origin.removeprefix("human:") for _, origin in evidence if ":" in origin}
    told = rating_notes(found.rows.rated, found.rows.answered, named)
    told += missing_notes(bare, missing) if allow_missing else []
    return Checked(
        "outputs",
        problems.count,
        sum(file.rows for file in found.files),
        (*found.notes, *told),
        len(ids),
        found.rows.count,
        tuple(found.rows.answered),
        _spread(counts),
    )


_ADD = "add it, or allow it (--allow-missing)"
_NO_REFERENCES = f"this item has no references; {_ADD.replace('it,', 'one,')}"


def _counting(id_: str, own: Items, given: Items | None) -> int:
    """How many references of an item are not blank: of the reference files where it is there, else of the rows."""
    items = given if given is not None and id_ in given.index else own
    return items.counting[items.index[id_]]


def _spread(counts: array[int]) -> tuple[int, int]:
    return (min(counts), max(counts)) if counts else (0, 0)
