"""Specs of scorers, in the one grammar of specs."""

from __future__ import annotations

from geneval_references import specs
from geneval_references.specs import built, check_options, nearest, spelled, write_spec

__all__ = ["built", "check_options", "nearest", "spelled", "split_spec", "write_spec"]


def split_spec(spec: str) -> tuple[str, dict[str, object]]:
    """Splits `name(option=literal, ...)` into its name and its options.

    Raises:
        UsageError: it is no such call.
    """
    return specs.split_spec(spec, "scorer", "chrf(word_order=2)")
