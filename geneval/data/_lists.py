"""Outputs and references that are already in Python: lists, one entry an item."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from numbers import Integral
from typing import Any

from geneval.data._evidence import parse_references
from geneval.data._fields import identifier
from geneval.data._inputs import assemble
from geneval.data._model import Inputs, Output
from geneval.data._problems import Fault, Problems, shown
from geneval_references import InputError, Reference, ReferenceSet

Predictions = Sequence[str] | Sequence[Sequence[str]]
"""One output an item, or several an item."""
References = Sequence[str] | Sequence[Sequence[str]] | Sequence[Mapping[str, str]] | Sequence[ReferenceSet]
"""One reference an item, several, several with names, or whole reference sets."""


def inputs_from_lists(
    *,
    predictions: Predictions | Mapping[str, Predictions],
    references: References,
    sources: Sequence[str | None] | None = None,
    ids: Sequence[str | int] | None = None,
    system: str = "system",
    allow_missing: bool = False,
) -> Inputs:
    """Check outputs and references that are in lists: entry n of each belongs to item n.

    Args:
        predictions: a list of texts, a list of lists of texts (several outputs an item), or a dict of either by system.
        references: for each item a list of texts (any number of them), one text, a dict of named texts, or a
            `ReferenceSet`.
        sources: for each item what the systems were given.
        ids: for each item a distinct id; "1", "2", ... by default, or those of the reference sets.
        system: the system's name, where `predictions` is no dict.
        allow_missing: keep items without references or outputs, and list them.

    Raises:
        InputError: entries are no texts, counts differ, ids repeat, or references look transposed.
    """
    given = dict(predictions) if isinstance(predictions, Mapping) else {_system(system): predictions}
    by_system: dict[str, list[Any]] = {}
    if not given:
        raise InputError("predictions is an empty dict; give the outputs of at least one system")
    named = isinstance(predictions, Mapping)
    columns = {_system(name): f"predictions[{name!r}]" if named else "predictions" for name in given}
    entries = _entries(references, "references")
    for name, texts in given.items():
        by_system[name] = _entries(texts, columns[name])
        _check_counts(by_system[name], entries, columns[name])
    sources = None if sources is None else _entries(sources, "sources")
    ids = None if ids is None else _entries(ids, "ids")
    problems = Problems()
    items = _items(entries, sources, ids, problems)
    outputs: list[Output] = []
    for name, texts in by_system.items():
        for index, (item, entry) in enumerate(zip(items, texts, strict=True)):
            outputs += _outputs(item.id, name, entry, f"{columns[name]}[{index}]", problems)
    problems.check()
    return assemble(items, outputs, tuple(by_system), allow_missing=allow_missing)


def _entries(value: Any, column: str) -> list[Any]:
    """A list-like of entries as a list; a text is none, nor is a dict, a set or a data frame."""
    odd = isinstance(value, str | bytes | Mapping | AbstractSet) or hasattr(value, "columns")
    if odd or not hasattr(value, "__iter__"):
        raise InputError(f"{column} is {shown(value)}; a list with one entry an item is due")
    return list(value)


def _system(name: object) -> str:
    if not isinstance(name, str) or not name:
        raise InputError(f"{shown(name)} is no name of a system; a text that is not empty is due")
    return name


def _check_counts(predictions: list[Any], references: list[Any], column: str) -> None:
    n, m = len(predictions), len(references)
    if n == m:
        return
    inner = {len(entry) if isinstance(entry, list | tuple) else None for entry in references}
    if inner == {n} and n > 1:
        raise InputError(
            f"references looks transposed: {m} lists of {n} texts for {n} {column}. references[i] are the references "
            "of item i; turn it with list(zip(*references))"
        )
    side, first = ("references", m) if n > m else (column, n)
    raise InputError(
        f"Mismatch in the number of {column} ({n}) and references ({m}): {side} ends before entry {first}; give each "
        "item one entry in both"
    )


def _items(
    references: list[Any], sources: Sequence[str | None] | None, ids: Sequence[str | int] | None, problems: Problems
) -> tuple[ReferenceSet, ...]:
    count = len(references)
    for column, given in (("sources", sources), ("ids", ids)):
        if given is not None and len(given) != count:
            raise InputError(f"Mismatch in the number of {column} ({len(given)}) and references ({count})")
    items: list[ReferenceSet] = []
    seen: dict[str, int] = {}
    for index, entry in enumerate(references):
        try:
            item = _item(entry, index, None if sources is None else sources[index], None if ids is None else ids[index])
        except (Fault, InputError) as error:
            problems.add(f"references[{index}]: {error}")
            item = ReferenceSet(str(index + 1))
        if item.id in seen:
            problems.add(f"ids[{index}]: the id {item.id!r} is already that of item {seen[item.id]}")
        seen.setdefault(item.id, index)
        items.append(item)
    return tuple(items)


def _item(entry: Any, index: int, source: Any, given_id: str | int | None) -> ReferenceSet:
    if source is not None:
        source = _text(source)
    if isinstance(entry, ReferenceSet):
        id_ = entry.id if given_id is None else _identifier(given_id)
        if id_ != entry.id:
            raise Fault(f"the reference set's id is {entry.id!r}, ids[{index}] is {id_!r}")
        return ReferenceSet(id_, entry.references, entry.source if source is None else source, entry.condition)
    if isinstance(entry, Mapping):
        found = parse_references({name: _text(text) for name, text in entry.items()}, f"references[{index}]")
    elif entry is None:
        found = ()
    elif isinstance(entry, str):
        found = (Reference(entry),)
    else:
        found = tuple(text if isinstance(text, Reference) else Reference(_text(text)) for text in _each(entry))
    return ReferenceSet(str(index + 1) if given_id is None else _identifier(given_id), found, source)


def _identifier(value: object) -> str:
    """An id, of which numpy's texts and whole numbers are some."""
    if isinstance(value, str):
        return identifier(str(value), "ids")
    return identifier(int(value) if isinstance(value, Integral) and not isinstance(value, bool) else value, "ids")


def _each(entry: Any) -> list[Any]:
    if isinstance(entry, bytes | Mapping) or not hasattr(entry, "__iter__"):
        raise Fault(f"got {shown(entry)}; a list of texts is due")
    return list(entry)


def _outputs(id_: str, system: str, entry: Any, place: str, problems: Problems) -> Iterator[Output]:
    try:
        texts = [entry] if isinstance(entry, str) else _each(entry)
        checked = [_text(text) for text in texts]
    except Fault as fault:
        problems.add(f"{place} (id {id_!r}): {fault.message}")
        return
    for sample, text in enumerate(checked):
        yield Output(id_, system, text, sample)


def _text(value: object) -> str:
    if not isinstance(value, str):
        hint = ' (write "" for an empty one)' if value is None else ""
        raise Fault(f"got {shown(value)}; a text is due{hint}")
    try:
        if not value.isascii():
            value.encode()
    except UnicodeEncodeError:
        raise Fault(f"the text holds a lone surrogate, which is no character: {value!r}") from None
    # A plain str: numpy's are subclasses that would travel on.
    return str(value)
