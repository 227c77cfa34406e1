"""What expanders there are: those of this package, and those that others offer in the group `geneval.expanders`."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import reduce
from typing import TypeVar

from geneval_references._errors import MissingDependencyError, UsageError
from geneval_references.entry_points import Offer, offers
from geneval_references.expanders._expander import Expander
from geneval_references.specs import built, check_options, nearest, split_spec

GROUP = "geneval.expanders"
"""The group of entry points: `name = "package.module:Class"`."""

E = TypeVar("E", bound="type[Expander]")

_EXPANDERS: dict[str, type[Expander]] = {}


def expander(name: str) -> Callable[[E], E]:
    """Registers a frozen dataclass as the expander `name`.

    Raises:
        UsageError: the name is taken.
    """

    def register(cls: E) -> E:
        if name in _EXPANDERS:
            raise UsageError(f"there is an expander named {name!r} already: {_EXPANDERS[name].__qualname__}")
        cls.name = name
        _EXPANDERS[name] = cls
        return cls

    return register


def expanders() -> dict[str, type[Expander]]:
    """The expanders of this package by name, in alphabetical order; plug-ins are found by `parse_expander` alone."""
    return dict(sorted(_EXPANDERS.items()))


def parse_expander(spec: str) -> Expander:
    """Builds an expander from its spec; `parse_expander(repr(e)) == e`.

    A plug-in is imported when its expander is named, and not before.

    Raises:
        UsageError: no such expander, no such option, or a value that does not fit.
        MissingDependencyError: the expander is a plug-in's that cannot be used.
    """
    name, options = split_spec(spec, "expander", "phrase_table(n=3)")
    cls = _find(name)
    check_options(name, cls, options)
    return built(cls, options)


def _find(name: str) -> type[Expander]:
    if name in _EXPANDERS:
        return _EXPANDERS[name]
    offered = [offer for offer in offers(GROUP) if offer.name == name]
    if not offered:
        known = sorted({*_EXPANDERS, *(offer.name for offer in offers(GROUP) if offer.name.isidentifier())})
        raise UsageError(f"no expander named {name!r}; there are: {', '.join(known)}{nearest(name, known)}")
    if len(offered) > 1:
        listed = ", ".join(map(str, offered))
        raise UsageError(f"{len(offered)} plug-ins offer an expander {name!r}, and none of them is used: {listed}")
    return _loaded(offered[0])


def _loaded(offer: Offer) -> type[Expander]:
    """Imports what a plug-in offers; whatever it raises is told in one line, and what it prints goes to stderr."""
    try:
        with redirect_stdout(sys.stderr):
            found = reduce(getattr, offer.attribute.split("."), importlib.import_module(offer.module))
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise _unusable(offer, f"importing it raised {type(error).__name__}: {' '.join(str(error).split())}") from error
    if not (isinstance(found, type) and issubclass(found, Expander) and "__dataclass_fields__" in vars(found)):
        raise _unusable(
            offer, f"{offer.target} is no subclass of geneval_references.expanders.Expander and a dataclass"
        )
    found.name = offer.name
    return found


def _unusable(offer: Offer, why: str) -> MissingDependencyError:
    return MissingDependencyError(
        f"the expander {offer.name!r} of the plug-in {offer.distribution} {offer.version} cannot be used: {why}. "
        f"Repair or remove the plug-in (pip install --upgrade {offer.distribution}, pip uninstall {offer.distribution})"
    )
