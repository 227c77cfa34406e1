"""Specs of scorers, in the one grammar of specs."""

from __future__ import annotations

from geneval_references import specs
from geneval_references.specs import built, check_options, nearest, spelled, write_spec

__all__ = ["built", "check_options", "nearest", "spelled", "split_spec", "write_spec"]


def split_spec(spec: str, kind: str = "scorer", example: str = "chrf(word_order=2)") -> tuple[str, dict[str, object]]:
    """Splits `name(option=literal, ...)` into its name and its options; messages name the kind and give an example.

    Raises:
        UsageError: it is no such call.
    """
    return specs.split_spec(spec, kind, example)
