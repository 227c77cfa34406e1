"""Blends in files: TOML that people can read, and change; those that ship with geneval among them."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from geneval_references import GenevalError, InputError, UsageError
from geneval_scorers._spec import nearest
from geneval_scorers.preference.blend import BlendPart, BlendRecipe

SCHEMA = "geneval.blend/1"


@dataclass(frozen=True)
class BlendFile:
    """What a blend file says.

    Attributes:
        recipe: what decides the numbers.
        about: the rest: what it was fitted on, how well it did, what it is good for.
    """

    recipe: BlendRecipe
    about: Mapping[str, Any] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        """Whether weights, scales or scorers were changed by hand: what was found of the blend is not about these."""
        fit = self.about.get("fit")
        return isinstance(fit, Mapping) and fit.get("recipe", self.recipe.hash) != self.recipe.hash


def shipped_blends() -> list[str]:
    """The names of the blends that come with geneval."""
    places = (files("geneval") / "blends").iterdir()
    return sorted(place.name.removesuffix(".toml") for place in places if place.name.endswith(".toml"))


def find_blend(path: str | Path | None = None, name: str | None = None) -> BlendFile:
    """Reads a blend from a file, or one that comes with geneval.

    Raises:
        InputError: there is no such file, or it holds no blend.
        UsageError: no blend of this name comes with geneval.
    """
    if path is not None:
        try:
            return read_blend(Path(path).read_text(encoding="utf-8"), str(path))
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{path}: no blend can be read there ({error}); `geneval blend fit` writes one") from error
    known = shipped_blends()
    if name not in known:
        told = nearest(str(name), known)
        raise UsageError(f"no blend named {name!r} comes with geneval; there are: {', '.join(known)}{told}")
    return read_blend((files("geneval") / "blends" / f"{name}.toml").read_text(encoding="utf-8"), str(name))


def find_recipe(path: str | None, name: str | None) -> BlendRecipe:
    """What decides the numbers of a blend, and what is to be told of it; arguments as in `find_blend`."""
    found = find_blend(path, name)
    told = [f"was written by force ({refusal})"] if (refusal := found.about.get("refusal")) else []
    told += ["was changed since it was fitted: nothing tells how well it does"] if found.changed else []
    return replace(found.recipe, told=tuple(told), script=str(found.about.get("script", "")))


def read_blend(text: str, where: str) -> BlendFile:
    """Reads the text of a blend file.

    Raises:
        InputError: it is no TOML, of another version, or numbers do not fit; says where.
    """
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{where} is no TOML: {error}") from error
    if found.get("schema") != SCHEMA:
        raise InputError(f"{where}: schema is {found.get('schema')!r}; this geneval reads {SCHEMA!r}")
    parts = found.pop("parts", None)
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise InputError(f"{where}: a blend has [[parts]], each with scorer, weight and scale")
    read = tuple(_part(part, f"{where}: part {n}") for n, part in enumerate(parts, start=1))
    temperature, ties = (_number(found, key, where) for key in ("temperature", "ties"))
    try:
        return BlendFile(BlendRecipe(read, temperature, ties), found | {"parts": parts})
    except InputError as error:
        raise InputError(f"{where}: {error}") from error


def _part(part: Mapping[str, Any], where: str) -> BlendPart:
    spec, signature = part.get("scorer"), part.get("signature", "")
    if not isinstance(spec, str) or not isinstance(signature, str):
        raise InputError(f"{where}: scorer is {spec!r}, signature {signature!r}; a text is due for each")
    return BlendPart(spec, _number(part, "weight", where), _number(part, "scale", where), signature)


def _number(table: Mapping[str, Any], key: str, where: str) -> float:
    value = table.get(key)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise InputError(f"{where}: {key} is {value!r}; a number is due")
    return float(value)


def write_blend(place: Path, content: Mapping[str, Any]) -> None:
    """Writes a blend file; never overwrites.

    Args:
        place: of the file.
        content: tables and values, without `schema`.

    Raises:
        UsageError: the file is there already.
        GenevalError: it cannot be written.
    """
    text = "\n".join(_lines({"schema": SCHEMA} | dict(content))) + "\n"
    read_blend(text, str(place))
    try:
        with place.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError as error:
        raise UsageError(f"{place} is there already; results are never overwritten: name another file") from error
    except OSError as error:
        raise GenevalError(f"writing {place} failed: {error}") from error


def _lines(table: Mapping[str, Any], name: str = "") -> Iterator[str]:
    """A table: first its values, then the tables in it. None is left out."""
    inner = {key: value for key, value in table.items() if _is_table(value)}
    for key, value in table.items():
        if key not in inner and value is not None:
            yield f"{_key(key)} = {_value(value)}"
    for key, value in inner.items():
        full = f"{name}.{_key(key)}" if name else _key(key)
        for part in value if isinstance(value, list) else [value]:
            yield f"\n[[{full}]]" if isinstance(value, list) else f"\n[{full}]"
            yield from _lines(part, full)


def _is_table(value: object) -> bool:
    return isinstance(value, Mapping) or (isinstance(value, list) and bool(value) and isinstance(value[0], Mapping))


def _key(key: str) -> str:
    plain = key.isascii() and key.replace("_", "").replace("-", "").isalnum()
    return key if plain else _value(key)


def _value(value: object) -> str:
    """Of a text, a number, True or False, or a list of such, as TOML."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Sequence):
        return f"[{', '.join(map(_value, value))}]"
    raise TypeError(f"{value!r} is nothing that a blend file holds")
