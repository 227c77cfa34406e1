"""Everything one evaluation reads, joined and checked: does each item have its references and outputs?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from geneval.data._columns import ColumnNames
from geneval.data._items import ONCE, Items
from geneval.data._model import InputFile, Inputs, Output, Rating
from geneval.data._problems import Fault, Place, Problems, listed
from geneval.data._reference_files import ReferenceRows, load_references
from geneval.data._rows import OutputRows
from geneval.data._sources import open_sources, reading_of
from geneval_references import InputError, ReferenceSet, UsageError
from geneval_scorers import Watch


def read_inputs(
    outputs: Sequence[str],
    *,
    references: Sequence[str] = (),
    columns: Mapping[str, str] | None = None,
    format: str | None = None,  # noqa: A002 - the word users know
    allow_missing: bool = False,
    watch: Watch | None = None,
) -> Inputs:
    """Read outputs and their references from files, and check that they belong together.

    Args:
        outputs: files of outputs, `NAME=FILE` where the rows name no system, `datasets` folders, Hub names
            (`hf://owner/name?split=test`) or `-`; see docs/data-formats.md.
        references: files of references; none where the outputs' rows carry them.
        columns: which column to use, `{"output": "response"}`.
        format: `jsonl`, `parquet`, `csv`, `tsv` or `text`, where the suffixes do not tell.
        allow_missing: keep items without references, and without outputs of some system, and list them.
        watch: told about progress.

    Raises:
        InputError: the data is malformed or does not belong together; the message names file, line, id, column and
            remedy, and shows the first five problems.
        UsageError: a column, a format or a split does not exist.
        MissingDependencyError: a data set of the Hub is not in the cache and cannot be fetched.
    """
    problems = Problems(watch=watch)
    found = gather(outputs, references, columns, format, problems)
    problems.check()
    items = join_rows(found.rows, found.given)
    inputs = assemble(
        items,
        found.rows.outputs,
        tuple(found.rows.answered),
        ratings=found.rows.ratings,
        notes=found.notes,
        files=found.files,
        allow_missing=allow_missing,
    )
    return replace(inputs, reading=reading_of(outputs, references, columns, format, allow_missing))


@dataclass(frozen=True, slots=True)
class Gathered:
    """What files of outputs and references said."""

    rows: OutputRows
    given: ReferenceRows | None
    """Of files of references, where there were any."""
    notes: tuple[str, ...]
    files: tuple[InputFile, ...]


def gather(
    outputs: Sequence[str],
    references: Sequence[str],
    columns: Mapping[str, str] | None,
    form: str | None,
    problems: Problems,
    *,
    keep: bool = True,
) -> Gathered:
    """Read files of outputs and references; what is wrong with their rows, and between them, becomes problems.

    Without `keep` the texts are not held, only what the checks need.
    """
    names = ColumnNames(columns, ("outputs", "references"))
    sources = open_sources(outputs, form, problems)
    if not sources:
        raise UsageError("no file of outputs is given")
    if "-" in [source.path for source in sources] and "-" in references:
        raise UsageError("stdin (-) can be read only once")
    rows = OutputRows(names, problems, keep=keep)
    notes: list[str] = []
    files: list[InputFile] = []
    for source in sources:
        rows.read(source)
        notes += source.notes
        files += [source.file] if source.file else []
    given = load_references(references, form, names, problems, keep=keep) if references else None
    if given is not None:
        notes += given.notes
        files += given.files
        for where, fault, id_ in disagreements(rows.items, given.items):
            problems.add_fault(where, fault, id_)
    names.check()
    notes += [*names.notes(), *rows.grades.notes(), *_id_notes(rows)]
    return Gathered(rows, given, tuple(notes), tuple(files))


def disagreements(rows: Items, given: Items) -> Iterator[tuple[Place, Fault, str]]:
    """Where rows of outputs say of an item what its reference file does not."""
    for id_, here in rows.ids():
        there = given.index.get(id_)
        if there is None:
            continue
        for column in ONCE:
            said = rows.total[here] if column == "references" else rows.says(here, column) and given.says(there, column)
            if said and rows.said[column][here] != given.said[column][there]:
                remedy = "give them once" if column == "references" else "make them agree"
                fault = Fault(f"differs from the same item at {given.place(there)}; {remedy}", column)
                yield rows.place(here), fault, id_


def assemble(
    items: tuple[ReferenceSet, ...],
    outputs: Sequence[Output],
    systems: tuple[str, ...],
    *,
    ratings: Sequence[Rating] = (),
    notes: tuple[str, ...] = (),
    files: tuple[InputFile, ...] = (),
    allow_missing: bool = False,
) -> Inputs:
    """Put the parts together, once every item is known to have its references and outputs.

    Raises:
        InputError: there are no items or no outputs, or some are missing and that was not allowed.
    """
    if not items:
        raise InputError("0 items: there is nothing to score")
    if not outputs:
        raise InputError("0 outputs: there is nothing to score")
    bare = [item.id for item in items if not any(reference.text.strip() for reference in item.references)]
    have = {system: set[str]() for system in systems}
    for output in outputs:
        have[output.system].add(output.id)
    missing = tuple((system, item.id) for system in systems for item in items if item.id not in have[system])
    if not allow_missing:
        _refuse_missing(bare, missing, len(items), len({output.id for output in outputs}))
    graded, of_references, told = _split_ratings(ratings, items, systems)
    return Inputs(
        items=items,
        outputs=tuple(outputs),
        systems=systems,
        ratings=graded,
        reference_ratings=of_references,
        notes=(*notes, *told, *missing_notes(bare, len(missing))),
        files=files,
        missing_outputs=missing,
    )


def missing_notes(bare: Sequence[str], missing: int) -> list[str]:
    """What to say of items without references, and of outputs that are not there, where both are allowed."""
    told = [f"{len(bare)} items have no references: {listed(bare)}"] if bare else []
    return [*told, f"{missing} outputs are missing"] if missing else told


def join_rows(rows: OutputRows, given: ReferenceRows | None) -> tuple[ReferenceSet, ...]:
    """One set an item: those of the reference files first, in their order."""
    sets = {item.id: item for item in given.sets()} if given else {}
    said = rows.items.said
    columns = (said["references"], said["source"], said["condition"])
    for id_, references, source, condition in zip(rows.items.index, *columns, strict=True):
        known = sets.get(id_)
        if known is None:
            sets[id_] = ReferenceSet(id_, references or (), source, condition)
        elif source is not None or condition is not None:
            sets[id_] = ReferenceSet(
                id_,
                known.references,
                known.source if source is None else source,
                known.condition if condition is None else condition,
            )
    return tuple(sets.values())


def _refuse_missing(bare: list[str], missing: tuple[tuple[str, str], ...], items: int, answered: int) -> None:
    told = []
    if bare:
        told.append(f"{len(bare)} of {items} items have no references: {listed(bare)}")
    for system in dict.fromkeys(system for system, _ in missing):
        ids = [id_ for name, id_ in missing if name == system]
        told.append(f"system {system!r} has no output for {len(ids)} of {items} items: {listed(ids)}")
    if told:
        if answered != items:
            told.append(f"outputs are there for {answered} of {items} items; do the ids of both sides agree?")
        raise InputError("\n".join([*told, "Add what is missing, or allow it (--allow-missing): it is then counted."]))


def _split_ratings(
    ratings: Sequence[Rating], items: tuple[ReferenceSet, ...], systems: tuple[str, ...]
) -> tuple[tuple[Rating, ...], tuple[Rating, ...], list[str]]:
    """Ratings of systems, ratings of named references, and what to say about the second and the rest."""
    if not ratings:
        return (), (), []
    known = set(systems)
    named = {r.origin.removeprefix("human:") for item in items for r in item.references if ":" in r.origin}
    of_systems = tuple(rating for rating in ratings if rating.system in known)
    of_references = tuple(r for r in ratings if r.system not in known and r.system in named)
    return of_systems, of_references, rating_notes(Counter(rating.system for rating in ratings), known, named)


def rating_notes(rated: Mapping[str, int], systems: Collection[str], named: Collection[str]) -> list[str]:
    """What to say about ratings of names that are no system's.

    Args:
        rated: how many ratings are of each name.
        systems: names of systems.
        named: names of references.
    """
    others = {name: count for name, count in sorted(rated.items()) if name not in systems}
    apart = {name: count for name, count in others.items() if name in named}
    aside = {name: count for name, count in others.items() if name not in named}
    told = {"are of references, not of systems, and kept apart": apart}
    told["left aside, for no system is called so"] = aside
    return [f"{sum(found.values())} ratings {what}: {listed(found)}" for what, found in told.items() if found]


def _id_notes(rows: OutputRows) -> list[str]:
    kinds = {number for number, untyped in rows.items.kinds() if not untyped}
    return ["ids are numbers in one file and texts in another; 1 and '1' were joined"] if len(kinds) > 1 else []
