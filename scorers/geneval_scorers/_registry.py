"""What scorers there are. The command line, the docs and the contract tests read this list."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from geneval_references import UsageError
from geneval_scorers._spec import check_options, nearest, split_spec

if TYPE_CHECKING:
    from geneval_scorers._scorer import Scorer

S = TypeVar("S", bound="type[Scorer]")

_SCORERS: dict[str, type[Scorer]] = {}


def scorer(name: str) -> Callable[[S], S]:
    """Registers a frozen dataclass as the scorer `name`.

    Raises:
        UsageError: the name is taken.
    """

    def register(cls: S) -> S:
        if name in _SCORERS:
            raise UsageError(f"there is a scorer named {name!r} already: {_SCORERS[name].__qualname__}")
        cls.name = name
        _SCORERS[name] = cls
        return cls

    return register


def scorers() -> dict[str, type[Scorer]]:
    """All registered scorers by name, in alphabetical order."""
    return dict(sorted(_SCORERS.items()))


def parse(spec: str) -> Scorer:
    """Builds a scorer from its spec, for example `bleu(lowercase=True)`; `parse(repr(s)) == s`.

    Raises:
        UsageError: no such scorer, no such option, or a value that does not fit.
    """
    name, options = split_spec(spec)
    if name not in _SCORERS:
        known = sorted(_SCORERS)
        raise UsageError(f"no scorer named {name!r}; there are: {', '.join(known)}{nearest(name, known)}")
    check_options(name, _SCORERS[name], options)
    return _SCORERS[name](**options)
