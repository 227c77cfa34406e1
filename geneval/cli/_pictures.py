"""A picture that a command draws beside what it prints: never overwritten, whole or not there."""

from __future__ import annotations

from pathlib import Path

from geneval.cli._talk import say
from geneval_references import UsageError


def check_place(place: Path | None) -> None:
    """Looks before the work: a place that cannot be written to is better known now.

    Raises:
        UsageError: something is there already, or there is no folder for it.
    """
    if place is None:
        return
    if place.exists() or place.is_symlink():
        raise UsageError(f"{place} is there already; results are never overwritten: name another file")
    if not place.parent.is_dir():
        raise UsageError(f"{place}: there is no folder {place.parent}; make it first, or name another file")


def draw(svg: str, place: Path, *, quiet: bool) -> None:
    """Writes a picture, and says where.

    Raises:
        GenevalError: the disk is full, or the folder cannot be written to.
    """
    from geneval.run_directory import writing

    half = place.with_name(f"{place.name}.partial")
    with writing(place):
        try:
            half.write_text(svg, encoding="utf-8")
            half.rename(place)
        finally:
            half.unlink(missing_ok=True)
    if not quiet:
        say(f"written: {place}")
