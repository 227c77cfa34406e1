"""The `references` field of a row: texts, objects with their evidence, or named texts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from difflib import get_close_matches
from typing import Any

import msgspec

from geneval.data._columns import Row
from geneval.data._problems import Fault, shown
from geneval_references import InputError, Reference

_FIELDS = tuple(field.name for field in fields(Reference))
_TEXTS = {"text", "tier", "origin", "parent", "condition"}


def parse_references(value: object, column: str = "references") -> tuple[Reference, ...]:
    """The references that a field holds.

    Args:
        value: null for none, a text for one, a list of texts or objects, or an object of named ones; a name goes into
            the origin (`human:<name>`).
        column: the field's name in messages.
    """
    if value is None:
        return ()
    if type(value) is str:
        return (Reference(value),)
    if type(value) is list or type(value) is tuple:
        return tuple(
            Reference(entry) if type(entry) is str else _one(entry, f"{column}[{index}]", "human")
            for index, entry in enumerate(value)
        )
    if type(value) is dict:
        if "text" in value and set(value) <= set(_FIELDS):
            raise Fault("got one reference object; write a list of them, [{...}]", column)
        return tuple(
            reference
            for name, entry in value.items()
            for reference in _named(entry, f"{column}.{name}", f"human:{name}")
        )
    raise Fault(f"got {shown(value)}; a list of texts is due", column)


def reference_faults(value: object, column: str = "references") -> Iterator[Fault]:
    """Everything that is wrong with a field of references: one fault an entry."""
    if type(value) is list:
        entries = [(f"{column}[{index}]", entry) for index, entry in enumerate(value)]
    elif type(value) is dict and "text" not in value:
        entries = [(f"{column}.{name}", entry) for name, entry in value.items()]
    else:
        entries = []
    look = _one if type(value) is list else _named
    for place, entry in entries:
        try:
            look(entry, place, "human")
        except Fault as fault:
            yield fault
    if not entries:
        try:
            parse_references(value, column)
        except Fault as fault:
            yield fault


def _named(entry: object, place: str, origin: str) -> list[Reference]:
    if type(entry) is list:
        return [_one(text, f"{place}[{index}]", origin) for index, text in enumerate(entry)]
    return [_one(entry, place, origin)]


def _one(entry: object, place: str, origin: str) -> Reference:
    if type(entry) is str:
        return Reference(entry, origin=origin)
    if type(entry) is not dict:
        raise Fault(f"got {shown(entry)}; a text, or an object with a text, is due", place)
    return _from_object(entry, place, origin)


def _from_object(row: Row, place: str, origin: str) -> Reference:
    known = dict(row)
    for name in row:
        if name not in _FIELDS:
            close = get_close_matches(name, _FIELDS, 1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            raise Fault(f"a reference has no field {name!r}; {hint}Its fields are {', '.join(_FIELDS)}", place)
        if name in _TEXTS and type(row[name]) is not str:
            if row[name] is None and name != "text":
                del known[name]
                continue
            raise Fault(f"got {shown(row[name])}; a text is due", f"{place}.{name}")
    if "text" not in known:
        raise Fault("a reference object has no 'text'", place)
    if known.get("confidence") is not None and type(known["confidence"]) not in {int, float}:
        raise Fault(f"got {shown(known['confidence'])}; a number in [0, 1] is due", f"{place}.confidence")
    if known.get("votes") is not None:
        known["votes"] = votes_of(known["votes"], f"{place}.votes")
    known["proposers"] = _proposers(known.get("proposers"), f"{place}.proposers")
    known["evidence"] = _evidence(known.get("evidence"), f"{place}.evidence")
    known.setdefault("origin", origin)
    try:
        return Reference(**known)
    except InputError as error:
        raise Fault(str(error), place) from error


def votes_of(value: Any, place: str) -> dict[str, int]:
    """Votes as an object, or as the list of (verdict, count) that Parquet files hold."""
    if type(value) is list:
        try:
            value = {entry["verdict"]: entry["count"] for entry in value}
        except (TypeError, KeyError):
            raise Fault("votes are an object of counts, such as {'valid': 3}", place) from None
    if type(value) is not dict or any(type(count) is not int or count < 0 for count in value.values()):
        raise Fault("votes are an object of counts, such as {'valid': 3}", place)
    return value


def _proposers(value: Any, place: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if type(value) is not list or not all(type(name) is str for name in value):
        raise Fault(f"got {shown(value)}; a list of names is due", place)
    return tuple(value)


def _evidence(value: Any, place: str) -> dict[str, Any] | None:
    """Facts as an object, or as the JSON text that Parquet files hold."""
    if type(value) is str:
        try:
            value = msgspec.json.decode(value)
        except msgspec.MsgspecError:
            raise Fault("evidence is an object of facts, such as {'probability': 0.2}", place) from None
    if value is not None and type(value) is not dict:
        raise Fault(f"got {shown(value)}; an object of facts, such as {{'probability': 0.2}}, is due", place)
    return value
