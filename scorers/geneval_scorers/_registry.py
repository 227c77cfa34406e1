"""What scorers there are. The command line, the docs and the contract tests read this list."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from geneval_references import MissingDependencyError, UsageError
from geneval_scorers._entry_points import Offer, offers, origin
from geneval_scorers._plugins import Plugin, load
from geneval_scorers._spec import built, check_options, nearest, split_spec

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
    """All scorers by name, in alphabetical order: registered ones and those of plug-ins, which it imports.

    A plug-in that cannot be used is left out; `plugins` tells why.
    """
    offered = {plugin.name: plugin.scorer for plugin in plugins() if plugin.scorer is not None}
    return dict(sorted((offered | _SCORERS).items()))


def plugins() -> tuple[Plugin, ...]:
    """What installed distributions offer in the entry-point group `geneval.scorers`, and what came of importing it."""
    return tuple(map(_plugin, offers()))


def parse(spec: str) -> Scorer:
    """Builds a scorer from its spec, for example `bleu(lowercase=True)`; `parse(repr(s)) == s`.

    A plug-in is imported when its scorer is named, and not before.

    Raises:
        UsageError: no such scorer, no such option, or a value that does not fit.
        MissingDependencyError: the scorer is a plug-in's that cannot be used.
    """
    name, options = split_spec(spec)
    cls = find_scorer(name)
    check_options(name, cls, options)
    return built(cls, options)


def find_scorer(name: str) -> type[Scorer]:
    """The scorer of this name; only where it is a plug-in's, that plug-in is imported.

    Raises:
        UsageError: no such scorer.
        MissingDependencyError: the scorer is a plug-in's that cannot be used.
    """
    if name in _SCORERS:
        return _SCORERS[name]
    offered = [offer for offer in offers() if offer.name == name]
    if not offered:
        known = sorted({*_SCORERS, *(offer.name for offer in offers() if offer.name.isidentifier())})
        raise UsageError(f"no scorer named {name!r}; there are: {', '.join(known)}{nearest(name, known)}")
    plugin = _plugin(offered[0])
    if plugin.scorer is None:
        raise MissingDependencyError(
            f"the scorer {name!r} of the plug-in {plugin.distribution} {plugin.version} cannot be used: {plugin.error}. "
            f"Repair or remove the plug-in (pip install --upgrade {plugin.distribution}, pip uninstall "
            f"{plugin.distribution})"
        )
    return plugin.scorer


def _plugin(offer: Offer) -> Plugin:
    error = offer.fault or _clash(offer)
    if error:
        return Plugin.of(offer, error=error)
    # Imported by the user before, and registered by its decorator.
    return Plugin.of(offer, _SCORERS[offer.name]) if offer.name in _SCORERS else _loaded(offer)


def _clash(offer: Offer) -> str:
    """Why the name of an offer cannot be had, "" where it can: no scorer is ever hidden by another."""
    if not offer.name.isidentifier():
        return f"{offer.name!r} is no name for a scorer; a spec takes letters, digits and _"
    taken = _SCORERS.get(offer.name)
    known = None if taken is None else origin(taken, offer.name)
    if taken is not None and (known is None or known.name != offer.name):
        ours = taken.__module__.startswith("geneval_scorers.")
        whose = "geneval has" if ours else f"{taken.__module__} has registered"
        return f"{whose} a scorer {offer.name!r} already ({taken.__qualname__}); it stays, and {offer} is not used"
    rivals = [other for other in offers() if other.name == offer.name]
    if len(rivals) > 1:
        listed = ", ".join(map(str, rivals))
        return f"{len(rivals)} plug-ins offer a scorer {offer.name!r}, and none of them is used: {listed}"
    return ""


def _loaded(offer: Offer) -> Plugin:
    """Loads it; what its decorators register on the way is taken back, so that no order of imports shows in a name."""
    before = dict(_SCORERS)
    try:
        return load(offer)
    finally:
        _SCORERS.clear()
        _SCORERS.update(before)
