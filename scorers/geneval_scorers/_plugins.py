"""Loading scorers that other distributions offer; whatever goes wrong there stays there."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import sys
import typing
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import cache, reduce
from typing import ClassVar

from geneval_scorers._entry_points import Offer
from geneval_scorers._scorer import Info, PairScorer, Reduction, Scorer, summary_of


@dataclass(frozen=True, slots=True)
class Plugin:
    """A scorer that an installed distribution offers, and what came of loading it.

    Attributes:
        name: the scorer's name.
        target: where it is, `package.module:ClassOrFunction`.
        distribution, version: who offers it.
        scorer: its class; None where it cannot be used.
        error: why it cannot be used; "" where it can.
    """

    name: str
    target: str
    distribution: str
    version: str
    scorer: type[Scorer] | None = None
    error: str = ""

    @classmethod
    def of(cls, offer: Offer, scorer: type[Scorer] | None = None, error: str = "") -> Plugin:
        """What came of an offer."""
        return cls(offer.name, offer.target, offer.distribution, offer.version, scorer, error)


@cache
def load(offer: Offer) -> Plugin:
    """Imports what an offer names, once a process.

    Whatever the import raises (`SystemExit` too, `KeyboardInterrupt` not) becomes `Plugin.error`, and what it prints
    goes to stderr, where it can spoil no results.
    """
    try:
        with redirect_stdout(sys.stderr):
            found = reduce(getattr, offer.attribute.split("."), importlib.import_module(offer.module))
            return Plugin.of(offer, _scorer_class(offer, found))
    except KeyboardInterrupt:
        raise
    except _UnfitError as error:
        return Plugin.of(offer, error=str(error))
    except BaseException as error:  # noqa: BLE001 - a plug-in may raise anything, and breaks nothing
        told = " ".join(str(error).split())
        return Plugin.of(offer, error=f"importing it raised {type(error).__name__}" + (f": {told}" if told else ""))


class _UnfitError(Exception):
    """What an offer names is no scorer."""


def _scorer_class(offer: Offer, found: object) -> type[Scorer]:
    if isinstance(found, type):
        return _checked(offer, found)
    if not callable(found):
        raise _UnfitError(f"{offer.target} is neither a subclass of geneval_scorers.Scorer nor a function")
    try:
        inspect.signature(found).bind("text", "reference")
    except TypeError as error:
        raise _UnfitError(f"{offer.target} cannot be called with (text, reference): {error}") from error
    return _of_function(offer.name, found)


def _checked(offer: Offer, found: type) -> type[Scorer]:
    if not issubclass(found, Scorer):
        raise _UnfitError(f"{offer.target} is no subclass of geneval_scorers.Scorer")
    if "__dataclass_fields__" not in vars(found):
        raise _UnfitError(f"{offer.target} is no dataclass; write @dataclass(frozen=True, repr=False) above it")
    info = getattr(found, "info", None)
    if not isinstance(info, Info):
        raise _UnfitError(f"{offer.target} does not declare what its numbers are: info = Info(...)")
    _check_declared(offer, info, found)
    typing.get_type_hints(found)  # specs are checked against them
    # A name that it inherits is another scorer's.
    own = vars(found).get("name", offer.name)
    if own != offer.name:
        raise _UnfitError(f"{offer.target} calls itself {own!r}, its entry point {offer.name!r}; the two must agree")
    found.name = offer.name
    return found


def _check_declared(offer: Offer, info: Info, found: type[Scorer]) -> None:
    """What a plug-in declares is shown in lists together with what others do; it must not spoil them."""
    low, high = info.scale if isinstance(info.scale, tuple) and len(info.scale) == 2 else ("", "")
    texts = (info.summary, info.identical, info.source, info.needs, info.licence)
    if (
        not all(isinstance(end, int | float | None) for end in (low, high))
        or not all(isinstance(text, str) for text in texts)
        or info.direction not in {"higher", "lower"}
        or info.kind not in {"pair", "pool", "set"}
        or info.role not in {"validity", "diversity", "trait"}
    ):
        raise _UnfitError(f"{offer.target} declares what does not fit: {info}")
    for field in dataclasses.fields(found):
        if field.init and not isinstance(field.default, _LITERALS):
            raise _UnfitError(
                f"{offer.target}: the default of {field.name} is {field.default!r}; options are texts, numbers, "
                "True, False or None, which a spec can hold"
            )


_LITERALS = (str, int, float, bool, type(None), type(dataclasses.MISSING))


@dataclass(frozen=True, repr=False)
class FunctionPlugin(PairScorer):
    """A plug-in's plain function `(text, reference) -> float`, higher is better; each has a subclass of its own."""

    __wrapped__: ClassVar[Callable[[str, str], float]]

    reduce: Reduction = "best"

    def pair(self, text: str, reference: str) -> float:
        """Calls the function."""
        return type(self).__wrapped__(text, reference)

    def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
        """Pickled as its spec: its class has no place in a module."""
        from geneval_scorers._registry import parse

        return parse, (repr(self),)


def _of_function(name: str, function: Callable[..., object]) -> type[Scorer]:
    info = Info(
        summary=summary_of(function) or "a function of a plug-in",
        scale=(None, None),
        direction="higher",
        kind="pair",
        monotone=True,
        identical="unknown",
        source="a Python function",
        licence="the plug-in's",
    )
    body = {"name": name, "info": info, "__wrapped__": staticmethod(function), "__doc__": inspect.getdoc(function)}
    return type(name, (FunctionPlugin,), body | {"__module__": __name__})
