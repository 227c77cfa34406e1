"""Declarations that hang on a scorer's options: the class has one for lists, each scorer its own."""

from __future__ import annotations

from typing import Protocol

from geneval_scorers._scorer import Info


class Declaring(Protocol):
    """A scorer that completes what its class declares."""

    def declared(self, info: Info) -> Info:
        """What holds under its options."""


class OwnInfo:
    """An `info` that a scorer's options complete: `Coverage.info` is general, `Coverage(of="exact").info` is not."""

    def __init__(self, info: Info) -> None:
        self._info = info

    def __get__(self, scorer: Declaring | None, owner: type) -> Info:
        """The declaration of the class, or of one scorer."""
        return self._info if scorer is None else scorer.declared(self._info)
