"""Everything one evaluation reads, joined and checked: does each item have its references and outputs?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from geneval.data._columns import ColumnNames
from geneval.data._model import InputFile, Inputs, Output, Rating
from geneval.data._problems import Problems, listed
from geneval.data._reference_files import load_references
from geneval.data._rows import OutputRows
from geneval.data._sources import open_sources
from geneval_references import InputError, ReferenceSet, UsageError


def read_inputs(
    outputs: Sequence[str],
    *,
    references: Sequence[str] = (),
    columns: Mapping[str, str] | None = None,
    format: str | None = None,  # noqa: A002 - the word users know
    allow_missing: bool = False,
) -> Inputs:
    """Read outputs and their references from files, and check that they belong together.

    Args:
        outputs: files of outputs, `NAME=FILE` where the rows name no system, `datasets` folders, Hub names
            (`hf://owner/name?split=test`) or `-`; see docs/data-formats.md.
        references: files of references; none where the outputs' rows carry them.
        columns: which column to use, `{"output": "response"}`.
        format: `jsonl`, `parquet`, `csv`, `tsv` or `text`, where the suffixes do not tell.
        allow_missing: keep items without references, and without outputs of some system, and list them.

    Raises:
        InputError: the data is malformed or does not belong together; the message names file, line, id, column and
            remedy, and shows the first five problems.
        UsageError: a column, a format or a split does not exist, or references are given twice and differ.
        MissingDependencyError: a data set of the Hub is not in the cache and cannot be fetched.
    """
    problems = Problems()
    names = ColumnNames(columns, ("outputs", "references"))
    sources = open_sources(outputs, format, problems)
    if not sources:
        raise UsageError("no file of outputs is given")
    if "-" in [source.path for source in sources] and "-" in references:
        raise UsageError("stdin (-) can be read only once")
    rows = OutputRows(names, problems)
    notes: list[str] = []
    files: list[InputFile] = []
    for source in sources:
        rows.read(source)
        notes += source.notes
        files += [source.file] if source.file else []
    given: tuple[ReferenceSet, ...] | None = None
    if references:
        given, given_notes, given_files = load_references(references, format, names, problems)
        notes += given_notes
        files += given_files
    names.check()
    problems.check()
    items = join_rows(rows, given)
    return assemble(
        items,
        rows.outputs,
        tuple(rows.seen),
        ratings=rows.ratings,
        notes=(*notes, *names.notes(), *rows.grades.notes(), *_id_notes(rows)),
        files=tuple(files),
        allow_missing=allow_missing,
    )


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
    counted = [f"{len(bare)} items have no references: {listed(bare)}"] if bare else []
    if missing:
        counted.append(f"{len(missing)} outputs are missing")
    graded, of_references, rating_notes = _split_ratings(ratings, items, systems)
    return Inputs(
        items=items,
        outputs=tuple(outputs),
        systems=systems,
        ratings=graded,
        reference_ratings=of_references,
        notes=(*notes, *rating_notes, *counted),
        files=files,
        missing_outputs=missing,
    )


def join_rows(rows: OutputRows, given: tuple[ReferenceSet, ...] | None) -> tuple[ReferenceSet, ...]:
    """One set an item: those of the reference files first, in their order."""
    sets = {item.id: item for item in given or ()}
    for id_, item in rows.items.items():
        known = sets.get(id_)
        source, condition = item.said.get("source"), item.said.get("condition")
        if known is None:
            sets[id_] = ReferenceSet(id_, item.references, source, condition)
            continue
        if item.references and item.references != known.references:
            raise UsageError(
                f"item {id_!r} has references at {item.where} and other ones in the reference files; give them once"
            )
        for column, here, there in (("source", source, known.source), ("condition", condition, known.condition)):
            if here is not None and there is not None and here != there:
                raise InputError(f"{item.where}: id {id_!r}, column {column!r}: differs from the reference files")
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
    notes = []
    if of_references:
        told = sorted({rating.system for rating in of_references})
        notes.append(f"{len(of_references)} ratings are of references, not of systems, and kept apart: {listed(told)}")
    others = [rating.system for rating in ratings if rating.system not in known and rating.system not in named]
    if others:
        told = sorted(set(others))
        notes.append(f"{len(others)} ratings left aside, for no system is called so: {listed(told)}")
    return of_systems, of_references, notes


def _id_notes(rows: OutputRows) -> list[str]:
    kinds = {item.kind for item in rows.items.values() if not item.source.untyped}
    return ["ids are numbers in one file and texts in another; 1 and '1' were joined"] if len(kinds) > 1 else []
