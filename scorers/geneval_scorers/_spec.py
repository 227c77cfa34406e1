"""Specs: a scorer written as a call with literals, `chrf(word_order=2)`.

The same spelling is typed on the command line, printed in tables and used as a key, as in ir_measures.
"""

from __future__ import annotations

import ast
import dataclasses
import difflib
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from geneval_references import UsageError

T = TypeVar("T")


def split_spec(spec: str, kind: str = "scorer", example: str = "chrf(word_order=2)") -> tuple[str, dict[str, object]]:
    """Splits `name(option=literal, ...)` into its name and its options; messages name the kind and give an example.

    Raises:
        UsageError: it is no such call.
    """
    shape = f"{spec!r} is not a {kind} spec; write name or name(option=value, ...), for example {example}"
    try:
        node = ast.parse(spec.strip(), mode="eval").body
    except (SyntaxError, ValueError) as error:
        raise UsageError(shape) from error
    if isinstance(node, ast.Name):
        return node.id, {}
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        raise UsageError(shape)
    if node.args:
        message = f"{spec!r}: options are given by name, for example {node.func.id}(option={ast.unparse(node.args[0])})"
        raise UsageError(message)
    options: dict[str, object] = {}
    for keyword in node.keywords:
        if keyword.arg is None:
            raise UsageError(shape)
        try:
            options[keyword.arg] = ast.literal_eval(keyword.value)
        except ValueError as error:
            message = f"{spec!r}: the value of {keyword.arg} is no literal; strings need quotes"
            raise UsageError(message) from error
    return node.func.id, options


def write_spec(name: str, options: Mapping[str, object]) -> str:
    """The spelling that `split_spec` reads back."""
    return f"{name}({', '.join(f'{key}={value!r}' for key, value in options.items())})" if options else name


def nearest(word: str, known: Iterable[str]) -> str:
    """`; did you mean ...?` where a known word is close, else nothing."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def spelled(field: dataclasses.Field[Any]) -> str:
    """What an option is called in a spec: as its field, unless the field's metadata has another `spec`."""
    return str(field.metadata.get("spec", field.name))


def built(cls: Callable[..., T], options: Mapping[str, object]) -> T:
    """The scorer of a class with the options of a spec."""
    names = {spelled(field): field.name for field in dataclasses.fields(cls)}  # type: ignore[arg-type] # a dataclass
    return cls(**{names[option]: value for option, value in options.items()})


def check_options(name: str, cls: type, options: Mapping[str, object]) -> None:
    """Checks names and types of a scorer's options against its dataclass fields.

    Raises:
        UsageError: an option that does not exist, or a value of another type.
    """
    hints = typing.get_type_hints(cls)
    fields = [field for field in dataclasses.fields(cls) if field.init]
    known = [spelled(field) for field in fields]
    hints = {spelled(field): hints[field.name] for field in fields}
    for key, value in options.items():
        if key not in known:
            allowed = ", ".join(known) or "none"
            raise UsageError(f"{name} has no option {key!r}; allowed: {allowed}{nearest(key, known)}")
        if not _fits(value, hints[key]):
            raise UsageError(f"{name}: {key}={value!r} does not fit; allowed: {_wording(hints[key])}")
    for field in fields:
        option = spelled(field)
        if field.default is dataclasses.MISSING and option not in options:
            raise UsageError(f"{name} needs {option} ({_wording(hints[option])}); write {name}({option}=...)")


def _fits(value: object, hint: object) -> bool:
    origin = typing.get_origin(hint)
    if origin is typing.Literal:
        return any(value == choice and type(value) is type(choice) for choice in typing.get_args(hint))
    if origin in (typing.Union, types.UnionType):
        return any(_fits(value, part) for part in typing.get_args(hint))
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if hint is type(None):
        return value is None
    return not isinstance(hint, type) or isinstance(value, hint)


def _wording(hint: object) -> str:
    origin = typing.get_origin(hint)
    if origin is typing.Literal:
        return ", ".join(map(repr, typing.get_args(hint)))
    if origin in (typing.Union, types.UnionType):
        return " or ".join(map(_wording, typing.get_args(hint)))
    if hint is type(None):
        return "None"
    return {"str": "a string in quotes", "bool": "True or False", "int": "a whole number", "float": "a number"}.get(
        getattr(hint, "__name__", ""), str(hint)
    )
